//! Runs the machine through a scenario (the format of `fixtures/scenarios/README.md`) and records what it does.
//!
//! The same texts are run by the reference's own classes (`compat-tests/oracle`): the lines behind `>` are what *they*
//! did, and a scenario passes when the machine did the same, line for line.

mod declare;
mod extend;
mod fake_os;
mod trace;

use std::cell::RefCell;
use std::fmt::Write as _;
use std::rc::Rc;
use std::time::Duration;

use supervisord::config::types::GroupConfig;
use supervisord::model::signal::Signal;
use supervisord::model::time::{Moment, Now, UnixTime};
use supervisord::supervisor::Supervisor;
use supervisord::supervisor::command::{Command, ExitStatus, Input, RequestId, Said};
use supervisord::supervisor::hook::{HookOrder, HookOutcome};
use supervisord::supervisor::listener_pool::Serial;
use supervisord::supervisor::turn::{Effect, Pid, Turn};

use self::fake_os::FakeOs;
use self::trace::{effect_line, record_logs};

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
    /// Hooks that have not ended.
    hooks: Vec<Rc<HookOrder>>,
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
            hooks: Vec::new(),
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
            ["restart-process", namespec, rest @ ..] => self.ask(Command::RestartProcess {
                namespec: (*namespec).to_owned(),
                start_stopped: rest == ["stopped"],
            }),
            ["reread", names @ ..] => {
                let offered = |group: &&GroupConfig| names.contains(&group.name.as_str());
                let groups = self.groups.iter().filter(offered).cloned().collect();
                self.ask(Command::ReplaceConfig(groups));
            }
            ["hook", namespec, outcome] => self.end_hook(namespec, outcome)?,
            _ => return Err("not understood".to_owned()),
        }
        Ok(())
    }

    /// The eldest hook of this process that still runs ends; nothing happens when none does.
    fn end_hook(&mut self, namespec: &str, outcome: &str) -> Result<(), String> {
        let name = full_name(namespec);
        let place = self
            .hooks
            .iter()
            .position(|order| format!("{}:{}", order.group, order.config.name) == name);
        if let Some(place) = place {
            let order = self.hooks.remove(place);
            let outcome = match outcome {
                "succeeds" => HookOutcome::Succeeded,
                "fails" => HookOutcome::Failed("exit status 1".to_owned()),
                "times-out" => HookOutcome::TimedOut,
                _ => return Err("not an outcome".to_owned()),
            };
            self.input(Input::HookEnded { order, outcome });
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
        let hooks = &mut self.hooks;
        let mut effects = |effect: Effect| {
            finished |= matches!(effect, Effect::Finished(_));
            match &effect {
                Effect::RunHook(order) => hooks.push(Rc::clone(order)),
                Effect::KillHook(run) => hooks.retain(|order| order.run != *run),
                _ => {}
            }
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
