//! What a configuration asks for beyond the reference, as JSON: members with the names of the options, and only those that
//! say something.

use std::path::Path;

use bstr::{BStr, BString};

use super::{array, bytes, object, text};
use crate::config::extensions::{
    Extensions, FailureAction, HttpData, Liveness, LogFormat, LogTarget, Probe, Reaction,
    StreamExtensions, SyslogProtocol, WhenEnded,
};
use crate::config::paths::from_path;
use crate::config::types::ServerConfig;
use crate::model::signal::Signal;

type Members = Vec<(&'static str, String)>;

/// The extensions of one process.
pub fn extensions(all: &Extensions) -> String {
    // Destructured so that a new field cannot be forgotten here.
    let Extensions {
        further_stopsignals,
        killwaitsecs,
        restartpause,
        restart_delay,
        on_exit,
        on_fatal,
        depends_on,
        hooks,
        liveness,
        cron,
        binary_watch,
        directory_watch,
        env_files,
        gid,
        user_environment,
        conf_file,
        stdout,
        stderr,
        syslog,
    } = all;
    let mut members = Members::new();
    if !further_stopsignals.is_empty() {
        members.push(("further_stopsignals", signals(further_stopsignals)));
    }
    add(
        &mut members,
        "killwaitsecs",
        killwaitsecs.map(|n| n.to_string()),
    );
    if *restartpause > 0 {
        members.push(("restartpause", restartpause.to_string()));
    }
    if let Some(delay) = restart_delay {
        members.push(("restart_delay", delay.first.to_string()));
        members.push(("restart_delay_max", delay.ceiling.to_string()));
    }
    for (name, when) in [("on_exit", on_exit), ("on_fatal", on_fatal)] {
        match when {
            WhenEnded::Ignore => {}
            WhenEnded::Shutdown => members.push((name, text("shutdown"))),
        }
    }
    if !depends_on.is_empty() {
        let shown = depends_on.iter().map(|dependency| {
            let process = dependency.process.as_deref().unwrap_or("*");
            text(&format!("{}:{process}", dependency.group))
        });
        members.push(("depends_on", array(shown)));
    }
    let hook_list = [
        ("pre_start_hook", &hooks.pre_start),
        ("post_start_hook", &hooks.post_start),
        ("pre_stop_hook", &hooks.pre_stop),
        ("post_stop_hook", &hooks.post_stop),
    ];
    for (name, hook) in hook_list {
        add(&mut members, name, hook.as_ref().map(probe));
    }
    if hook_list.iter().any(|(_, hook)| hook.is_some()) {
        members.push(("hook_timeout", hooks.timeout.to_string()));
        members.push((
            "pre_start_hook_required",
            hooks.pre_start_required.to_string(),
        ));
    }
    add(&mut members, "liveness", liveness.as_ref().map(checks));
    add(&mut members, "cron", cron.as_deref().map(text));
    let of_binary = binary_watch.as_ref().map(reaction);
    add(&mut members, "restart_when_binary_changed", of_binary);
    if let Some(watch) = directory_watch {
        members.push(("restart_directory_monitor", path(&watch.path)));
        members.push(("restart_file_pattern", text(&watch.pattern)));
        members.push(("when_file_changed", reaction(&watch.reaction)));
    }
    if !env_files.is_empty() {
        let shown = env_files.iter().map(|file| {
            let mut name = BString::from(if file.optional { "-" } else { "" });
            name.extend_from_slice(&from_path(&file.path));
            bytes(&name)
        });
        members.push(("envfiles", array(shown)));
    }
    add(&mut members, "gid", gid.map(|gid| gid.to_string()));
    if *user_environment {
        members.push(("user_environment", "true".to_owned()));
    }
    add(&mut members, "conf_file", conf_file.as_deref().map(path));
    add(&mut members, "stdout", stream(stdout));
    add(&mut members, "stderr", stream(stderr));
    let number = |number: u8| number.to_string();
    add(&mut members, "syslog_facility", syslog.facility.map(number));
    add(
        &mut members,
        "syslog_stdout_priority",
        syslog.stdout_priority.map(number),
    );
    add(
        &mut members,
        "syslog_stderr_priority",
        syslog.stderr_priority.map(number),
    );
    add(&mut members, "syslog_tag", syslog.tag.as_deref().map(text));
    object(&members)
}

/// What a server has beyond the reference.
pub fn of_server(server: &ServerConfig) -> Members {
    let mut members = Members::new();
    if !server.allowed_hosts.is_empty() {
        let hosts = server.allowed_hosts.iter().map(|host| text(host));
        members.push(("allowed_hosts", array(hosts)));
    }
    add(
        &mut members,
        "nodename",
        server.nodename.as_deref().map(text),
    );
    for (name, wanted) in [
        ("metrics_auth", server.metrics_auth),
        ("health_auth", server.health_auth),
    ] {
        if !wanted {
            members.push((name, "false".to_owned()));
        }
    }
    members
}

fn add(members: &mut Members, name: &'static str, value: Option<String>) {
    members.extend(value.map(|value| (name, value)));
}

fn path(path: &Path) -> String {
    bytes(&from_path(path))
}

fn signals(signals: &[Signal]) -> String {
    array(signals.iter().map(|signal| signal.number().to_string()))
}

fn probe(probe: &Probe) -> String {
    match probe {
        Probe::Command(words) => {
            object(&[("command", array(words.iter().map(|word| bytes(word))))])
        }
        Probe::Tcp(address) => object(&[("tcp", text(address))]),
        Probe::Http(http) => {
            let mut members = vec![("url", text(&http.url))];
            if !http.headers.is_empty() {
                let headers = http.headers.iter();
                let shown = headers.map(|(name, value)| text(&format!("{name}: {value}")));
                members.push(("headers", array(shown)));
            }
            match &http.data {
                None => {}
                Some(HttpData::Text(data)) => members.push(("data", bytes(data))),
                Some(HttpData::File(file)) => members.push(("data_file", path(file))),
            }
            add(&mut members, "ca_file", http.ca_file.as_deref().map(path));
            object(&members)
        }
    }
}

fn checks(liveness: &Liveness) -> String {
    let mut members = vec![
        ("check", probe(&liveness.check)),
        ("initial_delay", liveness.initial_delay.to_string()),
        ("period", liveness.period.to_string()),
        ("timeout", liveness.timeout.to_string()),
        ("success_threshold", liveness.success_threshold.to_string()),
        ("failure_threshold", liveness.failure_threshold.to_string()),
    ];
    add(
        &mut members,
        "success_action",
        liveness.success_action.as_ref().map(probe),
    );
    let action = match &liveness.failure_action {
        FailureAction::Restart => text("restart"),
        FailureAction::Stop => text("stop"),
        FailureAction::Run(action) => probe(action),
    };
    members.push(("failure_action", action));
    object(&members)
}

fn reaction(reaction: &Reaction) -> String {
    match reaction {
        Reaction::Restart => text("restart"),
        Reaction::Signals(list) => signals(list),
        Reaction::Run(command) => probe(command),
    }
}

fn stream(stream: &StreamExtensions) -> Option<String> {
    let StreamExtensions {
        further_targets,
        format,
        written,
    } = stream;
    let mut members = Members::new();
    if !further_targets.is_empty() {
        members.push(("further_targets", array(further_targets.iter().map(target))));
    }
    match format {
        LogFormat::Raw => {}
        LogFormat::Prefix => members.push(("log_format", text("prefix"))),
        LogFormat::Json => members.push(("log_format", text("json"))),
    }
    add(&mut members, "written", written.as_deref().map(text));
    (!members.is_empty()).then(|| object(&members))
}

fn target(target: &LogTarget) -> String {
    match target {
        LogTarget::File(file) => path(file),
        LogTarget::Stdout => text("/dev/stdout"),
        LogTarget::Stderr => text("/dev/stderr"),
        LogTarget::Memory => text("memory"),
        LogTarget::Syslog => text("syslog"),
        LogTarget::RemoteSyslog {
            protocol,
            host,
            port,
        } => {
            let protocol = match protocol {
                SyslogProtocol::Udp => "udp",
                SyslogProtocol::Tcp => "tcp",
            };
            let host = if host.contains(':') {
                format!("[{host}]")
            } else {
                host.clone()
            };
            bytes(BStr::new(&format!("syslog @{protocol}:{host}:{port}")))
        }
    }
}
