//! From the target of a request to who answers it; text in, decision out.
//!
//! Prefixes are tried in the reference's order (HTTP-060): RPC, log tail, main log tail; then whatever has a path of its
//! own. A target is decoded once, before routing, as in the reference (HTTP-033). It decodes the path of a log tail a
//! second time (`http.py`, `logtail_handler.handle_request`), which no client can want: we do not.

use std::borrow::Cow;

use hyper::{Method, Uri};

use crate::model::namespec::Namespec;
use crate::rest;
use crate::rest::health::Health;
use crate::web::{Resource, asks_for_action};

/// Who answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// Anything that starts with `/RPC2` (HTTP-061).
    Rpc,
    /// Anything that starts with `/logtail` (HTTP-091); what it says comes apart in [`LogTail::parse`].
    LogTail(String),
    /// Anything that starts with `/mainlogtail` (HTTP-096).
    MainLogTail,
    /// `/ok.html`, which is for load balancers.
    Ok,
    /// `/metrics` (GO-324).
    Metrics,
    /// `/healthz` and `/readyz`.
    Health(Health),
    /// The JSON endpoints (GO-281).
    Rest(rest::Resource),
    /// A page, or what belongs to one.
    Web(Resource),
    /// Nothing: 404 for those who look, 400 for the others (HTTP-064, HTTP-065).
    Elsewhere,
}

impl Route {
    /// A target that names a host, or that is no path at all, leads nowhere (HTTP-034).
    pub fn of(uri: &Uri) -> Self {
        if uri.authority().is_some() {
            return Self::Elsewhere;
        }
        let target = unquote(uri.path());
        if target.starts_with("/RPC2") {
            return Self::Rpc;
        }
        let path = target.split([';', '?', '#']).next().unwrap_or_default();
        if target.starts_with("/logtail") {
            Self::LogTail(path.to_owned())
        } else if target.starts_with("/mainlogtail") {
            Self::MainLogTail
        } else if path.trim_start_matches('/') == "ok.html" {
            Self::Ok
        } else if path == "/metrics" {
            Self::Metrics
        } else if let Some(health) = Health::at(path) {
            Self::Health(health)
        } else if let Some(resource) = rest::Resource::at(uri.path()) {
            Self::Rest(resource)
        } else {
            Resource::at(path).map_or(Self::Elsewhere, Self::Web)
        }
    }

    /// Whether there is a handler for this route and the method. Where the reference has the route, it is that which has
    /// the handler; otherwise it is 400 there and 405 where the route is ours.
    pub fn takes(&self, method: &Method) -> bool {
        match self {
            Self::Rpc => method == Method::POST,
            Self::LogTail(_) | Self::MainLogTail => method == Method::GET,
            Self::Ok => method == Method::GET || method == Method::POST,
            Self::Metrics | Self::Health(_) | Self::Rest(_) => {
                self.methods().contains(&method.as_str())
            }
            Self::Web(resource) => resource.methods().contains(&method.as_str()),
            Self::Elsewhere => method == Method::GET || method == Method::HEAD,
        }
    }
}

impl Route {
    /// By which methods what is ours can be asked for.
    pub fn methods(&self) -> &'static [&'static str] {
        match self {
            Self::Rest(resource) => resource.methods(),
            Self::Rpc
            | Self::LogTail(_)
            | Self::MainLogTail
            | Self::Ok
            | Self::Metrics
            | Self::Health(_)
            | Self::Web(_)
            | Self::Elsewhere => &["GET", "HEAD"],
        }
    }

    /// Whether the reference has nothing there: its rules for methods and bodies do not hold.
    pub fn is_ours(&self) -> bool {
        match self {
            Self::Metrics | Self::Health(_) | Self::Rest(_) => true,
            Self::Rpc
            | Self::LogTail(_)
            | Self::MainLogTail
            | Self::Ok
            | Self::Web(_)
            | Self::Elsewhere => false,
        }
    }
}

/// What a request may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It only shows something.
    Show,
    /// It changes something, and a form can prove that it is meant.
    ChangeByForm,
    /// It changes something.
    Change,
}

impl Route {
    /// What a request for this route may do (the gate's question).
    pub fn effect(&self, method: &Method, query: &str) -> Effect {
        match self {
            Self::Rpc => Effect::Change,
            Self::Web(resource) => match resource {
                Resource::Status if method == Method::POST || asks_for_action(query) => {
                    Effect::ChangeByForm
                }
                Resource::Act => Effect::Change,
                _ => Effect::Show,
            },
            Self::Rest(resource) if resource.changes() && method != Method::GET => Effect::Change,
            Self::LogTail(_)
            | Self::MainLogTail
            | Self::Ok
            | Self::Metrics
            | Self::Health(_)
            | Self::Rest(_)
            | Self::Elsewhere => Effect::Show,
        }
    }

    /// What metrics call this part of the site.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Rpc => "rpc",
            Self::LogTail(_) => "logtail",
            Self::MainLogTail => "mainlogtail",
            Self::Ok => "ok",
            Self::Metrics => "metrics",
            Self::Health(_) => "health",
            Self::Rest(_) => "rest",
            Self::Web(_) => "web",
            Self::Elsewhere => "elsewhere",
        }
    }
}

