//! One file of a playbook, parsed: its statements, its functions and its closures.

use super::finding::Finding;
use super::syntax::syntax_error;
use crate::script::engine;
use crate::script::errors::place;
use crate::script::resolver::Resolver;
use crate::text::nearest::nearest;
use rhai::{AST, ASTNode, Expr, FnPtr, ParseErrorType, Position, Scope, Stmt};
use std::collections::BTreeMap;

/// Misspelt variables are found one at a time; beyond so many the rest is noise.
const MAX_VARIABLES: usize = 50;

/// A function or a closure.
pub struct Body {
    pub name: String,
    pub params: Vec<String>,
    /// `Host` in `fn Host.stop()`.
    pub this_type: Option<String>,
    /// Where it is declared: at its type if it has one.
    pub pos: Position,
    pub statements: Vec<Stmt>,
}

/// A parsed file.
pub struct Source {
    /// The import path; `None` for the playbook itself.
    pub path: Option<String>,
    pub file: String,
    pub text: String,
    pub statements: Vec<Stmt>,
    /// By name and number of parameters. Closures are among them.
    pub bodies: Vec<Body>,
    /// The keys of every map literal: a closure under one is called like a method.
    pub keys: Vec<String>,
    /// `import "path" as alias`.
    pub aliases: BTreeMap<String, String>,
}

/// A closure as it stands in an expression: its function, and the variables it captures.
pub struct Closure {
    pub name: String,
    pub captured: Vec<String>,
}

impl Source {
    /// Parses a file. What the parser finds wrong comes as findings; where only variables are
    /// unknown the file is there all the same.
    pub fn parse(path: Option<&str>, file: &str, text: &str) -> (Option<Source>, Vec<Finding>) {
        Self::parse_knowing(path, file, text, &[], &[])
    }

    /// The same where some variables and modules are known beforehand.
    pub fn parse_knowing(
        path: Option<&str>,
        file: &str,
        text: &str,
        variables_before: &[String],
        modules_before: &[&str],
    ) -> (Option<Source>, Vec<Finding>) {
        let mut engine = engine::bare(Resolver::default());
        for alias in modules_before {
            engine.register_static_module(*alias, rhai::Module::new().into());
        }
        let mut scope = Scope::new();
        for name in variables_before {
            scope.push(name.clone(), ());
        }
        let mut findings = vec![];
        let text_of = |f: &str| (f == file).then(|| text.to_string());
        loop {
            match engine.compile_with_scope(&scope, text) {
                Ok(ast) => return (Some(Source::of(path, file, text, &ast)), findings),
                Err(e) => {
                    let mut error = syntax_error(&e, file, &text_of);
                    let (ParseErrorType::VariableUndefined(name), true) =
                        (e.err_type(), findings.len() < MAX_VARIABLES)
                    else {
                        findings.push(Finding::of(error, 1, &text_of));
                        return (Self::leniently(path, file, text), findings);
                    };
                    let mut defined = variables(text);
                    defined.extend(variables_before.iter().cloned());
                    if let Some(near) = nearest(name, defined.iter().map(String::as_str).filter(|d| d != name)) {
                        error = error.hint(format!("did you mean {near}?"));
                    }
                    findings.push(Finding::of(error, name.chars().count(), &text_of));
                    // Taken as known from here on, so that the next one is found too.
                    scope.push(name.clone(), ());
                }
            }
        }
    }

    /// After a wrong module name the rest can still be looked at.
    fn leniently(path: Option<&str>, file: &str, text: &str) -> Option<Source> {
        let ast = crate::script::playbook::lenient().compile(text).ok()?;
        Some(Source::of(path, file, text, &ast))
    }

