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
use super::super::json;
use super::super::line::words;
use super::super::names::expand;
use super::super::outcome::{START, STOP, Verb};
use super::super::session::Session;
use super::{complain, take_option};

/// A command that acts on processes: its words and the methods it calls.
pub struct Action<'a> {
    pub verb: &'static Verb,
    pub one: &'static str,
    pub group: &'static str,
    pub all: &'static str,
    /// What is sent after the name (and alone to `all`).
    pub extra: &'a [Value],
    pub unknown_group: ExitStatus,
}

pub const STARTING: Action<'_> = Action {
    verb: &START,
    one: "supervisor.startProcess",
    group: "supervisor.startProcessGroup",
    all: "supervisor.startAllProcesses",
    extra: &[],
    // CTL-104
    unknown_group: ExitStatus::InvalidArguments,
};

pub const STOPPING: Action<'_> = Action {
    verb: &STOP,
    one: "supervisor.stopProcess",
    group: "supervisor.stopProcessGroup",
    all: "supervisor.stopAllProcesses",
    extra: &[],
    unknown_group: ExitStatus::Generic,
};

pub fn start(session: &mut Session<'_>, argument: &str) -> Result<(), CtlError> {
    run(session, argument, start_names)
}

pub fn stop(session: &mut Session<'_>, argument: &str) -> Result<(), CtlError> {
    run(session, argument, stop_names)
}

pub fn restart(session: &mut Session<'_>, argument: &str) -> Result<(), CtlError> {
    run(session, argument, restart_names)
}

type Deed = fn(&mut Session<'_>, &[&str], &mut Report) -> Result<(), CtlError>;

/// Takes our own `--json` out of the words. With it, what is said besides goes to stderr.
fn run(session: &mut Session<'_>, argument: &str, deed: Deed) -> Result<(), CtlError> {
    let mut names = words(argument);
    if !take_option(&mut names, "--json") {
        return deed(session, &names, &mut Report::Lines);
    }
    let mut report = Report::Json(Vec::new());
    session.output.set_aside(true);
    let done = deed(session, &names, &mut report);
    session.output.set_aside(false);
    if let Report::Json(results) = report {
        session.output.line(&json::array(&results));
    }
    done
}

fn start_names(
    session: &mut Session<'_>,
    names: &[&str],
    report: &mut Report,
) -> Result<(), CtlError> {
    if !session.up_check()? {
        return Ok(());
    }
    if names.is_empty() {
        let complaint = "Error: start requires a process name";
        complain(session, "start", complaint, ExitStatus::InvalidArguments);
        return Ok(());
    }
    act(session, &STARTING, names, report)
}

fn stop_names(
    session: &mut Session<'_>,
    names: &[&str],
    report: &mut Report,
) -> Result<(), CtlError> {
    if !session.up_check()? {
        return Ok(());
    }
    if names.is_empty() {
        let complaint = "Error: stop requires a process name";
        complain(session, "stop", complaint, ExitStatus::Generic);
        return Ok(());
    }
    act(session, &STOPPING, names, report)
}

/// Stops all the names, then starts them all (CTL-108).
fn restart_names(
    session: &mut Session<'_>,
    names: &[&str],
    report: &mut Report,
) -> Result<(), CtlError> {
    if !session.up_check()? {
        return Ok(());
    }
    if names.is_empty() {
        let complaint = "Error: restart requires a process name";
        complain(session, "restart", complaint, ExitStatus::Generic);
        return Ok(());
    }
    stop_names(session, names, report)?;
    start_names(session, names, report)
}

/// Where results go.
#[derive(Debug)]
pub(super) enum Report {
    /// To the user, as soon as they are there.
    Lines,
    /// Gathered for a program.
    Json(Vec<Value>),
}

impl Report {
    /// A failure that is no result of the server's.
    fn unknown_group(&mut self, session: &mut Session<'_>, action: &Action<'_>, group: &str) {
        let description = "no such group";
        match self {
            Self::Lines => {
                let line = format!("{group}: ERROR ({description})");
                session.output.line(&line);
            }
            Self::Json(results) => {
                let status = i64::from(FaultCode::BadName.number());
                results.push(as_json(action.verb, group, None, status, description));
            }
        }
        session.exit_status = action.unknown_group;
    }

    fn add(
        &mut self,
        session: &mut Session<'_>,
        verb: &Verb,
        results: &[CallResult],
    ) -> Result<(), CtlError> {
        let Self::Json(gathered) = self else {
            return show_results(session, verb, results);
        };
        for result in results {
            let (name, description) = (result.name.as_deref(), result.description.as_str());
            gathered.push(as_json(
                verb,
                &result.group,
                name,
                result.status,
                description,
            ));
            if let Some(status) = verb.exit_status(result) {
                session.exit_status = status;
            }
        }
        Ok(())
    }
}

/// The members of a result of the server, and which deed it is the result of.
fn as_json(verb: &Verb, group: &str, name: Option<&str>, status: i64, description: &str) -> Value {
    let done = status == i64::from(FaultCode::Success.number());
    let description = match (done, description) {
        (true, "") => "OK",
        (_, description) => description,
    };
    Value::Struct(vec![
        ("action".to_owned(), verb.name.into()),
        ("name".to_owned(), name.map_or(Value::Nil, Value::from)),
        ("group".to_owned(), group.into()),
        ("status".to_owned(), Value::Int(status)),
        ("description".to_owned(), description.into()),
    ])
}

/// Does it to all, or name by name.
pub(super) fn act(
    session: &mut Session<'_>,
    action: &Action<'_>,
    names: &[&str],
    report: &mut Report,
) -> Result<(), CtlError> {
    if names.contains(&"all") {
        let results = session.call_for_rows(action.all, action.extra)?;
        return report.add(session, action.verb, &results);
    }
    for name in expand(session, names)? {
        let target = Namespec::parse(&name);
        match target.process {
            Some(process) => {
                act_on_process(session, action, &name, (target.group, process), report)?;
            }
            None => act_on_group(session, action, target.group, report)?,
        }
    }
    Ok(())
}

fn act_on_process(
    session: &mut Session<'_>,
    action: &Action<'_>,
    name: &str,
    (group, process): (&str, &str),
    report: &mut Report,
) -> Result<(), CtlError> {
    let params = with_name(name, action.extra);
    let answer = session.call(action.one, &params).map(|_| ());
    let result = one_result(answer, group, Some(process))?;
    report.add(session, action.verb, &[result])
}

fn act_on_group(
    session: &mut Session<'_>,
    action: &Action<'_>,
    group: &str,
    report: &mut Report,
) -> Result<(), CtlError> {
    let params = with_name(group, action.extra);
    match session.call_for_rows(action.group, &params) {
        Ok(results) => report.add(session, action.verb, &results),
        Err(error) if error.is_fault(FaultCode::BadName) => {
            report.unknown_group(session, action, group);
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

pub fn show_results(
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
