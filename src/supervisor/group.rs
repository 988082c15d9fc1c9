//! Process groups: who belongs together, and in which order.

use std::collections::BTreeMap;

use super::turn::ProcessId;
use crate::config::types::GroupConfig;

/// The machine's own name for an active group. Later groups have greater ids, so the order of ids is the order of
/// activation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupId(pub u32);

/// An active group.
#[derive(Debug, Clone, PartialEq)]
pub struct ProcessGroup {
    pub config: GroupConfig,
    /// In the order of the configuration; the order in which autostart processes go (GRP-005).
    pub members: Vec<ProcessId>,
    pub by_name: BTreeMap<String, ProcessId>,
    /// How many members are not in a stopped state.
    pub unstopped: usize,
}

/// What a reread found different from the active groups (RPC-065 to 067).
pub fn difference(
    available: &[GroupConfig],
    active: &BTreeMap<GroupId, ProcessGroup>,
) -> (Vec<String>, Vec<String>, Vec<String>) {
    let current: BTreeMap<&str, &GroupConfig> = active
        .values()
        .map(|group| (group.config.name.as_str(), &group.config))
        .collect();
    let mut added = Vec::new();
    let mut changed = Vec::new();
    for config in available {
        match current.get(config.name.as_str()) {
            None => added.push(config.name.clone()),
            Some(active) if *active != config => changed.push(config.name.clone()),
            Some(_) => {}
        }
    }
    let is_available = |name: &str| available.iter().any(|config| config.name == name);
    let removed = current_names(active)
        .filter(|name| !is_available(name))
        .map(str::to_owned)
        .collect();
    (added, changed, removed)
}

fn current_names(active: &BTreeMap<GroupId, ProcessGroup>) -> impl Iterator<Item = &str> {
    active.values().map(|group| group.config.name.as_str())
}
