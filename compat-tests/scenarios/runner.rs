//! Runs the machine through a scenario (the format of `fixtures/scenarios/README.md`) and records what it does.
//!
//! The same texts are run by the reference's own classes (`compat-tests/oracle`): the lines behind `>` are what *they*
//! did, and a scenario passes when the machine did the same, line for line.

mod declare;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use supervisord::config::types::{GroupConfig, ProcessConfig};
use supervisord::model::signal::{Signal, signal_name};
use supervisord::model::time::{Moment, Now, UnixTime};
use supervisord::supervisor::Supervisor;
use supervisord::supervisor::command::{
    Command, ExitStatus, Input, ProcessResult, Reply, RequestId, Said,
};
use supervisord::supervisor::event::{Channel, Event};
use supervisord::supervisor::listener_pool::Serial;
use supervisord::supervisor::turn::{
    AutoLogError, ChildKind, CommandError, Effect, Ending, Os, Pid, ProcessId, SignalError,
    SignalTarget, SpawnError, Spawned, StdinClosed, Turn,
};

const INDENT: &str = "         > ";
/// Where the wall clock stands when a scenario begins.
const UNIX_BASE: i64 = 1_600_000_000;

/// Everything that was said so far, shared by the fake system, the effects and the log recorder.
type Trace = Rc<RefCell<Vec<String>>>;

thread_local! {
    static CURRENT: RefCell<Option<Trace>> = const { RefCell::new(None) };
}

/// The scenario's text with the lines behind `>` replaced by what the machine does.
pub fn rewrite(text: &str) -> Result<String, String> {
    let mut scenario = Scenario::new();
    let mut out = String::new();
    let mut declared = false;
    for (number, line) in text.lines().enumerate() {
        let words: Vec<&str> = line
            .split('#')
            .next()
            .unwrap_or("")
            .split_whitespace()
            .collect();
        let fail = |why: String| format!("line {}: {why}: {line}", number + 1);
        match words.as_slice() {
            [">", ..] => continue,
            [] => {}
            ["group", rest @ ..] => scenario.declare_group(rest).map_err(fail)?,
            ["program", rest @ ..] => scenario.declare_program(rest).map_err(fail)?,
            ["listener", rest @ ..] => scenario.declare_listener(rest).map_err(fail)?,
            ["at", at, happening @ ..] => {
                if !declared {
                    declared = true;
                    scenario.boot()?;
                    scenario.print(&mut out);
                }
                let at: f64 = at.parse().map_err(|_| fail("not a time".to_owned()))?;
                out.push_str(line);
                out.push('\n');
                match happening {
                    ["says", ..] => scenario.happen_says(at, line),
                    _ => scenario.happen(at, happening),
                }
                .map_err(fail)?;
                scenario.print(&mut out);
                continue;
            }
            _ => return Err(fail("not understood".to_owned())),
        }
        out.push_str(line);
        out.push('\n');
    }
    Ok(out)
}

struct Scenario {
    groups: Vec<GroupConfig>,
    supervisor: Supervisor,
    os: FakeOs,
    trace: Trace,
    now: Duration,
    requests: u64,
    finished: bool,
}

impl Scenario {
    fn new() -> Self {
        let trace: Trace = Rc::default();
        CURRENT.set(Some(trace.clone()));
        record_logs();
        Self {
            groups: Vec::new(),
            supervisor: Supervisor::continuing("oracle".to_owned(), Serial::default()),
            os: FakeOs::new(trace.clone()),
            trace,
            now: Duration::ZERO,
            requests: 0,
            finished: false,
        }
    }

    fn boot(&mut self) -> Result<(), String> {
        let mut groups = self.groups.clone();
        groups.sort_by(|a, b| (a.priority, &a.name).cmp(&(b.priority, &b.name)));
        self.turn(|supervisor, turn| {
            supervisor
                .boot(turn, groups)
                .map_err(|error| error.to_string())
        })?;
        self.turn(|supervisor, turn| supervisor.announce_running(turn));
        Ok(())
    }

    fn happen(&mut self, at: f64, words: &[&str]) -> Result<(), String> {
        self.happening(at, |scenario| scenario.take_place(words))
    }

    /// Lets the time pass and then something happen.
    fn happening(
        &mut self,
        at: f64,
        what: impl FnOnce(&mut Self) -> Result<(), String>,
    ) -> Result<(), String> {
        if self.finished {
            return Ok(());
        }
        self.now = Duration::from_micros((at * 1e6).round() as u64);
        // Whatever was due before this happened comes first, as it would with exact wake-ups.
        self.settle();
        if self.finished {
            return Ok(());
        }
        what(self)?;
        self.settle();
        Ok(())
    }

