//! Our own families: one row each, from which the answer and the test of `docs/metrics.md` come.
//!
//! Names follow the Prometheus conventions. What is about one process has the labels `group` and `name`, as the four
//! families of the Go rewrite have; a process's numbers begin anew when its group is activated again.

use std::fmt;

use prometheus_client::encoding::{EncodeLabelSet, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;

use super::snapshot::{ProcessRow, Snapshot};
use crate::logs::counters::LogCounters;
use crate::model::health::Verdict;
use crate::model::histogram::Histogram;
use crate::model::signal::signal_name;
use crate::model::states::ProcessState;
use crate::supervisor::history::End;

/// What is told, and how.
#[derive(Debug, Clone, Copy)]
pub struct Family {
    /// Without the unit, and without the `_total` of counters.
    pub name: &'static str,
    pub help: &'static str,
    pub measure: Measure,
    pub kind: MetricType,
    /// Only for the list: [`encode`](Self::encode) writes them.
    #[cfg_attr(not(test), allow(dead_code))]
    pub labels: &'static [&'static str],
    pub encode: Encode,
}

/// What a number counts; part of the name where it is a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    Things,
    Seconds,
    Bytes,
}

impl Measure {
    pub fn unit(self) -> Option<&'static Unit> {
        match self {
            Self::Things => None,
            Self::Seconds => Some(&Unit::Seconds),
            Self::Bytes => Some(&Unit::Bytes),
        }
    }
}

type Encode = fn(&Snapshot, &mut MetricEncoder<'_>) -> fmt::Result;

const PROCESS: &[&str] = &["group", "name"];
const STREAM: &[&str] = &["group", "name", "stream"];

const fn counter(
    name: &'static str,
    help: &'static str,
    labels: &'static [&'static str],
    encode: Encode,
) -> Family {
    Family {
        name,
        help,
        measure: Measure::Things,
        kind: MetricType::Counter,
        labels,
        encode,
    }
}

const fn gauge(
    name: &'static str,
    help: &'static str,
    labels: &'static [&'static str],
    encode: Encode,
) -> Family {
    Family {
        kind: MetricType::Gauge,
        ..counter(name, help, labels, encode)
    }
}

/// A histogram of lengths of time.
const fn durations(
    name: &'static str,
    help: &'static str,
    labels: &'static [&'static str],
    encode: Encode,
) -> Family {
    Family {
        kind: MetricType::Histogram,
        ..counter(name, help, labels, encode).in_(Measure::Seconds)
    }
}

impl Family {
    const fn in_(self, measure: Measure) -> Self {
        Self { measure, ..self }
    }
}

