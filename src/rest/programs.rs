//! Programs: what they are, and what is done with them (GO-288 to GO-307).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tokio::task::JoinSet;

use super::Answer;
use super::names::{Meant, find, find_one};
use super::resource::Deed;
use super::wanted::Wanted;
use crate::config::types::{LogFile, ProcessConfig, StreamConfig};
use crate::daemon::handle::Handle;
use crate::logs::local_time::LocalTime;
use crate::model::fault::FaultCode;
use crate::model::json::{Object, array};
use crate::model::process_info::{ProcessInfo, description};
use crate::model::states::{ProcessState, SupervisorState};
use crate::supervisor::Supervisor;
use crate::supervisor::command::{Command, Reply};
use crate::supervisor::event::{Channel, Event};
use crate::supervisor::turn::ProcessId;

/// Everybody, by name.
pub fn list(handle: &Handle, node: &str) -> Answer {
    let objects = handle.read(|supervisor, now| {
        let mut infos: Vec<ProcessInfo<'_>> = supervisor.all_infos(now.unix).collect();
        infos.sort_by(|a, b| (a.name, a.group).cmp(&(b.name, b.group)));
        let configured = configured(supervisor);
        array(infos.iter().map(|info| object(&configured, node, info)))
    });
    Answer::json(200, objects)
}

pub fn info(handle: &Handle, node: &str, name: &str) -> Answer {
    let found = handle.read(|supervisor, now| {
        let id = find_one(supervisor, name)?;
        let info = supervisor.info(id, now.unix)?;
        Some(object(&configured(supervisor), node, &info))
    });
    match found {
        Some(object) => Answer::json(200, object),
        None => Answer::error(404, &format!("BAD_NAME no process named {name}")),
    }
}

/// One process, members in the order of GO-288.
fn object(configured: &Configured<'_>, node: &str, info: &ProcessInfo<'_>) -> String {
    let date = |seconds: i32| LocalTime::at(seconds.into()).date_and_clock();
    let is_up = matches!(
        info.state,
        ProcessState::Starting | ProcessState::Running | ProcessState::Stopping
    );
    // GO-292
    let stop = if is_up { 0 } else { info.stop.capped_seconds() };
    // GO-291; what the configuration says by now, if the process is still in it
    let [stdout, stderr] = match configured.get(&(info.group, info.name)) {
        Some(process) => written(process),
        None => [&info.stdout_logfile, &info.stderr_logfile].map(ToString::to_string),
    };
    Object::default()
        .text("node", node)
        .text("name", info.name)
        .text("group", info.group)
        .text("description", &description(info, date))
        .json("start", info.start.capped_seconds())
        .json("stop", stop)
        .json("now", info.now.capped_seconds())
        .json("state", info.state.code())
        .text("statename", state_name(info.state))
        .text("spawnerr", info.spawnerr)
        .json("exitstatus", info.exitstatus)
        .text("logfile", &stdout)
        .text("stdout_logfile", &stdout)
        .text("stderr_logfile", &stderr)
        .json("pid", info.pid)
        .done()
}

/// GO-290: only here.
fn state_name(state: ProcessState) -> &'static str {
    match state {
        ProcessState::Stopped => "Stopped",
        ProcessState::Starting => "Starting",
        ProcessState::Running => "Running",
        ProcessState::Backoff => "Backoff",
        ProcessState::Stopping => "Stopping",
        ProcessState::Exited => "Exited",
        ProcessState::Fatal => "Fatal",
        ProcessState::Unknown => "Unknown",
    }
}

/// Every configured process by group and name.
type Configured<'a> = BTreeMap<(&'a str, &'a str), &'a ProcessConfig>;

fn configured(supervisor: &Supervisor) -> Configured<'_> {
    let groups = supervisor.available().iter();
    let all = groups.flat_map(|group| {
        let processes = group.processes.iter();
        processes.map(|process| ((group.name.as_str(), process.name.as_str()), &**process))
    });
    all.collect()
}

/// Where the two streams go.
fn written(process: &ProcessConfig) -> [String; 2] {
    let extensions = process.extensions.as_deref();
    let lists = [
        extensions.and_then(|extensions| extensions.stdout.written.clone()),
        extensions.and_then(|extensions| extensions.stderr.written.clone()),
    ];
    let [stdout, stderr] = lists;
    [
        stdout.unwrap_or_else(|| of_stream(&process.stdout, &process.name, Channel::Stdout)),
        stderr.unwrap_or_else(|| of_stream(&process.stderr, &process.name, Channel::Stderr)),
    ]
}

fn of_stream(stream: &StreamConfig, process: &str, channel: Channel) -> String {
    match &stream.logfile {
        LogFile::None if stream.syslog => "syslog".to_owned(),
        LogFile::None => "NONE".to_owned(),
        LogFile::Auto => "AUTO".to_owned(),
        LogFile::Path(path) if is_auto(path, process, channel) => "AUTO".to_owned(),
        LogFile::Path(path) => path.to_string_lossy().into_owned(),
    }
}

/// Whether this is the name of an AUTO log (LOG-002); once one is made, the configuration has its name (RPC-083).
fn is_auto(path: &Path, process: &str, channel: Channel) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    let begin = format!("{process}-{}---", channel.name());
    name.is_some_and(|name| name.starts_with(&begin) && name.ends_with(".log"))
}

