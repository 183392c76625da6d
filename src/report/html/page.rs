//! The whole page: what happened, how long the service was away, the drawing, every change, and what
//! can be taken back.

use super::super::duration::{duration, whole_duration};
use super::super::failure::next_commands;
use super::super::label::{heading, place};
use super::super::plan::counted;
use super::super::show::{ShownRun, since};
use super::Markup;
use super::call::{call, failure, failure_of};
use super::chart::{Axis, Bar};
use crate::contract::{Failure, Halt, HostRecord};
use crate::journal::{Call, DeedState, RunState, StepRow};
use crate::name::HostName;
use crate::run::{Undoable, open_leases, short, undoable};
use serde_json::Value;
use std::collections::BTreeMap;

const LOOK: &str = include_str!("look.css");

/// So many steps are drawn.
const MOST_ROWS: usize = 200;

/// Returns one run as a page that needs nothing else.
pub fn html(run: &ShownRun) -> String {
    let mut page = Markup::default();
    // What a run holds is text; should a browser ever see it otherwise, it may still load and run nothing.
    page.raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
        .raw(
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n",
        )
        .raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
        .raw("<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n")
        .raw("<title>")
        .text(&format!("{} {}: {}", run.run.playbook, run.run.id, run.run.state.word()))
        .raw("</title>\n<style>\n")
        .raw(LOOK)
        .raw("</style>\n</head>\n<body>\n<main>\n");
    head(&mut page, run);
    what_stopped(&mut page, run);
    outages(&mut page, run);
    timeline(&mut page, run);
    done(&mut page, run);
    rollback(&mut page, run);
    notes(&mut page, run);
    params(&mut page, run);
    page.raw("<footer><p class=\"small\">Written ").text(&at(run.now_ms));
    page.raw(
        " by mig, from its journal. Values of secrets are not in it; texts of files and commands are.</p></footer>",
    );
    page.raw("\n</main>\n</body>\n</html>\n");
    page.into_text()
}

fn head(page: &mut Markup, run: &ShownRun) {
    let r = run.run;
    page.raw("<header><p class=\"small\">run <code>").text(&r.id).raw("</code></p><h1>").text(&r.playbook);
    let class = match r.state {
        RunState::Done | RunState::Finished => " <span class=\"state good\">",
        RunState::RolledBack => " <span class=\"state back\">",
        RunState::Stopped => " <span class=\"state bad\">",
        RunState::Running | RunState::Asking | RunState::RollingBack => " <span class=\"state careful\">",
    };
    page.raw(class).text(r.state.word()).raw("</span></h1>");
    page.raw("<p class=\"small\">began ").text(&at(r.began_ms));
    match r.ended_ms {
        Some(end) => page.raw(", ended ").text(&at(end)).raw(" (").text(&duration(since(r.began_ms, end))).raw(")"),
        None => page.raw(", not ended"),
    };
    if !r.lab.is_empty() {
        page.raw(", in the lab");
    }
    page.raw(", mig ").text(&r.version).raw("</p><ul class=\"figures\">");
    let deeds: Vec<_> = run.calls.iter().flat_map(|c| &c.deeds).collect();
    let of = |n: usize, one: &'static str, more: &'static str, page: &mut Markup| {
        page.raw("<li><b>").count(n).raw("</b> ").raw(if n == 1 { one } else { more }).raw("</li>");
    };
    of(deeds.iter().filter(|d| d.state == DeedState::Done).count(), "deed done", "deeds done", page);
    let failed = deeds.iter().filter(|d| d.state == DeedState::Failed).count();
    if failed > 0 {
        of(failed, "failed", "failed", page);
    }
    let back = deeds.iter().filter(|d| d.undo == "done").count();
    if back > 0 {
        of(back, "taken back", "taken back", page);
    }
    if r.state.can_roll_back() {
        let left = undoable(run.calls).iter().filter(|u| u.left.is_none()).count();
        of(left, "can be taken back", "can be taken back", page);
    }
    of(hosts(run).len(), "machine changed", "machines changed", page);
    page.raw("</ul></header>\n");
}

