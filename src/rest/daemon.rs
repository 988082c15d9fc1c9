//! supervisord itself (GO-309 to GO-312).

use super::Answer;
use crate::daemon::handle::Handle;
use crate::daemon::update;
use crate::model::json::Object;
use crate::model::log;
use crate::model::states::SupervisorState;
use crate::supervisor::command::Command;

/// Answers when every program has stopped; supervisord itself goes right after that (GO-309).
pub async fn shutdown(handle: &Handle) -> Answer {
    let mut events = handle.events();
    let is_running = |handle: &Handle| {
        handle.read(|supervisor, _| supervisor.state() == SupervisorState::Running)
    };
    if is_running(handle) && handle.call(Command::Shutdown).await.is_err() {
        return Answer::success(200, false);
    }
    let all_stopped = || {
        handle.read(|supervisor, now| {
            let mut infos = supervisor.all_infos(now.unix);
            infos.all(|info| info.state.is_stopped())
        })
    };
    while !all_stopped() {
        // One who missed some events looks again.
        let _ = events.recv().await;
    }
    Answer::success(200, true)
}

/// What `supervisorctl update` does (GO-072, GO-310). Why it did not work out stands beside the word that clients look at.
pub async fn reload(handle: &Handle) -> Answer {
    let difference = match update::reread(handle).await {
        Ok(difference) => difference,
        Err(fault) => return failed(&fault.to_string()),
    };
    let mut problems = Vec::new();
    for applied in update::apply(handle, &difference).await {
        if let Err(fault) = applied.result {
            problems.push(format!("{}: {fault}", applied.group));
        }
    }
    if problems.is_empty() {
        return Answer::success(200, true);
    }
    let problems = problems.join("; ");
    log::warn!("not all of the configuration could be applied: {problems}");
    failed(&problems)
}

fn failed(reason: &str) -> Answer {
    let object = Object::default().json("success", false);
    Answer::json(200, object.text("error", reason).done())
}
