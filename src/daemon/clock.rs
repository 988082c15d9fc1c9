//! The two clocks of the real system, read together.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::model::time::{Moment, Now, UnixTime};

/// Reads the time. Its origin is when it was made; copies share it.
#[derive(Debug, Clone, Copy)]
pub struct Clock(Instant);

impl Clock {
    pub fn start() -> Self {
        Self(Instant::now())
    }

    pub fn now(self) -> Now {
        let unix = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Now {
            moment: Moment::from_origin(self.0.elapsed()),
            unix: UnixTime::from_nanos(i64::try_from(unix.as_nanos()).unwrap_or(i64::MAX)),
        }
    }
}
