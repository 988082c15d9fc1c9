//! Where one stream of a child goes: to a file, to syslog, to both, or nowhere (LOG-001, LOG-012, LOG-029).
//!
//! Made when the child is spawned and dropped with its pipes (LOG-008, LOG-039). What is written here is final: without
//! tokens, escapes stripped. Syslog is best effort and never an error; what goes wrong with the file is told to the
//! caller, who knows the process and what to say about it.

use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::path::Path;

use super::rotating::{RotatingFile, Rotation, WriteError};
use super::special::is_missing_null;
use super::syslog::Syslog;

/// The open log of one stream of one child.
#[derive(Debug, Default)]
pub struct ChildLog {
    file: Option<RotatingFile>,
    syslog: Option<Prefixed>,
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
            false => Some(RotatingFile::open(path, rotation)?),
        };
        Ok(self)
    }

    /// Adds syslog, where each line stands behind the name of its process (LOG-027).
    pub fn with_syslog(mut self, syslog: Syslog, process: &str) -> Self {
        self.syslog = Some(Prefixed {
            syslog,
            prefix: format!("{process} ").into_bytes(),
        });
        self
    }

    /// Writes a chunk as it is (LOG-010).
    pub fn write(&mut self, chunk: &[u8]) -> Result<(), WriteError> {
        if chunk.is_empty() {
            return Ok(());
        }
        if let Some(Prefixed { syslog, prefix }) = &self.syslog {
            syslog.send_lines(prefix, chunk);
        }
        match &mut self.file {
            Some(file) => file.write(chunk),
            None => Ok(()),
        }
    }

    /// Opens the file anew by its name (LOG-038); nothing to do for syslog (LOG-029).
    pub fn reopen(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), RotatingFile::reopen)
    }

    /// Deletes the file and begins a new one (LOG-037); nothing to do for syslog, where the reference fails (LOG-030,
    /// QRK-025). A special file is reopened and not deleted (LOG-026).
    pub fn remove_and_reopen(&mut self) -> io::Result<()> {
        self.file
            .as_mut()
            .map_or(Ok(()), RotatingFile::remove_and_reopen)
    }

    /// The path of the file, if there is one.
    pub fn path(&self) -> Option<&Path> {
        self.file.as_ref().map(RotatingFile::path)
    }

    /// The descriptors that this log alone has open; syslog's is shared.
    pub fn raw_fds(&self) -> impl Iterator<Item = RawFd> {
        self.file.iter().map(AsRawFd::as_raw_fd)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::net::UnixDatagram;
    use std::path::Path;

    use super::ChildLog;
    use crate::logs::rotating::Rotation;
    use crate::logs::scratch::Scratch;
    use crate::logs::syslog::Syslog;

    fn to_file(scratch: &Scratch) -> ChildLog {
        ChildLog::nowhere()
            .with_file(&scratch.path("log"), Rotation::from_options(100, 1))
            .expect("the scratch folder is writable")
    }

    // LOG-012, LOG-005
    #[test]
    fn without_a_file_everything_is_taken_and_dropped() {
        let empty = ChildLog::nowhere().with_file(Path::new(""), Rotation::NEVER);
        for mut log in [ChildLog::nowhere(), empty.expect("no file to open")] {
            log.write(b"dropped").expect("nothing can go wrong");
            log.reopen().expect("nothing to reopen");
            log.remove_and_reopen().expect("nothing to remove");
            assert_eq!(log.raw_fds().count(), 0);
            assert_eq!(log.path(), None);
        }
    }

    // LOG-010
    #[test]
    fn chunks_are_written_raw_and_at_once() {
        let scratch = Scratch::new();
        let mut log = to_file(&scratch);
        log.write(b"\x88 half a li").expect("writable");
        log.write(b"ne\n").expect("writable");
        let bytes = fs::read(scratch.path("log")).expect("was written");
        assert_eq!(bytes, b"\x88 half a line\n");
        assert_eq!(log.raw_fds().count(), 1);
    }

    // LOG-027, LOG-029, LOG-030, QRK-025
    #[test]
    fn file_and_syslog_go_together_and_can_be_cleared() {
        let scratch = Scratch::new();
        let socket = scratch.path("syslog");
        let daemon = UnixDatagram::bind(&socket).expect("a new socket");
        let mut log = to_file(&scratch).with_syslog(Syslog::at(&socket, "supervisord"), "web");
        log.write(b"old\n").expect("writable");
        log.remove_and_reopen().expect("ours to remove");
        log.reopen().expect("writable");
        log.write(b"new\n").expect("writable");
        assert_eq!(scratch.content("log").as_deref(), Some("new\n"));
        for line in ["old", "new"] {
            let mut buffer = [0; 99];
            let length = daemon.recv(&mut buffer).expect("was sent");
            let end = format!("supervisord: web {line}");
            assert!(buffer[..length].ends_with(end.as_bytes()));
        }
    }

    // LOG-024: the spawn error names the errno.
    #[test]
    fn a_file_that_cannot_be_opened_tells_why() {
        let scratch = Scratch::new();
        let nested = scratch.path("no/such/folder");
        let error = ChildLog::nowhere()
            .with_file(&nested, Rotation::NEVER)
            .expect_err("no such folder");
        assert_eq!(error.raw_os_error(), Some(nix::libc::ENOENT));
        let error = ChildLog::nowhere()
            .with_file(scratch.folder(), Rotation::NEVER)
            .expect_err("a folder");
        assert_eq!(error.raw_os_error(), Some(nix::libc::EISDIR));
    }

    // LOG-022, CLT-012: our own stdout, opened anew, or as it is where that cannot be, whatever it is in this test run.
    #[test]
    fn dev_stdout_can_be_a_log() {
        let opened = ChildLog::nowhere().with_file(Path::new("/dev/stdout"), Rotation::NEVER);
        let mut log = opened.expect("stdout is open");
        log.write(b"\n").expect("stdout takes a line");
        log.remove_and_reopen().expect("it is not removed");
        assert!(Path::new("/dev/stdout").is_symlink());
    }

    // LOG-039
    #[test]
    fn a_dropped_log_has_nothing_open() {
        let scratch = Scratch::new();
        let log = to_file(&scratch);
        let descriptor = log.raw_fds().next().expect("the file");
        let link = format!("/proc/self/fd/{descriptor}");
        let target = fs::read_link(&link).expect("open");
        drop(log);
        assert_ne!(fs::read_link(&link).ok(), Some(target));
    }
}
