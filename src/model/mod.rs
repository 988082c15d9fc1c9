//! Words that every part of the house shares: states, faults, names, signals, times.
//!
//! Nothing here knows about files, sockets or the machine. A type lives here when at least two layers above
//! need to say the same word and mean the same thing.

pub mod fault;
pub mod health;
pub mod histogram;
pub mod json;
pub mod log;
pub mod namespec;
pub mod process_info;
pub mod py_repr;
pub mod signal;
pub mod states;
pub mod time;
