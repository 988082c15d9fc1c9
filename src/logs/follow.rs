//! Following a log file as it grows, for live tails: first its last bytes, then whatever is added.
//!
//! ```text
//!   open ──▶ the last HEAD bytes ──▶ what is new ──▶ nothing new (yet) ──▶ …
//!                                        │
//!       another file under the name ─────┤  first the rest of the old one, then the new one from its beginning
//!       the file is shorter than before ─┤  a notice, then from its beginning
//!       no file under the name ──────────┘  the old one goes on; a new one is picked up when it comes
//! ```
//!
//! A follower sticks to the path and knows nothing of processes (HTTP-105). It holds the file open and nothing else: the
//! file is the only buffer, so a slow reader costs no memory. It never waits; the caller decides when to look again.
//!
//! Unlike the reference (`tail_f_producer` in http.py), the unread rest of a rotated file is not skipped (HTTP-100),
//! and a truncation gives the notice that the reference means to give (HTTP-102). Files that came and were rotated away between
//! two looks are read under the numbers that rotation gave them (`log.1`, `log.2` …); of files that are gone nothing is seen.

use std::cell::RefCell;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How much of the end a new tail shows (HTTP-097).
pub const HEAD: u64 = 1024;

/// The most that one look gives.
pub const BLOCK: usize = 64 * 1024;

/// How long a block that was read may stand for the file: a file that is emptied and written anew must not be shown as
/// it was.
const RECENT: Duration = Duration::from_millis(10);

/// How many rotated files are looked through for the one that was read last.
const MOST_ROTATED: u32 = 99;

/// What stands in a tail where the file was emptied (HTTP-102).
pub const TRUNCATED: &[u8] = b"==> File truncated <==\n";

/// A file that somebody watches.
#[derive(Debug)]
pub struct FollowedFile {
    path: PathBuf,
    file: File,
    identity: Identity,
    position: u64,
}

/// What tells two files of the same name apart. While a file is open its number is not given to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
}

impl FollowedFile {
    /// Begins `head` bytes before the end, or at the beginning of a shorter file.
    pub fn open(path: &Path, head: u64) -> io::Result<Self> {
        let (file, metadata) = open(path)?;
        Ok(Self {
            path: path.to_owned(),
            file,
            identity: Identity::of(&metadata),
            position: metadata.len().saturating_sub(head),
        })
    }

    /// The next bytes, at most [`BLOCK`]; `None` when there are none now. Look again until it is `None`. What another
    /// follower has just read is taken from `recent`.
    pub fn next_block(&mut self, recent: &RecentBlock) -> io::Result<Option<Block>> {
        loop {
            if let Some(block) = self.next_of_this_file(recent)? {
                return Ok(Some(block));
            }
            let Some(successor) = self.successor() else {
                return Ok(None);
            };
            // Something may have been added just before the file was moved away.
            if let Some(block) = self.next_of_this_file(recent)? {
                return Ok(Some(block));
            }
            *self = successor;
        }
    }

    fn next_of_this_file(&mut self, recent: &RecentBlock) -> io::Result<Option<Block>> {
        // The size is what counts: reading until nothing comes would wait on a pipe.
        let size = self.file.metadata()?.len();
        let Some(new) = size.checked_sub(self.position) else {
            self.position = 0;
            return Ok(Some(Block::new(TRUNCATED.to_vec())));
        };
        if new == 0 {
            return Ok(None);
        }
        let block = match recent.from(self.identity, self.position, size) {
            Some(block) => block,
            None => {
                let mut bytes = vec![0; usize::try_from(new).unwrap_or(BLOCK).min(BLOCK)];
                let length = self.file.read_at(&mut bytes, self.position)?;
                bytes.truncate(length);
                let block = Block::new(bytes);
                recent.remember(self.identity, self.position, &block);
                block
            }
        };
        let length = block.as_ref().len();
        self.position += length as u64;
        Ok((length > 0).then_some(block))
    }

