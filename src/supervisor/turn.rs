//! One turn of the machine: what time it is, whom to ask, where to tell.
//!
//! What the machine needs an *answer* for it asks through [`Os`]; what it only *announces* it leaves as [`Effect`]s.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::rc::Rc;

use super::command::{Reply, RequestId};
use super::event::{Channel, Event};
use super::hook::{HookOrder, HookRun};
use super::pools::Pools;
use super::result_handler::Printed;
use crate::config::types::{FcgiConfig, ProcessConfig};
use crate::model::fault::Fault;
use crate::model::signal::Signal;
use crate::model::time::{Moment, Now};

/// The machine's own name for a process; never used twice in one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProcessId(pub u32);

/// The kernel's name for a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pid(pub i32);

/// Who a signal is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignalTarget {
    Process(Pid),
    /// The process group whose leader this is.
    Group(Pid),
}

/// The surroundings of one turn.
pub struct Turn<'a> {
    pub now: Now,
    pub os: &'a mut dyn Os,
    /// Takes announcements one by one, in the order in which things happen.
    pub effects: &'a mut dyn FnMut(Effect),
    /// Lent by the machine for the length of the turn.
    pub(super) pools: Pools,
    /// Children that this turn has tried to start.
    pub(super) spawns: usize,
    /// Hooks that tell of an end, ordered since the machine last looked, with their time limits.
    pub(super) last_hooks: BTreeMap<HookRun, Moment>,
}

impl<'a> Turn<'a> {
    pub fn new(now: Now, os: &'a mut dyn Os, effects: &'a mut dyn FnMut(Effect)) -> Self {
        Self {
            now,
            os,
            effects,
            pools: Pools::default(),
            spawns: 0,
            last_hooks: BTreeMap::new(),
        }
    }

    /// Something happened: whoever subscribed takes it now, and it is announced.
    pub(super) fn emit(&mut self, event: Event) {
        let event = Rc::new(event);
        self.tell(Effect::Emitted(Rc::clone(&event)));
        self.pools.accept(&event);
    }

    pub(super) fn tell(&mut self, effect: Effect) {
        (self.effects)(effect);
    }
}

/// Questions whose answer decides the next state. Each returns at once.
pub trait Os {
    /// Would this command be found and allowed to run? (RPC-112, SPN-002 to 009)
    fn check_command(&mut self, config: &ProcessConfig) -> Result<(), CommandError>;

    /// Checks the command, makes pipes and logs, and forks.
    fn spawn(
        &mut self,
        id: ProcessId,
        kind: ChildKind,
        group: &str,
        config: &ProcessConfig,
    ) -> Result<Spawned, SpawnError>;

    /// Writes an event to a listener, or queues what it does not take now; never waits (EVL-025, QRK-035).
    fn write_stdin(&mut self, id: ProcessId, bytes: &[u8]) -> Result<(), StdinClosed>;

    fn signal(&mut self, target: SignalTarget, signal: Signal) -> Result<(), SignalError>;

    /// Creates an AUTO log file, empty, and says where it is (LOG-002).
    fn create_auto_log(&mut self, process: &str, channel: Channel)
    -> Result<PathBuf, AutoLogError>;

    /// Can this socket be made? Asked when a group is activated (FCG-001).
    fn try_socket(&mut self, _: &FcgiConfig) -> Result<(), SocketError> {
        Ok(())
    }

    /// This process has no child, or none any more: what it shared with others may be closed (FCG-002, FCG-003).
    fn let_go(&mut self, _: ProcessId) {}
}

/// A child that has come to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spawned {
    pub pid: Pid,
    /// When, where that is later than the turn began: a turn that starts hundreds takes its time, and each child's
    /// `startsecs` count from its own beginning.
    pub at: Option<Now>,
}

/// What a child's stdout is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChildKind {
    /// Output, for its log.
    Program,
    /// The protocol of event listeners; each piece also comes back as [`Said::Protocol`](super::command::Said).
    Listener,
}