/// Which log a path names: `/logtail/NAME` or `/logtail/NAME/CHANNEL` (HTTP-090).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogTail<'a> {
    pub group: &'a str,
    pub process: &'a str,
    pub channel: &'a str,
}

/// Why a path names no log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoLog {
    /// There is nothing after `/logtail`: 500 in the reference, and so here (HTTP-093).
    Nothing,
    /// 404.
    NotFound,
}

impl<'a> LogTail<'a> {
    /// The first component is dropped, whatever it is (HTTP-091).
    pub fn parse(path: &'a str) -> Result<Self, NoLog> {
        let path = path.trim_start_matches('/');
        let (_, name) = path.split_once('/').ok_or(NoLog::Nothing)?;
        let (name, channel) = name.split_once('/').unwrap_or((name, "stdout"));
        let Namespec { group, process } = Namespec::parse(name);
        Ok(Self {
            group,
            process: process.ok_or(NoLog::NotFound)?,
            channel,
        })
    }
}

/// Decodes `%XX`, leaving alone what is no such thing, as Python's `unquote` does.
fn unquote(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        match rest {
            [b'%', high, low, tail @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                decoded.push(hex(*high) << 4 | hex(*low));
                rest = tail;
            }
            _ => {
                decoded.push(*first);
                rest = tail;
            }
        }
    }
    Cow::Owned(String::from_utf8_lossy(&decoded).into_owned())
}

fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}

#[cfg(test)]
mod tests {
    use super::{LogTail, NoLog, Route, unquote};
    use hyper::{Method, Uri};

    fn route(target: &str) -> Route {
        Route::of(&target.parse::<Uri>().expect("a target"))
    }

    // HTTP-033, HTTP-061
    #[test]
    fn whatever_starts_with_rpc2_is_a_call() {
        for target in [
            "/RPC2",
            "/RPC2/",
            "/RPC2foo?x=1",
            "/RPC2#x",
            "/%52PC2",
            "/RPC2;x",
        ] {
            assert_eq!(route(target), Route::Rpc, "{target}");
        }
        for target in ["/rpc2", "//RPC2", "/x/RPC2", "*", "http://x/RPC2", "x:80"] {
            assert_eq!(route(target), Route::Elsewhere, "{target}");
        }
    }

    // HTTP-060, HTTP-091, HTTP-096
    #[test]
    fn tails_are_told_apart_by_their_prefix() {
        let tail = |path: &str| Route::LogTail(path.to_owned());
        assert_eq!(route("/logtail/cat"), tail("/logtail/cat"));
        assert_eq!(route("/logtail%2Fa%3Ab;x?y"), tail("/logtail/a:b"));
        assert_eq!(route("/logtail/a%3Fb"), tail("/logtail/a"));
        assert_eq!(route("/logtail/%2561"), tail("/logtail/%61"));
        assert_eq!(route("/mainlogtailfoo"), Route::MainLogTail);
        assert_eq!(route("//logtail/cat"), Route::Elsewhere);
        assert_eq!(route("/ok.html?x"), Route::Ok);
        assert_eq!(route("//ok.html"), Route::Ok);
    }

    // HTTP-062, HTTP-064, HTTP-065, HTTP-094
    #[test]
    fn every_route_has_its_methods() {
        let takes = |target: &str| {
            let all = [Method::GET, Method::HEAD, Method::POST, Method::PUT];
            all.map(|method| route(target).takes(&method))
        };
        assert_eq!(takes("/RPC2"), [false, false, true, false]);
        assert_eq!(takes("/logtail/x"), [true, false, false, false]);
        assert_eq!(takes("/mainlogtail"), [true, false, false, false]);
        assert_eq!(takes("/nothing"), [true, true, false, false]);
        assert!(!route("/RPC2").takes(&Method::from_bytes(b"post").expect("a method")));
    }

    // HTTP-090 to HTTP-093
    #[test]
    fn a_tail_names_a_process_and_a_channel() {
        let log = |group, process, channel| {
            Ok(LogTail {
                group,
                process,
                channel,
            })
        };
        assert_eq!(LogTail::parse("/logtail/a"), log("a", "a", "stdout"));
        assert_eq!(
            LogTail::parse("/logtailx/g:a/stderr"),
            log("g", "a", "stderr")
        );
        assert_eq!(LogTail::parse("/logtail/a/b/c"), log("a", "a", "b/c"));
        assert_eq!(LogTail::parse("/logtail/a/"), log("a", "a", ""));
        assert_eq!(LogTail::parse("/logtail//a"), log("", "", "a"));
        assert_eq!(LogTail::parse("/logtail/"), log("", "", "stdout"));
        assert_eq!(LogTail::parse("/logtail/g:*"), Err(NoLog::NotFound));
        assert_eq!(LogTail::parse("/logtail"), Err(NoLog::Nothing));
    }

    #[test]
    fn percent_signs_that_escape_nothing_stay() {
        assert_eq!(unquote("/a%zz%4"), "/a%zz%4");
        assert_eq!(unquote("%41%c3%A9%"), "Aé%");
        assert_eq!(unquote("%ff"), "\u{fffd}");
    }
}
