//! Everything that is wrong, said at once.

use crate::error::{Error, Kind};

/// One or more errors; the first one decides the exit code.
#[derive(Debug)]
pub struct Wrong(pub Vec<Error>);

impl From<Box<Error>> for Wrong {
    fn from(e: Box<Error>) -> Self {
        Wrong(vec![*e])
    }
}
impl From<Error> for Wrong {
    fn from(e: Error) -> Self {
        Wrong(vec![e])
    }
}
impl From<Vec<Error>> for Wrong {
    fn from(all: Vec<Error>) -> Self {
        Wrong(all)
    }
}

impl Wrong {
    /// The exit code of the process.
    pub fn exit_code(&self) -> u8 {
        self.0.first().map_or(Kind::Bug, |e| e.kind).exit_code()
    }
}
