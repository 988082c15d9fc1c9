//! Prints a configuration to start from.

use std::process::ExitCode;

fn main() -> ExitCode {
    supervisord::tools::sample::run(std::env::args_os().skip(1))
}
