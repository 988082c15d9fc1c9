//! Logs of streams with extensions, through real pipes and files.

use std::fs::{self, File};
use std::io::Write;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::rc::Rc;
use std::thread;

use super::{Heard, Pipes};
use crate::config::extensions::{Extensions, LogFormat, LogTarget};
use crate::config::types::{Autorestart, LogFile, ProcessConfig, StreamConfig};
use crate::logs::activity::{ActivityLog, LineShape, Target};
use crate::logs::rotating::Rotation;
use crate::logs::scratch::Scratch;
use crate::model::log::LogLevel;
use crate::model::signal::Signal;
use crate::supervisor::command::Said;
use crate::supervisor::event::Channel;
use crate::supervisor::turn::{ChildKind, ProcessId};

const ID: ProcessId = ProcessId(7);

fn stream(logfile: LogFile) -> StreamConfig {
    StreamConfig {
        logfile,
        logfile_maxbytes: 0,
        logfile_backups: 0,
        capture_maxbytes: 0,
        // So that nothing rests: what was written is read at once.
        events_enabled: true,
        syslog: false,
    }
}

/// A program whose streams go nowhere yet.
fn program() -> ProcessConfig {
    ProcessConfig {
        name: "web".into(),
        command: "x".into(),
        directory: None,
        umask: None,
        uid: None,
        priority: 999,
        autostart: true,
        autorestart: Autorestart::Never,
        startsecs: 1,
        startretries: 3,
        stdout: stream(LogFile::None),
        stderr: stream(LogFile::None),
        stopsignal: Signal::TERM,
        stopwaitsecs: 10,
        stopasgroup: false,
        killasgroup: false,
        exitcodes: vec![0],
        redirect_stderr: false,
        environment: std::collections::BTreeMap::new(),
        serverurl: None,
        socket: None,
        extensions: None,
    }
}

fn file(scratch: &Scratch, name: &str) -> LogFile {
    LogFile::Path(scratch.path(name))
}

/// A child that is only its ends of the pipes.
struct Child {
    pipes: Pipes,
    stdout: File,
    stderr: File,
    said: Vec<Vec<u8>>,
}

impl Child {
    fn of(config: &ProcessConfig) -> Self {
        let mut pipes = Pipes::new().expect("an epoll instance");
        let (stdout, stderr) = start(&mut pipes, ID, config);
        Self {
            pipes,
            stdout,
            stderr,
            said: Vec::new(),
        }
    }

    /// Writes to stdout and lets it be read.
    fn say(&mut self, text: impl AsRef<[u8]>) {
        self.stdout
            .write_all(text.as_ref())
            .expect("there is room in the pipe");
        self.pump();
    }

    fn pump(&mut self) {
        let mut heard = Vec::new();
        while self.pipes.pump(&mut heard) {}
        for heard in heard {
            if let Heard::Said(_, Said::Log { data, .. }) = heard {
                self.said.push(data);
            }
        }
    }

    fn end(&mut self) {
        self.pipes.drain(ID, &mut Vec::new());
    }

    fn memory(&self) -> String {
        let log = self
            .pipes
            .memory_log(ID, Channel::Stdout)
            .expect("there is one");
        let bytes = log.borrow().read(0, 0).expect("signs that go together");
        String::from_utf8(bytes).expect("the test's own text")
    }
}

fn start(pipes: &mut Pipes, id: ProcessId, config: &ProcessConfig) -> (File, File) {
    let ends = pipes
        .open(id, ChildKind::Program, "group", config, false, None)
        .expect("the scratch folder is writable");
    let stderr: Option<OwnedFd> = ends.stderr;
    (ends.stdout.into(), stderr.expect("not redirected").into())
}

fn with_extensions(
    mut config: ProcessConfig,
    change: impl FnOnce(&mut Extensions),
) -> ProcessConfig {
    let mut extensions = Extensions::default();
    change(&mut extensions);
    config.extensions = Some(Rc::new(extensions));
    config
}

/// The lines of a log and all its backups, oldest first.
fn all_lines(scratch: &Scratch, name: &str) -> Vec<String> {
    let mut numbers: Vec<u32> = (1..)
        .take_while(|n| scratch.path(&format!("{name}.{n}")).exists())
        .collect();
    numbers.reverse();
    let mut text = String::new();
    for number in numbers {
        text += &scratch
            .content(&format!("{name}.{number}"))
            .expect("just seen");
    }
    text += &scratch.content(name).expect("the log is there");
    text.lines().map(str::to_owned).collect()
}

