//! What liveness checks have found out about a process, for whoever shows it (GO-216).

/// How a process that is checked is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    pub verdict: Verdict,
    /// Why the last check failed, in words; empty when it did not.
    pub reason: String,
}

/// What the checks come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Not enough checks have been made since it was started.
    Unknown,
    Healthy,
    Unhealthy,
}

impl Verdict {
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
        }
    }
}
