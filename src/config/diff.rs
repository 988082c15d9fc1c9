//! What a reread changed: groups added, changed and removed (RPC-065 to RPC-068).
//!
//! When two groups count as equal is decided by their types (RRD-005, RRD-006).

use super::types::GroupConfig;

/// Names of groups, by what happened to them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Difference {
    /// In the file, not active; in the order of the file's groups.
    pub added: Vec<String>,
    /// In both, and not equal; in the order of the file's groups.
    pub changed: Vec<String>,
    /// Active, not in the file; in the order of activation.
    pub removed: Vec<String>,
}

/// Compares the groups that run, in the order of their activation, with those that the file has now.
pub fn diff<'a>(
    active: impl IntoIterator<Item = &'a GroupConfig>,
    read: &[GroupConfig],
) -> Difference {
    let active: Vec<&GroupConfig> = active.into_iter().collect();
    let mut difference = Difference::default();
    for group in read {
        match active.iter().find(|running| running.name == group.name) {
            None => difference.added.push(group.name.clone()),
            Some(running) if *running != group => difference.changed.push(group.name.clone()),
            Some(_) => {}
        }
    }
    difference.removed = active
        .iter()
        .filter(|running| !read.iter().any(|group| group.name == running.name))
        .map(|running| running.name.clone())
        .collect();
    difference
}

#[cfg(test)]
mod tests {
    use super::{Difference, diff};
    use crate::config::types::{EventListenerConfig, GroupConfig, GroupKind};

    fn group(name: &str, priority: i64) -> GroupConfig {
        GroupConfig {
            name: name.to_owned(),
            priority,
            kind: GroupKind::Programs,
            processes: Vec::new(),
        }
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    // RPC-065 to RPC-068
    #[test]
    fn groups_are_compared_by_name_and_content() {
        let active = [
            group("z", 1),
            group("same", 1),
            group("b", 1),
            group("a", 1),
        ];
        let mut read = vec![
            group("new", 1),
            group("same", 1),
            group("b", 2),
            group("a", 1),
        ];
        read[3].kind = GroupKind::EventListener(EventListenerConfig {
            events: names(&["TICK_5"]),
            buffer_size: 10,
            result_handler: "supervisor.dispatchers:default_handler".to_owned(),
        });
        let expected = Difference {
            added: names(&["new"]),
            changed: names(&["b", "a"]),
            removed: names(&["z"]),
        };
        assert_eq!(diff(&active, &read), expected);
        assert_eq!(diff(&active, &active), Difference::default());
    }
}
