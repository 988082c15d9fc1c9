//! Which of supervisord's words a command line says.
//!
//! A word is the first that is no option. Before it only those options may stand that a word can use, `-c` and
//! `--env-file` (GO-004, GO-086); they are handed on to it. Everything else is for the daemon, which refuses words as
//! the reference does (CLI-005).

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

/// The words, with what they do.
pub const WORDS: [(&str, &str); 9] = [
    (
        "check",
        "say everything that is wrong or doubtful in a configuration",
    ),
    ("config", "print the configuration as it is understood"),
    (
        "init",
        "write a sample configuration with every option there is",
    ),
    (
        "service",
        "install, uninstall, start or stop a systemd service",
    ),
    ("demo", "run a daemon to play with"),
    ("echo-config", "print what echo_supervisord_conf prints"),
    ("manual", "print a manual page"),
    (
        "version",
        "print the version of Supervisor that this one keeps to",
    ),
    ("about", "print this program's own version"),
];

/// The word, and what stands around it.
#[derive(Debug, PartialEq, Eq)]
pub struct Said {
    pub word: &'static str,
    /// First what stood before the word.
    pub arguments: Vec<OsString>,
}

/// `None` for a command line of the daemon.
pub fn said(arguments: &[OsString]) -> Option<Said> {
    let mut at = 0;
    loop {
        let argument = arguments.get(at)?;
        let found = WORDS.iter().find(|(word, _)| argument == word);
        if let Some((word, _)) = found {
            let (before, behind) = (&arguments[..at], &arguments[at + 1..]);
            return Some(Said {
                word,
                arguments: [before, behind].concat(),
            });
        }
        at += length(argument)?;
    }
}

/// How many arguments an option takes up with its value; `None` if no word can have it.
fn length(argument: &OsStr) -> Option<usize> {
    let bytes = argument.as_bytes();
    match bytes {
        b"-c" | b"--configuration" | b"--env-file" => Some(2),
        _ if bytes.starts_with(b"--configuration=") || bytes.starts_with(b"--env-file=") => Some(1),
        _ if bytes.starts_with(b"-c") => Some(1),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::{Said, said};

    fn heard(line: &str) -> Option<(&'static str, String)> {
        let arguments: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
        let Said { word, arguments } = said(&arguments)?;
        let shown: Vec<String> = arguments
            .into_iter()
            .map(|argument| argument.into_string().expect("text"))
            .collect();
        Some((word, shown.join(" ")))
    }

    // GO-004, GO-013
    #[test]
    fn a_word_may_have_its_options_on_both_sides() {
        assert_eq!(heard("check -c x"), Some(("check", "-c x".to_owned())));
        assert_eq!(
            heard("-c x check --json"),
            Some(("check", "-c x --json".to_owned()))
        );
        assert_eq!(
            heard("-cx --env-file=e service install"),
            Some(("service", "-cx --env-file=e install".to_owned()))
        );
        for daemon in [
            "",
            "-n",
            "-n check",
            "shutdown",
            "-c check",
            "-c x",
            "-c x y check",
        ] {
            assert_eq!(heard(daemon), None, "{daemon}");
        }
    }
}
