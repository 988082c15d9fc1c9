//! The addresses that HTTP probes go to, and where a redirect leads from one of them.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hyper::Uri;

/// An absolute `http` or `https` address, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    pub secure: bool,
    /// Without the brackets of an IPv6 address.
    pub host: String,
    pub port: u16,
    /// As the `Host` header names them: with the port only where it was written.
    pub authority: String,
    /// Path and query, beginning with `/`.
    pub target: String,
    /// `user:password`, as it was written before the host.
    pub credentials: Option<String>,
}

/// This is no address of the kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadUrl(pub String);

impl fmt::Display for BadUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bad URL '{}'", self.0)
    }
}

impl Url {
    pub fn parse(text: &str) -> Result<Self, BadUrl> {
        let bad = || BadUrl(text.to_owned());
        let uri: Uri = text.parse().map_err(|_| bad())?;
        let secure = match uri.scheme_str() {
            Some(scheme) if scheme.eq_ignore_ascii_case("http") => false,
            Some(scheme) if scheme.eq_ignore_ascii_case("https") => true,
            _ => return Err(bad()),
        };
        let whole = uri.authority().ok_or_else(bad)?;
        let (credentials, authority) = match whole.as_str().rsplit_once('@') {
            Some((credentials, authority)) => (Some(credentials.to_owned()), authority),
            None => (None, whole.as_str()),
        };
        let host = whole.host().trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() {
            return Err(bad());
        }
        // `host:` is the same as `host`; anything else behind a colon must be a port.
        let written = authority.rsplit_once(':').map(|(_, port)| port);
        let port = match (whole.port_u16(), written) {
            (Some(port), _) => port,
            (None, Some(written)) if !written.is_empty() && !written.ends_with(']') => {
                return Err(bad());
            }
            (None, _) if secure => 443,
            (None, _) => 80,
        };
        let target = match uri.path_and_query().map(|target| target.as_str()) {
            None | Some("") => "/".to_owned(),
            Some(query) if query.starts_with('?') => format!("/{query}"),
            Some(target) => target.to_owned(),
        };
        Ok(Self {
            secure,
            host: host.to_owned(),
            port,
            authority: authority.to_owned(),
            target,
            credentials,
        })
    }

    /// Where a `Location` found here leads.
    pub fn follow(&self, location: &str) -> Result<Self, BadUrl> {
        let location = location.split('#').next().unwrap_or_default();
        let scheme = if self.secure { "https" } else { "http" };
        let here = format!("{scheme}://{}", self.authority);
        if location.contains("://") {
            return Self::parse(location);
        }
        if location.starts_with("//") {
            return Self::parse(&format!("{scheme}:{location}"));
        }
        let path = self.target.split('?').next().unwrap_or("/");
        let mut next = Self::parse(&match location.chars().next() {
            None => format!("{here}{}", self.target),
            Some('/') => format!("{here}{location}"),
            Some('?') => format!("{here}{path}{location}"),
            Some(_) => {
                let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
                format!("{here}{folder}/{location}")
            }
        })?;
        next.credentials.clone_from(&self.credentials);
        Ok(next)
    }

    /// The value of an `Authorization` header for the credentials in the address.
    pub fn authorization(&self) -> Option<String> {
        let credentials = self.credentials.as_ref()?;
        let decoded = percent_decoded(credentials);
        Some(format!("Basic {}", BASE64.encode(decoded)))
    }

    /// Whether headers meant for `other` may be sent here as well.
    pub fn is_same_place(&self, other: &Self) -> bool {
        (self.secure || !other.secure)
            && self.port == other.port
            && self.host.eq_ignore_ascii_case(&other.host)
    }
}

fn percent_decoded(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let digits = text
            .get(at + 1..at + 3)
            .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(value) if byte == b'%' => {
                decoded.push(value);
                at += 3;
            }
            _ => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::Url;

    fn parts(text: &str) -> Option<(String, u16, String)> {
        let url = Url::parse(text).ok()?;
        Some((url.host, url.port, url.target))
    }

    fn some(host: &str, port: u16, target: &str) -> Option<(String, u16, String)> {
        Some((host.to_owned(), port, target.to_owned()))
    }

    // GO-199
    #[test]
    fn an_address_has_a_host_a_port_and_a_target() {
        assert_eq!(parts("http://a"), some("a", 80, "/"));
        assert_eq!(
            parts("HTTP://a.b:81/x/y?z=1#top"),
            some("a.b", 81, "/x/y?z=1")
        );
        assert_eq!(parts("https://a?z"), some("a", 443, "/?z"));
        assert_eq!(parts("http://[::1]:9/"), some("::1", 9, "/"));
        assert_eq!(parts("http://[::1]/"), some("::1", 80, "/"));
        assert_eq!(parts("http://u:p%40ss@a/"), some("a", 80, "/"));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "a",
            "/x",
            "ftp://a/",
            "http://",
            "http:///x",
            "http://a:port/",
            "http://a:99999/",
            "http://a/b c",
        ] {
            assert!(Url::parse(text).is_err(), "{text}");
        }
    }

    // GO-200
    #[test]
    fn a_redirect_may_be_absolute_or_relative() {
        let here = Url::parse("http://a:8/x/y?z").expect("an address");
        let to = |location| here.follow(location).map(|url| (url.authority, url.target));
        let there = |authority: &str, target: &str| Ok((authority.to_owned(), target.to_owned()));
        assert_eq!(to("https://b/c"), there("b", "/c"));
        assert_eq!(to("//b/c"), there("b", "/c"));
        assert_eq!(to("/c?d#e"), there("a:8", "/c?d"));
        assert_eq!(to("c"), there("a:8", "/x/c"));
        assert_eq!(to("?d"), there("a:8", "/x/y?d"));
        assert!(here.follow("http://a b/").is_err());
    }

    #[test]
    fn credentials_in_the_address_become_a_header() {
        let url = Url::parse("http://user:p%40ss@a/").expect("an address");
        assert_eq!(url.authorization().as_deref(), Some("Basic dXNlcjpwQHNz"));
        assert_eq!(url.authority, "a");
    }
}
