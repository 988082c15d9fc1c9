//! Two clocks, named apart.
//!
//! [`Moment`] drives every deadline and never goes back; [`UnixTime`] is only shown to people and clients. A turn of
//! the machine gets both as [`Now`].

use std::ops::Add;
use std::time::Duration;

/// A point on the monotonic clock, counted from an arbitrary origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Moment(Duration);

impl Moment {
    pub fn from_origin(since: Duration) -> Self {
        Self(since)
    }

    pub fn since_origin(self) -> Duration {
        self.0
    }

    /// How long after `earlier` this is; zero when it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// Moves by a number of whole seconds as written in a configuration, which may be negative (TYP-001).
    pub fn plus_seconds(self, seconds: i64) -> Self {
        let length = Duration::from_secs(seconds.unsigned_abs());
        if seconds < 0 {
            Self(self.0.saturating_sub(length))
        } else {
            Self(self.0.saturating_add(length))
        }
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    fn add(self, length: Duration) -> Self {
        Self(self.0.saturating_add(length))
    }
}

/// Wall-clock time in nanoseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct UnixTime(i64);

impl UnixTime {
    pub fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    pub fn nanos(self) -> i64 {
        self.0
    }

    /// Whole seconds in the range of an XML-RPC int, as clients see times (RPC-091).
    pub fn capped_seconds(self) -> i32 {
        let seconds = self.0.div_euclid(1_000_000_000);
        i32::try_from(seconds).unwrap_or(if seconds < 0 { i32::MIN } else { i32::MAX })
    }
}

/// The time of one turn on both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Now {
    pub moment: Moment,
    pub unix: UnixTime,
}

#[cfg(test)]
mod tests {
    use super::{Moment, UnixTime};
    use std::time::Duration;

    // RPC-091, DSC-006
    #[test]
    fn times_outside_32_bits_are_capped() {
        assert_eq!(UnixTime::from_nanos(i64::MAX).capped_seconds(), i32::MAX);
        assert_eq!(UnixTime::from_nanos(-1).capped_seconds(), -1);
    }

    // TYP-001
    #[test]
    fn absurd_numbers_of_seconds_saturate() {
        let at = Moment::from_origin(Duration::from_secs(5));
        assert_eq!(at.plus_seconds(-10), Moment::default());
        assert!(at.plus_seconds(i64::MAX) > at);
    }
}
