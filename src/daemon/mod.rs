//! The hands of the machine: fork, pipes, signals and time. tokio and nix live here and in `http`, nowhere below.
//!
//! | file | subject |
//! |---|---|
//! | `event_loop` | waits, and gives what happens to the machine |
//! | `handle` | what interfaces hold |
//! | `unix_os` | the machine's questions, answered by the real system |
//! | `limits` | resource limits |
//! | `privileges` | becoming another user |
//! | `daemonize` | into the background |
//! | `lookup` | finding the program of a command |
//! | `fcgi` | sockets that FastCGI programs listen on |
//! | `exec` | from a plan to a running child |
//! | `helpers` | commands that run beside the programs |
//! | `hooks` | runs the hooks that the machine orders |
//! | `probe` | what succeeds or fails: commands, connections, HTTP questions |
//! | `pipes` | bytes from and to children |
//! | `readiness` | waiting for a kernel object |
//! | `rest` | reading a trickle in batches |
//! | `memory` | giving back what only the start needed |
//! | `reap` | the one place that waits for children |
//! | `auto_logs` | AUTO log files |
//! | `clock` | both clocks |
//! | `update` | making a changed configuration true |
//! | `usage` | what processes use, for those who look on |
//!
//! std's and tokio's own `Command` are not used here: they wait for children by themselves, and would lose theirs to
//! our reaper.

pub mod auto_logs;
pub mod clock;
pub mod daemonize;
pub mod environment;
pub mod event_loop;
pub mod exec;
pub mod fcgi;
pub mod handle;
pub mod helpers;
mod hooks;
pub mod limits;
pub mod lookup;
pub mod memory;
pub mod pipes;
pub mod privileges;
pub mod probe;
pub mod readiness;
pub mod reap;
pub mod rest;
pub mod unix_os;
pub mod update;
pub mod usage;
