//! A configuration as one line of JSON, for people who debug one and for the comparison with the reference.
//!
//! Only writing, and only what a configuration holds; the names of the members are the reference's attribute names.

mod extensions;

use std::fmt::Write;

use bstr::BStr;

use super::paths::from_path;
use super::text::characters;
use super::types::{
    Autorestart, Config, EventListenerConfig, FcgiConfig, GroupConfig, GroupKind, LogFile, MainLog,
    ProcessConfig, ServerAddress, ServerConfig, StreamConfig, SupervisordConfig,
};

/// The whole configuration.
pub fn dump(config: &Config) -> String {
    object(&[
        ("supervisord", supervisord(&config.supervisord)),
        ("groups", array(config.groups.iter().map(group))),
        ("servers", array(config.servers.iter().map(server))),
        (
            "rpcinterfaces",
            array(
                config
                    .rpc_interfaces
                    .iter()
                    .map(|interface| text(&interface.namespace)),
            ),
        ),
        ("serverurl", optional(config.server_url.as_deref(), text)),
        (
            "warnings",
            array(config.messages.warnings.iter().map(|line| text(line))),
        ),
        (
            "infos",
            array(config.messages.infos.iter().map(|line| text(line))),
        ),
    ])
}

fn supervisord(config: &SupervisordConfig) -> String {
    object(&[
        (
            "logfile",
            match &config.logfile {
                MainLog::File(path) => bytes(&from_path(path)),
                MainLog::Syslog => text("syslog"),
            },
        ),
        ("logfile_maxbytes", config.logfile_maxbytes.to_string()),
        ("logfile_backups", config.logfile_backups.to_string()),
        ("loglevel", config.loglevel.to_string()),
        ("pidfile", bytes(&from_path(&config.pidfile))),
        ("umask", config.umask.to_string()),
        ("nodaemon", config.nodaemon.to_string()),
        ("silent", config.silent.to_string()),
        ("minfds", config.minfds.to_string()),
        ("minprocs", config.minprocs.to_string()),
        ("nocleanup", config.nocleanup.to_string()),
        ("childlogdir", bytes(&from_path(&config.childlogdir))),
        ("uid", optional(config.user, |uid| uid.to_string())),
        (
            "directory",
            optional(config.directory.as_ref(), |path| bytes(&from_path(path))),
        ),
        ("strip_ansi", config.strip_ansi.to_string()),
        ("identifier", text(&config.identifier)),
        ("environment", environment(&config.environment)),
    ])
}

fn group(group: &GroupConfig) -> String {
    let (kind, own) = match &group.kind {
        GroupKind::Programs => ("programs", Vec::new()),
        GroupKind::EventListener(pool) => ("eventlistener", pool_members(pool)),
        GroupKind::Fcgi(fcgi) => ("fcgi", fcgi_members(fcgi)),
    };
    let mut members = vec![
        ("name", text(&group.name)),
        ("priority", group.priority.to_string()),
        ("kind", text(kind)),
    ];
    members.extend(own);
    members.push((
        "processes",
        array(group.processes.iter().map(|member| process(member))),
    ));
    object(&members)
}

fn pool_members(pool: &EventListenerConfig) -> Vec<(&'static str, String)> {
    let mut events = pool.events.clone();
    events.sort();
    vec![
        ("events", array(events.iter().map(|event| text(event)))),
        ("buffer_size", pool.buffer_size.to_string()),
    ]
}

fn fcgi_members(fcgi: &FcgiConfig) -> Vec<(&'static str, String)> {
    vec![
        ("url", text(&fcgi.url)),
        (
            "owner",
            optional(fcgi.owner, |(uid, gid)| {
                array([uid.to_string(), or_minus_one(gid)])
            }),
        ),
        ("mode", optional(fcgi.mode, |mode| mode.to_string())),
        (
            "backlog",
            optional(fcgi.backlog, |backlog| backlog.to_string()),
        ),
    ]
}

