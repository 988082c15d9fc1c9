//! What became of the output of one stream, in numbers that only grow.

use std::ops::AddAssign;
use std::sync::atomic::{AtomicU64, Ordering};

/// The numbers of one stream of one process, from its first start in this run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LogCounters {
    /// Bytes that the process wrote and that were to be logged; those of a communication are not.
    pub bytes: u64,
    /// How often one of its files was set aside or emptied because it was full.
    pub rotations: u64,
    /// Bytes that one of its targets did not get; what two of them did not get counts twice.
    pub lost_bytes: u64,
    /// Lines that a syslog did not get, and blocks that a stream of supervisord did not take.
    pub lost_messages: u64,
}

impl AddAssign for LogCounters {
    fn add_assign(&mut self, other: Self) {
        let Self {
            bytes,
            rotations,
            lost_bytes,
            lost_messages,
        } = other;
        self.bytes += bytes;
        self.rotations += rotations;
        self.lost_bytes += lost_bytes;
        self.lost_messages += lost_messages;
    }
}

/// What targets that are written to on threads of their own have lost of one stream.
#[derive(Debug, Default)]
pub struct Losses {
    bytes: AtomicU64,
    messages: AtomicU64,
}

impl Losses {
    pub fn bytes(&self, length: usize) {
        self.bytes.fetch_add(length as u64, Ordering::Relaxed);
    }

    pub fn message(&self, length: usize) {
        self.bytes(length);
        self.messages.fetch_add(1, Ordering::Relaxed);
    }

    pub fn so_far(&self) -> LogCounters {
        LogCounters {
            lost_bytes: self.bytes.load(Ordering::Relaxed),
            lost_messages: self.messages.load(Ordering::Relaxed),
            ..LogCounters::default()
        }
    }
}
