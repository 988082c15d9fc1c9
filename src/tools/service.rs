//! `supervisord service`: supervisord as a service of systemd (GO-085 to GO-091).
//!
//! Only the unit file is ours; everything else is asked of `systemctl`. The unit names its files from the root, since a
//! service manager starts programs elsewhere (GO-086), and one that was not written here is left alone.

use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use bstr::{BStr, ByteSlice};
use clap::{Parser, Subcommand};

use super::ConfigFile;
use crate::config::context::LoadContext;
use crate::config::find_config_file;

/// What systemd calls it.
const NAME: &str = "supervisord.service";

/// The first line of a unit that is ours.
const MARK: &str = "# Written by `supervisord service install`.";

/// Install, uninstall, start or stop supervisord as a service of systemd
#[derive(Parser)]
#[command(
    name = "supervisord service",
    after_long_help = "\
Examples:
  supervisord -c /etc/supervisord.conf service install
  supervisord service start"
)]
struct Arguments {
    #[command(flatten)]
    file: ConfigFile,
    #[command(subcommand)]
    action: Action,
    /// Where systemd looks for units
    #[arg(
        long,
        value_name = "DIRECTORY",
        default_value = "/etc/systemd/system",
        global = true
    )]
    unit_directory: PathBuf,
}

#[derive(Subcommand)]
enum Action {
    /// Write a unit for this program and the given configuration, and let systemd start it at boot
    Install {
        #[command(flatten)]
        file: ConfigFile,
    },
    /// Stop the service and remove the unit
    Uninstall,
    /// Start the service
    Start,
    /// Stop the service
    Stop,
}

/// Why a service is not as it was asked to be.
#[derive(Debug)]
enum ServiceError {
    Installed(PathBuf),
    NotInstalled(PathBuf),
    NotOurs(PathBuf),
    File(PathBuf, io::Error),
    Program(io::Error),
    NoSystemctl(io::Error),
    Systemctl(String),
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Installed(unit) => write!(f, "{} is there already", unit.display()),
            Self::NotInstalled(unit) => write!(f, "there is no {}", unit.display()),
            Self::NotOurs(unit) => write!(
                f,
                "{} was not written by `supervisord service install`",
                unit.display()
            ),
            Self::File(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Program(error) => write!(f, "cannot tell where this program is: {error}"),
            Self::NoSystemctl(error) => write!(f, "cannot run systemctl: {error}"),
            Self::Systemctl(words) => write!(f, "`systemctl {words}` has failed"),
        }
    }
}

/// Runs the words after `service`.
pub fn run(argv0: bstr::BString, words: &[OsString]) -> ExitCode {
    let arguments: Arguments = match super::parse("supervisord service", words) {
        Ok(arguments) => arguments,
        Err(code) => return code,
    };
    let unit = arguments.unit_directory.join(NAME);
    let (done, what) = match arguments.action {
        Action::Install { file } => {
            let file = file.or(arguments.file);
            (install(&unit, argv0, file), "install")
        }
        Action::Uninstall => (uninstall(&unit), "uninstall"),
        Action::Start => (systemctl(&["start", NAME]), "start"),
        Action::Stop => (systemctl(&["stop", NAME]), "stop"),
    };
    match done {
        Ok(()) => {
            println!("Succeed to {what} service supervisord");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("Failed to {what} service supervisord: {error}");
            ExitCode::FAILURE
        }
    }
}

fn install(unit: &Path, argv0: bstr::BString, given: ConfigFile) -> Result<(), ServiceError> {
    // Also a link that leads nowhere.
    if fs::symlink_metadata(unit).is_ok() {
        return Err(ServiceError::Installed(unit.to_owned()));
    }
    let program = std::env::current_exe().map_err(ServiceError::Program)?;
    let context = LoadContext::of_this_process(argv0).map_err(ServiceError::Program)?;
    let from_here = |path: &BStr| context.cwd.join(path.to_path_lossy());
    let env_file = given.env_file.as_deref();
    let env_file = env_file.map(|file| from_here(BStr::new(file.as_bytes())));
    let configuration = match given.given() {
        Some(file) => Some(from_here(file.as_bstr())),
        // What a start would find from here, it might not find from elsewhere.
        None => find_config_file(&context)
            .ok()
            .map(|file| from_here(file.as_bstr())),
    };
    let text = unit_text(&program, configuration.as_deref(), env_file.as_deref());
    fs::write(unit, text).map_err(|error| ServiceError::File(unit.to_owned(), error))?;
    systemctl(&["daemon-reload"])?;
    systemctl(&["enable", NAME])
}

