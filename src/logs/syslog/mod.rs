//! The local syslog, spoken to as the C library does with its default options: facility user, priority info, the
//! program's name as ident (LOG-028, MLF-006).
//!
//! ```text
//! <14>Nov 24 15:26:55 supervisord: web listening on port 8080
//! ```
//!
//! A line is a datagram to `/dev/log`, or, where that is a stream, a record that ends with a NUL byte. Syslog is best
//! effort: a line that cannot be handed over at once is lost, and nobody is told, for a daemon must neither stop nor
//! grow because its syslog does. When the syslog daemon was replaced, the next line finds the new one.
//!
//! Bytes are handed over as they are. The reference refuses what is not UTF-8 and loses it (LOG-028).

pub mod link;
pub mod sender;

use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockType, UnixAddr, connect, send, socket,
};

use super::local_time::stamped;

/// Where the syslog daemon of this machine listens.
pub const LOCAL_SOCKET: &str = "/dev/log";

/// Facility user (1), priority info (6).
const PRIORITY: u8 = (1 << 3) | 6;

/// A line to the local syslog; clones share it.
#[derive(Debug, Clone)]
pub struct Syslog {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug)]
struct Shared {
    socket: PathBuf,
    ident: String,
    connection: Option<Connection>,
}

/// The socket of a syslog daemon on this machine.
#[derive(Debug)]
pub enum Connection {
    Datagram(OwnedFd),
    Stream(UnixStream),
}

impl Syslog {
    /// The syslog of this machine, for a program of this name. It is connected to when there is something to say.
    pub fn local(ident: &str) -> Self {
        Self::at(Path::new(LOCAL_SOCKET), ident)
    }

    /// A syslog that listens elsewhere.
    pub fn at(socket: &Path, ident: &str) -> Self {
        let shared = Shared {
            socket: socket.to_owned(),
            ident: ident.to_owned(),
            connection: None,
        };
        Self {
            shared: Arc::new(Mutex::new(shared)),
        }
    }

    /// Hands over one message.
    pub fn send(&self, message: &[u8]) {
        self.shared().send(message);
    }

    /// Hands over each line of a chunk behind a prefix. The newlines at the end of the chunk end no further lines, and
    /// the chunk is all there is: a line that two reads cut apart becomes two messages (LOG-027).
    pub fn send_lines(&self, prefix: &[u8], chunk: &[u8]) {
        let end = chunk.iter().rposition(|&byte| byte != b'\n');
        let chunk = &chunk[..end.map_or(0, |last| last + 1)];
        let mut shared = self.shared();
        for line in chunk.split(|&byte| byte == b'\n') {
            shared.send(&[prefix, line].concat());
        }
    }

    /// The descriptor of the connection, if there is one now.
    pub fn raw_fd(&self) -> Option<RawFd> {
        match self.shared().connection.as_ref()? {
            Connection::Datagram(socket) => Some(socket.as_raw_fd()),
            Connection::Stream(socket) => Some(socket.as_raw_fd()),
        }
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        // A panic in the middle of a line leaves nothing half done that matters here.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    fn send(&mut self, message: &[u8]) {
        let record = self.record(message);
        if let Some(connection) = &mut self.connection {
            match connection.send(&record) {
                Ok(()) => return,
                // The other side is busy: this line is lost, the next may not be.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => self.connection = None,
            }
        }
        if let Ok(mut connection) = Connection::new(&self.socket)
            && connection.send(&record).is_ok()
        {
            self.connection = Some(connection);
        }
    }

    fn record(&self, message: &[u8]) -> Vec<u8> {
        let (time, _) = stamped(SystemTime::now());
        let stamp = time.syslog_stamp();
        let mut record = format!("<{PRIORITY}>{stamp} {}: ", self.ident).into_bytes();
        // NUL ends a record of a stream, and so cannot be part of one.
        record.extend(
            message
                .iter()
                .map(|&byte| if byte == 0 { b' ' } else { byte }),
        );
        record
    }
}

impl Connection {
    fn new(path: &Path) -> io::Result<Self> {
        match connected(path, SockType::Datagram) {
            Ok(socket) => Ok(Self::Datagram(socket)),
            // Somebody listens there, for a stream.
            Err(nix::Error::EPROTOTYPE) => {
                let socket = connected(path, SockType::Stream)?;
                Ok(Self::Stream(UnixStream::from(socket)))
            }
            Err(errno) => Err(errno.into()),
        }
    }

    fn send(&mut self, record: &[u8]) -> io::Result<()> {
        match self {
            Self::Datagram(socket) => {
                send(socket.as_raw_fd(), record, MsgFlags::MSG_NOSIGNAL)?;
                Ok(())
            }
            Self::Stream(socket) => {
                let record = [record, b"\0"].concat();
                if socket.write(&record)? < record.len() {
                    // Half a record would swallow the next one; a new connection does not.
                    return Err(io::ErrorKind::WriteZero.into());
                }
                Ok(())
            }
        }
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Datagram(socket) => socket.as_fd(),
            Self::Stream(socket) => socket.as_fd(),
        }
    }
}

