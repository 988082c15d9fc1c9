//! What interfaces hold: the machine, its hands, and the callers that wait for an answer.
//!
//! Everything lives on one thread. A [`Handle`] may be cloned freely; each call borrows the machine for the length of
//! one turn, and no borrow is ever held across an `.await`.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};
use std::os::fd::RawFd;
use std::path::PathBuf;
use std::rc::{Rc, Weak};
use std::time::{Duration, Instant};

use bstr::BString;
use tokio::sync::{Notify, broadcast, oneshot};
use tokio::task::spawn_local;

use super::helpers::{self, Helper, Helpers};
use super::hooks::HookRuns;
use super::pipes::{Heard, StdinError};
use super::probe;
use super::readiness::Readiness;
use super::reap;
use super::unix_os::UnixOs;
use crate::config::extensions::Probe;
use crate::config::types::{Config, GroupConfig, MainLog, ProcessConfig, SupervisordConfig};
use crate::logs::activity::ActivityLog;
use crate::logs::console::Stream;
use crate::logs::counters::LogCounters;
use crate::logs::memory::MemoryLog;
use crate::model::fault::{Fault, FaultCode};
use crate::model::health::Health;
use crate::model::histogram::Histogram;
use crate::model::log;
use crate::model::signal::Signal;
use crate::model::states::SupervisorState;
use crate::model::time::Now;
use crate::supervisor::Supervisor;
use crate::supervisor::command::{Command, Input, Reply, RequestId};
use crate::supervisor::event::{Channel, Event};
use crate::supervisor::hook::{HookOrder, HookOutcome};
use crate::supervisor::listener_pool::Serial;
use crate::supervisor::turn::{
    ActivationError, ChildKind, Effect, Ending, Os, ProcessId, SignalTarget, Turn,
};

pub use super::probe::{Principal, ProbeError};

/// How the configuration is read again; given by whoever read it the first time. Errors are texts for people.
pub struct Reader {
    /// For `reloadConfig`.
    pub reread: Box<dyn Fn() -> Result<Config, String>>,
    /// Whether a restart could read its configuration, asked before anything is stopped for one (QRK-031).
    pub check_restart: Box<dyn Fn() -> Result<(), String>>,
}

/// The machine as interfaces see it. See the module's essay.
#[derive(Clone)]
pub struct Handle(Rc<Shared>);

struct Shared {
    core: RefCell<Core>,
    settings: RefCell<SupervisordConfig>,
    reader: Reader,
    /// The event loop should look at the deadline and the ending again.
    changed: Notify,
    helpers: Helpers,
    process_changes: Rc<Notify>,
    /// What is known of the health of processes that are checked.
    health: RefCell<BTreeMap<ProcessId, Health>>,
}

/// What became of the output of one process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ProcessLogCounters {
    pub stdout: LogCounters,
    /// Nothing but zeros with `redirect_stderr`.
    pub stderr: LogCounters,
}

/// The machine with its hands.
struct Core {
    supervisor: Supervisor,
    os: UnixOs,
    activity: ActivityLog,
    callers: HashMap<RequestId, oneshot::Sender<Result<Reply, Fault>>>,
    next_request: u64,
    ending: Option<Ending>,
    latencies: Latencies,
    /// Those who look on, if any.
    onlookers: broadcast::Sender<Rc<Event>>,
    hooks: HookRuns,
    /// A group has become active that wants to be looked after.
    wants_attention: bool,
    process_changes: Rc<Notify>,
    /// What this is a part of.
    shared: Weak<Shared>,
}

/// What the loop is held up by. Told to whoever wants to know; nothing is decided by it.
#[derive(Debug, Clone, Default)]
pub struct Latencies {
    /// One turn of the machine with all that it brings about, forks included.
    pub turns: Histogram,
    /// One round of reading what children have written, and of writing it to their logs.
    pub rounds: Histogram,
    /// How much later than wanted the machine got its tick.
    pub lateness: Histogram,
}

/// How many events one who looks on may be behind before it misses some.
const ONLOOKER_BACKLOG: usize = 256;

