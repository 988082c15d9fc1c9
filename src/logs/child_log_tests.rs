use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::Path;

use super::ChildLog;
use crate::logs::rotating::Rotation;
use crate::logs::scratch::Scratch;
use crate::logs::syslog::Syslog;

fn to_file(scratch: &Scratch) -> ChildLog {
    ChildLog::nowhere()
        .with_file(&scratch.path("log"), Rotation::from_options(100, 1))
        .expect("the scratch folder is writable")
}

/// Writes where nothing can go wrong.
fn write(log: &mut ChildLog, chunk: &[u8]) {
    log.write(chunk, |news| panic!("{news:?}"));
}

// LOG-012, LOG-005
#[test]
fn without_a_file_everything_is_taken_and_dropped() {
    let empty = ChildLog::nowhere().with_file(Path::new(""), Rotation::NEVER);
    for mut log in [ChildLog::nowhere(), empty.expect("no file to open")] {
        write(&mut log, b"dropped");
        log.reopen().expect("nothing to reopen");
        log.remove_and_reopen().expect("nothing to remove");
        assert_eq!(log.raw_fds().count(), 0);
    }
}

// LOG-010
#[test]
fn chunks_are_written_raw_and_at_once() {
    let scratch = Scratch::new();
    let mut log = to_file(&scratch);
    write(&mut log, b"\x88 half a li");
    write(&mut log, b"ne\n");
    let bytes = fs::read(scratch.path("log")).expect("was written");
    assert_eq!(bytes, b"\x88 half a line\n");
    assert_eq!(log.raw_fds().count(), 1);
}

// LOG-027, LOG-029, LOG-030, QRK-025
#[test]
fn file_and_syslog_go_together_and_can_be_cleared() {
    let scratch = Scratch::new();
    let socket = scratch.path("syslog");
    let daemon = UnixDatagram::bind(&socket).expect("a new socket");
    let mut log = to_file(&scratch).with_syslog(Syslog::at(&socket, "supervisord"), "web");
    write(&mut log, b"old\n");
    log.remove_and_reopen().expect("ours to remove");
    log.reopen().expect("writable");
    write(&mut log, b"new\n");
    assert_eq!(scratch.content("log").as_deref(), Some("new\n"));
    for line in ["old", "new"] {
        let mut buffer = [0; 99];
        let length = daemon.recv(&mut buffer).expect("was sent");
        let end = format!("supervisord: web {line}");
        assert!(buffer[..length].ends_with(end.as_bytes()));
    }
}

// LOG-024: the spawn error names the errno.
#[test]
fn a_file_that_cannot_be_opened_tells_why() {
    let scratch = Scratch::new();
    let nested = scratch.path("no/such/folder");
    let error = ChildLog::nowhere()
        .with_file(&nested, Rotation::NEVER)
        .expect_err("no such folder");
    assert_eq!(error.raw_os_error(), Some(nix::libc::ENOENT));
    let error = ChildLog::nowhere()
        .with_file(scratch.folder(), Rotation::NEVER)
        .expect_err("a folder");
    assert_eq!(error.raw_os_error(), Some(nix::libc::EISDIR));
}

// LOG-022, CLT-012: our own stdout, opened anew, or as it is where that cannot be, whatever it is in this test run.
#[test]
fn dev_stdout_can_be_a_log() {
    let opened = ChildLog::nowhere().with_file(Path::new("/dev/stdout"), Rotation::NEVER);
    let mut log = opened.expect("stdout is open");
    write(&mut log, b"\n");
    log.remove_and_reopen().expect("it is not removed");
    assert!(Path::new("/dev/stdout").is_symlink());
}

// LOG-039
#[test]
fn a_dropped_log_has_nothing_open() {
    let scratch = Scratch::new();
    let log = to_file(&scratch);
    let descriptor = log.raw_fds().next().expect("the file");
    let link = format!("/proc/self/fd/{descriptor}");
    let target = fs::read_link(&link).expect("open");
    drop(log);
    assert_ne!(fs::read_link(&link).ok(), Some(target));
}
