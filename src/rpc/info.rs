//! Methods that describe: supervisord, its processes, its configuration.
//!
//! `getState` and `getAllProcessInfo` are what dashboards ask every second. They are written straight from the machine's
//! own data into the answer, in one pass and one moment, with no value tree in between.

use std::borrow::Cow;

use bstr::ByteSlice;

use super::params::Args;
use super::{Failure, Rpc};
use crate::config::types::{GroupConfig, LogFile, ProcessConfig, StreamConfig};
use crate::logs::local_time::LocalTime;
use crate::model::fault::{Fault, FaultCode};
use crate::model::namespec::Namespec;
use crate::model::process_info::{ProcessInfo, description};
use crate::supervisor::Supervisor;
use crate::supervisor::turn::ProcessId;
use crate::xmlrpc::{Writer, int_member, string_member};

/// The version of this interface (RPC-040).
const API_VERSION: &str = "3.0";

/// The release of Supervisor whose behaviour is kept; clients compare it (RPC-041).
const SUPERVISOR_VERSION: &str = "4.3.0";

/// How long the struct of one process is, about.
const INFO_LENGTH: usize = 1280;

pub(super) fn get_api_version(_: &Rpc, _: Args<'_>, out: &mut Writer) -> Result<(), Failure> {
    out.string(API_VERSION);
    Ok(())
}

pub(super) fn get_supervisor_version(
    _: &Rpc,
    _: Args<'_>,
    out: &mut Writer,
) -> Result<(), Failure> {
    out.string(SUPERVISOR_VERSION);
    Ok(())
}

pub(super) fn get_identification(rpc: &Rpc, _: Args<'_>, out: &mut Writer) -> Result<(), Failure> {
    out.string(&rpc.handle.identifier());
    Ok(())
}

/// Can only ever say RUNNING, since the gate is closed otherwise (RPC-022, RPC-043).
pub(super) fn get_state(rpc: &Rpc, _: Args<'_>, out: &mut Writer) -> Result<(), Failure> {
    let state = rpc.handle.read(|supervisor, _| supervisor.state());
    out.begin_struct();
    out.int_member("statecode", state.code());
    out.string_member("statename", state.name());
    out.end_struct();
    Ok(())
}

pub(super) fn get_pid(_: &Rpc, _: Args<'_>, out: &mut Writer) -> Result<(), Failure> {
    out.int(capped(i64::from(std::process::id())));
    Ok(())
}

pub(super) fn get_process_info(rpc: &Rpc, args: Args<'_>, out: &mut Writer) -> Result<(), Failure> {
    let name = args.name(0)?;
    rpc.handle.read(|supervisor, now| {
        let id = find(supervisor, name)?;
        let info = supervisor
            .info(id, now.unix)
            .ok_or_else(|| Fault::with(FaultCode::BadName, name))?;
        write_process_info(out, &info);
        Ok(())
    })
}

/// One moment for all of them (RPC-104).
pub(super) fn get_all_process_info(
    rpc: &Rpc,
    _: Args<'_>,
    out: &mut Writer,
) -> Result<(), Failure> {
    rpc.handle.read(|supervisor, now| {
        out.expect(supervisor.process_count() * INFO_LENGTH);
        out.begin_array();
        for info in supervisor.all_infos(now.unix) {
            write_process_info(out, &info);
        }
        out.end_array();
    });
    Ok(())
}

pub(super) fn get_all_config_info(rpc: &Rpc, _: Args<'_>, out: &mut Writer) -> Result<(), Failure> {
    rpc.handle.read(|supervisor, _| {
        write_config_infos(out, supervisor.available(), |group| {
            supervisor.has_group(group)
        });
    });
    Ok(())
}

/// When a process stopped, as people read it (RPC-100).
fn local_date(unix_seconds: i32) -> String {
    LocalTime::at(unix_seconds.into()).date_and_clock()
}

/// The process that a client names, where a whole group is no answer (RPC-035, RPC-037).
pub(super) fn find(supervisor: &Supervisor, name: &str) -> Result<ProcessId, Fault> {
    let namespec = Namespec::parse(name);
    namespec
        .process
        .and_then(|process| supervisor.find(namespec.group, process))
        .ok_or_else(|| Fault::with(FaultCode::BadName, name))
}

