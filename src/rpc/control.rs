//! Methods that change something: processes, groups, supervisord itself.
//!
//! Each makes a [`Command`] of its arguments and leaves the rest to the machine, whose answer [`write_reply`] puts
//! down. `sendProcessStdin` alone does not concern the machine: its bytes go to the pipe.

use super::params::Args;
use super::{Failure, Rpc, info};
use crate::model::fault::{Fault, FaultCode};
use crate::model::states::ProcessState;
use crate::supervisor::command::{Command, ProcessResult, Reply};
use crate::xmlrpc::Writer;

pub(super) fn start_process(_: &Rpc, args: Args<'_>) -> Result<Command, Failure> {
    Ok(Command::StartProcess {
        namespec: args.name(0)?.to_owned(),
        wait: args.wait(1),
    })
}

pub(super) fn start_process_group(_: &Rpc, args: Args<'_>) -> Result<Command, Failure> {
    Ok(Command::StartGroup {
        name: args.group(0)?.to_owned(),
        wait: args.wait(1),
    })
}

pub(super) fn start_all_processes(_: &Rpc, args: Args<'_>) -> Result<Command, Failure> {
    Ok(Command::StartAll { wait: args.wait(0) })
}

pub(super) fn stop_process(_: &Rpc, args: Args<'_>) -> Result<Command, Failure> {
    Ok(Command::StopProcess {
        namespec: args.name(0)?.to_owned(),
        wait: args.wait(1),
    })
}

pub(super) fn stop_process_group(_: &Rpc, args: Args<'_>) -> Result<Command, Failure> {
    Ok(Command::StopGroup {
        name: args.group(0)?.to_owned(),
        wait: args.wait(1),
    })
}

pub(super) fn stop_all_processes(_: &Rpc, args: Args<'_>) -> Result<Command, Failure> {
    Ok(Command::StopAll { wait: args.wait(0) })
}

pub(super) fn signal_process(_: &Rpc, args: Args<'_>) -> Result<Command, Failure> {
    Ok(Command::SignalProcess {
        namespec: args.name(0)?.to_owned(),
        signal: args.signal(1)?,
    })
}

pub(super) fn signal_process_group(_: &Rpc, args: Args<'_>) -> Result<Command, Failure> {
    Ok(Command::SignalGroup {
        name: args.group(0)?.to_owned(),
        signal: args.signal(1)?,
    })
}

pub(super) fn signal_all_processes(_: &Rpc, args: Args<'_>) -> Result<Command, Failure> {
    Ok(Command::SignalAll {
        signal: args.signal(0)?,
    })
}

pub(super) fn add_process_group(_: &Rpc, args: Args<'_>) -> Result<Command, Failure> {
    Ok(Command::AddGroup {
        name: args.group(0)?.to_owned(),
    })
}

pub(super) fn remove_process_group(_: &Rpc, args: Args<'_>) -> Result<Command, Failure> {
    Ok(Command::RemoveGroup {
        name: args.group(0)?.to_owned(),
    })
}

/// Reads the file here; only what could be read reaches the machine (RPC-062, RPC-064).
pub(super) fn reload_config(rpc: &Rpc, _: Args<'_>) -> Result<Command, Failure> {
    match rpc.handle.reread() {
        Ok(groups) => Ok(Command::ReplaceConfig(groups)),
        Err(reason) => Err(Fault::with(FaultCode::CantReread, reason).into()),
    }
}

/// Takes any two values and shows them as text (RPC-149).
pub(super) fn send_remote_comm_event(_: &Rpc, args: Args<'_>) -> Result<Command, Failure> {
    Ok(Command::SendRemoteEvent {
        kind: args.shown(0)?,
        data: args.shown(1)?,
    })
}

pub(super) fn shutdown(_: &Rpc, _: Args<'_>) -> Result<Command, Failure> {
    Ok(Command::Shutdown)
}

