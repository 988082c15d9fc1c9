//! Resource limits at start: `minfds`, `minprocs`, and room for our own descriptors (LIF-012 to LIF-016).

use std::fmt;

use nix::errno::Errno;
use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit, rlim_t, setrlimit};

/// How many descriptors supervisord itself may have when the hard limit allows more; five a child is plenty.
const OWN_DESCRIPTORS: rlim_t = 1 << 20;

/// A limit that cannot be raised as far as the configuration demands; -1 for a hard limit that is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LimitError {
    Descriptors { wanted: i64, hard: i64 },
    Processes { wanted: i64, hard: i64 },
}

impl fmt::Display for LimitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Descriptors { wanted, hard } => write!(
                f,
                "The minimum number of file descriptors required to run this process is {wanted} as per the \
                 \"minfds\" command-line argument or config file setting. The current environment will only allow \
                 you to open {hard} file descriptors.  Either raise the number of usable file descriptors in your \
                 environment (see README.rst) or lower the minfds setting in the config file to allow the process \
                 to start."
            ),
            Self::Processes { wanted, hard } => write!(
                f,
                "The minimum number of available processes required to run this program is {wanted} as per the \
                 \"minprocs\" command-line argument or config file setting. The current environment will only allow \
                 you to open {hard} processes.  Either raise the number of usable processes in your environment \
                 (see README.rst) or lower the minprocs setting in the config file to allow the program to start."
            ),
        }
    }
}

/// Raises both limits as far as wanted; the lines to log say which were raised.
pub fn raise(minfds: i64, minprocs: i64) -> Result<Vec<String>, LimitError> {
    let mut lines = Vec::new();
    match raise_one(Resource::RLIMIT_NOFILE, minfds) {
        Ok(false) => {}
        Ok(true) => lines.push(format!("Increased RLIMIT_NOFILE limit to {minfds}")),
        Err(hard) => {
            return Err(LimitError::Descriptors {
                wanted: minfds,
                hard,
            });
        }
    }
    match raise_one(Resource::RLIMIT_NPROC, minprocs) {
        Ok(false) => {}
        Ok(true) => lines.push(format!("Increased RLIMIT_NPROC limit to {minprocs}")),
        Err(hard) => {
            return Err(LimitError::Processes {
                wanted: minprocs,
                hard,
            });
        }
    }
    Ok(lines)
}

/// Whether the limit was raised; the error is the hard limit that is in the way (QRK-033: the real one, where the
/// reference shows the wanted one).
fn raise_one(resource: Resource, wanted: i64) -> Result<bool, i64> {
    let Ok((soft, hard)) = getrlimit(resource) else {
        return Ok(false);
    };
    let Ok(wanted) = rlim_t::try_from(wanted) else {
        return Ok(false);
    };
    if soft >= wanted || soft == RLIM_INFINITY {
        return Ok(false);
    }
    setrlimit(resource, wanted, hard.max(wanted)).map_err(|_| i64::try_from(hard).unwrap_or(-1))?;
    Ok(true)
}

/// Gives supervisord itself as many descriptors as the hard limit allows, and says what children should have instead:
/// what the configuration asked for is for them (LIF-016).
pub fn make_room() -> Result<(rlim_t, rlim_t), Errno> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    let own = hard.min(OWN_DESCRIPTORS).max(soft);
    setrlimit(Resource::RLIMIT_NOFILE, own, hard)?;
    Ok((soft, hard))
}

#[cfg(test)]
mod tests {
    use super::{LimitError, raise};

    // LIF-012: a limit that is high enough is left alone
    #[test]
    fn modest_wishes_change_nothing() {
        assert_eq!(raise(3, 1), Ok(Vec::new()));
        assert_eq!(raise(-1, -1), Ok(Vec::new()));
    }

    // LIF-014
    #[test]
    fn the_message_names_both_numbers() {
        let text = LimitError::Descriptors { wanted: 9, hard: 4 }.to_string();
        assert!(text.starts_with(
            "The minimum number of file descriptors required to run this process is 9 as per"
        ));
        assert!(text.contains("will only allow you to open 4 file descriptors.  Either raise"));
    }
}
