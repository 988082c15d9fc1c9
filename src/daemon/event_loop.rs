//! The loop: waits for something to happen and gives it to the machine. It does nothing else, and with nothing
//! happening it makes no system call.

use std::io;

use nix::sys::signal::SigHandler;
use tokio::signal::unix::{Signal as SignalStream, SignalKind, signal};

use super::handle::Handle;
use crate::model::signal::Signal;
use crate::supervisor::turn::Ending;

/// How many times everybody else gets a turn before the loop begins: enough to accept a connection, read a request and
/// answer it, and not long.
const GREETING: usize = 16;

/// The signals that supervisord listens to (SIG-001 to SIG-007). They are caught from here on, and never released
/// again in this process.
pub struct Signals {
    term: SignalStream,
    int: SignalStream,
    quit: SignalStream,
    hup: SignalStream,
    usr2: SignalStream,
    child: SignalStream,
}

impl Signals {
    /// Needs the runtime's context.
    pub fn catch() -> io::Result<Self> {
        ignore_file_size_signal()?;
        Ok(Self {
            term: signal(SignalKind::terminate())?,
            int: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            hup: signal(SignalKind::hangup())?,
            usr2: signal(SignalKind::user_defined2())?,
            child: signal(SignalKind::child())?,
        })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            biased;
            _ = self.child.recv() => Signal::CHLD,
            _ = self.term.recv() => Signal::TERM,
            _ = self.int.recv() => Signal::INT,
            _ = self.quit.recv() => Signal::QUIT,
            _ = self.hup.recv() => Signal::HUP,
            _ = self.usr2.recv() => Signal::USR2,
        }
    }
}

/// Runs until the machine has finished.
///
/// `attend` is called when a group with programs that somebody has to look after beside the machine has become active
/// ([`Extensions::wants_attention`](crate::config::extensions::Extensions::wants_attention)), and never without one.
pub async fn run(
    handle: &Handle,
    signals: &mut Signals,
    attend: impl Fn(&Handle),
) -> io::Result<Ending> {
    let pipes = handle.pipes_readiness()?;
    handle.announce_running();
    if handle.takes_attention() {
        attend(handle);
    }
    // As in the reference, whose loop serves clients before it starts anybody: who has been waiting is answered first.
    for _ in 0..GREETING {
        tokio::task::yield_now().await;
    }
    loop {
        if let Some(ending) = handle.ending() {
            return Ok(ending);
        }
        if handle.takes_attention() {
            attend(handle);
        }
        let deadline = handle.until_deadline();
        tokio::select! {
            biased;
            signal = signals.next() => match signal {
                Signal::CHLD => handle.reap(),
                signal => handle.signalled(signal),
            },
            () = sleep(deadline) => {
                handle.tick();
                // While many are due, one turn follows the other; children that write and clients come between.
                if handle.until_deadline().is_some_and(|left| left.is_zero()) {
                    handle.pump();
                    tokio::task::yield_now().await;
                }
            }
            ready = pipes.readable() => {
                let mut ready = ready?;
                if handle.pump() {
                    // However much children write, clients get their turn after every round.
                    tokio::task::yield_now().await;
                } else {
                    ready.clear_ready();
                }
            }
            () = handle.changed() => {}
        }
    }
}

/// SIGXFSZ is ignored, here and therefore in children, as Python does for the reference (SIG-008): a log that meets a
/// size limit gives an error and no death. SIGPIPE is ignored already, by Rust's own start.
fn ignore_file_size_signal() -> io::Result<()> {
    // SAFETY: ignoring a signal installs no handler.
    unsafe { nix::sys::signal::signal(nix::sys::signal::Signal::SIGXFSZ, SigHandler::SigIgn) }?;
    Ok(())
}

async fn sleep(length: Option<std::time::Duration>) {
    match length {
        Some(length) if length.is_zero() => {}
        Some(length) => tokio::time::sleep(length).await,
        None => std::future::pending().await,
    }
}
