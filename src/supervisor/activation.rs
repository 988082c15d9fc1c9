//! Groups come and go: what is offered becomes active, and what is active may be removed again (GRP-001 to 005).

use std::collections::BTreeMap;
use std::rc::Rc;

use super::Supervisor;
use super::command::Reply;
use super::event::{Channel, Event};
use super::group::{GroupId, ProcessGroup};
use super::process::Process;
use super::turn::{ActivationError, AutoLogError, ChildKind, ProcessId, Turn};
use crate::config::types::{GroupConfig, GroupKind, LogFile};
use crate::model::fault::{Fault, FaultCode};

impl Supervisor {
    pub(super) fn add_group(&mut self, turn: &mut Turn<'_>, name: &str) -> Result<Reply, Fault> {
        let place = self.available.iter().position(|config| config.name == name);
        let place = place.ok_or_else(|| Fault::with(FaultCode::BadName, name))?;
        if self.group_names.contains_key(name) {
            return Err(Fault::with(FaultCode::AlreadyAdded, name));
        }
        self.activate(turn, place)
            .map_err(|error| Fault::with(FaultCode::Failed, error.to_string()))?;
        Ok(Reply::True)
    }

    /// Makes an available group active: AUTO logs are created, sockets tried, then the group exists, then it is told
    /// (GRP-001).
    pub(super) fn activate(
        &mut self,
        turn: &mut Turn<'_>,
        place: usize,
    ) -> Result<(), ActivationError> {
        // The available configuration learns the names of AUTO logs too (RPC-083).
        resolve_auto_logs(turn, &mut self.available[place]).map_err(ActivationError::AutoLog)?;
        for socket in self.available[place].sockets() {
            turn.os
                .try_socket(socket)
                .map_err(ActivationError::Socket)?;
        }
        let config = self.available[place].clone();
        let group_id = GroupId(self.next_group);
        self.next_group += 1;
        let mut group = ProcessGroup {
            config,
            members: Vec::new(),
            by_name: BTreeMap::new(),
            unstopped: 0,
        };
        let kind = match group.config.kind {
            GroupKind::EventListener(_) => ChildKind::Listener,
            GroupKind::Programs | GroupKind::Fcgi(_) => ChildKind::Program,
        };
        for process in &group.config.processes {
            // Of two processes with one name the later definition takes the earlier one's place (NAM-014).
            let place = match group.by_name.get(&process.name) {
                Some(known) => group
                    .members
                    .iter()
                    .position(|id| id == known)
                    .unwrap_or(group.members.len()),
                None => group.members.len(),
            };
            let id = ProcessId(self.next_process);
            self.next_process += 1;
            if let Some(replaced) = group.members.get(place).copied() {
                self.forget(replaced);
                group.members[place] = id;
            } else {
                group.members.push(id);
            }
            group.by_name.insert(process.name.clone(), id);
            let process = Process::new(
                id,
                group_id,
                place,
                kind,
                &group.config.name,
                Rc::clone(process),
                turn.now.moment,
            );
            let deadline = process.deadline(self.may_start());
            self.processes.insert(id, process);
            self.set_process_deadline(id, deadline);
        }
        // A pool subscribes before its own group is told of (EVL-018).
        self.open_pool(turn, group_id, &group);
        let name = group.config.name.clone();
        self.group_names.insert(name.clone(), group_id);
        self.groups.insert(group_id, group);
        self.wishes.groups_have_changed();
        turn.emit(Event::GroupAdded { name });
        Ok(())
    }

    pub(super) fn remove_group(&mut self, turn: &mut Turn<'_>, name: &str) -> Result<Reply, Fault> {
        let id = self.group_named(name)?;
        if self
            .groups
            .get(&id)
            .is_some_and(|group| group.unstopped > 0)
        {
            return Err(Fault::with(FaultCode::StillRunning, name));
        }
        if let Some(group) = self.groups.remove(&id) {
            self.group_names.remove(name);
            self.close_pool(turn, id);
            for member in group.members {
                turn.os.let_go(member);
                self.forget(member);
            }
        }
        turn.emit(Event::GroupRemoved {
            name: name.to_owned(),
        });
        Ok(Reply::True)
    }

    fn forget(&mut self, id: ProcessId) {
        self.set_process_deadline(id, None);
        self.end_wish(id);
        self.restarting.remove(&id);
        self.stops.release(id);
        // Whoever waits for it hears that it is gone.
        self.touched.push(id);
        if let Some(pid) = self.processes.remove(&id).and_then(|process| process.pid()) {
            self.by_pid.remove(&pid);
        }
    }
}

/// Creates the AUTO logs of a group's processes and writes their names into the configuration (LOG-002, LOG-004).
fn resolve_auto_logs(turn: &mut Turn<'_>, group: &mut GroupConfig) -> Result<(), AutoLogError> {
    for process in &mut group.processes {
        if [&process.stdout, &process.stderr]
            .iter()
            .all(|stream| stream.logfile != LogFile::Auto)
        {
            continue;
        }
        let process = Rc::make_mut(process);
        let streams = [
            (Channel::Stdout, &mut process.stdout),
            (Channel::Stderr, &mut process.stderr),
        ];
        for (channel, stream) in streams {
            if stream.logfile == LogFile::Auto {
                stream.logfile = LogFile::Path(turn.os.create_auto_log(&process.name, channel)?);
            }
        }
    }
    Ok(())
}
