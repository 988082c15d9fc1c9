//! A log file that is written at its end and, when it has grown enough, set aside under a number.
//!
//! The rules are the reference's (`RotatingFileHandler` in loggers.py): a chunk is written whole; after the write, if
//! the position has reached `maxbytes`, `app.log.1` becomes `app.log.2` and so on, `app.log` becomes `app.log.1`, and a
//! new `app.log` is begun. With no backups the file is emptied instead.
//!
//! Where we differ, on purpose:
//!
//! - A target without a position (a pipe, a terminal), or one that is reached through `/dev`, is never rotated. The
//!   reference writes and then fails (LOG-023, QRK-026).
//! - The file stays in append mode after a rotation (LOG-020), so that a file emptied by somebody else, or shared with
//!   another writer, does not get holes.
//! - When something fails, the file that was open stays open: a rotation that cannot be done leaves the log growing
//!   and is tried again after another `maxbytes`; a reopening that fails keeps writing to the old file. The caller is
//!   told and decides what to make of it.
//!
//! Opening never waits: a FIFO that nobody reads is an error (ENXIO), where the reference hangs. Writing may wait, as
//! there, so that output to a slow pipe is not lost.

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::fcntl::{FcntlArg, OFlag, fcntl};

use super::special::{is_device_path, own_stream, remove_log};

/// When a log is set aside, and how many old ones are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotation {
    /// 0: never (LOG-014).
    pub maxbytes: u64,
    /// 0: the log is emptied instead (LOG-016).
    pub backups: u64,
}

impl Rotation {
    pub const NEVER: Self = Self {
        maxbytes: 0,
        backups: 0,
    };

    /// From the two options `…_maxbytes` and `…_backups`; a negative number counts as 0.
    pub fn from_options(maxbytes: i64, backups: i64) -> Self {
        Self {
            maxbytes: u64::try_from(maxbytes).unwrap_or(0),
            backups: u64::try_from(backups).unwrap_or(0),
        }
    }
}

/// Why a write did not go as it should.
#[derive(Debug)]
pub enum WriteError {
    /// Only the first `written` bytes are in the log.
    Incomplete { written: usize, error: io::Error },
    /// Everything is in the log, but it could not be set aside.
    NotRotated(io::Error),
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Incomplete { error, .. } => write!(f, "cannot write: {error}"),
            Self::NotRotated(error) => write!(f, "cannot rotate: {error}"),
        }
    }
}

impl std::error::Error for WriteError {}

/// An open log file.
#[derive(Debug)]
pub struct RotatingFile {
    path: PathBuf,
    rotation: Rotation,
    file: File,
    /// It had no position when it was first opened, so a reopening empties what it finds (LOG-025).
    begun_without_position: bool,
    /// The position at which to set the file aside; `None`: this target is never set aside.
    rotate_at: Option<u64>,
    rotations: u64,
}

impl RotatingFile {
    /// Opens the file at its end; it is created when missing, with mode 0666 less the umask (LOG-008).
    pub fn open(path: &Path, rotation: Rotation) -> io::Result<Self> {
        let (file, has_position) = open_for_append(path)?;
        Ok(Self {
            path: path.to_owned(),
            rotation,
            rotate_at: first_rotation(path, rotation, has_position),
            file,
            begun_without_position: !has_position,
            rotations: 0,
        })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How often it has been set aside or emptied since it was opened.
    pub fn rotations(&self) -> u64 {
        self.rotations
    }

    /// Writes a chunk as it is, then sets the file aside if it is full (LOG-010, LOG-014, LOG-017, LOG-018).
    pub fn write(&mut self, chunk: &[u8]) -> Result<(), WriteError> {
        write_whole(&mut self.file, chunk)?;
        let Some(rotate_at) = self.rotate_at else {
            return Ok(());
        };
        // Asked, not counted: others may write to the file, or empty it.
        let position = self
            .file
            .stream_position()
            .map_err(WriteError::NotRotated)?;
        if position < rotate_at {
            return Ok(());
        }
        match self.roll_over() {
            Ok(()) => {
                self.rotate_at = Some(self.rotation.maxbytes);
                self.rotations += 1;
                Ok(())
            }
            Err(error) => {
                self.rotate_at = Some(position.saturating_add(self.rotation.maxbytes));
                Err(WriteError::NotRotated(error))
            }
        }
    }

    /// Opens the file anew by its name, after somebody may have moved it away (LOG-025, LOG-038).
    pub fn reopen(&mut self) -> io::Result<()> {
        let (file, has_position) = open_for_append(&self.path)?;
        if self.begun_without_position && file.metadata()?.is_file() {
            file.set_len(0)?;
        }
        self.file = file;
        self.rotate_at = first_rotation(&self.path, self.rotation, has_position);
        Ok(())
    }

    /// Deletes the file, unless it is not ours to delete, and begins a new one (LOG-026, LOG-037). Backups stay.
    pub fn remove_and_reopen(&mut self) -> io::Result<()> {
        remove_log(&self.path)?;
        self.reopen()
    }

    /// LOG-015, LOG-016. Missing files are no error, not even the log itself.
    fn roll_over(&mut self) -> io::Result<()> {
        let backups = self.rotation.backups;
        if backups > 0 {
            for number in (1..backups).rev() {
                rename_if_there(&self.backup(number), &self.backup(number + 1))?;
            }
            rename_if_there(&self.path, &self.backup(1))?;
        }
        let (file, _) = open_for_append(&self.path)?;
        file.set_len(0)?;
        self.file = file;
        Ok(())
    }

    fn backup(&self, number: u64) -> PathBuf {
        let mut name = OsString::from(&self.path);
        name.push(format!(".{number}"));
        PathBuf::from(name)
    }
}

impl AsRawFd for RotatingFile {
    fn as_raw_fd(&self) -> RawFd {
        self.file.as_raw_fd()
    }
}

/// Opens for writing at the end, and says whether the target has a position at all (LOG-021).
fn open_for_append(path: &Path) -> io::Result<(File, bool)> {
    let opened = OpenOptions::new()
        .append(true)
        .create(true)
        .custom_flags(nix::libc::O_NONBLOCK | nix::libc::O_NOCTTY)
        .open(path);
    let mut file = match opened {
        Ok(file) => file,
        // Others may hold it too, so its flags and its place are let alone.
        Err(error) => return own_stream(path).map(|file| (file, true)).ok_or(error),
    };
    if file.seek(SeekFrom::End(0)).is_ok() {
        return Ok((file, true));
    }
    // Only opening must not wait; see the top of this file.
    let flags = OFlag::from_bits_retain(fcntl(&file, FcntlArg::F_GETFL)?) - OFlag::O_NONBLOCK;
    fcntl(&file, FcntlArg::F_SETFL(flags))?;
    Ok((file, false))
}

fn first_rotation(path: &Path, rotation: Rotation, has_position: bool) -> Option<u64> {
    let rotates = rotation.maxbytes > 0 && has_position && !is_device_path(path);
    rotates.then_some(rotation.maxbytes)
}

fn write_whole(file: &mut File, chunk: &[u8]) -> Result<(), WriteError> {
    let mut written = 0;
    while written < chunk.len() {
        let error = match file.write(&chunk[written..]) {
            Ok(0) => io::ErrorKind::WriteZero.into(),
            Ok(more) => {
                written += more;
                continue;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => error,
        };
        return Err(WriteError::Incomplete { written, error });
    }
    Ok(())
}

fn rename_if_there(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
