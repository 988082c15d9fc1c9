//! A process supervisor that takes the place of Python's supervisord.
//!
//! The layers, lowest first; a layer uses only those below it (`scripts/check-layers` holds the table):
//!
//! - [`model`]: words shared by everyone.
//! - [`config`]: configuration text to typed values.
//! - [`stream`]: the meaning of bytes that children write.
//! - [`supervisor`]: the machine, without clock or IO.
//! - [`xmlrpc`]: the wire format, both directions.
//! - [`logs`]: log files and supervisord's own log.
//! - [`ctl`]: supervisorctl, the command line client.
//! - [`daemon`]: the hands of the machine: fork, pipes, signals, time.
//! - [`health`]: liveness checks.
//! - [`schedule`]: programs that the clock starts.
//! - [`watch`]: files whose change matters to a program.
//! - [`rpc`]: the XML-RPC methods.
//! - [`web`]: the page.
//! - [`metrics`]: what Prometheus is told.
//! - [`rest`]: the JSON endpoints of the Go rewrite, and health.
//! - [`http`]: sockets, authentication, routes, log tails.
//! - [`app`]: puts the parts together.
//! - [`tools`]: words after `supervisord` that the reference does not know.

pub mod app;
pub mod config;
pub mod ctl;
pub mod daemon;
pub mod health;
pub mod http;
pub mod logs;
pub mod metrics;
pub mod model;
pub mod rest;
pub mod rpc;
pub mod schedule;
pub mod stream;
pub mod supervisor;
pub mod tools;
pub mod watch;
pub mod web;
pub mod xmlrpc;
