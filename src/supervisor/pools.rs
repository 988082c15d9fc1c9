//! All event listener pools. They travel with the [`Turn`](super::turn::Turn), so that whoever emits an event reaches
//! them at once, in the middle of whatever else is happening: an event is accepted at its emission and never later
//! (EVT-035).

use std::collections::BTreeMap;
use std::rc::Rc;

use super::event::Event;
use super::group::GroupId;
use super::listener_pool::{ListenerPool, Serial};
use super::result_handler::{Printed, Printers};
use super::turn::{Os, ProcessId};

/// The pools of a machine with what they share. Plain data.
#[derive(Debug, Default)]
pub struct Pools {
    /// In the order in which they subscribed, which is that of their activation.
    pools: BTreeMap<GroupId, ListenerPool>,
    members: BTreeMap<ProcessId, GroupId>,
    /// The next event that some pool accepts gets this number (EVT-014).
    next_serial: Serial,
    /// What the header calls `server` (EVT-012); a reread may change it (RRD-002).
    identifier: String,
    printers: Printers,
}

/// What waits for the listeners of one pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queue<'a> {
    pub pool: &'a str,
    pub length: usize,
    pub capacity: usize,
    /// How many events had to go because the buffer was full.
    pub dropped: u64,
}

impl Pools {
    /// Numbers go on where a former run of this process left off (SHD-015).
    pub fn continuing(identifier: String, next_serial: Serial) -> Self {
        Self {
            identifier,
            next_serial,
            ..Self::default()
        }
    }

    pub fn next_serial(&self) -> Serial {
        self.next_serial
    }

    pub fn set_identifier(&mut self, identifier: String) {
        self.identifier = identifier;
    }

    /// From now on this pool takes events.
    pub fn add(&mut self, group: GroupId, pool: ListenerPool, members: &[ProcessId]) {
        self.members.extend(members.iter().map(|id| (*id, group)));
        self.pools.insert(group, pool);
    }

    /// From now on it takes none; what waited in it is gone. False when this group is no pool.
    pub fn remove(&mut self, group: GroupId) -> bool {
        self.members.retain(|_, of| *of != group);
        self.pools.remove(&group).is_some()
    }

    /// Gives an event to every pool that wants it.
    pub fn accept(&mut self, event: &Rc<Event>) {
        let mut serial = None;
        for pool in self.pools.values_mut() {
            if pool.subscribes_to(event.name()) {
                let serial = *serial.get_or_insert_with(|| self.next_serial.take());
                pool.accept(serial, Rc::clone(event));
            }
        }
    }

    /// Whether anybody would take an event of this type.
    pub fn subscribed(&self, name: &str) -> bool {
        self.pools.values().any(|pool| pool.subscribes_to(name))
    }

    /// Every pool with its priority, in the order of activation.
    pub fn priorities(&self) -> impl Iterator<Item = (i64, GroupId)> {
        self.pools
            .iter()
            .map(|(group, pool)| (pool.priority(), *group))
    }

    pub fn queues(&self) -> impl Iterator<Item = Queue<'_>> {
        self.pools.values().map(ListenerPool::queue)
    }

    /// Lets a pool send what it has; true when it sent something.
    pub fn dispatch(&mut self, group: GroupId, os: &mut dyn Os) -> bool {
        let pool = self.pools.get_mut(&group);
        pool.is_some_and(|pool| pool.dispatch(&self.identifier, os))
    }

    /// A listener said this. What its result handler prints is given back.
    pub fn heard(&mut self, id: ProcessId, bytes: &[u8]) -> Vec<Printed> {
        let group = self.members.get(&id);
        match group.and_then(|group| self.pools.get_mut(group)) {
            Some(pool) => pool.heard(id, bytes, &mut self.printers),
            None => Vec::new(),
        }
    }

    /// A process has another state or another child; most are not listeners.
    pub fn process_changed(&mut self, id: ProcessId, running: bool, new_child: bool) {
        if let Some(pool) = self.pool_of(id) {
            pool.process_changed(id, running, new_child);
        }
    }

    /// A process's child was reaped, and its exit is told.
    pub fn child_exited(&mut self, id: ProcessId) {
        if let Some(pool) = self.pool_of(id) {
            pool.child_exited(id);
        }
    }

    fn pool_of(&mut self, id: ProcessId) -> Option<&mut ListenerPool> {
        self.pools.get_mut(self.members.get(&id)?)
    }
}