/// Does it, and says whether it was done.
pub async fn act(handle: &Handle, deed: Deed, name: &str) -> Answer {
    let done = succeeds(handle, deed, name).await;
    // GO-299 to GO-301: only a restart tells by its status.
    let status = if deed == Deed::Restart && !done {
        500
    } else {
        200
    };
    Answer::success(status, done)
}

/// Several at the same time, since one that takes long must not hold up the others (GO-306).
pub async fn many(
    handle: Handle,
    deed: Deed,
    wanted: Vec<Wanted>,
    node: String,
    takes_json: bool,
) -> Answer {
    let mut working = JoinSet::new();
    for (place, Wanted { node: of, program }) in wanted.iter().cloned().enumerate() {
        let (handle, is_here) = (handle.clone(), of.is_none_or(|of| of == node));
        working.spawn_local(async move {
            let done = is_here && succeeds(&handle, deed, &program).await;
            (place, done)
        });
    }
    let mut successes = vec![false; wanted.len()];
    while let Some(done) = working.join_next().await {
        // A task that panicked has told so on stderr.
        if let Ok((place, done)) = done {
            successes[place] = done;
        }
    }
    if takes_json {
        let one = |(wanted, success): (&Wanted, &bool)| {
            let object = Object::default().text("program", &wanted.program);
            object.json("success", success).done()
        };
        return Answer::json(200, array(wanted.iter().zip(&successes).map(one)));
    }
    let verb = if deed == Deed::Start { "start" } else { "stop" };
    Answer::Text {
        status: 200,
        text: format!("Success to {verb} the programs").into_bytes(),
    }
}

async fn succeeds(handle: &Handle, deed: Deed, name: &str) -> bool {
    let meant = handle.read(|supervisor, _| {
        let is_open = supervisor.state() == SupervisorState::Running;
        find(supervisor, name).filter(|_| is_open)
    });
    match (meant, deed) {
        (None, _) => false,
        (Some(meant), Deed::Start) => start(handle, &meant).await,
        (Some(meant), Deed::Stop) => stop(handle, &meant).await,
        (Some(meant), Deed::Restart) => stop(handle, &meant).await && start(handle, &meant).await,
    }
}

/// Waits until it has started, or has failed to. What runs already is started well.
async fn start(handle: &Handle, meant: &Meant) -> bool {
    let wait = true;
    match meant {
        Meant::One(id, name) => {
            let namespec = name.clone();
            match handle.call(Command::StartProcess { namespec, wait }).await {
                Ok(_) => true,
                Err(fault) if fault.code == FaultCode::AlreadyStarted => {
                    comes_up(handle, *id).await
                }
                Err(_) => false,
            }
        }
        Meant::Group(name) => {
            let name = name.clone();
            all_good(handle.call(Command::StartGroup { name, wait }).await.ok())
        }
    }
}

/// What does not run is stopped already (GO-300).
async fn stop(handle: &Handle, meant: &Meant) -> bool {
    let wait = true;
    match meant {
        Meant::One(_, name) => {
            let namespec = name.clone();
            match handle.call(Command::StopProcess { namespec, wait }).await {
                Ok(_) => true,
                Err(fault) => fault.code == FaultCode::NotRunning,
            }
        }
        Meant::Group(name) => {
            let name = name.clone();
            all_good(handle.call(Command::StopGroup { name, wait }).await.ok())
        }
    }
}

fn all_good(reply: Option<Reply>) -> bool {
    match reply {
        Some(Reply::Results(results)) => results
            .iter()
            .all(|result| result.status == FaultCode::Success),
        Some(Reply::True | Reply::Diff { .. }) => true,
        None => false,
    }
}

/// Whether a process that somebody else has started gets to RUNNING.
async fn comes_up(handle: &Handle, id: ProcessId) -> bool {
    let mut events = handle.events();
    loop {
        match handle.read(|supervisor, _| supervisor.process_state(id)) {
            Some(ProcessState::Running) => return true,
            Some(ProcessState::Starting) => {}
            _ => return false,
        }
        // Any state may be this one's, and one who missed some looks again.
        while let Ok(event) = events.recv().await {
            if matches!(*event, Event::ProcessState { .. }) {
                break;
            }
        }
    }
}

/// The file that `conf_file` of a program names (GO-322).
pub fn conf_file(handle: &Handle, name: &str) -> Option<PathBuf> {
    handle.read(|supervisor, _| {
        let id = find_one(supervisor, name)?;
        let configured = configured(supervisor);
        let process = configured.get(&supervisor.names(id)?)?;
        process.extensions.as_ref()?.conf_file.clone()
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Channel, is_auto};

    // GO-291
    #[test]
    fn an_auto_log_is_known_by_its_name() {
        let auto = Path::new("/tmp/cat-stderr---supervisor-vcbax9g9.log");
        assert!(is_auto(auto, "cat", Channel::Stderr));
        assert!(!is_auto(auto, "cat", Channel::Stdout));
        assert!(!is_auto(Path::new("/tmp/cat.log"), "cat", Channel::Stdout));
    }
}
