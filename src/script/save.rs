//! Lines that were typed, as a playbook: parameters, steps and undo, to be run again.
//!
//! A line that is one call or one `let` of a call becomes a step; what only defines names stands
//! beside the steps. A line is never cut into pieces, so the playbook does what the lines did.

use super::memory::can_be_said;
use super::playbook::lenient;
use super::verbs::VERBS;
use crate::contract::Spec;
use rhai::{AST, ASTNode, Expr, Stmt};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// What was typed, and what it stood on.
pub struct Typescript<'a> {
    pub lines: &'a [String],
    pub hosts: &'a [String],
    pub groups: &'a [String],
    /// Parameters that were known by name, with their values.
    pub params: &'a Value,
    pub table: &'a [Spec],
}

/// The playbook; and what could not be a step, by number of the line from 0, with the reason.
#[must_use]
pub fn playbook(typed: &Typescript) -> (String, Vec<(usize, String)>) {
    let parsed: Vec<Line> = typed.lines.iter().map(|l| Line::of(l, typed.table)).collect();
    let used: BTreeSet<&String> = parsed.iter().flat_map(|l| &l.names).collect();
    let mut out = String::from(
        "//! Typed in the REPL, and saved as a playbook.\n//! Read it before you run it: give the steps titles that say what they are for.\n",
    );
    for import in parsed.iter().filter(|l| l.shape == Shape::Import) {
        let _ = writeln!(out, "{}", ended(import.text));
    }
    out.push('\n');
    let declared = parameters(typed, &used);
    if !declared.is_empty() {
        let _ = writeln!(out, "let p = params(#{{");
        for (name, how) in &declared {
            let _ = writeln!(out, "    {name}: {how},");
        }
        let _ = writeln!(out, "}});");
        let names = declared.keys().map(|n| format!("let {n} = p.{n};")).collect::<Vec<_>>();
        let _ = writeln!(out, "{}\n", names.join(" "));
    }
    let (mut titles, mut remarks) = (BTreeMap::new(), vec![]);
    for (n, line) in parsed.iter().enumerate() {
        match &line.shape {
            Shape::Import => {}
            Shape::Beside(why) => {
                remarks.extend(why.map(|why| (n, why.to_string())));
                let _ = writeln!(out, "{}\n", ended(line.text));
            }
            Shape::Step => {
                let _ =
                    writeln!(out, "step({}, || {{\n{}\n}});\n", line.title(&mut titles), indented(&ended(line.text)));
            }
            Shape::Let(name, value) => {
                let title = line.title(&mut titles);
                let _ = writeln!(out, "let {name} = step({title}, || {{\n{}\n}});\n", indented(value));
            }
        }
    }
    (out.trim_end().to_string() + "\n", remarks)
}

/// The parameters that the lines use: hosts, groups and plain values.
fn parameters(typed: &Typescript, used: &BTreeSet<&String>) -> BTreeMap<String, String> {
    let is_used = |name: &&String| can_be_said(name) && used.contains(*name);
    let mut all = BTreeMap::new();
    for host in typed.hosts.iter().filter(is_used) {
        all.insert(host.clone(), format!("host({})", quoted(&format!("the host {host}"))));
    }
    for group in typed.groups.iter().filter(is_used) {
        all.insert(group.clone(), format!("hosts({})", quoted(&format!("the hosts of {group}"))));
    }
    for (name, value) in typed.params.as_object().into_iter().flatten().filter(|(n, _)| is_used(n)) {
        let kind = match value {
            Value::Bool(_) => "bool",
            Value::Number(n) if n.is_i64() => "int",
            Value::Array(items) if items.iter().all(Value::is_string) => "list",
            _ => "text",
        };
        let default = match value {
            Value::String(s) => quoted(s),
            Value::Array(_) | Value::Bool(_) | Value::Number(_) => value.to_string(),
            _ => continue,
        };
        all.insert(name.clone(), format!("{kind}({}, {default})", quoted(name)));
    }
    all
}

#[derive(PartialEq)]
enum Shape {
    Import,
    /// Stands beside the steps; with the reason, when it calls something all the same.
    Beside(Option<&'static str>),
    Step,
    /// A name, and the call that gives it its value.
    Let(String, String),
}

struct Line<'a> {
    text: &'a str,
    shape: Shape,
    /// Every variable that it names.
    names: Vec<String>,
}

