//! What clients ask for. Each method answers the way the reference's `rpcinterface.py` does, in the same order of
//! checks: the shutdown gate, the name, the command, the state, and only then the deed (RPC-020 to 149).

use std::collections::BTreeMap;

use super::Supervisor;
use super::command::{Command, ProcessResult, Reply, RequestId};
use super::event::Event;
use super::group::GroupId;
use super::process::Process;
use super::turn::{CommandError, Effect, ProcessId, Turn};
use super::wait::{Waiter, WaiterKind, Wanted, process_result};
use crate::config::diff::{Difference, diff};
use crate::model::fault::{Fault, FaultCode};
use crate::model::namespec::{Namespec, display_name};
use crate::model::signal::Signal;
use crate::model::states::{ProcessState, SupervisorState};

/// How far a call for one process got at once.
pub(super) enum Progress {
    Done,
    /// Not there yet, and the caller wants to wait.
    Pending,
}

impl Supervisor {
    pub(super) fn command(&mut self, turn: &mut Turn<'_>, request: RequestId, command: Command) {
        let gated = !matches!(command, Command::SendRemoteEvent { .. });
        if gated && self.state != SupervisorState::Running {
            let fault = Fault::bare(FaultCode::ShutdownState);
            turn.tell(Effect::Reply(request, Err(fault)));
            return;
        }
        let reply = match command {
            Command::StartProcess { namespec, wait } => {
                self.one(turn, request, Wanted::Started, namespec, wait)
            }
            Command::StopProcess { namespec, wait } => {
                self.one(turn, request, Wanted::Stopped, namespec, wait)
            }
            Command::RestartProcess {
                namespec,
                start_stopped,
            } => {
                let wanted = Wanted::Restarted { start_stopped };
                self.one(turn, request, wanted, namespec, true)
            }
            Command::StartGroup { name, wait } => {
                self.group(turn, request, Wanted::Started, &name, wait)
            }
            Command::StopGroup { name, wait } => {
                self.group(turn, request, Wanted::Stopped, &name, wait)
            }
            Command::StartAll { wait } => {
                let everybody = self.by_priority();
                self.many(turn, request, Wanted::Started, &everybody, wait);
                Ok(None)
            }
            Command::StopAll { wait } => {
                let everybody = self.by_priority();
                self.many(turn, request, Wanted::Stopped, &everybody, wait);
                Ok(None)
            }
            Command::SignalProcess { namespec, signal } => {
                self.signal_one(turn, &namespec, &signal).map(Some)
            }
            Command::SignalGroup { name, signal } => {
                self.signal_group(turn, &name, &signal).map(Some)
            }
            Command::SignalAll { signal } => {
                let everybody = self.by_priority();
                Ok(Some(self.signal_many(turn, &everybody, &signal)))
            }
            Command::AddGroup { name } => self.add_group(turn, &name).map(Some),
            Command::RemoveGroup { name } => self.remove_group(turn, &name).map(Some),
            Command::ReplaceConfig(groups) => {
                self.available = groups;
                self.wishes.groups_have_changed();
                let active = self.groups.values().map(|group| &group.config);
                let Difference {
                    added,
                    changed,
                    removed,
                } = diff(active, &self.available);
                Ok(Some(Reply::Diff {
                    added,
                    changed,
                    removed,
                }))
            }
            Command::SendRemoteEvent { kind, data } => {
                turn.emit(Event::RemoteCommunication { kind, data });
                Ok(Some(Reply::True))
            }
            Command::Shutdown => {
                self.state = SupervisorState::Shutdown;
                Ok(Some(Reply::True))
            }
            Command::Restart => {
                self.state = SupervisorState::Restarting;
                Ok(Some(Reply::True))
            }
        };
        match reply {
            Ok(Some(reply)) => turn.tell(Effect::Reply(request, Ok(reply))),
            // A waiter has it in hand.
            Ok(None) => {}
            Err(fault) => turn.tell(Effect::Reply(request, Err(fault))),
        }
    }

    /// Starts or stops one process; a namespec that means a whole group makes it a call for the group (RPC-035).
    fn one(
        &mut self,
        turn: &mut Turn<'_>,
        request: RequestId,
        wanted: Wanted,
        namespec: String,
        wait: bool,
    ) -> Result<Option<Reply>, Fault> {
        let (group, id) = self.look_up(&namespec)?;
        let Some(id) = id else {
            let members = self.members_by_priority(group);
            self.many(turn, request, wanted, &members, wait);
            return Ok(None);
        };
        match self.begin(turn, wanted, id, &namespec, wait)? {
            Progress::Done => Ok(Some(Reply::True)),
            Progress::Pending => {
                let pending = BTreeMap::from([(0, id)]);
                self.wait(
                    turn,
                    request,
                    Waiter {
                        wanted,
                        kind: WaiterKind::One { namespec },
                        pending,
                    },
                );
                Ok(None)
            }
        }
    }

