//! Where a request comes from: our own page, a script, another site's page, a name that is not ours.
//!
//! A browser sends what other sites tell it to, from wherever it can reach us. What it says about that cannot be
//! forged by a page: `Sec-Fetch-Site` (on HTTPS and on this machine), `Origin` (with every POST), `Referer` (unless
//! the other site withholds it). Programs send none of these, and are answered as ever.
//!
//! A name that is not ours may be one that another site lets point to us for a moment (DNS rebinding); its pages are
//! then of the same origin for the browser, and only our knowing our names helps. Names are judged on inet servers
//! without a password alone: a browser gives a password to no other name than the one it was entered for.

use std::net::{IpAddr, Ipv6Addr};

use hyper::HeaderMap;
use hyper::header::{HOST, ORIGIN, REFERER, USER_AGENT};

use crate::config::types::{ServerAddress, ServerConfig};

/// Who sends a request, as far as can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// No browser, or none that shows: a program.
    Program,
    /// One of our own pages, or the person at the browser.
    Own,
    /// A browser that proves nothing: on plain HTTP links of other sites look like this.
    Unproven,
    /// Another site's page.
    Foreign,
    /// A browser that knows us by a name that we do not.
    UnknownName,
}

/// The names of one server.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// `None`: any name will do.
    own: Option<Vec<String>>,
    /// Names that the configuration lists, which proxies may have for us.
    allowed: Vec<String>,
}

impl Names {
    pub fn of(config: &ServerConfig) -> Self {
        let is_locked = config
            .username
            .as_deref()
            .is_some_and(|name| !name.is_empty());
        if is_locked {
            Self {
                own: None,
                ..Self::without_password(config)
            }
        } else {
            Self::without_password(config)
        }
    }

    /// The same for what is open in spite of a password.
    pub fn without_password(config: &ServerConfig) -> Self {
        let allowed: Vec<String> = config
            .allowed_hosts
            .iter()
            .map(|name| name.to_ascii_lowercase())
            .collect();
        let any = allowed.iter().any(|name| name == "*");
        let own = match &config.address {
            ServerAddress::Inet { host, .. } if !any => {
                let machine = nix::unistd::gethostname().ok();
                let machine = machine.and_then(|name| name.into_string().ok());
                let names = [Some(host.clone()), machine].into_iter().flatten();
                Some(names.map(|name| name.to_ascii_lowercase()).collect())
            }
            ServerAddress::Inet { .. } | ServerAddress::Unix { .. } => None,
        };
        Self { own, allowed }
    }

    /// Judges by what a browser would say.
    pub fn source(&self, headers: &HeaderMap) -> Source {
        let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
        let host = text(HOST.as_str()).map(|host| host.trim().to_ascii_lowercase());
        let fetch_site = text("sec-fetch-site");
        let origin = text(ORIGIN.as_str());
        let says_fetch = headers
            .keys()
            .any(|name| name.as_str().starts_with("sec-fetch-"));
        let is_browser = says_fetch
            || origin.is_some()
            || text(USER_AGENT.as_str()).is_some_and(|agent| agent.starts_with("Mozilla/"));
        if !is_browser {
            return Source::Program;
        }
        let host = host.as_deref().unwrap_or_default();
        let is_known = self.knows(host);
        if (says_fetch || origin.is_some()) && !is_known {
            return Source::UnknownName;
        }
        match (fetch_site, origin) {
            (Some("same-origin" | "none"), _) => Source::Own,
            (Some(_), _) => Source::Foreign,
            (None, Some(origin)) if self.is_same(origin, host) => Source::Own,
            (None, Some(_)) => Source::Foreign,
            (None, None) => match text(REFERER.as_str()) {
                Some(referer) if is_known && self.is_same(referer, host) => Source::Own,
                Some(_) | None => Source::Unproven,
            },
        }
    }

    /// Whether nobody else can have us under this name: addresses, names of this machine, and names that no public
    /// name server has.
    fn knows(&self, host: &str) -> bool {
        let Some(own) = &self.own else {
            return true;
        };
        let name = without_port(host).trim_end_matches('.');
        let bare = name.trim_start_matches('[').trim_end_matches(']');
        let is_address = name.parse::<IpAddr>().is_ok() || bare.parse::<Ipv6Addr>().is_ok();
        let is_local = !name.contains('.')
            || [".localhost", ".local", ".internal"]
                .iter()
                .any(|suffix| name.ends_with(suffix));
        !name.is_empty()
            && (is_address || is_local || own.iter().any(|own| own == name) || self.allows(host))
    }

