//! Following a log: `tail -f` and `maintail -f` (CTL-114 to CTL-117).
//!
//! The server sends the log as an endless chunked answer. Each chunk goes to stdout as it comes, byte for byte: where
//! the reference shows a chunk that is not UTF-8 as `Undecodable: b'…'`, which also befalls a character that a chunk's
//! border cuts in two (CTL-117), we pass the log on unharmed.
//!
//! Ctrl-C is the ordinary way out, also while the server is silent.

use std::io::{BufReader, Read};

use super::error::CtlError;
use super::http::{Chunk, Framing, read_chunk, read_head};
use super::interrupt::{Interrupt, Interruptible};
use super::session::Session;

/// Follows a log until it ends or the user has seen enough. What goes wrong is told on stderr and changes no exit status
/// (CTL-115).
pub fn follow(session: &mut Session<'_>, path: &str) -> Result<(), CtlError> {
    session.output.line("==> Press Ctrl-C to exit <==");
    session.output.flush();
    let interrupt = session.interrupt()?;
    let ending = stream(session, path, &interrupt);
    let url = format!("{}{path}", session.client.target.server_url);
    match ending {
        Ok(Ending::Closed) => {}
        Ok(Ending::Interrupted) => session.output.line(""),
        Ok(Ending::Refused { status }) => session
            .output
            .complaint(&format!("{url} Cannot read, status code {status}")),
        Err(error) => {
            let class = error.class();
            session.output.complaint(&format!(
                "{url} Cannot connect, error: <class '{class}'> ({error})"
            ));
        }
    }
    Ok(())
}

/// How a log came to its end.
enum Ending {
    Closed,
    Interrupted,
    /// The server answered, but not with a log.
    Refused {
        status: u16,
    },
}

fn stream(
    session: &mut Session<'_>,
    path: &str,
    interrupt: &Interrupt,
) -> Result<Ending, CtlError> {
    let mut reader = BufReader::new(Interruptible {
        stream: session.client.open(path)?,
        interrupt,
        interrupted: false,
    });
    let head = read_head(&mut reader);
    if reader.get_ref().interrupted {
        return Ok(Ending::Interrupted);
    }
    let head = head?;
    if head.status != 200 {
        let status = head.status;
        return Ok(Ending::Refused { status });
    }
    let mut part = [0; 4096];
    let mut plain = match head.framing {
        Framing::Chunked => None,
        Framing::Length(length) => Some(length),
        Framing::UntilClosed => Some(u64::MAX),
    };
    // A connection that breaks is an end like any other (CTL-116).
    loop {
        match &mut plain {
            None => match read_chunk(&mut reader) {
                Ok(Chunk::Data(data)) => session.output.bytes(&data),
                Ok(Chunk::Last | Chunk::Closed) | Err(_) => break,
            },
            Some(left) => match reader.by_ref().take(*left).read(&mut part) {
                Ok(0) | Err(_) => break,
                Ok(count) => {
                    *left -= count as u64;
                    session.output.bytes(&part[..count]);
                }
            },
        }
        session.output.flush();
        if session.output.failure().is_some() {
            break;
        }
    }
    Ok(match reader.get_ref().interrupted {
        true => Ending::Interrupted,
        false => Ending::Closed,
    })
}
