//! What a program may ask for beyond the reference: the options of the Go rewrite, and what its users wished for.
//!
//! Plain data, like the rest of the typed configuration. A [`ProcessConfig`](super::types::ProcessConfig) holds
//! `None` where a section uses none of it, so that nothing costs anything there and every trace stays the
//! reference's. Each field names its option and the row it comes from (GO-…, `docs/parity/go-extensions.md`).

use std::path::PathBuf;

use bstr::BString;

use crate::model::signal::Signal;

/// All extensions of one process.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Extensions {
    /// `stopsignal` is a list: what is sent after the first, `stopwaitsecs` apart, before SIGKILL (GO-129).
    pub further_stopsignals: Vec<Signal>,
    /// `killwaitsecs`: the pace at which SIGKILL is repeated, in seconds (GO-132). Default: `stopwaitsecs`.
    pub killwaitsecs: Option<i64>,
    /// `restartpause`: at least so many seconds before any automatic start after a failure or an exit (GO-164, GO-165).
    pub restartpause: i64,
    /// `restart_delay` and `restart_delay_max`, in seconds: the delay before an automatic restart, doubled with each
    /// further one in a row up to the ceiling.
    pub restart_delay: Option<RestartDelay>,
    /// `on_exit`: what a final end (one that brings no restart) means for supervisord (GO-402).
    pub on_exit: WhenEnded,
    /// `on_fatal`: what entering FATAL means for supervisord (GO-402).
    pub on_fatal: WhenEnded,
    /// `depends_on`, resolved: whoever must be RUNNING first (GO-184 to GO-191).
    pub depends_on: Vec<Dependency>,
    pub hooks: Hooks,
    /// `liveness_check_…` (GO-198 to GO-216).
    pub liveness: Option<Liveness>,
    /// `cron`, as written and checked (GO-217 to GO-225).
    pub cron: Option<String>,
    /// `restart_when_binary_changed` and its two companions (GO-166 to GO-173).
    pub binary_watch: Option<Reaction>,
    /// `restart_directory_monitor` and its companions (GO-174 to GO-178).
    pub directory_watch: Option<DirectoryWatch>,
    /// `envFiles`, read again at each start; later files win over earlier ones, `environment` over all (GO-157).
    pub env_files: Vec<EnvFile>,
    /// The group of `user = name:group`.
    pub gid: Option<u32>,
    /// `user_environment`: HOME, USER and LOGNAME are those of `user` (GO-140).
    pub user_environment: bool,
    /// `conf_file`, shown by `GET /conf/{program}` (GO-226).
    pub conf_file: Option<PathBuf>,
    pub stdout: StreamExtensions,
    pub stderr: StreamExtensions,
    /// `syslog_facility`, `syslog_…_priority`, `syslog_tag` (GO-227 to GO-229).
    pub syslog: SyslogOptions,
}

impl Extensions {
    /// Whether somebody has to look after the program beside the machine: checks, watches, a schedule.
    pub fn wants_attention(&self) -> bool {
        self.liveness.is_some()
            || self.cron.is_some()
            || self.binary_watch.is_some()
            || self.directory_watch.is_some()
    }
}

/// One of `envFiles` (GO-157 to GO-163).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvFile {
    pub path: PathBuf,
    /// Written with a `-` in front: that there is no such file is no mistake (GO-159).
    pub optional: bool,
}

/// A growing pause before automatic starts. It starts over once a child was RUNNING for longer than the pause before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RestartDelay {
    /// Seconds before the first restart.
    pub first: i64,
    /// Never more seconds than this.
    pub ceiling: i64,
}

/// What the end of a program means for supervisord.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WhenEnded {
    #[default]
    Ignore,
    /// Stop everything in order and leave with this program's exit status.
    Shutdown,
}

/// One of those that must be RUNNING first. Names were checked when the configuration was read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dependency {
    pub group: String,
    /// `None`: every process of the group.
    pub process: Option<String>,
}

/// What is run around a program's life; each is a command without a shell, `http(s)://…`, `tcp://host:port` or
/// `script://COMMAND` (GO-192 to GO-197, GO-406).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Hooks {
    /// Before every spawn, retries included.
    pub pre_start: Option<Probe>,
    /// After RUNNING was entered.
    pub post_start: Option<Probe>,
    /// After STOPPING was entered, before the first signal.
    pub pre_stop: Option<Probe>,
    /// After the child has ended, wanted or not.
    pub post_stop: Option<Probe>,
    /// `hook_timeout`, seconds; then the hook's process group is killed. Default 60 (GO-193).
    pub timeout: i64,
    /// `pre_start_hook_required`: a start hook that fails makes the start fail. Default false (GO-193).
    pub pre_start_required: bool,
}

