//! The steps of a run as a tree, and what is at hand in them: what a screen shows.
//!
//! A step outside of all others stays in the tree until it has ended; then its lines are final and
//! go up into the scroll-back. Deliberately not here: the terminal, and the clock.

use super::duration::{duration, whole_duration};
use super::hand::Hand;
use super::harmless;
use super::label::label;
use super::line::Line;
use super::paint::Ink;
use crate::contract::Event;

#[derive(Default)]
pub struct Tree {
    items: Vec<Item>,
    hands: Vec<Hand>,
}

enum Item {
    Node(Node),
    /// Something said once: a note, a check that held.
    Said(Line),
}

/// How a step stands.
#[derive(Clone, Copy, PartialEq)]
enum Stand {
    Open,
    Done,
    Before,
    Failed,
}

struct Node {
    title: String,
    /// A branch of an `on_each`, or another part of a path that no step opened: it ends with its parent.
    is_branch: bool,
    stand: Stand,
    began: u64,
    took: u64,
    is_cutover: bool,
    budget: Option<u64>,
    /// Calls that found everything as wished, and all calls.
    already: usize,
    calls: usize,
    items: Vec<Item>,
}

impl Node {
    fn new(title: &str, now: u64) -> Self {
        Node {
            title: title.into(),
            is_branch: true,
            stand: Stand::Open,
            began: now,
            took: 0,
            is_cutover: false,
            budget: None,
            already: 0,
            calls: 0,
            items: vec![],
        }
    }
    /// What nobody closed is over now.
    fn close(&mut self, now: u64) {
        close_branches(&mut self.items, now);
        if self.stand == Stand::Open {
            let failed = self.items.iter().any(|i| matches!(i, Item::Node(n) if n.stand == Stand::Failed));
            self.stand = if failed { Stand::Failed } else { Stand::Done };
            self.took = now.saturating_sub(self.began);
        }
    }
    fn line(&self, depth: usize, now: u64) -> Line {
        const SPINNER: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
        let title = label(&self.title);
        let line = Line::at(depth);
        let line = match self.stand {
            Stand::Open => {
                let tick = usize::try_from(now / 100 % 10).unwrap_or(0);
                let mark = SPINNER.get(tick).copied().unwrap_or("·");
                let took = whole_duration(now.saturating_sub(self.began));
                let line = line.add(Ink::Name, format!("{mark} ")).add(Ink::Bold, title);
                match (self.is_cutover, self.budget) {
                    (true, Some(budget)) => {
                        let over = now.saturating_sub(self.began) > budget;
                        let text = format!("  outage {took} of {}", whole_duration(budget));
                        return line.add(if over { Ink::Bad } else { Ink::Careful }, text);
                    }
                    (true, None) => return line.add(Ink::Careful, format!("  outage {took}")),
                    _ => return line.add(Ink::Dim, format!("  {took}")),
                }
            }
            Stand::Done => line.add(Ink::Good, "✓ ").add(Ink::Plain, title),
            Stand::Before => return line.add(Ink::Dim, format!("✓ {title}  done before")),
            Stand::Failed => line.add(Ink::Bad, "✗ ").add(Ink::Bold, title),
        };
        let line = line.add(Ink::Dim, format!("  {}", duration(self.took)));
        match (self.is_cutover, self.budget) {
            (true, Some(b)) if self.took > b => {
                line.add(Ink::Bad, format!("  outage, over its budget of {}", whole_duration(b)))
            }
            (true, Some(b)) => line.add(Ink::Good, format!("  outage, within its budget of {}", whole_duration(b))),
            (true, None) => line.add(Ink::Careful, "  outage"),
            _ if self.calls > 0 && self.calls == self.already => line.add(Ink::Dim, "  already so"),
            _ => line,
        }
    }
}

fn close_branches(items: &mut [Item], now: u64) {
    for item in items {
        if let Item::Node(n) = item {
            if n.is_branch {
                n.close(now);
            } else {
                close_branches(&mut n.items, now);
            }
        }
    }
}

/// The items of the node at a path; parts of it that nobody opened come into being.
fn items_at<'a>(mut items: &'a mut Vec<Item>, path: &[String], now: u64) -> &'a mut Vec<Item> {
    for title in path {
        items = &mut node_in(items, title, now).items;
    }
    items
}
fn node_in<'a>(items: &'a mut Vec<Item>, title: &str, now: u64) -> &'a mut Node {
    let found = items.iter().rposition(|i| matches!(i, Item::Node(n) if n.title == title && n.stand == Stand::Open));
    let at = found.unwrap_or_else(|| {
        items.push(Item::Node(Node::new(title, now)));
        items.len() - 1
    });
    match &mut items[at] {
        Item::Node(n) => n,
        Item::Said(_) => unreachable!("the position is that of a node that was just found or pushed"),
    }
}

