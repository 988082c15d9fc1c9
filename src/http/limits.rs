//! How much strangers may ask of the daemon: numbers, shared budgets, and the list of open connections.
//!
//! The reference has no limits at all. Ours are wide enough for every honest client; their purpose is that a hostile
//! one cannot take the memory, the descriptors or the time that children need. Nothing here does IO.
//!
//! - A [`Budget`] is shared by all connections of all servers: bytes of requests that are not answered yet, bytes of
//!   answers that are not sent yet.
//! - [`Activity`] says what one connection is doing and since when. The connection's IO and its requests keep it
//!   true; nobody else writes to it.
//! - [`Connections`] knows every activity of one server: it closes what is overdue, and when the server is full it
//!   closes whichever connection has kept us waiting longest.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use nix::sys::resource::{Resource, getrlimit};
use tokio::sync::Notify;

/// The numbers. [`Limits::for_servers`] gives those of the daemon; tests use smaller ones.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The longest request body; a longer one is 413.
    pub body: usize,
    /// Open connections per server.
    pub connections: usize,
    /// From the first byte of a request head to its last.
    pub head: Duration,
    /// Between two pieces of a request body.
    pub body_pause: Duration,
    /// Between two requests, or between two pieces of an answer that the client takes (HTTP-042).
    pub idle: Duration,
    /// How often overdue connections are looked for, while there are any connections.
    pub sweep: Duration,
    /// How long answers may take to be sent once the server stops.
    pub grace: Duration,
    /// How long to wait for the client to stop sending after a refusal, so that it can read why.
    pub linger: Duration,
    /// Bytes of unanswered requests, over all connections. A connection's first [`SMALL`] bytes are always taken.
    pub requests: usize,
    /// Bytes of unsent answers, over all connections. The answer that goes over it is the last to be taken.
    pub answers: usize,
}

/// What every connection may send without asking the shared budget.
pub const SMALL: usize = 64 << 10;

impl Limits {
    /// Leaves at least half of the descriptors to children and logs.
    pub fn for_servers(servers: usize) -> Self {
        let descriptors = getrlimit(Resource::RLIMIT_NOFILE).map_or(1024, |(soft, _)| soft);
        let descriptors = usize::try_from(descriptors).unwrap_or(usize::MAX);
        Self {
            body: 16 << 20,
            connections: (descriptors / 2 / servers.max(1)).clamp(16, 2048),
            head: Duration::from_secs(60),
            body_pause: Duration::from_secs(60),
            idle: Duration::from_secs(30 * 60),
            sweep: Duration::from_secs(5),
            grace: Duration::from_secs(1),
            linger: Duration::from_secs(2),
            requests: 64 << 20,
            answers: 128 << 20,
        }
    }
}

/// A number of bytes that many may use together.
#[derive(Debug, Clone)]
pub struct Budget {
    used: Arc<AtomicUsize>,
    limit: usize,
}

impl Budget {
    pub fn new(limit: usize) -> Self {
        Self {
            used: Arc::default(),
            limit,
        }
    }

    pub fn is_spent(&self) -> bool {
        self.used.load(Ordering::Relaxed) >= self.limit
    }

    /// Takes that many bytes until the share is dropped. Never refuses: ask [`Budget::is_spent`] before.
    pub fn take(&self, bytes: usize) -> Share {
        self.used.fetch_add(bytes, Ordering::Relaxed);
        Share {
            used: Arc::clone(&self.used),
            own: bytes,
        }
    }
}

/// A part of a [`Budget`], given back when dropped. It may travel with the bytes it stands for (hence the atomic: the
/// type of those bytes asks for it, though all of it stays on one thread).
#[derive(Debug)]
pub struct Share {
    used: Arc<AtomicUsize>,
    own: usize,
}

impl Share {
    fn grow(&mut self, bytes: usize) {
        self.used.fetch_add(bytes, Ordering::Relaxed);
        self.own += bytes;
    }

    fn give_back(&mut self) {
        self.used.fetch_sub(self.own, Ordering::Relaxed);
        self.own = 0;
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.give_back();
    }
}

