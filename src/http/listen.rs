//! Opening the sockets of the HTTP servers: early, blocking, and before any runtime exists.
//!
//! The daemon binds before it forks into the background, so that a failure still has a terminal to tell it on and an
//! exit status to tell it with (LIF-022). A unix socket appears under its name in one step with its final mode: it is
//! made under a temporary name and hard-linked (LIF-019). What is in the way is only removed when it is a socket and
//! nobody answers on it; the reference removes anything (LIF-021, QRK-027).
//!
//! Nothing is accepted here, and nothing is removed by being dropped: the parent of a daemon drops everything and must
//! not take the child's socket with it.

use std::fmt;
use std::fs::{self, Permissions};
use std::io::{self, Read, Write};
use std::net::{Ipv6Addr, SocketAddrV4, SocketAddrV6, TcpListener};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, chown};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, SockaddrIn, SockaddrIn6, SockaddrLike, UnixAddr,
    bind as bind_to, connect, listen, setsockopt, socket, sockopt,
};
use nix::unistd::{Uid, gethostname};

use super::auth::Gate;
use super::io::Listener;
use super::resolve::resolve;
use crate::config::types::{ServerAddress, ServerConfig};

/// How many connections the kernel keeps until they are accepted (HTTP-009).
const BACKLOG: i32 = 1024;

/// How long whoever holds a unix socket may take to answer; after that it is slow, but it is there.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// How often a stale socket is removed before somebody else is believed to be making it.
const ATTEMPTS: usize = 5;

/// A socket that listens, with what belongs to it.
pub struct BoundServer {
    socket: BoundSocket,
    file: Option<SocketFile>,
    gate: Gate,
}

enum BoundSocket {
    Inet(TcpListener),
    Unix(UnixListener),
}

/// What [`serve()`](super::serve()) makes of a [`BoundServer`].
pub(super) struct Parts {
    pub listener: Listener,
    pub file: Option<SocketFile>,
    pub gate: Gate,
}

impl BoundServer {
    /// Whether everybody may come in, which is worth a line in the log (HTTP-013, LIF-026).
    pub fn is_open_to_all(&self) -> bool {
        self.gate.is_open()
    }

    /// Removes the file of a unix socket, if it is still the one that was made here (SHD-013). Serving does this by
    /// itself; it is for a start that fails later.
    pub fn unlink(&self) {
        if let Some(file) = &self.file {
            file.unlink();
        }
    }

    /// Where an inet server listens.
    pub fn inet_address(&self) -> Option<SocketAddrV4> {
        let BoundSocket::Inet(listener) = &self.socket else {
            return None;
        };
        match listener.local_addr().ok()? {
            std::net::SocketAddr::V4(address) => Some(address),
            std::net::SocketAddr::V6(_) => None,
        }
    }

    /// Hands the socket to the runtime.
    pub(super) fn into_parts(self) -> io::Result<Parts> {
        let listener = match self.socket {
            BoundSocket::Inet(socket) => Listener::Inet(tokio::net::TcpListener::from_std(socket)?),
            BoundSocket::Unix(socket) => {
                Listener::Unix(tokio::net::UnixListener::from_std(socket)?)
            }
        };
        Ok(Parts {
            listener,
            file: self.file,
            gate: self.gate,
        })
    }
}

