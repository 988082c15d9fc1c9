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
//!      └──────────────────────────────────────────────────────────── STOPPING ──▶ SIGKILL, at every kill_at
//! ```
//!
//! A [`Process`] knows its own story and nothing of groups, waiting callers or shutdown. It asks the system through
//! the turn, tells by events, and answers "when do you want to be looked at again?" with [`Process::deadline`].
//! The rules are rows PST-001 to PST-036 of the daemon's contract; the order of events and log lines is that of the
//! reference's `process.py` and is held to it by the oracle.

use std::rc::Rc;
use std::time::Duration;

use super::command::ExitStatus;
use super::event::{Event, StateExtra};
use super::group::GroupId;
use super::history::History;
use super::turn::{ChildKind, Pid, ProcessId, SignalError, SignalTarget, Spawned, Turn};
use crate::config::types::{Autorestart, ProcessConfig};
use crate::model::log;
use crate::model::signal::{Signal, signal_name};
use crate::model::states::ProcessState;
use crate::model::time::{Moment, Now, UnixTime};

/// An automatic restart comes no earlier than this after the last start, so that a program that dies at once never
/// spins the machine. The reference gets the same from its one-second polling.
const RESTART_PACE: Duration = Duration::from_secs(1);

/// SIGKILL is repeated every `stopwaitsecs`, but not more often than this (the reference is held back by its polling).
const SHORTEST_KILL_PACE: i64 = 1;

