//! Whom a name means, and what this node is called.

use crate::model::namespec::Namespec;
use crate::supervisor::Supervisor;
use crate::supervisor::turn::ProcessId;

/// What a name means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meant {
    /// One process, with its full name.
    One(ProcessId, String),
    /// Every process of this group.
    Group(String),
}

/// Finds `name`, `group:name` and `group:*`; a bare name in any group, if it is there once (GO-054, GO-303).
pub fn find(supervisor: &Supervisor, name: &str) -> Option<Meant> {
    let Namespec { group, process } = Namespec::parse(name);
    let Some(process) = process else {
        let is_there = supervisor.has_group(group);
        return is_there.then(|| Meant::Group(group.to_owned()));
    };
    if let Some(id) = supervisor.find(group, process) {
        return Some(Meant::One(id, format!("{group}:{process}")));
    }
    if name.contains(':') {
        return None;
    }
    let mut found = supervisor
        .all_infos(Default::default())
        .filter(|info| info.name == name);
    let group = match (found.next(), found.next()) {
        (Some(one), None) => one.group,
        _ => return None,
    };
    let id = supervisor.find(group, name)?;
    Some(Meant::One(id, format!("{group}:{name}")))
}

/// The same where only one process will do.
pub fn find_one(supervisor: &Supervisor, name: &str) -> Option<ProcessId> {
    match find(supervisor, name)? {
        Meant::One(id, _) => Some(id),
        Meant::Group(_) => None,
    }
}

/// GO-264
pub fn node(configured: Option<&str>) -> String {
    configured.map(str::to_owned).unwrap_or_else(|| {
        let machine = nix::unistd::gethostname().ok();
        let machine = machine.and_then(|name| name.into_string().ok());
        machine.unwrap_or_else(|| "localhost".to_owned())
    })
}
