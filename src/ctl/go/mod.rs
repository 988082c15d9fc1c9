//! `supervisord ctl`: the client of the Go rewrite's users (GO-036 to GO-080).
//!
//! It is supervisorctl, with its commands, words and exit codes. On top come the Go rewrite's options and verbs, bare names,
//! and a way to the server without a `[supervisorctl]` section. One verb means something else here: `reload` applies
//! the configuration and lets run on what did not change (GO-072).

mod verbs;

use std::ffi::{OsStr, OsString};

use crate::config::client;

use super::options::{Flag, Grammar, Meaning, flag};
use super::session::Manner;
use super::start;

/// GO-036, beside the reference's spellings. `--user` is the beginning of `--username`, which is enough.
const FLAGS: [Flag; 10] = [
    flag(
        Meaning::Configuration,
        'c',
        Some("configuration"),
        true,
        "-c/--configuration FILENAME -- read this file (else the usual places are searched)",
    ),
    flag(
        Meaning::Help,
        'h',
        Some("help"),
        false,
        "-h/--help -- show this text and leave",
    ),
    flag(Meaning::Help, '?', None, false, ""),
    flag(
        Meaning::Interactive,
        'i',
        Some("interactive"),
        false,
        "-i/--interactive -- start an interactive session; with a command, only ask back where one would",
    ),
    flag(
        Meaning::ServerUrl,
        's',
        Some("serverurl"),
        true,
        "-s/--serverurl URL -- where supervisord listens\n     (else what the configuration says, else \
         http://localhost:9001)",
    ),
    flag(
        Meaning::Username,
        'u',
        Some("username"),
        true,
        "-u/--user USERNAME -- the name to tell the server",
    ),
    flag(
        Meaning::Password,
        'P',
        Some("password"),
        true,
        "-P/--password PASSWORD -- the password to tell the server",
    ),
    flag(Meaning::Password, 'p', None, true, ""),
    flag(Meaning::HistoryFile, 'r', Some("history_file"), true, ""),
    flag(
        Meaning::Verbose,
        'v',
        Some("verbose"),
        false,
        "-v/--verbose -- tell on stderr which server is asked",
    ),
];

const GRAMMAR: Grammar = Grammar {
    flags: &FLAGS,
    word: " ctl",
    about: "supervisord ctl -- control applications that supervisord runs.",
    load: client::load_or_infer,
};

/// What a command line of supervisord says to the client: what follows `ctl`, with the configuration file that may be named
/// before it (GO-004). `None` where it says nothing to it.
pub fn arguments(words: &[OsString]) -> Option<Vec<OsString>> {
    let at = words.iter().position(|word| word == "ctl")?;
    let (before, after) = (&words[..at], &words[at + 1..]);
    let is_file = match before {
        [] => true,
        [option, _] => option == "-c" || option == "--configuration",
        [option] => option.to_str().is_some_and(|option| {
            let short = option.len() > 2 && option.starts_with("-c");
            short || option.starts_with("--configuration=")
        }),
        _ => false,
    };
    is_file.then(|| [before, after].concat())
}

/// Runs the client and returns its exit status. `program` is supervisord's own name.
pub fn main(program: &OsStr, arguments: Vec<OsString>) -> u8 {
    let whole_names = std::env::var("SUPERVISOR_GROUP_DISPLAY");
    let manner = Manner {
        verbs: verbs::find,
        bare_names: true,
        whole_names: whole_names.is_ok_and(|value| is_yes(&value)),
    };
    start(program, arguments.into_iter(), &GRAMMAR, manner)
}

/// GO-018
fn is_yes(value: &str) -> bool {
    ["yes", "true", "y", "t", "1"]
        .iter()
        .any(|yes| yes.eq_ignore_ascii_case(value))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::{arguments, is_yes};

    fn given(line: &str) -> Option<String> {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let told = arguments(&words)?;
        let told: Vec<String> = told
            .into_iter()
            .map(|word| word.to_string_lossy().into_owned())
            .collect();
        Some(told.join(" "))
    }

    // GO-004; what is no beginning of a client's line is supervisord's own affair
    #[test]
    fn the_file_may_be_named_before_and_after_the_word() {
        for (line, told) in [
            ("ctl status", Some("status")),
            ("ctl -c x status", Some("-c x status")),
            ("-c x ctl status", Some("-c x status")),
            ("-cx ctl pid ctl", Some("-cx pid ctl")),
            ("--configuration=x ctl", Some("--configuration=x")),
            ("--configuration x ctl", Some("--configuration x")),
            ("-c ctl", None),
            ("-n ctl", None),
            ("-n -c x ctl", None),
            ("status", None),
            ("", None),
        ] {
            assert_eq!(given(line).as_deref(), told, "{line}");
        }
    }

    #[test]
    fn yes_has_five_words() {
        assert!(["YES", "true", "y", "T", "1"].into_iter().all(is_yes));
        assert!(!["no", "0", "", "yes "].into_iter().any(is_yes));
    }
}
