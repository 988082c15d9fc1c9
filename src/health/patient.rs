//! A program that is checked, and what is done about it, through [`Handle`].

use std::rc::Rc;

use tokio::task::spawn_local;

use super::check::Patient;
use super::check_limit;
use crate::config::extensions::{FailureAction, Liveness, Probe};
use crate::daemon::handle::{Handle, Principal};
use crate::model::health::Health;
use crate::model::log;
use crate::model::states::ProcessState;
use crate::supervisor::command::Command;
use crate::supervisor::turn::ProcessId;

/// One run of a checked program.
pub struct Program {
    handle: Handle,
    id: ProcessId,
    start: u64,
    principal: Principal,
    pub liveness: Rc<Liveness>,
}

impl Program {
    /// `None` when it is not there, or not to be checked.
    pub fn new(handle: Handle, id: ProcessId, start: u64) -> Option<Self> {
        let (principal, liveness) = handle.read(|supervisor, _| {
            let (group, _) = supervisor.names(id)?;
            let config = supervisor.config(id)?;
            let liveness = config.extensions.as_ref()?.liveness.clone()?;
            Some((Principal::of(group, config), Rc::new(liveness)))
        })?;
        Some(Self {
            handle,
            id,
            start,
            principal,
            liveness,
        })
    }

    /// Whether it is still this run.
    fn still_runs(&self) -> bool {
        self.handle.read(|supervisor, _| {
            supervisor.process_state(self.id) == Some(ProcessState::Running)
                && supervisor
                    .history(self.id)
                    .is_some_and(|history| history.starts == self.start)
        })
    }

    /// Runs an action to its end, even when the program, and with it this task, ends meanwhile: a command that restarts
    /// the program must get to the second half of it.
    async fn act(&self, kind: &'static str, action: &Probe) {
        let (handle, principal) = (self.handle.clone(), self.principal.clone());
        let (name, action) = (self.principal.name(), action.clone());
        let action = spawn_local(async move {
            let limit = principal.hook_limit();
            match handle.probe(&principal, &action, limit).await {
                Ok(()) => log::info!("{kind} of '{name}' succeeded"),
                Err(error) => log::warn!("{kind} of '{name}' failed: {error}"),
            }
        });
        // Nobody can cancel it but supervisord's end.
        let _ = action.await;
    }
}

impl Patient for Program {
    async fn check(&self) -> Result<(), String> {
        let limit = check_limit(&self.liveness);
        self.handle
            .probe(&self.principal, &self.liveness.check, limit)
            .await
            .map_err(|error| error.to_string())
    }

    fn note(&self, health: Health) {
        self.handle.note_health(self.id, Some(health));
    }

    fn failing(&self, failures: i64, of: i64, reason: &str) {
        log::warn!(
            "liveness check of '{}' failed ({failures} of {of}): {reason}",
            self.principal.name()
        );
    }

    async fn turned_healthy(&self) {
        log::info!("'{}' is healthy", self.principal.name());
        if let Some(action) = &self.liveness.success_action {
            self.act("liveness_check_success_action", action).await;
        }
    }

    async fn failed(&self) {
        if !self.still_runs() {
            return;
        }
        let namespec = self.principal.namespec();
        let name = self.principal.name();
        let command = match &self.liveness.failure_action {
            FailureAction::Run(action) => {
                log::warn!("'{name}' is unhealthy");
                self.act("liveness_check_failure_action", action).await;
                return;
            }
            FailureAction::Restart => {
                log::warn!("'{name}' is unhealthy: restarting it");
                self.handle.restart(namespec, false);
                return;
            }
            FailureAction::Stop => {
                log::warn!("'{name}' is unhealthy: stopping it");
                Command::StopProcess {
                    namespec,
                    wait: false,
                }
            }
        };
        if let Err(fault) = self.handle.call(command).await {
            log::warn!("'{name}' cannot be stopped: {fault}");
        }
    }
}
