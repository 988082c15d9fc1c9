//! The extensions of one process, read from its section (GO rows).
//!
//! They are looked at after everything that the reference reads, with the same names to be filled in, and give nothing
//! when the section uses none of them. Relative paths start where the rows say: at the program's `directory` or else
//! at the configuration file, for `envFiles` at supervisord's own directory if the file is there (GO-158, GO-175).

use std::path::PathBuf;

use bstr::{BStr, BString, ByteSlice};

use super::extensions::{
    DirectoryWatch, EnvFile, Extensions, FailureAction, Hooks, Liveness, Probe, Reaction,
    RestartDelay, StreamExtensions, SyslogOptions,
};
use super::ini::Document;
use super::options::extensions as rows;
use super::options::{Row, meant_by};
use super::paths;
use super::probe::with_paths;
use super::reading::{OptionError, SectionReader};
use super::text;
use crate::model::signal::Signal;

/// What the reading of the reference's options has found besides.
pub struct Found<'a> {
    pub directory: Option<&'a BStr>,
    /// The directory of the file that brought the section.
    pub file_directory: &'a BStr,
    pub redirect_stderr: bool,
    pub further_stopsignals: &'a [Signal],
    pub gid: Option<u32>,
    pub stdout: StreamExtensions,
    pub stderr: StreamExtensions,
}

/// The ceiling of a delay that has none, in seconds.
const DELAY_CEILING: i64 = 300;

/// Whether a section has an option that the reference does not, its own or one that it falls back to.
pub fn asked_for(document: &Document, section: &str) -> bool {
    let keys = document.keys(section);
    keys.iter().any(|key| {
        let mut rows = rows::TABLE.iter();
        rows.any(|row| row.name() == key) || meant_by(section, key).is_some()
    })
}

impl Found<'_> {
    /// What it comes to without any option of ours.
    pub fn alone(self) -> Option<Extensions> {
        used(Extensions {
            further_stopsignals: self.further_stopsignals.to_vec(),
            gid: self.gid,
            stdout: self.stdout,
            stderr: self.stderr,
            ..Extensions::default()
        })
    }
}

fn used(extensions: Extensions) -> Option<Extensions> {
    (extensions != Extensions::default()).then_some(extensions)
}

/// Everything, and apart from it the words of `depends_on`, which wait until all groups are known.
pub fn read(
    reader: &SectionReader<'_>,
    mut found: Found<'_>,
) -> Result<(Option<Extensions>, Vec<String>), OptionError> {
    found.stdout.format = reader.read(&rows::STDOUT_LOG_FORMAT)?;
    let stderr_format = reader.read(&rows::STDERR_LOG_FORMAT)?;
    if !found.redirect_stderr {
        found.stderr.format = stderr_format;
    }
    let section = Section {
        reader,
        directory: found.directory,
        file_directory: found.file_directory,
    };
    let liveness = section.liveness()?;
    let binary_watch = section.binary_watch()?;
    let directory_watch = section.directory_watch()?;
    let runs_others = liveness.is_some() || binary_watch.is_some() || directory_watch.is_some();
    // Evaluated in the order written.
    let extensions = Extensions {
        further_stopsignals: found.further_stopsignals.to_vec(),
        killwaitsecs: reader.read(&rows::KILLWAITSECS)?,
        restartpause: reader.read(&rows::RESTARTPAUSE)?,
        restart_delay: restart_delay(reader)?,
        on_exit: reader.read(&rows::ON_EXIT)?,
        on_fatal: reader.read(&rows::ON_FATAL)?,
        depends_on: Vec::new(),
        hooks: section.hooks(runs_others)?,
        liveness,
        cron: reader.read(&rows::CRON)?,
        binary_watch,
        directory_watch,
        env_files: section.env_files()?,
        gid: found.gid,
        user_environment: reader.read(&rows::USER_ENVIRONMENT)?,
        conf_file: section.path(&rows::CONF_FILE)?,
        stdout: found.stdout,
        stderr: found.stderr,
        syslog: SyslogOptions {
            facility: reader.read(&rows::SYSLOG_FACILITY)?,
            stdout_priority: reader.read(&rows::SYSLOG_STDOUT_PRIORITY)?,
            stderr_priority: reader.read(&rows::SYSLOG_STDERR_PRIORITY)?,
            tag: Some(reader.read(&rows::SYSLOG_TAG)?).filter(|tag| !tag.is_empty()),
        },
    };
    Ok((used(extensions), reader.read(&rows::DEPENDS_ON)?))
}

/// Either of the two options will do.
fn restart_delay(reader: &SectionReader<'_>) -> Result<Option<RestartDelay>, OptionError> {
    let first = reader.read(&rows::RESTART_DELAY)?;
    let ceiling = reader.read(&rows::RESTART_DELAY_MAX)?;
    Ok(match (first, ceiling) {
        (None, None) => None,
        (first, ceiling) => {
            let first = first.unwrap_or(1);
            let ceiling = ceiling.unwrap_or(DELAY_CEILING.max(first));
            Some(RestartDelay {
                first: first.min(ceiling),
                ceiling,
            })
        }
    })
}

struct Section<'a> {
    reader: &'a SectionReader<'a>,
    directory: Option<&'a BStr>,
    file_directory: &'a BStr,
}

