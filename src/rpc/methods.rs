//! The table of methods: the one place that knows which methods exist.
//!
//! A row gives a method's name, parameters, result, help and function. Dispatch, the count of arguments, the gate
//! that closes during shutdown, `system.listMethods`, `methodHelp` and `methodSignature` are all read from it, so a
//! method cannot be half published. What a method does stands in [`control`], [`info`], [`logs`] and [`system`].
//!
//! Rows are sorted by name in byte order, as listings are (RPC-191) and as the search needs it.

use super::params::{self, Args};
use super::{Failure, Rpc, control, info, logs, system};
use crate::model::fault::Fault;
use crate::supervisor::command::Command;
use crate::xmlrpc::Writer;

/// One published method.
pub(super) struct Method {
    /// The part after the namespace.
    pub name: &'static str,
    params: &'static [Param],
    returns: (Kind, &'static str),
    /// What it does, in full sentences.
    about: &'static str,
    /// Refused with SHUTDOWN_STATE while supervisord goes down (RPC-020, RPC-021, RPC-025).
    pub gated: bool,
    pub run: Run,
}

/// How a method gets its answer.
pub(super) enum Run {
    /// Looks around and writes the answer at once. Writes nothing when it fails.
    Look(fn(&Rpc, Args<'_>, &mut Writer) -> Result<(), Failure>),
    /// Makes the command that the machine shall answer, now or later.
    Ask(fn(&Rpc, Args<'_>) -> Result<Command, Failure>),
    /// `system.multicall`, which runs other rows.
    Multicall,
}

struct Param {
    kind: Kind,
    name: &'static str,
    about: &'static str,
    optional: bool,
}

/// A type as `methodSignature` names it.
#[derive(Clone, Copy)]
enum Kind {
    Array,
    Boolean,
    Int,
    String,
    Struct,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Array => "array",
            Self::Boolean => "boolean",
            Self::Int => "int",
            Self::String => "string",
            Self::Struct => "struct",
        }
    }
}

impl Method {
    /// INCORRECT_PARAMETERS unless it can be called with this many arguments (RPC-005).
    pub fn check_number(&self, args: Args<'_>) -> Result<(), Fault> {
        let required = self.params.iter().filter(|param| !param.optional).count();
        if (required..=self.params.len()).contains(&args.0.len()) {
            Ok(())
        } else {
            Err(params::incorrect())
        }
    }

    /// The text of `methodHelp`: what it does, then the tag lines (RPC-192).
    pub fn help(&self) -> String {
        let mut text = format!("{}\n\n", self.about);
        for Param {
            kind, name, about, ..
        } in self.params
        {
            text.push_str(&format!("@param {} {name} {about}\n", kind.name()));
        }
        let (kind, about) = self.returns;
        text.push_str(&format!("@return {} {about}\n", kind.name()));
        text
    }

    /// The type of the result, then those of the parameters (RPC-193).
    pub fn signature(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.returns.0)
            .chain(self.params.iter().map(|param| param.kind))
            .map(Kind::name)
    }
}

/// The method that a client's `namespace.method` names (RPC-001 to 004, RPC-008).
pub(super) fn find(namespaces: &[String], full_name: &str) -> Option<&'static Method> {
    let (namespace, name) = full_name.split_once('.')?;
    if namespace == SYSTEM_NAMESPACE {
        row(SYSTEM, name)
    } else if namespaces.iter().any(|known| known == namespace) {
        row(SUPERVISOR, target_of_alias(name).unwrap_or(name))
    } else {
        None
    }
}

/// The full names of everything published under these namespaces, in byte order (RPC-190, RPC-191).
pub(super) fn list(namespaces: &[String]) -> Vec<String> {
    let supervisor = SUPERVISOR.iter().map(|method| method.name);
    let aliases = ALIASES.iter().map(|(alias, _)| *alias);
    let names: Vec<&str> = supervisor.chain(aliases).collect();
    let mut all: Vec<String> = namespaces
        .iter()
        .filter(|namespace| *namespace != SYSTEM_NAMESPACE)
        .flat_map(|namespace| names.iter().map(move |name| format!("{namespace}.{name}")))
        .chain(
            SYSTEM
                .iter()
                .map(|method| format!("{SYSTEM_NAMESPACE}.{}", method.name)),
        )
        .collect();
    all.sort();
    all.dedup();
    all
}

fn row(table: &'static [Method], name: &str) -> Option<&'static Method> {
    let index = table
        .binary_search_by(|method| method.name.cmp(name))
        .ok()?;
    table.get(index)
}

fn target_of_alias(name: &str) -> Option<&'static str> {
    ALIASES
        .iter()
        .find(|(alias, _)| *alias == name)
        .map(|(_, target)| *target)
}

/// Always present, whatever the configuration says; its methods cannot be replaced (RPC-008).
const SYSTEM_NAMESPACE: &str = "system";

/// Names from before release 3 that clients still use (CLT-014).
const ALIASES: &[(&str, &str)] = &[
    ("clearProcessLog", "clearProcessLogs"),
    ("getVersion", "getAPIVersion"),
    ("readMainLog", "readLog"),
    ("readProcessLog", "readProcessStdoutLog"),
    ("tailProcessLog", "tailProcessStdoutLog"),
];

const PROCESS: Param = required(
    Kind::String,
    "name",
    "the process, as `process` or `group:process`",
);
const PROCESS_OR_GROUP: Param = required(
    Kind::String,
    "name",
    "the process, as `process` or `group:process`; `group:*` for a whole group",
);
const GROUP: Param = required(Kind::String, "name", "the group");
const SIGNAL: Param = required(
    Kind::String,
    "signal",
    "the signal, by name (`HUP`, `SIGHUP`) or by number (`1`)",
);
const WAIT_UP: Param = optional(
    Kind::Boolean,
    "wait",
    "answer only when the start has succeeded or failed (the default)",
);
const WAIT_DOWN: Param = optional(
    Kind::Boolean,
    "wait",
    "answer only when the stop is complete (the default)",
);
const OFFSET: Param = required(
    Kind::Int,
    "offset",
    "where to begin; with a negative offset and length 0, that many bytes from the end",
);
const LENGTH: Param = required(
    Kind::Int,
    "length",
    "how many bytes at most; 0 for all that follow",
);
const TAIL_OFFSET: Param = required(
    Kind::Int,
    "offset",
    "the size that the caller knows of, from an earlier answer",
);
const TAIL_LENGTH: Param = required(Kind::Int, "length", "how many bytes at most");

const TRUE: (Kind, &str) = (Kind::Boolean, "always true");
const RESULTS: (Kind, &str) = (
    Kind::Array,
    "one struct per process: name, group, status, description",
);
const LOG_TEXT: (Kind, &str) = (Kind::String, "what the log says there");
const TAIL: (Kind, &str) = (
    Kind::Array,
    "the text, the present size of the log, whether something was skipped",
);

const fn required(kind: Kind, name: &'static str, about: &'static str) -> Param {
    Param {
        kind,
        name,
        about,
        optional: false,
    }
}

const fn optional(kind: Kind, name: &'static str, about: &'static str) -> Param {
    Param {
        kind,
        name,
        about,
        optional: true,
    }
}

const SUPERVISOR: &[Method] = &[
    Method {
        name: "addProcessGroup",
        params: &[GROUP],
        returns: TRUE,
        about: "Makes a group of the configuration active. Only what the last reloadConfig has read can be added.",
        gated: true,
        run: Run::Ask(control::add_process_group),
    },
    Method {
        name: "clearAllProcessLogs",
        params: &[],
        returns: RESULTS,
        about: "Empties the logs of every running process.",
        gated: true,
        run: Run::Look(logs::clear_all_process_logs),
    },
    Method {
        name: "clearLog",
        params: &[],
        returns: TRUE,
        about: "Deletes supervisord's own log file and begins a new one.",
        gated: true,
        run: Run::Look(logs::clear_log),
    },
    Method {
        name: "clearProcessLogs",
        params: &[PROCESS],
        returns: TRUE,
        about: "Empties both logs of a process. Those of a process that is not running stay as they are.",
        gated: true,
        run: Run::Look(logs::clear_process_logs),
    },
    Method {
        name: "getAPIVersion",
        params: &[],
        returns: (Kind::String, "the version"),
        about: "Says which version of this interface is spoken here.",
        gated: true,
        run: Run::Look(info::get_api_version),
    },
    Method {
        name: "getAllConfigInfo",
        params: &[],
        returns: (Kind::Array, "one struct per configured process"),
        about: "Lists the configuration of every process that the last reading of the file yielded, whether its \
                group is active or not.",
        gated: true,
        run: Run::Look(info::get_all_config_info),
    },
    Method {
        name: "getAllProcessInfo",
        params: &[],
        returns: (Kind::Array, "one struct per process, as of getProcessInfo"),
        about: "Describes every process of the active groups, by group and then by name.",
        gated: true,
        run: Run::Look(info::get_all_process_info),
    },
    Method {
        name: "getIdentification",
        params: &[],
        returns: (Kind::String, "the identifier"),
        about: "Says the identifier that the configuration gives to this supervisord.",
        gated: true,
        run: Run::Look(info::get_identification),
    },
    Method {
        name: "getPID",
        params: &[],
        returns: (Kind::Int, "the process id"),
        about: "Says the process id of supervisord itself.",
        gated: true,
        run: Run::Look(info::get_pid),
    },
    Method {
        name: "getProcessInfo",
        params: &[PROCESS],
        returns: (
            Kind::Struct,
            "state, times, process id, logs and a description",
        ),
        about: "Describes one process.",
        gated: true,
        run: Run::Look(info::get_process_info),
    },
    Method {
        name: "getState",
        params: &[],
        returns: (Kind::Struct, "statecode (int) and statename (string)"),
        about: "Says the state of supervisord itself.",
        gated: true,
        run: Run::Look(info::get_state),
    },
    Method {
        name: "getSupervisorVersion",
        params: &[],
        returns: (Kind::String, "the version"),
        about: "Says which release of Supervisor this daemon behaves like.",
        gated: true,
        run: Run::Look(info::get_supervisor_version),
    },
    Method {
        name: "readLog",
        params: &[OFFSET, LENGTH],
        returns: LOG_TEXT,
        about: "Reads from supervisord's own log.",
        gated: true,
        run: Run::Look(logs::read_log),
    },
    Method {
        name: "readProcessStderrLog",
        params: &[PROCESS, OFFSET, LENGTH],
        returns: LOG_TEXT,
        about: "Reads from the stderr log of a process.",
        gated: true,
        run: Run::Look(logs::read_process_stderr_log),
    },
    Method {
        name: "readProcessStdoutLog",
        params: &[PROCESS, OFFSET, LENGTH],
        returns: LOG_TEXT,
        about: "Reads from the stdout log of a process.",
        gated: true,
        run: Run::Look(logs::read_process_stdout_log),
    },
    Method {
        name: "reloadConfig",
        params: &[],
        returns: (
            Kind::Array,
            "one array of three: the names of added, changed and removed groups",
        ),
        about: "Reads the configuration file again and compares it with the active groups. Nothing is started, \
                stopped, added or removed.",
        gated: true,
        run: Run::Ask(control::reload_config),
    },
    Method {
        name: "removeProcessGroup",
        params: &[GROUP],
        returns: TRUE,
        about: "Makes a group inactive. All its processes must have been stopped before.",
        gated: true,
        run: Run::Ask(control::remove_process_group),
    },
    Method {
        name: "restart",
        params: &[],
        returns: TRUE,
        about: "Stops everything, reads the configuration again and starts over, in the same process.",
        gated: true,
        run: Run::Ask(control::restart),
    },
    Method {
        name: "sendProcessStdin",
        params: &[
            PROCESS,
            required(
                Kind::String,
                "chars",
                "what to write, as it is; no newline is added",
            ),
        ],
        returns: TRUE,
        about: "Writes to the standard input of a running process, in UTF-8.",
        gated: true,
        run: Run::Look(control::send_process_stdin),
    },
    Method {
        name: "sendRemoteCommEvent",
        params: &[
            required(Kind::String, "type", "the word after `type:` in the event"),
            required(Kind::String, "data", "the body of the event"),
        ],
        returns: TRUE,
        about: "Sends a REMOTE_COMMUNICATION event to the event listeners that ask for it.",
        gated: false,
        run: Run::Ask(control::send_remote_comm_event),
    },
    Method {
        name: "shutdown",
        params: &[],
        returns: TRUE,
        about: "Stops everything, supervisord last.",
        gated: true,
        run: Run::Ask(control::shutdown),
    },
    Method {
        name: "signalAllProcesses",
        params: &[SIGNAL],
        returns: RESULTS,
        about: "Sends a signal to every process that runs.",
        gated: true,
        run: Run::Ask(control::signal_all_processes),
    },
    Method {
        name: "signalProcess",
        params: &[PROCESS_OR_GROUP, SIGNAL],
        returns: TRUE,
        about: "Sends a signal to a process, without any effect on its state here.",
        gated: true,
        run: Run::Ask(control::signal_process),
    },
    Method {
        name: "signalProcessGroup",
        params: &[GROUP, SIGNAL],
        returns: RESULTS,
        about: "Sends a signal to every process of a group that runs.",
        gated: true,
        run: Run::Ask(control::signal_process_group),
    },
    Method {
        name: "startAllProcesses",
        params: &[WAIT_UP],
        returns: RESULTS,
        about: "Starts every process that does not run, all at once.",
        gated: true,
        run: Run::Ask(control::start_all_processes),
    },
    Method {
        name: "startProcess",
        params: &[PROCESS_OR_GROUP, WAIT_UP],
        returns: TRUE,
        about: "Starts a process.",
        gated: true,
        run: Run::Ask(control::start_process),
    },
    Method {
        name: "startProcessGroup",
        params: &[GROUP, WAIT_UP],
        returns: RESULTS,
        about: "Starts every process of a group that does not run, all at once.",
        gated: true,
        run: Run::Ask(control::start_process_group),
    },
    Method {
        name: "stopAllProcesses",
        params: &[WAIT_DOWN],
        returns: RESULTS,
        about: "Stops every process that runs, event listeners too, all at once.",
        gated: true,
        run: Run::Ask(control::stop_all_processes),
    },
    Method {
        name: "stopProcess",
        params: &[PROCESS_OR_GROUP, WAIT_DOWN],
        returns: TRUE,
        about: "Stops a process.",
        gated: true,
        run: Run::Ask(control::stop_process),
    },
    Method {
        name: "stopProcessGroup",
        params: &[GROUP, WAIT_DOWN],
        returns: RESULTS,
        about: "Stops every process of a group that runs, all at once.",
        gated: true,
        run: Run::Ask(control::stop_process_group),
    },
    Method {
        name: "tailProcessStderrLog",
        params: &[PROCESS, TAIL_OFFSET, TAIL_LENGTH],
        returns: TAIL,
        about: "Shows the end of the stderr log of a process, for callers that come back with the size they were told.",
        gated: true,
        run: Run::Look(logs::tail_process_stderr_log),
    },
    Method {
        name: "tailProcessStdoutLog",
        params: &[PROCESS, TAIL_OFFSET, TAIL_LENGTH],
        returns: TAIL,
        about: "Shows the end of the stdout log of a process, for callers that come back with the size they were told.",
        gated: true,
        run: Run::Look(logs::tail_process_stdout_log),
    },
];

const SYSTEM: &[Method] = &[
    Method {
        name: "listMethods",
        params: &[],
        returns: (Kind::Array, "the full names, sorted"),
        about: "Lists the methods that can be called here.",
        gated: false,
        run: Run::Look(system::list_methods),
    },
    Method {
        name: "methodHelp",
        params: &[required(
            Kind::String,
            "name",
            "the full name of the method",
        )],
        returns: (Kind::String, "the text"),
        about: "Explains a method.",
        gated: false,
        run: Run::Look(system::method_help),
    },
    Method {
        name: "methodSignature",
        params: &[required(
            Kind::String,
            "name",
            "the full name of the method",
        )],
        returns: (
            Kind::Array,
            "the type of the result, then the type of each parameter",
        ),
        about: "Says the types of a method.",
        gated: false,
        run: Run::Look(system::method_signature),
    },
    Method {
        name: "multicall",
        params: &[required(
            Kind::Array,
            "calls",
            "one struct per call: methodName (string) and params (array)",
        )],
        returns: (
            Kind::Array,
            "per call its bare result, or a struct with faultCode and faultString",
        ),
        about: "Makes several calls, one after the other. A call that fails does not keep the next from being made.",
        gated: false,
        run: Run::Multicall,
    },
];

#[cfg(test)]
mod tests;
