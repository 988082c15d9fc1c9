//! `clear`: empties the logs of processes (CTL-126, CTL-127). Unlike its siblings it knows no groups.

use crate::model::namespec::Namespec;

use super::super::answers::CallResult;
use super::super::error::CtlError;
use super::super::exit_status::ExitStatus;
use super::super::line::words;
use super::super::names::expand_to_processes;
use super::super::outcome::CLEAR;
use super::super::session::Session;
use super::complain;
use super::start_stop::{one_result, show_results};

pub fn clear(session: &mut Session<'_>, argument: &str) -> Result<(), CtlError> {
    if !session.up_check()? {
        return Ok(());
    }
    let names = words(argument);
    if names.is_empty() {
        let complaint = "Error: clear requires a process name";
        complain(session, "clear", complaint, ExitStatus::Generic);
        return Ok(());
    }
    if names.contains(&"all") {
        let results = session.call_for_rows::<CallResult>("supervisor.clearAllProcessLogs", &[])?;
        return show_results(session, &CLEAR, &results);
    }
    for name in expand_to_processes(session, &names)? {
        let answer = session.call("supervisor.clearProcessLogs", &[name.as_str().into()]);
        let target = Namespec::parse(&name);
        let result = one_result(answer.map(|_| ()), target.group, target.process)?;
        show_results(session, &CLEAR, &[result])?;
    }
    Ok(())
}
