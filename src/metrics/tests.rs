//! What a scrape says, to the letter where others have fixed it, and the list of all families in the documentation.

use std::sync::Arc;
use std::time::Duration;

use super::families::{self, Measure};
use super::format::Format;
use super::snapshot::{Own, ProcessRow, QueueRow, Snapshot};
use super::{Answered, Durations, expose, go};
use crate::daemon::handle::ProcessLogCounters;
use crate::daemon::usage::Total;
use crate::logs::counters::LogCounters;
use crate::model::health::Verdict;
use crate::model::states::ProcessState;
use crate::model::time::UnixTime;
use crate::supervisor::command::ExitStatus;
use crate::supervisor::history::History;
use prometheus_client::metrics::MetricType;

fn row(group: &str, name: &str, state: ProcessState, start: i32) -> ProcessRow {
    let is_up = matches!(state, ProcessState::Running);
    ProcessRow {
        group: group.to_owned(),
        name: name.to_owned(),
        state,
        pid: if is_up { 7 } else { 0 },
        start,
        now: 1_632_135_600,
        history: History::default(),
        usage: is_up.then_some(Total {
            cpu_seconds: 1.5,
            resident_bytes: 4096,
            virtual_bytes: 8192,
            started: 1.0,
        }),
        logs: ProcessLogCounters::default(),
        health: None,
    }
}

fn ended(mut row: ProcessRow, status: ExitStatus) -> ProcessRow {
    row.history.starts = 2;
    row.history.restarts = 1;
    row.history.ended(UnixTime::default(), status, true);
    row
}

fn processes() -> Vec<ProcessRow> {
    let killed = ExitStatus::Signal {
        number: 9,
        core_dumped: false,
    };
    let failed = ExitStatus::Code(3);
    let (running, exited) = (ProcessState::Running, ProcessState::Exited);
    let mut api = row("api", "api", running, 1_632_135_574);
    api.health = Some(Verdict::Unhealthy);
    api.logs.stderr = LogCounters {
        bytes: 100,
        rotations: 2,
        lost_bytes: 30,
        lost_messages: 3,
    };
    vec![
        api,
        ended(row("b\"\\", "x\ny", exited, 5), failed),
        ended(row("web", "a", ProcessState::Backoff, 6), killed),
        ended(row("web", "b", ProcessState::Fatal, 7), failed),
    ]
}

fn snapshot() -> Arc<Snapshot> {
    let mut durations = Durations::default();
    let kind = Answered {
        route: "rpc",
        method: "POST",
        status: 200,
    };
    let took = Duration::from_micros(70);
    durations.http.entry(kind).or_default().add(took);
    let rpc = &mut durations.rpc;
    rpc.entry("supervisor.getState".to_owned())
        .or_default()
        .add(took);
    Arc::new(Snapshot {
        processes: processes(),
        queues: vec![QueueRow {
            pool: "mail".to_owned(),
            length: 2,
            capacity: 10,
            dropped: 3,
        }],
        durations,
        own: Own {
            usage: processes()[0].usage,
            start: Some(1_632_135_000.25),
            open_files: Some(12),
            most_files: Some(1024),
        },
        ..Snapshot::default()
    })
}

// SEED-035 to SEED-040, GO-325 to GO-331: every line of it, in this order
const OF_GO: &str = r#"# HELP node_supervisord_exit_status Process Exit Status
# TYPE node_supervisord_exit_status gauge
node_supervisord_exit_status{group="api",name="api"} 0
node_supervisord_exit_status{group="b\"\\",name="x\ny"} 3
node_supervisord_exit_status{group="web",name="a"} -1
node_supervisord_exit_status{group="web",name="b"} 0
# HELP node_supervisord_start_time_seconds Process start time
# TYPE node_supervisord_start_time_seconds counter
node_supervisord_start_time_seconds{group="api",name="api"} 1.632135574e+09
# HELP node_supervisord_state Process State
# TYPE node_supervisord_state gauge
node_supervisord_state{group="api",name="api"} 20
node_supervisord_state{group="b\"\\",name="x\ny"} 100
node_supervisord_state{group="web",name="a"} 30
node_supervisord_state{group="web",name="b"} 200
# HELP node_supervisord_up Process Up
# TYPE node_supervisord_up gauge
node_supervisord_up{group="api",name="api"} 1
node_supervisord_up{group="b\"\\",name="x\ny"} 0
node_supervisord_up{group="web",name="a"} 0
node_supervisord_up{group="web",name="b"} 0
"#;

#[tokio::test]
async fn the_four_families_of_the_go_rewrite_come_first_and_to_the_letter() {
    let text = expose(&snapshot(), Format::Plain).await;
    assert!(text.starts_with(OF_GO), "{text}");
    let rest = &text[OF_GO.len()..];
    assert!(
        rest.starts_with("# HELP supervisord_process_state ") && !rest.contains("node_"),
        "{rest}"
    );
}

// GO-328: nothing has a start time that does not run
#[test]
fn a_family_without_series_is_left_out() {
    let mut out = String::new();
    go::write(&mut out, &processes()[1..]);
    assert!(
        !out.contains("start_time") && out.contains("exit_status"),
        "{out}"
    );
    let mut nothing = String::new();
    go::write(&mut nothing, &[]);
    assert_eq!(nothing, "");
}

