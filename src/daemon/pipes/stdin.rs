//! What is written to a child: queued while it does not read, and refused when too much waits.

use std::collections::VecDeque;
use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::sys::epoll::{Epoll, EpollEvent, EpollFlags};
use nix::unistd::write;

use super::token::Token;
use crate::supervisor::turn::ProcessId;

/// Bytes for a child's stdin that wait for it to read; more are refused.
const STDIN_LIMIT: usize = 16 * 1024 * 1024;

/// The size of a pipe that has been too small, in a form that fcntl takes.
const LARGE_PIPE: i32 = 256 * 1024;

/// Bytes for a child's stdin were not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StdinError {
    /// There is no child, or it has closed its stdin. Our end is to be dropped.
    Closed,
    /// The child does not read, and too much waits for it already.
    Full,
}

/// Our end of a child's stdin.
pub struct Stdin {
    fd: OwnedFd,
    waiting: VecDeque<u8>,
    /// It is on the epoll instance, because something waits.
    watched: bool,
}

impl Stdin {
    pub fn new(fd: OwnedFd) -> Self {
        Self {
            fd,
            waiting: VecDeque::new(),
            watched: false,
        }
    }

    /// Queues bytes and writes as many as the child takes now (QRK-035: a full pipe is not an error).
    pub fn push(&mut self, bytes: &[u8], epoll: &Epoll, id: ProcessId) -> Result<(), StdinError> {
        if self.waiting.len().saturating_add(bytes.len()) > STDIN_LIMIT {
            return Err(StdinError::Full);
        }
        let mut rest = bytes;
        if self.waiting.is_empty()
            && let Ok(written) = write(&self.fd, bytes)
        {
            rest = &bytes[written..];
        }
        // Also when nothing was taken, or the pipe is broken: what that means is decided in one place.
        if !rest.is_empty() {
            self.waiting.extend(rest);
            return self.flush(epoll, id);
        }
        Ok(())
    }

    /// Writes what waits; asks to be woken only while something is left, since a closed pipe is always "ready".
    pub fn flush(&mut self, epoll: &Epoll, id: ProcessId) -> Result<(), StdinError> {
        while !self.waiting.is_empty() {
            let (front, _) = self.waiting.as_slices();
            match write(&self.fd, front) {
                Ok(written) => drop(self.waiting.drain(..written)),
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => {
                    if !self.watched {
                        // A child that gets much at a time gets a larger pipe, so that it need not be given in pieces.
                        let _ = fcntl(&self.fd, FcntlArg::F_SETPIPE_SZ(LARGE_PIPE));
                        let event = EpollEvent::new(EpollFlags::EPOLLOUT, Token::stdin(id).0);
                        self.watched = epoll.add(&self.fd, event).is_ok();
                    }
                    return Ok(());
                }
                // EPIPE: the child does not want to hear more.
                Err(_) => return Err(StdinError::Closed),
            }
        }
        if self.watched {
            self.watched = epoll.delete(&self.fd).is_err();
        }
        Ok(())
    }
}
