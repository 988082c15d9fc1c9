//! Logs for the page's script: which there are, one as it grows, one to keep.
//!
//! Files are named by process, channel and number of the rotation, never by path.

use std::path::{Path, PathBuf};

use super::form::Form;
use super::{Answer, actions};
use crate::daemon::handle::Handle;
use crate::model::json::{Object, array};
use crate::supervisor::event::Channel;

/// How much of a log a view begins with.
const HEAD: u64 = 64 << 10;

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
                .json("size", metadata.len());
            files.push(file.done());
        }
    }
    Answer::Json(array(files))
}

/// A log as it grows.
pub fn follow(handle: &Handle, form: &Form) -> Answer {
    match path_of(handle, form.get("name"), channel_of(form)) {
        Some(path) => Answer::Tail { path, head: HEAD },
        None => Answer::NotFound,
    }
}

/// One file, rotated or not.
pub fn file(handle: &Handle, form: &Form) -> Answer {
    let number = form.get("old").map_or(Some(0), |old| old.parse().ok());
    let number = number.filter(|number| *number <= MOST_ROTATED);
    let path = path_of(handle, form.get("name"), channel_of(form));
    match path.zip(number) {
        Some((path, number)) => Answer::File(rotated(&path, number)),
        None => Answer::NotFound,
    }
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
