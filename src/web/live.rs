//! What open pages are told: how things stand, and then whatever changes, as server-sent events.
//!
//! ```text
//!   machine's events ─┐
//!                     ├─▶ hub ── one message for all ──▶ viewer ──▶ its connection
//!   /proc, every 2 s ─┘
//! ```
//!
//! All viewers share one hub, which is there while somebody looks: without viewers there is no task, no timer and no
//! look at `/proc`. The hub remembers the text of every row and sends those that differ, so a quiet machine sends
//! nothing. A viewer that does not keep up loses messages and is told how things stand instead; it never costs more
//! than the messages that are kept for all of them.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::{Rc, Weak};
use std::time::Duration;

use hyper::body::Bytes;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::{AbortHandle, spawn_local, yield_now};
use tokio::time::{Instant, sleep, sleep_until};

use crate::daemon::handle::Handle;
use crate::daemon::usage::{Sampler, Usage};
use crate::logs::local_time::LocalTime;
use crate::model::json::{Object, array, text};
use crate::model::namespec::display_name;
use crate::model::process_info::{ProcessInfo, description};
use crate::model::states::ProcessState;
use crate::model::time::UnixTime;
use crate::supervisor::Supervisor;
use crate::supervisor::event::Event;

/// How often processes are looked at.
const SAMPLE: Duration = Duration::from_secs(2);

/// How long a page hears nothing at most. Proxies cut what is silent, and a page that hears nothing for much longer
/// knows that its connection is dead.
const BEAT: Duration = Duration::from_secs(20);

/// How long a change waits for others to go with it.
const GATHER: Duration = Duration::from_millis(50);

/// How many messages a viewer may be behind.
const BACKLOG: usize = 32;

/// How many events a new viewer is told of.
const REMEMBERED: usize = 100;

/// How many processes are looked at in one go; others have their turn in between.
const GO: usize = 25;

/// Makes viewers.
pub struct Live {
    handle: Handle,
    hub: RefCell<Weak<Hub>>,
}

impl Live {
    pub fn new(handle: Handle) -> Self {
        Self {
            handle,
            hub: RefCell::default(),
        }
    }

    /// One more who looks. The first one wakes the hub up.
    pub fn viewer(&self) -> Viewer {
        let mut shared = self.hub.borrow_mut();
        let hub = shared.upgrade().unwrap_or_else(|| {
            let hub = Hub::open(self.handle.clone());
            *shared = Rc::downgrade(&hub);
            hub
        });
        Viewer {
            news: hub.sender.subscribe(),
            hub,
            is_new: true,
        }
    }
}

/// Somebody who looks; the hub goes with the last one.
pub struct Viewer {
    hub: Rc<Hub>,
    news: broadcast::Receiver<Bytes>,
    is_new: bool,
}

