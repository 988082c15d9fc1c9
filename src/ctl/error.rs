//! Everything that can end a command early, and the words for it.
//!
//! The reference catches every exception of a command and prints its type and text on one line (CTL-047). People and
//! scripts know these lines, so the names of Python's classes are kept, as labels. What Python adds after them, the
//! file and line of its own source, is left out.

use std::{fmt, io};

use crate::model::fault::FaultCode;
use crate::model::py_repr::repr_str;
use crate::xmlrpc::{ParseError, WriteError};

use super::server_url::UrlError;

/// Why a command could not go on.
#[derive(Debug)]
pub enum CtlError {
    /// The server answered with a fault.
    Fault {
        code: i64,
        text: String,
    },
    /// The server answered with something else than 200 (CTL-050, CTL-053).
    Http {
        status: u16,
        reason: String,
    },
    /// The socket failed.
    Socket(io::Error),
    /// The path of a unix socket does not fit into an address.
    PathTooLong,
    /// The host's name is not known.
    Lookup {
        code: i32,
        text: String,
    },
    Url(UrlError),
    /// The first line of the answer is not HTTP.
    BadStatusLine {
        line: String,
    },
    /// The server hung up instead of answering.
    NoAnswer,
    /// The server hung up in the middle of its answer; how much was to come is not always known.
    AnswerCut {
        read: usize,
        missing: Option<u64>,
    },
    /// The answer is no XML-RPC response.
    NotXmlRpc(ParseError),
    /// The question cannot be put in XML-RPC.
    Unwritable(WriteError),
    /// A well-formed answer without what the method promises.
    UnexpectedAnswer {
        method: &'static str,
    },
    /// A result code that the command has no words for (CTL-084).
    UnknownResult {
        code: i64,
        name: String,
    },
    /// The input ended where an answer was asked for (CTL-052).
    EndOfInput,
    /// The user pressed Ctrl-C, where that is no end of the program.
    Interrupted,
}

impl CtlError {
    /// The name under which Python's client shows it.
    pub fn class(&self) -> &'static str {
        match self {
            Self::Fault { .. } => "xmlrpc.client.Fault",
            Self::Http { .. } => "xmlrpc.client.ProtocolError",
            Self::Socket(error) => socket_class(error),
            Self::PathTooLong => "OSError",
            Self::Lookup { .. } => "socket.gaierror",
            Self::Url(UrlError::Blanks { .. }) => "http.client.InvalidURL",
            Self::Url(_) | Self::UnexpectedAnswer { .. } | Self::UnknownResult { .. } => {
                "ValueError"
            }
            Self::BadStatusLine { .. } => "http.client.BadStatusLine",
            Self::NoAnswer => "http.client.RemoteDisconnected",
            Self::AnswerCut { .. } => "http.client.IncompleteRead",
            Self::NotXmlRpc(_) => "xml.parsers.expat.ExpatError",
            Self::Unwritable(WriteError::IntOutOfRange) => "OverflowError",
            Self::Unwritable(WriteError::Nil) => "TypeError",
            Self::EndOfInput => "EOFError",
            Self::Interrupted => "KeyboardInterrupt",
        }
    }

    /// Whether this is that fault.
    pub fn is_fault(&self, wanted: FaultCode) -> bool {
        matches!(self, Self::Fault { code, .. } if *code == i64::from(wanted.number()))
    }

    /// Whether the server asks who we are.
    pub fn asks_for_credentials(&self) -> bool {
        matches!(self, Self::Http { status: 401, .. })
    }

    /// Whether nobody listens where we knocked.
    pub fn is_refused(&self) -> bool {
        matches!(self, Self::Socket(error) if error.kind() == io::ErrorKind::ConnectionRefused)
    }

    /// Whether there is no such socket file.
    pub fn is_no_such_file(&self) -> bool {
        matches!(self, Self::Socket(error) if error.kind() == io::ErrorKind::NotFound)
    }

    /// Whether the server hung up on us.
    pub fn is_cut(&self) -> bool {
        match self {
            Self::NoAnswer | Self::AnswerCut { .. } => true,
            Self::Socket(error) => matches!(
                error.kind(),
                io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe
            ),
            _ => false,
        }
    }
}

