//! `/metrics`: what Prometheus is told.
//!
//! ```text
//!   http ──▶ Metrics::scrape ──▶ snapshot (one moment of the machine, then /proc) ──▶ go │ families ──▶ gzip
//!      └───▶ Metrics::answered, Metrics::called: durations
//! ```
//!
//! First come the four families of the Go rewrite, to the letter (GO-324 to GO-332): they are also the node exporter's,
//! so dashboards exist. Our own follow, by way of the prometheus-client crate; `families` is their table and
//! `docs/metrics.md` their list. Everything is read when it is asked for and nothing is kept per process, so what is
//! removed is gone from the next answer. Only durations are collected as they happen, in a few histograms.
//!
//! An answer is made in slices between which everybody else gets a turn: a thousand programs take several milliseconds,
//! and nobody should wait that long for a `getState`.

mod families;
mod format;
mod go;
mod gzip;
mod snapshot;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, prometheus_text, text};
use prometheus_client::registry::Registry;
use tokio::task::yield_now;

use self::format::Format;
use self::snapshot::Snapshot;
use crate::daemon::handle::Handle;
use crate::model::histogram::Histogram;

/// What the headers of a scrape say.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wishes<'a> {
    pub accept: Option<&'a str>,
    pub accept_encoding: Option<&'a str>,
}

/// The answer to a scrape.
#[derive(Debug)]
pub struct Exposition {
    pub content_type: &'static str,
    pub gzipped: bool,
    pub body: Vec<u8>,
}

/// One kind of HTTP answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Answered {
    /// Which part of the site it was, never the path itself.
    pub route: &'static str,
    pub method: &'static str,
    pub status: u16,
}

/// How long clients wait.
#[derive(Debug, Clone, Default)]
struct Durations {
    http: BTreeMap<Answered, Histogram>,
    /// By the name of the method, of those that exist.
    rpc: BTreeMap<String, Histogram>,
}

/// Answers scrapes. One is enough for all servers.
pub struct Metrics {
    handle: Handle,
    durations: RefCell<Durations>,
}

impl Metrics {
    pub fn new(handle: Handle) -> Self {
        Self {
            handle,
            durations: RefCell::default(),
        }
    }

    /// A request has its answer, or the beginning of one.
    pub fn answered(&self, kind: Answered, took: Duration) {
        let mut durations = self.durations.borrow_mut();
        durations.http.entry(kind).or_default().add(took);
    }

    /// A method of XML-RPC has its answer.
    pub fn called(&self, method: &str, took: Duration) {
        let rpc = &mut self.durations.borrow_mut().rpc;
        match rpc.get_mut(method) {
            Some(histogram) => histogram.add(took),
            None => rpc.entry(method.to_owned()).or_default().add(took),
        }
    }

    pub async fn scrape(&self, wishes: Wishes<'_>) -> Exposition {
        let format = Format::asked(wishes.accept);
        let durations = self.durations.borrow().clone();
        let snapshot = Arc::new(Snapshot::take(&self.handle, durations).await);
        let text = expose(&snapshot, format).await;
        let gzipped = format::takes_gzip(wishes.accept_encoding);
        let body = if gzipped {
            gzip::compress(&text).await
        } else {
            text.into_bytes()
        };
        Exposition {
            content_type: format.content_type(),
            gzipped,
            body,
        }
    }
}

/// The whole text, family after family.
async fn expose(snapshot: &Arc<Snapshot>, format: Format) -> String {
    let mut out = String::new();
    match format {
        Format::Plain => go::write(&mut out, &snapshot.processes),
        Format::OpenMetrics => {
            let of_go = go::Families(Arc::clone(snapshot));
            encode(&mut out, of_go, format);
        }
    }
    for family in families::ALL {
        yield_now().await;
        let one = One {
            snapshot: Arc::clone(snapshot),
            family,
        };
        encode(&mut out, one, format);
    }
    if format == Format::OpenMetrics {
        // Writing to a String cannot fail, here and below.
        let _ = text::encode_eof(&mut out);
    }
    out
}

fn encode(out: &mut String, collector: impl Collector, format: Format) {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(collector));
    let _ = match format {
        Format::Plain => prometheus_text::encode(out, &registry),
        Format::OpenMetrics => text::encode_registry(out, &registry),
    };
}

/// One of our own families with the numbers of one scrape.
#[derive(Debug)]
struct One {
    snapshot: Arc<Snapshot>,
    family: &'static families::Family,
}

impl Collector for One {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let families::Family {
            name,
            help,
            measure,
            kind,
            encode,
            ..
        } = self.family;
        let mut encoder = encoder.encode_descriptor(name, help, measure.unit(), *kind)?;
        encode(&self.snapshot, &mut encoder)
    }
}
