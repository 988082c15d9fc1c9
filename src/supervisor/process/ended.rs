//! A child is dead, or could not be made: what state that leads to, when there is a next attempt, and what a final end
//! means for supervisord.
//!
//! The pause before an automatic start is the reference's (none after an exit, but [`RESTART_PACE`]; 1, 2, 3 … seconds
//! after failed starts) unless the program has others. `restart_delay` takes the place of both: the first start in a
//! row comes that many seconds after the end before it, and each further one after twice the time, up to the ceiling.
//! The row is over when a child has been RUNNING and has lived for longer than the pause before it, when somebody
//! asks for a start, and in FATAL. `restartpause` is the least of all pauses (GO-164, GO-165).

use std::time::Duration;

use super::super::command::ExitStatus;
use super::super::event::StateExtra;
use super::super::hook::HookKind;
use super::super::turn::Turn;
use super::{Phase, Process, RESTART_PACE, words_for};
use crate::config::extensions::{RestartDelay, WhenEnded};
use crate::config::types::Autorestart;
use crate::model::log;
use crate::model::states::ProcessState;
use crate::model::time::Moment;

/// A start that fails at once must not be tried again and again within a turn, whatever delay was asked for.
const SHORTEST_RETRY_PACE: i64 = 1;

/// `startretries` that never runs out.
const FOR_EVER: i64 = -1;

impl Process {
    /// Its child was reaped.
    pub fn child_exited(&mut self, turn: &mut Turn<'_>, status: ExitStatus) {
        let now = turn.now;
        let pid = self.pid();
        self.laststop = now.unix;
        self.last_end = Some(status);
        let code = status.number();
        let expected = u8::try_from(code).is_ok_and(|code| self.config.exitcodes.contains(&code));
        let in_order = match self.phase {
            Phase::Stopping { .. } => true,
            Phase::Starting { confirm_at, .. } => expected && now.moment >= confirm_at,
            Phase::Running { .. }
            | Phase::Stopped
            | Phase::Preparing { .. }
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
            Phase::Stopped
            | Phase::Preparing { .. }
            | Phase::Backoff { .. }
            | Phase::Exited { .. }
            | Phase::Fatal => return,
        }
        turn.os.let_go(self.id);
        self.announce_hook(turn, HookKind::PostStop, pid, Some(status));
    }

    fn restart_at(&mut self, now: Moment, expected: bool) -> Option<Moment> {
        let wanted = match self.config.autorestart {
            Autorestart::Never => false,
            Autorestart::Unexpected => !expected,
            Autorestart::Always => true,
        };
        let laststart = self.laststart.map(|start| start.moment);
        if self.has_lived(laststart.map_or(Duration::ZERO, |start| now.since(start))) {
            self.restarts_in_a_row = 0;
        }
        let earliest = laststart.map_or(now, |start| start + RESTART_PACE);
        wanted.then(|| earliest.max(now.plus_seconds(self.pause(0))))
    }

    /// Whether a child with this length of life ends the row of automatic starts.
    fn has_lived(&self, life: Duration) -> bool {
        let before = self.restarts_in_a_row.saturating_sub(1);
        let pause = self.delay_after(before).unwrap_or(0);
        life >= Duration::from_secs(u64::try_from(pause).unwrap_or(0))
    }

    /// How many seconds pass before an automatic start that is decided on now, where the reference has `usual`.
    fn pause(&mut self, usual: i64) -> i64 {
        let pause = self.delay_after(self.restarts_in_a_row).unwrap_or(usual);
        self.restarts_in_a_row = self.restarts_in_a_row.saturating_add(1);
        let extensions = self.config.extensions.as_ref();
        pause.max(extensions.map_or(0, |all| all.restartpause))
    }

    /// The program's own delay when so many automatic starts in a row came before.
    fn delay_after(&self, restarts: u32) -> Option<i64> {
        let RestartDelay { first, ceiling } = self.config.extensions.as_ref()?.restart_delay?;
        // More than 62 doublings of a second are beyond any ceiling.
        Some(first.saturating_mul(1 << restarts.min(62)).min(ceiling))
    }

    /// Somebody asks for a start: delays begin anew.
    pub fn start_over(&mut self) {
        self.restarts_in_a_row = 0;
    }

    /// The exit status that supervisord leaves with because of the state that this process has entered; `None` when
    /// it stays. An EXITED process that is to be restarted has not ended for good (GO-402).
    pub fn last_word(&self) -> Option<u8> {
        let extensions = self.config.extensions.as_ref()?;
        let status = self.last_end.map(ExitStatus::as_shell_status);
        match self.phase {
            Phase::Exited { restart_at: None } if extensions.on_exit == WhenEnded::Shutdown => {
                Some(status.unwrap_or(0))
            }
            // That it could not be kept running is a failure, whatever its children said.
            Phase::Fatal if extensions.on_fatal == WhenEnded::Shutdown => {
                Some(status.filter(|status| *status != 0).unwrap_or(1))
            }
            _ => None,
        }
    }

    /// More failed starts than `startretries` allows (PST-012); -1 allows any number (GO-411).
    pub(super) fn retries_used_up(&self) -> bool {
        let failed = i64::try_from(self.backoff).unwrap_or(i64::MAX);
        !self.retries_for_ever() && failed > self.config.startretries
    }

    pub fn retries_for_ever(&self) -> bool {
        self.config.startretries == FOR_EVER
    }

    /// → BACKOFF, one failed start more, and the next attempt that many seconds from now (PST-006), or as the program
    /// has it.
    pub(super) fn back_off(&mut self, turn: &mut Turn<'_>, from: ProcessState) {
        self.backoff += 1;
        self.history.backoffs += 1;
        let now = turn.now.moment;
        let usual = i64::try_from(self.backoff).unwrap_or(i64::MAX);
        let wait = self.pause(usual).max(SHORTEST_RETRY_PACE);
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
}
