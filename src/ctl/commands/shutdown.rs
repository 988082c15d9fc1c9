//! `shutdown` and `reload` (CTL-129 to CTL-132).

use crate::model::fault::FaultCode;

use super::super::error::CtlError;
use super::super::exit_status::ExitStatus;
use super::super::session::Session;
use super::takes_no_argument;

pub fn shutdown(session: &mut Session<'_>, argument: &str) -> Result<(), CtlError> {
    if !takes_no_argument(session, "shutdown", argument)
        || !session.confirmed("Really shut the remote supervisord process down y/N? ")?
    {
        return Ok(());
    }
    let url = session.client.target.server_url.clone();
    let complaint = match session.call("supervisor.shutdown", &[]) {
        Ok(_) => {
            session.output.line("Shut down");
            return Ok(());
        }
        // What was wanted is happening: no failure, unlike for `reload` (CTL-130).
        Err(error) if error.is_fault(FaultCode::ShutdownState) => {
            session.output.line("ERROR: already shutting down");
            return Ok(());
        }
        Err(error) if error.is_refused() => {
            format!("ERROR: {url} refused connection (already shut down?)")
        }
        Err(error) if error.is_no_such_file() => {
            format!("ERROR: {url} no such file (already shut down?)")
        }
        Err(error) => return Err(error),
    };
    session.output.line(&complaint);
    session.exit_status = ExitStatus::Generic;
    Ok(())
}

/// Returns as soon as the server has understood; it restarts afterwards (CTL-131).
pub fn reload(session: &mut Session<'_>, argument: &str) -> Result<(), CtlError> {
    if !takes_no_argument(session, "reload", argument)
        || !session.confirmed("Really restart the remote supervisord process y/N? ")?
    {
        return Ok(());
    }
    match session.call("supervisor.restart", &[]) {
        Ok(_) => session.output.line("Restarted supervisord"),
        Err(error) if error.is_fault(FaultCode::ShutdownState) => {
            session.output.line("ERROR: already shutting down");
            session.exit_status = ExitStatus::Generic;
        }
        Err(error) => return Err(error),
    }
    Ok(())
}
