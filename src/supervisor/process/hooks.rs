//! Where hooks stand in a process's life: [`Phase::Preparing`] and [`StopStep::Hook`], the two places where somebody
//! waits for one, and the announcement of the others.

use std::rc::Rc;
use std::time::Duration;

use super::super::command::ExitStatus;
use super::super::event::StateExtra;
use super::super::hook::{HookKind, HookOrder, HookOutcome, HookRun};
use super::super::turn::{Effect, Pid, Turn};
use super::{Phase, Process, StopStep};
use crate::model::log;
use crate::model::states::ProcessState;

impl Process {
    /// The order for a hook, if the program has one for this place.
    pub(super) fn order_hook(
        &mut self,
        kind: HookKind,
        pid: Option<Pid>,
        ended: Option<ExitStatus>,
    ) -> Option<Rc<HookOrder>> {
        let hooks = &self.config.extensions.as_ref()?.hooks;
        kind.of(hooks)?;
        let timeout = Duration::from_secs(u64::try_from(hooks.timeout).unwrap_or(0));
        let run = HookRun {
            process: self.id,
            number: self.hook_runs,
        };
        self.hook_runs += 1;
        Some(Rc::new(HookOrder {
            run,
            kind,
            group: self.group_name.clone(),
            config: Rc::clone(&self.config),
            pid,
            ended,
            timeout,
        }))
    }

    /// Has a hook run that nobody waits for, if the program has one for this place.
    pub(super) fn announce_hook(
        &mut self,
        turn: &mut Turn<'_>,
        kind: HookKind,
        pid: Option<Pid>,
        ended: Option<ExitStatus>,
    ) {
        if let Some(order) = self.order_hook(kind, pid, ended) {
            if kind == HookKind::PostStop {
                let until = turn.now.moment + order.timeout;
                turn.last_hooks.insert(order.run, until);
            }
            turn.tell(Effect::RunHook(order));
        }
    }

    /// A hook has ended; goes on if that is what this process waits for. What went wrong is in the log already.
    pub fn hook_ended(&mut self, turn: &mut Turn<'_>, run: HookRun, outcome: &HookOutcome) {
        match self.phase {
            Phase::Preparing { hook, .. } if hook == run => self.prepared(turn, outcome),
            Phase::Stopping {
                pid,
                step: StopStep::Hook { hook, .. },
            } if hook == run => {
                // What went wrong with the signal is in the log and in the state.
                let _ = self.send_first_signal(turn, pid);
            }
            _ => {}
        }
    }

    /// The hook that is waited for has used up its time, and nobody has said so.
    pub(super) fn hook_overdue(&mut self, turn: &mut Turn<'_>, run: HookRun, kind: HookKind) {
        log_hook(&self.config.name, kind, &HookOutcome::TimedOut);
        turn.tell(Effect::KillHook(run));
        self.hook_ended(turn, run, &HookOutcome::TimedOut);
    }

    /// The start hook is over: the program starts, also after a failure unless the hook is required (GO-193).
    fn prepared(&mut self, turn: &mut Turn<'_>, outcome: &HookOutcome) {
        let hooks = self.config.extensions.as_ref().map(|all| &all.hooks);
        let required = hooks.is_some_and(|hooks| hooks.pre_start_required);
        if required && *outcome != HookOutcome::Succeeded {
            let text = format!("{} {outcome}", HookKind::PreStart.name());
            log::info!("spawnerr: {text}");
            self.spawnerr = Some(text);
            self.back_off(turn, ProcessState::Starting);
        } else {
            self.launch(turn);
        }
    }

    /// Whether its start hook runs.
    pub fn is_preparing(&self) -> bool {
        matches!(self.phase, Phase::Preparing { .. })
    }

    /// Nothing is started any more: ends the start hook that runs. → STOPPED, there is no child.
    pub fn cancel_preparation(&mut self, turn: &mut Turn<'_>) {
        if let Phase::Preparing { hook, .. } = self.phase {
            turn.tell(Effect::KillHook(hook));
            self.enter(turn, Phase::Stopped, StateExtra::Pid(0));
            log::info!("stopped: {} (before it was spawned)", self.config.name);
        }
    }
}

/// One line for a hook of `process` that did not succeed; none for one that did.
pub fn log_hook(process: &str, kind: HookKind, outcome: &HookOutcome) {
    if *outcome != HookOutcome::Succeeded {
        log::warn!("{} of '{process}' {outcome}", kind.name());
    }
}