impl<'a> Line<'a> {
    fn of(text: &'a str, table: &[Spec]) -> Self {
        let text = text.trim();
        let Ok(ast) = lenient().compile(text) else {
            return Line { text, shape: Shape::Beside(None), names: vec![] };
        };
        let (mut names, mut acts, mut returns, mut assigns) = (vec![], false, false, false);
        ast.walk(&mut |path| {
            match path.last() {
                Some(ASTNode::Expr(Expr::Variable(x, ..))) => names.push(x.1.to_string()),
                Some(
                    ASTNode::Stmt(Stmt::FnCall(c, _)) | ASTNode::Expr(Expr::FnCall(c, _) | Expr::MethodCall(c, _)),
                ) => {
                    let name = c.name.as_str();
                    acts |= table.iter().any(|s| s.name == name) || VERBS.iter().any(|v| v.name == name);
                }
                _ => {}
            }
            true
        });
        ast.clone_statements_only().walk(&mut |path| {
            returns |= matches!(path.last(), Some(ASTNode::Stmt(Stmt::Return(..))));
            assigns |= matches!(path.last(), Some(ASTNode::Stmt(Stmt::Assignment(..))));
            true
        });
        let shape = shape(text, &ast, acts);
        let shape = match (shape, returns) {
            // A step hands its value on; it assigns to nothing around it.
            (Shape::Step, _) if assigns => Shape::Beside(Some(BESIDE)),
            (Shape::Beside(_), true) => Shape::Beside(Some("it holds a return, which ends the playbook here")),
            (shape, _) => shape,
        };
        Line { text, shape, names }
    }

    /// A title in quotes: what is called, and the line if it is short; each only once.
    fn title(&self, titles: &mut BTreeMap<String, u32>) -> String {
        const MOST: usize = 70;
        let text = match &self.shape {
            Shape::Let(_, value) => value.as_str(),
            _ => self.text,
        };
        let first = text.lines().next().unwrap_or_default();
        let first = first.trim_end_matches(|c: char| c == ';' || c == '{' || c.is_whitespace());
        let cut: String = first.chars().take(MOST).collect();
        let dots = if cut.len() < first.len() || text.lines().count() > 1 { " ..." } else { "" };
        let title = format!("{}{dots}", cut.trim_end());
        quoted(&crate::run::numbered(titles, title.trim_start_matches(':')))
    }
}

const BESIDE: &str = "it gives names their values and calls something: it stands outside of a step";

/// What a line becomes.
fn shape(text: &str, ast: &AST, acts: bool) -> Shape {
    let statements = ast.statements();
    if statements.iter().all(|s| matches!(s, Stmt::Import(..))) && !statements.is_empty() {
        return Shape::Import;
    }
    let has_functions = ast.iter_functions().any(|f| !f.name.starts_with("anon$"));
    if !acts || has_functions {
        return Shape::Beside(None);
    }
    if let [Stmt::Var(x, ..)] = statements
        && let Some((_, value)) = text.split_once('=')
        && !text.starts_with("const")
    {
        // A step has its heading already; a host or a secret is named, nothing is done.
        if called(&x.1).is_some_and(|name| HEADINGS.contains(&name) || ["host", "hosts", "secret"].contains(&name)) {
            return Shape::Beside(None);
        }
        return Shape::Let(x.0.name.to_string(), value.trim().trim_end_matches(';').trim().into());
    }
    let name = match statements {
        [Stmt::FnCall(call, _)] => Some(call.name.as_str()),
        [Stmt::Expr(e)] => called(e),
        _ => None,
    };
    if name.is_some_and(|name| HEADINGS.contains(&name)) {
        return Shape::Beside(None);
    }
    let defines = |s: &Stmt| matches!(s, Stmt::Var(..) | Stmt::Assignment(..) | Stmt::Import(..) | Stmt::Export(..));
    match statements.iter().any(defines) {
        true => Shape::Beside(Some(BESIDE)),
        false => Shape::Step,
    }
}

/// Verbs that are a heading themselves.
const HEADINGS: &[&str] = &["step", "cutover"];

/// The function whose call an expression is.
fn called(e: &Expr) -> Option<&str> {
    match e {
        Expr::FnCall(call, _) => Some(call.name.as_str()),
        _ => None,
    }
}

