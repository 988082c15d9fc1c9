//! The log target `memory`: the last output of a stream, kept in this process (GO-241).
//!
//! It outlives the process that wrote it, so that what a program said before it died can be read, and goes with
//! supervisord. Reading follows the rules of [`slice`](super::slice), as if it were a file of what is kept; only the
//! sizes that a tail speaks of count all that was ever written, so that a client that asks for what is new gets it.

use std::collections::VecDeque;

use super::slice::{ReadError, Tail, WindowError, tail_window, window};

/// How much is kept.
pub const KEPT: usize = 256 * 1024;

/// The end of what one stream has written.
#[derive(Debug, Default)]
pub struct MemoryLog {
    kept: VecDeque<u8>,
    /// Bytes that were written before those that are kept.
    gone: u64,
}

impl MemoryLog {
    pub fn write(&mut self, chunk: &[u8]) {
        let fits = &chunk[chunk.len().saturating_sub(KEPT)..];
        let too_much = (self.kept.len() + fits.len()).saturating_sub(KEPT);
        self.kept.drain(..too_much);
        self.kept.extend(fits);
        self.gone += (too_much + chunk.len() - fits.len()) as u64;
    }

    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// A window, as [`slice::read_file`](super::slice::read_file) gives it of a file.
    pub fn read(&self, offset: i64, length: i64) -> Result<Vec<u8>, ReadError> {
        let size = self.kept.len() as u64;
        let (from, limit) =
            window(size, offset, length).map_err(|WindowError| ReadError::BadArguments)?;
        Ok(self.part(from, limit))
    }

    /// The end, as [`slice::tail_file`](super::slice::tail_file) gives it of a file.
    pub fn tail(&self, offset: i64, length: i64) -> Tail {
        let size = self.gone + self.kept.len() as u64;
        let (from, limit, offset, overflow) = tail_window(size, offset, length);
        Tail {
            data: self.part(from.saturating_sub(self.gone), limit),
            offset,
            overflow,
        }
    }

    fn part(&self, from: u64, limit: u64) -> Vec<u8> {
        let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let kept = self.kept.iter().skip(number(from)).take(number(limit));
        kept.copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{KEPT, MemoryLog};

    fn read(log: &MemoryLog, offset: i64, length: i64) -> String {
        let bytes = log.read(offset, length).expect("signs that go together");
        String::from_utf8(bytes).expect("the test's own text")
    }

    // GO-241, RPC-161 to RPC-166
    #[test]
    fn it_is_read_like_a_file() {
        let mut log = MemoryLog::default();
        assert_eq!(read(&log, 0, 0), "");
        log.write(b"01234");
        log.write(b"56789");
        assert_eq!(read(&log, 0, 0), "0123456789");
        assert_eq!(read(&log, 2, 3), "234");
        assert_eq!(read(&log, -4, 0), "6789");
        assert_eq!(read(&log, 99, 5), "");
        assert!(log.read(-1, 1).is_err() && log.read(0, -1).is_err());
        let tail = log.tail(0, 4);
        assert_eq!(
            (&tail.data[..], tail.offset, tail.overflow),
            (&b"6789"[..], 10, true)
        );
        assert_eq!(log.tail(10, 4).data, b"");
        log.clear();
        assert_eq!(read(&log, 0, 0), "");
    }

    // GO-241
    #[test]
    fn only_the_end_is_kept_and_a_tail_goes_on_counting() {
        let mut log = MemoryLog::default();
        for number in 0..KEPT / 4 {
            log.write(format!("{number:07}\n").as_bytes());
        }
        let all = read(&log, 0, 0);
        assert_eq!(all.len(), KEPT);
        assert!(all.ends_with(&format!("{:07}\n", KEPT / 4 - 1)));
        assert_eq!(read(&log, 0, 8), all[..8]);
        let size = log.tail(0, 0).offset;
        assert_eq!(size, 2 * KEPT as i64);
        log.write(b"news");
        let tail = log.tail(size, 4);
        assert_eq!((&tail.data[..], tail.offset), (&b"news"[..], size + 4));
        log.write(&vec![b'x'; 3 * KEPT]);
        assert_eq!(read(&log, 0, 0), "x".repeat(KEPT));
        assert_eq!(log.tail(0, 0).offset, size + 4 + 3 * KEPT as i64);
        assert_eq!(log.tail(0, i64::MAX).data.len(), KEPT);
    }
}