pub(super) fn restart(_: &Rpc, _: Args<'_>) -> Result<Command, Failure> {
    Ok(Command::Restart)
}

/// Answers true as soon as the bytes are queued, also when the pipe is full (RPC-147, where the reference answers
/// HTTP 500 and delivers them all the same).
pub(super) fn send_process_stdin(
    rpc: &Rpc,
    args: Args<'_>,
    out: &mut Writer,
) -> Result<(), Failure> {
    let chars = args.chars(1)?;
    let name = args.name(0)?;
    let (id, takes_input) = rpc.handle.read(|supervisor, _| {
        let id = info::find(supervisor, name)?;
        let stopping = supervisor.process_state(id) == Some(ProcessState::Stopping);
        Ok::<_, Fault>((id, supervisor.pid(id).is_some() && !stopping))
    })?;
    if !takes_input {
        return Err(Fault::with(FaultCode::NotRunning, name).into());
    }
    rpc.handle
        .write_stdin(id, chars.as_bytes())
        .map_err(|_| Fault::with(FaultCode::NoFile, name))?;
    out.bool(true);
    Ok(())
}

/// Writes what the machine has answered.
pub(super) fn write_reply(out: &mut Writer, reply: &Reply) {
    match reply {
        Reply::True => out.bool(true),
        Reply::Results(results) => write_results(out, results),
        Reply::Diff {
            added,
            changed,
            removed,
        } => {
            // Three arrays in an array in an array (RPC-060).
            out.begin_array();
            out.begin_array();
            for names in [added, changed, removed] {
                out.begin_array();
                for name in names {
                    out.string(name);
                }
                out.end_array();
            }
            out.end_array();
            out.end_array();
        }
    }
}

/// Writes how each process fared (RPC-126).
pub(super) fn write_results(out: &mut Writer, results: &[ProcessResult]) {
    out.begin_array();
    for result in results {
        out.begin_struct();
        out.string_member("name", &result.name);
        out.string_member("group", &result.group);
        out.int_member("status", result.status.number());
        out.string_member("description", &result.description);
        out.end_struct();
    }
    out.end_array();
}

#[cfg(test)]
mod tests {
    use super::write_reply;
    use crate::model::fault::FaultCode;
    use crate::supervisor::command::{ProcessResult, Reply};
    use crate::xmlrpc::{Value, Writer, parse_response};

    fn written(reply: &Reply) -> Value {
        let mut out = Writer::response();
        write_reply(&mut out, reply);
        parse_response(&out.finish())
            .expect("we can read what we write")
            .expect("it is no fault")
    }

    // RPC-060
    #[test]
    fn a_reread_answers_three_arrays_in_an_array_in_an_array() {
        let names = |names: &[&str]| -> Vec<String> { names.iter().map(|n| (*n).into()).collect() };
        let reply = Reply::Diff {
            added: names(&["a", "b"]),
            changed: vec![],
            removed: names(&["c"]),
        };
        let array = |items: &[&str]| Value::Array(items.iter().map(|n| (*n).into()).collect());
        let three = Value::Array(vec![array(&["a", "b"]), array(&[]), array(&["c"])]);
        assert_eq!(written(&reply), Value::Array(vec![three]));
    }

    // RPC-126
    #[test]
    fn results_have_their_members_in_order() {
        let reply = Reply::Results(vec![ProcessResult {
            name: "api".into(),
            group: "web".into(),
            status: FaultCode::Success,
            description: "OK".into(),
        }]);
        let expected = Value::Struct(vec![
            ("name".into(), "api".into()),
            ("group".into(), "web".into()),
            ("status".into(), 80.into()),
            ("description".into(), "OK".into()),
        ]);
        assert_eq!(written(&reply), Value::Array(vec![expected]));
        assert_eq!(written(&Reply::Results(vec![])), Value::Array(vec![]));
        assert_eq!(written(&Reply::True), Value::Bool(true));
    }
}
