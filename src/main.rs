//! `mig`: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    // The processes of an open lab are this program as well, so that a lab needs nothing else.
    let mut words = std::env::args().skip(1);
    if words.next().as_deref() == Some("__lab-serve") {
        return mig::lab::serve(&words.collect::<Vec<_>>());
    }
    ExitCode::from(mig::cli::start(std::env::args_os()))
}
