//! Words after `supervisord` that are not the reference's, and the two small programs that come with it.
//!
//! `words.rs` tells them from the command lines of the daemon. Each tool reads a configuration or starts something, none reaches into a running daemon.

pub mod about;
pub mod check;
pub mod demo;
pub mod effective;
pub mod init;
pub mod manual;
mod markdown;
pub mod pidproxy;
pub mod sample;
mod sections;
pub mod service;
pub mod words;

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::process::ExitCode;

use bstr::BString;
use clap::{Args, Parser};

use crate::config::context::LoadContext;
use crate::config::env_file;

/// The exit status for a configuration or a command line that cannot be used.
const FAILED: u8 = 2;

/// Which file a tool looks at.
#[derive(Args)]
struct ConfigFile {
    /// The configuration file; without it, the one that supervisord itself would find
    #[arg(short = 'c', long = "configuration", value_name = "FILE")]
    configuration: Option<OsString>,
    /// Variables for supervisord itself, as with its own option of this name
    #[arg(long, value_name = "FILE")]
    env_file: Option<OsString>,
}

impl ConfigFile {
    fn given(self) -> Option<BString> {
        self.configuration.map(|file| file.into_vec().into())
    }

    /// What is given here, or else there.
    fn or(self, other: Self) -> Self {
        Self {
            configuration: self.configuration.or(other.configuration),
            env_file: self.env_file.or(other.env_file),
        }
    }

    /// What a reading depends on besides the file. The error has its words.
    fn context(&self, argv0: BString) -> Result<LoadContext, String> {
        let mut context = LoadContext::of_this_process(argv0).map_err(|error| error.to_string())?;
        if let Some(file) = &self.env_file {
            let pairs = env_file::read_for_server(Path::new(file));
            context.set_variables(pairs.map_err(|error| error.to_string())?);
        }
        Ok(context)
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
