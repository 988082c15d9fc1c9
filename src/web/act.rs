//! What the page's script asks to be done, for one process, a group (`group:*`), a selection or all (`*`), and how
//! each of them fared: an array of `{name, ok, text}`.
//!
//! Several names are worked on at the same time, since one that takes long to stop must not hold up the others. What
//! was begun is carried through, whether or not somebody still waits for it: a restart must not end half-way because
//! a page was closed. And nobody waits for long: a browser has few connections, so what takes its time is answered
//! with that, and the page sees in the states how it goes on.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::spawn_local;
use tokio::time::{Instant, timeout_at};

use super::actions::{self, call};
use super::form::Form;
use crate::daemon::handle::Handle;
use crate::daemon::update::{self, Applied, Difference};
use crate::model::fault::{Fault, FaultCode};
use crate::model::json::{Object, array, text};
use crate::model::namespec::{Namespec, display_name};
use crate::supervisor::command::{Command, Reply};

/// How long an answer waits for what takes its time.
const PATIENCE: Duration = Duration::from_secs(5);

/// What can be done with processes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Deed {
    Start,
    Stop,
    Restart,
    Clear,
    Signal(String),
}

/// How one of those that were named fared.
struct Outcome {
    name: String,
    result: Result<String, String>,
}

impl Outcome {
    fn json(self) -> String {
        let (ok, told) = match self.result {
            Ok(told) => (true, told),
            Err(told) => (false, told),
        };
        Object::default()
            .text("name", &self.name)
            .json("ok", ok)
            .text("text", &told)
            .done()
    }
}

/// Does it and tells how it went.
pub async fn run(handle: &Handle, form: &Form) -> String {
    let deed = match form.get("do").unwrap_or_default() {
        "start" => Deed::Start,
        "stop" => Deed::Stop,
        "restart" => Deed::Restart,
        "clear" => Deed::Clear,
        "signal" => Deed::Signal(form.get("signal").unwrap_or_default().to_owned()),
        "reread" => return reread(handle).await,
        "apply" => {
            let (handle, groups) = (handle.clone(), names(form));
            let told = carry_through(async move { apply(&handle, &groups).await }).await;
            return array(told.into_iter().map(Outcome::json));
        }
        other => {
            let result = Err(format!("there is no action {other}"));
            let name = String::new();
            return array([Outcome { name, result }.json()]);
        }
    };
    let (done, mut outcomes) = mpsc::unbounded_channel();
    let mut waiting = names(form);
    let many = waiting.len() > 1;
    for name in waiting.clone() {
        let (handle, deed, done) = (handle.clone(), deed.clone(), done.clone());
        spawn_local(async move {
            let result = work(&handle, &deed, &name, many).await;
            // Who asked may have lost patience.
            let _ = done.send((name, result));
        });
    }
    drop(done);
    let mut told = Vec::new();
    let deadline = Instant::now() + PATIENCE;
    while let Ok(Some((name, of_name))) = timeout_at(deadline, outcomes.recv()).await {
        waiting.retain(|other| *other != name);
        told.extend(of_name);
    }
    told.extend(waiting.into_iter().map(|name| Outcome {
        name,
        result: Ok("under way".to_owned()),
    }));
    array(told.into_iter().map(Outcome::json))
}

/// Every name once.
fn names(form: &Form) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in form.all("name") {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

/// Does something to its end, even when whoever waits for it goes away.
async fn carry_through<T: 'static>(work: impl Future<Output = Vec<T>> + 'static) -> Vec<T> {
    // It does not panic; a task that did would have told so on stderr.
    spawn_local(work).await.unwrap_or_default()
}

/// Among many some are as they should be already; that is no failure.
async fn work(handle: &Handle, deed: &Deed, name: &str, many: bool) -> Vec<Outcome> {
    match deed {
        Deed::Start => ask(handle, name, many, "started", start(name)).await,
        Deed::Stop => ask(handle, name, many, "stopped", stop(name)).await,
        Deed::Signal(signal) => {
            let signalled = format!("{signal} sent");
            ask(handle, name, false, &signalled, send(name, signal)).await
        }
        Deed::Restart => {
            // What does not run need not be stopped.
            let _ = call(handle, stop(name)).await;
            ask(handle, name, false, "restarted", start(name)).await
        }
        Deed::Clear => members(handle, name)
            .into_iter()
            .map(|name| {
                let cleared = match actions::find(handle, &name) {
                    Some(id) => actions::clear(handle, &name, id),
                    None => Err(Fault::bare(FaultCode::BadName)),
                };
                Outcome {
                    result: told(cleared.map(|()| "log cleared".to_owned())),
                    name,
                }
            })
            .collect(),
    }
}

/// One command, whose answer may tell of several.
async fn ask(
    handle: &Handle,
    name: &str,
    many: bool,
    done: &str,
    command: Command,
) -> Vec<Outcome> {
    let one = |result| {
        let name = name.to_owned();
        vec![Outcome { name, result }]
    };
    match call(handle, command).await {
        Ok(Reply::Results(results)) => results
            .into_iter()
            .map(|result| Outcome {
                name: display_name(&result.group, &result.name),
                result: match result.status {
                    FaultCode::Success => Ok(done.to_owned()),
                    code => {
                        as_it_should_be(code).ok_or_else(|| in_words(code, &result.description))
                    }
                },
            })
            .collect(),
        Ok(Reply::True | Reply::Diff { .. }) => one(Ok(done.to_owned())),
        Err(fault) => {
            let excused = as_it_should_be(fault.code).filter(|_| many);
            one(excused.map_or_else(|| told(Err(fault)), Ok))
        }
    }
}

