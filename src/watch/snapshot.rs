//! What the files under watch contain, as hashes: two snapshots say whether anything has changed (GO-169).
//!
//! Content decides; a `touch` is no change. A file is only read again when its size, times or identity say that it may
//! have changed, or when it is so young that they would not. Everything here blocks and belongs on a thread of its own.

use std::collections::BTreeMap;
use std::fs::{self, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};

use super::pattern;

/// What is watched. Programs that name the same share it (GO-180).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// A program; only with content and the right to be executed does it count as there (GO-170).
    Program(PathBuf),
    /// All files below, except behind links to directories, whose base names match (GO-174, GO-176).
    Directory { path: PathBuf, pattern: String },
}

impl Target {
    pub fn path(&self) -> &Path {
        match self {
            Self::Program(path) | Self::Directory { path, .. } => path,
        }
    }
}

/// The content of all files of a target at one moment.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    files: BTreeMap<PathBuf, Seen>,
    /// Every directory that was looked into.
    pub directories: Vec<PathBuf>,
}

/// A file changed while it was read: look again later.
#[derive(Debug)]
pub struct Unsettled;

/// Whether somebody still waits for what is read. Whoever gives it out keeps a copy, and drops it when it has lost
/// interest.
#[derive(Debug, Clone, Default)]
pub struct Patience(Arc<()>);

impl Patience {
    fn lasts(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }
}

#[derive(Debug, Clone)]
struct Seen {
    marks: Marks,
    /// The marks were so fresh that a further change might not show in them.
    young: bool,
    /// `None`: it cannot be read.
    hash: Option<[u8; 32]>,
}

/// What changes, as a rule, when the content does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Marks {
    place: (u64, u64),
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

/// Marks younger than this, in seconds, are not relied on: clocks of file systems are coarse.
const YOUNG: i64 = 2;

impl Snapshot {
    /// Looks at everything; files that seem to be as in `before` are not read again. Ends early when nobody waits any
    /// more.
    pub fn take(target: &Target, before: &Self, patience: &Patience) -> Result<Self, Unsettled> {
        let mut snapshot = Self::default();
        match target {
            Target::Program(path) => {
                if let Ok(metadata) = fs::metadata(path)
                    && metadata.is_file()
                    && metadata.len() > 0
                    && metadata.permissions().mode() & 0o111 != 0
                {
                    snapshot.add(path.clone(), &metadata, before, patience)?;
                }
            }
            Target::Directory { path, pattern } => {
                snapshot.descend(path, pattern, before, patience)?
            }
        }
        Ok(snapshot)
    }

    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// How long ago a file was last changed in any way.
    pub fn youngest(&self) -> Option<Duration> {
        let newest = self.files.values().map(|seen| seen.marks.changed).max()?;
        let newest = Duration::new(
            u64::try_from(newest.0).ok()?,
            u32::try_from(newest.1).unwrap_or(0),
        );
        // None for one that lies in the future.
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .ok()?
            .checked_sub(newest)
    }

    /// One of the files that came, went, or have another content than before.
    pub fn change_since<'a>(&'a self, before: &'a Self) -> Option<&'a Path> {
        let changed = self.files.iter().find(|(path, seen)| {
            let known = before.files.get(*path);
            known.is_none_or(|known| known.hash != seen.hash)
        });
        let gone = || {
            let mut known = before.files.keys();
            known.find(|path| !self.files.contains_key(*path))
        };
        changed
            .map(|(path, _)| path)
            .or_else(gone)
            .map(PathBuf::as_path)
    }

    fn add(
        &mut self,
        path: PathBuf,
        metadata: &Metadata,
        before: &Self,
        patience: &Patience,
    ) -> Result<(), Unsettled> {
        let marks = Marks::of(metadata);
        let known = before.files.get(&path);
        if let Some(known) = known.filter(|known| known.marks == marks && !known.young) {
            self.files.insert(path, known.clone());
            return Ok(());
        }
        let young = marks.is_young();
        let hash = match hash(&path, patience) {
            Ok(Some((hash, after))) if after == marks => Some(hash),
            Ok(_) => return Err(Unsettled),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Unsettled),
            Err(_) => None,
        };
        self.files.insert(path, Seen { marks, young, hash });
        Ok(())
    }

    /// A directory that cannot be read has nothing in it.
    fn descend(
        &mut self,
        top: &Path,
        pattern: &str,
        before: &Self,
        patience: &Patience,
    ) -> Result<(), Unsettled> {
        let mut waiting = vec![top.to_owned()];
        while let Some(directory) = waiting.pop() {
            if !patience.lasts() {
                return Err(Unsettled);
            }
            let entries = match fs::read_dir(&directory) {
                Ok(entries) => entries,
                Err(_) => continue,
            };
            for entry in entries.flatten() {
                let Ok(kind) = entry.file_type() else {
                    continue;
                };
                if kind.is_dir() {
                    waiting.push(entry.path());
                    continue;
                }
                if !pattern::matches(pattern.as_bytes(), entry.file_name().as_bytes()) {
                    continue;
                }
                // Through a link. Whatever is no file (a socket, a directory behind a link) is passed over.
                if let Ok(metadata) = fs::metadata(entry.path())
                    && metadata.is_file()
                {
                    self.add(entry.path(), &metadata, before, patience)?;
                }
            }
            self.directories.push(directory);
        }
        Ok(())
    }
}