/// `columns`: what was said is broken to so many.
fn render(items: &[Item], depth: usize, now: u64, columns: Option<usize>, out: &mut Vec<Line>) {
    for item in items {
        match item {
            Item::Node(n) => {
                out.push(n.line(depth, now));
                render(&n.items, depth + 1, now, columns, out);
            }
            Item::Said(line) => match columns {
                Some(columns) => out.extend(line.wrapped(columns)),
                None => out.push(line.clone()),
            },
        }
    }
}

impl Tree {
    /// Takes in what happened at this time.
    pub fn hear(&mut self, event: &Event, now: u64) {
        match event {
            Event::RunBegins { run, playbook, mode } => {
                let text = harmless::line(&format!("{mode} {playbook}"));
                self.say(&[], now, Ink::Bold, "", &text, &format!("  {run}"));
            }
            Event::StepBegins { path, is_cutover, budget_ms } => {
                let Some((title, above)) = path.split_last() else { return };
                let items = items_at(&mut self.items, above, now);
                for item in items.iter_mut() {
                    if let Item::Node(n) = item
                        && n.is_branch
                    {
                        n.close(now);
                    }
                }
                let node = node_in(items, title, now);
                (node.is_branch, node.is_cutover, node.budget) = (false, *is_cutover, *budget_ms);
            }
            Event::StepEnds { path, ok, took_ms, replayed } => {
                self.hands.retain(|h| !h.path.starts_with(path));
                if let Some(node) = self.node(path, now) {
                    node.close(now);
                    node.is_branch = false;
                    node.took = *took_ms;
                    node.stand = match (ok, replayed) {
                        (false, _) => Stand::Failed,
                        (true, true) => Stand::Before,
                        (true, false) => Stand::Done,
                    };
                }
            }
            Event::CutoverEnds { path, took_ms, budget_ms } => {
                // It may come before or after the end of its step; a step that has gone up is past mending.
                if let Some((title, above)) = path.split_last() {
                    let items = items_at(&mut self.items, above, now);
                    if let Some(Item::Node(n)) =
                        items.iter_mut().rev().find(|i| matches!(i, Item::Node(n) if &n.title == title))
                    {
                        (n.is_cutover, n.budget, n.took) = (true, Some(*budget_ms), *took_ms);
                    }
                }
            }
            Event::CallBegins { path, call, id } => {
                self.hands.retain(|h| !(h.id.is_none() && &h.path == path));
                self.hands.push(Hand::new(path.clone(), call, Some(*id), now));
            }
            Event::DeedBegins { path, deed, host } => self.hand(path, deed, now).deed(deed, host.clone(), now),
            Event::CallEnds { path, call, id, how, took_ms, failure } => {
                self.hands.retain(|h| h.id != Some(*id));
                if let Some(node) = self.node(path, now) {
                    node.calls += 1;
                    node.already += usize::from(how == "already so");
                }
                match failure {
                    Some(f) => self.say(path, now, Ink::Bad, "✗ ", call, &format!("  {}", f.message)),
                    None if how == "settled" => self.say(path, now, Ink::Careful, "✓ ", call, "  settled"),
                    // Inside a step its end says it.
                    None if path.is_empty() && how == "done" => {
                        self.say(path, now, Ink::Good, "✓ ", call, &format!("  {}", duration(*took_ms)));
                    }
                    None => {}
                }
            }
            Event::Output { host, text, .. } => {
                if let Some(hand) = self.hands.iter_mut().rev().find(|h| h.host.as_ref() == Some(host)) {
                    hand.output(text);
                }
            }
            Event::Progress { host, what, done, total } => {
                let at = self.hands.iter().rposition(|h| h.host.as_ref() == Some(host));
                if let Some(hand) = at.or(self.hands.len().checked_sub(1)).and_then(|n| self.hands.get_mut(n)) {
                    hand.progress(what, now, *done, *total);
                }
            }
            Event::Waiting { path, what, last, left_ms } => {
                self.hand(path, what, now).waits(what, last, *left_ms, now);
            }
            Event::Expected { path, what, holds } => match holds {
                Some(true) => self.say(path, now, Ink::Dim, "✓ ", what, ""),
                Some(false) => self.say(path, now, Ink::Bad, "✗ ", what, ""),
                None => self.say(path, now, Ink::Dim, "? ", what, "  checked in the run"),
            },
            Event::Note { path, text } => self.say(path, now, Ink::Name, "· ", text, ""),
            Event::PointOfNoReturn { path, reason } => {
                self.say(path, now, Ink::Careful, "! point of no return: ", reason, "");
            }
            Event::Connection { host, text } => {
                // Beside what is at hand there: a loss is read where it was felt.
                let there = self.hands.iter().rev().find(|h| h.host.as_ref() == Some(host));
                let path = there.or(self.hands.last()).map(|h| h.path.clone()).unwrap_or_default();
                self.say(&path, now, Ink::Dim, "~ ", &format!("{host}: {text}"), "");
            }
            Event::Warning { text } => self.say(&[], now, Ink::Careful, "! ", text, ""),
            Event::Undo { deed, how, why } => {
                let why = why.as_ref().map(|w| format!(": {w}")).unwrap_or_default();
                let (ink, mark) = match how.as_str() {
                    "failed" => (Ink::Bad, "✗ "),
                    "left" => (Ink::Careful, "! "),
                    _ => (Ink::Good, "✓ "),
                };
                self.say(&[], now, ink, mark, deed, &format!("  {how}{why}"));
            }
            // The plan has a page of its own, and so has the end.
            Event::Planned { .. } | Event::RunEnds { .. } => {}
        }
        if matches!(event, Event::RunEnds { .. }) {
            self.hands.clear();
            for item in &mut self.items {
                if let Item::Node(n) = item {
                    n.close(now);
                }
            }
        }
    }

