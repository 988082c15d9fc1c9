//! The activity log: what supervisord itself has to say, line by line.
//!
//! ```text
//! 2026-11-24 15:26:55,042 INFO spawned: 'web' with pid 4711
//! ```
//!
//! Messages come from the macros of [`crate::model::log`], through `tracing`; this is the subscriber. It is installed
//! once for the whole run, and what it writes to is replaced as a whole: when the configuration is read for the first
//! time and at every restart (LIF-003). Until then it is silent.
//!
//! A line is formatted once and goes to every target in one `write(2)`, so lines of several writers do not mix within a
//! file (MLF-004). A message of several lines is written as it is (MLF-002). Writing must never end the daemon, nor say
//! so in the log that cannot be written: trouble is told on stderr, and a closed pipe is not even told (MLF-008, MLF-009).
//!
//! An event of a library has no level of ours and is not written: the log holds what the reference would write, and no
//! more.

use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::SetGlobalDefaultError;
use tracing::{Event, Metadata, Subscriber};

use super::console::Stream;
use super::json::push_string;
use super::local_time::stamped;
use super::rotating::{RotatingFile, Rotation, WriteError};
use super::special::remove_log;
use super::syslog::Syslog;
use crate::model::log::{LEVEL_FIELD, LogLevel, message_of};

/// Something to write lines to, not opened yet.
#[derive(Debug)]
pub enum Target {
    /// An open stream. It is never reopened.
    Stream(OwnedFd),
    /// supervisord's stdout, in the foreground (LIF-037). While programs write there too, lines go their way, since the
    /// loop must not wait for whoever reads it ([`console`](super::console)).
    Stdout(OwnedFd),
    File {
        path: PathBuf,
        rotation: Rotation,
    },
    /// `logfile=syslog` (MLF-006).
    Syslog(Syslog),
}

/// How a line is written (GO-015, GO-414).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LineShape {
    /// As the reference writes it.
    #[default]
    Text,
    /// One JSON object: `{"time":"2026-11-24T15:26:55.042+01:00","level":"info","msg":"spawned: 'web' with pid 4711"}`.
    Json,
}

/// A log file that cannot be opened.
#[derive(Debug)]
pub struct OpenError {
    pub path: PathBuf,
    pub error: io::Error,
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        write!(f, "cannot open the log file {path}: {}", self.error)
    }
}

impl std::error::Error for OpenError {}

/// The log, shared by its clones.
#[derive(Clone)]
pub struct ActivityLog {
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    /// Less important messages are not written (MLF-003).
    level: LogLevel,
    shape: LineShape,
    handlers: Vec<Handler>,
}

enum Handler {
    Stream(File),
    Stdout(File),
    File(RotatingFile),
    Syslog(Syslog),
}

impl ActivityLog {
    /// A log that writes nothing yet.
    pub fn silent() -> Self {
        Self {
            inner: Arc::new(Mutex::new(Inner {
                level: LogLevel::Critical,
                shape: LineShape::Text,
                handlers: Vec::new(),
            })),
        }
    }

    /// Makes this the log of the whole program, once.
    pub fn install(&self) -> Result<(), SetGlobalDefaultError> {
        tracing::subscriber::set_global_default(self.clone())
    }

    /// Writes to these targets from now on, in their order, and closes what was open. When one cannot be opened,
    /// everything stays as it was.
    pub fn replace(
        &self,
        level: LogLevel,
        shape: LineShape,
        targets: Vec<Target>,
    ) -> Result<(), OpenError> {
        let handlers = targets
            .into_iter()
            .map(Handler::open)
            .collect::<Result<Vec<_>, _>>()?;
        *self.inner() = Inner {
            level,
            shape,
            handlers,
        };
        // Which messages are worth making is remembered where they are made.
        tracing::callsite::rebuild_interest_cache();
        Ok(())
    }

    /// What is less important than this is not written.
    pub fn level(&self) -> LogLevel {
        self.inner().level
    }

    /// Writes a message, if it is important enough. The macros end here.
    pub fn write(&self, level: LogLevel, message: &str) {
        let mut inner = self.inner();
        if level < inner.level {
            return;
        }
        let now = SystemTime::now();
        let Inner {
            shape, handlers, ..
        } = &mut *inner;
        match shape {
            LineShape::Text => {
                let head = line_head(now, level);
                let line = format!("{head} {message}\n");
                for handler in handlers {
                    handler.write(&head, message, &line);
                }
            }
            LineShape::Json => {
                let line = json_line(now, level, message);
                for handler in handlers {
                    handler.write_object(&line);
                }
            }
        }
    }

    /// Opens every file anew by its name (USR2; MLF-007, MSG-016).
    pub fn reopen(&self) {
        self.write(LogLevel::Info, "supervisord logreopen");
        for handler in &mut self.inner().handlers {
            handler.reopen();
        }
    }

    /// Deletes the log file and begins a new one (MLF-007, RPC-049). `path` is the file as clients know it; one that is
    /// not ours to delete stays (QRK-025).
    ///
    /// As in the reference (`clearLog` in rpcinterface.py), each target is announced before it is reopened, so that
    /// the first announcement goes into the deleted file.
    pub fn remove_and_reopen(&self, path: &Path) -> io::Result<()> {
        remove_log(path)?;
        let count = self.inner().handlers.len();
        for at in 0..count {
            self.write(LogLevel::Info, "reopening log file");
            if let Some(handler) = self.inner().handlers.get_mut(at) {
                handler.reopen();
            }
        }
        Ok(())
    }

