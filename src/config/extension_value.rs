//! One value of an extension from its text, in the shape of an option's reader. What the reference has too is in
//! `value.rs`.

use bstr::{BStr, ByteSlice};

use super::context::LoadContext;
use super::error::Reason;
use super::extensions::{FailureAction, LogFormat, Probe, WhenEnded};
use super::probe as probes;
use super::schedule::Schedule;
use super::text;
use super::types::MainLogFormat;
use super::value::{self, string};
use crate::model::signal::Signal;

/// One of a few words, in any case.
fn one_of<T: Copy>(text: &BStr, words: &'static [(&'static str, T)]) -> Result<T, Reason> {
    let lower = text::lower(text::strip_bytes(text));
    words
        .iter()
        .find(|(word, _)| lower == *word)
        .map(|(_, value)| *value)
        .ok_or_else(|| Reason::NotOneOf {
            value: text.to_owned(),
            words: words.iter().map(|(word, _)| *word).collect(),
        })
}

/// GO-402.
pub fn when_ended(text: &BStr) -> Result<WhenEnded, Reason> {
    one_of(
        text,
        &[
            ("ignore", WhenEnded::Ignore),
            ("shutdown", WhenEnded::Shutdown),
        ],
    )
}

/// GO-414.
pub fn log_format(text: &BStr, _: &LoadContext) -> Result<LogFormat, Reason> {
    one_of(
        text,
        &[
            ("raw", LogFormat::Raw),
            ("prefix", LogFormat::Prefix),
            ("json", LogFormat::Json),
        ],
    )
}

/// GO-015.
pub fn main_log_format(text: &BStr, _: &LoadContext) -> Result<Option<MainLogFormat>, Reason> {
    if text::strip_bytes(text).is_empty() {
        return Ok(None);
    }
    one_of(
        text,
        &[("text", MainLogFormat::Text), ("json", MainLogFormat::Json)],
    )
    .map(Some)
}

/// A hook or a check; nothing at all is none.
pub fn probe(text: &BStr, _: &LoadContext) -> Result<Option<Probe>, Reason> {
    if text::strip_bytes(text).is_empty() {
        return Ok(None);
    }
    probes::parse(text)
        .map(Some)
        .map_err(|problem| Reason::Probe {
            value: text.to_owned(),
            problem,
        })
}

/// GO-212. The two words count in any case, a command keeps its own (GO-213).
pub fn failure_action(text: &BStr, context: &LoadContext) -> Result<FailureAction, Reason> {
    match text::lower(text::strip_bytes(text)).as_bytes() {
        b"restart" | b"" => Ok(FailureAction::Restart),
        b"stop" => Ok(FailureAction::Stop),
        _ => Ok(match probe(text, context)? {
            Some(probe) => FailureAction::Run(probe),
            None => FailureAction::Restart,
        }),
    }
}

/// GO-217 to GO-222: kept as written once it is known to be good.
pub fn cron(text: &BStr, _: &LoadContext) -> Result<Option<String>, Reason> {
    let written = string(text::strip_bytes(text));
    if written.is_empty() {
        return Ok(None);
    }
    match Schedule::parse(&written) {
        Ok(_) => Ok(Some(written)),
        Err(problem) => Err(Reason::Cron {
            value: text.to_owned(),
            problem,
        }),
    }
}

/// Any number of signals, separated by blanks (GO-172).
pub fn signals(text: &BStr, _: &LoadContext) -> Result<Vec<Signal>, Reason> {
    text.fields_with(text::is_space)
        .map(|word| value::signal(BStr::new(word)))
        .collect()
}

/// A signal as the reference reads it, or what it refuses: several, separated by blanks (GO-129).
pub fn stop_signals(text: &BStr, context: &LoadContext) -> Result<Vec<Signal>, Reason> {
    value::signal(text)
        .map(|signal| vec![signal])
        .or_else(|reason| match signals(text, context) {
            Ok(signals) if !signals.is_empty() => Ok(signals),
            _ => Err(reason),
        })
}

/// The numbers of RFC 5424 (GO-227).
const FACILITIES: [(&str, u8); 21] = [
    ("kernel", 0),
    ("kern", 0),
    ("user", 1),
    ("mail", 2),
    ("daemon", 3),
    ("auth", 4),
    ("syslog", 5),
    ("lpr", 6),
    ("news", 7),
    ("uucp", 8),
    ("cron", 9),
    ("authpriv", 10),
    ("ftp", 11),
    ("local0", 16),
    ("local1", 17),
    ("local2", 18),
    ("local3", 19),
    ("local4", 20),
    ("local5", 21),
    ("local6", 22),
    ("local7", 23),
];

/// GO-228.
const PRIORITIES: [(&str, u8); 11] = [
    ("emerg", 0),
    ("alert", 1),
    ("crit", 2),
    ("critical", 2),
    ("err", 3),
    ("error", 3),
    ("warn", 4),
    ("warning", 4),
    ("notice", 5),
    ("info", 6),
    ("debug", 7),
];

