//! The question for a password (CTL-051).
//!
//! Only an interactive session asks (CTL-018). Other answers come from stdin, whatever that is; a password comes from the
//! terminal itself, unseen, and only without a terminal from stdin.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::fd::{AsFd, BorrowedFd};
use std::rc::Rc;

use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};

use super::error::CtlError;
use super::input::Lines;
use super::interrupt::Interrupt;
use super::output::Output;

/// Reads a password: not shown where there is a terminal.
pub fn ask_password(
    question: &str,
    lines: &mut Lines,
    interrupt: Rc<Interrupt>,
    output: &mut Output<'_>,
) -> Result<String, CtlError> {
    output.flush();
    if let Ok(terminal) = OpenOptions::new().read(true).write(true).open("/dev/tty")
        && let Ok(hidden) = Hidden::on(terminal.as_fd())
    {
        (&terminal).write_all(question.as_bytes())?;
        let mut typed = Lines::new(terminal.try_clone()?.into());
        // Ctrl-C must not leave a terminal behind that shows nothing.
        typed.interrupted_by(interrupt);
        let password = typed.read();
        drop(hidden);
        // The user's own line end was not shown.
        (&terminal).write_all(b"\n")?;
        return password;
    }
    // Python then asks on stderr, so that a password prompt never ends up in a file.
    output.complaint("Warning: Password input may be echoed.");
    output.question_on_stderr(question);
    lines.read()
}

/// A terminal that does not show what is typed, until this is dropped.
struct Hidden<'t> {
    terminal: BorrowedFd<'t>,
    before: Termios,
}

impl<'t> Hidden<'t> {
    fn on(terminal: BorrowedFd<'t>) -> nix::Result<Self> {
        let before = tcgetattr(terminal)?;
        let mut hidden = before.clone();
        hidden.local_flags.remove(LocalFlags::ECHO);
        tcsetattr(terminal, SetArg::TCSAFLUSH, &hidden)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Hidden<'_> {
    fn drop(&mut self) {
        // A terminal that is gone needs no repair.
        let _ = tcsetattr(self.terminal, SetArg::TCSAFLUSH, &self.before);
    }
}
