//! The configuration for the page's script: every process as the file has it, without the values of its environment,
//! which may be secrets.

use bstr::ByteSlice;

use crate::config::types::{Autorestart, GroupConfig, LogFile, ProcessConfig, StreamConfig};
use crate::daemon::handle::Handle;
use crate::model::json::{Object, array, text};
use crate::model::namespec::display_name;

pub fn json(handle: &Handle) -> String {
    handle.read(|supervisor, _| {
        let groups = supervisor.available().iter();
        array(groups.flat_map(|group| {
            let active = supervisor.has_group(&group.name);
            let processes = group.processes.iter();
            processes.map(move |process| one(group, process, active))
        }))
    })
}

fn one(group: &GroupConfig, process: &ProcessConfig, active: bool) -> String {
    let directory = process.directory.as_ref().map(|path| path.to_str_lossy());
    let user = process.uid.map_or(String::new(), |uid| uid.to_string());
    let autorestart = match process.autorestart {
        Autorestart::Never => "false",
        Autorestart::Unexpected => "unexpected",
        Autorestart::Always => "true",
    };
    let codes: Vec<String> = process.exitcodes.iter().map(u8::to_string).collect();
    let names = process.environment.keys();
    let environment = array(names.map(|name| text(&name.to_str_lossy())));
    Object::default()
        .text("name", &display_name(&group.name, &process.name))
        .json("active", active)
        .text("command", &process.command.to_str_lossy())
        .text("directory", &directory.unwrap_or_default())
        .text("user", &user)
        .json("priority", process.priority)
        .json("autostart", process.autostart)
        .text("autorestart", autorestart)
        .text("exitcodes", &codes.join(","))
        .json("startsecs", process.startsecs)
        .json("startretries", process.startretries)
        .text("stopsignal", &process.stopsignal.to_string())
        .json("stopwaitsecs", process.stopwaitsecs)
        .text("stdout_logfile", &log(&process.stdout))
        .text("stderr_logfile", &log(&process.stderr))
        .json("environment", environment)
        .done()
}

fn log(stream: &StreamConfig) -> String {
    match &stream.logfile {
        LogFile::None => "NONE".to_owned(),
        LogFile::Auto => "AUTO".to_owned(),
        LogFile::Path(path) => path.to_string_lossy().into_owned(),
    }
}
