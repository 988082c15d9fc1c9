//! supervisord's own stdout and stderr as log targets (GO-233).
//!
//! A terminal or a pipe may stop taking bytes for as long as it likes, and none of its descriptors can be made
//! non-blocking: whoever shares it, the shell that started us, say, would find it so. So a thread writes, started with
//! the first use, and the loop only queues (`Queue`). From then on supervisord's own lines to that stream take the same
//! way, in order with the rest: a stream that is full would stop the loop at the next of them. With no such target there
//! is no thread, and nothing is different.
//!
//! The stream is written to and nothing else: it is never rotated, sought, cleared or opened anew.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::SigSet;

use super::counters::Losses;
use super::queue::{Queue, Record};

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    Stdout,
    Stderr,
}

/// A stream with its thread.
#[derive(Debug)]
pub struct Console {
    queue: Arc<Queue>,
    /// One for the console, one for each user.
    users: Arc<()>,
}

/// One stream of one child that writes to a console.
#[derive(Debug)]
pub struct ConsoleUser {
    queue: Arc<Queue>,
    users: Arc<()>,
}

static STDOUT: OnceLock<Console> = OnceLock::new();
static STDERR: OnceLock<Console> = OnceLock::new();

impl Stream {
    /// The stream that a path stands for.
    pub fn of_path(path: &Path) -> Option<Self> {
        let is_one_of = |names: [&str; 3]| names.iter().any(|name| path == Path::new(name));
        if is_one_of(["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"]) {
            Some(Self::Stdout)
        } else if is_one_of(["/dev/stderr", "/dev/fd/2", "/proc/self/fd/2"]) {
            Some(Self::Stderr)
        } else {
            None
        }
    }

    /// The stream under another descriptor.
    pub fn duplicate(self) -> io::Result<OwnedFd> {
        match self {
            Self::Stdout => io::stdout().as_fd().try_clone_to_owned(),
            Self::Stderr => io::stderr().as_fd().try_clone_to_owned(),
        }
    }

    /// The console of this stream; its thread is started if need be.
    pub fn console(self) -> io::Result<&'static Console> {
        let slot = self.slot();
        if let Some(console) = slot.get() {
            return Ok(console);
        }
        let name = match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        };
        let console = Console::start(self.duplicate()?, name)?;
        Ok(slot.get_or_init(|| console))
    }

    /// The console, if it is in use.
    pub fn console_in_use(self) -> Option<&'static Console> {
        self.slot().get()
    }

    fn slot(self) -> &'static OnceLock<Console> {
        match self {
            Self::Stdout => &STDOUT,
            Self::Stderr => &STDERR,
        }
    }
}

/// Waits until both streams have what was queued for them, so long at most each: supervisord is about to leave.
pub fn flush(limit: Duration) {
    for stream in [Stream::Stdout, Stream::Stderr] {
        if let Some(console) = stream.console_in_use() {
            console.queue.flush(limit);
        }
    }
}

impl Console {
    fn start(fd: OwnedFd, name: &str) -> io::Result<Self> {
        let queue = Arc::new(Queue::new(format!("supervisord's {name}")));
        let thread_queue = Arc::clone(&queue);
        let name = name.to_owned();
        thread::Builder::new().name(name.clone()).spawn(move || {
            // Signals are for the loop.
            let _ = SigSet::all().thread_block();
            write_all_records(&thread_queue, File::from(fd), &name);
        })?;
        Ok(Self {
            queue,
            users: Arc::new(()),
        })
    }

    /// One more who writes to it.
    pub fn user(&self) -> ConsoleUser {
        ConsoleUser {
            queue: Arc::clone(&self.queue),
            users: Arc::clone(&self.users),
        }
    }

    /// Queues a line of supervisord itself.
    pub fn write_own(&self, line: &[u8]) {
        self.queue.push_own(line);
    }
}

impl ConsoleUser {
    /// Whether somebody else writes to it too.
    pub fn has_company(&self) -> bool {
        Arc::strong_count(&self.users) > 2
    }

