//! Where one stream of a child goes: to a file, to syslog, to both, or nowhere (LOG-001, LOG-012, LOG-029); with
//! extensions to any number of places, its lines formatted ([`beyond`](super::beyond)).
//!
//! Made when the child is spawned and dropped with its pipes (LOG-008, LOG-039). What is written here is final: without
//! tokens, escapes stripped. Syslog is best effort and never an error; what goes wrong with a file is told to the
//! caller, who knows the process and what to say about it, and keeps nobody else from getting the same bytes.

use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::path::Path;
use std::time::SystemTime;

use super::beyond::Beyond;
use super::counters::LogCounters;
use super::file_target::{FileTarget, News};
use super::rotating::{RotatingFile, Rotation};
use super::shared_file::SharedFile;
use super::special::is_missing_null;
use super::syslog::Syslog;

/// The open log of one stream of one child.
#[derive(Debug, Default)]
pub struct ChildLog {
    /// The first file, which is the one that clients read.
    file: Option<FileTarget>,
    syslog: Option<Prefixed>,
    /// What only an extension asks for.
    beyond: Option<Box<Beyond>>,
    counters: LogCounters,
}

#[derive(Debug)]
struct Prefixed {
    syslog: Syslog,
    /// The process's name and a blank.
    prefix: Vec<u8>,
}

impl ChildLog {
    /// A log that goes nowhere.
    pub fn nowhere() -> Self {
        Self::default()
    }

    /// Adds a file, opened now. An empty path is no file (LOG-005). The error is what a spawn fails with (LOG-024).
    pub fn with_file(mut self, path: &Path, rotation: Rotation) -> io::Result<Self> {
        self.file = match path.as_os_str().is_empty() || is_missing_null(path) {
            true => None,
            false => Some(FileTarget::own(RotatingFile::open(path, rotation)?)),
        };
        Ok(self)
    }

    /// Adds a file that others may write to as well.
    pub fn with_shared_file(mut self, file: SharedFile) -> Self {
        self.file = Some(FileTarget::shared(file));
        self
    }

    /// Adds syslog, where each line stands behind the name of its process (LOG-027).
    pub fn with_syslog(mut self, syslog: Syslog, process: &str) -> Self {
        self.syslog = Some(Prefixed {
            syslog,
            prefix: format!("{process} ").into_bytes(),
        });
        self
    }

    /// Adds what an extension asks for.
    pub fn with_more(mut self, beyond: Beyond) -> Self {
        self.beyond = Some(Box::new(beyond));
        self
    }

    /// Writes a chunk as it is (LOG-010), unless a format is asked for.
    pub fn write(&mut self, chunk: &[u8], mut tell: impl FnMut(News<'_>)) {
        if chunk.is_empty() {
            return;
        }
        let Self {
            file,
            syslog,
            beyond,
            counters,
        } = self;
        counters.bytes += chunk.len() as u64;
        if let Some(Prefixed { syslog, prefix }) = syslog {
            syslog.send_lines(prefix, chunk);
        }
        match (beyond, file) {
            (Some(beyond), file) => {
                let at = SystemTime::now();
                beyond.write(chunk, at, file.as_mut(), counters, &mut tell);
            }
            (None, Some(file)) => file.write(chunk, counters, &mut tell),
            (None, None) => {}
        }
    }

    /// The stream has ended: writes what was held back.
    pub fn finish(&mut self, mut tell: impl FnMut(News<'_>)) {
        let Self {
            file,
            beyond,
            counters,
            ..
        } = self;
        if let Some(beyond) = beyond {
            beyond.finish(SystemTime::now(), file.as_mut(), counters, &mut tell);
        } else if let Some(file) = file {
            file.finish(counters, &mut tell);
        }
    }

    /// Opens all files anew by their names (LOG-038); nothing to do for syslog (LOG-029). One that fails keeps none of the
    /// others from it; the first error is the result.
    pub fn reopen(&mut self) -> io::Result<()> {
        self.each_file(FileTarget::reopen)
    }

    /// Deletes the files and begins new ones (LOG-037); nothing to do for syslog, where the reference fails (LOG-030,
    /// QRK-025). A special file is reopened and not deleted (LOG-026).
    pub fn remove_and_reopen(&mut self) -> io::Result<()> {
        self.each_file(FileTarget::remove_and_reopen)
    }

    fn each_file(&mut self, act: impl Fn(&mut FileTarget) -> io::Result<()>) -> io::Result<()> {
        let further = self.beyond.iter_mut().flat_map(|beyond| beyond.files());
        let mut result = Ok(());
        for file in self.file.iter_mut().chain(further) {
            result = result.and(act(file));
        }
        result
    }

    /// What was written and what was not, since the log was opened.
    pub fn counters(&self) -> LogCounters {
        self.counters
    }

    /// The descriptors that this log alone has open; syslog's is shared.
    pub fn raw_fds(&self) -> impl Iterator<Item = RawFd> {
        self.file.iter().map(AsRawFd::as_raw_fd)
    }
}

#[cfg(test)]
#[path = "child_log_tests.rs"]
mod tests;
