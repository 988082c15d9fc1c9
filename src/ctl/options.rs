//! The command line of supervisorctl, and what it and `[supervisorctl]` come to together (CTL-001 to CTL-018).
//!
//! The flags are one table; parsing, messages and the help text come from it. The command line beats the file, the file
//! beats the default (CTL-014).

use std::path::PathBuf;

use bstr::{BStr, BString, ByteSlice};

use crate::config::client::{self, ClientConfig};
use crate::config::context::LoadContext;
use crate::config::error::ConfigError;
use crate::config::getopt::{Switch, getopt};
use crate::model::py_repr::repr_str;

use super::advice::Origin;
use super::client::Target;
use super::colour::{self, Colour};
use super::server_url;

/// A flag: how it is spelled, and its line of help.
pub struct Flag {
    meaning: Meaning,
    pub switch: Switch,
    pub help: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    Help,
    Configuration,
    Interactive,
    ServerUrl,
    Username,
    Password,
    HistoryFile,
    /// Only of `supervisord ctl`.
    Verbose,
}

pub const fn flag(
    meaning: Meaning,
    short: char,
    long: Option<&'static str>,
    takes_value: bool,
    help: &'static str,
) -> Flag {
    let short = Some(short);
    let switch = Switch::new(short, long, takes_value);
    Flag {
        meaning,
        switch,
        help,
    }
}

/// CTL-001. The reference's help calls the last one `--history-file`, a spelling that it then rejects; ours names the one
/// that works.
pub const FLAGS: [Flag; 8] = [
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
        "-s/--serverurl URL -- where supervisord listens\n     (else http://localhost:9001)",
    ),
    flag(
        Meaning::Username,
        'u',
        Some("username"),
        true,
        "-u/--username USERNAME -- the name to tell the server",
    ),
    flag(
        Meaning::Password,
        'p',
        Some("password"),
        true,
        "-p/--password PASSWORD -- the password to tell the server",
    ),
    flag(
        Meaning::HistoryFile,
        'r',
        Some("history_file"),
        true,
        "-r/--history_file FILENAME -- taken and ignored (set history_file in the file)",
    ),
];

/// How a command line is read: by which flags, and what a file says.
pub struct Grammar {
    pub flags: &'static [Flag],
    /// What follows the program's name where it is told how to get help.
    pub word: &'static str,
    /// The first lines of the help.
    pub about: &'static str,
    pub load: fn(&BStr, &LoadContext) -> Result<ClientConfig, ConfigError>,
}

/// supervisorctl's own.
pub const GRAMMAR: Grammar = Grammar {
    flags: &FLAGS,
    word: "",
    about: "supervisorctl -- control applications that supervisord runs.",
    load: client::load,
};

/// What a command line asks for.
#[derive(Debug)]
pub enum Request {
    /// `-h`: print this text (CTL-003, CTL-006).
    Help {
        text: String,
    },
    Run(Options),
}

/// Where to go and what to do.
#[derive(Debug)]
pub struct Options {
    pub target: Target,
    /// Of the shell, without the `> `.
    pub prompt: String,
    /// Whether there is somebody to ask: with `-i`, or without a command (CTL-018, CTL-019).
    pub interactive: bool,
    /// The command's words joined by blanks (CTL-020); none for the shell.
    pub command: Option<String>,
    pub history_file: Option<PathBuf>,
    pub colour: Colour,
    pub verbose: bool,
    pub origin: Origin,
    /// What the user should know, for stderr.
    pub warnings: Vec<String>,
}

/// What is wrong with the command line or the file: the text for stderr, and the status to leave with.
#[derive(Debug, PartialEq, Eq)]
pub struct UsageError {
    pub text: String,
    pub status: u8,
}

/// What the command line itself says.
#[derive(Debug, Default)]
struct Given {
    config_file: Option<BString>,
    interactive: Option<BString>,
    server_url: Option<BString>,
    username: Option<BString>,
    password: Option<BString>,
    history_file: Option<BString>,
    verbose: Option<BString>,
}

impl Given {
    fn slot(&mut self, meaning: Meaning) -> Option<&mut Option<BString>> {
        match meaning {
            Meaning::Help => None,
            Meaning::Configuration => Some(&mut self.config_file),
            Meaning::Interactive => Some(&mut self.interactive),
            Meaning::ServerUrl => Some(&mut self.server_url),
            Meaning::Username => Some(&mut self.username),
            Meaning::Password => Some(&mut self.password),
            Meaning::HistoryFile => Some(&mut self.history_file),
            Meaning::Verbose => Some(&mut self.verbose),
        }
    }
}

