//! HTTP over unix and inet sockets: who may come in, who answers, and how strangers are kept from doing harm.
//!
//! ```text
//!   listen ──▶ serve ──▶ io ──▶ hyper ──▶ exchange: gate ─▶ routes ─▶ Backend | tail ─▶ reply
//!   (before       │                            │
//!    any runtime) └── limits: connections, budgets, what each is doing
//! ```
//!
//! This module owns the sockets, the wire and the log tails. It never touches the machine: what is asked of the daemon
//! goes through [`Backend`]. What clients can see of it is the contract of the HTTP rows; where hyper makes a difference
//! that is an accident of the reference, `docs/differences.md` says so.

mod access_log;
mod auth;
mod date;
mod download;
mod exchange;
mod io;
pub mod limits;
pub mod listen;
mod origin;
mod reply;
mod resolve;
mod routes;
mod serve;
mod site;
mod tail;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod watch;

pub use limits::Limits;
pub use listen::{BindError, BoundServer, bind};
pub use resolve::resolve;
pub use routes::LogTail;
pub use serve::serve;
pub use site::Backend;
