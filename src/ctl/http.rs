//! Just enough HTTP/1.1 for a client: a connection, the head of an answer, and its body whole or chunk by chunk.
//!
//! There is no time limit: a start that waits may take as long as the server takes (CTL-034). Nothing here knows XML-RPC.

use std::io::{self, BufRead, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::{SocketAddr as UnixAddr, UnixStream};
use std::time::Duration;

use super::error::CtlError;
use super::server_url::Endpoint;

/// Longer lines are no head of an answer. The limit is the one of Python's client.
const LONGEST_LINE: u64 = 65_536;

/// For so much of a body room is made before it comes.
const MOST_ROOM: u64 = 16 << 20;

/// An open connection to a server.
#[derive(Debug)]
pub enum Connection {
    Unix(UnixStream),
    Inet(TcpStream),
}

impl Connection {
    pub fn open(endpoint: &Endpoint) -> Result<Self, CtlError> {
        match endpoint {
            Endpoint::Unix { path } => {
                let address = UnixAddr::from_pathname(path).map_err(|_| CtlError::PathTooLong)?;
                Ok(Self::Unix(UnixStream::connect_addr(&address)?))
            }
            Endpoint::Inet { host, port } => {
                Ok(Self::Inet(connect_to_any(&addresses(host, *port)?)?))
            }
        }
    }

    pub fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        match self {
            Self::Unix(stream) => stream.set_read_timeout(timeout),
            Self::Inet(stream) => stream.set_read_timeout(timeout),
        }
    }
}

impl Read for Connection {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Unix(stream) => stream.read(buffer),
            Self::Inet(stream) => stream.read(buffer),
        }
    }
}

impl Write for Connection {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Unix(stream) => stream.write(bytes),
            Self::Inet(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Unix(stream) => stream.as_fd(),
            Self::Inet(stream) => stream.as_fd(),
        }
    }
}

/// The addresses of a host. Numbers and `localhost` are known without asking the resolver.
fn addresses(host: &str, port: u16) -> Result<Vec<SocketAddr>, CtlError> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    if host == "localhost" {
        return Ok(vec![
            SocketAddr::new(Ipv6Addr::LOCALHOST.into(), port),
            SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port),
        ]);
    }
    (host, port)
        .to_socket_addrs()
        .map(Iterator::collect)
        .map_err(|error| lookup_error(&error))
}

/// The resolver's number is lost in the standard library's error and found again by its text.
fn lookup_error(error: &io::Error) -> CtlError {
    let shown = error.to_string();
    let text = shown
        .rsplit_once("lookup address information: ")
        .map_or(shown.as_str(), |(_, text)| text);
    let code = match text {
        "Temporary failure in name resolution" | "Try again" => -3,
        "No address associated with hostname" => -5,
        _ => -2,
    };
    CtlError::Lookup {
        code,
        text: text.to_owned(),
    }
}