    pub fn write(&self, chunk: &[u8], losses: &Arc<Losses>) {
        self.queue.push(Record {
            bytes: chunk.to_vec(),
            losses: Some(Arc::clone(losses)),
        });
    }
}

fn write_all_records(queue: &Queue, mut stream: File, name: &str) {
    let mut failing = false;
    while let Some(record) = queue.next() {
        match write_whole(&mut stream, &record.bytes) {
            Ok(()) => failing = false,
            Err(error) => {
                record.lose();
                if !failing {
                    failing = true;
                    queue.tell(format!(
                        "cannot write to supervisord's {name}, what programs write there is lost: {error}"
                    ));
                }
            }
        }
    }
}

/// Whoever shares the stream may have made it non-blocking; then we wait for it here.
fn write_whole(stream: &mut File, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match stream.write(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let mut writable = [PollFd::new(stream.as_fd(), PollFlags::POLLOUT)];
                poll(&mut writable, PollTimeout::NONE)?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use nix::fcntl::{FcntlArg, OFlag, fcntl};

    use super::Console;
    use crate::logs::counters::Losses;
    use crate::logs::queue::LIMIT;

    /// The size of a pipe is beside the point here.
    const MUCH: usize = 4 * LIMIT;

    #[test]
    fn a_stream_that_does_not_take_bytes_makes_nobody_wait() {
        let (mut reader, writer) = std::io::pipe().expect("a pipe");
        let console = Console::start(writer.into(), "stdout").expect("a thread");
        let user = console.user();
        let losses = Arc::new(Losses::default());
        let begin = Instant::now();
        let line = [b"x".repeat(1023), b"\n".to_vec()].concat();
        for _ in 0..MUCH / line.len() {
            user.write(&line, &losses);
        }
        console.write_own(b"own\n");
        assert!(begin.elapsed() < Duration::from_secs(20));
        let lost = usize::try_from(losses.so_far().lost_bytes).expect("a small number");
        assert!(lost > MUCH / 4 && lost < MUCH, "{lost}");
        // Once somebody reads, all that was not lost arrives, in order and whole.
        let mut seen = vec![0; MUCH - lost + 4];
        reader.read_exact(&mut seen).expect("it is on its way");
        let (lines, own) = seen.split_at(MUCH - lost);
        assert_eq!(own, b"own\n");
        assert!(lines.chunks(line.len()).all(|chunk| chunk == line));
        user.write(b"again\n", &losses);
        let mut again = [0; 6];
        reader.read_exact(&mut again).expect("it is on its way");
        assert_eq!(&again, b"again\n");
    }

    #[test]
    fn a_stream_that_others_made_non_blocking_is_waited_for() {
        let (mut reader, writer) = std::io::pipe().expect("a pipe");
        fcntl(&writer, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).expect("a healthy pipe");
        let console = Console::start(writer.into(), "stdout").expect("a thread");
        let losses = Arc::new(Losses::default());
        let much = vec![b'x'; LIMIT];
        console.user().write(&much, &losses);
        let mut seen = vec![0; LIMIT];
        reader.read_exact(&mut seen).expect("it is on its way");
        assert!(seen == much);
        assert_eq!(losses.so_far().lost_bytes, 0);
    }

    #[test]
    fn what_a_closed_stream_does_not_take_is_counted() {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let console = Console::start(writer.into(), "stdout").expect("a thread");
        let losses = Arc::new(Losses::default());
        console.user().write(b"lost\n", &losses);
        console.queue.flush(Duration::from_secs(60));
        assert_eq!(losses.so_far().lost_bytes, 5);
    }

    #[test]
    fn users_know_of_each_other() {
        let (_reader, writer) = std::io::pipe().expect("a pipe");
        let console = Console::start(writer.into(), "stdout").expect("a thread");
        let one = console.user();
        assert!(!one.has_company());
        let two = console.user();
        assert!(one.has_company() && two.has_company());
        drop(two);
        assert!(!one.has_company());
    }
}