/// Reads the arguments, without the program's name, and the configuration file they lead to.
pub fn read(
    grammar: &Grammar,
    arguments: &[BString],
    context: &LoadContext,
) -> Result<Request, UsageError> {
    let shown_name = BString::from(format!("{}{}", context.argv0, grammar.word));
    let argv0 = shown_name.as_bstr();
    let mut given = Given::default();
    let switches: Vec<Switch> = grammar.flags.iter().map(|flag| flag.switch).collect();
    let (arguments, colour) =
        colour::take(&switches, arguments).map_err(|error| usage(argv0, &error))?;
    let (found, words) =
        getopt(&switches, &arguments).map_err(|error| usage(argv0, &error.to_string()))?;
    for option in found {
        let meaning = grammar.flags[option.index].meaning;
        let Some(slot) = given.slot(meaning) else {
            let text = help_text(grammar, argv0);
            return Ok(Request::Help { text });
        };
        let shown = option.shown;
        if meaning == Meaning::ServerUrl {
            let url = option.value.to_str_lossy();
            server_url::check(&url).map_err(|error| {
                let url = repr_str(&url);
                usage(argv0, &format!("invalid value for {shown} {url}: {error}"))
            })?;
        }
        if slot.is_some() {
            let option = repr_str(&shown);
            return Err(usage(
                argv0,
                &format!("conflicting command line option {option}"),
            ));
        }
        *slot = Some(option.value);
    }
    let config_file = match given.config_file.take() {
        // An empty name is as good as none, and then nothing is searched.
        Some(file) if file.is_empty() => None,
        Some(file) => Some(file),
        None => crate::config::find_config_file(context).ok(),
    };
    let file = read_file(grammar, config_file.as_ref(), context)?;
    let mut options = together(given, file, words);
    options.colour = colour;
    options.origin.config_file = config_file.map(|file| file.to_str_lossy().into_owned());
    Ok(Request::Run(options))
}

/// The file's settings; the defaults when there is no file to read (CTL-009).
fn read_file(
    grammar: &Grammar,
    file: Option<&BString>,
    context: &LoadContext,
) -> Result<ClientConfig, UsageError> {
    let Some(file) = file else {
        return Ok(ClientConfig::default());
    };
    (grammar.load)(file.as_bstr(), context).map_err(|error| match error {
        // Python dies of these with a traceback and status 1 (CTL-012).
        ConfigError::NotText { .. }
        | ConfigError::NoSectionHeader { .. }
        | ConfigError::BadLines { .. } => UsageError {
            text: format!("Error: {error}\n"),
            status: 1,
        },
        ConfigError::NoFileFound { .. }
        | ConfigError::FileMissing { .. }
        | ConfigError::FileUnreadable { .. }
        | ConfigError::Setting { .. }
        | ConfigError::Program { .. }
        | ConfigError::Usage { .. } => UsageError {
            text: error.usage_text(context.argv0.as_bstr()),
            status: 2,
        },
    })
}

fn together(given: Given, file: ClientConfig, words: &[BString]) -> Options {
    let text = |value: BString| value.to_str_lossy().into_owned();
    // Plugins are Python code, which only Python's own client can run (CTL-022).
    let warnings = file.plugins.iter().map(|plugin| {
        format!(
            "Warning: [ctlplugin:{}] is Python code ({}) and was left out",
            plugin.name, plugin.factory
        )
    });
    let words: Vec<_> = words.iter().map(|word| word.to_str_lossy()).collect();
    Options {
        warnings: warnings.collect(),
        target: Target {
            server_url: given.server_url.map_or(file.serverurl, text),
            username: given.username.map(text).or(file.username),
            password: given.password.map(text).or(file.password),
        },
        prompt: file.prompt,
        history_file: file.history_file,
        colour: Colour::Auto,
        verbose: given.verbose.is_some(),
        origin: Origin {
            config_file: None,
            pidfile: file.pidfile,
        },
        interactive: given.interactive.is_some() || words.is_empty(),
        command: (!words.is_empty()).then(|| words.join(" ")),
    }
}

fn usage(argv0: &BStr, message: &str) -> UsageError {
    UsageError {
        text: format!("Error: {message}\nFor help, use {argv0} -h\n"),
        status: 2,
    }
}

