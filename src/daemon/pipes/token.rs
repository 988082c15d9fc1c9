//! What an epoll event is about.

use crate::supervisor::event::Channel;
use crate::supervisor::turn::ProcessId;

/// The process and one of its three pipes, or the end of a rest.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Token(pub u64);

impl Token {
    /// No pipe has this number.
    pub const REST: Self = Self(u64::MAX);

    pub fn stdin(id: ProcessId) -> Self {
        Self(u64::from(id.0) << 2)
    }

    pub fn output(id: ProcessId, channel: Channel) -> Self {
        let pipe = match channel {
            Channel::Stdout => 1,
            Channel::Stderr => 2,
        };
        Self(u64::from(id.0) << 2 | pipe)
    }

    pub fn process(self) -> ProcessId {
        // The upper bits are a `u32` that was put there.
        ProcessId((self.0 >> 2) as u32)
    }

    /// `None` is stdin.
    pub fn channel(self) -> Option<Channel> {
        match self.0 & 3 {
            1 => Some(Channel::Stdout),
            2 => Some(Channel::Stderr),
            _ => None,
        }
    }
}