// SEED-024, GO-232: many rotations, two floods that care for no line when they write.
#[test]
fn two_streams_of_one_file_lose_and_tear_no_line() {
    let scratch = Scratch::new();
    let mut config = with_extensions(program(), |extensions| {
        extensions.stdout.further_targets = vec![LogTarget::Memory];
    });
    for stream in [&mut config.stdout, &mut config.stderr] {
        stream.logfile = file(&scratch, "log");
        stream.logfile_maxbytes = 100_000;
        stream.logfile_backups = 500;
        stream.events_enabled = false;
    }
    let mut child = Child::of(&config);
    let flood = |mut to: File, word: &'static str| {
        thread::spawn(move || {
            let text: Vec<u8> = (0..40_000)
                .flat_map(|n| format!("{word} {n} {}\n", "x".repeat(n % 90)).into_bytes())
                .collect();
            for piece in text.chunks(4999) {
                to.write_all(piece).expect("somebody reads");
            }
        })
    };
    let (stdout, stderr) = (child.stdout.try_clone(), child.stderr.try_clone());
    let floods = [
        flood(stdout.expect("a descriptor"), "out"),
        flood(stderr.expect("a descriptor"), "err"),
    ];
    while floods.iter().any(|flood| !flood.is_finished()) {
        child.pump();
        thread::yield_now();
    }
    child.end();
    let mut counters = child.pipes.log_counters(ID, Channel::Stdout);
    counters += child.pipes.log_counters(ID, Channel::Stderr);
    assert!(counters.rotations > 20, "{counters:?}");
    assert_eq!(counters.lost_bytes, 0);
    let lines = all_lines(&scratch, "log");
    for word in ["out", "err"] {
        let mut seen = lines.iter().filter(|line| line.starts_with(word));
        for n in 0..40_000 {
            assert_eq!(
                seen.next(),
                Some(&format!("{word} {n} {}", "x".repeat(n % 90)))
            );
        }
        assert_eq!(seen.next(), None);
    }
    assert_eq!(lines.len(), 80_000);
}

// LOG-013: the reference's way, which a plain configuration keeps.
#[test]
fn without_extensions_two_streams_of_one_file_know_nothing_of_each_other() {
    let scratch = Scratch::new();
    let mut config = program();
    config.stdout.logfile = file(&scratch, "log");
    config.stderr.logfile = file(&scratch, "log");
    let mut child = Child::of(&config);
    child.say("half a line");
    child
        .stderr
        .write_all(b"other half\n")
        .expect("there is room in the pipe");
    child.pump();
    assert_eq!(
        scratch.content("log").as_deref(),
        Some("half a lineother half\n")
    );
}

// SEED-024: the other process has no extension itself.
#[test]
fn a_plain_log_joins_the_writer_that_is_there() {
    let scratch = Scratch::new();
    let mut config = with_extensions(program(), |extensions| {
        extensions.stdout.further_targets = vec![LogTarget::Memory];
    });
    config.stdout.logfile = file(&scratch, "log");
    let mut child = Child::of(&config);
    let mut plain = program();
    plain.stdout.logfile = file(&scratch, "log");
    let (mut other, _stderr) = start(&mut child.pipes, ProcessId(8), &plain);
    child.say("half a ");
    other
        .write_all(b"whole\nrest")
        .expect("there is room in the pipe");
    child.pump();
    child.say("line\n");
    assert_eq!(all_lines(&scratch, "log"), ["whole", "half a line"]);
    child.pipes.drain(ProcessId(8), &mut Vec::new());
    assert_eq!(all_lines(&scratch, "log"), ["whole", "half a line", "rest"]);
    child.say(" no more company");
    assert_eq!(
        scratch.content("log").as_deref(),
        Some("whole\nhalf a line\nrest no more company")
    );
}

// GO-230, GO-231, GO-241
#[test]
fn every_target_gets_everything_and_memory_outlives_the_child() {
    let scratch = Scratch::new();
    let mut config = with_extensions(program(), |extensions| {
        extensions.stdout.further_targets = vec![
            LogTarget::File(scratch.path("two")),
            LogTarget::Memory,
            LogTarget::File(scratch.path("./one")),
            LogTarget::File(scratch.path("./two")),
        ];
    });
    config.stdout.logfile = file(&scratch, "one");
    let mut child = Child::of(&config);
    child.say("half a ");
    child.say("line\n");
    for name in ["one", "two"] {
        assert_eq!(
            scratch.content(name).as_deref(),
            Some("half a line\n"),
            "{name}"
        );
    }
    child.end();
    assert_eq!(child.memory(), "half a line\n");
    assert_eq!(child.pipes.log_counters(ID, Channel::Stdout).bytes, 12);
    // The next run goes on.
    (child.stdout, child.stderr) = start(&mut child.pipes, ID, &config);
    child.say("again\n");
    assert_eq!(child.memory(), "half a line\nagain\n");
    assert_eq!(child.pipes.log_counters(ID, Channel::Stdout).bytes, 18);
    child.end();
    child.pipes.clear_logs(ID).expect("nothing is open");
    assert_eq!(child.memory(), "");
    child.pipes.retain(|id| id != ID);
    assert!(child.pipes.memory_log(ID, Channel::Stdout).is_none());
    assert_eq!(child.pipes.log_counters(ID, Channel::Stdout).bytes, 0);
}

