//! `fg`: a process's output as it comes, and what is typed as its input (CTL-121 to CTL-123).
//!
//! Both logs, the typed lines and Ctrl-C are waited for at one place, so nothing lingers when one of them ends it: the
//! reference's threads keep the program for half a minute (CTL-123).
//!
//! A process's death is seen when its next line cannot be sent (CTL-122): until then its logs may still be of interest. The
//! daemon's own end is seen when the logs end, which the reference, too, learns only from the next line.

use std::io::{BufRead, BufReader};
use std::os::fd::{AsFd, BorrowedFd};

use crate::model::fault::FaultCode;
use crate::model::states::ProcessState;

use super::answers::{ProcessRow, Row};
use super::error::CtlError;
use super::http::{Chunk, Connection, Framing, read_chunk, read_head};
use super::interrupt::{Interrupt, Interruptible};
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
            Event::Interrupted => {
                hide_interruption(session);
                break None;
            }
            Event::Output { log } => match logs[log].show(session) {
                Ok(true) => {}
                Ok(false) => {
                    logs.remove(log);
                    if logs.is_empty() {
                        is_there(session, name)?;
                    }
                }
                Err(_) => break None,
            },
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

/// Whether the daemon still answers.
fn is_there(session: &mut Session<'_>, name: &str) -> Result<(), CtlError> {
    match session.call("supervisor.getProcessInfo", &[name.into()]) {
        Ok(_) | Err(CtlError::Fault { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// In the shell the terminal's own `^C` goes, since the reference edits lines here, too, and shows none.
fn hide_interruption(session: &mut Session<'_>) {
    if session.edits_lines() {
        session.output.bytes(b"\r\x1b[K");
    }
}

fn next_event(
    session: &mut Session<'_>,
    logs: &[Log<'_>],
    interrupt: &Interrupt,
) -> Result<Event, CtlError> {
    if session.lines().has_line() {
        return Ok(Event::Typed);
    }
    // What came together with the head of the answer.
    let come = |log: &Log<'_>| !log.reader.buffer().is_empty();
    if let Some(log) = logs.iter().position(come) {
        return Ok(Event::Output { log });
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

    /// Shows what has come; false when that was all. Only the rest of a chunk that has begun is waited for.
    fn show(&mut self, session: &mut Session<'_>) -> Result<bool, CtlError> {
        loop {
            let more = self.show_some(session);
            session.output.flush();
            if self.reader.get_ref().interrupted {
                return Err(CtlError::Interrupted);
            }
            if !more || self.reader.buffer().is_empty() {
                return Ok(more);
            }
        }
    }

    /// A connection that breaks is an end like any other (CTL-116).
    fn show_some(&mut self, session: &mut Session<'_>) -> bool {
        let Ok(come @ [_, ..]) = self.reader.fill_buf() else {
            return false;
        };
        if self.framing != Framing::Chunked {
            session.output.bytes(come);
            let count = come.len();
            self.reader.consume(count);
            return true;
        }
        // The line end after a chunk comes when it likes, and the next chunk long after it.
        if come.starts_with(b"\r\n") {
            self.reader.consume(2);
            return true;
        }
        match read_chunk(&mut self.reader) {
            Ok(Chunk::Data(data)) => session.output.bytes(&data),
            Ok(Chunk::Last | Chunk::Closed) | Err(_) => return false,
        }
        true
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
