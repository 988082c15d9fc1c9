//! `fg`: a process's output as it comes, and what is typed as its input (CTL-121 to CTL-123).
//!
//! Both logs, the typed lines and Ctrl-C are waited for at one place, so nothing lingers when one of them ends it: the
//! reference's threads keep the program for half a minute (CTL-123).
//!
//! A process's death is seen when its next line cannot be sent (CTL-122): until then its logs may still be of interest.

use std::io::{BufReader, Read};
use std::os::fd::{AsFd, BorrowedFd};

use nix::sys::termios::LocalFlags;

use crate::model::fault::FaultCode;
use crate::model::states::ProcessState;

use super::answers::ProcessRow;
use super::error::CtlError;
use super::http::{Chunk, Connection, Framing, read_chunk, read_head};
use super::interrupt::{Interrupt, Interruptible};
use super::prompt::Hidden;
use super::session::Session;

/// What woke us.
enum Event {
    Output { log: usize },
    Typed,
    Interrupted,
}

/// Shows and types until the user has had enough or the process is gone.
pub fn talk(session: &mut Session<'_>, name: &str) -> Result<(), CtlError> {
    session.output.line("==> Press Ctrl-C to exit <==");
    session.output.flush();
    let interrupt = session.interrupt()?;
    // In the shell the user's Ctrl-C is not shown, since the reference edits lines here, too.
    let terminal = session.lines().as_fd().try_clone_to_owned()?;
    let _hidden = match session.edits_lines() {
        true => Hidden::on(terminal.as_fd(), LocalFlags::ECHOCTL).ok(),
        false => None,
    };
    let mut logs = Vec::new();
    for channel in ["stdout", "stderr"] {
        let path = format!("/logtail/{name}/{channel}");
        match Log::open(session, &path, &interrupt) {
            Ok(log) => logs.push(log),
            Err(error) => {
                let url = format!("{}{path}", session.client.target.server_url);
                session.output.complaint(&format!("{url} {error}"));
            }
        }
    }
    let end = loop {
        match next_event(session, &logs, &interrupt)? {
            Event::Interrupted => break None,
            Event::Output { log } => {
                if !logs[log].show(session) {
                    logs.remove(log);
                }
            }
            Event::Typed => match read_typed(session)? {
                Typed::Nothing => {}
                Typed::End => break None,
                Typed::Line(line) => match send(session, name, line) {
                    Ok(None) => {}
                    Ok(complaint) => break complaint,
                    Err(CtlError::Interrupted) => break None,
                    Err(error) => return Err(error),
                },
            },
        }
        if session.output.failure().is_some() {
            break None;
        }
    };
    if let Some(complaint) = end {
        session.output.line(&complaint);
    }
    session.output.line("Exiting foreground");
    Ok(())
}

fn next_event(
    session: &mut Session<'_>,
    logs: &[Log<'_>],
    interrupt: &Interrupt,
) -> Result<Event, CtlError> {
    if session.lines().has_line() {
        return Ok(Event::Typed);
    }
    let mut waited: Vec<_> = logs.iter().map(Log::as_fd).collect();
    waited.push(session.lines().as_fd());
    let (interrupted, ready) = interrupt.wait(&waited)?;
    if interrupted {
        return Ok(Event::Interrupted);
    }
    // What was said comes before what is answered.
    match ready.iter().position(|ready| *ready) {
        Some(log) if log < logs.len() => Ok(Event::Output { log }),
        _ => Ok(Event::Typed),
    }
}

enum Typed {
    Line(String),
    /// Less than a line so far.
    Nothing,
    End,
}

fn read_typed(session: &mut Session<'_>) -> Result<Typed, CtlError> {
    let lines = session.lines();
    if let Some(line) = lines.take() {
        return Ok(Typed::Line(line));
    }
    Ok(match lines.fill()? {
        true => lines.take().map_or(Typed::Nothing, Typed::Line),
        false => lines.take_rest().map_or(Typed::End, Typed::Line),
    })
}

/// Sends a line; why that was the last, if it was.
fn send(session: &mut Session<'_>, name: &str, line: String) -> Result<Option<String>, CtlError> {
    let killed = || Ok(Some("Process got killed".to_owned()));
    let params = [name.into(), (line + "\n").as_str().into()];
    match session.call("supervisor.sendProcessStdin", &params) {
        Ok(_) => {}
        Err(error) if error.is_fault(FaultCode::NotRunning) => return killed(),
        Err(error @ CtlError::Fault { .. }) => return Ok(Some(format!("ERROR: {error}"))),
        Err(error) => return Err(error),
    }
    let method = "supervisor.getProcessInfo";
    let answer = session.call(method, &[name.into()])?;
    let row = ProcessRow::read(&answer).ok_or(CtlError::UnexpectedAnswer { method })?;
    match row.state == i64::from(ProcessState::Running.code()) {
        true => Ok(None),
        false => killed(),
    }
}

/// One of the two streams.
struct Log<'i> {
    reader: BufReader<Interruptible<'i, Connection>>,
    framing: Framing,
}

impl<'i> Log<'i> {
    fn open(session: &Session<'_>, path: &str, interrupt: &'i Interrupt) -> Result<Self, LogError> {
        let mut reader = BufReader::new(Interruptible {
            stream: session.client.open(path).map_err(LogError::Connection)?,
            interrupt,
            interrupted: false,
        });
        let head = read_head(&mut reader).map_err(LogError::Connection)?;
        if head.status != 200 {
            let status = head.status;
            return Err(LogError::Refused { status });
        }
        let framing = head.framing;
        Ok(Self { reader, framing })
    }

    fn as_fd(&self) -> BorrowedFd<'_> {
        self.reader.get_ref().stream.as_fd()
    }

    /// Shows what has come; false when that was all.
    fn show(&mut self, session: &mut Session<'_>) -> bool {
        loop {
            if self.framing == Framing::Chunked {
                match read_chunk(&mut self.reader) {
                    Ok(Chunk::Data(data)) => session.output.bytes(&data),
                    Ok(Chunk::Last | Chunk::Closed) | Err(_) => return false,
                }
            } else {
                let mut part = [0; 4096];
                match self.reader.read(&mut part) {
                    Ok(0) | Err(_) => return false,
                    Ok(count) => session.output.bytes(&part[..count]),
                }
            }
            session.output.flush();
            // The line end after a chunk is read with the next one.
            if matches!(self.reader.buffer(), b"" | b"\r\n" | b"\r") {
                return true;
            }
        }
    }
}

/// Why a log is not shown. The words are those of `tail -f` (CTL-115).
#[derive(Debug)]
enum LogError {
    Connection(CtlError),
    Refused { status: u16 },
}

impl std::fmt::Display for LogError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Connection(error) => {
                let class = error.class();
                write!(f, "Cannot connect, error: <class '{class}'> ({error})")
            }
            Self::Refused { status } => write!(f, "Cannot read, status code {status}"),
        }
    }
}