    fn of(path: Option<&str>, file: &str, text: &str, ast: &AST) -> Source {
        let (mut keys, mut aliases) = (vec![], BTreeMap::new());
        ast.walk(&mut |path| {
            match path.last() {
                Some(ASTNode::Expr(Expr::Map(x, _))) => keys.extend(x.0.iter().map(|(key, _)| key.name.to_string())),
                Some(ASTNode::Stmt(Stmt::Import(x, _))) => {
                    if let Expr::StringConstant(path, _) = &x.0 {
                        aliases.insert(x.1.name.to_string(), path.to_string());
                    }
                }
                _ => {}
            }
            true
        });
        let all = ast.clone_functions_only();
        let bodies = ast.iter_fn_def().map(|def| {
            // Rhai hands out no bodies; a tree with one function alone is walked for them.
            let mut only = all.clone();
            only.retain_functions(|_, _, name, n| name == def.name && n == def.params.len());
            Body {
                name: def.name.to_string(),
                params: def.params.iter().map(ToString::to_string).collect(),
                this_type: def.this_type.as_ref().map(ToString::to_string),
                pos: declared_at(text, def.this_type.as_deref(), &def.name, def.body.start_position()),
                statements: roots(&only),
            }
        });
        Source {
            path: path.map(String::from),
            file: file.into(),
            text: text.into(),
            statements: ast.statements().to_vec(),
            bodies: bodies.collect(),
            keys,
            aliases,
        }
    }

    /// A finding of this file.
    pub fn finding(&self, pos: Position, len: usize, message: String, hint: Option<String>) -> Finding {
        let mut e = crate::error::Error::bad_input(message);
        e.place = place(&self.file, pos);
        e.hints = hint.into_iter().collect();
        Finding::of(e, len, &|f| (f == self.file).then(|| self.text.clone()))
    }

    pub fn body(&self, name: &str) -> Option<&Body> {
        self.bodies.iter().find(|b| b.name == name)
    }
}

/// Where a function is declared. Rhai keeps only where its body begins: the name stands before it.
fn declared_at(text: &str, this_type: Option<&str>, name: &str, body: Position) -> Position {
    let word = this_type.map_or(name.to_string(), |of| format!("{of}.{name}"));
    let lines: Vec<&str> = text.lines().take(body.line().unwrap_or(0)).collect();
    let found = lines.iter().enumerate().rev().find_map(|(n, line)| {
        let at = line.find(&word)?;
        let column = line.get(..at)?.chars().count() + 1;
        Some(Position::new(u16::try_from(n + 1).ok()?, u16::try_from(column).ok()?))
    });
    found.unwrap_or(body)
}

/// The statements of the only function of a tree.
fn roots(ast: &AST) -> Vec<Stmt> {
    let mut roots = vec![];
    ast.walk(&mut |path| {
        if let [ASTNode::Stmt(stmt)] = path {
            roots.push((*stmt).clone());
        }
        true
    });
    roots
}

/// Every name that the text gives to something: for "did you mean".
fn variables(text: &str) -> Vec<String> {
    let Ok(ast) = crate::script::playbook::lenient().compile(text) else { return vec![] };
    let mut names: Vec<String> = ast.iter_fn_def().flat_map(|d| d.params.iter().map(ToString::to_string)).collect();
    ast.walk(&mut |path| {
        match path.last() {
            Some(ASTNode::Stmt(Stmt::Var(x, ..))) => names.push(x.0.name.to_string()),
            Some(ASTNode::Stmt(Stmt::For(x, _))) => names.push(x.0.name.to_string()),
            _ => {}
        }
        true
    });
    names
}

/// The name of a plain variable.
pub fn variable(e: &Expr) -> Option<&str> {
    match e {
        Expr::Variable(x, ..) if x.2.is_empty() => Some(x.1.as_str()),
        _ => None,
    }
}

/// The closure that an expression is, if it is one.
pub fn closure_of(e: &Expr) -> Option<Closure> {
    match e {
        Expr::DynamicConstant(v, _) => {
            let f = v.read_lock::<FnPtr>()?;
            Some(Closure { name: f.fn_name().into(), captured: vec![] })
        }
        // What captures is wrapped: { share(a, b); curry(closure, a, b) }.
        Expr::Stmt(block) => match block.statements() {
            [Stmt::Share(_), Stmt::Expr(e)] => closure_of(e),
            [Stmt::Share(_), Stmt::FnCall(call, _)] => curried(call),
            _ => None,
        },
        Expr::FnCall(call, _) => curried(call),
        _ => None,
    }
}

fn curried(call: &rhai::FnCallExpr) -> Option<Closure> {
    if call.name != "curry" {
        return None;
    }
    let mut closure = closure_of(call.args.first()?)?;
    closure.captured = call.args.iter().skip(1).filter_map(|a| variable(a).map(String::from)).collect();
    Some(closure)
}