/// One process, members in the order of the contract (RPC-090, RPC-096).
fn write_process_info(out: &mut Writer, info: &ProcessInfo<'_>) {
    out.begin_struct();
    string_member!(out, "name", info.name);
    string_member!(out, "group", info.group);
    int_member!(out, "start", info.start.capped_seconds());
    int_member!(out, "stop", info.stop.capped_seconds());
    int_member!(out, "now", info.now.capped_seconds());
    int_member!(out, "state", info.state.code());
    string_member!(out, "statename", info.state.name());
    string_member!(out, "spawnerr", info.spawnerr);
    int_member!(out, "exitstatus", info.exitstatus);
    string_member!(out, "logfile", &info.stdout_logfile);
    string_member!(out, "stdout_logfile", &info.stdout_logfile);
    string_member!(out, "stderr_logfile", &info.stderr_logfile);
    int_member!(out, "pid", info.pid);
    string_member!(out, "description", &description(info, local_date));
    out.end_struct();
}

/// Every configured process, by process name; those of one name stay in the order of their groups (RPC-079).
fn write_config_infos(out: &mut Writer, groups: &[GroupConfig], is_active: impl Fn(&str) -> bool) {
    let mut all: Vec<(&GroupConfig, &ProcessConfig, bool)> = groups
        .iter()
        .map(|group| (group, is_active(&group.name)))
        .flat_map(|(group, inuse)| {
            let processes = group.processes.iter();
            processes.map(move |process| (group, &**process, inuse))
        })
        .collect();
    all.sort_by(|(_, a, _), (_, b, _)| a.name.cmp(&b.name));
    out.begin_array();
    for (group, process, inuse) in all {
        write_config_info(out, group, process, inuse);
    }
    out.end_array();
}

/// One configured process (RPC-080 to 082). Python's lack of a null in XML-RPC shows as the words `none` and `auto`.
fn write_config_info(out: &mut Writer, group: &GroupConfig, process: &ProcessConfig, inuse: bool) {
    out.begin_struct();
    out.bool_member("autostart", process.autostart);
    out.string_member("directory", &directory(process));
    match process.uid {
        Some(uid) => out.int_member("uid", capped(i64::from(uid))),
        None => out.string_member("uid", NONE),
    }
    out.string_member("command", &process.command.to_str_lossy());
    out.begin_member("exitcodes");
    out.begin_array();
    for code in &process.exitcodes {
        out.int(i32::from(*code));
    }
    out.end_array();
    out.end_member();
    out.string_member("group", &group.name);
    out.int_member("group_prio", capped(group.priority));
    out.bool_member("inuse", inuse);
    out.bool_member("killasgroup", process.killasgroup);
    out.string_member("name", &process.name);
    out.int_member("process_prio", capped(process.priority));
    out.bool_member("redirect_stderr", process.redirect_stderr);
    out.int_member("startretries", capped(process.startretries));
    out.int_member("startsecs", capped(process.startsecs));
    write_stream(out, &STDOUT_MEMBERS, &process.stdout);
    out.int_member("stopsignal", process.stopsignal.number());
    out.int_member("stopwaitsecs", capped(process.stopwaitsecs));
    write_stream(out, &STDERR_MEMBERS, &process.stderr);
    out.string_member("serverurl", process.serverurl.as_deref().unwrap_or(NONE));
    out.end_struct();
}