fn ended(text: &str) -> String {
    let text = text.trim_end();
    if text.ends_with(';') || text.ends_with('}') { text.into() } else { format!("{text};") }
}

/// Only a line that is no part of a text in quotes may move.
fn indented(text: &str) -> String {
    let mut out = String::new();
    for (n, line) in text.split('\n').enumerate() {
        let before: String = text.split('\n').take(n).map(|l| format!("{l}\n")).collect();
        let is_inside = super::typing::is_in_text(&before);
        let _ = write!(
            out,
            "{}{}{line}",
            if n > 0 { "\n" } else { "" },
            if is_inside || line.is_empty() { "" } else { "    " }
        );
    }
    out
}

fn quoted(text: &str) -> String {
    // JSON and the language agree on every escape that can stand in a name or a title.
    serde_json::to_string(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::calls::tests::TABLE;
    use crate::script::{Playbook, check};
    use serde_json::json;

    fn saved(lines: &[&str]) -> (String, Vec<usize>) {
        let lines: Vec<String> = lines.iter().map(|l| (*l).to_string()).collect();
        let typed = Typescript {
            lines: &lines,
            hosts: &["dest".into(), "source".into(), "r-1".into()],
            groups: &["routers".into()],
            params: &json!({ "domain": "pryv.me", "n": 3, "unused": true }),
            table: TABLE,
        };
        let (text, remarks) = playbook(&typed);
        let checked = Playbook::load("p", "p.rhai", &text, &|_| Some(("m.rhai".into(), String::new())));
        let findings: Vec<String> = match checked {
            Ok(p) => check(&p, TABLE).iter().filter(|f| f.is_error()).map(|f| f.to_error().to_string()).collect(),
            Err(errors) => errors.iter().map(ToString::to_string).collect(),
        };
        assert!(findings.is_empty(), "{text}\n{}", findings.join("\n"));
        (text, remarks.into_iter().map(|(n, _)| n).collect())
    }

    #[test]
    fn calls_become_steps_and_names_stay_names() {
        let (text, remarks) = saved(&[
            "import \"std/ssr\" as ssr",
            "let x = dest.ssh(`echo ${domain}`);",
            "fn twice(t) { t + t }",
            "source.ssh(twice(\"x\"), #{ undo: \"rm x\" })",
            "source.ssh(twice(\"x\"), #{ undo: \"rm x\" })",
            "let y = 1; y + n",
        ]);
        assert_eq!(remarks, Vec::<usize>::new());
        insta::assert_snapshot!(text, @r#"
        //! Typed in the REPL, and saved as a playbook.
        //! Read it before you run it: give the steps titles that say what they are for.
        import "std/ssr" as ssr;

        let p = params(#{
            dest: host("the host dest"),
            domain: text("domain", "pryv.me"),
            n: int("n", 3),
            source: host("the host source"),
        });
        let dest = p.dest; let domain = p.domain; let n = p.n; let source = p.source;

        let x = step("dest.ssh(`echo ${domain}`)", || {
            dest.ssh(`echo ${domain}`)
        });

        fn twice(t) { t + t }

        step("source.ssh(twice(\"x\"), #{ undo: \"rm x\" })", || {
            source.ssh(twice("x"), #{ undo: "rm x" });
        });

        step("source.ssh(twice(\"x\"), #{ undo: \"rm x\" }) (2)", || {
            source.ssh(twice("x"), #{ undo: "rm x" });
        });

        let y = 1; y + n;
        "#);
    }

    #[test]
    fn what_cannot_be_a_step_is_said_and_stands_beside() {
        let (text, remarks) = saved(&[
            "let a = dest.ssh(\"x\"); let b = a;",
            "let sum = 0",
            "for h in [source, dest] { sum += h.ssh(\"n\"); }",
            "step(\"Mine\", || {\n  dest.ssh(\"y\")\n})",
            "host(\"r-1\").ssh(\"x\")",
            "let z = `one\n  two ${dest.ssh(\"x\")}`",
        ]);
        assert_eq!(remarks, [0, 2]);
        assert!(text.contains("\nstep(\"Mine\", || {\n  dest.ssh(\"y\")\n});\n"), "{text}");
        assert!(text.contains("    `one\n  two ${dest.ssh(\"x\")}`\n"), "a text keeps its bytes: {text}");
    }
}
