//! Waiting for a kernel object (a timer, an inotify queue, an epoll instance) to have something to read.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use tokio::io::Interest;
use tokio::io::unix::{AsyncFd, AsyncFdReadyGuard};

/// A descriptor of the object, for the runtime to look at. The object itself stays with whoever reads it.
pub struct Readiness(AsyncFd<OwnedFd>);

impl Readiness {
    /// Needs the runtime's context.
    pub fn of(object: &impl AsFd) -> io::Result<Self> {
        let descriptor = object.as_fd().try_clone_to_owned()?;
        // SAFETY: the descriptor is owned by the `AsyncFd`, which nobody outside can take it from, and which closes it
        // only after taking it off the runtime.
        let registered =
            unsafe { AsyncFd::register_with_interest(descriptor, Interest::READABLE)? };
        Ok(Self(registered))
    }

    /// Resolves when there is something to read. Whoever finds nothing (any more) clears the guard.
    pub async fn readable(&self) -> io::Result<AsyncFdReadyGuard<'_, OwnedFd>> {
        self.0.readable().await
    }
}
