//! `cron`: when a program is started by the clock (GO-217 to GO-225).
//!
//! A wrapper around the crates that know cron patterns and time zones, so that the rest of the house sees neither:
//! [`Schedule::parse`] checks a text when the configuration is read, [`Schedule::next_after`] says when it is due next.
//! What is done then, and when it is not, is the business of those who run schedules.

use std::fmt;
use std::time::Duration;

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use crate::model::time::UnixTime;

/// A text of `cron` that was understood.
#[derive(Debug, Clone)]
pub struct Schedule {
    rule: Rule,
    /// `None`: the machine's own, as it is at the time of each question.
    zone: Option<TimeZone>,
}

#[derive(Debug, Clone)]
enum Rule {
    Pattern(Box<Cron>),
    /// `@every`: counted from the moment asked about, not from a clock hand.
    Every(Duration),
}

/// Why a text is no schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScheduleError {
    /// Neither five nor six (GO-218).
    Fields {
        found: usize,
    },
    /// `@…` that is none of GO-219.
    UnknownName {
        name: String,
    },
    /// What stands behind `@every`.
    Interval {
        text: String,
    },
    Zone {
        name: String,
    },
    /// In the words of the crate.
    Pattern {
        problem: String,
    },
    /// As the 30th of February.
    Never,
}

impl fmt::Display for ScheduleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fields { found } => write!(
                f,
                "a pattern has five fields, or six with seconds first, not {found}"
            ),
            Self::UnknownName { name } => write!(
                f,
                "{name} is none of @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly, @every"
            ),
            Self::Interval { text } => write!(
                f,
                "@every takes a length of at least a second such as 1h30m10s, not {text}"
            ),
            Self::Zone { name } => write!(f, "there is no time zone {name}"),
            Self::Pattern { problem } => f.write_str(problem),
            Self::Never => f.write_str("this time never comes"),
        }
    }
}

impl std::error::Error for ScheduleError {}

/// GO-219, with the seconds first.
const NAMED: [(&str, &str); 7] = [
    ("@yearly", "0 0 0 1 1 *"),
    ("@annually", "0 0 0 1 1 *"),
    ("@monthly", "0 0 0 1 * *"),
    ("@weekly", "0 0 0 * * 0"),
    ("@daily", "0 0 0 * * *"),
    ("@midnight", "0 0 0 * * *"),
    ("@hourly", "0 0 * * * *"),
];

impl Schedule {
    /// Five fields as crontab has them, six with the seconds first, or one of the names; a `CRON_TZ=Zone` may stand in
    /// front (GO-218 to GO-221).
    pub fn parse(text: &str) -> Result<Self, ScheduleError> {
        let (zone, rest) = split_zone(text.trim())?;
        let rule = match rest.split_once(char::is_whitespace) {
            Some(("@every", length)) => Rule::Every(interval(length.trim())?),
            _ if rest.starts_with('@') => {
                let lower = rest.to_lowercase();
                match NAMED.iter().find(|(name, _)| *name == lower) {
                    Some((_, pattern)) => parse_pattern(pattern)?,
                    None => {
                        let name = rest.to_owned();
                        return Err(ScheduleError::UnknownName { name });
                    }
                }
            }
            _ => parse_pattern(rest)?,
        };
        let schedule = Self { rule, zone };
        // 2000 was a leap year on a Saturday; whatever can come at all comes in the years behind it.
        let beginning = UnixTime::from_nanos(946_684_800_000_000_000);
        match schedule.next_after(beginning) {
            Some(_) => Ok(schedule),
            None => Err(ScheduleError::Never),
        }
    }

