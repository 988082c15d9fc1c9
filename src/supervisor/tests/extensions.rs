//! The same promises with random extensions of every process, circles of dependencies among them (no configuration has
//! one), with hooks that end, fail, hang, and with restarts and rereads in between.

use std::rc::Rc;
use std::time::Duration;

use proptest::prelude::*;

use super::world::{
    GROUPS, Happening, PROCESSES, What, World, assert_indexes_agree, groups, happening,
};
use crate::config::extensions::{Dependency, Extensions, Hooks, Probe, RestartDelay, WhenEnded};
use crate::config::types::GroupConfig;
use crate::model::signal::Signal;
use crate::model::states::SupervisorState;
use crate::model::time::UnixTime;
use crate::supervisor::Supervisor;
use crate::supervisor::command::{Command, ExitStatus, Input, RequestId};
use crate::supervisor::hook::HookOutcome;
use crate::supervisor::process::Process;
use crate::supervisor::turn::{Pid, ProcessId};

fn hooks() -> impl Strategy<Value = Hooks> {
    let hook = || prop::option::weighted(0.3, Just(Probe::Command(vec!["hook".into()])));
    (hook(), hook(), hook(), hook(), 0_i64..4, any::<bool>()).prop_map(
        |(pre_start, post_start, pre_stop, post_stop, timeout, pre_start_required)| Hooks {
            pre_start,
            post_start,
            pre_stop,
            post_stop,
            timeout,
            pre_start_required,
        },
    )
}

fn dependency() -> impl Strategy<Value = Dependency> {
    let process = prop::option::of(0..PROCESSES.len());
    (0..GROUPS.len(), process).prop_map(|(group, process)| Dependency {
        group: GROUPS[group].to_owned(),
        process: process.map(|process| PROCESSES[process].to_owned()),
    })
}

fn extensions() -> impl Strategy<Value = Extensions> {
    let ended = || prop_oneof![9 => Just(WhenEnded::Ignore), 1 => Just(WhenEnded::Shutdown)];
    let delay = (0_i64..3, 0_i64..6).prop_map(|(first, ceiling)| RestartDelay { first, ceiling });
    (
        hooks(),
        prop::collection::vec(Just(Signal::INT), 0..3),
        prop::option::of(0_i64..3),
        0_i64..3,
        prop::option::of(delay),
        (ended(), ended()),
        prop::collection::vec(dependency(), 0..3),
    )
        .prop_map(
            |(
                hooks,
                further_stopsignals,
                killwaitsecs,
                restartpause,
                restart_delay,
                ended,
                depends_on,
            )| {
                Extensions {
                    hooks,
                    further_stopsignals,
                    killwaitsecs,
                    restartpause,
                    restart_delay,
                    on_exit: ended.0,
                    on_fatal: ended.1,
                    depends_on,
                    ..Extensions::default()
                }
            },
        )
}

/// The groups of the other properties, where each process has extensions and perhaps endless retries.
fn extended() -> impl Strategy<Value = Vec<GroupConfig>> {
    let plain = groups();
    let count = plain
        .iter()
        .map(|group| group.processes.len())
        .sum::<usize>();
    let each = (
        prop::option::weighted(0.7, extensions()),
        any::<bool>(),
        any::<bool>(),
    );
    prop::collection::vec(each, count).prop_map(move |extensions| {
        let mut groups = plain.clone();
        let processes = groups.iter_mut().flat_map(|group| &mut group.processes);
        for (process, (extensions, endless, autostart)) in processes.zip(extensions) {
            let process = Rc::make_mut(process);
            process.extensions = extensions.map(Rc::new);
            process.autostart = autostart;
            if endless {
                process.startretries = -1;
            }
        }
        groups
    })
}

/// The same where dependencies lead only to later groups, as in a configuration that was accepted (GO-187).
fn without_circles() -> impl Strategy<Value = Vec<GroupConfig>> {
    extended().prop_map(|mut groups| {
        for group in &mut groups {
            for process in &mut group.processes {
                if let Some(extensions) = &mut Rc::make_mut(process).extensions {
                    let depends_on = &mut Rc::make_mut(extensions).depends_on;
                    depends_on.retain(|dependency| dependency.group > group.name);
                }
            }
        }
        groups
    })
}

fn happenings(most: usize) -> impl Strategy<Value = Vec<Happening>> {
    let outcome = prop_oneof![
        3 => Just(HookOutcome::Succeeded),
        1 => Just(HookOutcome::Failed("exit status 1".to_owned())),
        1 => Just(HookOutcome::TimedOut),
    ];
    let namespec = (0..GROUPS.len(), 0..=PROCESSES.len()).prop_map(|(group, process)| {
        format!(
            "{}:{}",
            GROUPS[group],
            PROCESSES.get(process).unwrap_or(&"*")
        )
    });
    let restart = (namespec, any::<bool>()).prop_map(|(namespec, start_stopped)| {
        What::Ask(Command::RestartProcess {
            namespec,
            start_stopped,
        })
    });
    let reread = prop::collection::vec(any::<bool>(), 4).prop_map(|offered| {
        let groups = groups().into_iter().zip(offered);
        let offered = groups
            .filter(|(_, offered)| *offered)
            .map(|(group, _)| group);
        What::Ask(Command::ReplaceConfig(offered.collect()))
    });
    let what = prop_oneof![
        10 => (0_usize..4, outcome).prop_map(|(nth, outcome)| What::EndHook { nth, outcome }),
        6 => restart,
        1 => reread,
    ];
    let extended = (0_u64..4000, what).prop_map(|(millis, what)| Happening {
        after: Duration::from_millis(millis),
        what,
    });
    prop::collection::vec(prop_oneof![2 => happening(), 1 => extended], 1..most)
}