impl Handle {
    /// Adds the configured groups to a new machine. Nothing is started before the event loop runs. Numbers of events go
    /// on from `serial` (SHD-015).
    pub fn new(
        os: UnixOs,
        settings: SupervisordConfig,
        groups: Vec<GroupConfig>,
        reader: Reader,
        activity: ActivityLog,
        serial: Serial,
    ) -> Result<Self, ActivationError> {
        let mut core = Core {
            supervisor: Supervisor::continuing(settings.identifier.clone(), serial),
            os,
            activity,
            callers: HashMap::new(),
            next_request: 0,
            ending: None,
            latencies: Latencies::default(),
            onlookers: broadcast::Sender::new(ONLOOKER_BACKLOG),
            hooks: HookRuns::default(),
            wants_attention: false,
            process_changes: Rc::default(),
            shared: Weak::new(),
        };
        core.turn(|supervisor, turn| supervisor.boot(turn, groups))?;
        Ok(Self(Rc::new_cyclic(|shared| {
            core.shared = shared.clone();
            Shared {
                settings: RefCell::new(settings),
                reader,
                changed: Notify::new(),
                helpers: Helpers::default(),
                process_changes: Rc::clone(&core.process_changes),
                health: RefCell::default(),
                core: RefCell::new(core),
            }
        })))
    }

    /// Takes one turn with this command; resolves when the machine answers, which a waited call does much later. When
    /// the daemon ends first there is no answer: the future never resolves and is dropped with its connection
    /// (RPC-215).
    pub async fn call(&self, command: Command) -> Result<Reply, Fault> {
        // As in the reference the client hears that its request was heard, not what comes of it.
        if matches!(command, Command::Restart)
            && let Err(reason) = self.check_restart()
        {
            log::critical!("{reason}");
            return Ok(Reply::True);
        }
        let (sender, receiver) = oneshot::channel();
        {
            let mut core = self.0.core.borrow_mut();
            let request = RequestId(core.next_request);
            core.next_request += 1;
            core.callers.insert(request, sender);
            core.input(Input::Command(request, command));
        }
        self.0.changed.notify_one();
        match receiver.await {
            Ok(answer) => answer,
            Err(_) => std::future::pending().await,
        }
    }

    /// Stops a process and starts it again, whatever becomes of who asks for it. What stands in the way is in the log.
    pub fn restart(&self, namespec: String, start_stopped: bool) {
        let handle = self.clone();
        spawn_local(async move {
            let restart = Command::RestartProcess {
                namespec: namespec.clone(),
                start_stopped,
            };
            if let Err(fault) = handle.call(restart).await {
                log::warn!("cannot restart '{namespec}': {fault}");
            }
        });
    }

    /// Everything that happens from now on. Who does not keep up misses the oldest, and is told so.
    pub fn events(&self) -> broadcast::Receiver<Rc<Event>> {
        self.0.core.borrow().onlookers.subscribe()
    }

    /// Lends a read-only view of the machine: one borrow, hence one moment.
    pub fn read<R>(&self, look: impl FnOnce(&Supervisor, Now) -> R) -> R {
        let core = self.0.core.borrow();
        look(&core.supervisor, core.now())
    }

    pub fn latencies(&self) -> Latencies {
        self.0.core.borrow().latencies.clone()
    }

    /// What is known of the health of a process; `None` for one that is not checked.
    pub fn health(&self, id: ProcessId) -> Option<Health> {
        self.0.health.borrow().get(&id).cloned()
    }

    /// For whoever checks processes.
    pub fn note_health(&self, id: ProcessId, health: Option<Health>) {
        let mut known = self.0.health.borrow_mut();
        match health {
            Some(health) => _ = known.insert(id, health),
            None => _ = known.remove(&id),
        }
    }

    /// Sends a signal to the process group of a running child, past the machine: what it means is between whoever sends
    /// it and the program (GO-172). False when there is no child.
    pub fn signal_group(&self, id: ProcessId, signal: Signal) -> bool {
        let mut core = self.0.core.borrow_mut();
        let Some(pid) = core.supervisor.pid(id) else {
            return false;
        };
        let sent = core.os.signal(SignalTarget::Group(pid), signal);
        sent.is_ok()
    }

