//! `signal` (CTL-109).

use super::super::error::CtlError;
use super::super::exit_status::ExitStatus;
use super::super::line::words;
use super::super::outcome::SIGNAL;
use super::super::session::Session;
use super::complain;
use super::start_stop::{Action, Report, act};

pub fn signal(session: &mut Session<'_>, argument: &str) -> Result<(), CtlError> {
    if !session.up_check()? {
        return Ok(());
    }
    let (signal, names) = match words(argument).as_slice() {
        [signal, first, rest @ ..] => (*signal, [&[*first], rest].concat()),
        [] | [_] => {
            let complaint = "Error: signal requires a signal name and a process name";
            complain(session, "signal", complaint, ExitStatus::Generic);
            return Ok(());
        }
    };
    let action = Action {
        verb: &SIGNAL,
        one: "supervisor.signalProcess",
        group: "supervisor.signalProcessGroup",
        all: "supervisor.signalAllProcesses",
        extra: &[signal.into()],
        unknown_group: ExitStatus::Generic,
    };
    act(session, &action, &names, &mut Report::Lines)
}
