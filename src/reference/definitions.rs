//! The definitions file for editors that know Rhai.

use super::entry::{Entry, entries};

/// A `.d.rhai` file with every verb and primitive.
pub fn definitions() -> String {
    let mut out = String::from("module static;\n");
    for e in entries() {
        let plain: Vec<String> = e.parameters.iter().map(|(name, kind)| format!("{name}: {kind}")).collect();
        out += &function(&e, &plain);
        // The options map of a verb is among its parameters already.
        if e.class != "verb" && !e.options.is_empty() {
            out += &function(&e, &[plain, vec!["options: Map".into()]].concat());
        }
    }
    out
}

fn function(e: &Entry, parameters: &[String]) -> String {
    let mut out = format!("\n/// {}\n", e.summary);
    for paragraph in &e.body {
        out += &format!("///\n/// {paragraph}\n");
    }
    if parameters.last().is_some_and(|p| p.starts_with("options:")) {
        out += "///\n";
        for o in &e.options {
            let default = o.default.as_ref().map_or(String::new(), |d| format!(", default {d}"));
            out += &format!("/// * `{}` ({}{default}): {}\n", o.name, o.kind, o.doc);
        }
    }
    out + format!("fn {}({}) -> ?;\n", e.name, parameters.join(", ")).as_str()
}
