//! The typed configuration: what the rest of the house sees of a configuration file.
//!
//! Values that reach the system (commands, paths, environment) are bytes; names are text. Everything here is plain
//! data: comparing two groups is what decides "changed" in a reread (RRD-005, RRD-006).

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;

use bstr::BString;

use super::extensions::Extensions;
use crate::model::signal::Signal;

/// When an exited process is started again (PST-009).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Autorestart {
    Never,
    /// Only after an exit status that `exitcodes` does not list.
    Unexpected,
    Always,
}

/// Where the log of one stream goes (TYP-013). `syslog` as a file name is [`LogFile::None`] with `syslog` set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogFile {
    None,
    /// A file of its own in `childlogdir`, named when the group is activated.
    Auto,
    /// An empty path is possible (`stdout_logfile=`): clients are shown it, and nothing is written (TYP-013).
    Path(PathBuf),
}

/// The options of one output stream (`stdout_…`, `stderr_…`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamConfig {
    pub logfile: LogFile,
    /// 0 or less: never rotate.
    pub logfile_maxbytes: i64,
    pub logfile_backups: i64,
    /// 0 or less: capture mode is off.
    pub capture_maxbytes: i64,
    pub events_enabled: bool,
    pub syslog: bool,
}

/// One process of a `[program:x]`, `[eventlistener:x]` or `[fcgi-program:x]` section.
#[derive(Debug, Clone)]
pub struct ProcessConfig {
    pub name: String,
    pub command: BString,
    pub directory: Option<BString>,
    pub umask: Option<u32>,
    pub uid: Option<u32>,
    pub priority: i64,
    pub autostart: bool,
    pub autorestart: Autorestart,
    pub startsecs: i64,
    pub startretries: i64,
    pub stdout: StreamConfig,
    pub stderr: StreamConfig,
    pub stopsignal: Signal,
    pub stopwaitsecs: i64,
    pub stopasgroup: bool,
    pub killasgroup: bool,
    pub exitcodes: Vec<u8>,
    pub redirect_stderr: bool,
    /// The `[supervisord]` pairs overridden by the program's own (PRG-023).
    pub environment: BTreeMap<BString, BString>,
    /// `None`: derive it; an empty string suppresses SUPERVISOR_SERVER_URL (PRG-024).
    pub serverurl: Option<String>,
    /// The listening socket that an `[fcgi-program:x]` finds on its descriptor 0 (FCG-010).
    pub socket: Option<FcgiConfig>,
    /// What the section asks for beyond the reference.
    pub extensions: Option<Rc<Extensions>>,
}

/// Equality is the reread rule (RRD-006): every option counts, except a log file that is AUTO on either side.
impl PartialEq for ProcessConfig {
    fn eq(&self, other: &Self) -> bool {
        // Destructured so that a new field cannot be forgotten here.
        let Self {
            name,
            command,
            directory,
            umask,
            uid,
            priority,
            autostart,
            autorestart,
            startsecs,
            startretries,
            stdout,
            stderr,
            stopsignal,
            stopwaitsecs,
            stopasgroup,
            killasgroup,
            exitcodes,
            redirect_stderr,
            environment,
            serverurl,
            socket,
            extensions,
        } = self;
        *name == other.name
            && *command == other.command
            && *directory == other.directory
            && *umask == other.umask
            && *uid == other.uid
            && *priority == other.priority
            && *autostart == other.autostart
            && *autorestart == other.autorestart
            && *startsecs == other.startsecs
            && *startretries == other.startretries
            && same_stream(stdout, &other.stdout)
            && same_stream(stderr, &other.stderr)
            && *stopsignal == other.stopsignal
            && *stopwaitsecs == other.stopwaitsecs
            && *stopasgroup == other.stopasgroup
            && *killasgroup == other.killasgroup
            && *exitcodes == other.exitcodes
            && *redirect_stderr == other.redirect_stderr
            && *environment == other.environment
            && *serverurl == other.serverurl
            && *socket == other.socket
            && *extensions == other.extensions
    }
}

fn same_stream(a: &StreamConfig, b: &StreamConfig) -> bool {
    let either_auto = a.logfile == LogFile::Auto || b.logfile == LogFile::Auto;
    if either_auto {
        let with_b_file = StreamConfig {
            logfile: b.logfile.clone(),
            ..a.clone()
        };
        with_b_file == *b
    } else {
        a == b
    }
}

/// What kind of group a section makes, with what only that kind has.
#[derive(Debug, Clone, PartialEq)]
pub enum GroupKind {
    /// `[program:x]` on its own, or `[group:x]`.
    Programs,
    EventListener(EventListenerConfig),
    Fcgi(FcgiConfig),
}

/// `[eventlistener:x]` pool options (ELC rows).
#[derive(Debug, Clone)]
pub struct EventListenerConfig {
    /// Upper-case event type names in the order of the file, without duplicates.
    pub events: Vec<String>,
    pub buffer_size: i64,
    /// As written: `module:callable`.
    pub result_handler: String,
}

