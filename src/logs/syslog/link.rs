//! The way to a syslog, for a thread that may wait: the local socket, UDP or TCP.
//!
//! A record over TCP ends with a newline (RFC 6587, 3.4.2), as Go's `log/syslog` sends it and every server takes it; a
//! datagram is a record.

use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, UdpSocket};
use std::os::fd::{AsFd, AsRawFd};
use std::path::PathBuf;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{MsgFlags, recv};

use super::Connection;
use crate::logs::resolve::resolve;

/// How long a connection may take to open.
const CONNECT: Duration = Duration::from_secs(5);

/// How long a server may take no bytes before it is given up.
const STALLED: Duration = Duration::from_secs(30);

/// How long a local syslog may be busy before a line is lost.
const BUSY_MILLIS: u16 = 2000;

/// Where a syslog listens.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Destination {
    /// The socket of this machine's syslog daemon.
    Local(PathBuf),
    Udp {
        host: String,
        port: u16,
    },
    Tcp {
        host: String,
        port: u16,
    },
}

/// An open way to a syslog.
#[derive(Debug)]
pub enum Link {
    Local(Connection),
    Udp(UdpSocket),
    Tcp(TcpStream),
}

/// Why a record was not handed over.
#[derive(Debug)]
pub enum SendError {
    /// This record cannot be sent, the next may be.
    Record,
    /// A record before this one was not taken; this one was not sent yet.
    Earlier,
    /// The link is of no use any more, and the record was not taken.
    Link(io::Error),
}

impl Destination {
    pub fn name(&self) -> String {
        match self {
            Self::Local(path) => format!("the syslog at {}", path.display()),
            Self::Udp { host, port } => format!("the syslog at udp:{host}:{port}"),
            Self::Tcp { host, port } => format!("the syslog at tcp:{host}:{port}"),
        }
    }

    /// Opens a link; the first address that answers wins.
    pub fn connect(&self) -> io::Result<Link> {
        match self {
            Self::Local(path) => Connection::new(path).map(Link::Local),
            Self::Udp { host, port } => first(host, *port, |address| {
                let local: SocketAddr = match address.ip() {
                    IpAddr::V4(_) => ([0; 4], 0).into(),
                    IpAddr::V6(_) => ([0; 16], 0).into(),
                };
                let socket = UdpSocket::bind(local)?;
                socket.connect(address)?;
                socket.set_write_timeout(Some(STALLED))?;
                Ok(Link::Udp(socket))
            }),
            Self::Tcp { host, port } => first(host, *port, |address| {
                let stream = TcpStream::connect_timeout(&address, CONNECT)?;
                stream.set_nodelay(true)?;
                stream.set_write_timeout(Some(STALLED))?;
                Ok(Link::Tcp(stream))
            }),
        }
    }
}

fn first(
    host: &str,
    port: u16,
    connect: impl Fn(SocketAddr) -> io::Result<Link>,
) -> io::Result<Link> {
    let mut last = io::Error::other("no such host");
    for address in resolve(host) {
        match connect((address, port).into()) {
            Ok(link) => return Ok(link),
            Err(error) => last = error,
        }
    }
    Err(last)
}

impl Link {
    /// Hands over a record.
    pub fn send(&mut self, record: &[u8]) -> Result<(), SendError> {
        match self {
            Self::Local(connection) => loop {
                match connection.send(record) {
                    Ok(()) => return Ok(()),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        let mut ready = [PollFd::new(connection.as_fd(), PollFlags::POLLOUT)];
                        match poll(&mut ready, PollTimeout::from(BUSY_MILLIS)) {
                            Ok(0) => return Err(SendError::Record),
                            Ok(_) | Err(Errno::EINTR) => {}
                            Err(errno) => return Err(SendError::Link(errno.into())),
                        }
                    }
                    Err(error) => return Err(SendError::Link(error)),
                }
            },
            Self::Udp(socket) => match socket.send(record) {
                Ok(_) => Ok(()),
                // The answer to an earlier datagram: nobody listened.
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                    Err(SendError::Earlier)
                }
                Err(error) if error.raw_os_error() == Some(nix::libc::EMSGSIZE) => {
                    Err(SendError::Record)
                }
                Err(error) => Err(SendError::Link(error)),
            },
            Self::Tcp(stream) => {
                let sent = ended(stream).and_then(|()| stream.write_all(&[record, b"\n"].concat()));
                sent.map_err(SendError::Link)
            }
        }
    }
}

/// An error when the server has closed the connection: what is written then is accepted by the kernel and lost. What a
/// server says is not listened to.
fn ended(stream: &TcpStream) -> io::Result<()> {
    let mut heard = [0; 512];
    loop {
        match recv(stream.as_raw_fd(), &mut heard, MsgFlags::MSG_DONTWAIT) {
            Ok(0) => return Err(io::ErrorKind::ConnectionReset.into()),
            Ok(_) | Err(Errno::EINTR) => {}
            Err(Errno::EAGAIN) => return Ok(()),
            Err(errno) => return Err(errno.into()),
        }
    }
}
