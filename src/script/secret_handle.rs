//! A secret in a script: known by its name, never by its value.
//!
//! A text to which a secret is added becomes a text with a secret in it, and lowering keeps it in
//! pieces. Printed it reads `‹secret:name›`; a text with such a mark in it never reaches a
//! primitive (see `lower`), so `${...}` cannot send the mark in place of the value.

use crate::secret::{Piece, Text};
use rhai::{Dynamic, Engine, EvalAltResult, Position};

/// A text in which at least one piece is a secret.
#[derive(Clone, Debug, PartialEq)]
pub struct SecretHandle(pub Text);

impl SecretHandle {
    /// The secret of this name.
    pub fn of(name: &str) -> Self {
        SecretHandle(Text::Mixed { pieces: vec![Piece::Secret { name: name.into() }] })
    }
    fn pieces(self) -> Vec<Piece> {
        match self.0 {
            Text::Plain(s) => vec![Piece::Plain(s)],
            Text::Mixed { pieces } => pieces,
        }
    }
    /// One text of two, plain neighbours joined.
    fn join(left: Vec<Piece>, right: Vec<Piece>) -> Self {
        let mut pieces: Vec<Piece> = vec![];
        for piece in left.into_iter().chain(right) {
            match (pieces.last_mut(), piece) {
                (_, Piece::Plain(s)) if s.is_empty() => {}
                (Some(Piece::Plain(last)), Piece::Plain(s)) => last.push_str(&s),
                (_, piece) => pieces.push(piece),
            }
        }
        SecretHandle(Text::Mixed { pieces })
    }
}

/// How every printed secret begins.
pub const MARK: &str = "‹secret:";

/// Teaches the engine what a secret is.
pub fn register(e: &mut Engine) {
    let plain = |s: &str| vec![Piece::Plain(s.into())];
    e.register_type_with_name::<SecretHandle>("secret");
    e.register_fn("+", move |a: SecretHandle, b: &str| SecretHandle::join(a.pieces(), plain(b)));
    e.register_fn("+", move |a: &str, b: SecretHandle| SecretHandle::join(plain(a), b.pieces()));
    e.register_fn("+", |a: SecretHandle, b: SecretHandle| SecretHandle::join(a.pieces(), b.pieces()));
    for name in ["to_string", "to_debug"] {
        e.register_fn(name, |s: &mut SecretHandle| s.0.to_string());
    }
    for name in ["==", "!=", "<", ">", "<=", ">="] {
        e.register_fn(name, |_: SecretHandle, _: Dynamic| refuse());
        e.register_fn(name, |_: Dynamic, _: SecretHandle| refuse());
        e.register_fn(name, |_: SecretHandle, _: SecretHandle| refuse());
    }
}

fn refuse() -> Result<bool, Box<EvalAltResult>> {
    let why = "a secret cannot be compared: its value exists only while acting".into();
    Err(Box::new(EvalAltResult::ErrorRuntime(why, Position::NONE)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn engine() -> Engine {
        let mut e = Engine::new();
        register(&mut e);
        e.register_fn("secret", |name: &str| SecretHandle::of(name));
        e
    }

    #[test]
    fn a_text_with_a_secret_stays_in_pieces() {
        let s: SecretHandle = engine().eval(r#"let s = "user:" + secret("pw") + "@" + "h"; s += "!"; s"#).unwrap();
        let json = serde_json::to_string(&s.0).unwrap();
        assert_eq!(json, r#"{"$text":["user:",{"$secret":"pw"},"@h!"]}"#);
    }

    #[test]
    fn a_secret_prints_its_name_and_is_not_compared() {
        let e = engine();
        assert_eq!(e.eval::<String>(r#"`${secret("pw")}`"#).unwrap(), "‹secret:pw›");
        for text in [r#"secret("pw") == "x""#, r#""x" != secret("pw")"#, r#"secret("a") == secret("a")"#] {
            assert!(e.eval::<bool>(text).unwrap_err().to_string().contains("cannot be compared"), "{text}");
        }
    }
}
