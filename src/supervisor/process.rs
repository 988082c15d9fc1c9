//! One process and the state machine that a supervisor is for.
//!
//! ```text
//!              autostart, start                 startsecs have passed
//!   STOPPED ─────────────────▶ STARTING ─────────────────────────────▶ RUNNING
//!      ▲                        │    ▲                                  │    │
//!      │          exits at once │    │ retry_at, counter <= startretries│    │ exits
//!      │                        ▼    │                                  │    ▼
//!      │◀───────── stop ──── BACKOFF ┘                                  │  EXITED ──▶ STARTING (autorestart)
//!      │                        │ counter > startretries                │
//!      │                        ▼                                  stop │
//!      │                      FATAL                                     ▼
//!      └──────────────────────────────────────────────────────────── STOPPING ──▶ SIGKILL, again and again
//! ```
//!
//! With a start hook STARTING begins without a child ([`Phase::Preparing`]), with a stop hook STOPPING begins without a
//! signal ([`StopStep::Hook`]); neither is a state of its own for anybody who looks on.
//!
//! A [`Process`] knows its own story and nothing of groups, waiting callers or shutdown. It asks the system through
//! the turn, tells by events, and answers "when do you want to be looked at again?" with [`Process::deadline`].
//! The rules are rows PST-001 to PST-036 of the daemon's contract; the order of events and log lines is that of the
//! reference's `process.py` and is held to it by the oracle.
//!
//! | file | subject |
//! |---|---|
//! | this one | what a process is, what time brings about, its start |
//! | `stopping` | signals: those that are meant to end it, step by step, and the others |
//! | `ended` | its child is dead, or could not be made; when the next attempt is |
//! | `starts` | starts that wait, for others or for their turn |
//! | `hooks` | what is run around its life |

mod ended;
mod hooks;
mod starts;
mod stopping;

use std::rc::Rc;
use std::time::Duration;

use super::command::ExitStatus;
use super::event::{Event, StateExtra};
use super::group::GroupId;
use super::history::History;
use super::hook::{HookKind, HookRun};
use super::turn::{ChildKind, Effect, Pid, ProcessId, Spawned, Turn};
use crate::config::types::ProcessConfig;
use crate::model::log;
use crate::model::signal::signal_name;
use crate::model::states::ProcessState;
use crate::model::time::{Moment, Now, UnixTime};

pub use self::hooks::log_hook;
pub use self::stopping::StopStep;

/// An automatic restart comes no earlier than this after the last start, so that a program that dies at once never
/// spins the machine. The reference gets the same from its one-second polling.
const RESTART_PACE: Duration = Duration::from_secs(1);

/// The state of a process with the data that means something only in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    Stopped,
    /// STARTING for all who look, but there is no child before the start hook has ended (GO-192).
    Preparing {
        hook: HookRun,
        until: Moment,
    },
    Starting {
        pid: Pid,
        confirm_at: Moment,
    },
    Running {
        pid: Pid,
    },
    Backoff {
        since: Moment,
        retry_at: Moment,
    },
    Stopping {
        pid: Pid,
        step: StopStep,
    },
    /// `restart_at` is set when `autorestart` wants it back.
    Exited {
        restart_at: Option<Moment>,
    },
    Fatal,
    /// A signal could not be delivered; nothing more is known of it (PST-030).
    Unknown {
        pid: Option<Pid>,
    },
}

/// What a process without a child waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    /// What its phase says: `autostart`, `autorestart`, or nothing.
    Usual,
    /// Others that are to be RUNNING first.
    Others,
    /// Its turn.
    Due(Moment),
    /// Nothing but a request: its start was called off.
    Request,
}

/// One configured process with all that is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Process {
    pub id: ProcessId,
    pub group: GroupId,
    /// Position within the group's configuration; decides who goes first when several are due.
    pub rank: usize,
    pub kind: ChildKind,
    pub group_name: String,
    pub config: Rc<ProcessConfig>,
    phase: Phase,
    /// When the group was activated: an autostart process wants to start from then on.
    added_at: Moment,
    /// When it was last started, on both clocks; `None` if never.
    laststart: Option<Now>,
    /// When it was last reaped; zero if never.
    laststop: UnixTime,
    exitstatus: Option<i32>,
    spawnerr: Option<String>,
    /// The backoff counter: failed starts in a row. A stop does not reset it (PST-024).
    backoff: u64,
    /// Automatic starts in a row, for delays that grow.
    restarts_in_a_row: u32,
    /// How the child of the last start ended, if it had one and it has.
    last_end: Option<ExitStatus>,
    /// How many hooks were run; the next gets this number.
    hook_runs: u64,
    start: Start,
    history: History,
}

