//! What can be wrong with a configuration, and the words for it.
//!
//! A [`ConfigError`] says where (file, section, option), a [`Reason`] says what. The texts are the reference's, letter by
//! letter: they reach users on stderr and clients as `CANT_REREAD: …` (ERR-001, ERR-005). They are made here and
//! nowhere else.

use std::fmt;

use bstr::{BStr, BString, ByteSlice};

use super::command_line::UsageError;
use super::decode::DecodeError;
use super::expand::FormatProblem;
use super::probe::ProbeError;
use super::schedule::ScheduleError;
use super::text::{repr, show};

/// Why a configuration cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigError {
    /// No `-c`, and none of the default places has a file (CFL-004).
    NoFileFound { searched: Vec<BString> },
    /// The file named with `-c` does not exist (CFL-006).
    FileMissing { file: BString },
    /// It exists but cannot be read (CFL-006).
    FileUnreadable { file: BString },
    /// Not UTF-8 (INI-003).
    NotText { file: BString, error: DecodeError },
    /// A line before any section header (INI-029).
    NoSectionHeader {
        file: BString,
        line: usize,
        text: String,
    },
    /// Lines that are neither header nor option nor continuation (INI-030).
    BadLines {
        file: BString,
        lines: Vec<(usize, String)>,
    },
    /// An option outside the per-process part: shown without its place (ERR-003).
    Setting {
        section: String,
        option: Option<String>,
        reason: Box<Reason>,
    },
    /// An option of the per-process part: shown with section and file (ERR-002).
    Program {
        file: BString,
        section: String,
        option: Option<String>,
        reason: Box<Reason>,
    },
    /// The command line is wrong (CLI-004 to CLI-007).
    Usage { reason: Box<UsageError> },
}

impl ConfigError {
    /// The two lines that go to stderr before the program leaves with status 2 (ERR-001).
    pub fn usage_text(&self, argv0: &BStr) -> String {
        format!("Error: {self}\nFor help, use {} -h\n", show(argv0))
    }
}

impl ConfigError {
    /// What to do about Python code that the file wants loaded. The reference's text leaves that open, since there it
    /// may be a typing error; a line of its own behind that text, for who reads it.
    pub fn hint(&self) -> Option<String> {
        let (Self::Setting { reason, .. } | Self::Program { reason, .. }) = self else {
            return None;
        };
        match &**reason {
            Reason::Unresolved { section, .. } if section.starts_with("rpcinterface:") => {
                Some(format!(
                    "supervisord runs no Python inside itself: the only factory is \
                     supervisor.rpcinterface:make_main_rpcinterface. Remove the section [{section}]; docs/compatibility.md \
                     says what does the work of known plug-ins."
                ))
            }
            Reason::Unresolved { section, .. } => Some(format!(
                "supervisord runs no Python inside itself: the only handlers are \
                 supervisor.dispatchers:default_handler, supervisor_stdout:event_handler and supervisor_stdlog:log_handler. \
                 Remove result_handler from [{section}], or name one of them."
            )),
            Reason::RpcInterface { name } => Some(format!(
                "The interface {name} takes no keys besides its factory; keys of [DEFAULT] count as its own."
            )),
            _ => None,
        }
    }
}

impl std::error::Error for ConfigError {}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoFileFound { searched } => {
                let shown: Vec<String> = searched.iter().map(|path| show(path.as_bstr())).collect();
                write!(
                    f,
                    "No config file found at default paths ({}); use the -c option to specify a config file at a \
                     different path",
                    shown.join(", ")
                )
            }
            Self::FileMissing { file } => {
                write!(f, "could not find config file {}", show(file.as_bstr()))
            }
            Self::FileUnreadable { file } => {
                write!(f, "could not read config file {}", show(file.as_bstr()))
            }
            Self::NotText { error, .. } => error.fmt(f),
            Self::NoSectionHeader { file, line, text } => write!(
                f,
                "File contains no section headers.\nfile: {}, line: {line}\n{}",
                repr(file.as_bstr()),
                repr(text.as_bytes().as_bstr())
            ),
            Self::BadLines { file, lines } => {
                write!(
                    f,
                    "Source contains parsing errors: {}",
                    repr(file.as_bstr())
                )?;
                for (line, text) in lines {
                    write!(
                        f,
                        "\n\t[line {line:2}]: {}",
                        repr(text.as_bytes().as_bstr())
                    )?;
                }
                Ok(())
            }
            Self::Setting { reason, .. } => reason.fmt(f),
            Self::Program {
                file,
                section,
                reason,
                ..
            } => write!(
                f,
                "{reason} in section {} (file: {})",
                repr(section.as_bytes().as_bstr()),
                repr(file.as_bstr())
            ),
            Self::Usage { reason } => reason.fmt(f),
        }
    }
}

