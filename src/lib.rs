//! A process supervisor that takes the place of Python's supervisord.
//!
//! The layers, lowest first; a layer uses only those below it (`scripts/check-layers` holds the table):
//!
//! - [`model`]: words shared by everyone.
//! - [`config`]: configuration text to typed values.

pub mod config;
pub mod model;
pub mod supervisor;