    /// The file that a start of this program would execute now; the error is a text for people.
    pub fn program_file(&self, config: &ProcessConfig) -> Result<PathBuf, String> {
        let core = self.0.core.borrow();
        core.os
            .program_file(config)
            .map_err(|error| error.to_string())
    }

    /// Runs a hook, a check or the like on behalf of a program, for so long at most; dropping the future ends it, and with
    /// it every process of its command.
    pub async fn probe(
        &self,
        principal: &Principal,
        probe: &Probe,
        limit: Duration,
    ) -> Result<(), ProbeError> {
        probe::run(self, principal, probe, limit).await
    }

    /// Starts a command on behalf of a program. The error is a text for people.
    pub(super) fn start_helper(
        &self,
        principal: &Principal,
        words: Vec<BString>,
    ) -> Result<Helper, String> {
        let (ours, theirs) = helpers::output_pipe().map_err(|error| format!("no pipe: {error}"))?;
        let mut core = self.0.core.borrow_mut();
        let pid = core.os.start_helper(principal, words, theirs)?;
        Ok(self.0.helpers.add(pid, ours))
    }

    /// Empties the log files of a live process; without a live process there is nothing to do (RPC-181).
    pub fn clear_logs(&self, id: ProcessId) -> io::Result<()> {
        self.0.core.borrow_mut().os.pipes.clear_logs(id)
    }

    /// What became of what a process wrote, to stdout and to stderr, since its first start in this run.
    pub fn log_counters(&self, id: ProcessId) -> ProcessLogCounters {
        let core = self.0.core.borrow();
        ProcessLogCounters {
            stdout: core.os.pipes.log_counters(id, Channel::Stdout),
            stderr: core.os.pipes.log_counters(id, Channel::Stderr),
        }
    }

    /// Lends the log of a stream that is kept in memory; `None` when it has none (GO-241). It is there also while the
    /// process does not run.
    pub fn memory_log<R>(
        &self,
        id: ProcessId,
        channel: Channel,
        look: impl FnOnce(&MemoryLog) -> R,
    ) -> Option<R> {
        let core = self.0.core.borrow();
        let log = core.os.pipes.memory_log(id, channel)?;
        Some(look(&log.borrow()))
    }

    /// Queues bytes for a child's stdin (RPC-145 to 148).
    pub fn write_stdin(&self, id: ProcessId, bytes: &[u8]) -> Result<(), StdinError> {
        self.0.core.borrow_mut().os.pipes.write_stdin(id, bytes)
    }

    /// Reads the configuration again. Daemon options that a reread changes are changed at once (RRD-002); the groups
    /// are for the caller to hand to the machine. The error is the text of a CANT_REREAD fault.
    pub fn reread(&self) -> Result<Vec<GroupConfig>, String> {
        let config = (self.0.reader.reread)()?;
        // The reference forgets them (QRK-040).
        let warnings = config.messages.warnings.iter();
        warnings
            .chain(&config.messages.own_warnings)
            .for_each(|line| log::warn!("{line}"));
        let mut core = self.0.core.borrow_mut();
        core.os.settings.childlogdir = config.supervisord.childlogdir.clone();
        core.os.settings.identifier = config.supervisord.identifier.clone();
        core.os.settings.strip_ansi = config.supervisord.strip_ansi;
        core.supervisor
            .set_identifier(&config.supervisord.identifier);
        *self.0.settings.borrow_mut() = config.supervisord;
        Ok(config.groups)
    }

    /// Where the numbers of events have got to.
    pub fn next_serial(&self) -> Serial {
        self.0.core.borrow().supervisor.next_serial()
    }

    pub fn identifier(&self) -> String {
        self.0.settings.borrow().identifier.clone()
    }

    /// The file of supervisord's own log, if it goes to a file.
    pub fn main_log(&self) -> Option<PathBuf> {
        match &self.0.settings.borrow().logfile {
            MainLog::File(path) => Some(path.clone()),
            MainLog::Syslog => None,
        }
    }

