//! supervisord's command line (CLI rows): the switches, their values, the help text.
//!
//! What is given here stands over the configuration file (CLI-011); `mod.rs` joins the two. Reading is done in the
//! reference's order, in the words of its messages: first the form of all switches, then words that are none, then each
//! switch in turn, where `-h` and `-v` end it (CLI-009).

use std::fmt;
use std::path::PathBuf;

use bstr::{BStr, BString, ByteSlice};

use super::context::LoadContext;
use super::error::{ConfigError, Reason};
use super::getopt::{Found, GetoptError, Switch, getopt};
use super::paths::to_path;
use super::text::{repr, repr_list, show};
use super::value;

/// The reference level this program keeps.
pub const VERSION: &str = "4.3.0";

/// What was given on the command line; `None` and `false` where nothing was.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommandLine {
    /// As typed (CFL-007).
    pub config_file: Option<BString>,
    pub nodaemon: bool,
    pub silent: bool,
    pub nocleanup: bool,
    pub strip_ansi: bool,
    /// Not looked up until the file has been read (CLI-008).
    pub user: Option<BString>,
    pub umask: Option<u32>,
    pub directory: Option<PathBuf>,
    pub logfile: Option<PathBuf>,
    pub logfile_maxbytes: Option<i64>,
    pub logfile_backups: Option<i64>,
    pub loglevel: Option<i32>,
    pub pidfile: Option<PathBuf>,
    pub identifier: Option<String>,
    pub childlogdir: Option<PathBuf>,
    pub minfds: Option<i64>,
    pub minprocs: Option<i64>,
    /// Accepted for the reference's sake; there is no profiler (CLI-015).
    pub profile_options: Option<BString>,
    /// Beyond the reference: variables for supervisord itself, read before the configuration (GO-006).
    pub env_file: Option<PathBuf>,
    /// Beyond the reference: into the background whatever the file says (GO-005).
    pub daemon: bool,
}

/// What a command line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    Run(Box<CommandLine>),
    /// Print [`help`] and leave with status 0.
    Help,
    /// Print [`VERSION`] and leave with status 0.
    Version,
}

/// What is wrong with a command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UsageError {
    Form(GetoptError),
    Positional {
        words: Vec<BString>,
    },
    Conflicting {
        option: String,
    },
    BadValue {
        option: String,
        value: BString,
        reason: Box<Reason>,
    },
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form(error) => error.fmt(f),
            Self::Positional { words } => write!(
                f,
                "positional arguments are not supported: {}",
                repr_list(words.iter().map(|word| word.as_bstr()))
            ),
            Self::Conflicting { option } => write!(
                f,
                "conflicting command line option {}",
                repr(option.as_bytes().as_bstr())
            ),
            Self::BadValue {
                option,
                value,
                reason,
            } => write!(
                f,
                "invalid value for {option} {}: {reason}",
                repr(value.as_bstr())
            ),
        }
    }
}

/// Which setting a switch gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Setting {
    Help,
    Version,
    Configuration,
    Nodaemon,
    User,
    Umask,
    Directory,
    Logfile,
    LogfileMaxbytes,
    LogfileBackups,
    Loglevel,
    Pidfile,
    Identifier,
    Childlogdir,
    Minfds,
    Minprocs,
    Nocleanup,
    StripAnsi,
    ProfileOptions,
    Silent,
    EnvFile,
    Daemon,
}

impl Setting {
    /// Whether the reference has it.
    fn is_own(self) -> bool {
        matches!(self, Self::EnvFile | Self::Daemon)
    }
}

/// A switch with its line of help: the word for its value, and what it does.
struct Row {
    setting: Setting,
    short: Option<char>,
    long: Option<&'static str>,
    value: Option<&'static str>,
    help: &'static str,
}

const fn row(
    setting: Setting,
    short: Option<char>,
    long: Option<&'static str>,
    value: Option<&'static str>,
    help: &'static str,
) -> Row {
    Row {
        setting,
        short,
        long,
        value,
        help,
    }
}

