//! The configuration for the page's script: every process as the file has it, as of its last reading, and beside it
//! what runs, where that differs. The values of environments may be secrets and stay here; that one differs is told.

use std::collections::BTreeMap;

use bstr::{BString, ByteSlice};

use crate::config::types::{
    Autorestart, GroupConfig, GroupKind, LogFile, ProcessConfig, StreamConfig,
};
use crate::daemon::handle::Handle;
use crate::model::json::{Object, array};
use crate::model::namespec::display_name;

/// Every group: `{name, status, processes: [{name, file, running}]}`, those that differ first. The status is `added`,
/// `changed`, `removed` or `same`; a process that is the same on both sides has no `running`.
pub fn json(handle: &Handle) -> String {
    handle.read(|supervisor, _| {
        let running: BTreeMap<&str, &GroupConfig> = supervisor
            .active()
            .map(|group| (group.name.as_str(), group))
            .collect();
        let offered = supervisor.available();
        let mut groups: Vec<Group<'_>> = offered
            .iter()
            .map(|file| Group {
                file: Some(file),
                running: running.get(file.name.as_str()).copied(),
            })
            .collect();
        let is_offered = |name: &str| offered.iter().any(|group| group.name == name);
        groups.extend(running.iter().filter_map(|(name, group)| {
            (!is_offered(name)).then_some(Group {
                file: None,
                running: Some(group),
            })
        }));
        groups.sort_by_key(|group| group.status() == "same");
        array(groups.iter().map(Group::json))
    })
}

/// A group on both sides; at least one of them is there.
struct Group<'a> {
    file: Option<&'a GroupConfig>,
    running: Option<&'a GroupConfig>,
}

impl Group<'_> {
    /// What an update would do to it, by the rule of a reread (RRD-005).
    fn status(&self) -> &'static str {
        match (self.file, self.running) {
            (Some(_), None) => "added",
            (None, _) => "removed",
            (Some(file), Some(running)) if file == running => "same",
            (Some(_), Some(_)) => "changed",
        }
    }

    fn json(&self) -> String {
        let name = self.file.or(self.running).map_or("", |group| &group.name);
        let members = |side: Option<&'_ GroupConfig>| {
            let processes = side.map_or(&[][..], |group| &group.processes);
            processes.to_vec()
        };
        let (file, running) = (members(self.file), members(self.running));
        let mut names: Vec<&str> = file.iter().map(|process| process.name.as_str()).collect();
        for process in &running {
            if !names.contains(&process.name.as_str()) {
                names.push(&process.name);
            }
        }
        let is_same = self.status() == "same";
        let processes = names.into_iter().map(|process| {
            let one = |side: &[std::rc::Rc<ProcessConfig>]| {
                side.iter().find(|other| other.name == process).cloned()
            };
            let (new, old) = (one(&file), one(&running));
            let mut object = Object::default().text("name", &display_name(name, process));
            if let (Some(new), Some(group)) = (&new, self.file) {
                object = object.json("file", fields(group, new, old.as_deref()));
            }
            if let (false, Some(old), Some(group)) = (is_same, &old, self.running) {
                object = object.json("running", fields(group, old, None));
            }
            object.done()
        });
        Object::default()
            .text("name", name)
            .text("status", self.status())
            .json("processes", array(processes))
            .done()
    }
}

/// The options of a process as texts. What can differ without being seen is told beside `old`.
fn fields(group: &GroupConfig, process: &ProcessConfig, old: Option<&ProcessConfig>) -> String {
    let lossy = |text: &Option<BString>| {
        text.as_ref()
            .map_or(String::new(), |text| text.to_str_lossy().into_owned())
    };
    let autorestart = match process.autorestart {
        Autorestart::Never => "false",
        Autorestart::Unexpected => "unexpected",
        Autorestart::Always => "true",
    };
    let number = |number: Option<u32>| number.map_or(String::new(), |number| number.to_string());
    let codes: Vec<String> = process.exitcodes.iter().map(u8::to_string).collect();
    let mut object = Object::default()
        .text("command", &process.command.to_str_lossy())
        .text("directory", &lossy(&process.directory))
        .text("user", &number(process.uid))
        .text(
            "umask",
            &process
                .umask
                .map_or(String::new(), |umask| format!("{umask:03o}")),
        )
        .text("environment", &environment(process, old))
        .json("group priority", group.priority)
        .json("priority", process.priority)
        .json("autostart", process.autostart)
        .text("autorestart", autorestart)
        .text("exitcodes", &codes.join(","))
        .json("startsecs", process.startsecs)
        .json("startretries", process.startretries)
        .text("stopsignal", &process.stopsignal.to_string())
        .json("stopwaitsecs", process.stopwaitsecs)
        .json("stopasgroup", process.stopasgroup)
        .json("killasgroup", process.killasgroup)
        .json("redirect_stderr", process.redirect_stderr);
    for (name, stream) in [("stdout", &process.stdout), ("stderr", &process.stderr)] {
        object = object
            .text(&format!("{name}_logfile"), &log(stream))
            .text(&format!("{name}_rotation"), &rotation(stream));
        if stream.capture_maxbytes > 0 {
            object = object.json(&format!("{name}_capture_maxbytes"), stream.capture_maxbytes);
        }
        if stream.events_enabled {
            object = object.json(&format!("{name}_events_enabled"), true);
        }
    }
    match &group.kind {
        GroupKind::Programs => {}
        GroupKind::EventListener(pool) => {
            object = object
                .text("events", &pool.events.join(","))
                .json("buffer_size", pool.buffer_size);
        }
        GroupKind::Fcgi(socket) => object = object.text("socket", &socket.url),
    }
    if process.extensions.is_some() {
        let differs = old.is_some_and(|old| old.extensions != process.extensions);
        let words = if differs {
            "set, and not as before"
        } else {
            "set"
        };
        object = object.text("further options", words);
    }
    object.done()
}

/// The names alone, and which of them have got another value.
fn environment(process: &ProcessConfig, old: Option<&ProcessConfig>) -> String {
    let names = process.environment.iter().map(|(name, value)| {
        let before = old.and_then(|old| old.environment.get(name));
        let name = name.to_str_lossy();
        if before.is_some_and(|before| before != value) {
            format!("{name} (another value)")
        } else {
            name.into_owned()
        }
    });
    names.collect::<Vec<_>>().join(", ")
}

fn log(stream: &StreamConfig) -> String {
    match &stream.logfile {
        LogFile::None if stream.syslog => "syslog".to_owned(),
        LogFile::None => "NONE".to_owned(),
        LogFile::Auto => "AUTO".to_owned(),
        LogFile::Path(path) => path.to_string_lossy().into_owned(),
    }
}

fn rotation(stream: &StreamConfig) -> String {
    if stream.logfile_maxbytes > 0 {
        format!(
            "at {} bytes, {} backups",
            stream.logfile_maxbytes, stream.logfile_backups
        )
    } else {
        "never".to_owned()
    }
}
