//! Sockets, and their adapter to hyper's own IO traits.
//!
//! [`Stream`] is one accepted connection of either kind. [`HyperIo`] lends it to hyper, tells the connection's
//! [`Activity`] what goes by, and does two things on the way out:
//!
//! - A client that was refused before it had sent everything gets time to read the answer: closing a TCP socket with
//!   unread bytes in it would make the kernel drop what the client has not read yet.
//! - hyper can only spell header names in lower case or in title case. `WWW-Authenticate` is neither, and is put right
//!   here (HTTP-071).
//!
//! No timer is lent to hyper: its only use is a limit on reading a head that would also count the time between two
//! requests, which may be long (HTTP-042); [`limits`](super::limits) has our own.

use std::future::Future;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bstr::ByteSlice;
use hyper::rt::{Read, ReadBufCursor, Write};
use nix::sys::socket::{MsgFlags, Shutdown, recv, setsockopt, shutdown, sockopt};
use tokio::io::{Interest, Ready};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::time::{Sleep, sleep};

use super::access_log::Peer;
use super::limits::Activity;

/// How much of a request is read at a time.
const BLOCK: usize = 4 << 10;

/// A socket that accepts connections.
pub enum Listener {
    Inet(TcpListener),
    Unix(UnixListener),
}

impl Listener {
    pub async fn accept(&self) -> io::Result<(Stream, Peer)> {
        match self {
            Self::Inet(listener) => {
                let (stream, address) = listener.accept().await?;
                // Neither is worth refusing a client for: the one saves a delay, the other notices vanished hosts.
                let _ = stream.set_nodelay(true);
                let _ = setsockopt(&stream, sockopt::KeepAlive, &true);
                let peer = match address {
                    SocketAddr::V4(address) => Peer::Inet(address),
                    SocketAddr::V6(_) => Peer::Unix,
                };
                Ok((Stream::Inet(stream), peer))
            }
            Self::Unix(listener) => {
                let (stream, _) = listener.accept().await?;
                Ok((Stream::Unix(stream), Peer::Unix))
            }
        }
    }
}

/// An accepted connection.
pub enum Stream {
    Inet(TcpStream),
    Unix(UnixStream),
}

impl Stream {
    /// Resolves when the client has closed its sending side, or, if it keeps sending instead, never.
    pub async fn peer_closed(&self) {
        loop {
            match self.ready_to_read().await {
                Ok(ready) if !ready.is_read_closed() => {}
                Ok(_) | Err(_) => return,
            }
            match self.try_peek() {
                Ok(0) => return,
                Ok(_) => std::future::pending().await,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return,
            }
        }
    }

    async fn ready_to_read(&self) -> io::Result<Ready> {
        match self {
            Self::Inet(stream) => stream.ready(Interest::READABLE).await,
            Self::Unix(stream) => stream.ready(Interest::READABLE).await,
        }
    }

    /// How many bytes there are to read, of one at most.
    fn try_peek(&self) -> io::Result<usize> {
        let descriptor = self.as_fd().as_raw_fd();
        let peek = || Ok(recv(descriptor, &mut [0], MsgFlags::MSG_PEEK)?);
        match self {
            Self::Inet(stream) => stream.try_io(Interest::READABLE, peek),
            Self::Unix(stream) => stream.try_io(Interest::READABLE, peek),
        }
    }

    fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Inet(stream) => stream.poll_read_ready(cx),
            Self::Unix(stream) => stream.poll_read_ready(cx),
        }
    }

    fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Inet(stream) => stream.poll_write_ready(cx),
            Self::Unix(stream) => stream.poll_write_ready(cx),
        }
    }

    fn try_read(&self, block: &mut [u8]) -> io::Result<usize> {
        let result = match self {
            Self::Inet(stream) => stream.try_read(block),
            Self::Unix(stream) => stream.try_read(block),
        };
        if result
            .as_ref()
            .is_ok_and(|&count| 0 < count && count < block.len())
        {
            self.forget_readiness();
        }
        result
    }

    /// After a short read there is nothing left, and asking would be a system call for each request. What comes from now
    /// on, an end included, is told by the kernel anew.
    fn forget_readiness(&self) {
        let nothing = || Err::<(), _>(io::ErrorKind::WouldBlock.into());
        let _ = match self {
            Self::Inet(stream) => stream.try_io(Interest::READABLE, nothing),
            Self::Unix(stream) => stream.try_io(Interest::READABLE, nothing),
        };
    }

    fn try_write_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Self::Inet(stream) => stream.try_write_vectored(slices),
            Self::Unix(stream) => stream.try_write_vectored(slices),
        }
    }

    fn poll_read(&self, cx: &mut Context<'_>, block: &mut [u8]) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.poll_read_ready(cx))?;
            match self.try_read(block) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return Poll::Ready(result),
            }
        }
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Inet(stream) => stream.as_fd(),
            Self::Unix(stream) => stream.as_fd(),
        }
    }
}

/// What hyper reads from and writes to.
pub struct HyperIo {
    stream: Rc<Stream>,
    activity: Rc<Activity>,
    linger: Duration,
    lingering: Option<Pin<Box<Sleep>>>,
}

impl HyperIo {
    pub fn new(stream: Rc<Stream>, activity: Rc<Activity>, linger: Duration) -> Self {
        Self {
            stream,
            activity,
            linger,
            lingering: None,
        }
    }

    /// Throws away what the client still sends, until it stops or has had its time.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(over) = &mut self.lingering else {
            return Poll::Ready(Ok(()));
        };
        let mut block = [0; BLOCK];
        loop {
            if over.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Ok(()));
            }
            match ready!(self.stream.poll_read(cx, &mut block)) {
                Ok(0) | Err(_) => return Poll::Ready(Ok(())),
                Ok(_) => {}
            }
        }
    }
}

impl Read for HyperIo {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let mut block = [0; BLOCK];
        let room = buffer.remaining().min(BLOCK);
        let count = ready!(self.stream.poll_read(cx, &mut block[..room]))?;
        if count > 0 {
            self.activity.received(count)?;
        }
        buffer.put_slice(&block[..count]);
        Poll::Ready(Ok(()))
    }
}

impl Write for HyperIo {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let respelled = match slices.first() {
            Some(head) if self.activity.was_refused() => respell(head),
            Some(_) | None => None,
        };
        loop {
            ready!(self.stream.poll_write_ready(cx))?;
            let result = match &respelled {
                Some(head) => self.stream.try_write_vectored(&[IoSlice::new(head)]),
                None => self.stream.try_write_vectored(slices),
            };
            match result {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => {
                    self.activity.sent();
                    return Poll::Ready(result);
                }
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.activity.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.lingering.is_none() {
            shutdown(self.stream.as_fd().as_raw_fd(), Shutdown::Write)?;
            if self.activity.was_refused() {
                self.lingering = Some(Box::pin(sleep(self.linger)));
            }
        }
        self.poll_linger(cx)
    }
}

/// The head of a 401 with the header's name as the reference spells it; the length stays the same.
fn respell(head: &[u8]) -> Option<Vec<u8>> {
    const TITLE_CASE: &str = "\r\nWww-Authenticate: ";
    const SPELLING: &[u8] = b"\r\nWWW-Authenticate: ";
    let at = head.find(TITLE_CASE)?;
    let mut respelled = head.to_vec();
    respelled[at..at + SPELLING.len()].copy_from_slice(SPELLING);
    Some(respelled)
}

#[cfg(test)]
mod tests {
    use super::respell;

    // HTTP-071
    #[test]
    fn one_header_is_spelled_by_hand() {
        let head = b"HTTP/1.1 401 Unauthorized\r\nWww-Authenticate: Basic\r\n\r\n";
        let respelled = b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\n\r\n";
        assert_eq!(respell(head).as_deref(), Some(&respelled[..]));
        assert_eq!(respell(b"HTTP/1.1 200 OK\r\n\r\n"), None);
    }
}
