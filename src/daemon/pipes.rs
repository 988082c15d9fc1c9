//! The pipes between supervisord and its children: stdin, stdout, stderr, and where their bytes go.
//!
//! All of them hang on one epoll instance of our own, which the event loop watches as a single descriptor. A pipe that
//! is ready gives one block per round, and a round with large blocks serves few pipes, so that a child that floods its
//! log cannot keep the others, or a client, from being served. A child that writes in small pieces is read in batches
//! ([`Rests`]). Bytes go through the scanner of `stream` to the logs of `logs`; only what is also an event leaves as
//! [`Heard`]. What an event listener says on its stdout goes to its log as it is, and leaves as it is.
//!
//! This module starts nobody and decides nothing.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::time::Instant;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::unistd::{pipe2, read, write};

use super::rest::{Pace, Rests};
use crate::config::types::{LogFile, ProcessConfig, StreamConfig};
use crate::logs::child_log::ChildLog;
use crate::logs::rotating::Rotation;
use crate::logs::syslog::Syslog;
use crate::model::log;
use crate::model::py_repr::repr_str;
use crate::stream::ansi::strip_escapes;
use crate::stream::capture::{CaptureScanner, Piece};
use crate::stream::text::{listener_output_line, output_line};
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

/// Bytes for a child's stdin that wait for it to read; more are refused.
const STDIN_LIMIT: usize = 16 * 1024 * 1024;

/// The size of a pipe that has been too small, in a form that fcntl takes.
const LARGE_PIPE: i32 = 256 * 1024;

/// Under which name lines of children go to syslog (LOG-028).
const SYSLOG_IDENT: &str = "supervisord";

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

/// Bytes for a child's stdin were not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StdinError {
    /// There is no child, or it has closed its stdin.
    Closed,
    /// The child does not read, and too much waits for it already.
    Full,
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

struct Stdin {
    fd: OwnedFd,
    waiting: VecDeque<u8>,
    /// It is on the epoll instance, because something waits.
    watched: bool,
}

struct Output {
    fd: Option<OwnedFd>,
    meaning: Meaning,
    sink: Sink,
    /// Nothing but a log waits for what it says.
    may_rest: bool,
    pace: Pace,
}

/// What a stream is to us.
enum Meaning {
    Output(CaptureScanner),
    /// The protocol of a listener: neither captured nor an event, and stripped in the log only (ELC-008, LOG-034).
    Protocol {
        strip_ansi: bool,
    },
}

/// Where the bytes of one stream go.
struct Sink {
    id: ProcessId,
    channel: Channel,
    events_enabled: bool,
    log: ChildLog,
    /// The last write failed and was complained about.
    failing: bool,
}

/// All pipes of all children.
pub struct Pipes {
    epoll: Epoll,
    children: HashMap<ProcessId, ChildPipes>,
    block: Vec<u8>,
    rests: Rests,
    /// How many pipes the next round serves.
    width: usize,
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
        let (child_stdout, mut stdout) = output(id, Channel::Stdout, config, strip_ansi)?;
        if kind == ChildKind::Listener {
            stdout.meaning = Meaning::Protocol { strip_ansi };
            stdout.may_rest = false;
        }
        let mut pipes = ChildPipes {
            name: config.name.clone(),
            stdin: stdin.map(|fd| Stdin {
                fd,
                waiting: VecDeque::new(),
                watched: false,
            }),
            outputs: Vec::with_capacity(if config.redirect_stderr { 1 } else { 2 }),
        };
        pipes.outputs.push(stdout);
        let mut child_stderr = None;
        if !config.redirect_stderr {
            let (end, stderr) = output(id, Channel::Stderr, config, strip_ansi)?;
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
                    if let Some(child) = self.children.get_mut(&id) {
                        child.flush_stdin(&self.epoll, id);
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
        }
    }

