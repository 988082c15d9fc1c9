//! Files under watch: a program is restarted, signalled, or a command run when its file or its directory changes
//! (GO-166 to GO-183).
//!
//! The kernel tells where something happens (`notifier`), whoever watches waits until it is over (`subject`), content
//! decides whether anything has changed (`snapshot`), and the program gets what it asked for (`react`). Programs that
//! watch the same share one subject and are all told. Reading files is left to a thread, one look at a time.
//!
//! | file | subject |
//! |---|---|
//! | `snapshot` | what files contain |
//! | `pattern` | which files |
//! | `places` | where to look out for changes of a path |
//! | `notifier` | inotify |
//! | `subject` | one thing under watch, from the first news to the change |
//! | `react` | what a change is to a program |

mod notifier;
mod pattern;
mod places;
mod react;
mod snapshot;
mod subject;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::rc::Rc;

use tokio::sync::Semaphore;
use tokio::task::{AbortHandle, spawn_local};

use self::notifier::{Notifier, Trigger};
use self::react::react;
use self::snapshot::Target;
use self::subject::{Change, Members, Subject};
use crate::config::extensions::Reaction;
use crate::config::types::ProcessConfig;
use crate::daemon::handle::Handle;
use crate::model::log;
use crate::supervisor::turn::ProcessId;

/// All that is watched. [`follow`](Self::follow) keeps it in step with the machine.
pub struct Watches {
    handle: Handle,
    /// Those who watch, and what. A process never changes its configuration.
    known: BTreeMap<ProcessId, Vec<(Target, Reaction)>>,
    subjects: BTreeMap<Target, Watched>,
    /// While there is something to watch.
    notifier: Option<Listening>,
    turns: Rc<Semaphore>,
}

/// A subject's task, and those who are told.
struct Watched {
    members: Members,
    trigger: Rc<Trigger>,
    notifier: Option<Rc<Notifier>>,
    task: AbortHandle,
}

/// The notifier with the task that listens. The kernel may have none for us.
struct Listening(Option<(Rc<Notifier>, AbortHandle)>);

impl Watches {
    pub fn new(handle: Handle) -> Self {
        Self {
            handle,
            known: BTreeMap::new(),
            subjects: BTreeMap::new(),
            notifier: None,
            turns: Rc::new(Semaphore::new(1)),
        }
    }

    /// Begins and ends watches as programs come and go (GO-182). False when there is nothing to watch.
    pub fn follow(&mut self) -> bool {
        let watching = self.who_watches();
        if watching.is_empty() && self.known.is_empty() {
            return false;
        }
        let before = self.known.len();
        // By their ids, as the machine lists them.
        let watches = |id| watching.binary_search_by_key(&id, |(id, _)| *id).is_ok();
        self.known.retain(|id, _| watches(*id));
        let mut changed = self.known.len() < before;
        for (id, config) in watching {
            let found = self.known.get(&id).map(Vec::len);
            // A program that was nowhere to be found may be there by now.
            if found.is_none_or(|targets| targets < watch_count(&config)) {
                let targets = self.targets(&config);
                changed |= found != Some(targets.len());
                self.known.insert(id, targets);
            }
        }
        if changed {
            self.bring_up_to_date();
        }
        if self.known.is_empty() {
            self.notifier = None;
        }
        !self.known.is_empty()
    }

    fn who_watches(&self) -> Vec<(ProcessId, Rc<ProcessConfig>)> {
        self.handle.read(|supervisor, _| {
            let with_config = |id| Some((id, Rc::clone(supervisor.config(id)?)));
            let everybody = supervisor.extended().filter_map(with_config);
            everybody
                .filter(|(_, config)| watch_count(config) > 0)
                .collect()
        })
    }

