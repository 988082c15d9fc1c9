//! Log files that are not ours to rename or delete.
//!
//! `stdout_logfile=/dev/stdout` is common, and so is a log that is a symbolic link to it. The reference renames and
//! deletes what it finds under the name, as root even `/dev/stdout` itself (LOG-026, QRK-025). Here a name that leads
//! through `/dev` or `/proc` is written to and nothing else, and only files and links to files are ever deleted.
//!
//! In a container `/dev/stdout` often cannot be opened: it is a socket, or a pipe of root's while we are somebody else, or
//! the root folder holds one executable and no `/dev` at all. What the name means is open all the same.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::console::Stream;

/// Longer chains of links are refused by the kernel anyway.
const MOST_LINKS: u32 = 40;

/// Does this name reach its file through a device or a process's descriptors?
pub fn is_device_path(path: &Path) -> bool {
    let mut at = path.to_path_buf();
    for _ in 0..MOST_LINKS {
        let Some(real) = with_real_folder(&at) else {
            return at.starts_with("/dev") && !Path::new("/dev").exists();
        };
        let in_devices = real.starts_with("/dev") && !real.starts_with("/dev/shm");
        if in_devices || real.starts_with("/proc") {
            return true;
        }
        let Ok(target) = fs::read_link(&real) else {
            return false;
        };
        at = match real.parent() {
            Some(folder) => folder.join(target),
            None => target,
        };
    }
    false
}

/// The stream of ours that this name means, for when it cannot be opened by its name.
pub fn own_stream(path: &Path) -> Option<File> {
    let stream = Stream::of_path(path)?;
    stream.duplicate().ok().map(File::from)
}

/// Whether this is the device that forgets everything, on a system that has none.
pub fn is_missing_null(path: &Path) -> bool {
    path == Path::new("/dev/null") && !path.exists()
}

/// The path with every link but the last one followed.
pub fn with_real_folder(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?;
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    Some(fs::canonicalize(folder).ok()?.join(name))
}

/// Deletes a log file so that it can be made anew. One that is gone is fine; one that is not ours to delete stays.
pub fn remove_log(path: &Path) -> io::Result<()> {
    let kind = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if !(kind.is_file() || kind.is_symlink()) || is_device_path(path) {
        return Ok(());
    }
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use nix::sys::stat::Mode;
    use nix::unistd::mkfifo;

    use super::{is_device_path, own_stream, remove_log};
    use crate::logs::scratch::Scratch;

    // LOG-026, QRK-025
    #[test]
    fn devices_and_links_to_them_are_told_from_files() {
        let scratch = Scratch::new();
        let file = scratch.file("real", "");
        symlink(&file, scratch.path("to-file")).expect("links work here");
        symlink("/dev/stdout", scratch.path("to-stdout")).expect("links work here");
        symlink("to-stdout", scratch.path("to-link")).expect("links work here");
        symlink("loop", scratch.path("loop")).expect("links work here");

        for device in [
            "/dev/stdout",
            "/dev/fd/1",
            "/dev/../dev/null",
            "/proc/self/fd/1",
        ] {
            assert!(is_device_path(Path::new(device)), "{device}");
        }
        assert!(is_device_path(&scratch.path("to-stdout")));
        assert!(is_device_path(&scratch.path("to-link")));
        for (name, known) in [
            ("/dev/stdout", true),
            ("/dev/stderr", true),
            ("/dev/null", false),
        ] {
            assert_eq!(own_stream(Path::new(name)).is_some(), known, "{name}");
        }
        for ordinary in ["real", "to-file", "missing", "loop"] {
            assert!(!is_device_path(&scratch.path(ordinary)), "{ordinary}");
        }
        assert!(!is_device_path(Path::new("/dev/shm/app.log")));
        assert!(!is_device_path(Path::new("")));
    }

    // LOG-037
    #[test]
    fn files_and_links_to_files_are_removed_and_a_missing_one_is_no_error() {
        let scratch = Scratch::new();
        let file = scratch.file("real", "kept");
        symlink(&file, scratch.path("link")).expect("links work here");
        remove_log(&scratch.path("link")).expect("ours to remove");
        assert_eq!(scratch.content("link"), None);
        assert_eq!(scratch.content("real").as_deref(), Some("kept"));
        remove_log(&file).expect("ours to remove");
        remove_log(&file).expect("gone is fine");
        assert_eq!(scratch.content("real"), None);
    }

    // LOG-026, QRK-025
    #[test]
    fn what_is_not_ours_to_remove_stays() {
        let scratch = Scratch::new();
        let fifo = scratch.path("fifo");
        mkfifo(&fifo, Mode::S_IRWXU).expect("the scratch folder takes FIFOs");
        remove_log(&fifo).expect("left alone");
        assert!(fifo.exists());

        let link = scratch.path("to-null");
        symlink("/dev/null", &link).expect("links work here");
        remove_log(&link).expect("left alone");
        assert!(link.is_symlink());

        remove_log(scratch.folder()).expect("left alone");
        assert!(scratch.folder().is_dir());
    }
}
