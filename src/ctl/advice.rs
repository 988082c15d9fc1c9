//! What helps when nobody answers: which configuration was read, and whether its daemon lives.
//!
//! Only people at a terminal are told, after the words that scripts know.

use std::fs;
use std::path::PathBuf;

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;

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
                let shown = pidfile.display();
                lines.push(match self.pid() {
                    None => format!(
                        "  its pidfile {shown} names no process: supervisord is probably not running\n  \
                         (supervisord -c {file} starts it)"
                    ),
                    Some(pid) if is_alive(pid) => format!(
                        "  its pidfile {shown} names process {pid}, which is running: it may listen elsewhere"
                    ),
                    Some(pid) => format!(
                        "  its pidfile {shown} names process {pid}, which is gone: supervisord has ended\n  \
                         (supervisord -c {file} starts it)"
                    ),
                });
            }
        }
        lines
    }

    fn pid(&self) -> Option<Pid> {
        let text = fs::read_to_string(self.pidfile.as_ref()?).ok()?;
        let pid = text.trim().parse().ok().filter(|pid| *pid > 0)?;
        Some(Pid::from_raw(pid))
    }
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
        assert!(told().contains("which is running"));
        // No process can have this number.
        std::fs::write(&pidfile, "2147483647\n").expect("a temporary file");
        assert!(told().contains("which is gone"));
        std::fs::remove_file(&pidfile).expect("the file just written");
        assert!(Origin::default().advice().concat().contains("-c"));
    }
}
