//! Being told when a file changes, so that a log tail can sleep until there is something to read.
//!
//! One inotify instance serves all tails. It is made for the first [`Watch`] and closed with the last, so a daemon
//! without tails has none. A watch looks at the file (writes, truncation, removal) and at its directory (another file
//! takes the name). After news, the instance rests for a moment before it listens again: a log that is written a
//! hundred thousand times a second wakes its readers a few hundred times.
//!
//! News are hints. When inotify cannot be had (the machine limits instances and watches), a watch never tells anything,
//! and its owner must look by itself now and then.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::rc::{Rc, Weak};
use std::time::Duration;

use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, WatchDescriptor};
use tokio::net::unix::pipe::Receiver;
use tokio::sync::Notify;
use tokio::task::{JoinHandle, spawn_local};

/// How long the instance rests after news.
const REST: Duration = Duration::from_millis(3);

/// Makes watches that share one inotify instance.
#[derive(Default)]
pub struct Watcher {
    hub: RefCell<Weak<Hub>>,
}

impl Watcher {
    /// Starts to watch; call [`Watch::renew`] before the first look at the file. Needs a runtime for local tasks.
    pub fn watch(&self, path: &Path) -> Watch {
        Watch {
            hub: self.hub(),
            path: path.to_owned(),
            news: Rc::default(),
            file: None,
            directory: None,
        }
    }

    fn hub(&self) -> Option<Rc<Hub>> {
        let mut shared = self.hub.borrow_mut();
        if let Some(hub) = shared.upgrade() {
            return Some(hub);
        }
        let hub = Rc::new(Hub::open()?);
        *shared = Rc::downgrade(&hub);
        Some(hub)
    }
}

/// Tells when one path may have changed.
pub struct Watch {
    /// `None` when inotify cannot be had.
    hub: Option<Rc<Hub>>,
    path: PathBuf,
    news: Rc<Notify>,
    file: Option<WatchDescriptor>,
    directory: Option<WatchDescriptor>,
}

impl Watch {
    /// Makes sure that it is the file of that name *now* which is watched. Call this before each look at the file:
    /// what changes afterwards is told by [`Watch::changed`].
    pub fn renew(&mut self) {
        let Some(hub) = &self.hub else {
            return;
        };
        let file = hub.add(&self.path, on_file());
        if file != self.file {
            if let Some(old) = self.file {
                hub.forget(old, &self.news);
            }
            if let Some(new) = file {
                hub.listen(new, None, &self.news);
            }
            self.file = file;
        }
        if self.directory.is_none()
            && let (Some(parent), Some(name)) = (self.path.parent(), self.path.file_name())
            && let Some(directory) = hub.add(parent, on_directory())
        {
            hub.listen(directory, Some(name), &self.news);
            self.directory = Some(directory);
        }
    }

    /// Resolves when something has happened since the last time it resolved.
    pub async fn changed(&self) {
        self.news.notified().await;
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(hub) = &self.hub {
            for descriptor in [self.file, self.directory].into_iter().flatten() {
                hub.forget(descriptor, &self.news);
            }
        }
    }
}

fn on_file() -> AddWatchFlags {
    AddWatchFlags::IN_MODIFY
        | AddWatchFlags::IN_ATTRIB
        | AddWatchFlags::IN_MOVE_SELF
        | AddWatchFlags::IN_DELETE_SELF
}

fn on_directory() -> AddWatchFlags {
    AddWatchFlags::IN_CREATE | AddWatchFlags::IN_MOVED_TO | AddWatchFlags::IN_ONLYDIR
}

/// Who wants to hear of a descriptor.
struct Listener {
    /// In a directory: of this name only.
    name: Option<OsString>,
    news: Rc<Notify>,
}

/// By the number of the watch.
type Listeners = RefCell<BTreeMap<i32, Vec<Listener>>>;

/// The inotify instance and everybody who listens to it.
struct Hub {
    inotify: Inotify,
    listeners: Rc<Listeners>,
    reader: JoinHandle<()>,
}

impl Hub {
    fn open() -> Option<Self> {
        let flags = InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK;
        let inotify = Inotify::init(flags).ok()?;
        // tokio's receiver of a pipe reads from any descriptor that can be waited for.
        let events = inotify.as_fd().try_clone_to_owned().ok()?;
        let events = Receiver::from_owned_fd_unchecked(events).ok()?;
        let listeners = Rc::new(Listeners::default());
        let reader = spawn_local(read(events, Rc::clone(&listeners)));
        Some(Self {
            inotify,
            listeners,
            reader,
        })
    }

    fn add(&self, path: &Path, what: AddWatchFlags) -> Option<WatchDescriptor> {
        self.inotify.add_watch(path, what).ok()
    }

