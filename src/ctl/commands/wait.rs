//! `wait`: until processes are in a state. The reference has no such command; scripts have looped over `status`.

use std::time::{Duration, Instant};

use crate::model::states::ProcessState;

use super::super::answers::ProcessRow;
use super::super::error::CtlError;
use super::super::exit_status::ExitStatus;
use super::super::line::words;
use super::super::names::expand_to_processes;
use super::super::session::Session;
use super::complain;
use super::status::choose;

const PAUSE: Duration = Duration::from_millis(100);

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Goal {
    Running,
    /// Nothing runs, for whatever reason.
    Stopped,
    /// It ended by itself.
    Exited,
}

/// How a process stands to the goal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Reached,
    /// It may still get there.
    Underway,
    /// It will not get there by itself.
    Lost,
}

impl Goal {
    fn parse(word: &str) -> Option<Self> {
        match word.to_ascii_uppercase().as_str() {
            "RUNNING" => Some(Self::Running),
            "STOPPED" => Some(Self::Stopped),
            "EXITED" => Some(Self::Exited),
            _ => None,
        }
    }

    fn standing(self, state: i64) -> Standing {
        use ProcessState as State;
        let is = |states: &[State]| states.iter().any(|one| i64::from(one.code()) == state);
        let reached: &[State] = match self {
            Self::Running => &[State::Running],
            Self::Stopped => &[State::Stopped, State::Exited, State::Fatal],
            Self::Exited => &[State::Exited],
        };
        let lost: &[State] = match self {
            Self::Running => &[State::Fatal],
            Self::Stopped => &[],
            Self::Exited => &[State::Fatal, State::Stopped],
        };
        match (is(reached), is(lost)) {
            (true, _) => Standing::Reached,
            (false, true) => Standing::Lost,
            (false, false) => Standing::Underway,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Wanted<'a> {
    names: Vec<&'a str>,
    goal: Goal,
    timeout: Option<Duration>,
}

impl<'a> Wanted<'a> {
    fn read(words: &[&'a str]) -> Result<Self, String> {
        let mut wanted = Self {
            names: Vec::new(),
            goal: Goal::Running,
            timeout: None,
        };
        let mut words = words.iter();
        while let Some(&word) = words.next() {
            let (option, attached) = match word.split_once('=') {
                Some((option, value)) if option.starts_with("--") => (option, Some(value)),
                _ => (word, None),
            };
            let mut value = || attached.or_else(|| words.next().copied()).unwrap_or("");
            match option {
                "--for" => {
                    let value = value();
                    wanted.goal = Goal::parse(value)
                        .ok_or_else(|| format!("Error: cannot wait for {value:?}"))?;
                }
                "--timeout" => {
                    let value = value();
                    let seconds = value.parse().ok().map(Duration::try_from_secs_f64);
                    match seconds {
                        Some(Ok(timeout)) => wanted.timeout = Some(timeout),
                        _ => return Err(format!("Error: {value:?} is no number of seconds")),
                    }
                }
                _ if option.starts_with("--") => return Err(format!("Error: bad argument {word}")),
                name => wanted.names.push(name),
            }
        }
        match wanted.names.is_empty() {
            true => Err("Error: wait requires a process name".to_owned()),
            false => Ok(wanted),
        }
    }
}

/// Ends with 0 when all are there, 1 when the time is up, 7 when one cannot get there any more, and 4 for a name that is
/// unknown.
pub fn wait(session: &mut Session<'_>, argument: &str) -> Result<(), CtlError> {
    if !session.up_check()? {
        return Ok(());
    }
    let words = words(argument);
    let wanted = match Wanted::read(&words) {
        Ok(wanted) => wanted,
        Err(complaint) => {
            complain(session, "wait", &complaint, ExitStatus::InvalidArguments);
            return Ok(());
        }
    };
    let begin = Instant::now();
    let names = expand_to_processes(session, &wanted.names)?;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut told = Vec::new();
    loop {
        let all = session.all_processes()?;
        let (rows, complaints) = choose(&all, &names);
        if !complaints.is_empty() {
            for line in complaints {
                session.output.line(&line);
            }
            session.exit_status = ExitStatus::StatusUnknown;
            return Ok(());
        }
        let mut waiting = Vec::new();
        for row in rows {
            let line = format!("{}: {}", row.display_name(), row.state_name);
            match wanted.goal.standing(row.state) {
                Standing::Reached if told.contains(&row.display_name()) => {}
                Standing::Reached => {
                    session.output.line(&line);
                    told.push(row.display_name());
                }
                Standing::Underway => waiting.push(row),
                Standing::Lost => {
                    fail(session, row, ExitStatus::NotRunning);
                    return Ok(());
                }
            }
        }
        if waiting.is_empty() {
            return Ok(());
        }
        let left = wanted
            .timeout
            .map(|timeout| timeout.saturating_sub(begin.elapsed()));
        if left == Some(Duration::ZERO) {
            for row in waiting {
                fail(session, row, ExitStatus::Generic);
            }
            return Ok(());
        }
        session.pause(left.map_or(PAUSE, |left| left.min(PAUSE)))?;
    }
}

fn fail(session: &mut Session<'_>, row: &ProcessRow, status: ExitStatus) {
    let line = format!("{}: ERROR ({})", row.display_name(), row.state_name);
    session.output.line(&line);
    session.exit_status = status;
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Goal, Standing, Wanted};

    #[test]
    fn options_may_stand_anywhere() {
        let expected = Wanted {
            names: vec!["a", "b:*"],
            goal: Goal::Stopped,
            timeout: Some(Duration::from_millis(1500)),
        };
        for words in [
            ["a", "--for", "stopped", "b:*", "--timeout=1.5"],
            ["--timeout=1.5", "a", "b:*", "--for", "STOPPED"],
        ] {
            assert_eq!(Wanted::read(&words), Ok(expected.clone()));
        }
        for words in [
            &["--for", "x", "a"][..],
            &["a", "--timeout", "-1"],
            &["a", "--timeout"],
            &["a", "--x"],
            &[],
        ] {
            assert!(Wanted::read(words).is_err(), "{words:?}");
        }
    }

    #[test]
    fn a_fatal_process_will_not_run_but_is_stopped() {
        assert_eq!(Goal::Running.standing(200), Standing::Lost);
        assert_eq!(Goal::Stopped.standing(200), Standing::Reached);
        assert_eq!(Goal::Exited.standing(0), Standing::Lost);
        assert_eq!(Goal::Running.standing(10), Standing::Underway);
        assert_eq!(Goal::Running.standing(100), Standing::Underway);
        assert_eq!(Goal::Running.standing(12345), Standing::Underway);
    }
}
