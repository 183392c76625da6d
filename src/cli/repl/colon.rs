//! The commands that begin with a colon: they are about the session, not about hosts.

use super::line::How;
use super::reader::Reader;
use super::talk::{Left, Talk};
use crate::cli::wrong::Wrong;
use crate::error::Error;
use crate::reference;
use crate::script::can_be_said;
use crate::text::nearest::nearest;
use std::fmt::Write as _;

/// One command of a session.
pub struct Colon {
    pub name: &'static str,
    pub takes: &'static str,
    pub about: &'static str,
}

const fn colon(name: &'static str, takes: &'static str, about: &'static str) -> Colon {
    Colon { name, takes, about }
}

/// Every command of a session.
pub const COMMANDS: &[Colon] = &[
    colon(":plan", "[on|off]", "only show what lines would do, or do them; without a word, the other one"),
    colon(":undo", "", "take back the last line that changed something"),
    colon(":history", "", "what was typed in this session, and what became of it"),
    colon(":hosts", "", "the machines of the inventory, and their groups"),
    colon(":help", "[NAME]", "this list, or the reference of a verb or primitive"),
    colon(":save", "FILE", "write what succeeded as a playbook"),
    colon(":resume", "[--retry]", "after a failed run: let it go on from where it stopped"),
    colon(":quit", "", "leave; what was done is kept or rolled back, as you say"),
];

/// The command of this name, or the only one that begins so: `:q`.
fn meant(name: &str) -> Option<&'static Colon> {
    let mut begin = COMMANDS.iter().filter(|c| name.len() > 1 && c.name.starts_with(name));
    let first = begin.next();
    COMMANDS.iter().find(|c| c.name == name).or(first.filter(|_| begin.next().is_none()))
}

impl Talk<'_> {
    /// Does a command; `Some`: the session is left.
    ///
    /// # Errors
    /// The command is not known or not understood, or it failed.
    pub fn command(&mut self, text: &str, reader: &mut dyn Reader) -> Result<Option<Left>, Wrong> {
        let (name, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let rest = rest.trim();
        let Some(known) = meant(name) else {
            let error = Error::bad_input(format!("{name} is no command of the session"));
            let near = nearest(name, COMMANDS.iter().map(|c| c.name));
            return Err(error.hint(near.map_or(":help lists them".into(), |n| format!("did you mean {n}?"))).into());
        };
        if known.takes.is_empty() && !rest.is_empty() {
            return Err(Error::bad_input(format!("{name} takes nothing, found {rest:?}")).into());
        }
        match known.name {
            ":plan" => self.plan(rest)?,
            ":undo" => self.undo()?,
            ":history" => self.history(),
            ":hosts" => self.hosts(),
            ":help" => self.help(rest)?,
            ":save" => self.save(rest)?,
            ":resume" => return self.resume(rest).map(Some),
            _ => return self.quit(reader),
        }
        Ok(None)
    }

    fn plan(&mut self, word: &str) -> Result<(), Wrong> {
        self.is_dry = match word {
            "" => !self.is_dry,
            "on" => true,
            "off" => false,
            other => return Err(Error::bad_input(format!(":plan takes on or off, found {other:?}")).into()),
        };
        // What was planned before says nothing of what comes after lines that were done.
        self.dry = None;
        let real = if self.ground.inventory.production { ", on machines marked `production`" } else { "" };
        self.shown.page(&match self.is_dry {
            true => "dry: lines only show what they would do; :plan switches back".to_string(),
            false => format!("in earnest: lines are done{real}; :plan switches back"),
        });
        Ok(())
    }

    fn history(&self) {
        let mut out = String::new();
        for line in &self.lines {
            let mut text = line.text.lines();
            let _ = writeln!(out, "{:>4}  {:<8}{}", line.number, line.how.word(), text.next().unwrap_or_default());
            text.for_each(|more| {
                let _ = writeln!(out, "{:14}{more}", "");
            });
        }
        self.shown.page(if out.is_empty() { "nothing was typed yet" } else { out.as_str() });
    }

    fn hosts(&self) {
        let setting = self.ground.setting();
        let width = setting.hosts.keys().map(String::len).max().unwrap_or(0);
        let mut out = String::new();
        for (name, address) in &setting.hosts {
            let how = if can_be_said(name) { String::new() } else { format!("  host(\"{name}\")") };
            let _ = writeln!(out, "{name:width$}  {address}{how}");
        }
        for (name, members) in &setting.groups {
            let _ = writeln!(out, "group {name}: {}", members.join(", "));
        }
        self.shown.page(if out.is_empty() { "the inventory has no hosts" } else { out.as_str() });
    }

    fn help(&self, name: &str) -> Result<(), Wrong> {
        if let Some(colon) = COMMANDS.iter().find(|c| c.name == name || c.name.trim_start_matches(':') == name) {
            self.shown.page(&format!("{} {}\n  {}", colon.name, colon.takes, colon.about));
            return Ok(());
        }
        if !name.is_empty() {
            self.shown.page(&reference::terminal(Some(name))?);
            return Ok(());
        }
        let mut out = String::from(
            "A line is the playbook language, and is done when you press Enter:\n  dest.ssh(\"uptime\")\n  let text = source.read_file(\"/etc/hosts\")\n\n",
        );
        for c in COMMANDS {
            let _ = writeln!(out, "  {:<20} {}", format!("{} {}", c.name, c.takes), c.about);
        }
        out.push_str("\nTab completes. Ctrl-C stops the command at hand. :help NAME tells what a name does.");
        self.shown.page(&out);
        Ok(())
    }

    fn resume(&self, word: &str) -> Result<Left, Wrong> {
        let retry = match word {
            "" => false,
            "--retry" => true,
            other => return Err(Error::bad_input(format!(":resume takes --retry or nothing, found {other:?}")).into()),
        };
        if self.is_own {
            return Err(Error::bad_input("there is no run of a playbook to go on with")
                .hint("this session is a run of its own; :quit ends it")
                .into());
        }
        Ok(Left::GoOn { retry })
    }

    /// The lines that a playbook of this session is made of: what was done and stayed, and what
    /// was typed dry and would change nothing.
    pub(super) fn kept(&self) -> impl Iterator<Item = &super::line::Line> {
        self.lines.iter().filter(|l| l.how == How::Done || (l.how == How::Dry && !l.would_change))
    }
}
