//! The definitions file for editors that know Rhai.

use super::entry::{Entry, entries};

/// A `.d.rhai` file with every verb and primitive.
pub fn definitions() -> String {
    let mut out = String::from("module static;\n");
    for e in entries() {
        for form in &e.forms {
            out += &function(&e, form);
        }
    }
    out
}

fn function(e: &Entry, form: &[(String, &str)]) -> String {
    let mut out = format!("\n/// {}\n", e.summary);
    for paragraph in &e.body {
        out += &format!("///\n/// {paragraph}\n");
    }
    if form.iter().any(|(name, _)| name == "options") {
        out += "///\n";
        for o in &e.options {
            let default = o.default.as_ref().map_or(String::new(), |d| format!(", default {d}"));
            out += &format!("/// * `{}` ({}{default}): {}\n", o.name, o.kind, o.doc);
        }
    }
    let parameters: Vec<String> = form.iter().map(|(name, kind)| format!("{name}: {kind}")).collect();
    out.push_str(&format!("fn {}({}) -> ?;\n", e.name, parameters.join(", ")));
    out
}
