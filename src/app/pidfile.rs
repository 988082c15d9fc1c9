//! The pidfile: written when everything is ready, removed at the end if this instance wrote it (LIF-033 to LIF-035).

use std::fs;
use std::path::{Path, PathBuf};

use crate::model::log;

/// A pidfile that this instance wrote.
pub struct Pidfile {
    path: PathBuf,
}

impl Pidfile {
    /// Writes our pid. A file that cannot be written is complained about, and the daemon goes on without one.
    pub fn write(path: &Path) -> Option<Self> {
        let pid = std::process::id();
        match fs::write(path, format!("{pid}\n")) {
            Ok(()) => {
                log::info!("supervisord started with pid {pid}");
                Some(Self {
                    path: path.to_owned(),
                })
            }
            Err(_) => {
                log::critical!("could not write pidfile {}", path.display());
                None
            }
        }
    }
}

impl Drop for Pidfile {
    fn drop(&mut self) {
        // Somebody may have removed it already; then it is as it should be.
        let _ = fs::remove_file(&self.path);
    }
}
