//! The options that every command has.

use crate::error::{Error, Result};
use clap::{Args, ValueEnum};
use std::io::IsTerminal;
use std::path::PathBuf;
use std::str::FromStr;

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Globals {
    // One paragraph each: a second one would stretch every page of help over two screens.
    /// The inventory: machines, parameters, secrets [else $MIG_INVENTORY, else ./inventory.yml]
    #[arg(short, long, value_name = "FILE", global = true)]
    pub inventory: Option<PathBuf>,

    /// Sets a parameter of the playbook; may be repeated, and wins over the inventory
    #[arg(long, value_name = "NAME=VALUE", global = true)]
    pub set: Vec<Setting>,

    /// Answers yes where Enter would mean yes; never accepts a host key
    #[arg(short, long, global = true)]
    pub yes: bool,

    /// Rehearses in the lab of the playbook: machines on this one, behind real SSH
    #[arg(long, global = true)]
    pub lab: bool,

    /// Prints one JSON object a line instead of text
    #[arg(long, global = true)]
    pub json: bool,

    /// Pins the keys of machines that were never met before, and prints their fingerprints
    #[arg(long, global = true)]
    pub accept_new_host_keys: bool,

    /// When to use colours; auto: on a terminal, unless NO_COLOR is set or TERM is dumb
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Color::Auto, global = true)]
    pub color: Color,

    /// How long a lost connection is tried again before it fails the step, such as 30s or 10m
    #[arg(long, value_name = "DURATION", global = true, value_parser = crate::text::duration::parse, default_value = "5m", hide_short_help = true)]
    pub reconnect_for: std::time::Duration,

    /// Where runs are kept; left out, $MIG_STATE, else $XDG_STATE_HOME/mig, else ~/.local/state/mig
    #[arg(long, value_name = "FOLDER", global = true, hide = true)]
    pub state: Option<PathBuf>,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    Auto,
    Always,
    Never,
}

/// One `--set NAME=VALUE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    pub name: String,
    pub value: String,
}

impl FromStr for Setting {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        let Some((name, value)) = s.split_once('=') else {
            return Err(format!("there is no =; write --set {s}=VALUE"));
        };
        let begins = name.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
        if !begins || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err(format!("{name:?} is not the name of a parameter: a letter, then letters, digits and _"));
        }
        Ok(Setting { name: name.into(), value: value.into() })
    }
}

impl Globals {
    /// The file of the inventory, and whether somebody named it: one that nobody named may be missing.
    pub fn inventory(&self) -> (PathBuf, bool) {
        match (&self.inventory, from_env("MIG_INVENTORY")) {
            (Some(file), _) => (file.clone(), true),
            (None, Some(file)) => (file, true),
            (None, None) => ("inventory.yml".into(), false),
        }
    }

    /// The folder in which runs are kept.
    ///
    /// # Errors
    /// When nothing says where it is, or what says so is not an absolute path.
    pub fn state(&self) -> Result<PathBuf> {
        if let Some(folder) = self.state.clone().or_else(|| from_env("MIG_STATE")) {
            return std::path::absolute(&folder)
                .map_err(|e| Box::new(Error::bad_input(format!("{}: {e}", folder.display()))));
        }
        // The XDG rules: a relative path is to be ignored.
        let xdg = from_env("XDG_STATE_HOME").filter(|p| p.is_absolute());
        let home = || from_env("HOME").filter(|p| p.is_absolute()).map(|h| h.join(".local/state"));
        match xdg.or_else(home) {
            Some(folder) => Ok(folder.join("mig")),
            None => Error::bad_input("cannot tell where runs are kept: HOME is not set, or is no absolute path")
                .hint("say where: export MIG_STATE=/path/of/a/folder")
                .err(),
        }
    }

    /// Whether to use colours on standard output.
    pub fn colours(&self) -> bool {
        self.colours_on(std::io::stdout().is_terminal())
    }
    /// Whether to use colours on standard error.
    pub fn error_colours(&self) -> bool {
        self.colours_on(std::io::stderr().is_terminal())
    }
    fn colours_on(&self, is_terminal: bool) -> bool {
        match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => is_terminal && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()) && !is_dumb(),
        }
    }
}

/// A terminal that knows no cursor.
pub(super) fn is_dumb() -> bool {
    std::env::var_os("TERM").is_none_or(|t| t == "dumb" || t.is_empty())
}

fn from_env(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_a_name_and_anything() {
        let s: Setting = "domain=a=b".parse().unwrap();
        assert_eq!((s.name.as_str(), s.value.as_str()), ("domain", "a=b"));
        assert_eq!("x=".parse::<Setting>().unwrap().value, "");
        for bad in ["domain", "=x", "a b=1", "1a=2", "a-b=1"] {
            assert!(bad.parse::<Setting>().is_err(), "{bad}");
        }
    }
}
