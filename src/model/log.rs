//! The words of the activity log: seven levels, and the macros that write to it.
//!
//! The log itself lives in `logs/activity.rs`; the code that has something to say only needs this module:
//!
//! ```
//! use supervisord::model::log;
//! log::info!("spawned: '{}' with pid {}", "web", 17);
//! ```
//!
//! A macro emits an ordinary `tracing` event. Tracing knows five levels and the activity log has seven, so the event
//! carries the real one as a number in the field `level`; an event without that field was not meant for the activity
//! log (a library may emit such) and is not written there. The arguments of a message that nobody listens to are not
//! evaluated, or, where two levels share one of tracing's, not formatted.
//!
//! This module never writes anything, and never decides what is written.

use std::fmt;
use std::str::FromStr;

use tracing::field::{Field, Visit};
use tracing::{Event, Level};

#[doc(inline)]
pub use crate::{
    __log_blather as blather, __log_critical as critical, __log_debug as debug,
    __log_error as error, __log_info as info, __log_trace as trace, __log_warn as warn,
};

/// How much a line of the activity log matters; the greater, the more (MLF-003).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogLevel {
    Blather,
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    Critical,
}

impl LogLevel {
    /// From the least to the most important.
    pub const ALL: [Self; 7] = [
        Self::Blather,
        Self::Trace,
        Self::Debug,
        Self::Info,
        Self::Warn,
        Self::Error,
        Self::Critical,
    ];

    /// The number that orders the levels, and that a tracing event carries.
    pub const fn number(self) -> u64 {
        match self {
            Self::Blather => 3,
            Self::Trace => 5,
            Self::Debug => 10,
            Self::Info => 20,
            Self::Warn => 30,
            Self::Error => 40,
            Self::Critical => 50,
        }
    }

    pub fn from_number(number: u64) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.number() == number)
    }

    /// The four letters in a log line (MLF-001).
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Blather => "BLAT",
            Self::Trace => "TRAC",
            Self::Debug => "DEBG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERRO",
            Self::Critical => "CRIT",
        }
    }

    /// The name in a configuration file (`loglevel`).
    pub const fn name(self) -> &'static str {
        match self {
            Self::Blather => "blather",
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }

    /// The one of tracing's five levels that stands in for this one.
    pub const fn tracing_level(self) -> Level {
        match self {
            Self::Blather | Self::Trace => Level::TRACE,
            Self::Debug => Level::DEBUG,
            Self::Info => Level::INFO,
            Self::Warn => Level::WARN,
            Self::Error | Self::Critical => Level::ERROR,
        }
    }

    /// The level that an event of our macros carries; `None` for anybody else's event.
    pub fn of(event: &Event<'_>) -> Option<Self> {
        struct Number(Option<u64>);
        impl Visit for Number {
            fn record_u64(&mut self, field: &Field, value: u64) {
                if field.name() == LEVEL_FIELD {
                    self.0 = Some(value);
                }
            }
            fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
        }
        let mut number = Number(None);
        event.record(&mut number);
        Self::from_number(number.0?)
    }
}

/// The field of an event that holds the number of its level.
pub const LEVEL_FIELD: &str = "level";

/// The text of an event, formatted now.
pub fn message_of(event: &Event<'_>) -> String {
    struct Message(String);
    impl Visit for Message {
        fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
            if field.name() == "message" {
                self.0 = format!("{value:?}");
            }
        }
    }
    let mut message = Message(String::new());
    event.record(&mut message);
    message.0
}

/// Not the name of a level. What to tell the user is the configuration's affair: it knows the option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownLevel;

impl FromStr for LogLevel {
    type Err = UnknownLevel;

    /// Reads a `loglevel` in any letter case (SUP-004).
    fn from_str(text: &str) -> Result<Self, UnknownLevel> {
        let lowered = text.to_lowercase();
        Self::ALL
            .into_iter()
            .find(|level| level.name() == lowered)
            .ok_or(UnknownLevel)
    }
}

#[doc(hidden)]
#[macro_export]
macro_rules! __log_at {
    ($tracing:ident, $level:ident, $($message:tt)+) => {
        ::tracing::event!(
            ::tracing::Level::$tracing,
            level = $crate::model::log::LogLevel::$level.number(),
            $($message)+
        )
    };
}

/// Writes a message that somebody should look at soon: CRIT.
#[doc(hidden)]
#[macro_export]
macro_rules! __log_critical {
    ($($message:tt)+) => { $crate::__log_at!(ERROR, Critical, $($message)+) };
}

/// Writes an error that may be of no consequence: ERRO.
#[doc(hidden)]
#[macro_export]
macro_rules! __log_error {
    ($($message:tt)+) => { $crate::__log_at!(ERROR, Error, $($message)+) };
}

/// Writes what is odd but no error: WARN.
#[doc(hidden)]
#[macro_export]
macro_rules! __log_warn {
    ($($message:tt)+) => { $crate::__log_at!(WARN, Warn, $($message)+) };
}