// GO-231
#[test]
fn clearing_and_reopening_reach_every_file() {
    let scratch = Scratch::new();
    let mut config = with_extensions(program(), |extensions| {
        extensions.stdout.further_targets = vec![LogTarget::File(scratch.path("two"))];
    });
    config.stdout.logfile = file(&scratch, "one");
    let mut child = Child::of(&config);
    child.say("old\n");
    child.pipes.clear_logs(ID).expect("ours to remove");
    child.say("new\n");
    for name in ["one", "two"] {
        assert_eq!(scratch.content(name).as_deref(), Some("new\n"), "{name}");
        fs::rename(scratch.path(name), scratch.path(&format!("{name}.moved"))).expect("just seen");
    }
    child.pipes.reopen_logs();
    child.say("newer\n");
    for name in ["one", "two"] {
        assert_eq!(scratch.content(name).as_deref(), Some("newer\n"), "{name}");
    }
}

#[test]
fn a_full_disk_of_one_target_is_no_trouble_for_the_others() {
    let scratch = Scratch::new();
    let mut config = with_extensions(program(), |extensions| {
        extensions.stdout.further_targets = vec![
            LogTarget::File(PathBuf::from("/dev/full")),
            LogTarget::File(scratch.path("two")),
        ];
    });
    config.stdout.logfile = file(&scratch, "one");
    let log = ActivityLog::silent();
    let target = Target::File {
        path: scratch.path("activity"),
        rotation: Rotation::NEVER,
    };
    log.replace(LogLevel::Info, LineShape::Text, vec![target])
        .expect("the scratch folder is writable");
    let counters = tracing::subscriber::with_default(log, || {
        let mut child = Child::of(&config);
        child.say("a\n");
        child.say("b\n");
        child.pipes.log_counters(ID, Channel::Stdout)
    });
    assert_eq!(counters.lost_bytes, 4);
    for name in ["one", "two"] {
        assert_eq!(scratch.content(name).as_deref(), Some("a\nb\n"), "{name}");
    }
    let told = scratch.content("activity").expect("the log is there");
    let expected = "ERRO cannot write the stdout log of 'web' to /dev/full, its output is lost there: cannot write: \
                    No space left on device (os error 28)\n";
    assert_eq!(told.lines().count(), 1, "{told}");
    assert!(told.ends_with(expected), "{told}");
}

#[test]
fn a_format_is_for_logs_and_events_stay_raw() {
    let scratch = Scratch::new();
    let mut config = with_extensions(program(), |extensions| {
        extensions.stdout.format = LogFormat::Json;
        extensions.stderr.format = LogFormat::Prefix;
    });
    config.stdout.logfile = file(&scratch, "out");
    config.stderr.logfile = file(&scratch, "err");
    let mut child = Child::of(&config);
    child.say("one\ntw");
    child
        .stderr
        .write_all(b"no end")
        .expect("there is room in the pipe");
    child.pump();
    assert_eq!(child.said, [&b"one\ntw"[..], b"no end"]);
    let out = scratch.content("out").expect("the log is there");
    let members = r#","process":"web","group":"group","stream":"stdout","line":"one"}"#;
    assert!(
        out.ends_with(&format!("{members}\n")) && out.lines().count() == 1,
        "{out}"
    );
    assert_eq!(scratch.content("err").as_deref(), Some(""));
    child.end();
    let out = scratch.content("out").expect("the log is there");
    assert!(
        out.ends_with("\"line\":\"tw\"}\n") && out.lines().count() == 2,
        "{out}"
    );
    let err = scratch.content("err").expect("the log is there");
    assert!(err.ends_with(" web no end\n"), "{err}");
    assert_eq!(
        child.pipes.log_counters(ID, Channel::Stdout).bytes,
        6,
        "what the child wrote"
    );
}
