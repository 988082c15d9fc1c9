//! How long things take: counts per length, with bounds that are the same for everything that is measured.

use std::time::Duration;

/// The upper bounds, inclusive: from what a turn takes to what a client may wait for. Longer ones are counted, too.
pub const BOUNDS: [Duration; 14] = [
    Duration::from_micros(10),
    Duration::from_micros(50),
    Duration::from_micros(100),
    Duration::from_micros(500),
    Duration::from_millis(1),
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(60),
];

/// Lengths of time, counted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Histogram {
    /// One more than there are bounds: the last is for what is longer.
    counts: [u64; BOUNDS.len() + 1],
    sum: Duration,
}

impl Histogram {
    pub fn add(&mut self, length: Duration) {
        let place = BOUNDS.partition_point(|bound| *bound < length);
        self.counts[place] += 1;
        self.sum = self.sum.saturating_add(length);
    }

    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    pub fn sum(&self) -> Duration {
        self.sum
    }

    /// How many lie between each bound and the one before; the last bound is infinity.
    pub fn buckets(&self) -> impl Iterator<Item = (f64, u64)> {
        let bounds = BOUNDS.iter().map(Duration::as_secs_f64);
        bounds
            .chain([f64::INFINITY])
            .zip(self.counts.iter().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::{BOUNDS, Duration, Histogram};

    #[test]
    fn a_length_is_counted_below_the_next_bound() {
        let mut histogram = Histogram::default();
        for micros in [0, 10, 11, 60_000_000, 60_000_001] {
            histogram.add(Duration::from_micros(micros));
        }
        let counts: Vec<u64> = histogram.buckets().map(|(_, count)| count).collect();
        assert_eq!(counts.len(), BOUNDS.len() + 1);
        assert_eq!((counts[0], counts[1]), (2, 1));
        assert_eq!(counts[13..], [1, 1]);
        assert_eq!(histogram.count(), 5);
        assert_eq!(histogram.sum(), Duration::from_micros(120_000_022));
        assert!(BOUNDS.is_sorted());
    }
}
