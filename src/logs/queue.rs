//! Between the loop, which never waits, and a thread that writes to something that may: a bounded queue.
//!
//! ```text
//!   the loop ── push ──▶ [ records, at most LIMIT bytes ] ── next ──▶ a thread ──▶ a terminal, a pipe, a socket
//!                 └─ full: the record is lost, counted, and said so once a minute
//! ```
//!
//! The thread logs nothing itself; what it has to say is left here and said by the loop with the next record.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::counters::Losses;
use crate::model::log;

/// How much waits at most.
pub const LIMIT: usize = 1024 * 1024;

/// Beyond the limit, for supervisord's own lines.
const RESERVE: usize = 64 * 1024;

/// How often one target is complained about at most.
const PATIENCE: Duration = Duration::from_secs(60);

/// Something to be written, and whose it is.
#[derive(Debug)]
pub struct Record {
    pub bytes: Vec<u8>,
    /// `None`: supervisord's own.
    pub losses: Option<Arc<Losses>>,
}

impl Record {
    /// It will not be written.
    pub fn lose(&self) {
        if let Some(losses) = &self.losses {
            losses.message(self.bytes.len());
        }
    }
}

/// What waits for one target.
#[derive(Debug)]
pub struct Queue {
    /// As people know the target.
    name: String,
    state: Mutex<State>,
    /// There is a record, or nobody will push any more.
    news: Condvar,
    /// The thread has done all there was.
    idle: Condvar,
}

#[derive(Debug, Default)]
struct State {
    records: VecDeque<Record>,
    bytes: usize,
    /// The thread has a record in its hands.
    busy: bool,
    closed: bool,
    lost: u64,
    complained: Option<Instant>,
    /// What the thread has to say.
    trouble: Option<String>,
}

impl Queue {
    pub fn new(name: String) -> Self {
        Self {
            name,
            state: Mutex::default(),
            news: Condvar::new(),
            idle: Condvar::new(),
        }
    }

    /// Queues a record of a child, or counts it as lost and says so.
    pub fn push(&self, record: Record) {
        let (complaint, trouble) = {
            let mut state = self.state();
            let mut complaint = None;
            match self.add(&mut state, record, LIMIT) {
                Ok(()) => {}
                Err(record) => {
                    record.lose();
                    state.lost += record.bytes.len() as u64;
                    let patient = state.complained.is_some_and(|at| at.elapsed() < PATIENCE);
                    if !patient {
                        state.complained = Some(Instant::now());
                        complaint = Some(state.lost);
                    }
                }
            }
            (complaint, state.trouble.take())
        };
        // Said with the lock released: the line may be for this very queue.
        if let Some(trouble) = trouble {
            log::warn!("{trouble}");
        }
        if let Some(lost) = complaint {
            log::warn!(
                "{} takes less than programs write, {lost} bytes for it are lost so far",
                self.name
            );
        }
    }

    /// Queues a line of supervisord itself, for which there is some more room, and says nothing: whoever writes the log
    /// must not log.
    pub fn push_own(&self, line: &[u8]) {
        let record = Record {
            bytes: line.to_vec(),
            losses: None,
        };
        // Without room it is lost, as it is on a closed pipe.
        let _ = self.add(&mut self.state(), record, LIMIT + RESERVE);
    }

    fn add(&self, state: &mut State, record: Record, limit: usize) -> Result<(), Record> {
        // A record alone is taken, however long it is.
        if state.bytes > 0 && state.bytes + record.bytes.len() > limit {
            return Err(record);
        }
        state.bytes += record.bytes.len();
        state.records.push_back(record);
        self.news.notify_one();
        Ok(())
    }

    /// For the thread: the next record, once the one before is done; waits for it. `None`: there will be none.
    pub fn next(&self) -> Option<Record> {
        let mut state = self.state();
        state.busy = false;
        loop {
            if let Some(record) = state.records.pop_front() {
                state.bytes -= record.bytes.len();
                state.busy = true;
                return Some(record);
            }
            self.idle.notify_all();
            if state.closed {
                return None;
            }
            state = self
                .news
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// For the thread: waits so long, or until the queue is closed; true when it is.
    pub fn rest(&self, length: Duration) -> bool {
        let end = Instant::now() + length;
        let mut state = self.state();
        while !state.closed {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            (state, _) = self
                .news
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner);
        }
        true
    }

    /// For the thread: something to be said.
    pub fn tell(&self, trouble: String) {
        self.state().trouble = Some(trouble);
    }

    /// Nothing more will be pushed.
    pub fn close(&self) {
        self.state().closed = true;
        self.news.notify_all();
    }

    /// Waits until everything is written, so long at most.
    pub fn flush(&self, limit: Duration) {
        let end = Instant::now() + limit;
        let mut state = self.state();
        while state.busy || !state.records.is_empty() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            (state, _) = self
                .idle
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that could panic is done with it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::{LIMIT, Queue, RESERVE, Record};
    use crate::logs::counters::Losses;

    fn record(length: usize, losses: &Arc<Losses>) -> Record {
        Record {
            bytes: vec![b'x'; length],
            losses: Some(Arc::clone(losses)),
        }
    }

    #[test]
    fn what_is_too_much_is_lost_and_counted() {
        let queue = Queue::new("the target".into());
        let losses = Arc::new(Losses::default());
        queue.push(record(LIMIT - 1, &losses));
        queue.push(record(2, &losses));
        queue.push(record(3, &losses));
        queue.push(record(1, &losses));
        assert_eq!(losses.so_far().lost_bytes, 5);
        assert_eq!(losses.so_far().lost_messages, 2);
        assert_eq!(
            queue.next().map(|record| record.bytes.len()),
            Some(LIMIT - 1)
        );
        queue.push(record(4, &losses));
        assert_eq!(queue.next().map(|record| record.bytes.len()), Some(1));
        assert_eq!(queue.next().map(|record| record.bytes.len()), Some(4));
        queue.close();
        assert!(queue.next().is_none());
        assert_eq!(losses.so_far().lost_bytes, 5);
    }

    #[test]
    fn one_record_is_always_taken() {
        let queue = Queue::new("the target".into());
        let losses = Arc::new(Losses::default());
        queue.push(record(2 * LIMIT, &losses));
        assert_eq!(losses.so_far().lost_messages, 0);
    }

    #[test]
    fn own_lines_find_some_more_room() {
        let queue = Queue::new("the target".into());
        let losses = Arc::new(Losses::default());
        queue.push(record(LIMIT, &losses));
        for _ in 0..2 * RESERVE / 64 {
            queue.push_own(&[b'y'; 64]);
        }
        queue.close();
        let lengths: Vec<usize> =
            std::iter::from_fn(|| queue.next().map(|record| record.bytes.len())).collect();
        assert_eq!(lengths.len(), 1 + RESERVE / 64);
    }

    #[test]
    fn a_flush_waits_for_the_thread_but_not_for_ever() {
        let queue = Arc::new(Queue::new("the target".into()));
        let losses = Arc::new(Losses::default());
        queue.push(record(1, &losses));
        queue.flush(Duration::from_millis(1));
        let thread = std::thread::spawn({
            let queue = Arc::clone(&queue);
            move || {
                while let Some(record) = queue.next() {
                    record.lose();
                }
            }
        });
        queue.flush(Duration::from_secs(60));
        assert_eq!(losses.so_far().lost_messages, 1);
        queue.close();
        thread.join().expect("it ends with the queue");
        assert!(queue.rest(Duration::from_secs(60)), "no rest after the end");
    }
}
