//! Commands that come from outside: an unknown `x` is the program `supervisorctl-x`, where PATH has one.
//!
//! It gets the rest of the line as its words and the terminal, and finds the server's URL and the credentials in its
//! environment. Its exit status is the command's.

use std::ffi::OsStr;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use crate::config::path_search::find_program;

use super::client::Target;
use super::line::words;

/// The program that the line's first word names. Nothing that could lead out of the folders of PATH is a name.
pub fn find(line: &str) -> Option<PathBuf> {
    let word = *words(line).first()?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if !word.chars().all(is_name) {
        return None;
    }
    let name = format!("supervisorctl-{word}");
    find_program(OsStr::new(&name), std::env::var_os("PATH").as_deref())
}

/// Runs it and waits for its end. `start` does the starting, and may do something around it.
pub fn run(
    program: &Path,
    line: &str,
    target: &Target,
    start: impl FnOnce(&mut dyn FnMut() -> io::Result<Child>) -> io::Result<Child>,
) -> io::Result<u8> {
    let mut command = Command::new(program);
    command
        .args(words(line).iter().skip(1))
        .env("SUPERVISOR_SERVER_URL", &target.server_url);
    for (name, value) in [
        ("SUPERVISOR_USERNAME", &target.username),
        ("SUPERVISOR_PASSWORD", &target.password),
    ] {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let status = start(&mut || command.spawn())?.wait()?;
    // As a shell tells it.
    let signalled = status.signal().map(|signal| 128 + signal);
    let code = status.code().or(signalled).unwrap_or(1);
    Ok(u8::try_from(code).unwrap_or(1))
}
