//! TICK_5, TICK_60 and TICK_3600: events of the wall clock (EVT-030 to 033).
//!
//! An event comes when the current period of 5, 60 or 3600 seconds since 1970 is another than at the last look; however
//! many periods were missed, and also when the clock was set back. Only periods that somebody subscribes to are looked
//! at, so that a daemon without such listeners never wakes up for them. The phase of a period is first noted, and no
//! event comes of that.

use std::time::Duration;

use super::event::Event;
use crate::model::time::{Moment, Now, UnixTime};

const PERIODS: [i64; 3] = [5, 60, 3600];

/// A clock that is set forward is noticed after this at the latest. (No timer of ours follows the wall clock.)
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Which period each kind of tick was last seen in; `None` for those that nobody wants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Ticks {
    seen: [Option<i64>; 3],
}

impl Ticks {
    /// Looks from now on at the periods that `wanted` says, by their event's name.
    pub fn subscribe(&mut self, now: UnixTime, wanted: impl Fn(&'static str) -> bool) {
        for (seen, period) in self.seen.iter_mut().zip(PERIODS) {
            let event = Event::Tick { period, when: 0 };
            *seen = wanted(event.name()).then(|| seen.unwrap_or_else(|| start_of(period, now)));
        }
    }

    /// The events that are due, shortest period first.
    pub fn take_due(&mut self, now: UnixTime) -> Vec<Event> {
        let mut due = Vec::new();
        for (seen, period) in self.seen.iter_mut().zip(PERIODS) {
            let when = start_of(period, now);
            if seen.is_some_and(|seen| seen != when) {
                *seen = Some(when);
                due.push(Event::Tick { period, when });
            }
        }
        due
    }

    /// When to look again.
    pub fn deadline(&self, now: Now) -> Option<Moment> {
        let periods = self.seen.iter().zip(PERIODS);
        let shortest = periods
            .filter(|(seen, _)| seen.is_some())
            .map(|(_, p)| p)
            .min()?;
        let left = shortest * SECOND - now.unix.nanos().rem_euclid(shortest * SECOND);
        let left = Duration::from_nanos(left.unsigned_abs());
        Some(now.moment + left.min(LONGEST_WAIT))
    }
}

const SECOND: i64 = 1_000_000_000;

/// The second in which the period began that `now` is in.
fn start_of(period: i64, now: UnixTime) -> i64 {
    let seconds = now.nanos().div_euclid(SECOND);
    seconds - seconds.rem_euclid(period)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Event, Ticks};
    use crate::model::time::{Moment, Now, UnixTime};

    fn at(millis: i64) -> UnixTime {
        UnixTime::from_nanos(millis * 1_000_000)
    }

    fn tick(period: i64, when: i64) -> Event {
        Event::Tick { period, when }
    }

    // EVT-030, EVT-032, EVT-033
    #[test]
    fn an_event_comes_when_the_period_is_another() {
        let mut ticks = Ticks::default();
        assert_eq!(ticks.take_due(at(12_000)), []);
        ticks.subscribe(at(12_000), |_| true);
        assert_eq!(ticks.take_due(at(14_999)), []);
        assert_eq!(ticks.take_due(at(15_000)), [tick(5, 15)]);
        assert_eq!(ticks.take_due(at(15_001)), []);
        // Missed ones do not come later, and a clock set back is another period too.
        assert_eq!(ticks.take_due(at(127_000)), [tick(5, 125), tick(60, 120)]);
        assert_eq!(ticks.take_due(at(119_000)), [tick(5, 115), tick(60, 60)]);
        assert_eq!(
            ticks.take_due(at(3_600_500)),
            [tick(5, 3600), tick(60, 3600), tick(3600, 3600)]
        );
    }

    // EVT-032
    #[test]
    fn nothing_is_due_while_nobody_wants_a_tick() {
        let mut ticks = Ticks::default();
        let now = |millis: i64| Now {
            moment: Moment::from_origin(Duration::from_secs(7)),
            unix: at(millis),
        };
        assert_eq!(ticks.deadline(now(12_000)), None);
        ticks.subscribe(at(12_000), |name| name == "TICK_5");
        let wait = |ticks: &Ticks, millis| ticks.deadline(now(millis)).map(|at| at.since_origin());
        assert_eq!(
            wait(&ticks, 12_250),
            Some(Duration::from_millis(7_000 + 2_750))
        );
        assert_eq!(wait(&ticks, 15_000), Some(Duration::from_secs(7 + 5)));
        // Whoever waits for the hour looks at the clock more often.
        ticks.subscribe(at(12_000), |name| name == "TICK_3600");
        assert_eq!(wait(&ticks, 12_000), Some(Duration::from_secs(7 + 60)));
        ticks.subscribe(at(12_000), |_| false);
        assert_eq!(ticks.deadline(now(12_000)), None);
    }
}
