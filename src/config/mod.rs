//! Configuration: from text to typed values. Reads files and does nothing else.

pub mod types;
