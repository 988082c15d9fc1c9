//! The commands, one file per family, and the one table that names them.
//!
//! A command is a function on the session with the rest of its line as argument. It prints what it has to say, sets the
//! session's exit status where the reference would, and returns an error for everything that it has no words of its own
//! for. Completion, `help` and dispatch all come from [`COMMANDS`].
//!
//! Commands that check first whether a server is there do so before they look at their arguments, `version` excepted
//! (CTL-040, CTL-041).

mod clear;
mod completions;
mod fg;
pub(super) mod groups;
pub(super) mod help;
mod info;
pub(super) mod reread;
mod shutdown;
mod signal;
pub(super) mod start_stop;
pub(super) mod status;
mod tail;
mod wait;
mod watch;

use super::error::CtlError;
use super::exit_status::ExitStatus;
use super::session::Session;

/// How a command is run.
pub type Run = fn(&mut Session<'_>, &str) -> Result<(), CtlError>;

/// A command: its name, what it does, and its help (CTL-164, CTL-166): lines of syntax and meaning, apart by tabs.
pub struct Command {
    pub name: &'static str,
    pub run: Run,
    pub completes: Completes,
    pub help: &'static str,
}

/// What the words after a command name (CTL-071).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completes {
    Nothing,
    Groups,
    Processes,
    SignalThenProcesses,
}

/// In alphabetical order, as `help` lists them (CTL-160).
pub const COMMANDS: [Command; 21] = [
    Command {
        name: "add",
        run: groups::add,
        completes: Completes::Groups,
        help: "add <name> [...]\tPut new groups that reread has found to work",
    },
    Command {
        name: "avail",
        run: reread::avail,
        completes: Completes::Nothing,
        help: "avail\t\t\tList all that is configured, in use or not",
    },
    Command {
        name: "clear",
        run: clear::clear,
        completes: Completes::Processes,
        help: "clear <name>\t\tEmpty the logs of a process\n\
               clear <name> <name>\tEmpty the logs of several processes\n\
               clear all\t\tEmpty the logs of all processes",
    },
    Command {
        name: "exit",
        run: quit,
        completes: Completes::Nothing,
        help: "exit\tLeave the shell.",
    },
    Command {
        name: "fg",
        run: fg::fg,
        completes: Completes::Processes,
        help: "fg <process>\tSee a process's output and type its input\n\
               \t\tCtrl-C ends this",
    },
    Command {
        name: "maintail",
        run: tail::maintail,
        completes: Completes::Nothing,
        help: "maintail -f \tFollow supervisord's own log (Ctrl-C ends this)\n\
               maintail -100\tits last 100 *bytes*\n\
               maintail\tits last 1600 *bytes*\n",
    },
    Command {
        name: "open",
        run: info::open,
        completes: Completes::Nothing,
        help: "open <url>\tTalk to another supervisord.\n\
               \t\t(a UNIX socket is written unix:///path/of/socket)",
    },
    Command {
        name: "pid",
        run: info::pid,
        completes: Completes::Processes,
        help: "pid\t\t\tShow supervisord's own process id.\n\
               pid <name>\t\tShow the process id of a process.\n\
               pid all\t\t\tShow the process ids of all processes, a line each.",
    },
    Command {
        name: "quit",
        run: quit,
        completes: Completes::Nothing,
        help: "quit\tLeave the shell.",
    },
    Command {
        name: "reload",
        run: shutdown::reload,
        completes: Completes::Nothing,
        help: "reload \t\tStop everything, and let supervisord begin anew.",
    },
    Command {
        name: "remove",
        run: groups::remove,
        completes: Completes::Groups,
        help: "remove <name> [...]\tDismiss groups whose processes are stopped",
    },
    Command {
        name: "reread",
        run: reread::reread,
        completes: Completes::Nothing,
        help: "reread \t\t\tRead the configuration files again, without acting on them",
    },
    Command {
        name: "restart",
        run: start_stop::restart,
        completes: Completes::Processes,
        help: "restart <name>\t\tStop and start a process\n\
               restart <gname>:*\tStop and start the processes of a group\n\
               restart <name> <name>\tStop and start several processes or groups\n\
               restart all\t\tStop and start all processes\n\
               Note: configuration files are not read again. See reread and update.",
    },
    Command {
        name: "shutdown",
        run: shutdown::shutdown,
        completes: Completes::Nothing,
        help: "shutdown \tStop everything, supervisord too.",
    },
    Command {
        name: "signal",
        run: signal::signal,
        completes: Completes::SignalThenProcesses,
        help: "signal <signal name> <name>\t\tSend a signal to a process\n\
               signal <signal name> <gname>:*\t\tSend a signal to the processes of a group\n\
               signal <signal name> <name> <name>\tSend a signal to several processes or groups\n\
               signal <signal name> all\t\tSend a signal to all processes",
    },
    Command {
        name: "start",
        run: start_stop::start,
        completes: Completes::Processes,
        help: "start <name>\t\tRun a process\n\
               start <gname>:*\t\tRun the processes of a group\n\
               start <name> <name>\tRun several processes or groups\n\
               start all\t\tRun all processes",
    },
    Command {
        name: "status",
        run: status::status,
        completes: Completes::Processes,
        help: "status <name>\t\tShow how a process is\n\
               status <gname>:*\tShow how the processes of a group are\n\
               status <name> <name>\tShow how several processes are\n\
               status\t\t\tShow how all processes are",
    },
    Command {
        name: "stop",
        run: start_stop::stop,
        completes: Completes::Processes,
        help: "stop <name>\t\tEnd a process\n\
               stop <gname>:*\t\tEnd the processes of a group\n\
               stop <name> <name>\tEnd several processes or groups\n\
               stop all\t\tEnd all processes",
    },
    Command {
        name: "tail",
        run: tail::tail,
        completes: Completes::Processes,
        help: "tail [-f] <name> [stdout|stderr] (default stdout)\n\
               Ex:\n\
               tail -f <name>\t\tFollow the stdout log of a process\n\
               \t\t\tCtrl-C ends this.\n\
               tail -100 <name>\tlast 100 *bytes* of its stdout log\n\
               tail <name> stderr\tlast 1600 *bytes* of its stderr log",
    },
    Command {
        name: "update",
        run: groups::update,
        completes: Completes::Groups,
        help: "update\t\t\tRead the configuration again; add, remove and restart groups accordingly\n\
               update all\t\tThe same\n\
               update <gname> [...]\tThe same, for these groups alone",
    },
    Command {
        name: "version",
        run: info::version,
        completes: Completes::Nothing,
        help: "version\t\t\tShow the version of supervisord",
    },
];

