use std::cell::Cell;
use std::io::{PipeReader, Read};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use super::{ActivityLog, LineShape, Target, json_line, line_head};
use crate::logs::local_time::LocalTime;
use crate::logs::rotating::Rotation;
use crate::logs::scratch::Scratch;
use crate::logs::syslog::Syslog;
use crate::model::log::{self, LogLevel};

fn file(scratch: &Scratch) -> Target {
    Target::File {
        path: scratch.path("log"),
        rotation: Rotation::NEVER,
    }
}

/// A stream to be written to, and the end where it arrives.
fn stream() -> (Target, PipeReader) {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    (Target::Stream(writer.into()), reader)
}

fn log_to(level: LogLevel, targets: Vec<Target>) -> ActivityLog {
    let log = ActivityLog::silent();
    log.replace(level, LineShape::Text, targets)
        .expect("the scratch folder is writable");
    log
}

/// The lines without their stamps, which are as they should be.
fn unstamped(text: &str) -> Vec<String> {
    text.lines()
        .map(|line| {
            let (stamp, rest) = line.split_at("2026-11-24 15:26:55,042 ".len());
            let shape: String = stamp
                .chars()
                .map(|c| if c.is_ascii_digit() { '9' } else { c })
                .collect();
            assert_eq!(shape, "9999-99-99 99:99:99,999 ", "{line}");
            rest.to_owned()
        })
        .collect()
}

fn written(scratch: &Scratch) -> Vec<String> {
    unstamped(&scratch.content("log").expect("the log is there"))
}

/// Runs with this log in the place of the installed one, on this thread.
fn with(log: &ActivityLog, run: impl FnOnce()) {
    tracing::subscriber::with_default(log.clone(), run);
}

// MLF-001
#[test]
fn a_line_begins_with_local_time_and_the_four_letters_of_its_level() {
    // 999.9 milliseconds are 999: cut off, not rounded.
    let at = UNIX_EPOCH + Duration::from_micros(1_795_533_915_999_900);
    let expected = LocalTime::at(1_795_533_915).log_stamp(999);
    assert!(expected.starts_with("2026-11-2"), "{expected}");
    assert_eq!(line_head(at, LogLevel::Warn), format!("{expected} WARN"));
}

// GO-015, GO-414
#[test]
fn as_json_a_line_is_an_object_with_time_level_and_message() {
    let at = UNIX_EPOCH + Duration::from_millis(1_795_533_915_042);
    let stamp = LocalTime::at(1_795_533_915).iso_stamp(42);
    let line = json_line(at, LogLevel::Warn, "'web' said \"žluť\"\n");
    let expected = format!(
        "{{\"time\":\"{stamp}\",\"level\":\"warn\",\"msg\":\"'web' said \\\"žluť\\\"\\n\"}}\n"
    );
    assert_eq!(String::from_utf8_lossy(&line), expected);
}

// GO-016: every target, not the terminal alone.
#[test]
fn as_json_every_target_gets_objects() {
    let scratch = Scratch::new();
    let socket = scratch.path("syslog");
    let daemon = UnixDatagram::bind(&socket).expect("a new socket");
    let (stdout, mut reader) = stream();
    let syslog = Target::Syslog(Syslog::at(&socket, "supervisord"));
    let log = ActivityLog::silent();
    log.replace(
        LogLevel::Info,
        LineShape::Json,
        vec![stdout, file(&scratch), syslog],
    )
    .expect("the scratch folder is writable");
    log.write(LogLevel::Info, "two\nlines");
    drop(log);
    let mut echoed = String::new();
    reader
        .read_to_string(&mut echoed)
        .expect("the writer is gone");
    assert!(echoed.starts_with("{\"time\":\""), "{echoed}");
    assert!(
        echoed.ends_with("\"level\":\"info\",\"msg\":\"two\\nlines\"}\n"),
        "{echoed}"
    );
    assert_eq!(Some(&echoed), scratch.content("log").as_ref());
    let mut buffer = [0; 999];
    let length = daemon.recv(&mut buffer).expect("was sent");
    let (_, object) = String::from_utf8_lossy(&buffer[..length])
        .split_once("supervisord: ")
        .map(|(head, object)| (head.to_owned(), object.to_owned()))
        .expect("a head");
    assert_eq!(object, echoed);
}

// MLF-001, MLF-003
#[test]
fn messages_of_the_level_and_above_are_written() {
    let scratch = Scratch::new();
    let log = log_to(LogLevel::Trace, vec![file(&scratch)]);
    with(&log, || {
        log::blather!("not this");
        log::trace!("1");
        log::debug!("2");
        log::info!("3");
        log::warn!("4");
        log::error!("5");
        log::critical!("6");
    });
    let expected = ["TRAC 1", "DEBG 2", "INFO 3", "WARN 4", "ERRO 5", "CRIT 6"];
    assert_eq!(written(&scratch), expected);
}