#[tokio::test]
async fn our_own_families_say_what_they_know() {
    let text = expose(&snapshot(), Format::Plain).await;
    let web = r#"group="web",name="a""#;
    let api = r#"group="api",name="api""#;
    for line in [
        format!(r#"supervisord_process_state{{{api},state="RUNNING"}} 1"#),
        format!(r#"supervisord_process_state{{{api},state="FATAL"}} 0"#),
        format!("supervisord_process_starts_total{{{web}}} 2"),
        format!("supervisord_process_restarts_total{{{web}}} 1"),
        format!(r#"supervisord_process_exits_total{{{web},code="",signal="SIGKILL"}} 1"#),
        r#"supervisord_process_exits_total{group="b\"\\",name="x\ny",code="3",signal=""} 1"#
            .to_owned(),
        format!("supervisord_process_uptime_seconds{{{api}}} 26.0"),
        format!("supervisord_process_cpu_seconds_total{{{api}}} 1.5"),
        format!("supervisord_process_resident_memory_bytes{{{api}}} 4096"),
        format!("supervisord_process_healthy{{{api}}} 0"),
        format!(r#"supervisord_process_log_bytes_total{{{api},stream="stderr"}} 100"#),
        format!(r#"supervisord_process_log_bytes_total{{{api},stream="stdout"}} 0"#),
        format!(r#"supervisord_process_log_rotations_total{{{api},stream="stderr"}} 2"#),
        format!(r#"supervisord_process_log_lost_bytes_total{{{api},stream="stderr"}} 30"#),
        format!(r#"supervisord_process_log_lost_messages_total{{{api},stream="stderr"}} 3"#),
        r#"supervisord_event_queue_length{pool="mail"} 2"#.to_owned(),
        r#"supervisord_event_queue_capacity{pool="mail"} 10"#.to_owned(),
        r#"supervisord_events_dropped_total{pool="mail"} 3"#.to_owned(),
        r#"supervisord_http_request_duration_seconds_bucket{route="rpc",method="POST",status="200",le="0.0001"} 1"#
            .to_owned(),
        r#"supervisord_rpc_duration_seconds_bucket{method="supervisor.getState",le="5e-05"} 0"#
            .to_owned(),
        r#"supervisord_rpc_duration_seconds_count{method="supervisor.getState"} 1"#.to_owned(),
        r#"supervisord_turn_duration_seconds_bucket{le="+Inf"} 0"#.to_owned(),
        format!(
            r#"supervisord_build_info{{version="{}",supervisor_version="4.3.0"}} 1"#,
            env!("CARGO_PKG_VERSION")
        ),
        "process_open_fds 12".to_owned(),
        "process_start_time_seconds 1632135000.25".to_owned(),
    ] {
        let found = text.lines().any(|told| told == line);
        assert!(found, "{line} in\n{text}");
    }
    // What does not run has no uptime and uses nothing.
    assert!(!text.contains(&format!("supervisord_process_uptime_seconds{{{web}}}")));
    assert!(!text.contains(&format!("supervisord_process_healthy{{{web}}}")));
    assert!(!text.contains(&format!("supervisord_process_cpu_seconds_total{{{web}}}")));
}

#[tokio::test]
async fn in_openmetrics_the_start_time_is_a_gauge_and_keeps_its_name() {
    let text = expose(&snapshot(), Format::OpenMetrics).await;
    for line in [
        "# TYPE node_supervisord_start_time_seconds gauge",
        r#"node_supervisord_start_time_seconds{group="api",name="api"} 1632135574.0"#,
        "# TYPE supervisord_process_starts counter",
        "# TYPE supervisord_build info",
        "# UNIT supervisord_process_cpu_seconds seconds",
    ] {
        assert!(text.lines().any(|told| told == line), "{line} in\n{text}");
    }
    assert!(text.starts_with("# HELP node_supervisord_exit_status "));
    assert!(text.ends_with("\n# EOF\n") && text.matches("# EOF").count() == 1);
}

/// The name that a series has, or the beginning of it.
fn shown_name(family: &families::Family) -> String {
    let unit = match family.measure {
        Measure::Things => "",
        Measure::Seconds => "_seconds",
        Measure::Bytes => "_bytes",
    };
    let end = match family.kind {
        MetricType::Counter => "_total",
        MetricType::Info => "_info",
        MetricType::Gauge | MetricType::Histogram | MetricType::Unknown => "",
    };
    format!("{}{unit}{end}", family.name)
}

#[tokio::test]
async fn every_family_is_in_the_documentation_and_no_other() {
    let document = include_str!("../../docs/metrics.md");
    let mut listed: Vec<String> = document
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` |"))
        .map(|(name, rest)| {
            let mut cells = rest.split('|').map(str::trim);
            let kind = cells.next().unwrap_or_default();
            let labels = cells.next().unwrap_or_default();
            format!("{name} {kind} {}", labels.replace('`', ""))
        })
        .collect();
    let mut known: Vec<String> = families::ALL
        .iter()
        .map(|family| {
            let kind = match family.kind {
                MetricType::Counter => "counter",
                MetricType::Histogram => "histogram",
                MetricType::Gauge | MetricType::Info | MetricType::Unknown => "gauge",
            };
            let labels = family.labels.join(", ");
            format!("{} {kind} {labels}", shown_name(family))
        })
        .collect();
    known.extend(go::FAMILIES.map(|family| format!("{} {} group, name", family.name, family.kind)));
    listed.sort();
    known.sort();
    assert_eq!(listed, known);
    // The labels are those that are written.
    let text = expose(&snapshot(), Format::Plain).await;
    for family in families::ALL {
        let begin = format!("{}{{", shown_name(family));
        if let Some(line) = text.lines().find(|line| line.starts_with(&begin)) {
            let labels: Vec<&str> = family.labels.to_vec();
            let shown = line[begin.len()..].split("\",");
            let shown: Vec<&str> = shown
                .filter_map(|label| Some(label.split_once('=')?.0))
                .collect();
            assert_eq!(shown, labels, "{line}");
        }
    }
}