/// What is wrong with one value, or with what a section lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// A template that cannot be filled in (EXP-006, EXP-007).
    Format {
        template: BString,
        label: String,
        problem: FormatProblem,
    },

    // Values (TYP rows).
    Integer {
        value: BString,
    },
    Boolean {
        value: BString,
    },
    Octal {
        value: BString,
    },
    ExitCodes {
        value: BString,
    },
    SignalName {
        value: BString,
    },
    SignalNumber {
        value: BString,
    },
    UserName {
        value: BString,
    },
    UserId {
        value: BString,
    },
    NotADirectory {
        value: BString,
    },
    NoParentDirectory {
        value: BString,
    },
    LogLevel {
        value: BString,
    },
    NoPort,
    Port {
        value: BString,
    },
    BelowBound {
        value: String,
        bound: i64,
    },
    AboveBound {
        value: String,
        bound: i64,
    },
    PairsEnd {
        value: BString,
    },
    NoClosingQuotation,
    Url {
        value: BString,
    },
    Autorestart {
        value: BString,
    },
    Name {
        value: String,
        character: char,
    },

    // `[include]` and the file as a whole.
    IncludeWithoutFiles,
    NoSection {
        section: &'static str,
    },

    // Programs (PRG rows).
    NoCommand {
        section: String,
    },
    ProcessNumMissing,
    StopWithoutKillAsGroup,

    // Extensions (GO rows).
    NotOneOf {
        value: BString,
        words: Vec<&'static str>,
    },
    Probe {
        value: BString,
        problem: ProbeError,
    },
    Cron {
        value: BString,
        problem: ScheduleError,
    },
    SyslogServer {
        value: BString,
    },
    UnknownDependency {
        name: String,
    },
    /// `a -> b -> a`
    DependencyLoop {
        way: String,
    },

    // Groups, pools and FastCGI (NAM, ELC, FCC rows).
    UnknownProgram {
        section: String,
        program: String,
    },
    AmbiguousProgram {
        section: String,
        program: String,
    },
    BufferSize {
        section: String,
        size: i64,
    },
    /// A Python object that is not one of ours (ELC-004, PLG-002).
    Unresolved {
        spec: BString,
        section: String,
    },
    NoEvents {
        section: String,
    },
    UnknownEvent {
        event: String,
        section: String,
    },
    ListenerRedirect {
        section: String,
    },
    SocketBacklog {
        value: i64,
    },
    SocketOwner {
        value: BString,
    },
    SocketMode {
        value: BString,
    },
    NoSocket {
        section: String,
    },
    Socket {
        problem: SocketProblem,
        section: String,
    },

    // Servers and plugins (SRV, PLG rows).
    IncompleteAuthentication {
        section: String,
    },
    NoPortValue {
        section: String,
    },
    NoFileValue {
        section: String,
    },
    Chown {
        value: BString,
    },
    Chmod {
        value: BString,
    },
    NoFactory {
        section: String,
        key: &'static str,
    },
    RpcInterface {
        name: String,
    },
}

/// What is wrong with `socket=` of a FastCGI program. Two of the texts are Python tuples, by an accident of the reference
/// that clients see (FCC-002).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SocketProblem {
    BadFormat { value: BString },
    RelativePath { path: BString },
    PortBelow { port: String },
    PortAbove { port: String },
    OwnerOrModeWithTcp,
}

