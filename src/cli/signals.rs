//! Ctrl-C, SIGTERM and SIGHUP: the first asks the run to stop where it can go on later, the second
//! leaves now. Remote commands go on in either case, and a resume finds them.

use crate::error::Kind;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

/// What is done at a signal, and what is said before: at the first one, and when a second one leaves.
struct Asked {
    stop: Box<dyn Fn() + Send>,
    first: &'static str,
    leaving: &'static str,
}

const LEAVING: &str = "\nleaving now; commands on the hosts go on, and `mig resume` finds them\n";

/// What is to be asked to stop: the run at hand, or the line that was typed.
static AT_HAND: OnceLock<Mutex<Option<Asked>>> = OnceLock::new();
/// A signal was heard for what is at hand: the next one leaves.
static BEFORE: AtomicBool = AtomicBool::new(false);
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
    IS_PROMPT.store(false, Ordering::SeqCst);
    at_hand(stop, "\nstopping after the deed at hand; once more to leave now\n", LEAVING);
}

/// The same for a rehearsal, which ends what it has begun and closes its labs.
pub fn ask_rehearsal_to_stop(stop: impl Fn() + Send + 'static) {
    let left = "\nleaving now; a lab ends with its folder, mig-test-* among the temporary files\n";
    at_hand(stop, "\nclosing the labs; once more to leave now\n", left);
}

/// The same for one line that was typed: Ctrl-C stops the command at hand and nothing else.
pub fn ask_line_to_stop(stop: impl Fn() + Send + 'static) {
    BEFORE.store(false, Ordering::SeqCst);
    IS_PROMPT.store(false, Ordering::SeqCst);
    at_hand(stop, "\n", LEAVING);
}

/// Nothing is at hand, a prompt stands: a signal ends the process, after this. At a terminal Ctrl-C
/// is the line editor's; one that comes a moment too early or too late must not end the session.
pub fn ask_to_leave(is_terminal: bool, leave: impl Fn() + Send + 'static) {
    IS_PROMPT.store(is_terminal, Ordering::SeqCst);
    BEFORE.store(false, Ordering::SeqCst);
    let leave = move || {
        leave();
        std::process::exit(Kind::Stopped.exit_code().into());
    };
    at_hand(leave, "\n", LEAVING);
}

fn at_hand(stop: impl Fn() + Send + 'static, first: &'static str, leaving: &'static str) {
    let at_hand = AT_HAND.get_or_init(|| {
        listen();
        Mutex::new(None)
    });
    *at_hand.lock().unwrap_or_else(PoisonError::into_inner) = Some(Asked { stop: Box::new(stop), first, leaving });
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
            let at_hand = AT_HAND.get().map(|a| a.lock().unwrap_or_else(PoisonError::into_inner));
            let Some(asked) = at_hand.as_deref().and_then(Option::as_ref) else { continue };
            if before && signal != SIGHUP {
                say(asked.leaving);
                std::process::exit(Kind::Stopped.exit_code().into());
            }
            // Whoever hung up reads nothing any more.
            if signal != SIGHUP {
                say(asked.first);
            }
            (asked.stop)();
        }
    };
    // Without this thread the signals keep their usual meaning: the process ends, and can be resumed.
    let _ = std::thread::Builder::new().name("signals".into()).spawn(heard);
}

fn say(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}