impl Marks {
    fn of(metadata: &Metadata) -> Self {
        Self {
            place: (metadata.dev(), metadata.ino()),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    fn is_young(&self) -> bool {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = i64::try_from(now.unwrap_or_default().as_secs()).unwrap_or(i64::MAX);
        // Also one that lies in the future.
        now.saturating_sub(self.changed.0) < YOUNG
    }
}

/// The hash of a file, and its marks once it was read to the end; `None` when nobody waits for it any more.
fn hash(path: &Path, patience: &Patience) -> io::Result<Option<([u8; 32], Marks)>> {
    // A FIFO may have taken the place of the file.
    let mut file = OpenOptions::new()
        .read(true)
        .custom_flags(nix::libc::O_NONBLOCK | nix::libc::O_NOCTTY)
        .open(path)?;
    let mut hash = Sha256::new();
    let mut block = vec![0; 64 * 1024];
    while patience.lasts() {
        match file.read(&mut block) {
            Ok(0) => return Ok(Some((hash.finalize().into(), Marks::of(&file.metadata()?)))),
            Ok(count) => hash.update(&block[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::{Path, PathBuf};

    use super::{Patience, Snapshot, Target};

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("snapshot-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a temporary folder");
        folder
    }

    fn write(path: &Path, content: &str) {
        fs::write(path, content).expect("a file");
    }

    fn take(target: &Target, before: &Snapshot) -> Snapshot {
        let patience = Patience::default();
        Snapshot::take(target, before, &patience.clone()).expect("nobody writes")
    }

    fn everything(path: &Path, pattern: &str) -> Target {
        Target::Directory {
            path: path.to_owned(),
            pattern: pattern.to_owned(),
        }
    }

    // GO-169
    #[test]
    fn content_decides_and_not_the_time_of_a_file() {
        let folder = folder("content");
        let file = folder.join("a");
        write(&file, "one");
        let target = everything(&folder, "*");
        let first = take(&target, &Snapshot::default());
        write(&file, "one");
        let touched = take(&target, &first);
        assert_eq!(touched.change_since(&first), None);
        write(&file, "two");
        let changed = take(&target, &touched);
        assert_eq!(changed.change_since(&touched), Some(file.as_path()));
        fs::remove_file(&file).expect("it is there");
        let gone = take(&target, &changed);
        assert_eq!(gone.change_since(&changed), Some(file.as_path()));
        fs::remove_dir_all(&folder).expect("it is there");
    }

    // GO-174, GO-176
    #[test]
    fn a_directory_is_all_below_it_but_nothing_behind_links_to_directories() {
        let folder = folder("tree");
        let elsewhere = self::folder("elsewhere");
        fs::create_dir_all(folder.join("sub/deep")).expect("a folder");
        write(&folder.join("sub/deep/a.conf"), "1");
        write(&folder.join("sub/b.txt"), "1");
        write(&elsewhere.join("c.conf"), "1");
        symlink(&elsewhere, folder.join("link")).expect("a link");
        symlink(elsewhere.join("c.conf"), folder.join("d.conf")).expect("a link");
        let snapshot = take(&everything(&folder, "*.conf"), &Snapshot::default());
        let names: Vec<_> = snapshot
            .files
            .keys()
            .map(|path| path.strip_prefix(&folder).expect("below").to_owned())
            .collect();
        assert_eq!(names, [Path::new("d.conf"), Path::new("sub/deep/a.conf")]);
        assert_eq!(snapshot.directories.len(), 3);
        fs::remove_dir_all(&folder).expect("it is there");
        fs::remove_dir_all(&elsewhere).expect("it is there");
    }

    #[test]
    fn who_has_lost_interest_is_not_read_for() {
        let folder = folder("patience");
        write(&folder.join("a"), "one");
        let target = everything(&folder, "*");
        let alone = Patience::default();
        assert!(Snapshot::take(&target, &Snapshot::default(), &alone).is_err());
        fs::remove_dir_all(&folder).expect("it is there");
    }

    // GO-170
    #[test]
    fn a_program_is_there_once_it_can_be_executed() {
        let folder = folder("program");
        let file = folder.join("run");
        let target = Target::Program(file.clone());
        let nothing = Snapshot::default();
        assert!(take(&target, &nothing).is_empty());
        write(&file, "#!/bin/sh\n");
        assert!(take(&target, &nothing).is_empty());
        fs::set_permissions(&file, Permissions::from_mode(0o755)).expect("ours");
        assert!(!take(&target, &nothing).is_empty());
        write(&file, "");
        assert!(take(&target, &nothing).is_empty());
        fs::remove_dir_all(&folder).expect("it is there");
    }

    #[test]
    fn a_file_that_cannot_be_read_and_a_fifo_hold_nobody_up() {
        let folder = folder("odd");
        let fifo = folder.join("fifo");
        nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).expect("a fifo");
        let snapshot = take(&everything(&folder, "*"), &Snapshot::default());
        assert!(snapshot.is_empty());
        assert!(take(&everything(&folder.join("none"), "*"), &snapshot).is_empty());
        fs::remove_dir_all(&folder).expect("it is there");
    }
}