    /// The file that came after this one, if there is another under the name by now and it can be read.
    fn successor(&self) -> Option<Self> {
        let metadata = fs::metadata(&self.path).ok()?;
        if Identity::of(&metadata) == self.identity {
            return None;
        }
        let (file, metadata) = open(&self.next_path()).ok()?;
        let identity = Identity::of(&metadata);
        // It was rotated once more meanwhile; the next look finds it.
        if identity == self.identity {
            return None;
        }
        Some(Self {
            path: self.path.clone(),
            file,
            identity,
            // All of it is new.
            position: 0,
        })
    }

    /// Where the next file is: one number below this one's, when rotation has kept this one.
    fn next_path(&self) -> PathBuf {
        let mut newer = self.path.clone();
        for number in 1..=MOST_ROTATED {
            let mut name = self.path.as_os_str().to_owned();
            name.push(format!(".{number}"));
            let path = PathBuf::from(name);
            match fs::metadata(&path) {
                Ok(metadata) if Identity::of(&metadata) == self.identity => return newer,
                Ok(_) => newer = path,
                Err(_) => break,
            }
        }
        self.path.clone()
    }
}

/// Some bytes of a file, perhaps shared with other followers of it.
#[derive(Debug, Clone)]
pub struct Block {
    bytes: Arc<Vec<u8>>,
    from: usize,
}

impl Block {
    fn new(bytes: Vec<u8>) -> Self {
        Self {
            bytes: Arc::new(bytes),
            from: 0,
        }
    }
}

impl AsRef<[u8]> for Block {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[self.from..]
    }
}

/// The block that was read last, of any file. Fifty followers of one log want the same bytes within a moment, and one
/// of them needs to read them. Whoever comes in the middle of the block takes its rest, so all go on at the same place.
#[derive(Debug, Default)]
pub struct RecentBlock(RefCell<Option<Remembered>>);

#[derive(Debug)]
struct Remembered {
    identity: Identity,
    position: u64,
    block: Block,
    until: Instant,
}

impl RecentBlock {
    /// The bytes from `position` on, unless too much time has passed or the file, of this size now, was cut meanwhile.
    fn from(&self, identity: Identity, position: u64, size: u64) -> Option<Block> {
        let mut slot = self.0.borrow_mut();
        let Remembered {
            identity: known,
            position: begin,
            block,
            until,
        } = slot.as_ref()?;
        if *until < Instant::now() {
            *slot = None;
            return None;
        }
        let from = usize::try_from(position.checked_sub(*begin)?).ok()?;
        let length = block.bytes.len();
        let fits = *known == identity && from < length && begin + length as u64 <= size;
        fits.then(|| Block {
            bytes: Arc::clone(&block.bytes),
            from,
        })
    }

    fn remember(&self, identity: Identity, position: u64, block: &Block) {
        *self.0.borrow_mut() = Some(Remembered {
            identity,
            position,
            block: block.clone(),
            until: Instant::now() + RECENT,
        });
    }
}

impl AsRawFd for FollowedFile {
    fn as_raw_fd(&self) -> RawFd {
        self.file.as_raw_fd()
    }
}

impl Identity {
    fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
        }
    }
}

/// Opens without waiting for anybody.
fn open(path: &Path) -> io::Result<(File, Metadata)> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(nix::libc::O_NONBLOCK | nix::libc::O_NOCTTY)
        .open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    Ok((file, metadata))
}

#[cfg(test)]
mod tests {
    use std::fs::{self, OpenOptions};
    use std::io::Write;
    use std::path::Path;

    use nix::sys::stat::Mode;
    use nix::unistd::mkfifo;
    use proptest::prelude::*;

    use super::{BLOCK, FollowedFile, HEAD, RecentBlock};
    use crate::logs::rotating::{RotatingFile, Rotation};
    use crate::logs::scratch::Scratch;

    fn follow(scratch: &Scratch) -> FollowedFile {
        FollowedFile::open(&scratch.path("log"), HEAD).expect("the test made the file")
    }