/// The name of a unix socket in the file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SocketFile {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl SocketFile {
    fn find(path: &Path) -> Option<Self> {
        let metadata = fs::symlink_metadata(path).ok()?;
        Some(Self {
            path: path.to_owned(),
            device: metadata.dev(),
            inode: metadata.ino(),
        })
    }

    /// Removes the name, unless somebody has put something else there.
    pub fn unlink(&self) {
        if Self::find(&self.path).as_ref() == Some(self) {
            // Nobody can be told: the daemon is leaving.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Why a server cannot be opened. The text is what follows `Error: `.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BindError {
    /// Somebody answers there (LIF-022).
    InUse,
    /// The system refuses (LIF-023).
    Refused(Errno),
    /// The host of an inet server is unknown (LIF-023).
    UnknownHost,
    /// The path of a unix socket does not fit into an address.
    PathTooLong,
    /// A server for all interfaces, on a machine that does not know its own name (LIF-025).
    UnknownHostname(String),
    /// LIF-024.
    NotPermittedToChown {
        path: PathBuf,
        owner: Option<u32>,
        group: Option<u32>,
    },
    /// What is in the way is not a socket (QRK-027).
    NotASocket(PathBuf),
}

impl From<Errno> for BindError {
    fn from(errno: Errno) -> Self {
        match errno {
            Errno::EADDRINUSE => Self::InUse,
            other => Self::Refused(other),
        }
    }
}

impl From<io::Error> for BindError {
    fn from(error: io::Error) -> Self {
        // Every error of the calls made here has a number; EIO is for the one that nobody has thought of.
        Self::from(error.raw_os_error().map_or(Errno::EIO, Errno::from_raw))
    }
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const CANNOT_OPEN: &str = "Cannot open an HTTP server: socket.error reported";
        match self {
            Self::InUse => f.write_str(
                "Another program is already listening on a port that one of our HTTP servers is configured to use.  \
                 Shut this program down first before starting supervisord.",
            ),
            Self::Refused(Errno::UnknownErrno) => write!(f, "{CANNOT_OPEN} 0"),
            // Python's table of names has this one under its other name.
            Self::Refused(Errno::EOPNOTSUPP) => write!(f, "{CANNOT_OPEN} errno.ENOTSUP (95)"),
            Self::Refused(errno) => {
                let number = *errno as i32;
                write!(f, "{CANNOT_OPEN} errno.{errno:?} ({number})")
            }
            // The resolver's EAI_NONAME
            Self::UnknownHost => write!(f, "{CANNOT_OPEN} -2"),
            Self::PathTooLong => write!(f, "{CANNOT_OPEN} AF_UNIX path too long"),
            Self::UnknownHostname(hostname) => write!(
                f,
                "Could not determine IP address for hostname {hostname}, please try setting an explicit IP address in \
                 the \"port\" setting of your [inet_http_server] section.  For example, instead of \"port = 9001\", \
                 try \"port = 127.0.0.1:9001.\""
            ),
            Self::NotPermittedToChown { path, owner, group } => {
                let number = |id: &Option<u32>| id.map_or(-1, i64::from);
                let (owner, group) = (number(owner), number(group));
                write!(
                    f,
                    "Not permitted to chown {} to uid/gid ({owner}, {group}); adjust \"sockchown\" value in config \
                     file or on command line to values that the current user ({}) can successfully chown",
                    path.display(),
                    current_user()
                )
            }
            Self::NotASocket(path) => write!(
                f,
                "Cannot open an HTTP server: {} exists and is not a socket",
                path.display()
            ),
        }
    }
}

impl std::error::Error for BindError {}

/// The name of the user we run as, or the number of one without a name.
fn current_user() -> String {
    let uid = Uid::effective().as_raw().to_string();
    let users = fs::read("/etc/passwd").unwrap_or_default();
    String::from_utf8_lossy(&users)
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .find(|fields| fields.get(2) == Some(&uid.as_str()))
        .map_or(uid, |fields| fields[0].to_owned())
}

/// Opens the socket of one server. `pid` is part of the temporary name of a unix socket.
pub fn bind(config: &ServerConfig, pid: u32) -> Result<BoundServer, BindError> {
    let (socket, file) = match &config.address {
        ServerAddress::Inet { host, port } => (BoundSocket::Inet(bind_inet(host, *port)?), None),
        ServerAddress::Unix {
            path,
            mode,
            owner,
            group,
        } => {
            let file = UnixFile {
                path,
                mode: *mode,
                owner: *owner,
                group: *group,
            };
            let (listener, made) = file.bind(pid)?;
            (BoundSocket::Unix(listener), Some(made))
        }
    };
    Ok(BoundServer {
        socket,
        file,
        gate: Gate::of(config),
    })
}

fn bind_inet(host: &str, port: u16) -> Result<TcpListener, BindError> {
    if let Some(address) = ipv6(host) {
        return bind_ipv6(address, port);
    }
    let address = if host.is_empty() {
        None
    } else {
        Some(resolve(host).ok_or(BindError::UnknownHost)?)
    };
    let socket = open(AddressFamily::Inet)?;
    setsockopt(&socket, sockopt::ReuseAddr, &true)?;
    let any = std::net::Ipv4Addr::UNSPECIFIED;
    let name = SockaddrIn::from(SocketAddrV4::new(address.unwrap_or(any), port));
    bind_to(socket.as_raw_fd(), &name)?;
    if address.is_none() {
        // The reference wants to know the machine's own address, and gives up without it (LIF-025).
        let hostname = gethostname()?.to_string_lossy().into_owned();
        if resolve(&hostname).is_none() {
            return Err(BindError::UnknownHostname(hostname));
        }
    }
    listen(&socket, Backlog::new(BACKLOG)?)?;
    Ok(TcpListener::from(socket))
}

/// `[::1]`, which the reference takes for a name that nobody has (TYP-016, GO-260).
fn ipv6(host: &str) -> Option<Ipv6Addr> {
    host.strip_prefix('[')?.strip_suffix(']')?.parse().ok()
}

