//! Options of `[program:x]`, which `[eventlistener:x]` and `[fcgi-program:x]` have too (PRG rows).

use bstr::{BStr, BString};

use super::{OptionalRow, Row, Table, boolean, byte_size, bytes, integer, mode, string};
use crate::config::context::LoadContext;
use crate::config::error::Reason;
use crate::config::extension_value::stop_signals;
use crate::config::types::Autorestart;
use crate::config::value::{self, LogFileName};
use crate::model::signal::Signal;

pub const COMMAND: OptionalRow<BString> = OptionalRow {
    name: "command",
    read: bytes,
    help: "What is run; a program without a directory part is looked for along PATH. Required.",
};

pub const PROCESS_NAME: Row<BString> = Row {
    name: "process_name",
    default: "%(program_name)s",
    read: bytes,
    help: "The name of each process; with numprocs above 1 it must contain %(process_num).",
};

pub const NUMPROCS: Row<i64> = Row {
    name: "numprocs",
    default: "1",
    read: integer,
    help: "How many processes this section makes.",
};

pub const NUMPROCS_START: Row<i64> = Row {
    name: "numprocs_start",
    default: "0",
    read: integer,
    help: "The first process_num.",
};

pub const PRIORITY: Row<i64> = Row {
    name: "priority",
    default: "999",
    read: integer,
    help: "Lower numbers start first and stop last.",
};

pub const AUTOSTART: Row<bool> = Row {
    name: "autostart",
    default: "true",
    read: boolean,
    help: "Start together with supervisord.",
};

pub const AUTORESTART: Row<Autorestart> = Row {
    name: "autorestart",
    default: "unexpected",
    read: autorestart,
    help: "Start again after an exit: true, false, or unexpected for statuses that exitcodes does not list.",
};

pub const STARTSECS: Row<i64> = Row {
    name: "startsecs",
    default: "1",
    read: integer,
    help: "How many seconds the process must stay up to count as started.",
};

pub const STARTRETRIES: Row<i64> = Row {
    name: "startretries",
    default: "3",
    read: integer,
    help: "How many failed starts are followed by another try; -1 for any number.",
};

pub const EXITCODES: Row<Vec<u8>> = Row {
    name: "exitcodes",
    default: "0",
    read: exit_codes,
    help: "Exit statuses that are expected, separated by commas.",
};

/// Beyond the reference several, separated by blanks (GO-129).
pub const STOPSIGNAL: Row<Vec<Signal>> = Row {
    name: "stopsignal",
    default: "TERM",
    read: stop_signals,
    help: "The signal that asks the process to end; several, separated by blanks, are sent stopwaitsecs apart.",
};

pub const STOPWAITSECS: Row<i64> = Row {
    name: "stopwaitsecs",
    default: "10",
    read: integer,
    help: "How many seconds the process has to end before it is killed.",
};

pub const STOPASGROUP: Row<bool> = Row {
    name: "stopasgroup",
    default: "false",
    read: boolean,
    help: "Send the stop signal to the whole process group; implies killasgroup.",
};

/// By default what `stopasgroup` says (PRG-013).
pub const KILLASGROUP: OptionalRow<bool> = OptionalRow {
    name: "killasgroup",
    read: boolean,
    help: "Send KILL to the whole process group; by default as stopasgroup.",
};

/// Beyond the reference with a group (GO-138).
pub const USER: OptionalRow<(u32, Option<u32>)> = OptionalRow {
    name: "user",
    read: value::user_maybe_group,
    help: "The user, by name or number, that the process runs as; with user:group in that group.",
};

pub const UMASK: OptionalRow<u32> = OptionalRow {
    name: "umask",
    read: mode,
    help: "The file mode mask of the process (octal); by default supervisord's.",
};

pub const DIRECTORY: OptionalRow<BString> = OptionalRow {
    name: "directory",
    read: bytes,
    help: "The working directory of the process.",
};

pub const REDIRECT_STDERR: Row<bool> = Row {
    name: "redirect_stderr",
    default: "false",
    read: boolean,
    help: "Send stderr of the process to its stdout.",
};

pub const ENVIRONMENT: Row<BString> = Row {
    name: "environment",
    default: "",
    read: bytes,
    help: "Variables of the process, as KEY=\"value\",KEY2=\"value2\"; over those of [supervisord].",
};