/// All of them, in the order in which they are told.
pub static ALL: &[Family] = &[
    gauge(
        "supervisord_process_state",
        "1 for the state that the process is in, 0 for the others",
        &["group", "name", "state"],
        process_state,
    ),
    counter(
        "supervisord_process_starts",
        "Starts of the process, failed ones included",
        PROCESS,
        |all, out| counts(all, out, |row| row.history.starts),
    ),
    counter(
        "supervisord_process_restarts",
        "Starts that nobody asked for: after an exit, or after a start that failed",
        PROCESS,
        |all, out| counts(all, out, |row| row.history.restarts),
    ),
    counter(
        "supervisord_process_backoffs",
        "How often the process entered BACKOFF",
        PROCESS,
        |all, out| counts(all, out, |row| row.history.backoffs),
    ),
    counter(
        "supervisord_process_exits",
        "Ends of the process, by exit code or by signal",
        &["group", "name", "code", "signal"],
        process_exits,
    ),
    gauge(
        "supervisord_process_uptime",
        "How long ago the process was started, while it is up",
        PROCESS,
        |all, out| {
            numbers(all, out, |row| {
                let up = f64::from(row.now) - f64::from(row.start);
                (row.pid > 0).then_some(up.max(0.0))
            })
        },
    )
    .in_(Measure::Seconds),
    counter(
        "supervisord_process_cpu",
        "Processor time that the process itself has used, without its children",
        PROCESS,
        process_cpu,
    )
    .in_(Measure::Seconds),
    gauge(
        "supervisord_process_resident_memory",
        "Resident memory of the process itself, without its children",
        PROCESS,
        |all, out| whole_numbers(all, out, |row| row.usage.map(|usage| usage.resident_bytes)),
    )
    .in_(Measure::Bytes),
    gauge(
        "supervisord_process_healthy",
        "1 while the liveness checks of the process succeed, 0 while they fail; none while nothing is known",
        PROCESS,
        |all, out| {
            whole_numbers(all, out, |row| match row.health? {
                Verdict::Unknown => None,
                Verdict::Healthy => Some(1),
                Verdict::Unhealthy => Some(0),
            })
        },
    ),
    counter(
        "supervisord_process_log",
        "What the process has written to be logged",
        STREAM,
        |all, out| streams(all, out, |log| log.bytes),
    )
    .in_(Measure::Bytes),
    counter(
        "supervisord_process_log_rotations",
        "How often a log file was set aside or emptied because it was full",
        STREAM,
        |all, out| streams(all, out, |log| log.rotations),
    ),
    counter(
        "supervisord_process_log_lost",
        "What a target of the log did not get",
        STREAM,
        |all, out| streams(all, out, |log| log.lost_bytes),
    )
    .in_(Measure::Bytes),
    counter(
        "supervisord_process_log_lost_messages",
        "Lines that a syslog did not get, and blocks that a stream of supervisord did not take",
        STREAM,
        |all, out| streams(all, out, |log| log.lost_messages),
    ),
    gauge(
        "supervisord_event_queue_length",
        "Events that wait for the listeners of the pool",
        &["pool"],
        |all, out| queue_numbers(all, out, |length, _| length),
    ),
    gauge(
        "supervisord_event_queue_capacity",
        "The buffer_size of the pool",
        &["pool"],
        |all, out| queue_numbers(all, out, |_, capacity| capacity),
    ),
    counter(
        "supervisord_events_dropped",
        "Events that had to go because the buffer of the pool was full",
        &["pool"],
        events_dropped,
    ),
    durations(
        "supervisord_http_request_duration",
        "Time to the answer of an HTTP request, or to the beginning of one that goes on",
        &["route", "method", "status"],
        http_durations,
    ),
    durations(
        "supervisord_rpc_duration",
        "Time to the answer of an XML-RPC call, with what it waits for",
        &["method"],
        rpc_durations,
    ),
    durations(
        "supervisord_turn_duration",
        "Time of one turn of the machine, in which nothing else happens",
        &[],
        |all, out| histogram(out, &all.latencies.turns),
    ),
    durations(
        "supervisord_output_round_duration",
        "Time of one round of reading what processes have written, in which nothing else happens",
        &[],
        |all, out| histogram(out, &all.latencies.rounds),
    ),
    durations(
        "supervisord_timer_lateness",
        "How much too late deadlines were looked after",
        &[],
        |all, out| histogram(out, &all.latencies.lateness),
    ),
    Family {
        kind: MetricType::Info,
        ..gauge(
            "supervisord_build",
            "The version of this program, and the release of Supervisor whose behaviour it keeps",
            &["version", "supervisor_version"],
            build,
        )
    },
    counter(
        "process_cpu",
        "Processor time of supervisord itself",
        &[],
        |all, out| match all.own.usage {
            Some(usage) => out.encode_counter::<NoLabelSet, _, f64>(&usage.cpu_seconds, None),
            None => Ok(()),
        },
    )
    .in_(Measure::Seconds),
    gauge(
        "process_resident_memory",
        "Resident memory of supervisord itself",
        &[],
        |all, out| one(out, all.own.usage.map(|usage| usage.resident_bytes)),
    )
    .in_(Measure::Bytes),
    gauge(
        "process_virtual_memory",
        "Virtual memory of supervisord itself",
        &[],
        |all, out| one(out, all.own.usage.map(|usage| usage.virtual_bytes)),
    )
    .in_(Measure::Bytes),
    gauge(
        "process_start_time",
        "When supervisord was started, since 1970",
        &[],
        |all, out| match all.own.start {
            Some(start) => out.encode_gauge(&start),
            None => Ok(()),
        },
    )
    .in_(Measure::Seconds),
    gauge(
        "process_open_fds",
        "File descriptors that supervisord has open",
        &[],
        |all, out| one(out, all.own.open_files.map(|count| count as u64)),
    ),
    gauge(
        "process_max_fds",
        "File descriptors that supervisord may have open",
        &[],
        |all, out| one(out, all.own.most_files),
    ),
];

const STATES: [ProcessState; 8] = [
    ProcessState::Stopped,
    ProcessState::Starting,
    ProcessState::Running,
    ProcessState::Backoff,
    ProcessState::Stopping,
    ProcessState::Exited,
    ProcessState::Fatal,
    ProcessState::Unknown,
];

fn labels(row: &ProcessRow) -> [(&str, &str); 2] {
    [("group", &row.group), ("name", &row.name)]
}

fn process_state(all: &Snapshot, out: &mut MetricEncoder<'_>) -> fmt::Result {
    for row in &all.processes {
        for state in STATES {
            let [group, name] = labels(row);
            let labels = [group, name, ("state", state.name())];
            let is_in = i64::from(row.state == state);
            out.encode_family(&labels)?.encode_gauge(&is_in)?;
        }
    }
    Ok(())
}

