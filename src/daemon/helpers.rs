//! Commands that run beside the programs: hooks, liveness checks, what a changed file or a failed check asks for.
//!
//! A helper is started the way a program is (`exec`), as the program's user, in its directory, with its environment, but
//! with nothing on its stdin and with its output in our hands. It leads a process group of its own. Whoever waits for it
//! holds a [`Helper`]; to drop that before the end is to kill the whole group, which is how a time limit, a stop and
//! supervisord's own end all come about. Of its output the last words are kept, for the line that tells of a failure;
//! nobody else sees them. What it leaves running when it ends by itself is not ours: a hook may start a daemon.
//!
//! The one reaper reaps helpers too and hands their ends in here. With no helper running there is no task, no descriptor
//! and no memory.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use nix::fcntl::OFlag;
use nix::unistd::pipe2;
use tokio::net::unix::pipe::Receiver;
use tokio::sync::oneshot;

use crate::supervisor::command::ExitStatus;
use crate::supervisor::turn::Pid;

/// So much of a helper's output is kept.
pub const LAST_WORDS: usize = 2048;

/// How much is read at once.
const BLOCK: usize = 4096;

/// How often a pipe is read once its helper has ended: all that a pipe holds, and not all that a grandchild may add.
const LAST_READS: usize = 16;

/// How long supervisord waits at its end for those that it has killed, at most.
const FAREWELL_STEPS: usize = 50;
const FAREWELL_STEP: Duration = Duration::from_millis(2);

/// All helpers that run. Copies share them.
#[derive(Clone, Default)]
pub struct Helpers(Rc<Running>);

#[derive(Default)]
struct Running(RefCell<HashMap<Pid, oneshot::Sender<ExitStatus>>>);

impl Helpers {
    /// A command that was just started, and where its output comes out.
    pub fn add(&self, pid: Pid, output: Receiver) -> Helper {
        let (sender, ended) = oneshot::channel();
        self.0.0.borrow_mut().insert(pid, sender);
        Helper {
            pid,
            ended,
            last_words: LastWords::of(output),
            killer: Killer {
                pid,
                helpers: self.clone(),
            },
        }
    }

    /// A child was reaped; false when it was none of ours.
    pub fn reaped(&self, pid: Pid, status: ExitStatus) -> bool {
        let waiting = self.0.0.borrow_mut().remove(&pid);
        match waiting {
            Some(sender) => {
                // Who gave up waiting needs no answer.
                let _ = sender.send(status);
                true
            }
            None => false,
        }
    }

    fn runs(&self, pid: Pid) -> bool {
        self.0.0.borrow().contains_key(&pid)
    }
}

impl Drop for Running {
    /// Kills whoever still runs, and leaves no zombies to a supervisord that starts over in the same process.
    fn drop(&mut self) {
        let running = self.0.get_mut();
        running.keys().for_each(|pid| kill_group(*pid));
        for _ in 0..FAREWELL_STEPS {
            running.retain(|pid, _| !has_ended(*pid));
            if running.is_empty() {
                return;
            }
            thread::sleep(FAREWELL_STEP);
        }
    }
}

/// A running command. Dropped before its end, it is killed with all of its group.
pub struct Helper {
    pub pid: Pid,
    ended: oneshot::Receiver<ExitStatus>,
    last_words: LastWords,
    killer: Killer,
}

impl Helper {
    /// Waits for its end. Gives how it ended and the last of what it said.
    pub async fn end(self) -> (ExitStatus, Vec<u8>) {
        let Self {
            pid: _,
            mut ended,
            mut last_words,
            killer,
        } = self;
        let status = loop {
            tokio::select! {
                biased;
                status = &mut ended => break status,
                () = last_words.listen() => {}
            }
        };
        last_words.read_the_rest();
        drop(killer);
        match status {
            Ok(status) => (status, last_words.kept),
            // The daemon is on its way out, and with it whoever waits here.
            Err(_) => std::future::pending().await,
        }
    }
}

/// Kills the group of a helper that has not been reaped yet.
struct Killer {
    pid: Pid,
    helpers: Helpers,
}

impl Drop for Killer {
    fn drop(&mut self) {
        if self.helpers.runs(self.pid) {
            kill_group(self.pid);
        }
    }
}

/// The end of what a helper says.
struct LastWords {
    /// `None` once everybody has closed the other end.
    pipe: Option<Receiver>,
    kept: Vec<u8>,
}

impl LastWords {
    fn of(pipe: Receiver) -> Self {
        Self {
            pipe: Some(pipe),
            kept: Vec::new(),
        }
    }

    /// Resolves when something was heard, or never again.
    async fn listen(&mut self) {
        match &self.pipe {
            // An error here shows in the reading.
            Some(pipe) => _ = pipe.readable().await,
            None => std::future::pending().await,
        }
        self.read();
    }

    fn read_the_rest(&mut self) {
        for _ in 0..LAST_READS {
            if !self.read() {
                return;
            }
        }
    }

    /// One block; false when there was none.
    fn read(&mut self) -> bool {
        let Some(pipe) = &self.pipe else {
            return false;
        };
        let mut block = [0; BLOCK];
        match pipe.try_read(&mut block) {
            Ok(count @ 1..) => {
                self.kept.extend_from_slice(&block[..count]);
                let surplus = self.kept.len().saturating_sub(LAST_WORDS);
                self.kept.drain(..surplus);
                true
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => false,
            Ok(0) | Err(_) => {
                self.pipe = None;
                false
            }
        }
    }
}

/// The two ends of a helper's output: ours, and the one that it gets. Needs the runtime's context.
pub fn output_pipe() -> io::Result<(Receiver, OwnedFd)> {
    let (ours, theirs) = pipe2(OFlag::O_CLOEXEC)?;
    Ok((Receiver::from_owned_fd(ours)?, theirs))
}

fn kill_group(pid: Pid) {
    // SAFETY: two numbers; the leader of the group has not been reaped, so that its number is still its own.
    unsafe { libc::kill(-pid.0, libc::SIGKILL) };
}

fn has_ended(pid: Pid) -> bool {
    // SAFETY: asks for the end of one child; nothing is written.
    let result = unsafe { libc::waitpid(pid.0, std::ptr::null_mut(), libc::WNOHANG) };
    // An error means that there is no such child any more.
    result != 0
}
