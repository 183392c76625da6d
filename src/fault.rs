//! Places where a rehearsal may kill or hinder the process. Always compiled in; nothing happens
//! unless [`arm`] was called, which only a lab run does.
//!
//! `MIG_FAIL=point[@call][#k]=abort|panic|io|delay` hits a named place (of one call, the k-th time
//! it is reached; else the first), and `MIG_FAIL=#N=...` the N-th place reached, whatever its name.
//! `MIG_FAIL_LOG=FILE` lists the places in the order they were reached. Several can be given,
//! separated by commas.

use std::io::Write;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

static ARMED: OnceLock<Armed> = OnceLock::new();
static REACHED: AtomicUsize = AtomicUsize::new(0);

struct Armed {
    shots: Vec<Shot>,
    /// How often each place was reached.
    times: std::sync::Mutex<std::collections::BTreeMap<(String, i64), usize>>,
    log: Option<std::sync::Mutex<std::fs::File>>,
}

struct Shot {
    at: At,
    how: How,
}
enum At {
    Number(usize),
    Point { name: String, call: Option<i64>, time: usize },
}
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum How {
    Abort,
    Panic,
    Io,
    Delay,
}

/// Arms the points from the environment. Called once, and only inside a lab.
///
/// # Errors
/// Says which part of `MIG_FAIL` cannot be read.
pub fn arm() -> Result<(), String> {
    let shots = match std::env::var("MIG_FAIL") {
        Ok(text) => text.split(',').filter(|t| !t.is_empty()).map(shot).collect::<Result<_, _>>()?,
        Err(_) => vec![],
    };
    let log = std::env::var_os("MIG_FAIL_LOG")
        .map(|path| std::fs::OpenOptions::new().create(true).append(true).open(path))
        .transpose()
        .map_err(|e| format!("MIG_FAIL_LOG: {e}"))?
        .map(std::sync::Mutex::new);
    let _ = ARMED.set(Armed { shots, times: std::sync::Mutex::default(), log });
    Ok(())
}

fn shot(text: &str) -> Result<Shot, String> {
    let wrong = || format!("MIG_FAIL: {text:?} is not point[@call]=abort|panic|io|delay");
    let (at, how) = text.rsplit_once('=').ok_or_else(wrong)?;
    let how = match how {
        "abort" => How::Abort,
        "panic" => How::Panic,
        "io" => How::Io,
        "delay" => How::Delay,
        _ => return Err(wrong()),
    };
    let at = match at.strip_prefix('#') {
        Some(n) => At::Number(n.parse().map_err(|_| wrong())?),
        None => {
            let (at, time) = match at.split_once('#') {
                Some((at, time)) => (at, time.parse().map_err(|_| wrong())?),
                None => (at, 1),
            };
            match at.split_once('@') {
                Some((name, call)) => {
                    At::Point { name: name.into(), call: Some(call.parse().map_err(|_| wrong())?), time }
                }
                None => At::Point { name: at.into(), call: None, time },
            }
        }
    };
    Ok(Shot { at, how })
}

/// Whether a rehearsal is going on.
pub fn is_armed() -> bool {
    ARMED.get().is_some()
}

/// A place. `call` is the sequence number of the call at hand, 0 where there is none.
///
/// # Errors
/// The injected I/O error, when one was asked for here.
pub fn point(name: &str, call: i64) -> Result<(), String> {
    let Some(armed) = ARMED.get() else {
        return Ok(());
    };
    let n = REACHED.fetch_add(1, Ordering::SeqCst) + 1;
    let (here, everywhere) = match armed.times.lock() {
        Ok(mut times) => {
            *times.entry((name.to_string(), call)).or_default() += 1;
            let here = times[&(name.to_string(), call)];
            (here, times.iter().filter(|((at, _), _)| at == name).map(|(_, n)| n).sum())
        }
        Err(_) => (0, 0),
    };
    if let Some(log) = &armed.log
        && let Ok(mut log) = log.lock()
    {
        let _ = writeln!(log, "{n} {name}@{call}#{here}");
    }
    let hit = armed.shots.iter().find(|s| match &s.at {
        At::Number(at) => *at == n,
        At::Point { name: at, call: Some(of), time } => at == name && *of == call && *time == here,
        At::Point { name: at, call: None, time } => at == name && *time == everywhere,
    });
    match hit.map(|s| s.how) {
        None => Ok(()),
        Some(How::Abort) => std::process::abort(),
        Some(How::Panic) => panic!("MIG_FAIL asked for a panic at {name}"),
        Some(How::Io) => Err(format!("MIG_FAIL asked for an I/O error at {name}")),
        Some(How::Delay) => {
            std::thread::sleep(std::time::Duration::from_secs(2));
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shots_are_read() {
        assert!(matches!(
            shot("intent.before@12=abort").unwrap(),
            Shot { at: At::Point { call: Some(12), time: 1, .. }, how: How::Abort }
        ));
        assert!(matches!(shot("#7=io").unwrap(), Shot { at: At::Number(7), how: How::Io }));
        for wrong in ["x", "x=explode", "#a=abort", "x@y=abort"] {
            assert!(shot(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn nothing_happens_unarmed() {
        assert_eq!(point("anywhere", 0), Ok(()));
    }
}
