//! What HTTP asks of the daemon, answered through [`Handle`] and [`Rpc`].

use std::path::PathBuf;

use hyper::StatusCode;

use crate::daemon::handle::Handle;
use crate::http::{Backend, LogTail};
use crate::rpc::{HttpStatus, Rpc};
use crate::supervisor::event::Channel;
use crate::web::{Answer, Ask, Pages, Resource};

/// The daemon as its HTTP servers see it. All servers show the same (HTTP-015).
pub struct Site {
    handle: Handle,
    rpc: Rpc,
    pages: Pages,
}

impl Site {
    pub fn new(handle: Handle, namespaces: Vec<String>) -> Self {
        Self {
            rpc: Rpc::new(handle.clone(), namespaces),
            pages: Pages::new(handle.clone()),
            handle,
        }
    }
}

impl Backend for Site {
    async fn respond(&self, body: Vec<u8>) -> Result<Vec<u8>, StatusCode> {
        self.rpc
            .respond(&body)
            .await
            .map_err(|status| match status {
                HttpStatus::BadRequest => StatusCode::BAD_REQUEST,
                HttpStatus::InternalError => StatusCode::INTERNAL_SERVER_ERROR,
            })
    }

    async fn page(&self, resource: Resource, ask: Ask<'_>) -> Answer {
        self.pages.answer(resource, ask).await
    }

    fn process_log(&self, log: LogTail<'_>) -> Option<PathBuf> {
        let channel = match log.channel {
            "stdout" => Channel::Stdout,
            "stderr" => Channel::Stderr,
            _ => return None,
        };
        self.handle.read(|supervisor, _| {
            let id = supervisor.find(log.group, log.process)?;
            supervisor.log_path(id, channel).map(ToOwned::to_owned)
        })
    }

    fn main_log(&self) -> Option<PathBuf> {
        self.handle.main_log()
    }
}