/// The reference keeps the events as a set: their order in the file is no change.
impl PartialEq for EventListenerConfig {
    fn eq(&self, other: &Self) -> bool {
        let Self {
            events,
            buffer_size,
            result_handler,
        } = self;
        events.len() == other.events.len()
            && events.iter().all(|event| other.events.contains(event))
            && *buffer_size == other.buffer_size
            && *result_handler == other.result_handler
    }
}

impl Eq for EventListenerConfig {}

/// `[fcgi-program:x]` socket options (FCC rows). Only the URL takes part in comparison (RRD-007).
#[derive(Debug, Clone)]
pub struct FcgiConfig {
    /// `unix:///path` or `tcp://host:port`.
    pub url: String,
    pub owner: Option<(u32, Option<u32>)>,
    pub mode: Option<u32>,
    pub backlog: Option<i32>,
}

impl PartialEq for FcgiConfig {
    fn eq(&self, other: &Self) -> bool {
        self.url == other.url
    }
}

/// A process group as configured; comparing two of them decides "changed" (RRD-005).
#[derive(Debug, Clone, PartialEq)]
pub struct GroupConfig {
    pub name: String,
    pub priority: i64,
    pub kind: GroupKind,
    /// Shared by all who hold the group: what is offered, what is active, and what a failed restart goes back to.
    pub processes: Vec<Rc<ProcessConfig>>,
}

impl GroupConfig {
    /// The sockets of its FastCGI programs, each once. Within a group the URL is a socket's identity.
    pub fn sockets(&self) -> Vec<&FcgiConfig> {
        let mut sockets: Vec<&FcgiConfig> = Vec::new();
        for socket in self.processes.iter().filter_map(|p| p.socket.as_ref()) {
            if !sockets.contains(&socket) {
                sockets.push(socket);
            }
        }
        sockets
    }
}

/// Where an HTTP server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerAddress {
    /// An empty host means all IPv4 interfaces (TYP-014).
    Inet { host: String, port: u16 },
    Unix {
        path: PathBuf,
        mode: u32,
        owner: Option<u32>,
        group: Option<u32>,
    },
}

/// One `[unix_http_server…]` or `[inet_http_server…]` section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerConfig {
    /// The whole section name, as log lines show it.
    pub section: String,
    pub address: ServerAddress,
    /// Absent or empty: no authentication (SRV-005).
    pub username: Option<String>,
    /// Clear text, or `{SHA}` and a hex digest (SRV-006).
    pub password: Option<String>,
    /// Further names by which a browser may know an inet server; `*` for any.
    pub allowed_hosts: Vec<String>,
    /// What the server calls this node in its REST answers; the name of the machine if there is none (GO-264).
    pub nodename: Option<String>,
    /// Whether `/metrics` wants the password, if there is one.
    pub metrics_auth: bool,
    /// Whether the health endpoints want it.
    pub health_auth: bool,
}

/// `[rpcinterface:x]` with the built-in factory: the namespace under which the methods are served (PLG-004).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RpcInterface {
    pub namespace: String,
    /// Keys beside the factory. The factory takes none, so making the interface fails when there are any (PLG-003).
    pub extra_keys: Vec<String>,
}

/// `[supervisord]` after the command line has had its say.
#[derive(Debug, Clone, PartialEq)]
pub struct SupervisordConfig {
    /// `None`: the file is called `syslog` and lines go there (SUP-001).
    pub logfile: MainLog,
    pub logfile_maxbytes: i64,
    pub logfile_backups: i64,
    pub loglevel: i32,
    /// `log_format`, else what the variable LOG_FORMAT says (GO-015, GO-414).
    pub log_format: MainLogFormat,
    pub pidfile: PathBuf,
    pub umask: u32,
    pub nodaemon: bool,
    pub silent: bool,
    pub minfds: i64,
    pub minprocs: i64,
    pub nocleanup: bool,
    pub childlogdir: PathBuf,
    pub user: Option<u32>,
    pub directory: Option<PathBuf>,
    pub strip_ansi: bool,
    pub identifier: String,
    pub environment: BTreeMap<BString, BString>,
}

/// Where supervisord's own log goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MainLog {
    File(PathBuf),
    Syslog,
}

/// How a line of supervisord's own log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MainLogFormat {
    /// As the reference writes it.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

/// Everything one reading of the configuration yields.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The file that was read, as typed or as found; a reread opens it under this name again (CFL-007).
    pub config_file: BString,
    pub supervisord: SupervisordConfig,
    /// Sorted by priority, then name (NAM-015).
    pub groups: Vec<GroupConfig>,
    /// Inet servers first, then unix servers, each in file order (SRV-002).
    pub servers: Vec<ServerConfig>,
    pub rpc_interfaces: Vec<RpcInterface>,
    /// What SUPERVISOR_SERVER_URL says when a program does not set it (SRV-010).
    pub server_url: Option<String>,
    /// Messages collected while reading, to be logged once the log is open (LIF-006).
    pub messages: StartupMessages,
}

/// Messages written in this order once the log is open: all of `critical`, then the warnings, then `infos` (LIF-006).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StartupMessages {
    pub critical: Vec<String>,
    pub warnings: Vec<String>,
    /// Warnings that the reference does not have.
    pub own_warnings: Vec<String>,
    pub infos: Vec<String>,
}