/// Something that succeeds or fails: a liveness check or a hook (GO-199).
#[derive(Debug, Clone, PartialEq)]
pub enum Probe {
    /// Words of a command; run without a shell as the program's user, in its directory, with its environment (GO-183).
    Command(Vec<BString>),
    /// `host:port`; success when the connection opens (GO-203).
    Tcp(String),
    Http(HttpProbe),
}

/// `http://URL [-H 'Name: value']… [-d TEXT|@FILE]`; success for status 200 to 399, redirects followed (GO-200, GO-201).
#[derive(Debug, Clone, PartialEq)]
pub struct HttpProbe {
    pub url: String,
    pub headers: Vec<(String, String)>,
    /// With data it is a POST.
    pub data: Option<HttpData>,
    /// `--ca-file`, PEM.
    pub ca_file: Option<PathBuf>,
}

/// The body of an HTTP probe.
#[derive(Debug, Clone, PartialEq)]
pub enum HttpData {
    Text(BString),
    /// `@FILE`, read at each probe.
    File(PathBuf),
}

/// When a running process counts as failed, and what is done about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Liveness {
    pub check: Probe,
    /// Seconds from each start to the first check. Default 60 (GO-205, GO-206).
    pub initial_delay: i64,
    /// Seconds from the end of one check to the next. Default 60 (GO-207).
    pub period: i64,
    /// Seconds. Default 30 (GO-208).
    pub timeout: i64,
    /// Successes in a row. Default 1 (GO-209).
    pub success_threshold: i64,
    /// Failures in a row. Default 3 (GO-210).
    pub failure_threshold: i64,
    /// Run once each time the process turns healthy (GO-211).
    pub success_action: Option<Probe>,
    /// Default: restart (GO-212).
    pub failure_action: FailureAction,
}

/// What an unhealthy process gets.
#[derive(Debug, Clone, PartialEq)]
pub enum FailureAction {
    Restart,
    Stop,
    Run(Probe),
}

/// What a changed file brings about (GO-171 to GO-173, GO-178).
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Reaction {
    /// Stop, then start.
    #[default]
    Restart,
    /// To the whole process group, one after the other.
    Signals(Vec<Signal>),
    Run(Probe),
}

/// `restart_directory_monitor`: all files below, links to directories not followed (GO-174).
#[derive(Debug, Clone, PartialEq)]
pub struct DirectoryWatch {
    pub path: PathBuf,
    /// `restart_file_pattern`, a shell pattern for base names. Default `*` (GO-176).
    pub pattern: String,
    pub reaction: Reaction,
}

/// What one stream has beyond [`StreamConfig`](super::types::StreamConfig), whose `logfile` stays the first file
/// target: it is what is read, tailed and cleared (GO-231).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StreamExtensions {
    /// Further targets, each gets everything (GO-230).
    pub further_targets: Vec<LogTarget>,
    /// `stdout_log_format`, `stderr_log_format`.
    pub format: LogFormat,
    /// The option's value as written, where it is more than one file; REST shows it (GO-291).
    pub written: Option<String>,
}

/// One place that output goes to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogTarget {
    /// Rotated as the stream's options say. Two streams that name one path share one writer (GO-232).
    File(PathBuf),
    /// supervisord's own stdout: never rotated, no `maxbytes=0` needed (GO-233).
    Stdout,
    /// supervisord's own stderr.
    Stderr,
    /// The last output, in memory, bounded in bytes (GO-241).
    Memory,
    /// The local syslog daemon (GO-235).
    Syslog,
    /// `syslog @[protocol:]host[:port]` (GO-236, GO-237).
    RemoteSyslog {
        protocol: SyslogProtocol,
        host: String,
        port: u16,
    },
}

/// How a remote syslog is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SyslogProtocol {
    /// Default port 514.
    Udp,
    /// Default port 6514.
    Tcp,
}

/// How a line of output is written to its log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// Byte by byte as the child wrote it.
    #[default]
    Raw,
    /// Each line with time and name before it.
    Prefix,
    /// Each line as one JSON object with time, name, stream and text.
    Json,
}

/// What messages to syslog carry (RFC 5424 numbers).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SyslogOptions {
    /// Default LOCAL0 for the extension's targets (GO-227).
    pub facility: Option<u8>,
    /// Default NOTICE (GO-228).
    pub stdout_priority: Option<u8>,
    pub stderr_priority: Option<u8>,
    /// Default: the process's name (GO-229).
    pub tag: Option<String>,
}
