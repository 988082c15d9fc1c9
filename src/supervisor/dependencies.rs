//! `depends_on`: who waits for whom to be RUNNING (GO-184 to GO-191).
//!
//! A start that has to wait is a [`Wish`]. The process keeps the state it has until then; those it depends on are
//! started first, those among them that are stopped by this very wish. A wish is looked at when something happened to
//! one it waits for, and ends in one of three ways:
//!
//! * Everybody it depends on is RUNNING: the process is due and starts in its place among all that are due.
//! * One of them has ended, was stopped, or is gone: the process becomes FATAL with the reason in `spawnerr`.
//! * Somebody stops it, or supervisord shuts down: the wish is called off.
//!
//! How long a wish lasts is a matter of those it waits for: `startsecs`, `startretries` and the time limits of hooks
//! end each attempt. Where those set no limit (`startretries=-1`, a process that does not die, a group that is not
//! active), a wish that somebody has asked for ends after [`LONGEST_WAIT`]; one of the configuration (`autostart`)
//! does not.
//!
//! Automatic restarts and retries wait for nobody: what a program depends on matters to its start, not to its life.

use std::collections::{BTreeMap, BTreeSet};

use super::group::GroupId;
use super::process::Process;
use super::turn::{ProcessId, Turn};
use super::{Due, Supervisor};
use crate::config::extensions::Dependency;
use crate::model::log;
use crate::model::namespec::display_name;
use crate::model::states::ProcessState;
use crate::model::time::Moment;

/// What somebody asks for does not wait longer, in seconds, for a dependency that knows no limit of its own.
const LONGEST_WAIT: i64 = 600;

/// A start that waits.
#[derive(Debug, Default)]
struct Wish {
    /// Somebody asked for it.
    requested: bool,
    until: Option<Moment>,
    blockers: BTreeMap<ProcessId, Blocker>,
    /// Part of what it depends on is offered but not active.
    absent: bool,
}

/// What is known of somebody who is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Blocker {
    /// It is on its way to RUNNING; when it stops instead, the wish has failed.
    Coming,
    /// Its former child ends first.
    Leaving,
}

/// All starts that wait. Plain data.
#[derive(Debug, Default)]
pub(super) struct Wishes {
    wishes: BTreeMap<ProcessId, Wish>,
    /// Who waits for a process.
    waiting_for: BTreeMap<ProcessId, BTreeSet<ProcessId>>,
    /// Groups have come, gone, or are offered anew.
    groups_changed: bool,
}

impl Wishes {
    fn contains(&self, id: ProcessId) -> bool {
        self.wishes.contains_key(&id)
    }

    pub fn is_empty(&self) -> bool {
        self.wishes.is_empty()
    }

    /// Whom this process waits for at the moment.
    pub fn blockers(&self, id: ProcessId) -> impl Iterator<Item = ProcessId> {
        let wish = self.wishes.get(&id).into_iter();
        wish.flat_map(|wish| wish.blockers.keys().copied())
    }

    pub fn groups_have_changed(&mut self) {
        self.groups_changed = true;
    }

    fn take_groups_changed(&mut self) -> bool {
        std::mem::take(&mut self.groups_changed)
    }

    fn with_absent(&self) -> Vec<ProcessId> {
        let absent = self.wishes.iter().filter(|(_, wish)| wish.absent);
        absent.map(|(id, _)| *id).collect()
    }

    /// Replaces what is known of a wish's blockers.
    fn set_blockers(&mut self, id: ProcessId, blockers: BTreeMap<ProcessId, Blocker>) {
        let Some(wish) = self.wishes.get_mut(&id) else {
            return;
        };
        for blocker in wish.blockers.keys() {
            if let Some(waiting) = self.waiting_for.get_mut(blocker) {
                waiting.remove(&id);
                if waiting.is_empty() {
                    self.waiting_for.remove(blocker);
                }
            }
        }
        for blocker in blockers.keys() {
            self.waiting_for.entry(*blocker).or_default().insert(id);
        }
        wish.blockers = blockers;
    }
}

