//! Calls that are answered later: a start that waits for RUNNING, a stop that waits for the end, alone or for many.
//!
//! A waiter is looked at when something happened to one of its processes, in the very turn in which it happened; the
//! reference looks every 50 ms. A caller that has gone away costs nothing and changes nothing (RPC-212).

use std::collections::BTreeMap;

use super::command::{ProcessResult, Reply, RequestId};
use super::process::Process;
use super::turn::{Effect, ProcessId, Turn};
use super::{Due, Supervisor};
use crate::model::fault::{Fault, FaultCode};
use crate::model::log;
use crate::model::namespec::display_name;
use crate::model::states::ProcessState;

/// Between two lines that say a caller waits for a process to stop, in seconds.
const STOP_REPORT_PACE: i64 = 2;

/// What a caller waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Started,
    Stopped,
    /// First the one and then the other; `start_stopped`: also those that nothing runs of.
    Restarted {
        start_stopped: bool,
    },
}

/// A call that will be answered when its processes are where it wants them.
#[derive(Debug)]
pub(super) struct Waiter {
    pub wanted: Wanted,
    pub kind: WaiterKind,
    /// Processes not there yet, by their place in the call.
    pub pending: BTreeMap<usize, ProcessId>,
}

#[derive(Debug)]
pub(super) enum WaiterKind {
    /// A call for one process, with the name the client used.
    One { namespec: String },
    /// A call for many; the answer lists them in the order of their outcomes (RPC-129).
    Many { results: Vec<ProcessResult> },
}

impl Supervisor {
    /// Answers now if nothing is pending, else from now on watches what is.
    pub(super) fn wait(&mut self, turn: &mut Turn<'_>, request: RequestId, waiter: Waiter) {
        let pending: Vec<(usize, ProcessId)> = waiter
            .pending
            .iter()
            .map(|(place, id)| (*place, *id))
            .collect();
        let wanted = waiter.wanted;
        self.waiters.insert(request, waiter);
        for (place, id) in &pending {
            self.watchers
                .entry(*id)
                .or_default()
                .push((request, *place));
        }
        if pending.is_empty() {
            self.finish_waiter(turn, request);
        }
        for (place, id) in pending {
            if wanted == Wanted::Stopped {
                self.report_stopping(turn, id);
            }
            self.look(turn, request, place, id);
        }
    }

    /// Looks at the waiters of every process that something happened to in this turn, and of every process for which
    /// a line is due; callers in the order in which they came.
    pub(super) fn answer_waiters(&mut self, turn: &mut Turn<'_>) {
        let touched = std::mem::take(&mut self.touched);
        let reports_due = std::mem::take(&mut self.reports_due);
        if self.watchers.is_empty() {
            return;
        }
        let mut looks: Vec<(RequestId, usize, ProcessId)> = Vec::new();
        for id in touched.iter().chain(&reports_due) {
            let watching = self.watchers.get(id).into_iter().flatten();
            looks.extend(watching.map(|(request, place)| (*request, *place, *id)));
        }
        looks.sort_unstable();
        looks.dedup();
        for (request, place, id) in looks {
            if reports_due.contains(&id) {
                self.report_stopping(turn, id);
            }
            self.look(turn, request, place, id);
        }
    }

    fn look(&mut self, turn: &mut Turn<'_>, request: RequestId, place: usize, id: ProcessId) {
        let Some(waiter) = self.waiters.get_mut(&request) else {
            return;
        };
        let process = self.processes.get(&id);
        let restarting = self.restarting.contains(&id);
        let Some(outcome) = outcome(waiter.wanted, process, restarting) else {
            return;
        };
        waiter.pending.remove(&place);
        match &mut waiter.kind {
            WaiterKind::One { namespec } => {
                let reply = match outcome {
                    None => Ok(Reply::True),
                    Some(code) => Err(Fault::with(code, namespec.as_str())),
                };
                turn.tell(Effect::Reply(request, reply));
            }
            // A group that has been removed meanwhile has only stopped processes, which were answered before.
            WaiterKind::Many { results } => results.extend(process.map(|process| {
                let name = display_name(&process.group_name, &process.config.name);
                process_result(process, outcome.map(|code| Fault::with(code, name)))
            })),
        }
        let done = waiter.pending.is_empty();
        self.stop_watching(request, id);
        if done {
            self.finish_waiter(turn, request);
        }
    }

    fn stop_watching(&mut self, request: RequestId, id: ProcessId) {
        let Some(watching) = self.watchers.get_mut(&id) else {
            return;
        };
        watching.retain(|(watcher, _)| *watcher != request);
        if watching.is_empty() {
            self.watchers.remove(&id);
            self.forget_stop_report(id);
        }
    }

    fn finish_waiter(&mut self, turn: &mut Turn<'_>, request: RequestId) {
        if let Some(Waiter {
            kind: WaiterKind::Many { results },
            ..
        }) = self.waiters.remove(&request)
        {
            turn.tell(Effect::Reply(request, Ok(Reply::Results(results))));
        }
    }

    /// Says that somebody waits for this process, now and every two seconds while it is STOPPING (RPC-134).
    pub(super) fn report_stopping(&mut self, turn: &mut Turn<'_>, id: ProcessId) {
        self.forget_stop_report(id);
        let Some(process) = self.processes.get(&id) else {
            return;
        };
        if process.state() != ProcessState::Stopping {
            return;
        }
        log::info!("waiting for {} to stop", process.config.name);
        let next = turn.now.moment.plus_seconds(STOP_REPORT_PACE);
        self.deadlines.insert((next, Due::StopReport(id)));
        self.stop_reports.insert(id, next);
    }

    fn forget_stop_report(&mut self, id: ProcessId) {
        if let Some(at) = self.stop_reports.remove(&id) {
            self.deadlines.remove(&(at, Due::StopReport(id)));
        }
    }
}

/// Whether a caller's wish has come true (`Some(None)`), cannot come true any more (`Some(fault)`), or may still.
fn outcome(
    wanted: Wanted,
    process: Option<&Process>,
    restarting: bool,
) -> Option<Option<FaultCode>> {
    match wanted {
        Wanted::Started | Wanted::Restarted { .. } => {
            // It waits for others, or for the end of what is being restarted.
            if restarting || process.is_some_and(Process::is_wanted) {
                return None;
            }
            let Some(process) = process else {
                return Some(Some(FaultCode::AbnormalTermination));
            };
            if process.spawnerr().is_some() {
                return Some(Some(FaultCode::SpawnError));
            }
            match process.state() {
                ProcessState::Running => Some(None),
                ProcessState::Starting => None,
                ProcessState::Stopped
                | ProcessState::Backoff
                | ProcessState::Stopping
                | ProcessState::Exited
                | ProcessState::Fatal
                | ProcessState::Unknown => Some(Some(FaultCode::AbnormalTermination)),
            }
        }
        Wanted::Stopped => process
            .is_none_or(|process| process.state().is_stopped())
            .then_some(None),
    }
}

/// One line of the answer to a call for many.
pub(super) fn process_result(process: &Process, fault: Option<Fault>) -> ProcessResult {
    let (status, description) = match fault {
        None => (FaultCode::Success, "OK".to_owned()),
        Some(fault) => (fault.code, fault.to_string()),
    };
    ProcessResult {
        name: process.config.name.clone(),
        group: process.group_name.clone(),
        status,
        description,
    }
}