/// Commands that the reference does not have. They are no part of its list, which scripts and people know.
pub const EXTRA_COMMANDS: [Command; 2] = [
    Command {
        name: "completions",
        run: completions::completions,
        completes: Completes::Nothing,
        help: "completions bash|zsh|fish\tPrint completions for a shell\n\
               completions man\t\tPrint the manual page",
    },
    Command {
        name: "wait",
        run: wait::wait,
        completes: Completes::Processes,
        help: "wait <name> [...] [--for RUNNING|STOPPED|EXITED] [--timeout <seconds>]\n\
               \t\t\tWait until processes are in a state (default RUNNING)",
    },
];

/// The command of that name. `help` and `EOF` are no topics of help, so the table does not hold them (CTL-162).
pub fn find(word: &str) -> Option<Run> {
    match word {
        "help" => Some(help::help),
        "EOF" => Some(quit),
        _ => command(word).map(|command| command.run),
    }
}

pub fn command(name: &str) -> Option<&'static Command> {
    let mut all = COMMANDS.iter().chain(&EXTRA_COMMANDS);
    all.find(|command| command.name == name)
}

/// Ends the session, whatever follows the word (CTL-064).
fn quit(session: &mut Session<'_>, _: &str) -> Result<(), CtlError> {
    session.output.line("");
    session.leaving = true;
    Ok(())
}

/// A complaint about a command's words, and its help (CTL-165).
fn complain(session: &mut Session<'_>, name: &str, complaint: &str, status: ExitStatus) {
    session.output.line(complaint);
    session.exit_status = status;
    if let Some(command) = command(name) {
        session.output.line(command.help);
    }
}

/// For commands that take no words: false, after a complaint, when there are some (CTL-125).
fn takes_no_argument(session: &mut Session<'_>, name: &str, argument: &str) -> bool {
    if !argument.is_empty() {
        let complaint = format!("Error: {name} accepts no arguments");
        complain(session, name, &complaint, ExitStatus::Generic);
    }
    argument.is_empty()
}

/// Takes an option that is ours out of the words; whether it was there.
fn take_option(words: &mut Vec<&str>, option: &str) -> bool {
    let before = words.len();
    words.retain(|word| *word != option);
    words.len() < before
}
