//! What happened to a process since its group was activated. For people and their dashboards; nothing is decided by it.

use std::collections::VecDeque;

use super::command::ExitStatus;
use super::process::words_for;
use crate::model::time::UnixTime;

/// How many ends are remembered one by one.
const REMEMBERED: usize = 12;

/// The story of one process in numbers, which only grow, and its last ends.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct History {
    /// How often it was started, with or without success.
    pub starts: u64,
    /// Those of them that nobody had asked for: after an exit, and after a start that failed.
    pub restarts: u64,
    /// How often BACKOFF was entered.
    pub backoffs: u64,
    /// How often a child of it has ended.
    pub exits: u64,
    pub last_exit: Option<ExitStatus>,
    /// In the order of their first happening; a program knows few ways to end.
    ends: Vec<(End, u64)>,
    /// The oldest first.
    recent: VecDeque<Ended>,
}

/// One end of one child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    pub at: UnixTime,
    pub status: ExitStatus,
    /// Somebody had asked for it, or it was late enough and with a status that `exitcodes` lists.
    pub expected: bool,
}

impl Ended {
    /// `exit status 1`, `terminated by SIGKILL`.
    pub fn in_words(&self) -> String {
        words_for(self.status)
    }
}

/// A way to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Code(u8),
    /// With or without a core.
    Signal(i32),
}

impl History {
    pub fn ended(&mut self, at: UnixTime, status: ExitStatus, expected: bool) {
        if self.recent.len() == REMEMBERED {
            self.recent.pop_front();
        }
        self.recent.push_back(Ended {
            at,
            status,
            expected,
        });
        self.exits += 1;
        self.last_exit = Some(status);
        let end = match status {
            ExitStatus::Code(code) => End::Code(code),
            ExitStatus::Signal { number, .. } => End::Signal(number),
        };
        match self.ends.iter_mut().find(|(known, _)| *known == end) {
            Some((_, times)) => *times += 1,
            None => self.ends.push((end, 1)),
        }
    }

    /// How often it has ended in each way.
    pub fn ends(&self) -> &[(End, u64)] {
        &self.ends
    }

    /// The last ends, the oldest first.
    pub fn recent(&self) -> impl DoubleEndedIterator<Item = &Ended> {
        self.recent.iter()
    }

    /// `exit status 1`, `terminated by SIGKILL`; `None` when no child has ended yet.
    pub fn last_exit_in_words(&self) -> Option<String> {
        self.last_exit.map(words_for)
    }
}

#[cfg(test)]
mod tests {
    use super::{End, Ended, ExitStatus, History, REMEMBERED};
    use crate::model::time::UnixTime;

    #[test]
    fn every_way_to_end_is_counted_by_itself() {
        let mut history = History::default();
        let killed = |core_dumped| ExitStatus::Signal {
            number: 9,
            core_dumped,
        };
        for status in [ExitStatus::Code(9), killed(true), killed(false)] {
            history.ended(UnixTime::from_nanos(1), status, false);
        }
        assert_eq!(history.ends(), [(End::Code(9), 1), (End::Signal(9), 2)]);
        assert_eq!(history.exits, 3);
        assert_eq!(
            history.last_exit_in_words().as_deref(),
            Some("terminated by SIGKILL")
        );
    }

    #[test]
    fn only_the_last_ends_are_remembered_one_by_one() {
        let mut history = History::default();
        for at in 0..20 {
            history.ended(UnixTime::from_nanos(at), ExitStatus::Code(3), at == 19);
        }
        assert_eq!(history.recent().count(), REMEMBERED);
        let last = Ended {
            at: UnixTime::from_nanos(19),
            status: ExitStatus::Code(3),
            expected: true,
        };
        assert_eq!(history.recent().next_back(), Some(&last));
        assert_eq!(last.in_words(), "exit status 3");
    }
}