/// Where it stopped and why, and what can be typed.
fn what_stopped(page: &mut Markup, run: &ShownRun) {
    let r = run.run;
    let is_stuck = matches!(r.state, RunState::Stopped | RunState::Asking);
    // The innermost step that failed, and the call that it failed at.
    let failed = run.steps.iter().rev().filter(|s| s.state == "failed").max_by_key(|s| s.path.len());
    let path: &[String] = failed.map_or(&[], |s| &s.path);
    let last = run.calls.iter().rev().filter(|c| c.key.path == path).find_map(|c| failure_of(c).map(|f| (c, f)));
    if !is_stuck && r.why.is_empty() {
        return;
    }
    page.raw(if is_stuck { "<section class=\"stopped\">" } else { "<section>" });
    page.raw(if is_stuck { "<h2>Where it stopped</h2>" } else { "<h2>What was said</h2>" });
    if is_stuck && !path.is_empty() {
        page.raw("<p><b>").text(&place(path)).raw("</b></p>");
    }
    match last.filter(|_| is_stuck) {
        Some((call, f)) => {
            page.raw("<p><code>").text(&short(&call.key)).raw("</code> <span class=\"small\">call ");
            page.text(&call.seq.to_string()).raw("</span></p>");
            if !r.why.contains(&f.message) {
                page.raw("<p>").text(&r.why).raw("</p>");
            }
            failure(page, &f);
        }
        None => {
            page.raw("<p class=\"why\">").lines(&r.why).raw("</p>");
        }
    }
    if is_stuck {
        page.raw("<p>What can follow:</p><ul class=\"next\">");
        if r.state == RunState::Asking {
            page.raw("<li><code>mig show ").text(&r.id).raw("</code> and <code>mig resolve ").text(&r.id);
            page.raw(" CALL</code> <span class=\"small\">say how the call ended</span></li>");
        } else {
            for (command, what) in next_commands(&r.id, &Halt::Failed(Box::new(Failure::new("")))) {
                page.raw("<li><code>").text(&command).raw("</code> <span class=\"small\">").text(&what);
                page.raw("</span></li>");
            }
        }
        page.raw("</ul>");
    }
    page.raw("</section>\n");
}

/// How long the service was away, against what was allowed.
fn outages(page: &mut Markup, run: &ShownRun) {
    for step in run.steps.iter().filter(|s| s.is_cutover) {
        let took = since(step.began_ms, step.ended_ms.unwrap_or(run.now_ms));
        let is_over = step.budget_ms.is_some_and(|b| took > b);
        page.raw("<section class=\"outage\"><h2>Outage</h2><p class=\"big");
        page.raw(if is_over { " bad\">" } else { "\">" }).text(&duration(took));
        if let Some(budget) = step.budget_ms {
            page.raw(" <span class=\"of\">of ").text(&whole_duration(budget)).raw("</span>");
        }
        page.raw("</p>");
        if let Some(budget) = step.budget_ms.filter(|b| *b > 0) {
            let whole = took.max(budget) as f64;
            page.raw("<svg class=\"budget\" width=\"100%\" height=\"22\" role=\"img\"><title>outage against its budget</title>");
            page.raw("<rect class=\"back\" width=\"100%\" height=\"14\" y=\"4\" rx=\"3\"/><rect class=\"");
            page.raw(if is_over { "over" } else { "cutover" }).raw("\" height=\"14\" y=\"4\" rx=\"3\" width=\"");
            page.number((took as f64 / whole * 100.0).max(0.8))
                .raw("%\"/><rect class=\"limit\" height=\"22\" width=\"2\" x=\"");
            page.number((budget as f64 / whole * 99.5).min(99.5)).raw("%\"/></svg>");
        }
        page.raw("<p>");
        page.raw(match (is_over, step.budget_ms) {
            (true, _) => "Over budget",
            (false, Some(_)) => "Within the budget",
            (false, None) => "No budget",
        });
        page.raw(match step.state.as_str() {
            // It ended for the run alone.
            "failed" => "; measured until it failed, so the service may still be away: ",
            "done" => ": ",
            _ => "; not ended: ",
        });
        page.text(&place(&step.path)).raw("</p></section>\n");
    }
}

