//! A timer of the kernel for a time of the wall clock. It also fires when that clock is set, so that whoever waits for noon
//! does not sleep through a clock that was put right, and it needs nobody to look at the clock in between.

use std::io;

use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};

use crate::daemon::readiness::Readiness;
use crate::model::log;
use crate::model::time::UnixTime;

/// Where it is set to when nothing is due: it only tells of the clock being set. Beyond the years of 32 bits, within what
/// all kernels take.
const NEVER: i64 = 1 << 33;

pub struct Timer {
    timer: TimerFd,
    readiness: Readiness,
}

impl Timer {
    /// Needs the runtime's context.
    pub fn new() -> io::Result<Self> {
        let flags = TimerFlags::TFD_CLOEXEC | TimerFlags::TFD_NONBLOCK;
        let timer = TimerFd::new(ClockId::CLOCK_REALTIME, flags)?;
        let readiness = Readiness::of(&timer)?;
        Ok(Self { timer, readiness })
    }

    /// Fires at this time, or at once if it has passed.
    pub fn set(&self, at: Option<UnixTime>) {
        let nanos = at.map_or(NEVER * 1_000_000_000, UnixTime::nanos);
        let at = TimeSpec::new(
            nanos.div_euclid(1_000_000_000),
            nanos.rem_euclid(1_000_000_000),
        );
        let flags =
            TimerSetTimeFlags::TFD_TIMER_ABSTIME | TimerSetTimeFlags::TFD_TIMER_CANCEL_ON_SET;
        if let Err(error) = self.timer.set(Expiration::OneShot(at), flags) {
            log::error!("cannot set the timer for schedules: {}", error.desc());
        }
    }

    /// Resolves when it has fired, or the clock was set; false when it never will again.
    pub async fn fires(&self) -> bool {
        loop {
            let Ok(mut ready) = self.readiness.readable().await else {
                return false;
            };
            ready.clear_ready();
            // EAGAIN: it was set to another time meanwhile.
            if self.timer.wait().is_ok() {
                return true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    use tokio::time::timeout;

    use super::Timer;
    use crate::model::time::UnixTime;

    fn from_now(nanos: i64) -> Option<UnixTime> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
        let now = i64::try_from(now.as_nanos()).ok()?;
        Some(UnixTime::from_nanos(now + nanos))
    }

    #[tokio::test]
    async fn it_fires_at_its_time_and_not_when_it_is_set_to_never() {
        let timer = Timer::new().expect("a timer");
        timer.set(from_now(-1));
        assert!(timer.fires().await, "a time that has passed");
        timer.set(from_now(20_000_000));
        assert!(timer.fires().await);
        timer.set(from_now(20_000_000));
        timer.set(None);
        let fired = timeout(Duration::from_millis(60), timer.fires()).await;
        assert!(fired.is_err());
    }
}
