//! Logs and configuration files over REST (GO-305, GO-320 to GO-322).
//!
//! A file is only given when it is a log of the program that is asked for, the current one or a rotated one, or its
//! `conf_file`. Nothing is ever listed.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::names::find_one;
use super::resource::{Channel as Asked, decoded};
use super::{Answer, programs};
use crate::daemon::handle::Handle;
use crate::logs::memory::MemoryLog;
use crate::logs::slice::{ReadError, read_file};
use crate::supervisor::event::Channel;

/// The most of a log, or of a configuration file, that one answer holds.
const MOST: i64 = 8 << 20;

/// A log: its end, or with `offset` and `length` any part of it (GO-305). A negative offset counts from the end.
pub fn window(handle: &Handle, name: &str, channel: Asked, query: &str) -> Answer {
    let [offset, length] = ["offset", "length"].map(|name| parameter(query, name));
    let (offset, length) = match (number(offset), number(length)) {
        (Ok(offset), Ok(length)) => (offset, length),
        _ => return Answer::error(400, "offset and length are numbers"),
    };
    let length = length.unwrap_or(MOST).clamp(0, MOST);
    let read = match log_of(handle, name, channel).filter(|path| path.is_file()) {
        Some(path) => cut(offset, length, |offset, length| {
            read_file(&path, offset, length)
        }),
        // One that is kept in memory has no file (GO-241).
        None => {
            let id = handle.read(|supervisor, _| find_one(supervisor, name));
            let log = id.and_then(|id| {
                let read = |log: &MemoryLog| cut(offset, length, |from, most| log.read(from, most));
                handle.memory_log(id, of_log(channel), read)
            });
            match log {
                Some(read) => read,
                None => return Answer::nothing(),
            }
        }
    };
    match read {
        Ok(text) => Answer::Text { status: 200, text },
        Err(_) => Answer::nothing(),
    }
}

/// Reads the part that is wanted by the rules of [`read_file`], which knows no length for the end of a log.
fn cut(
    offset: Option<i64>,
    length: i64,
    read: impl FnOnce(i64, i64) -> Result<Vec<u8>, ReadError>,
) -> Result<Vec<u8>, ReadError> {
    match offset {
        // There a length of 0 would mean all of it.
        _ if length == 0 => Ok(Vec::new()),
        None => read(-length, 0),
        Some(offset) if offset < 0 => {
            let mut end = read(offset.max(-MOST), 0)?;
            end.truncate(usize::try_from(length).unwrap_or(usize::MAX));
            Ok(end)
        }
        Some(offset) => read(offset, length),
    }
}

/// A log by the name of its file, as a link of the Go rewrite's page has it (GO-321).
pub fn file(handle: &Handle, program: &str, file: &str) -> Answer {
    let logs = [Asked::Stdout, Asked::Stderr].map(|channel| log_of(handle, program, channel));
    let mut logs = logs.into_iter().flatten();
    let found = logs.find_map(|log| its_file(&log, file));
    match found.filter(|path| path.is_file()) {
        Some(path) => Answer::File(path),
        None => Answer::nothing(),
    }
}

/// The log itself or one that was rotated away, if the name is theirs.
fn its_file(log: &Path, name: &str) -> Option<PathBuf> {
    let rest = name.strip_prefix(log.file_name()?.to_str()?)?;
    let is_number = |digits: &str| {
        let plain = !digits.starts_with('0') && digits.len() <= 9;
        plain && !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit())
    };
    let is_its = rest.is_empty() || rest.strip_prefix('.').is_some_and(is_number);
    is_its.then(|| log.with_file_name(name))
}

/// The page of a log, which the Go rewrite had at another place (GO-320).
pub fn page(query: &str) -> Answer {
    match parameter(query, "name") {
        Some(name) => Answer::Moved(format!("/tail.html?processname={name}")),
        None => Answer::nothing(),
    }
}

/// The bytes of a program's `conf_file` (GO-322).
pub fn configuration(handle: &Handle, program: &str) -> Answer {
    let Some(path) = programs::conf_file(handle, program).filter(|path| path.is_file()) else {
        return Answer::nothing();
    };
    let mut text = Vec::new();
    let read = std::fs::File::open(path)
        .and_then(|file| file.take(MOST.unsigned_abs()).read_to_end(&mut text));
    match read {
        Ok(_) => Answer::Text { status: 200, text },
        Err(_) => Answer::nothing(),
    }
}

fn log_of(handle: &Handle, name: &str, channel: Asked) -> Option<PathBuf> {
    let channel = of_log(channel);
    let path = handle.read(|supervisor, _| {
        let id = find_one(supervisor, name)?;
        let path = supervisor.log_path(id, channel)?;
        Some(path.to_owned())
    });
    path.filter(|path| !path.as_os_str().is_empty())
}

fn of_log(channel: Asked) -> Channel {
    match channel {
        Asked::Stdout => Channel::Stdout,
        Asked::Stderr => Channel::Stderr,
    }
}

/// A parameter of a query, as it is written.
fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find_map(|(key, value)| (decoded(key) == name).then_some(value))
}

fn number(text: Option<&str>) -> Result<Option<i64>, std::num::ParseIntError> {
    text.map(str::parse).transpose()
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{Answer, its_file, page};

    // GO-321
    #[test]
    fn only_a_log_and_its_rotated_files_have_names_here() {
        let log = Path::new("/var/log/a.log");
        let found = |name| its_file(log, name);
        assert_eq!(found("a.log"), Some(PathBuf::from("/var/log/a.log")));
        assert_eq!(found("a.log.12"), Some(PathBuf::from("/var/log/a.log.12")));
        for other in [
            "b.log",
            "a.log.",
            "a.log.x",
            "a.log.1/../../x",
            "a.log.01",
            "a.log/..",
            "..",
            "",
            "a.log.1.gz",
        ] {
            assert_eq!(found(other), None, "{other}");
        }
        assert_eq!(its_file(Path::new("/"), ""), None);
    }

    // GO-320
    #[test]
    fn the_old_page_of_a_log_leads_to_the_new_one() {
        let moved = Answer::Moved("/tail.html?processname=g%3Aa".to_owned());
        assert_eq!(page("x=1&name=g%3Aa"), moved);
        assert_eq!(page(""), Answer::nothing());
    }
}
