//! What processes use, from `/proc`: processor time, in all and since the last look, and memory. Asked only while
//! somebody looks.

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

/// What one process has used so far.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Total {
    /// Processor time, user and system.
    pub cpu_seconds: f64,
    pub resident_bytes: u64,
    pub virtual_bytes: u64,
    /// When it began, in seconds since the machine was started.
    pub started: f64,
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
    /// What a process has used since it began; `None` when it is gone.
    pub fn total(&self, pid: i32) -> Option<Total> {
        let stat = read(pid)?;
        Some(Total {
            cpu_seconds: self.seconds(stat.ticks),
            resident_bytes: stat.pages.saturating_mul(self.page),
            virtual_bytes: stat.virtual_bytes,
            started: self.seconds(stat.started),
        })
    }

    /// Ticks are counted exactly up to 2^53, which is a few million years.
    #[allow(clippy::cast_precision_loss)]
    fn seconds(&self, ticks: u64) -> f64 {
        ticks as f64 / self.ticks_per_second
    }

    /// Looks at a process; `None` when it is gone.
    pub fn look(&mut self, pid: i32) -> Option<Usage> {
        let Stat {
            ticks,
            started,
            pages,
            ..
        } = read(pid)?;
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

/// The fields of `/proc/PID/stat` that we want.
#[derive(Debug, PartialEq)]
struct Stat {
    /// Processor time in clock ticks.
    ticks: u64,
    started: u64,
    virtual_bytes: u64,
    /// Resident pages.
    pages: u64,
}

fn read(pid: i32) -> Option<Stat> {
    parse(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// The name in the second field may hold anything.
fn parse(stat: &str) -> Option<Stat> {
    let (_, rest) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    Some(Stat {
        ticks: number(14)? + number(15)?,
        started: number(22)?,
        virtual_bytes: number(23)?,
        pages: number(24)?,
    })
}

#[cfg(test)]
mod tests {
    use super::{Sampler, Stat, parse};

    #[test]
    fn a_line_of_proc_is_read_past_any_name() {
        let line = "7 (a) b (c) S 1 7 7 0 -1 4194304 100 0 0 0 31 11 0 0 20 0 1 0 555 10000 77 18446744073709551615";
        let stat = Stat {
            ticks: 42,
            started: 555,
            virtual_bytes: 10_000,
            pages: 77,
        };
        assert_eq!(parse(line), Some(stat));
        assert_eq!(parse("7 (a) S 1"), None);
    }

    #[test]
    fn we_use_memory_ourselves() {
        let mut sampler = Sampler::default();
        let pid = i32::try_from(std::process::id()).expect("a small number");
        let usage = sampler.look(pid).expect("we are here");
        assert!(usage.bytes > 100_000 && usage.percent.is_none());
        let total = sampler.total(pid).expect("we are here");
        assert!(total.virtual_bytes >= total.resident_bytes && total.started > 0.0);
        assert_eq!(sampler.look(-1), None);
    }
}