    fn allows(&self, host: &str) -> bool {
        let name = without_port(host);
        self.allowed
            .iter()
            .any(|allowed| allowed == host || allowed == name)
    }

    /// Whether a URL leads to this host, or to one that a proxy may have for us.
    fn is_same(&self, url: &str, host: &str) -> bool {
        let url = url.to_ascii_lowercase();
        let Some((scheme, rest)) = url.split_once("://") else {
            return false;
        };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let port = match scheme {
            "http" => ":80",
            "https" => ":443",
            _ => return false,
        };
        let plain = |name: &str| name.strip_suffix(port).unwrap_or(name).to_owned();
        !authority.is_empty() && (plain(authority) == plain(host) || self.allows(authority))
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::{Names, Source};
    use hyper::HeaderMap;
    use hyper::header::{HeaderName, HeaderValue};

    fn names() -> Names {
        Names {
            own: Some(vec!["box.example.com".to_owned()]),
            allowed: vec!["sup.example.com".to_owned()],
        }
    }

    fn source(names: &Names, lines: &[(&str, &str)]) -> Source {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            let name: HeaderName = name.parse().expect("a name");
            headers.insert(name, HeaderValue::from_str(value).expect("a value"));
        }
        names.source(&headers)
    }

    const FIREFOX: (&str, &str) = ("user-agent", "Mozilla/5.0 (X11)");

    #[test]
    fn programs_are_answered_as_ever() {
        for lines in [
            &[][..],
            &[("host", "evil.example")],
            &[
                ("user-agent", "curl/8"),
                ("referer", "http://evil.example/"),
            ],
        ] {
            assert_eq!(source(&names(), lines), Source::Program, "{lines:?}");
        }
    }

    #[test]
    fn browsers_are_known_by_what_pages_cannot_forge() {
        let host = ("host", "10.0.0.1:9001");
        for (lines, expected) in [
            (&[host, ("sec-fetch-site", "same-origin")][..], Source::Own),
            (&[host, ("sec-fetch-site", "none")], Source::Own),
            (&[host, ("sec-fetch-site", "cross-site")], Source::Foreign),
            (&[host, ("sec-fetch-site", "same-site")], Source::Foreign),
            (&[host, ("origin", "http://10.0.0.1:9001")], Source::Own),
            (&[host, ("origin", "http://10.0.0.1")], Source::Foreign),
            (&[host, ("origin", "null")], Source::Foreign),
            (&[host, ("origin", "http://evil.example")], Source::Foreign),
            (&[host, ("origin", "https://sup.example.com")], Source::Own),
            (&[("host", "a"), ("origin", "http://a:80")], Source::Own),
            (&[("host", "a:443"), ("origin", "https://a")], Source::Own),
            (&[host, FIREFOX], Source::Unproven),
            (
                &[host, FIREFOX, ("referer", "http://10.0.0.1:9001/x?y")],
                Source::Own,
            ),
            (
                &[
                    host,
                    FIREFOX,
                    ("referer", "http://10.0.0.1:9001.evil.example/"),
                ],
                Source::Unproven,
            ),
        ] {
            assert_eq!(source(&names(), lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn a_name_that_may_be_anybodys_is_refused() {
        let site = ("sec-fetch-site", "same-origin");
        for (host, known) in [
            ("127.0.0.1", true),
            ("[::1]:9001", true),
            ("localhost:9001", true),
            ("LOCALHOST", true),
            ("box.example.com:9001", true),
            ("sup.example.com", true),
            ("supervisor:9001", true),
            ("box.local", true),
            ("evil.example", false),
            ("127.0.0.1.evil.example", false),
            ("localhost.evil.example:9001", false),
            ("", false),
        ] {
            let expected = if known {
                Source::Own
            } else {
                Source::UnknownName
            };
            assert_eq!(
                source(&names(), &[("host", host), site]),
                expected,
                "{host}"
            );
            let own = format!("http://{host}/");
            let by_referer = source(&names(), &[("host", host), FIREFOX, ("referer", &own)]);
            let expected = if known { Source::Own } else { Source::Unproven };
            assert_eq!(by_referer, expected, "{host}");
        }
        let anywhere = Names::default();
        assert_eq!(
            source(&anywhere, &[("host", "evil.example"), site]),
            Source::Own
        );
    }
}
