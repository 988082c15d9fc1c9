//! Logs for the page's script: which there are, one as it grows, one to keep.
//!
//! Files are named by process, channel and number of the rotation, never by path.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::form::Form;
use super::{Answer, actions};
use crate::daemon::handle::Handle;
use crate::model::json::{Object, array};
use crate::supervisor::event::Channel;

/// How much of a log a view begins with, unless it asks for more.
const HEAD: u64 = 64 << 10;

/// The most that a view begins with, or shows of a file.
const MOST: u64 = 8 << 20;

/// How many rotated files are looked for.
const MOST_ROTATED: u32 = 99;

/// The log files of a process, or of supervisord itself, with their sizes.
pub fn list(handle: &Handle, form: &Form) -> Answer {
    let mut files = Vec::new();
    for channel in ["stdout", "stderr", "main"] {
        let Some(path) = path_of(handle, form.get("name"), channel) else {
            continue;
        };
        for number in 0..=MOST_ROTATED {
            let Ok(metadata) = rotated(&path, number).metadata() else {
                break;
            };
            let file = Object::default()
                .text("channel", channel)
                .json("old", number)
                .json("size", metadata.len())
                .json("at", changed_at(&metadata));
            files.push(file.done());
        }
    }
    Answer::Json(array(files))
}

/// A log as it grows, from its last `head` bytes on.
pub fn follow(handle: &Handle, form: &Form) -> Answer {
    let head = form.get("head").and_then(|head| head.parse().ok());
    let head = head.unwrap_or(HEAD).min(MOST);
    match path_of(handle, form.get("name"), channel_of(form)) {
        Some(path) => Answer::Tail { path, head },
        None => Answer::NotFound,
    }
}

/// One file, rotated or not: to be kept, or with `last` no more than so many of its last bytes, to be shown.
pub fn file(handle: &Handle, form: &Form) -> Answer {
    let number = form.get("old").map_or(Some(0), |old| old.parse().ok());
    let number = number.filter(|number| *number <= MOST_ROTATED);
    let path = path_of(handle, form.get("name"), channel_of(form));
    match path.zip(number) {
        Some((path, number)) => Answer::File {
            path: rotated(&path, number),
            last: form
                .get("last")
                .map(|last| last.parse().unwrap_or(HEAD).min(MOST)),
        },
        None => Answer::NotFound,
    }
}

/// When it was last written to, in seconds since 1970.
fn changed_at(metadata: &Metadata) -> u64 {
    let changed = metadata.modified().ok();
    let since = changed.and_then(|changed| changed.duration_since(UNIX_EPOCH).ok());
    since.map_or(0, |since| since.as_secs())
}

fn channel_of(form: &Form) -> &str {
    form.get("channel").unwrap_or("stdout")
}

/// The log of a process, or with the channel `main` and no name that of supervisord.
fn path_of(handle: &Handle, name: Option<&str>, channel: &str) -> Option<PathBuf> {
    let channel = match (name, channel) {
        (None, "main") => return handle.main_log(),
        (Some(_), "stdout") => Channel::Stdout,
        (Some(_), "stderr") => Channel::Stderr,
        _ => return None,
    };
    let id = actions::find(handle, name?)?;
    let path = handle.read(|supervisor, _| {
        let path = supervisor.log_path(id, channel)?;
        Some(path.to_owned())
    });
    path.filter(|path| !path.as_os_str().is_empty())
}

fn rotated(path: &Path, number: u32) -> PathBuf {
    if number == 0 {
        return path.to_owned();
    }
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    name.into()
}

#[cfg(test)]
mod tests {
    use super::rotated;
    use std::path::Path;

    #[test]
    fn rotated_files_have_numbers_after_their_names() {
        assert_eq!(rotated(Path::new("/x/a.log"), 0), Path::new("/x/a.log"));
        assert_eq!(rotated(Path::new("/x/a.log"), 12), Path::new("/x/a.log.12"));
    }
}
