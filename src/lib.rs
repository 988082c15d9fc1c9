//! A process supervisor that takes the place of Python's supervisord.
//!
//! The layers, lowest first; a layer uses only those below it (`scripts/check-layers` holds the table):
//!
//! - [`model`]: words shared by everyone.
//! - [`config`]: configuration text to typed values.
//! - [`stream`]: the meaning of bytes from children.
//! - [`logs`]: log files: writing, rotating, reading, following; supervisord's own log.

pub mod config;
pub mod http;
pub mod logs;
pub mod model;
pub mod stream;
pub mod supervisor;
