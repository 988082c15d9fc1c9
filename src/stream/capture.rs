//! Telling log bytes and communication apart in what a child writes (`…_capture_maxbytes`).
//!
//! ```text
//!            ┌──────── <!--XSUPERVISOR:BEGIN--> ───────┐
//!            │                                         ▼
//!      log: Piece::Log                  captured: Piece::Captured
//!            ▲                                         │
//!            └── <!--XSUPERVISOR:END--> ───────────────┘
//!                       Piece::Communication
//! ```
//!
//! The scanner gets the bytes as they were read, in pieces of any size, and says of each byte whether it belongs to the
//! log or to a communication; the tokens belong to neither. Both kinds are still *output* of the child: the reference
//! shows captured bytes in the debug log and in PROCESS_LOG events too, against its manual, and so do we (CAP-006,
//! QRK-023). Only the file and syslog do not get them.
//!
//! Where we differ from the reference (`POutputDispatcher.record_output`), on purpose:
//!
//! - It holds back anything that is not longer than a token, and loses it when the child exits (CAP-004, QRK-021). We
//!   hold back only what may be the beginning of a token, and [`CaptureScanner::finish`] gives it out at the end.
//! - Its bound on the buffer drops too much or too little (CAP-007, QRK-022). Here a communication is the last
//!   `maxbytes` bytes.
//!
//! The scanner does no IO and knows nothing of files, events or processes. What it has half read is plain data.

use bstr::ByteSlice;

use super::ansi::strip_escapes;

/// Opens a communication (CAP-002).
pub const BEGIN: &[u8] = b"<!--XSUPERVISOR:BEGIN-->";
/// Closes a communication (CAP-002).
pub const END: &[u8] = b"<!--XSUPERVISOR:END-->";

/// What some bytes of a child are.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// For the log file, syslog, the debug log and PROCESS_LOG events. Empty when stripping escapes left nothing.
    Log(&'a [u8]),
    /// Part of a communication that is still open: for the debug log and PROCESS_LOG events only.
    Captured(&'a [u8]),
    /// A whole communication, for its PROCESS_COMMUNICATION event (CAP-008).
    Communication(Vec<u8>),
}

/// The scanner of one stream of one child, from its spawn to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaptureScanner {
    strip_ansi: bool,
    /// `None`: nothing is captured and tokens are ordinary bytes.
    capture: Option<Capture>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Capture {
    maxbytes: usize,
    /// The beginning of a token, perhaps; always shorter than one.
    held_back: Vec<u8>,
    /// The communication that is open, its last `maxbytes` bytes.
    open: Option<Vec<u8>>,
}

impl CaptureScanner {
    /// `maxbytes` of 0 or less: capture is off (CAP-001). With `strip_ansi`, each piece is rid of its escapes (LOG-031).
    pub fn new(maxbytes: i64, strip_ansi: bool) -> Self {
        let maxbytes = usize::try_from(maxbytes).unwrap_or(0);
        let capture = (maxbytes > 0).then(|| Capture {
            maxbytes,
            held_back: Vec::new(),
            open: None,
        });
        Self {
            strip_ansi,
            capture,
        }
    }

    /// Takes what was read and hands out what it means, in order.
    pub fn push(&mut self, chunk: &[u8], mut emit: impl FnMut(Piece<'_>)) {
        let strip_ansi = self.strip_ansi;
        let Some(capture) = &mut self.capture else {
            return emit_log(chunk, strip_ansi, &mut emit);
        };
        if capture.held_back.is_empty() {
            return capture.scan(chunk, strip_ansi, &mut emit);
        }
        let mut joined = std::mem::take(&mut capture.held_back);
        joined.extend_from_slice(chunk);
        capture.scan(&joined, strip_ansi, &mut emit);
    }

    /// The stream has ended: gives out what was held back (QRK-021). A communication that was not closed is
    /// forgotten (CAP-009).
    pub fn finish(&mut self, mut emit: impl FnMut(Piece<'_>)) {
        if let Some(capture) = &mut self.capture {
            let rest = std::mem::take(&mut capture.held_back);
            capture.output(&rest, self.strip_ansi, &mut emit);
            capture.open = None;
        }
    }

    /// Forgets what the open communication has so far; it stays open (CAP-010).
    pub fn clear(&mut self) {
        if let Some(open) = self.capture.as_mut().and_then(|c| c.open.as_mut()) {
            open.clear();
        }
    }
}

impl Capture {
    fn scan(&mut self, mut data: &[u8], strip_ansi: bool, emit: &mut impl FnMut(Piece<'_>)) {
        loop {
            let token = if self.open.is_some() { END } else { BEGIN };
            let Some(at) = data.find(token) else {
                let sure = data.len() - longest_prefix_at_end(data, token);
                self.output(&data[..sure], strip_ansi, emit);
                self.held_back.extend_from_slice(&data[sure..]);
                return;
            };
            self.output(&data[..at], strip_ansi, emit);
            match self.open.take() {
                None => self.open = Some(Vec::new()),
                Some(payload) => emit(Piece::Communication(payload)),
            }
            data = &data[at + token.len()..];
        }
    }

    /// Gives out bytes that are certainly no token.
    fn output(&mut self, data: &[u8], strip_ansi: bool, emit: &mut impl FnMut(Piece<'_>)) {
        let Some(open) = &mut self.open else {
            return emit_log(data, strip_ansi, emit);
        };
        if data.is_empty() {
            return;
        }
        let stripped;
        let data = if strip_ansi {
            stripped = strip_escapes(data);
            &*stripped
        } else {
            data
        };
        let tail = &data[data.len().saturating_sub(self.maxbytes)..];
        let too_many = (open.len() + tail.len()).saturating_sub(self.maxbytes);
        open.drain(..too_many);
        open.extend_from_slice(tail);
        emit(Piece::Captured(data));
    }
}

fn emit_log(data: &[u8], strip_ansi: bool, emit: &mut impl FnMut(Piece<'_>)) {
    if data.is_empty() {
        return;
    }
    if strip_ansi {
        emit(Piece::Log(&strip_escapes(data)));
    } else {
        emit(Piece::Log(data));
    }
}

/// The length of the longest proper prefix of `token` that `data` ends with.
fn longest_prefix_at_end(data: &[u8], token: &[u8]) -> usize {
    (1..token.len())
        .rev()
        .find(|&length| data.ends_with(&token[..length]))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests;
