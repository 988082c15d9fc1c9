//! Bytes that come in pieces, put together to lines.
//!
//! [`Lines`] hands out each line without its newline, for targets that take a line at a time. [`WholeLines`] passes
//! bytes on as they are, but never the beginning of a line without its end, for targets that several streams write to.
//! Both hold the last, unfinished line, and neither holds more than a bound: what is longer goes out in parts. Nothing is
//! lost and nothing is added.

use std::borrow::Cow;

use bstr::ByteSlice;

/// The longest line that is held.
pub const LINE_LIMIT: usize = 64 * 1024;

/// The unfinished line of a stream of lines.
#[derive(Debug)]
pub struct Lines {
    held: Vec<u8>,
    limit: usize,
}

/// One line, or a part of one that is too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    pub bytes: &'a [u8],
    /// The line goes on in the next one.
    pub goes_on: bool,
}

impl Lines {
    /// `limit` is more than the length of a character.
    pub fn with_limit(limit: usize) -> Self {
        Self {
            held: Vec::new(),
            limit,
        }
    }

    /// Takes what has come and hands out the lines that are complete by now.
    pub fn push(&mut self, mut chunk: &[u8], mut emit: impl FnMut(Line<'_>)) {
        while let Some(end) = chunk.find_byte(b'\n') {
            let rest = self.cut(&chunk[..end], &mut emit);
            if self.held.is_empty() {
                emit(whole(rest));
            } else {
                self.held.extend_from_slice(rest);
                emit(whole(&self.held));
                self.held.clear();
            }
            chunk = &chunk[end + 1..];
        }
        let rest = self.cut(chunk, &mut emit);
        self.held.extend_from_slice(rest);
    }

    /// Nothing more will come: hands out a last line that has no end.
    pub fn finish(&mut self, mut emit: impl FnMut(Line<'_>)) {
        if !self.held.is_empty() {
            emit(whole(&self.held));
            self.held.clear();
        }
    }

    /// Hands out what is too much to be held, in parts that cut no character; the rest fits.
    fn cut<'a>(&mut self, mut piece: &'a [u8], emit: &mut impl FnMut(Line<'_>)) -> &'a [u8] {
        while self.held.len() + piece.len() > self.limit {
            let (now, later) = piece.split_at(self.limit.saturating_sub(self.held.len()));
            self.held.extend_from_slice(now);
            let end = character_end(&self.held, later);
            emit(Line {
                bytes: &self.held[..end],
                goes_on: true,
            });
            self.held.drain(..end);
            piece = later;
        }
        piece
    }
}

fn whole(bytes: &[u8]) -> Line<'_> {
    Line {
        bytes,
        goes_on: false,
    }
}

/// Where the last character ends that is not continued in `later`; the very end when these are no characters.
fn character_end(bytes: &[u8], later: &[u8]) -> usize {
    let continues = |byte: u8| byte & 0xc0 == 0x80;
    if !later.first().copied().is_some_and(continues) {
        return bytes.len();
    }
    let begin = bytes
        .iter()
        .rev()
        .take(3)
        .position(|&byte| !continues(byte));
    match begin {
        Some(back) if back + 1 < bytes.len() => bytes.len() - back - 1,
        _ => bytes.len(),
    }
}

/// The unfinished line of a stream whose bytes are passed on.
#[derive(Debug, Default)]
pub struct WholeLines {
    held: Vec<u8>,
}

impl WholeLines {
    /// What may be passed on now: up to the last newline, or with `hold` off everything.
    pub fn pass<'a>(&mut self, chunk: &'a [u8], hold: bool) -> Cow<'a, [u8]> {
        let end = match chunk.rfind_byte(b'\n') {
            Some(last) if hold => last + 1,
            None if hold && self.held.len() + chunk.len() <= LINE_LIMIT => 0,
            _ => chunk.len(),
        };
        let (now, later) = chunk.split_at(end);
        let now = if self.held.is_empty() || now.is_empty() {
            Cow::Borrowed(now)
        } else {
            let mut joined = std::mem::take(&mut self.held);
            joined.extend_from_slice(now);
            Cow::Owned(joined)
        };
        self.held.extend_from_slice(later);
        now
    }

