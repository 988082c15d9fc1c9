//! `supervisord version` and `supervisord about`: which Supervisor this one keeps to, and which program it is.

use std::io::Write;
use std::process::ExitCode;

use crate::config::command_line::VERSION;

/// Two lines, as the Go version prints them (GO-084). Clients and scripts compare the version with that of the reference,
/// so it is the same as that of `-v`.
pub fn version() -> ExitCode {
    let commit = option_env!("SUPERVISORD_COMMIT").unwrap_or_default();
    print(&format!("Version: {VERSION}\n Commit: {commit}\n"))
}

/// Prints who we are.
pub fn about() -> ExitCode {
    print(&format!(
        "supervisord {own}\n{description}\n\nKeeps to: Supervisor {VERSION}\nLicense:  {license}\nBuilt for: {arch}-{os}\n",
        own = env!("CARGO_PKG_VERSION"),
        description = env!("CARGO_PKG_DESCRIPTION"),
        license = env!("CARGO_PKG_LICENSE"),
        arch = std::env::consts::ARCH,
        os = std::env::consts::OS,
    ))
}

fn print(text: &str) -> ExitCode {
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Error: {error}");
            ExitCode::FAILURE
        }
    }
}
