//! Lines from a pipe or a file: no prompt, nothing kept.

use super::reader::{Next, Reader};
use crate::script;
use std::io::BufRead;

pub struct Pipe;

impl Reader for Pipe {
    fn next(&mut self, _: &str) -> Next {
        let mut whole = String::new();
        loop {
            let mut line = String::new();
            match std::io::stdin().lock().read_line(&mut line) {
                Ok(0) | Err(_) if whole.trim().is_empty() => return Next::End,
                // What is still open here is a mistake, and is told as one.
                Ok(0) | Err(_) => return Next::Line(whole),
                Ok(_) => whole.push_str(&line),
            }
            if whole.trim_start().starts_with(':') || !script::is_open(&whole) {
                return Next::Line(whole.trim_end_matches('\n').to_string());
            }
        }
    }
    fn remember(&mut self, _: &str) {}
    fn is_terminal(&self) -> bool {
        false
    }
}
