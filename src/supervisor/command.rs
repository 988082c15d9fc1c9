//! What comes into the machine and what goes back to whoever asked.

use std::rc::Rc;

use super::event::Channel;
use super::hook::{HookOrder, HookOutcome};
use super::turn::{Pid, ProcessId};
use crate::config::types::GroupConfig;
use crate::model::fault::FaultCode;
use crate::model::signal::Signal;

/// Names a question until it is answered. Plain data: losing the caller loses no state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// Everything that can happen to the machine.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// Somebody asks; the answer is an [`Effect::Reply`](super::turn::Effect::Reply) with the same id.
    Command(RequestId, Command),
    /// A child was reaped; its pipes have been drained before (SPN-029).
    ChildExited { pid: Pid, status: ExitStatus },
    /// A child wrote something that is also an event, or what a listener says.
    ChildSaid { id: ProcessId, said: Said },
    /// A hook that was ordered is over.
    HookEnded {
        order: Rc<HookOrder>,
        outcome: HookOutcome,
    },
    /// supervisord itself received a signal.
    Signalled(Signal),
    /// A deadline has come.
    Tick,
}

/// What a client may ask. Names are as the client sent them.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    StartProcess {
        namespec: String,
        wait: bool,
    },
    StopProcess {
        namespec: String,
        wait: bool,
    },
    /// Stops it, waits for the end, and starts it; answered when it is RUNNING or has failed. A process that nothing
    /// runs of is started only if `start_stopped`, else the call is refused with NOT_RUNNING.
    RestartProcess {
        namespec: String,
        start_stopped: bool,
    },
    SignalProcess {
        namespec: String,
        signal: String,
    },
    StartGroup {
        name: String,
        wait: bool,
    },
    StopGroup {
        name: String,
        wait: bool,
    },
    SignalGroup {
        name: String,
        signal: String,
    },
    StartAll {
        wait: bool,
    },
    StopAll {
        wait: bool,
    },
    SignalAll {
        signal: String,
    },
    AddGroup {
        name: String,
    },
    RemoveGroup {
        name: String,
    },
    /// A reread: these groups are now available. Answered with what differs from the active ones.
    ReplaceConfig(Vec<GroupConfig>),
    SendRemoteEvent {
        kind: String,
        data: String,
    },
    Shutdown,
    Restart,
}

/// A good answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    True,
    /// One entry per process that qualified, in the order of the outcomes (RPC-126 to 129).
    Results(Vec<ProcessResult>),
    /// Group names, as `reloadConfig` returns them (RPC-065 to 067).
    Diff {
        added: Vec<String>,
        changed: Vec<String>,
        removed: Vec<String>,
    },
}

/// How one process fared in a call for many (RPC-126).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessResult {
    pub name: String,
    pub group: String,
    pub status: FaultCode,
    /// `OK`, or the text of the fault.
    pub description: String,
}

/// How a child ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    Code(u8),
    Signal { number: i32, core_dumped: bool },
}

impl ExitStatus {
    /// The number kept as `exitstatus`: -1 stands for any signal (PST-010).
    pub fn number(self) -> i32 {
        match self {
            Self::Code(code) => i32::from(code),
            Self::Signal { .. } => -1,
        }
    }

    /// The number that a shell would give: 128 and the signal's number for a signal.
    pub fn as_shell_status(self) -> u8 {
        match self {
            Self::Code(code) => code,
            Self::Signal { number, .. } => {
                u8::try_from(number).map_or(u8::MAX, |number| number.saturating_add(128))
            }
        }
    }
}

/// Output of a child that is more than bytes for its log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    Log {
        channel: Channel,
        data: Vec<u8>,
    },
    Communication {
        channel: Channel,
        data: Vec<u8>,
    },
    /// The stdout of an event listener, as it was read.
    Protocol(Vec<u8>),
}
