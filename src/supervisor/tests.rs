//! Properties of the machine under random happenings. What it does in detail is the oracle's and the scenarios'
//! business; here are the promises that hold whatever happens.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use proptest::prelude::*;

use super::Supervisor;
use super::command::{Command, ExitStatus, Input, RequestId, Said};
use super::event::Channel;
use super::turn::{
    AutoLogError, ChildKind, CommandError, Effect, Os, Pid, ProcessId, SignalError, SignalTarget,
    SpawnError, Spawned, StdinClosed, Turn,
};
use crate::config::types::{
    Autorestart, EventListenerConfig, GroupConfig, GroupKind, LogFile, ProcessConfig, StreamConfig,
};
use crate::model::signal::Signal;
use crate::model::states::{ProcessState, SupervisorState};
use crate::model::time::{Moment, Now, UnixTime};

const GROUPS: [&str; 3] = ["a", "b", "c"];
const PROCESSES: [&str; 2] = ["x", "y"];

/// One thing that happens, with the time that passes before it.
#[derive(Debug, Clone)]
struct Happening {
    after: Duration,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    Nothing,
    Ask(Command),
    Exit { nth: usize, status: ExitStatus },
    Say { nth: usize, said: &'static str },
    Signalled(Signal),
    Forking { works: bool },
    Signals { delivery: Delivery },
}

#[derive(Debug, Clone, Copy)]
enum Delivery {
    Arrive,
    FindNobody,
    Fail,
}

fn happening() -> impl Strategy<Value = Happening> {
    let namespec = prop_oneof![
        8 => (0..GROUPS.len(), 0..PROCESSES.len()).prop_map(|(g, p)| format!("{}:{}", GROUPS[g], PROCESSES[p])),
        2 => (0..GROUPS.len()).prop_map(|g| format!("{}:*", GROUPS[g])),
        1 => Just("nobody".to_owned()),
    ];
    let group = (0..GROUPS.len()).prop_map(|g| GROUPS[g].to_owned());
    let command = prop_oneof![
        4 => (namespec.clone(), any::<bool>()).prop_map(|(namespec, wait)| Command::StartProcess { namespec, wait }),
        4 => (namespec.clone(), any::<bool>()).prop_map(|(namespec, wait)| Command::StopProcess { namespec, wait }),
        1 => (group.clone(), any::<bool>()).prop_map(|(name, wait)| Command::StartGroup { name, wait }),
        1 => (group.clone(), any::<bool>()).prop_map(|(name, wait)| Command::StopGroup { name, wait }),
        1 => any::<bool>().prop_map(|wait| Command::StartAll { wait }),
        1 => any::<bool>().prop_map(|wait| Command::StopAll { wait }),
        1 => namespec.prop_map(|namespec| Command::SignalProcess { namespec, signal: "HUP".to_owned() }),
        1 => group.clone().prop_map(|name| Command::AddGroup { name }),
        1 => group.prop_map(|name| Command::RemoveGroup { name }),
    ];
    let status = prop_oneof![
        (0_u8..3).prop_map(ExitStatus::Code),
        Just(ExitStatus::Signal {
            number: 15,
            core_dumped: false
        }),
    ];
    let delivery = prop_oneof![6 => Just(Delivery::Arrive), 2 => Just(Delivery::FindNobody), 1 => Just(Delivery::Fail)];
    let said = prop::sample::select(vec![
        "READY\n",
        "RESULT 2\nOKREADY\n",
        "RESULT 4\nFAILREADY\n",
        "huh\n",
    ]);
    let what = prop_oneof![
        10 => Just(What::Nothing),
        20 => command.prop_map(What::Ask),
        20 => (0_usize..8, status).prop_map(|(nth, status)| What::Exit { nth, status }),
        15 => (0_usize..2, said).prop_map(|(nth, said)| What::Say { nth, said }),
        3 => any::<bool>().prop_map(|works| What::Forking { works }),
        2 => delivery.prop_map(|delivery| What::Signals { delivery }),
        1 => prop_oneof![Just(Signal::TERM), Just(Signal::HUP), Just(Signal::USR2)].prop_map(What::Signalled),
        1 => prop_oneof![Just(Command::Shutdown), Just(Command::Restart)].prop_map(What::Ask),
    ];
    (0_u64..4000, what).prop_map(|(millis, what)| Happening {
        after: Duration::from_millis(millis),
        what,
    })
}

/// The system, and what it saw.
struct TestOs {
    next_pid: i32,
    alive: BTreeSet<i32>,
    /// Whoever was to be spawned and has not been let go since.
    holding: BTreeSet<ProcessId>,
    fork_works: bool,
    delivery: Delivery,
    spawns: usize,
    strangers_signalled: usize,
    /// When children come to be, if later than the turn begins.
    spawned_at: Option<Now>,
}

impl Os for TestOs {
    fn check_command(&mut self, _: &ProcessConfig) -> Result<(), CommandError> {
        Ok(())
    }

