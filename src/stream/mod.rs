//! The meaning of the bytes that children write: pure functions and small state machines.
//!
//! Bytes come in as they were read from a pipe; what goes out is for the log file, the listeners and the activity log.
//! Nothing here reads, writes, waits or knows what time it is.

pub mod ansi;
pub mod capture;
pub mod listener;
pub mod text;