/// Those that a process depends on.
#[derive(Debug, Default)]
struct Needed {
    present: Vec<ProcessId>,
    /// Part of it is offered but not active.
    absent: bool,
}

impl Supervisor {
    /// Whether this process has to wait for somebody before it starts. Who depends on what is gone has to, in order to
    /// fail.
    pub(super) fn must_wait(&self, id: ProcessId) -> bool {
        match self.needed(id) {
            Ok(Needed { present, absent }) => {
                absent || !present.into_iter().all(|id| self.runs(id))
            }
            Err(_) => true,
        }
    }

    /// Whether the configuration wants it started now, but not before others.
    pub(super) fn starts_after_others(&self, id: ProcessId) -> bool {
        let wanted = self
            .processes
            .get(&id)
            .is_some_and(Process::wants_autostart);
        wanted && self.must_wait(id)
    }

    fn runs(&self, id: ProcessId) -> bool {
        let process = self.processes.get(&id);
        process.is_some_and(|process| process.state() == ProcessState::Running)
    }

    /// Starts it as soon as everybody it depends on is RUNNING; those who are stopped are started for it.
    pub(super) fn start_when_possible(
        &mut self,
        turn: &mut Turn<'_>,
        id: ProcessId,
        requested: bool,
    ) {
        let is_new = !self.wishes.contains(id);
        if is_new {
            if !self.must_wait(id) {
                self.with_process(turn, id, Process::be_due);
                return;
            }
            self.wishes.wishes.insert(id, Wish::default());
            self.with_process(turn, id, |process, _| process.await_others());
        }
        if let Some(wish) = self.wishes.wishes.get_mut(&id) {
            wish.requested |= requested;
        }
        self.look_at_wish(turn, id);
        if is_new {
            self.log_wish(id);
        }
    }

    /// Says whom a start waits for; nothing when it does not any more.
    fn log_wish(&self, id: ProcessId) {
        let blockers = self.wishes.blockers(id);
        let names: Vec<String> = blockers.map(|blocker| self.shown_name(blocker)).collect();
        if !names.is_empty() {
            let (name, names) = (self.shown_name(id), names.join(", "));
            log::info!("waiting for {names} to run before {name} is started");
        }
    }

    /// Goes on with whatever waits for a process that something happened to in this turn: starts, restarts and stops.
    pub(super) fn go_on(&mut self, turn: &mut Turn<'_>) {
        if self.wishes.is_empty() && self.restarting.is_empty() && self.stops.is_empty() {
            return;
        }
        if self.wishes.take_groups_changed() {
            for id in self.wishes.with_absent() {
                self.look_at_wish(turn, id);
            }
        }
        let mut seen = 0;
        while let Some(id) = self.touched.get(seen).copied() {
            seen += 1;
            self.go_on_restarting(turn, id);
            self.go_on_stopping(turn, id);
            let waiting = self.wishes.waiting_for.get(&id).cloned();
            for waiting in waiting.into_iter().flatten() {
                self.look_at_wish(turn, waiting);
            }
        }
    }

    fn look_at_wish(&mut self, turn: &mut Turn<'_>, id: ProcessId) {
        let Some(wish) = self.wishes.wishes.get(&id) else {
            return;
        };
        let (requested, known) = (wish.requested, wish.blockers.clone());
        let Needed { present, absent } = match self.needed(id) {
            Ok(needed) => needed,
            Err(name) => {
                self.fail_wish(turn, id, &format!("dependency {name} does not exist"));
                return;
            }
        };
        let mut blockers = BTreeMap::new();
        for needed in present {
            match self.see(turn, needed, known.get(&needed).copied(), requested) {
                Ok(blocker) => blockers.extend(blocker.map(|blocker| (needed, blocker))),
                Err(reason) => {
                    let reason = format!("dependency {} {reason}", self.shown_name(needed));
                    self.fail_wish(turn, id, &reason);
                    return;
                }
            }
        }
        if blockers.is_empty() && !absent {
            self.end_wish(id);
            self.with_process(turn, id, Process::be_due);
            return;
        }
        self.wishes.set_blockers(id, blockers);
        if let Some(wish) = self.wishes.wishes.get_mut(&id) {
            wish.absent = absent;
        }
        self.limit_wish(turn, id);
    }

