//! `RestartProcess`: stop, wait for the end, start, as one command. Watches, liveness checks, REST and the page use it
//! (GO-173, GO-178, GO-212); the reference has no such call.
//!
//! Between the stop and the start the process is remembered in `restarting`. Whoever stops it meanwhile has the last
//! word: the start is called off. What is checked before a start is checked before the stop, so that a program whose
//! file is missing just now runs on.

use super::Supervisor;
use super::control::Progress;
use super::process::Process;
use super::turn::{ProcessId, Turn};
use crate::model::fault::{Fault, FaultCode};
use crate::model::states::ProcessState;

impl Supervisor {
    /// `start_stopped` says what becomes of a process that nothing runs of and nobody wants: it is started, or the call
    /// is refused with NOT_RUNNING.
    pub(super) fn begin_restart(
        &mut self,
        turn: &mut Turn<'_>,
        id: ProcessId,
        name: &str,
        start_stopped: bool,
    ) -> Result<Progress, Fault> {
        let process = self.processes.get(&id);
        let process = process.ok_or_else(|| Fault::with(FaultCode::BadName, name))?;
        let not_running = || Fault::with(FaultCode::NotRunning, name);
        match process.state() {
            ProcessState::Running | ProcessState::Starting | ProcessState::Backoff => {
                if self.stops.is_held(id) && !start_stopped {
                    return Err(not_running());
                }
                self.check_command(turn, id, name)?;
                self.stops.release(id);
                self.restarting.insert(id);
                if let Some(Err(text)) = self.with_process(turn, id, Process::stop) {
                    self.restarting.remove(&id);
                    return Err(Fault::with(FaultCode::Failed, text));
                }
                Ok(Progress::Pending)
            }
            // Somebody else's restart is on its way, or somebody's stop.
            ProcessState::Stopping => {
                if !self.restarting.contains(&id) && !start_stopped {
                    return Err(not_running());
                }
                self.restarting.insert(id);
                Ok(Progress::Pending)
            }
            ProcessState::Stopped
            | ProcessState::Exited
            | ProcessState::Fatal
            | ProcessState::Unknown => {
                if !start_stopped && !process.will_start() {
                    return Err(not_running());
                }
                self.begin_start(turn, id, name, true)
            }
        }
    }

    /// Somebody stops this process: whatever start it waits for is off. False when it waited for none.
    pub(super) fn call_off_start(&mut self, turn: &mut Turn<'_>, id: ProcessId) -> bool {
        let restarting = self.restarting.remove(&id);
        if restarting {
            // Who has asked for the restart hears of it.
            self.touched.push(id);
        }
        self.end_wish(id);
        let process = self.processes.get(&id);
        let wanted = process.is_some_and(|process| process.is_wanted() || process.is_paused());
        if wanted {
            self.with_process(turn, id, |process, _| process.call_off());
        }
        restarting || wanted
    }

    /// Starts what was being restarted and has stopped in this turn.
    pub(super) fn go_on_restarting(&mut self, turn: &mut Turn<'_>, id: ProcessId) {
        let state = self.processes.get(&id).map(Process::state);
        if !self.restarting.contains(&id) || state == Some(ProcessState::Stopping) {
            return;
        }
        self.restarting.remove(&id);
        if state == Some(ProcessState::Stopped) {
            self.start_when_possible(turn, id, true);
        }
    }
}
