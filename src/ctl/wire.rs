//! A connection on which calls go back and forth, and which the user may interrupt.

use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::rc::Rc;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::error::CtlError;
use super::http::Connection;
use super::interrupt::Interrupt;
use super::server_url::Endpoint;

#[derive(Debug)]
pub struct Wire {
    connection: Connection,
    interrupt: Option<Rc<Interrupt>>,
    interrupted: bool,
    patience: Option<Duration>,
}

impl Wire {
    /// Connects. The system offers no way to watch for the user meanwhile, so then SIGINT has its ordinary effect.
    pub fn open(endpoint: &Endpoint, interrupt: Option<Rc<Interrupt>>) -> Result<Self, CtlError> {
        let connection = match &interrupt {
            Some(interrupt) => interrupt.lifted(|| Connection::open(endpoint)),
            None => Connection::open(endpoint),
        }?;
        Ok(Self {
            connection,
            interrupt,
            interrupted: false,
            patience: None,
        })
    }

    /// Whether the last read ended because the user interrupted it.
    pub fn was_interrupted(&self) -> bool {
        self.interrupted
    }

    /// How long to wait for the next bytes; without, for ever.
    pub fn set_patience(&mut self, patience: Option<Duration>) -> io::Result<()> {
        if patience != self.patience {
            self.connection.set_read_timeout(patience)?;
            self.patience = patience;
        }
        Ok(())
    }

    /// Whether the other side has neither closed the connection nor sent anything unasked.
    pub fn is_silent(&self) -> bool {
        let mut waited = [PollFd::new(self.connection.as_fd(), PollFlags::POLLIN)];
        poll(&mut waited, PollTimeout::ZERO) == Ok(0)
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(interrupt) = &self.interrupt
            && interrupt.wait(&[self.connection.as_fd()])?.0
        {
            self.interrupted = true;
            return Ok(0);
        }
        self.connection.read(buffer)
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.connection.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.connection.flush()
    }
}
