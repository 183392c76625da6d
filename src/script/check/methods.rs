//! `fn String.shout()`: a method of a type that no value has is never called, and no word is said.

use super::finding::Level;
use super::source::Body;
use super::walk::Walk;
use crate::text::nearest::nearest;

/// The types of values, as the language calls them in front of a method.
const TYPES: &[&str] =
    &["array", "bool", "char", "Fn", "float", "Host", "i64", "f64", "int", "map", "range", "secret", "string", "()"];

/// What people call them elsewhere, also in the reference of mig.
const ELSEWHERE: &[(&str, &str)] = &[
    ("boolean", "bool"),
    ("closure", "Fn"),
    ("dict", "map"),
    ("function", "Fn"),
    ("integer", "int"),
    ("list", "array"),
    ("number", "int"),
    ("object", "map"),
    ("str", "string"),
    ("text", "string"),
    ("vec", "array"),
];

/// Looks at one function.
pub fn check(w: &mut Walk, body: &Body) {
    let Some(of) = body.this_type.as_deref().filter(|of| !TYPES.contains(of)) else { return };
    let word = of.to_lowercase();
    let elsewhere = ELSEWHERE.iter().find(|(name, _)| *name == word).map(|(_, of)| *of);
    let same = TYPES.iter().find(|t| t.to_lowercase() == word).copied();
    let hint = match elsewhere.or(same).or_else(|| nearest(of, TYPES.iter().copied())) {
        Some(near) => format!("did you mean fn {near}.{}?", body.name),
        None => "types of values: Host, string, array, map, int, bool".into(),
    };
    let message = format!("no value is a {of}: the method {} is never called", body.name);
    w.say_as(Level::Warning, body.pos, of.chars().count(), message, Some(hint));
}
