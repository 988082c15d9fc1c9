//! The words for what became of a process: started, stopped, signalled, cleared, or why not (CTL-101 to CTL-103, CTL-126).
//!
//! Each verb is one row: the word of success, the words of the failures it knows, and the fault that it does not count as
//! a failure. Printing and exit codes both come from the row.

use crate::model::fault::FaultCode;
use crate::model::namespec::display_name;

use super::answers::CallResult;
use super::error::CtlError;
use super::exit_status::ExitStatus;

/// What a command does to processes.
#[derive(Debug)]
pub struct Verb {
    pub name: &'static str,
    done: &'static str,
    failures: &'static [(FaultCode, &'static str)],
    /// Its text is printed alone, without a name.
    bare_text: Option<FaultCode>,
    /// Printed, but no failure (CTL-083).
    ignored: Option<FaultCode>,
}

pub const START: Verb = Verb {
    name: "start",
    done: "started",
    failures: &[
        (FaultCode::BadName, "no such process"),
        (FaultCode::NoFile, "no such file"),
        (FaultCode::NotExecutable, "file is not executable"),
        (FaultCode::AlreadyStarted, "already started"),
        (FaultCode::SpawnError, "spawn error"),
        (FaultCode::AbnormalTermination, "abnormal termination"),
    ],
    bare_text: None,
    ignored: Some(FaultCode::AlreadyStarted),
};

const SIGNAL_FAILURES: &[(FaultCode, &str)] = &[
    (FaultCode::BadName, "no such process"),
    (FaultCode::BadSignal, "bad signal name"),
    (FaultCode::NotRunning, "not running"),
];

pub const STOP: Verb = Verb {
    name: "stop",
    done: "stopped",
    failures: SIGNAL_FAILURES,
    bare_text: Some(FaultCode::Failed),
    ignored: Some(FaultCode::NotRunning),
};

pub const SIGNAL: Verb = Verb {
    name: "signal",
    done: "signalled",
    failures: SIGNAL_FAILURES,
    bare_text: Some(FaultCode::Failed),
    ignored: None,
};

pub const CLEAR: Verb = Verb {
    name: "clear",
    done: "cleared",
    failures: &[
        (FaultCode::BadName, "no such process"),
        (FaultCode::Failed, "failed"),
    ],
    bare_text: None,
    ignored: None,
};

impl Verb {
    /// The line for one result; a code the verb has no words for is an error (CTL-084).
    pub fn line(&self, result: &CallResult) -> Result<String, CtlError> {
        let is = |code: FaultCode| result.status == i64::from(code.number());
        let name = shown_name(result);
        if is(FaultCode::Success) {
            return Ok(format!("{name}: {}", self.done));
        }
        if self.bare_text.is_some_and(is) {
            return Ok(result.description.clone());
        }
        match self.failures.iter().find(|(code, _)| is(*code)) {
            Some((_, words)) => Ok(format!("{name}: ERROR ({words})")),
            None => Err(CtlError::UnknownResult {
                code: result.status,
                name,
            }),
        }
    }

    pub fn exit_status(&self, result: &CallResult) -> Option<ExitStatus> {
        ExitStatus::of_result(result.status, self.ignored)
    }
}

/// A whole group where one process was meant shows as `group:None`: the reference formats a missing name as any other
/// (`supervisorctl.py`, `do_clear`; CTL-127).
fn shown_name(result: &CallResult) -> String {
    match &result.name {
        Some(name) => display_name(&result.group, name),
        None => format!("{}:None", result.group),
    }
}

#[cfg(test)]
mod tests {
    use super::{CLEAR, CallResult, SIGNAL, START, STOP, Verb};

    fn line(verb: &Verb, status: i64, name: Option<&str>) -> String {
        let result = CallResult {
            group: "web".to_owned(),
            name: name.map(str::to_owned),
            status,
            description: "FAILED: attempted to kill web".to_owned(),
        };
        let line = verb.line(&result);
        line.unwrap_or_else(|error| format!("<{}>, {error}", error.class()))
    }

    // CTL-101, CTL-102
    #[test]
    fn starting_has_its_words() {
        for (status, words) in [
            (80, "web: started"),
            (10, "web: ERROR (no such process)"),
            (20, "web: ERROR (no such file)"),
            (21, "web: ERROR (file is not executable)"),
            (40, "web: ERROR (abnormal termination)"),
            (50, "web: ERROR (spawn error)"),
            (60, "web: ERROR (already started)"),
            (6, "<ValueError>, Unknown result code 6 for web"),
        ] {
            assert_eq!(line(&START, status, Some("web")), words);
        }
    }

    // CTL-103
    #[test]
    fn stopping_and_signalling_share_theirs() {
        for (status, words) in [
            (10, "web:api: ERROR (no such process)"),
            (11, "web:api: ERROR (bad signal name)"),
            (70, "web:api: ERROR (not running)"),
            (30, "FAILED: attempted to kill web"),
            (92, "<ValueError>, Unknown result code 92 for web:api"),
        ] {
            assert_eq!(line(&STOP, status, Some("api")), words);
            assert_eq!(line(&SIGNAL, status, Some("api")), words);
        }
        assert_eq!(line(&STOP, 80, Some("api")), "web:api: stopped");
        assert_eq!(line(&SIGNAL, 80, Some("api")), "web:api: signalled");
    }

    // CTL-126, CTL-127
    #[test]
    fn clearing_has_its_words_and_an_odd_one_for_groups() {
        assert_eq!(line(&CLEAR, 80, Some("web")), "web: cleared");
        assert_eq!(line(&CLEAR, 30, Some("web")), "web: ERROR (failed)");
        assert_eq!(line(&CLEAR, 10, None), "web:None: ERROR (no such process)");
    }
}