/// What waits is where it belongs.
fn assert_waits_agree(world: &World) {
    let machine: &Supervisor = &world.supervisor;
    let waits = |id: ProcessId| machine.waits_for(id).count();
    for process in machine.processes.values() {
        let id = process.id;
        // A start that waits has somebody to wait for, or something that is not active yet.
        assert!(waits(id) == 0 || process.is_wanted(), "{process:?}");
        for blocker in machine.waits_for(id) {
            assert!(machine.processes.contains_key(&blocker), "waits for nobody");
        }
        let running = |hook: &&Rc<crate::supervisor::hook::HookOrder>| hook.run.process == id;
        let hooks = world.hooks.iter().filter(running).count();
        assert!(
            !process.is_preparing() || hooks > 0,
            "prepares with no hook: {process:?}"
        );
    }
    for id in &machine.restarting {
        let state = machine.process_state(*id);
        assert_eq!(state, Some(crate::model::states::ProcessState::Stopping));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    // GO-129 to GO-132, GO-164, GO-165, GO-184 to GO-197, GO-402, GO-406
    #[test]
    fn whatever_is_asked_for_beyond_the_reference_the_promises_hold(
        groups in extended(),
        happenings in happenings(120),
    ) {
        let mut world = World::with(groups);
        let mut spawns_when_stopping = None;
        for happening in &happenings {
            world.happen(happening);
            if world.finished() {
                break;
            }
            assert_indexes_agree(&world.supervisor);
            assert_waits_agree(&world);
            if world.supervisor.state() != SupervisorState::Running {
                let spawns = *spawns_when_stopping.get_or_insert(world.os.spawns);
                prop_assert_eq!(spawns, world.os.spawns);
            }
            let deadline = world.supervisor.next_deadline();
            prop_assert!(deadline.is_none_or(|at| at.since_origin() > world.now), "a deadline in the past");
        }
        prop_assert_eq!(world.os.strangers_signalled, 0);
        prop_assert_eq!(world.strangers_killed, 0);
        prop_assert!(world.answered.values().all(|times| *times == 1));
        for request in (1..=world.asked).map(RequestId) {
            let waiting = world.supervisor.waiters.contains_key(&request);
            prop_assert_eq!(waiting, !world.answered.contains_key(&request));
        }
    }

    // SHD-012, GO-193, GO-195: hooks may hang, but nothing lasts longer than its limits.
    #[test]
    fn every_way_out_ends_and_leaves_nobody_without_an_answer(
        groups in extended(),
        happenings in happenings(60),
    ) {
        let mut world = World::with(groups);
        for happening in &happenings {
            if !world.finished() {
                world.happen(happening);
            }
        }
        if !world.finished() {
            world.input(Input::Signalled(Signal::TERM));
        }
        for _ in 0..60 {
            if world.finished() {
                break;
            }
            while let Some(pid) = world.os.alive.pop_first() {
                if world.finished() {
                    break;
                }
                world.input(Input::ChildExited { pid: Pid(pid), status: ExitStatus::Code(0) });
            }
            // No hook says anything any more.
            world.now += Duration::from_secs(1);
            world.settle();
        }
        prop_assert!(world.finished());
        let left = world.supervisor.all_infos(UnixTime::default()).filter(|info| !info.state.is_stopped()).count();
        prop_assert_eq!(left, 0);
        prop_assert_eq!(world.answered.len() as u64, world.asked);
    }

    // GO-185: once everybody who is waited for has come or failed, nobody waits.
    #[test]
    fn nobody_waits_for_ever_for_somebody_who_ends(
        groups in without_circles(),
        happenings in happenings(40),
    ) {
        let mut world = World::with(groups);
        for happening in &happenings {
            if !world.finished() {
                world.happen(happening);
            }
        }
        world.os.fork_works = true;
        // Children live, hooks end at their limits, and what is stopped dies: whoever waits gets what it waits for, or
        // hears that it does not come.
        for _ in 0..1000 {
            if world.finished() || world.answered.len() as u64 == world.asked {
                break;
            }
            let stopping: Vec<Pid> = world
                .supervisor
                .processes
                .values()
                .filter(|process| process.state() == crate::model::states::ProcessState::Stopping)
                .filter_map(Process::pid)
                .collect();
            for pid in stopping {
                if world.os.alive.remove(&pid.0) && !world.finished() {
                    world.input(Input::ChildExited { pid, status: ExitStatus::Code(0) });
                }
            }
            world.now += Duration::from_secs(1);
            world.settle();
        }
        prop_assert!(world.finished() || world.answered.len() as u64 == world.asked, "{:?}", world.supervisor.waiters);
    }
}