impl Process {
    pub fn new(
        id: ProcessId,
        group: GroupId,
        rank: usize,
        kind: ChildKind,
        group_name: &str,
        config: Rc<ProcessConfig>,
        added_at: Moment,
    ) -> Self {
        Self {
            id,
            group,
            rank,
            kind,
            group_name: group_name.to_owned(),
            config,
            phase: Phase::Stopped,
            added_at,
            laststart: None,
            laststop: UnixTime::default(),
            exitstatus: None,
            spawnerr: None,
            backoff: 0,
            restarts_in_a_row: 0,
            last_end: None,
            hook_runs: 0,
            start: Start::Usual,
            history: History::default(),
        }
    }

    pub fn history(&self) -> &History {
        &self.history
    }

    pub fn state(&self) -> ProcessState {
        match self.phase {
            Phase::Stopped => ProcessState::Stopped,
            Phase::Preparing { .. } | Phase::Starting { .. } => ProcessState::Starting,
            Phase::Running { .. } => ProcessState::Running,
            Phase::Backoff { .. } => ProcessState::Backoff,
            Phase::Stopping { .. } => ProcessState::Stopping,
            Phase::Exited { .. } => ProcessState::Exited,
            Phase::Fatal => ProcessState::Fatal,
            Phase::Unknown { .. } => ProcessState::Unknown,
        }
    }

    pub fn pid(&self) -> Option<Pid> {
        match self.phase {
            Phase::Starting { pid, .. } | Phase::Running { pid } | Phase::Stopping { pid, .. } => {
                Some(pid)
            }
            Phase::Unknown { pid } => pid,
            Phase::Stopped
            | Phase::Preparing { .. }
            | Phase::Backoff { .. }
            | Phase::Exited { .. }
            | Phase::Fatal => None,
        }
    }

    pub fn laststart(&self) -> UnixTime {
        self.laststart.map_or(UnixTime::default(), |now| now.unix)
    }

    pub fn last_started(&self) -> Option<Now> {
        self.laststart
    }

    pub fn laststop(&self) -> UnixTime {
        self.laststop
    }

    pub fn exitstatus(&self) -> Option<i32> {
        self.exitstatus
    }

    pub fn spawnerr(&self) -> Option<&str> {
        self.spawnerr.as_deref()
    }

    /// When this process wants [`transition`](Self::transition) to look at it. `may_start` is false once supervisord
    /// is on its way out (SHD-010).
    pub fn deadline(&self, may_start: bool) -> Option<Moment> {
        if let (true, Some(at)) = (self.state().is_stopped(), self.start.overrides()) {
            return at.filter(|_| may_start);
        }
        match self.phase {
            Phase::Stopped => self
                .wants_autostart()
                .then_some(self.added_at)
                .filter(|_| may_start),
            Phase::Preparing { until, .. } => may_start.then_some(until),
            Phase::Starting { confirm_at, .. } => Some(confirm_at),
            Phase::Backoff { since, .. } if self.retries_used_up() => Some(since),
            Phase::Backoff { retry_at, .. } => may_start.then_some(retry_at),
            Phase::Stopping { step, .. } => Some(step.deadline()),
            Phase::Exited { restart_at } => restart_at.filter(|_| may_start),
            Phase::Running { .. } | Phase::Fatal | Phase::Unknown { .. } => None,
        }
    }