pub fn syslog_facility(text: &BStr, _: &LoadContext) -> Result<Option<u8>, Reason> {
    syslog_word(text, &FACILITIES)
}

pub fn syslog_priority(text: &BStr, _: &LoadContext) -> Result<Option<u8>, Reason> {
    syslog_word(text, &PRIORITIES)
}

/// In any case, with or without `LOG_`.
fn syslog_word(text: &BStr, words: &'static [(&'static str, u8)]) -> Result<Option<u8>, Reason> {
    let lower = text::lower(text::strip_bytes(text));
    if lower.is_empty() {
        return Ok(None);
    }
    match lower.strip_prefix(b"log_") {
        Some(word) => one_of(BStr::new(word), words),
        None => one_of(lower.as_bstr(), words),
    }
    .map(Some)
}

#[cfg(test)]
mod tests {
    use bstr::{BStr, BString};

    use super::{
        cron, failure_action, log_format, signals, stop_signals, syslog_facility, syslog_priority,
        when_ended,
    };
    use crate::config::context::LoadContext;
    use crate::config::extensions::{FailureAction, LogFormat, Probe, WhenEnded};
    use crate::model::signal::Signal;

    fn text(text: &str) -> &BStr {
        BStr::new(text)
    }

    // GO-129, GO-130
    #[test]
    fn several_stop_signals_are_what_the_reference_refuses() {
        let context = LoadContext::for_tests();
        let read = |word: &str| {
            stop_signals(text(word), &context)
                .map(|signals| signals.into_iter().map(Signal::number).collect::<Vec<_>>())
                .map_err(|reason| reason.to_string())
        };
        assert_eq!(read("TERM"), Ok(vec![15]));
        assert_eq!(read(" KILL "), Ok(vec![9]));
        assert_eq!(read("TERM KILL"), Ok(vec![15, 9]));
        assert_eq!(read("SIGTERM int 3"), Ok(vec![15, 2, 3]));
        for wrong in ["", "NOPE", "TERM NOPE"] {
            let expected = format!("value '{wrong}' is not a valid signal name");
            assert_eq!(read(wrong), Err(expected));
        }
    }

    // GO-172
    #[test]
    fn signals_for_a_change_may_be_none_or_many() {
        let context = LoadContext::for_tests();
        assert_eq!(signals(text(""), &context), Ok(Vec::new()));
        let two = signals(text("HUP  USR2"), &context);
        assert_eq!(two, Ok(vec![Signal::HUP, Signal::USR2]));
        assert!(signals(text("HUP x"), &context).is_err());
    }

    // GO-212, GO-213
    #[test]
    fn a_failure_action_that_is_a_command_keeps_its_capitals() {
        let context = LoadContext::for_tests();
        let read = |word: &str| failure_action(text(word), &context);
        assert_eq!(read("Restart"), Ok(FailureAction::Restart));
        assert_eq!(read("STOP"), Ok(FailureAction::Stop));
        let command = Probe::Command(vec![BString::from("/bin/Mail"), BString::from("Me")]);
        assert_eq!(read("/bin/Mail Me"), Ok(FailureAction::Run(command)));
    }

    // GO-222
    #[test]
    fn a_bad_schedule_is_refused_in_full() {
        let context = LoadContext::for_tests();
        let good = cron(text(" @daily "), &context);
        assert_eq!(good, Ok(Some("@daily".to_owned())));
        assert_eq!(cron(text(""), &context), Ok(None));
        let error = cron(text("@often"), &context).expect_err("no such name");
        assert!(
            error
                .to_string()
                .starts_with("invalid 'cron' value '@often': "),
            "{error}"
        );
    }

    // GO-227, GO-228
    #[test]
    fn syslog_words_are_the_usual_ones() {
        let context = LoadContext::for_tests();
        for (word, number) in [
            ("KERN", 0),
            ("log_daemon", 3),
            ("LOCAL7", 23),
            ("LOG_Ftp", 11),
        ] {
            assert_eq!(syslog_facility(text(word), &context), Ok(Some(number)));
        }
        for (word, number) in [("EMERG", 0), ("CRITICAL", 2), ("LOG_WARN", 4), ("debug", 7)] {
            assert_eq!(syslog_priority(text(word), &context), Ok(Some(number)));
        }
        assert_eq!(syslog_priority(text(""), &context), Ok(None));
        let error = syslog_priority(text("loud"), &context).expect_err("no such priority");
        assert_eq!(
            error.to_string(),
            "'loud' is none of emerg, alert, crit, critical, err, error, warn, warning, notice, info, debug"
        );
    }

    // GO-402, GO-414
    #[test]
    fn words_of_choices_count_in_any_case() {
        let context = LoadContext::for_tests();
        assert_eq!(when_ended(text("Shutdown")), Ok(WhenEnded::Shutdown));
        assert_eq!(log_format(text("JSON"), &context), Ok(LogFormat::Json));
        let error = when_ended(text("exit")).expect_err("no such word");
        assert_eq!(error.to_string(), "'exit' is none of ignore, shutdown");
    }
}
