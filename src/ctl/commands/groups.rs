//! `add`, `remove` and `update`: acting on a changed configuration, group by group (CTL-144 to CTL-151).

use crate::model::fault::FaultCode;

use super::super::answers::CallResult;
use super::super::error::CtlError;
use super::super::exit_status::ExitStatus;
use super::super::line::words;
use super::super::session::Session;
use super::reread::reload_config;

const ADD: &str = "supervisor.addProcessGroup";
const REMOVE: &str = "supervisor.removeProcessGroup";
const STOP: &str = "supervisor.stopProcessGroup";

pub fn add(session: &mut Session<'_>, argument: &str) -> Result<(), CtlError> {
    for name in words(argument) {
        let (line, failed) = match session.call(ADD, &[name.into()]) {
            Ok(_) => (format!("{name}: added process group"), false),
            Err(error) if error.is_fault(FaultCode::ShutdownState) => {
                ("ERROR: shutting down".to_owned(), true)
            }
            // No failure, and the name is not told (CTL-144).
            Err(error) if error.is_fault(FaultCode::AlreadyAdded) => {
                ("ERROR: process group already active".to_owned(), false)
            }
            Err(error) if error.is_fault(FaultCode::BadName) => {
                (format!("ERROR: no such process/group: {name}"), true)
            }
            Err(error) => return Err(error),
        };
        say(session, &line, failed);
    }
    Ok(())
}

pub fn remove(session: &mut Session<'_>, argument: &str) -> Result<(), CtlError> {
    for name in words(argument) {
        let (line, failed) = match session.call(REMOVE, &[name.into()]) {
            Ok(_) => (format!("{name}: removed process group"), false),
            Err(error) if error.is_fault(FaultCode::StillRunning) => {
                (format!("ERROR: process/group still running: {name}"), true)
            }
            Err(error) if error.is_fault(FaultCode::BadName) => {
                (format!("ERROR: no such process/group: {name}"), true)
            }
            Err(error) => return Err(error),
        };
        say(session, &line, failed);
    }
    Ok(())
}

/// Reads the configuration again, then removes, replaces and adds groups, in that order (CTL-146). A configuration that
/// cannot be read is an error without words of its own here, unlike for `reread` (CTL-150).
pub fn update(session: &mut Session<'_>, argument: &str) -> Result<(), CtlError> {
    let changes = match reload_config(session) {
        Err(error) if error.is_fault(FaultCode::ShutdownState) => {
            say(session, "ERROR: already shutting down", true);
            return Ok(());
        }
        changes => changes?,
    };
    let names = words(argument);
    let limits = if names.contains(&"all") {
        Vec::new()
    } else {
        names
    };
    complain_of_unknown(session, &limits, &changes.added)?;
    let wanted = |name: &&String| limits.is_empty() || limits.contains(&name.as_str());
    for name in changes.removed.iter().filter(wanted) {
        remove_stopped(session, name)?;
    }
    for name in changes.changed.iter().filter(wanted) {
        session.call(STOP, &[name.as_str().into()])?;
        say(session, &format!("{name}: stopped"), false);
        session.call(REMOVE, &[name.as_str().into()])?;
        session.call(ADD, &[name.as_str().into()])?;
        say(session, &format!("{name}: updated process group"), false);
    }
    for name in changes.added.iter().filter(wanted) {
        session.call(ADD, &[name.as_str().into()])?;
        say(session, &format!("{name}: added process group"), false);
    }
    Ok(())
}

/// Each name that is neither a group nor about to be one; the others are handled all the same (CTL-149).
fn complain_of_unknown(
    session: &mut Session<'_>,
    names: &[&str],
    added: &[String],
) -> Result<(), CtlError> {
    if names.is_empty() {
        return Ok(());
    }
    let active = session.all_processes()?;
    for (place, name) in names.iter().enumerate() {
        let known = active.iter().any(|row| row.group == *name)
            || added.iter().any(|group| group == name)
            || names[..place].contains(name);
        if !known {
            say(session, &format!("ERROR: no such group: {name}"), true);
        }
    }
    Ok(())
}

/// CTL-147.
fn remove_stopped(session: &mut Session<'_>, name: &str) -> Result<(), CtlError> {
    let results = session.call_for_rows::<CallResult>(STOP, &[name.into()])?;
    say(session, &format!("{name}: stopped"), false);
    let failed = i64::from(FaultCode::Failed.number());
    if results.iter().any(|result| result.status == failed) {
        let line = format!("{name}: has problems; not removing");
        say(session, &line, true);
        return Ok(());
    }
    session.call(REMOVE, &[name.into()])?;
    say(session, &format!("{name}: removed process group"), false);
    Ok(())
}

fn say(session: &mut Session<'_>, line: &str, failed: bool) {
    session.output.line(line);
    if failed {
        session.exit_status = ExitStatus::Generic;
    }
}
