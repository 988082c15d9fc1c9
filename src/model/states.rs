//! The states of processes and of supervisord itself, with the public codes and names that every client sees.

/// The state of one process as every interface shows it (PST-001).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProcessState {
    Stopped,
    Starting,
    Running,
    Backoff,
    Stopping,
    Exited,
    Fatal,
    Unknown,
}

impl ProcessState {
    pub const ALL: [Self; 8] = [
        Self::Stopped,
        Self::Starting,
        Self::Running,
        Self::Backoff,
        Self::Stopping,
        Self::Exited,
        Self::Fatal,
        Self::Unknown,
    ];

    /// The number in `getProcessInfo`'s `state` (RPC-093).
    pub fn code(self) -> i32 {
        match self {
            Self::Stopped => 0,
            Self::Starting => 10,
            Self::Running => 20,
            Self::Backoff => 30,
            Self::Stopping => 40,
            Self::Exited => 100,
            Self::Fatal => 200,
            Self::Unknown => 1000,
        }
    }

    /// The name in `getProcessInfo`'s `statename`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stopped => "STOPPED",
            Self::Starting => "STARTING",
            Self::Running => "RUNNING",
            Self::Backoff => "BACKOFF",
            Self::Stopping => "STOPPING",
            Self::Exited => "EXITED",
            Self::Fatal => "FATAL",
            Self::Unknown => "UNKNOWN",
        }
    }

    /// Nothing of it is left to stop (PST-002).
    pub fn is_stopped(self) -> bool {
        matches!(
            self,
            Self::Stopped | Self::Exited | Self::Fatal | Self::Unknown
        )
    }

    /// A start is refused and a stop is accepted (PST-002).
    pub fn is_running(self) -> bool {
        matches!(self, Self::Running | Self::Backoff | Self::Starting)
    }

    /// There is a child that a signal can reach (PST-002).
    pub fn is_signallable(self) -> bool {
        matches!(self, Self::Running | Self::Starting | Self::Stopping)
    }
}

/// The state of supervisord itself (PST-003). The reference's FATAL (2) is never entered and has no variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SupervisorState {
    Shutdown,
    Restarting,
    Running,
}

impl SupervisorState {
    pub fn code(self) -> i32 {
        match self {
            Self::Shutdown => -1,
            Self::Restarting => 0,
            Self::Running => 1,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Shutdown => "SHUTDOWN",
            Self::Restarting => "RESTARTING",
            Self::Running => "RUNNING",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ProcessState;

    // PST-002
    #[test]
    fn every_state_is_in_the_sets_of_the_contract() {
        let named = |set: fn(ProcessState) -> bool| {
            ProcessState::ALL
                .into_iter()
                .filter(|state| set(*state))
                .map(ProcessState::name)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            named(ProcessState::is_stopped),
            ["STOPPED", "EXITED", "FATAL", "UNKNOWN"]
        );
        assert_eq!(
            named(ProcessState::is_running),
            ["STARTING", "RUNNING", "BACKOFF"]
        );
        assert_eq!(
            named(ProcessState::is_signallable),
            ["STARTING", "RUNNING", "STOPPING"]
        );
    }

    // PST-001, RPC-093
    #[test]
    fn the_codes_are_those_of_the_contract() {
        let codes: Vec<i32> = ProcessState::ALL
            .into_iter()
            .map(ProcessState::code)
            .collect();
        assert_eq!(codes, [0, 10, 20, 30, 40, 100, 200, 1000]);
    }
}