    /// The first time after this one at which it is due; `None` when it never is again.
    pub fn next_after(&self, time: UnixTime) -> Option<UnixTime> {
        let pattern = match &self.rule {
            Rule::Every(length) => {
                let length = i64::try_from(length.as_nanos()).ok()?;
                return time.nanos().checked_add(length).map(UnixTime::from_nanos);
            }
            Rule::Pattern(pattern) => pattern,
        };
        let zone = self.zone.clone().unwrap_or_else(TimeZone::system);
        let now = Timestamp::from_nanosecond(time.nanos().into()).ok()?;
        let next = pattern
            .find_next_occurrence(&Zoned::new(now, zone), false)
            .ok()?;
        i64::try_from(next.timestamp().as_nanosecond())
            .ok()
            .map(UnixTime::from_nanos)
    }
}

/// `CRON_TZ=Zone` or `TZ=Zone`, and what stands behind it (GO-221).
fn split_zone(text: &str) -> Result<(Option<TimeZone>, &str), ScheduleError> {
    let named = ["CRON_TZ=", "TZ="]
        .iter()
        .find_map(|prefix| text.strip_prefix(prefix));
    let Some(named) = named else {
        return Ok((None, text));
    };
    let (name, rest) = named.split_once(char::is_whitespace).unwrap_or((named, ""));
    match TimeZone::get(name) {
        Ok(zone) => Ok((Some(zone), rest.trim_start())),
        Err(_) => Err(ScheduleError::Zone {
            name: name.to_owned(),
        }),
    }
}

fn parse_pattern(pattern: &str) -> Result<Rule, ScheduleError> {
    let found = pattern.split_whitespace().count();
    if found != 5 && found != 6 {
        return Err(ScheduleError::Fields { found });
    }
    let parser = CronParser::builder()
        .seconds(Seconds::Optional)
        .year(Year::Optional)
        // `0/10`, which the Go version reads as well.
        .sloppy_ranges(true)
        .build();
    match parser.parse(pattern) {
        Ok(cron) => Ok(Rule::Pattern(Box::new(cron))),
        Err(error) => Err(ScheduleError::Pattern {
            problem: error.to_string(),
        }),
    }
}

