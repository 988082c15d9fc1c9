//! `add`, `remove` and `update`: acting on a changed configuration, group by group (CTL-144 to CTL-151).

use crate::model::fault::FaultCode;

use super::super::answers::{CallResult, ConfigChanges};
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
    apply(session, &changes, &limits, true)
}

/// Removes, replaces and adds what the changes say, all of it without limits. With `aloud` each step is told; a group that
/// has problems is told of in any case.
pub fn apply(
    session: &mut Session<'_>,
    changes: &ConfigChanges,
    limits: &[&str],
    aloud: bool,
) -> Result<(), CtlError> {
    let wanted = |name: &&String| limits.is_empty() || limits.contains(&name.as_str());
    let tell = |session: &mut Session<'_>, line: String| {
        if aloud {
            say(session, &line, false);
        }
    };
    for name in changes.removed.iter().filter(wanted) {
        let results = session.call_for_rows(STOP, &[name.as_str().into()])?;
        tell(session, format!("{name}: stopped"));
        if has_problems(&results) {
            let line = format!("{name}: has problems; not removing");
            say(session, &line, true);
            continue;
        }
        session.call(REMOVE, &[name.as_str().into()])?;
        tell(session, format!("{name}: removed process group"));
    }
    for name in changes.changed.iter().filter(wanted) {
        session.call(STOP, &[name.as_str().into()])?;
        tell(session, format!("{name}: stopped"));
        session.call(REMOVE, &[name.as_str().into()])?;
        session.call(ADD, &[name.as_str().into()])?;
        tell(session, format!("{name}: updated process group"));
    }
    for name in changes.added.iter().filter(wanted) {
        session.call(ADD, &[name.as_str().into()])?;
        tell(session, format!("{name}: added process group"));
    }
    Ok(())
}

/// CTL-147.
fn has_problems(results: &[CallResult]) -> bool {
    let failed = i64::from(FaultCode::Failed.number());
    results.iter().any(|result| result.status == failed)
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

fn say(session: &mut Session<'_>, line: &str, failed: bool) {
    session.output.line(line);
    if failed {
        session.exit_status = ExitStatus::Generic;
    }
}
