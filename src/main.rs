//! `mig`: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(mig::cli::start(std::env::args_os()))
}
