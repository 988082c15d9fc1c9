//! `supervisord demo`: a daemon to play with, on a configuration of its own, that leaves nothing behind.

use std::fs::{self, DirBuilder};
use std::io;
use std::net::TcpListener;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

const CONFIGURATION: &str = include_str!("../../fixtures/demo/supervisord.conf");

/// A private folder with the demonstration's configuration; removed with everything in it when dropped.
pub struct Demo {
    folder: PathBuf,
    port: u16,
}

impl Demo {
    /// Makes the folder, finds a free port of the loopback interface and writes the configuration.
    pub fn prepare() -> io::Result<Self> {
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let folder = std::env::temp_dir().join(format!("supervisord-demo-{}", std::process::id()));
        DirBuilder::new().mode(0o700).create(&folder)?;
        let demo = Self { folder, port };
        let text = CONFIGURATION
            .replace("{folder}", &demo.folder.to_string_lossy())
            .replace("{port}", &port.to_string());
        fs::write(demo.configuration(), text)?;
        Ok(demo)
    }

    pub fn configuration(&self) -> PathBuf {
        self.folder.join("supervisord.conf")
    }

    /// What to try next, said once before the daemon's own lines.
    pub fn introduction(&self) -> String {
        let configuration = self.configuration();
        let port = self.port;
        format!(
            "A supervisord with three programs: one steady, one chatty, one that crashes and is retried.\n\
             Try, in another terminal:\n\
             \n\
             \x20 supervisorctl -c {} status\n\
             \x20 curl --data '<methodCall><methodName>supervisor.getAllProcessInfo</methodName></methodCall>' \
             http://127.0.0.1:{port}/RPC2\n\
             \n\
             Ctrl-C ends it and removes {}.\n",
            configuration.display(),
            shown_folder(&self.folder),
        )
    }
}

fn shown_folder(folder: &Path) -> String {
    folder.display().to_string()
}

impl Drop for Demo {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            eprintln!("cannot remove {}: {error}", self.folder.display());
        }
    }
}
