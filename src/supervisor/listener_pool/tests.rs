//! Promises of a pool under random happenings, and what its numbers and subscriptions are. The order of everything is
//! the oracle's business.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use tracing::span::{Attributes, Id, Record};

use super::{ListenerPool, Serial};
use crate::config::types::{EventListenerConfig, ProcessConfig};
use crate::model::log::message_of;
use crate::model::signal::Signal;
use crate::stream::listener::ListenerState;
use crate::supervisor::event::{Channel, Event};
use crate::supervisor::result_handler::Printers;
use crate::supervisor::turn::{
    AutoLogError, ChildKind, CommandError, Os, ProcessId, SignalError, SignalTarget, SpawnError,
    Spawned, StdinClosed,
};

const MEMBERS: u32 = 3;
const BUFFER: usize = 4;

/// Pipes to listeners; nothing else is asked of it.
#[derive(Default)]
struct Pipes {
    written: Vec<(ProcessId, String)>,
    deaf: BTreeSet<ProcessId>,
}

impl Os for Pipes {
    fn write_stdin(&mut self, id: ProcessId, bytes: &[u8]) -> Result<(), StdinClosed> {
        if self.deaf.contains(&id) {
            return Err(StdinClosed);
        }
        let text = String::from_utf8(bytes.to_vec()).expect("envelopes are text");
        self.written.push((id, text));
        Ok(())
    }

    fn check_command(&mut self, _: &ProcessConfig) -> Result<(), CommandError> {
        unreachable!("pools start nobody")
    }

    fn spawn(
        &mut self,
        _: ProcessId,
        _: ChildKind,
        _: &str,
        _: &ProcessConfig,
    ) -> Result<Spawned, SpawnError> {
        unreachable!("pools start nobody")
    }

    fn signal(&mut self, _: SignalTarget, _: Signal) -> Result<(), SignalError> {
        unreachable!("pools signal nobody")
    }

    fn create_auto_log(&mut self, _: &str, _: Channel) -> Result<PathBuf, AutoLogError> {
        unreachable!("pools have no logs")
    }
}

fn pool(events: &[&str]) -> ListenerPool {
    let config = EventListenerConfig {
        events: events.iter().map(|event| (*event).to_owned()).collect(),
        buffer_size: BUFFER as i64,
        result_handler: "supervisor.dispatchers:default_handler".to_owned(),
    };
    let members = (0..MEMBERS).map(|number| (ProcessId(number), format!("lis{number}")));
    ListenerPool::new("lis", -1, &config, members)
}

fn event(data: &str) -> Rc<Event> {
    Rc::new(Event::RemoteCommunication {
        kind: "n".to_owned(),
        data: data.to_owned(),
    })
}

// EVT-001 to 008, EVL-016
#[test]
fn an_abstract_type_stands_for_all_below_it_and_for_nothing_else() {
    let takes = |subscription, event| pool(&[subscription]).subscribes_to(event);
    for (subscription, event) in [
        ("EVENT", "TICK_5"),
        ("EVENT", "REMOTE_COMMUNICATION"),
        ("PROCESS_STATE", "PROCESS_STATE_FATAL"),
        ("PROCESS_LOG", "PROCESS_LOG_STDERR"),
        ("PROCESS_GROUP", "PROCESS_GROUP_ADDED"),
        ("SUPERVISOR_STATE_CHANGE", "SUPERVISOR_STATE_CHANGE_RUNNING"),
        ("TICK", "TICK_60"),
        ("TICK_60", "TICK_60"),
    ] {
        assert!(takes(subscription, event), "{subscription} {event}");
    }
    for (subscription, event) in [
        ("PROCESS_STATE", "PROCESS_LOG_STDERR"),
        ("PROCESS_STATE_FATAL", "PROCESS_STATE_EXITED"),
        ("PROCESS_COMMUNICATION", "REMOTE_COMMUNICATION"),
        ("TICK_5", "TICK_60"),
    ] {
        assert!(!takes(subscription, event), "{subscription} {event}");
    }
}

// EVT-011 to 015, EVL-023
#[test]
fn the_first_member_that_is_free_gets_the_envelope_to_the_byte() {
    let mut pool = pool(&["EVENT"]);
    let mut pipes = Pipes::default();
    for id in [1, 2] {
        pool.process_changed(ProcessId(id), true, true);
        pool.heard(ProcessId(id), b"READY\n", &mut Printers::default());
    }
    pool.accept(41, event("žluť"));
    assert!(pool.dispatch("me", &mut pipes));
    let envelope = "ver:3.0 server:me serial:41 pool:lis poolserial:0 eventname:REMOTE_COMMUNICATION len:11\ntype:n\nžluť";
    assert_eq!(pipes.written, [(ProcessId(1), envelope.to_owned())]);
    assert!(!pool.dispatch("me", &mut pipes));
}

