//! inotify: tells those who watch that something has happened where they look.
//!
//! One descriptor for all. It only says "look again"; what a file contains is for `snapshot` to find out. Where the kernel
//! has no more room for watches, [`Coverage`] says so and whoever watches has to look by the clock.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use nix::errno::Errno;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, InotifyEvent, WatchDescriptor};
use tokio::sync::Notify;

use super::pattern;
use super::places::Place;
use super::snapshot::Target;
use crate::daemon::readiness::Readiness;

/// What happens to the entries of a directory.
const ENTRIES: AddWatchFlags = AddWatchFlags::IN_CREATE
    .union(AddWatchFlags::IN_DELETE)
    .union(AddWatchFlags::IN_MOVED_FROM)
    .union(AddWatchFlags::IN_MOVED_TO);

/// What happens to a directory that is watched.
const ITSELF: AddWatchFlags = AddWatchFlags::IN_DELETE_SELF.union(AddWatchFlags::IN_MOVE_SELF);

/// What happens inside its files.
const CONTENT: AddWatchFlags = AddWatchFlags::IN_MODIFY
    .union(AddWatchFlags::IN_CLOSE_WRITE)
    .union(AddWatchFlags::IN_ATTRIB);

/// The watch is gone, or leads elsewhere than it did.
const LOST: AddWatchFlags = ITSELF
    .union(AddWatchFlags::IN_IGNORED)
    .union(AddWatchFlags::IN_UNMOUNT);

/// What one who watches is told by.
#[derive(Debug)]
pub struct Trigger {
    target: Target,
    /// Something has happened.
    pub happened: Notify,
    /// The last that was heard of is a file being written, and not yet closed.
    writing: Cell<bool>,
}

impl Trigger {
    pub fn new(target: Target) -> Self {
        Self {
            target,
            happened: Notify::new(),
            writing: Cell::new(false),
        }
    }

    /// Whether somebody seems to be in the middle of writing.
    pub fn is_being_written(&self) -> bool {
        self.writing.get()
    }

    fn pull(&self, mask: AddWatchFlags) {
        let still_open = mask.contains(AddWatchFlags::IN_MODIFY);
        // A change of times or rights says nothing about that.
        if mask.intersects(ENTRIES | CONTENT) && mask != AddWatchFlags::IN_ATTRIB {
            self.writing.set(still_open);
        }
        self.happened.notify_one();
    }
}

/// What of a directory matters to one who watches.
#[derive(Debug)]
enum Interest {
    Name(OsString),
    /// All directories in it, and the files that match.
    Content,
}

/// How well one who watches is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coverage {
    /// There are places that were not looked out at before: something may have happened there meanwhile.
    pub new: bool,
    /// The kernel has no room for some of them.
    pub incomplete: bool,
}

type Interests = HashMap<WatchDescriptor, Vec<(Rc<Trigger>, Interest)>>;

/// Everybody who watches, and where.
pub struct Notifier {
    inotify: Inotify,
    readiness: Readiness,
    interests: RefCell<Interests>,
}

