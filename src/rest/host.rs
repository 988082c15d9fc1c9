//! The machine that we run on, as the list of nodes shows it (GO-314).

use std::cell::Cell;
use std::fs;

use crate::model::json::{Object, array};

/// Processor time of the machine since it was started, in clock ticks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Ticks {
    busy: u64,
    all: u64,
}

/// Remembers the last look, so that the next one can tell of the time between. The first one tells of all the time
/// since the machine was started; nobody is made to wait for a second one (GO-315).
#[derive(Debug, Default)]
pub struct Host {
    before: Cell<Ticks>,
}

impl Host {
    /// The one node that there is.
    pub fn nodes(&self, name: &str) -> String {
        let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
        let now = ticks(&stat).unwrap_or_default();
        let cpu = percent_between(self.before.replace(now), now);
        let meminfo = fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let [total, available] =
            ["MemTotal:", "MemAvailable:"].map(|name| kilobytes(&meminfo, name));
        let used = total.saturating_sub(available);
        let node = Object::default()
            .text("name", name)
            .text("status", "ONLINE")
            .json("cpu_percent", rounded(cpu))
            .json("mem_total", total * 1024)
            .json("mem_used", used * 1024)
            .json("mem_used_percent", rounded(percent(used, total)));
        array([node.done()])
    }
}

/// The first line: user, nice, system, idle, iowait, irq, softirq, steal; guests are in user.
fn ticks(stat: &str) -> Option<Ticks> {
    let line = stat.lines().next()?.strip_prefix("cpu ")?;
    let numbers: Vec<u64> = line
        .split_ascii_whitespace()
        .take(8)
        .map_while(|number| number.parse().ok())
        .collect();
    let all: u64 = numbers.iter().sum();
    let idle: u64 = numbers.iter().skip(3).take(2).sum();
    Some(Ticks {
        busy: all - idle,
        all,
    })
}

fn kilobytes(meminfo: &str, name: &str) -> u64 {
    let line = meminfo.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|rest| rest.split_ascii_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn percent_between(before: Ticks, now: Ticks) -> f64 {
    let all = now.all.saturating_sub(before.all);
    percent(now.busy.saturating_sub(before.busy).min(all), all)
}

/// Both are far from where a float loses whole numbers.
#[allow(clippy::cast_precision_loss)]
fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        100.0 * part as f64 / whole as f64
    }
}

fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::{Ticks, kilobytes, percent_between, ticks};

    #[test]
    fn the_machine_is_read_from_proc() {
        let now = Ticks { busy: 60, all: 160 };
        assert_eq!(ticks("cpu  10 20 30 90 10 0 0 0 5 5\ncpu0 1"), Some(now));
        assert_eq!(ticks(""), None);
        let before = Ticks { busy: 50, all: 120 };
        assert!((percent_between(before, now) - 25.0).abs() < 1e-9);
        assert!(percent_between(now, now).abs() < 1e-9);
        assert_eq!(
            kilobytes("MemTotal:   16 kB\nMemFree: 3 kB\n", "MemFree:"),
            3
        );
    }
}
