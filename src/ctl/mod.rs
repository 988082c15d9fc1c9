//! supervisorctl: the command line client.
//!
//! Same words, same places (stdout, stderr), same exit codes as the reference's client, command by command; scripts read
//! them. It speaks XML-RPC to whatever server it is pointed at, ours or the reference's, and knows nothing of the
//! daemon's inside.
//!
//! ```text
//! options.rs   command line and [supervisorctl]      ─┐
//! session.rs   line → command, credentials, errors    ├─ commands/  one function per command
//! shell.rs     lines one after the other             ─┘     │
//! input.rs terminal.rs completion.rs history.rs   lines     │
//! outcome.rs table.rs answers.rs   words, columns, rows     │
//! client.rs tail.rs foreground.rs ── wire.rs http.rs ◀──────┘
//! go/                              `supervisord ctl`: the same client, with the Go rewrite's options and verbs
//! ```
//!
//! Plain blocking sockets and no runtime: a command is two short questions, and most of its time would otherwise be spent
//! on starting up.
//!
//! Where the reference is left on purpose:
//!
//! - an `error:` line ends after the message, where Python adds a file and line of its source (CTL-047);
//! - a followed log is passed on byte for byte (CTL-117), over IPv6 too, and long credentials are not wrapped (CTL-033);
//! - a broken configuration file is a message, not a traceback (CTL-012);
//! - `[ctlplugin:x]` sections are warned of and left out (CTL-022);
//! - a command uses one connection (CTL-035), and in the shell Ctrl-C while it waits ends the command and not the shell;
//! - what is ours alone (`--json`, `--watch`, `--lines`, `wait`, wildcards, programs called `supervisorctl-x`) stands
//!   where the reference would only have complained.

mod advice;
mod answers;
mod client;
mod colour;
mod commands;
mod completion;
mod error;
mod exit_status;
mod external;
mod foreground;
mod generate;
pub mod go;
mod history;
mod http;
mod input;
mod interrupt;
mod json;
mod line;
mod names;
mod options;
mod outcome;
mod output;
mod prompt;
mod server_url;
mod session;
mod shell;
mod table;
mod tail;
mod terminal;
#[cfg(test)]
mod tests;
mod wire;

use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal, Write};
use std::os::unix::ffi::OsStringExt;

use bstr::BString;

use crate::config::context::LoadContext;
use crate::config::path_search::started_as;

use self::error::CtlError;
use self::exit_status::ExitStatus;
use self::history::HistoryFile;
use self::input::{Input, Lines};
use self::options::{GRAMMAR, Grammar, Options, Request, read};
use self::output::Output;
use self::session::{Manner, Session};
use self::terminal::Terminal;

/// Runs the client and returns its exit status. `program` is the name it was started under, `arguments` what follows.
pub fn main(program: &OsStr, arguments: impl Iterator<Item = OsString>) -> u8 {
    start(program, arguments, &GRAMMAR, Manner::default())
}

fn start(
    program: &OsStr,
    arguments: impl Iterator<Item = OsString>,
    grammar: &Grammar,
    manner: Manner,
) -> u8 {
    let program = started_as(program, std::env::var_os("PATH").as_deref());
    let context = match LoadContext::of_this_process(program) {
        Ok(context) => context,
        Err(error) => {
            eprintln!("Error: {error}");
            return ExitStatus::Generic.code();
        }
    };
    let arguments: Vec<BString> = arguments.map(|word| word.into_vec().into()).collect();
    match read(grammar, &arguments, &context) {
        Ok(Request::Help { text }) => {
            // Whoever does not read it does not miss it.
            let _ = io::stdout().write_all(text.as_bytes());
            ExitStatus::Success.code()
        }
        Ok(Request::Run(options)) => run(options, manner),
        Err(error) => {
            eprint!("{}", error.text);
            error.status
        }
    }
}

fn run(options: Options, manner: Manner) -> u8 {
    let terminal = io::stdout().is_terminal();
    let colour = options.colour.is_wanted(terminal);
    let mut output = Output::new(io::stdout().lock(), io::stderr()).seen(terminal, colour);
    for warning in &options.warnings {
        output.complaint(warning);
    }
    let history = HistoryFile {
        path: options.history_file,
    };
    let input = match input(options.command.is_none() && terminal, history, colour) {
        Ok(input) => input,
        Err(error) => {
            output.complaint(&format!("supervisorctl: cannot read: {error}"));
            return ExitStatus::Generic.code();
        }
    };
    let mut session = Session::new(options.target, options.interactive, input, output);
    session.origin = options.origin;
    session.manner = manner;
    if options.verbose {
        session.describe_way();
    }
    match options.command {
        Some(line) => session.run(&line),
        None => {
            // Without it Ctrl-C ends more than it should, and that is all.
            let _ = session.interrupt();
            shell::run(&mut session, &options.prompt);
            // Whatever happened on the way (CTL-066).
            session.exit_status = ExitStatus::Success;
        }
    }
    leave(&mut session)
}

/// Lines are edited where there is a terminal on both sides.
fn input(edited: bool, history: HistoryFile, hints: bool) -> Result<Box<dyn Input>, CtlError> {
    let lines = Lines::of_stdin()?;
    let kind = std::env::var("TERM").ok();
    if edited && io::stdin().is_terminal() && terminal::can_be_edited_on(kind.as_deref()) {
        return Ok(Box::new(Terminal::open(lines, history, hints)?));
    }
    Ok(Box::new(lines))
}

/// The status to leave with; words that nobody could be told are a failure of their own.
fn leave(session: &mut Session<'_>) -> u8 {
    session.output.flush();
    let lost = session.output.failure();
    let lost = lost.map(|error| (error.kind(), error.to_string()));
    match lost {
        None => session.exit_status.code(),
        Some((io::ErrorKind::BrokenPipe, _)) => ExitStatus::Generic.code(),
        Some((_, text)) => {
            session
                .output
                .complaint(&format!("supervisorctl: cannot write: {text}"));
            ExitStatus::Generic.code()
        }
    }
}
