//! Ctrl-C, where it is not simply the end of the program.
//!
//! A single command dies of SIGINT as any program does (CTL-085). The shell, a log that is followed and a process in the
//! foreground have something to do afterwards: for them the signal is blocked and read from a descriptor beside whatever
//! else is waited for, so it is seen at one place, between two reads, as if the input had ended.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

/// SIGINT, held back while this lives and readable instead.
#[derive(Debug)]
pub struct Interrupt {
    signals: SignalFd,
    before: SigSet,
}

impl Interrupt {
    pub fn watch() -> io::Result<Self> {
        let before = SigSet::thread_get_mask()?;
        wanted().thread_block()?;
        let flags = SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK;
        let signals = SignalFd::with_flags(&wanted(), flags)?;
        Ok(Self { signals, before })
    }

    /// Waits until one of these can be read or has ended; which of them is told by the flags. True when the user
    /// interrupted instead.
    pub fn wait(&self, others: &[BorrowedFd<'_>]) -> io::Result<(bool, Vec<bool>)> {
        self.wait_until(others, PollTimeout::NONE)
    }

    /// Pauses; true when the user interrupted.
    pub fn pause(&self, length: Duration) -> io::Result<bool> {
        let timeout = PollTimeout::try_from(length).unwrap_or(PollTimeout::MAX);
        Ok(self.wait_until(&[], timeout)?.0)
    }

    fn wait_until(
        &self,
        others: &[BorrowedFd<'_>],
        timeout: PollTimeout,
    ) -> io::Result<(bool, Vec<bool>)> {
        let mut waited = vec![PollFd::new(self.signals.as_fd(), PollFlags::POLLIN)];
        waited.extend(others.iter().map(|fd| PollFd::new(*fd, PollFlags::POLLIN)));
        poll(&mut waited, timeout)?;
        let ready = |fd: &PollFd<'_>| fd.any() == Some(true);
        let others = waited[1..].iter().map(ready).collect();
        Ok((ready(&waited[0]) && self.forget(), others))
    }

    /// Takes what came so far; whether there was any.
    fn forget(&self) -> bool {
        let mut any = false;
        while let Ok(Some(_)) = self.signals.read_signal() {
            any = true;
        }
        any
    }

    /// Does something during which the signal has its ordinary effect.
    pub fn lifted<T>(&self, action: impl FnOnce() -> T) -> T {
        // Masks that were valid before cannot fail.
        let _ = self.before.thread_set_mask();
        let result = action();
        let _ = wanted().thread_block();
        result
    }
}

fn wanted() -> SigSet {
    let mut wanted = SigSet::empty();
    wanted.add(Signal::SIGINT);
    wanted
}

impl Drop for Interrupt {
    fn drop(&mut self) {
        // The signal that ended the following must not kill what follows: it is taken before the mask is lifted.
        self.forget();
        // Restoring a mask that was valid before cannot fail.
        let _ = self.before.thread_set_mask();
    }
}

/// A stream that also ends when the user interrupts.
#[derive(Debug)]
pub struct Interruptible<'i, S> {
    pub stream: S,
    pub interrupt: &'i Interrupt,
    pub interrupted: bool,
}

impl<S: Read + AsFd> Read for Interruptible<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.interrupted || self.interrupt.wait(&[self.stream.as_fd()])?.0 {
            self.interrupted = true;
            return Ok(0);
        }
        self.stream.read(buffer)
    }
}
