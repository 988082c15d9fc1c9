//! The page: what people see of the daemon in a browser, and what scripts read of it.
//!
//! ```text
//!   http ── Resource::at(path) ── gate ──▶ Pages::answer ──▶ status │ tail_page │ actions ──▶ Handle
//!                                                        └─▶ live │ act │ config │ logs ─────▶ Handle
//! ```
//!
//! Without JavaScript the pages are those of the reference: the same addresses, links, tables, messages and redirects
//! (WEB rows). With it, one script makes a live page of them and uses what is below `/web/`, which is its own
//! business and no contract. This module knows nothing of HTTP but paths and forms: it answers with [`Answer`]s, which
//! [`http`](crate::http) puts on the wire, after its gate has judged where a request comes from.

mod act;
mod actions;
pub mod assets;
mod config;
mod confirm;
mod form;
mod html;
mod live;
mod logs;
mod status;
mod tail_page;

use std::path::PathBuf;

use self::assets::Asset;
use self::confirm::Token;
use self::form::Form;
use self::live::Live;
pub use self::live::Viewer;
use crate::daemon::handle::Handle;
use crate::model::fault::{Fault, FaultCode};
use crate::model::log;
use crate::model::states::SupervisorState;

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    /// `/` and `/index.html`, where actions are asked for too.
    Status,
    /// `/tail.html`.
    Tail,
    Asset(&'static Asset),
    /// The news for the page's script, as server-sent events.
    Events,
    /// What the page's script asks to be done.
    Act,
    /// The configuration as it was last read.
    Config,
    /// Which log files a process has.
    Logs,
    /// A log as it grows.
    Log,
    /// A log file as it is.
    File,
    /// A folder of assets, named without its slash (HTTP-114).
    Directory(&'static str),
}

impl Resource {
    /// Leading slashes collapse on pages (WEB-001).
    pub fn at(path: &str) -> Option<Self> {
        match path.trim_start_matches('/') {
            "" | "index.html" => Some(Self::Status),
            "tail.html" => Some(Self::Tail),
            "web/events" => Some(Self::Events),
            "web/act" => Some(Self::Act),
            "web/config" => Some(Self::Config),
            "web/logs" => Some(Self::Logs),
            "web/log" => Some(Self::Log),
            "web/file" => Some(Self::File),
            path => {
                let directory = assets::DIRECTORIES.into_iter().find(|name| *name == path);
                let asset = || assets::find(path).map(Self::Asset);
                directory.map(Self::Directory).or_else(asset)
            }
        }
    }

    /// By which methods it can be asked for. Pages do not take HEAD (HTTP-116).
    pub fn methods(self) -> &'static [&'static str] {
        match self {
            Self::Status | Self::Tail => &["GET", "POST"],
            Self::Asset(_) | Self::Directory(_) => &["GET", "HEAD"],
            Self::Act => &["POST"],
            Self::Events | Self::Config | Self::Logs | Self::Log | Self::File => &["GET"],
        }
    }
}

/// What is asked of a page.
#[derive(Debug)]
pub struct Ask<'a> {
    pub query: &'a str,
    /// The body of a POST.
    pub body: &'a [u8],
    /// The `Host` header, if there is one.
    pub host: Option<&'a str>,
    /// False for a browser that does not prove that one of our own pages sent it.
    pub is_proven: bool,
}

/// What a page answers.
pub enum Answer {
    Page(String),
    Json(String),
    /// This file as it grows, beginning with that many of its last bytes.
    Tail {
        path: PathBuf,
        head: u64,
    },
    /// This file: all of it to be kept, or so many of its last bytes to be shown.
    File {
        path: PathBuf,
        last: Option<u64>,
    },
    /// Whatever there is to see, for as long as somebody looks.
    Live(Viewer),
    NotFound,
    /// 301 to this place.
    Moved(String),
    /// 500; the reason is in the log (WEB-030).
    Broken,
}

/// Answers for every page.
pub struct Pages {
    handle: Handle,
    token: Token,
    live: Live,
}

impl Pages {
    pub fn new(handle: Handle) -> Self {
        Self {
            live: Live::new(handle.clone()),
            handle,
            token: Token::default(),
        }
    }