/// CTL-006: with an empty line at its end.
fn help_text(grammar: &Grammar, argv0: &BStr) -> String {
    let about = grammar.about;
    let mut text =
        format!("{about}\n\nUsage: {argv0} [options] [action [arguments]]\n\nOptions:\n");
    for flag in grammar.flags.iter().filter(|flag| !flag.help.is_empty()) {
        text.push_str(flag.help);
        text.push('\n');
    }
    text.push_str(
        "\naction [arguments] -- what to do; without one, a shell that reads actions.\n\n\
         The action \"help\" lists the others, \"help ACTION\" explains one.\n\
         States are coloured on a terminal; --color=always|never|auto decides otherwise.\n\n",
    );
    text
}

#[cfg(test)]
mod tests {
    use bstr::BString;

    use super::{ClientConfig, GRAMMAR, Given, Options, Request, read, together};
    use crate::config::client::CtlPlugin;
    use crate::config::context::LoadContext;

    /// Reads a command line that names no file.
    fn given(words: &[&str]) -> Result<Request, String> {
        let words: Vec<BString> = ["-c", ""]
            .iter()
            .chain(words)
            .map(|&word| word.into())
            .collect();
        read(&GRAMMAR, &words, &LoadContext::for_tests())
            .map_err(|error| format!("{} {}", error.status, error.text))
    }

    fn shown(words: &[&str]) -> String {
        match given(words) {
            Ok(Request::Run(Options {
                target,
                interactive,
                command,
                ..
            })) => {
                format!(
                    "{} {:?} {:?} {interactive} {command:?}",
                    target.server_url, target.username, target.password
                )
            }
            Ok(Request::Help { .. }) => "help".to_owned(),
            Err(text) => text,
        }
    }

    // CTL-002, CTL-003, CTL-009, CTL-018 to CTL-020
    #[test]
    fn options_end_at_the_first_word_and_the_words_become_one_line() {
        for (words, meaning) in [
            (
                &["tail", "-f", "x y"][..],
                "http://localhost:9001 None None false Some(\"tail -f x y\")",
            ),
            (
                &["-i", "pid"],
                "http://localhost:9001 None None true Some(\"pid\")",
            ),
            (&[], "http://localhost:9001 None None true None"),
            (
                &["--serv", "unix://s", "-ua", "-p", "", "--hist=x", ""],
                "unix://s Some(\"a\") Some(\"\") false Some(\"\")",
            ),
            (&["-h", "-s", "foo"], "help"),
            (&["-i?"], "help"),
        ] {
            assert_eq!(shown(words), meaning, "{words:?}");
        }
    }

    // CTL-001, CTL-004, CTL-005
    #[test]
    fn mistakes_are_told_in_two_lines() {
        for (words, message) in [
            (&["-v"][..], "option -v not recognized"),
            (&["--version"], "option --version not recognized"),
            (
                &["--history-file=x"],
                "option --history-file not recognized",
            ),
            (&["-r"], "option -r requires argument"),
            (
                &["-u", "a", "-u", "b"],
                "conflicting command line option '-u'",
            ),
            (
                &["-i", "--inter"],
                "conflicting command line option '--interactive'",
            ),
            (
                &["-s", "foo", "-h"],
                "invalid value for -s 'foo': value 'foo' is not a URL",
            ),
        ] {
            let text = format!("2 Error: {message}\nFor help, use /opt/bin/supervisord -h\n");
            assert_eq!(shown(words), text);
        }
    }

    // CTL-006
    #[test]
    fn help_lists_every_flag_but_the_question_mark_and_ends_with_an_empty_line() {
        let Ok(Request::Help { text }) = given(&["-h"]) else {
            panic!("no help");
        };
        let flags: Vec<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix('-')?.split('/').next())
            .collect();
        assert_eq!(flags, ["c", "h", "i", "s", "u", "p", "r"]);
        assert!(text.contains("Usage: /opt/bin/supervisord [options]") && text.ends_with(".\n\n"));
    }

    // CTL-014, CTL-022
    #[test]
    fn the_command_line_beats_the_file_and_plugins_are_warned_of() {
        let plugin = CtlPlugin {
            name: "x".to_owned(),
            factory: "a.b:c".to_owned(),
        };
        let file = ClientConfig {
            serverurl: "unix:///file".to_owned(),
            username: Some("file".to_owned()),
            password: Some("file".to_owned()),
            plugins: vec![plugin],
            ..ClientConfig::default()
        };
        let given = Given {
            username: Some("line".into()),
            ..Given::default()
        };
        let options = together(given, file, &["pid".into()]);
        assert_eq!(options.target.server_url, "unix:///file");
        assert_eq!(options.target.username.as_deref(), Some("line"));
        assert_eq!(options.target.password.as_deref(), Some("file"));
        assert_eq!(
            options.warnings,
            ["Warning: [ctlplugin:x] is Python code (a.b:c) and was left out"]
        );
    }
}