    /// Everything that is there now.
    fn news(tail: &mut FollowedFile) -> String {
        news_shared(tail, &RecentBlock::default())
    }

    fn news_shared(tail: &mut FollowedFile, recent: &RecentBlock) -> String {
        let mut all = Vec::new();
        while let Some(block) = tail
            .next_block(recent)
            .expect("the scratch folder is readable")
        {
            assert!((1..=BLOCK).contains(&block.as_ref().len()));
            all.extend(block.as_ref());
        }
        String::from_utf8(all).expect("the test's own text")
    }

    fn append(path: &Path, text: &str) {
        OpenOptions::new()
            .append(true)
            .open(path)
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .expect("the test made the file");
    }

    // HTTP-097
    #[test]
    fn a_tail_begins_with_the_last_1024_bytes() {
        let scratch = Scratch::new();
        scratch.file("log", format!("{}{}", "a".repeat(10), "b".repeat(1024)));
        assert_eq!(news(&mut follow(&scratch)), "b".repeat(1024));
        scratch.file("log", "short");
        assert_eq!(news(&mut follow(&scratch)), "short");
        scratch.file("log", "");
        assert_eq!(news(&mut follow(&scratch)), "");
    }

    #[test]
    fn followers_who_share_what_they_read_miss_nothing_and_get_nothing_twice() {
        let scratch = Scratch::new();
        let path = scratch.file("log", "one");
        let recent = RecentBlock::default();
        let mut tails = [follow(&scratch), follow(&scratch)];
        assert_eq!(news_shared(&mut tails[0], &recent), "one");
        append(&path, " two");
        assert_eq!(news_shared(&mut tails[0], &recent), " two");
        assert_eq!(news_shared(&mut tails[1], &recent), "one two");
        append(&path, " three");
        for tail in &mut tails {
            assert_eq!(news_shared(tail, &recent), " three");
        }
        fs::write(&path, "four").expect("writable");
        for tail in &mut tails {
            assert_eq!(news_shared(tail, &recent), "==> File truncated <==\nfour");
        }
    }

    // HTTP-098
    #[test]
    fn what_is_added_is_given_once_and_as_it_is() {
        let scratch = Scratch::new();
        let path = scratch.file("log", "one");
        let mut tail = follow(&scratch);
        assert_eq!(news(&mut tail), "one");
        assert_eq!(news(&mut tail), "");
        append(&path, " tw");
        assert_eq!(news(&mut tail), " tw");
        append(&path, "o\n");
        assert_eq!(news(&mut tail), "o\n");
    }

    #[test]
    fn much_news_come_in_blocks() {
        let scratch = Scratch::new();
        let path = scratch.file("log", "");
        let mut tail = follow(&scratch);
        append(&path, &"x".repeat(2 * BLOCK + 5));
        let lengths: Vec<usize> =
            std::iter::from_fn(|| tail.next_block(&RecentBlock::default()).expect("readable"))
                .map(|block| block.as_ref().len())
                .collect();
        assert_eq!(lengths, [BLOCK, BLOCK, 5]);
    }

    // HTTP-100, where we differ: the rest of the old file is not lost.
    #[test]
    fn after_a_rotation_the_rest_of_the_old_file_comes_before_the_new_one() {
        let scratch = Scratch::new();
        let path = scratch.file("log", "start ");
        let mut tail = follow(&scratch);
        assert_eq!(news(&mut tail), "start ");
        append(&path, "rest ");
        fs::rename(&path, scratch.path("log.1")).expect("just made");
        scratch.file("log", "new");
        assert_eq!(news(&mut tail), "rest new");
        append(&path, " more");
        assert_eq!(news(&mut tail), " more");
    }

