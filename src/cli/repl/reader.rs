//! Where lines come from.

/// What came next.
pub enum Next {
    Line(String),
    /// Ctrl-C at the prompt: what was begun is dropped.
    Dropped,
    End,
}

/// A terminal, or a pipe.
pub trait Reader {
    /// The next whole line: several, when brackets were open at the end of the first.
    fn next(&mut self, prompt: &str) -> Next;
    /// It is kept for the next time, unless it holds a secret.
    fn remember(&mut self, line: &str);
    fn is_terminal(&self) -> bool;
}