/// What a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Between two requests.
    Idle,
    /// A part of a request head has come.
    Head,
    /// The body of a request is being read.
    Body,
    /// The answer is being made, or it is a log tail: the client is waiting for us.
    Answering,
    /// An answer is being sent.
    Sending,
}

/// What one connection is doing, and since when.
pub struct Activity {
    phase: Cell<Phase>,
    /// When the phase began; in `Body` and `Sending`, when the last bytes went by.
    since: Cell<Instant>,
    close: Notify,
    requests: Budget,
    unanswered: RefCell<Share>,
    /// A request was refused before its body was read.
    refused: Cell<bool>,
}

impl Activity {
    pub fn new(requests: &Budget) -> Self {
        Self {
            phase: Cell::new(Phase::Idle),
            since: Cell::new(Instant::now()),
            close: Notify::new(),
            requests: requests.clone(),
            unanswered: RefCell::new(requests.take(0)),
            refused: Cell::new(false),
        }
    }

    fn enter(&self, phase: Phase) {
        self.phase.set(phase);
        self.since.set(Instant::now());
    }

    /// Bytes came in. An error when nobody has room for them.
    pub fn received(&self, bytes: usize) -> io::Result<()> {
        match self.phase.get() {
            Phase::Idle => self.enter(Phase::Head),
            Phase::Body => self.since.set(Instant::now()),
            Phase::Head | Phase::Answering | Phase::Sending => {}
        }
        let mut unanswered = self.unanswered.borrow_mut();
        if unanswered.own + bytes > SMALL && self.requests.is_spent() {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        unanswered.grow(bytes);
        Ok(())
    }

    /// Bytes went out.
    pub fn sent(&self) {
        if self.phase.get() == Phase::Sending {
            self.since.set(Instant::now());
        }
    }

    /// All that there was to send is sent.
    pub fn flushed(&self) {
        if self.phase.get() == Phase::Sending {
            self.enter(Phase::Idle);
        }
    }

    pub fn reading_body(&self) {
        self.enter(Phase::Body);
    }

    pub fn answering(&self) {
        self.enter(Phase::Answering);
    }

    /// The request is done with and its answer, of known length, goes out.
    pub fn sending(&self) {
        self.unanswered.borrow_mut().give_back();
        self.enter(Phase::Sending);
    }

    /// The request is done with and a log tail goes out, for as long as the client likes.
    pub fn tailing(&self) {
        self.unanswered.borrow_mut().give_back();
        self.enter(Phase::Answering);
    }

    /// The client may still be sending what we shall not read.
    pub fn refused(&self) {
        self.refused.set(true);
    }

    pub fn was_refused(&self) -> bool {
        self.refused.get()
    }

    /// Resolves when somebody wants this connection closed.
    pub async fn closed(&self) {
        self.close.notified().await;
    }

    fn is_overdue(&self, limits: &Limits, now: Instant) -> bool {
        let limit = match self.phase.get() {
            Phase::Idle | Phase::Sending => limits.idle,
            Phase::Head => limits.head,
            Phase::Body => limits.body_pause,
            Phase::Answering => return false,
        };
        now.duration_since(self.since.get()) > limit
    }
}

/// The open connections of one server.
#[derive(Default)]
pub struct Connections {
    open: RefCell<BTreeMap<u64, Rc<Activity>>>,
    next: Cell<u64>,
}

impl Connections {
    /// Lists a connection for as long as the answer lives.
    pub fn enter(self: &Rc<Self>, activity: Rc<Activity>) -> Listed {
        let key = self.next.get();
        self.next.set(key + 1);
        self.open.borrow_mut().insert(key, activity);
        Listed {
            list: Rc::clone(self),
            key,
        }
    }

    pub fn count(&self) -> usize {
        self.open.borrow().len()
    }

    /// Closes whatever has been overdue for one of the limits.
    pub fn close_overdue(&self, limits: &Limits, now: Instant) {
        for activity in self.open.borrow().values() {
            if activity.is_overdue(limits, now) {
                activity.close.notify_one();
            }
        }
    }