/// CLI-001, in the order of the help, and behind it what the reference does not have.
const ROWS: [Row; 23] = [
    row(
        Setting::Configuration,
        Some('c'),
        Some("configuration"),
        Some("FILENAME"),
        "read the configuration from FILENAME",
    ),
    row(
        Setting::Nodaemon,
        Some('n'),
        Some("nodaemon"),
        None,
        "stay in the foreground",
    ),
    row(
        Setting::Silent,
        Some('s'),
        Some("silent"),
        None,
        "in the foreground, keep the log off stdout",
    ),
    row(
        Setting::Help,
        Some('h'),
        Some("help"),
        None,
        "print this text and exit",
    ),
    row(Setting::Help, Some('?'), None, None, "the same as -h"),
    row(
        Setting::Version,
        Some('v'),
        Some("version"),
        None,
        "print the version and exit",
    ),
    row(
        Setting::User,
        Some('u'),
        Some("user"),
        Some("USER"),
        "become USER, given by name or number",
    ),
    row(
        Setting::Umask,
        Some('m'),
        Some("umask"),
        Some("UMASK"),
        "as a daemon, use UMASK (octal, 022 by default)",
    ),
    row(
        Setting::Directory,
        Some('d'),
        Some("directory"),
        Some("DIRECTORY"),
        "as a daemon, change to DIRECTORY",
    ),
    row(
        Setting::Logfile,
        Some('l'),
        Some("logfile"),
        Some("FILENAME"),
        "use FILENAME as supervisord's log",
    ),
    row(
        Setting::LogfileMaxbytes,
        Some('y'),
        Some("logfile_maxbytes"),
        Some("BYTES"),
        "rotate the log at BYTES, such as 50MB",
    ),
    row(
        Setting::LogfileBackups,
        Some('z'),
        Some("logfile_backups"),
        Some("NUM"),
        "keep NUM rotated logs",
    ),
    row(
        Setting::Loglevel,
        Some('e'),
        Some("loglevel"),
        Some("LEVEL"),
        "log LEVEL and above: critical, error, warn, info, debug, trace or blather",
    ),
    row(
        Setting::Pidfile,
        Some('j'),
        Some("pidfile"),
        Some("FILENAME"),
        "write the process number to FILENAME",
    ),
    row(
        Setting::Identifier,
        Some('i'),
        Some("identifier"),
        Some("STR"),
        "call this supervisord STR",
    ),
    row(
        Setting::Childlogdir,
        Some('q'),
        Some("childlogdir"),
        Some("DIRECTORY"),
        "put AUTO logs of programs into DIRECTORY",
    ),
    row(
        Setting::Nocleanup,
        Some('k'),
        Some("nocleanup"),
        None,
        "keep AUTO logs of earlier runs",
    ),
    row(
        Setting::Minfds,
        Some('a'),
        Some("minfds"),
        Some("NUM"),
        "demand NUM file descriptors",
    ),
    row(
        Setting::StripAnsi,
        Some('t'),
        Some("strip_ansi"),
        None,
        "remove terminal escapes from the logs of programs",
    ),
    row(
        Setting::Minprocs,
        None,
        Some("minprocs"),
        Some("NUM"),
        "demand NUM processes",
    ),
    row(
        Setting::ProfileOptions,
        None,
        Some("profile_options"),
        Some("LIST"),
        "accepted and ignored",
    ),
    row(
        Setting::EnvFile,
        None,
        Some("env-file"),
        Some("FILENAME"),
        "before all else, set the variables in FILENAME, lines of KEY=value",
    ),
    row(
        Setting::Daemon,
        None,
        Some("daemon"),
        None,
        "go into the background, whatever the configuration says; so does -d without a directory",
    ),
];

/// Reads the words after the program's name.
pub fn parse(arguments: &[BString], context: &LoadContext) -> Result<Request, ConfigError> {
    read(arguments, context).map_err(|reason| ConfigError::Usage {
        reason: Box::new(reason),
    })
}

fn read(arguments: &[BString], context: &LoadContext) -> Result<Request, UsageError> {
    let switches: Vec<Switch> = ROWS
        .iter()
        .map(|row| Switch {
            in_full: row.setting.is_own(),
            // GO-005
            value_may_lack: row.setting == Setting::Directory,
            ..Switch::new(row.short, row.long, row.value.is_some())
        })
        .collect();
    let (found, rest) = getopt(&switches, arguments).map_err(UsageError::Form)?;
    if !rest.is_empty() {
        return Err(UsageError::Positional {
            words: rest.to_vec(),
        });
    }
    let mut line = CommandLine::default();
    for found in found {
        let row = &ROWS[found.index];
        match row.setting {
            Setting::Help => return Ok(Request::Help),
            Setting::Version => return Ok(Request::Version),
            setting => apply(&mut line, setting, &found, context)?,
        }
    }
    if line.daemon && line.nodaemon {
        return Err(UsageError::Conflicting {
            option: "--nodaemon".to_owned(),
        });
    }
    Ok(Request::Run(Box::new(line)))
}

