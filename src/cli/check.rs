//! `mig check PLAYBOOK...`.

use super::gathered::gather;
use super::wrong::Wrong;
use super::{Globals, page};
use crate::error::Error;
use crate::primitives::ALL;
use crate::script::{Finding, check};
use clap::{Args, ValueEnum};

/// Say everything that can be said about a playbook without running it
///
/// Syntax, unknown names with the nearest known one, numbers of arguments, unknown options,
/// misspelt variables, missing imports. Reaches no host.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  mig check conductor
  mig check playbooks/*.rhai --format json")]
pub struct CheckArgs {
    /// Files, or names of shipped playbooks
    #[arg(value_name = "PLAYBOOK", required = true)]
    pub playbooks: Vec<String>,

    /// How findings are printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people: the line, with a caret
    Text,
    /// For editors: one object a finding
    Json,
}

/// Checks playbooks without running them.
///
/// # Errors
/// Every finding.
pub fn run(args: &CheckArgs, globals: &Globals) -> Result<u8, Wrong> {
    let mut wrong: Vec<Error> = vec![];
    for given in &args.playbooks {
        match gather(given) {
            Ok((_, playbook)) => wrong.extend(check(&playbook, ALL).iter().map(Finding::to_error)),
            Err(Wrong(errors)) => wrong.extend(errors),
        }
    }
    let as_json = args.format == Format::Json || globals.json;
    if as_json {
        for e in &wrong {
            let (file, line, column) = e.place.as_ref().map_or(("", 0, 0), |p| (p.file.as_str(), p.line, p.column));
            page(&serde_json::json!({ "file": file, "line": line, "column": column, "severity": "error", "message": e.message, "hints": e.hints }).to_string());
        }
        return Ok(if wrong.is_empty() { 0 } else { crate::error::Kind::BadInput.exit_code() });
    }
    if wrong.is_empty() {
        page(&format!("{}: nothing to say", args.playbooks.join(", ")));
        return Ok(0);
    }
    Err(Wrong(wrong))
}
