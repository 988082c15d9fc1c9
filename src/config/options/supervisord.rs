//! Options of `[supervisord]` (SUP rows).

use std::path::PathBuf;

use bstr::{BStr, BString};

use super::{OptionalRow, Row, Table, boolean, byte_size, bytes, integer, mode, string};
use crate::config::context::LoadContext;
use crate::config::error::Reason;
use crate::config::extension_value::main_log_format;
use crate::config::types::MainLogFormat;
use crate::config::value;

pub const MINFDS: Row<i64> = Row {
    name: "minfds",
    default: "1024",
    read: integer,
    help: "How many file descriptors must be available before supervisord starts.",
};

pub const MINPROCS: Row<i64> = Row {
    name: "minprocs",
    default: "200",
    read: integer,
    help: "How many processes must be available before supervisord starts.",
};

pub const DIRECTORY: OptionalRow<PathBuf> = OptionalRow {
    name: "directory",
    read: existing_directory,
    help: "Where supervisord goes when it becomes a daemon.",
};

pub const USER: OptionalRow<BString> = OptionalRow {
    name: "user",
    read: bytes,
    help: "The user, by name or number, that supervisord becomes when started as root.",
};

pub const UMASK: Row<u32> = Row {
    name: "umask",
    default: "022",
    read: mode,
    help: "The file mode mask (octal) taken on when supervisord becomes a daemon.",
};

pub const LOGFILE: Row<PathBuf> = Row {
    name: "logfile",
    default: "supervisord.log",
    read: existing_dirpath,
    help: "The file for supervisord's own log, or `syslog`.",
};

pub const LOGFILE_MAXBYTES: Row<i64> = Row {
    name: "logfile_maxbytes",
    default: "50MB",
    read: byte_size,
    help: "The size at which the log is rotated; 0 means never.",
};

pub const LOGFILE_BACKUPS: Row<i64> = Row {
    name: "logfile_backups",
    default: "10",
    read: integer,
    help: "How many rotated logs are kept; 0 means that a full log is emptied.",
};

pub const LOGLEVEL: Row<i32> = Row {
    name: "loglevel",
    default: "info",
    read: log_level,
    help: "What is logged: critical, error, warn, info, debug, trace or blather, each with all before it.",
};

pub const PIDFILE: Row<PathBuf> = Row {
    name: "pidfile",
    default: "supervisord.pid",
    read: existing_dirpath,
    help: "The file that holds supervisord's process number while it runs.",
};

pub const IDENTIFIER: Row<String> = Row {
    name: "identifier",
    default: "supervisor",
    read: string,
    help: "The name of this supervisord for its clients and in the names of AUTO logs.",
};

pub const NODAEMON: Row<bool> = Row {
    name: "nodaemon",
    default: "false",
    read: boolean,
    help: "Stay in the foreground.",
};

pub const SILENT: Row<bool> = Row {
    name: "silent",
    default: "false",
    read: boolean,
    help: "In the foreground, do not show the log on stdout.",
};

/// Its default is the machine's directory for temporary files, looked for when it is needed (SUP-012).
pub const CHILDLOGDIR: OptionalRow<PathBuf> = OptionalRow {
    name: "childlogdir",
    read: existing_directory,
    help: "Where AUTO logs go; by default the directory for temporary files.",
};

pub const NOCLEANUP: Row<bool> = Row {
    name: "nocleanup",
    default: "false",
    read: boolean,
    help: "Keep the AUTO logs of earlier runs.",
};

pub const STRIP_ANSI: Row<bool> = Row {
    name: "strip_ansi",
    default: "false",
    read: boolean,
    help: "Remove terminal escape sequences from the programs' logs.",
};

pub const ENVIRONMENT: Row<BString> = Row {
    name: "environment",
    default: "",
    read: bytes,
    help: "Variables for all programs, as KEY=\"value\",KEY2=\"value2\".",
};

pub const TABLE: Table = &[
    &MINFDS,
    &MINPROCS,
    &DIRECTORY,
    &USER,
    &UMASK,
    &LOGFILE,
    &LOGFILE_MAXBYTES,
    &LOGFILE_BACKUPS,
    &LOGLEVEL,
    &PIDFILE,
    &IDENTIFIER,
    &NODAEMON,
    &SILENT,
    &CHILDLOGDIR,
    &NOCLEANUP,
    &STRIP_ANSI,
    &ENVIRONMENT,
];

/// GO-015; without it the variable LOG_FORMAT counts, as in the Go version.
pub const LOG_FORMAT: Row<Option<MainLogFormat>> = Row {
    name: "log_format",
    default: "",
    read: main_log_format,
    help: "The form of supervisord's own log: text, or json, an object for each line; by default what the variable \
           LOG_FORMAT says, else text.",
};

/// What the reference does not have.
pub const EXTENSION_TABLE: Table = &[&LOG_FORMAT];

fn existing_directory(text: &BStr, context: &LoadContext) -> Result<PathBuf, Reason> {
    value::existing_directory(text, context)
}

fn existing_dirpath(text: &BStr, context: &LoadContext) -> Result<PathBuf, Reason> {
    value::existing_dirpath(text, context)
}

fn log_level(text: &BStr, _: &LoadContext) -> Result<i32, Reason> {
    value::log_level(text)
}
