//! The pipes between supervisord and its children: stdin, stdout, stderr, and where their bytes go.
//!
//! All of them hang on one epoll instance of our own, which the event loop watches as a single descriptor. A pipe that
//! is ready gives one block per round, and a round with large blocks serves few pipes, so that a child that floods its
//! log cannot keep the others, or a client, from being served. A child that writes in small pieces is read in batches
//! ([`Rests`]). Bytes go through the scanner of `stream` to the logs of `logs`; only what is also an event leaves as
//! [`Heard`]. What an event listener says on its stdout goes to its log as it is, and leaves as it is.
//!
//! This module starts nobody and decides nothing.

mod open;
mod outlets;
mod output;
mod stdin;
mod token;

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd, RawFd};
use std::time::Instant;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::unistd::pipe2;

use self::open::{output, set_nonblocking};
use self::outlets::{Outlets, Whose};
use self::output::{Meaning, Output, Sink};
use self::stdin::Stdin;
pub use self::stdin::StdinError;
use self::token::Token;
use super::rest::Rests;
use crate::config::types::ProcessConfig;
use crate::logs::counters::LogCounters;
use crate::logs::memory::MemoryLog;
use crate::model::log;
use crate::supervisor::command::Said;
use crate::supervisor::event::Channel;
use crate::supervisor::turn::{ChildKind, ProcessId};

/// The size of a block, and of a pipe: one read empties it.
const BLOCK: usize = 64 * 1024;

/// What is read of a channel after its process has ended (SPN-028); what grandchildren write later is lost.
const LAST_WORDS: usize = 2 * BLOCK;

/// How many ready pipes are served in one round, at most.
const ROUND: usize = 64;

/// After a round with more bytes than this the next one serves fewer pipes.
const ROUND_BYTES: usize = BLOCK / 2;

/// Something a pipe told that the machine or the log should know.
#[derive(Debug)]
pub enum Heard {
    Said(ProcessId, Said),
    /// The child closed its end, or is gone.
    Closed {
        id: ProcessId,
        channel: Channel,
        fd: RawFd,
    },
}

/// The descriptors that a child gets; closed on our side once it has them.
pub struct ChildEnds {
    pub stdin: OwnedFd,
    pub stdout: OwnedFd,
    /// `None` with `redirect_stderr`: the same as stdout.
    pub stderr: Option<OwnedFd>,
}

struct ChildPipes {
    name: String,
    stdin: Option<Stdin>,
    outputs: Vec<Output>,
}

/// All pipes of all children.
pub struct Pipes {
    epoll: Epoll,
    children: HashMap<ProcessId, ChildPipes>,
    block: Vec<u8>,
    rests: Rests,
    /// How many pipes the next round serves.
    width: usize,
    outlets: Outlets,
}

