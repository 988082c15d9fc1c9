//! Dates as HTTP writes them, from the wall clock and without a time zone.
//!
//! Every answer carries one (HTTP-036) and a log tail carries the age of its file (HTTP-095); the access log has a
//! form of its own (HTTP-040). All are in GMT, so plain arithmetic on the calendar is enough.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

const WEEKDAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// A second in GMT, taken apart. Times before 1970 show as its first second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Date {
    year: u64,
    /// 0 is January.
    month: usize,
    day: u64,
    /// 0 is Sunday.
    weekday: usize,
    second_of_day: u64,
}

impl Date {
    pub fn now() -> Self {
        Self::from(SystemTime::now())
    }

    fn clock(self) -> (u64, u64, u64) {
        let second = self.second_of_day;
        (second / 3600, second / 60 % 60, second % 60)
    }

    /// Reads `Thu, 01 Jan 1970 00:00:00 GMT`, which is what clients send back; another form is none.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let mut words = text.split([' ', ':']).filter(|word| !word.is_empty());
        let name = words.next()?.strip_suffix(',')?;
        let weekday = WEEKDAYS.iter().position(|known| *known == name)?;
        let day = words.next()?.parse().ok()?;
        let name = words.next()?;
        let month = MONTHS.iter().position(|known| *known == name)?;
        let year = words.next()?.parse().ok()?;
        let mut clock = [0; 3];
        for number in &mut clock {
            *number = words
                .next()?
                .parse::<u64>()
                .ok()
                .filter(|number| *number < 61)?;
        }
        let [hour, minute, second] = clock;
        (words.next()? == "GMT").then_some(Self {
            year,
            month,
            day,
            weekday,
            second_of_day: hour * 3600 + minute * 60 + second,
        })
    }

    /// Whether this second is not before that one.
    pub fn is_at_least(self, other: Self) -> bool {
        let place = |date: Self| (date.year, date.month, date.day, date.second_of_day);
        place(self) >= place(other)
    }

    /// `24/Nov/2026:15:27:13 +0000`, as the access log has it.
    pub fn for_log(self) -> String {
        let (hour, minute, second) = self.clock();
        let (day, month, year) = (self.day, MONTHS[self.month], self.year);
        format!("{day:02}/{month}/{year}:{hour:02}:{minute:02}:{second:02} +0000")
    }
}

impl From<SystemTime> for Date {
    fn from(time: SystemTime) -> Self {
        let seconds = time.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
        let days = seconds / 86_400;
        // Years that begin in March put the leap day last; 719,468 days lie between 1 March of year 0 and 1970.
        let shifted = days + 719_468;
        let era = shifted / 146_097;
        let day_of_era = shifted % 146_097;
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let march_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * march_month + 2) / 5 + 1;
        let next_year = march_month >= 10;
        let month = if next_year {
            march_month - 10
        } else {
            march_month + 2
        };
        Self {
            year: era * 400 + year_of_era + u64::from(next_year),
            // Both are small: at most 11, and below 7.
            month: month as usize,
            day,
            weekday: ((days + 4) % 7) as usize,
            second_of_day: seconds % 86_400,
        }
    }
}

/// `Tue, 24 Nov 2026 15:27:13 GMT`.
impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hour, minute, second) = self.clock();
        let (weekday, month) = (WEEKDAYS[self.weekday], MONTHS[self.month]);
        let (day, year) = (self.day, self.year);
        write!(
            f,
            "{weekday}, {day:02} {month} {year} {hour:02}:{minute:02}:{second:02} GMT"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Date;
    use std::time::{Duration, UNIX_EPOCH};

    fn at(seconds: u64) -> Date {
        Date::from(UNIX_EPOCH + Duration::from_secs(seconds))
    }

    // HTTP-036
    #[test]
    fn dates_are_written_as_the_mail_standard_has_them() {
        assert_eq!(at(0).to_string(), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(at(951_782_399).to_string(), "Mon, 28 Feb 2000 23:59:59 GMT");
        assert_eq!(at(951_782_400).to_string(), "Tue, 29 Feb 2000 00:00:00 GMT");
        assert_eq!(
            at(1_795_534_033).to_string(),
            "Tue, 24 Nov 2026 15:27:13 GMT"
        );
        assert_eq!(
            at(4_107_542_400).to_string(),
            "Mon, 01 Mar 2100 00:00:00 GMT"
        );
    }

    // HTTP-113
    #[test]
    fn dates_come_back_as_they_went_out() {
        for seconds in [0, 951_782_399, 951_782_400, 1_795_534_033] {
            let date = at(seconds);
            assert_eq!(Date::parse(date.to_string().as_bytes()), Some(date));
            assert!(date.is_at_least(at(seconds)) && !date.is_at_least(at(seconds + 1)));
        }
        for text in [
            "",
            "Thu, 01 Jan 1970",
            "Thursday, 01-Jan-70 00:00:00 GMT",
            "Thu, 01 Jan 1970 00:00:99 GMT",
        ] {
            assert_eq!(Date::parse(text.as_bytes()), None, "{text}");
        }
    }

    // HTTP-040
    #[test]
    fn the_access_log_has_its_own_form() {
        let shown = at(1_795_534_033).for_log();
        assert_eq!(shown, "24/Nov/2026:15:27:13 +0000");
    }
}