// MLF-003
#[test]
fn at_critical_not_even_errors_are_written() {
    let scratch = Scratch::new();
    let log = log_to(LogLevel::Critical, vec![file(&scratch)]);
    with(&log, || {
        log::error!("not this");
        log::critical!("this");
    });
    assert_eq!(written(&scratch), ["CRIT this"]);
}

// MLF-002, MLF-004
#[test]
fn a_message_of_several_lines_is_written_as_it_is() {
    let scratch = Scratch::new();
    let log = log_to(LogLevel::Debug, vec![file(&scratch)]);
    with(&log, || log::debug!("'cat' stdout output:\nžluť\n"));
    let content = scratch.content("log").expect("the log is there");
    let (_, message) = content.split_once(" DEBG ").expect("a line of the log");
    assert_eq!(message, "'cat' stdout output:\nžluť\n\n");
}

#[test]
fn what_is_not_written_is_not_even_made() {
    let scratch = Scratch::new();
    let log = log_to(LogLevel::Info, vec![file(&scratch)]);
    let made = Cell::new(false);
    with(&log, || {
        log::debug!("{}", {
            made.set(true);
            1
        });
    });
    assert!(!made.get());
    assert_eq!(scratch.content("log").as_deref(), Some(""));
}

#[test]
fn events_of_libraries_are_not_written() {
    let scratch = Scratch::new();
    let log = log_to(LogLevel::Blather, vec![file(&scratch)]);
    with(&log, || {
        tracing::error!("from a library");
        tracing::error!(level = "odd", "from another");
    });
    assert_eq!(scratch.content("log").as_deref(), Some(""));
}

// LIF-037
#[test]
fn every_target_gets_the_same_line() {
    let scratch = Scratch::new();
    let (stdout, mut reader) = stream();
    let log = log_to(LogLevel::Info, vec![stdout, file(&scratch)]);
    log.write(LogLevel::Info, "supervisord started with pid 1");
    drop(log);
    let mut echoed = String::new();
    reader
        .read_to_string(&mut echoed)
        .expect("the writer is gone");
    assert_eq!(Some(&echoed), scratch.content("log").as_ref());
    assert_eq!(unstamped(&echoed), ["INFO supervisord started with pid 1"]);
}

// MLF-005
#[test]
fn the_log_rotates() {
    let scratch = Scratch::new();
    let rotating = Target::File {
        path: scratch.path("log"),
        rotation: Rotation::from_options(40, 1),
    };
    let log = log_to(LogLevel::Info, vec![rotating]);
    for message in ["one two three", "four"] {
        log.write(LogLevel::Info, message);
    }
    assert_eq!(written(&scratch), ["INFO four"]);
    let old = scratch.content("log.1").expect("it was set aside");
    assert_eq!(unstamped(&old), ["INFO one two three"]);
}

// MLF-006
#[test]
fn each_line_for_syslog_has_its_own_head() {
    let scratch = Scratch::new();
    let socket = scratch.path("syslog");
    let daemon = UnixDatagram::bind(&socket).expect("a new socket");
    let syslog = Target::Syslog(Syslog::at(&socket, "supervisord"));
    let log = log_to(LogLevel::Info, vec![syslog]);
    log.write(LogLevel::Warn, "first\nsecond\n");
    for expected in ["WARN first", "WARN second"] {
        let mut buffer = [0; 999];
        let length = daemon.recv(&mut buffer).expect("was sent");
        let record = String::from_utf8_lossy(&buffer[..length]);
        let (_, line) = record.split_once(" supervisord: ").expect("the ident");
        assert!(line.ends_with('\n'));
        assert_eq!(unstamped(line), [expected]);
    }
    assert_eq!(log.raw_fds().len(), 1);
}

// MLF-007, MSG-016, QRK-025
#[test]
fn reopening_is_announced_in_the_old_file() {
    let scratch = Scratch::new();
    let log = log_to(LogLevel::Info, vec![file(&scratch)]);
    std::fs::rename(scratch.path("log"), scratch.path("old")).expect("just made");
    log.reopen();
    log.write(LogLevel::Info, "new");
    assert_eq!(written(&scratch), ["INFO new"]);
    let old = scratch.content("old").expect("it was moved");
    assert_eq!(unstamped(&old), ["INFO supervisord logreopen"]);
}

