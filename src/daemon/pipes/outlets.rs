//! Which log a stream gets: from its options to open files, threads and memory.
//!
//! What several streams share is kept here, and what outlives a child: shared files, the ways to syslogs, logs in memory,
//! and the numbers of each stream. A plain configuration touches none of it but its numbers.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use crate::config::extensions::{
    Extensions, LogFormat, LogTarget, StreamExtensions, SyslogProtocol,
};
use crate::config::types::{LogFile, ProcessConfig, StreamConfig};
use crate::logs::beyond::{Beyond, ConsoleTarget, Target};
use crate::logs::child_log::ChildLog;
use crate::logs::console::Stream;
use crate::logs::counters::{LogCounters, Losses};
use crate::logs::file_target::FileTarget;
use crate::logs::line_format::{LineFormat, Style};
use crate::logs::memory::MemoryLog;
use crate::logs::rotating::Rotation;
use crate::logs::shared_file::SharedFiles;
use crate::logs::syslog::link::Destination;
use crate::logs::syslog::sender::{Header, SyslogSenders};
use crate::logs::syslog::{LOCAL_SOCKET, Syslog};
use crate::supervisor::event::Channel;
use crate::supervisor::turn::ProcessId;

/// Under which name lines of children go to syslog (LOG-028).
const SYSLOG_IDENT: &str = "supervisord";

/// LOCAL0 and NOTICE (GO-227, GO-228).
const FACILITY: u8 = 16;
const SEVERITY: u8 = 5;

/// A stream whose log is opened.
#[derive(Clone, Copy)]
pub struct Whose<'a> {
    pub id: ProcessId,
    pub channel: Channel,
    pub group: &'a str,
    pub config: &'a ProcessConfig,
}

/// What all logs share, and what stays of those that were closed.
#[derive(Default)]
pub struct Outlets {
    files: SharedFiles,
    syslogs: SyslogSenders,
    kept: HashMap<(ProcessId, Channel), Kept>,
}

/// What stays of one stream between two runs of its process.
#[derive(Default)]
struct Kept {
    counters: LogCounters,
    losses: Arc<Losses>,
    memory: Option<Rc<RefCell<MemoryLog>>>,
}

impl Outlets {
    /// Opens the log of a stream.
    pub fn open(&mut self, whose: Whose<'_>) -> io::Result<ChildLog> {
        let config = whose.config;
        let stream = stream_of(config, whose.channel);
        let mut log = match &config.extensions {
            Some(extensions) if has_log_extensions(extensions) => {
                self.open_beyond(whose, stream, extensions)?
            }
            _ => self.open_plain(whose, stream)?,
        };
        if stream.syslog {
            log = log.with_syslog(Syslog::local(SYSLOG_IDENT), &config.name);
        }
        Ok(log)
    }

    /// As the reference does, unless somebody with extensions is there already.
    fn open_plain(&mut self, whose: Whose<'_>, stream: &StreamConfig) -> io::Result<ChildLog> {
        let log = ChildLog::nowhere();
        let LogFile::Path(path) = &stream.logfile else {
            return Ok(log);
        };
        if path.as_os_str().is_empty() {
            return Ok(log);
        }
        if let Some(console) = Stream::of_path(path).and_then(Stream::console_in_use) {
            let target = Target::Console(ConsoleTarget::new(console.user()));
            let format = LineFormat::new(Style::Raw);
            return Ok(log.with_more(Beyond::new(format, vec![target], self.losses(whose))));
        }
        let rotation = rotation(stream);
        match self.files.join(path, rotation)? {
            Some(file) => Ok(log.with_shared_file(file)),
            None => log.with_file(path, rotation),
        }
    }

    fn open_beyond(
        &mut self,
        whose: Whose<'_>,
        stream: &StreamConfig,
        extensions: &Extensions,
    ) -> io::Result<ChildLog> {
        let more = match whose.channel {
            Channel::Stdout => &extensions.stdout,
            Channel::Stderr => &extensions.stderr,
        };
        let mut log = ChildLog::nowhere();
        let mut first_file = None;
        let mut wanted = Vec::new();
        if let LogFile::Path(path) = &stream.logfile
            && !path.as_os_str().is_empty()
        {
            match own_stream(path) {
                // Also the only target: here it must not stop us.
                Some(target) => wanted.push(target),
                None => first_file = Some(self.files.open(path, rotation(stream))?),
            }
        }
        for target in &more.further_targets {
            let target = match target {
                LogTarget::File(path) => own_stream(path).unwrap_or_else(|| target.clone()),
                other => other.clone(),
            };
            if !wanted.contains(&target) {
                wanted.push(target);
            }
        }
        let mut targets: Vec<Target> = Vec::with_capacity(wanted.len());
        for target in wanted {
            let opened = self.target(whose, stream, extensions, target)?;
            // A file may be one of the others under another spelling.
            let is_known = match &opened {
                Target::File(file) => {
                    let first = first_file.iter().any(|first| file.is(first));
                    first || targets.iter().any(|known| known.is_same_file(file))
                }
                Target::Console(_) | Target::Memory(_) | Target::Syslog(_) => false,
            };
            if !is_known {
                targets.push(opened);
            }
        }
        if let Some(file) = first_file {
            log = log.with_shared_file(file);
        }
        let format = LineFormat::new(style(whose, more.format));
        Ok(log.with_more(Beyond::new(format, targets, self.losses(whose))))
    }

