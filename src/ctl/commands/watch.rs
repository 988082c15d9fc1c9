//! `status --watch`: the table of `status`, drawn again every second until Ctrl-C. The reference has no such thing.
//!
//! A server that cannot be reached is no end: it may be restarting, which is just what one wants to watch.

use std::time::Duration;

use super::super::answers::ProcessRow;
use super::super::error::CtlError;
use super::super::names::expand_to_processes;
use super::super::session::Session;
use super::super::table::status_lines;
use super::status::choose;

const PAUSE: Duration = Duration::from_secs(1);

/// To the upper left corner; to the end of a line; of the screen.
const HOME: &str = "\x1b[H";
const CLEAR_LINE: &str = "\x1b[K";
const CLEAR_BELOW: &str = "\x1b[J";
const CLEAR_ALL: &str = "\x1b[H\x1b[2J";

pub fn watch(session: &mut Session<'_>, names: &[&str]) -> Result<(), CtlError> {
    session.interrupt()?;
    if session.output.is_terminal() {
        session.output.bytes(CLEAR_ALL.as_bytes());
    }
    loop {
        let lines = match look(session, names) {
            Ok(lines) => lines,
            // Whoever must tell a password first is asked by the caller.
            Err(error) if error.asks_for_credentials() => return Err(error),
            Err(CtlError::Interrupted) => break,
            Err(error) => {
                session.client.hang_up();
                vec![format!("{}: {error}", session.client.target.server_url)]
            }
        };
        draw(session, &lines);
        match session.pause(PAUSE) {
            Ok(()) => {}
            Err(CtlError::Interrupted) => break,
            Err(error) => return Err(error),
        }
        if session.output.failure().is_some() {
            return Ok(());
        }
    }
    session.output.line("");
    Ok(())
}

fn look(session: &mut Session<'_>, names: &[&str]) -> Result<Vec<String>, CtlError> {
    let names = expand_to_processes(session, names)?;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let all: Vec<ProcessRow> = session.all_processes()?;
    let (shown, mut lines) = choose(&all, &names);
    lines.extend(status_lines(
        &shown,
        session.output.is_coloured(),
        session.manner.whole_names,
    ));
    Ok(lines)
}

/// On a terminal over the picture before; elsewhere one after the other, with an empty line between.
fn draw(session: &mut Session<'_>, lines: &[String]) {
    if !session.output.is_terminal() {
        for line in lines {
            session.output.line(line);
        }
        return session.output.line("");
    }
    session.output.bytes(HOME.as_bytes());
    for line in lines {
        session.output.line(&format!("{line}{CLEAR_LINE}"));
    }
    session.output.bytes(CLEAR_BELOW.as_bytes());
}
