//! What HTTP asks of the daemon, answered through [`Handle`] and [`Rpc`].

use std::cell::Cell;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use hyper::StatusCode;
use tokio::task::spawn_local;
use tokio::time::sleep;

use crate::daemon::handle::Handle;
use crate::daemon::memory;
use crate::http::{Backend, LogTail};
use crate::metrics::{Answered, Exposition, Metrics, Wishes};
use crate::rest::{self, Rest, health::Health};
use crate::rpc::{HttpStatus, Rpc};
use crate::supervisor::event::Channel;
use crate::web::{Answer, Ask, Pages, Resource};

/// The daemon as its HTTP servers see it. All servers show the same (HTTP-015).
pub struct Site {
    handle: Handle,
    rpc: Rpc,
    pages: Pages,
    metrics: Rc<Metrics>,
    rest: Rest,
    /// Somebody is about to give back memory.
    tidying: Rc<Cell<bool>>,
}

/// An answer of this size leaves behind free memory worth giving back.
const LARGE: usize = 256 * 1024;

/// How long that memory is kept for the next answer.
const KEPT: Duration = Duration::from_secs(1);

impl Site {
    pub fn new(handle: Handle, namespaces: Vec<String>) -> Self {
        let metrics = Rc::new(Metrics::new(handle.clone()));
        let clock = Rc::clone(&metrics);
        let took = Box::new(move |method: &str, took| clock.called(method, took));
        Self {
            rpc: Rpc::new(handle.clone(), namespaces, took),
            metrics,
            rest: Rest::new(handle.clone()),
            pages: Pages::new(handle.clone()),
            handle,
            tidying: Rc::default(),
        }
    }

    fn tidy_up_soon(&self) {
        if self.tidying.replace(true) {
            return;
        }
        let tidying = Rc::clone(&self.tidying);
        spawn_local(async move {
            sleep(KEPT).await;
            tidying.set(false);
            memory::trim_heap();
        });
    }
}

impl Backend for Site {
    async fn respond(&self, body: Vec<u8>) -> Result<Vec<u8>, StatusCode> {
        let answer = self.rpc.respond(&body).await;
        if answer
            .as_ref()
            .is_ok_and(|document| document.len() >= LARGE)
        {
            self.tidy_up_soon();
        }
        answer.map_err(|status| match status {
            HttpStatus::BadRequest => StatusCode::BAD_REQUEST,
            HttpStatus::InternalError => StatusCode::INTERNAL_SERVER_ERROR,
        })
    }

    async fn metrics(&self, wishes: Wishes<'_>) -> Exposition {
        let exposition = self.metrics.scrape(wishes).await;
        if exposition.body.len() >= LARGE {
            self.tidy_up_soon();
        }
        exposition
    }

    async fn rest(&self, resource: rest::Resource, ask: rest::Ask<'_>) -> rest::Answer {
        self.rest.answer(resource, ask).await
    }

    fn health(&self, health: Health) -> bool {
        health.look(&self.handle)
    }

    fn answered(&self, kind: Answered, took: Duration) {
        self.metrics.answered(kind, took);
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
