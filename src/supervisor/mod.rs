//! The machine: all process states, groups, waiting callers and the order of shutdown.
//!
//! [`Supervisor::handle`] is the only way in. It never sleeps, never reads a clock and never opens a file: the time
//! comes with the turn, questions go to [`turn::Os`], announcements leave as [`turn::Effect`]s. Everything it holds is
//! plain data that could be written down and read back. Given the same inputs it does the same things, which is what
//! lets the reference's own classes be compared with it step by step.
//!
//! A turn costs what it touches. A process is found by pid, name or deadline without looking at the others; only
//! calls that are about everybody walk over everybody.
//!
//! | file | subject |
//! |---|---|
//! | `process` | one process: spawn, stop, signal, exit, transition |
//! | `history` | what happened to it so far, for those who look on |
//! | `hook` | what is run around a process's life, and the bargain with whoever runs it |
//! | `group` | who belongs together |
//! | `activation` | groups come and go |
//! | `control` | what clients ask for |
//! | `wait` | calls that are answered later |
//! | `dependencies` | starts that wait for others to be RUNNING |
//! | `stops` | stops that wait for others to be gone |
//! | `restart` | stop and start as one command |
//! | `shutdown` | group after group, last priority first |
//! | `listener_pool`, `pools` | events that wait for listeners, and listeners that wait for events |
//! | `result_handler` | what a listener's result means |
//! | `tick` | the events of the wall clock |
//! | `view` | read-only looks for the interfaces |

pub mod command;
pub mod event;
pub mod group;
pub mod history;
pub mod hook;
pub mod listener_pool;
pub mod process;
pub mod result_handler;
pub mod turn;

mod activation;
mod control;
mod dependencies;
mod listeners;
mod pools;
mod restart;
mod shutdown;
mod stops;
#[cfg(test)]
mod tests;
mod tick;
mod view;
mod wait;

use std::collections::{BTreeMap, BTreeSet};

use command::{ExitStatus, Input, RequestId, Said};
use dependencies::Wishes;
use event::Event;
use group::{GroupId, ProcessGroup};
use hook::HookRun;
use listener_pool::Serial;
use pools::Pools;
pub use pools::Queue;
use process::{Process, log_hook, words_for};
use shutdown::Shutdown;
use stops::HeldStops;
use tick::Ticks;
use turn::{ActivationError, Effect, Pid, ProcessId, Turn};
use wait::Waiter;

use crate::config::types::GroupConfig;
use crate::model::log;
use crate::model::signal::Signal;
use crate::model::states::{ProcessState, SupervisorState};
use crate::model::time::Moment;

/// Something that wants attention at a certain moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Process(ProcessId),
    /// Say again that somebody waits for this process to stop (RPC-134).
    StopReport(ProcessId),
    /// Say again whom the shutdown waits for (SHD-008).
    ShutdownReport,
    /// Look at the wall clock.
    Ticks,
    /// This start has waited for others long enough.
    Wish(ProcessId),
    /// The way out waits for a hook no longer.
    LastHooks,
}

/// A stop on the way past all groups; they are made in the order of these fields.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Visit {
    priority: i64,
    group: GroupId,
    rank: usize,
    /// `None`: the group's pool.
    process: Option<ProcessId>,
}

/// So many children are started by time alone in one turn; a call for many starts all of its own.
const SPAWNS_PER_TURN: usize = 16;

/// Owner of all state. See the module's essay.
#[derive(Debug)]
pub struct Supervisor {
    state: SupervisorState,
    /// What the configuration offers; groups become active by being added.
    available: Vec<GroupConfig>,
    groups: BTreeMap<GroupId, ProcessGroup>,
    group_names: BTreeMap<String, GroupId>,
    processes: BTreeMap<ProcessId, Process>,
    by_pid: BTreeMap<Pid, ProcessId>,
    /// How many processes are not in a stopped state.
    unstopped: usize,
    deadlines: BTreeSet<(Moment, Due)>,
    /// The entry of each process in `deadlines`, so that it can be found again.
    process_deadlines: BTreeMap<ProcessId, Moment>,
    stop_reports: BTreeMap<ProcessId, Moment>,
    waiters: BTreeMap<RequestId, Waiter>,
    /// Which waiters look at a process, and at which of their places.
    watchers: BTreeMap<ProcessId, Vec<(RequestId, usize)>>,
    /// Processes that something happened to in this turn.
    touched: Vec<ProcessId>,
    /// Processes whose waiting callers are due for a line in the log.
    reports_due: Vec<ProcessId>,
    /// Starts that wait for others.
    wishes: Wishes,
    /// Stops that wait for others.
    stops: HeldStops,
    /// Processes that are stopped in order to be started again.
    restarting: BTreeSet<ProcessId>,
    shutdown: Option<Shutdown>,
    /// Hooks of processes that have stopped, with their time limits.
    last_hooks: BTreeMap<HookRun, Moment>,
    /// What supervisord leaves with when it shuts down.
    exit_status: u8,
    /// Lent to the turn while one is taken.
    pools: Pools,
    ticks: Ticks,
    ticks_deadline: Option<Moment>,
    next_group: u32,
    next_process: u32,
}

