//! One call on the page: its deeds with what was before and after, and their undo.

use super::super::before_after::before_after;
use super::super::duration::duration;
use super::super::show::since;
use super::Markup;
use crate::contract::{Command, Deed, Failure, Source, Undo};
use crate::journal::{Call, CallState, DeedRow, DeedState};
use crate::run::{difference, short};

/// So many lines of one difference are shown.
const MOST: usize = 300;

/// A call that acted, failed or has not ended.
pub fn call(page: &mut Markup, call: &Call, is_history: bool) {
    let (class, mark) = match call.state {
        CallState::Done => ("<li class=\"good\">", "✓"),
        CallState::Failed => ("<li class=\"bad\">", "✗"),
        CallState::Begun => ("<li class=\"careful\">", "…"),
    };
    page.raw(class).raw("<p class=\"call\"><span class=\"mark\">").raw(mark).raw("</span> ");
    page.text(&in_a_word(call)).raw(" <span class=\"small\">call ").text(&call.seq.to_string());
    if call.ended_ms > call.began_ms {
        page.raw(", ").text(&duration(since(call.began_ms, call.ended_ms)));
    }
    if is_history {
        page.raw(", before the last resume");
    }
    page.raw("</span></p>");
    if let Some(failure) = failure_of(call) {
        self::failure(page, &failure);
    }
    for row in &call.deeds {
        deed(page, row);
    }
    page.raw("</li>");
}

/// What was called. Where deeds say the rest, only where: a command need not be read twice.
fn in_a_word(call: &Call) -> String {
    if call.deeds.is_empty() {
        return short(&call.key);
    }
    let host = ["host", "from"].iter().find_map(|k| call.key.args.get(*k)?.as_str());
    format!("{} {}", call.key.name, host.unwrap_or_default()).trim_end().into()
}

/// Why a call failed, if it did.
pub fn failure_of(call: &Call) -> Option<Failure> {
    (call.state == CallState::Failed).then(|| serde_json::from_value(call.answer.clone()).ok()).flatten()
}

/// What a command said when it failed.
pub fn failure(page: &mut Markup, failure: &Failure) {
    page.raw("<p class=\"why\">").text(&failure.message).raw("</p>");
    let output = failure.output.as_deref().unwrap_or_default().trim_end();
    if !output.is_empty() {
        page.raw("<pre>").lines(output).raw("</pre>");
    }
    for hint in &failure.hints {
        page.raw("<p class=\"small\">").text(hint).raw("</p>");
    }
}

fn deed(page: &mut Markup, row: &DeedRow) {
    page.raw("<div class=\"deed\"><p><code>").text(&row.step.deed.to_string()).raw("</code>");
    match row.state {
        DeedState::Done => {}
        state => {
            page.raw(" <b class=\"tag careful\">").text(state.word()).raw("</b>");
        }
    }
    match row.undo.as_str() {
        "" => {}
        "done" => {
            page.raw(" <b class=\"tag back\">taken back</b>");
        }
        half => {
            page.raw(" <b class=\"tag careful\">undo ").text(half).raw("</b>");
        }
    }
    page.raw("</p>");
    // The line above has only the first line of a script.
    if let Deed::Run(run) = &row.step.deed
        && let Command::Shell(text) = &run.command
        && text.trim().contains('\n')
    {
        page.raw("<pre>").lines(text.trim()).raw("</pre>");
    }
    let holds_secret = row.step.deed.put().is_some_and(|p| matches!(p.source, Source::Secret(_)));
    let diff = if holds_secret { String::new() } else { difference(&row.step) };
    if diff.is_empty() {
        if let Some(sides) = before_after(&row.step) {
            page.raw("<dl><dt>before</dt><dd>").text(&sides.before);
            page.raw("</dd><dt>after</dt><dd>").text(&sides.after).raw("</dd></dl>");
        }
    } else {
        self::diff(page, &diff);
    }
    match &row.step.undo {
        Undo::By(deeds) if row.undo != "done" => {
            for deed in deeds {
                page.raw("<p class=\"small\">undo: ").text(&deed.to_string()).raw("</p>");
            }
        }
        Undo::Impossible(why) => {
            page.raw("<p class=\"why\">cannot be undone: ").text(why).raw("</p>");
        }
        _ => {}
    }
    page.raw("</div>");
}

fn diff(page: &mut Markup, diff: &str) {
    page.raw("<pre class=\"diff\">");
    let lines: Vec<&str> = diff.trim_end_matches('\n').lines().collect();
    for (n, line) in lines.iter().take(MOST).enumerate() {
        // The file is named above; its two lines of heading are no change.
        if n < 2 && (line.starts_with("--- ") || line.starts_with("+++ ")) {
            continue;
        }
        let (open, close) = match line.as_bytes().first() {
            Some(b'+') => ("<ins>", "</ins>"),
            Some(b'-') => ("<del>", "</del>"),
            Some(b'@' | b'\\') => ("<i>", "</i>"),
            _ => ("<span>", "</span>"),
        };
        page.raw(open).lines(line).raw(close);
    }
    page.raw("</pre>");
    if lines.len() > MOST {
        page.raw("<p class=\"small\">and ").count(lines.len() - MOST).raw(" more lines: mig show has them</p>");
    }
}