fn apply(
    line: &mut CommandLine,
    setting: Setting,
    found: &Found,
    context: &LoadContext,
) -> Result<(), UsageError> {
    let text = found.value.as_bstr();
    match setting {
        // Both end the reading before they get here.
        Setting::Help | Setting::Version => Ok(()),
        Setting::Nodaemon => set_flag(&mut line.nodaemon, found),
        Setting::Silent => set_flag(&mut line.silent, found),
        Setting::Nocleanup => set_flag(&mut line.nocleanup, found),
        Setting::StripAnsi => set_flag(&mut line.strip_ansi, found),
        Setting::Configuration => set(&mut line.config_file, found, Ok(text.to_owned())),
        Setting::User => set(&mut line.user, found, Ok(text.to_owned())),
        Setting::ProfileOptions => set(&mut line.profile_options, found, Ok(text.to_owned())),
        Setting::Identifier => set(&mut line.identifier, found, Ok(value::string(text))),
        Setting::Umask => set(&mut line.umask, found, value::mode(text)),
        Setting::Daemon => set_flag(&mut line.daemon, found),
        Setting::Directory if found.is_bare => set_flag(&mut line.daemon, found),
        Setting::EnvFile => set(&mut line.env_file, found, Ok(to_path(text))),
        Setting::Directory => {
            let value = value::existing_directory(text, context);
            set(&mut line.directory, found, value)
        }
        Setting::Childlogdir => {
            let value = value::existing_directory(text, context);
            set(&mut line.childlogdir, found, value)
        }
        Setting::Logfile => {
            let value = value::existing_dirpath(text, context);
            set(&mut line.logfile, found, value)
        }
        Setting::Pidfile => {
            let value = value::existing_dirpath(text, context);
            set(&mut line.pidfile, found, value)
        }
        Setting::LogfileMaxbytes => set(&mut line.logfile_maxbytes, found, value::byte_size(text)),
        Setting::LogfileBackups => set(&mut line.logfile_backups, found, value::integer(text)),
        Setting::Loglevel => set(&mut line.loglevel, found, value::log_level(text)),
        Setting::Minfds => set(&mut line.minfds, found, value::integer(text)),
        Setting::Minprocs => set(&mut line.minprocs, found, value::integer(text)),
    }
}

fn conflicting(found: &Found) -> UsageError {
    UsageError::Conflicting {
        option: found.shown.clone(),
    }
}

/// The same switch twice is refused, even a flag (CLI-006).
fn set_flag(flag: &mut bool, found: &Found) -> Result<(), UsageError> {
    if std::mem::replace(flag, true) {
        return Err(conflicting(found));
    }
    Ok(())
}

/// A bad value is reported before a repetition.
fn set<T>(slot: &mut Option<T>, found: &Found, value: Result<T, Reason>) -> Result<(), UsageError> {
    let value = value.map_err(|reason| UsageError::BadValue {
        option: found.shown.clone(),
        value: found.value.clone(),
        reason: Box::new(reason),
    })?;
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(conflicting(found)),
    }
}

/// The text that `-h` prints, with the empty line that ends it (CLI-009, CLI-010).
pub fn help(argv0: &BStr) -> String {
    let mut text = format!(
        "supervisord -- run a set of applications as daemons.\n\nUsage: {} [options]\n\nOptions:\n",
        show(argv0)
    );
    for row in &ROWS {
        let short = row.short.map(|short| format!("-{short}"));
        let long = row.long.map(|long| format!("--{long}"));
        let names: Vec<String> = short.into_iter().chain(long).collect();
        let value = row.value.map(|value| format!(" {value}"));
        text.push_str(&format!(
            "{}{} -- {}\n",
            names.join("/"),
            value.unwrap_or_default(),
            row.help
        ));
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests;
