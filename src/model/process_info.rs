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
            let mut text = String::with_capacity(48);
            text.push_str("pid ");
            push_number(&mut text, i64::from(info.pid), 1);
            text.push_str(", uptime ");
            push_uptime(&mut text, up);
            text
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
fn push_uptime(text: &mut String, seconds: i64) {
    let seconds = seconds.max(0);
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    if days > 0 {
        push_number(text, days, 1);
        text.push_str(if days == 1 { " day, " } else { " days, " });
    }
    push_number(text, rest / 3600, 1);
    text.push(':');
    push_number(text, rest / 60 % 60, 2);
    text.push(':');
    push_number(text, rest % 60, 2);
}

/// A number with at least so many digits. Every running process has five of them in its description, and formatters take
/// their time.
fn push_number(text: &mut String, number: i64, width: usize) {
    if number < 0 {
        text.push('-');
    }
    let mut digits = [b'0'; 20];
    let mut at = digits.len();
    let mut rest = number.unsigned_abs();
    while rest > 0 {
        at -= 1;
        // A digit is small.
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    let from = at.min(digits.len() - width);
    // Digits are text.
    text.push_str(std::str::from_utf8(&digits[from..]).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::push_uptime;

    fn uptime(seconds: i64) -> String {
        let mut text = String::new();
        push_uptime(&mut text, seconds);
        text
    }

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