    /// What was held: nothing more will come.
    pub fn finish(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.held)
    }
}

#[cfg(test)]
mod tests {
    use super::{LINE_LIMIT, Lines, WholeLines};
    use proptest::prelude::*;

    /// The lines, a `+` behind those that go on.
    fn lines(limit: usize, chunks: &[&[u8]]) -> Vec<String> {
        let mut seen = Vec::new();
        let mut lines = Lines::with_limit(limit);
        let mut emit = |line: super::Line<'_>| {
            let mark = if line.goes_on { "+" } else { "" };
            seen.push(format!("{}{mark}", String::from_utf8_lossy(line.bytes)));
        };
        for chunk in chunks {
            lines.push(chunk, &mut emit);
        }
        lines.finish(emit);
        seen
    }

    #[test]
    fn lines_are_whole_wherever_they_were_cut() {
        let cut: [&[u8]; 5] = [b"one\ntw", b"", b"o\n\nthr", b"ee", b"\nend"];
        assert_eq!(lines(99, &cut), ["one", "two", "", "three", "end"]);
        assert_eq!(lines(99, &[b"\n"]), [""]);
        assert_eq!(lines(99, &[]), [""; 0]);
    }

    #[test]
    fn a_line_that_is_too_long_comes_in_parts() {
        assert_eq!(lines(4, &[b"abcd\n"]), ["abcd"]);
        assert_eq!(lines(4, &[b"abcde\nx"]), ["abcd+", "e", "x"]);
        assert_eq!(
            lines(4, &[b"ab", b"cdefgh", b"ijk\n"]),
            ["abcd+", "efgh+", "ijk"]
        );
        assert_eq!(lines(4, &[b"abcd", b"\n"]), ["abcd"]);
    }

    #[test]
    fn a_cut_leaves_characters_whole() {
        assert_eq!(
            lines(5, &["aé€é€\n".as_bytes()]),
            ["aé+", "€é+", "€"],
            "é has two bytes, € three"
        );
        // No characters at all: cut anywhere, lose nothing.
        assert_eq!(lines(4, &[&[0x80; 9]]).len(), 3);
    }

    #[test]
    fn whole_lines_hold_the_beginning_of_a_line_and_nothing_else() {
        let mut stream = WholeLines::default();
        assert_eq!(stream.pass(b"one\ntw", true), &b"one\n"[..]);
        assert_eq!(stream.pass(b"o", true), &b""[..]);
        assert_eq!(stream.pass(b"\nthree\nfo", true), &b"two\nthree\n"[..]);
        assert_eq!(stream.pass(b"u", false), &b"fou"[..]);
        assert_eq!(stream.pass(b"r", true), &b""[..]);
        assert_eq!(stream.finish(), b"r");
        assert_eq!(stream.finish(), b"");
        let long = vec![b'x'; LINE_LIMIT];
        assert_eq!(stream.pass(&long, true), &b""[..]);
        assert_eq!(stream.pass(b"y", true).len(), LINE_LIMIT + 1);
    }

    proptest! {
        #[test]
        fn the_cuts_of_reading_make_no_difference(
            text in "[a-cé\n]{0,40}", cuts in proptest::collection::vec(0..60_usize, 0..5), limit in 4..12_usize
        ) {
            let bytes = text.as_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let chunks: Vec<&[u8]> = cuts.windows(2).map(|two| &bytes[two[0]..two[1]]).collect();
            let joined = lines(limit, &chunks).join("\n").replace("+\n", "");
            let without_end = text.strip_suffix('\n').unwrap_or(&text);
            prop_assert_eq!(&joined, without_end);
            prop_assert_eq!(lines(limit, &chunks), lines(limit, &[bytes]));
            let mut stream = WholeLines::default();
            let mut passed = Vec::new();
            for chunk in &chunks {
                let now = stream.pass(chunk, true).into_owned();
                prop_assert!(now.is_empty() || now.ends_with(b"\n"));
                passed.extend(now);
            }
            passed.extend(stream.finish());
            prop_assert_eq!(passed, bytes);
        }
    }
}