fn timeline(page: &mut Markup, run: &ShownRun) {
    let end = run.run.ended_ms.unwrap_or(run.now_ms);
    let calls = run.calls.iter().map(|c| (c.began_ms, c.ended_ms.max(c.began_ms)));
    let steps = run.steps.iter().flat_map(|s| [(s.began_ms, s.began_ms)].into_iter().chain(s.ended_ms.map(|e| (e, e))));
    let axis = Axis::new(run.run.began_ms, end, calls.chain(steps).collect());
    page.raw("<section id=\"timeline\"><h2>Timeline</h2>");
    axis.scale(page);
    page.raw("<ol class=\"rows\">");
    for (n, step) in run.steps.iter().enumerate().take(MOST_ROWS) {
        let stop = step.ended_ms.unwrap_or(end);
        let class = match (step.is_cutover, step.state.as_str()) {
            (_, "failed") => "bad",
            (true, _) => "cutover",
            (_, "done") => "good",
            _ => "careful",
        };
        let took = duration(since(step.began_ms, stop));
        let title = heading(&step.path);
        page.raw(match step.path.len() {
            0 | 1 => "<li>",
            2 => "<li class=\"in\">",
            _ => "<li class=\"in deeper\">",
        });
        page.raw("<p><a href=\"#step-").count(n).raw("\">").text(&title).raw("</a> <span class=\"small\">").text(&took);
        page.raw(match (step.state.as_str(), step.is_cutover) {
            ("failed", true) => " outage, failed",
            ("failed", false) => " failed",
            ("begun", true) => " outage, not ended",
            ("begun", false) => " not ended",
            (_, true) => " outage",
            _ => "",
        });
        page.raw("</span></p>");
        axis.row(page, &[Bar { from: step.began_ms, to: stop, fill: class, says: format!("{title}: {took}") }]);
        page.raw("</li>");
    }
    page.raw("</ol>");
    if run.steps.len() > MOST_ROWS {
        page.raw("<p class=\"small\">and ").count(run.steps.len() - MOST_ROWS).raw(" more steps, below</p>");
    }
    let hosts = hosts(run);
    if !hosts.is_empty() {
        page.raw("<h2>Machines</h2><ol class=\"rows\">");
        for (host, bars) in hosts {
            let took: u64 = bars.iter().map(|b| since(b.from, b.to)).sum();
            page.raw("<li><p><b>").text(host.as_ref()).raw("</b> <span class=\"small\">");
            page.text(&format!("{}, {}", counted(bars.len(), "deed"), duration(took))).raw("</span></p>");
            axis.row(page, &bars);
            page.raw("</li>");
        }
        page.raw(
            "</ol><p class=\"small legend\"><span class=\"good\">done</span><span class=\"back\">taken back</span>",
        );
        page.raw("<span class=\"bad\">failed</span><span class=\"careful\">not known</span>");
        page.raw("<span class=\"cutover\">outage</span></p>");
    }
    page.raw("</section>\n");
}

/// Each machine on which something was done, with what was done there.
fn hosts<'a>(run: &ShownRun<'a>) -> BTreeMap<&'a HostName, Vec<Bar>> {
    let mut hosts: BTreeMap<&HostName, Vec<Bar>> = BTreeMap::new();
    for deed in run.calls.iter().flat_map(|c| &c.deeds).filter(|d| d.began_ms > 0) {
        let Some(host) = deed.step.deed.host() else { continue };
        let fill = match (deed.undo.as_str(), deed.state) {
            ("done", _) => "back",
            (_, DeedState::Done) => "good",
            (_, DeedState::Failed) => "bad",
            _ => "careful",
        };
        let says = deed.step.deed.to_string();
        let to = if deed.ended_ms >= deed.began_ms { deed.ended_ms } else { deed.began_ms };
        hosts.entry(host).or_default().push(Bar { from: deed.began_ms, to, fill, says });
    }
    hosts
}

/// Step by step: every call that acted or failed; readings only counted.
fn done(page: &mut Markup, run: &ShownRun) {
    page.raw("<section id=\"changes\"><h2>Step by step</h2>");
    part(page, run, &[]);
    for (n, step) in run.steps.iter().enumerate() {
        page.raw(match (step.path.len(), step.state.as_str()) {
            (0 | 1, "failed") => "<article class=\"bad\" id=\"step-",
            (0 | 1, _) => "<article id=\"step-",
            (_, "failed") => "<article class=\"in bad\" id=\"step-",
            _ => "<article class=\"in\" id=\"step-",
        });
        page.count(n).raw("\"><h3>").text(&heading(&step.path));
        page.raw(" <span class=\"small\">").text(&when(run, step)).raw("</span></h3>");
        part(page, run, &step.path);
        page.raw("</article>");
    }
    page.raw("</section>\n");
}

/// The calls of one step; those of a branch of its `on_each` under the branch's name. With an empty
/// path, what stands outside of steps.
fn part(page: &mut Markup, run: &ShownRun, path: &[String]) {
    let is_home = |c: &&Call| {
        let homes = run.steps.iter().map(|s| &s.path).filter(|p| c.key.path.starts_with(p));
        homes.map(Vec::len).max().unwrap_or(0) == path.len() && c.key.path.starts_with(path)
    };
    let mut branches: Vec<(&[String], Vec<&Call>)> = vec![];
    for call in run.calls.iter().filter(is_home) {
        let branch = call.key.path.get(path.len()..).unwrap_or_default();
        match branches.iter_mut().find(|(b, _)| *b == branch) {
            Some((_, calls)) => calls.push(call),
            None => branches.push((branch, vec![call])),
        }
    }
    for (branch, calls) in branches {
        if !branch.is_empty() {
            page.raw("<p class=\"branch\"><b>").text(&place(branch)).raw("</b></p>");
        }
        self::calls(page, run, &calls);
    }
}

