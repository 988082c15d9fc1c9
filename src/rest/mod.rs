//! The JSON endpoints of the Go rewrite, and what orchestrators ask (GO-288 to GO-323).
//!
//! ```text
//!   http ── Resource::at(path) ── gate ──▶ Rest::answer ──▶ programs │ daemon │ logs ──▶ Handle
//!                                           health  ◀── /healthz, /readyz
//! ```
//!
//! Paths, members and their order, and the texts are the Go rewrite's at both of its levels: with a node before the name,
//! and without as its articles have it. There is one node, this one. A bare name is taken for a process in whatever
//! group it is, as long as there is only one of that name (GO-054); XML-RPC stays strict.
//!
//! What was begun is carried through, whether or not somebody still waits for the answer: a restart must not end half-way
//! because a script was interrupted.

mod daemon;
mod host;
mod logs;
mod names;
mod programs;
mod resource;
mod wanted;

pub mod health;

use std::future::Future;
use std::path::PathBuf;

use tokio::task::spawn_local;

pub use self::resource::{Channel, Deed, Resource};
use crate::daemon::handle::Handle;
use crate::model::json::Object;

/// What comes with a request.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ask<'a> {
    pub query: &'a str,
    pub body: &'a [u8],
    /// The client takes JSON where the Go rewrite answers with a sentence.
    pub takes_json: bool,
    /// What the server that was asked calls this node; the name of the machine if it does not say.
    pub node: Option<&'a str>,
    /// Nobody comes here who has not shown that they may: by a password, or by the mode of a socket.
    pub is_guarded: bool,
}

/// What is answered.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    Json {
        status: u16,
        text: String,
    },
    Text {
        status: u16,
        text: Vec<u8>,
    },
    /// This file, as it is.
    File(PathBuf),
    /// To this place of ours.
    Moved(String),
}

impl Answer {
    /// JSON with the newline that Go puts at its end (GO-295).
    fn json(status: u16, mut text: String) -> Self {
        text.push('\n');
        Self::Json { status, text }
    }

    /// The answer to whatever is done: clients look at this member before they look at the status (GO-299).
    fn success(status: u16, success: bool) -> Self {
        Self::json(status, Object::default().json("success", success).done())
    }

    fn error(status: u16, text: &str) -> Self {
        Self::json(status, Object::default().text("error", text).done())
    }

    fn nothing() -> Self {
        Self::error(404, "not found")
    }
}

/// Answers for every endpoint. One is enough for all servers.
pub struct Rest {
    handle: Handle,
    host: host::Host,
}

impl Rest {
    pub fn new(handle: Handle) -> Self {
        Self {
            handle,
            host: host::Host::default(),
        }
    }

    /// Answers one request whose method has been found right.
    pub async fn answer(&self, resource: Resource, ask: Ask<'_>) -> Answer {
        let node = names::node(ask.node);
        let is_here = |asked: &Option<String>| asked.as_ref().is_none_or(|asked| *asked == node);
        match resource {
            Resource::List => programs::list(&self.handle, &node),
            Resource::Info { node: asked, name } if is_here(&asked) => {
                programs::info(&self.handle, &node, &name)
            }
            Resource::Info { .. } => Answer::error(404, "no such node"),
            Resource::Act {
                deed,
                node: asked,
                name,
            } if is_here(&asked) => {
                let handle = self.handle.clone();
                carry_through(async move { programs::act(&handle, deed, &name).await }).await
            }
            Resource::Many(deed) => {
                let takes_json = ask.takes_json;
                match wanted::parse(ask.body) {
                    Some(wanted) => {
                        let handle = self.handle.clone();
                        let done = programs::many(handle, deed, wanted, node, takes_json);
                        carry_through(done).await
                    }
                    None => Answer::Text {
                        status: 400,
                        text: b"not a valid request\n".to_vec(),
                    },
                }
            }
            Resource::Shutdown { node: asked } if is_here(&asked) => {
                daemon::shutdown(&self.handle).await
            }
            Resource::Reload { node: asked } if is_here(&asked) => {
                let handle = self.handle.clone();
                carry_through(async move { daemon::reload(&handle).await }).await
            }
            // GO-304
            Resource::Act { .. } | Resource::Shutdown { .. } | Resource::Reload { .. } => {
                Answer::success(404, false)
            }
            // GO-313
            Resource::Ping { node: asked } => Answer::success(200, asked == node),
            Resource::ListNodes => Answer::json(200, self.host.nodes(&node)),
            Resource::Log {
                node: asked,
                name,
                channel,
            } if is_here(&asked) => logs::window(&self.handle, &name, channel, ask.query),
            Resource::Log { .. } => Answer::nothing(),
            Resource::LogFile { program, file } if ask.is_guarded => {
                logs::file(&self.handle, &program, &file)
            }
            Resource::LogFile { .. } => Answer::nothing(),
            Resource::LogPage => logs::page(ask.query),
            Resource::Conf { program } => logs::configuration(&self.handle, &program),
            Resource::Nothing => Answer::nothing(),
        }
    }
}

/// Goes on with it also when the future that waits for it is dropped.
async fn carry_through(work: impl Future<Output = Answer> + 'static) -> Answer {
    match spawn_local(work).await {
        Ok(answer) => answer,
        // A task that panicked has told so on stderr.
        Err(_) => Answer::error(500, "failed"),
    }
}
