//! Where pools of event listeners and the wall clock touch the rest of the machine.

use super::group::{GroupId, ProcessGroup};
use super::listener_pool::{ListenerPool, Serial};
use super::turn::Turn;
use super::{Due, Supervisor};
use crate::config::types::GroupKind;

impl Supervisor {
    /// What the next event gets that a pool accepts; for a run that continues this one (SHD-015).
    pub fn next_serial(&self) -> Serial {
        self.pools.next_serial()
    }

    /// What headers call `server` from now on (EVT-012, RRD-002).
    pub fn set_identifier(&mut self, identifier: &str) {
        self.pools.set_identifier(identifier.to_owned());
    }

    /// Lets the turn have the pools as long as `act` runs.
    pub(super) fn lending_pools<R>(
        &mut self,
        turn: &mut Turn<'_>,
        act: impl FnOnce(&mut Self, &mut Turn<'_>) -> R,
    ) -> R {
        turn.pools = std::mem::take(&mut self.pools);
        let result = act(self, turn);
        self.pools = std::mem::take(&mut turn.pools);
        result
    }

    pub(super) fn open_pool(&mut self, turn: &mut Turn<'_>, id: GroupId, group: &ProcessGroup) {
        let GroupKind::EventListener(config) = &group.config.kind else {
            return;
        };
        let members = group.members.iter().filter_map(|id| {
            let process = self.processes.get(id)?;
            Some((*id, process.config.name.clone()))
        });
        let pool = ListenerPool::new(&group.config.name, group.config.priority, config, members);
        turn.pools.add(id, pool, &group.members);
        self.subscribe_to_ticks(turn);
    }

    pub(super) fn close_pool(&mut self, turn: &mut Turn<'_>, id: GroupId) {
        if turn.pools.remove(id) {
            self.subscribe_to_ticks(turn);
        }
    }

    /// Only what some pool wants is waited for.
    fn subscribe_to_ticks(&mut self, turn: &mut Turn<'_>) {
        let pools = &turn.pools;
        self.ticks
            .subscribe(turn.now.unix, |name| pools.subscribed(name));
        self.wait_for_ticks(turn);
    }

    /// Emits what the wall clock brings. Looked at in every turn, since the clock may have been set.
    pub(super) fn emit_ticks(&mut self, turn: &mut Turn<'_>) {
        let Some(deadline) = self.ticks_deadline else {
            return;
        };
        let due = self.ticks.take_due(turn.now.unix);
        if deadline <= turn.now.moment || !due.is_empty() {
            self.wait_for_ticks(turn);
        }
        for event in due {
            turn.emit(event);
        }
    }

    fn wait_for_ticks(&mut self, turn: &mut Turn<'_>) {
        if let Some(at) = self.ticks_deadline.take() {
            self.deadlines.remove(&(at, Due::Ticks));
        }
        self.ticks_deadline = self.ticks.deadline(turn.now);
        if let Some(at) = self.ticks_deadline {
            self.deadlines.insert((at, Due::Ticks));
        }
    }
}
