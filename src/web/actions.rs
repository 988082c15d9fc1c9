//! The reference's actions: what is done, and the message that tells of it (WEB-023 to WEB-030).
//!
//! The messages are read by scripts, so their words and their oddities stay: a restart always claims success, and of
//! many processes nobody hears how each fared.

use std::time::{SystemTime, UNIX_EPOCH};

use super::{admit, unexpected};
use crate::daemon::handle::Handle;
use crate::logs::local_time::LocalTime;
use crate::model::fault::{Fault, FaultCode};
use crate::model::namespec::Namespec;
use crate::supervisor::command::{Command, Reply};
use crate::supervisor::turn::ProcessId;

/// Runs an action and gives its message; an error is what the reference fails with (WEB-030).
pub async fn run(handle: &Handle, action: &str, name: Option<&str>) -> Result<String, String> {
    match (action, name) {
        ("refresh", _) => Ok(format!("Page refreshed at {}", now())),
        ("stopall", _) => {
            call(handle, Command::StopAll { wait: true })
                .await
                .map_err(|fault| format!("RPCError: {fault}"))?;
            Ok(format!("All stopped at {}", now()))
        }
        ("restartall", _) => {
            // How each of them fares is nobody's business here, as in the reference (WEB-024).
            let _ = call(handle, Command::StopAll { wait: true }).await;
            let _ = call(handle, Command::StartAll { wait: true }).await;
            Ok(format!("All restarted at {}", now()))
        }
        (_, Some(name)) => match find(handle, name) {
            None => Ok(format!("No such process named {name}")),
            Some(id) => run_for(handle, action, name, id).await,
        },
        (_, None) => Err(wrong(action)),
    }
}

async fn run_for(
    handle: &Handle,
    action: &str,
    name: &str,
    id: ProcessId,
) -> Result<String, String> {
    let namespec = name.to_owned();
    let start = Command::StartProcess {
        namespec: namespec.clone(),
        wait: true,
    };
    let stop = Command::StopProcess {
        namespec,
        wait: true,
    };
    match action {
        "start" => Ok(match call(handle, start).await {
            Ok(_) => format!("Process {name} started"),
            Err(fault) => format!("ERROR: Process {name}: {}", why_not_started(&fault)),
        }),
        "stop" => Ok(match call(handle, stop).await {
            Ok(_) => format!("Process {name} stopped"),
            Err(fault) => unexpected(&fault),
        }),
        "restart" => {
            // WEB-027
            let _ = call(handle, stop).await;
            let _ = call(handle, start).await;
            Ok(format!("Process {name} restarted"))
        }
        "clearlog" => Ok(match clear(handle, name, id) {
            Ok(()) => format!("Log for {name} cleared"),
            Err(fault) => unexpected(&fault),
        }),
        _ => Err(wrong(action)),
    }
}

/// One command, through the gate that closes during a shutdown.
pub async fn call(handle: &Handle, command: Command) -> Result<Reply, Fault> {
    admit(handle)?;
    handle.call(command).await
}

/// Empties the logs of a process.
pub fn clear(handle: &Handle, name: &str, id: ProcessId) -> Result<(), Fault> {
    admit(handle)?;
    handle
        .clear_logs(id)
        .map_err(|_| Fault::with(FaultCode::Failed, name))
}

/// The process of that name; a group is none (WEB-029).
pub fn find(handle: &Handle, name: &str) -> Option<ProcessId> {
    let Namespec { group, process } = Namespec::parse(name);
    handle.read(|supervisor, _| supervisor.find(group, process?))
}

fn why_not_started(fault: &Fault) -> String {
    match fault.code {
        FaultCode::NoFile => "no such file".to_owned(),
        FaultCode::NotExecutable => "file not executable".to_owned(),
        FaultCode::AlreadyStarted => "already started".to_owned(),
        FaultCode::SpawnError => "spawn error".to_owned(),
        FaultCode::AbnormalTermination => "abnormal termination".to_owned(),
        _ => unexpected(fault),
    }
}

fn wrong(action: &str) -> String {
    format!("ValueError: {action}")
}

fn now() -> String {
    let unix = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    LocalTime::at(i64::try_from(unix.as_secs()).unwrap_or_default()).ctime()
}