// EVT-014
#[test]
fn numbers_begin_anew_behind_the_greatest_signed_word() {
    let mut serial = Serial(i64::MAX);
    assert_eq!(serial.take(), i64::MAX);
    assert_eq!(serial.take(), 0);
}

/// Counts lines of the log.
#[derive(Clone, Default)]
struct Lines {
    overflowed: Arc<AtomicUsize>,
    processed: Arc<AtomicUsize>,
}

impl tracing::Subscriber for Lines {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        let message = message_of(event);
        if message.contains("event buffer overflowed, discarding event") {
            self.overflowed.fetch_add(1, Ordering::Relaxed);
        }
        if message.ends_with("event was processed") {
            self.processed.fetch_add(1, Ordering::Relaxed);
        }
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[derive(Debug, Clone)]
enum What {
    Emit,
    Say(u32, &'static str),
    Process { id: u32, running: bool, new: bool },
    Die(u32),
    Deaf(u32),
}

fn what() -> impl Strategy<Value = What> {
    let said = prop::sample::select(vec![
        "READY\n",
        "READY\n",
        "RESULT 2\nOK",
        "RESULT 2\nOKREADY\n",
        "RESULT 2\nOKREADY\n",
        "RESULT 4\nFAILREADY\n",
        "RESULT 0\n",
        "RESULT 2\n",
        "OK",
        "huh\n",
    ]);
    prop_oneof![
        10 => Just(What::Emit),
        20 => (0..MEMBERS, said).prop_map(|(id, said)| What::Say(id, said)),
        6 => (0..MEMBERS, any::<bool>(), any::<bool>()).prop_map(|(id, running, new)| What::Process { id, running, new }),
        2 => (0..MEMBERS).prop_map(What::Die),
        1 => (0..MEMBERS).prop_map(What::Deaf),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_an_event_is_somewhere(happenings in prop::collection::vec(what(), 1..200)) {
        let lines = Lines::default();
        tracing::subscriber::with_default(lines.clone(), || {
            let mut pool = pool(&["EVENT"]);
            let mut pipes = Pipes::default();
            let mut dead = BTreeSet::new();
            let mut emitted = 0;
            for happening in happenings {
                match happening {
                    What::Emit => {
                        pool.accept(emitted, event("x"));
                        emitted += 1;
                    }
                    // The dead do not speak.
                    What::Say(id, _) if dead.contains(&id) => {}
                    What::Say(id, said) => {
                        pool.heard(ProcessId(id), said.as_bytes(), &mut Printers::default());
                    }
                    What::Process { id, new: false, .. } if dead.contains(&id) => {}
                    What::Process { id, running, new } => {
                        // A new child comes after the end of the old one.
                        if new {
                            pool.child_exited(ProcessId(id));
                            dead.remove(&id);
                            pipes.deaf.remove(&ProcessId(id));
                        }
                        pool.process_changed(ProcessId(id), running, new);
                    }
                    What::Die(id) => {
                        pool.process_changed(ProcessId(id), false, false);
                        pool.child_exited(ProcessId(id));
                        dead.insert(id);
                    }
                    What::Deaf(id) => {
 pipes.deaf.insert(ProcessId(id)); }
                }
                let before = pipes.written.len();
                let sent = pool.dispatch("me", &mut pipes);
                prop_assert_eq!(sent, pipes.written.len() > before);

                prop_assert!(pool.buffer.len() <= BUFFER);
                let busy = pool.members.iter().filter(|member| member.event.is_some()).count();
                for member in pool.members.iter().filter(|member| member.running) {
                    let is_busy = member.protocol.state() == ListenerState::Busy;
                    prop_assert!(is_busy || member.event.is_none(), "{:?}", member);
                }
                // Nobody who could take an event is left waiting beside one.
                let waiting = pool.members.iter().any(|member| member.wants_event() && !pipes.deaf.contains(&member.id));
                prop_assert!(pool.buffer.is_empty() || !waiting);
                // Nothing is lost without a line that says so.
                let accounted = lines.processed.load(Ordering::Relaxed) + lines.overflowed.load(Ordering::Relaxed);
                prop_assert_eq!(pool.queue().dropped, lines.overflowed.load(Ordering::Relaxed) as u64);
                prop_assert_eq!(accounted + busy + pool.buffer.len(), usize::try_from(emitted).expect("it only grows"));
            }
            Ok(())
        })?;
    }
}
