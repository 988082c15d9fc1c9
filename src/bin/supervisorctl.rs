//! The client as a program of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os();
    let program = arguments.next().unwrap_or_else(|| "supervisorctl".into());
    supervisord::ctl::main(&program, arguments).into()
}