impl fmt::Display for CtlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fault { code, text } => write!(f, "<Fault {code}: {}>", repr_str(text)),
            // The reference's proxy believes that it talks to this address, whatever the server URL says.
            Self::Http { status, reason } => {
                write!(f, "<ProtocolError for 127.0.0.1/RPC2: {status} {reason}>")
            }
            Self::Socket(error) => write_socket_error(f, error),
            Self::PathTooLong => f.write_str("AF_UNIX path too long"),
            Self::Lookup { code, text } => write!(f, "[Errno {code}] {text}"),
            Self::Url(error) => error.fmt(f),
            Self::BadStatusLine { line } => write!(f, "{line}"),
            Self::NoAnswer => f.write_str("Remote end closed connection without response"),
            Self::AnswerCut { read, missing } => match missing {
                Some(missing) => write!(
                    f,
                    "IncompleteRead({read} bytes read, {missing} more expected)"
                ),
                None => write!(f, "IncompleteRead({read} bytes read)"),
            },
            Self::NotXmlRpc(error) => error.fmt(f),
            Self::Unwritable(error) => error.fmt(f),
            Self::UnexpectedAnswer { method } => write!(f, "unexpected answer to {method}"),
            Self::UnknownResult { code, name } => {
                write!(f, "Unknown result code {code} for {name}")
            }
            Self::EndOfInput => f.write_str("EOF when reading a line"),
            Self::Interrupted => f.write_str("interrupted"),
        }
    }
}

impl std::error::Error for CtlError {}

impl From<io::Error> for CtlError {
    fn from(error: io::Error) -> Self {
        Self::Socket(error)
    }
}

impl From<UrlError> for CtlError {
    fn from(error: UrlError) -> Self {
        Self::Url(error)
    }
}

impl From<WriteError> for CtlError {
    fn from(error: WriteError) -> Self {
        Self::Unwritable(error)
    }
}

/// Python has a class for some errors of the system and `OSError` for the rest.
fn socket_class(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "ConnectionRefusedError",
        io::ErrorKind::NotFound => "FileNotFoundError",
        io::ErrorKind::PermissionDenied => "PermissionError",
        io::ErrorKind::ConnectionReset => "ConnectionResetError",
        io::ErrorKind::ConnectionAborted => "ConnectionAbortedError",
        io::ErrorKind::BrokenPipe => "BrokenPipeError",
        io::ErrorKind::TimedOut => "TimeoutError",
        io::ErrorKind::NotADirectory => "NotADirectoryError",
        io::ErrorKind::WouldBlock => "BlockingIOError",
        _ => "OSError",
    }
}

fn write_socket_error(f: &mut fmt::Formatter<'_>, error: &io::Error) -> fmt::Result {
    let Some(number) = error.raw_os_error() else {
        return write!(f, "{error}");
    };
    // The standard library puts the number behind the text, Python before it.
    let text = error.to_string();
    let text = text
        .strip_suffix(&format!(" (os error {number})"))
        .unwrap_or(&text);
    write!(f, "[Errno {number}] {text}")
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::CtlError;

    // CTL-047, CTL-050, CTL-084: as the reference printed them.
    #[test]
    fn errors_carry_the_names_that_pythons_client_shows() {
        let system = |number| CtlError::Socket(io::Error::from_raw_os_error(number));
        for (error, shown) in [
            (
                CtlError::Fault {
                    code: 6,
                    text: "SHUTDOWN_STATE".to_owned(),
                },
                "<class 'xmlrpc.client.Fault'>, <Fault 6: 'SHUTDOWN_STATE'>",
            ),
            (
                CtlError::Fault {
                    code: 77,
                    text: "it's\n".to_owned(),
                },
                "<class 'xmlrpc.client.Fault'>, <Fault 77: \"it's\\n\">",
            ),
            (
                CtlError::Http {
                    status: 401,
                    reason: "Unauthorized".to_owned(),
                },
                "<class 'xmlrpc.client.ProtocolError'>, <ProtocolError for 127.0.0.1/RPC2: 401 Unauthorized>",
            ),
            (
                system(libc::ECONNREFUSED),
                "<class 'ConnectionRefusedError'>, [Errno 111] Connection refused",
            ),
            (
                system(libc::ENOENT),
                "<class 'FileNotFoundError'>, [Errno 2] No such file or directory",
            ),
            (
                system(libc::EACCES),
                "<class 'PermissionError'>, [Errno 13] Permission denied",
            ),
            (
                system(libc::EHOSTUNREACH),
                "<class 'OSError'>, [Errno 113] No route to host",
            ),
            (
                CtlError::UnknownResult {
                    code: 6,
                    name: "g:p".to_owned(),
                },
                "<class 'ValueError'>, Unknown result code 6 for g:p",
            ),
            (
                CtlError::AnswerCut {
                    read: 5,
                    missing: Some(45),
                },
                "<class 'http.client.IncompleteRead'>, IncompleteRead(5 bytes read, 45 more expected)",
            ),
        ] {
            assert_eq!(format!("<class '{}'>, {error}", error.class()), shown);
        }
    }
}
