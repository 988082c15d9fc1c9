//! Everything that one scrape tells, read from the machine in one borrow and then from `/proc` in slices.

use std::fs;

use nix::sys::resource::{Resource, getrlimit};
use tokio::task::yield_now;

use super::Durations;
use crate::daemon::handle::{Handle, Latencies, ProcessLogCounters};
use crate::daemon::usage::{Sampler, Total};
use crate::model::health::Verdict;
use crate::model::process_info::ProcessInfo;
use crate::model::states::ProcessState;
use crate::model::time::UnixTime;
use crate::supervisor::history::History;
use crate::supervisor::{Queue, Supervisor};

/// So many processes are looked at in `/proc` before others get their turn.
const SLICE: usize = 32;

/// The numbers of one scrape.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// By group, then by name (GO-330).
    pub processes: Vec<ProcessRow>,
    pub queues: Vec<QueueRow>,
    pub latencies: Latencies,
    pub durations: Durations,
    pub own: Own,
}

/// One process.
#[derive(Debug, Clone)]
pub struct ProcessRow {
    pub group: String,
    pub name: String,
    pub state: ProcessState,
    pub pid: i32,
    /// Seconds since 1970.
    pub start: i32,
    pub now: i32,
    pub history: History,
    /// `None` when there is no such process, or not any more.
    pub usage: Option<Total>,
    pub logs: ProcessLogCounters,
    /// `None` when it is not checked.
    pub health: Option<Verdict>,
}

/// What waits for one pool of event listeners.
#[derive(Debug, Clone)]
pub struct QueueRow {
    pub pool: String,
    pub length: usize,
    pub capacity: usize,
    pub dropped: u64,
}

/// What supervisord itself uses.
#[derive(Debug, Clone, Default)]
pub struct Own {
    pub usage: Option<Total>,
    /// When it began, in seconds since 1970.
    pub start: Option<f64>,
    pub open_files: Option<usize>,
    pub most_files: Option<u64>,
}

impl Snapshot {
    pub async fn take(handle: &Handle, durations: Durations) -> Self {
        let (mut processes, queues) = handle.read(|supervisor, now| {
            let rows = rows(handle, supervisor, now.unix);
            (rows, queues(supervisor))
        });
        let sampler = Sampler::default();
        for slice in processes.chunks_mut(SLICE) {
            for row in slice.iter_mut().filter(|row| row.pid > 0) {
                row.usage = sampler.total(row.pid);
            }
            yield_now().await;
        }
        Self {
            processes,
            queues,
            latencies: handle.latencies(),
            durations,
            own: Own::look(&sampler),
        }
    }
}

fn rows(handle: &Handle, supervisor: &Supervisor, now: UnixTime) -> Vec<ProcessRow> {
    let row = |info: ProcessInfo<'_>| {
        let id = supervisor.find(info.group, info.name);
        let history = id.and_then(|id| supervisor.history(id));
        ProcessRow {
            group: info.group.to_owned(),
            name: info.name.to_owned(),
            state: info.state,
            pid: info.pid,
            start: info.start.capped_seconds(),
            now: info.now.capped_seconds(),
            history: history.cloned().unwrap_or_default(),
            usage: None,
            logs: id.map(|id| handle.log_counters(id)).unwrap_or_default(),
            health: id.and_then(|id| Some(handle.health(id)?.verdict)),
        }
    };
    supervisor.all_infos(now).map(row).collect()
}

fn queues(supervisor: &Supervisor) -> Vec<QueueRow> {
    let row = |queue: Queue<'_>| QueueRow {
        pool: queue.pool.to_owned(),
        length: queue.length,
        capacity: queue.capacity,
        dropped: queue.dropped,
    };
    supervisor.event_queues().map(row).collect()
}

impl Own {
    fn look(sampler: &Sampler) -> Self {
        let pid = i32::try_from(std::process::id()).unwrap_or_default();
        let usage = sampler.total(pid);
        Self {
            usage,
            start: usage.and_then(|usage| Some(booted_at()? + usage.started)),
            open_files: fs::read_dir("/proc/self/fd").ok().map(Iterator::count),
            most_files: getrlimit(Resource::RLIMIT_NOFILE).ok().map(|limit| limit.0),
        }
    }
}

/// When the machine was started, in seconds since 1970.
fn booted_at() -> Option<f64> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    let line = stat.lines().find_map(|line| line.strip_prefix("btime "))?;
    line.trim().parse().ok()
}