    fn take_place(&mut self, words: &[&str]) -> Result<(), String> {
        match words {
            ["tick"] => {}
            ["start", namespec, how] => {
                self.ask(Command::StartProcess {
                    namespec: (*namespec).to_owned(),
                    wait: wait(how)?,
                });
            }
            ["stop", namespec, how] => {
                self.ask(Command::StopProcess {
                    namespec: (*namespec).to_owned(),
                    wait: wait(how)?,
                });
            }
            ["start-group", name, how] => {
                self.ask(Command::StartGroup {
                    name: (*name).to_owned(),
                    wait: wait(how)?,
                });
            }
            ["stop-group", name, how] => {
                self.ask(Command::StopGroup {
                    name: (*name).to_owned(),
                    wait: wait(how)?,
                });
            }
            ["start-all", how] => self.ask(Command::StartAll { wait: wait(how)? }),
            ["stop-all", how] => self.ask(Command::StopAll { wait: wait(how)? }),
            ["signal", namespec, signal] => {
                self.ask(Command::SignalProcess {
                    namespec: (*namespec).to_owned(),
                    signal: (*signal).to_owned(),
                });
            }
            ["signal-group", name, signal] => {
                self.ask(Command::SignalGroup {
                    name: (*name).to_owned(),
                    signal: (*signal).to_owned(),
                });
            }
            ["signal-all", signal] => self.ask(Command::SignalAll {
                signal: (*signal).to_owned(),
            }),
            ["add", name] => self.ask(Command::AddGroup {
                name: (*name).to_owned(),
            }),
            ["remove", name] => self.ask(Command::RemoveGroup {
                name: (*name).to_owned(),
            }),
            ["shutdown"] => self.ask(Command::Shutdown),
            ["restart"] => self.ask(Command::Restart),
            ["signalled", signal] => {
                let signal = Signal::parse(signal).ok_or("not a signal")?;
                self.input(Input::Signalled(signal));
            }
            ["exit", namespec, "code", code] => {
                let code = code.parse().map_err(|_| "not an exit code")?;
                self.exit(namespec, ExitStatus::Code(code))?;
            }
            ["exit", namespec, "signal", signal] => {
                let status = ExitStatus::Signal {
                    number: number(signal)?,
                    core_dumped: false,
                };
                self.exit(namespec, status)?;
            }
            ["fork", namespec, "fails", errno] => {
                self.os
                    .fork_fails
                    .insert(full_name(namespec), (*errno).to_owned());
            }
            ["fork", namespec, "works"] => {
                self.os.fork_fails.remove(&full_name(namespec));
            }
            ["command", namespec, kind] => {
                self.os
                    .commands
                    .insert(command_name(namespec), (*kind).to_owned());
            }
            ["gone", namespec] => {
                if let Some(pid) = self.pid_of(namespec) {
                    self.os.gone.insert(pid);
                }
            }
            ["deaf", namespec] => {
                let (group, process) = namespec.split_once(':').unwrap_or((namespec, namespec));
                if let Some(id) = self.supervisor.find(group, process) {
                    self.os.deaf.insert(id);
                }
            }
            ["remote", kind, data] => self.ask(Command::SendRemoteEvent {
                kind: (*kind).to_owned(),
                data: (*data).to_owned(),
            }),
            _ => return Err("not understood".to_owned()),
        }
        Ok(())
    }

    /// `says NAME TEXT`: everything behind one blank after the name, where backslashes are read as Python reads them.
    fn happen_says(&mut self, at: f64, line: &str) -> Result<(), String> {
        let rest = line.split_once(" says ").ok_or("says nothing")?.1;
        let (namespec, text) = rest.split_once(' ').ok_or("says nothing")?;
        let data = unescape(text)?;
        self.happening(at, |scenario| {
            let (group, process) = namespec.split_once(':').unwrap_or((namespec, namespec));
            if let Some(id) = scenario.supervisor.find(group, process)
                && scenario.supervisor.pid(id).is_some()
            {
                scenario.input(Input::ChildSaid {
                    id,
                    said: Said::Protocol(data),
                });
            }
            Ok(())
        })
    }

    fn exit(&mut self, namespec: &str, status: ExitStatus) -> Result<(), String> {
        if let Some(pid) = self.pid_of(namespec) {
            self.os.gone.remove(&pid);
            self.input(Input::ChildExited {
                pid: Pid(pid),
                status,
            });
        }
        Ok(())
    }

    fn pid_of(&self, namespec: &str) -> Option<i32> {
        let (group, process) = namespec.split_once(':').unwrap_or((namespec, namespec));
        let id = self.supervisor.find(group, process)?;
        self.supervisor.pid(id).map(|pid| pid.0)
    }