    /// Every descriptor that the log has open.
    pub fn raw_fds(&self) -> Vec<RawFd> {
        self.inner()
            .handlers
            .iter()
            .filter_map(Handler::raw_fd)
            .collect()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // A panic in the middle of a line leaves nothing half done that matters here.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subscriber for ActivityLog {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let ours = metadata.fields().field(LEVEL_FIELD).is_some();
        ours && *metadata.level() <= self.level().tracing_level()
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::from_level(self.level().tracing_level()))
    }

    fn event(&self, event: &Event<'_>) {
        // Two of our levels may share one of tracing's; the text is only made when it is written. It is made before
        // the lock is taken, since making it may run anybody's code.
        if let Some(level) = LogLevel::of(event)
            && level >= self.level()
        {
            self.write(level, &message_of(event));
        }
    }

    // Spans are not used: the log is a flat list of lines.
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

impl Handler {
    fn open(target: Target) -> Result<Self, OpenError> {
        match target {
            Target::Stream(stream) => Ok(Self::Stream(File::from(stream))),
            Target::Stdout(stream) => Ok(Self::Stdout(File::from(stream))),
            Target::File { path, rotation } => match RotatingFile::open(&path, rotation) {
                Ok(file) => Ok(Self::File(file)),
                Err(error) => Err(OpenError { path, error }),
            },
            Target::Syslog(syslog) => Ok(Self::Syslog(syslog)),
        }
    }

    fn write(&mut self, head: &str, message: &str, line: &str) {
        match self {
            Self::Stream(_) | Self::Stdout(_) | Self::File(_) => self.write_bytes(line.as_bytes()),
            // Each line of a message gets the head, and keeps its end (`SyslogHandler.emit` in loggers.py).
            Self::Syslog(syslog) => {
                for line in message.trim_end_matches('\n').split('\n') {
                    syslog.send(format!("{head} {line}\n").as_bytes());
                }
            }
        }
    }

    /// An object is one line, whatever the message is.
    fn write_object(&mut self, line: &[u8]) {
        match self {
            Self::Stream(_) | Self::Stdout(_) | Self::File(_) => self.write_bytes(line),
            Self::Syslog(syslog) => syslog.send(line),
        }
    }

    fn write_bytes(&mut self, line: &[u8]) {
        match self {
            Self::Stream(stream) => write_to(stream, line),
            Self::Stdout(stream) => match Stream::Stdout.console_in_use() {
                Some(console) => console.write_own(line),
                None => write_to(stream, line),
            },
            Self::File(file) => {
                let own = Stream::of_path(file.path());
                if let Some(console) = own.and_then(Stream::console_in_use) {
                    console.write_own(line);
                } else if let Err(error) = file.write(line) {
                    let kind = match &error {
                        WriteError::Incomplete { error, .. } | WriteError::NotRotated(error) => {
                            error.kind()
                        }
                    };
                    complain(&file.path().display(), &error, kind);
                }
            }
            // It takes messages, not bytes.
            Self::Syslog(_) => {}
        }
    }

    fn reopen(&mut self) {
        match self {
            Self::File(file) => {
                if let Err(error) = file.reopen() {
                    complain(&file.path().display(), &error, error.kind());
                }
            }
            // Nothing that could have been moved away.
            Self::Stream(_) | Self::Stdout(_) | Self::Syslog(_) => {}
        }
    }

    fn raw_fd(&self) -> Option<RawFd> {
        match self {
            Self::Stream(stream) | Self::Stdout(stream) => Some(stream.as_raw_fd()),
            Self::File(file) => Some(file.as_raw_fd()),
            Self::Syslog(syslog) => syslog.raw_fd(),
        }
    }
}

/// `%Y-%m-%d %H:%M:%S,mmm LEVL` (MLF-001).
fn line_head(at: SystemTime, level: LogLevel) -> String {
    let (time, millis) = stamped(at);
    format!("{} {}", time.log_stamp(millis), level.tag())
}

fn json_line(at: SystemTime, level: LogLevel, message: &str) -> Vec<u8> {
    let (time, millis) = stamped(at);
    let stamp = time.iso_stamp(millis);
    let mut line = format!(
        "{{\"time\":\"{stamp}\",\"level\":\"{}\",\"msg\":",
        level.name()
    )
    .into_bytes();
    // A message is text: nothing of it is replaced.
    push_string(&mut line, message.as_bytes());
    line.extend_from_slice(b"}\n");
    line
}

fn write_to(stream: &mut File, line: &[u8]) {
    if let Err(error) = stream.write_all(line) {
        complain(&"stdout", &error, error.kind());
    }
}

/// Tells trouble with the log where it can still be told (MLF-009), but a closed pipe is no trouble (MLF-008).
fn complain(name: &dyn fmt::Display, error: &dyn fmt::Display, kind: io::ErrorKind) {
    if kind != io::ErrorKind::BrokenPipe {
        let line = format!("supervisord: log {name}: {error}\n");
        if let Some(console) = Stream::Stderr.console_in_use() {
            return console.write_own(line.as_bytes());
        }
        // If stderr cannot be written either, there is nobody left to tell.
        let _ = io::stderr().write_all(line.as_bytes());
    }
}

#[cfg(test)]
mod tests;
