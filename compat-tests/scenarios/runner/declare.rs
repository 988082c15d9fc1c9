//! The declarations of a scenario: groups, programs and pools of listeners.

use std::collections::BTreeMap;
use std::rc::Rc;

use supervisord::config::extensions::Extensions;
use supervisord::config::types::{
    Autorestart, EventListenerConfig, GroupConfig, GroupKind, LogFile, ProcessConfig, StreamConfig,
};
use supervisord::model::signal::Signal;

use super::{Scenario, extend, number};

impl Scenario {
    pub fn declare_group(&mut self, words: &[&str]) -> Result<(), String> {
        let [name, options @ ..] = words else {
            return Err("a group needs a name".to_owned());
        };
        let mut priority = 999;
        for option in options {
            match option.split_once('=') {
                Some(("priority", value)) => priority = number(value)?,
                _ => return Err(format!("unknown option {option}")),
            }
        }
        self.groups.push(GroupConfig {
            name: (*name).to_owned(),
            priority,
            kind: GroupKind::Programs,
            processes: Vec::new(),
        });
        Ok(())
    }

    pub fn declare_program(&mut self, words: &[&str]) -> Result<(), String> {
        let [name, options @ ..] = words else {
            return Err("a program needs a name".to_owned());
        };
        let (config, group) = program(name, options)?;
        match group {
            Some(name) => match self.groups.iter_mut().find(|group| group.name == name) {
                Some(group) => group.processes.push(Rc::new(config)),
                None => return Err(format!("no group {name}")),
            },
            None => self.groups.push(GroupConfig {
                name: config.name.clone(),
                priority: config.priority,
                kind: GroupKind::Programs,
                processes: vec![Rc::new(config)],
            }),
        }
        Ok(())
    }

    /// A pool: its own options, and those of a program for each of its processes.
    pub fn declare_listener(&mut self, words: &[&str]) -> Result<(), String> {
        let [name, options @ ..] = words else {
            return Err("a listener needs a name".to_owned());
        };
        let mut pool = EventListenerConfig {
            events: Vec::new(),
            buffer_size: 10,
            result_handler: "supervisor.dispatchers:default_handler".to_owned(),
        };
        let mut numprocs = None;
        let mut priority = -1;
        let mut rest = Vec::new();
        for option in options {
            match option.split_once('=') {
                Some(("events", value)) => {
                    pool.events = value.split(',').map(str::to_owned).collect();
                }
                Some(("buffer_size", value)) => pool.buffer_size = number(value)?,
                Some(("numprocs", value)) => numprocs = Some(number::<usize>(value)?),
                Some(("pool_priority", value)) => priority = number(value)?,
                _ => rest.push(*option),
            }
        }
        let names = match numprocs {
            None => vec![(*name).to_owned()],
            Some(count) => (0..count).map(|at| format!("{name}{at}")).collect(),
        };
        let mut processes = Vec::new();
        for process in names {
            let (config, _) = program(name, &rest)?;
            processes.push(Rc::new(ProcessConfig {
                name: process.clone(),
                command: process.into(),
                ..config
            }));
        }
        self.groups.push(GroupConfig {
            name: (*name).to_owned(),
            priority,
            kind: GroupKind::EventListener(pool),
            processes,
        });
        Ok(())
    }
}

/// A program with these options, and the group it names.
fn program<'a>(
    name: &str,
    options: &[&'a str],
) -> Result<(ProcessConfig, Option<&'a str>), String> {
    let mut config = plain_program(name);
    let mut group = None;
    let mut killasgroup = None;
    let mut extensions = Extensions::default();
    for option in options {
        let (key, value) = option.split_once('=').ok_or("an option needs a value")?;
        match key {
            "group" => group = Some(value),
            "priority" => config.priority = number(value)?,
            "autostart" => config.autostart = value == "true",
            "autorestart" => {
                config.autorestart = match value {
                    "true" => Autorestart::Always,
                    "false" => Autorestart::Never,
                    _ => Autorestart::Unexpected,
                }
            }
            "startsecs" => config.startsecs = number(value)?,
            "startretries" => config.startretries = number(value)?,
            "exitcodes" => {
                let codes = value.split(',').filter(|code| !code.is_empty());
                config.exitcodes = codes
                    .map(|code| code.parse().map_err(|_| "not an exit code"))
                    .collect::<Result<_, _>>()?;
            }
            "stopsignal" => config.stopsignal = Signal::parse(value).ok_or("not a signal")?,
            "stopwaitsecs" => config.stopwaitsecs = number(value)?,
            "stopasgroup" => config.stopasgroup = value == "true",
            "killasgroup" => killasgroup = Some(value == "true"),
            _ if extend::take(&mut extensions, key, value)? => {}
            _ => return Err(format!("unknown option {key}")),
        }
    }
    config.extensions = (extensions != Extensions::default()).then(|| Rc::new(extensions));
    config.killasgroup = killasgroup.unwrap_or(config.stopasgroup);
    Ok((config, group))
}

fn plain_program(name: &str) -> ProcessConfig {
    let stream = StreamConfig {
        logfile: LogFile::None,
        logfile_maxbytes: 0,
        logfile_backups: 0,
        capture_maxbytes: 0,
        events_enabled: false,
        syslog: false,
    };
    ProcessConfig {
        name: name.to_owned(),
        command: name.into(),
        directory: None,
        umask: None,
        uid: None,
        priority: 999,
        autostart: true,
        autorestart: Autorestart::Unexpected,
        startsecs: 1,
        startretries: 3,
        stdout: stream.clone(),
        stderr: stream,
        stopsignal: Signal::TERM,
        stopwaitsecs: 10,
        stopasgroup: false,
        killasgroup: false,
        exitcodes: vec![0],
        redirect_stderr: false,
        environment: BTreeMap::new(),
        serverurl: None,
        socket: None,
        extensions: None,
    }
}
