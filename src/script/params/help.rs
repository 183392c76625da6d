//! The parameters of a playbook for `mig run x --help`.

use super::spec::ParamSpec;
use serde_json::Value;

/// One line a parameter: name, kind, what it is, and what happens when it is not given.
pub fn help(specs: &[ParamSpec]) -> String {
    let width = specs.iter().map(|s| s.name.len()).max().unwrap_or(0);
    let kinds = specs.iter().map(|s| s.kind.word().len()).max().unwrap_or(0);
    let mut out = String::new();
    for spec in specs {
        let mut about = spec.about.clone();
        if !spec.choices.is_empty() {
            about += &format!(" ({})", spec.choices.join(" | "));
        }
        if let Some(default) = &spec.default {
            about += &format!(" [{}]", shown(default));
        }
        out += &format!("  {:width$}  {:kinds$}  {about}\n", spec.name, spec.kind.word());
    }
    out
}

fn shown(v: &Value) -> String {
    match v {
        Value::String(s) => s.clone(),
        Value::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::{Playbook, declared};

    #[test]
    fn help_shows_kinds_choices_and_defaults() {
        let text = r#"let p = params(#{ root: path("root of it", "/var/x"), mode: choice("how", ["a", "b"]) });"#;
        let specs = declared(&Playbook::load("p", "p.rhai", text, &|_| None).unwrap()).unwrap();
        assert_eq!(help(&specs), "  root  path    root of it [/var/x]\n  mode  choice  how (a | b)\n");
    }
}
