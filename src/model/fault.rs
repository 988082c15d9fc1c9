//! XML-RPC faults: the only errors that cross the wire (RPC-010, RPC-011).

use std::fmt;

/// What kind of fault; the number and the name are the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FaultCode {
    UnknownMethod,
    IncorrectParameters,
    BadArguments,
    SignatureUnsupported,
    ShutdownState,
    BadName,
    BadSignal,
    NoFile,
    NotExecutable,
    Failed,
    AbnormalTermination,
    SpawnError,
    AlreadyStarted,
    NotRunning,
    /// Never a fault: the status of a success inside result structs (RPC-126).
    Success,
    AlreadyAdded,
    StillRunning,
    CantReread,
}

impl FaultCode {
    pub fn number(self) -> i32 {
        match self {
            Self::UnknownMethod => 1,
            Self::IncorrectParameters => 2,
            Self::BadArguments => 3,
            Self::SignatureUnsupported => 4,
            Self::ShutdownState => 6,
            Self::BadName => 10,
            Self::BadSignal => 11,
            Self::NoFile => 20,
            Self::NotExecutable => 21,
            Self::Failed => 30,
            Self::AbnormalTermination => 40,
            Self::SpawnError => 50,
            Self::AlreadyStarted => 60,
            Self::NotRunning => 70,
            Self::Success => 80,
            Self::AlreadyAdded => 90,
            Self::StillRunning => 91,
            Self::CantReread => 92,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::UnknownMethod => "UNKNOWN_METHOD",
            Self::IncorrectParameters => "INCORRECT_PARAMETERS",
            Self::BadArguments => "BAD_ARGUMENTS",
            Self::SignatureUnsupported => "SIGNATURE_UNSUPPORTED",
            Self::ShutdownState => "SHUTDOWN_STATE",
            Self::BadName => "BAD_NAME",
            Self::BadSignal => "BAD_SIGNAL",
            Self::NoFile => "NO_FILE",
            Self::NotExecutable => "NOT_EXECUTABLE",
            Self::Failed => "FAILED",
            Self::AbnormalTermination => "ABNORMAL_TERMINATION",
            Self::SpawnError => "SPAWN_ERROR",
            Self::AlreadyStarted => "ALREADY_STARTED",
            Self::NotRunning => "NOT_RUNNING",
            Self::Success => "SUCCESS",
            Self::AlreadyAdded => "ALREADY_ADDED",
            Self::StillRunning => "STILL_RUNNING",
            Self::CantReread => "CANT_REREAD",
        }
    }
}

/// A fault with the detail that follows its name, if any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub code: FaultCode,
    pub detail: Option<String>,
}

impl Fault {
    /// A fault whose text is the bare name.
    pub fn bare(code: FaultCode) -> Self {
        Self { code, detail: None }
    }

    /// A fault whose text is `NAME: detail`.
    pub fn with(code: FaultCode, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: Some(detail.into()),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.name())?;
        match &self.detail {
            Some(detail) => write!(f, ": {detail}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Fault {}

#[cfg(test)]
mod tests {
    use super::{Fault, FaultCode};

    // RPC-010
    #[test]
    fn the_text_is_the_name_and_then_the_detail() {
        assert_eq!(Fault::bare(FaultCode::NoFile).to_string(), "NO_FILE");
        assert_eq!(
            Fault::with(FaultCode::BadName, "").to_string(),
            "BAD_NAME: "
        );
    }
}
