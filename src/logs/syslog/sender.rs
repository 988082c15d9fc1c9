//! Lines of programs on their way to a syslog, here or elsewhere (GO-227 to GO-238).
//!
//! ```text
//!   here       <133>Nov 24 15:26:55 web[4711]: listening on port 8080
//!   elsewhere  <133>2026-11-24T15:26:55+01:00 box web[4711]: listening on port 8080
//! ```
//!
//! The form is that of Go's `log/syslog`, the number that of supervisord; a server that knows RFC 3164 takes both. One
//! line is one message. One that is too long for the usual server becomes several.
//!
//! All lines for one destination go through one thread, behind a bounded `Queue`: the thread finds the host, connects,
//! waits for a server that stalls, and tries again, ever more rarely, while there is none. What comes meanwhile waits in
//! the queue, and is lost and counted when that is full. No program and no turn of the loop ever waits (GO-238).

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use nix::sys::signal::SigSet;
use nix::unistd::gethostname;

use super::link::{Destination, Link, SendError};
use crate::logs::counters::Losses;
use crate::logs::lines::{Line, Lines};
use crate::logs::local_time::stamped;
use crate::logs::queue::{Queue, Record};

/// The longest text of a message: with its head it fits rsyslog's default of 8 KiB.
const MESSAGE_LIMIT: usize = 8000;

/// How long there is between two attempts to connect, at first and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How long the address of a host is trusted when nobody listens there.
const ADDRESS_TRUSTED: Duration = Duration::from_secs(30);

/// At the end of a run: how long a server has for what is on its way.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What stands in the head of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// 0 to 23.
    pub facility: u8,
    /// 0 to 7.
    pub severity: u8,
    pub tag: String,
}

/// All destinations in use.
#[derive(Debug, Default)]
pub struct SyslogSenders {
    senders: HashMap<Destination, Sender>,
}

#[derive(Debug)]
struct Sender {
    queue: Arc<Queue>,
    users: Arc<()>,
}

/// One stream of one child that goes to a syslog.
#[derive(Debug)]
pub struct SyslogStream {
    queue: Arc<Queue>,
    _user: Arc<()>,
    lines: Lines,
    /// The head up to the time.
    before: String,
    /// The head after the time.
    after: String,
    /// The time is that of a letter from one house to another.
    remote: bool,
}

impl SyslogSenders {
    /// A stream to this destination; its thread is started if need be.
    pub fn open(&mut self, destination: &Destination, header: &Header) -> io::Result<SyslogStream> {
        // Destinations that a changed configuration has left behind.
        self.senders.retain(|known, sender| {
            let in_use = known == destination || Arc::strong_count(&sender.users) > 1;
            if !in_use {
                sender.queue.close();
            }
            in_use
        });
        let sender = match self.senders.get(destination) {
            Some(sender) => sender,
            None => {
                let sender = Sender::start(destination.clone())?;
                self.senders.entry(destination.clone()).or_insert(sender)
            }
        };
        let remote = !matches!(destination, Destination::Local(_));
        let host = if remote {
            format!(" {}", host_name())
        } else {
            String::new()
        };
        Ok(SyslogStream {
            queue: Arc::clone(&sender.queue),
            _user: Arc::clone(&sender.users),
            lines: Lines::with_limit(MESSAGE_LIMIT),
            before: format!(
                "<{}>",
                u32::from(header.facility) * 8 + u32::from(header.severity)
            ),
            after: format!(
                "{host} {}[{}]: ",
                in_one_word(&header.tag),
                std::process::id()
            ),
            remote,
        })
    }
}

impl Drop for SyslogSenders {
    fn drop(&mut self) {
        let end = Instant::now() + LAST_WORDS;
        for sender in self.senders.values() {
            sender.queue.close();
        }
        for sender in self.senders.values() {
            sender
                .queue
                .flush(end.saturating_duration_since(Instant::now()));
        }
    }
}

impl Sender {
    fn start(destination: Destination) -> io::Result<Self> {
        let queue = Arc::new(Queue::new(destination.name()));
        let thread_queue = Arc::clone(&queue);
        thread::Builder::new()
            .name("syslog".to_owned())
            .spawn(move || {
                // Signals are for the loop.
                let _ = SigSet::all().thread_block();
                Postman::new(&thread_queue, destination).deliver_all();
            })?;
        Ok(Self {
            queue,
            users: Arc::new(()),
        })
    }
}