    fn listen(&self, to: WatchDescriptor, name: Option<&OsStr>, news: &Rc<Notify>) {
        let listener = Listener {
            name: name.map(OsStr::to_owned),
            news: Rc::clone(news),
        };
        let mut listeners = self.listeners.borrow_mut();
        listeners.entry(to.as_raw()).or_default().push(listener);
    }

    fn forget(&self, descriptor: WatchDescriptor, news: &Rc<Notify>) {
        let mut listeners = self.listeners.borrow_mut();
        let Some(of_descriptor) = listeners.get_mut(&descriptor.as_raw()) else {
            return;
        };
        of_descriptor.retain(|listener| !Rc::ptr_eq(&listener.news, news));
        if of_descriptor.is_empty() {
            listeners.remove(&descriptor.as_raw());
            // Fails when the file is gone and the watch with it.
            let _ = self.inotify.rm_watch(descriptor);
        }
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

/// Reads events for as long as the hub lives.
async fn read(events: Receiver, listeners: Rc<Listeners>) {
    // Room for the longest name, and for many short ones.
    let mut block = [0; 4096];
    while events.readable().await.is_ok() {
        match events.try_read(&mut block) {
            Ok(length) => {
                tell_all(&listeners, &block[..length]);
                tokio::time::sleep(REST).await;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
    }
}

/// One thing that has happened (inotify(7)).
struct Event<'a> {
    watch: i32,
    what: AddWatchFlags,
    /// In a directory: which name; empty otherwise.
    name: &'a [u8],
}

impl<'a> Event<'a> {
    /// The first event of a block as the kernel writes it: four words, then a name padded with zeros.
    fn split_first(block: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (watch, rest) = block.split_first_chunk()?;
        let (what, rest) = rest.split_first_chunk()?;
        let (_cookie, rest) = rest.split_first_chunk::<4>()?;
        let (length, rest) = rest.split_first_chunk()?;
        let length = usize::try_from(u32::from_ne_bytes(*length)).ok()?;
        let (padded, rest) = rest.split_at_checked(length)?;
        let event = Self {
            watch: i32::from_ne_bytes(*watch),
            what: AddWatchFlags::from_bits_truncate(u32::from_ne_bytes(*what)),
            name: padded.split(|&byte| byte == 0).next().unwrap_or_default(),
        };
        Some((event, rest))
    }
}

fn tell_all(listeners: &Listeners, mut block: &[u8]) {
    while let Some((event, rest)) = Event::split_first(block) {
        tell(&mut listeners.borrow_mut(), &event);
        block = rest;
    }
}

fn tell(listeners: &mut BTreeMap<i32, Vec<Listener>>, event: &Event<'_>) {
    if event.what.contains(AddWatchFlags::IN_Q_OVERFLOW) {
        for listener in listeners.values().flatten() {
            listener.news.notify_one();
        }
        return;
    }
    for listener in listeners.get(&event.watch).into_iter().flatten() {
        let concerned = listener
            .name
            .as_ref()
            .is_none_or(|name| name.as_bytes() == event.name);
        if concerned {
            listener.news.notify_one();
        }
    }
    if event.what.contains(AddWatchFlags::IN_IGNORED) {
        listeners.remove(&event.watch);
    }
}

#[cfg(test)]
mod tests {
    use super::{Watch, Watcher};
    use crate::http::testing::{Folder, within};
    use std::fs;
    use std::io::Write;
    use tokio::task::LocalSet;

    async fn hears(watch: &mut Watch) {
        within("news of the file", watch.changed()).await;
        watch.renew();
    }

    #[tokio::test]
    async fn writes_rotation_and_rebirth_are_told() {
        LocalSet::new()
            .run_until(async {
                let folder = Folder::new();
                let (log, old) = (folder.join("log"), folder.join("log.1"));
                fs::write(&log, "a").expect("a file");
                let watcher = Watcher::default();
                let mut watch = watcher.watch(&log);
                watch.renew();

                let mut file = fs::File::options().append(true).open(&log).expect("open");
                file.write_all(b"b").expect("append");
                hears(&mut watch).await;

                fs::rename(&log, &old).expect("rename");
                hears(&mut watch).await;
                fs::write(&log, "c").expect("another file");
                hears(&mut watch).await;
                fs::write(&log, "cd").expect("more");
                hears(&mut watch).await;

                fs::remove_file(&log).expect("remove");
                hears(&mut watch).await;
                fs::write(&log, "e").expect("born again");
                hears(&mut watch).await;
            })
            .await;
    }

    #[tokio::test]
    async fn the_instance_is_closed_with_the_last_watch() {
        LocalSet::new()
            .run_until(async {
                let folder = Folder::new();
                let watcher = Watcher::default();
                let first = watcher.watch(&folder.join("a"));
                let second = watcher.watch(&folder.join("b"));
                drop(first);
                assert!(watcher.hub.borrow().upgrade().is_some());
                drop(second);
                assert!(watcher.hub.borrow().upgrade().is_none());
            })
            .await;
    }
}
