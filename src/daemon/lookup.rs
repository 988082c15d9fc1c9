//! Finding the program that a command names, the reference's way (SPN-002 to SPN-008): the first directory of PATH
//! that has the name wins, whatever it is; the checks run as supervisord itself and in its own directory.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use bstr::{BStr, BString, ByteSlice};
use nix::unistd::{AccessFlags, access};

use crate::config::shlex;
use crate::supervisor::turn::CommandError;

/// What PATH is when it is unset or empty.
const DEFAULT_PATH: &[u8] = b"/bin:/usr/bin:/usr/local/bin";

/// A program found: the file to execute, and the arguments beginning with the name as written.
#[derive(Debug, PartialEq, Eq)]
pub struct Program {
    pub path: BString,
    pub argv: Vec<BString>,
}

/// `program_path` is PATH in the program's own environment; `own_path` is supervisord's. A place that is none in
/// supervisord's directory may be one in the program's, where it is executed: there the reference gives up, and the Go
/// version starts it (SPN-004, SEED-021).
pub fn find(
    command: &BStr,
    directory: Option<&BStr>,
    program_path: Option<&BStr>,
    own_path: Option<&BStr>,
) -> Result<Program, CommandError> {
    let words = words(command)?;
    let found = find_words(words.clone(), program_path, own_path);
    match (found, directory) {
        (Err(error), Some(directory)) => {
            find_in(directory, words, program_path, own_path).map_err(|_| error)
        }
        (found, _) => found,
    }
}

/// Where the program of a command is or, if its place is named, would be.
pub fn locate(
    command: &BStr,
    program_path: Option<&BStr>,
    own_path: Option<&BStr>,
) -> Result<BString, CommandError> {
    let words = words(command)?;
    let name = words.first().ok_or(CommandError::Empty)?;
    if name.contains(&b'/') {
        return Ok(name.clone());
    }
    search(name.as_bstr(), program_path, own_path).ok_or_else(|| CommandError::NotFound {
        command: name.to_string(),
    })
}

fn words(command: &BStr) -> Result<Vec<BString>, CommandError> {
    shlex::split(command).map_err(|error| CommandError::CantParse {
        command: command.to_string(),
        reason: error.to_string(),
    })
}

/// The same for a command that has been taken apart already and runs in this directory: a name with a slash in it is a
/// place there.
pub fn find_in(
    directory: &BStr,
    argv: Vec<BString>,
    program_path: Option<&BStr>,
    own_path: Option<&BStr>,
) -> Result<Program, CommandError> {
    match argv.first() {
        Some(name) if name.contains(&b'/') && !name.starts_with(b"/") => {
            check(join(directory, name).as_bstr())?;
            let path = name.clone();
            Ok(Program { path, argv })
        }
        _ => find_words(argv, program_path, own_path),
    }
}

/// The same for a command that runs where supervisord does.
pub fn find_words(
    argv: Vec<BString>,
    program_path: Option<&BStr>,
    own_path: Option<&BStr>,
) -> Result<Program, CommandError> {
    let Some(name) = argv.first() else {
        return Err(CommandError::Empty);
    };
    let path = if name.contains(&b'/') {
        name.clone()
    } else {
        search(name.as_bstr(), program_path, own_path).ok_or_else(|| CommandError::NotFound {
            command: name.to_string(),
        })?
    };
    check(path.as_bstr())?;
    Ok(Program { path, argv })
}

fn search(name: &BStr, program_path: Option<&BStr>, own_path: Option<&BStr>) -> Option<BString> {
    let directories = match (program_path, own_path) {
        // An empty PATH of the program's own searches the current directory only.
        (Some(path), _) => path,
        (None, Some(path)) if !path.is_empty() => path,
        (None, _) => DEFAULT_PATH.as_bstr(),
    };
    directories
        .split_str(":")
        .map(|directory| join(directory, name))
        .find(|file| as_path(file).exists())
}

fn join(directory: &[u8], name: &[u8]) -> BString {
    match directory.last() {
        None => name.into(),
        Some(b'/') => [directory, name].concat().into(),
        Some(_) => [directory, b"/", name].concat().into(),
    }
}

fn check(path: &BStr) -> Result<(), CommandError> {
    let shown = || path.to_string();
    let metadata = as_path(path)
        .metadata()
        .map_err(|_| CommandError::NotFound { command: shown() })?;
    if metadata.is_dir() {
        return Err(CommandError::IsDirectory { path: shown() });
    }
    if metadata.permissions().mode() & 0o111 == 0 {
        return Err(CommandError::NotExecutable { path: shown() });
    }
    access(as_path(path), AccessFlags::X_OK)
        .map_err(|_| CommandError::NoPermission { path: shown() })
}

fn as_path(bytes: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::{find, find_in};
    use crate::supervisor::turn::CommandError;
    use bstr::ByteSlice;

    fn text(command: &str, path: Option<&str>) -> Result<String, String> {
        let path = path.map(|path| path.as_bytes().as_bstr());
        find(command.as_bytes().as_bstr(), None, path, None)
            .map(|program| program.path.to_string())
            .map_err(|error: CommandError| error.to_string())
    }

    // SPN-003, SPN-008, RPC-094
    #[test]
    fn each_way_of_not_running_has_the_texts_of_the_contract() {
        assert_eq!(
            text("sh -c 'x", None),
            Err("can't parse command \"sh -c 'x\": No closing quotation".into())
        );
        assert_eq!(text("", None), Err("command is empty".into()));
        assert_eq!(
            text("nosuchcommand -x", None),
            Err("can't find command 'nosuchcommand'".into())
        );
        assert_eq!(text("/", None), Err("command at '/' is a directory".into()));
        assert_eq!(
            text("/etc/passwd", None),
            Err("command at '/etc/passwd' is not executable".into())
        );
    }

    // GO-183: not the directory of supervisord
    #[test]
    fn a_helper_with_a_slash_in_its_name_is_looked_for_where_it_runs() {
        let in_directory = |directory: &str, word: &str| {
            let found = find_in(directory.into(), vec![word.into()], None, None);
            found.map(|program| program.path.to_string())
        };
        assert_eq!(in_directory("/bin", "./sh"), Ok("./sh".into()));
        assert_eq!(in_directory("/etc", "/bin/sh"), Ok("/bin/sh".into()));
        assert_eq!(in_directory("/etc", "sh"), Ok("/bin/sh".into()));
        assert!(in_directory("/etc", "./sh").is_err());
    }

    // SEED-021, SPN-004
    #[test]
    fn a_place_may_be_one_in_the_directory_of_the_program() {
        let found = |directory: &str, command: &str| {
            let found = find(command.into(), Some(directory.into()), None, None);
            found
                .map(|program| program.path.to_string())
                .map_err(|error| error.to_string())
        };
        assert_eq!(found("/bin", "./sh -c x"), Ok("./sh".into()));
        assert_eq!(found("/", "bin/sh"), Ok("bin/sh".into()));
        assert_eq!(
            found("/etc", "./sh"),
            Err("can't find command './sh'".into())
        );
        assert_eq!(
            found("/etc", "./passwd"),
            Err("can't find command './passwd'".into())
        );
    }

    // SPN-005: existence decides, not executability
    #[test]
    fn the_first_directory_that_has_the_name_wins() {
        assert_eq!(text("sh", Some("/nowhere:/bin")), Ok("/bin/sh".into()));
        assert_eq!(
            text("passwd", Some("/etc:/usr/bin")),
            Err("command at '/etc/passwd' is not executable".into())
        );
        assert_eq!(
            text("sh", Some("/nowhere")),
            Err("can't find command 'sh'".into())
        );
    }
}
