//! Options of programs, listeners and FastCGI programs that the reference does not have (GO rows).
//!
//! Most come from the Go rewrite, some are what its users and the reference's asked for. An empty value is as none
//! wherever nothing else is said.

use bstr::{BStr, BString, ByteSlice};

use super::{Row, Table, boolean, bytes, list_of_strings, string};
use crate::config::context::LoadContext;
use crate::config::error::Reason;
use crate::config::extension_value as value;
use crate::config::extensions::{FailureAction, LogFormat, Probe, WhenEnded};
use crate::config::value::integer;
use crate::model::signal::Signal;

pub const KILLWAITSECS: Row<Option<i64>> = Row {
    name: "killwaitsecs",
    default: "",
    read: optional_length,
    help: "How many seconds after KILL it is sent again to a process that is still there; by default stopwaitsecs.",
};

pub const RESTARTPAUSE: Row<i64> = Row {
    name: "restartpause",
    default: "0",
    read: length,
    help: "At least so many seconds lie before any automatic start, after a failed start as after an exit.",
};

pub const RESTART_DELAY: Row<Option<i64>> = Row {
    name: "restart_delay",
    default: "",
    read: optional_length,
    help: "Seconds before an automatic start, after an exit as after a failed start, doubled with each further one in a \
           row.",
};

pub const RESTART_DELAY_MAX: Row<Option<i64>> = Row {
    name: "restart_delay_max",
    default: "",
    read: optional_length,
    help: "The ceiling of restart_delay; by default 300 seconds.",
};

pub const ON_EXIT: Row<WhenEnded> = Row {
    name: "on_exit",
    default: "ignore",
    read: when_ended,
    help: "What supervisord does when the program has ended and is not started again: ignore, or shutdown, which stops \
           everything in order and leaves with the program's exit status.",
};

pub const ON_FATAL: Row<WhenEnded> = Row {
    name: "on_fatal",
    default: "ignore",
    read: when_ended,
    help: "The same for a program that could not be started and has become FATAL.",
};

pub const DEPENDS_ON: Row<Vec<String>> = Row {
    name: "depends_on",
    default: "",
    read: list_of_strings,
    help: "Processes, programs or groups, separated by commas, that must be RUNNING before this one is started and that \
           are stopped after it.",
};

pub const PRE_START_HOOK: Row<Option<Probe>> = Row {
    name: "pre_start_hook",
    default: "",
    read: value::probe,
    help: "Run before every start, retries included: a command without a shell, http(s)://…, tcp://host:port or \
           script://COMMAND.",
};

pub const PRE_START_HOOK_REQUIRED: Row<bool> = Row {
    name: "pre_start_hook_required",
    default: "false",
    read: boolean,
    help: "A pre_start_hook that fails makes the start fail.",
};

pub const POST_START_HOOK: Row<Option<Probe>> = Row {
    name: "post_start_hook",
    default: "",
    read: value::probe,
    help: "Run when the process has become RUNNING.",
};

pub const PRE_STOP_HOOK: Row<Option<Probe>> = Row {
    name: "pre_stop_hook",
    default: "",
    read: value::probe,
    help: "Run before the first signal of a stop.",
};

pub const POST_STOP_HOOK: Row<Option<Probe>> = Row {
    name: "post_stop_hook",
    default: "",
    read: value::probe,
    help: "Run when the process has ended, wanted or not.",
};

pub const HOOK_TIMEOUT: Row<i64> = Row {
    name: "hook_timeout",
    default: "60",
    read: count,
    help: "How many seconds a hook, or the command of a check's action or of a watch, may take; then it is killed with \
           all that it has started.",
};

pub const LIVENESS_CHECK_SCRIPT: Row<Option<Probe>> = Row {
    name: "liveness_check_script",
    default: "",
    read: value::probe,
    help: "The check whether a RUNNING process is healthy: a command without a shell, http(s)://URL [-H 'Name: value'] \
           [-d TEXT|@FILE] [--ca-file FILE], tcp://host:port or script://COMMAND.",
};

pub const LIVENESS_CHECK_INITIAL_DELAY: Row<i64> = Row {
    name: "liveness_check_initial_delay",
    default: "60",
    read: length,
    help: "Seconds from each start to the first check.",
};