/// A socket that never waits, neither here nor later.
fn connected(path: &Path, kind: SockType) -> nix::Result<OwnedFd> {
    let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
    let socket = socket(AddressFamily::Unix, kind, flags, None)?;
    connect(socket.as_raw_fd(), &UnixAddr::new(path)?)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::unix::net::{UnixDatagram, UnixListener};

    use super::Syslog;
    use crate::logs::scratch::Scratch;

    /// The ident and the message of a record whose head is as it should be.
    fn body(record: &[u8]) -> String {
        let record = String::from_utf8_lossy(record).into_owned();
        let (head, body) = record.split_at("<14>Nov 24 15:26:55 ".len());
        assert!(head.starts_with("<14>"), "{record}");
        assert_eq!(&head[7..8], " ", "{record}");
        assert_eq!((&head[13..14], &head[16..17]), (":", ":"), "{record}");
        body.to_owned()
    }

    fn received(daemon: &UnixDatagram) -> Option<String> {
        let mut buffer = [0; 9999];
        let length = daemon.recv(&mut buffer).ok()?;
        Some(body(&buffer[..length]))
    }

    fn datagram_daemon(scratch: &Scratch) -> (UnixDatagram, Syslog) {
        let path = scratch.path("log");
        let daemon = UnixDatagram::bind(&path).expect("a new socket");
        // A datagram on this machine is there once it was sent: no need to wait.
        daemon.set_nonblocking(true).expect("a healthy socket");
        (daemon, Syslog::at(&path, "supervisord"))
    }

    // LOG-028, MLF-006: as the C library sent it for Python's `syslog.syslog`.
    #[test]
    fn a_message_is_a_datagram_with_priority_stamp_and_ident() {
        let scratch = Scratch::new();
        let (daemon, syslog) = datagram_daemon(&scratch);
        syslog.send("žluť\n".as_bytes());
        syslog.send(b"");
        assert_eq!(received(&daemon).as_deref(), Some("supervisord: žluť\n"));
        assert_eq!(received(&daemon).as_deref(), Some("supervisord: "));
        assert_eq!(received(&daemon), None);
    }

    // LOG-027
    #[test]
    fn each_line_of_a_chunk_is_a_message_of_its_own() {
        let scratch = Scratch::new();
        let (daemon, syslog) = datagram_daemon(&scratch);
        syslog.send_lines(b"web ", b"one\n\ntwo\n\n\n");
        syslog.send_lines(b"web ", b"cut her");
        syslog.send_lines(b"web ", b"e\n");
        syslog.send_lines(b"web ", b"\n");
        let lines: Vec<String> = std::iter::from_fn(|| received(&daemon)).collect();
        let expected = ["one", "", "two", "cut her", "e", ""];
        assert_eq!(
            lines,
            expected.map(|line| format!("supervisord: web {line}"))
        );
    }

    // LOG-028, where we differ: nothing is lost.
    #[test]
    fn bytes_that_are_no_text_are_handed_over() {
        let scratch = Scratch::new();
        let (daemon, syslog) = datagram_daemon(&scratch);
        syslog.send_lines(b"web ", b"a\x88b\0c\n");
        let mut buffer = [0; 99];
        let length = daemon.recv(&mut buffer).expect("was sent");
        assert!(buffer[..length].ends_with(b"supervisord: web a\x88b c"));
    }

    #[test]
    fn a_stream_gets_records_that_end_with_nul() {
        let scratch = Scratch::new();
        let path = scratch.path("log");
        let daemon = UnixListener::bind(&path).expect("a new socket");
        let syslog = Syslog::at(&path, "supervisord");
        syslog.send_lines(b"web ", b"one\ntwo\n");
        drop(syslog);
        let (mut connection, _) = daemon.accept().expect("somebody connected");
        let mut bytes = Vec::new();
        connection
            .read_to_end(&mut bytes)
            .expect("the other side is closed");
        let records: Vec<String> = bytes
            .split(|&b| b == 0)
            .filter(|r| !r.is_empty())
            .map(body)
            .collect();
        assert_eq!(records, ["supervisord: web one", "supervisord: web two"]);
        assert_eq!(bytes.last(), Some(&0));
    }

    #[test]
    fn without_a_syslog_lines_are_lost_and_a_new_one_gets_the_next() {
        let scratch = Scratch::new();
        let path = scratch.path("log");
        let syslog = Syslog::at(&path, "supervisord");
        syslog.send(b"lost");
        assert_eq!(syslog.raw_fd(), None);

        let first = UnixDatagram::bind(&path).expect("a new socket");
        syslog.send(b"first");
        assert_eq!(received(&first).as_deref(), Some("supervisord: first"));
        assert!(syslog.raw_fd().is_some());

        drop(first);
        std::fs::remove_file(&path).expect("just made");
        let second = UnixDatagram::bind(&path).expect("a new socket");
        syslog.send(b"second");
        assert_eq!(received(&second).as_deref(), Some("supervisord: second"));
    }

    #[test]
    fn a_syslog_that_does_not_read_makes_nobody_wait() {
        let scratch = Scratch::new();
        let (daemon, syslog) = datagram_daemon(&scratch);
        // More than any receive queue takes; the test ends, so nobody waits.
        for _ in 0..5000 {
            syslog.send(&[b'x'; 1000]);
        }
        let mut kept = 0;
        while received(&daemon).is_some() {
            kept += 1;
        }
        assert!((1..5000).contains(&kept));
        syslog.send(b"again");
        assert_eq!(received(&daemon).as_deref(), Some("supervisord: again"));
    }
}
