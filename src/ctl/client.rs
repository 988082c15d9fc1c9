//! XML-RPC over HTTP to one server, a fresh connection per call (CTL-030, CTL-031, CTL-035).
//!
//! The client knows where the server is and who asks; it knows no method by name.

use std::io::{BufReader, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::xmlrpc::{Value, parse_response, write_call};

use super::error::CtlError;
use super::http::{Connection, read_body, read_head};
use super::server_url::Endpoint;

const USER_AGENT: &str = concat!("supervisorctl/", env!("CARGO_PKG_VERSION"));

/// Where the server is, and in whose name it is asked.
#[derive(Debug, Clone)]
pub struct Client {
    pub server_url: String,
    pub username: Option<String>,
    pub password: Option<String>,
}

impl Client {
    /// Asks the server and waits for the answer, however long it takes.
    pub fn call(&self, method: &str, params: &[Value]) -> Result<Value, CtlError> {
        let endpoint = Endpoint::of(&self.server_url)?;
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
        let mut connection = Connection::open(&endpoint)?;
        connection.write_all(&request)?;
        let mut reader = BufReader::new(connection);
        let head = read_head(&mut reader)?;
        if head.status != 200 {
            let (status, reason) = (head.status, head.reason);
            return Err(CtlError::Http { status, reason });
        }
        let body = read_body(&mut reader, head.framing)?;
        match parse_response(&body).map_err(CtlError::NotXmlRpc)? {
            Ok(value) => Ok(value),
            Err((code, text)) => Err(CtlError::Fault { code, text }),
        }
    }

    /// Opens a stream that lasts (CTL-032): the connection, with the question sent.
    pub fn open(&self, path: &str) -> Result<Connection, CtlError> {
        let endpoint = Endpoint::of(&self.server_url)?;
        let host = match &endpoint {
            Endpoint::Unix { .. } => String::new(),
            Endpoint::Inet { .. } => endpoint.host_header(),
        };
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept-Encoding: chunked\r\nAccept: */*\r\n\
             User-agent: Supervisor HTTP Client\r\n{}\r\n",
            self.authorization()
        );
        let mut connection = Connection::open(&endpoint)?;
        connection.write_all(request.as_bytes())?;
        Ok(connection)
    }

    /// The header line that says who asks; nothing unless both name and password are known. It is one line however long
    /// they are: the reference's tails wrap it (CTL-033), which no server understands.
    fn authorization(&self) -> String {
        match (&self.username, &self.password) {
            (Some(username), Some(password)) => {
                let encoded = STANDARD.encode(format!("{username}:{password}"));
                format!("Authorization: Basic {encoded}\r\n")
            }
            _ => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Client;

    // CTL-031, CTL-033
    #[test]
    fn credentials_are_sent_when_both_are_known_and_never_wrapped() {
        let header = |username: Option<&str>, password: Option<&str>| {
            Client {
                server_url: String::new(),
                username: username.map(str::to_owned),
                password: password.map(str::to_owned),
            }
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
