//! The row that every interface shows of a process, with the sentence that describes it (RPC-090 to 102, DSC rows).

use std::borrow::Cow;

use super::states::ProcessState;
use super::time::UnixTime;

/// What `getProcessInfo` says of one process, apart from the description, which needs local time and is made by
/// [`description`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessInfo<'a> {
    pub name: &'a str,
    pub group: &'a str,
    pub start: UnixTime,
    pub stop: UnixTime,
    pub now: UnixTime,
    pub state: ProcessState,
    pub spawnerr: &'a str,
    /// 0 when unknown, -1 after a signal (RPC-095).
    pub exitstatus: i32,
    /// Empty when there is none.
    pub stdout_logfile: Cow<'a, str>,
    pub stderr_logfile: Cow<'a, str>,
    /// 0 when not running.
    pub pid: i32,
}

/// The description of a process (RPC-098 to 102). `stop_date` turns a time into local `%b %d %I:%M %p`.
pub fn description(info: &ProcessInfo<'_>, stop_date: impl Fn(i32) -> String) -> String {
    match info.state {
        ProcessState::Running => {
            let up = i64::from(info.now.capped_seconds()) - i64::from(info.start.capped_seconds());
            format!("pid {}, uptime {}", info.pid, uptime(up))
        }
        ProcessState::Fatal | ProcessState::Backoff if info.spawnerr.is_empty() => {
            format!("unknown error (try \"tail {}\")", info.name)
        }
        ProcessState::Fatal | ProcessState::Backoff => info.spawnerr.to_owned(),
        ProcessState::Stopped | ProcessState::Exited if info.start == UnixTime::default() => {
            "Not started".to_owned()
        }
        ProcessState::Stopped | ProcessState::Exited => stop_date(info.stop.capped_seconds()),
        ProcessState::Starting | ProcessState::Stopping | ProcessState::Unknown => String::new(),
    }
}

/// A length of time as Python prints a timedelta: `0:00:05`, `1 day, 1:01:01`. Negative lengths show as zero.
fn uptime(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let clock = format!("{}:{:02}:{:02}", rest / 3600, rest / 60 % 60, rest % 60);
    match days {
        0 => clock,
        1 => format!("1 day, {clock}"),
        _ => format!("{days} days, {clock}"),
    }
}

#[cfg(test)]
mod tests {
    use super::uptime;

    // RPC-098, DSC-001
    #[test]
    fn uptimes_look_as_a_python_timedelta() {
        let shown: Vec<String> = [-3, 5, 3605, 90_061, 200_000]
            .into_iter()
            .map(uptime)
            .collect();
        assert_eq!(
            shown,
            [
                "0:00:00",
                "0:00:05",
                "1:00:05",
                "1 day, 1:01:01",
                "2 days, 7:33:20"
            ]
        );
    }
}