fn calls(page: &mut Markup, run: &ShownRun, calls: &[&Call]) {
    let is_change = |c: &&Call| !c.deeds.is_empty() || c.state != crate::journal::CallState::Done;
    let (told, quiet): (Vec<&Call>, Vec<&Call>) = calls.iter().partition(|c| is_change(c));
    if !told.is_empty() {
        page.raw("<ol class=\"calls\">");
        told.iter().for_each(|c| call(page, c, run.is_history(c)));
        page.raw("</ol>");
    }
    if !quiet.is_empty() {
        page.raw("<details><summary>")
            .text(&counted(quiet.len(), "call"))
            .raw(" that changed nothing</summary><ol class=\"calls quiet\">");
        quiet.iter().for_each(|c| call(page, c, run.is_history(c)));
        page.raw("</ol></details>");
    }
}

/// `0.3s, 3.2s after the start`.
fn when(run: &ShownRun, step: &StepRow) -> String {
    let took = step.ended_ms.map_or("not ended".into(), |e| duration(since(step.began_ms, e)));
    format!("{took}, {} after the start", duration(since(run.run.began_ms, step.began_ms)))
}

fn rollback(page: &mut Markup, run: &ShownRun) {
    let open = open_leases(run.calls);
    if !open.is_empty() && run.run.state != RunState::Finished {
        page.raw("<section><h2>Open on the machines</h2><p>Until it is closed by the run, a rollback or <code>mig finish</code>:</p><ul>");
        for lease in open {
            page.raw("<li>").text(&format!("{lease} ({})", lease.name)).raw("</li>");
        }
        page.raw("</ul></section>\n");
    }
    page.raw("<section id=\"rollback\"><h2>What can be rolled back</h2>");
    let undoable = if run.run.state.can_roll_back() { undoable(run.calls) } else { vec![] };
    if undoable.is_empty() {
        page.raw("<p>Nothing: ").raw(match run.run.state {
            RunState::RolledBack => "the run is rolled back.</p>",
            RunState::Finished => "the run is finished, and rollback has ended with it.</p>",
            _ => "the run has changed nothing that needs it.</p>",
        });
    } else {
        let takes: u64 = undoable.iter().map(|u| u.took_ms).sum();
        page.raw("<p><code>mig rollback ").text(&run.run.id).raw("</code> takes back, in about ");
        page.text(&whole_duration(takes.max(1000))).raw(", newest first:</p><ol>");
        let edge = run.edge();
        let mut is_said = false;
        for Undoable { call, deed, undo, left, .. } in &undoable {
            if edge.is_some_and(|edge| *call < edge) && !is_said {
                is_said = true;
                page.raw("<li class=\"edge\">point of no return: further only with --past-no-return</li>");
            }
            match left {
                Some(why) => {
                    page.raw("<li><b class=\"tag careful\">stays</b> ").text(deed).raw(": ").text(why).raw("</li>");
                }
                None => undo.iter().for_each(|u| {
                    page.raw("<li>").text(u).raw("</li>");
                }),
            }
        }
        page.raw("</ol>");
    }
    page.raw("</section>\n");
}

fn notes(page: &mut Markup, run: &ShownRun) {
    let notes: Vec<(i64, &str)> =
        run.moments.iter().filter_map(|(at, m)| Some((*at, m.get("note")?.as_str()?))).collect();
    if notes.is_empty() {
        return;
    }
    page.raw("<section><h2>Notes</h2><ul>");
    for (when, note) in notes {
        page.raw("<li>").text(note).raw(" <span class=\"small\">").text(&at(when)).raw("</span></li>");
    }
    page.raw("</ul></section>\n");
}

fn params(page: &mut Markup, run: &ShownRun) {
    page.raw("<section><details><summary>Parameters and machines</summary><dl><dt>playbook</dt><dd>")
        .text(&run.run.file);
    page.raw("</dd>");
    if let Value::Object(params) = &run.run.params {
        for (name, value) in params {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            page.raw("<dt>").text(name).raw("</dt><dd>").text(&value).raw("</dd>");
        }
    }
    for HostRecord { host, machine_id, host_key, .. } in run.hosts {
        page.raw("<dt>").text(host.as_ref()).raw("</dt><dd>machine ").text(machine_id);
        if !host_key.is_empty() {
            page.raw(", key ").text(host_key);
        }
        page.raw("</dd>");
    }
    page.raw("</dl></details></section>\n");
}

/// A time of the journal, the same wherever the page is read.
fn at(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms)
        .map_or_else(|_| ms.to_string(), |t| t.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())
}