impl fmt::Display for SocketProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadFormat { value } => {
                write!(f, "('Bad socket format %s', {})", repr(value.as_bstr()))
            }
            Self::RelativePath { path } => write!(
                f,
                "('Unix socket path %s is not an absolute path', {})",
                repr(path.as_bstr())
            ),
            Self::PortBelow { port } => write!(f, "{port} is below lower bound (1)"),
            Self::PortAbove { port } => write!(f, "{port} is above upper bound (65535)"),
            Self::OwnerOrModeWithTcp => f.write_str(
                "socket_owner and socket_mode params should only be used with a Unix domain socket",
            ),
        }
    }
}

/// How many characters of a bad integer's `repr` Python shows.
const SHOWN_OF_INTEGER: usize = 200;

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Format {
                template,
                label,
                problem,
            } => {
                let template = repr(template.as_bstr());
                let label = repr(label.as_bytes().as_bstr());
                match problem {
                    FormatProblem::UnknownName { name, available } => {
                        let available: Vec<String> =
                            available.iter().map(|name| show(name.as_bstr())).collect();
                        write!(
                            f,
                            "Format string {template} for {label} contains names ({}) which cannot be expanded. \
                             Available names: {}",
                            repr(name.as_bstr()),
                            available.join(", ")
                        )
                    }
                    FormatProblem::Malformed(error) => write!(
                        f,
                        "Format string {template} for {label} is badly formatted: {error}"
                    ),
                }
            }
            Self::Integer { value } => {
                let shown: String = repr(value.as_bstr())
                    .chars()
                    .take(SHOWN_OF_INTEGER)
                    .collect();
                write!(f, "invalid literal for int() with base 10: {shown}")
            }
            Self::Boolean { value } => {
                write!(f, "not a valid boolean value: {}", repr(value.as_bstr()))
            }
            Self::Octal { value } => write!(
                f,
                "{} can not be converted to an octal type",
                show(value.as_bstr())
            ),
            Self::ExitCodes { value } => {
                write!(
                    f,
                    "not a valid list of exit codes: {}",
                    repr(value.as_bstr())
                )
            }
            Self::SignalName { value } => {
                write!(
                    f,
                    "value {} is not a valid signal name",
                    repr(value.as_bstr())
                )
            }
            Self::SignalNumber { value } => {
                write!(
                    f,
                    "value {} is not a valid signal number",
                    repr(value.as_bstr())
                )
            }
            // Python's lookup refuses such a name before it looks.
            Self::UserName { value } if value.contains(&0) => f.write_str("embedded null byte"),
            Self::UserName { value } => write!(f, "Invalid user name {}", show(value.as_bstr())),
            Self::UserId { value } => write!(f, "Invalid user id {}", show(value.as_bstr())),
            Self::NotADirectory { value } => {
                write!(f, "{} is not an existing directory", show(value.as_bstr()))
            }
            Self::NoParentDirectory { value } => write!(
                f,
                "The directory named as part of the path {} does not exist",
                show(value.as_bstr())
            ),
            Self::LogLevel { value } => {
                write!(f, "bad logging level name {}", repr(value.as_bstr()))
            }
            Self::NoPort => f.write_str("no port number specified in ''"),
            Self::Port { value } => {
                write!(f, "not a valid port number: {} ", repr(value.as_bstr()))
            }
            Self::BelowBound { value, bound } => {
                write!(f, "{value} is below lower bound ({bound})")
            }
            Self::AboveBound { value, bound } => {
                write!(f, "{value} is above upper bound ({bound})")
            }
            Self::PairsEnd { value } => write!(
                f,
                "Unexpected end of key/value pairs in value '{}'",
                show(value.as_bstr())
            ),
            Self::NoClosingQuotation => f.write_str("No closing quotation"),
            Self::Url { value } => write!(f, "value {} is not a URL", repr(value.as_bstr())),
            Self::Autorestart { value } => {
                write!(f, "invalid 'autorestart' value {}", repr(value.as_bstr()))
            }
            Self::Name { value, character } => write!(
                f,
                "Invalid name: {} because of character: '{character}'",
                repr(value.as_bytes().as_bstr())
            ),
            Self::IncludeWithoutFiles => {
                f.write_str(".ini file has [include] section, but no files setting")
            }
            Self::NoSection { section } => {
                write!(f, ".ini file does not include {section} section")
            }
            Self::NoCommand { section } => {
                write!(f, "program section {section} does not specify a command")
            }
            Self::ProcessNumMissing => {
                f.write_str("%(process_num) must be present within process_name when numprocs > 1")
            }
            Self::StopWithoutKillAsGroup => {
                f.write_str("Cannot set stopasgroup=true and killasgroup=false")
            }
            Self::NotOneOf { value, words } => write!(
                f,
                "{} is none of {}",
                repr(value.as_bstr()),
                words.join(", ")
            ),
            Self::Probe { value, problem } => {
                write!(f, "{} cannot be run: {problem}", repr(value.as_bstr()))
            }
            Self::Cron { value, problem } => {
                write!(
                    f,
                    "invalid 'cron' value {}: {problem}",
                    repr(value.as_bstr())
                )
            }
            Self::SyslogServer { value } => write!(
                f,
                "value {} is not a syslog server: syslog @[udp:|tcp:]host[:port]",
                repr(value.as_bstr())
            ),
            Self::UnknownDependency { name } => write!(
                f,
                "depends_on names {}, which is no process, program or group",
                repr(name.as_bytes().as_bstr())
            ),
            Self::DependencyLoop { way } => write!(f, "depends_on goes round in a loop: {way}"),
            Self::UnknownProgram { section, program } => {
                write!(
                    f,
                    "[{section}] names unknown program or fcgi-program {program}"
                )
            }
            Self::AmbiguousProgram { section, program } => write!(
                f,
                "[{section}] name {program} is ambiguous (exists as program and fcgi-program)"
            ),
            Self::BufferSize { section, size } => {
                write!(f, "[{section}] section sets invalid buffer_size ({size})")
            }
            Self::Unresolved { spec, section } => {
                write!(
                    f,
                    "{} cannot be resolved within [{section}]",
                    show(spec.as_bstr())
                )
            }
            Self::NoEvents { section } => {
                write!(f, "[{section}] section requires an \"events\" line")
            }
            Self::UnknownEvent { event, section } => {
                write!(f, "Unknown event type {event} in [{section}] events")
            }
            Self::ListenerRedirect { section } => write!(
                f,
                "[{section}] section sets redirect_stderr=true but this is not allowed because it will interfere with \
                 the eventlistener protocol"
            ),
            Self::SocketBacklog { value } => write!(f, "Invalid socket_backlog value {value}"),
            Self::SocketOwner { value } => {
                write!(f, "Invalid socket_owner value {}", show(value.as_bstr()))
            }
            Self::SocketMode { value } => {
                write!(f, "Invalid socket_mode value {}", show(value.as_bstr()))
            }
            Self::NoSocket { section } => {
                write!(f, "[{section}] section requires a \"socket\" line")
            }
            Self::Socket { problem, section } => write!(f, "{problem} in [{section}] socket"),
            Self::IncompleteAuthentication { section } => write!(
                f,
                "Section [{section}] contains incomplete authentication: If a username or a password is specified, \
                 both the username and password must be specified"
            ),
            Self::NoPortValue { section } => write!(f, "section [{section}] has no port value"),
            Self::NoFileValue { section } => write!(f, "section [{section}] has no file value"),
            Self::Chown { value } => write!(f, "Invalid sockchown value {}", show(value.as_bstr())),
            Self::Chmod { value } => write!(f, "Invalid chmod value {}", show(value.as_bstr())),
            Self::NoFactory { section, key } => {
                write!(f, "section [{section}] does not specify a {key}")
            }
            Self::RpcInterface { name } => write!(f, "Could not make {name} rpc interface"),
        }
    }
}
