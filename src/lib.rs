//! placeholder

pub mod xmlrpc;