    // HTTP-100, where we differ: a burst can fill several files before anybody looks.
    #[test]
    fn files_that_were_rotated_between_two_looks_are_read_in_their_order() {
        let scratch = Scratch::new();
        let rotation = Rotation {
            maxbytes: 10,
            backups: 5,
        };
        let mut log = RotatingFile::open(&scratch.path("log"), rotation).expect("writable");
        let mut tail = follow(&scratch);
        let mut lines = String::new();
        for line in 0..4 {
            let line = format!("line {line} of a burst\n");
            log.write(line.as_bytes()).expect("writable");
            lines += &line;
        }
        assert!(scratch.path("log.4").exists());
        assert_eq!(news(&mut tail), lines);
        // The one that was read last is gone: what is left is the file of that name.
        for _ in 0..7 {
            log.write(b"too many to keep\n").expect("writable");
        }
        log.write(b"last").expect("writable");
        assert!(news(&mut tail).ends_with("last"));
    }

    // HTTP-101
    #[test]
    fn a_removed_file_is_silent_until_there_is_a_new_one() {
        let scratch = Scratch::new();
        let path = scratch.file("log", "old");
        let mut tail = follow(&scratch);
        assert_eq!(news(&mut tail), "old");
        fs::remove_file(&path).expect("just made");
        assert_eq!(news(&mut tail), "");
        scratch.file("log", "new");
        assert_eq!(news(&mut tail), "new");
    }

    // HTTP-102
    #[test]
    fn an_emptied_file_gives_a_notice_and_goes_on_from_its_beginning() {
        let scratch = Scratch::new();
        let path = scratch.file("log", "old and long");
        let mut tail = follow(&scratch);
        assert_eq!(news(&mut tail), "old and long");
        scratch.file("log", "new");
        assert_eq!(news(&mut tail), "==> File truncated <==\nnew");
        append(&path, " more");
        assert_eq!(news(&mut tail), " more");
    }

    // HTTP-103
    #[test]
    fn clearing_a_log_looks_like_a_rotation() {
        let scratch = Scratch::new();
        let mut log = RotatingFile::open(&scratch.path("log"), Rotation::NEVER).expect("writable");
        log.write(b"old ").expect("writable");
        let mut tail = follow(&scratch);
        log.remove_and_reopen().expect("ours to remove");
        log.write(b"new").expect("writable");
        assert_eq!(news(&mut tail), "old new");
    }

    // HTTP-092: no file, no tail.
    #[test]
    fn what_cannot_be_opened_cannot_be_followed() {
        let scratch = Scratch::new();
        assert!(FollowedFile::open(&scratch.path("log"), HEAD).is_err());
        assert!(FollowedFile::open(scratch.folder(), HEAD).is_err());
    }

    #[test]
    fn a_successor_that_cannot_be_opened_is_waited_for() {
        let scratch = Scratch::new();
        let path = scratch.file("log", "old");
        let mut tail = follow(&scratch);
        assert_eq!(news(&mut tail), "old");
        fs::remove_file(&path).expect("just made");
        fs::create_dir(&path).expect("the scratch folder is writable");
        assert_eq!(news(&mut tail), "");
        fs::remove_dir(&path).expect("just made");
        scratch.file("log", "new");
        assert_eq!(news(&mut tail), "new");
    }

    #[test]
    fn a_pipe_is_silent_and_keeps_nobody_waiting() {
        let scratch = Scratch::new();
        mkfifo(&scratch.path("log"), Mode::S_IRWXU).expect("the scratch folder takes FIFOs");
        assert_eq!(news(&mut follow(&scratch)), "");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        // Looking after each write is often enough to see everything, whatever rotates in between.
        #[test]
        fn a_follower_of_a_rotating_log_sees_every_byte_once(
            chunks in proptest::collection::vec("[a-z]{1,9}", 0..20), maxbytes in 0..20_u64
        ) {
            let scratch = Scratch::new();
            let rotation = Rotation { maxbytes, backups: 2 };
            let mut log = RotatingFile::open(&scratch.path("log"), rotation).expect("writable");
            let mut tail = follow(&scratch);
            let mut seen = String::new();
            for chunk in &chunks {
                log.write(chunk.as_bytes()).expect("writable");
                seen.push_str(&news(&mut tail));
            }
            prop_assert_eq!(seen, chunks.concat());
        }
    }
}