impl Default for Supervisor {
    fn default() -> Self {
        Self::new()
    }
}

impl Supervisor {
    /// A machine with nothing in it. [`boot`](Self::boot) fills it.
    pub fn new() -> Self {
        Self::continuing(String::new(), Serial::default())
    }

    /// The same for a supervisord with this identifier. Numbers of events go on from `serial`, where a former run of
    /// the same process left them (SHD-015).
    pub fn continuing(identifier: String, serial: Serial) -> Self {
        Self {
            state: SupervisorState::Running,
            available: Vec::new(),
            groups: BTreeMap::new(),
            group_names: BTreeMap::new(),
            processes: BTreeMap::new(),
            by_pid: BTreeMap::new(),
            unstopped: 0,
            deadlines: BTreeSet::new(),
            process_deadlines: BTreeMap::new(),
            stop_reports: BTreeMap::new(),
            waiters: BTreeMap::new(),
            watchers: BTreeMap::new(),
            touched: Vec::new(),
            reports_due: Vec::new(),
            wishes: Wishes::default(),
            stops: HeldStops::default(),
            restarting: BTreeSet::new(),
            shutdown: None,
            last_hooks: BTreeMap::new(),
            exit_status: 0,
            pools: Pools::continuing(identifier, serial),
            ticks: Ticks::default(),
            ticks_deadline: None,
            next_group: 0,
            next_process: 0,
        }
    }

    /// Adds the configured groups in their order; autostart processes want to start at once (LIF-001). Of two groups
    /// with one name the first wins (NAM-013).
    pub fn boot(
        &mut self,
        turn: &mut Turn<'_>,
        groups: Vec<GroupConfig>,
    ) -> Result<(), ActivationError> {
        self.available = groups;
        self.lending_pools(turn, |machine, turn| {
            for place in 0..machine.available.len() {
                let name = &machine.available[place].name;
                if !machine.group_names.contains_key(name) {
                    machine.activate(turn, place)?;
                }
            }
            Ok(())
        })
    }

    /// The event that opens every run, once everything is ready (LIF-041).
    pub fn announce_running(&mut self, turn: &mut Turn<'_>) {
        self.lending_pools(turn, |_, turn| turn.emit(Event::SupervisorRunning));
    }

    /// Takes one turn: does what `input` brings about and everything that follows from it at once.
    pub fn handle(&mut self, turn: &mut Turn<'_>, input: Input) {
        self.lending_pools(turn, |machine, turn| machine.take_turn(turn, input));
    }

    /// What a client or a child says is followed by a look at everybody, and only then are callers answered; deaths and
    /// signals are looked into afterwards: the order of the reference's loop.
    fn take_turn(&mut self, turn: &mut Turn<'_>, input: Input) {
        match input {
            Input::Command(request, command) => {
                // A group that is added is looked at later, as in the reference.
                let present = self.everybody();
                self.command(turn, request, command);
                self.pass(turn, present);
            }
            Input::ChildSaid { id, said } => {
                self.child_said(turn, id, said);
                self.pass(turn, self.everybody());
            }
            Input::ChildExited { pid, status } => self.child_exited(turn, pid, status),
            Input::HookEnded { order, outcome } => {
                log_hook(&order.config.name, order.kind, &outcome);
                let run = order.run;
                self.last_hooks.remove(&run);
                self.with_process(turn, run.process, |process, turn| {
                    process.hook_ended(turn, run, &outcome);
                });
            }
            Input::Signalled(signal) => self.signalled(turn, signal),
            Input::Tick => {
                self.pass(turn, self.everybody());
            }
        }
        self.emit_ticks(turn);
        self.settle(turn);
    }