    fn losses(&mut self, whose: Whose<'_>) -> Arc<Losses> {
        let kept = self.kept.entry((whose.id, whose.channel)).or_default();
        Arc::clone(&kept.losses)
    }

    /// Opens a further target.
    fn target(
        &mut self,
        whose: Whose<'_>,
        stream: &StreamConfig,
        extensions: &Extensions,
        target: LogTarget,
    ) -> io::Result<Target> {
        let own = |stream: Stream| {
            let user = stream.console()?.user();
            Ok(Target::Console(ConsoleTarget::new(user)))
        };
        let destination = match target {
            LogTarget::File(path) => {
                let file = self.files.open(&path, rotation(stream))?;
                return Ok(Target::File(FileTarget::shared(file).as_further()));
            }
            LogTarget::Stdout => return own(Stream::Stdout),
            LogTarget::Stderr => return own(Stream::Stderr),
            LogTarget::Memory => {
                let kept = self.kept.entry((whose.id, whose.channel)).or_default();
                let memory = kept.memory.get_or_insert_default();
                return Ok(Target::Memory(Rc::clone(memory)));
            }
            LogTarget::Syslog => Destination::Local(PathBuf::from(LOCAL_SOCKET)),
            LogTarget::RemoteSyslog {
                protocol: SyslogProtocol::Udp,
                host,
                port,
            } => Destination::Udp { host, port },
            LogTarget::RemoteSyslog {
                protocol: SyslogProtocol::Tcp,
                host,
                port,
            } => Destination::Tcp { host, port },
        };
        let options = &extensions.syslog;
        let severity = match whose.channel {
            Channel::Stdout => options.stdout_priority,
            Channel::Stderr => options.stderr_priority,
        };
        let header = Header {
            facility: options.facility.unwrap_or(FACILITY),
            severity: severity.unwrap_or(SEVERITY),
            tag: options
                .tag
                .clone()
                .unwrap_or_else(|| whose.config.name.clone()),
        };
        let stream = self.syslogs.open(&destination, &header)?;
        Ok(Target::Syslog(Box::new(stream)))
    }

    /// A log is closed; its numbers stay.
    pub fn closed(&mut self, id: ProcessId, channel: Channel, log: &ChildLog) {
        self.kept.entry((id, channel)).or_default().counters += log.counters();
    }

    /// The numbers of a stream, without those of a log that is open now.
    pub fn counters(&self, id: ProcessId, channel: Channel) -> LogCounters {
        let Some(kept) = self.kept.get(&(id, channel)) else {
            return LogCounters::default();
        };
        let mut counters = kept.counters;
        counters += kept.losses.so_far();
        counters
    }

    /// The log in memory of a stream, if it has or had one.
    pub fn memory(&self, id: ProcessId, channel: Channel) -> Option<&RefCell<MemoryLog>> {
        self.kept.get(&(id, channel))?.memory.as_deref()
    }

    /// Forgets processes that are no more.
    pub fn retain(&mut self, is_there: impl Fn(ProcessId) -> bool) {
        self.kept.retain(|(id, _), _| is_there(*id));
    }
}

fn stream_of(config: &ProcessConfig, channel: Channel) -> &StreamConfig {
    match channel {
        Channel::Stdout => &config.stdout,
        Channel::Stderr => &config.stderr,
    }
}

fn rotation(stream: &StreamConfig) -> Rotation {
    Rotation::from_options(stream.logfile_maxbytes, stream.logfile_backups)
}

/// With extensions on one of its streams, a process shares files on both (SEED-024).
fn has_log_extensions(extensions: &Extensions) -> bool {
    let has = |stream: &StreamExtensions| {
        !stream.further_targets.is_empty() || stream.format != LogFormat::Raw
    };
    has(&extensions.stdout) || has(&extensions.stderr)
}

/// The stream of supervisord that a path stands for.
fn own_stream(path: &Path) -> Option<LogTarget> {
    Stream::of_path(path).map(|stream| match stream {
        Stream::Stdout => LogTarget::Stdout,
        Stream::Stderr => LogTarget::Stderr,
    })
}

fn style(whose: Whose<'_>, format: LogFormat) -> Style {
    let process = whose.config.name.clone();
    match format {
        LogFormat::Raw => Style::Raw,
        LogFormat::Prefix => Style::Prefix { name: process },
        LogFormat::Json => Style::Json {
            process,
            group: whose.group.to_owned(),
            stream: whose.channel.name(),
        },
    }
}
