//! Passes signals on to a process that is known by its pid file only.

use std::ffi::OsString;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut words = std::env::args_os();
    let argv0 = words.next().unwrap_or_else(|| OsString::from("pidproxy"));
    supervisord::tools::pidproxy::run(&argv0, words)
}
