//! AUTO log files: named and created when a group is activated, and swept away at the next start (LOG-002, LOG-006).

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::model::log;
use crate::model::py_repr::repr_str;
use crate::supervisor::event::Channel;

const ALPHABET: &[u8; 37] = b"abcdefghijklmnopqrstuvwxyz0123456789_";

/// As many names as are tried before giving up; a second one is needed once in a million years.
const ATTEMPTS: usize = 100;

/// Creates an empty log file of a new name, readable by its owner only.
pub fn create(
    directory: &Path,
    identifier: &str,
    process: &str,
    channel: Channel,
) -> Result<PathBuf, (PathBuf, io::Error)> {
    let directory =
        std::path::absolute(directory).map_err(|error| (directory.to_owned(), error))?;
    let mut last = (
        directory.clone(),
        io::Error::from(io::ErrorKind::AlreadyExists),
    );
    for _ in 0..ATTEMPTS {
        let random = random_word().map_err(|error| (directory.clone(), error))?;
        let path = directory.join(format!(
            "{process}-{}---{identifier}-{random}.log",
            channel.name()
        ));
        match OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
        {
            Ok(_) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => last = (path, error),
            Err(error) => return Err((path, error)),
        }
    }
    Err(last)
}

fn random_word() -> io::Result<String> {
    let mut bytes = [0_u8; 8];
    // SAFETY: the kernel fills at most the buffer's length.
    let got = unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), bytes.len(), 0) };
    if got < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(bytes
        .iter()
        .map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]))
        .collect())
}

/// Deletes the AUTO logs (and their backups) that earlier runs with this identifier left behind.
pub fn sweep(directory: &Path, identifier: &str) {
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(_) => {
            log::warn!("Could not clear childlog dir");
            return;
        }
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        if !is_auto_log(&name.to_string_lossy(), identifier) {
            continue;
        }
        let path = entry.path();
        if std::fs::remove_file(&path).is_err() {
            log::warn!("Failed to clean up {}", repr_str(&path.to_string_lossy()));
        }
    }
}

/// Whether a name begins like an AUTO log of this identifier: something, `---identifier-`, a word, `.log`. The
/// reference reads the identifier as a regular expression; here it means itself.
fn is_auto_log(name: &str, identifier: &str) -> bool {
    let mark = format!("---{identifier}-");
    name.match_indices(&mark)
        .filter(|(at, _)| *at > 0)
        .any(|(at, _)| {
            let rest = &name[at + mark.len()..];
            let word = rest.split(char::is_whitespace).next().unwrap_or_default();
            word.find(".log").is_some_and(|end| end > 0)
                || word.get(1..).is_some_and(|later| later.contains(".log"))
        })
}

#[cfg(test)]
mod tests {
    use super::{create, is_auto_log, sweep};
    use crate::supervisor::event::Channel;

    // LOG-006
    #[test]
    fn only_logs_of_this_identifier_are_swept() {
        for name in [
            "cat-stdout---supervisor-ab12_xyz.log",
            "cat-stdout---supervisor-ab12_xyz.log.3",
            "cat-stdout---supervisor-ab12_xyz.logfoo",
        ] {
            assert!(is_auto_log(name, "supervisor"), "{name}");
        }
        for name in [
            "---supervisor-x.log",
            "cat-stdout---other-x.log",
            "cat---supervisor-.log",
            "cat---supervisor-a b.log",
        ] {
            assert!(!is_auto_log(name, "supervisor"), "{name}");
        }
    }

    // LOG-002
    #[test]
    fn a_created_log_has_the_documented_name_and_is_swept_later() {
        let folder = std::env::temp_dir().join(format!("auto-logs-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a temporary folder");
        let path = create(&folder, "ident", "cat", Channel::Stderr).expect("a log file");
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .expect("a readable name")
            .to_owned();
        assert!(
            name.starts_with("cat-stderr---ident-") && name.ends_with(".log"),
            "{name}"
        );
        assert_eq!(name.len(), "cat-stderr---ident-".len() + 8 + ".log".len());
        sweep(&folder, "ident");
        assert!(!path.exists());
        std::fs::remove_dir(&folder).expect("the folder is empty again");
    }
}
