//! One thing under watch: waits until something happens, then until nothing happens any more, and then looks.
//!
//! That is what makes one restart of one change, however many files and steps it takes (GO-170, GO-179). A program that is
//! copied into place is not looked at before it is complete, as far as anybody can know that: a second without news, or
//! five when the last news was of a file that somebody still has open for writing.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

use super::notifier::{Notifier, Trigger};
use super::places::on_the_way;
use super::snapshot::{Patience, Snapshot, Target, Unsettled};
use crate::config::extensions::Reaction;
use crate::model::log;
use crate::supervisor::turn::ProcessId;

/// So long without news, and what has happened is over.
const QUIET: Duration = Duration::from_secs(1);

/// The same when a file seems to be open for writing.
const QUIET_WHILE_OPEN: Duration = Duration::from_secs(5);

/// What never comes to rest is looked at nevertheless.
const LONGEST_UNREST: Duration = Duration::from_secs(60);

/// How often is looked where the kernel does not tell (GO-169).
const BY_THE_CLOCK: Duration = Duration::from_secs(10);

/// How often in a row new directories make for another look at once.
const LOOKS: usize = 4;

/// Those who watch the same, and what a change is to each.
pub type Members = Rc<RefCell<BTreeMap<ProcessId, Reaction>>>;

/// Everything that one subject needs.
pub struct Subject {
    pub target: Target,
    pub trigger: Rc<Trigger>,
    /// `None` where the kernel has none for us.
    pub notifier: Option<Rc<Notifier>>,
    /// One look at a time, over all subjects: reading is work, and never urgent.
    pub turns: Rc<Semaphore>,
}

/// The moment at which something was last seen to happen, and the file in question.
#[derive(Debug)]
pub struct Change {
    pub file: PathBuf,
    pub seen_at: Instant,
    /// Known by the age of the file alone: a change for those who were started before it, and for nobody else.
    pub at_first: bool,
}

impl Subject {
    /// Watches for as long as it is let, and hands every change to `react`.
    pub async fn watch(self, react: impl AsyncFn(Change)) {
        let mut rounds = Rounds {
            complained: false,
            by_the_clock: self.notifier.is_none(),
            seen_at: Instant::now(),
        };
        let mut known = self.first_look(&mut rounds).await;
        if let Some(change) = self.fresh(&known) {
            react(change).await;
        }
        loop {
            self.wait(&mut rounds).await;
            self.settle(&mut rounds).await;
            let Ok(now) = self.look(&known, &mut rounds).await else {
                self.trigger.happened.notify_one();
                continue;
            };
            // A program that is gone will come back; until then nothing has changed (GO-170).
            if matches!(self.target, Target::Program(_)) && now.is_empty() {
                continue;
            }
            if let Some(file) = now.change_since(&known).map(Path::to_owned) {
                react(Change {
                    file,
                    seen_at: rounds.seen_at,
                    at_first: false,
                })
                .await;
            }
            known = now;
        }
    }

    /// What is there to begin with. Whatever happened before the kernel was told where to look out shows at the second
    /// look, which comes soon.
    async fn first_look(&self, rounds: &mut Rounds) -> Arc<Snapshot> {
        loop {
            match self.take(&Arc::default()).await {
                Ok(snapshot) => {
                    if self.cover(&snapshot, rounds) {
                        self.trigger.happened.notify_one();
                    }
                    return snapshot;
                }
                Err(Unsettled) => sleep(QUIET).await,
            }
        }
    }

    /// A program that was replaced while it was being started runs from a file that nobody has looked at. All that is left
    /// of the change is its time.
    fn fresh(&self, known: &Snapshot) -> Option<Change> {
        let Target::Program(file) = &self.target else {
            return None;
        };
        let seen_at = Instant::now().checked_sub(known.youngest()?)?;
        Some(Change {
            file: file.clone(),
            seen_at,
            at_first: true,
        })
    }

    async fn wait(&self, rounds: &mut Rounds) {
        tokio::select! {
            () = self.trigger.happened.notified() => {}
            () = sleep(BY_THE_CLOCK), if rounds.by_the_clock => {}
        }
        rounds.seen_at = Instant::now();
    }

    async fn settle(&self, rounds: &mut Rounds) {
        let begun = Instant::now();
        while begun.elapsed() < LONGEST_UNREST {
            let quiet = if self.trigger.is_being_written() {
                QUIET_WHILE_OPEN
            } else {
                QUIET
            };
            tokio::select! {
                () = self.trigger.happened.notified() => rounds.seen_at = Instant::now(),
                () = sleep(quiet) => return,
            }
        }
    }

    /// Looks, and sees to it that the kernel tells of what happens from now on. By the clock, what has changed must be the
    /// same twice.
    async fn look(
        &self,
        before: &Arc<Snapshot>,
        rounds: &mut Rounds,
    ) -> Result<Arc<Snapshot>, Unsettled> {
        let mut now = self.take(before).await?;
        for _ in 0..LOOKS {
            if !self.cover(&now, rounds) {
                break;
            }
            now = self.take(&now).await?;
        }
        if rounds.by_the_clock && now.change_since(before).is_some() {
            sleep(QUIET).await;
            let again = self.take(&now).await?;
            if again.change_since(&now).is_some() {
                return Err(Unsettled);
            }
        }
        Ok(now)
    }

    async fn take(&self, before: &Arc<Snapshot>) -> Result<Arc<Snapshot>, Unsettled> {
        let _turn = self.turns.acquire().await;
        let (target, before) = (self.target.clone(), Arc::clone(before));
        // Ours goes with this future.
        let patience = Patience::default();
        let theirs = patience.clone();
        let look = tokio::task::spawn_blocking(move || Snapshot::take(&target, &before, &theirs));
        look.await.unwrap_or(Err(Unsettled)).map(Arc::new)
    }

    /// True when there was something new to look out at.
    fn cover(&self, now: &Snapshot, rounds: &mut Rounds) -> bool {
        let Some(notifier) = &self.notifier else {
            return false;
        };
        let places = on_the_way(self.target.path());
        let coverage = notifier.cover(&self.trigger, &places, &now.directories);
        rounds.by_the_clock = coverage.incomplete;
        if coverage.incomplete && !rounds.complained {
            rounds.complained = true;
            log::warn!(
                "too many files are watched on this machine (fs.inotify.max_user_watches); looking at {} every {} \
                 seconds instead",
                self.target.path().display(),
                BY_THE_CLOCK.as_secs()
            );
        }
        coverage.new
    }
}

/// What goes along from round to round.
struct Rounds {
    complained: bool,
    by_the_clock: bool,
    seen_at: Instant,
}
