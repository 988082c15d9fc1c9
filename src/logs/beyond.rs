//! What only an extension asks of a stream's log: a format, and further targets (GO-230 to GO-243).
//!
//! ```text
//!                    ┌─▶ each line ────────────────▶ syslog, here or elsewhere
//!   a child's bytes ─┤                          ┌──▶ files, each rotated for itself
//!                    └─▶ format (raw: as is) ───┼──▶ supervisord's stdout and stderr
//!                                               └──▶ memory
//! ```
//!
//! Every target gets everything, and none waits for another. A syslog has time and name in its own head, so it gets the
//! lines as the child wrote them.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::SystemTime;

use super::console::ConsoleUser;
use super::counters::{LogCounters, Losses};
use super::file_target::{FileTarget, News};
use super::line_format::LineFormat;
use super::lines::WholeLines;
use super::memory::MemoryLog;
use super::syslog::sender::SyslogStream;

/// Format and further targets of one stream.
#[derive(Debug)]
pub struct Beyond {
    format: LineFormat,
    targets: Vec<Target>,
    losses: Arc<Losses>,
}

/// A place that a stream goes to beside its first file.
#[derive(Debug)]
pub enum Target {
    File(FileTarget),
    Console(ConsoleTarget),
    Memory(Rc<RefCell<MemoryLog>>),
    Syslog(Box<SyslogStream>),
}

impl Target {
    /// Whether this is that file.
    pub fn is_same_file(&self, other: &FileTarget) -> bool {
        matches!(self, Self::File(file) if file.is_same(other))
    }
}

/// A stream of supervisord. In company lines are kept whole, as in a shared file.
#[derive(Debug)]
pub struct ConsoleTarget {
    user: ConsoleUser,
    lines: WholeLines,
}

impl ConsoleTarget {
    pub fn new(user: ConsoleUser) -> Self {
        Self {
            user,
            lines: WholeLines::default(),
        }
    }
}

impl Beyond {
    /// `losses` counts what targets lose that are written to on other threads.
    pub fn new(format: LineFormat, targets: Vec<Target>, losses: Arc<Losses>) -> Self {
        Self {
            format,
            targets,
            losses,
        }
    }

    /// The further files.
    pub fn files(&mut self) -> impl Iterator<Item = &mut FileTarget> {
        self.targets.iter_mut().filter_map(|target| match target {
            Target::File(file) => Some(file),
            Target::Console(_) | Target::Memory(_) | Target::Syslog(_) => None,
        })
    }

    pub fn write(
        &mut self,
        chunk: &[u8],
        at: SystemTime,
        file: Option<&mut FileTarget>,
        counters: &mut LogCounters,
        tell: &mut impl FnMut(News<'_>),
    ) {
        let Self {
            format,
            targets,
            losses,
        } = self;
        for target in &mut *targets {
            if let Target::Syslog(stream) = target {
                stream.write(chunk, at, losses);
            }
        }
        let text = format.push(chunk, at);
        if !text.is_empty() {
            write_text(text, file, targets, losses, counters, tell);
        }
    }

    /// The stream has ended: writes what was held back.
    pub fn finish(
        &mut self,
        at: SystemTime,
        mut file: Option<&mut FileTarget>,
        counters: &mut LogCounters,
        tell: &mut impl FnMut(News<'_>),
    ) {
        let Self {
            format,
            targets,
            losses,
        } = self;
        let text = format.finish(at);
        if !text.is_empty() {
            write_text(text, file.as_deref_mut(), targets, losses, counters, tell);
        }
        if let Some(file) = file {
            file.finish(counters, tell);
        }
        for target in targets {
            match target {
                Target::File(file) => file.finish(counters, tell),
                Target::Console(ConsoleTarget { user, lines }) => {
                    let rest = lines.finish();
                    if !rest.is_empty() {
                        user.write(&rest, losses);
                    }
                }
                Target::Memory(_) => {}
                Target::Syslog(stream) => stream.finish(at, losses),
            }
        }
    }
}

fn write_text(
    text: &[u8],
    file: Option<&mut FileTarget>,
    targets: &mut [Target],
    losses: &Arc<Losses>,
    counters: &mut LogCounters,
    tell: &mut impl FnMut(News<'_>),
) {
    if let Some(file) = file {
        file.write(text, counters, tell);
    }
    for target in targets {
        match target {
            Target::File(file) => file.write(text, counters, tell),
            Target::Console(ConsoleTarget { user, lines }) => {
                let now = lines.pass(text, user.has_company());
                if !now.is_empty() {
                    user.write(&now, losses);
                }
            }
            Target::Memory(memory) => memory.borrow_mut().write(text),
            // It has had its lines.
            Target::Syslog(_) => {}
        }
    }
}