pub const LIVENESS_CHECK_PERIOD: Row<i64> = Row {
    name: "liveness_check_period",
    default: "60",
    read: count,
    help: "Seconds from the end of a check to the next.",
};

pub const LIVENESS_CHECK_TIMEOUT: Row<i64> = Row {
    name: "liveness_check_timeout",
    default: "30",
    read: count,
    help: "Seconds after which a check counts as failed and is killed.",
};

pub const LIVENESS_CHECK_SUCCESS_THRESHOLD: Row<i64> = Row {
    name: "liveness_check_success_threshold",
    default: "1",
    read: count,
    help: "How many successes in a row make a process healthy.",
};

pub const LIVENESS_CHECK_FAILURE_THRESHOLD: Row<i64> = Row {
    name: "liveness_check_failure_threshold",
    default: "3",
    read: count,
    help: "How many failures in a row make it unhealthy.",
};

pub const LIVENESS_CHECK_SUCCESS_ACTION: Row<Option<Probe>> = Row {
    name: "liveness_check_success_action",
    default: "",
    read: value::probe,
    help: "Run, like a hook, each time a process becomes healthy.",
};

pub const LIVENESS_CHECK_FAILURE_ACTION: Row<FailureAction> = Row {
    name: "liveness_check_failure_action",
    default: "restart",
    read: value::failure_action,
    help: "What an unhealthy process gets: restart, stop, or something to run, like a hook.",
};

pub const CRON: Row<Option<String>> = Row {
    name: "cron",
    default: "",
    read: value::cron,
    help: "When the program is started if it does not run: minute hour day month weekday, with seconds in front if there \
           are six, or @hourly, @daily and the like, or @every 1h30m; CRON_TZ=Zone may stand before it.",
};

pub const RESTART_WHEN_BINARY_CHANGED: Row<bool> = Row {
    name: "restart_when_binary_changed",
    default: "false",
    read: boolean,
    help: "Watch the program's file, and restart the program when its content has changed.",
};

pub const RESTART_CMD_WHEN_BINARY_CHANGED: Row<Option<Probe>> = Row {
    name: "restart_cmd_when_binary_changed",
    default: "",
    read: value::probe,
    help: "Run this instead, like a hook.",
};

pub const RESTART_SIGNAL_WHEN_BINARY_CHANGED: Row<Vec<Signal>> = Row {
    name: "restart_signal_when_binary_changed",
    default: "",
    read: value::signals,
    help: "Send these signals, separated by blanks, to the process group instead.",
};

pub const RESTART_DIRECTORY_MONITOR: Row<BString> = Row {
    name: "restart_directory_monitor",
    default: "",
    read: bytes,
    help: "Watch all files below this directory, and restart the program when one has changed. Relative to `directory`, \
           without one to the configuration file.",
};

pub const RESTART_FILE_PATTERN: Row<String> = Row {
    name: "restart_file_pattern",
    default: "*",
    read: string,
    help: "Which files count for restart_directory_monitor: a shell pattern for their names without directory.",
};

pub const RESTART_CMD_WHEN_FILE_CHANGED: Row<Option<Probe>> = Row {
    name: "restart_cmd_when_file_changed",
    default: "",
    read: value::probe,
    help: "Run this instead, like a hook.",
};

pub const RESTART_SIGNAL_WHEN_FILE_CHANGED: Row<Vec<Signal>> = Row {
    name: "restart_signal_when_file_changed",
    default: "",
    read: value::signals,
    help: "Send these signals, separated by blanks, to the process group instead.",
};

/// Names are compared without case; the Go version writes `envFiles`.
pub const ENV_FILES: Row<BString> = Row {
    name: "envfiles",
    default: "",
    read: bytes,
    help: "Files with KEY=value lines, separated by commas, read at each start of the program. A later file wins over an \
           earlier one, `environment` over all. One with a - in front may be missing.",
};

pub const USER_ENVIRONMENT: Row<bool> = Row {
    name: "user_environment",
    default: "false",
    read: boolean,
    help: "Set HOME, USER and LOGNAME to those of `user`.",
};

pub const CONF_FILE: Row<BString> = Row {
    name: "conf_file",
    default: "",
    read: bytes,
    help: "A file of the program's own that GET /conf/NAME shows. Relative to `directory`, without one to the \
           configuration file.",
};

