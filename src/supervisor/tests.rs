//! Properties of the machine under random happenings. What it does in detail is the oracle's and the scenarios'
//! business; here are the promises that hold whatever happens.

mod extensions;
mod world;

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;

use self::world::{World, assert_indexes_agree, groups, happening};
use super::Supervisor;
use super::command::{Command, ExitStatus, Input, RequestId};
use super::turn::{Effect, Pid, ProcessId};
use crate::config::types::GroupConfig;
use crate::model::signal::Signal;
use crate::model::states::{ProcessState, SupervisorState};
use crate::model::time::{Moment, Now, UnixTime};

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_promises_hold(happenings in prop::collection::vec(happening(), 1..120)) {
        let mut world = World::new();
        let mut spawns_when_stopping = None;
        for happening in &happenings {
            world.happen(happening);
            if world.finished() {
                break;
            }
            assert_indexes_agree(&world.supervisor);
            // FCG-002, FCG-003: exactly those that have a child hold what is shared.
            let with_child: BTreeSet<ProcessId> = world.supervisor.by_pid.values().copied().collect();
            prop_assert_eq!(&world.os.holding, &with_child);
            if world.supervisor.state() != SupervisorState::Running {
                // SHD-010: once shutdown is asked, nothing is started.
                let spawns = *spawns_when_stopping.get_or_insert(world.os.spawns);
                prop_assert_eq!(spawns, world.os.spawns);
            }
            let deadline = world.supervisor.next_deadline();
            prop_assert!(deadline.is_none_or(|at| at.since_origin() > world.now), "a deadline in the past");
        }
        prop_assert_eq!(world.os.strangers_signalled, 0);
        let answers: Vec<(RequestId, usize)> = world.answered.iter().map(|(id, n)| (*id, *n)).collect();
        prop_assert!(answers.iter().all(|(_, times)| *times == 1), "answered more than once: {:?}", answers);
        // Whoever has no answer yet is waited for.
        if !world.finished() {
            for request in (1..=world.asked).map(RequestId) {
                let waiting = world.supervisor.waiters.contains_key(&request);
                prop_assert_eq!(waiting, !world.answered.contains_key(&request));
            }
        }
    }

    #[test]
    fn the_same_happenings_give_the_same_effects(happenings in prop::collection::vec(happening(), 1..60)) {
        let run = || {
            let mut world = World::new();
            for happening in &happenings {
                if !world.finished() {
                    world.happen(happening);
                }
            }
            world.effects
        };
        prop_assert_eq!(run(), run());
    }

    // RPC-212, SHD-012: however many are in the way, everything ends once every child has died.
    #[test]
    fn a_shutdown_ends_when_all_children_have_died(happenings in prop::collection::vec(happening(), 1..60)) {
        let mut world = World::new();
        for happening in &happenings {
            if !world.finished() {
                world.happen(happening);
            }
        }
        world.input(Input::Signalled(Signal::TERM));
        for _ in 0..20 {
            if world.finished() {
                break;
            }
            while let Some(pid) = world.os.alive.pop_first() {
                if world.finished() {
                    break;
                }
                world.input(Input::ChildExited { pid: Pid(pid), status: ExitStatus::Code(0) });
            }
        }
        prop_assert!(world.finished());
        let left = world.supervisor.all_infos(UnixTime::default()).filter(|info| !info.state.is_stopped()).count();
        prop_assert_eq!(left, 0);
    }
}

// PST-024: a stop does not reset the backoff counter, so a later start has fewer attempts left.
#[test]
fn a_stop_in_backoff_keeps_the_count_of_failed_starts() {
    let mut world = World::new();
    world.os.fork_works = false;
    world.settle();
    world.ask(Command::StopProcess {
        namespec: "a:x".to_owned(),
        wait: true,
    });
    world.effects.clear();
    world.ask(Command::StartProcess {
        namespec: "a:x".to_owned(),
        wait: true,
    });
    let told: Vec<String> = world
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Emitted(event) => Some(event.payload()),
            _ => None,
        })
        .collect();
    assert_eq!(
        told,
        [
            "processname:x groupname:a from_state:STOPPED tries:1",
            "processname:x groupname:a from_state:STARTING tries:2"
        ]
    );
    let id = world.supervisor.find("a", "x").expect("a:x is configured");
    assert_eq!(
        world.supervisor.process_state(id),
        Some(ProcessState::Backoff)
    );
}

// PST-014, PST-016: a turn that starts many takes its time; each child's startsecs begin with its own spawn.
#[test]
fn a_child_that_is_spawned_late_in_a_turn_has_its_startsecs_all_the_same() {
    let mut world = World::new();
    let second = Duration::from_secs(1);
    world.os.spawned_at = Some(Now {
        moment: Moment::from_origin(5 * second),
        unix: UnixTime::from_nanos(5_000_000_000),
    });
    world.settle();
    let id = world
        .supervisor
        .find("a", "y")
        .expect("a:y has startsecs=2");
    world.now = 6 * second;
    world.settle();
    assert_eq!(
        world.supervisor.process_state(id),
        Some(ProcessState::Starting)
    );
    let start = world
        .supervisor
        .info(id, UnixTime::default())
        .map(|info| info.start.capped_seconds());
    assert_eq!(start, Some(5));
    world.now = 7 * second;
    world.settle();
    assert_eq!(
        world.supervisor.process_state(id),
        Some(ProcessState::Running)
    );
}

// LIF-042: they all start as soon as they can, but others get their turn in between.
#[test]
fn one_turn_starts_a_few_of_many_and_the_next_comes_at_once() {
    let mut world = World::new();
    let template = groups();
    let many: Vec<GroupConfig> = (0..100)
        .map(|number| GroupConfig {
            name: format!("g{number:02}"),
            ..template[0].clone()
        })
        .collect();
    world.supervisor = Supervisor::new();
    world.turn(|supervisor, turn| supervisor.boot(turn, many).expect("AUTO logs can be made"));
    world.input(Input::Tick);
    assert_eq!(world.os.spawns, super::SPAWNS_PER_TURN);
    assert!(
        world
            .supervisor
            .next_deadline()
            .is_some_and(|at| at.since_origin() <= world.now)
    );
    world.settle();
    assert_eq!(world.os.spawns, 200);
}
