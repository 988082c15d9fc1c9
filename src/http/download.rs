//! Sending a file as it is now: as many bytes as it has when it is opened, block by block.
//!
//! The file is the only buffer; a client that does not read holds one block. What is cut off the file meanwhile is
//! missing at the end, and the connection closes with the answer incomplete.

use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use hyper::body::Bytes;
use tokio::sync::mpsc;
use tokio::task::{spawn_local, yield_now};

/// What is read at a time.
const BLOCK: usize = 64 << 10;

/// Begins to send a file, or so many of its last bytes. Gives the length of what is sent and its blocks; an error when it
/// cannot be read or is no ordinary file.
pub fn start(path: &Path, last: Option<u64>) -> io::Result<(u64, mpsc::Receiver<Bytes>)> {
    // A FIFO would make us wait for whoever writes to it.
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut file = std::fs::File::open(path)?;
    let whole = file.metadata()?.len();
    let length = last.map_or(whole, |last| last.min(whole));
    file.seek(SeekFrom::Start(whole - length))?;
    let mut rest = file.take(length);
    let (pieces, body) = mpsc::channel(1);
    spawn_local(async move {
        loop {
            let mut block = vec![0; BLOCK];
            match rest.read(&mut block) {
                Ok(0) | Err(_) => return,
                Ok(count) => block.truncate(count),
            }
            if pieces.send(block.into()).await.is_err() {
                return;
            }
            // Others have their turn between two blocks.
            yield_now().await;
        }
    });
    Ok((length, body))
}
