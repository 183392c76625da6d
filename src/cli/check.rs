//! `mig check PLAYBOOK...`.

use super::gathered::gather;
use super::ground::{Ground, faces};
use super::wrong::Wrong;
use super::{Globals, exit, page};
use crate::contract::Look;
use crate::error::{Error, Kind};
use crate::primitives::ALL;
use crate::script::{AREAS, Capability, Finding, Level, Playbook, capabilities, check};
use clap::{Args, ValueEnum};
use std::fmt::Write as _;

/// Say everything that can be said about a playbook without running it
///
/// Errors: syntax, unknown names with the nearest known one, numbers of arguments, unknown options,
/// misspelt variables, missing imports, and what the language forbids in a step. Warnings: what is
/// most likely not meant. Notes: what is right and worth knowing, such as a command that cannot be
/// taken back. Only errors make the exit code 2. Reaches no host without --online.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  mig check conductor
  mig check playbooks/*.rhai --format json
  mig check move.rhai --online -i site.yml     also whether each host lets us in
  mig check move.rhai --capabilities           what it can be seen to touch")]
pub struct CheckArgs {
    /// Files, or names of shipped playbooks
    #[arg(value_name = "PLAYBOOK", required = true)]
    pub playbooks: Vec<String>,

    /// How findings are printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,

    /// Warnings and notes count as errors
    #[arg(long)]
    pub strict: bool,

    /// Contacts the hosts of the inventory too, and says which cannot be reached; changes nothing there
    #[arg(long)]
    pub online: bool,

    /// Lists the hosts, files, services, commands, addresses and cloud calls that can be seen
    #[arg(long)]
    pub capabilities: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people: the line, with a caret
    Text,
    /// For editors: one object a finding
    Json,
}

/// One thing to say, with its length in the line.
struct Said {
    level: Level,
    len: usize,
    error: Error,
}

impl Said {
    fn error(error: Error) -> Self {
        Said { level: Level::Error, len: 1, error }
    }
    fn finding(f: &Finding) -> Self {
        Said { level: f.level, len: f.len, error: f.to_error() }
    }
    fn json(&self) -> String {
        let e = &self.error;
        let (file, line, column) = e.place.as_ref().map_or(("", 0, 0), |p| (p.file.as_str(), p.line, p.column));
        serde_json::json!({
            "file": file, "line": line, "column": column, "length": self.len, "severity": self.level.word(),
            "message": e.message, "hints": e.hints, "excerpt": e.excerpt,
        })
        .to_string()
    }
}

/// Checks playbooks without running them.
///
/// # Errors
/// The inventory is wrong, where hosts are to be contacted. What is found in playbooks is printed
/// here, and told by the exit code.
pub fn run(args: &CheckArgs, globals: &Globals) -> Result<u8, Wrong> {
    let as_json = args.format == Format::Json || globals.json;
    let mut said: Vec<Said> = vec![];
    let mut gathered: Vec<Playbook> = vec![];
    for given in &args.playbooks {
        match gather(given) {
            Ok((_, playbook)) => {
                said.extend(check(&playbook, ALL).iter().map(Said::finding));
                gathered.push(playbook);
            }
            Err(Wrong(errors)) => said.extend(errors.into_iter().map(Said::error)),
        }
    }
    let code = if counts(&said, args.strict) { Kind::BadInput.exit_code() } else { 0 };
    let away = if args.online { unreachable(globals)? } else { vec![] };
    let code = if code == 0 && !away.is_empty() { Kind::Refused.exit_code() } else { code };
    said.extend(away.into_iter().map(Said::error));
    if args.capabilities {
        for playbook in &gathered {
            let all = capabilities(playbook, ALL);
            page(&if as_json { json_list(playbook, &all) } else { text_list(playbook, &all) });
        }
    }
    for s in &said {
        if as_json { page(&s.json()) } else { exit::show_finding(&s.error, s.level, globals) }
    }
    if !as_json {
        page(&format!("{}: {}", args.playbooks.join(", "), in_short(&said)));
    }
    Ok(code)
}

fn counts(said: &[Said], strict: bool) -> bool {
    said.iter().any(|s| strict || s.level == Level::Error)
}

fn in_short(said: &[Said]) -> String {
    let count = |level: Level| said.iter().filter(|s| s.level == level).count();
    let words = [Level::Error, Level::Warning, Level::Note].map(|level| (count(level), level.word()));
    let words: Vec<String> = words
        .into_iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, word)| format!("{n} {word}{}", if n == 1 { "" } else { "s" }))
        .collect();
    if words.is_empty() { "nothing to say".into() } else { words.join(", ") }
}

/// Contacts every host of the inventory, and only greets it.
fn unreachable(globals: &Globals) -> Result<Vec<Error>, Wrong> {
    /// At how many hosts at a time.
    const AT_ONCE: usize = 16;
    let ground = Ground::read(globals)?;
    if ground.inventory.hosts.is_empty() {
        let error = Error::bad_input(format!("{} names no host that could be contacted", ground.file));
        return Err(error.hint("name the inventory with -i FILE").into());
    }
    let (face, person) = faces(globals);
    let world = ground.open("check000", globals, None, face.listener(), person)?;
    let mut wrong = vec![];
    let hosts: Vec<_> = ground.inventory.hosts.iter().collect();
    for some in hosts.chunks(AT_ONCE) {
        let world = &world;
        let greet = |(name, host): (&crate::name::HostName, &crate::inventory::Host)| {
            let halt = world.machine(name).err()?;
            let error = exit::error_of_halt(&halt);
            Some(Error { kind: Kind::Refused, ..error }.at(host.place.clone()))
        };
        wrong.extend(std::thread::scope(|threads| {
            let all: Vec<_> = some.iter().map(|one| threads.spawn(move || greet(*one))).collect();
            all.into_iter().filter_map(|t| t.join().ok().flatten()).collect::<Vec<_>>()
        }));
    }
    world.close();
    Ok(wrong)
}

fn json_list(playbook: &Playbook, all: &[Capability]) -> String {
    let line = |c: &Capability| {
        let mut object = serde_json::json!({ "event": "capability", "playbook": playbook.name });
        if let (Some(into), Ok(serde_json::Value::Object(of))) = (object.as_object_mut(), serde_json::to_value(c)) {
            into.extend(of);
        }
        format!("{object}\n")
    };
    all.iter().map(line).collect()
}

fn text_list(playbook: &Playbook, all: &[Capability]) -> String {
    let mut out = format!(
        "What {} can be seen to touch. {{name}} is what only a run knows; what a command does inside, nobody sees.\n\n",
        playbook.name
    );
    for area in AREAS {
        let mut lines: Vec<(String, Vec<String>)> = vec![];
        for c in all.iter().filter(|c| c.area == *area) {
            let host = c.host.as_ref().map(|h| format!("{h}: ")).unwrap_or_default();
            let mark = if c.changes { "+" } else { " " };
            let line = crate::report::harmless::line(&format!("{mark} {host}{} {}", c.call, c.what));
            match lines.iter_mut().find(|(l, _)| *l == line) {
                Some((_, places)) => places.push(format!("{}:{}", c.place.file, c.place.line)),
                None => lines.push((line.to_string(), vec![format!("{}:{}", c.place.file, c.place.line)])),
            }
        }
        if lines.is_empty() {
            continue;
        }
        let _ = writeln!(out, "{area}");
        for (line, places) in lines {
            let _ = writeln!(out, "  {}  ({})", line.trim_end(), places.join(", "));
        }
    }
    out.push_str("\n+ changes something\n");
    out
}
