//! Ctrl-C, SIGTERM and SIGHUP: the first asks the run to stop where it can go on later, the second
//! leaves now. Remote commands go on in either case, and a resume finds them.

use crate::error::Kind;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

type Asked = Box<dyn Fn() + Send>;

/// What is to be asked to stop: the run at hand, or the line that was typed.
static AT_HAND: OnceLock<Mutex<Option<Asked>>> = OnceLock::new();
/// A signal was heard for what is at hand: the next one leaves.
static BEFORE: AtomicBool = AtomicBool::new(false);
/// What is at hand is a line that was typed: it alone is stopped, not the process.
static IS_LINE: AtomicBool = AtomicBool::new(false);
/// A prompt waits for keys at a terminal.
static IS_PROMPT: AtomicBool = AtomicBool::new(false);
/// A signal other than Ctrl-C was heard: a session ends with the line at hand.
static IS_TOLD_TO_END: AtomicBool = AtomicBool::new(false);

/// Whether the process was told to end while a typed line ran.
pub fn is_told_to_end() -> bool {
    IS_TOLD_TO_END.load(Ordering::SeqCst)
}

/// From now on a signal asks this to stop. The last one given counts.
pub fn ask_to_stop(stop: impl Fn() + Send + 'static) {
    IS_LINE.store(false, Ordering::SeqCst);
    IS_PROMPT.store(false, Ordering::SeqCst);
    at_hand(Box::new(stop));
}

/// The same for one line that was typed: Ctrl-C stops the command at hand and nothing else.
pub fn ask_line_to_stop(stop: impl Fn() + Send + 'static) {
    BEFORE.store(false, Ordering::SeqCst);
    IS_LINE.store(true, Ordering::SeqCst);
    IS_PROMPT.store(false, Ordering::SeqCst);
    at_hand(Box::new(stop));
}

/// Nothing is at hand, a prompt stands: a signal ends the process, after this. At a terminal Ctrl-C
/// is the line editor's; one that comes a moment too early or too late must not end the session.
pub fn ask_to_leave(is_terminal: bool, leave: impl Fn() + Send + 'static) {
    IS_PROMPT.store(is_terminal, Ordering::SeqCst);
    BEFORE.store(false, Ordering::SeqCst);
    IS_LINE.store(true, Ordering::SeqCst);
    at_hand(Box::new(move || {
        leave();
        std::process::exit(Kind::Stopped.exit_code().into());
    }));
}

fn at_hand(stop: Asked) {
    let at_hand = AT_HAND.get_or_init(|| {
        listen();
        Mutex::new(None)
    });
    *at_hand.lock().unwrap_or_else(PoisonError::into_inner) = Some(stop);
}

fn listen() {
    let Ok(mut signals) = Signals::new([SIGINT, SIGTERM, SIGHUP]) else {
        return;
    };
    let heard = move || {
        for signal in signals.forever() {
            if signal == SIGINT && IS_PROMPT.load(Ordering::SeqCst) {
                continue;
            }
            if signal != SIGINT {
                IS_TOLD_TO_END.store(true, Ordering::SeqCst);
            }
            let before = BEFORE.swap(true, Ordering::SeqCst);
            if before && signal != SIGHUP {
                say("\nleaving now; commands on the hosts go on, and `mig resume` finds them\n");
                std::process::exit(Kind::Stopped.exit_code().into());
            }
            if IS_LINE.load(Ordering::SeqCst) {
                say("\n");
            } else if signal != SIGHUP {
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
