//! The pure parts, each so many times, for `scripts/bench-instructions` to count what one time costs under callgrind.
//!
//! Usage: `instructions PART TIMES`. Nothing here knows a clock, and the machine's system is one that always says yes, so that the
//! same commit always gives the same count. Only what earlier commits have as well is used.

use std::hint::black_box;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use bstr::{BStr, BString};
use supervisord::config;
use supervisord::config::command_line::{self, Request};
use supervisord::config::context::LoadContext;
use supervisord::config::ini::Document;
use supervisord::config::types::{GroupConfig, ProcessConfig};
use supervisord::model::signal::Signal;
use supervisord::model::time::{Moment, Now, UnixTime};
use supervisord::stream::capture::CaptureScanner;
use supervisord::supervisor::Supervisor;
use supervisord::supervisor::command::{Command, ExitStatus, Input, RequestId, Said};
use supervisord::supervisor::event::Channel;
use supervisord::supervisor::turn::{
    AutoLogError, ChildKind, CommandError, Os, Pid, ProcessId, SignalError, SignalTarget,
    SpawnError, Spawned, StdinClosed, Turn,
};
use supervisord::xmlrpc::{Writer, parse_call};

/// Does its work so many times.
type Part = fn(usize);

/// The parts by name.
const PARTS: [(&str, Part); 6] = [
    ("machine-turn", machine_turn),
    ("machine-event", machine_event),
    ("xml-parse", xml_parse),
    ("xml-write", xml_write),
    ("ini-parse", ini_parse),
    ("capture", capture),
];

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let part = |name: &str| PARTS.iter().find(|(known, _)| *known == name);
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--list"] => {
            PARTS.iter().for_each(|(name, _)| println!("{name}"));
            ExitCode::SUCCESS
        }
        [name, times] => match (part(name), times.parse()) {
            (Some((_, run)), Ok(times)) => {
                run(times);
                ExitCode::SUCCESS
            }
            _ => ExitCode::from(2),
        },
        // As `cargo bench` and `cargo test` call it: every part works.
        _ => {
            PARTS.iter().for_each(|(_, run)| run(3));
            ExitCode::SUCCESS
        }
    }
}

/// A child dies, is started again by a client, and is confirmed: four turns among a hundred processes.
fn machine_turn(times: usize) {
    let mut world = World::boot();
    let before = world.os.last_pid;
    for _ in 0..times {
        let pid = world.os.last.expect("it runs");
        let status = ExitStatus::Code(0);
        world.turn(Input::ChildExited { pid, status });
        world.turn(Input::Tick);
        let namespec = "last:last".to_owned();
        world.turn(start(namespec));
        world.clock += Duration::from_secs(2);
        world.turn(Input::Tick);
    }
    assert_eq!(
        world.os.last_pid - before,
        times as i32,
        "it comes back each time"
    );
    black_box(world.effects);
}

/// A line that is an event goes to a listener, which answers.
fn machine_event(times: usize) {
    let mut world = World::boot();
    world.listener_says(b"READY\n");
    for _ in 0..times {
        let data = b"a line of a hundred bytes, more or less, as a child may write it to its standard output\n";
        let said = Said::Log {
            channel: Channel::Stdout,
            data: data.to_vec(),
        };
        let id = world.os.programs[0];
        world.turn(Input::ChildSaid { id, said });
        world.listener_says(b"RESULT 2\nOKREADY\n");
    }
    assert!(
        times == 0 || world.os.written > 0,
        "the listener gets what it waits for"
    );
}

fn xml_parse(times: usize) {
    let body = b"<?xml version='1.0'?>\n<methodCall>\n<methodName>supervisor.startProcess</methodName>\n<params>\n<param>\n\
        <value><string>group:a &amp; b</string></value>\n</param>\n<param>\n<value><boolean>1</boolean></value>\n</param>\n\
        </params>\n</methodCall>\n";
    for _ in 0..times {
        let call = parse_call(black_box(body)).expect("well-formed");
        black_box(call);
    }
}

/// What `getAllProcessInfo` writes for one process.
fn xml_write(times: usize) {
    for _ in 0..times {
        let mut out = Writer::response();
        out.begin_struct();
        out.string_member("name", black_box("p_0001"));
        out.string_member(
            "logfile",
            black_box("/var/log/supervisor/p_0001-stdout---supervisor-abcdefgh.log"),
        );
        out.string_member("description", black_box("pid 12345, uptime 0:12:34 & more"));
        out.int_member("start", black_box(1_795_534_033));
        out.int_member("pid", black_box(12_345));
        out.end_struct();
        black_box(out.finish());
    }
}

fn ini_parse(times: usize) {
    let text = configuration();
    for _ in 0..times {
        let mut document = Document::new();
        document
            .read_main(BStr::new("supervisord.conf"), text.as_bytes())
            .expect("well-formed");
        black_box(document);
    }
}

