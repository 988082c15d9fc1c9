//! One run of a checked program: when to check, and what the results in a row come to.

use std::time::Duration;

use tokio::time::sleep;

use super::{at_least_a_second, seconds};
use crate::config::extensions::Liveness;
use crate::model::health::{Health, Verdict};

/// Who is looked after, as far as this file cares.
pub trait Patient {
    /// One check, with its time limit; why it failed.
    async fn check(&self) -> Result<(), String>;

    /// What is known now, for whoever shows it.
    fn note(&self, health: Health);

    /// So many checks in a row have failed, of so many that may.
    fn failing(&self, failures: i64, of: i64, reason: &str);

    /// It has become healthy; returns when what is to be done then is done.
    async fn turned_healthy(&self);

    /// Too many failures in a row; returns when what is to be done then is done.
    async fn failed(&self);
}

/// Checks for as long as it is let: the first time after `first`, and again and again `period` after the end of the check
/// before.
pub async fn look_after(liveness: &Liveness, first: Duration, patient: &impl Patient) {
    let mut delay = first;
    loop {
        sleep(delay).await;
        check_until_failed(liveness, patient).await;
        patient.failed().await;
        // GO-214
        delay = seconds(liveness.initial_delay);
    }
}

/// Counters begin at zero, and it is not known to be healthy.
async fn check_until_failed(liveness: &Liveness, patient: &impl Patient) {
    let (mut successes, mut failures) = (0_i64, 0_i64);
    let mut verdict = Verdict::Unknown;
    loop {
        let result = patient.check().await;
        match &result {
            Ok(()) => (successes, failures) = (successes.saturating_add(1), 0),
            Err(_) => (successes, failures) = (0, failures.saturating_add(1)),
        }
        let turned = verdict != Verdict::Healthy && successes >= liveness.success_threshold.max(1);
        let failed = failures >= liveness.failure_threshold.max(1);
        if turned {
            verdict = Verdict::Healthy;
        }
        if failed {
            verdict = Verdict::Unhealthy;
        }
        let reason = result.err().unwrap_or_default();
        if failures > 0 {
            patient.failing(failures, liveness.failure_threshold.max(1), &reason);
        }
        patient.note(Health { verdict, reason });
        if turned {
            patient.turned_healthy().await;
        }
        if failed {
            return;
        }
        sleep(at_least_a_second(liveness.period)).await;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::time::Duration;

    use tokio::time::{Instant, sleep, timeout};

    use super::{Patient, look_after};
    use crate::config::extensions::{FailureAction, Liveness, Probe};
    use crate::model::health::{Health, Verdict};

    /// Fails and succeeds as told (`+` and `-`, then always as the last), and writes down what happens and when.
    struct Story {
        results: RefCell<Vec<char>>,
        begun: Instant,
        told: RefCell<Vec<String>>,
        check_takes: Duration,
        health: Cell<Option<Verdict>>,
    }

    impl Story {
        fn tell(&self, what: &str) {
            let at = self.begun.elapsed().as_secs();
            self.told.borrow_mut().push(format!("{at} {what}"));
        }
    }

    impl Patient for Story {
        async fn check(&self) -> Result<(), String> {
            self.tell("check");
            sleep(self.check_takes).await;
            let mut results = self.results.borrow_mut();
            let result = if results.len() > 1 {
                results.remove(0)
            } else {
                results[0]
            };
            if result == '+' {
                Ok(())
            } else {
                Err("why".into())
            }
        }

        fn note(&self, health: Health) {
            self.health.set(Some(health.verdict));
        }

        fn failing(&self, failures: i64, of: i64, reason: &str) {
            self.tell(&format!("{failures}/{of} {reason}"));
        }

        async fn turned_healthy(&self) {
            self.tell("healthy");
        }

        async fn failed(&self) {
            self.tell("failed");
        }
    }

    fn liveness() -> Liveness {
        Liveness {
            check: Probe::Tcp(String::new()),
            initial_delay: 60,
            period: 10,
            timeout: 30,
            success_threshold: 1,
            failure_threshold: 3,
            success_action: None,
            failure_action: FailureAction::Restart,
        }
    }

    /// What happens in so many seconds.
    async fn run(
        liveness: &Liveness,
        results: &str,
        check_takes: u64,
        length: u64,
    ) -> (Vec<String>, Option<Verdict>) {
        let story = Story {
            results: RefCell::new(results.chars().collect()),
            begun: Instant::now(),
            told: RefCell::default(),
            check_takes: Duration::from_secs(check_takes),
            health: Cell::new(None),
        };
        let first = Duration::from_secs(5);
        // Not on a full second, where it would be chance what comes first.
        let length = Duration::from_millis(length * 1000 - 500);
        let _ = timeout(length, look_after(liveness, first, &story)).await;
        (story.told.take(), story.health.get())
    }

    // GO-205, GO-207: from the end of one check to the next
    #[tokio::test(start_paused = true)]
    async fn the_period_counts_from_the_end_of_a_check() {
        let (told, health) = run(&liveness(), "+", 2, 30).await;
        assert_eq!(told, ["5 check", "7 healthy", "17 check", "29 check"]);
        assert_eq!(health, Some(Verdict::Healthy));
    }

    // GO-210, GO-214
    #[tokio::test(start_paused = true)]
    async fn failures_in_a_row_lead_to_the_action_and_then_everything_starts_over() {
        let (told, health) = run(&liveness(), "--+---+", 0, 150).await;
        assert_eq!(
            told,
            [
                "5 check",
                "5 1/3 why",
                "15 check",
                "15 2/3 why",
                "25 check",
                "25 healthy",
                "35 check",
                "35 1/3 why",
                "45 check",
                "45 2/3 why",
                "55 check",
                "55 3/3 why",
                "55 failed",
                "115 check",
                "115 healthy",
                "125 check",
                "135 check",
                "145 check",
            ]
        );
        assert_eq!(health, Some(Verdict::Healthy));
    }

    // GO-209, GO-211
    #[tokio::test(start_paused = true)]
    async fn it_turns_healthy_after_so_many_successes_in_a_row_and_once() {
        let two = Liveness {
            success_threshold: 2,
            ..liveness()
        };
        let (told, _) = run(&two, "+-++-++", 0, 70).await;
        let healthy = |line: &&String| line.ends_with("healthy");
        assert_eq!(
            told.iter().filter(healthy).collect::<Vec<_>>(),
            ["35 healthy"]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn numbers_that_make_no_sense_do_not_make_a_busy_loop() {
        let zero = Liveness {
            period: -1,
            initial_delay: -1,
            success_threshold: 0,
            failure_threshold: 0,
            ..liveness()
        };
        let (told, health) = run(&zero, "+", 0, 8).await;
        assert_eq!(told, ["5 check", "5 healthy", "6 check", "7 check"]);
        assert_eq!(health, Some(Verdict::Healthy));
    }
}
