//! Hooks: what a program wants to be run around its life (GO-192 to GO-197, GO-406).
//!
//! The machine decides when, and whether somebody waits for the end; whoever applies effects runs them. A hook that is
//! waited for belongs to a phase of its process ([`Phase::Preparing`](super::process::Phase), and
//! [`StopStep::Hook`](super::process::StopStep)); all others are announced and forgotten.
//!
//! The bargain with the runner:
//!
//! * [`Effect::RunHook`](super::turn::Effect) orders one run. Its end is told with
//!   [`Input::HookEnded`](super::command::Input), once, together with the order; the machine writes what went wrong
//!   into the log.
//! * The runner ends each run at its time limit, with all its children, and tells of it as
//!   [`HookOutcome::TimedOut`]. The machine stops waiting at the same moment by a deadline of its own, so that a
//!   runner that forgets one keeps nobody waiting.
//! * [`Effect::KillHook`](super::turn::Effect) ends a run at once; nothing is told of it any more. A run that is over
//!   already is none of its business.

use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use super::command::ExitStatus;
use super::turn::{Pid, ProcessId};
use crate::config::extensions::{Hooks, Probe};
use crate::config::types::ProcessConfig;

/// One run of a hook; never used twice in one run of supervisord.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HookRun {
    pub process: ProcessId,
    /// Counts all hooks of the process.
    pub number: u64,
}

/// Where in a program's life a hook stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HookKind {
    /// Before every spawn, retries included; waited for (GO-192, GO-193).
    PreStart,
    /// After RUNNING was entered (GO-406).
    PostStart,
    /// In STOPPING, before the first signal; waited for (GO-195, GO-196).
    PreStop,
    /// After a child has ended, wanted or not (GO-406).
    PostStop,
}

impl HookKind {
    /// What the program has configured for this place.
    pub fn of(self, hooks: &Hooks) -> Option<&Probe> {
        match self {
            Self::PreStart => hooks.pre_start.as_ref(),
            Self::PostStart => hooks.post_start.as_ref(),
            Self::PreStop => hooks.pre_stop.as_ref(),
            Self::PostStop => hooks.post_stop.as_ref(),
        }
    }

    /// The name of its option.
    pub fn name(self) -> &'static str {
        match self {
            Self::PreStart => "pre_start_hook",
            Self::PostStart => "post_start_hook",
            Self::PreStop => "pre_stop_hook",
            Self::PostStop => "post_stop_hook",
        }
    }
}

/// Everything that a run of a hook needs; the process itself may be gone before it ends.
#[derive(Debug, Clone, PartialEq)]
pub struct HookOrder {
    pub run: HookRun,
    pub kind: HookKind,
    pub group: String,
    pub config: Rc<ProcessConfig>,
    /// The child it is about: none yet for `pre_start_hook`, the dead one for `post_stop_hook`.
    pub pid: Option<Pid>,
    /// How that child ended, for `post_stop_hook`.
    pub ended: Option<ExitStatus>,
    pub timeout: Duration,
}

impl HookOrder {
    /// What to run; `None` only for an order that no machine has made.
    pub fn probe(&self) -> Option<&Probe> {
        let extensions = self.config.extensions.as_ref()?;
        self.kind.of(&extensions.hooks)
    }
}

/// How a hook ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HookOutcome {
    Succeeded,
    /// Why, for people: `exit status 3`, `connection refused`.
    Failed(String),
    /// It was ended at its time limit.
    TimedOut,
}

/// Of a hook that did not succeed: `failed: exit status 3`, `did not end in time`.
impl fmt::Display for HookOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Succeeded => f.write_str("succeeded"),
            Self::Failed(reason) => write!(f, "failed: {reason}"),
            Self::TimedOut => f.write_str("did not end in time"),
        }
    }
}