    /// Deletes supervisord's own log and begins a new one (RPC-049).
    pub fn clear_main_log(&self) -> Result<(), Fault> {
        let path = self.main_log().filter(|path| path.exists());
        let path = path.ok_or_else(|| Fault::bare(FaultCode::NoFile))?;
        self.0
            .core
            .borrow()
            .activity
            .remove_and_reopen(&path)
            .map_err(|_| Fault::bare(FaultCode::Failed))
    }

    /// Readable when children have written something.
    pub(super) fn pipes_readiness(&self) -> io::Result<Readiness> {
        Readiness::of(&self.0.core.borrow().os.pipes.descriptor())
    }

    pub(super) async fn changed(&self) {
        self.0.changed.notified().await;
    }

    pub(super) fn ending(&self) -> Option<Ending> {
        self.0.core.borrow().ending
    }

    /// Whether a group that wants attention has become active since this was last asked.
    pub(super) fn takes_attention(&self) -> bool {
        std::mem::take(&mut self.0.core.borrow_mut().wants_attention)
    }

    /// Resolves when a process has changed its state, or a group has come or gone, since this last resolved. For one
    /// caller.
    pub async fn process_changes(&self) {
        self.0.process_changes.notified().await;
    }

    /// How long until the machine wants a tick; `None` when it waits for nothing.
    pub(super) fn until_deadline(&self) -> Option<Duration> {
        let core = self.0.core.borrow();
        core.supervisor
            .next_deadline()
            .map(|at| at.since(core.now().moment))
    }

    pub(super) fn announce_running(&self) {
        self.0
            .core
            .borrow_mut()
            .turn(|supervisor, turn| supervisor.announce_running(turn));
    }

    /// Whether a restart may begin now, or the line that says why not. One whose configuration cannot be read would
    /// end the daemon after it has stopped everything, so it is refused (QRK-031; LIF-004 is what the reference does).
    fn check_restart(&self) -> Result<(), String> {
        let running = self.read(|supervisor, _| supervisor.state() == SupervisorState::Running);
        if !running {
            // The machine has its own words for this.
            return Ok(());
        }
        (self.0.reader.check_restart)()
            .map_err(|reason| format!("restart refused, everything runs on as before: {reason}"))
    }

    /// Tells the machine that a hook is over, unless it has been killed meanwhile.
    pub(super) fn hook_ended(&self, order: Rc<HookOrder>, outcome: HookOutcome) {
        let mut core = self.0.core.borrow_mut();
        if core.hooks.finish(order.run) {
            core.input(Input::HookEnded { order, outcome });
            self.0.changed.notify_one();
        }
    }

    pub(super) fn tick(&self) {
        let mut core = self.0.core.borrow_mut();
        if let Some(wanted) = core.supervisor.next_deadline() {
            let late = core.now().moment.since(wanted);
            core.latencies.lateness.add(late);
        }
        core.input(Input::Tick);
    }

    /// Reaps every child that has ended; of each the last output comes first (SPN-029).
    pub(super) fn reap(&self) {
        let mut core = self.0.core.borrow_mut();
        while let Some((pid, status)) = reap::next_exit() {
            if self.0.helpers.reaped(pid, status) {
                continue;
            }
            if let Some(id) = core.supervisor.process_with_pid(pid) {
                let mut heard = Vec::new();
                core.os.pipes.drain(id, &mut heard);
                core.hear(heard);
            }
            core.input(Input::ChildExited { pid, status });
        }
        core.input(Input::Signalled(Signal::CHLD));
    }

    pub(super) fn signalled(&self, signal: Signal) {
        if signal == Signal::HUP
            && let Err(reason) = self.check_restart()
        {
            log::warn!("received {signal} indicating restart request");
            log::critical!("{reason}");
            return;
        }
        self.0.core.borrow_mut().input(Input::Signalled(signal));
    }

    /// One round of what children have written; false when nothing is left for another.
    pub(super) fn pump(&self) -> bool {
        let mut core = self.0.core.borrow_mut();
        let begun = Instant::now();
        let mut heard = Vec::new();
        let more = core.os.pipes.pump(&mut heard);
        core.latencies.rounds.add(begun.elapsed());
        core.hear(heard);
        more
    }
}