    fn targets(&self, config: &ProcessConfig) -> Vec<(Target, Reaction)> {
        let mut targets = Vec::new();
        let Some(extensions) = &config.extensions else {
            return targets;
        };
        if let Some(reaction) = &extensions.binary_watch
            && let Ok(path) = self.handle.program_file(config)
        {
            targets.push((Target::Program(path), reaction.clone()));
        }
        if let Some(watch) = &extensions.directory_watch {
            let path = watched_directory(config, &watch.path);
            let pattern = watch.pattern.clone();
            targets.push((Target::Directory { path, pattern }, watch.reaction.clone()));
        }
        targets
    }

    /// Makes subjects of what is wanted now, and drops those that nobody wants.
    fn bring_up_to_date(&mut self) {
        let mut wanted: BTreeMap<&Target, BTreeMap<ProcessId, Reaction>> = BTreeMap::new();
        for (id, targets) in &self.known {
            for (target, reaction) in targets {
                let members = wanted.entry(target).or_default();
                members.insert(*id, reaction.clone());
            }
        }
        self.subjects
            .retain(|target, _| wanted.contains_key(target));
        for (target, members) in wanted {
            if let Some(watched) = self.subjects.get(target) {
                watched.members.replace(members);
                continue;
            }
            let notifier = self
                .notifier
                .get_or_insert_with(Listening::begin)
                .notifier();
            let watched = begin(&self.handle, target, members, notifier, &self.turns);
            self.subjects.insert(target.clone(), watched);
        }
    }
}

fn begin(
    handle: &Handle,
    target: &Target,
    members: BTreeMap<ProcessId, Reaction>,
    notifier: Option<Rc<Notifier>>,
    turns: &Rc<Semaphore>,
) -> Watched {
    let members = Members::new(members.into());
    let trigger = Rc::new(Trigger::new(target.clone()));
    let subject = Subject {
        target: target.clone(),
        trigger: Rc::clone(&trigger),
        notifier: notifier.clone(),
        turns: Rc::clone(turns),
    };
    let (handle, told) = (handle.clone(), Rc::clone(&members));
    let task = spawn_local(subject.watch(async move |change| {
        tell_all(&handle, &told, &change).await;
    }));
    Watched {
        members,
        trigger,
        notifier,
        task: task.abort_handle(),
    }
}

/// All members at once (GO-180); returns when what they run has ended, so that no command runs twice at a time.
async fn tell_all(handle: &Handle, members: &Members, change: &Change) {
    let members = members.borrow().clone();
    let tasks: Vec<_> = members
        .iter()
        .filter_map(|(id, reaction)| react(handle, *id, reaction, change))
        .collect();
    for task in tasks {
        // Nobody can cancel it but supervisord's end.
        let _ = task.await;
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.task.abort();
        if let Some(notifier) = &self.notifier {
            notifier.forget(&self.trigger);
        }
    }
}

impl Listening {
    fn begin() -> Self {
        match Notifier::new() {
            Ok(notifier) => {
                let notifier = Rc::new(notifier);
                let listener = Rc::clone(&notifier);
                let task = spawn_local(async move { listener.listen().await });
                Self(Some((notifier, task.abort_handle())))
            }
            Err(error) => {
                log::warn!(
                    "the kernel does not tell of changed files, looking by the clock: {error}"
                );
                Self(None)
            }
        }
    }

    fn notifier(&self) -> Option<Rc<Notifier>> {
        self.0.as_ref().map(|(notifier, _)| Rc::clone(notifier))
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        if let Some((_, task)) = &self.0 {
            task.abort();
        }
    }
}

/// How many things a program watches.
fn watch_count(config: &ProcessConfig) -> usize {
    config.extensions.as_ref().map_or(0, |extensions| {
        usize::from(extensions.binary_watch.is_some())
            + usize::from(extensions.directory_watch.is_some())
    })
}

/// A relative path is one in the program's directory, and without one in supervisord's (GO-175).
fn watched_directory(config: &ProcessConfig, path: &std::path::Path) -> PathBuf {
    let directory = config.directory.as_ref();
    let place = directory.map_or_else(PathBuf::new, |directory| {
        OsStr::from_bytes(directory).into()
    });
    let path = place.join(path);
    std::path::absolute(&path).unwrap_or(path)
}
