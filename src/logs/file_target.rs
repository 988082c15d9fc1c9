//! A file as one of the places that a stream goes to: its own, or one that it shares with others.
//!
//! A file that cannot be written (a full disk, say) is told about once, and once more when it can be written again.
//!
//! In a shared file the lines of several streams stand whole: while there is company, the beginning of a line waits for
//! its end (`WholeLines`). Alone, and in a file of its own, a stream's bytes are written as they come.

use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::path::{Path, PathBuf};

use super::counters::LogCounters;
use super::lines::WholeLines;
use super::rotating::{RotatingFile, WriteError};
use super::shared_file::SharedFile;

/// What a target has to say for itself. The path is that of a further file; the first is *the* log.
#[derive(Debug)]
pub enum News<'a> {
    /// A write failed, after those before it had not.
    Failing {
        path: Option<&'a Path>,
        error: &'a WriteError,
    },
    /// A write went well, after those before it had not.
    Again { path: Option<&'a Path> },
}

/// An open file of one stream.
#[derive(Debug)]
pub struct FileTarget {
    writer: Writer,
    /// The last write failed and was told about.
    failing: bool,
    /// It is not the first of its stream.
    further: bool,
}

#[derive(Debug)]
enum Writer {
    Own(RotatingFile),
    Shared {
        file: SharedFile,
        path: PathBuf,
        lines: WholeLines,
    },
}

impl FileTarget {
    pub fn own(file: RotatingFile) -> Self {
        Self {
            writer: Writer::Own(file),
            failing: false,
            further: false,
        }
    }

    pub fn shared(file: SharedFile) -> Self {
        let path = file.borrow().path().to_owned();
        let lines = WholeLines::default();
        Self {
            writer: Writer::Shared { file, path, lines },
            failing: false,
            further: false,
        }
    }

    /// The same as one of several.
    pub fn as_further(mut self) -> Self {
        self.further = true;
        self
    }

    /// Whether both share one writer.
    pub fn is_same(&self, other: &Self) -> bool {
        matches!(&other.writer, Writer::Shared { file, .. } if self.is(file))
    }

    /// Whether it writes with this one.
    pub fn is(&self, other: &SharedFile) -> bool {
        matches!(&self.writer, Writer::Shared { file, .. } if file.is(other))
    }

    pub fn write(
        &mut self,
        chunk: &[u8],
        counters: &mut LogCounters,
        tell: &mut impl FnMut(News<'_>),
    ) {
        match &mut self.writer {
            Writer::Own(file) => {
                let result = write_counted(file, chunk, counters);
                self.report(result, tell);
            }
            Writer::Shared { file, lines, .. } => {
                let now = lines.pass(chunk, file.has_company());
                if !now.is_empty() {
                    let result = write_counted(&mut file.borrow(), &now, counters);
                    self.report(result, tell);
                }
            }
        }
    }

    /// Writes what was held back: the stream has ended.
    pub fn finish(&mut self, counters: &mut LogCounters, tell: &mut impl FnMut(News<'_>)) {
        if let Writer::Shared { file, lines, .. } = &mut self.writer {
            let rest = lines.finish();
            if !rest.is_empty() {
                let result = write_counted(&mut file.borrow(), &rest, counters);
                self.report(result, tell);
            }
        }
    }

    fn report(&mut self, result: Result<(), WriteError>, tell: &mut impl FnMut(News<'_>)) {
        // As it should be, nearly always.
        if result.is_ok() != self.failing {
            return;
        }
        self.failing = result.is_err();
        let path = self.further.then(|| match &self.writer {
            Writer::Own(file) => file.path(),
            Writer::Shared { path, .. } => path,
        });
        tell(match &result {
            Ok(()) => News::Again { path },
            Err(error) => News::Failing { path, error },
        });
    }

    pub fn reopen(&mut self) -> io::Result<()> {
        match &mut self.writer {
            Writer::Own(file) => file.reopen(),
            Writer::Shared { file, .. } => file.borrow().reopen(),
        }
    }

    pub fn remove_and_reopen(&mut self) -> io::Result<()> {
        match &mut self.writer {
            Writer::Own(file) => file.remove_and_reopen(),
            Writer::Shared { file, .. } => file.borrow().remove_and_reopen(),
        }
    }
}

impl AsRawFd for FileTarget {
    fn as_raw_fd(&self) -> RawFd {
        match &self.writer {
            Writer::Own(file) => file.as_raw_fd(),
            Writer::Shared { file, .. } => file.borrow().as_raw_fd(),
        }
    }
}

fn write_counted(
    file: &mut RotatingFile,
    chunk: &[u8],
    counters: &mut LogCounters,
) -> Result<(), WriteError> {
    let rotations = file.rotations();
    let result = file.write(chunk);
    counters.rotations += file.rotations() - rotations;
    if let Err(WriteError::Incomplete { written, .. }) = &result {
        counters.lost_bytes += (chunk.len() - written) as u64;
    }
    result
}
