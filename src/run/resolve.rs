//! The operator answers for a call whose outcome nobody else can know.

use crate::contract::Failure;
use crate::journal::{Call, CallState, DeedRow, DeedState, Row};
use serde_json::json;

/// What the operator says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// It happened. Its answer is what its record has, if it left one; else it stays unknown.
    Done,
    /// It had no effect: it may be started again.
    NotDone,
    /// It ended with this code: a script may catch it.
    Failed(i64),
}

/// The deed of a call that is open: begun, and its end not known.
#[must_use]
pub fn open_question(call: &Call) -> Option<&DeedRow> {
    match call.state {
        CallState::Begun => call.deeds.iter().find(|d| d.state == DeedState::Begun),
        _ => None,
    }
}

/// The deed of a call whose undo was begun, and its end not known.
#[must_use]
pub fn open_undo(call: &Call) -> Option<&DeedRow> {
    call.deeds.iter().find(|d| d.undo.starts_with("begun "))
}

/// The rows that say it. Of a call whose undo was begun it is the undo that is answered for.
///
/// # Errors
/// There is nothing to resolve; says what the call's state is.
pub fn resolve(call: &Call, as_what: Resolution) -> Result<Vec<Row>, String> {
    if let Some(deed) = open_undo(call) {
        let which = deed.undo.trim_start_matches("begun ");
        let is = if as_what == Resolution::Done { "did" } else { "failed" };
        return Ok(vec![Row::undo(call.seq, deed.n, &format!("{is} {which}"), deed.undo_attempt, &deed.undo_boot)]);
    }
    if call.deeds.iter().any(|d| !d.undo.is_empty()) && call.state == CallState::Begun {
        return Err(format!("the undo of call {} has begun; it can only be taken back to its end", call.seq));
    }
    let Some(deed) = open_question(call) else {
        return Err(format!("call {} is {}; nothing to resolve", call.seq, call.state.word()));
    };
    let (seq, n) = (call.seq, deed.n);
    Ok(match as_what {
        Resolution::Done => vec![Row::deed_ends(seq, n, DeedState::Done)],
        Resolution::NotDone => vec![Row::deed_again(seq, n)],
        Resolution::Failed(code) => {
            let f = Failure { code, ..Failure::new(format!("exit code {code} (said by the operator)")) };
            vec![Row::deed_ends(seq, n, DeedState::Failed), Row::call_ends(seq, CallState::Failed, &json!(f))]
        }
    })
}
