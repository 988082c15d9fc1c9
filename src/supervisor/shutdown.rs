//! The way out: groups stop one after another, last priority first, and each completely before the next is asked
//! (SHD rows). The reference does this over several passes of its loop; here it goes as far as it can in one turn.

use super::event::Event;
use super::group::GroupId;
use super::process::Process;
use super::turn::{Effect, Ending, ProcessId, Turn};
use super::{Due, Supervisor};
use crate::model::log;
use crate::model::states::{ProcessState, SupervisorState};
use crate::model::time::Moment;

/// Between two lines that say whom the shutdown waits for, in seconds.
const REPORT_PACE: i64 = 3;

/// A shutdown (or restart) in progress.
#[derive(Debug)]
pub(super) struct Shutdown {
    /// Groups still to be stopped; the last one is being stopped. Frozen when the shutdown began (SHD-001).
    queue: Vec<GroupId>,
    /// The last group has been told to stop.
    asked: bool,
    report_at: Option<Moment>,
    finished: bool,
}

impl Supervisor {
    /// Goes one step on the way out; false when there is nothing to do before something else happens. The order is
    /// that of one turn of the reference's loop: a group that has stopped makes place for the next one, which is asked
    /// to stop before listeners get to hear of what happened (EVT-038).
    pub(super) fn shutdown_step(&mut self, turn: &mut Turn<'_>) -> bool {
        if self.shutdown.is_none() {
            self.begin_shutdown(turn);
        }
        self.retire_head();
        if let Some(group) = self.next_group_to_ask() {
            self.stop_group_for_shutdown(turn, group);
        }
        self.report_unstopped(turn);
        let Some(shutdown) = &mut self.shutdown else {
            return false;
        };
        if shutdown.finished {
            return false;
        }
        if self.unstopped == 0 {
            shutdown.finished = true;
            self.answer_waiters(turn);
            let ending = if self.state == SupervisorState::Restarting {
                Ending::Restart
            } else {
                Ending::Shutdown {
                    status: self.exit_status,
                }
            };
            turn.tell(Effect::Finished(ending));
            return false;
        }
        let moved = self.pass(turn, self.everybody());
        self.answer_waiters(turn);
        moved || self.head_has_stopped()
    }

    /// A process has entered a state; if it matters so much, everybody goes (GO-402). The first that does decides.
    pub(super) fn leave_with(&mut self, id: ProcessId) {
        let Some(process) = self.processes.get(&id) else {
            return;
        };
        let Some(status) = process.last_word().filter(|_| self.may_start()) else {
            return;
        };
        let state = process.state();
        let option = if state == ProcessState::Fatal {
            "on_fatal"
        } else {
            "on_exit"
        };
        log::warn!(
            "{} entered {} state, shutting down with exit status {status} ({option})",
            process.config.name,
            state.name()
        );
        self.exit_status = status;
        self.state = SupervisorState::Shutdown;
    }

    /// The group whose turn it was has stopped: the one before it is next.
    fn retire_head(&mut self) {
        if self.head_has_stopped()
            && let Some(shutdown) = &mut self.shutdown
        {
            shutdown.queue.pop();
            shutdown.asked = false;
        }
    }

    fn head_has_stopped(&self) -> bool {
        let shutdown = self.shutdown.as_ref().filter(|shutdown| shutdown.asked);
        let head = shutdown.and_then(|shutdown| shutdown.queue.last());
        head.is_some_and(|id| self.groups.get(id).is_none_or(|group| group.unstopped == 0))
    }

    fn begin_shutdown(&mut self, turn: &mut Turn<'_>) {
        turn.emit(Event::SupervisorStopping);
        self.shutdown = Some(Shutdown {
            queue: self.groups_by_priority(),
            asked: false,
            report_at: None,
            finished: false,
        });
        // Nothing starts any more (SHD-010), so starts and retries that were due are not, and no start hook goes on.
        let ids: Vec<ProcessId> = self.processes.keys().copied().collect();
        for id in ids {
            if self.processes.get(&id).is_some_and(Process::is_preparing) {
                self.with_process(turn, id, Process::cancel_preparation);
            }
            let deadline = self
                .processes
                .get(&id)
                .and_then(|process| process.deadline(false));
            self.set_process_deadline(id, deadline);
        }
    }

    fn next_group_to_ask(&mut self) -> Option<GroupId> {
        let shutdown = self.shutdown.as_mut()?;
        if shutdown.asked {
            return None;
        }
        shutdown.asked = true;
        shutdown.queue.last().copied()
    }

    /// All members at once, in descending process priority; those in BACKOFF are given up (SHD-004, SHD-005).
    fn stop_group_for_shutdown(&mut self, turn: &mut Turn<'_>, group: GroupId) {
        for id in self.members_by_priority(group).into_iter().rev() {
            let Some(state) = self.processes.get(&id).map(Process::state) else {
                continue;
            };
            match state {
                ProcessState::Running | ProcessState::Starting => {
                    // A failure is in the log and leaves the process UNKNOWN, which counts as stopped.
                    self.with_process(turn, id, |process, turn| process.stop(turn).ok());
                }
                ProcessState::Backoff => {
                    self.with_process(turn, id, |process, turn| process.give_up(turn));
                }
                // On its way already, or nothing left to stop.
                ProcessState::Stopping
                | ProcessState::Stopped
                | ProcessState::Exited
                | ProcessState::Fatal
                | ProcessState::Unknown => {}
            }
        }
    }

    /// Names everybody who is still there, of all groups, at most every three seconds (SHD-008).
    pub(super) fn report_unstopped(&mut self, turn: &mut Turn<'_>) {
        let now = turn.now.moment;
        let Some(shutdown) = &mut self.shutdown else {
            return;
        };
        if let Some(at) = shutdown.report_at {
            if at > now && self.unstopped > 0 {
                return;
            }
            self.deadlines.remove(&(at, Due::ShutdownReport));
            shutdown.report_at = None;
        }
        if self.unstopped == 0 {
            return;
        }
        let next = now.plus_seconds(REPORT_PACE);
        shutdown.report_at = Some(next);
        self.deadlines.insert((next, Due::ShutdownReport));

        let members = self.groups.values().flat_map(|group| &group.members);
        let unstopped: Vec<&Process> = members
            .filter_map(|id| self.processes.get(id))
            .filter(|process| !process.state().is_stopped())
            .collect();
        let names: Vec<&str> = unstopped
            .iter()
            .map(|process| process.config.name.as_str())
            .collect();
        log::info!("waiting for {} to die", names.join(", "));
        for process in unstopped {
            log::blather!("{} state: {}", process.config.name, process.state().name());
        }
    }
}