// MLF-007: in the foreground twice on stdout, and never in the new file.
#[test]
fn clearing_is_announced_once_for_each_target() {
    let scratch = Scratch::new();
    let (stdout, mut reader) = stream();
    let log = log_to(LogLevel::Info, vec![stdout, file(&scratch)]);
    log.write(LogLevel::Info, "old");
    log.remove_and_reopen(&scratch.path("log"))
        .expect("ours to remove");
    log.write(LogLevel::Info, "new");
    drop(log);
    assert_eq!(written(&scratch), ["INFO new"]);
    let mut echoed = String::new();
    reader
        .read_to_string(&mut echoed)
        .expect("the writer is gone");
    let announced = "INFO reopening log file";
    assert_eq!(
        unstamped(&echoed),
        ["INFO old", announced, announced, "INFO new"]
    );
}

// MLF-007: a file before another target gets the later announcements.
#[test]
fn the_first_announcement_goes_into_the_deleted_file() {
    let scratch = Scratch::new();
    let (stdout, _reader) = stream();
    let log = log_to(LogLevel::Info, vec![file(&scratch), stdout]);
    log.remove_and_reopen(&scratch.path("log"))
        .expect("ours to remove");
    assert_eq!(written(&scratch), ["INFO reopening log file"]);
}

// MLF-008, MLF-009
#[test]
fn a_target_that_cannot_be_written_stops_nobody() {
    let scratch = Scratch::new();
    let (stdout, reader) = stream();
    drop(reader);
    let full = Target::File {
        path: "/dev/full".into(),
        rotation: Rotation::NEVER,
    };
    let log = log_to(LogLevel::Info, vec![stdout, full, file(&scratch)]);
    log.write(LogLevel::Info, "one");
    log.write(LogLevel::Info, "two");
    assert_eq!(written(&scratch), ["INFO one", "INFO two"]);
}

// MLF-009, QRK-026: the reference ends at its first line here.
#[test]
fn a_pipe_with_rotation_on_is_a_good_log() {
    let scratch = Scratch::new();
    let path = scratch.path("fifo");
    nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).expect("the folder takes FIFOs");
    let reader = nix::fcntl::open(
        &path,
        nix::fcntl::OFlag::O_RDONLY | nix::fcntl::OFlag::O_NONBLOCK,
        nix::sys::stat::Mode::empty(),
    );
    let mut reader = std::fs::File::from(reader.expect("just made"));
    let rotation = Rotation::from_options(5, 1);
    let log = log_to(LogLevel::Info, vec![Target::File { path, rotation }]);
    log.write(LogLevel::Info, "one");
    log.write(LogLevel::Info, "two");
    drop(log);
    let mut text = String::new();
    reader
        .read_to_string(&mut text)
        .expect("the writer is gone");
    assert_eq!(unstamped(&text), ["INFO one", "INFO two"]);
}

// LIF-003
#[test]
fn a_restart_replaces_level_and_targets() {
    let scratch = Scratch::new();
    let log = log_to(LogLevel::Info, vec![file(&scratch)]);
    with(&log, || {
        // One place in the code: what it remembers of the first round must not decide the second.
        for (name, level) in [("first", LogLevel::Info), ("second", LogLevel::Debug)] {
            let path = scratch.path(name);
            let rotation = Rotation::NEVER;
            log.replace(
                level,
                LineShape::Text,
                vec![Target::File { path, rotation }],
            )
            .expect("writable");
            log::debug!("only in the second");
        }
    });
    assert_eq!(log.level(), LogLevel::Debug);
    assert_eq!(scratch.content("first").as_deref(), Some(""));
    let second = scratch.content("second").expect("it was opened");
    assert_eq!(unstamped(&second), ["DEBG only in the second"]);
}

#[test]
fn targets_that_cannot_be_opened_change_nothing() {
    let scratch = Scratch::new();
    let log = log_to(LogLevel::Info, vec![file(&scratch)]);
    let missing = Target::File {
        path: scratch.path("no/such/folder"),
        rotation: Rotation::NEVER,
    };
    let error = log
        .replace(LogLevel::Debug, LineShape::Text, vec![missing])
        .expect_err("no such folder");
    assert_eq!(error.path, scratch.path("no/such/folder"));
    assert_eq!(error.error.kind(), std::io::ErrorKind::NotFound);
    log.write(LogLevel::Debug, "not this");
    log.write(LogLevel::Info, "this");
    assert_eq!(written(&scratch), ["INFO this"]);
}

// QRK-025
#[test]
fn clearing_a_log_on_a_device_deletes_nothing() {
    let log = ActivityLog::silent();
    log.remove_and_reopen(Path::new("/dev/null"))
        .expect("left alone");
    assert!(Path::new("/dev/null").exists());
}
