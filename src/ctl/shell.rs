//! The shell: lines from a terminal or a pipe, one command after the other (CTL-060 to CTL-066).
//!
//! Through a pipe the prompt is printed even so, and nothing is echoed. Ctrl-C at the prompt, or at a question, leaves;
//! Ctrl-C while a command waits for its server ends the command, where the reference leaves then, too.

use super::error::CtlError;
use super::session::Session;

/// Shows the processes, then reads and runs lines until one of them, or the end of the input, ends the session.
pub fn run(session: &mut Session<'_>, prompt: &str) {
    let prompt = format!("{prompt}> ");
    session.run("status");
    while !session.leaving {
        match session.next_line(&prompt) {
            Ok(line) => session.run(&line),
            Err(CtlError::EndOfInput | CtlError::Interrupted) => session.leave_line(),
            // Input that cannot be read has ended, too.
            Err(_) => session.leaving = true,
        }
    }
}
