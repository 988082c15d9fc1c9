//! Local time, taken apart: for the stamps of log lines and for dates that people read.
//!
//! The C library knows the time zone (`TZ`, else `/etc/localtime`); the reference asks it too, so the two agree in
//! every zone. It reads the zone once per run.

use std::fmt::Write;
use std::mem::MaybeUninit;
use std::time::{SystemTime, UNIX_EPOCH};

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

const WEEKDAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

/// By how many weekdays the months are shifted.
const SHIFTS: [i64; 12] = [0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4];

/// One second of local time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalTime {
    pub year: i64,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    pub hour: u8,
    pub minute: u8,
    /// 60 in a leap second, if the zone has them.
    pub second: u8,
    /// How many seconds the zone is ahead of Greenwich.
    pub offset: i32,
}

impl LocalTime {
    /// The local time so many seconds after 1970 began in Greenwich. A time whose year no calendar has is shown as
    /// the beginning of 1970.
    pub fn at(unix_seconds: i64) -> Self {
        broken_down(unix_seconds).unwrap_or(Self {
            year: 1970,
            month: 1,
            day: 1,
            hour: 0,
            minute: 0,
            second: 0,
            offset: 0,
        })
    }

    /// `%Y-%m-%d %H:%M:%S,mmm`, the stamp of a line of the activity log (MLF-001).
    pub fn log_stamp(&self, millis: u32) -> String {
        let mut stamp = String::with_capacity(24);
        // Writing to a String cannot fail.
        let _ = write!(
            stamp,
            "{:04}-{:02}-{:02} {:02}:{:02}:{:02},{millis:03}",
            self.year, self.month, self.day, self.hour, self.minute, self.second
        );
        stamp
    }

    /// `2026-11-24T15:26:55.042+01:00`, for programs (RFC 3339).
    pub fn iso_stamp(&self, millis: u32) -> String {
        format!("{}.{millis:03}{}", self.iso_seconds(), self.iso_zone())
    }

    /// `2026-11-24T15:26:55+01:00`, the stamp of a line for a syslog elsewhere.
    pub fn remote_syslog_stamp(&self) -> String {
        format!("{}{}", self.iso_seconds(), self.iso_zone())
    }

    fn iso_seconds(&self) -> String {
        format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
            self.year, self.month, self.day, self.hour, self.minute, self.second
        )
    }

    fn iso_zone(&self) -> String {
        if self.offset == 0 {
            return "Z".to_owned();
        }
        let sign = if self.offset < 0 { '-' } else { '+' };
        let minutes = self.offset.unsigned_abs() / 60;
        format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }

    /// `%b %d %I:%M %p`: when a process stopped, as its description shows it (DSC-003, RPC-100).
    pub fn date_and_clock(&self) -> String {
        let half = if self.hour < 12 { "AM" } else { "PM" };
        let hour = match self.hour % 12 {
            0 => 12,
            hour => hour,
        };
        format!(
            "{} {:02} {hour:02}:{:02} {half}",
            self.month_name(),
            self.day,
            self.minute
        )
    }

    /// `%b %e %T`, the stamp of a line for the local syslog (RFC 3164).
    pub fn syslog_stamp(&self) -> String {
        format!(
            "{} {:2} {:02}:{:02}:{:02}",
            self.month_name(),
            self.day,
            self.hour,
            self.minute,
            self.second
        )
    }

    /// `%a %b %e %T %Y`: what Python's `time.ctime()` prints (WEB-023).
    pub fn ctime(&self) -> String {
        let (day, month) = (i64::from(self.day), usize::from(self.month));
        // Sakamoto's way: January and February belong to the year before.
        let year = self.year - i64::from(month < 3);
        let shift = SHIFTS.get(month.wrapping_sub(1)).unwrap_or(&0);
        let days = year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
        let weekday = usize::try_from((days + shift + day).rem_euclid(7)).unwrap_or(0);
        format!(
            "{} {} {day:2} {:02}:{:02}:{:02} {}",
            WEEKDAYS.get(weekday).unwrap_or(&"???"),
            self.month_name(),
            self.hour,
            self.minute,
            self.second,
            self.year
        )
    }

    fn month_name(&self) -> &'static str {
        // The month is 1 to 12 in whatever `at` made; a hand-made one may be wrong.
        MONTHS
            .get(usize::from(self.month).wrapping_sub(1))
            .unwrap_or(&"???")
    }
}

/// A moment as local time, and the milliseconds of its second. A clock before 1970 is shown as 1970.
pub fn stamped(at: SystemTime) -> (LocalTime, u32) {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
    (LocalTime::at(seconds), since.subsec_millis())
}

