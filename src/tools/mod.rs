//! Words after `supervisord` that are not the reference's: small programs around the daemon.

pub mod demo;
