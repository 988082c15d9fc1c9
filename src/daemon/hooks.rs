//! Runs the hooks that the machine orders; the bargain is in [`hook`](crate::supervisor::hook).
//!
//! Each run is a task of its own, which lives as long as the hook does. What the machine knows of the moment, the hook
//! finds in its environment: `SUPERVISOR_HOOK` is the option's name, `SUPERVISOR_PROCESS_PID` the child's number where
//! there is or was one, and `SUPERVISOR_EXIT` how it ended, in words.

use std::collections::HashMap;
use std::rc::Rc;

use tokio::task::{AbortHandle, spawn_local};

use super::handle::{Handle, Principal, ProbeError};
use crate::supervisor::hook::{HookOrder, HookOutcome, HookRun};
use crate::supervisor::process::words_for;

/// The hooks that run.
#[derive(Default)]
pub struct HookRuns(HashMap<HookRun, AbortHandle>);

impl HookRuns {
    /// Begins a run. Its end is told to the machine through `handle`, in a later turn.
    pub fn begin(&mut self, handle: Handle, order: Rc<HookOrder>) {
        let run = order.run;
        let task = spawn_local(async move {
            let outcome = carry_out(&handle, &order).await;
            handle.hook_ended(order, outcome);
        });
        self.0.insert(run, task.abort_handle());
    }

    /// Ends a run; nothing is told of it any more.
    pub fn kill(&mut self, run: HookRun) {
        if let Some(task) = self.0.remove(&run) {
            task.abort();
        }
    }

    /// This run is over; false when it was killed meanwhile.
    pub fn finish(&mut self, run: HookRun) -> bool {
        self.0.remove(&run).is_some()
    }
}

async fn carry_out(handle: &Handle, order: &HookOrder) -> HookOutcome {
    let Some(probe) = order.probe() else {
        return HookOutcome::Succeeded;
    };
    let mut told = vec![("SUPERVISOR_HOOK", order.kind.name().to_owned())];
    told.extend(
        order
            .pid
            .map(|pid| ("SUPERVISOR_PROCESS_PID", pid.0.to_string())),
    );
    told.extend(
        order
            .ended
            .map(|status| ("SUPERVISOR_EXIT", words_for(status))),
    );
    let principal = Principal {
        group: order.group.clone(),
        config: Rc::clone(&order.config),
        told,
    };
    match handle.probe(&principal, probe, order.timeout).await {
        Ok(()) => HookOutcome::Succeeded,
        Err(ProbeError::TimedOut(_)) => HookOutcome::TimedOut,
        Err(error) => HookOutcome::Failed(error.to_string()),
    }
}
