//! What the parser says, in words of a playbook.

use crate::error::Error;
use crate::name::RESERVED;
use crate::script::engine::REFUSED;
use crate::script::errors::{lower_case, place, with_excerpt};
use rhai::{LexError, ParseError, ParseErrorType};

/// A syntax error with its place, its line and a caret.
pub fn syntax_error(e: &ParseError, file: &str, text_of: &dyn Fn(&str) -> Option<String>) -> Error {
    let (message, hints) = syntax_said(e.err_type());
    let mut error = Error::bad_input(message);
    error.hints = hints;
    error.place = place(file, e.position());
    with_excerpt(error, 1, text_of)
}

/// Message and hints for what the parser found.
pub fn syntax_said(kind: &ParseErrorType) -> (String, Vec<String>) {
    use ParseErrorType as P;
    match kind {
        P::Reserved(word) => reserved(word),
        P::BadInput(LexError::ImproperSymbol(word, _)) if is_refused(word) => reserved(word),
        P::VariableUndefined(name) => (format!("unknown variable {name}"), vec![]),
        P::ModuleUndefined(name) => {
            (format!("unknown module {name}"), vec![format!("import \"...\" as {name}; makes it known")])
        }
        P::ExprTooDeep => ("expressions are nested too deep".into(), vec!["name the inner parts with let".into()]),
        P::LiteralTooLarge(what, most) => (format!("{} exceeds the limit of {most}", lower_case(what)), vec![]),
        P::UnexpectedEOF => ("the text ends too early: a bracket or a quote is still open".into(), vec![]),
        P::BadInput(LexError::UnterminatedString) => ("this text has no closing quote".into(), vec![]),
        P::PropertyExpected | P::VariableExpected => (
            lower_case(&kind.to_string()),
            vec!["reserved words (new, default, use, as, go, match, until, ...) cannot be names".into()],
        ),
        other => (lower_case(&other.to_string()), vec![]),
    }
}

fn is_refused(word: &str) -> bool {
    REFUSED.iter().any(|(refused, _)| *refused == word)
}

fn reserved(word: &str) -> (String, Vec<String>) {
    if let Some((_, instead)) = REFUSED.iter().find(|(refused, _)| *refused == word) {
        return (format!("{word} cannot be used in a playbook"), vec![(*instead).into()]);
    }
    if RESERVED.contains(&word) {
        return (format!("{word} is a reserved word of the language"), vec!["choose another name".into()]);
    }
    (format!("{word} cannot stand here"), vec![])
}
