//! One writer per file: streams that name the same file through extensions share it (GO-232, SEED-024).
//!
//! Two writers of one file, each with its own idea of when it is full, take it from each other: one renames what the
//! other is writing to, and with few backups lines are gone. Here the second to open a path gets the writer of the
//! first, with its rotation. A plain configuration does not come here: it gets what the reference does (LOG-013).

use std::cell::{RefCell, RefMut};
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::{Rc, Weak};

use super::rotating::{RotatingFile, Rotation};
use super::special::with_real_folder;

/// A log file that several streams may write to.
#[derive(Debug)]
pub struct SharedFile(Rc<RefCell<RotatingFile>>);

impl SharedFile {
    /// The file, for one write. Nobody else has it: there is one thread, and a write is one call.
    pub fn borrow(&self) -> RefMut<'_, RotatingFile> {
        self.0.borrow_mut()
    }

    /// Whether somebody else writes to it too.
    pub fn has_company(&self) -> bool {
        Rc::strong_count(&self.0) > 1
    }

    pub fn is(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

/// All shared files that are open.
#[derive(Debug, Default)]
pub struct SharedFiles {
    open: HashMap<PathBuf, Weak<RefCell<RotatingFile>>>,
}

impl SharedFiles {
    /// Opens a file, or joins those who have it open. It is found by its name anew either way, as a file is that is
    /// opened (LOG-008): somebody may have moved it away.
    pub fn open(&mut self, path: &Path, rotation: Rotation) -> io::Result<SharedFile> {
        self.open.retain(|_, file| file.strong_count() > 0);
        // However it is spelled, but not where a link leads: that is renamed as a link.
        let key = with_real_folder(path).unwrap_or_else(|| path.to_owned());
        if let Some(file) = self.open.get(&key).and_then(Weak::upgrade) {
            file.borrow_mut().reopen()?;
            return Ok(SharedFile(file));
        }
        let file = Rc::new(RefCell::new(RotatingFile::open(path, rotation)?));
        self.open.insert(key, Rc::downgrade(&file));
        Ok(SharedFile(file))
    }

    /// The file, if somebody has it open already.
    pub fn join(&mut self, path: &Path, rotation: Rotation) -> io::Result<Option<SharedFile>> {
        if self.open.is_empty() {
            return Ok(None);
        }
        let key = with_real_folder(path).unwrap_or_else(|| path.to_owned());
        match self.open.get(&key) {
            Some(file) if file.strong_count() > 0 => self.open(path, rotation).map(Some),
            _ => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::SharedFiles;
    use crate::logs::rotating::Rotation;
    use crate::logs::scratch::Scratch;

    // GO-232
    #[test]
    fn one_path_has_one_writer_however_it_is_spelled() {
        let scratch = Scratch::new();
        let mut files = SharedFiles::default();
        let rotation = Rotation {
            maxbytes: 0,
            backups: 0,
        };
        let one = files
            .open(&scratch.path("log"), rotation)
            .expect("writable");
        assert!(!one.has_company());
        let same = files
            .open(&scratch.path("./log"), rotation)
            .expect("writable");
        let other = files
            .open(&scratch.path("other"), rotation)
            .expect("writable");
        assert!(one.is(&same) && one.has_company() && !one.is(&other) && !other.has_company());
        drop(same);
        assert!(!one.has_company());
    }

    // GO-232
    #[test]
    fn a_plain_log_joins_only_who_is_there() {
        let scratch = Scratch::new();
        let mut files = SharedFiles::default();
        let rotation = Rotation {
            maxbytes: 0,
            backups: 0,
        };
        let path = scratch.path("log");
        assert!(
            files
                .join(&path, rotation)
                .expect("nothing to open")
                .is_none()
        );
        let one = files.open(&path, rotation).expect("writable");
        let joined = files.join(&path, rotation).expect("writable");
        assert!(joined.is_some_and(|joined| joined.is(&one)));
        drop(one);
        assert!(
            files
                .join(&path, rotation)
                .expect("nothing to open")
                .is_none()
        );
    }

    // LOG-008
    #[test]
    fn who_joins_finds_the_file_by_its_name() {
        let scratch = Scratch::new();
        let mut files = SharedFiles::default();
        let rotation = Rotation {
            maxbytes: 0,
            backups: 0,
        };
        let path = scratch.path("log");
        let one = files.open(&path, rotation).expect("writable");
        one.borrow().write(b"old\n").expect("writable");
        fs::rename(&path, scratch.path("moved")).expect("just made");
        let two = files.open(&path, rotation).expect("writable");
        two.borrow().write(b"two\n").expect("writable");
        one.borrow().write(b"one\n").expect("writable");
        assert_eq!(scratch.content("log").as_deref(), Some("two\none\n"));
        assert_eq!(scratch.content("moved").as_deref(), Some("old\n"));
    }
}
