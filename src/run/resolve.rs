//! The operator answers for a call whose outcome nobody else can know.

use crate::contract::Failure;
use crate::journal::{Call, CallState, DeedRow, DeedState, Row};
use serde_json::json;

/// What the operator says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// It happened. Its answer stays unknown.
    Done,
    /// It had no effect: it may be started again.
    NotDone,
    /// It ended with this code: a script may catch it.
    Failed(i64),
    /// Whatever happened, it was or will be taken back, and is then to be done again.
    Undo,
}

/// The deed of a call that is open: begun, and its end not known.
#[must_use]
pub fn open_question(call: &Call) -> Option<&DeedRow> {
    match call.state {
        CallState::Begun => call.deeds.iter().find(|d| d.state == DeedState::Begun),
        _ => None,
    }
}

/// The rows that say it.
///
/// # Errors
/// There is nothing to resolve; says what the call's state is.
pub fn resolve(call: &Call, as_what: Resolution) -> Result<Vec<Row>, String> {
    let Some(deed) = open_question(call) else {
        return Err(format!("call {} is {}; nothing to resolve", call.seq, call.state.word()));
    };
    let (seq, n) = (call.seq, deed.n);
    Ok(match as_what {
        Resolution::Done => vec![Row::deed_ends(seq, n, DeedState::Done)],
        Resolution::NotDone => vec![Row::deed_again(seq, n)],
        Resolution::Undo => vec![Row::deed_ends(seq, n, DeedState::Failed)],
        Resolution::Failed(code) => {
            let f = Failure { code, ..Failure::new(format!("exit code {code} (said by the operator)")) };
            vec![Row::deed_ends(seq, n, DeedState::Failed), Row::call_ends(seq, CallState::Failed, &json!(f))]
        }
    })
}
