//! Stops in the reverse order of `depends_on` (GO-191): when a whole group or everybody is stopped, whoever others
//! depend on is stopped after them, completely. (The way out has its own, in `shutdown`.) A stop of one process is just
//! that.

use std::collections::{BTreeMap, BTreeSet};

use super::Supervisor;
use super::process::Process;
use super::turn::{ProcessId, Turn};
use crate::model::states::ProcessState;

/// Stops that wait for the end of others. Plain data.
#[derive(Debug, Default)]
pub(super) struct HeldStops {
    /// Who is to be stopped, and who has to have stopped before.
    held: BTreeMap<ProcessId, BTreeSet<ProcessId>>,
}

impl HeldStops {
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    pub fn is_held(&self, id: ProcessId) -> bool {
        self.held.contains_key(&id)
    }

    pub fn hold(&mut self, id: ProcessId, until_stopped: BTreeSet<ProcessId>) {
        self.held.insert(id, until_stopped);
    }

    /// This one is not waited with any more; false when it was not.
    pub fn release(&mut self, id: ProcessId) -> bool {
        self.held.remove(&id).is_some()
    }

    pub fn clear(&mut self) {
        self.held.clear();
    }

    /// `id` has stopped: gives back who waits for nobody any more.
    fn released_by(&mut self, id: ProcessId) -> Vec<ProcessId> {
        let mut released = Vec::new();
        self.held.retain(|held, until_stopped| {
            let over = until_stopped.remove(&id) && until_stopped.is_empty();
            if over {
                released.push(*held);
            }
            !over
        });
        released
    }
}

impl Supervisor {
    /// A stop waits as long as any of `dependents` runs; `None` when none does.
    pub(super) fn hold_stop(
        &mut self,
        id: ProcessId,
        dependents: &BTreeSet<ProcessId>,
    ) -> Option<()> {
        let running = |id: &&ProcessId| {
            let process = self.processes.get(id);
            process.is_some_and(|process| !process.state().is_stopped())
        };
        let before: BTreeSet<ProcessId> = dependents.iter().filter(running).copied().collect();
        let held = !before.is_empty();
        held.then(|| self.stops.hold(id, before))
    }

    /// Something happened to a process: stops whoever waited for its end.
    pub(super) fn go_on_stopping(&mut self, turn: &mut Turn<'_>, id: ProcessId) {
        let state = self.processes.get(&id).map(Process::state);
        if self.stops.is_empty() || state.is_some_and(|state| !state.is_stopped()) {
            return;
        }
        if self.stops.release(id) {
            // It has ended by itself before its turn came; it was to stop, so it does not come back.
            self.call_off_start(turn, id);
            self.with_process(turn, id, |process, _| process.call_off());
        }
        for released in self.stops.released_by(id) {
            let state = self.processes.get(&released).map(Process::state);
            if state.is_some_and(ProcessState::is_running) {
                // What goes wrong is in the log, and UNKNOWN counts as stopped.
                self.with_process(turn, released, |process, turn| process.stop(turn).ok());
            }
        }
    }
}