pub const SERVERURL: OptionalRow<String> = OptionalRow {
    name: "serverurl",
    read: string,
    help: "The value of SUPERVISOR_SERVER_URL; AUTO derives it, an empty value leaves it out.",
};

/// The options that each output stream has under its own name.
pub struct StreamRows {
    pub logfile: Row<LogFileName>,
    pub backups: Row<i64>,
    pub maxbytes: Row<i64>,
    pub capture_maxbytes: Row<i64>,
    pub events_enabled: Row<bool>,
    pub syslog: Row<bool>,
}

pub const STDOUT: StreamRows = StreamRows {
    logfile: Row {
        name: "stdout_logfile",
        default: "AUTO",
        read: log_file,
        help: "The file for stdout: a path, AUTO or NONE.",
    },
    backups: Row {
        name: "stdout_logfile_backups",
        default: "10",
        read: integer,
        help: "How many rotated files of stdout are kept.",
    },
    maxbytes: Row {
        name: "stdout_logfile_maxbytes",
        default: "50MB",
        read: byte_size,
        help: "The size at which the stdout file is rotated; 0 means never.",
    },
    capture_maxbytes: Row {
        name: "stdout_capture_maxbytes",
        default: "0",
        read: byte_size,
        help: "How much of a communication between capture tokens on stdout is kept; 0 turns capture off.",
    },
    events_enabled: Row {
        name: "stdout_events_enabled",
        default: "false",
        read: boolean,
        help: "Emit PROCESS_LOG_STDOUT events.",
    },
    syslog: Row {
        name: "stdout_syslog",
        default: "false",
        read: boolean,
        help: "Send stdout to syslog as well.",
    },
};

pub const STDERR: StreamRows = StreamRows {
    logfile: Row {
        name: "stderr_logfile",
        default: "AUTO",
        read: log_file,
        help: "The file for stderr: a path, AUTO or NONE.",
    },
    backups: Row {
        name: "stderr_logfile_backups",
        default: "10",
        read: integer,
        help: "How many rotated files of stderr are kept.",
    },
    maxbytes: Row {
        name: "stderr_logfile_maxbytes",
        default: "50MB",
        read: byte_size,
        help: "The size at which the stderr file is rotated; 0 means never.",
    },
    capture_maxbytes: Row {
        name: "stderr_capture_maxbytes",
        default: "0",
        read: byte_size,
        help: "How much of a communication between capture tokens on stderr is kept; 0 turns capture off.",
    },
    events_enabled: Row {
        name: "stderr_events_enabled",
        default: "false",
        read: boolean,
        help: "Emit PROCESS_LOG_STDERR events.",
    },
    syslog: Row {
        name: "stderr_syslog",
        default: "false",
        read: boolean,
        help: "Send stderr to syslog as well.",
    },
};

pub const TABLE: Table = &[
    &COMMAND,
    &PROCESS_NAME,
    &NUMPROCS,
    &NUMPROCS_START,
    &PRIORITY,
    &AUTOSTART,
    &AUTORESTART,
    &STARTSECS,
    &STARTRETRIES,
    &EXITCODES,
    &STOPSIGNAL,
    &STOPWAITSECS,
    &STOPASGROUP,
    &KILLASGROUP,
    &USER,
    &UMASK,
    &DIRECTORY,
    &REDIRECT_STDERR,
    &STDOUT.logfile,
    &STDOUT.maxbytes,
    &STDOUT.backups,
    &STDOUT.capture_maxbytes,
    &STDOUT.events_enabled,
    &STDOUT.syslog,
    &STDERR.logfile,
    &STDERR.maxbytes,
    &STDERR.backups,
    &STDERR.capture_maxbytes,
    &STDERR.events_enabled,
    &STDERR.syslog,
    &ENVIRONMENT,
    &SERVERURL,
];

fn autorestart(text: &BStr, _: &LoadContext) -> Result<Autorestart, Reason> {
    value::autorestart(text)
}

fn exit_codes(text: &BStr, _: &LoadContext) -> Result<Vec<u8>, Reason> {
    value::exit_codes(text)
}

fn log_file(text: &BStr, context: &LoadContext) -> Result<LogFileName, Reason> {
    value::log_file(text, context)
}