    fn spawn(
        &mut self,
        id: ProcessId,
        _: ChildKind,
        _: &str,
        _: &ProcessConfig,
    ) -> Result<Spawned, SpawnError> {
        self.spawns += 1;
        self.holding.insert(id);
        if !self.fork_works {
            return Err(SpawnError::TooManyProcesses);
        }
        self.next_pid += 1;
        self.alive.insert(self.next_pid);
        Ok(Spawned {
            pid: Pid(self.next_pid),
            at: self.spawned_at,
        })
    }

    fn signal(&mut self, target: SignalTarget, _: Signal) -> Result<(), SignalError> {
        let (SignalTarget::Process(Pid(pid)) | SignalTarget::Group(Pid(pid))) = target;
        if !self.alive.contains(&pid) {
            self.strangers_signalled += 1;
        }
        match self.delivery {
            Delivery::Arrive => Ok(()),
            Delivery::FindNobody => Err(SignalError::Gone),
            Delivery::Fail => Err(SignalError::Other {
                errno: 1,
                text: "Operation not permitted".to_owned(),
            }),
        }
    }

    fn write_stdin(&mut self, _: ProcessId, _: &[u8]) -> Result<(), StdinClosed> {
        Ok(())
    }

    fn create_auto_log(
        &mut self,
        process: &str,
        channel: Channel,
    ) -> Result<PathBuf, AutoLogError> {
        Ok(PathBuf::from(format!("/auto/{process}-{}", channel.name())))
    }

    fn let_go(&mut self, id: ProcessId) {
        self.holding.remove(&id);
    }
}

struct World {
    supervisor: Supervisor,
    os: TestOs,
    now: Duration,
    asked: u64,
    answered: BTreeMap<RequestId, usize>,
    effects: Vec<Effect>,
}

impl World {
    fn new() -> Self {
        let os = TestOs {
            next_pid: 100,
            alive: BTreeSet::new(),
            holding: BTreeSet::new(),
            fork_works: true,
            delivery: Delivery::Arrive,
            spawns: 0,
            strangers_signalled: 0,
            spawned_at: None,
        };
        let mut world = Self {
            supervisor: Supervisor::new(),
            os,
            now: Duration::ZERO,
            asked: 0,
            answered: BTreeMap::new(),
            effects: Vec::new(),
        };
        world.turn(|supervisor, turn| {
            supervisor
                .boot(turn, groups())
                .expect("AUTO logs can be made")
        });
        world
    }

