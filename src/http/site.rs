//! What is served: the seam between HTTP and the rest of the house.

use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use hyper::StatusCode;

use super::routes::LogTail;
use crate::metrics::{Answered, Exposition, Wishes};
use crate::rest::{self, health::Health};
use crate::web::{Answer, Ask, Resource};

/// What the routes ask for. The daemon answers through `Handle` and `Rpc`; tests answer by themselves.
pub trait Backend {
    /// Answers an XML-RPC request; a status where there is no XML to answer with.
    fn respond(&self, body: Vec<u8>) -> impl Future<Output = Result<Vec<u8>, StatusCode>>;

    /// Answers for a page.
    fn page(&self, resource: Resource, ask: Ask<'_>) -> impl Future<Output = Answer>;

    /// Answers a scrape.
    fn metrics(&self, wishes: Wishes<'_>) -> impl Future<Output = Exposition>;

    /// Answers for a JSON endpoint.
    fn rest(
        &self,
        resource: rest::Resource,
        ask: rest::Ask<'_>,
    ) -> impl Future<Output = rest::Answer>;

    /// Whether the answer to that question is yes.
    fn health(&self, health: Health) -> bool;

    /// A request has its answer; for metrics.
    fn answered(&self, kind: Answered, took: Duration);

    /// Where that log is; `None` when there is no such process, channel or file name (HTTP-092).
    fn process_log(&self, log: LogTail<'_>) -> Option<PathBuf>;

    /// Where the daemon's own log is; `None` when it goes elsewhere (HTTP-096).
    fn main_log(&self) -> Option<PathBuf>;
}
