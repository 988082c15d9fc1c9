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