impl Core {
    fn now(&self) -> Now {
        self.os.clock.now()
    }

    fn input(&mut self, input: Input) {
        self.turn(|supervisor, turn| supervisor.handle(turn, input));
    }

    /// Takes a turn and does what it announces. Nothing awaits in between.
    fn turn<R>(&mut self, act: impl FnOnce(&mut Supervisor, &mut Turn<'_>) -> R) -> R {
        let begun = Instant::now();
        let now = self.now();
        let mut announced = Vec::new();
        let mut effects = |effect| announced.push(effect);
        let mut turn = Turn::new(now, &mut self.os, &mut effects);
        let result = act(&mut self.supervisor, &mut turn);
        for effect in announced {
            self.apply(effect);
        }
        self.latencies.turns.add(begun.elapsed());
        result
    }

    fn apply(&mut self, effect: Effect) {
        match effect {
            // Listeners have it already; an error means that nobody looks on.
            Effect::Emitted(event) => {
                if let Event::GroupRemoved { .. } = *event {
                    let Self { supervisor, os, .. } = self;
                    os.pipes.retain(|id| supervisor.names(id).is_some());
                }
                self.note(&event);
                _ = self.onlookers.send(event);
            }
            Effect::Print((channel, bytes)) => print(channel, &bytes),
            Effect::Reply(request, answer) => {
                if let Some(caller) = self.callers.remove(&request) {
                    // A caller that has gone away needs no answer (RPC-212).
                    let _ = caller.send(answer);
                }
            }
            Effect::ReopenLogs => {
                self.activity.reopen();
                self.os.pipes.reopen_logs();
            }
            Effect::RunHook(order) => {
                // There is no hook before there is a handle, and none after.
                if let Some(shared) = self.shared.upgrade() {
                    self.hooks.begin(Handle(shared), order);
                }
            }
            Effect::KillHook(run) => self.hooks.kill(run),
            Effect::Finished(ending) => self.ending = Some(ending),
        }
    }

    /// Tells those who look after processes that there is something to see.
    fn note(&mut self, event: &Event) {
        match event {
            Event::GroupAdded { name } => {
                self.wants_attention |= self.supervisor.group_wants_attention(name);
            }
            Event::ProcessState { .. } | Event::GroupRemoved { .. } => {}
            _ => return,
        }
        self.process_changes.notify_one();
    }

    /// Passes on what pipes told.
    fn hear(&mut self, heard: Vec<Heard>) {
        for heard in heard {
            match heard {
                Heard::Said(id, said) => self.input(Input::ChildSaid { id, said }),
                Heard::Closed { id, channel, fd } => self.log_closed(id, channel, fd),
            }
        }
    }

    /// The reference's line, with numbers of ours where it prints addresses (MSG-020).
    fn log_closed(&self, id: ProcessId, channel: Channel, fd: RawFd) {
        let Some((_, name)) = self.supervisor.names(id) else {
            return;
        };
        let state = self
            .supervisor
            .process_state(id)
            .map_or("UNKNOWN", |state| state.name());
        let kind = match (channel, self.supervisor.kind(id)) {
            (Channel::Stdout, Some(ChildKind::Listener)) => "PEventListenerDispatcher",
            _ => "POutputDispatcher",
        };
        log::debug!(
            "fd {fd} closed, stopped monitoring <{kind} at {fd} for <Subprocess at {} with name {name} in \
             state {state}> ({})>",
            id.0,
            channel.name()
        );
    }
}

/// Writes to supervisord's own output. Nobody can be told when that fails.
fn print(channel: Channel, bytes: &[u8]) {
    let stream = match channel {
        Channel::Stdout => Stream::Stdout,
        Channel::Stderr => Stream::Stderr,
    };
    if let Some(console) = stream.console_in_use() {
        return console.write_own(bytes);
    }
    let _ = match channel {
        Channel::Stdout => {
            let mut out = io::stdout().lock();
            out.write_all(bytes).and_then(|()| out.flush())
        }
        Channel::Stderr => io::stderr().write_all(bytes),
    };
}