    fn node(&mut self, path: &[String], now: u64) -> Option<&mut Node> {
        let (title, above) = path.split_last()?;
        Some(node_in(items_at(&mut self.items, above, now), title, now))
    }
    /// What is at hand at a path; a wait may come without a call.
    fn hand(&mut self, path: &[String], what: &str, now: u64) -> &mut Hand {
        let at = self.hands.iter().rposition(|h| h.path == path).unwrap_or_else(|| {
            self.hands.push(Hand::new(path.to_vec(), what, None, now));
            self.hands.len() - 1
        });
        &mut self.hands[at]
    }
    fn say(&mut self, path: &[String], now: u64, ink: Ink, mark: &str, text: &str, after: &str) {
        let text_ink = if ink == Ink::Dim { Ink::Dim } else { Ink::Plain };
        let items = items_at(&mut self.items, path, now);
        // An instruction may have several lines; each stays one.
        let lines: Vec<&str> = text.trim_end().split('\n').collect();
        for (n, text) in lines.iter().enumerate() {
            let begins = if n == 0 { Line::at(path.len()).add(ink, mark) } else { Line::at(path.len() + 1) };
            let after = if n + 1 == lines.len() { harmless::line(after) } else { String::new() };
            items.push(Item::Said(begins.add(text_ink, harmless::line(text)).add(Ink::Dim, after)));
        }
    }

    /// Takes out the lines that are final: nothing will ever change above them.
    pub fn take_final(&mut self, now: u64) -> Vec<Line> {
        let is_open = |i: &Item| matches!(i, Item::Node(n) if n.stand == Stand::Open);
        let end = self.items.iter().position(is_open).unwrap_or(self.items.len());
        let mut out = vec![];
        render(&self.items.drain(..end).collect::<Vec<_>>(), 0, now, None, &mut out);
        out
    }

    /// The lines that still change, at most so many: what is at hand, and the last of the tree.
    pub fn live(&self, columns: usize, rows: usize, now: u64) -> Vec<Line> {
        let mut tree = vec![];
        render(&self.items, 0, now, Some(columns), &mut tree);
        // Many branches at once: one line each, the newest last.
        let tail = match self.hands.len() {
            0 | 1 => 3,
            2..=3 => 1,
            _ => 0,
        };
        let mut hands: Vec<Line> = self.hands.iter().flat_map(|h| h.lines(tail, now)).collect();
        let most = rows.saturating_sub(1).max(1).min(rows / 2 + 1);
        hands.drain(..hands.len().saturating_sub(most));
        let room = rows.saturating_sub(hands.len());
        tree.drain(..tree.len().saturating_sub(room));
        tree.extend(hands);
        tree
    }
}
