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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::ErrorKind;
    use std::net::{Ipv4Addr, TcpListener, TcpStream};
    use std::os::fd::OwnedFd;
    use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
    use std::os::unix::net::{UnixListener, UnixStream};
    use std::path::Path;

    use super::Sockets;
    use crate::config::types::FcgiConfig;
    use crate::logs::scratch::Scratch;
    use crate::supervisor::turn::ProcessId;

    const ONE: ProcessId = ProcessId(1);
    const TWO: ProcessId = ProcessId(2);

    fn sockets() -> Sockets {
        Sockets::new(|host| match host {
            "here" => Some(Ipv4Addr::LOCALHOST),
            _ => host.parse().ok(),
        })
    }

    fn unix(path: &Path) -> FcgiConfig {
        FcgiConfig {
            url: format!("unix://{}", path.display()),
            owner: None,
            mode: Some(0o700),
            backlog: None,
        }
    }

    fn tcp(host: &str, port: u16) -> FcgiConfig {
        FcgiConfig {
            url: format!("tcp://{host}:{port}"),
            owner: None,
            mode: None,
            backlog: None,
        }
    }

    /// A port that was free a moment ago.
    fn free_port() -> u16 {
        let probe = TcpListener::bind("127.0.0.1:0").expect("loopback has ports");
        probe.local_addr().expect("it is bound").port()
    }

    fn error(sockets: &mut Sockets, config: &FcgiConfig) -> String {
        let answer = sockets.hold(ONE, "g", config);
        answer.expect_err("it cannot be made").to_string()
    }

    // FCG-002, FCG-009, FCG-010, QRK-032
    #[test]
    fn a_group_shares_one_socket_until_its_last_process_lets_go() {
        let scratch = Scratch::new();
        let path = scratch.path("f.sock");
        let config = unix(&path);
        let mut sockets = sockets();
        let first = sockets.hold(ONE, "g", &config).expect("it can be made");
        let inode = fs::metadata(&path).expect("it is there").ino();
        let second = sockets.hold(TWO, "g", &config).expect("it is there");
        sockets.let_go(ONE);
        drop(first);
        assert_eq!(fs::metadata(&path).expect("it is still there").ino(), inode);

        let client = UnixStream::connect(&path).expect("somebody listens");
        let listener = UnixListener::from(second);
        listener
            .accept()
            .expect("what a child inherits is that socket");
        drop(client);

        sockets.let_go(TWO);
        sockets.let_go(TWO);
        assert!(!path.exists());
        assert!(sockets.open.is_empty() && sockets.holders.is_empty());
    }

    // FCG-004
    #[test]
    fn the_same_process_may_hold_again() {
        let scratch = Scratch::new();
        let config = unix(&scratch.path("f.sock"));
        let mut sockets = sockets();
        for _ in 0..3 {
            drop(sockets.hold(ONE, "g", &config).expect("it can be made"));
            drop(sockets.hold(ONE, "g", &config).expect("it is there"));
            sockets.let_go(ONE);
            assert!(!scratch.path("f.sock").exists());
        }
    }

    // FCG-001
    #[test]
    fn trying_leaves_nothing_behind() {
        let scratch = Scratch::new();
        let mut sockets = sockets();
        let config = unix(&scratch.path("f.sock"));
        sockets.try_out(&config).expect("it can be made");
        assert!(!scratch.path("f.sock").exists());
        let port = free_port();
        sockets.try_out(&tcp("here", port)).expect("it is free");
        TcpListener::bind(("127.0.0.1", port)).expect("and still is");
    }

    // FCG-007: mode, and whatever is in the way.
    #[test]
    fn a_unix_socket_takes_the_place_of_a_file_and_has_its_mode() {
        let scratch = Scratch::new();
        let path = scratch.file("f.sock", "in the way");
        let config = FcgiConfig {
            mode: Some(0o642),
            backlog: Some(65535),
            ..unix(&path)
        };
        let mut sockets = sockets();
        let _socket = sockets.hold(ONE, "g", &config).expect("it can be made");
        let metadata = fs::metadata(&path).expect("it is there");
        assert!(metadata.file_type().is_socket());
        assert_eq!(metadata.permissions().mode() & 0o7777, 0o642);
    }

    // QRK-032: only what is ours.
    #[test]
    fn a_file_that_somebody_else_put_there_stays() {
        let scratch = Scratch::new();
        let path = scratch.path("f.sock");
        let mut sockets = sockets();
        let held = sockets.hold(ONE, "g", &unix(&path));
        let _held: OwnedFd = held.expect("it can be made");
        fs::rename(&path, scratch.path("ours")).expect("it is there");
        scratch.file("f.sock", "theirs");
        sockets.let_go(ONE);
        assert_eq!(scratch.content("f.sock").as_deref(), Some("theirs"));
    }

    // FCG-005: no more than an error, and nothing is held.
    #[test]
    fn a_port_that_is_taken_is_an_error_until_it_is_free() {
        let other = TcpListener::bind("127.0.0.1:0").expect("loopback has ports");
        let port = other.local_addr().expect("it is bound").port();
        let config = tcp("here", port);
        let mut sockets = sockets();
        assert_eq!(
            error(&mut sockets, &config),
            format!(
                "Could not create FastCGI socket tcp://here:{port}: [Errno 98] Address already in use"
            )
        );
        sockets.let_go(ONE);
        drop(other);
        let _socket = sockets.hold(ONE, "g", &config).expect("it is free now");
        TcpStream::connect(("127.0.0.1", port)).expect("somebody listens");
        sockets.let_go(ONE);
    }

    // FCG-006, FCG-007, FCG-008, in Python's words.
    #[test]
    fn what_cannot_be_made_says_why() {
        let scratch = Scratch::new();
        let folder = scratch.folder().display().to_string();
        let mut sockets = sockets();
        let mut reason = |config: &FcgiConfig| {
            let text = error(&mut sockets, config);
            let head = format!("Could not create FastCGI socket {}: ", config.url);
            let reason = text.strip_prefix(&head).expect("it names the socket");
            reason.replace(&folder, "")
        };
        assert_eq!(
            reason(&unix(&scratch.path("nowhere/f.sock"))),
            "[Errno 2] No such file or directory"
        );
        assert_eq!(
            reason(&unix(scratch.folder())),
            "[Errno 21] Is a directory: ''"
        );
        assert_eq!(
            reason(&unix(&scratch.path(&"x".repeat(120)))),
            "AF_UNIX path too long"
        );
        assert_eq!(
            reason(&tcp("nobody.invalid", 1)),
            "[Errno -2] Name or service not known"
        );
        if !nix::unistd::getuid().is_root() {
            let config = FcgiConfig {
                owner: Some((0, Some(0))),
                ..unix(&scratch.path("f.sock"))
            };
            assert_eq!(
                reason(&config),
                "Could not change ownership of socket file: [Errno 1] Operation not permitted: '/f.sock'"
            );
        }
        let left = fs::read_dir(scratch.folder()).expect("it is there").count();
        assert_eq!(left, 0, "a failure leaves no file");
    }

    #[test]
    fn two_groups_have_two_sockets() {
        let scratch = Scratch::new();
        let path = scratch.path("f.sock");
        let mut sockets = sockets();
        let _first = sockets.hold(ONE, "g", &unix(&path)).expect("made");
        let second = sockets.hold(TWO, "h", &unix(&path)).expect("made as well");
        sockets.let_go(ONE);
        let listener = UnixListener::from(second);
        listener.set_nonblocking(true).expect("it is a socket");
        let _client = UnixStream::connect(&path).expect("the later one has the path");
        listener.accept().expect("and is asked");
        let nobody = listener.accept().expect_err("once");
        assert_eq!(nobody.kind(), ErrorKind::WouldBlock);
        sockets.let_go(TWO);
    }
}
