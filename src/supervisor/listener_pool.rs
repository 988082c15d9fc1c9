//! Event listener pools: who subscribes to what, the events that wait, and the listeners that take them.
//!
//! ```text
//!  emitted ──▶ buffer ──▶ the first member that is RUNNING and READY ──OK──▶ done
//!                ▲                        │
//!                └── at the head ── rejected, or died with it
//! ```
//!
//! A pool is plain data. Events are put into its buffer at the moment they are emitted; the machine calls
//! [`ListenerPool::dispatch`] where the reference's loop passes by the pool. An event's text is made when it is sent and
//! not before, so an event that nobody subscribed to costs a look at each pool. A pool of which nothing changed since its
//! last fruitless attempt does not try again (the reference tries in every turn of its loop).
//!
//! Two corrections of the reference's `EventListenerPool`: an event that a listener rejects goes back to that
//! listener's pool, not to every pool that has a process of the same priority (QRK-019), and subscriptions that overlap
//! deliver an event once (QRK-020).

use std::collections::VecDeque;
use std::rc::Rc;

use super::event::Event;
use super::pools::Queue;
use super::result_handler::{Printed, Printers, ResultHandler, Verdict};
use super::turn::{Os, ProcessId};
use crate::config::types::EventListenerConfig;
use crate::model::log;
use crate::stream::listener::{ListenerProtocol, ListenerState, Step};
use crate::stream::text::shown;

/// Counts events, from 0. It wraps where Python's does (EVT-014).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Serial(i64);

impl Serial {
    pub(super) fn take(&mut self) -> i64 {
        let taken = self.0;
        self.0 = taken.checked_add(1).unwrap_or(0);
        taken
    }
}

/// An event that a pool has accepted, with the numbers it keeps for good (EVT-015).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Accepted {
    serial: i64,
    pool_serial: i64,
    event: Rc<Event>,
}

/// One listener process.
#[derive(Debug, Clone, PartialEq)]
struct Member {
    id: ProcessId,
    name: String,
    /// Its process is RUNNING (EVL-013).
    running: bool,
    protocol: ListenerProtocol,
    /// What it is BUSY with.
    event: Option<Accepted>,
}

/// One `[eventlistener:x]` section at work.
#[derive(Debug, Clone, PartialEq)]
pub struct ListenerPool {
    name: String,
    priority: i64,
    /// Names of event types, abstract ones among them.
    subscriptions: Vec<String>,
    buffer_size: usize,
    handler: ResultHandler,
    /// In the order of the configuration: the first who can takes an event (EVL-023).
    members: Vec<Member>,
    buffer: VecDeque<Accepted>,
    /// Events that had to make room.
    dropped: u64,
    next_serial: Serial,
    /// Something changed since the last attempt to get rid of an event.
    awake: bool,
}

impl ListenerPool {
    pub fn new(
        name: &str,
        priority: i64,
        config: &EventListenerConfig,
        members: impl IntoIterator<Item = (ProcessId, String)>,
    ) -> Self {
        let member = |(id, name)| Member {
            id,
            name,
            running: false,
            protocol: ListenerProtocol::new(),
            event: None,
        };
        Self {
            name: name.to_owned(),
            priority,
            subscriptions: config.events.clone(),
            // At least 1 in every configuration (ELC-003).
            buffer_size: usize::try_from(config.buffer_size).unwrap_or(1).max(1),
            handler: ResultHandler::named(&config.result_handler),
            members: members.into_iter().map(member).collect(),
            buffer: VecDeque::new(),
            dropped: 0,
            next_serial: Serial::default(),
            awake: false,
        }
    }

    pub fn priority(&self) -> i64 {
        self.priority
    }

