//! The four families of the Go rewrite and of the node exporter (GO-324 to GO-332, SEED-034 to SEED-040).
//!
//! As plain text they are written here to the byte, with Go's form of numbers, since dashboards and scripts know them so.
//! In OpenMetrics a counter has `_total` at its end, so there the start time is a gauge and keeps its name.

use std::fmt::{self, Write};
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;

use super::snapshot::{ProcessRow, Snapshot};
use crate::model::states::ProcessState;

/// One of the four.
pub(super) struct Family {
    pub(super) name: &'static str,
    help: &'static str,
    /// As the Go rewrite says it.
    pub(super) kind: &'static str,
    /// `None`: this process has no series.
    value: fn(&ProcessRow) -> Option<f64>,
}

/// In the order of their names (GO-330).
pub(super) const FAMILIES: [Family; 4] = [
    Family {
        name: "node_supervisord_exit_status",
        help: "Process Exit Status",
        kind: "gauge",
        value: |row| Some(f64::from(exit_status(row))),
    },
    Family {
        name: "node_supervisord_start_time_seconds",
        help: "Process start time",
        kind: "counter",
        value: |row| is_up(row).then(|| f64::from(row.start)),
    },
    Family {
        name: "node_supervisord_state",
        help: "Process State",
        kind: "gauge",
        value: |row| Some(f64::from(row.state.code())),
    },
    Family {
        name: "node_supervisord_up",
        help: "Process Up",
        kind: "gauge",
        value: |row| Some(f64::from(u8::from(is_up(row)))),
    },
];

/// GO-325, GO-328
fn is_up(row: &ProcessRow) -> bool {
    match row.state {
        ProcessState::Starting | ProcessState::Running | ProcessState::Stopping => true,
        ProcessState::Stopped
        | ProcessState::Backoff
        | ProcessState::Exited
        | ProcessState::Fatal
        | ProcessState::Unknown => false,
    }
}

/// GO-327
fn exit_status(row: &ProcessRow) -> i32 {
    match row.state {
        ProcessState::Exited | ProcessState::Backoff => {
            row.history.last_exit.map_or(0, |status| status.number())
        }
        ProcessState::Stopped
        | ProcessState::Starting
        | ProcessState::Running
        | ProcessState::Stopping
        | ProcessState::Fatal
        | ProcessState::Unknown => 0,
    }
}

/// Writes all four; one without series is left out, as Go's library does. Writing to a String cannot fail.
pub fn write(out: &mut String, rows: &[ProcessRow]) {
    for Family {
        name,
        help,
        kind,
        value,
    } in FAMILIES
    {
        let mut series = rows
            .iter()
            .filter_map(|row| Some((row, value(row)?)))
            .peekable();
        if series.peek().is_some() {
            let _ = write!(out, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
        }
        for (row, value) in series {
            let _ = writeln!(
                out,
                "{name}{{group=\"{}\",name=\"{}\"}} {}",
                Escaped(&row.group),
                Escaped(&row.name),
                GoNumber(value)
            );
        }
    }
}

/// The value of a label.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for char in self.0.chars() {
            match char {
                '\\' => f.write_str("\\\\")?,
                '"' => f.write_str("\\\"")?,
                '\n' => f.write_str("\\n")?,
                char => f.write_char(char)?,
            }
        }
        Ok(())
    }
}

/// A number as Go's `strconv` writes it with format `g` and the fewest digits: `20`, `1.632135574e+09` (GO-331).
struct GoNumber(f64);

impl fmt::Display for GoNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.0;
        if number == 0.0 || (1e-4..1e6).contains(&number.abs()) {
            return write!(f, "{number}");
        }
        // `1.5e-7` here is `1.5e-07` there.
        let text = format!("{number:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, exponent) = match exponent.strip_prefix('-') {
            Some(exponent) => ('-', exponent),
            None => ('+', exponent),
        };
        write!(f, "{digits}e{sign}{exponent:0>2}")
    }
}

/// The same four for OpenMetrics.
#[derive(Debug)]
pub struct Families(pub Arc<Snapshot>);

impl Collector for Families {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for Family {
            name, help, value, ..
        } in FAMILIES
        {
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            for row in &self.0.processes {
                if let Some(value) = value(row) {
                    let labels = [("group", row.group.as_str()), ("name", row.name.as_str())];
                    family.encode_family(&labels)?.encode_gauge(&value)?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::GoNumber;

    // GO-331: what Go's strconv.FormatFloat(x, 'g', -1, 64) gives
    #[test]
    fn numbers_are_written_as_go_writes_them() {
        for (number, text) in [
            (0.0, "0"),
            (20.0, "20"),
            (-1.0, "-1"),
            (1000.0, "1000"),
            (999_999.0, "999999"),
            (1_000_000.0, "1e+06"),
            (1_632_135_574.0, "1.632135574e+09"),
            (0.5, "0.5"),
            (0.0001, "0.0001"),
            (0.000_012_5, "1.25e-05"),
            (1e100, "1e+100"),
        ] {
            assert_eq!(GoNumber(number).to_string(), text);
        }
    }
}