impl SyslogStream {
    /// Sends the lines that are complete by now.
    pub fn write(&mut self, chunk: &[u8], at: SystemTime, losses: &Arc<Losses>) {
        let letters = self.letters(at, losses);
        self.lines.push(chunk, letters);
    }

    /// Sends what the stream ended with.
    pub fn finish(&mut self, at: SystemTime, losses: &Arc<Losses>) {
        let letters = self.letters(at, losses);
        self.lines.finish(letters);
    }

    /// What is done with each line.
    fn letters(&self, at: SystemTime, losses: &Arc<Losses>) -> impl FnMut(Line<'_>) + use<> {
        let (time, _) = stamped(at);
        let stamp = if self.remote {
            time.remote_syslog_stamp()
        } else {
            time.syslog_stamp()
        };
        let head = format!("{}{stamp}{}", self.before, self.after);
        let (queue, losses) = (Arc::clone(&self.queue), Arc::clone(losses));
        move |line| {
            let mut bytes = Vec::with_capacity(head.len() + line.bytes.len());
            bytes.extend_from_slice(head.as_bytes());
            // NUL ends a record of a local stream, and a carriage return means nothing here.
            let text = line.bytes.strip_suffix(b"\r").unwrap_or(line.bytes);
            bytes.extend(text.iter().map(|&byte| if byte == 0 { b' ' } else { byte }));
            queue.push(Record {
                bytes,
                losses: Some(Arc::clone(&losses)),
            });
        }
    }
}

fn host_name() -> String {
    let name = gethostname().unwrap_or_default();
    let name = in_one_word(&name.to_string_lossy());
    if name.is_empty() {
        "localhost".to_owned()
    } else {
        name
    }
}

/// A blank would end the word, and so would what stands behind it.
fn in_one_word(text: &str) -> String {
    let part = |c: char| {
        if c.is_whitespace() || c.is_control() || c == ':' {
            '_'
        } else {
            c
        }
    };
    text.chars().map(part).collect()
}

/// The thread of one destination.
struct Postman<'a> {
    queue: &'a Queue,
    destination: Destination,
    link: Option<(Link, Instant)>,
    /// The link has taken something.
    proven: bool,
    pause: Duration,
    /// The destination has been complained about and has not been reached since.
    missed: bool,
}

impl<'a> Postman<'a> {
    fn new(queue: &'a Queue, destination: Destination) -> Self {
        Self {
            queue,
            destination,
            link: None,
            proven: false,
            pause: FIRST_PAUSE,
            missed: false,
        }
    }

    fn deliver_all(mut self) {
        while let Some(record) = self.queue.next() {
            self.deliver(&record);
        }
    }

    /// Tries until the record is handed over; only the end of the queue ends this early.
    fn deliver(&mut self, record: &Record) {
        loop {
            let Some((link, since)) = &mut self.link else {
                if !self.connect() {
                    record.lose();
                    return;
                }
                continue;
            };
            match link.send(&record.bytes) {
                Ok(()) => {
                    self.proven = true;
                    self.pause = FIRST_PAUSE;
                    self.missed = false;
                    return;
                }
                Err(SendError::Record) => {
                    record.lose();
                    return;
                }
                Err(SendError::Earlier) => {
                    // Whose it was is not known any more.
                    record.lose();
                    if since.elapsed() > ADDRESS_TRUSTED {
                        self.link = None;
                    }
                }
                Err(SendError::Link(error)) => {
                    self.link = None;
                    self.complain(&error);
                    // A server that takes connections and nothing else is as good as none.
                    if !self.proven && !self.waited() {
                        record.lose();
                        return;
                    }
                }
            }
        }
    }

    /// One attempt, and a pause when it fails; false when there is no use in another.
    fn connect(&mut self) -> bool {
        self.proven = false;
        match self.destination.connect() {
            Ok(link) => self.link = Some((link, Instant::now())),
            Err(error) => {
                self.complain(&error);
                return self.waited();
            }
        }
        true
    }

    /// Waits before another attempt, longer each time; false when the queue was closed.
    fn waited(&mut self) -> bool {
        let closed = self.queue.rest(self.pause);
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        !closed
    }

    fn complain(&mut self, error: &io::Error) {
        if !self.missed {
            self.missed = true;
            let name = self.destination.name();
            self.queue.tell(format!(
                "cannot reach {name}, what is for it waits: {error}"
            ));
        }
    }
}

#[cfg(test)]
#[path = "sender_tests.rs"]
mod tests;
