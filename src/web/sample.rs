//! What processes use, from `/proc`: processor time since the last look, and memory. Asked only while somebody looks.

use std::collections::BTreeMap;
use std::time::Instant;

use nix::unistd::{SysconfVar, sysconf};

/// The last look at each process.
pub struct Sampler {
    before: BTreeMap<i32, Look>,
    ticks_per_second: f64,
    page: u64,
}

/// One look at one process.
struct Look {
    at: Instant,
    /// Processor time so far, in clock ticks.
    ticks: u64,
    /// Tells this process from a later one with the same number.
    started: u64,
}

/// What is shown of a process.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Usage {
    /// Of one processor; `None` at the first look.
    pub percent: Option<f64>,
    pub bytes: u64,
}

impl Default for Sampler {
    fn default() -> Self {
        let variable = |variable, otherwise| match sysconf(variable) {
            Ok(Some(value)) => value,
            Ok(None) | Err(_) => otherwise,
        };
        Self {
            before: BTreeMap::new(),
            ticks_per_second: f64::from(
                i32::try_from(variable(SysconfVar::CLK_TCK, 100)).unwrap_or(100),
            ),
            page: u64::try_from(variable(SysconfVar::PAGE_SIZE, 4096)).unwrap_or(4096),
        }
    }
}

impl Sampler {
    /// Looks at a process; `None` when it is gone.
    pub fn look(&mut self, pid: i32) -> Option<Usage> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let (ticks, started, pages) = parse(&stat)?;
        let look = Look {
            at: Instant::now(),
            ticks,
            started,
        };
        let before = self
            .before
            .get(&pid)
            .filter(|before| before.started == started);
        let percent = before.and_then(|before| {
            let seconds = look.at.duration_since(before.at).as_secs_f64();
            // Below that the clock is too coarse.
            (seconds > 0.5).then(|| {
                let ticks = i32::try_from(ticks.saturating_sub(before.ticks)).unwrap_or(i32::MAX);
                100.0 * f64::from(ticks) / self.ticks_per_second / seconds
            })
        });
        self.before.insert(pid, look);
        Some(Usage {
            percent,
            bytes: pages.saturating_mul(self.page),
        })
    }

    /// Forgets everybody else.
    pub fn keep(&mut self, pids: &[i32]) {
        self.before.retain(|pid, _| pids.contains(pid));
    }
}

/// Processor time, time of the start and resident pages in a line of `/proc/PID/stat`. The name in its second field may
/// hold anything.
fn parse(stat: &str) -> Option<(u64, u64, u64)> {
    let (_, rest) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    Some((number(14)? + number(15)?, number(22)?, number(24)?))
}

#[cfg(test)]
mod tests {
    use super::{Sampler, parse};

    #[test]
    fn a_line_of_proc_is_read_past_any_name() {
        let line = "7 (a) b (c) S 1 7 7 0 -1 4194304 100 0 0 0 31 11 0 0 20 0 1 0 555 10000 77 18446744073709551615";
        assert_eq!(parse(line), Some((42, 555, 77)));
        assert_eq!(parse("7 (a) S 1"), None);
    }

    #[test]
    fn we_use_memory_ourselves() {
        let mut sampler = Sampler::default();
        let pid = i32::try_from(std::process::id()).expect("a small number");
        let usage = sampler.look(pid).expect("we are here");
        assert!(usage.bytes > 100_000 && usage.percent.is_none());
        assert_eq!(sampler.look(-1), None);
    }
}
