//! The listening sockets of FastCGI programs: made here, inherited by children as descriptor 0, shared by all processes
//! of a program (FCG-001 to FCG-011).
//!
//! A socket lives while somebody holds it. A process holds it from just before its start until it has been reaped, or
//! until the start has failed; the last one to let go closes it, and a unix socket's file goes with it. The reference
//! leaves the file behind (FCG-009, SHD-014, QRK-032). Everything here blocks: the sockets are for children that expect
//! them so, and nobody accepts on them in supervisord.
//!
//! Two programs that name one path take it from each other, as in the reference: what is in the way is removed, whatever
//! it is (FCG-007). At the end only our own file is.
//!
//! This module does not know who runs, and starts nobody.

use std::collections::HashMap;
use std::fs::{self, Permissions};
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::rc::{Rc, Weak};

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, SockaddrIn, SockaddrLike, UnixAddr, bind, setsockopt,
    socket, sockopt,
};

use crate::config::types::FcgiConfig;
use crate::model::log;
use crate::model::py_repr::repr_str;
use crate::supervisor::turn::{ProcessId, SocketError};

/// How many connections wait to be accepted when `socket_backlog` does not say; the kernel lowers it to its own limit.
const BACKLOG: i32 = 4096;

/// From the host of a tcp socket to its address; `None` when nobody knows it.
pub type Resolve = fn(&str) -> Option<Ipv4Addr>;

/// All sockets that are open, and who holds them.
pub struct Sockets {
    resolve: Resolve,
    /// Hosts that have been asked for. A start must not wait for a name server, so asking once, when the group is
    /// activated, has to do.
    addresses: HashMap<String, Ipv4Addr>,
    /// By group and URL.
    open: HashMap<(String, String), Weak<Listener>>,
    holders: HashMap<ProcessId, Rc<Listener>>,
}

impl Sockets {
    pub fn new(resolve: Resolve) -> Self {
        Self {
            resolve,
            addresses: HashMap::new(),
            open: HashMap::new(),
            holders: HashMap::new(),
        }
    }

    /// Makes the socket and closes it again, so that a mistake shows when the group is activated and not later
    /// (FCG-001).
    pub fn try_out(&mut self, config: &FcgiConfig) -> Result<(), SocketError> {
        self.listen(config).map(drop)
    }

    /// The socket for a child of this process: the one its group has, or a new one. The process holds it until it is
    /// told to [`let_go`](Self::let_go).
    pub fn hold(
        &mut self,
        id: ProcessId,
        group: &str,
        config: &FcgiConfig,
    ) -> Result<OwnedFd, SocketError> {
        let key = (group.to_owned(), config.url.clone());
        let listener = match self.open.get(&key).and_then(Weak::upgrade) {
            Some(listener) => listener,
            None => {
                let listener = Rc::new(self.listen(config)?);
                self.open.insert(key, Rc::downgrade(&listener));
                listener
            }
        };
        let socket = listener.socket.try_clone();
        self.holders.insert(id, listener);
        socket.map_err(|error| failed(config, in_words(&error, None)))
    }

    /// The process needs no socket any more. The last one of its group closes it (FCG-002).
    pub fn let_go(&mut self, id: ProcessId) {
        if self.holders.remove(&id).is_some() {
            self.open.retain(|_, listener| listener.strong_count() > 0);
        }
    }

    fn listen(&mut self, config: &FcgiConfig) -> Result<Listener, SocketError> {
        log::info!("Creating socket {}", config.url);
        let made = match config.url.strip_prefix("unix://") {
            Some(path) => listen_unix(Path::new(path), config),
            None => self.listen_tcp(config),
        };
        let (socket, file) = made.map_err(|reason| failed(config, reason))?;
        Ok(Listener {
            url: config.url.clone(),
            socket,
            file,
        })
    }

    /// FCG-006
    fn listen_tcp(&mut self, config: &FcgiConfig) -> Result<Made, String> {
        let place = config.url.strip_prefix("tcp://").unwrap_or(&config.url);
        let parts = place.rsplit_once(':');
        let (host, port) = parts
            .and_then(|(host, port)| Some((host, port.parse().ok()?)))
            .ok_or_else(|| format!("Bad socket format {place}"))?;
        let address = self
            .address_of(host)
            .ok_or_else(|| "[Errno -2] Name or service not known".to_owned())?;
        let make = || -> Result<OwnedFd, Errno> {
            let socket = open(AddressFamily::Inet)?;
            setsockopt(&socket, sockopt::ReuseAddr, &true)?;
            let name = SockaddrIn::from(SocketAddrV4::new(address, port));
            bind(socket.as_raw_fd(), &name as &dyn SockaddrLike)?;
            listen(&socket, config)?;
            Ok(socket)
        };
        make()
            .map(|socket| (socket, None))
            .map_err(|errno| in_words(&errno.into(), None))
    }