/// Writes what happens in a normal day: INFO.
#[doc(hidden)]
#[macro_export]
macro_rules! __log_info {
    ($($message:tt)+) => { $crate::__log_at!(INFO, Info, $($message)+) };
}

/// Writes what helps to find a mistake in a configuration: DEBG.
#[doc(hidden)]
#[macro_export]
macro_rules! __log_debug {
    ($($message:tt)+) => { $crate::__log_at!(DEBUG, Debug, $($message)+) };
}

/// Writes what helps to find a mistake in an interface: TRAC.
#[doc(hidden)]
#[macro_export]
macro_rules! __log_trace {
    ($($message:tt)+) => { $crate::__log_at!(TRACE, Trace, $($message)+) };
}

/// Writes what helps to find a mistake in supervisord itself: BLAT.
#[doc(hidden)]
#[macro_export]
macro_rules! __log_blather {
    ($($message:tt)+) => { $crate::__log_at!(TRACE, Blather, $($message)+) };
}

/// Hearing what the code under test says, on the test's own thread.
#[cfg(test)]
pub mod recording {
    use std::sync::{Arc, Mutex, PoisonError};

    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Metadata, Subscriber};

    use super::{LogLevel, message_of};

    struct Recorder(Arc<Mutex<Vec<(LogLevel, String)>>>);

    impl Subscriber for Recorder {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }
        fn event(&self, event: &Event<'_>) {
            if let Some(level) = LogLevel::of(event) {
                let line = (level, message_of(event));
                self.0
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(line);
            }
        }
        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }
        fn record(&self, _: &Id, _: &Record<'_>) {}
        fn record_follows_from(&self, _: &Id, _: &Id) {}
        fn enter(&self, _: &Id) {}
        fn exit(&self, _: &Id) {}
    }

    /// Runs something and gives its result, with every line that it wrote to the activity log, of any level.
    pub fn recorded<R>(run: impl FnOnce() -> R) -> (R, Vec<(LogLevel, String)>) {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let result = tracing::subscriber::with_default(Recorder(Arc::clone(&lines)), run);
        let lines = std::mem::take(&mut *lines.lock().unwrap_or_else(PoisonError::into_inner));
        (result, lines)
    }
}

#[cfg(test)]
mod tests {
    use super::recording::recorded;
    use super::{LogLevel, UnknownLevel};
    use crate::model::log;

    // MLF-001, MLF-003
    #[test]
    fn the_levels_are_ordered_by_their_numbers() {
        let shown: Vec<(u64, &str)> = LogLevel::ALL
            .into_iter()
            .map(|level| (level.number(), level.tag()))
            .collect();
        assert_eq!(
            shown,
            [
                (3, "BLAT"),
                (5, "TRAC"),
                (10, "DEBG"),
                (20, "INFO"),
                (30, "WARN"),
                (40, "ERRO"),
                (50, "CRIT")
            ]
        );
        assert!(LogLevel::ALL.is_sorted());
    }

    // SUP-004, CLI-001
    #[test]
    fn level_names_are_read_in_any_letter_case() {
        assert_eq!("critical".parse(), Ok(LogLevel::Critical));
        assert_eq!("Error".parse(), Ok(LogLevel::Error));
        assert_eq!("WARN".parse(), Ok(LogLevel::Warn));
        assert_eq!("info".parse(), Ok(LogLevel::Info));
        assert_eq!("debug".parse(), Ok(LogLevel::Debug));
        assert_eq!("trace".parse(), Ok(LogLevel::Trace));
        assert_eq!("BlaTher".parse(), Ok(LogLevel::Blather));
        for unknown in ["", "warning", "crit", "INFO ", "10"] {
            assert_eq!(unknown.parse::<LogLevel>(), Err(UnknownLevel));
        }
    }

    #[test]
    fn each_macro_carries_its_own_level_and_its_text() {
        let name = "web";
        let ((), lines) = recorded(|| {
            log::critical!("plain");
            log::error!("{} and {name}", 1);
            log::warn!("{name:?}");
            log::info!("spawned: '{name}' with pid {pid}", pid = 7);
            log::debug!("two\nlines");
            log::trace!("{{}}");
            log::blather!("{}", String::from("made"));
        });
        let expected = [
            (LogLevel::Critical, "plain"),
            (LogLevel::Error, "1 and web"),
            (LogLevel::Warn, "\"web\""),
            (LogLevel::Info, "spawned: 'web' with pid 7"),
            (LogLevel::Debug, "two\nlines"),
            (LogLevel::Trace, "{}"),
            (LogLevel::Blather, "made"),
        ];
        assert_eq!(
            lines,
            expected.map(|(level, text)| (level, text.to_owned()))
        );
    }

    #[test]
    fn events_that_are_not_ours_are_no_lines_of_the_log() {
        let ((), lines) = recorded(|| tracing::error!("from a library"));
        assert_eq!(lines, []);
    }
}
