//! Printing a whole page.

use std::io::Write;

/// Prints a text on standard output. Whoever closed the pipe has read enough.
pub fn page(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ =
        out.write_all(text.as_bytes()).and_then(|()| if text.ends_with('\n') { Ok(()) } else { out.write_all(b"\n") });
    let _ = out.flush();
}