impl Section<'_> {
    /// `others`: something else is run that keeps to the time of hooks as well.
    fn hooks(&self, others: bool) -> Result<Hooks, OptionError> {
        let hooks = Hooks {
            pre_start: self.probe(&rows::PRE_START_HOOK)?,
            post_start: self.probe(&rows::POST_START_HOOK)?,
            pre_stop: self.probe(&rows::PRE_STOP_HOOK)?,
            post_stop: self.probe(&rows::POST_STOP_HOOK)?,
            timeout: self.reader.read(&rows::HOOK_TIMEOUT)?,
            pre_start_required: self.reader.read(&rows::PRE_START_HOOK_REQUIRED)?,
        };
        let none = [
            &hooks.pre_start,
            &hooks.post_start,
            &hooks.pre_stop,
            &hooks.post_stop,
        ]
        .iter()
        .all(|hook| hook.is_none());
        Ok(if none && !others {
            Hooks::default()
        } else {
            hooks
        })
    }

    fn liveness(&self) -> Result<Option<Liveness>, OptionError> {
        let reader = self.reader;
        let check = self.probe(&rows::LIVENESS_CHECK_SCRIPT)?;
        let initial_delay = reader.read(&rows::LIVENESS_CHECK_INITIAL_DELAY)?;
        let period = reader.read(&rows::LIVENESS_CHECK_PERIOD)?;
        let timeout = reader.read(&rows::LIVENESS_CHECK_TIMEOUT)?;
        let success_threshold = reader.read(&rows::LIVENESS_CHECK_SUCCESS_THRESHOLD)?;
        let failure_threshold = reader.read(&rows::LIVENESS_CHECK_FAILURE_THRESHOLD)?;
        let success_action = self.probe(&rows::LIVENESS_CHECK_SUCCESS_ACTION)?;
        let failure_action = match reader.read(&rows::LIVENESS_CHECK_FAILURE_ACTION)? {
            FailureAction::Run(probe) => FailureAction::Run(self.rooted(probe)),
            action => action,
        };
        Ok(check.map(|check| Liveness {
            check,
            initial_delay,
            period,
            timeout,
            success_threshold,
            failure_threshold,
            success_action,
            failure_action,
        }))
    }

    fn binary_watch(&self) -> Result<Option<Reaction>, OptionError> {
        let wanted = self.reader.read(&rows::RESTART_WHEN_BINARY_CHANGED)?;
        let reaction = self.reaction(
            &rows::RESTART_CMD_WHEN_BINARY_CHANGED,
            &rows::RESTART_SIGNAL_WHEN_BINARY_CHANGED,
        )?;
        Ok(wanted.then_some(reaction))
    }

    fn directory_watch(&self) -> Result<Option<DirectoryWatch>, OptionError> {
        let path = self.path(&rows::RESTART_DIRECTORY_MONITOR)?;
        let pattern = self.reader.read(&rows::RESTART_FILE_PATTERN)?;
        let reaction = self.reaction(
            &rows::RESTART_CMD_WHEN_FILE_CHANGED,
            &rows::RESTART_SIGNAL_WHEN_FILE_CHANGED,
        )?;
        Ok(path.map(|path| DirectoryWatch {
            path,
            pattern: if pattern.is_empty() {
                rows::RESTART_FILE_PATTERN.default.to_owned()
            } else {
                pattern
            },
            reaction,
        }))
    }

    /// The command wins over the signals (GO-171).
    fn reaction(
        &self,
        command: &Row<Option<Probe>>,
        signals: &Row<Vec<Signal>>,
    ) -> Result<Reaction, OptionError> {
        let command = self.probe(command)?;
        let signals = self.reader.read(signals)?;
        Ok(match command {
            Some(command) => Reaction::Run(command),
            None if signals.is_empty() => Reaction::Restart,
            None => Reaction::Signals(signals),
        })
    }

    fn probe(&self, row: &Row<Option<Probe>>) -> Result<Option<Probe>, OptionError> {
        let probe = self.reader.read(row)?;
        Ok(probe.map(|probe| self.rooted(probe)))
    }

    fn rooted(&self, probe: Probe) -> Probe {
        with_paths(probe, |path| {
            self.absolute(paths::from_path(&path).as_bstr())
        })
    }

    fn path(&self, row: &Row<BString>) -> Result<Option<PathBuf>, OptionError> {
        let path = self.reader.read(row)?;
        let path = text::strip_bytes(path.as_bstr());
        Ok((!path.is_empty()).then(|| self.absolute(path)))
    }

    /// From the program's directory, or else from that of the configuration file (GO-175).
    fn absolute(&self, path: &BStr) -> PathBuf {
        let context = self.reader.context;
        let path = paths::expanduser(path, context);
        let base = self.directory.unwrap_or(self.file_directory);
        let path = paths::join(base, path.as_bstr());
        paths::to_path(paths::abspath(path.as_bstr(), context).as_bstr())
    }

    /// From supervisord's directory if there is such a file, or else from that of the configuration file (GO-158).
    fn env_files(&self) -> Result<Vec<EnvFile>, OptionError> {
        let context = self.reader.context;
        let list = self.reader.read(&rows::ENV_FILES)?;
        let words = list
            .split_str(",")
            .map(|word| text::strip_bytes(BStr::new(word)));
        let files = words.filter(|word| !word.is_empty()).map(|word| {
            let (path, optional) = match word.strip_prefix(b"-") {
                Some(path) => (BStr::new(path), true),
                None => (word, false),
            };
            let path = paths::expanduser(path, context);
            let path = if paths::exists(path.as_bstr(), context) {
                path
            } else {
                paths::join(self.file_directory, path.as_bstr())
            };
            let path = paths::abspath(path.as_bstr(), context);
            EnvFile {
                path: paths::to_path(path.as_bstr()),
                optional,
            }
        });
        Ok(files.collect())
    }
}
