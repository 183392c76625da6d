//! One parameter, and the functions that declare one inside `params(#{ ... })`.

use crate::contract::{Outcome, failed};
use crate::error::Place;
use crate::name::RemotePath;
use crate::script::lower::{lower, words};
use crate::text::duration;
use rhai::{Array, Dynamic};
use serde_json::Value;

/// What a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ParamKind {
    Host,
    Hosts,
    Text,
    Path,
    Int,
    Bool,
    Duration,
    Choice,
    List,
    Secret,
}

impl ParamKind {
    pub const ALL: &[ParamKind] = &[
        ParamKind::Host,
        ParamKind::Hosts,
        ParamKind::Text,
        ParamKind::Path,
        ParamKind::Int,
        ParamKind::Bool,
        ParamKind::Duration,
        ParamKind::Choice,
        ParamKind::List,
        ParamKind::Secret,
    ];

    /// The function that declares it.
    pub fn word(self) -> &'static str {
        match self {
            ParamKind::Host => "host",
            ParamKind::Hosts => "hosts",
            ParamKind::Text => "text",
            ParamKind::Path => "path",
            ParamKind::Int => "int",
            ParamKind::Bool => "bool",
            ParamKind::Duration => "duration",
            ParamKind::Choice => "choice",
            ParamKind::List => "list",
            ParamKind::Secret => "secret",
        }
    }
}

/// One parameter of a playbook.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct ParamSpec {
    pub name: String,
    pub kind: ParamKind,
    /// What it is, in the words of the playbook.
    pub about: String,
    pub default: Option<Value>,
    /// The words of a choice.
    pub choices: Vec<String>,
    /// Where it is declared.
    pub place: Option<Place>,
}

/// What `host("...")` and its like give inside `params(#{ ... })`.
#[derive(Clone)]
pub struct Declaration {
    pub kind: ParamKind,
    pub about: String,
    pub default: Option<Value>,
    pub choices: Vec<String>,
    pub place: Option<Place>,
    /// The order in the source.
    pub order: usize,
}

/// One declaration from the arguments of its function.
///
/// # Errors
/// Says which argument is wrong.
pub fn declare(kind: ParamKind, order: usize, place: Option<Place>, args: &[Dynamic]) -> Outcome<Declaration> {
    let word = kind.word();
    let args: Vec<Dynamic> = args.iter().map(Dynamic::flatten_clone).collect();
    let Some(about) = args.first().and_then(|v| v.clone().into_immutable_string().ok()) else {
        let found = args.first().map_or_else(|| "nothing".into(), words);
        return failed(format!("{word}: the first argument says what it is, as text; found {found}"));
    };
    let (choices, default) = match kind {
        ParamKind::Choice => (choices(args.get(1))?, args.get(2)),
        _ => (vec![], args.get(1)),
    };
    let default = default.map(lower).transpose()?;
    if let Some(value) = &default {
        fits(kind, &choices, value).or_else(|why| failed(format!("{word}: the default {why}")))?;
    }
    Ok(Declaration { kind, about: about.into(), default, choices, place, order })
}

fn choices(v: Option<&Dynamic>) -> Outcome<Vec<String>> {
    let words = v.and_then(|v| v.read_lock::<Array>().map(|a| a.clone())).unwrap_or_default();
    let texts: Result<Vec<String>, _> =
        words.into_iter().map(|w| w.flatten().into_immutable_string().map(String::from)).collect();
    match texts {
        Ok(texts) if !texts.is_empty() => Ok(texts),
        _ => failed("choice: the second argument is the list of its words, as [\"a\", \"b\"]"),
    }
}

/// Whether a value is of a kind. Hosts and secrets are names here; whether they exist is looked at
/// when a parameter is bound.
///
/// # Errors
/// A clause that follows "the value": `must be int, found "x"`.
pub fn fits(kind: ParamKind, choices: &[String], v: &Value) -> Result<(), String> {
    let found = || format!("found {v}");
    let is_texts = |v: &Value| v.as_array().is_some_and(|a| a.iter().all(Value::is_string));
    let want = |is: bool, what: &str| if is { Ok(()) } else { Err(format!("must be {what}, {}", found())) };
    match kind {
        ParamKind::Host => want(v.is_string(), "the name of a host"),
        ParamKind::Hosts => want(v.is_string() || is_texts(v), "the name of a group or a list of hosts"),
        ParamKind::Secret => want(v.is_string(), "the name of a secret"),
        ParamKind::Text => want(v.is_string(), "text"),
        ParamKind::Int => want(v.is_i64() || v.is_u64(), "a whole number"),
        ParamKind::Bool => want(v.is_boolean(), "true or false"),
        ParamKind::List => want(is_texts(v), "a list of texts"),
        ParamKind::Path => match v.as_str() {
            Some(text) => RemotePath::parse(text).map(drop),
            None => want(false, "an absolute path"),
        },
        ParamKind::Duration => match v.as_str() {
            Some(text) => duration::parse(text).map(drop),
            None => want(false, "a length of time, as \"5m\""),
        },
        ParamKind::Choice => {
            let is = v.as_str().is_some_and(|s| choices.iter().any(|c| c == s));
            want(is, &format!("one of {}", choices.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Halt;

    #[test]
    fn a_default_of_the_wrong_kind_is_refused_where_it_is_declared() {
        let e = rhai::Engine::new();
        let said = |kind, text: &str| {
            let args = e.eval::<Array>(text).unwrap();
            match declare(kind, 0, None, &args) {
                Err(Halt::Failed(f)) => f.message,
                _ => String::new(),
            }
        };
        assert_eq!(said(ParamKind::Int, "[\"x\", 3]"), "");
        assert!(said(ParamKind::Int, "[\"x\", \"3\"]").contains("int: the default must be a whole number"));
        assert!(said(ParamKind::Path, "[\"x\", \"etc\"]").contains("must be absolute"));
        assert!(said(ParamKind::Choice, "[\"x\", [\"a\"], \"b\"]").contains("one of a"));
        assert!(said(ParamKind::Choice, "[\"x\", \"a\"]").contains("the list of its words"));
        assert!(said(ParamKind::Text, "[5]").contains("found int 5"));
        assert!(said(ParamKind::Duration, "[\"x\", \"5\"]").contains("the unit is missing"));
    }
}