    /// Answers one request for a page. An action takes as long as what it waits for.
    pub async fn answer(&self, resource: Resource, ask: Ask<'_>) -> Answer {
        let form = Form::parse(ask.query, ask.body);
        let answered = match resource {
            Resource::Tail => Ok(Answer::Page(tail_page::page(&self.handle, &form))),
            Resource::Events => Ok(Answer::Live(self.live.viewer())),
            Resource::Act if ask.is_proven => Ok(Answer::Json(act::run(&self.handle, &form).await)),
            // A browser sends the origin with every POST of our script.
            Resource::Act => Ok(Answer::NotFound),
            Resource::Config => Ok(Answer::Json(config::json(&self.handle))),
            Resource::Logs => Ok(logs::list(&self.handle, &form)),
            Resource::Log => Ok(logs::follow(&self.handle, &form)),
            Resource::File => Ok(logs::file(&self.handle, &form)),
            Resource::Status => self.status(&form, &ask).await,
            Resource::Asset(_) | Resource::Directory(_) => Ok(Answer::NotFound),
        };
        answered.unwrap_or_else(|reason| {
            log::error!("Web interface error: {reason}");
            Answer::Broken
        })
    }

    async fn status(&self, form: &Form, ask: &Ask<'_>) -> Result<Answer, String> {
        let Some(action) = form.get("action") else {
            return status::page(&self.handle, form.get("message")).map(Answer::Page);
        };
        if !ask.is_proven && !harmless(action) && !self.token.is(form.get("token")) {
            return confirm::page(&self.token, form).map(Answer::Page);
        }
        let message = actions::run(&self.handle, action, form.get("processname")).await?;
        let home = ask.host.map(home).unwrap_or_default();
        let message = html::quote(&message);
        Ok(Answer::Moved(format!("{home}/?message={message}")))
    }
}

/// Whether a query asks for something to be done; the gate wants to know before anything is read.
pub fn asks_for_action(query: &str) -> bool {
    Form::parse(query, b"")
        .get("action")
        .is_some_and(|action| !harmless(action))
}

/// An action that does nothing.
fn harmless(action: &str) -> bool {
    action == "refresh"
}

/// Where a client finds us that sends this `Host` (WEB-021). Without one, a path is enough for everybody: the
/// reference makes up a URL that leads nowhere on a unix socket.
fn home(host: &str) -> String {
    let host = host.trim();
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    let host = match host.rsplit_once(':') {
        Some((name, "" | "80")) => name,
        Some((name, port)) if !is_port(port) && !host.ends_with(']') => name,
        _ => host,
    };
    format!("http://{host}")
}

/// The gate of the RPC methods, which pages go through as well (WEB-033).
fn admit(handle: &Handle) -> Result<(), Fault> {
    match handle.read(|supervisor, _| supervisor.state()) {
        SupervisorState::Running => Ok(()),
        _ => Err(Fault::bare(FaultCode::ShutdownState)),
    }
}

/// A fault that a page has no better words for.
fn unexpected(fault: &Fault) -> String {
    format!("unexpected rpc fault [{}] {fault}", fault.code.number())
}

#[cfg(test)]
mod tests {
    use super::{Resource, home};

    // WEB-001, HTTP-110, HTTP-111, HTTP-114, HTTP-115
    #[test]
    fn paths_lead_to_pages_and_assets() {
        assert_eq!(Resource::at("/"), Some(Resource::Status));
        assert_eq!(Resource::at("///index.html"), Some(Resource::Status));
        assert_eq!(Resource::at("/tail.html"), Some(Resource::Tail));
        assert_eq!(Resource::at("/images"), Some(Resource::Directory("images")));
        assert!(matches!(
            Resource::at("/images/icon.png"),
            Some(Resource::Asset(asset)) if asset.bytes.starts_with(b"\x89PNG")
        ));
        for path in [
            "/images/",
            "/images/../index.html",
            "/status.html",
            "/Index.html",
        ] {
            assert_eq!(Resource::at(path), None, "{path}");
        }
    }

    // WEB-021; what is no port is dropped as Python's splitport drops it... and an IPv6 address is none
    #[test]
    fn redirects_lead_back_to_the_host_that_was_asked() {
        assert_eq!(home("a.b:9001"), "http://a.b:9001");
        assert_eq!(home(" a.b:80 "), "http://a.b");
        assert_eq!(home("a.b:"), "http://a.b");
        assert_eq!(home("[::1]:9001"), "http://[::1]:9001");
        assert_eq!(home("[::1]"), "http://[::1]");
    }
}