    pub fn queue(&self) -> Queue<'_> {
        Queue {
            pool: &self.name,
            length: self.buffer.len(),
            capacity: self.buffer_size,
            dropped: self.dropped,
        }
    }

    /// Whether events of this type come here; an abstract type stands for all below it (EVL-016).
    pub fn subscribes_to(&self, name: &str) -> bool {
        let covers = |subscription: &String| match name.strip_prefix(subscription.as_str()) {
            Some(rest) => rest.is_empty() || rest.starts_with('_'),
            None => subscription == "EVENT",
        };
        self.subscriptions.iter().any(covers)
    }

    /// Takes an event that was emitted just now.
    pub fn accept(&mut self, serial: i64, event: Rc<Event>) {
        let pool_serial = self.next_serial.take();
        self.make_room();
        self.buffer.push_back(Accepted {
            serial,
            pool_serial,
            event,
        });
        self.awake = true;
    }

    /// Takes an event back, to be the next that is sent (EVL-020, EVL-024, EVL-027).
    fn take_back(&mut self, event: Accepted) {
        log::debug!(
            "rebuffering event {} for pool {} (buf size={}, max={})",
            event.serial,
            self.name,
            self.buffer.len(),
            self.buffer_size
        );
        self.make_room();
        self.buffer.push_front(event);
    }

    /// In a full buffer the oldest event makes room, and the log says so (EVL-019, MSG-004).
    fn make_room(&mut self) {
        if self.buffer.len() < self.buffer_size {
            return;
        }
        if let Some(lost) = self.buffer.pop_front() {
            self.dropped += 1;
            log::error!(
                "pool {} event buffer overflowed, discarding event {}",
                self.name,
                lost.serial
            );
        }
    }

    /// Sends the oldest events as long as somebody takes them; true when one was sent (EVL-022).
    pub fn dispatch(&mut self, identifier: &str, os: &mut dyn Os) -> bool {
        if !std::mem::take(&mut self.awake) || !self.members.iter().any(Member::wants_event) {
            return false;
        }
        let mut sent = false;
        while let Some(event) = self.buffer.pop_front() {
            if let Err(event) = self.send(event, identifier, os) {
                self.take_back(event);
                break;
            }
            sent = true;
        }
        sent
    }

    fn send(&mut self, event: Accepted, identifier: &str, os: &mut dyn Os) -> Result<(), Accepted> {
        let mut envelope = None;
        for member in &mut self.members {
            if !member.wants_event() {
                continue;
            }
            let envelope = envelope.get_or_insert_with(|| event.envelope(identifier, &self.name));
            if os.write_stdin(member.id, envelope.as_bytes()).is_err() {
                log::debug!(
                    "epipe occurred while sending event {} to listener {}, listener state unchanged",
                    event.serial,
                    member.name
                );
                continue;
            }
            member.protocol.event_sent();
            log::debug!("event {} sent to listener {}", event.serial, member.name);
            member.event = Some(event);
            return Ok(());
        }
        Err(event)
    }

    /// A member said this: does what it means, and gives back what its result prints.
    pub fn heard(&mut self, id: ProcessId, bytes: &[u8], printers: &mut Printers) -> Vec<Printed> {
        let mut printed = Vec::new();
        let Some(at) = self.place(id) else {
            return printed;
        };
        self.members[at].protocol.push(bytes);
        while let Some(step) = self.members[at].protocol.next_step() {
            self.awake = true;
            let member = &mut self.members[at];
            let name = &member.name;
            let back = match step {
                Step::Ready => {
                    member.log_change(ListenerState::Acknowledged);
                    None
                }
                Step::Garbage(from) => {
                    member.log_change(from);
                    None
                }
                Step::BadResultLine(line) => {
                    log::warn!("{name}: bad result line: '{}'", shown(&line));
                    member.log_change(ListenerState::Busy);
                    member.event.take()
                }
                Step::Result(result) => {
                    let event = member.event.take();
                    match self.handler.judge(&result, printers, &mut printed) {
                        Verdict::Processed => {
                            log::debug!("{name}: event was processed");
                            member.log_change(ListenerState::Busy);
                            None
                        }
                        Verdict::Rejected => {
                            log::warn!("{name}: event was rejected");
                            member.log_change(ListenerState::Busy);
                            event
                        }
                        Verdict::Failed => {
                            log::warn!("{name}: event caused an error");
                            member.protocol.give_up();
                            member.log_change(ListenerState::Busy);
                            event
                        }
                    }
                }
            };
            if let Some(event) = back {
                self.take_back(event);
            }
        }
        printed
    }

    /// A member's process has another state, or another child.
    pub fn process_changed(&mut self, id: ProcessId, running: bool, new_child: bool) {
        if let Some(at) = self.place(id) {
            let member = &mut self.members[at];
            member.running = running;
            if new_child {
                member.protocol = ListenerProtocol::new();
            }
            self.awake = true;
        }
    }

    /// A member's child is dead; what it was BUSY with is for somebody else (EVL-012).
    pub fn child_exited(&mut self, id: ProcessId) {
        if let Some(at) = self.place(id)
            && let Some(event) = self.members[at].event.take()
        {
            self.take_back(event);
            self.awake = true;
        }
    }

    fn place(&self, id: ProcessId) -> Option<usize> {
        self.members.iter().position(|member| member.id == id)
    }
}

impl Member {
    fn wants_event(&self) -> bool {
        self.running && self.protocol.state() == ListenerState::Ready
    }

    /// The lines of a change of state (EVL-011, MSG-011, MSG-024).
    fn log_change(&self, from: ListenerState) {
        let (name, to) = (&self.name, self.protocol.state());
        log::debug!("{name}: {} -> {}", from.name(), to.name());
        if to == ListenerState::Unknown {
            log::warn!(
                "{name}: has entered the UNKNOWN state and will no longer receive events, this usually indicates the \
                 process violated the eventlistener protocol"
            );
        }
    }
}

impl Accepted {
    /// What a listener gets: a header line, and the payload without a newline of its own. `len` counts characters and
    /// not bytes (EVT-011 to 015).
    fn envelope(&self, identifier: &str, pool: &str) -> String {
        let (head, data) = self.event.payload_parts();
        format!(
            "ver:3.0 server:{identifier} serial:{} pool:{pool} poolserial:{} eventname:{} len:{}\n{head}{data}",
            self.serial,
            self.pool_serial,
            self.event.name(),
            head.chars().count() + data.chars().count()
        )
    }
}

#[cfg(test)]
mod tests;