/// The member names of one stream, in the order of [`write_stream`].
type StreamMembers = [&'static str; 6];

const STDOUT_MEMBERS: StreamMembers = [
    "stdout_capture_maxbytes",
    "stdout_events_enabled",
    "stdout_logfile",
    "stdout_logfile_backups",
    "stdout_logfile_maxbytes",
    "stdout_syslog",
];

const STDERR_MEMBERS: StreamMembers = [
    "stderr_capture_maxbytes",
    "stderr_events_enabled",
    "stderr_logfile",
    "stderr_logfile_backups",
    "stderr_logfile_maxbytes",
    "stderr_syslog",
];

fn write_stream(out: &mut Writer, members: &StreamMembers, stream: &StreamConfig) {
    let [capture, events, logfile, backups, maxbytes, syslog] = members;
    out.int_member(capture, capped(stream.capture_maxbytes));
    out.bool_member(events, stream.events_enabled);
    match &stream.logfile {
        LogFile::None => out.string_member(logfile, NONE),
        LogFile::Auto => out.string_member(logfile, "auto"),
        LogFile::Path(path) => out.string_member(logfile, &path.to_string_lossy()),
    }
    out.int_member(backups, capped(stream.logfile_backups));
    out.int_member(maxbytes, capped(stream.logfile_maxbytes));
    out.bool_member(syslog, stream.syslog);
}

/// What stands for a value that is not set.
const NONE: &str = "none";

fn directory(process: &ProcessConfig) -> Cow<'_, str> {
    match &process.directory {
        Some(directory) => directory.to_str_lossy(),
        None => Cow::Borrowed(NONE),
    }
}

