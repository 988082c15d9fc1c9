//! `serverurl`: where supervisord listens (CTL-007, CTL-015, CTL-030).
//!
//! A URL is looked at twice. The flag `-s` only asks whether it is one at all ([`check`]); what it means is found when the
//! first connection is made ([`Endpoint::of`]), so an unknown protocol is an error of the command, not of the command
//! line. Both read the URL as Python's `urlsplit` does, as far as the difference can be seen here.

use std::fmt;
use std::path::PathBuf;

use crate::model::py_repr::repr_str;

/// A place to connect to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    Unix {
        path: PathBuf,
    },
    /// The host is a name or an address, without the brackets of IPv6.
    Inet {
        host: String,
        port: u16,
    },
}

/// Why a URL leads nowhere. The texts are Python's, except for a missing host, at which Python stumbles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UrlError {
    NotAUrl { url: String },
    UnknownProtocol { url: String },
    Brackets,
    NoHost { url: String },
    Blanks { host: String, found: char },
    PortNotANumber { port: String },
    PortOutOfRange,
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAUrl { url } => write!(f, "value {} is not a URL", repr_str(url)),
            Self::UnknownProtocol { url } => write!(f, "Unknown protocol for serverurl {url}"),
            Self::Brackets => f.write_str("Invalid IPv6 URL"),
            Self::NoHost { url } => write!(f, "no host in serverurl {url}"),
            Self::Blanks { host, found } => write!(
                f,
                "URL can't contain control characters. {} (found at least {})",
                repr_str(host),
                repr_str(&found.to_string())
            ),
            Self::PortNotANumber { port } => write!(
                f,
                "Port could not be cast to integer value as {}",
                repr_str(port)
            ),
            Self::PortOutOfRange => f.write_str("Port out of range 0-65535"),
        }
    }
}

/// The parts of a URL that matter here.
struct Parts {
    /// In lower case.
    scheme: String,
    /// What stands between `//` and the next `/`, `?` or `#`.
    authority: String,
    path: String,
}

/// Whether this is a URL: it has a scheme, and a host or a path (CTL-007).
pub fn check(url: &str) -> Result<(), UrlError> {
    let parts = split(url)?;
    if parts.scheme.is_empty() || (parts.authority.is_empty() && parts.path.is_empty()) {
        let url = url.to_owned();
        return Err(UrlError::NotAUrl { url });
    }
    Ok(())
}

/// The scheme in lower case, empty when there is none.
pub fn scheme(url: &str) -> Result<String, UrlError> {
    Ok(split(url)?.scheme)
}

impl Endpoint {
    /// What a server URL means. The protocol is compared as it is written; any path after a host is ignored.
    pub fn of(url: &str) -> Result<Self, UrlError> {
        if let Some(path) = url.strip_prefix("unix://") {
            return Ok(Self::Unix { path: path.into() });
        }
        if !url.starts_with("http://") {
            let url = url.to_owned();
            return Err(UrlError::UnknownProtocol { url });
        }
        let authority = split(url)?.authority;
        let (host, port) = host_and_port(&authority);
        let port = match port {
            "" => 80,
            digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().map_err(|_| UrlError::PortOutOfRange)?
            }
            other => {
                let port = other.to_owned();
                return Err(UrlError::PortNotANumber { port });
            }
        };
        if host.is_empty() {
            let url = url.to_owned();
            return Err(UrlError::NoHost { url });
        }
        let host = host.to_lowercase();
        match host.chars().find(|&c| c <= ' ' || c == '\u{7f}') {
            Some(found) => Err(UrlError::Blanks { host, found }),
            None => Ok(Self::Inet { host, port }),
        }
    }

    /// The `Host` header that Python's XML-RPC client would send (CTL-031).
    pub fn host_header(&self) -> String {
        match self {
            Self::Unix { .. } => "localhost".to_owned(),
            Self::Inet { host, port } => {
                let host = match host.contains(':') {
                    true => format!("[{host}]"),
                    false => host.clone(),
                };
                match port {
                    80 => host,
                    port => format!("{host}:{port}"),
                }
            }
        }
    }
}

fn host_and_port(authority: &str) -> (&str, &str) {
    let place = match authority.rsplit_once('@') {
        Some((_, place)) => place,
        None => authority,
    };
    if let Some((host, after)) = place
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
    {
        return (host, after.strip_prefix(':').unwrap_or_default());
    }
    place.split_once(':').unwrap_or((place, ""))
}