/// Four KiB with a communication in them, cut at an odd place.
fn capture(times: usize) {
    let mut text = b"an ordinary line of output\n".repeat(75);
    text.extend_from_slice(b"<!--XSUPERVISOR:BEGIN-->told<!--XSUPERVISOR:END-->");
    text.extend_from_slice(&b"another < line\n".repeat(135));
    let mut scanner = CaptureScanner::new(1024, false);
    for _ in 0..times {
        let mut pieces = 0;
        for half in [&text[..2035], &text[2035..]] {
            scanner.push(black_box(half), |_| pieces += 1);
        }
        assert!(pieces >= 3);
    }
}

/// A hundred programs, one of them a group of its own, and a listener.
fn configuration() -> String {
    let mut text = "[supervisord]\nnodaemon=true\n\n[eventlistener:ear]\ncommand=/bin/ear\nevents=PROCESS_LOG,EVENT\nbuffer_size=10\n\
        stdout_logfile=NONE\nstderr_logfile=NONE\n"
        .to_owned();
    for number in 0..99 {
        text += &format!(
            "\n[program:p{number}]\ncommand=/bin/program --number {number} ; and a comment\nautostart=true\n\
             environment=A=\"1\",B=\"two words\"\nstdout_logfile=NONE\nstderr_logfile=NONE\n"
        );
    }
    text + "\n[program:last]\ncommand=/bin/last\nautorestart=false\nstdout_logfile=NONE\nstderr_logfile=NONE\n"
}

fn groups() -> Vec<GroupConfig> {
    let file = std::env::temp_dir().join(format!("instructions-{}.conf", std::process::id()));
    std::fs::write(&file, configuration()).expect("a place for temporary files");
    let context =
        LoadContext::of_this_process(BString::from("supervisord")).expect("a working directory");
    let words = ["-n", "-c", file.to_str().expect("a plain path")].map(BString::from);
    let Ok(Request::Run(command_line)) = command_line::parse(&words, &context) else {
        panic!("a good command line");
    };
    let config = config::load(&command_line, &context);
    let _ = std::fs::remove_file(&file);
    config.expect("a good configuration").groups
}

fn start(namespec: String) -> Input {
    let wait = false;
    Input::Command(RequestId(1), Command::StartProcess { namespec, wait })
}

struct World {
    supervisor: Supervisor,
    os: Willing,
    clock: Duration,
    effects: usize,
}

impl World {
    /// Everything has been started and confirmed.
    fn boot() -> Self {
        let mut world = Self {
            supervisor: Supervisor::new(),
            os: Willing::default(),
            clock: Duration::ZERO,
            effects: 0,
        };
        let groups = groups();
        world
            .with_turn(|supervisor, turn| supervisor.boot(turn, groups).expect("nothing can fail"));
        for _ in 0..3 {
            world.clock += Duration::from_secs(2);
            world.turn(Input::Tick);
        }
        world
    }

    fn listener_says(&mut self, bytes: &[u8]) {
        let id = self.os.listener.expect("it was started");
        let said = Said::Protocol(bytes.to_vec());
        self.turn(Input::ChildSaid { id, said });
    }

    fn turn(&mut self, input: Input) {
        self.with_turn(|supervisor, turn| supervisor.handle(turn, input));
    }

    fn with_turn(&mut self, act: impl FnOnce(&mut Supervisor, &mut Turn<'_>)) {
        let now = Now {
            moment: Moment::from_origin(self.clock),
            unix: UnixTime::from_nanos(1_795_534_033_000_000_000),
        };
        let count = &mut self.effects;
        let mut effects = |_| *count += 1;
        act(
            &mut self.supervisor,
            &mut Turn::new(now, &mut self.os, &mut effects),
        );
    }
}

/// A system that does whatever it is asked.
#[derive(Default)]
struct Willing {
    last_pid: i32,
    /// The child of the program called last.
    last: Option<Pid>,
    programs: Vec<ProcessId>,
    listener: Option<ProcessId>,
    written: usize,
}

impl Os for Willing {
    fn check_command(&mut self, _: &ProcessConfig) -> Result<(), CommandError> {
        Ok(())
    }

    fn spawn(
        &mut self,
        id: ProcessId,
        kind: ChildKind,
        _: &str,
        config: &ProcessConfig,
    ) -> Result<Spawned, SpawnError> {
        self.last_pid += 1;
        match kind {
            ChildKind::Listener => self.listener = Some(id),
            ChildKind::Program if config.name == "last" => self.last = Some(Pid(self.last_pid)),
            ChildKind::Program => self.programs.push(id),
        }
        Ok(Spawned {
            pid: Pid(self.last_pid),
            at: None,
        })
    }

    fn write_stdin(&mut self, _: ProcessId, bytes: &[u8]) -> Result<(), StdinClosed> {
        self.written += bytes.len();
        Ok(())
    }

    fn signal(&mut self, _: SignalTarget, _: Signal) -> Result<(), SignalError> {
        Ok(())
    }

    fn create_auto_log(&mut self, process: &str, _: Channel) -> Result<PathBuf, AutoLogError> {
        Ok(PathBuf::from(process))
    }
}
