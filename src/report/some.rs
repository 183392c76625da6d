//! Names of hosts in a line that somebody reads: of very many the first, and how many more there are.

use std::fmt::Display;

/// So many names are read; more are counted.
const TOLD: usize = 8;

/// `a, b, c`, or of a hundred the first eight `and 92 more`.
#[must_use]
pub fn some<T: Display>(names: &[T]) -> String {
    let told = |names: &[T]| names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    match names.len() {
        // One name takes no more room than its number.
        n if n > TOLD + 1 => format!("{} and {} more", told(&names[..TOLD]), n - TOLD),
        _ => told(names),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_very_many_the_first_are_told_and_the_rest_counted() {
        assert_eq!(some::<&str>(&[]), "");
        assert_eq!(some(&["a", "b"]), "a, b");
        let names: Vec<String> = (0..100).map(|n| format!("h{n}")).collect();
        assert_eq!(some(&names[..9]), "h0, h1, h2, h3, h4, h5, h6, h7, h8");
        assert_eq!(some(&names), "h0, h1, h2, h3, h4, h5, h6, h7 and 92 more");
    }
}
