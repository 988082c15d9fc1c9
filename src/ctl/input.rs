//! What the user types, or what a pipe holds: lines, and answers to questions.
//!
//! Lines are read from the descriptor itself and what was read too much is kept here, so that the shell, its questions and
//! `fg` can take turns at one input. A terminal with line editing is another kind of input (`terminal.rs`); under it
//! there are plain lines too.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::rc::Rc;

use super::client::Client;
use super::error::CtlError;
use super::interrupt::Interrupt;
use super::output::Output;

/// Somebody to ask.
pub trait Input {
    /// Puts a question on stdout and reads one line.
    fn ask(&mut self, question: &str, output: &mut Output<'_>) -> Result<String, CtlError>;

    /// Reads a line of the shell. `client` can be asked for what would fit.
    fn command(
        &mut self,
        prompt: &str,
        client: &Client,
        output: &mut Output<'_>,
    ) -> Result<String, CtlError>;

    /// Whether it edits lines; then the end of the input (Ctrl-D) and Ctrl-C have moved on to a new line by themselves.
    fn edits_lines(&self) -> bool;

    fn lines(&mut self) -> &mut Lines;
}

/// Lines of a file, a pipe, or a terminal that edits them itself.
#[derive(Debug)]
pub struct Lines {
    source: File,
    /// Read, but not yet asked for.
    pending: Vec<u8>,
    /// What ends the waiting; without it, SIGINT has its ordinary effect.
    interrupt: Option<Rc<Interrupt>>,
}

impl Lines {
    pub fn of_stdin() -> io::Result<Self> {
        Ok(Self::new(io::stdin().as_fd().try_clone_to_owned()?))
    }

    pub fn new(source: OwnedFd) -> Self {
        Self {
            source: source.into(),
            pending: Vec::new(),
            interrupt: None,
        }
    }

    pub fn interrupted_by(&mut self, interrupt: Rc<Interrupt>) {
        self.interrupt = Some(interrupt);
    }

    /// Waits for a line, and returns it without its end. The end of the input is no answer (CTL-052), but ends a line.
    pub fn read(&mut self) -> Result<String, CtlError> {
        loop {
            if let Some(line) = self.take() {
                return Ok(line);
            }
            if let Some(interrupt) = &self.interrupt
                && interrupt.wait(&[self.source.as_fd()])?.0
            {
                return Err(CtlError::Interrupted);
            }
            if !self.fill()? {
                return self.take_rest().ok_or(CtlError::EndOfInput);
            }
        }
    }

    /// Whether a line was read already.
    pub fn has_line(&self) -> bool {
        self.pending.contains(&b'\n')
    }

    /// A line that was read already.
    pub fn take(&mut self) -> Option<String> {
        let end = self.pending.iter().position(|&byte| byte == b'\n')?;
        let rest = self.pending.split_off(end + 1);
        let mut line = std::mem::replace(&mut self.pending, rest);
        line.pop();
        Some(text(line))
    }

    /// What is left at the end of the input: a line without an end, if anything.
    pub fn take_rest(&mut self) -> Option<String> {
        let rest = std::mem::take(&mut self.pending);
        (!rest.is_empty()).then(|| text(rest))
    }

    /// Reads once, waiting when it must; false at the end of the input.
    pub fn fill(&mut self) -> io::Result<bool> {
        let mut part = [0; 4096];
        let count = self.source.read(&mut part)?;
        self.pending.extend_from_slice(&part[..count]);
        Ok(count > 0)
    }

    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.source.as_fd()
    }
}

fn text(line: Vec<u8>) -> String {
    String::from_utf8_lossy(&line).into_owned()
}

/// Without editing: the prompt is printed even when nobody sees it, and nothing is echoed (CTL-061).
impl Input for Lines {
    fn ask(&mut self, question: &str, output: &mut Output<'_>) -> Result<String, CtlError> {
        output.bytes(question.as_bytes());
        output.flush();
        self.read()
    }

    fn command(
        &mut self,
        prompt: &str,
        _: &Client,
        output: &mut Output<'_>,
    ) -> Result<String, CtlError> {
        self.ask(prompt, output)
    }

    fn edits_lines(&self) -> bool {
        false
    }

    fn lines(&mut self) -> &mut Lines {
        self
    }
}

#[cfg(test)]
pub mod tests {
    use std::io::Write;

    use super::{CtlError, Lines};

    /// An input that holds this text and no more; a pipe, so it must fit into one.
    pub fn typed(text: &str) -> Lines {
        let (reader, mut writer) = std::io::pipe().expect("a pipe");
        writer.write_all(text.as_bytes()).expect("room in a pipe");
        Lines::new(reader.into())
    }

    // CTL-052, CTL-061
    #[test]
    fn lines_come_one_by_one_and_the_last_needs_no_end() {
        let mut lines = typed("one\n\ntwo\nthree");
        let mut next = || lines.read().map_err(|error| error.to_string());
        assert_eq!(next(), Ok("one".to_owned()));
        assert_eq!(next(), Ok(String::new()));
        assert_eq!(next(), Ok("two".to_owned()));
        assert_eq!(next(), Ok("three".to_owned()));
        assert_eq!(next(), Err(CtlError::EndOfInput.to_string()));
    }
}
