//! A machine, the system around it, and what may happen to both.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use proptest::prelude::*;

use crate::config::types::{
    Autorestart, EventListenerConfig, GroupConfig, GroupKind, LogFile, ProcessConfig, StreamConfig,
};
use crate::model::signal::Signal;
use crate::model::states::SupervisorState;
use crate::model::time::{Moment, Now, UnixTime};
use crate::supervisor::Supervisor;
use crate::supervisor::command::{Command, ExitStatus, Input, RequestId, Said};
use crate::supervisor::event::Channel;
use crate::supervisor::hook::{HookOrder, HookOutcome};
use crate::supervisor::process::Process;
use crate::supervisor::turn::{
    AutoLogError, ChildKind, CommandError, Effect, Os, Pid, ProcessId, SignalError, SignalTarget,
    SpawnError, Spawned, StdinClosed, Turn,
};

pub const GROUPS: [&str; 3] = ["a", "b", "c"];
pub const PROCESSES: [&str; 2] = ["x", "y"];

/// One thing that happens, with the time that passes before it.
#[derive(Debug, Clone)]
pub struct Happening {
    pub after: Duration,
    pub what: What,
}

#[derive(Debug, Clone)]
pub enum What {
    Nothing,
    Ask(Command),
    Exit { nth: usize, status: ExitStatus },
    Say { nth: usize, said: &'static str },
    Signalled(Signal),
    Forking { works: bool },
    Signals { delivery: Delivery },
    EndHook { nth: usize, outcome: HookOutcome },
}

#[derive(Debug, Clone, Copy)]
pub enum Delivery {
    Arrive,
    FindNobody,
    Fail,
}

pub fn happening() -> impl Strategy<Value = Happening> {
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
pub struct TestOs {
    pub next_pid: i32,
    pub alive: BTreeSet<i32>,
    /// Whoever was to be spawned and has not been let go since.
    pub holding: BTreeSet<ProcessId>,
    pub fork_works: bool,
    pub delivery: Delivery,
    pub spawns: usize,
    pub strangers_signalled: usize,
    /// When children come to be, if later than the turn begins.
    pub spawned_at: Option<Now>,
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

pub struct World {
    pub supervisor: Supervisor,
    pub os: TestOs,
    pub now: Duration,
    pub asked: u64,
    pub answered: BTreeMap<RequestId, usize>,
    pub effects: Vec<Effect>,
    /// Hooks that have been ordered and have not ended.
    pub hooks: Vec<Rc<HookOrder>>,
    /// Hooks that the machine ended though none such was running.
    pub strangers_killed: usize,
}

impl World {
    pub fn new() -> Self {
        Self::with(groups())
    }

    pub fn with(groups: Vec<GroupConfig>) -> Self {
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
            hooks: Vec::new(),
            strangers_killed: 0,
        };
        world.turn(|supervisor, turn| {
            supervisor
                .boot(turn, groups)
                .expect("AUTO logs can be made")
        });
        world
    }

    pub fn turn<R>(&mut self, act: impl FnOnce(&mut Supervisor, &mut Turn<'_>) -> R) -> R {
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
            match effect {
                Effect::Reply(request, _) => *self.answered.entry(*request).or_default() += 1,
                Effect::RunHook(order) => self.hooks.push(Rc::clone(order)),
                Effect::KillHook(run) => {
                    match self.hooks.iter().position(|hook| hook.run == *run) {
                        Some(place) => _ = self.hooks.remove(place),
                        None => self.strangers_killed += 1,
                    }
                }
                _ => {}
            }
        }
        self.effects.extend(told);
        result
    }

    pub fn input(&mut self, input: Input) {
        self.turn(|supervisor, turn| supervisor.handle(turn, input));
    }

    pub fn ask(&mut self, command: Command) {
        self.asked += 1;
        self.input(Input::Command(RequestId(self.asked), command));
    }

    pub fn end_hook(&mut self, nth: usize, outcome: HookOutcome) {
        if nth < self.hooks.len() {
            let order = self.hooks.remove(nth);
            self.input(Input::HookEnded { order, outcome });
        }
    }

    pub fn finished(&self) -> bool {
        self.effects
            .iter()
            .any(|effect| matches!(effect, Effect::Finished(_)))
    }

    /// Ticks until nothing is due; a machine that is always due would never let the daemon sleep.
    pub fn settle(&mut self) {
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

    pub fn happen(&mut self, happening: &Happening) {
        self.now += happening.after;
        self.settle();
        match &happening.what {
            What::Nothing => {}
            What::Ask(command) => self.ask(command.clone()),
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
            What::EndHook { nth, outcome } => self.end_hook(*nth, outcome.clone()),
        }
        self.settle();
    }
}

pub fn groups() -> Vec<GroupConfig> {
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
pub fn assert_indexes_agree(supervisor: &Supervisor) {
    let pids: BTreeMap<Pid, ProcessId> = supervisor
        .processes
        .values()
        .filter_map(|process| Some((process.pid()?, process.id)))
        .collect();
    assert_eq!(supervisor.by_pid, pids);
    let unstopped = |process: &&Process| !process.state().is_stopped();
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
        let under_way = u64::from(process.pid().is_some() || process.is_preparing());
        assert_eq!(history.exits, ends);
        assert!(history.restarts <= history.starts && history.exits + under_way <= history.starts);
        // (Or was called off before it was one.)
        let extensions = process.config.extensions.as_ref();
        let prepares = extensions.is_some_and(|all| all.hooks.pre_start.is_some());
        assert!(prepares || history.starts <= history.exits + under_way + history.backoffs);
    }
}