/// The nearest number that XML-RPC can carry. The reference caps times and fails on everything else, so that one log of
/// 2 GB breaks the whole call (RPC-085, XML-011).
pub(super) fn capped(number: i64) -> i32 {
    i32::try_from(number).unwrap_or(if number < 0 { i32::MIN } else { i32::MAX })
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use std::borrow::Cow;
    use std::collections::BTreeMap;

    use super::{capped, write_config_infos, write_process_info};
    use crate::config::types::{
        Autorestart, GroupConfig, GroupKind, LogFile, ProcessConfig, StreamConfig,
    };
    use crate::model::process_info::ProcessInfo;
    use crate::model::signal::Signal;
    use crate::model::states::ProcessState;
    use crate::model::time::UnixTime;
    use crate::xmlrpc::{Value, Writer, parse_response};

    fn written(write: impl FnOnce(&mut Writer)) -> Value {
        let mut out = Writer::response();
        write(&mut out);
        parse_response(&out.finish())
            .expect("we can read what we write")
            .expect("it is no fault")
    }

    /// The members of a struct as `name=value`.
    fn members(value: &Value) -> Vec<String> {
        let Value::Struct(members) = value else {
            panic!("{value:?} is no struct")
        };
        let shown = |value: &Value| match value {
            Value::Int(number) => number.to_string(),
            Value::Bool(yes) => yes.to_string(),
            Value::String(text) => format!("{text:?}"),
            other => format!("{other:?}"),
        };
        members
            .iter()
            .map(|(name, value)| format!("{name}={}", shown(value)))
            .collect()
    }

    // RPC-090, RPC-091, RPC-096, RPC-098, CLT-005
    #[test]
    fn a_process_is_told_with_all_its_members_in_order() {
        let info = ProcessInfo {
            name: "api",
            group: "web",
            start: UnixTime::from_nanos(1_000_000_000_999),
            stop: UnixTime::default(),
            now: UnixTime::from_nanos(i64::MAX),
            state: ProcessState::Starting,
            spawnerr: "",
            exitstatus: -1,
            stdout_logfile: Cow::Borrowed("/log/a&b"),
            stderr_logfile: Cow::Borrowed(""),
            pid: 17,
        };
        assert_eq!(
            members(&written(|out| write_process_info(out, &info))),
            [
                r#"name="api""#,
                r#"group="web""#,
                "start=1000",
                "stop=0",
                "now=2147483647",
                "state=10",
                r#"statename="STARTING""#,
                r#"spawnerr="""#,
                "exitstatus=-1",
                r#"logfile="/log/a&b""#,
                r#"stdout_logfile="/log/a&b""#,
                r#"stderr_logfile="""#,
                "pid=17",
                r#"description="""#,
            ]
        );
    }

    fn process(name: &str) -> ProcessConfig {
        let stream = StreamConfig {
            logfile: LogFile::Auto,
            logfile_maxbytes: 2 << 30,
            logfile_backups: 10,
            capture_maxbytes: 0,
            events_enabled: false,
            syslog: false,
        };
        ProcessConfig {
            name: name.to_owned(),
            command: "/bin/cat".into(),
            directory: None,
            umask: None,
            uid: None,
            priority: 999,
            autostart: true,
            autorestart: Autorestart::Unexpected,
            startsecs: 1,
            startretries: 3,
            stdout: stream.clone(),
            stderr: StreamConfig {
                logfile: LogFile::None,
                syslog: true,
                ..stream
            },
            stopsignal: Signal::TERM,
            stopwaitsecs: 10,
            stopasgroup: false,
            killasgroup: false,
            exitcodes: vec![0, 2],
            redirect_stderr: false,
            environment: BTreeMap::new(),
            serverurl: None,
            socket: None,
            extensions: None,
        }
    }

    fn group(name: &str, processes: Vec<ProcessConfig>) -> GroupConfig {
        GroupConfig {
            name: name.to_owned(),
            priority: 5,
            kind: GroupKind::Programs,
            processes: processes.into_iter().map(Rc::new).collect(),
        }
    }

    // RPC-080, RPC-081, RPC-082, RPC-085
    #[test]
    fn a_configured_process_is_told_with_all_its_members_in_order() {
        let groups = [group("web", vec![process("api")])];
        let answer = written(|out| write_config_infos(out, &groups, |name| name == "web"));
        let [info] = answer.as_array().expect("an array") else {
            panic!("one process is configured")
        };
        assert_eq!(
            members(info),
            [
                "autostart=true",
                r#"directory="none""#,
                r#"uid="none""#,
                r#"command="/bin/cat""#,
                "exitcodes=Array([Int(0), Int(2)])",
                r#"group="web""#,
                "group_prio=5",
                "inuse=true",
                "killasgroup=false",
                r#"name="api""#,
                "process_prio=999",
                "redirect_stderr=false",
                "startretries=3",
                "startsecs=1",
                "stdout_capture_maxbytes=0",
                "stdout_events_enabled=false",
                r#"stdout_logfile="auto""#,
                "stdout_logfile_backups=10",
                "stdout_logfile_maxbytes=2147483647",
                "stdout_syslog=false",
                "stopsignal=15",
                "stopwaitsecs=10",
                "stderr_capture_maxbytes=0",
                "stderr_events_enabled=false",
                r#"stderr_logfile="none""#,
                "stderr_logfile_backups=10",
                "stderr_logfile_maxbytes=2147483647",
                "stderr_syslog=true",
                r#"serverurl="none""#,
            ]
        );
    }

    // RPC-082, RPC-086
    #[test]
    fn what_is_set_is_told_as_it_is() {
        let mut process = process("api");
        process.directory = Some("/srv".into());
        process.uid = Some(1000);
        process.stdout.logfile = LogFile::Path("/log/api".into());
        process.serverurl = Some("unix:///s".into());
        let groups = [group("web", vec![process])];
        let answer = written(|out| write_config_infos(out, &groups, |_| false));
        let told = members(&answer.as_array().expect("an array")[0]);
        for expected in [
            r#"directory="/srv""#,
            "uid=1000",
            r#"stdout_logfile="/log/api""#,
            r#"serverurl="unix:///s""#,
            "inuse=false",
        ] {
            assert!(told.iter().any(|member| member == expected), "{expected}");
        }
    }

    // RPC-079
    #[test]
    fn the_configuration_is_sorted_by_process_name_alone() {
        let groups = [
            group("z", vec![process("b"), process("a")]),
            group("y", vec![process("b"), process("C")]),
        ];
        let answer = written(|out| write_config_infos(out, &groups, |_| true));
        let names: Vec<String> = answer
            .as_array()
            .expect("an array")
            .iter()
            .map(|info| {
                let text = |name| info.member(name).and_then(Value::as_str).unwrap_or("?");
                format!("{}:{}", text("group"), text("name"))
            })
            .collect();
        assert_eq!(names, ["y:C", "z:a", "z:b", "y:b"]);
    }

    // RPC-085, XML-011
    #[test]
    fn numbers_that_do_not_fit_are_capped() {
        assert_eq!(capped(7), 7);
        assert_eq!(capped(2 << 30), i32::MAX);
        assert_eq!(capped(i64::MIN), i32::MIN);
    }
}
