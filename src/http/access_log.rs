//! One line per answer in the activity log (HTTP-040).
//!
//! The level is TRAC, so usually nobody listens and nothing is formatted. As in the reference
//! (`http.py`, `LogWrapper`), a line with the word "error" in it is an error (HTTP-041).

use std::fmt;
use std::net::SocketAddrV4;

use bstr::ByteSlice;
use hyper::{Method, Uri, Version};

use super::date::Date;
use crate::model::log;

/// Who is at the other end, as the log shows it.
#[derive(Debug, Clone, Copy)]
pub enum Peer {
    Inet(SocketAddrV4),
    Unix,
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inet(address) => address.fmt(f),
            Self::Unix => f.write_str("localhost:0"),
        }
    }
}

/// What a line tells.
pub struct Entry<'a> {
    pub peer: Peer,
    pub method: &'a Method,
    pub uri: &'a Uri,
    pub version: Version,
    pub status: u16,
    /// Of head and body.
    pub bytes: usize,
}

impl Entry<'_> {
    pub fn write(&self) {
        let says_error = self
            .uri
            .path_and_query()
            .is_some_and(|path| has_error(path.as_str()));
        if says_error || has_error(self.method.as_str()) {
            log::error!("{self}");
        } else {
            log::trace!("{self}");
        }
    }
}

impl fmt::Display for Entry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            peer,
            method,
            uri,
            version,
            status,
            bytes,
        } = self;
        let date = Date::now().for_log();
        write!(
            f,
            "{peer} - - [{date}] \"{method} {uri} {version:?}\" {status} {bytes}"
        )
    }
}

fn has_error(text: &str) -> bool {
    text.as_bytes()
        .windows(5)
        .any(|word| word.as_bytes().eq_ignore_ascii_case(b"error"))
}

#[cfg(test)]
mod tests {
    use super::{Entry, Peer};
    use crate::model::log::LogLevel;
    use crate::model::log::recording::recorded;
    use hyper::{Method, Uri, Version};
    use std::net::{Ipv4Addr, SocketAddrV4};

    fn line(uri: &'static str, peer: Peer) -> (LogLevel, String) {
        let ((), mut lines) = recorded(|| {
            Entry {
                peer,
                method: &Method::GET,
                uri: &Uri::from_static(uri),
                version: Version::HTTP_11,
                status: 404,
                bytes: 264,
            }
            .write();
        });
        lines.remove(0)
    }

    // HTTP-040
    #[test]
    fn a_line_tells_peer_request_status_and_size() {
        let (level, text) = line("/x?y=1", Peer::Unix);
        assert_eq!(level, LogLevel::Trace);
        assert!(text.starts_with("localhost:0 - - ["), "{text}");
        assert!(
            text.ends_with(" +0000] \"GET /x?y=1 HTTP/1.1\" 404 264"),
            "{text}"
        );
        let address = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 4711);
        let (_, text) = line("/x", Peer::Inet(address));
        assert!(text.starts_with("127.0.0.1:4711 - - ["), "{text}");
    }

    // HTTP-041
    #[test]
    fn the_word_error_makes_it_one() {
        assert_eq!(line("/an-eRRor", Peer::Unix).0, LogLevel::Error);
        assert_eq!(line("/an-err", Peer::Unix).0, LogLevel::Trace);
    }
}
