//! `start`, `stop` and `restart`, and the way all commands act on names (CTL-100 to CTL-108).
//!
//! Names are handled one by one, each waited for before the next (CTL-106); what a group or `all` did is told when the
//! whole call has ended (CTL-107).

use crate::model::fault::FaultCode;
use crate::model::namespec::Namespec;
use crate::xmlrpc::Value;

use super::super::answers::CallResult;
use super::super::error::CtlError;
use super::super::exit_status::ExitStatus;
use super::super::line::words;
use super::super::outcome::{START, STOP, Verb};
use super::super::session::Session;
use super::complain;

/// A command that acts on processes: its words and the methods it calls.
pub(super) struct Action<'a> {
    pub verb: &'static Verb,
    pub one: &'static str,
    pub group: &'static str,
    pub all: &'static str,
    /// What is sent after the name (and alone to `all`).
    pub extra: &'a [Value],
    pub unknown_group: ExitStatus,
}

const STARTING: Action<'_> = Action {
    verb: &START,
    one: "supervisor.startProcess",
    group: "supervisor.startProcessGroup",
    all: "supervisor.startAllProcesses",
    extra: &[],
    // CTL-104
    unknown_group: ExitStatus::InvalidArguments,
};

const STOPPING: Action<'_> = Action {
    verb: &STOP,
    one: "supervisor.stopProcess",
    group: "supervisor.stopProcessGroup",
    all: "supervisor.stopAllProcesses",
    extra: &[],
    unknown_group: ExitStatus::Generic,
};

pub fn start(session: &mut Session<'_>, argument: &str) -> Result<(), CtlError> {
    if !session.up_check()? {
        return Ok(());
    }
    let names = words(argument);
    if names.is_empty() {
        let complaint = "Error: start requires a process name";
        complain(session, "start", complaint, ExitStatus::InvalidArguments);
        return Ok(());
    }
    act(session, &STARTING, &names)
}

pub fn stop(session: &mut Session<'_>, argument: &str) -> Result<(), CtlError> {
    if !session.up_check()? {
        return Ok(());
    }
    let names = words(argument);
    if names.is_empty() {
        let complaint = "Error: stop requires a process name";
        complain(session, "stop", complaint, ExitStatus::Generic);
        return Ok(());
    }
    act(session, &STOPPING, &names)
}

/// Stops all the names, then starts them all (CTL-108).
pub fn restart(session: &mut Session<'_>, argument: &str) -> Result<(), CtlError> {
    if !session.up_check()? {
        return Ok(());
    }
    if argument.is_empty() {
        let complaint = "Error: restart requires a process name";
        complain(session, "restart", complaint, ExitStatus::Generic);
        return Ok(());
    }
    stop(session, argument)?;
    start(session, argument)
}

/// Does it to all, or name by name.
pub(super) fn act(
    session: &mut Session<'_>,
    action: &Action<'_>,
    names: &[&str],
) -> Result<(), CtlError> {
    if names.contains(&"all") {
        let results = session.call_for_rows(action.all, action.extra, CallResult::read)?;
        return show_results(session, action.verb, &results);
    }
    for name in names {
        let target = Namespec::parse(name);
        match target.process {
            Some(process) => act_on_process(session, action, name, target.group, process)?,
            None => act_on_group(session, action, target.group)?,
        }
    }
    Ok(())
}

fn act_on_process(
    session: &mut Session<'_>,
    action: &Action<'_>,
    name: &str,
    group: &str,
    process: &str,
) -> Result<(), CtlError> {
    let params = with_name(name, action.extra);
    let answer = session.call(action.one, &params).map(|_| ());
    let result = one_result(answer, group, Some(process))?;
    show_results(session, action.verb, &[result])
}

fn act_on_group(
    session: &mut Session<'_>,
    action: &Action<'_>,
    group: &str,
) -> Result<(), CtlError> {
    let params = with_name(group, action.extra);
    match session.call_for_rows(action.group, &params, CallResult::read) {
        Ok(results) => show_results(session, action.verb, &results),
        Err(error) if error.is_fault(FaultCode::BadName) => {
            let complaint = format!("{group}: ERROR (no such group)");
            session.output.line(&complaint);
            session.exit_status = action.unknown_group;
            Ok(())
        }
        Err(error) => Err(error),
    }
}

fn with_name(name: &str, extra: &[Value]) -> Vec<Value> {
    let mut params = vec![name.into()];
    params.extend_from_slice(extra);
    params
}

/// A call for one process as a result like those of a call for many: a fault is its status.
pub(super) fn one_result(
    answer: Result<(), CtlError>,
    group: &str,
    process: Option<&str>,
) -> Result<CallResult, CtlError> {
    let (status, description) = match answer {
        Ok(()) => (FaultCode::Success.number().into(), String::new()),
        Err(CtlError::Fault { code, text }) => (code, text),
        Err(error) => return Err(error),
    };
    Ok(CallResult {
        group: group.to_owned(),
        name: process.map(str::to_owned),
        status,
        description,
    })
}

pub(super) fn show_results(
    session: &mut Session<'_>,
    verb: &Verb,
    results: &[CallResult],
) -> Result<(), CtlError> {
    for result in results {
        let line = verb.line(result)?;
        session.output.line(&line);
        if let Some(status) = verb.exit_status(result) {
            session.exit_status = status;
        }
    }
    Ok(())
}
