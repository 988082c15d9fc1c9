//! The system as a scenario says it is.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use supervisord::config::types::ProcessConfig;
use supervisord::model::signal::{Signal, signal_name};
use supervisord::supervisor::event::Channel;
use supervisord::supervisor::turn::{
    AutoLogError, ChildKind, CommandError, Os, Pid, ProcessId, SignalError, SignalTarget,
    SpawnError, Spawned, StdinClosed,
};

use super::Trace;

/// The system as the scenario says it is.
pub struct FakeOs {
    trace: Trace,
    next_pid: i32,
    pub fork_fails: BTreeMap<String, String>,
    pub commands: BTreeMap<String, String>,
    pub gone: BTreeSet<i32>,
    /// `group:name` of every process that was ever started.
    names: BTreeMap<ProcessId, String>,
    /// Listeners that have closed their stdin.
    pub deaf: BTreeSet<ProcessId>,
}

impl FakeOs {
    pub fn new(trace: Trace) -> Self {
        Self {
            trace,
            next_pid: 101,
            fork_fails: BTreeMap::new(),
            commands: BTreeMap::new(),
            gone: BTreeSet::new(),
            names: BTreeMap::new(),
            deaf: BTreeSet::new(),
        }
    }

    fn say(&self, line: String) {
        self.trace.borrow_mut().push(line);
    }
}

impl Os for FakeOs {
    fn check_command(&mut self, config: &ProcessConfig) -> Result<(), CommandError> {
        let command = config.command.to_string();
        match self.commands.get(&command).map(String::as_str) {
            Some("missing") => Err(CommandError::NotFound { command }),
            Some("noexec") => Err(CommandError::NotExecutable { path: command }),
            _ => Ok(()),
        }
    }

    fn spawn(
        &mut self,
        id: ProcessId,
        _: ChildKind,
        group: &str,
        config: &ProcessConfig,
    ) -> Result<Spawned, SpawnError> {
        self.check_command(config).map_err(SpawnError::Command)?;
        let name = format!("{group}:{}", config.name);
        if let Some(errno) = self.fork_fails.get(&name) {
            self.say(format!("spawn {name} fails {errno}"));
            return Err(match errno.as_str() {
                "EAGAIN" => SpawnError::TooManyProcesses,
                _ => SpawnError::Fork {
                    errno: errno.clone(),
                },
            });
        }
        let pid = self.next_pid;
        self.next_pid += 1;
        self.say(format!("spawn {name} -> pid {pid}"));
        self.names.insert(id, name);
        self.deaf.remove(&id);
        Ok(Spawned {
            pid: Pid(pid),
            at: None,
        })
    }

    fn write_stdin(&mut self, id: ProcessId, bytes: &[u8]) -> Result<(), StdinClosed> {
        let name = self.names.get(&id).map_or("nobody", String::as_str);
        if self.deaf.contains(&id) {
            return Err(StdinClosed);
        }
        self.say(format!("write {name} {}", String::from_utf8_lossy(bytes)));
        Ok(())
    }

    fn signal(&mut self, target: SignalTarget, signal: Signal) -> Result<(), SignalError> {
        let (shown, pid) = match target {
            SignalTarget::Process(Pid(pid)) => (pid, pid),
            SignalTarget::Group(Pid(pid)) => (-pid, pid),
        };
        let gone = self.gone.contains(&pid);
        let note = if gone { " ESRCH" } else { "" };
        self.say(format!(
            "kill {shown} {}{note}",
            signal_name(signal.number())
        ));
        if gone { Err(SignalError::Gone) } else { Ok(()) }
    }

    fn create_auto_log(
        &mut self,
        process: &str,
        channel: Channel,
    ) -> Result<PathBuf, AutoLogError> {
        Err(AutoLogError {
            path: PathBuf::from(process),
            reason: format!("scenarios have no {} logs", channel.name()),
        })
    }
}