/// A listener does not read any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StdinClosed;

/// Everything the machine announces.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// For metrics and open pages; listeners have it already.
    Emitted(Rc<Event>),
    /// What a result handler prints on supervisord's own output (CLT-015).
    Print(Printed),
    Reply(RequestId, Result<Reply, Fault>),
    /// Somebody rotated the files away: open them anew (SIG-006).
    ReopenLogs,
    /// A hook is to be run; [`hook`](super::hook) has the bargain.
    RunHook(Rc<HookOrder>),
    /// This run of a hook is to be ended at once, with all its children.
    KillHook(HookRun),
    Finished(Ending),
}

/// How a run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    Shutdown {
        /// What supervisord leaves with: 0, or what a program with `on_exit` or `on_fatal` brought about.
        status: u8,
    },
    /// Read everything again and go on in the same process (LIF-003).
    Restart,
}

/// Why a command cannot run. The texts are the reference's (RPC-094).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommandError {
    /// The command as written, and what is wrong with its quoting.
    CantParse {
        command: String,
        reason: String,
    },
    Empty,
    NotFound {
        command: String,
    },
    IsDirectory {
        path: String,
    },
    NotExecutable {
        path: String,
    },
    NoPermission {
        path: String,
    },
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use crate::model::py_repr::repr_str;
        match self {
            Self::CantParse { command, reason } => {
                write!(f, "can't parse command {}: {reason}", repr_str(command))
            }
            Self::Empty => f.write_str("command is empty"),
            Self::NotFound { command } => write!(f, "can't find command {}", repr_str(command)),
            Self::IsDirectory { path } => write!(f, "command at {} is a directory", repr_str(path)),
            Self::NotExecutable { path } => {
                write!(f, "command at {} is not executable", repr_str(path))
            }
            Self::NoPermission { path } => {
                write!(f, "no permission to run command {}", repr_str(path))
            }
        }
    }
}

/// Why there is no child (SPN-010 to 012). `errno` is the symbolic name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpawnError {
    /// Not in the reference, where this escapes and can end supervisord (FCG-005).
    Socket(SocketError),
    Command(CommandError),
    /// Files of variables that cannot be used (GO-159).
    Environment {
        reason: String,
    },
    TooManyFiles,
    Dispatchers {
        errno: String,
    },
    TooManyProcesses,
    Fork {
        errno: String,
    },
}

impl SpawnError {
    /// The text kept as `spawnerr`.
    pub fn text(&self, process: &str) -> String {
        match self {
            Self::Socket(error) => error.to_string(),
            Self::Command(error) => error.to_string(),
            Self::Environment { reason } => reason.clone(),
            Self::TooManyFiles => format!("too many open files to spawn '{process}'"),
            Self::Dispatchers { errno } => {
                format!("unknown error making dispatchers for '{process}': {errno}")
            }
            Self::TooManyProcesses => {
                format!("Too many processes in process table to spawn '{process}'")
            }
            Self::Fork { errno } => format!("unknown error during fork for '{process}': {errno}"),
        }
    }
}

/// Why a signal was not delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignalError {
    /// ESRCH: it died on its own and will be reaped soon.
    Gone,
    Other {
        errno: i32,
        text: String,
    },
}

/// The socket of a FastCGI program could not be made (ERR-006).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketError {
    pub url: String,
    pub reason: String,
}

impl fmt::Display for SocketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url, reason } = self;
        write!(f, "Could not create FastCGI socket {url}: {reason}")
    }
}

/// A group could not be activated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActivationError {
    AutoLog(AutoLogError),
    Socket(SocketError),
}

impl fmt::Display for ActivationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AutoLog(error) => error.fmt(f),
            Self::Socket(error) => error.fmt(f),
        }
    }
}

/// An AUTO log could not be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AutoLogError {
    pub path: PathBuf,
    pub reason: String,
}

impl fmt::Display for AutoLogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "cannot create the log file {}: {}",
            self.path.display(),
            self.reason
        )
    }
}