fn process(process: &ProcessConfig) -> String {
    let mut members = vec![
        ("name", text(&process.name)),
        ("command", bytes(&process.command)),
        (
            "directory",
            optional(process.directory.as_ref(), |path| bytes(path)),
        ),
        ("umask", optional(process.umask, |mask| mask.to_string())),
        ("uid", optional(process.uid, |uid| uid.to_string())),
        ("priority", process.priority.to_string()),
        ("autostart", process.autostart.to_string()),
        (
            "autorestart",
            text(match process.autorestart {
                Autorestart::Never => "never",
                Autorestart::Unexpected => "unexpected",
                Autorestart::Always => "always",
            }),
        ),
        ("startsecs", process.startsecs.to_string()),
        ("startretries", process.startretries.to_string()),
        ("stopsignal", process.stopsignal.number().to_string()),
        ("stopwaitsecs", process.stopwaitsecs.to_string()),
        ("stopasgroup", process.stopasgroup.to_string()),
        ("killasgroup", process.killasgroup.to_string()),
        (
            "exitcodes",
            array(process.exitcodes.iter().map(ToString::to_string)),
        ),
        ("redirect_stderr", process.redirect_stderr.to_string()),
        ("environment", environment(&process.environment)),
        ("serverurl", optional(process.serverurl.as_deref(), text)),
    ];
    members.push(("stdout", stream(&process.stdout)));
    members.push(("stderr", stream(&process.stderr)));
    if let Some(more) = &process.extensions {
        members.push(("extensions", extensions::extensions(more)));
    }
    object(&members)
}

fn stream(stream: &StreamConfig) -> String {
    object(&[
        (
            "logfile",
            match &stream.logfile {
                LogFile::None => "null".to_owned(),
                LogFile::Auto => "true".to_owned(),
                LogFile::Path(path) => bytes(&from_path(path)),
            },
        ),
        ("logfile_maxbytes", stream.logfile_maxbytes.to_string()),
        ("logfile_backups", stream.logfile_backups.to_string()),
        ("capture_maxbytes", stream.capture_maxbytes.to_string()),
        ("events_enabled", stream.events_enabled.to_string()),
        ("syslog", stream.syslog.to_string()),
    ])
}

fn server(server: &ServerConfig) -> String {
    let mut members = vec![
        ("section", text(&server.section)),
        ("username", optional(server.username.as_deref(), text)),
        ("password", optional(server.password.as_deref(), text)),
    ];
    match &server.address {
        ServerAddress::Inet { host, port } => {
            members.push(("host", text(host)));
            members.push(("port", port.to_string()));
        }
        ServerAddress::Unix {
            path,
            mode,
            owner,
            group,
        } => {
            members.push(("file", bytes(&from_path(path))));
            members.push(("chmod", mode.to_string()));
            members.push(("chown", array([or_minus_one(*owner), or_minus_one(*group)])));
        }
    }
    members.extend(extensions::of_server(server));
    object(&members)
}

fn or_minus_one(id: Option<u32>) -> String {
    id.map_or_else(|| "-1".to_owned(), |id| id.to_string())
}

fn environment<'a>(
    pairs: impl IntoIterator<Item = (&'a bstr::BString, &'a bstr::BString)>,
) -> String {
    let pairs: Vec<String> = pairs
        .into_iter()
        .map(|(name, value)| format!("{}: {}", bytes(name), bytes(value)))
        .collect();
    format!("{{{}}}", pairs.join(", "))
}

fn object(members: &[(&str, String)]) -> String {
    let shown: Vec<String> = members
        .iter()
        .map(|(name, value)| format!("{}: {value}", text(name)))
        .collect();
    format!("{{{}}}", shown.join(", "))
}

fn array(items: impl IntoIterator<Item = String>) -> String {
    let items: Vec<String> = items.into_iter().collect();
    format!("[{}]", items.join(", "))
}

fn optional<T>(value: Option<T>, show: impl FnOnce(T) -> String) -> String {
    value.map_or_else(|| "null".to_owned(), show)
}

/// A JSON string.
pub fn text(text: &str) -> String {
    bytes(text.as_bytes())
}

/// A JSON string of bytes: those that are not UTF-8 appear as Python's lone surrogates.
fn bytes(bytes: &[u8]) -> String {
    let mut out = String::from('"');
    for character in characters(BStr::new(bytes)) {
        match char::from_u32(character) {
            Some('"') => out.push_str("\\\""),
            Some('\\') => out.push_str("\\\\"),
            Some('\n') => out.push_str("\\n"),
            Some('\r') => out.push_str("\\r"),
            Some('\t') => out.push_str("\\t"),
            Some(c) if c >= ' ' => out.push(c),
            // Writing to a String cannot fail.
            _ => {
                let _ = write!(out, "\\u{character:04x}");
            }
        }
    }
    out.push('"');
    out
}