    /// When the machine next wants an [`Input::Tick`].
    pub fn next_deadline(&self) -> Option<Moment> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    /// Answers whoever can be answered, tells listeners what there is to tell, and takes the shutdown as far as it goes
    /// at this moment.
    fn settle(&mut self, turn: &mut Turn<'_>) {
        loop {
            if self.may_start() {
                self.go_on(turn);
            }
            self.answer_waiters(turn);
            if self.state != SupervisorState::Running {
                while self.shutdown_step(turn) {}
                return;
            }
            if !self.pass(turn, self.everybody()) {
                return;
            }
        }
    }

    /// The group that would be activated next: all that are there come before it.
    fn everybody(&self) -> GroupId {
        GroupId(self.next_group)
    }

    /// Goes by all groups before `end`, in the order of their priorities: processes do what is due, and after its
    /// members a pool sends its events. False when nothing came of it.
    fn pass(&mut self, turn: &mut Turn<'_>, end: GroupId) -> bool {
        let now = turn.now.moment;
        let mut visits: Vec<Visit> = Vec::new();
        let mut shutdown_report = false;
        let mut overdue: Vec<ProcessId> = Vec::new();
        for (at, what) in &self.deadlines {
            if *at > now {
                break;
            }
            match what {
                Due::Process(id) => visits.extend(self.visit(*id)),
                Due::StopReport(id) => self.reports_due.push(*id),
                Due::ShutdownReport => shutdown_report = true,
                // Looked at in every turn that they matter in.
                Due::Ticks | Due::LastHooks => {}
                Due::Wish(id) => overdue.push(*id),
            }
        }
        let mut moved = !overdue.is_empty();
        for id in overdue {
            self.wish_overdue(turn, id);
        }
        if shutdown_report {
            self.report_unstopped(turn);
        }
        visits.extend(turn.pools.priorities().map(|(priority, group)| Visit {
            priority,
            group,
            rank: usize::MAX,
            process: None,
        }));
        visits.retain(|visit| visit.group < end);
        visits.sort_unstable();
        for visit in visits {
            // One of them may end everything.
            let may_start = self.may_start();
            match visit.process {
                // The rest is still due, and the next turn comes at once: clients and dying children get their turns
                // between.
                Some(_) if turn.spawns >= SPAWNS_PER_TURN => return false,
                Some(id) => {
                    let before = self.process_deadlines.get(&id).copied();
                    if may_start && self.starts_after_others(id) {
                        self.start_when_possible(turn, id, false);
                    } else {
                        self.with_process(turn, id, |process, turn| {
                            process.transition(turn, may_start)
                        });
                    }
                    moved |= before != self.process_deadlines.get(&id).copied();
                }
                None => moved |= turn.pools.dispatch(visit.group, turn.os),
            }
        }
        moved
    }

    /// Groups by ascending priority, members as configured (LIF-042).
    fn visit(&self, id: ProcessId) -> Option<Visit> {
        let process = self.processes.get(&id)?;
        Some(Visit {
            priority: self.group_priority(process.group),
            group: process.group,
            rank: process.rank,
            process: Some(id),
        })
    }

    fn child_exited(&mut self, turn: &mut Turn<'_>, pid: Pid, status: ExitStatus) {
        match self.by_pid.get(&pid).copied() {
            Some(id) => {
                self.with_process(turn, id, |process, turn| process.child_exited(turn, status));
                turn.pools.child_exited(id);
            }
            None => log::info!("reaped unknown pid {} ({})", pid.0, words_for(status)),
        }
    }

    fn child_said(&mut self, turn: &mut Turn<'_>, id: ProcessId, said: Said) {
        let (channel, data, whole) = match said {
            Said::Log { channel, data } => (channel, data, false),
            Said::Communication { channel, data } => (channel, data, true),
            Said::Protocol(bytes) => {
                for printed in turn.pools.heard(id, &bytes) {
                    turn.tell(Effect::Print(printed));
                }
                return;
            }
        };
        let Some(child) = self.processes.get(&id) else {
            return;
        };
        let process = child.config.name.clone();
        let group = child.group_name.clone();
        let pid = child.pid().map_or(0, |pid| pid.0);
        turn.emit(if whole {
            Event::ProcessCommunication {
                channel,
                process,
                group,
                pid,
                data,
            }
        } else {
            Event::ProcessLog {
                channel,
                process,
                group,
                pid,
                data,
            }
        });
    }

