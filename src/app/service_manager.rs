//! What the service manager is told: systemd's notification protocol, for a unit of `Type=notify`.
//!
//! Whoever starts us names a datagram socket in `NOTIFY_SOCKET`. Without it nothing here exists, and nothing is paid for.
//! With it, each message is a few lines of `KEY=value`:
//!
//! | when | what |
//! |---|---|
//! | the sockets listen and the pidfile is written, at the start and after each restart | `READY=1` |
//! | everything is being stopped, to end | `STOPPING=1` |
//! | everything is being stopped, to begin anew (SIGHUP, `supervisorctl reload`) | `RELOADING=1`, `MONOTONIC_USEC` |
//! | processes have come or gone | `STATUS`, at most once a second |
//!
//! A daemon that went into the background is not the process that was started, and says with `MAINPID` who it is.
//!
//! The variable stays in the environment, and children inherit it, as they do from the reference: a program may have been
//! started through supervisord to speak to systemd itself. With `NotifyAccess=main`, systemd's default, nobody listens to
//! them.

use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::sleep;

use crate::daemon::handle::Handle;
use crate::model::states::{ProcessState, SupervisorState};
use crate::supervisor::event::Event;

/// How long a change of processes waits for others to go with it.
const GATHER: Duration = Duration::from_secs(1);

/// How long, and how often, a manager that does not read is waited for before a message is dropped.
const RETRY: Duration = Duration::from_millis(100);
const RETRIES: usize = 100;

/// The manager's socket.
pub struct ServiceManager {
    socket: UnixDatagram,
    address: SocketAddr,
    /// Whether we are another process than the one that the manager started.
    is_background: bool,
}

/// What is worth a message when it changes.
#[derive(PartialEq, Eq)]
struct Condition {
    state: SupervisorState,
    status: String,
}

impl ServiceManager {
    /// The one that started us, if it wants to know. A socket that cannot be spoken to is as good as none: how the
    /// daemon fares does not depend on who looks on.
    pub fn of_this_process(is_background: bool) -> Option<Self> {
        let address = address(&std::env::var_os("NOTIFY_SOCKET")?)?;
        let socket = UnixDatagram::unbound().ok()?;
        socket.set_nonblocking(true).ok()?;
        Some(Self {
            socket,
            address,
            is_background,
        })
    }

    /// Tells it of one run, from being ready to being stopped. Never ends of itself.
    pub async fn follow(self, handle: Handle) {
        let mut events = handle.events();
        let mut told = condition(&handle);
        let mut ready = format!("READY=1\nSTATUS={}", told.status);
        if self.is_background {
            ready += &format!("\nMAINPID={}", std::process::id());
        }
        self.tell(&ready).await;
        loop {
            something(&mut events).await;
            let mut gathered = pin!(sleep(GATHER));
            // What the manager waits for is not kept from it.
            while condition(&handle).state == told.state {
                tokio::select! {
                    () = &mut gathered => break,
                    () = something(&mut events) => {}
                }
            }
            let now = condition(&handle);
            if now != told {
                self.tell(&message(&told, &now)).await;
                told = now;
            }
        }
    }

    async fn tell(&self, message: &str) {
        for _ in 0..RETRIES {
            match self.socket.send_to_addr(message.as_bytes(), &self.address) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => sleep(RETRY).await,
                // Sent; or there is nobody any more, and nothing to be done about it.
                Ok(_) | Err(_) => return,
            }
        }
    }
}

/// A path, or behind an `@` a name that is none. There are managers that listen on vsock; we are on their machine.
fn address(name: &OsStr) -> Option<SocketAddr> {
    match name.as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name).ok(),
        [b'/', ..] => SocketAddr::from_pathname(name).ok(),
        _ => None,
    }
}

/// Waits for an event that may change the condition.
async fn something(events: &mut Receiver<Rc<Event>>) {
    loop {
        match events.recv().await.as_deref() {
            Ok(
                Event::ProcessState { .. }
                | Event::SupervisorRunning
                | Event::SupervisorStopping
                | Event::GroupAdded { .. }
                | Event::GroupRemoved { .. },
            )
            | Err(RecvError::Lagged(_)) => return,
            Ok(
                Event::ProcessLog { .. }
                | Event::ProcessCommunication { .. }
                | Event::RemoteCommunication { .. }
                | Event::Tick { .. },
            ) => {}
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

fn condition(handle: &Handle) -> Condition {
    handle.read(|supervisor, _| {
        let processes = supervisor.by_priority().into_iter();
        let states: Vec<ProcessState> = processes
            .filter_map(|id| supervisor.process_state(id))
            .collect();
        let count =
            |wanted: fn(&ProcessState) -> bool| states.iter().filter(|state| wanted(state)).count();
        let all = states.len();
        let running = count(|state| *state == ProcessState::Running);
        let fatal = count(|state| *state == ProcessState::Fatal);
        let left = count(|state| !state.is_stopped());
        let status = match supervisor.state() {
            SupervisorState::Running if fatal == 0 => {
                format!("{running} of {all} processes running")
            }
            SupervisorState::Running => {
                format!("{running} of {all} processes running, {fatal} FATAL")
            }
            SupervisorState::Shutdown | SupervisorState::Restarting => {
                format!("stopping: {left} left")
            }
        };
        Condition {
            state: supervisor.state(),
            status,
        }
    })
}

fn message(before: &Condition, now: &Condition) -> String {
    let status = &now.status;
    match now.state {
        state if state == before.state => format!("STATUS={status}"),
        SupervisorState::Running => format!("READY=1\nSTATUS={status}"),
        SupervisorState::Shutdown => format!("STOPPING=1\nSTATUS={status}"),
        SupervisorState::Restarting => {
            // A clock that always is.
            let now = clock_gettime(ClockId::CLOCK_MONOTONIC).map_or(Duration::ZERO, Into::into);
            let now = Duration::as_micros(&now);
            format!("RELOADING=1\nMONOTONIC_USEC={now}\nSTATUS={status}")
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::linux::net::SocketAddrExt;
    use std::path::Path;

    use super::{Condition, address, message};
    use crate::model::states::SupervisorState::{self, Restarting, Running, Shutdown};

    fn condition(state: SupervisorState) -> Condition {
        Condition {
            state,
            status: "2 of 3 processes running".to_owned(),
        }
    }

    #[test]
    fn a_socket_is_a_path_or_a_name() {
        let path = address(OsStr::new("/run/notify")).expect("a path");
        assert_eq!(path.as_pathname(), Some(Path::new("/run/notify")));
        let name = address(OsStr::new("@notify")).expect("a name");
        assert_eq!(name.as_abstract_name(), Some(&b"notify"[..]));
        for other in ["", "notify", "vsock:2:1234"] {
            assert!(address(OsStr::new(other)).is_none(), "{other:?}");
        }
    }

    #[test]
    fn what_the_manager_waits_for_is_said_when_it_begins() {
        let said = |before, now| message(&condition(before), &condition(now));
        let status = "STATUS=2 of 3 processes running";
        assert_eq!(said(Running, Running), status);
        assert_eq!(said(Shutdown, Shutdown), status);
        assert_eq!(said(Running, Shutdown), format!("STOPPING=1\n{status}"));
        let reloading = said(Running, Restarting);
        let time = reloading
            .strip_prefix("RELOADING=1\nMONOTONIC_USEC=")
            .and_then(|rest| rest.strip_suffix(status))
            .map(|time| time.trim_end().parse::<u64>());
        assert!(matches!(time, Some(Ok(1..))), "{reloading}");
    }
}