impl Pipes {
    pub fn new() -> io::Result<Self> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let rests = Rests::new()?;
        epoll.add(&rests, EpollEvent::new(EpollFlags::EPOLLIN, Token::REST.0))?;
        Ok(Self {
            epoll,
            children: HashMap::new(),
            block: vec![0; BLOCK],
            rests,
            width: ROUND,
            outlets: Outlets::default(),
        })
    }

    /// Readable when [`pump`](Self::pump) has something to do.
    pub fn descriptor(&self) -> BorrowedFd<'_> {
        self.epoll.0.as_fd()
    }

    /// Makes the pipes and opens the logs of a child that is about to start. On error everything is closed again. A
    /// child that gets a socket instead of the pipe on its stdin cannot be written to (FCG-010).
    pub fn open(
        &mut self,
        id: ProcessId,
        kind: ChildKind,
        group: &str,
        config: &ProcessConfig,
        strip_ansi: bool,
        socket: Option<OwnedFd>,
    ) -> io::Result<ChildEnds> {
        let (child_stdin, stdin) = match socket {
            Some(socket) => (socket, None),
            None => {
                let (child_stdin, stdin) = pipe2(OFlag::O_CLOEXEC)?;
                set_nonblocking(&stdin)?;
                (child_stdin, Some(stdin))
            }
        };
        let whose = Whose {
            id,
            channel: Channel::Stdout,
            group,
            config,
        };
        let (child_stdout, mut stdout) = output(whose, strip_ansi, &mut self.outlets)?;
        if kind == ChildKind::Listener {
            stdout.meaning = Meaning::Protocol { strip_ansi };
            stdout.may_rest = false;
        }
        let mut pipes = ChildPipes {
            name: config.name.clone(),
            stdin: stdin.map(Stdin::new),
            outputs: Vec::with_capacity(if config.redirect_stderr { 1 } else { 2 }),
        };
        pipes.outputs.push(stdout);
        let mut child_stderr = None;
        if !config.redirect_stderr {
            let whose = Whose {
                channel: Channel::Stderr,
                ..whose
            };
            let (end, stderr) = output(whose, strip_ansi, &mut self.outlets)?;
            child_stderr = Some(end);
            pipes.outputs.push(stderr);
        }
        for output in &pipes.outputs {
            if let Some(fd) = &output.fd {
                let event = EpollEvent::new(
                    EpollFlags::EPOLLIN,
                    Token::output(id, output.sink.channel).0,
                );
                self.epoll.add(fd, event)?;
            }
        }
        self.children.insert(id, pipes);
        Ok(ChildEnds {
            stdin: child_stdin,
            stdout: child_stdout,
            stderr: child_stderr,
        })
    }

    /// Forgets a child that did not come to be.
    pub fn discard(&mut self, id: ProcessId) {
        self.children.remove(&id);
    }

    /// Serves one round of ready pipes. False when nothing is left for another: what comes from now on makes
    /// [`descriptor`](Self::descriptor) ready anew.
    pub fn pump(&mut self, heard: &mut Vec<Heard>) -> bool {
        let mut events = [EpollEvent::empty(); ROUND];
        let ready = match self
            .epoll
            .wait(&mut events[..self.width], EpollTimeout::ZERO)
        {
            Ok(ready) => ready,
            Err(Errno::EINTR) => return true,
            Err(error) => {
                log::critical!("cannot wait for output of children: {error}");
                return false;
            }
        };
        let mut drained = ready < self.width;
        let mut bytes = 0;
        for event in &events[..ready] {
            let token = Token(event.data());
            if token == Token::REST {
                for (id, channel) in self.rests.over(ROUND) {
                    bytes += self.serve(id, channel, heard);
                }
                self.rests.go_on();
                drained = false;
                continue;
            }
            let id = token.process();
            match token.channel() {
                Some(channel) => {
                    let got = self.serve(id, channel, heard);
                    // After a short read a pipe is empty, unless its end is still to be read.
                    drained &= got < BLOCK && !event.events().contains(EpollFlags::EPOLLHUP);
                    bytes += got;
                }
                None => {
                    drained = false;
                    if let Some(child) = self.children.get_mut(&id)
                        && let Some(stdin) = &mut child.stdin
                        && stdin.flush(&self.epoll, id).is_err()
                    {
                        child.stdin = None;
                    }
                }
            }
        }
        // The kernel hands ready pipes out in turn, so narrow rounds are fair too.
        self.width = if bytes > ROUND_BYTES {
            (self.width / 4).max(1)
        } else {
            (self.width * 2).min(ROUND)
        };
        !drained
    }

    /// Reads a block of one stream and decides when to look at it again; the number of bytes.
    fn serve(&mut self, id: ProcessId, channel: Channel, heard: &mut Vec<Heard>) -> usize {
        let Some(ChildPipes { name, outputs, .. }) = self.children.get_mut(&id) else {
            return 0;
        };
        let Some(output) = outputs.iter_mut().find(|o| o.sink.channel == channel) else {
            return 0;
        };
        let got = output.read_block(&mut self.block, name, heard);
        let Some(fd) = &output.fd else { return got };
        let rested = output.pace.is_resting();
        let rests = output.may_rest && output.pace.after(got, Instant::now());
        if rests {
            self.rests.add(id, channel);
        }
        if rests != rested {
            // Without EPOLLIN the kernel still tells the end of the stream.
            let interest = if rests {
                EpollFlags::empty()
            } else {
                EpollFlags::EPOLLIN
            };
            let mut event = EpollEvent::new(interest, Token::output(id, channel).0);
            if let Err(error) = self.epoll.modify(fd, &mut event) {
                log::critical!("cannot wait for output of '{name}': {error}");
            }
        }
        got
    }

    /// Reads what an ended child left in its pipes and closes them (SPN-028, SPN-029).
    pub fn drain(&mut self, id: ProcessId, heard: &mut Vec<Heard>) {
        let Some(mut child) = self.children.remove(&id) else {
            return;
        };
        for output in &mut child.outputs {
            let mut total = 0;
            while total < LAST_WORDS {
                match output.read_block(&mut self.block, &child.name, heard) {
                    0 => break,
                    got => total += got,
                }
            }
            output.finish(&child.name, heard);
            let Sink { channel, log, .. } = &output.sink;
            self.outlets.closed(id, *channel, log);
        }
    }

    /// Queues bytes for a child and writes as many as it takes now.
    pub fn write_stdin(&mut self, id: ProcessId, bytes: &[u8]) -> Result<(), StdinError> {
        let child = self.children.get_mut(&id).ok_or(StdinError::Closed)?;
        let stdin = child.stdin.as_mut().ok_or(StdinError::Closed)?;
        let result = stdin.push(bytes, &self.epoll, id);
        if result == Err(StdinError::Closed) {
            child.stdin = None;
        }
        result
    }

    /// Opens all log files anew by name, after somebody moved them away (LOG-038).
    pub fn reopen_logs(&mut self) {
        for child in self.children.values_mut() {
            for output in &mut child.outputs {
                let Sink { log, channel, .. } = &mut output.sink;
                if let Err(error) = log.reopen() {
                    log::error!(
                        "cannot reopen the {} log of '{}': {error}",
                        channel.name(),
                        child.name
                    );
                }
            }
        }
    }

    /// Empties the logs of a live child (LOG-037); without a child there is nothing to do (RPC-181) but in memory.
    pub fn clear_logs(&mut self, id: ProcessId) -> io::Result<()> {
        for channel in [Channel::Stdout, Channel::Stderr] {
            if let Some(memory) = self.outlets.memory(id, channel) {
                memory.borrow_mut().clear();
            }
        }
        let Some(child) = self.children.get_mut(&id) else {
            return Ok(());
        };
        for output in &mut child.outputs {
            if let Meaning::Output(scanner) = &mut output.meaning {
                scanner.clear();
            }
            output.sink.log.remove_and_reopen()?;
        }
        Ok(())
    }

    /// The log of a stream that is kept in memory, if it has one.
    pub fn memory_log(&self, id: ProcessId, channel: Channel) -> Option<&RefCell<MemoryLog>> {
        self.outlets.memory(id, channel)
    }

    /// What became of the output of a stream since the first start of its process.
    pub fn log_counters(&self, id: ProcessId, channel: Channel) -> LogCounters {
        let mut counters = self.outlets.counters(id, channel);
        let outputs = self.children.get(&id).map(|child| child.outputs.as_slice());
        for output in outputs.unwrap_or_default() {
            if output.sink.channel == channel {
                counters += output.sink.log.counters();
            }
        }
        counters
    }

    /// Forgets what was kept of processes that are no more.
    pub fn retain(&mut self, is_there: impl Fn(ProcessId) -> bool) {
        self.outlets.retain(is_there);
    }
}

#[cfg(test)]
mod tests;
