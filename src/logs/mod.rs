//! Log files: what children and supervisord itself write, and what clients read back.
//!
//! ```text
//!   a child's bytes ──▶ ChildLog ──┬─▶ RotatingFile ──▶ disk ──▶ slice (read, tail)
//!                                  ├─▶ Syslog            └─────▶ FollowedFile (live tails)
//!                                  └─▶ Beyond: formats, further files, memory,
//!                                      and by a Queue and a thread: our own streams, syslogs
//!   our own messages ─▶ ActivityLog ─▶ stdout, RotatingFile, Syslog
//! ```
//!
//! Blocking file IO, and threads for what may block for ever; nothing else: no clock but the one that stamps a line, no
//! tokio, no knowledge of processes. Threads are started with the first extension that needs one, and never log.
//! The bytes of children are never taken for text here, except by syslog, which has lines, and by formats.

pub mod activity;
pub mod beyond;
pub mod child_log;
pub mod console;
pub mod counters;
pub mod file_target;
pub mod follow;
mod json;
pub mod line_format;
mod lines;
pub mod local_time;
pub mod memory;
mod queue;
mod resolve;
pub mod rotating;
pub mod shared_file;
pub mod slice;
pub mod special;
pub mod syslog;

#[cfg(test)]
pub(crate) mod scratch;
