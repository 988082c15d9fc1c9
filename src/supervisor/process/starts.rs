//! Starts that wait: for others that are to be RUNNING first, or for their turn. Who waits for whom is the machine's
//! business (`dependencies`); here is what it means for the process, which keeps its visible state all the while.

use super::super::turn::Turn;
use super::{Phase, Process, Start};
use crate::config::extensions::Dependency;
use crate::model::log;
use crate::model::time::Moment;

impl Start {
    /// When it starts, where that is not for the phase to say.
    pub(super) fn overrides(self) -> Option<Option<Moment>> {
        match self {
            Self::Usual => None,
            Self::Others | Self::Request => Some(None),
            Self::Due(at) => Some(Some(at)),
        }
    }
}

impl Process {
    /// Whom it wants to be RUNNING before it starts.
    pub fn depends_on(&self) -> &[Dependency] {
        let extensions = self.config.extensions.as_ref();
        extensions.map_or(&[], |all| &all.depends_on)
    }

    /// The configuration wants it started, and it never was.
    pub fn wants_autostart(&self) -> bool {
        let fresh = self.phase == Phase::Stopped && self.laststart.is_none();
        self.config.autostart && fresh && self.start == Start::Usual
    }

    /// Somebody wants it started, and it only waits for others or for its turn.
    pub fn is_wanted(&self) -> bool {
        self.state().is_stopped() && matches!(self.start, Start::Others | Start::Due(_))
    }

    /// There is no child, and without anybody asking there will be one.
    pub fn will_start(&self) -> bool {
        self.is_wanted() || (self.state().is_stopped() && self.deadline(true).is_some())
    }

    /// It ended, and waits longer for its restart than the reference's programs ever do.
    pub fn is_paused(&self) -> bool {
        let extensions = self.config.extensions.as_ref();
        let pauses =
            extensions.is_some_and(|all| all.restart_delay.is_some() || all.restartpause > 0);
        pauses && matches!(self.phase, Phase::Exited { .. }) && self.will_start()
    }

    /// It starts when others are RUNNING.
    pub fn await_others(&mut self) {
        self.start = Start::Others;
        // What went wrong before is not what its callers will be told of.
        self.spawnerr = None;
    }

    /// It starts as soon as its turn comes.
    pub fn be_due(&mut self, turn: &mut Turn<'_>) {
        self.start = Start::Due(turn.now.moment);
    }

    /// It does not start before somebody asks.
    pub fn call_off(&mut self) {
        self.start = Start::Request;
    }

    /// It cannot start because of others. → FATAL, where the reason is shown.
    pub fn fail_start(&mut self, turn: &mut Turn<'_>, reason: &str) {
        self.start = Start::Usual;
        self.spawnerr = Some(reason.to_owned());
        self.last_end = None;
        if self.phase != Phase::Fatal {
            self.give_up(turn);
        }
        log::info!(
            "gave up: {} entered FATAL state, {reason}",
            self.config.name
        );
    }
}
