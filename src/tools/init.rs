//! `supervisord init`: a file with every option there is, those that Python's Supervisor does not have marked (GO-081 to
//! GO-083).

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;

use super::sample;

/// Write a sample configuration with every option there is
///
/// The sample of echo_supervisord_conf, and with it every option that Python's Supervisor does not have, each marked and
/// commented out. It works as it is.
#[derive(Parser)]
#[command(name = "supervisord init")]
struct Arguments {
    /// The file to write; - is standard output
    #[arg(short, long, value_name = "FILE")]
    output: OsString,
    /// Overwrite the file if it is there
    #[arg(long)]
    force: bool,
    // May stand before the word; nothing is read here.
    #[arg(short = 'c', long = "configuration", hide = true)]
    _configuration: Option<OsString>,
    #[arg(long, hide = true)]
    _env_file: Option<OsString>,
}

/// Runs the words after `init`.
pub fn run(words: &[OsString]) -> ExitCode {
    let arguments: Arguments = match super::parse("supervisord init", words) {
        Ok(arguments) => arguments,
        Err(code) => return code,
    };
    let text = sample::with_extensions();
    let written = if arguments.output == "-" {
        io::stdout().write_all(text.as_bytes())
    } else {
        write(Path::new(&arguments.output), &text, arguments.force)
    };
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let shown = Path::new(&arguments.output).display();
            let advice = match error.kind() {
                io::ErrorKind::AlreadyExists => "; --force overwrites it",
                _ => "",
            };
            eprintln!("Error: cannot write {shown}: {error}{advice}");
            ExitCode::FAILURE
        }
    }
}

/// Somebody's configuration is not lost to a command typed twice.
fn write(path: &Path, text: &str, force: bool) -> io::Result<()> {
    let mut file = if force {
        File::create(path)?
    } else {
        File::create_new(path)?
    };
    file.write_all(text.as_bytes())
}