    /// When to look for overdue ones again. Connections that are only kept open get a rare look: nothing of theirs can
    /// be overdue soon.
    pub fn next_sweep(&self, limits: &Limits, now: Instant) -> Instant {
        let rests = |activity: &Rc<Activity>| {
            matches!(activity.phase.get(), Phase::Idle | Phase::Answering)
        };
        let resting = self.open.borrow().values().all(rests);
        let rare = limits.head.min(limits.idle).max(limits.sweep);
        now + if resting { rare } else { limits.sweep }
    }

    /// Closes the connection that has kept us waiting longest; false when there is none. Those that wait for us are
    /// left alone.
    pub fn close_longest_waiting(&self) -> bool {
        let open = self.open.borrow();
        let waiting = open
            .values()
            .filter(|activity| activity.phase.get() != Phase::Answering);
        let longest = waiting.min_by_key(|activity| activity.since.get());
        if let Some(longest) = longest {
            longest.close.notify_one();
        }
        longest.is_some()
    }
}

/// An entry in the list of [`Connections`]; dropping it takes it out.
pub struct Listed {
    list: Rc<Connections>,
    key: u64,
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.list.open.borrow_mut().remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::{Activity, Budget, Connections, Limits, SMALL};
    use std::rc::Rc;
    use std::time::{Duration, Instant};
    use tokio::time::timeout;

    async fn is_closed(activity: &Activity) -> bool {
        timeout(Duration::ZERO, activity.closed()).await.is_ok()
    }

    fn enter(list: &Rc<Connections>, budget: &Budget) -> (Rc<Activity>, super::Listed) {
        let activity = Rc::new(Activity::new(budget));
        let listed = list.enter(Rc::clone(&activity));
        (activity, listed)
    }

    #[test]
    fn a_spent_budget_takes_only_the_small_requests() {
        let budget = Budget::new(SMALL);
        let hog = Activity::new(&budget);
        hog.reading_body();
        assert!(hog.received(SMALL).is_ok());
        assert!(hog.received(1).is_err());

        let honest = Activity::new(&budget);
        assert!(honest.received(SMALL).is_ok());
        hog.sending();
        drop(honest);
        assert!(!budget.is_spent());
        assert!(hog.received(SMALL + 1).is_ok());
    }

    // HTTP-042
    #[tokio::test]
    async fn each_phase_has_its_own_limit() {
        let limits = Limits::for_servers(1);
        let budget = Budget::new(1000);
        let list = Rc::new(Connections::default());
        let (idle, _idle) = enter(&list, &budget);
        let (head, _head) = enter(&list, &budget);
        let (body, _body) = enter(&list, &budget);
        let (answering, _answering) = enter(&list, &budget);
        head.received(1).expect("room for a byte");
        body.reading_body();
        answering.answering();
        let in_seconds = |seconds| Instant::now() + Duration::from_secs(seconds);

        list.close_overdue(&limits, in_seconds(59));
        assert!(!is_closed(&head).await);
        list.close_overdue(&limits, in_seconds(61));
        assert!(is_closed(&head).await);
        assert!(is_closed(&body).await);
        list.close_overdue(&limits, in_seconds(29 * 60));
        assert!(!is_closed(&idle).await);
        list.close_overdue(&limits, in_seconds(30 * 60 + 1));
        assert!(is_closed(&idle).await);
        assert!(!is_closed(&answering).await);
    }

    #[tokio::test]
    async fn a_full_server_closes_whoever_kept_it_waiting_longest() {
        let budget = Budget::new(1000);
        let list = Rc::new(Connections::default());
        let (busy, _busy) = enter(&list, &budget);
        let (second, _second) = enter(&list, &budget);
        let (third, listed) = enter(&list, &budget);
        busy.answering();
        assert!(list.close_longest_waiting());
        assert!(is_closed(&second).await);
        assert!(!is_closed(&busy).await);
        assert!(!is_closed(&third).await);
        second.answering();
        third.answering();
        assert!(!list.close_longest_waiting());
        drop(listed);
        assert_eq!(list.count(), 2);
    }
}