    fn signalled(&mut self, turn: &mut Turn<'_>, signal: Signal) {
        match signal {
            Signal::TERM | Signal::INT | Signal::QUIT => {
                log::warn!("received {signal} indicating exit request");
                self.state = SupervisorState::Shutdown;
            }
            Signal::HUP if self.state == SupervisorState::Shutdown => {
                log::warn!("ignored {signal} indicating restart request (shutdown in progress)");
            }
            Signal::HUP => {
                log::warn!("received {signal} indicating restart request");
                self.state = SupervisorState::Restarting;
            }
            Signal::CHLD => log::debug!("received {signal} indicating a child quit"),
            Signal::USR2 => {
                log::info!("received {signal} indicating log reopen request");
                turn.tell(Effect::ReopenLogs);
            }
            // No other signal is caught (SIG-007).
            _ => {}
        }
    }

    fn may_start(&self) -> bool {
        self.state == SupervisorState::Running
    }

    fn group_priority(&self, id: GroupId) -> i64 {
        self.groups
            .get(&id)
            .map_or(0, |group| group.config.priority)
    }

    /// Active groups by ascending priority; ties in the order of activation.
    fn groups_by_priority(&self) -> Vec<GroupId> {
        let mut ids: Vec<GroupId> = self.groups.keys().copied().collect();
        ids.sort_by_key(|id| self.group_priority(*id));
        ids
    }

    /// Members of a group by ascending process priority; ties as configured (RPC-128).
    fn members_by_priority(&self, id: GroupId) -> Vec<ProcessId> {
        let mut ids = self
            .groups
            .get(&id)
            .map_or_else(Vec::new, |group| group.members.clone());
        ids.sort_by_key(|id| {
            self.processes
                .get(id)
                .map_or(0, |process| process.config.priority)
        });
        ids
    }

    /// Lets `act` change one process and then brings every index up to date with what it did.
    fn with_process<R>(
        &mut self,
        turn: &mut Turn<'_>,
        id: ProcessId,
        act: impl FnOnce(&mut Process, &mut Turn<'_>) -> R,
    ) -> Option<R> {
        let may_start = self.may_start();
        let process = self.processes.get_mut(&id)?;
        let (pid_before, state_before) = (process.pid(), process.state());
        let result = act(process, turn);
        let (pid_after, state_after) = (process.pid(), process.state());
        let (stopped_before, stopped_after) = (state_before.is_stopped(), state_after.is_stopped());
        let (group, deadline) = (process.group, process.deadline(may_start));

        if (pid_before, state_before) != (pid_after, state_after) {
            let new_child = pid_after.is_some() && pid_before != pid_after;
            let running = state_after == ProcessState::Running;
            turn.pools.process_changed(id, running, new_child);
        }
        if pid_before != pid_after {
            if let Some(pid) = pid_before {
                self.by_pid.remove(&pid);
            }
            if let Some(pid) = pid_after {
                self.by_pid.insert(pid, id);
            }
        }
        if let Some(group) = self
            .groups
            .get_mut(&group)
            .filter(|_| stopped_before != stopped_after)
        {
            if stopped_after {
                group.unstopped -= 1;
                self.unstopped -= 1;
            } else {
                group.unstopped += 1;
                self.unstopped += 1;
            }
        }
        self.set_process_deadline(id, deadline);
        self.touched.push(id);
        self.last_hooks.append(&mut turn.last_hooks);
        if state_before != state_after {
            self.leave_with(id);
        }
        Some(result)
    }

    fn set_process_deadline(&mut self, id: ProcessId, deadline: Option<Moment>) {
        let queued = self.process_deadlines.get(&id).copied();
        if queued == deadline {
            return;
        }
        if let Some(at) = queued {
            self.deadlines.remove(&(at, Due::Process(id)));
            self.process_deadlines.remove(&id);
        }
        if let Some(at) = deadline {
            self.deadlines.insert((at, Due::Process(id)));
            self.process_deadlines.insert(id, at);
        }
    }
}
