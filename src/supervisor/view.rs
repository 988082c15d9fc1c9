//! Read-only looks at the machine, for every interface that shows something. One borrow is one moment.

use std::borrow::Cow;
use std::path::Path;
use std::rc::Rc;

use super::event::Channel;
use super::history::History;
use super::process::Process;
use super::turn::{ChildKind, Pid, ProcessId};
use super::{Queue, Supervisor};
use crate::config::types::{GroupConfig, LogFile, ProcessConfig, StreamConfig};
use crate::model::process_info::ProcessInfo;
use crate::model::states::{ProcessState, SupervisorState};
use crate::model::time::{Now, UnixTime};

impl Supervisor {
    pub fn state(&self) -> SupervisorState {
        self.state
    }

    pub fn has_group(&self, name: &str) -> bool {
        self.group_names.contains_key(name)
    }

    pub fn find(&self, group: &str, process: &str) -> Option<ProcessId> {
        let group = self.groups.get(self.group_names.get(group)?)?;
        group.by_name.get(process).copied()
    }

    /// The group's and the process's name.
    pub fn names(&self, id: ProcessId) -> Option<(&str, &str)> {
        let process = self.processes.get(&id)?;
        Some((&process.group_name, &process.config.name))
    }

    pub fn process_state(&self, id: ProcessId) -> Option<ProcessState> {
        self.processes.get(&id).map(Process::state)
    }

    pub fn kind(&self, id: ProcessId) -> Option<ChildKind> {
        self.processes.get(&id).map(|process| process.kind)
    }

    pub fn pid(&self, id: ProcessId) -> Option<Pid> {
        self.processes.get(&id)?.pid()
    }

    pub fn config(&self, id: ProcessId) -> Option<&Rc<ProcessConfig>> {
        self.processes.get(&id).map(|process| &process.config)
    }

    /// Those that ask for something beyond the reference.
    pub fn extended(&self) -> impl Iterator<Item = ProcessId> {
        let extended = |process: &&Process| process.config.extensions.is_some();
        self.processes.values().filter(extended).map(|p| p.id)
    }

    /// Whether somebody has to look after a process of this group beside the machine.
    pub fn group_wants_attention(&self, name: &str) -> bool {
        let group = self.group_names.get(name);
        let group = group.and_then(|group| self.groups.get(group));
        group.is_some_and(|group| {
            let mut extensions = group.config.processes.iter().flat_map(|p| &p.extensions);
            extensions.any(|extensions| extensions.wants_attention())
        })
    }

    /// When it was last started; `None` if never.
    pub fn last_started(&self, id: ProcessId) -> Option<Now> {
        self.processes.get(&id)?.last_started()
    }

    /// Whose child this is.
    pub fn process_with_pid(&self, pid: Pid) -> Option<ProcessId> {
        self.by_pid.get(&pid).copied()
    }

    pub fn info(&self, id: ProcessId, now: UnixTime) -> Option<ProcessInfo<'_>> {
        self.processes.get(&id).map(|process| info(process, now))
    }

    /// What happened to a process so far.
    pub fn history(&self, id: ProcessId) -> Option<&History> {
        self.processes.get(&id).map(Process::history)
    }

    /// Whom a process waits for to be RUNNING before it starts (GO-185); nobody, as a rule.
    pub fn waits_for(&self, id: ProcessId) -> impl Iterator<Item = ProcessId> {
        self.wishes.blockers(id)
    }

    /// The states of whoever is started by itself.
    pub fn autostart_states(&self) -> impl Iterator<Item = ProcessState> {
        let processes = self.processes.values();
        processes
            .filter(|process| process.config.autostart)
            .map(Process::state)
    }

    /// What waits for the listeners of each pool.
    pub fn event_queues(&self) -> impl Iterator<Item = Queue<'_>> {
        self.pools.queues()
    }

    pub fn process_count(&self) -> usize {
        self.processes.len()
    }

    /// Everybody, by group name and then process name (RPC-104).
    pub fn all_infos(&self, now: UnixTime) -> impl Iterator<Item = ProcessInfo<'_>> {
        let groups = self
            .group_names
            .values()
            .filter_map(|id| self.groups.get(id));
        let ids = groups.flat_map(|group| group.by_name.values());
        ids.filter_map(|id| self.processes.get(id))
            .map(move |process| info(process, now))
    }

    /// Everybody, by group priority and then process priority (RPC-128).
    pub fn by_priority(&self) -> Vec<ProcessId> {
        self.groups_by_priority()
            .into_iter()
            .flat_map(|group| self.members_by_priority(group))
            .collect()
    }

    /// The log file of a channel, if it has one.
    pub fn log_path(&self, id: ProcessId, channel: Channel) -> Option<&Path> {
        let process = self.processes.get(&id)?;
        let stream = match channel {
            Channel::Stdout => &process.config.stdout,
            Channel::Stderr => &process.config.stderr,
        };
        path(stream)
    }

    /// What runs, as it was configured when it was added; by group name.
    pub fn active(&self) -> impl Iterator<Item = &GroupConfig> {
        let ids = self.group_names.values();
        ids.filter_map(|id| self.groups.get(id))
            .map(|group| &group.config)
    }

    /// What the configuration, as last read, offers.
    pub fn available(&self) -> &[GroupConfig] {
        &self.available
    }
}

fn info(process: &Process, now: UnixTime) -> ProcessInfo<'_> {
    ProcessInfo {
        name: &process.config.name,
        group: &process.group_name,
        start: process.laststart(),
        stop: process.laststop(),
        now,
        state: process.state(),
        spawnerr: process.spawnerr().unwrap_or_default(),
        exitstatus: process.exitstatus().unwrap_or_default(),
        stdout_logfile: shown_path(&process.config.stdout),
        stderr_logfile: shown_path(&process.config.stderr),
        pid: process.pid().map_or(0, |pid| pid.0),
    }
}

fn path(stream: &StreamConfig) -> Option<&Path> {
    match &stream.logfile {
        // Also an empty one (`stdout_logfile=`), which no file has: clients are told so in its name (TYP-013).
        LogFile::Path(path) => Some(path),
        LogFile::None | LogFile::Auto => None,
    }
}

fn shown_path(stream: &StreamConfig) -> Cow<'_, str> {
    path(stream).map_or(Cow::Borrowed(""), Path::to_string_lossy)
}