fn process_exits(all: &Snapshot, out: &mut MetricEncoder<'_>) -> fmt::Result {
    for row in &all.processes {
        for (end, times) in row.history.ends() {
            let (code, signal) = match end {
                End::Code(code) => (code.to_string(), String::new()),
                End::Signal(number) => (String::new(), signal_name(*number)),
            };
            let [group, name] = labels(row);
            let labels = [group, name, ("code", &*code), ("signal", &*signal)];
            count(out, &labels, *times)?;
        }
    }
    Ok(())
}

fn process_cpu(all: &Snapshot, out: &mut MetricEncoder<'_>) -> fmt::Result {
    for row in &all.processes {
        if let Some(usage) = row.usage {
            let labels = labels(row);
            let mut out = out.encode_family(&labels)?;
            out.encode_counter::<NoLabelSet, _, f64>(&usage.cpu_seconds, None)?;
        }
    }
    Ok(())
}

fn events_dropped(all: &Snapshot, out: &mut MetricEncoder<'_>) -> fmt::Result {
    for row in &all.queues {
        count(out, &[("pool", row.pool.as_str())], row.dropped)?;
    }
    Ok(())
}

fn http_durations(all: &Snapshot, out: &mut MetricEncoder<'_>) -> fmt::Result {
    for (kind, took) in &all.durations.http {
        let status = kind.status.to_string();
        let labels = [
            ("route", kind.route),
            ("method", kind.method),
            ("status", &*status),
        ];
        histogram(&mut out.encode_family(&labels)?, took)?;
    }
    Ok(())
}

fn rpc_durations(all: &Snapshot, out: &mut MetricEncoder<'_>) -> fmt::Result {
    for (method, took) in &all.durations.rpc {
        let labels = [("method", method.as_str())];
        histogram(&mut out.encode_family(&labels)?, took)?;
    }
    Ok(())
}

fn build(_: &Snapshot, out: &mut MetricEncoder<'_>) -> fmt::Result {
    out.encode_info(&[
        ("version", env!("CARGO_PKG_VERSION")),
        ("supervisor_version", "4.3.0"),
    ])
}

/// One counter for each process.
fn counts(
    all: &Snapshot,
    out: &mut MetricEncoder<'_>,
    of: impl Fn(&ProcessRow) -> u64,
) -> fmt::Result {
    for row in &all.processes {
        count(out, &labels(row), of(row))?;
    }
    Ok(())
}

/// One counter for each of the two streams of each process.
fn streams(
    all: &Snapshot,
    out: &mut MetricEncoder<'_>,
    of: impl Fn(&LogCounters) -> u64,
) -> fmt::Result {
    for row in &all.processes {
        for (stream, counters) in [("stdout", &row.logs.stdout), ("stderr", &row.logs.stderr)] {
            let [group, name] = labels(row);
            count(out, &[group, name, ("stream", stream)], of(counters))?;
        }
    }
    Ok(())
}

/// One gauge for each process that has the number.
fn numbers(
    all: &Snapshot,
    out: &mut MetricEncoder<'_>,
    of: impl Fn(&ProcessRow) -> Option<f64>,
) -> fmt::Result {
    for row in &all.processes {
        if let Some(number) = of(row) {
            out.encode_family(&labels(row))?.encode_gauge(&number)?;
        }
    }
    Ok(())
}

/// The same without a fraction.
fn whole_numbers(
    all: &Snapshot,
    out: &mut MetricEncoder<'_>,
    of: impl Fn(&ProcessRow) -> Option<u64>,
) -> fmt::Result {
    for row in &all.processes {
        if let Some(number) = of(row) {
            out.encode_family(&labels(row))?.encode_gauge(&number)?;
        }
    }
    Ok(())
}

/// One gauge for each pool, of its length and its capacity.
fn queue_numbers(
    all: &Snapshot,
    out: &mut MetricEncoder<'_>,
    of: impl Fn(usize, usize) -> usize,
) -> fmt::Result {
    for row in &all.queues {
        let labels = [("pool", row.pool.as_str())];
        let number = of(row.length, row.capacity);
        out.encode_family(&labels)?.encode_gauge(&number)?;
    }
    Ok(())
}

fn count(out: &mut MetricEncoder<'_>, labels: &impl EncodeLabelSet, count: u64) -> fmt::Result {
    let mut out = out.encode_family(labels)?;
    out.encode_counter::<NoLabelSet, _, f64>(&count, None)
}

fn one(out: &mut MetricEncoder<'_>, number: Option<u64>) -> fmt::Result {
    match number {
        Some(number) => out.encode_gauge(&number),
        None => Ok(()),
    }
}

fn histogram(out: &mut MetricEncoder<'_>, of: &Histogram) -> fmt::Result {
    let buckets: Vec<(f64, u64)> = of.buckets().collect();
    out.encode_histogram::<NoLabelSet>(of.sum().as_secs_f64(), of.count(), &buckets, None)
}
