//! Windows into log files, as the RPC methods `read…Log` and `tail…Log` ask for them.
//!
//! The rules are the reference's (`readFile` and `tailFile` in options.py), odd as some are; a table of its answers is
//! beside this file. Data is bytes: whether it may be shown, and what to do with half a character at either end of a
//! window, is the caller's affair (RDL-004, CLT-008). No more is read than was asked for or than the file held when it
//! was asked, whichever is less, so an absurd length costs nothing.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Why a window could not be read.
#[derive(Debug)]
pub enum ReadError {
    /// The signs of offset and length do not go together.
    BadArguments,
    /// The file cannot be opened or read. Whether it exists at all is asked before (RDL-003).
    Failed(io::Error),
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

/// The end of a log, and what a client needs in order to ask for the next piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tail {
    pub data: Vec<u8>,
    /// The size of the file (RPC-172).
    pub offset: i64,
    /// The file is longer than the window that was asked for (RPC-173).
    pub overflow: bool,
}

/// Reads a window of a file (RDL-001, RDL-002, RPC-161 to RPC-166).
///
/// - offset >= 0, length 0: from there to the end; length > 0: at most that much.
/// - offset < 0, length 0: the last `-offset` bytes.
/// - Anything else is [`ReadError::BadArguments`], yet a file that cannot be opened is reported first.
pub fn read_file(path: &Path, offset: i64, length: i64) -> Result<Vec<u8>, ReadError> {
    let (mut file, size) = open(path)?;
    let (from, limit) =
        window(size, offset, length).map_err(|WindowError| ReadError::BadArguments)?;
    Ok(read_window(&mut file, size, from, limit)?)
}

/// The signs of offset and length do not go together.
pub(super) struct WindowError;

/// Where the window begins in a log of this size, and how long it is at most.
pub(super) fn window(size: u64, offset: i64, length: i64) -> Result<(u64, u64), WindowError> {
    if offset < 0 {
        if length != 0 {
            return Err(WindowError);
        }
        return Ok((size.saturating_sub(offset.unsigned_abs()), size));
    }
    let length = u64::try_from(length).map_err(|_| WindowError)?;
    let limit = if length == 0 { u64::MAX } else { length };
    Ok((offset.unsigned_abs(), limit))
}

/// Reads the end of a file (RDL-005, RPC-172 to RPC-178): the last `length` bytes, also when they begin before
/// `offset`, unless `offset` is at the end already. A file that cannot be read is an empty one whose size is `offset`
/// (RDL-006, RPC-179).
pub fn tail_file(path: &Path, offset: i64, length: i64) -> Tail {
    try_tail(path, offset, length).unwrap_or(Tail {
        data: Vec::new(),
        offset,
        overflow: false,
    })
}

fn try_tail(path: &Path, offset: i64, length: i64) -> io::Result<Tail> {
    let (mut file, size) = open(path)?;
    let (from, limit, offset, overflow) = tail_window(size, offset, length);
    Ok(Tail {
        data: read_window(&mut file, size, from, limit)?,
        offset,
        overflow,
    })
}

/// Where the tail of a log of this size begins, how long it is at most, and what it says of the log.
pub(super) fn tail_window(size: u64, offset: i64, length: i64) -> (u64, u64, i64, bool) {
    // No file system holds files whose size is beyond i64.
    let shown_size = i64::try_from(size).unwrap_or(i64::MAX);
    let wanted = if offset >= shown_size {
        0
    } else {
        u64::try_from(length).unwrap_or(0)
    };
    let overflow = i128::from(size) > i128::from(offset) + i128::from(length);
    (size.saturating_sub(wanted), wanted, shown_size, overflow)
}

/// Opens without waiting (a FIFO would make us wait for a writer) and finds the size; what has none is refused.
fn open(path: &Path) -> io::Result<(File, u64)> {
    let mut file = OpenOptions::new()
        .read(true)
        .custom_flags(nix::libc::O_NONBLOCK | nix::libc::O_NOCTTY)
        .open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let size = file.seek(SeekFrom::End(0))?;
    Ok((file, size))
}