    fn turn<R>(&mut self, act: impl FnOnce(&mut Supervisor, &mut Turn<'_>) -> R) -> R {
        let mut told = Vec::new();
        let now = Now {
            moment: Moment::from_origin(self.now),
            unix: UnixTime::from_nanos(
                i64::try_from(self.now.as_nanos()).expect("it is not that late"),
            ),
        };
        let mut effects = |effect| told.push(effect);
        let mut turn = Turn::new(now, &mut self.os, &mut effects);
        let result = act(&mut self.supervisor, &mut turn);
        for effect in &told {
            if let Effect::Reply(request, _) = effect {
                *self.answered.entry(*request).or_default() += 1;
            }
        }
        self.effects.extend(told);
        result
    }

    fn input(&mut self, input: Input) {
        self.turn(|supervisor, turn| supervisor.handle(turn, input));
    }

    fn finished(&self) -> bool {
        self.effects
            .iter()
            .any(|effect| matches!(effect, Effect::Finished(_)))
    }

    /// Ticks until nothing is due; a machine that is always due would never let the daemon sleep.
    fn settle(&mut self) {
        for _ in 0..100 {
            let due = self
                .supervisor
                .next_deadline()
                .is_some_and(|at| at.since_origin() <= self.now);
            if !due || self.finished() {
                return;
            }
            self.input(Input::Tick);
        }
        panic!("a deadline stays in the past however often the machine is ticked");
    }

    fn happen(&mut self, happening: &Happening) {
        self.now += happening.after;
        self.settle();
        match &happening.what {
            What::Nothing => {}
            What::Ask(command) => {
                self.asked += 1;
                let request = RequestId(self.asked);
                self.input(Input::Command(request, command.clone()));
            }
            What::Exit { nth, status } => {
                if let Some(pid) = self.os.alive.iter().nth(*nth).copied() {
                    self.os.alive.remove(&pid);
                    self.input(Input::ChildExited {
                        pid: Pid(pid),
                        status: *status,
                    });
                }
            }
            What::Say { nth, said } => {
                let id = self.supervisor.find("l", PROCESSES[*nth]);
                if let Some(id) = id.filter(|id| self.supervisor.pid(*id).is_some()) {
                    let said = Said::Protocol(said.as_bytes().to_vec());
                    self.input(Input::ChildSaid { id, said });
                }
            }
            What::Signalled(signal) => self.input(Input::Signalled(*signal)),
            What::Forking { works } => self.os.fork_works = *works,
            What::Signals { delivery } => self.os.delivery = *delivery,
        }
        self.settle();
    }
}

fn groups() -> Vec<GroupConfig> {
    let stream = StreamConfig {
        logfile: LogFile::Auto,
        logfile_maxbytes: 0,
        logfile_backups: 0,
        capture_maxbytes: 0,
        events_enabled: false,
        syslog: false,
    };
    let process = |name: &str, autorestart, startsecs, stopasgroup| ProcessConfig {
        name: name.to_owned(),
        command: name.into(),
        directory: None,
        umask: None,
        uid: None,
        priority: 999,
        autostart: true,
        autorestart,
        startsecs,
        startretries: 2,
        stdout: stream.clone(),
        stderr: stream.clone(),
        stopsignal: Signal::TERM,
        stopwaitsecs: 0,
        stopasgroup,
        killasgroup: stopasgroup,
        exitcodes: vec![0],
        redirect_stderr: false,
        environment: BTreeMap::new(),
        serverurl: None,
        socket: None,
        extensions: None,
    };
    let group = |name: &str, priority| GroupConfig {
        name: name.to_owned(),
        priority,
        kind: GroupKind::Programs,
        processes: vec![
            Rc::new(process("x", Autorestart::Always, 0, false)),
            Rc::new(process("y", Autorestart::Unexpected, 2, true)),
        ],
    };
    let listeners = GroupConfig {
        kind: GroupKind::EventListener(EventListenerConfig {
            events: vec!["EVENT".to_owned()],
            buffer_size: 3,
            result_handler: "supervisor.dispatchers:default_handler".to_owned(),
        }),
        ..group("l", 1)
    };
    vec![group("a", 1), listeners, group("b", 2), group("c", 2)]
}

/// Every index says what a look at the processes themselves says.
fn assert_indexes_agree(supervisor: &Supervisor) {
    let pids: BTreeMap<Pid, ProcessId> = supervisor
        .processes
        .values()
        .filter_map(|process| Some((process.pid()?, process.id)))
        .collect();
    assert_eq!(supervisor.by_pid, pids);
    let unstopped = |process: &&super::Process| !process.state().is_stopped();
    assert_eq!(
        supervisor.unstopped,
        supervisor.processes.values().filter(unstopped).count()
    );
    for (id, group) in &supervisor.groups {
        let members = group
            .members
            .iter()
            .filter_map(|member| supervisor.processes.get(member));
        assert_eq!(group.unstopped, members.filter(unstopped).count());
        assert_eq!(supervisor.group_names.get(&group.config.name), Some(id));
    }
    let may_start = supervisor.state() == SupervisorState::Running;
    for process in supervisor.processes.values() {
        let queued = supervisor.process_deadlines.get(&process.id).copied();
        assert_eq!(queued, process.deadline(may_start), "{process:?}");
        // Every start is still under way, has ended, or came to nothing.
        let history = process.history();
        let ends: u64 = history.ends().iter().map(|(_, times)| times).sum();
        let under_way = u64::from(process.pid().is_some());
        assert_eq!(history.exits, ends);
        assert!(history.restarts <= history.starts && history.exits + under_way <= history.starts);
        assert!(history.starts <= history.exits + under_way + history.backoffs);
    }
}

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
    let ask = |world: &mut World, command| {
        world.asked += 1;
        let request = RequestId(world.asked);
        world.input(Input::Command(request, command));
    };
    ask(
        &mut world,
        Command::StopProcess {
            namespec: "a:x".to_owned(),
            wait: true,
        },
    );
    world.effects.clear();
    ask(
        &mut world,
        Command::StartProcess {
            namespec: "a:x".to_owned(),
            wait: true,
        },
    );
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
