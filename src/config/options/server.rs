//! Options of the other sections: `[include]`, groups, listener pools, FastCGI, HTTP servers, plug-ins, `[supervisorctl]`.

use bstr::{BStr, BString};

use super::{OptionalRow, Row, Table, boolean, bytes, integer, list_of_strings, string};
use crate::config::context::LoadContext;
use crate::config::error::Reason;
use crate::config::value;

pub const FILES: OptionalRow<BString> = OptionalRow {
    name: "files",
    read: bytes,
    help: "Further files to read: patterns separated by blanks, relative to this file. Required.",
};

pub const INCLUDE_TABLE: Table = &[&FILES];

pub const PROGRAMS: Row<Vec<String>> = Row {
    name: "programs",
    default: "",
    read: list_of_strings,
    help: "The programs of the group, separated by commas.",
};

pub const GROUP_PRIORITY: Row<i64> = Row {
    name: "priority",
    default: "999",
    read: integer,
    help: "Lower numbers start first and stop last.",
};

pub const GROUP_TABLE: Table = &[&PROGRAMS, &GROUP_PRIORITY];

pub const POOL_PRIORITY: Row<i64> = Row {
    name: "priority",
    default: "-1",
    read: integer,
    help: "As for a group; by default listeners start before and stop after all programs.",
};

pub const BUFFER_SIZE: Row<i64> = Row {
    name: "buffer_size",
    default: "10",
    read: integer,
    help: "How many events wait for a listener that is busy.",
};

pub const RESULT_HANDLER: Row<BString> = Row {
    name: "result_handler",
    default: "supervisor.dispatchers:default_handler",
    read: bytes,
    help: "What judges the answers of the listeners.",
};

pub const EVENTS: Row<Vec<String>> = Row {
    name: "events",
    default: "",
    read: list_of_strings,
    help: "The event types the listeners want, separated by commas. Required.",
};

pub const POOL_REDIRECT_STDERR: Row<bool> = Row {
    name: "redirect_stderr",
    default: "false",
    read: boolean,
    help: "Not allowed for listeners: stdout carries the protocol.",
};

/// Beside those of a program.
pub const EVENT_LISTENER_TABLE: Table = &[
    &POOL_PRIORITY,
    &BUFFER_SIZE,
    &RESULT_HANDLER,
    &EVENTS,
    &POOL_REDIRECT_STDERR,
];

pub const SOCKET: OptionalRow<BString> = OptionalRow {
    name: "socket",
    read: bytes,
    help: "The socket that the processes share: tcp://host:port or unix:///path. Required.",
};

pub const SOCKET_BACKLOG: OptionalRow<i64> = OptionalRow {
    name: "socket_backlog",
    read: integer,
    help: "How many connections may wait (1 to 65535).",
};

pub const SOCKET_OWNER: OptionalRow<BString> = OptionalRow {
    name: "socket_owner",
    read: bytes,
    help: "The owner of a unix socket, as user or user:group.",
};

pub const SOCKET_MODE: OptionalRow<BString> = OptionalRow {
    name: "socket_mode",
    read: bytes,
    help: "The mode of a unix socket (octal); 0700 by default.",
};

/// Beside those of a program.
pub const FCGI_TABLE: Table = &[&SOCKET, &SOCKET_BACKLOG, &SOCKET_OWNER, &SOCKET_MODE];

pub const USERNAME: OptionalRow<String> = OptionalRow {
    name: "username",
    read: string,
    help: "The user name clients must give.",
};

pub const PASSWORD: OptionalRow<String> = OptionalRow {
    name: "password",
    read: string,
    help: "The password clients must give, in clear text or as {SHA} and a hexadecimal SHA-1 digest.",
};

pub const PORT: OptionalRow<(String, u16)> = OptionalRow {
    name: "port",
    read: inet_address,
    help: "host:port, or *:port for all interfaces. Required.",
};

pub const ALLOWED_HOSTS: Row<Vec<String>> = Row {
    name: "allowed_hosts",
    default: "",
    read: list_of_strings,
    help: "Names by which browsers may know this server beside its own, such as that of a proxy, separated by commas; * for any.",
};

pub const INET_SERVER_TABLE: Table = &[&PORT, &USERNAME, &PASSWORD];

/// GO-264.
pub const NODENAME: OptionalRow<String> = OptionalRow {
    name: "nodename",
    read: string,
    help: "What this server calls its node in its REST answers; by default the name of the machine.",
};

pub const METRICS_AUTH: Row<bool> = Row {
    name: "metrics_auth",
    default: "true",
    read: boolean,
    help: "Whether /metrics wants the user name and password, if there are any.",
};

pub const HEALTH_AUTH: Row<bool> = Row {
    name: "health_auth",
    default: "true",
    read: boolean,
    help: "Whether the health endpoints want them.",
};

/// What the reference does not have, in a server of either kind.
pub const SERVER_EXTENSION_TABLE: Table = &[&NODENAME, &METRICS_AUTH, &HEALTH_AUTH];

/// And in an inet server alone.
pub const INET_SERVER_EXTENSION_TABLE: Table = &[&ALLOWED_HOSTS];

pub const FILE: OptionalRow<BString> = OptionalRow {
    name: "file",
    read: bytes,
    help: "The path of the socket. Required.",
};

pub const CHMOD: OptionalRow<BString> = OptionalRow {
    name: "chmod",
    read: bytes,
    help: "The mode of the socket (octal); 0700 by default.",
};

pub const CHOWN: OptionalRow<BString> = OptionalRow {
    name: "chown",
    read: bytes,
    help: "The owner of the socket, as user or user:group.",
};

pub const UNIX_SERVER_TABLE: Table = &[&FILE, &CHMOD, &CHOWN, &USERNAME, &PASSWORD];

pub const RPC_INTERFACE_FACTORY: OptionalRow<BString> = OptionalRow {
    name: "supervisor.rpcinterface_factory",
    read: bytes,
    help: "supervisor.rpcinterface:make_main_rpcinterface. Required.",
};

/// Further keys would be arguments of the factory.
pub const RPC_INTERFACE_TABLE: Table = &[&RPC_INTERFACE_FACTORY];

pub const CTL_FACTORY: OptionalRow<BString> = OptionalRow {
    name: "supervisor.ctl_factory",
    read: bytes,
    help: "A plug-in of Python's supervisorctl. Required.",
};

pub const CTL_SERVERURL: Row<BString> = Row {
    name: "serverurl",
    default: "http://localhost:9001",
    read: bytes,
    help: "Where supervisord is reached: unix:///path or http://host:port.",
};

pub const CTL_PROMPT: Row<String> = Row {
    name: "prompt",
    default: "supervisor",
    read: string,
    help: "The prompt of the shell.",
};

pub const CTL_HISTORY_FILE: OptionalRow<BString> = OptionalRow {
    name: "history_file",
    read: bytes,
    help: "Where the shell keeps its history.",
};

pub const CTL_TABLE: Table = &[
    &CTL_SERVERURL,
    &USERNAME,
    &PASSWORD,
    &CTL_PROMPT,
    &CTL_HISTORY_FILE,
];

fn inet_address(text: &BStr, _: &LoadContext) -> Result<(String, u16), Reason> {
    value::inet_address(text)
}
