//! The shell for commands that come through a pipe (CTL-060 to CTL-066).
//!
//! The prompt is printed even so, and nothing is echoed. A terminal wants more (editing, history, completion) and is not
//! served yet.

use super::error::CtlError;
use super::session::Session;

/// Shows the processes, then reads and runs lines until one of them, or the end of the input, ends the session.
pub fn run(session: &mut Session<'_>, prompt: &str) {
    let prompt = format!("{prompt}> ");
    session.run("status");
    while !session.leaving {
        match session.ask_user(&prompt) {
            Ok(line) => session.run(&line),
            Err(CtlError::EndOfInput) => session.run("EOF"),
            // Input that cannot be read has ended, too.
            Err(_) => session.leaving = true,
        }
    }
}
