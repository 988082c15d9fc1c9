//! What supervisorctl leaves with (CTL-080).
//!
//! The reference borrows its numbers from two LSB tables, one for init scripts in general and one for their `status`; a
//! few numbers therefore stand for two things. The status of a session is sticky: a success never resets it, a later
//! failure overwrites it (CTL-082).

use crate::model::fault::FaultCode;

/// Why a session ended as it did; the number is the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    Success,
    /// Anything that has no number of its own.
    Generic,
    InvalidArguments,
    /// The server does not know the supervisor namespace (CTL-046).
    NamespaceMissing,
    /// Nobody listens (CTL-042).
    Refused,
    /// The server speaks another version of the API (CTL-045).
    ApiMismatch,
    /// A process is not running, or there is no socket (CTL-043).
    NotRunning,
    /// `status`: something shown is not running (CTL-096).
    StatusNotRunning,
    /// `status`: a name is unknown or the server cannot be asked (CTL-044, CTL-094).
    StatusUnknown,
    /// What a program that brought the command left with.
    External(u8),
}

impl ExitStatus {
    pub fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Generic => 1,
            Self::InvalidArguments => 2,
            Self::NamespaceMissing | Self::StatusNotRunning => 3,
            Self::Refused | Self::StatusUnknown => 4,
            Self::ApiMismatch => 5,
            Self::NotRunning => 7,
            Self::External(status) => status,
        }
    }

    /// What the result of one start, stop, signal or clear sets; none leaves the session's status alone (CTL-081).
    pub fn of_result(code: i64, ignored: Option<FaultCode>) -> Option<Self> {
        let is = |fault: FaultCode| code == i64::from(fault.number());
        if is(FaultCode::Success) || ignored.is_some_and(is) {
            None
        } else if is(FaultCode::SpawnError)
            || is(FaultCode::AbnormalTermination)
            || is(FaultCode::NotRunning)
        {
            Some(Self::NotRunning)
        } else {
            Some(Self::Generic)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ExitStatus;
    use crate::model::fault::FaultCode;

    // CTL-081, CTL-083
    #[test]
    fn results_set_the_status_unless_they_are_fine_or_ignored() {
        for (code, ignored, status) in [
            (80, None, None),
            (60, Some(FaultCode::AlreadyStarted), None),
            (60, None, Some(ExitStatus::Generic)),
            (70, Some(FaultCode::NotRunning), None),
            (70, None, Some(ExitStatus::NotRunning)),
            (50, None, Some(ExitStatus::NotRunning)),
            (40, None, Some(ExitStatus::NotRunning)),
            (10, None, Some(ExitStatus::Generic)),
            (12345, None, Some(ExitStatus::Generic)),
        ] {
            assert_eq!(
                ExitStatus::of_result(code, ignored),
                status,
                "{code} {ignored:?}"
            );
        }
    }
}