/// Connects to the first address that answers; of several failures, that of the last address is told, since a host without
/// IPv6 fails on `localhost`'s first one for a reason that says nothing about the server.
fn connect_to_any(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let mut failure = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in addresses {
        match TcpStream::connect(address) {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// What matters of an answer's status line and headers.
#[derive(Debug, PartialEq, Eq)]
pub struct Head {
    pub status: u16,
    pub reason: String,
    pub framing: Framing,
    /// Whether the connection can be used for another question once the body was read.
    pub keeps: bool,
}

/// How the end of a body is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    Chunked,
    Length(u64),
    UntilClosed,
}

/// Reads up to the empty line that ends the head. A head that is cut off counts as complete, as it does in Python.
pub fn read_head(reader: &mut impl BufRead) -> Result<Head, CtlError> {
    let first = read_line(reader)?;
    if first.is_empty() {
        return Err(CtlError::NoAnswer);
    }
    let first = String::from_utf8_lossy(&first).into_owned();
    let Some((status, reason)) = read_status(&first) else {
        let line = first
            .trim_end_matches('\n')
            .trim_end_matches('\r')
            .to_owned();
        return Err(CtlError::BadStatusLine { line });
    };
    let mut framing = Framing::UntilClosed;
    let mut keeps = first.starts_with("HTTP/1.1");
    loop {
        let line = read_line(reader)?;
        let line = line.trim_ascii();
        if line.is_empty() {
            break;
        }
        let line = String::from_utf8_lossy(line);
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        let value = value.trim();
        if name.eq_ignore_ascii_case("transfer-encoding") && value.eq_ignore_ascii_case("chunked") {
            framing = Framing::Chunked;
        } else if name.eq_ignore_ascii_case("content-length")
            && framing != Framing::Chunked
            && let Ok(length) = value.parse()
        {
            framing = Framing::Length(length);
        } else if name.eq_ignore_ascii_case("connection") && value.eq_ignore_ascii_case("close") {
            keeps = false;
        }
    }
    // What follows the last chunk is not read, so such a connection is not used again.
    keeps &= matches!(framing, Framing::Length(_));
    Ok(Head {
        status,
        reason,
        framing,
        keeps,
    })
}

fn read_status(line: &str) -> Option<(u16, String)> {
    let (version, rest) = line.split_once(char::is_whitespace)?;
    let rest = rest.trim();
    let (status, reason) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let status: u16 = status.parse().ok()?;
    if !version.starts_with("HTTP/") || !(100..=999).contains(&status) {
        return None;
    }
    Some((status, reason.trim().to_owned()))
}

/// A line with its end; empty at the end of the stream.
fn read_line(reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    reader.take(LONGEST_LINE).read_until(b'\n', &mut line)?;
    Ok(line)
}

/// The whole body.
pub fn read_body(reader: &mut impl BufRead, framing: Framing) -> Result<Vec<u8>, CtlError> {
    let mut body = Vec::new();
    match framing {
        Framing::UntilClosed => {
            reader.read_to_end(&mut body)?;
        }
        Framing::Length(length) => {
            // Room for all of it, and to see its end; what a server merely claims makes no more.
            body.reserve(usize::try_from(length.min(MOST_ROOM)).unwrap_or_default() + 32);
            let read = reader.take(length).read_to_end(&mut body)?;
            let missing = length - read as u64;
            if missing > 0 {
                let missing = Some(missing);
                return Err(CtlError::AnswerCut { read, missing });
            }
        }
        Framing::Chunked => loop {
            match read_chunk(reader)? {
                Chunk::Data(data) => body.extend(data),
                Chunk::Last => break,
                Chunk::Closed => {
                    let (read, missing) = (body.len(), None);
                    return Err(CtlError::AnswerCut { read, missing });
                }
            }
        },
    }
    Ok(body)
}

/// One step of a chunked body.
#[derive(Debug, PartialEq, Eq)]
pub enum Chunk {
    /// Possibly shorter than announced, when the connection ends in it.
    Data(Vec<u8>),
    Last,
    /// The connection ended, or what came is no chunk.
    Closed,
}

/// Waits for the next chunk. What follows the last one (trailers) is left unread.
pub fn read_chunk(reader: &mut impl BufRead) -> io::Result<Chunk> {
    let mut line = read_line(reader)?;
    if line == b"\r\n" {
        // The end of the chunk before.
        line = read_line(reader)?;
    }
    let line = String::from_utf8_lossy(&line);
    let size = line.split(';').next().unwrap_or_default().trim();
    match u64::from_str_radix(size, 16) {
        Err(_) => Ok(Chunk::Closed),
        Ok(0) => Ok(Chunk::Last),
        Ok(size) => {
            let mut data = Vec::new();
            reader.take(size).read_to_end(&mut data)?;
            Ok(Chunk::Data(data))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Chunk, Framing, read_body, read_chunk, read_head};

    fn read(answer: &str) -> String {
        let mut reader = answer.as_bytes();
        let head = match read_head(&mut reader) {
            Ok(head) => head,
            Err(error) => return error.to_string(),
        };
        match read_body(&mut reader, head.framing) {
            Ok(body) => format!(
                "{} {:?} {}",
                head.status,
                head.reason,
                String::from_utf8_lossy(&body)
            ),
            Err(error) => error.to_string(),
        }
    }

    // CTL-053: as the reference's client takes them.
    #[test]
    fn answers_are_read_by_length_by_chunks_or_to_the_end() {
        for (answer, meaning) in [
            (
                "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nabc",
                "200 \"OK\" ab",
            ),
            (
                "HTTP/1.0 404 Not Found\r\nServer: x\r\n\r\nabc",
                "404 \"Not Found\" abc",
            ),
            ("HTTP/1.1 404\r\n\r\n", "404 \"\" "),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: Chunked\r\n\r\n2\r\nab\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n",
                "200 \"OK\" ab0123456789",
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello",
                "IncompleteRead(5 bytes read, 45 more expected)",
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab",
                "IncompleteRead(2 bytes read)",
            ),
            ("hello there\r\n\r\n", "hello there"),
            ("HTTP/1.1 abc x\r\n\r\n", "HTTP/1.1 abc x"),
            ("", "Remote end closed connection without response"),
        ] {
            assert_eq!(read(answer), meaning, "{answer:?}");
        }
    }

    // CTL-114, CTL-116
    #[test]
    fn chunks_come_one_by_one_until_the_last_or_the_end() -> std::io::Result<()> {
        let mut reader = "4\r\nline\r\n1\r\n\n\r\n".as_bytes();
        assert_eq!(read_chunk(&mut reader)?, Chunk::Data(b"line".to_vec()));
        assert_eq!(read_chunk(&mut reader)?, Chunk::Data(b"\n".to_vec()));
        assert_eq!(read_chunk(&mut reader)?, Chunk::Closed);
        assert_eq!(read_chunk(&mut "0\r\n\r\n".as_bytes())?, Chunk::Last);
        assert_eq!(read_chunk(&mut "zz\r\n".as_bytes())?, Chunk::Closed);
        Ok(())
    }

    // CTL-035
    #[test]
    fn a_connection_lasts_when_the_end_of_the_body_is_known_and_nobody_closes_it()
    -> Result<(), super::CtlError> {
        for (answer, keeps) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", true),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: Close\r\n\r\n",
                false,
            ),
            ("HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\n", false),
            ("HTTP/1.1 200 OK\r\n\r\n", false),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                false,
            ),
        ] {
            assert_eq!(
                read_head(&mut answer.as_bytes())?.keeps,
                keeps,
                "{answer:?}"
            );
        }
        Ok(())
    }

    #[test]
    fn chunked_wins_over_a_length_in_either_order() -> Result<(), super::CtlError> {
        let mut reader =
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n".as_bytes();
        assert_eq!(read_head(&mut reader)?.framing, Framing::Chunked);
        Ok(())
    }
}