    /// Queues bytes for a child and writes as many as it takes now (QRK-035: a full pipe is not an error).
    pub fn write_stdin(&mut self, id: ProcessId, bytes: &[u8]) -> Result<(), StdinError> {
        let child = self.children.get_mut(&id).ok_or(StdinError::Closed)?;
        let stdin = child.stdin.as_mut().ok_or(StdinError::Closed)?;
        if stdin.waiting.len().saturating_add(bytes.len()) > STDIN_LIMIT {
            return Err(StdinError::Full);
        }
        let mut rest = bytes;
        if stdin.waiting.is_empty()
            && let Ok(written) = write(&stdin.fd, bytes)
        {
            rest = &bytes[written..];
        }
        // Also when nothing was taken, or the pipe is broken: what that means is decided in one place.
        if !rest.is_empty() {
            stdin.waiting.extend(rest);
            child.flush_stdin(&self.epoll, id);
        }
        if child.stdin.is_some() {
            Ok(())
        } else {
            Err(StdinError::Closed)
        }
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

    /// Empties the logs of a live child (LOG-037); without a child there is nothing to do (RPC-181).
    pub fn clear_logs(&mut self, id: ProcessId) -> io::Result<()> {
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
}

impl ChildPipes {
    /// Writes what waits; asks to be woken only while something is left, since a closed pipe is always "ready".
    fn flush_stdin(&mut self, epoll: &Epoll, id: ProcessId) {
        let Some(stdin) = &mut self.stdin else { return };
        while !stdin.waiting.is_empty() {
            let (front, _) = stdin.waiting.as_slices();
            match write(&stdin.fd, front) {
                Ok(written) => drop(stdin.waiting.drain(..written)),
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => {
                    if !stdin.watched {
                        // A child that gets much at a time gets a larger pipe, so that it need not be given in pieces.
                        let _ = fcntl(&stdin.fd, FcntlArg::F_SETPIPE_SZ(LARGE_PIPE));
                        let event = EpollEvent::new(EpollFlags::EPOLLOUT, Token::stdin(id).0);
                        stdin.watched = epoll.add(&stdin.fd, event).is_ok();
                    }
                    return;
                }
                Err(_) => {
                    // EPIPE: the child does not want to hear more.
                    self.stdin = None;
                    return;
                }
            }
        }
        if stdin.watched {
            stdin.watched = epoll.delete(&stdin.fd).is_err();
        }
    }
}

impl Output {
    /// Reads one block if there is one; the number of bytes.
    fn read_block(&mut self, block: &mut [u8], name: &str, heard: &mut Vec<Heard>) -> usize {
        let Some(fd) = &self.fd else { return 0 };
        match read(fd, block) {
            Ok(0) => {
                self.close(heard);
                0
            }
            Ok(got) => {
                let Self { meaning, sink, .. } = self;
                let bytes = &block[..got];
                match meaning {
                    Meaning::Output(scanner) => {
                        scanner.push(bytes, |piece| sink.take(piece, name, heard));
                    }
                    Meaning::Protocol { strip_ansi } => {
                        sink.take_protocol(bytes, *strip_ansi, name, heard);
                    }
                }
                got
            }
            Err(Errno::EAGAIN | Errno::EINTR) => 0,
            Err(error) => {
                log::critical!(
                    "cannot read the {} of '{name}': {error}",
                    self.sink.channel.name()
                );
                self.close(heard);
                0
            }
        }
    }

    fn finish(&mut self, name: &str, heard: &mut Vec<Heard>) {
        let Self { meaning, sink, .. } = self;
        if let Meaning::Output(scanner) = meaning {
            scanner.finish(|piece| sink.take(piece, name, heard));
        }
    }

    /// Closing the descriptor also takes it off the epoll instance, since no other process holds our end.
    fn close(&mut self, heard: &mut Vec<Heard>) {
        if let Some(fd) = self.fd.take() {
            let Sink { id, channel, .. } = self.sink;
            heard.push(Heard::Closed {
                id,
                channel,
                fd: fd.as_raw_fd(),
            });
        }
    }
}

impl Sink {
    /// Log bytes go to the log; captured bytes do not, but are shown and told as output all the same (QRK-023).
    fn take(&mut self, piece: Piece<'_>, name: &str, heard: &mut Vec<Heard>) {
        let channel = self.channel;
        let output = match piece {
            Piece::Log(bytes) => {
                self.write(bytes, name);
                bytes
            }
            Piece::Captured(bytes) => bytes,
            Piece::Communication(data) => {
                log::debug!("{} {} emitted a comm event", repr_str(name), channel.name());
                heard.push(Heard::Said(self.id, Said::Communication { channel, data }));
                return;
            }
        };
        if output.is_empty() {
            return;
        }
        log::debug!("{}", output_line(name, channel.name(), output));
        if self.events_enabled {
            heard.push(Heard::Said(
                self.id,
                Said::Log {
                    channel,
                    data: output.to_vec(),
                },
            ));
        }
    }

    /// What a listener said (EVL-014, MSG-019).
    fn take_protocol(
        &mut self,
        bytes: &[u8],
        strip_ansi: bool,
        name: &str,
        heard: &mut Vec<Heard>,
    ) {
        log::debug!("{}", listener_output_line(name, self.channel.name(), bytes));
        if strip_ansi {
            self.write(&strip_escapes(bytes), name);
        } else {
            self.write(bytes, name);
        }
        heard.push(Heard::Said(self.id, Said::Protocol(bytes.to_vec())));
    }

    /// Complains once when the log cannot be written (a full disk, say), and once when it can again.
    fn write(&mut self, bytes: &[u8], name: &str) {
        match self.log.write(bytes) {
            Ok(()) if self.failing => {
                self.failing = false;
                log::warn!(
                    "the {} log of '{name}' can be written again",
                    self.channel.name()
                );
            }
            Ok(()) => {}
            Err(error) if !self.failing => {
                self.failing = true;
                log::error!(
                    "cannot write the {} log of '{name}', its output is lost: {error}",
                    self.channel.name()
                );
            }
            Err(_) => {}
        }
    }
}

fn output(
    id: ProcessId,
    channel: Channel,
    config: &ProcessConfig,
    strip_ansi: bool,
) -> io::Result<(OwnedFd, Output)> {
    let stream = match channel {
        Channel::Stdout => &config.stdout,
        Channel::Stderr => &config.stderr,
    };
    let (ours, theirs) = pipe2(OFlag::O_CLOEXEC)?;
    set_nonblocking(&ours)?;
    let log = open_log(&config.name, stream)?;
    let sink = Sink {
        id,
        channel,
        events_enabled: stream.events_enabled,
        log,
        failing: false,
    };
    let scanner = CaptureScanner::new(stream.capture_maxbytes, strip_ansi);
    Ok((
        theirs,
        Output {
            fd: Some(ours),
            may_rest: !stream.events_enabled,
            meaning: Meaning::Output(scanner),
            sink,
            pace: Pace::default(),
        },
    ))
}

fn open_log(process: &str, stream: &StreamConfig) -> io::Result<ChildLog> {
    let mut log = ChildLog::nowhere();
    if let LogFile::Path(path) = &stream.logfile
        && !path.as_os_str().is_empty()
    {
        log = log.with_file(
            path,
            Rotation::from_options(stream.logfile_maxbytes, stream.logfile_backups),
        )?;
    }
    if stream.syslog {
        log = log.with_syslog(Syslog::local(SYSLOG_IDENT), process);
    }
    Ok(log)
}

/// What an epoll event is about: the process and one of its three pipes, or the end of a rest.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Token(u64);

impl Token {
    /// No pipe has this number.
    const REST: Self = Self(u64::MAX);

    fn stdin(id: ProcessId) -> Self {
        Self(u64::from(id.0) << 2)
    }

    fn output(id: ProcessId, channel: Channel) -> Self {
        let pipe = match channel {
            Channel::Stdout => 1,
            Channel::Stderr => 2,
        };
        Self(u64::from(id.0) << 2 | pipe)
    }

    fn process(self) -> ProcessId {
        // The upper bits are a `u32` that was put there.
        ProcessId((self.0 >> 2) as u32)
    }

    /// `None` is stdin.
    fn channel(self) -> Option<Channel> {
        match self.0 & 3 {
            1 => Some(Channel::Stdout),
            2 => Some(Channel::Stderr),
            _ => None,
        }
    }
}

fn set_nonblocking(fd: &OwnedFd) -> io::Result<()> {
    let flags = OFlag::from_bits_retain(fcntl(fd, FcntlArg::F_GETFL)?);
    fcntl(fd, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
    Ok(())
}
