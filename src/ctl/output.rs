//! Where a session's words go.
//!
//! Nearly everything goes to stdout, errors included; only a failing `tail -f` and usage errors speak on stderr (CTL-036).
//! Lines are gathered and shown before each wait, so that progress is seen as it happens and a thousand lines are no
//! thousand writes.
//!
//! A reader who leaves (`supervisorctl restart all | head -1`) must not leave processes half restarted: a failed write is
//! remembered, and the command goes on without words.

use std::io::{self, BufWriter, Write};

/// So much is gathered before it is shown without being asked for.
const GATHERED: usize = 1 << 17;

/// Both outputs of a session.
pub struct Output<'w> {
    words: BufWriter<Box<dyn Write + 'w>>,
    errors: Box<dyn Write + 'w>,
    failure: Option<io::Error>,
    terminal: bool,
    colour: bool,
    /// Whether words go where errors go, since stdout is for a program to read.
    aside: bool,
}

impl<'w> Output<'w> {
    pub fn new(words: impl Write + 'w, errors: impl Write + 'w) -> Self {
        Self {
            words: BufWriter::with_capacity(GATHERED, Box::new(words)),
            errors: Box::new(errors),
            failure: None,
            terminal: false,
            colour: false,
            aside: false,
        }
    }

    /// Whether there is somebody who sees the words, and sees them in colour.
    pub fn seen(mut self, terminal: bool, colour: bool) -> Self {
        (self.terminal, self.colour) = (terminal, colour);
        self
    }

    pub fn is_terminal(&self) -> bool {
        self.terminal
    }

    pub fn is_coloured(&self) -> bool {
        self.colour
    }

    /// Sends all lines to stderr, or to stdout again.
    pub fn set_aside(&mut self, aside: bool) {
        self.aside = aside;
    }

    /// A line on stdout.
    pub fn line(&mut self, text: &str) {
        if self.aside {
            return self.complaint(text);
        }
        self.bytes(text.as_bytes());
        self.bytes(b"\n");
    }

    /// Bytes on stdout as they are.
    pub fn bytes(&mut self, bytes: &[u8]) {
        if self.failure.is_none() {
            self.failure = self.words.write_all(bytes).err();
        }
    }

    /// A line on stderr, after all that was said so far.
    pub fn complaint(&mut self, text: &str) {
        self.flush();
        // When stderr fails too there is nobody left to tell.
        let _ = writeln!(self.errors, "{text}");
    }

    /// A question on stderr, without a line end.
    pub fn question_on_stderr(&mut self, text: &str) {
        self.flush();
        let _ = self.errors.write_all(text.as_bytes());
        let _ = self.errors.flush();
    }

    /// Shows what was gathered.
    pub fn flush(&mut self) {
        if self.failure.is_none() {
            self.failure = self.words.flush().err();
        }
    }

    /// Why words were lost, if any were.
    pub fn failure(&self) -> Option<&io::Error> {
        self.failure.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};

    use super::Output;

    struct Full;

    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    // CTL-036
    #[test]
    fn words_and_complaints_go_their_own_ways() {
        let (mut words, mut errors) = (Vec::new(), Vec::new());
        let mut output = Output::new(&mut words, &mut errors);
        output.line("one");
        output.complaint("two");
        output.bytes(b"\xff");
        output.flush();
        drop(output);
        assert_eq!(words, b"one\n\xff");
        assert_eq!(errors, b"two\n");
    }

    #[test]
    fn a_failed_write_is_remembered_and_not_repeated() {
        let mut output = Output::new(Full, io::sink());
        output.line("one");
        assert!(output.failure().is_none());
        output.flush();
        output.line("two");
        output.flush();
        let kind = output.failure().map(io::Error::kind);
        assert_eq!(kind, Some(io::ErrorKind::StorageFull));
    }
}
