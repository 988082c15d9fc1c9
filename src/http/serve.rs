//! Accepting connections and letting hyper speak on them, until it is time to stop.
//!
//! All tasks are local ones: requests borrow the machine, so everything stays on its thread. A server that is full
//! closes the connection that keeps it waiting longest; if all of them wait for us, new ones wait in the kernel's
//! queue. When the process has no descriptors left, the same happens, and the server pauses instead of spinning.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime};

use hyper::server::conn::http1;
use hyper::service::service_fn;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, sleep_until, timeout};

use super::access_log::Peer;
use super::auth::Gate;
use super::exchange::{House, Visitor};
use super::io::{HyperIo, Listener, Stream};
use super::limits::{Activity, Budget, Connections, Limits};
use super::listen::{BoundServer, Parts, SocketFile};
use super::site::Backend;
use super::watch::Watcher;

/// How long a server rests when it cannot accept, and everybody waits for it.
const PAUSE: Duration = Duration::from_millis(100);

/// How long a connection that has to go may take to do so, when a server cannot accept.
const MOMENT: Duration = Duration::from_millis(2);

/// The most header lines of a request; hyper keeps them in a table of that size while it parses.
const MAX_HEADERS: usize = 1000;

/// Serves the site on all these sockets until `shutdown` resolves. Then nothing new is accepted, the socket files are
/// removed, answers that are under way get [`Limits::grace`] to be made and sent, and log tails end.
///
/// Must run on a thread with a tokio runtime, within a `LocalSet`. Fails only when the runtime takes no more sockets.
pub async fn serve<B: Backend + 'static>(
    bound: Vec<BoundServer>,
    backend: Rc<B>,
    limits: Limits,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let (stop, stopping) = watch::channel(false);
    let house = Rc::new(House {
        backend,
        requests: Budget::new(limits.requests),
        answers: Budget::new(limits.answers),
        watcher: Watcher::default(),
        begun: SystemTime::now(),
        recent: Rc::default(),
        stopping,
        limits,
    });
    let mut files = Vec::new();
    let mut servers = JoinSet::new();
    for server in bound {
        let Parts {
            listener,
            file,
            gate,
        } = server.into_parts()?;
        files.extend(file);
        let server = Server {
            house: Rc::clone(&house),
            gate,
            connections: Rc::default(),
        };
        servers.spawn_local(server.run(listener));
    }
    shutdown.await;
    files.iter().for_each(SocketFile::unlink);
    // Nobody may be listening, when there are no servers.
    let _ = stop.send(true);
    while servers.join_next().await.is_some() {}
    Ok(())
}

struct Server<B> {
    house: Rc<House<B>>,
    gate: Gate,
    connections: Rc<Connections>,
}

impl<B: Backend + 'static> Server<B> {
    async fn run(self, listener: Listener) {
        let limits = &self.house.limits;
        let mut stopping = self.house.stopping.clone();
        let mut conversations = JoinSet::new();
        // A moment and not an interval: with nobody here there must be no timer that wakes anybody.
        let mut sweep_at = Instant::now();
        loop {
            // One more than the limit: somebody may have to go first, and takes a moment to do so.
            let full = self.connections.count() > limits.connections;
            tokio::select! {
                _ = stopping.wait_for(|stop| *stop) => break,
                accepted = listener.accept(), if !full => match accepted {
                    Ok((stream, peer)) => {
                        if self.connections.count() >= limits.connections {
                            self.make_room();
                        }
                        if conversations.is_empty() {
                            sweep_at = Instant::now() + limits.sweep;
                        }
                        conversations.spawn_local(self.converse(stream, peer));
                    }
                    Err(error) if is_of_one_connection(&error) => {}
                    Err(_) => sleep(self.make_room()).await,
                },
                Some(_) = conversations.join_next() => {}
                () = sleep_until(sweep_at.into()), if !conversations.is_empty() => {
                    let now = Instant::now();
                    self.connections.close_overdue(limits, now);
                    sweep_at = self.connections.next_sweep(limits, now);
                }
                () = sleep(PAUSE), if full => {
                    self.make_room();
                }
            }
        }
        drop(listener);
        let all_sent = async { while conversations.join_next().await.is_some() {} };
        // What is not done in time is dropped with the set.
        let _ = timeout(limits.grace, all_sent).await;
    }

    /// Closes the connection that can best be spared; tells how long it is worth waiting for that.
    fn make_room(&self) -> Duration {
        if self.connections.close_longest_waiting() {
            MOMENT
        } else {
            PAUSE
        }
    }

    /// All requests of one connection.
    fn converse(&self, stream: Stream, peer: Peer) -> impl Future<Output = ()> + use<B> {
        let activity = Rc::new(Activity::new(&self.house.requests));
        let listed = self.connections.enter(Rc::clone(&activity));
        let stream = Rc::new(stream);
        let visitor = Visitor {
            house: Rc::clone(&self.house),
            gate: self.gate.clone(),
            stream: Rc::clone(&stream),
            activity: Rc::clone(&activity),
            peer,
        };
        let linger = self.house.limits.linger;
        let mut stopping = self.house.stopping.clone();
        async move {
            let _listed = listed;
            let visitor = &visitor;
            let io = HyperIo::new(stream, Rc::clone(&activity), linger);
            let service = service_fn(move |request| visitor.answer(request));
            let mut conversation = pin!(
                http1::Builder::new()
                    .half_close(true)
                    .title_case_headers(true)
                    .max_headers(MAX_HEADERS)
                    .serve_connection(io, service)
            );
            let mut stopped = false;
            loop {
                tokio::select! {
                    // How a conversation ends is the client's affair.
                    _ = conversation.as_mut() => return,
                    () = activity.closed() => return,
                    _ = stopping.wait_for(|stop| *stop), if !stopped => {
                        stopped = true;
                        conversation.as_mut().graceful_shutdown();
                    }
                }
            }
        }
    }
}

/// Whether only the connection that was to be accepted is lost (accept(2) reports its errors too).
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::NetworkDown
            | io::ErrorKind::PermissionDenied
    )
}
