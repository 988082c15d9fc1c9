//! Opening sockets: what is in the way, what appears, and the words of each failure.

use std::fs;
use std::io::{Read, Write};
use std::net::Ipv4Addr;
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::thread;

use nix::errno::Errno;

use super::{BindError, bind};
use crate::config::types::{ServerAddress, ServerConfig};
use crate::http::testing::{Folder, inet_server, unix_server};

fn error_of(config: &ServerConfig) -> BindError {
    match bind(config, 4711) {
        Ok(_) => panic!("it was bound"),
        Err(error) => error,
    }
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    entries
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect()
}

// HTTP-004, HTTP-005, LIF-019
#[test]
fn a_unix_socket_appears_with_its_mode_and_without_its_temporary_name() {
    let folder = Folder::new();
    let path = folder.join("s.sock");
    // Left behind by somebody who had our pid
    fs::write(folder.join("s.sock.4711"), "").expect("a file");
    let mut config = unix_server(&path);
    let ServerAddress::Unix { mode, .. } = &mut config.address else {
        unreachable!("made above");
    };
    *mode = 0o751;
    let server = bind(&config, 4711).expect("a free path");
    let metadata = fs::metadata(&path).expect("the socket");
    assert!(metadata.file_type().is_socket());
    assert_eq!(metadata.permissions().mode() & 0o7777, 0o751);
    assert_eq!(names_in(&folder.join("")), ["s.sock"]);
    UnixStream::connect(&path).expect("it listens");

    // HTTP-007
    server.unlink();
    assert!(names_in(&folder.join("")).is_empty());
}

// HTTP-006, LIF-020
#[test]
fn a_stale_socket_is_replaced() {
    let folder = Folder::new();
    let path = folder.join("s.sock");
    drop(UnixListener::bind(&path).expect("a free path"));
    let _server = bind(&unix_server(&path), 4711).expect("only a stale socket in the way");
    UnixStream::connect(&path).expect("it listens");
}

// LIF-020
#[test]
fn a_symbolic_link_that_leads_nowhere_is_replaced() {
    let folder = Folder::new();
    let path = folder.join("s.sock");
    symlink(folder.join("nowhere"), &path).expect("a link");
    let _server = bind(&unix_server(&path), 4711).expect("only a dangling link in the way");
    UnixStream::connect(&path).expect("it listens");
}

// LIF-022, HTTP-010
#[test]
fn a_socket_that_answers_is_left_alone() {
    let folder = Folder::new();
    let path = folder.join("s.sock");
    let other = UnixListener::bind(&path).expect("a free path");
    let answering = thread::spawn(move || {
        let (mut stream, _) = other.accept().expect("the question");
        let mut question = [0; 18];
        stream.read_exact(&mut question).expect("the question");
        stream.write_all(b"H").expect("somebody to answer to");
        (question, other)
    });
    assert_eq!(error_of(&unix_server(&path)), BindError::InUse);
    let (question, _other) = answering.join().expect("no panic");
    assert_eq!(&question, b"GET / HTTP/1.0\r\n\r\n");
    UnixStream::connect(&path).expect("it still listens");
}

// QRK-027; the reference deletes it (LIF-021)
#[test]
fn a_file_that_is_no_socket_is_left_alone() {
    let folder = Folder::new();
    let path = folder.join("precious");
    fs::write(&path, "data").expect("a file");
    let error = error_of(&unix_server(&path));
    assert_eq!(error, BindError::NotASocket(path.clone()));
    assert_eq!(fs::read(&path).expect("the file"), b"data");
    let directory = folder.join("directory");
    fs::create_dir(&directory).expect("a directory");
    let error = error_of(&unix_server(&directory));
    assert_eq!(error, BindError::NotASocket(directory));
}

// SHD-013
#[test]
fn a_name_that_somebody_else_took_is_not_removed() {
    let folder = Folder::new();
    let path = folder.join("s.sock");
    let server = bind(&unix_server(&path), 4711).expect("a free path");
    fs::remove_file(&path).expect("the socket");
    fs::write(&path, "other").expect("a file");
    server.unlink();
    assert!(path.exists());
}

// LIF-023
#[test]
fn what_the_system_refuses_is_told_with_its_number() {
    let folder = Folder::new();
    let missing = error_of(&unix_server(&folder.join("no/s.sock")));
    assert_eq!(
        missing.to_string(),
        "Cannot open an HTTP server: socket.error reported errno.ENOENT (2)"
    );
    let long = folder.join(&"x".repeat(120));
    assert_eq!(
        error_of(&unix_server(&long)).to_string(),
        "Cannot open an HTTP server: socket.error reported AF_UNIX path too long"
    );
    assert_eq!(
        error_of(&inet_server("192.0.2.1", 0)).to_string(),
        "Cannot open an HTTP server: socket.error reported errno.EADDRNOTAVAIL (99)"
    );
    assert_eq!(
        error_of(&inet_server("-", 0)).to_string(),
        "Cannot open an HTTP server: socket.error reported -2"
    );
    assert_eq!(
        BindError::Refused(Errno::EOPNOTSUPP).to_string(),
        "Cannot open an HTTP server: socket.error reported errno.ENOTSUP (95)"
    );
}

// HTTP-002, HTTP-009, HTTP-010
#[test]
fn two_inet_servers_cannot_share_a_port() {
    let first = bind(&inet_server("localhost", 0), 1).expect("a free port");
    let address = first.inet_address().expect("an inet server");
    assert_eq!(*address.ip(), Ipv4Addr::LOCALHOST);
    let error = error_of(&inet_server("127.0.0.1", address.port()));
    assert_eq!(
        error.to_string(),
        "Another program is already listening on a port that one of our HTTP servers is configured to use.  \
         Shut this program down first before starting supervisord."
    );
}

// LIF-024, LIF-025, HTTP-008
#[test]
fn the_texts_of_the_other_failures() {
    let refused = BindError::NotPermittedToChown {
        path: PathBuf::from("/run/s.sock"),
        owner: Some(0),
        group: None,
    };
    let text = refused.to_string();
    let beginning = "Not permitted to chown /run/s.sock to uid/gid (0, -1); adjust \"sockchown\" value in config file \
                     or on command line to values that the current user (";
    assert!(text.starts_with(beginning), "{text}");
    assert!(text.ends_with(") can successfully chown"), "{text}");
    assert_eq!(
        BindError::UnknownHostname("box".to_owned()).to_string(),
        "Could not determine IP address for hostname box, please try setting an explicit IP address in the \"port\" \
         setting of your [inet_http_server] section.  For example, instead of \"port = 9001\", try \"port = \
         127.0.0.1:9001.\""
    );
}
