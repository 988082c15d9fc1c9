//! `fg`: the checks (CTL-120) before the talk.

use crate::model::fault::FaultCode;
use crate::model::states::ProcessState;

use super::super::answers::{ProcessRow, Row};
use super::super::error::CtlError;
use super::super::exit_status::ExitStatus;
use super::super::foreground::talk;
use super::super::line::words;
use super::super::names::full;
use super::super::session::Session;
use super::complain;

pub fn fg(session: &mut Session<'_>, argument: &str) -> Result<(), CtlError> {
    if !session.up_check()? {
        return Ok(());
    }
    let name = match words(argument).as_slice() {
        [name] => *name,
        [] => {
            let complaint = "ERROR: no process name supplied";
            complain(session, "fg", complaint, ExitStatus::Generic);
            return Ok(());
        }
        _ => {
            refuse(session, "ERROR: too many process names supplied");
            return Ok(());
        }
    };
    let name = full(session, name)?;
    let name = name.as_str();
    let method = "supervisor.getProcessInfo";
    let answer = match session.call(method, &[name.into()]) {
        Err(error) if error.is_fault(FaultCode::BadName) => {
            refuse(session, "ERROR: bad process name supplied");
            return Ok(());
        }
        // Told, but no failure, as in the reference (`supervisorctl.py`, `do_fg`).
        Err(error @ CtlError::Fault { .. }) => {
            session.output.line(&format!("ERROR: {error}"));
            return Ok(());
        }
        answer => answer?,
    };
    let row = ProcessRow::read(&answer).ok_or(CtlError::UnexpectedAnswer { method })?;
    if row.state != i64::from(ProcessState::Running.code()) {
        refuse(session, "ERROR: process not running");
        return Ok(());
    }
    talk(session, name)
}

fn refuse(session: &mut Session<'_>, complaint: &str) {
    session.output.line(complaint);
    session.exit_status = ExitStatus::Generic;
}
