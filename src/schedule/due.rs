//! What is due when, and what becomes of a program that is.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::config::schedule::Schedule;
use crate::daemon::handle::Handle;
use crate::model::log;
use crate::model::states::ProcessState;
use crate::model::time::UnixTime;
use crate::supervisor::command::Command;
use crate::supervisor::turn::ProcessId;

/// A clock that is set back by less is believed to have been wrong: what was done is not done again.
const CORRECTION: i64 = 3_600_000_000_000;

/// A program with a schedule.
pub struct Program {
    pub namespec: String,
    pub name: String,
    pub schedule: Schedule,
}

/// All programs with a schedule, and when each is due.
#[derive(Default)]
pub struct Agenda(BTreeMap<ProcessId, Entry>);

struct Entry {
    program: Rc<Program>,
    /// The last time that was worked from: of a start, or when it came onto the agenda.
    from: UnixTime,
    /// `None`: never again.
    at: Option<UnixTime>,
}

impl Agenda {
    pub fn has(&self, id: ProcessId) -> bool {
        self.0.contains_key(&id)
    }

    /// Due for the first time after `now`.
    pub fn add(&mut self, id: ProcessId, program: Program, now: UnixTime) {
        let at = program.schedule.next_after(now);
        let program = Rc::new(program);
        let entry = Entry {
            program,
            from: now,
            at,
        };
        self.0.insert(id, entry);
    }

    pub fn retain(&mut self, keep: impl Fn(ProcessId) -> bool) {
        self.0.retain(|id, _| keep(*id));
    }

    pub fn next(&self) -> Option<UnixTime> {
        self.0.values().filter_map(|entry| entry.at).min()
    }

    /// Who is due now. Everybody's next time is worked out from `now`, which may lie far from where it was expected: the
    /// clock may have been set.
    pub fn take_due(&mut self, now: UnixTime) -> Vec<(ProcessId, Rc<Program>)> {
        let mut due = Vec::new();
        for (id, entry) in &mut self.0 {
            let set_back = entry.from.nanos().saturating_sub(now.nanos());
            if entry.at.is_some_and(|at| at <= now) {
                due.push((*id, Rc::clone(&entry.program)));
                entry.from = now;
            } else if set_back > CORRECTION {
                entry.from = now;
            } else {
                // Its time has yet to come, or has been done before the clock was set back.
                continue;
            }
            entry.at = entry.program.schedule.next_after(entry.from);
        }
        due
    }
}

/// Starts a program whose time has come, unless something stands against it.
pub async fn begin(handle: &Handle, id: ProcessId, program: &Program) {
    let name = &program.name;
    let seen = handle.read(|supervisor, _| {
        let state = supervisor.process_state(id)?;
        Some((state, supervisor.last_started(id).is_some()))
    });
    let Some((state, was_started)) = seen else {
        return;
    };
    match state {
        // Somebody's wish, until somebody wishes otherwise (GO-225).
        ProcessState::Stopped if was_started => {
            log::debug!("cron: '{name}' was stopped and is not started by the clock");
            return;
        }
        ProcessState::Stopped | ProcessState::Exited | ProcessState::Fatal => {}
        // GO-224
        ProcessState::Starting
        | ProcessState::Running
        | ProcessState::Backoff
        | ProcessState::Stopping => {
            log::info!("cron: '{name}' is {}, this time is left out", state.name());
            return;
        }
        ProcessState::Unknown => return,
    }
    log::info!("cron: starting '{name}'");
    let start = Command::StartProcess {
        namespec: program.namespec.clone(),
        wait: false,
    };
    if let Err(fault) = handle.call(start).await {
        log::warn!("cron: cannot start '{name}': {fault}");
    }
}

#[cfg(test)]
mod tests {
    use super::{Agenda, Program};
    use crate::config::schedule::Schedule;
    use crate::model::time::UnixTime;
    use crate::supervisor::turn::ProcessId;

    fn at(seconds: i64) -> UnixTime {
        UnixTime::from_nanos(seconds * 1_000_000_000)
    }

    /// The agenda at a time of the clock, with one program for each pattern.
    fn agenda(patterns: &[&str], now: i64) -> Agenda {
        let mut agenda = Agenda::default();
        for (id, pattern) in (0..).zip(patterns) {
            let program = Program {
                namespec: String::new(),
                name: (*pattern).to_owned(),
                schedule: Schedule::parse(&format!("TZ=UTC {pattern}")).expect("a schedule"),
            };
            agenda.add(ProcessId(id), program, at(now));
        }
        agenda
    }

    fn due(agenda: &mut Agenda, now: i64) -> Vec<String> {
        let due = agenda.take_due(at(now));
        due.into_iter().map(|(_, p)| p.name.clone()).collect()
    }

    // GO-217, GO-218
    #[test]
    fn each_is_due_at_its_own_times_and_the_first_decides_the_timer() {
        let mut agenda = agenda(&["*/10 * * * * *", "* * * * *"], 3);
        assert_eq!(agenda.next(), Some(at(10)));
        assert_eq!(due(&mut agenda, 9), [""; 0]);
        assert_eq!(due(&mut agenda, 10), ["*/10 * * * * *"]);
        assert_eq!(agenda.next(), Some(at(20)));
        assert_eq!(due(&mut agenda, 60), ["*/10 * * * * *", "* * * * *"]);
        assert_eq!(agenda.next(), Some(at(70)));
    }

    #[test]
    fn a_clock_that_jumps_ahead_makes_up_for_nothing() {
        let mut agenda = agenda(&["* * * * *"], 0);
        assert_eq!(due(&mut agenda, 100_000), ["* * * * *"]);
        assert_eq!(agenda.next(), Some(at(100_020)));
    }

    #[test]
    fn a_clock_that_is_corrected_repeats_nothing() {
        let mut agenda = agenda(&["* * * * *"], 599_000);
        assert_eq!(due(&mut agenda, 600_000), ["* * * * *"]);
        assert_eq!(due(&mut agenda, 599_000), [""; 0]);
        assert_eq!(agenda.next(), Some(at(600_060)));
    }

    #[test]
    fn a_clock_that_goes_far_back_begins_anew() {
        let mut agenda = agenda(&["* * * * *"], 600_000);
        assert_eq!(due(&mut agenda, 30), [""; 0]);
        assert_eq!(agenda.next(), Some(at(60)));
    }

    // GO-225
    #[test]
    fn who_has_gone_is_not_due_any_more() {
        let mut agenda = agenda(&["* * * * *"], 0);
        agenda.retain(|_| false);
        assert_eq!(agenda.next(), None);
        assert_eq!(due(&mut agenda, 600), [""; 0]);
    }
}
