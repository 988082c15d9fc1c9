//! Live log tails: the body that grows as the file does (HTTP-097 to HTTP-105).
//!
//! ```text
//!   inotify ──▶ look ──▶ block ──▶ channel of one ──▶ hyper ──▶ client
//!                ▲         └── permit: two blocks at most between the file and the wire
//!   one second ──┘
//! ```
//!
//! Each tail is a local task that ends when the client goes, when it closes its sending side (as in the reference,
//! where that closes the connection) or when the server stops; then the body ends as a body should, with its last
//! chunk. The file is the only buffer: a slow client holds two blocks of memory and delays nobody, and a quiet tail
//! sleeps. Tails of one file share the block that was read last. The task looks once a second without news too, since a watch may be impossible.

use std::io;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::task::spawn_local;
use tokio::time::sleep;

use super::io::Stream;
use super::watch::{Watch, Watcher};
use crate::logs::follow::{self, FollowedFile, RecentBlock};

/// How long a tail trusts the absence of news.
const FALLBACK: Duration = Duration::from_secs(1);

/// How many blocks one tail holds in memory.
const BLOCKS: usize = 2;

/// What a tail needs of its surroundings.
pub struct Surroundings<'a> {
    pub watcher: &'a Watcher,
    pub recent: Rc<RecentBlock>,
    /// The client's connection.
    pub stream: Rc<Stream>,
    pub stopping: watch::Receiver<bool>,
}

/// Begins a tail with that many of the file's last bytes. An error when the file is not there or cannot be read.
pub fn start(
    path: &Path,
    head: u64,
    around: Surroundings<'_>,
) -> io::Result<mpsc::Receiver<Bytes>> {
    let (pieces, body) = mpsc::channel(1);
    let tail = Tail {
        file: FollowedFile::open(path, head)?,
        watch: around.watcher.watch(path),
        recent: around.recent,
        permits: Arc::new(Semaphore::new(BLOCKS)),
        pieces,
    };
    let Surroundings {
        stream,
        mut stopping,
        ..
    } = around;
    spawn_local(async move {
        tokio::select! {
            () = tail.run(&stream) => {}
            _ = stopping.wait_for(|stop| *stop) => {}
        }
    });
    Ok(body)
}

struct Tail {
    file: FollowedFile,
    recent: Rc<RecentBlock>,
    watch: Watch,
    permits: Arc<Semaphore>,
    pieces: mpsc::Sender<Bytes>,
}

/// A block on its way to the client.
struct Block {
    bytes: follow::Block,
    _permit: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Block {
    fn as_ref(&self) -> &[u8] {
        self.bytes.as_ref()
    }
}

impl Tail {
    async fn run(mut self, stream: &Stream) {
        loop {
            self.watch.renew();
            if self.send_news().await.is_none() {
                return;
            }
            tokio::select! {
                () = self.watch.changed() => {}
                () = sleep(FALLBACK) => {}
                () = self.pieces.closed() => return,
                () = stream.peer_closed() => return,
            }
        }
    }

    /// Sends all that is new; `None` when the client or the file is gone for good.
    async fn send_news(&mut self) -> Option<()> {
        loop {
            let permit = tokio::select! {
                permit = Arc::clone(&self.permits).acquire_owned() => permit.ok()?,
                () = self.pieces.closed() => return None,
            };
            let Some(bytes) = self.file.next_block(&self.recent).ok()? else {
                return Some(());
            };
            let block = Bytes::from_owner(Block {
                bytes,
                _permit: permit,
            });
            self.pieces.send(block).await.ok()?;
        }
    }
}