impl Viewer {
    /// The next message: first how things stand, then what changes. Can be dropped and asked again.
    pub async fn next(&mut self) -> Bytes {
        if !self.is_new {
            match self.news.recv().await {
                Ok(news) => return news,
                Err(RecvError::Lagged(_)) => {}
                // Cannot be while we hold the hub.
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
        self.is_new = false;
        // What is still to come is in there already.
        self.news = self.hub.sender.subscribe();
        self.hub.everything()
    }
}

/// What all viewers share.
struct Hub {
    handle: Handle,
    sender: broadcast::Sender<Bytes>,
    known: RefCell<Known>,
    task: AbortHandle,
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What viewers have been told.
#[derive(Default)]
struct Known {
    head: String,
    /// Every row as it was sent, by name.
    rows: BTreeMap<String, String>,
    events: VecDeque<String>,
    usage: BTreeMap<i32, Usage>,
}

impl Hub {
    fn open(handle: Handle) -> Rc<Self> {
        Rc::new_cyclic(|hub: &Weak<Self>| {
            let mut known = Known::default();
            handle.read(|supervisor, now| known.renew(supervisor, now.unix));
            known.head = head(&handle);
            let task = spawn_local(watch(handle.clone(), hub.clone()));
            Self {
                handle,
                sender: broadcast::Sender::new(BACKLOG),
                known: RefCell::new(known),
                task: task.abort_handle(),
            }
        })
    }

    fn everything(&self) -> Bytes {
        let known = self.known.borrow();
        let rows = known.rows.values().cloned();
        let events = known.events.iter().cloned();
        let now = self.handle.read(|_, now| now.unix.capped_seconds());
        let all = Object::default()
            .json("now", now)
            .json("head", &known.head)
            .json("rows", array(rows))
            .json("events", array(events));
        message("all", &all.done())
    }

    /// Sends whatever differs from what was sent before, if anything does.
    fn refresh(&self, happened: Vec<String>) -> bool {
        let handle = &self.handle;
        let mut known = self.known.borrow_mut();
        let (changed, gone) = handle.read(|supervisor, now| known.renew(supervisor, now.unix));
        let mut news = Object::default();
        let mut any = false;
        let head = head(handle);
        if head != known.head {
            news = news.json("head", &head);
            known.head = head;
            any = true;
        }
        for (name, values) in [
            ("rows", changed),
            ("gone", gone),
            ("events", happened.clone()),
        ] {
            if !values.is_empty() {
                news = news.json(name, array(values));
                any = true;
            }
        }
        known.events.extend(happened);
        let surplus = known.events.len().saturating_sub(REMEMBERED);
        known.events.drain(..surplus);
        if any {
            // Nobody is there to take it when the last viewer has just gone.
            let _ = self.sender.send(message("news", &news.done()));
        }
        any
    }

    fn beat(&self) {
        let _ = self.sender.send(message("beat", "{}"));
    }
}

impl Known {
    /// Makes all rows anew; gives those that changed, and the names of those that are gone.
    fn renew(&mut self, supervisor: &Supervisor, now: UnixTime) -> (Vec<String>, Vec<String>) {
        let mut changed = Vec::new();
        let mut rows = BTreeMap::new();
        for info in supervisor.all_infos(now) {
            let name = display_name(info.group, info.name);
            let row = row(supervisor, &info, &name, self.usage.get(&info.pid));
            if self.rows.get(&name) != Some(&row) {
                changed.push(row.clone());
            }
            rows.insert(name, row);
        }
        let gone = self.rows.keys().filter(|name| !rows.contains_key(*name));
        let gone = gone.map(|name| text(name)).collect();
        self.rows = rows;
        (changed, gone)
    }
}

/// The hub's task: waits for something to happen, and looks at processes now and then.
async fn watch(handle: Handle, hub: Weak<Hub>) {
    let mut events = handle.events();
    let mut sampler = Sampler::default();
    let mut sample_at = Instant::now();
    let mut told_at = Instant::now();
    loop {
        let mut happened = Vec::new();
        tokio::select! {
            event = events.recv() => {
                if let Ok(event) = event {
                    happened.extend(told(&handle, &event));
                    if happened.is_empty() {
                        continue;
                    }
                }
                // What comes meanwhile goes with it; a gap says only that there is more to look at.
                sleep(GATHER).await;
                loop {
                    match events.try_recv() {
                        Ok(event) => happened.extend(told(&handle, &event)),
                        Err(broadcast::error::TryRecvError::Lagged(_)) => {}
                        Err(_) => break,
                    }
                }
                let surplus = happened.len().saturating_sub(REMEMBERED);
                happened.drain(..surplus);
            }
            () = sleep_until(sample_at) => {
                sample(&handle, &hub, &mut sampler).await;
                sample_at = Instant::now() + SAMPLE;
            }
        }
        let Some(hub) = hub.upgrade() else {
            return;
        };
        if hub.refresh(happened) {
            told_at = Instant::now();
        } else if told_at.elapsed() >= BEAT {
            hub.beat();
            told_at = Instant::now();
        }
    }
}

async fn sample(handle: &Handle, hub: &Weak<Hub>, sampler: &mut Sampler) {
    let pids: Vec<i32> = handle.read(|supervisor, now| {
        let pids = supervisor.all_infos(now.unix).map(|info| info.pid);
        pids.filter(|pid| *pid > 0).collect()
    });
    let mut usage = BTreeMap::new();
    for (at, pid) in pids.iter().enumerate() {
        usage.extend(sampler.look(*pid).map(|used| (*pid, used)));
        if at % GO == GO - 1 {
            yield_now().await;
        }
    }
    sampler.keep(&pids);
    if let Some(hub) = hub.upgrade() {
        hub.known.borrow_mut().usage = usage;
    }
}

/// What is true of supervisord as a whole.
fn head(handle: &Handle) -> String {
    Object::default()
        .text("identifier", &handle.identifier())
        .text(
            "state",
            handle.read(|supervisor, _| supervisor.state()).name(),
        )
        .json("pid", std::process::id())
        .json("log", handle.main_log().is_some())
        .done()
}

/// One process as the script shows it. Uptimes are left to the script, which has a clock.
fn row(
    supervisor: &Supervisor,
    info: &ProcessInfo<'_>,
    name: &str,
    usage: Option<&Usage>,
) -> String {
    let told = match info.state {
        ProcessState::Running => String::new(),
        _ => description(info, |seconds| {
            LocalTime::at(seconds.into()).date_and_clock()
        }),
    };
    let id = supervisor.find(info.group, info.name);
    let history = id.and_then(|id| supervisor.history(id));
    let mut row = Object::default()
        .text("name", name)
        .text("group", info.group)
        .text("state", info.state.name())
        .text("told", &told)
        .json("pid", info.pid)
        .json("start", info.start.capped_seconds())
        .json("stop", info.stop.capped_seconds())
        .text("spawnerr", info.spawnerr)
        .json("out", !info.stdout_logfile.is_empty())
        .json("err", !info.stderr_logfile.is_empty());
    if let Some(history) = history {
        row = row
            .json("starts", history.starts)
            .json("restarts", history.restarts)
            .json("exits", history.exits);
        if history.exits > 0 {
            // When, how, and whether it was to be expected.
            let ends = history.recent().map(|ended| {
                let at = ended.at.capped_seconds();
                format!("[{at},{},{}]", text(&ended.in_words()), ended.expected)
            });
            row = row.json("ends", array(ends));
        }
    }
    if let Some(usage) = usage {
        if let Some(percent) = usage.percent {
            row = row.text("cpu", &percent_in_words(percent));
        }
        row = row.text("memory", &bytes_in_words(usage.bytes));
    }
    row.done()
}

fn percent_in_words(percent: f64) -> String {
    if percent < 9.95 {
        format!("{percent:.1}")
    } else {
        format!("{percent:.0}")
    }
}

/// Two or three digits, so that small changes show nothing new.
fn bytes_in_words(bytes: u64) -> String {
    const MEBIBYTE: u64 = 1 << 20;
    match bytes {
        0..MEBIBYTE => format!("{} K", bytes >> 10),
        MEBIBYTE..10_485_760 => {
            let tenths = bytes * 10 / MEBIBYTE;
            format!("{}.{} M", tenths / 10, tenths % 10)
        }
        _ if bytes < 10 << 30 => format!("{} M", bytes >> 20),
        _ => format!("{} G", bytes >> 30),
    }
}

/// An event as people are told of it; what processes write, and ticks, are none of their business here.
fn told(handle: &Handle, event: &Event) -> Option<String> {
    if matches!(
        event,
        Event::ProcessLog { .. } | Event::ProcessCommunication { .. } | Event::Tick { .. }
    ) {
        return None;
    }
    let at = handle.read(|_, now| now.unix.capped_seconds());
    let payload: String = event.payload().chars().take(500).collect();
    let object = Object::default()
        .json("at", at)
        .text("name", event.name())
        .text("payload", payload.trim_end());
    Some(object.done())
}

/// A server-sent event; JSON has no line breaks of its own.
fn message(kind: &str, data: &str) -> Bytes {
    format!("event: {kind}\ndata: {data}\n\n").into()
}

#[cfg(test)]
mod tests {
    use super::{bytes_in_words, message, percent_in_words};

    #[test]
    fn numbers_are_short() {
        let shown = [500 << 10, 1 << 20, 5_800_000, 300 << 20, 12 << 30].map(bytes_in_words);
        assert_eq!(shown, ["500 K", "1.0 M", "5.5 M", "300 M", "12 G"]);
        let shown = [0.0, 0.04, 9.94, 9.96, 250.4].map(percent_in_words);
        assert_eq!(shown, ["0.0", "0.0", "9.9", "10", "250"]);
    }

    #[test]
    fn a_message_is_one_event() {
        assert_eq!(&message("news", "{}")[..], b"event: news\ndata: {}\n\n");
    }
}