pub const STDOUT_LOG_FORMAT: Row<LogFormat> = Row {
    name: "stdout_log_format",
    default: "raw",
    read: value::log_format,
    help: "How stdout is written to its logs: raw, byte by byte; prefix, with time and name before each line; json, an \
           object for each line.",
};

pub const STDERR_LOG_FORMAT: Row<LogFormat> = Row {
    name: "stderr_log_format",
    default: "raw",
    read: value::log_format,
    help: "The same for stderr.",
};

pub const SYSLOG_FACILITY: Row<Option<u8>> = Row {
    name: "syslog_facility",
    default: "",
    read: value::syslog_facility,
    help: "The facility of what goes to syslog, such as DAEMON or LOCAL3.",
};

pub const SYSLOG_STDOUT_PRIORITY: Row<Option<u8>> = Row {
    name: "syslog_stdout_priority",
    default: "",
    read: value::syslog_priority,
    help: "The priority of lines of stdout, such as NOTICE or ERR.",
};

pub const SYSLOG_STDERR_PRIORITY: Row<Option<u8>> = Row {
    name: "syslog_stderr_priority",
    default: "",
    read: value::syslog_priority,
    help: "The priority of lines of stderr.",
};

pub const SYSLOG_TAG: Row<String> = Row {
    name: "syslog_tag",
    default: "",
    read: string,
    help: "The tag of what goes to syslog; by default the name of the process.",
};

pub const TABLE: Table = &[
    &KILLWAITSECS,
    &RESTARTPAUSE,
    &RESTART_DELAY,
    &RESTART_DELAY_MAX,
    &ON_EXIT,
    &ON_FATAL,
    &DEPENDS_ON,
    &PRE_START_HOOK,
    &PRE_START_HOOK_REQUIRED,
    &POST_START_HOOK,
    &PRE_STOP_HOOK,
    &POST_STOP_HOOK,
    &HOOK_TIMEOUT,
    &LIVENESS_CHECK_SCRIPT,
    &LIVENESS_CHECK_INITIAL_DELAY,
    &LIVENESS_CHECK_PERIOD,
    &LIVENESS_CHECK_TIMEOUT,
    &LIVENESS_CHECK_SUCCESS_THRESHOLD,
    &LIVENESS_CHECK_FAILURE_THRESHOLD,
    &LIVENESS_CHECK_SUCCESS_ACTION,
    &LIVENESS_CHECK_FAILURE_ACTION,
    &CRON,
    &RESTART_WHEN_BINARY_CHANGED,
    &RESTART_CMD_WHEN_BINARY_CHANGED,
    &RESTART_SIGNAL_WHEN_BINARY_CHANGED,
    &RESTART_DIRECTORY_MONITOR,
    &RESTART_FILE_PATTERN,
    &RESTART_CMD_WHEN_FILE_CHANGED,
    &RESTART_SIGNAL_WHEN_FILE_CHANGED,
    &ENV_FILES,
    &USER_ENVIRONMENT,
    &CONF_FILE,
    &STDOUT_LOG_FORMAT,
    &STDERR_LOG_FORMAT,
    &SYSLOG_FACILITY,
    &SYSLOG_STDOUT_PRIORITY,
    &SYSLOG_STDERR_PRIORITY,
    &SYSLOG_TAG,
];

/// Whole seconds, none or more.
fn length(text: &BStr, _: &LoadContext) -> Result<i64, Reason> {
    at_least(0, text)
}

/// One or more.
fn count(text: &BStr, _: &LoadContext) -> Result<i64, Reason> {
    at_least(1, text)
}

fn at_least(bound: i64, text: &BStr) -> Result<i64, Reason> {
    match integer(text)? {
        number if number >= bound => Ok(number),
        number => Err(Reason::BelowBound {
            value: number.to_string(),
            bound,
        }),
    }
}

fn optional_length(text: &BStr, context: &LoadContext) -> Result<Option<i64>, Reason> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    length(text, context).map(Some)
}

fn when_ended(text: &BStr, _: &LoadContext) -> Result<WhenEnded, Reason> {
    value::when_ended(text)
}
