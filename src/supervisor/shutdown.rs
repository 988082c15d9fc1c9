//! The way out: groups stop one after another, last priority first, and each completely before the next is asked
//! (SHD rows). The reference does this over several passes of its loop; here it goes as far as it can in one turn.
//!
//! `depends_on` comes before that order: whoever others depend on is stopped only after them, and when its group's turn
//! comes, they are asked first, whatever group they are in (GO-191). At the very end come the hooks of those that have
//! stopped: they may be what a container is waited for with, so each has its time (GO-406).

use std::collections::{BTreeMap, BTreeSet};

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
    /// Who depends on whom.
    dependents: BTreeMap<ProcessId, BTreeSet<ProcessId>>,
    /// Whose turn has come, but whose dependents have not stopped.
    held: BTreeSet<ProcessId>,
    report_at: Option<Moment>,
    /// Until when the last hooks are waited for.
    hooks_until: Option<Moment>,
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
        let released = self.stop_held(turn);
        self.report_unstopped(turn);
        if self
            .shutdown
            .as_ref()
            .is_none_or(|shutdown| shutdown.finished)
        {
            return false;
        }
        if self.unstopped == 0 {
            if self.waits_for_last_hooks(turn) {
                self.answer_waiters(turn);
                return false;
            }
            if let Some(shutdown) = &mut self.shutdown {
                shutdown.finished = true;
            }
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
        moved || released || self.head_has_stopped()
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
        let ids: Vec<ProcessId> = self.processes.keys().copied().collect();
        let dependents = self.dependents_among(&ids);
        self.shutdown = Some(Shutdown {
            queue: self.groups_by_priority(),
            asked: false,
            dependents,
            held: BTreeSet::new(),
            report_at: None,
            hooks_until: None,
            finished: false,
        });
        // Nothing starts any more (SHD-010), so starts and retries that were due are not, and no start hook goes on.
        self.stops.clear();
        for id in ids {
            self.call_off_start(turn, id);
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
            self.stop_for_shutdown(turn, id, &mut Vec::new());
        }
    }

    /// Asks a process to stop, or first those that depend on it; `asking` are those on whose behalf this happens.
    fn stop_for_shutdown(
        &mut self,
        turn: &mut Turn<'_>,
        id: ProcessId,
        asking: &mut Vec<ProcessId>,
    ) {
        let Some(state) = self.processes.get(&id).map(Process::state) else {
            return;
        };
        match state {
            ProcessState::Running | ProcessState::Starting => {
                asking.push(id);
                for dependent in self.unstopped_dependents(id) {
                    // A circle, which no configuration has, must not keep anybody.
                    if !asking.contains(&dependent) && !self.is_held(dependent) {
                        self.stop_for_shutdown(turn, dependent, asking);
                    }
                }
                asking.pop();
                let mut others = self.unstopped_dependents(id);
                others.retain(|dependent| !asking.contains(dependent));
                if others.is_empty() {
                    // A failure is in the log and leaves the process UNKNOWN, which counts as stopped.
                    self.with_process(turn, id, |process, turn| process.stop(turn).ok());
                } else if let Some(shutdown) = &mut self.shutdown {
                    shutdown.held.insert(id);
                }
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

    /// Stops whoever waits for nobody any more; false when there is nobody.
    fn stop_held(&mut self, turn: &mut Turn<'_>) -> bool {
        let held = self.shutdown.iter().flat_map(|shutdown| &shutdown.held);
        let free = |id: &&ProcessId| self.unstopped_dependents(**id).is_empty();
        let released: Vec<ProcessId> = held.filter(free).copied().collect();
        for id in &released {
            if let Some(shutdown) = &mut self.shutdown {
                shutdown.held.remove(id);
            }
            self.stop_for_shutdown(turn, *id, &mut Vec::new());
        }
        !released.is_empty()
    }

    fn is_held(&self, id: ProcessId) -> bool {
        let shutdown = self.shutdown.as_ref();
        shutdown.is_some_and(|shutdown| shutdown.held.contains(&id))
    }

    /// In the order in which they are asked: last priority first.
    fn unstopped_dependents(&self, id: ProcessId) -> Vec<ProcessId> {
        let shutdown = self.shutdown.as_ref();
        let all = shutdown.and_then(|shutdown| shutdown.dependents.get(&id));
        let unstopped = |id: &&ProcessId| {
            let process = self.processes.get(id);
            process.is_some_and(|process| !process.state().is_stopped())
        };
        let mut ids: Vec<ProcessId> = all
            .into_iter()
            .flatten()
            .filter(unstopped)
            .copied()
            .collect();
        ids.sort_by_key(|id| std::cmp::Reverse(self.place(*id)));
        ids
    }

    /// Everybody has stopped; hooks that tell of it have until their time limits.
    fn waits_for_last_hooks(&mut self, turn: &mut Turn<'_>) -> bool {
        let now = turn.now.moment;
        self.last_hooks.retain(|_, until| *until > now);
        let until = self.last_hooks.values().min().copied();
        if let Some(shutdown) = &mut self.shutdown {
            match shutdown.hooks_until {
                Some(at) => _ = self.deadlines.remove(&(at, Due::LastHooks)),
                None if until.is_some() => {
                    log::info!("waiting for {} hook(s) to end", self.last_hooks.len());
                }
                None => {}
            }
            shutdown.hooks_until = until;
        }
        self.deadlines.extend(until.map(|at| (at, Due::LastHooks)));
        until.is_some()
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
