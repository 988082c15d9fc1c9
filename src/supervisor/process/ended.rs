//! A child is dead, or could not be made: what state that leads to, and when there is a next attempt.

use super::super::command::ExitStatus;
use super::super::event::StateExtra;
use super::super::hook::HookKind;
use super::super::turn::Turn;
use super::{Phase, Process, RESTART_PACE, words_for};
use crate::config::types::Autorestart;
use crate::model::log;
use crate::model::states::ProcessState;
use crate::model::time::Moment;

impl Process {
    /// Its child was reaped.
    pub fn child_exited(&mut self, turn: &mut Turn<'_>, status: ExitStatus) {
        let now = turn.now;
        let pid = self.pid();
        self.laststop = now.unix;
        self.history.ended(status);
        let code = status.number();
        let expected = u8::try_from(code).is_ok_and(|code| self.config.exitcodes.contains(&code));
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
    pub(super) fn retries_used_up(&self) -> bool {
        i64::try_from(self.backoff).unwrap_or(i64::MAX) > self.config.startretries
    }

    /// → BACKOFF, one failed start more, and the next attempt that many seconds from now (PST-006).
    pub(super) fn back_off(&mut self, turn: &mut Turn<'_>, from: ProcessState) {
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
}