/// At most `limit` bytes from `from` on, and none beyond `size`.
fn read_window(file: &mut File, size: u64, from: u64, limit: u64) -> io::Result<Vec<u8>> {
    let length = limit.min(size.saturating_sub(from));
    let mut data = Vec::new();
    // A log may be larger than memory; asking for all of it then fails, and nothing else does.
    usize::try_from(length)
        .ok()
        .and_then(|length| data.try_reserve_exact(length).ok())
        .ok_or(io::ErrorKind::OutOfMemory)?;
    file.seek(SeekFrom::Start(from))?;
    file.take(length).read_to_end(&mut data)?;
    Ok(data)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use nix::sys::stat::Mode;
    use nix::unistd::mkfifo;
    use proptest::prelude::*;

    use super::{ReadError, Tail, read_file, tail_file};
    use crate::logs::scratch::Scratch;

    fn read(path: &Path, offset: i64, length: i64) -> String {
        match read_file(path, offset, length) {
            Ok(data) => String::from_utf8(data).expect("the test's own digits"),
            Err(ReadError::BadArguments) => "!BAD_ARGUMENTS".to_owned(),
            Err(ReadError::Failed(_)) => "!FAILED".to_owned(),
        }
    }

    // RDL-001, RDL-002, RDL-005; RPC-161 to RPC-166, RPC-172 to RPC-178; CLT-008 (a tail of 0, 0 gives the size)
    #[test]
    fn every_window_is_as_the_reference_gives_it() {
        let scratch = Scratch::new();
        let mut rows = 0;
        for line in include_str!("slice_table.txt").lines() {
            if line.starts_with('#') {
                continue;
            }
            let (call, expected) = line.split_once(" =").expect("a row has an answer");
            let expected = expected.trim_start();
            let mut words = call.split(' ');
            let method = words.next().expect("a row has a method");
            let mut number = || {
                words
                    .next()
                    .and_then(|w| w.parse::<i64>().ok())
                    .expect("three numbers")
            };
            let (size, offset, length) = (number(), number(), number());
            let content = &"0123456789"[..usize::try_from(size).expect("a small size")];
            let path = scratch.file(&size.to_string(), content);
            let answer = if method == "read" {
                read(&path, offset, length)
            } else {
                let tail = tail_file(&path, offset, length);
                let data = String::from_utf8(tail.data).expect("the test's own digits");
                format!("{data}|{}|{}", tail.offset, tail.overflow)
            };
            assert_eq!(answer, expected, "{call}");
            rows += 1;
        }
        assert!(rows > 400, "the table is there");
    }

    // RDL-003: the file is opened before the arguments are looked at.
    #[test]
    fn a_file_that_cannot_be_read_fails_whatever_was_asked() {
        let scratch = Scratch::new();
        assert_eq!(read(&scratch.path("missing"), 0, 0), "!FAILED");
        assert_eq!(read(&scratch.path("missing"), -1, -1), "!FAILED");
        assert_eq!(read(scratch.folder(), 0, 0), "!FAILED");
    }

    // RDL-006, RPC-179
    #[test]
    fn the_tail_of_a_file_that_cannot_be_read_is_empty() {
        let scratch = Scratch::new();
        for path in [&scratch.path("missing"), scratch.folder()] {
            let tail = tail_file(path, 7, 3);
            let expected = Tail {
                data: Vec::new(),
                offset: 7,
                overflow: false,
            };
            assert_eq!(tail, expected);
        }
    }

    // RDL-003; a pipe cannot be read back, and must not keep us waiting.
    #[test]
    fn a_fifo_fails_at_once() {
        let scratch = Scratch::new();
        let path = scratch.path("fifo");
        mkfifo(&path, Mode::S_IRWXU).expect("the scratch folder takes FIFOs");
        assert_eq!(read(&path, 0, 0), "!FAILED");
        assert_eq!(tail_file(&path, 5, 5).offset, 5);
    }

    // RPC-166, RPC-168: the greatest numbers are taken as they are.
    #[test]
    fn absurd_numbers_cost_nothing() {
        let scratch = Scratch::new();
        let path = scratch.file("log", "0123456789");
        assert_eq!(read(&path, i64::MIN, 0), "0123456789");
        assert_eq!(read(&path, 3, i64::MAX), "3456789");
        assert_eq!(tail_file(&path, i64::MIN, i64::MAX).data, b"0123456789");
        let far = tail_file(&path, i64::MAX, i64::MAX);
        assert_eq!((far.data.len(), far.offset, far.overflow), (0, 10, false));
    }

    // RDL-001: a sparse file of a terabyte; only what was asked for is read.
    #[test]
    fn windows_of_a_huge_file_are_read_alone() {
        let scratch = Scratch::new();
        let path = scratch.file("log", "");
        let file = std::fs::OpenOptions::new()
            .write(true)
            .open(&path)
            .expect("just made");
        file.set_len(1 << 40)
            .expect("the file system knows sparse files");
        assert_eq!(read_file(&path, 1 << 39, 5).expect("readable"), [0; 5]);
        assert_eq!(read_file(&path, -5, 0).expect("readable"), [0; 5]);
        let tail = tail_file(&path, 0, 5);
        assert_eq!(
            (tail.data.len(), tail.offset, tail.overflow),
            (5, 1 << 40, true)
        );
    }

    /// Python's slices say it best: `data[offset:]`, `data[offset:offset+length]`.
    fn naive_read(data: &[u8], offset: i64, length: i64) -> Option<Vec<u8>> {
        let size = i64::try_from(data.len()).ok()?;
        let (from, to) = match (offset < 0, length) {
            (true, 0) => ((size + offset).max(0), size),
            (false, 0) => (offset, size),
            (false, 1..) => (offset, offset + length),
            _ => return None,
        };
        let clamp = |at: i64| usize::try_from(at.clamp(0, size)).ok();
        Some(data[clamp(from)?..clamp(to)?.max(clamp(from)?)].to_vec())
    }

    proptest! {
        // A file is cheap, but not as cheap as arithmetic.
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn reading_agrees_with_a_slice_of_the_whole(
            data in proptest::collection::vec(any::<u8>(), 0..30), offset in -40..40_i64, length in -3..40_i64
        ) {
            let scratch = Scratch::new();
            let path = scratch.file("log", &data);
            prop_assert_eq!(read_file(&path, offset, length).ok(), naive_read(&data, offset, length));
        }

        #[test]
        fn a_tail_is_always_the_end_of_the_file(
            data in proptest::collection::vec(any::<u8>(), 0..30), offset in -40..40_i64, length in -40..40_i64
        ) {
            let scratch = Scratch::new();
            let path = scratch.file("log", &data);
            let tail = tail_file(&path, offset, length);
            let size = i64::try_from(data.len()).expect("small");
            prop_assert_eq!(tail.offset, size);
            prop_assert_eq!(tail.overflow, size > offset + length);
            prop_assert!(data.ends_with(&tail.data));
            let expected = if offset >= size { 0 } else { length.clamp(0, size) };
            prop_assert_eq!(i64::try_from(tail.data.len()).expect("small"), expected);
        }
    }
}
