//! Ctrl-C, SIGTERM and SIGHUP: the first asks the run to stop where it can go on later, the second
//! leaves now. Remote commands go on in either case, and a resume finds them.

use crate::error::Kind;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::io::Write;
use std::sync::{Mutex, OnceLock, PoisonError};

type Asked = Box<dyn Fn() + Send>;

/// What is to be asked to stop: the run at hand.
static AT_HAND: OnceLock<Mutex<Option<Asked>>> = OnceLock::new();

/// From now on a signal asks this to stop. The last one given counts.
pub fn ask_to_stop(stop: impl Fn() + Send + 'static) {
    let at_hand = AT_HAND.get_or_init(|| {
        listen();
        Mutex::new(None)
    });
    *at_hand.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(stop));
}

fn listen() {
    let Ok(mut signals) = Signals::new([SIGINT, SIGTERM, SIGHUP]) else {
        return;
    };
    let heard = move || {
        let mut before = false;
        for signal in signals.forever() {
            if before && signal != SIGHUP {
                say("\nleaving now; commands on the hosts go on, and `mig resume` finds them\n");
                std::process::exit(Kind::Stopped.exit_code().into());
            }
            before = true;
            if signal != SIGHUP {
                say("\nstopping after the deed at hand; once more to leave now\n");
            }
            let at_hand = AT_HAND.get().map(|a| a.lock().unwrap_or_else(PoisonError::into_inner));
            if let Some(stop) = at_hand.as_deref().and_then(Option::as_ref) {
                stop();
            }
        }
    };
    // Without this thread the signals keep their usual meaning: the process ends, and can be resumed.
    let _ = std::thread::Builder::new().name("signals".into()).spawn(heard);
}

fn say(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}
