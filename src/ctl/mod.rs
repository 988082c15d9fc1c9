//! supervisorctl: the command line client.
//!
//! Same words, same places (stdout, stderr), same exit codes as the reference's client, command by command; scripts read
//! them. It speaks XML-RPC to whatever server it is pointed at, ours or the reference's, and knows nothing of the
//! daemon's inside.
//!
//! ```text
//! options.rs   command line and [supervisorctl]      ─┐
//! session.rs   line → command, credentials, errors    ├─ commands/  one function per command
//! shell.rs     lines from a pipe                     ─┘     │
//! outcome.rs table.rs answers.rs   words, columns, rows     │
//! client.rs tail.rs ── http.rs ── server_url.rs ◀───────────┘
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
//! - `[ctlplugin:x]` sections are warned of and left out (CTL-022).

mod answers;
mod client;
mod commands;
mod error;
mod exit_status;
mod http;
mod line;
mod options;
mod outcome;
mod output;
mod prompt;
mod server_url;
mod session;
mod shell;
mod table;
mod tail;
#[cfg(test)]
mod tests;

use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal, Write};
use std::os::unix::ffi::OsStringExt;

use bstr::BString;

use crate::config::context::LoadContext;

use self::exit_status::ExitStatus;
use self::options::{Options, Request, program_path, read};
use self::output::Output;
use self::session::Session;

/// Runs the client and returns its exit status. `program` is the name it was started under, `arguments` what follows.
pub fn main(program: &OsStr, arguments: impl Iterator<Item = OsString>) -> u8 {
    let program = program_path(program, std::env::var_os("PATH").as_deref());
    let context = match LoadContext::of_this_process(program) {
        Ok(context) => context,
        Err(error) => {
            eprintln!("Error: {error}");
            return ExitStatus::Generic.code();
        }
    };
    let arguments: Vec<BString> = arguments.map(|word| word.into_vec().into()).collect();
    match read(&arguments, &context) {
        Ok(Request::Help { text }) => {
            // Whoever does not read it does not miss it.
            let _ = io::stdout().write_all(text.as_bytes());
            ExitStatus::Success.code()
        }
        Ok(Request::Run(options)) => run(options),
        Err(error) => {
            eprint!("{}", error.text);
            error.status
        }
    }
}

fn run(options: Options) -> u8 {
    let mut output = Output::new(io::stdout().lock(), io::stderr());
    for warning in &options.warnings {
        output.complaint(warning);
    }
    let Options {
        client,
        interactive,
        ..
    } = options;
    let mut session = Session::new(client, interactive, io::stdin().lock(), output);
    match options.command {
        Some(line) => session.run(&line),
        None if io::stdin().is_terminal() => {
            session.output.complaint(
                "supervisorctl: the interactive shell is not there yet; give a command, or pipe commands in",
            );
            session.exit_status = ExitStatus::InvalidArguments;
        }
        None => {
            shell::run(&mut session, &options.prompt);
            // Whatever happened on the way (CTL-066).
            session.exit_status = ExitStatus::Success;
        }
    }
    leave(&mut session)
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
