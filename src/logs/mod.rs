//! Log files: what children and supervisord itself write, and what clients read back.
//!
//! ```text
//!   a child's bytes ──▶ ChildLog ──┬─▶ RotatingFile ──▶ disk ──▶ slice (read, tail)
//!                                  └─▶ Syslog            └─────▶ FollowedFile (live tails)
//!   our own messages ─▶ ActivityLog ─▶ stdout, RotatingFile, Syslog
//! ```
//!
//! Blocking file IO and nothing else: no clock but the one that stamps a line, no tokio, no knowledge of processes.
//! The bytes of children are never taken for text here, except by syslog, which has lines.

pub mod activity;
pub mod child_log;
pub mod follow;
pub mod local_time;
pub mod rotating;
pub mod slice;
pub mod special;
pub mod syslog;

#[cfg(test)]
pub(crate) mod scratch;
