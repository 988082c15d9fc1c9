//! What runs beside supervisord in a container that holds nothing else (`test_container.py`): a static program with a few roles.
//!
//! | words | what it does |
//! |---|---|
//! | `stay` | says `ready`, and ends at SIGTERM |
//! | `leave N` | starts a process that ends with status N after a moment, and ends at once |
//! | `end N` | ends with status N after a moment |
//! | `show` | says who and where it is |

use std::env;
use std::process::{Command, ExitCode};
use std::time::Duration;

/// Longer than it takes who started us to end.
const MOMENT: Duration = Duration::from_millis(300);

fn main() -> ExitCode {
    let words: Vec<String> = env::args().collect();
    match words
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .as_slice()
    {
        [_, "stay"] => {
            println!("ready");
            loop {
                std::thread::park();
            }
        }
        [own, "leave", status] => {
            let started = Command::new(own).args(["end", status]).spawn();
            started.map_or(ExitCode::FAILURE, |_| ExitCode::SUCCESS)
        }
        [_, "end", status] => {
            std::thread::sleep(MOMENT);
            status
                .parse::<u8>()
                .map_or(ExitCode::FAILURE, ExitCode::from)
        }
        [_, "show"] => {
            let (uid, gid) = (nix::unistd::getuid(), nix::unistd::getgid());
            let folder = env::current_dir().unwrap_or_default();
            println!("uid={uid} gid={gid} folder={}", folder.display());
            ExitCode::SUCCESS
        }
        _ => ExitCode::FAILURE,
    }
}