fn as_it_should_be(code: FaultCode) -> Option<String> {
    match code {
        FaultCode::AlreadyStarted => Some("was running".to_owned()),
        FaultCode::NotRunning => Some("was not running".to_owned()),
        _ => None,
    }
}

fn start(name: &str) -> Command {
    let wait = true;
    match whole(name) {
        Some("*") => Command::StartAll { wait },
        Some(group) => Command::StartGroup {
            name: group.to_owned(),
            wait,
        },
        None => Command::StartProcess {
            namespec: name.to_owned(),
            wait,
        },
    }
}

fn stop(name: &str) -> Command {
    let wait = true;
    match whole(name) {
        Some("*") => Command::StopAll { wait },
        Some(group) => Command::StopGroup {
            name: group.to_owned(),
            wait,
        },
        None => Command::StopProcess {
            namespec: name.to_owned(),
            wait,
        },
    }
}

fn send(name: &str, signal: &str) -> Command {
    let signal = signal.to_owned();
    match whole(name) {
        Some("*") => Command::SignalAll { signal },
        Some(group) => Command::SignalGroup {
            name: group.to_owned(),
            signal,
        },
        None => Command::SignalProcess {
            namespec: name.to_owned(),
            signal,
        },
    }
}

/// The group that is meant as a whole, or `*` for everybody.
fn whole(name: &str) -> Option<&str> {
    if name == "*" {
        return Some(name);
    }
    let Namespec { group, process } = Namespec::parse(name);
    process.is_none().then_some(group)
}

/// The processes that a name means.
fn members(handle: &Handle, name: &str) -> Vec<String> {
    let Some(group) = whole(name) else {
        return vec![name.to_owned()];
    };
    handle.read(|supervisor, now| {
        supervisor
            .all_infos(now.unix)
            .filter(|info| group == "*" || info.group == group)
            .map(|info| display_name(info.group, info.name))
            .collect()
    })
}

fn told(result: Result<String, Fault>) -> Result<String, String> {
    result.map_err(|fault| in_words(fault.code, fault.detail.as_deref().unwrap_or_default()))
}

/// Faults as the person on call reads them.
fn in_words(code: FaultCode, detail: &str) -> String {
    let words = match code {
        FaultCode::ShutdownState => "supervisord is shutting down",
        FaultCode::BadName => "no such process",
        FaultCode::BadSignal => "no such signal",
        FaultCode::NoFile => "no such file",
        FaultCode::NotExecutable => "file not executable",
        FaultCode::AbnormalTermination => "ended too soon",
        FaultCode::SpawnError => "could not be started",
        FaultCode::AlreadyStarted => "already started",
        FaultCode::NotRunning => "not running",
        _ => return format!("{}: {detail}", code.name()),
    };
    words.to_owned()
}

/// What the configuration would change now: `{added, changed, removed}`, or `{error}`.
async fn reread(handle: &Handle) -> String {
    match difference(handle).await {
        Ok(difference) => {
            let names = |names: &[String]| array(names.iter().map(|name| text(name)));
            Object::default()
                .json("added", names(&difference.added))
                .json("changed", names(&difference.changed))
                .json("removed", names(&difference.removed))
                .done()
        }
        Err(error) => Object::default().text("error", &error).done(),
    }
}

async fn difference(handle: &Handle) -> Result<Difference, String> {
    let difference = update::reread(handle).await;
    difference.map_err(|fault| match (fault.code, fault.detail) {
        (FaultCode::CantReread, Some(reason)) => reason,
        (code, detail) => in_words(code, detail.as_deref().unwrap_or_default()),
    })
}

/// Makes the configuration true, as `supervisorctl update` does: what is gone or changed is stopped and removed, what
/// is new or changed is added. Of the groups that are named, or of all.
async fn apply(handle: &Handle, named: &[String]) -> Vec<Outcome> {
    let difference = match difference(handle).await {
        Ok(difference) => difference,
        Err(error) => {
            let name = String::new();
            let result = Err(error);
            return vec![Outcome { name, result }];
        }
    };
    let difference = difference.limited_to(named);
    let applied = update::apply(handle, &difference).await;
    let told_of = |applied: Applied| Outcome {
        name: applied.group,
        result: told(applied.result.map(|()| applied.change.word().to_owned())),
    };
    applied.into_iter().map(told_of).collect()
}

#[cfg(test)]
mod tests {
    use super::{Command, send, start, whole};

    #[test]
    fn a_name_may_mean_one_or_a_group_or_all() {
        assert_eq!(whole("a"), None);
        assert_eq!(whole("g:a"), None);
        assert_eq!(whole("g:*"), Some("g"));
        assert_eq!(whole("*"), Some("*"));
        assert_eq!(start("*"), Command::StartAll { wait: true });
        let command = send("g:*", "HUP");
        assert!(matches!(command, Command::SignalGroup { name, .. } if name == "g"));
    }
}
