//! What `supervisorctl update` does, for interfaces that do it in one call: the configuration is read again, groups that
//! are gone or changed are stopped and removed, and what is new or changed is added. Children of the others run on.

use super::handle::Handle;
use crate::model::fault::{Fault, FaultCode};
use crate::model::states::SupervisorState;
use crate::supervisor::command::{Command, Reply};

/// What a reread would change, as names of groups (RPC-065 to 067).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Difference {
    pub added: Vec<String>,
    pub changed: Vec<String>,
    pub removed: Vec<String>,
}

/// What became of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    Removed,
    Updated,
    Added,
}

impl Change {
    pub fn word(self) -> &'static str {
        match self {
            Self::Removed => "removed",
            Self::Updated => "updated",
            Self::Added => "added",
        }
    }
}

/// How one group fared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    pub group: String,
    pub change: Change,
    pub result: Result<(), Fault>,
}

impl Difference {
    /// What concerns these groups; all of it where none is named.
    pub fn limited_to(mut self, groups: &[String]) -> Self {
        if !groups.is_empty() {
            for names in [&mut self.added, &mut self.changed, &mut self.removed] {
                names.retain(|name| groups.contains(name));
            }
        }
        self
    }
}

/// Reads the configuration and tells what it would change.
pub async fn reread(handle: &Handle) -> Result<Difference, Fault> {
    admit(handle)?;
    let groups = handle
        .reread()
        .map_err(|reason| Fault::with(FaultCode::CantReread, reason))?;
    match handle.call(Command::ReplaceConfig(groups)).await? {
        Reply::Diff {
            added,
            changed,
            removed,
        } => Ok(Difference {
            added,
            changed,
            removed,
        }),
        Reply::True | Reply::Results(_) => Err(Fault::bare(FaultCode::Failed)),
    }
}

/// Makes it true, one group after the other. A group that cannot be stopped stays, and the others are gone on with. To be
/// carried through: half of it is a group less.
pub async fn apply(handle: &Handle, difference: &Difference) -> Vec<Applied> {
    let mut all = Vec::new();
    let Difference {
        added,
        changed,
        removed,
    } = difference;
    for (groups, change) in [
        (removed, Change::Removed),
        (changed, Change::Updated),
        (added, Change::Added),
    ] {
        for group in groups {
            all.push(Applied {
                group: group.clone(),
                change,
                result: apply_to(handle, group, change).await,
            });
        }
    }
    all
}

async fn apply_to(handle: &Handle, group: &str, change: Change) -> Result<(), Fault> {
    let name = || group.to_owned();
    if change != Change::Added {
        let (wait, name) = (true, name());
        ask(handle, Command::StopGroup { name, wait }).await?;
        ask(handle, Command::RemoveGroup { name: group.into() }).await?;
    }
    if change != Change::Removed {
        ask(handle, Command::AddGroup { name: name() }).await?;
    }
    Ok(())
}

async fn ask(handle: &Handle, command: Command) -> Result<Reply, Fault> {
    admit(handle)?;
    handle.call(command).await
}

/// Nothing is changed any more while supervisord is on its way out (RPC-022).
fn admit(handle: &Handle) -> Result<(), Fault> {
    match handle.read(|supervisor, _| supervisor.state()) {
        SupervisorState::Running => Ok(()),
        _ => Err(Fault::bare(FaultCode::ShutdownState)),
    }
}
