//! The one place that waits for children (architecture: a reaper that calls `waitpid(-1)` would steal exits from
//! anybody else who waits, so nobody else does).

use nix::errno::Errno;

use crate::model::log;
use crate::supervisor::command::ExitStatus;
use crate::supervisor::turn::Pid;

/// The next child that has ended, ours or a stranger that process 1 inherited; `None` when no more have for now.
///
/// Not through nix, whose `WaitStatus` has no word for a death by a real-time signal and would lose it.
pub fn next_exit() -> Option<(Pid, ExitStatus)> {
    loop {
        let mut status: libc::c_int = 0;
        // SAFETY: `status` is a live int for the kernel to fill in.
        let pid = unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG) };
        match Errno::result(pid) {
            Ok(0) | Err(Errno::ECHILD) => return None,
            Ok(pid) => {
                if let Some(status) = decode(status) {
                    return Some((Pid(pid), status));
                }
            }
            Err(Errno::EINTR) => {}
            Err(error) => {
                log::critical!(
                    "waitpid error OSError({}, '{}'); a process may not be cleaned up properly",
                    error as i32,
                    error.desc()
                );
                return None;
            }
        }
    }
}

/// `None` for a child that was only stopped or continued, which is not reported without being asked for.
fn decode(status: libc::c_int) -> Option<ExitStatus> {
    if libc::WIFEXITED(status) {
        // The kernel hands over eight bits of it.
        return Some(ExitStatus::Code(
            u8::try_from(libc::WEXITSTATUS(status)).unwrap_or(u8::MAX),
        ));
    }
    libc::WIFSIGNALED(status).then(|| ExitStatus::Signal {
        number: libc::WTERMSIG(status),
        core_dumped: libc::WCOREDUMP(status),
    })
}

#[cfg(test)]
mod tests {
    use super::decode;
    use crate::supervisor::command::ExitStatus;

    // SPN-030
    #[test]
    fn a_death_by_a_real_time_signal_is_understood() {
        let core_dumped = false;
        assert_eq!(
            decode(34),
            Some(ExitStatus::Signal {
                number: 34,
                core_dumped
            })
        );
        assert_eq!(decode(7 << 8), Some(ExitStatus::Code(7)));
        assert_eq!(
            decode(0x80 | 6),
            Some(ExitStatus::Signal {
                number: 6,
                core_dumped: true
            })
        );
    }
}
