//! The hidden side of the binary: `mig __lab-serve lab|host|connect FOLDER [NAME]`.

use super::{connect, holder, supervisor};
use std::path::Path;
use std::process::ExitCode;

/// The hidden argument that leads here.
pub(super) const ARGUMENT: &str = "__lab-serve";

/// Runs a process of the lab; `args` is what follows `__lab-serve`.
pub fn serve(args: &[String]) -> ExitCode {
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let result = match args[..] {
        ["lab", folder] => supervisor::run(Path::new(folder)).map_err(|e| e.to_string()),
        ["host", folder, name] => holder::run(Path::new(folder), name).map_err(|e| e.to_string()),
        ["connect", folder, name] => connect::run(Path::new(folder), name).map_err(|e| e.to_string()),
        _ => Err("this is how mig starts its lab; it is not for typing".to_owned()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            use std::io::Write;
            // Whoever started this process reads its stderr; where that is gone, nobody asks.
            let _ = writeln!(std::io::stderr(), "mig lab: {message}");
            ExitCode::FAILURE
        }
    }
}
