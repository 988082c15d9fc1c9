//! What helps when nobody answers: which configuration was read, and whether its daemon lives.
//!
//! Only people at a terminal are told, after the words that scripts know.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;

const MOMENT: Duration = Duration::from_millis(20);

/// Where the client's settings come from.
#[derive(Debug, Default)]
pub struct Origin {
    /// The configuration file, as it was named or found.
    pub config_file: Option<String>,
    /// Where its daemon writes its pid.
    pub pidfile: Option<PathBuf>,
}

impl Origin {
    pub fn advice(&self) -> Vec<String> {
        let Some(file) = &self.config_file else {
            return vec![
                "  no configuration file was read: name one with -c, or a server with -s"
                    .to_owned(),
            ];
        };
        let mut lines = vec![format!("  the configuration is {file}")];
        match &self.pidfile {
            None => lines.push("  which has no [supervisord] section to tell a pidfile".to_owned()),
            Some(pidfile) => {
                let start = format!("  supervisord -c {file} starts it");
                lines.push(format!("  its pidfile is {}", pidfile.display()));
                match self.pid() {
                    None => lines.extend([
                        "  which names no process: supervisord is probably not running".to_owned(),
                        start,
                    ]),
                    Some(pid) if lives_on(pid) => lines.push(format!(
                        "  which names process {pid}, and that runs: it may listen elsewhere"
                    )),
                    Some(pid) => lines.extend([
                        format!(
                            "  which names process {pid}, and that is gone: supervisord has ended"
                        ),
                        start,
                    ]),
                }
            }
        }
        lines
    }

    /// Whether the daemon is known to have ended.
    pub fn daemon_is_gone(&self) -> bool {
        self.pid().is_some_and(|pid| !lives_on(pid))
    }

    fn pid(&self) -> Option<Pid> {
        let text = fs::read_to_string(self.pidfile.as_ref()?).ok()?;
        let pid = text.trim().parse().ok().filter(|pid| *pid > 0)?;
        Some(Pid::from_raw(pid))
    }
}

/// A daemon that ends hangs up a moment before it is gone.
fn lives_on(pid: Pid) -> bool {
    (0..10).all(|times| {
        std::thread::sleep(MOMENT * times.min(1));
        is_alive(pid)
    })
}

/// Somebody else's process may not be signalled, but is there.
fn is_alive(pid: Pid) -> bool {
    matches!(kill(pid, None), Ok(()) | Err(Errno::EPERM))
}

#[cfg(test)]
mod tests {
    use super::Origin;

    #[test]
    fn advice_tells_whether_the_daemon_lives() {
        let pidfile = std::env::temp_dir().join(format!("ctl-advice-{}", std::process::id()));
        let origin = Origin {
            config_file: Some("x.conf".to_owned()),
            pidfile: Some(pidfile.clone()),
        };
        let told = || origin.advice().concat();
        assert!(told().contains("x.conf") && told().contains("names no process"));
        std::fs::write(&pidfile, format!("{}\n", std::process::id())).expect("a temporary file");
        assert!(told().contains("and that runs") && !origin.daemon_is_gone());
        // No process can have this number.
        std::fs::write(&pidfile, "2147483647\n").expect("a temporary file");
        assert!(told().contains("and that is gone") && origin.daemon_is_gone());
        std::fs::remove_file(&pidfile).expect("the file just written");
        assert!(Origin::default().advice().concat().contains("-c"));
    }
}
