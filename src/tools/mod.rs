//! Words after `supervisord` that are not the reference's, and the two small programs that come with it.
//!
//! A word counts only as the first argument; everything else goes to the daemon, which refuses words as the reference
//! does (CLI rows). Each tool reads a configuration or starts something, none reaches into a running daemon.

pub mod check;
pub mod demo;
pub mod effective;
pub mod manual;
pub mod pidproxy;
pub mod sample;

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::process::ExitCode;

use bstr::BString;
use clap::{Args, Parser};

/// The exit status for a configuration or a command line that cannot be used.
const FAILED: u8 = 2;

/// Which file a tool looks at.
#[derive(Args)]
struct ConfigFile {
    /// The configuration file; without it, the one that supervisord itself would find
    #[arg(short = 'c', long = "configuration", value_name = "FILE")]
    configuration: Option<OsString>,
}

impl ConfigFile {
    fn given(self) -> Option<BString> {
        self.configuration.map(|file| file.into_vec().into())
    }
}

/// Reads a tool's own words. What is wrong with them, or the help asked for, has been printed when this gives a status.
fn parse<T: Parser>(name: &str, words: &[OsString]) -> Result<T, ExitCode> {
    let words = std::iter::once(OsString::from(name)).chain(words.iter().cloned());
    T::try_parse_from(words).map_err(|error| {
        // Help goes to stdout, complaints to stderr; a closed one leaves nobody to tell.
        let _ = error.print();
        let code = u8::try_from(error.exit_code()).unwrap_or(FAILED);
        ExitCode::from(code)
    })
}