fn bind_ipv6(address: Ipv6Addr, port: u16) -> Result<TcpListener, BindError> {
    let socket = open(AddressFamily::Inet6)?;
    setsockopt(&socket, sockopt::ReuseAddr, &true)?;
    let name = SockaddrIn6::from(SocketAddrV6::new(address, port, 0, 0));
    bind_to(socket.as_raw_fd(), &name)?;
    listen(&socket, Backlog::new(BACKLOG)?)?;
    Ok(TcpListener::from(socket))
}

fn open(family: AddressFamily) -> Result<OwnedFd, Errno> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    socket(family, SockType::Stream, flags, None)
}

/// A unix socket as it is wanted.
struct UnixFile<'a> {
    path: &'a Path,
    mode: u32,
    owner: Option<u32>,
    group: Option<u32>,
}

impl UnixFile<'_> {
    fn bind(&self, pid: u32) -> Result<(UnixListener, SocketFile), BindError> {
        let mut temporary = self.path.as_os_str().to_owned();
        temporary.push(format!(".{pid}"));
        let temporary = PathBuf::from(temporary);
        // Usually not there; if it cannot be removed, binding fails.
        let _ = fs::remove_file(&temporary);
        let result = self.bind_through(&temporary);
        let _ = fs::remove_file(&temporary);
        result
    }

    fn bind_through(&self, temporary: &Path) -> Result<(UnixListener, SocketFile), BindError> {
        let address = UnixAddr::new(temporary).map_err(|_| BindError::PathTooLong)?;
        let socket = open(AddressFamily::Unix)?;
        bind_to(socket.as_raw_fd(), &address)?;
        fs::set_permissions(temporary, Permissions::from_mode(self.mode))?;
        self.link(temporary)?;
        // It can only have vanished again if somebody else removed it.
        let made = SocketFile::find(self.path).ok_or(Errno::ENOENT)?;
        let finished = self
            .hand_over()
            .and_then(|()| Ok(listen(&socket, Backlog::new(BACKLOG)?)?));
        if let Err(error) = finished {
            made.unlink();
            return Err(error);
        }
        Ok((UnixListener::from(socket), made))
    }

    /// Gives the socket its name, removing a stale one first (LIF-020).
    fn link(&self, temporary: &Path) -> Result<(), BindError> {
        for _ in 0..ATTEMPTS {
            match fs::hard_link(temporary, self.path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => self.make_way()?,
                other => return Ok(other?),
            }
        }
        Err(BindError::InUse)
    }

    /// Removes what is in the way, if it is a socket that nobody answers on.
    fn make_way(&self) -> Result<(), BindError> {
        let Some(found) = SocketFile::find(self.path) else {
            return Ok(());
        };
        // A symbolic link that leads nowhere is in the way like a stale socket.
        if fs::metadata(self.path).is_ok_and(|metadata| !metadata.file_type().is_socket()) {
            return Err(BindError::NotASocket(self.path.to_owned()));
        }
        if answers(self.path) {
            return Err(BindError::InUse);
        }
        eprintln!("Unlinking stale socket {}", self.path.display());
        found.unlink();
        Ok(())
    }

    fn hand_over(&self) -> Result<(), BindError> {
        chown(self.path, self.owner, self.group).map_err(|error| {
            if error.raw_os_error() == Some(Errno::EPERM as i32) {
                BindError::NotPermittedToChown {
                    path: self.path.to_owned(),
                    owner: self.owner,
                    group: self.group,
                }
            } else {
                BindError::from(error)
            }
        })
    }
}

/// Whether somebody is there (`http.py`, `checkused`): asks for the page, waits for its first byte. Whoever accepts
/// but is slow is there, and so is whoever has no room for one more connection.
fn answers(path: &Path) -> bool {
    let (Ok(address), Ok(socket)) = (UnixAddr::new(path), open(AddressFamily::Unix)) else {
        return false;
    };
    match connect(socket.as_raw_fd(), &address as &dyn SockaddrLike) {
        Ok(()) => {}
        Err(Errno::EAGAIN) => return true,
        Err(_) => return false,
    }
    let mut stream = UnixStream::from(socket);
    let exchange = stream
        .set_nonblocking(false)
        .and_then(|()| stream.set_read_timeout(Some(ANSWER_LIMIT)))
        .and_then(|()| stream.write_all(b"GET / HTTP/1.0\r\n\r\n"))
        .and_then(|()| stream.read(&mut [0]));
    match exchange {
        Ok(_) => true,
        Err(error) => error.kind() == io::ErrorKind::WouldBlock,
    }
}

#[cfg(test)]
mod tests;