    /// A call that names a group; `name:*` is not understood here (RPC-124).
    fn group(
        &mut self,
        turn: &mut Turn<'_>,
        request: RequestId,
        wanted: Wanted,
        name: &str,
        wait: bool,
    ) -> Result<Option<Reply>, Fault> {
        let group = self.group_named(name)?;
        let members = self.members_by_priority(group);
        self.many(turn, request, wanted, &members, wait);
        Ok(None)
    }

    /// Starts or stops everyone of `ids` whose state allows it, all at once; the others are not mentioned (RPC-127).
    fn many(
        &mut self,
        turn: &mut Turn<'_>,
        request: RequestId,
        wanted: Wanted,
        ids: &[ProcessId],
        wait: bool,
    ) {
        let mut results: Vec<ProcessResult> = Vec::new();
        let mut pending = BTreeMap::new();
        let dependents = self.dependents_among(ids);
        for (place, id) in self.in_order(wanted, ids).into_iter().enumerate() {
            let Some(process) = self.processes.get(&id) else {
                continue;
            };
            let running = process.state().is_running();
            let qualifies = match wanted {
                Wanted::Started => !running,
                Wanted::Stopped => running || self.is_to_start(process),
                Wanted::Restarted { start_stopped } => {
                    running || start_stopped || self.is_to_start(process)
                }
            };
            if !qualifies {
                continue;
            }
            let name = display_name(&process.group_name, &process.config.name);
            // Where nothing runs, a stop is only a word to those who want it started.
            let before = dependents
                .get(&id)
                .filter(|_| running && wanted == Wanted::Stopped);
            let begun = match before.and_then(|before| self.hold_stop(id, before)) {
                Some(()) if wait => Ok(Progress::Pending),
                Some(()) => Ok(Progress::Done),
                None => self.begin(turn, wanted, id, &name, wait),
            };
            let fault = match begun {
                Ok(Progress::Pending) => {
                    pending.insert(place, id);
                    continue;
                }
                Ok(Progress::Done) => None,
                Err(fault) => Some(fault),
            };
            results.extend(
                self.processes
                    .get(&id)
                    .map(|process| process_result(process, fault)),
            );
        }
        self.wait(
            turn,
            request,
            Waiter {
                wanted,
                kind: WaiterKind::Many { results },
                pending,
            },
        );
    }

    /// Starts go along `depends_on`; everything else as it was given.
    fn in_order(&self, wanted: Wanted, ids: &[ProcessId]) -> Vec<ProcessId> {
        match wanted {
            Wanted::Started => self.dependencies_first(ids),
            Wanted::Stopped | Wanted::Restarted { .. } => ids.to_vec(),
        }
    }

    /// There is no child, but somebody has asked for one.
    fn is_to_start(&self, process: &Process) -> bool {
        process.is_wanted() || process.is_paused() || self.restarting.contains(&process.id)
    }

    fn begin(
        &mut self,
        turn: &mut Turn<'_>,
        wanted: Wanted,
        id: ProcessId,
        name: &str,
        wait: bool,
    ) -> Result<Progress, Fault> {
        match wanted {
            Wanted::Started => self.begin_start(turn, id, name, wait),
            Wanted::Stopped => self.begin_stop(turn, id, name, wait),
            Wanted::Restarted { start_stopped } => {
                self.begin_restart(turn, id, name, start_stopped)
            }
        }
    }

    /// The checks in the reference's order: command, state, spawn, what came of it (RPC-111 to 122).
    pub(super) fn begin_start(
        &mut self,
        turn: &mut Turn<'_>,
        id: ProcessId,
        name: &str,
        wait: bool,
    ) -> Result<Progress, Fault> {
        self.check_command(turn, id, name)?;
        let state = self.processes.get(&id).map(Process::state);
        if state.is_some_and(ProcessState::is_running) {
            return Err(Fault::with(FaultCode::AlreadyStarted, name));
        }
        if state == Some(ProcessState::Unknown) {
            return Err(Fault::with(
                FaultCode::Failed,
                format!("{name} is in an unknown process state"),
            ));
        }
        let progress = |done| match done {
            false if wait => Progress::Pending,
            _ => Progress::Done,
        };
        if self.restarting.contains(&id) {
            return Ok(progress(false));
        }
        if state != Some(ProcessState::Stopping) && self.must_wait(id) {
            self.start_when_possible(turn, id, true);
            let process = self.processes.get(&id);
            return if process.is_some_and(Process::is_wanted) {
                Ok(progress(false))
            } else {
                Err(Fault::with(FaultCode::SpawnError, name))
            };
        }
        self.end_wish(id);
        self.with_process(turn, id, |process, turn| {
            process.start_over();
            process.spawn(turn);
        });
        if self
            .processes
            .get(&id)
            .is_some_and(|process| process.spawnerr().is_some())
        {
            return Err(Fault::with(FaultCode::SpawnError, name));
        }
        // With startsecs=0 this makes it RUNNING within the call (RPC-117).
        let may_start = self.may_start();
        self.with_process(turn, id, |process, turn| {
            process.transition(turn, may_start)
        });
        let state = self.processes.get(&id).map(Process::state);
        Ok(progress(state == Some(ProcessState::Running)))
    }

