//! The pidfile: written when everything is ready, removed at the end if this instance wrote it (LIF-033 to LIF-035).
//!
//! While the daemon lives it holds a lock on the file, which is how a second one finds out that the first is alive:
//! it leaves the file alone, says what the reference says when it cannot write, and goes on without (LIF-034). The
//! reference overwrites whatever is there. A stale file, which nobody has locked, is overwritten here too.
//!
//! Only a regular file is locked and removed: `pidfile=/dev/null` is a way to have none, and as root the reference
//! deletes it.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};

use crate::model::log;

/// How often a file that vanishes while we lock it is made again before somebody else is believed to want it.
const ATTEMPTS: usize = 5;

/// A pidfile that this instance wrote.
pub struct Pidfile {
    path: PathBuf,
    held: Held,
}

/// The open file, for as long as the daemon lives.
enum Held {
    Locked(Flock<File>),
    /// No regular file, or one on a file system without locks.
    Unlocked(File),
}

impl Held {
    fn file(&self) -> &File {
        match self {
            Self::Locked(file) => file,
            Self::Unlocked(file) => file,
        }
    }
}

impl Pidfile {
    /// Writes our pid. A file that cannot be written is complained about, and the daemon goes on without one.
    pub fn write(path: &Path) -> Option<Self> {
        let pid = std::process::id();
        let Ok(held) = hold(path).and_then(|held| fill(held, pid)) else {
            log::critical!("could not write pidfile {}", path.display());
            return None;
        };
        log::info!("supervisord started with pid {pid}");
        let path = path.to_owned();
        Some(Self { path, held })
    }
}

impl Drop for Pidfile {
    fn drop(&mut self) {
        // Somebody may have removed it already, or put another in its place; then it is as it should be.
        let ours = self.held.file().metadata();
        if ours.is_ok_and(|ours| ours.is_file() && is_at(&self.path, &ours)) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Opens and locks the file, without changing it. Fails when somebody else holds it.
fn hold(path: &Path) -> io::Result<Held> {
    for _ in 0..ATTEMPTS {
        // Not truncated yet: it may be another's. O_NONBLOCK is for a FIFO that nobody reads.
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .custom_flags(nix::libc::O_NONBLOCK | nix::libc::O_NOCTTY)
            .open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Ok(Held::Unlocked(file));
        }
        let held = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(file) => Held::Locked(file),
            Err((_, errno @ Errno::EWOULDBLOCK)) => return Err(errno.into()),
            Err((file, _)) => Held::Unlocked(file),
        };
        // Whoever had it before us may have removed it between our two calls.
        if is_at(path, &metadata) {
            return Ok(held);
        }
    }
    Err(io::ErrorKind::ResourceBusy.into())
}

fn fill(held: Held, pid: u32) -> io::Result<Held> {
    let mut file = held.file();
    if file.metadata()?.is_file() {
        file.set_len(0)?;
    }
    file.write_all(format!("{pid}\n").as_bytes())?;
    Ok(held)
}

/// Whether this name still leads to that file.
fn is_at(path: &Path, file: &Metadata) -> bool {
    fs::metadata(path).is_ok_and(|found| (found.dev(), found.ino()) == (file.dev(), file.ino()))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::Pidfile;

    fn name(of: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("pidfile-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a temporary folder");
        folder.join(of)
    }

    fn own_pid() -> String {
        format!("{}\n", std::process::id())
    }

    // LIF-033, LIF-035
    #[test]
    fn a_stale_pidfile_is_overwritten_and_removed_at_the_end() {
        let path = name("stale");
        fs::write(&path, "123456789\n").expect("a file");
        let pidfile = Pidfile::write(&path).expect("nobody holds it");
        assert_eq!(fs::read_to_string(&path).expect("written"), own_pid());
        drop(pidfile);
        assert!(!path.exists());
    }

    // LIF-034: nobody's file but ours is written, and nobody's but ours removed
    #[test]
    fn the_pidfile_of_a_live_daemon_is_left_alone() {
        let path = name("live");
        let first = Pidfile::write(&path).expect("nobody holds it");
        fs::write(&path, "first\n").expect("a file");
        assert!(Pidfile::write(&path).is_none());
        assert_eq!(fs::read_to_string(&path).expect("kept"), "first\n");
        drop(first);
        drop(Pidfile::write(&path).expect("free again"));
        assert!(!path.exists());
    }

    // LIF-035
    #[test]
    fn a_file_that_took_the_place_of_ours_stays() {
        let path = name("replaced");
        let pidfile = Pidfile::write(&path).expect("nobody holds it");
        fs::remove_file(&path).expect("it is there");
        fs::write(&path, "another").expect("a file");
        drop(pidfile);
        assert_eq!(fs::read_to_string(&path).expect("kept"), "another");
        fs::remove_file(&path).expect("it is there");
    }

    #[test]
    fn a_device_is_written_and_neither_held_nor_removed() {
        let first = Pidfile::write(Path::new("/dev/null"));
        let second = Pidfile::write(Path::new("/dev/null"));
        assert!(first.is_some() && second.is_some());
        drop((first, second));
        assert!(Path::new("/dev/null").exists());
    }

    // LIF-034: a full disk
    #[test]
    fn a_file_that_cannot_be_written_is_no_reason_to_end() {
        assert!(Pidfile::write(Path::new("/dev/full")).is_none());
        assert!(Pidfile::write(&name("no/such/folder")).is_none());
    }
}