    fn address_of(&mut self, host: &str) -> Option<Ipv4Addr> {
        if let Some(address) = self.addresses.get(host) {
            return Some(*address);
        }
        let address = (self.resolve)(host)?;
        self.addresses.insert(host.to_owned(), address);
        Some(address)
    }
}

type Made = (OwnedFd, Option<SocketFile>);

/// A socket that listens. It closes when the last holder drops it.
struct Listener {
    url: String,
    socket: OwnedFd,
    file: Option<SocketFile>,
}

impl Drop for Listener {
    fn drop(&mut self) {
        log::info!("Closing socket {}", self.url);
        if let Some(file) = &self.file {
            file.remove();
        }
    }
}

/// The name of a unix socket in the file system, told apart from whatever others put there.
struct SocketFile {
    path: PathBuf,
    device_and_inode: (u64, u64),
}

impl SocketFile {
    fn find(path: &Path) -> io::Result<Self> {
        let metadata = fs::symlink_metadata(path)?;
        Ok(Self {
            path: path.to_owned(),
            device_and_inode: (metadata.dev(), metadata.ino()),
        })
    }

    fn remove(&self) {
        let there = Self::find(&self.path);
        if there.is_ok_and(|there| there.device_and_inode == self.device_and_inode) {
            // What cannot be removed is in nobody's way: the next start does it, or says why it cannot.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// FCG-007, FCG-008. The file has its owner and mode before anybody can connect.
fn listen_unix(path: &Path, config: &FcgiConfig) -> Result<Made, String> {
    if path.exists() {
        fs::remove_file(path).map_err(|error| in_words(&error, Some(path)))?;
    }
    let name = UnixAddr::new(path).map_err(|_| "AF_UNIX path too long".to_owned())?;
    let without_path = |errno: Errno| in_words(&errno.into(), None);
    let socket = open(AddressFamily::Unix).map_err(without_path)?;
    bind(socket.as_raw_fd(), &name as &dyn SockaddrLike).map_err(without_path)?;
    let file = SocketFile::find(path).map_err(|error| in_words(&error, Some(path)))?;
    let ready = own(path, config).and_then(|()| listen(&socket, config).map_err(without_path));
    match ready {
        Ok(()) => Ok((socket, Some(file))),
        Err(reason) => {
            file.remove();
            Err(reason)
        }
    }
}

fn own(path: &Path, config: &FcgiConfig) -> Result<(), String> {
    if let Some((uid, gid)) = config.owner {
        chown(path, Some(uid), gid).map_err(|error| {
            let error = in_words(&error, Some(path));
            format!("Could not change ownership of socket file: {error}")
        })?;
    }
    if let Some(mode) = config.mode {
        fs::set_permissions(path, Permissions::from_mode(mode)).map_err(|error| {
            let error = in_words(&error, Some(path));
            format!("Could not change permissions of socket file: {error}")
        })?;
    }
    Ok(())
}

fn open(family: AddressFamily) -> Result<OwnedFd, Errno> {
    socket(family, SockType::Stream, SockFlag::SOCK_CLOEXEC, None)
}

fn listen(socket: &OwnedFd, config: &FcgiConfig) -> Result<(), Errno> {
    let backlog = config.backlog.unwrap_or(BACKLOG);
    // SAFETY: two numbers. Not through nix, which refuses backlogs that the kernel takes.
    Errno::result(unsafe { libc::listen(socket.as_raw_fd(), backlog) }).map(drop)
}

fn failed(config: &FcgiConfig, reason: String) -> SocketError {
    SocketError {
        url: config.url.clone(),
        reason,
    }
}

/// As Python shows an `OSError`, with the file that a call was about.
fn in_words(error: &io::Error, path: Option<&Path>) -> String {
    let Some(number) = error.raw_os_error() else {
        return error.to_string();
    };
    let text = Errno::from_raw(number).desc();
    match path {
        Some(path) => format!(
            "[Errno {number}] {text}: {}",
            repr_str(&path.to_string_lossy())
        ),
        None => format!("[Errno {number}] {text}"),
    }
}
