//! XML-RPC over HTTP to one server (CTL-030, CTL-031).
//!
//! The client knows where the server is and who asks; it knows no method by name.
//!
//! A connection is kept for the next call of the same command, so that many names need no connection each (the reference
//! makes two per command, CTL-035). It is thrown away at the end of the command, and before that when the server has
//! closed it or has left something in it that was not asked for; a call is never sent twice.

use std::io::{BufReader, Write};
use std::rc::Rc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::xmlrpc::{self, Value, parse_response, write_call};

use super::answers::{self, Row};
use super::error::CtlError;
use super::http::{Connection, read_body, read_head};
use super::interrupt::Interrupt;
use super::server_url::Endpoint;
use super::wire::Wire;

const USER_AGENT: &str = concat!("supervisorctl/", env!("CARGO_PKG_VERSION"));

/// Where the server is, and in whose name it is asked.
#[derive(Debug, Clone)]
pub struct Target {
    pub server_url: String,
    pub username: Option<String>,
    pub password: Option<String>,
}

/// A target and the way to it.
#[derive(Debug)]
pub struct Client {
    pub target: Target,
    interrupt: Option<Rc<Interrupt>>,
    kept: Option<Kept>,
}

#[derive(Debug)]
struct Kept {
    server_url: String,
    wire: BufReader<Wire>,
}

impl Client {
    pub fn new(target: Target) -> Self {
        Self {
            target,
            interrupt: None,
            kept: None,
        }
    }

    /// From now on the user can interrupt the wait for an answer.
    pub fn interrupted_by(&mut self, interrupt: Rc<Interrupt>) {
        self.interrupt = Some(interrupt);
    }

    /// Asks the server and waits for the answer, however long it takes (CTL-034).
    pub fn call(&mut self, method: &str, params: &[Value]) -> Result<Value, CtlError> {
        self.call_within(None, method, params)
    }

    /// The same, but gives up when the server says nothing for so long.
    pub fn call_within(
        &mut self,
        patience: Option<Duration>,
        method: &str,
        params: &[Value],
    ) -> Result<Value, CtlError> {
        let body = self.ask(patience, method, params)?;
        value_of(&body)
    }

    /// Asks for a list and reads each of its structs as a row. A list in the usual layout is read without a detour by values.
    pub fn call_for_rows<T: Row>(
        &mut self,
        patience: Option<Duration>,
        method: &'static str,
        params: &[Value],
    ) -> Result<Vec<T>, CtlError> {
        let body = self.ask(patience, method, params)?;
        match xmlrpc::rows(&body, |row| T::read(row)) {
            Some(rows) => Ok(rows),
            None => answers::rows(method, &value_of(&body)?),
        }
    }

    /// Sends a call and waits for the body of the answer.
    fn ask(
        &mut self,
        patience: Option<Duration>,
        method: &str,
        params: &[Value],
    ) -> Result<Vec<u8>, CtlError> {
        let endpoint = Endpoint::of(&self.target.server_url)?;
        let body = write_call(method, params)?;
        let mut request = format!(
            "POST /RPC2 HTTP/1.1\r\nHost: {}\r\nAccept-Encoding: identity\r\nUser-Agent: {USER_AGENT}\r\n\
             Content-Type: text/xml\r\nAccept: text/xml\r\n{}Content-Length: {}\r\n\r\n",
            endpoint.host_header(),
            self.authorization(),
            body.len()
        )
        .into_bytes();
        request.extend(body);
        let mut wire = match self.kept.take() {
            Some(kept) if kept.is_usable(&self.target.server_url) => kept.wire,
            _ => BufReader::new(Wire::open(&endpoint, self.interrupt.clone())?),
        };
        wire.get_mut().set_patience(patience)?;
        let answer = exchange(&mut wire, &request);
        if wire.get_ref().was_interrupted() {
            return Err(CtlError::Interrupted);
        }
        let (body, reusable) = answer?;
        if reusable {
            let server_url = self.target.server_url.clone();
            self.kept = Some(Kept { server_url, wire });
        }
        Ok(body)
    }

    /// Ends what was kept from earlier calls.
    pub fn hang_up(&mut self) {
        self.kept = None;
    }

    /// Opens a stream that lasts (CTL-032): the connection, with the question sent.
    pub fn open(&self, path: &str) -> Result<Connection, CtlError> {
        let endpoint = Endpoint::of(&self.target.server_url)?;
        let host = match &endpoint {
            Endpoint::Unix { .. } => String::new(),
            Endpoint::Inet { .. } => endpoint.host_header(),
        };
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept-Encoding: chunked\r\nAccept: */*\r\n\
             User-agent: Supervisor HTTP Client\r\n{}\r\n",
            self.authorization()
        );
        let mut connection = match &self.interrupt {
            Some(interrupt) => interrupt.lifted(|| Connection::open(&endpoint)),
            None => Connection::open(&endpoint),
        }?;
        connection.write_all(request.as_bytes())?;
        Ok(connection)
    }

    /// The header line that says who asks; nothing unless both name and password are known. It is one line however long
    /// they are: the reference's tails wrap it (CTL-033), which no server understands.
    fn authorization(&self) -> String {
        match (&self.target.username, &self.target.password) {
            (Some(username), Some(password)) => {
                let encoded = STANDARD.encode(format!("{username}:{password}"));
                format!("Authorization: Basic {encoded}\r\n")
            }
            _ => String::new(),
        }
    }
}

impl Kept {
    fn is_usable(&self, server_url: &str) -> bool {
        self.server_url == server_url && self.wire.get_ref().is_silent()
    }
}

fn value_of(body: &[u8]) -> Result<Value, CtlError> {
    match parse_response(body).map_err(CtlError::NotXmlRpc)? {
        Ok(value) => Ok(value),
        Err((code, text)) => Err(CtlError::Fault { code, text }),
    }
}

/// Sends a request and reads the answer's body; whether the connection can be used again.
fn exchange(wire: &mut BufReader<Wire>, request: &[u8]) -> Result<(Vec<u8>, bool), CtlError> {
    wire.get_mut().write_all(request)?;
    let head = read_head(wire)?;
    if head.status != 200 {
        let (status, reason) = (head.status, head.reason);
        return Err(CtlError::Http { status, reason });
    }
    let body = read_body(wire, head.framing)?;
    Ok((body, head.keeps && wire.buffer().is_empty()))
}

#[cfg(test)]
mod tests {
    use super::{Client, Target};

    // CTL-031, CTL-033
    #[test]
    fn credentials_are_sent_when_both_are_known_and_never_wrapped() {
        let header = |username: Option<&str>, password: Option<&str>| {
            Client::new(Target {
                server_url: String::new(),
                username: username.map(str::to_owned),
                password: password.map(str::to_owned),
            })
            .authorization()
        };
        assert_eq!(
            header(Some("alice"), Some("s:cr\u{e9}t")),
            "Authorization: Basic YWxpY2U6czpjcsOpdA==\r\n"
        );
        assert_eq!(header(Some("alice"), None), "");
        assert_eq!(header(None, Some("x")), "");
        assert_eq!(header(Some("a"), Some(&"x".repeat(200))).lines().count(), 1);
    }
}