/// The state of a process with the data that means something only in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    Stopped,
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
        kill_at: Moment,
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
            history: History::default(),
        }
    }

    pub fn history(&self) -> &History {
        &self.history
    }

    pub fn state(&self) -> ProcessState {
        match self.phase {
            Phase::Stopped => ProcessState::Stopped,
            Phase::Starting { .. } => ProcessState::Starting,
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
            Phase::Stopped | Phase::Backoff { .. } | Phase::Exited { .. } | Phase::Fatal => None,
        }
    }

    pub fn laststart(&self) -> UnixTime {
        self.laststart.map_or(UnixTime::default(), |now| now.unix)
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
        match self.phase {
            Phase::Stopped => {
                let wanted = self.config.autostart && self.laststart.is_none();
                (may_start && wanted).then_some(self.added_at)
            }
            Phase::Starting { confirm_at, .. } => Some(confirm_at),
            Phase::Backoff { since, .. } if self.retries_used_up() => Some(since),
            Phase::Backoff { retry_at, .. } => may_start.then_some(retry_at),
            Phase::Stopping { kill_at, .. } => Some(kill_at),
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
            Phase::Stopped => self.spawn(turn),
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
            Phase::Starting { pid, .. } => {
                self.backoff = 0;
                self.enter(turn, Phase::Running { pid }, StateExtra::Pid(pid.0));
                log::info!(
                    "success: {} entered RUNNING state, process has stayed up for > than {} seconds (startsecs)",
                    self.config.name,
                    self.config.startsecs
                );
            }
            Phase::Stopping { pid, .. } => {
                log::warn!("killing '{}' ({}) with SIGKILL", self.config.name, pid.0);
                // What went wrong is in the log and in the state; there is nobody else to tell.
                let _ = self.kill(turn, Signal::KILL);
            }
            Phase::Running { .. } | Phase::Fatal | Phase::Unknown { .. } => {}
        }
    }

    /// Starts it. What goes wrong ends in BACKOFF with the reason in `spawnerr` (SPN-013).
    pub fn spawn(&mut self, turn: &mut Turn<'_>) {
        if self.pid().is_some() {
            log::warn!("process '{}' already running", self.config.name);
            return;
        }
        turn.spawns += 1;
        self.spawnerr = None;
        self.exitstatus = None;
        self.laststart = Some(turn.now);
        self.history.starts += 1;
        self.announce(
            turn,
            ProcessState::Starting,
            StateExtra::Tries(self.backoff),
        );
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

    /// Stops it on somebody's request. The error is the text of a FAILED fault.
    pub fn stop(&mut self, turn: &mut Turn<'_>) -> Result<(), String> {
        self.kill(turn, self.config.stopsignal)
    }

    /// BACKOFF → FATAL, without a word in the log (SHD-005).
    pub fn give_up(&mut self, turn: &mut Turn<'_>) {
        self.backoff = 0;
        self.enter(turn, Phase::Fatal, StateExtra::None);
    }

    /// Sends a signal with the intention of ending it: RUNNING, STARTING, STOPPING → STOPPING.
    fn kill(&mut self, turn: &mut Turn<'_>, signal: Signal) -> Result<(), String> {
        if let Phase::Backoff { .. } = self.phase {
            log::debug!(
                "Attempted to kill {}, which is in BACKOFF state.",
                self.config.name
            );
            self.enter(turn, Phase::Stopped, StateExtra::Pid(0));
            return Ok(());
        }
        let Some(pid) = self.pid() else {
            let text = format!(
                "attempted to kill {} with sig {signal} but it wasn't running",
                self.config.name
            );
            log::debug!("{text}");
            return Err(text);
        };
        let again = self.state() == ProcessState::Stopping;
        // The first signal goes out as `stopasgroup` says, the last resort as `killasgroup` says (PST-029).
        let as_group = if again {
            self.config.killasgroup
        } else {
            self.config.stopasgroup
        };
        let group_words = if as_group { "process group " } else { "" };
        log::debug!(
            "killing {} (pid {}) {group_words}with signal {signal}",
            self.config.name,
            pid.0
        );

        let wait = if again {
            self.config.stopwaitsecs.max(SHORTEST_KILL_PACE)
        } else {
            self.config.stopwaitsecs
        };
        let stopping = Phase::Stopping {
            pid,
            kill_at: turn.now.moment.plus_seconds(wait),
        };
        if again {
            self.phase = stopping;
        } else {
            self.enter(turn, stopping, StateExtra::Pid(pid.0));
        }
        let target = if as_group {
            SignalTarget::Group(pid)
        } else {
            SignalTarget::Process(pid)
        };
        match turn.os.signal(target, signal) {
            Ok(()) => Ok(()),
            Err(SignalError::Gone) => {
                // The state stays: the reaper brings the rest.
                log::debug!(
                    "unable to signal {} (pid {}), it probably just exited on its own: [Errno 3] No such process",
                    self.config.name,
                    pid.0
                );
                Ok(())
            }
            Err(SignalError::Other { errno, text }) => {
                let text = format!(
                    "unknown problem killing {} ({}):[Errno {errno}] {text}",
                    self.config.name, pid.0
                );
                log::critical!("{text}");
                self.enter(turn, Phase::Unknown { pid: Some(pid) }, StateExtra::None);
                Err(text)
            }
        }
    }

    /// Sends a signal without the intention of ending it. Never to the process group (PST-031).
    pub fn signal(&mut self, turn: &mut Turn<'_>, signal: Signal) -> Result<(), String> {
        let name = &self.config.name;
        let Some(pid) = self.pid() else {
            let text = format!("attempted to send {name} sig {signal} but it wasn't running");
            log::debug!("{text}");
            return Err(text);
        };
        log::debug!("sending {name} (pid {}) sig {signal}", pid.0);
        match turn.os.signal(SignalTarget::Process(pid), signal) {
            Ok(()) => Ok(()),
            Err(SignalError::Gone) => {
                log::debug!(
                    "unable to signal {name} (pid {}), it probably just now exited on its own: \
                     [Errno 3] No such process",
                    pid.0
                );
                Ok(())
            }
            Err(SignalError::Other { errno, text }) => {
                // The reference prints the process's name where the signal's belongs (MSG-002).
                let text = format!(
                    "unknown problem sending sig {name} ({}):[Errno {errno}] {text}",
                    pid.0
                );
                log::critical!("{text}");
                self.enter(turn, Phase::Unknown { pid: Some(pid) }, StateExtra::None);
                Err(text)
            }
        }
    }

    /// Its child was reaped.
    pub fn child_exited(&mut self, turn: &mut Turn<'_>, status: ExitStatus) {
        let now = turn.now;
        self.laststop = now.unix;
        let code = status.number();
        let expected = u8::try_from(code).is_ok_and(|code| self.config.exitcodes.contains(&code));
        let in_order = match self.phase {
            Phase::Stopping { .. } => true,
            Phase::Starting { confirm_at, .. } => expected && now.moment >= confirm_at,
            Phase::Running { .. }
            | Phase::Stopped
            | Phase::Backoff { .. }
            | Phase::Exited { .. }
            | Phase::Fatal
            | Phase::Unknown { .. } => expected,
        };
        self.history.ended(now.unix, status, in_order);
        let words = words_for(status);
        let name = self.config.name.clone();
        match self.phase {
            Phase::Stopping { pid, .. } => {
                self.exitstatus = Some(code);
                self.enter(turn, Phase::Stopped, StateExtra::Pid(pid.0));
                let line = format!("stopped: {name} ({words})");
                if expected {
                    log::info!("{line}")
                } else {
                    log::warn!("{line}")
                }
            }
            Phase::Starting { confirm_at, .. } if now.moment < confirm_at => {
                self.exitstatus = None;
                self.spawnerr =
                    Some("Exited too quickly (process log may have details)".to_owned());
                self.back_off(turn, ProcessState::Starting);
                log::warn!("exited: {name} ({words}; not expected)");
            }
            Phase::Starting { pid, .. } | Phase::Running { pid } => {
                self.backoff = 0;
                self.exitstatus = Some(code);
                if self.state() == ProcessState::Starting {
                    // It stayed up long enough, and nobody had looked yet (PST-017).
                    self.enter(turn, Phase::Running { pid }, StateExtra::Pid(pid.0));
                }
                let exited = Phase::Exited {
                    restart_at: self.restart_at(now.moment, expected),
                };
                let extra = StateExtra::Exit {
                    expected,
                    pid: pid.0,
                };
                if expected {
                    self.enter(turn, exited, extra);
                    log::info!("exited: {name} ({words}; expected)");
                } else {
                    self.spawnerr = Some(format!("Bad exit code {code}"));
                    self.enter(turn, exited, extra);
                    log::warn!("exited: {name} ({words}; not expected)");
                }
            }
            Phase::Unknown { .. } => {
                // UNKNOWN is for good (PST-034), but the pid is no longer ours.
                self.exitstatus = Some(code);
                self.phase = Phase::Unknown { pid: None };
                log::warn!("exited: {name} ({words}; not expected)");
            }
            // No child, so nothing of ours can have been reaped: the caller looks processes up by pid.
            Phase::Stopped | Phase::Backoff { .. } | Phase::Exited { .. } | Phase::Fatal => {}
        }
        turn.os.let_go(self.id);
    }

    fn restart_at(&self, now: Moment, expected: bool) -> Option<Moment> {
        let wanted = match self.config.autorestart {
            Autorestart::Never => false,
            Autorestart::Unexpected => !expected,
            Autorestart::Always => true,
        };
        let earliest = self
            .laststart
            .map_or(now, |start| start.moment + RESTART_PACE);
        wanted.then_some(earliest.max(now))
    }

    /// More failed starts than `startretries` allows (PST-012).
    fn retries_used_up(&self) -> bool {
        i64::try_from(self.backoff).unwrap_or(i64::MAX) > self.config.startretries
    }

    /// → BACKOFF, one failed start more, and the next attempt that many seconds from now (PST-006).
    fn back_off(&mut self, turn: &mut Turn<'_>, from: ProcessState) {
        self.backoff += 1;
        self.history.backoffs += 1;
        let now = turn.now.moment;
        let wait = i64::try_from(self.backoff).unwrap_or(i64::MAX);
        self.phase = Phase::Backoff {
            since: now,
            retry_at: now.plus_seconds(wait),
        };
        self.emit(
            turn,
            ProcessState::Backoff,
            from,
            StateExtra::Tries(self.backoff),
        );
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