    fn ask(&mut self, command: Command) {
        self.requests += 1;
        self.input(Input::Command(RequestId(self.requests), command));
    }

    /// Ticks as long as something is due at this moment.
    fn settle(&mut self) {
        while !self.finished
            && self
                .supervisor
                .next_deadline()
                .is_some_and(|at| at.since_origin() <= self.now)
        {
            self.input(Input::Tick);
        }
    }

    fn input(&mut self, input: Input) {
        self.turn(|supervisor, turn| supervisor.handle(turn, input));
    }

    fn turn<R>(&mut self, act: impl FnOnce(&mut Supervisor, &mut Turn<'_>) -> R) -> R {
        let unix =
            UNIX_BASE * 1_000_000_000 + i64::try_from(self.now.as_nanos()).unwrap_or(i64::MAX);
        let now = Now {
            moment: Moment::from_origin(self.now),
            unix: UnixTime::from_nanos(unix),
        };
        let trace = self.trace.clone();
        let mut finished = false;
        let mut effects = |effect: Effect| {
            finished |= matches!(effect, Effect::Finished(_));
            trace.borrow_mut().extend(effect_line(effect));
        };
        let mut turn = Turn::new(now, &mut self.os, &mut effects);
        let result = act(&mut self.supervisor, &mut turn);
        self.finished |= finished;
        result
    }

    fn print(&mut self, out: &mut String) {
        for line in self.trace.borrow_mut().drain(..) {
            // Writing to a String cannot fail.
            let _ = writeln!(out, "{INDENT}{}", line.replace('\n', "\\n"));
        }
    }
}

/// The system as the scenario says it is.
struct FakeOs {
    trace: Trace,
    next_pid: i32,
    fork_fails: BTreeMap<String, String>,
    commands: BTreeMap<String, String>,
    gone: BTreeSet<i32>,
    /// `group:name` of every process that was ever started.
    names: BTreeMap<ProcessId, String>,
    /// Listeners that have closed their stdin.
    deaf: BTreeSet<ProcessId>,
}

impl FakeOs {
    fn new(trace: Trace) -> Self {
        Self {
            trace,
            next_pid: 101,
            fork_fails: BTreeMap::new(),
            commands: BTreeMap::new(),
            gone: BTreeSet::new(),
            names: BTreeMap::new(),
            deaf: BTreeSet::new(),
        }
    }

    fn say(&self, line: String) {
        self.trace.borrow_mut().push(line);
    }
}

impl Os for FakeOs {
    fn check_command(&mut self, config: &ProcessConfig) -> Result<(), CommandError> {
        let command = config.command.to_string();
        match self.commands.get(&command).map(String::as_str) {
            Some("missing") => Err(CommandError::NotFound { command }),
            Some("noexec") => Err(CommandError::NotExecutable { path: command }),
            _ => Ok(()),
        }
    }

    fn spawn(
        &mut self,
        id: ProcessId,
        _: ChildKind,
        group: &str,
        config: &ProcessConfig,
    ) -> Result<Spawned, SpawnError> {
        self.check_command(config).map_err(SpawnError::Command)?;
        let name = format!("{group}:{}", config.name);
        if let Some(errno) = self.fork_fails.get(&name) {
            self.say(format!("spawn {name} fails {errno}"));
            return Err(match errno.as_str() {
                "EAGAIN" => SpawnError::TooManyProcesses,
                _ => SpawnError::Fork {
                    errno: errno.clone(),
                },
            });
        }
        let pid = self.next_pid;
        self.next_pid += 1;
        self.say(format!("spawn {name} -> pid {pid}"));
        self.names.insert(id, name);
        self.deaf.remove(&id);
        Ok(Spawned {
            pid: Pid(pid),
            at: None,
        })
    }

    fn write_stdin(&mut self, id: ProcessId, bytes: &[u8]) -> Result<(), StdinClosed> {
        let name = self.names.get(&id).map_or("nobody", String::as_str);
        if self.deaf.contains(&id) {
            return Err(StdinClosed);
        }
        self.say(format!("write {name} {}", String::from_utf8_lossy(bytes)));
        Ok(())
    }

    fn signal(&mut self, target: SignalTarget, signal: Signal) -> Result<(), SignalError> {
        let (shown, pid) = match target {
            SignalTarget::Process(Pid(pid)) => (pid, pid),
            SignalTarget::Group(Pid(pid)) => (-pid, pid),
        };
        let gone = self.gone.contains(&pid);
        let note = if gone { " ESRCH" } else { "" };
        self.say(format!(
            "kill {shown} {}{note}",
            signal_name(signal.number())
        ));
        if gone { Err(SignalError::Gone) } else { Ok(()) }
    }

