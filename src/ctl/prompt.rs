//! Questions to the user: y/N, name and password (CTL-051, CTL-129, CTL-131).
//!
//! Only an interactive session asks (CTL-018, CTL-132). Answers come from stdin, whatever that is; a password comes from
//! the terminal itself, unseen, and only without a terminal from stdin.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::os::fd::AsFd;

use nix::sys::termios::{LocalFlags, SetArg, tcgetattr, tcsetattr};

use super::error::CtlError;
use super::output::Output;

/// Puts a question on stdout and reads one line.
pub fn ask(
    question: &str,
    input: &mut dyn BufRead,
    output: &mut Output<'_>,
) -> Result<String, CtlError> {
    output.bytes(question.as_bytes());
    output.flush();
    read_line(input)
}

/// Reads a password: not shown where there is a terminal.
pub fn ask_password(
    question: &str,
    input: &mut dyn BufRead,
    output: &mut Output<'_>,
) -> Result<String, CtlError> {
    output.flush();
    if let Ok(terminal) = OpenOptions::new().read(true).write(true).open("/dev/tty")
        && let Ok(hidden) = Hidden::on(&terminal)
    {
        (&terminal).write_all(question.as_bytes())?;
        let password = read_line(&mut BufReader::new(&terminal));
        drop(hidden);
        // The user's own line end was not shown.
        (&terminal).write_all(b"\n")?;
        return password;
    }
    // Python then asks on stderr, so that a password prompt never ends up in a file.
    output.complaint("Warning: Password input may be echoed.");
    output.question_on_stderr(question);
    read_line(input)
}

/// A line without its end. The end of the input is no answer (CTL-052).
pub fn read_line(input: &mut dyn BufRead) -> Result<String, CtlError> {
    let mut line = Vec::new();
    if input.read_until(b'\n', &mut line)? == 0 {
        return Err(CtlError::EndOfInput);
    }
    let line = line.strip_suffix(b"\n").unwrap_or(&line);
    Ok(String::from_utf8_lossy(line).into_owned())
}

/// A terminal that does not show what is typed, until this is dropped.
struct Hidden<'t> {
    terminal: &'t File,
    before: nix::sys::termios::Termios,
}

impl<'t> Hidden<'t> {
    fn on(terminal: &'t File) -> nix::Result<Self> {
        let before = tcgetattr(terminal.as_fd())?;
        let mut hidden = before.clone();
        hidden.local_flags.remove(LocalFlags::ECHO);
        tcsetattr(terminal.as_fd(), SetArg::TCSAFLUSH, &hidden)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Hidden<'_> {
    fn drop(&mut self) {
        // A terminal that is gone needs no repair.
        let _ = tcsetattr(self.terminal.as_fd(), SetArg::TCSAFLUSH, &self.before);
    }
}
