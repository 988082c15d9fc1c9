//! `supervisord config`: the configuration as supervisord would use it, defaults and expansions included.

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use bstr::{BString, ByteSlice};
use clap::Parser;

use super::{ConfigFile, FAILED};
use crate::config::command_line::CommandLine;
use crate::config::{self, dump};

/// Print the configuration as supervisord would use it
///
/// Reads a configuration file with everything it includes, fills names in, applies defaults, and prints the result
/// as one line of JSON: the daemon's own settings, all process groups with their processes, the servers, and what
/// supervisord would log about the file when it starts. Nothing is started, and no file is changed.
///
/// Passwords are shown as they are.
#[derive(Parser)]
#[command(
    name = "supervisord config",
    after_long_help = "Exit status: 0, or 2 when the configuration cannot be used; `supervisord check` says more about that."
)]
struct Arguments {
    #[command(flatten)]
    file: ConfigFile,
    /// Print JSON, the only form there is
    #[arg(long, required = true)]
    dump_json: bool,
}

/// Runs the words after `config`.
pub fn run(argv0: BString, words: &[OsString]) -> ExitCode {
    let arguments: Arguments = match super::parse("supervisord config", words) {
        Ok(arguments) => arguments,
        Err(code) => return code,
    };
    let context = match arguments.file.context(argv0) {
        Ok(context) => context,
        Err(error) => {
            eprintln!("Error: {error}");
            return ExitCode::from(FAILED);
        }
    };
    let command_line = CommandLine {
        config_file: arguments.file.given(),
        ..CommandLine::default()
    };
    match config::load(&command_line, &context) {
        Ok(config) => match writeln!(io::stdout(), "{}", dump::dump(&config)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("Error: {error}");
                ExitCode::FAILURE
            }
        },
        Err(error) => {
            eprint!("{}", error.usage_text(context.argv0.as_bstr()));
            ExitCode::from(FAILED)
        }
    }
}