/// `None` when the year does not fit the C library's idea of one.
fn broken_down(unix_seconds: i64) -> Option<LocalTime> {
    let mut parts = MaybeUninit::<nix::libc::tm>::uninit();
    // SAFETY: both pointers are valid for the call, and `localtime_r`, unlike `localtime`, keeps nothing of its own
    // that another thread could see. It returns null when it did not fill `parts`, and the other pointer when it did,
    // so `parts` is read only after it was written. It reads `TZ` from the environment; whoever changes
    // that needs `unsafe` too, and has to argue that nobody reads it meanwhile.
    let parts = unsafe {
        if nix::libc::localtime_r(&raw const unix_seconds, parts.as_mut_ptr()).is_null() {
            return None;
        }
        parts.assume_init()
    };
    let small = |number: i32| u8::try_from(number).ok();
    Some(LocalTime {
        year: i64::from(parts.tm_year) + 1900,
        month: small(parts.tm_mon + 1)?,
        day: small(parts.tm_mday)?,
        hour: small(parts.tm_hour)?,
        minute: small(parts.tm_min)?,
        second: small(parts.tm_sec)?,
        offset: i32::try_from(parts.tm_gmtoff).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::LocalTime;

    fn time(month: u8, day: u8, hour: u8, minute: u8, second: u8) -> LocalTime {
        LocalTime {
            year: 2026,
            month,
            day,
            hour,
            minute,
            second,
            offset: 0,
        }
    }

    #[test]
    fn stamps_for_programs_name_the_zone() {
        let mut time = time(3, 9, 7, 5, 1);
        assert_eq!(time.iso_stamp(9), "2026-03-09T07:05:01.009Z");
        time.offset = 5 * 3600 + 45 * 60;
        assert_eq!(time.iso_stamp(42), "2026-03-09T07:05:01.042+05:45");
        time.offset = -3 * 3600 - 30 * 60;
        assert_eq!(time.remote_syslog_stamp(), "2026-03-09T07:05:01-03:30");
    }

    // MLF-001
    #[test]
    fn log_stamps_have_three_digits_of_milliseconds() {
        assert_eq!(time(3, 9, 7, 5, 1).log_stamp(9), "2026-03-09 07:05:01,009");
    }

    // DSC-003, RPC-100: `%b %d %I:%M %p`
    #[test]
    fn dates_for_people_have_a_twelve_hour_clock() {
        assert_eq!(time(3, 9, 0, 5, 0).date_and_clock(), "Mar 09 12:05 AM");
        assert_eq!(time(3, 9, 11, 59, 0).date_and_clock(), "Mar 09 11:59 AM");
        assert_eq!(time(12, 31, 12, 0, 0).date_and_clock(), "Dec 31 12:00 PM");
        assert_eq!(time(1, 1, 23, 7, 0).date_and_clock(), "Jan 01 11:07 PM");
    }

    // LOG-028
    #[test]
    fn syslog_stamps_pad_the_day_with_a_blank() {
        assert_eq!(time(11, 4, 15, 26, 5).syslog_stamp(), "Nov  4 15:26:05");
        assert_eq!(time(11, 24, 15, 26, 5).syslog_stamp(), "Nov 24 15:26:05");
    }

    // WEB-023; expectations printed by Python
    #[test]
    fn a_whole_date_is_as_python_prints_it() {
        assert_eq!(time(11, 22, 6, 7, 1).ctime(), "Sun Nov 22 06:07:01 2026");
        assert_eq!(time(1, 1, 0, 0, 0).ctime(), "Thu Jan  1 00:00:00 2026");
        assert_eq!(time(2, 28, 23, 59, 60).ctime(), "Sat Feb 28 23:59:60 2026");
        assert_eq!(time(3, 1, 0, 0, 0).ctime(), "Sun Mar  1 00:00:00 2026");
    }

    #[test]
    fn a_day_later_is_a_day_later_in_every_zone() {
        // No zone has changed its clock in the first days of 1990.
        let (one, next) = (LocalTime::at(631_400_000), LocalTime::at(631_486_400));
        assert_eq!(one.year, 1990);
        assert_eq!(next.day, one.day + 1);
        assert_eq!(
            (next.hour, next.minute, next.second),
            (one.hour, one.minute, one.second)
        );
    }

    #[test]
    fn a_time_beyond_all_calendars_is_shown_all_the_same() {
        assert_eq!(LocalTime::at(i64::MAX).year, 1970);
        assert_eq!(LocalTime::at(i64::MIN).year, 1970);
    }
}
