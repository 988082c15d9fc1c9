//! `pid`, `version` and `open`: about the server itself (CTL-124, CTL-125, CTL-128).

use crate::model::fault::FaultCode;

use super::super::answers::{ProcessRow, Row, shown};
use super::super::error::CtlError;
use super::super::exit_status::ExitStatus;
use super::super::line::words;
use super::super::names::expand_to_processes;
use super::super::server_url;
use super::super::session::Session;
use super::{status, takes_no_argument};

pub fn pid(session: &mut Session<'_>, argument: &str) -> Result<(), CtlError> {
    if !session.up_check()? {
        return Ok(());
    }
    let names = words(argument);
    if names.is_empty() {
        return show_answer(session, "supervisor.getPID");
    }
    if names.contains(&"all") {
        for row in session.all_processes()? {
            session.output.line(&row.pid.to_string());
        }
        return Ok(());
    }
    for name in expand_to_processes(session, &names)? {
        pid_of(session, &name)?;
    }
    Ok(())
}

fn pid_of(session: &mut Session<'_>, name: &str) -> Result<(), CtlError> {
    let method = "supervisor.getProcessInfo";
    let answer = match session.call(method, &[name.into()]) {
        Err(error) if error.is_fault(FaultCode::BadName) => {
            session.output.line(&format!("No such process {name}"));
            session.exit_status = ExitStatus::Generic;
            return Ok(());
        }
        answer => answer?,
    };
    let row = ProcessRow::read(&answer).ok_or(CtlError::UnexpectedAnswer { method })?;
    session.output.line(&row.pid.to_string());
    if row.pid == 0 {
        session.exit_status = ExitStatus::NotRunning;
    }
    Ok(())
}

pub fn version(session: &mut Session<'_>, argument: &str) -> Result<(), CtlError> {
    if !takes_no_argument(session, "version", argument) || !session.up_check()? {
        return Ok(());
    }
    show_answer(session, "supervisor.getSupervisorVersion")
}

fn show_answer(session: &mut Session<'_>, method: &'static str) -> Result<(), CtlError> {
    let answer = session.call(method, &[])?;
    let text = shown(&answer).ok_or(CtlError::UnexpectedAnswer { method })?;
    session.output.line(&text);
    Ok(())
}

/// Turns to another server and shows its processes, whose state is no failure of `open`.
pub fn open(session: &mut Session<'_>, argument: &str) -> Result<(), CtlError> {
    if !matches!(server_url::scheme(argument)?.as_str(), "http" | "unix") {
        session.output.line("ERROR: url must be http:// or unix://");
        session.exit_status = ExitStatus::Generic;
        return Ok(());
    }
    session.client.target.server_url = argument.to_owned();
    let before = session.exit_status;
    status::status(session, "")?;
    session.exit_status = before;
    Ok(())
}