impl Notifier {
    /// Needs the runtime's context.
    pub fn new() -> io::Result<Self> {
        let inotify = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK)?;
        Ok(Self {
            readiness: Readiness::of(&inotify)?,
            inotify,
            interests: RefCell::default(),
        })
    }

    /// Passes on what happens, for as long as it is let.
    pub async fn listen(&self) {
        loop {
            let Ok(mut ready) = self.readiness.readable().await else {
                return;
            };
            match self.inotify.read_events() {
                Ok(events) => events.iter().for_each(|event| self.tell(event)),
                Err(Errno::EINTR) => {}
                // EAGAIN; anything else would come again at once.
                Err(_) => ready.clear_ready(),
            }
        }
    }

    /// Looks out at these places for `trigger`, and nowhere else for it.
    pub fn cover(
        &self,
        trigger: &Rc<Trigger>,
        places: &BTreeSet<Place>,
        directories: &[PathBuf],
    ) -> Coverage {
        let before = self.take_interests(trigger);
        let mut coverage = Coverage {
            new: false,
            incomplete: false,
        };
        let of_places = places.iter().map(|(directory, name)| {
            let content = if directory.join(name).is_dir() {
                AddWatchFlags::empty()
            } else {
                CONTENT
            };
            (directory, content, Interest::Name(name.clone()))
        });
        let of_directories = directories
            .iter()
            .map(|directory| (directory, CONTENT, Interest::Content));
        for (directory, content, interest) in of_places.chain(of_directories) {
            match self.watch(directory, ENTRIES | ITSELF | content) {
                Ok(descriptor) => {
                    coverage.new |= !before.contains(&descriptor);
                    let mut interests = self.interests.borrow_mut();
                    let at = interests.entry(descriptor).or_default();
                    at.push((Rc::clone(trigger), interest));
                }
                // It has gone again, which the watch above it tells, or is not for us to read.
                Err(Errno::ENOENT | Errno::ENOTDIR | Errno::EACCES | Errno::ELOOP) => {}
                Err(_) => coverage.incomplete = true,
            }
        }
        self.remove_idle();
        coverage
    }

    /// Looks out nowhere for it any more.
    pub fn forget(&self, trigger: &Rc<Trigger>) {
        self.take_interests(trigger);
        self.remove_idle();
    }

    fn watch(&self, directory: &Path, mask: AddWatchFlags) -> Result<WatchDescriptor, Errno> {
        // One directory may be watched for more than one reason.
        let add = AddWatchFlags::from_bits_retain(nix::libc::IN_MASK_ADD);
        let mask = mask | add | AddWatchFlags::IN_ONLYDIR;
        self.inotify.add_watch(directory, mask)
    }

    /// Takes away all interests of one, and says where they were. The watches stay for now.
    fn take_interests(&self, trigger: &Rc<Trigger>) -> HashSet<WatchDescriptor> {
        let mut before = HashSet::new();
        for (descriptor, at) in self.interests.borrow_mut().iter_mut() {
            let count = at.len();
            at.retain(|(other, _)| !Rc::ptr_eq(other, trigger));
            if at.len() < count {
                before.insert(*descriptor);
            }
        }
        before
    }

    fn remove_idle(&self) {
        self.interests.borrow_mut().retain(|descriptor, at| {
            if at.is_empty() {
                // The kernel may have removed it already.
                let _ = self.inotify.rm_watch(*descriptor);
            }
            !at.is_empty()
        });
    }

    fn tell(&self, event: &InotifyEvent) {
        let mut interests = self.interests.borrow_mut();
        if event.mask.contains(AddWatchFlags::IN_Q_OVERFLOW) {
            let everybody = interests.values().flatten();
            everybody.for_each(|(trigger, _)| trigger.pull(event.mask));
            return;
        }
        for (trigger, interest) in interests.get(&event.wd).into_iter().flatten() {
            let about = event.name.as_deref();
            if event.mask.intersects(LOST)
                || about.is_some_and(|name| interest.is_in(name, event.mask, &trigger.target))
            {
                trigger.pull(event.mask);
            }
        }
        if event.mask.contains(AddWatchFlags::IN_IGNORED) {
            interests.remove(&event.wd);
        }
    }
}

impl Interest {
    fn is_in(&self, name: &OsStr, mask: AddWatchFlags, target: &Target) -> bool {
        match (self, target) {
            (Self::Name(wanted), _) => wanted == name,
            (Self::Content, Target::Directory { pattern, .. }) => {
                mask.contains(AddWatchFlags::IN_ISDIR)
                    || pattern::matches(pattern.as_bytes(), name.as_bytes())
            }
            // Nobody looks into a program.
            (Self::Content, Target::Program(_)) => false,
        }
    }
}
