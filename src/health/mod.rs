//! Liveness checks: whether a program that runs also works, and what is done when it does not (GO-198 to GO-216).
//!
//! Every run of a checked program, from RUNNING until it leaves that state, has one task (`check`), so that counters and
//! the first delay begin anew with every start, and no two checks of one program are made at a time. A program that is not
//! RUNNING, whoever stopped it, is not checked. Checks and actions go through [`Handle`] like those of any client.
//!
//! What is found out is noted for whoever shows it; the log tells of each failed check and of each change.
//!
//! | file | subject |
//! |---|---|
//! | `check` | one run: when to check, what the results come to |
//! | `patient` | the program that is checked, and what is done about it |

mod check;
mod patient;

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use tokio::task::{AbortHandle, spawn_local};

use self::patient::Program;
use crate::config::extensions::Liveness;
use crate::daemon::handle::Handle;
use crate::model::health::{Health, Verdict};
use crate::model::states::ProcessState;
use crate::supervisor::turn::ProcessId;

/// All checks. [`follow`](Self::follow) keeps them in step with the machine.
pub struct Checks {
    handle: Handle,
    patients: BTreeMap<ProcessId, Patient>,
}

/// A process that is to be checked.
#[derive(Default)]
struct Patient {
    /// The run that is checked now.
    run: Option<Run>,
}

/// From one start to its end.
struct Run {
    /// Which start of the process it began with.
    start: u64,
    task: AbortHandle,
}

impl Drop for Run {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What the machine says of a process that is to be checked.
struct Seen {
    id: ProcessId,
    running: bool,
    start: u64,
    /// How long ago that was.
    age: Duration,
}

impl Checks {
    pub fn new(handle: Handle) -> Self {
        Self {
            handle,
            patients: BTreeMap::new(),
        }
    }

    /// Begins and ends checks as processes come, go, start and stop. False when there is nobody to check.
    pub fn follow(&mut self) -> bool {
        let seen = self.look();
        // By their ids, as the machine lists them.
        let gone = |id: &ProcessId| seen.binary_search_by_key(id, |seen| seen.id).is_err();
        let gone: Vec<ProcessId> = self.patients.keys().copied().filter(gone).collect();
        for id in gone {
            self.patients.remove(&id);
            self.handle.note_health(id, None);
        }
        for seen in &seen {
            self.follow_one(seen);
        }
        !self.patients.is_empty()
    }

    fn look(&self) -> Vec<Seen> {
        self.handle.read(|supervisor, now| {
            let checked = |id: &ProcessId| {
                let config = supervisor.config(*id);
                let extensions = config.and_then(|config| config.extensions.as_ref());
                extensions.is_some_and(|extensions| extensions.liveness.is_some())
            };
            let see = |id| {
                let started = supervisor.last_started(id);
                Seen {
                    id,
                    running: supervisor.process_state(id) == Some(ProcessState::Running),
                    start: supervisor.history(id).map_or(0, |history| history.starts),
                    age: started.map_or(Duration::ZERO, |at| now.moment.since(at.moment)),
                }
            };
            supervisor.extended().filter(checked).map(see).collect()
        })
    }

    fn follow_one(&mut self, seen: &Seen) {
        let known = self.patients.contains_key(&seen.id);
        let patient = self.patients.entry(seen.id).or_default();
        let same = patient
            .run
            .as_ref()
            .is_some_and(|run| seen.running && run.start == seen.start);
        if same {
            return;
        }
        if patient.run.take().is_some() || !known {
            self.handle.note_health(seen.id, Some(Health::unknown()));
        }
        if seen.running {
            patient.run = begin(&self.handle, seen);
        }
    }
}

fn begin(handle: &Handle, seen: &Seen) -> Option<Run> {
    let program = Program::new(handle.clone(), seen.id, seen.start)?;
    let liveness = Rc::clone(&program.liveness);
    let first = seconds(liveness.initial_delay).saturating_sub(seen.age);
    let task = spawn_local(async move { check::look_after(&liveness, first, &program).await });
    Some(Run {
        start: seen.start,
        task: task.abort_handle(),
    })
}

/// A number of a configuration, which may be negative.
fn seconds(number: i64) -> Duration {
    Duration::from_secs(u64::try_from(number).unwrap_or(0))
}

impl Health {
    fn unknown() -> Self {
        Self {
            verdict: Verdict::Unknown,
            reason: String::new(),
        }
    }
}

/// Never less than a second, so that a number like 0 does not make a busy loop of checks, or a check that cannot succeed.
fn at_least_a_second(number: i64) -> Duration {
    seconds(number.max(1))
}

/// How long one check may take.
fn check_limit(liveness: &Liveness) -> Duration {
    at_least_a_second(liveness.timeout)
}
