//! Reading in batches: a stream that trickles rests for a moment before it is read again.
//!
//! A child that writes a line at a time, as fast as it can, costs one wake-up of supervisord per line, several
//! microseconds for a hundred bytes. Left alone for a quarter of a millisecond it fills its pipe instead, and one wake-up
//! carries some hundred lines. So after a short read of a *busy* stream the pipe is taken out of the waiting set until
//! a timer, one for all, ends its rest.
//!
//! What a rest never does:
//!
//! - delay the first line after a pause: a stream is busy only when its last bytes came a moment ago;
//! - keep a child waiting whose pipe is filling up: a read of a quarter of it or more is followed by no rest;
//! - delay an end: the kernel tells a closed pipe all the same, and a death drains the pipe;
//! - hold back what somebody waits for: streams whose bytes are events, and what listeners say, never rest.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};

use crate::supervisor::event::Channel;
use crate::supervisor::turn::ProcessId;

/// How long a rest is.
const REST: Duration = Duration::from_micros(250);

/// Bytes that come within this time after others are the trickle of a busy stream.
const BUSY: Duration = Duration::from_micros(500);

/// A read of this much, a quarter of a pipe, is worth its wake-up.
const WORTHWHILE: usize = 16 * 1024;

/// What one stream has been doing lately.
#[derive(Debug, Clone, Copy, Default)]
pub struct Pace {
    last: Option<Instant>,
    resting: bool,
}

impl Pace {
    pub fn is_resting(self) -> bool {
        self.resting
    }

    /// Takes note of a read that gave so many bytes; true when the stream should rest now.
    pub fn after(&mut self, got: usize, now: Instant) -> bool {
        let went_on = self
            .last
            .is_some_and(|last| now.saturating_duration_since(last) < BUSY);
        // A rest may end late on a machine that has much to do, and the stream is no less busy for it.
        let busy = went_on || self.resting;
        if got > 0 {
            self.last = Some(now);
        }
        self.resting = busy && (1..WORTHWHILE).contains(&got);
        self.resting
    }
}

/// The streams that rest, and the timer that ends it.
pub struct Rests {
    timer: TimerFd,
    armed: bool,
    resting: Vec<(ProcessId, Channel)>,
}

impl Rests {
    pub fn new() -> io::Result<Self> {
        let flags = TimerFlags::TFD_CLOEXEC | TimerFlags::TFD_NONBLOCK;
        Ok(Self {
            timer: TimerFd::new(ClockId::CLOCK_MONOTONIC, flags)?,
            armed: false,
            resting: Vec::new(),
        })
    }

    /// Lets a stream rest.
    pub fn add(&mut self, id: ProcessId, channel: Channel) {
        self.resting.push((id, channel));
        if !self.armed {
            self.arm(REST);
        }
    }

    /// The timer has gone off: hands out the streams to be read now, so many at most. Some may be gone. To be followed by
    /// [`go_on`](Self::go_on).
    pub fn over(&mut self, at_most: usize) -> Vec<(ProcessId, Channel)> {
        // Whoever rests again meanwhile needs no timer of its own.
        self.armed = true;
        let count = self.resting.len().min(at_most);
        self.resting.drain(..count).collect()
    }

    /// Sets the timer for those who still rest, or stops it.
    pub fn go_on(&mut self) {
        if self.resting.is_empty() {
            self.armed = false;
            // A timer that cannot be stopped would only be told once more.
            let _ = self.timer.unset();
        } else {
            self.arm(REST);
        }
    }

    fn arm(&mut self, length: Duration) {
        let at = Expiration::OneShot(TimeSpec::from_duration(length));
        self.armed = self.timer.set(at, TimerSetTimeFlags::empty()).is_ok();
    }
}

impl AsFd for Rests {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.timer.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::{Pace, REST, WORTHWHILE};
    use std::time::{Duration, Instant};

    const LINE: usize = 100;
    const MOMENT: Duration = Duration::from_micros(5);

    fn busy(now: Instant) -> Pace {
        let mut pace = Pace::default();
        assert!(!pace.after(LINE, now), "the first line is only the first");
        assert!(pace.after(LINE, now + MOMENT));
        pace
    }

    #[test]
    fn lines_with_pauses_between_them_never_rest() {
        let start = Instant::now();
        let mut pace = Pace::default();
        for second in 0..5 {
            assert!(!pace.after(LINE, start + Duration::from_secs(second)));
        }
    }

    #[test]
    fn a_busy_stream_rests_until_nothing_comes_any_more() {
        let now = Instant::now();
        let mut pace = busy(now);
        assert!(pace.after(LINE, now + REST));
        let late = now + Duration::from_millis(30);
        assert!(pace.after(LINE, late), "it was the timer that was late");
        assert!(!pace.after(0, late + REST));
        assert!(!pace.after(LINE, late + Duration::from_secs(1)));
    }

    #[test]
    fn a_pipe_that_fills_up_is_read_again_at_once() {
        let now = Instant::now();
        assert!(!busy(now).after(WORTHWHILE, now + REST));
    }
}