    /// Does what time alone brings about. Nothing happens before [`deadline`](Self::deadline).
    ///
    /// A process spawned here is not confirmed in the same look (PST-015), but one whose retry fails at once may be
    /// given up in it (PST-012).
    pub fn transition(&mut self, turn: &mut Turn<'_>, may_start: bool) {
        let now = turn.now.moment;
        if self.deadline(may_start).is_none_or(|at| at > now) {
            return;
        }
        match self.phase {
            Phase::Stopped | Phase::Fatal => self.spawn(turn),
            Phase::Exited { .. } => {
                self.history.restarts += 1;
                self.spawn(turn);
            }
            Phase::Backoff { retry_at, .. } => {
                if may_start && !self.retries_used_up() && retry_at <= now {
                    self.history.restarts += 1;
                    self.spawn(turn);
                }
                if self.state() == ProcessState::Backoff && self.retries_used_up() {
                    self.give_up(turn);
                    log::info!(
                        "gave up: {} entered FATAL state, too many start retries too quickly",
                        self.config.name
                    );
                }
            }
            Phase::Preparing { hook, .. } => self.hook_overdue(turn, hook, HookKind::PreStart),
            Phase::Starting { pid, .. } => {
                self.backoff = 0;
                self.enter(turn, Phase::Running { pid }, StateExtra::Pid(pid.0));
                log::info!(
                    "success: {} entered RUNNING state, process has stayed up for > than {} seconds (startsecs)",
                    self.config.name,
                    self.config.startsecs
                );
                self.announce_hook(turn, HookKind::PostStart, Some(pid), None);
            }
            Phase::Stopping { pid, step } => match step {
                StopStep::Hook { hook, .. } => self.hook_overdue(turn, hook, HookKind::PreStop),
                StopStep::Signalled { sent, .. } => self.press_on(turn, pid, sent),
            },
            Phase::Running { .. } | Phase::Unknown { .. } => {}
        }
    }

    /// Starts it, by way of its start hook if it has one. What goes wrong ends in BACKOFF with the reason in `spawnerr`
    /// (SPN-013).
    pub fn spawn(&mut self, turn: &mut Turn<'_>) {
        if self.pid().is_some() {
            log::warn!("process '{}' already running", self.config.name);
            return;
        }
        turn.spawns += 1;
        self.start = Start::Usual;
        self.spawnerr = None;
        self.exitstatus = None;
        self.last_end = None;
        self.laststart = Some(turn.now);
        self.history.starts += 1;
        self.announce(
            turn,
            ProcessState::Starting,
            StateExtra::Tries(self.backoff),
        );
        match self.order_hook(HookKind::PreStart, None, None) {
            None => self.launch(turn),
            Some(order) => {
                let (hook, until) = (order.run, turn.now.moment + order.timeout);
                self.phase = Phase::Preparing { hook, until };
                turn.tell(Effect::RunHook(order));
            }
        }
    }

    /// The child itself; STARTING was told of.
    fn launch(&mut self, turn: &mut Turn<'_>) {
        match turn
            .os
            .spawn(self.id, self.kind, &self.group_name, &self.config)
        {
            Ok(Spawned { pid, at }) => {
                log::info!("spawned: '{}' with pid {}", self.config.name, pid.0);
                let at = at.unwrap_or(turn.now);
                self.laststart = Some(at);
                // With startsecs=0 it is due now, however late in the turn it was spawned (RPC-117).
                let from = if self.config.startsecs > 0 {
                    at
                } else {
                    turn.now
                };
                let confirm_at = from.moment.plus_seconds(self.config.startsecs);
                self.phase = Phase::Starting { pid, confirm_at };
            }
            Err(error) => {
                let text = error.text(&self.config.name);
                log::info!("spawnerr: {text}");
                self.spawnerr = Some(text);
                self.back_off(turn, ProcessState::Starting);
                turn.os.let_go(self.id);
            }
        }
    }

    /// BACKOFF → FATAL, without a word in the log (SHD-005).
    pub fn give_up(&mut self, turn: &mut Turn<'_>) {
        self.backoff = 0;
        self.restarts_in_a_row = 0;
        self.enter(turn, Phase::Fatal, StateExtra::None);
    }

    fn enter(&mut self, turn: &mut Turn<'_>, phase: Phase, extra: StateExtra) {
        let from = self.state();
        self.phase = phase;
        self.emit(turn, self.state(), from, extra);
    }

    /// Tells of STARTING before there is a child to be in that phase (EVT-036).
    fn announce(&self, turn: &mut Turn<'_>, state: ProcessState, extra: StateExtra) {
        self.emit(turn, state, self.state(), extra);
    }

    fn emit(
        &self,
        turn: &mut Turn<'_>,
        state: ProcessState,
        from: ProcessState,
        extra: StateExtra,
    ) {
        let event = Event::ProcessState {
            state,
            process: self.config.name.clone(),
            group: self.group_name.clone(),
            from,
            extra,
        };
        turn.emit(event);
    }
}

/// `exit status 3`, `terminated by SIGTERM (core dumped)` (SPN-030).
pub fn words_for(status: ExitStatus) -> String {
    match status {
        ExitStatus::Code(code) => format!("exit status {code}"),
        ExitStatus::Signal {
            number,
            core_dumped,
        } => {
            let core = if core_dumped { " (core dumped)" } else { "" };
            format!("terminated by {}{core}", signal_name(number))
        }
    }
}
