//! Signals: those that are meant to end a process, step by step, and those that are not.
//!
//! `Stopping` has up to three steps. A stop hook runs first and no signal is sent before its end (GO-195). Then the
//! stop signals go out, as a rule one, `stopwaitsecs` apart when `stopsignal` is a list (GO-129); and then SIGKILL,
//! again and again. Each wait counts from the signal before it.

use super::super::event::StateExtra;
use super::super::hook::{HookKind, HookRun};
use super::super::turn::{Effect, Pid, SignalError, SignalTarget, Turn};
use super::{Phase, Process};
use crate::model::log;
use crate::model::signal::Signal;
use crate::model::states::ProcessState;
use crate::model::time::Moment;

/// SIGKILL is repeated every `stopwaitsecs`, but not more often than this (the reference is held back by its polling).
const SHORTEST_KILL_PACE: i64 = 1;

/// How far a stop has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopStep {
    /// The stop hook runs.
    Hook { hook: HookRun, until: Moment },
    /// So many of the stop signals have been sent. When `next_at` comes, the next is, or SIGKILL.
    Signalled { sent: usize, next_at: Moment },
}

impl StopStep {
    pub(super) fn deadline(self) -> Moment {
        match self {
            Self::Hook { until, .. } => until,
            Self::Signalled { next_at, .. } => next_at,
        }
    }
}

impl Process {
    /// Stops it on somebody's request: RUNNING, STARTING → STOPPING. Where there is no child yet → STOPPED. The error
    /// is the text of a FAILED fault.
    pub fn stop(&mut self, turn: &mut Turn<'_>) -> Result<(), String> {
        match self.phase {
            Phase::Backoff { .. } => {
                log::debug!(
                    "Attempted to kill {}, which is in BACKOFF state.",
                    self.config.name
                );
                self.enter(turn, Phase::Stopped, StateExtra::Pid(0));
                return Ok(());
            }
            Phase::Preparing { .. } => {
                self.cancel_preparation(turn);
                return Ok(());
            }
            // It is on its way already.
            Phase::Stopping { .. } => return Ok(()),
            _ => {}
        }
        let Some(pid) = self.pid() else {
            let text = format!(
                "attempted to kill {} with sig {} but it wasn't running",
                self.config.name, self.config.stopsignal
            );
            log::debug!("{text}");
            return Err(text);
        };
        match self.order_hook(HookKind::PreStop, Some(pid), None) {
            None => self.send_first_signal(turn, pid),
            Some(order) => {
                let (hook, until) = (order.run, turn.now.moment + order.timeout);
                let step = StopStep::Hook { hook, until };
                self.enter(turn, Phase::Stopping { pid, step }, StateExtra::Pid(pid.0));
                turn.tell(Effect::RunHook(order));
                Ok(())
            }
        }
    }

    pub(super) fn send_first_signal(
        &mut self,
        turn: &mut Turn<'_>,
        pid: Pid,
    ) -> Result<(), String> {
        self.send(turn, pid, self.config.stopsignal, 1)
    }

    /// The wait after a signal is over: the next of the list goes out, or SIGKILL.
    pub(super) fn press_on(&mut self, turn: &mut Turn<'_>, pid: Pid, sent: usize) {
        let extensions = self.config.extensions.as_ref();
        let further = extensions.and_then(|all| all.further_stopsignals.get(sent.checked_sub(1)?));
        let signal = further.copied().unwrap_or_else(|| {
            log::warn!("killing '{}' ({}) with SIGKILL", self.config.name, pid.0);
            Signal::KILL
        });
        // What went wrong is in the log and in the state; there is nobody else to tell.
        let _ = self.send(turn, pid, signal, sent + 1);
    }

    /// Sends a signal with the intention of ending it, the `sent`th of this stop.
    fn send(
        &mut self,
        turn: &mut Turn<'_>,
        pid: Pid,
        signal: Signal,
        sent: usize,
    ) -> Result<(), String> {
        let extensions = self.config.extensions.as_ref();
        let stop_signals = 1 + extensions.map_or(0, |all| all.further_stopsignals.len());
        let last_resort = sent > stop_signals;
        // Stop signals go out as `stopasgroup` says, the last resort as `killasgroup` says (PST-029).
        let as_group = if last_resort {
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

        let wait = if last_resort {
            let pace = extensions.and_then(|all| all.killwaitsecs);
            pace.unwrap_or(self.config.stopwaitsecs)
                .max(SHORTEST_KILL_PACE)
        } else {
            self.config.stopwaitsecs
        };
        let next_at = turn.now.moment.plus_seconds(wait);
        let step = StopStep::Signalled { sent, next_at };
        let stopping = Phase::Stopping { pid, step };
        if self.state() == ProcessState::Stopping {
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
}
