//! PATH: which file a bare word means.
//!
//! A script's first argument is always a path, since the system looks it up before Python runs it. Ours is what was
//! typed, and help texts and the search for a configuration start from it (CFL-002, CTL-008), so the look-up is done
//! again.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use bstr::BString;

/// The first executable file of that name in the folders of `path_variable`.
pub fn find_program(name: &OsStr, path_variable: Option<&OsStr>) -> Option<PathBuf> {
    std::env::split_paths(path_variable?)
        .map(|folder| folder.join(name))
        .find(|candidate| is_executable(candidate))
}

/// The path under which a program was started: as typed, or as found along PATH when only a word was typed.
pub fn started_as(argv0: &OsStr, path_variable: Option<&OsStr>) -> BString {
    let bytes = argv0.as_bytes();
    let found = match bytes.contains(&b'/') {
        true => None,
        false => find_program(argv0, path_variable),
    };
    found.map_or_else(|| bytes.into(), |path| path.as_os_str().as_bytes().into())
}

fn is_executable(path: &Path) -> bool {
    path.is_file() && nix::unistd::access(path, nix::unistd::AccessFlags::X_OK).is_ok()
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::started_as;

    // CFL-002, CTL-008
    #[test]
    fn only_a_bare_word_is_looked_up() {
        let path = Some(OsStr::new("/nonexistent:/etc:/bin:/usr/bin"));
        let started = |argv0: &str| started_as(OsStr::new(argv0), path);
        assert_eq!(started("sh"), "/bin/sh");
        assert_eq!(started("./sh"), "./sh");
        assert_eq!(started("passwd.no-program"), "passwd.no-program");
        assert_eq!(started_as(OsStr::new("sh"), None), "sh");
    }

    #[test]
    fn a_file_that_cannot_be_run_is_passed_over() {
        assert_eq!(
            started_as(OsStr::new("passwd"), Some(OsStr::new("/etc"))),
            "passwd"
        );
    }
}