    /// Whether the command could be run at all (RPC-112).
    pub(super) fn check_command(
        &self,
        turn: &mut Turn<'_>,
        id: ProcessId,
        name: &str,
    ) -> Result<(), Fault> {
        let process = self.processes.get(&id);
        let process = process.ok_or_else(|| Fault::with(FaultCode::BadName, name))?;
        let checked = turn.os.check_command(&process.config);
        checked.map_err(|error| {
            let code = match error {
                CommandError::NotFound { .. } => FaultCode::NoFile,
                CommandError::CantParse { .. }
                | CommandError::Empty
                | CommandError::IsDirectory { .. }
                | CommandError::NotExecutable { .. }
                | CommandError::NoPermission { .. } => FaultCode::NotExecutable,
            };
            Fault::with(code, error.to_string())
        })
    }

    /// What somebody else wants of it, a start or a restart, is over with this.
    fn begin_stop(
        &mut self,
        turn: &mut Turn<'_>,
        id: ProcessId,
        name: &str,
        wait: bool,
    ) -> Result<Progress, Fault> {
        let called_off = self.call_off_start(turn, id);
        let state = self.processes.get(&id).map(Process::state);
        if state.is_some_and(ProcessState::is_running) {
            self.stops.release(id);
            if let Some(Err(text)) = self.with_process(turn, id, Process::stop) {
                return Err(Fault::with(FaultCode::Failed, text));
            }
        } else if !called_off {
            return Err(Fault::with(FaultCode::NotRunning, name));
        }
        let stopped = self
            .processes
            .get(&id)
            .is_none_or(|process| process.state().is_stopped());
        Ok(if wait && !stopped {
            Progress::Pending
        } else {
            Progress::Done
        })
    }

    fn signal_one(
        &mut self,
        turn: &mut Turn<'_>,
        namespec: &str,
        signal: &str,
    ) -> Result<Reply, Fault> {
        let (group, id) = self.look_up(namespec)?;
        match id {
            Some(id) => self
                .send_signal(turn, id, namespec, signal)
                .map(|()| Reply::True),
            None => {
                let members = self.members_by_priority(group);
                Ok(self.signal_many(turn, &members, signal))
            }
        }
    }

    fn signal_group(
        &mut self,
        turn: &mut Turn<'_>,
        name: &str,
        signal: &str,
    ) -> Result<Reply, Fault> {
        let group = self.group_named(name)?;
        let members = self.members_by_priority(group);
        Ok(self.signal_many(turn, &members, signal))
    }

    /// A bad signal is a line of the answer for each process it was meant for, not a fault (RPC-143).
    fn signal_many(&mut self, turn: &mut Turn<'_>, ids: &[ProcessId], signal: &str) -> Reply {
        let mut results = Vec::new();
        for id in ids {
            let Some(process) = self.processes.get(id) else {
                continue;
            };
            if !process.state().is_signallable() {
                continue;
            }
            let name = display_name(&process.group_name, &process.config.name);
            let fault = self.send_signal(turn, *id, &name, signal).err();
            results.extend(
                self.processes
                    .get(id)
                    .map(|process| process_result(process, fault)),
            );
        }
        Reply::Results(results)
    }

    /// Signal, then state, then delivery (RPC-138).
    fn send_signal(
        &mut self,
        turn: &mut Turn<'_>,
        id: ProcessId,
        name: &str,
        text: &str,
    ) -> Result<(), Fault> {
        let signal = Signal::parse(text).ok_or_else(|| Fault::with(FaultCode::BadSignal, text))?;
        let state = self.processes.get(&id).map(Process::state);
        if !state.is_some_and(ProcessState::is_signallable) {
            return Err(Fault::with(FaultCode::NotRunning, name));
        }
        match self.with_process(turn, id, |process, turn| process.signal(turn, signal)) {
            Some(Err(text)) => Err(Fault::with(FaultCode::Failed, text)),
            Some(Ok(())) | None => Ok(()),
        }
    }

    /// The group and, unless the whole group is meant, the process; BAD_NAME with what the client sent (RPC-035).
    fn look_up(&self, namespec: &str) -> Result<(GroupId, Option<ProcessId>), Fault> {
        let bad_name = || Fault::with(FaultCode::BadName, namespec);
        let spec = Namespec::parse(namespec);
        let id = self
            .group_names
            .get(spec.group)
            .copied()
            .ok_or_else(bad_name)?;
        let group = self.groups.get(&id).ok_or_else(bad_name)?;
        match spec.process {
            None => Ok((id, None)),
            Some(process) => Ok((
                id,
                Some(group.by_name.get(process).copied().ok_or_else(bad_name)?),
            )),
        }
    }

    pub(super) fn group_named(&self, name: &str) -> Result<GroupId, Fault> {
        self.group_names
            .get(name)
            .copied()
            .ok_or_else(|| Fault::with(FaultCode::BadName, name))
    }
}
