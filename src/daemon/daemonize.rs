//! Into the background: one fork, a session of our own, and nothing of the terminal left (LIF-028 to LIF-032).
//!
//! Done when everything that can fail has been done, so that failures still have a terminal and an exit status
//! (LIF-002), and before any runtime exists: what a fork does to threads and to an epoll instance in use is nobody's
//! wish. Whatever is open (the log, the sockets) is the child's from then on; the parent leaves without touching it.

use std::fs::OpenOptions;
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::path::Path;

use nix::errno::Errno;
use nix::sys::stat::{Mode, umask};
use nix::unistd::{ForkResult, fork, setsid};

use crate::model::log;
use crate::model::py_repr::repr_str;

/// Returns in the child, which is a daemon then. The parent leaves with status 0 and never returns. An error is the
/// fork's, and nothing has changed.
///
/// Must be called while the process has one thread.
pub fn into_background(directory: Option<&Path>, mask: u32) -> io::Result<()> {
    // SAFETY: there is only this thread, so the child may do whatever the parent might have done.
    match unsafe { fork() }? {
        ForkResult::Parent { .. } => {
            log::blather!("supervisord forked; parent exiting");
            // SAFETY: ends the process. Not by returning: whatever is cleaned up on the way belongs to the child.
            unsafe { libc::_exit(0) }
        }
        ForkResult::Child => {}
    }
    log::info!("daemonizing the supervisord process");
    if let Some(directory) = directory {
        change_directory(directory);
    }
    if let Err(error) = leave_the_terminal() {
        // The reference would end here; its parent has already said that all is well.
        log::critical!("cannot put /dev/null in the place of the terminal: {error}");
    }
    // Fails only for the leader of a process group, which a child is not.
    let _ = setsid();
    umask(Mode::from_bits_truncate(mask));
    Ok(())
}

/// LIF-029: one that cannot be entered is complained about, and the daemon stays where it is.
fn change_directory(directory: &Path) {
    let shown = repr_str(&directory.to_string_lossy());
    match nix::unistd::chdir(directory) {
        Ok(()) => log::info!("set current directory: {shown}"),
        Err(errno) => log::critical!("can't chdir into {shown}: {}", os_error(errno, &shown)),
    }
}

/// Python's text of an `OSError` about a path.
fn os_error(errno: Errno, shown: &str) -> String {
    format!("[Errno {}] {}: {shown}", errno as i32, errno.desc())
}

fn leave_the_terminal() -> io::Result<()> {
    let input = OpenOptions::new().read(true).open("/dev/null")?;
    let output = OpenOptions::new().write(true).open("/dev/null")?;
    replace(input.as_raw_fd(), 0)?;
    replace(output.as_raw_fd(), 1)?;
    replace(output.as_raw_fd(), 2)
}

fn replace(by: RawFd, standard: RawFd) -> io::Result<()> {
    // SAFETY: nothing in this process owns a standard descriptor; std only borrows them.
    Errno::result(unsafe { libc::dup2(by, standard) })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use nix::errno::Errno;

    use super::os_error;

    // LIF-029
    #[test]
    fn an_error_about_a_directory_reads_as_in_python() {
        assert_eq!(
            os_error(Errno::EACCES, "'/root'"),
            "[Errno 13] Permission denied: '/root'"
        );
    }
}
