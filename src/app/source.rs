//! Where the configuration comes from: the command line, and the place where the daemon was started.
//!
//! A daemon reads its file three times: at the start, for `reloadConfig`, and for a restart. In between it may have
//! gone to another directory, where a relative `-c` names nothing. The reference then ends silently (LIF-005); here the
//! file is found where it was (QRK-031). Every other relative path means what it means in the reference: below the
//! directory of that moment.

use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use bstr::BString;

use crate::config;
use crate::config::command_line::CommandLine;
use crate::config::context::LoadContext;
use crate::config::error::ConfigError;
use crate::config::types::Config;

/// See the module's essay.
#[derive(Debug, Clone)]
pub struct Source {
    command_line: CommandLine,
    /// As it was at the start.
    context: LoadContext,
}

impl Source {
    pub fn new(command_line: CommandLine, context: LoadContext) -> Self {
        Self {
            command_line,
            context,
        }
    }

    /// Whether no file was named, so that the default places are searched.
    pub fn searches(&self) -> bool {
        self.command_line.config_file.is_none()
    }

    /// Reads everything for a start or a restart.
    pub fn load(&self) -> Result<Config, ConfigError> {
        let context = self.context_now();
        let mut command_line = self.command_line.clone();
        if context.cwd != self.context.cwd {
            // The default places too: nobody expects a file from where the daemon happens to stand.
            let file = match command_line.config_file.take() {
                Some(file) => file,
                None => config::find_config_file(&self.context)?,
            };
            command_line.config_file = Some(self.at_the_start(file, &context));
        }
        config::load(&command_line, &context)
    }

    /// Reads again for `reloadConfig` the file that was read (RRD-001).
    pub fn reread(&self, found: &BString) -> Result<Config, ConfigError> {
        let context = self.context_now();
        let command_line = CommandLine {
            config_file: Some(self.at_the_start(found.clone(), &context)),
            ..self.command_line.clone()
        };
        config::reread(&command_line, &context)
    }

    /// The name that leads to the file from where we are. It stays as typed where it can, since messages show it
    /// (CFL-007).
    fn at_the_start(&self, file: BString, now: &LoadContext) -> BString {
        if now.cwd == self.context.cwd {
            return file;
        }
        let path = self.context.cwd.join(OsStr::from_bytes(&file));
        path.into_os_string().into_vec().into()
    }

    /// What a reading depends on, at this moment. What cannot be asked any more, such as the name of a directory that
    /// has been removed, is as it was.
    fn context_now(&self) -> LoadContext {
        let argv0 = self.context.argv0.clone();
        LoadContext::of_this_process(argv0).unwrap_or_else(|_| self.context.clone())
    }
}