    fn create_auto_log(
        &mut self,
        process: &str,
        channel: Channel,
    ) -> Result<PathBuf, AutoLogError> {
        Err(AutoLogError {
            path: PathBuf::from(process),
            reason: format!("scenarios have no {} logs", channel.name()),
        })
    }
}

fn effect_line(effect: Effect) -> Option<String> {
    match effect {
        // They come from the clock and not from the machine's doings; listeners are shown what they get of them.
        Effect::Emitted(event) if matches!(*event, Event::Tick { .. }) => None,
        Effect::Print(_) => None,
        Effect::Emitted(event) => Some(
            format!("{} {}", event.name(), event.payload())
                .trim_end_matches(' ')
                .to_owned(),
        ),
        Effect::Reply(RequestId(id), Ok(Reply::True)) => Some(format!("reply {id} true")),
        Effect::Reply(RequestId(id), Ok(Reply::Results(results))) => {
            let results: Vec<String> = results.iter().map(result_line).collect();
            Some(format!("reply {id} [{}]", results.join(", ")))
        }
        Effect::Reply(
            RequestId(id),
            Ok(Reply::Diff {
                added,
                changed,
                removed,
            }),
        ) => Some(format!("reply {id} {added:?} {changed:?} {removed:?}")),
        Effect::Reply(RequestId(id), Err(fault)) => {
            Some(format!("reply {id} fault {} {fault}", fault.code.number()))
        }
        Effect::ReopenLogs => None,
        Effect::RunHook(order) => Some(format!(
            "hook {}:{} {} {}",
            order.group,
            order.config.name,
            order.kind.name(),
            order.run.number
        )),
        Effect::KillHook(run) => Some(format!("kill hook {}", run.number)),
        Effect::Finished(Ending::Shutdown) => Some("finished shutdown".to_owned()),
        Effect::Finished(Ending::Restart) => Some("finished restart".to_owned()),
    }
}

fn result_line(result: &ProcessResult) -> String {
    let ProcessResult {
        name,
        group,
        status,
        description,
    } = result;
    format!("{group}:{name} {} {description}", status.number())
}

/// Reads `\n`, `\\` and `\xNN`; everything else stands for itself.
fn unescape(text: &str) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        out.push(match rest.next() {
            Some(b'n') => b'\n',
            Some(b'\\') => b'\\',
            Some(b'x') => {
                let digits = [rest.next(), rest.next()].map(|digit| digit.map_or(' ', char::from));
                u8::from_str_radix(&digits.iter().collect::<String>(), 16)
                    .map_err(|_| "not two hexadecimal digits")?
            }
            _ => return Err("not an escape".to_owned()),
        });
    }
    Ok(out)
}

fn full_name(namespec: &str) -> String {
    if namespec.contains(':') {
        namespec.to_owned()
    } else {
        format!("{namespec}:{namespec}")
    }
}

fn command_name(namespec: &str) -> String {
    namespec
        .split_once(':')
        .map_or(namespec, |(_, process)| process)
        .to_owned()
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("not a number: {text}"))
}

fn wait(word: &str) -> Result<bool, String> {
    match word {
        "wait" => Ok(true),
        "nowait" => Ok(false),
        _ => Err(format!("neither wait nor nowait: {word}")),
    }
}

/// Sends the activity log of every thread to the trace of the scenario that runs on it.
fn record_logs() {
    struct Recorder;

    impl tracing::Subscriber for Recorder {
        fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
            true
        }
        fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
            tracing::span::Id::from_u64(1)
        }
        fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
        fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
        fn event(&self, event: &tracing::Event<'_>) {
            let mut line = Line::default();
            event.record(&mut line);
            let tag = match line.level {
                50 => "CRIT",
                40 => "ERRO",
                30 => "WARN",
                20 => "INFO",
                10 => "DEBG",
                // The oracle leaves the two finest levels out.
                _ => return,
            };
            CURRENT.with_borrow(|trace| {
                if let Some(trace) = trace {
                    trace
                        .borrow_mut()
                        .push(format!("log {tag} {}", line.message));
                }
            });
        }
        fn enter(&self, _: &tracing::span::Id) {}
        fn exit(&self, _: &tracing::span::Id) {}
    }

    #[derive(Default)]
    struct Line {
        level: u64,
        message: String,
    }

    impl tracing::field::Visit for Line {
        fn record_u64(&mut self, field: &tracing::field::Field, value: u64) {
            if field.name() == "level" {
                self.level = value;
            }
        }
        fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
            if field.name() == "message" {
                self.message = format!("{value:?}");
            }
        }
    }

    // A second scenario in the same process finds it in place.
    let _ = tracing::subscriber::set_global_default(Recorder);
}