fn split(url: &str) -> Result<Parts, UrlError> {
    let url: String = url
        .trim_start_matches(|c: char| c <= ' ')
        .chars()
        .filter(|c| !matches!(c, '\t' | '\r' | '\n'))
        .collect();
    let (scheme, rest) = match url.split_once(':') {
        Some((scheme, rest)) if is_scheme(scheme) => (scheme.to_ascii_lowercase(), rest),
        _ => (String::new(), url.as_str()),
    };
    let (authority, path) = match rest.strip_prefix("//") {
        Some(rest) => rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len())),
        None => ("", rest),
    };
    if authority.contains('[') != authority.contains(']') {
        return Err(UrlError::Brackets);
    }
    let path = path.split(['?', '#']).next().unwrap_or_default();
    Ok(Parts {
        scheme,
        authority: authority.to_owned(),
        path: path.to_owned(),
    })
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

#[cfg(test)]
mod tests {
    use super::{Endpoint, check};

    fn shown(url: &str) -> String {
        match Endpoint::of(url) {
            Ok(Endpoint::Unix { path }) => format!("unix {}", path.display()),
            Ok(Endpoint::Inet { host, port }) => format!("{host} {port}"),
            Err(error) => error.to_string(),
        }
    }

    // CTL-005, CTL-007: which of them pass was asked of the reference.
    #[test]
    fn the_flag_wants_a_scheme_and_a_host_or_a_path() {
        for url in [
            "ftp://x",
            "https://x",
            "unix:///a",
            "http:foo",
            "http:///",
            "localhost:9001",
            "unix:x",
            " http://x",
        ] {
            assert_eq!(check(url), Ok(()), "{url}");
        }
        for (url, text) in [
            ("foo", "value 'foo' is not a URL"),
            ("http://", "value 'http://' is not a URL"),
            ("x:", "value 'x:' is not a URL"),
            ("//x", "value '//x' is not a URL"),
            ("1a:b", "value '1a:b' is not a URL"),
            ("/a:b", "value '/a:b' is not a URL"),
            ("http:?q", "value 'http:?q' is not a URL"),
            ("", "value '' is not a URL"),
            ("http://[::1", "Invalid IPv6 URL"),
            ("http://a[b", "Invalid IPv6 URL"),
        ] {
            assert_eq!(
                check(url).map_err(|error| error.to_string()),
                Err(text.to_owned())
            );
        }
    }

    // CTL-007, CTL-030
    #[test]
    fn only_http_and_unix_lead_somewhere() {
        for (url, meaning) in [
            ("unix:///run/s.sock", "unix /run/s.sock"),
            ("unix://relative", "unix relative"),
            ("http://Localhost:9001", "localhost 9001"),
            ("http://h/foo?x#y", "h 80"),
            ("http://h:", "h 80"),
            ("http://user:secret@h:7", "h 7"),
            ("http://[::1]:9001/RPC2", "::1 9001"),
            ("http://[::1]", "::1 80"),
            ("https://x", "Unknown protocol for serverurl https://x"),
            ("HTTP://x", "Unknown protocol for serverurl HTTP://x"),
            ("http:foo", "Unknown protocol for serverurl http:foo"),
            ("http://h:99999", "Port out of range 0-65535"),
            (
                "http://h:x",
                "Port could not be cast to integer value as 'x'",
            ),
            (
                "http://a b",
                "URL can't contain control characters. 'a b' (found at least ' ')",
            ),
            ("http:///x", "no host in serverurl http:///x"),
        ] {
            assert_eq!(shown(url), meaning, "{url}");
        }
    }

    // CTL-031
    #[test]
    fn the_host_header_leaves_out_the_usual_port() {
        let header = |url| Endpoint::of(url).map(|endpoint| endpoint.host_header());
        assert_eq!(header("unix:///s").as_deref(), Ok("localhost"));
        assert_eq!(header("http://h:80").as_deref(), Ok("h"));
        assert_eq!(header("http://h:9001").as_deref(), Ok("h:9001"));
        assert_eq!(header("http://[::1]:9001").as_deref(), Ok("[::1]:9001"));
    }
}