fn uninstall(unit: &Path) -> Result<(), ServiceError> {
    let text = match fs::read_to_string(unit) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(ServiceError::NotInstalled(unit.to_owned()));
        }
        Err(error) => return Err(ServiceError::File(unit.to_owned(), error)),
    };
    if !text.starts_with(MARK) {
        return Err(ServiceError::NotOurs(unit.to_owned()));
    }
    // GO-090: it may well be stopped or disabled already.
    let _ = systemctl(&["stop", NAME]);
    let _ = systemctl(&["disable", NAME]);
    fs::remove_file(unit).map_err(|error| ServiceError::File(unit.to_owned(), error))?;
    systemctl(&["daemon-reload"])
}

fn systemctl(words: &[&str]) -> Result<(), ServiceError> {
    let status = Command::new("systemctl").args(words).status();
    match status.map_err(ServiceError::NoSystemctl)?.success() {
        true => Ok(()),
        false => Err(ServiceError::Systemctl(words.join(" "))),
    }
}

/// GO-087, GO-091.
fn unit_text(program: &Path, configuration: Option<&Path>, env_file: Option<&Path>) -> String {
    let program = quoted(program);
    let option = |name: &str, path: Option<&Path>| {
        path.map(|path| format!(" {name} {}", quoted(path)))
            .unwrap_or_default()
    };
    let configuration = option("-c", configuration);
    let env_file = option("--env-file", env_file);
    format!(
        "{MARK}\n\
         [Unit]\n\
         Description=Supervisor process control system\n\
         After=network.target\n\
         \n\
         [Service]\n\
         Type=notify\n\
         EnvironmentFile=-/etc/default/supervisord\n\
         ExecStart={program} -n{configuration}{env_file}\n\
         # Applies what has changed in the configuration, and leaves the other programs alone.\n\
         ExecReload={program} ctl{configuration} reload\n\
         # SIGTERM for supervisord alone: it stops its programs in their order.\n\
         KillMode=mixed\n\
         TimeoutStopSec=5min\n\
         Restart=on-failure\n\
         RestartSec=5s\n\
         LimitNOFILE=65536\n\
         \n\
         [Install]\n\
         WantedBy=multi-user.target\n"
    )
}

/// A path as a word of a unit: systemd expands `%` and `$`, and knows quotes and backslashes.
fn quoted(path: &Path) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-+,=@:".contains(byte);
    let shown = path.to_string_lossy();
    if path.as_os_str().as_bytes().iter().all(plain) {
        return shown.into_owned();
    }
    let escaped = shown
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('%', "%%")
        .replace('$', "$$");
    format!("\"{escaped}\"")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{MARK, unit_text};

    // GO-086, GO-087, GO-091
    #[test]
    fn the_unit_starts_this_program_with_its_files() {
        let text = unit_text(
            Path::new("/usr/local/bin/supervisord"),
            Some(Path::new("/etc/supervisord.conf")),
            Some(Path::new("/etc/my files/100%.env")),
        );
        assert!(text.starts_with(MARK));
        for line in [
            "Type=notify",
            "ExecStart=/usr/local/bin/supervisord -n -c /etc/supervisord.conf --env-file \"/etc/my files/100%%.env\"",
            "ExecReload=/usr/local/bin/supervisord ctl -c /etc/supervisord.conf reload",
            "Restart=on-failure",
            "WantedBy=multi-user.target",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in {text}");
        }
        let bare = unit_text(Path::new("/x"), None, None);
        assert!(bare.contains("\nExecStart=/x -n\n"), "{bare}");
    }
}
