//! What a change is to a program that watches: a restart, signals, a command (GO-171 to GO-173, GO-181).
//!
//! A program that somebody has stopped, or that has ended as it wanted, is left alone. One that was started after the
//! change runs the new file already.

use std::time::Duration;

use tokio::sync::broadcast::error::RecvError;
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::timeout;

use super::subject::Change;
use crate::config::extensions::{Probe, Reaction};
use crate::daemon::handle::{Handle, Principal};
use crate::model::log;
use crate::model::signal::Signal;
use crate::model::states::ProcessState;
use crate::supervisor::event::Event;
use crate::supervisor::turn::ProcessId;

/// What a command finds in its environment: the file that has changed, or one of them.
const CHANGED_FILE: &str = "SUPERVISOR_CHANGED_FILE";

/// Does what the change is to this program. A command, or a list of signals, goes on in the task that is given back.
pub fn react(
    handle: &Handle,
    id: ProcessId,
    reaction: &Reaction,
    change: &Change,
) -> Option<JoinHandle<()>> {
    let age = change.seen_at.elapsed();
    let (principal, state, is_newer) = handle.read(|supervisor, now| {
        let (group, _) = supervisor.names(id)?;
        let started = supervisor.last_started(id);
        let is_newer = started.is_some_and(|at| now.moment.since(at.moment) < age);
        let principal = Principal::of(group, supervisor.config(id)?);
        Some((principal, supervisor.process_state(id)?, is_newer))
    })?;
    let has_child = matches!(state, ProcessState::Running | ProcessState::Starting);
    let is_wanted = match state {
        ProcessState::Running
        | ProcessState::Starting
        | ProcessState::Backoff
        | ProcessState::Fatal => true,
        // On its way out, or ended for good: by somebody's wish or by its own.
        ProcessState::Stopping
        | ProcessState::Stopped
        | ProcessState::Exited
        | ProcessState::Unknown => false,
    };
    if change.at_first && (is_newer || !has_child) {
        return None;
    }
    let name = principal.name();
    let file = change.file.display();
    if !is_wanted {
        log::debug!(
            "{file} has changed; '{name}' is {} and is left alone",
            state.name()
        );
        return None;
    }
    match reaction {
        Reaction::Run(command) => {
            log::info!("{file} has changed: running the command of '{name}'");
            Some(run(handle.clone(), principal, command.clone(), change))
        }
        _ if is_newer => {
            log::debug!("{file} has changed; '{name}' was started since");
            None
        }
        Reaction::Signals(signals) if has_child => {
            log::info!("{file} has changed: signalling '{name}'");
            let signals = signals.clone();
            let task = send_all(handle.clone(), id, principal, signals);
            Some(spawn_local(task))
        }
        // Nobody to be signalled: what failed to start may work now.
        Reaction::Restart | Reaction::Signals(_) => {
            log::info!("{file} has changed: restarting '{name}'");
            // A start that has failed for good counts as stopped.
            handle.restart(principal.namespec(), state == ProcessState::Fatal);
            None
        }
    }
}

fn run(
    handle: Handle,
    mut principal: Principal,
    command: Probe,
    change: &Change,
) -> JoinHandle<()> {
    let file = change.file.display().to_string();
    principal.told.push((CHANGED_FILE, file));
    spawn_local(async move {
        let (name, limit) = (principal.name(), principal.hook_limit());
        match handle.probe(&principal, &command, limit).await {
            Ok(()) => log::info!("the command of '{name}' for a change succeeded"),
            Err(error) => log::warn!("the command of '{name}' for a change failed: {error}"),
        }
    })
}

/// To the whole process group, one after the other; before each further one the child gets `stopwaitsecs` to end, and
/// when it has ended there is nothing left to say (GO-172).
async fn send_all(handle: Handle, id: ProcessId, principal: Principal, signals: Vec<Signal>) {
    let name = principal.name();
    let wait = u64::try_from(principal.config.stopwaitsecs).unwrap_or(0);
    let child = || handle.read(|supervisor, _| supervisor.pid(id));
    let first = child();
    for (place, signal) in signals.into_iter().enumerate() {
        if place > 0 {
            let ended = until(&handle, || child() != first);
            if timeout(Duration::from_secs(wait), ended).await.is_ok() {
                return;
            }
        }
        if handle.signal_group(id, signal) {
            log::debug!("sent {signal} to the process group of '{name}'");
        } else {
            log::warn!("could not send {signal} to the process group of '{name}'");
        }
    }
}

/// Resolves when something comes true that only a change of state brings about.
async fn until(handle: &Handle, comes_true: impl Fn() -> bool) {
    let mut events = handle.events();
    while !comes_true() {
        loop {
            match events.recv().await.as_deref() {
                Ok(Event::ProcessState { .. }) | Err(RecvError::Lagged(_)) => break,
                Ok(_) => {}
                Err(RecvError::Closed) => return,
            }
        }
    }
}
