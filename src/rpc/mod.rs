//! The XML-RPC methods: what a client of `/RPC2` may ask.
//!
//! [`Rpc`] turns the body of a request into the body of an answer. It owns the names, the checks of arguments and the
//! shape of results; it owns no state. Whatever changes something is a [`Command`](crate::supervisor::command::Command)
//! that the machine answers through [`Handle`], now or later; whatever only looks is written in one pass from one
//! borrow. It knows nothing of HTTP but two error statuses.
//!
//! ```text
//! body ─▶ xmlrpc::parse_call ─▶ methods::find ─▶ number of arguments ─▶ gate ─▶ the method ─▶ Writer ─▶ body
//!           400                   UNKNOWN_METHOD   INCORRECT_PARAMETERS   SHUTDOWN_STATE   fault, or 500
//! ```
//!
//! That order is the contract (RPC-005, RPC-024). In `system.multicall` each call walks the same road on its own.

mod control;
mod info;
mod logs;
mod methods;
mod params;
mod system;

use std::time::{Duration, Instant};

use methods::{Method, Run};
use params::Args;

use crate::daemon::handle::Handle;
use crate::model::fault::{Fault, FaultCode};
use crate::model::log;
use crate::model::py_repr::{repr_bytes, repr_str};
use crate::model::states::SupervisorState;
use crate::xmlrpc::{MethodCall, ParseError, Writer, parse_call, write_fault};

/// Answers XML-RPC requests. One is enough for all servers and connections.
pub struct Rpc {
    handle: Handle,
    /// Where the methods of `supervisor` are found, usually at `supervisor` alone (RPC-008).
    namespaces: Vec<String>,
    took: Took,
}

/// Is told of every call of a method that exists, by its name, and how long its answer took.
type Took = Box<dyn Fn(&str, Duration)>;

/// Why there is no XML-RPC answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpStatus {
    /// 400: the body is no call (XML-022, XML-023).
    BadRequest,
    /// 500: the call cannot be answered (RPC-014).
    InternalError,
}

/// How a method fails.
#[derive(Debug, PartialEq, Eq)]
enum Failure {
    Fault(Fault),
    Crash(Crash),
}

/// Where an exception comes out of a method of the reference: HTTP 500, or an entry with FAILED within a multicall
/// (RPC-014, RPC-199).
#[derive(Debug, PartialEq, Eq)]
struct Crash {
    /// The name of Python's exception class.
    class: &'static str,
    message: String,
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl Rpc {
    /// Serves `namespace.method` for each of these namespaces, and `system`.
    pub fn new(handle: Handle, namespaces: Vec<String>, took: Took) -> Self {
        Self {
            handle,
            namespaces,
            took,
        }
    }

    /// Answers one request body with a finished document, which goes out with status 200 even when it tells a fault.
    /// May take as long as the processes that are waited for. If the answer is no longer wanted, the future can be dropped:
    /// what was asked for still happens (RPC-212).
    pub async fn respond(&self, body: &[u8]) -> Result<Vec<u8>, HttpStatus> {
        let MethodCall { name, params } = read_call(body)?;
        log::trace!("XML-RPC method called: {name}()");
        let mut out = Writer::response();
        match self.answer(&name, Args(&params), &mut out).await {
            Ok(()) => {
                log::trace!("XML-RPC method {name}() returned successfully");
                Ok(out.finish())
            }
            Err(Failure::Fault(fault)) => {
                let code = fault.code.number();
                log::trace!("XML-RPC method {name}() returned fault: [{code}] {fault}");
                Ok(write_fault(code, &fault.to_string()))
            }
            Err(Failure::Crash(Crash { class, message })) => {
                log::critical!(
                    "Handling XML-RPC request with data {} raised an unexpected exception: {class}: {message}",
                    python_repr(body)
                );
                Err(HttpStatus::InternalError)
            }
        }
    }

    async fn answer(&self, name: &str, args: Args<'_>, out: &mut Writer) -> Result<(), Failure> {
        let method = self.find(name)?;
        let begun = Instant::now();
        let answered = match method.run {
            Run::Multicall => match self.admit(method, args) {
                Ok(()) => system::multicall(self, args, out).await,
                Err(fault) => Err(fault.into()),
            },
            Run::Look(_) | Run::Ask(_) => self.answer_single(method, args, out).await,
        };
        (self.took)(name, begun.elapsed());
        answered
    }

    fn find(&self, name: &str) -> Result<&'static Method, Fault> {
        methods::find(&self.namespaces, name).ok_or(Fault::bare(FaultCode::UnknownMethod))
    }

    /// Runs any method but a multicall, which is refused. Nothing is written when it fails.
    async fn answer_single(
        &self,
        method: &Method,
        args: Args<'_>,
        out: &mut Writer,
    ) -> Result<(), Failure> {
        match method.run {
            Run::Multicall => Err(system::no_recursion().into()),
            Run::Look(look) => {
                self.admit(method, args)?;
                look(self, args, out)
            }
            Run::Ask(ask) => {
                self.admit(method, args)?;
                let reply = self.handle.call(ask(self, args)?).await?;
                control::write_reply(out, &reply);
                Ok(())
            }
        }
    }

    /// Checks what can be checked without knowing the method: first the number of arguments, then the gate (RPC-005,
    /// RPC-020, RPC-024).
    fn admit(&self, method: &Method, args: Args<'_>) -> Result<(), Fault> {
        method.check_number(args)?;
        let open = !method.gated
            || self.handle.read(|supervisor, _| supervisor.state()) == SupervisorState::Running;
        if open {
            Ok(())
        } else {
            Err(Fault::bare(FaultCode::ShutdownState))
        }
    }
}

/// Parses a body, or logs why it is no call (MSG-005).
fn read_call(body: &[u8]) -> Result<MethodCall, HttpStatus> {
    parse_call(body).map_err(|reason| {
        let reason = match reason {
            ParseError::NoMethodName => "no method name",
            _ => "unmarshallable",
        };
        log::error!(
            "XML-RPC request data {} is invalid: {reason}",
            python_repr(body)
        );
        HttpStatus::BadRequest
    })
}

/// A body as `%r` shows it. The reference drops the connection when it is not UTF-8 (XML-020); we log that too.
fn python_repr(body: &[u8]) -> String {
    match std::str::from_utf8(body) {
        Ok(text) => repr_str(text),
        Err(_) => repr_bytes(body),
    }
}

#[cfg(test)]
mod tests {
    use super::{HttpStatus, read_call};
    use crate::model::log::LogLevel;
    use crate::model::log::recording::recorded;

    fn refused(body: &[u8]) -> String {
        let (answer, lines) = recorded(|| read_call(body));
        assert_eq!(answer, Err(HttpStatus::BadRequest));
        let [(LogLevel::Error, line)] = lines.as_slice() else {
            panic!("one line is logged as an error, not {lines:?}")
        };
        line.clone()
    }

    // XML-020, XML-022, XML-023, MSG-005
    #[test]
    fn a_body_that_is_no_call_is_logged_as_python_shows_it() {
        assert_eq!(
            refused(b"it's"),
            "XML-RPC request data \"it's\" is invalid: unmarshallable"
        );
        assert_eq!(
            refused(b"\xff"),
            "XML-RPC request data b'\\xff' is invalid: unmarshallable"
        );
        assert_eq!(
            refused(b"<methodCall>\n</methodCall>"),
            "XML-RPC request data '<methodCall>\\n</methodCall>' is invalid: no method name"
        );
    }
}