    /// Looks at one who is needed, and starts it if it is stopped and this is the first look. `Ok(None)`: it is
    /// RUNNING. The error says what became of it instead.
    fn see(
        &mut self,
        turn: &mut Turn<'_>,
        id: ProcessId,
        known: Option<Blocker>,
        requested: bool,
    ) -> Result<Option<Blocker>, &'static str> {
        let Some(process) = self.processes.get(&id) else {
            return Err("does not exist");
        };
        let state = process.state();
        let coming = process.will_start() || self.restarting.contains(&id);
        match state {
            ProcessState::Running => Ok(None),
            ProcessState::Starting | ProcessState::Backoff => Ok(Some(Blocker::Coming)),
            ProcessState::Unknown => Err("is in an unknown process state"),
            _ if coming => Ok(Some(Blocker::Coming)),
            ProcessState::Stopping if known != Some(Blocker::Coming) => Ok(Some(Blocker::Leaving)),
            ProcessState::Stopping | ProcessState::Stopped if known == Some(Blocker::Coming) => {
                Err("was stopped")
            }
            ProcessState::Exited if known == Some(Blocker::Coming) => Err("exited"),
            ProcessState::Fatal if known == Some(Blocker::Coming) => Err("entered FATAL state"),
            ProcessState::Stopping
            | ProcessState::Stopped
            | ProcessState::Exited
            | ProcessState::Fatal => {
                self.start_when_possible(turn, id, requested);
                let process = self.processes.get(&id);
                if process.is_some_and(Process::will_start) {
                    Ok(Some(Blocker::Coming))
                } else {
                    Err("could not be started")
                }
            }
        }
    }

    /// → FATAL, as after a spawn that cannot succeed; whoever waits for it hears of it.
    fn fail_wish(&mut self, turn: &mut Turn<'_>, id: ProcessId, reason: &str) {
        self.end_wish(id);
        self.with_process(turn, id, |process, turn| process.fail_start(turn, reason));
    }

    /// Forgets a wish, whatever came of it.
    pub(super) fn end_wish(&mut self, id: ProcessId) {
        self.wishes.set_blockers(id, BTreeMap::new());
        if let Some(Wish {
            until: Some(at), ..
        }) = self.wishes.wishes.remove(&id)
        {
            self.deadlines.remove(&(at, Due::Wish(id)));
        }
    }

    /// Sets or lifts the end of a wish, by what is known of those it waits for.
    fn limit_wish(&mut self, turn: &mut Turn<'_>, id: ProcessId) {
        let endless = self.waits_endlessly(id, &mut BTreeSet::new());
        let Some(wish) = self.wishes.wishes.get_mut(&id) else {
            return;
        };
        let limited = endless && wish.requested;
        match wish.until {
            Some(at) if !limited => {
                self.deadlines.remove(&(at, Due::Wish(id)));
                wish.until = None;
            }
            None if limited => {
                let at = turn.now.moment.plus_seconds(LONGEST_WAIT);
                self.deadlines.insert((at, Due::Wish(id)));
                wish.until = Some(at);
            }
            _ => {}
        }
    }

    /// Whether nothing says how long this wish may last.
    fn waits_endlessly(&self, id: ProcessId, seen: &mut BTreeSet<ProcessId>) -> bool {
        let Some(wish) = self.wishes.wishes.get(&id).filter(|_| seen.insert(id)) else {
            return false;
        };
        wish.absent
            || wish.blockers.iter().any(|(blocker, what)| {
                *what == Blocker::Leaving
                    || self
                        .processes
                        .get(blocker)
                        .is_some_and(Process::retries_for_ever)
                    || self.waits_endlessly(*blocker, seen)
            })
    }

    /// A wish has waited long enough.
    pub(super) fn wish_overdue(&mut self, turn: &mut Turn<'_>, id: ProcessId) {
        let blocker = self.wishes.blockers(id).next();
        let reason = match blocker {
            Some(blocker) => format!(
                "dependency {} was not RUNNING within {LONGEST_WAIT} seconds",
                self.shown_name(blocker)
            ),
            None => format!("a dependency was not there within {LONGEST_WAIT} seconds"),
        };
        self.fail_wish(turn, id, &reason);
    }

    /// Whom a process depends on, in the order in which they are started. The error is the name of one that nothing is
    /// known of.
    fn needed(&self, id: ProcessId) -> Result<Needed, String> {
        let mut needed = Needed::default();
        let Some(process) = self.processes.get(&id) else {
            return Ok(needed);
        };
        for dependency in process.depends_on() {
            match self.members_of(dependency) {
                Some(members) => needed.present.extend(members),
                None if self.is_offered(dependency) => needed.absent = true,
                None => {
                    let group = &dependency.group;
                    return Err(display_name(
                        group,
                        dependency.process.as_ref().unwrap_or(group),
                    ));
                }
            }
        }
        needed.present.retain(|other| *other != id);
        needed.present.sort_by_key(|id| self.place(*id));
        needed.present.dedup();
        Ok(needed)
    }

    /// The active processes that a dependency names.
    fn members_of(&self, dependency: &Dependency) -> Option<Vec<ProcessId>> {
        let group = self.group_names.get(&dependency.group)?;
        let group = self.groups.get(group)?;
        match &dependency.process {
            None => Some(group.members.clone()),
            Some(process) => group.by_name.get(process).map(|id| vec![*id]),
        }
    }

    fn is_offered(&self, dependency: &Dependency) -> bool {
        let mut groups = self.available.iter();
        let group = groups.find(|group| group.name == dependency.group);
        group.is_some_and(|group| match &dependency.process {
            None => true,
            Some(name) => group.processes.iter().any(|process| process.name == *name),
        })
    }

    /// Where a process stands among all: groups by priority, then processes by priority (RPC-128).
    pub(super) fn place(&self, id: ProcessId) -> Option<(i64, GroupId, i64, usize)> {
        let process = self.processes.get(&id)?;
        let group = process.group;
        let priority = self.group_priority(group);
        Some((priority, group, process.config.priority, process.rank))
    }

    fn shown_name(&self, id: ProcessId) -> String {
        self.names(id)
            .map_or_else(String::new, |(group, process)| display_name(group, process))
    }

    /// Who of `ids` depends on whom of them.
    pub(super) fn dependents_among(
        &self,
        ids: &[ProcessId],
    ) -> BTreeMap<ProcessId, BTreeSet<ProcessId>> {
        let among: BTreeSet<ProcessId> = ids.iter().copied().collect();
        let mut dependents: BTreeMap<ProcessId, BTreeSet<ProcessId>> = BTreeMap::new();
        for id in ids {
            let depends = self.processes.get(id).map_or(&[][..], Process::depends_on);
            let members = depends.iter().filter_map(|other| self.members_of(other));
            for needed in members.flatten().filter(|needed| needed != id) {
                if among.contains(&needed) {
                    dependents.entry(needed).or_default().insert(*id);
                }
            }
        }
        dependents
    }

    /// The same ids with dependencies first; those that do not depend on each other stay in their order (GO-189).
    pub(super) fn dependencies_first(&self, ids: &[ProcessId]) -> Vec<ProcessId> {
        let dependents = self.dependents_among(ids);
        if dependents.is_empty() {
            return ids.to_vec();
        }
        let mut missing: BTreeMap<ProcessId, usize> = BTreeMap::new();
        for id in dependents.values().flatten() {
            *missing.entry(*id).or_default() += 1;
        }
        let mut left = ids.to_vec();
        let mut ordered = Vec::new();
        while !left.is_empty() {
            // In a circle, which no configuration has, the first goes first.
            let ready = |id: &ProcessId| missing.get(id).is_none_or(|count| *count == 0);
            let next = left.remove(left.iter().position(ready).unwrap_or(0));
            for dependent in dependents.get(&next).into_iter().flatten() {
                if let Some(count) = missing.get_mut(dependent) {
                    *count = count.saturating_sub(1);
                }
            }
            ordered.push(next);
        }
        ordered
    }
}
