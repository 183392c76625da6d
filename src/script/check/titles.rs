//! Two steps of one title beside each other cannot be told apart in a report.

use super::walk::Walk;
use rhai::{Expr, FnCallExpr, Position, Stmt};

/// Looks at the steps of one block.
pub fn check(w: &mut Walk, statements: &[Stmt]) {
    let mut seen: Vec<(String, Position)> = vec![];
    for s in statements {
        let Some((title, pos)) = step(s) else { continue };
        if let Some((_, first)) = seen.iter().find(|(t, _)| *t == title) {
            let message = format!("two steps beside each other are called \"{title}\"");
            let first = crate::script::errors::place(&w.source.file, *first);
            let hint = first.map(|p| format!("the first is at {p}; give each its own title"));
            w.say(pos, title.chars().count() + 2, message, hint);
            continue;
        }
        seen.push((title, pos));
    }
}

/// The literal title of a statement that is a step, also `let x = step(...)`.
fn step(s: &Stmt) -> Option<(String, Position)> {
    match s {
        Stmt::FnCall(call, _) => of_call(call),
        Stmt::Expr(e) => of_expr(e),
        Stmt::Var(x, ..) => of_expr(&x.1),
        Stmt::Return(Some(e), ..) => of_expr(e),
        _ => None,
    }
}

fn of_expr(e: &Expr) -> Option<(String, Position)> {
    match e {
        Expr::FnCall(call, _) => of_call(call),
        _ => None,
    }
}

/// The literal title of a call that is a step.
pub fn of_call(call: &FnCallExpr) -> Option<(String, Position)> {
    match (call.name.as_str(), call.args.first()) {
        ("step" | "cutover", Some(Expr::StringConstant(title, pos))) => Some((title.to_string(), *pos)),
        _ => None,
    }
}