/// `1h30m10s` in the form of Go: numbers, also with a fraction, each with its unit.
fn interval(text: &str) -> Result<Duration, ScheduleError> {
    let wrong = || ScheduleError::Interval {
        text: text.to_owned(),
    };
    let mut seconds = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !(c.is_ascii_digit() || c == '.'))
            .ok_or_else(wrong)?;
        let (number, behind) = rest.split_at(digits);
        let unit_end = behind
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(unit_end);
        let factor = match unit {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 0.001,
            _ => return Err(wrong()),
        };
        seconds += number.parse::<f64>().map_err(|_| wrong())? * factor;
        rest = behind;
    }
    // Parts of a second are dropped, as there.
    match Duration::try_from_secs_f64(seconds.trunc()) {
        Ok(length) if length >= Duration::from_secs(1) => Ok(length),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{Schedule, ScheduleError};
    use crate::model::time::UnixTime;

    fn time(text: &str) -> UnixTime {
        let time: Timestamp = text.parse().expect("a time");
        UnixTime::from_nanos(i64::try_from(time.as_nanosecond()).expect("our century"))
    }

    /// When a schedule is due after a moment, in UTC.
    fn next(schedule: &str, after: &str) -> String {
        let schedule = if schedule.contains("TZ=") {
            schedule.to_owned()
        } else {
            format!("CRON_TZ=UTC {schedule}")
        };
        let parsed =
            Schedule::parse(&schedule).unwrap_or_else(|error| panic!("{schedule}: {error}"));
        let next = parsed.next_after(time(after)).expect("it comes");
        let next = Timestamp::from_nanosecond(next.nanos().into()).expect("a time");
        next.to_string()
    }

    fn error(schedule: &str) -> String {
        match Schedule::parse(schedule) {
            Ok(_) => panic!("{schedule} was accepted"),
            Err(error) => error.to_string(),
        }
    }

    const FRIDAY: &str = "2026-01-02T03:04:05Z";

    // GO-218
    #[test]
    fn five_fields_are_a_crontab_and_six_have_seconds() {
        assert_eq!(next("30 4 * * *", FRIDAY), "2026-01-02T04:30:00Z");
        assert_eq!(next("*/10 * * * * *", FRIDAY), "2026-01-02T03:04:10Z");
        assert_eq!(next("5 4 3 * * *", FRIDAY), "2026-01-03T03:04:05Z");
        assert_eq!(
            error("* * * *"),
            "a pattern has five fields, or six with seconds first, not 4"
        );
        assert_eq!(
            Schedule::parse("1 2 3 4 5 6 2027").map(|_| ()),
            Err(ScheduleError::Fields { found: 7 })
        );
    }

    // GO-220
    #[test]
    fn fields_have_lists_ranges_steps_names_and_two_sundays() {
        assert_eq!(next("0 9,12 * * *", FRIDAY), "2026-01-02T09:00:00Z");
        assert_eq!(next("0 5-7 * * *", FRIDAY), "2026-01-02T05:00:00Z");
        assert_eq!(next("10/20 * * * *", FRIDAY), "2026-01-02T03:10:00Z");
        assert_eq!(next("0 0 1 feb *", FRIDAY), "2026-02-01T00:00:00Z");
        assert_eq!(next("0 0 ? * Mon-tue", FRIDAY), "2026-01-05T00:00:00Z");
        assert_eq!(next("0 0 * * 7", FRIDAY), "2026-01-04T00:00:00Z");
        assert_eq!(next("0 0 * * 0", FRIDAY), "2026-01-04T00:00:00Z");
        // Both kinds of day given: either will do.
        assert_eq!(next("0 0 13 * SUN", FRIDAY), "2026-01-04T00:00:00Z");
    }

    // GO-219
    #[test]
    fn names_stand_for_patterns_and_every_for_a_length() {
        assert_eq!(next("@yearly", FRIDAY), "2027-01-01T00:00:00Z");
        assert_eq!(next("@annually", FRIDAY), "2027-01-01T00:00:00Z");
        assert_eq!(next("@monthly", FRIDAY), "2026-02-01T00:00:00Z");
        assert_eq!(next("@weekly", FRIDAY), "2026-01-04T00:00:00Z");
        assert_eq!(next("@Daily", FRIDAY), "2026-01-03T00:00:00Z");
        assert_eq!(next("@midnight", FRIDAY), "2026-01-03T00:00:00Z");
        assert_eq!(next("@hourly", FRIDAY), "2026-01-02T04:00:00Z");
        assert_eq!(next("@every 1h30m10s", FRIDAY), "2026-01-02T04:34:15Z");
        assert_eq!(next("@every 1.5s", FRIDAY), "2026-01-02T03:04:06Z");
        for wrong in [
            "@every",
            "@every 5",
            "@every 1d",
            "@every 0s",
            "@every 100ms",
            "@nightly",
        ] {
            assert!(Schedule::parse(wrong).is_err(), "{wrong}");
        }
    }

    // GO-221
    #[test]
    fn a_schedule_may_name_its_time_zone() {
        let winter = next("CRON_TZ=Europe/Berlin 0 6 * * *", FRIDAY);
        assert_eq!(winter, "2026-01-02T05:00:00Z");
        let summer = next("TZ=Europe/Berlin 0 0 6 * * *", "2026-07-01T05:00:00Z");
        assert_eq!(summer, "2026-07-02T04:00:00Z");
        assert_eq!(
            error("CRON_TZ=Mars/Base * * * * *"),
            "there is no time zone Mars/Base"
        );
    }

    // GO-222
    #[test]
    fn what_cannot_be_is_refused() {
        for wrong in [
            "",
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * * 13 *",
            "* * * * 8",
            "x * * * *",
            "*/0 * * * *",
            "0 0 30 2 *",
        ] {
            assert!(Schedule::parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(error("0 0 30 2 *"), "this time never comes");
        assert_eq!(next("0 0 29 2 *", FRIDAY), "2028-02-29T00:00:00Z");
    }

    #[test]
    fn the_moment_itself_does_not_count() {
        assert_eq!(next("5 4 3 2 1 *", FRIDAY), "2027-01-02T03:04:05Z");
    }
}
