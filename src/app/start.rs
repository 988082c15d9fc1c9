//! Everything between the command line and the first turn of the loop.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use bstr::{BString, ByteSlice};

use super::backend::Site;
use crate::config::command_line::CommandLine;
use crate::config::context::LoadContext;
use crate::config::error::ConfigError;
use crate::config::types::{Config, MainLog, SupervisordConfig};
use crate::config::{self, ROOT_SEARCH_WARNING};
use crate::daemon::auto_logs;
use crate::daemon::handle::{Handle, Reader};
use crate::daemon::limits::{self, LimitError};
use crate::daemon::unix_os::{ChildSettings, UnixOs};
use crate::http::{self, BindError, BoundServer};
use crate::logs::activity::{ActivityLog, OpenError, Target};
use crate::logs::rotating::Rotation;
use crate::logs::syslog::Syslog;
use crate::model::log::{self, LogLevel};
use crate::model::py_repr::repr_str;
use crate::supervisor::listener_pool::Serial;
use crate::supervisor::turn::ActivationError;

/// Why supervisord does not run.
#[derive(Debug)]
pub enum StartError {
    Config(ConfigError),
    Bind(BindError),
    Limit(LimitError),
    Log(OpenError),
    Activation(ActivationError),
    /// Something of the configuration that this release cannot do.
    NotYet(String),
    /// The process itself: its directory, its runtime.
    Process(io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::Bind(error) => error.fmt(f),
            Self::Limit(error) => error.fmt(f),
            Self::Log(error) => error.fmt(f),
            Self::Activation(error) => error.fmt(f),
            Self::NotYet(what) => f.write_str(what),
            Self::Process(error) => error.fmt(f),
        }
    }
}

impl From<ConfigError> for StartError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

/// Ready to run.
pub struct Started {
    pub handle: Handle,
    pub servers: Vec<BoundServer>,
    pub backend: Rc<Site>,
    pub pidfile: PathBuf,
}

/// Does everything up to the loop, in the order of the module's essay. `first` is false at a restart (LIF-003),
/// where the numbers of events go on from `serial` (SHD-015).
pub fn start(
    command_line: &CommandLine,
    context: &LoadContext,
    activity: &ActivityLog,
    first: bool,
    serial: Serial,
) -> Result<Started, StartError> {
    if first && command_line.config_file.is_none() && context.uid == 0 {
        eprintln!("{ROOT_SEARCH_WARNING}");
    }
    let mut config = config::load(command_line, context)?;
    refuse_what_is_not_there_yet(&config)?;
    if context.uid == 0 && config.supervisord.user.is_none() {
        config.messages.critical.push(ROOT_NOTICE.to_owned());
    }
    if first {
        let raised = limits::raise(config.supervisord.minfds, config.supervisord.minprocs)
            .map_err(StartError::Limit)?;
        config.messages.infos.extend(raised);
    }
    let servers = bind_all(&config)?;
    match run_up(command_line, context, activity, config, &servers, serial) {
        Ok((handle, backend, pidfile)) => Ok(Started {
            handle,
            servers,
            backend,
            pidfile,
        }),
        Err(error) => {
            servers.iter().for_each(BoundServer::unlink);
            Err(error)
        }
    }
}

/// LIF-007.
const ROOT_NOTICE: &str = "Supervisor is running as root.  Privileges were not dropped because no user is specified \
     in the config file.  If you intend to run as root, you can set user=root in the config file to avoid this message.";

fn run_up(
    command_line: &CommandLine,
    context: &LoadContext,
    activity: &ActivityLog,
    config: Config,
    servers: &[BoundServer],
    serial: Serial,
) -> Result<(Handle, Rc<Site>, PathBuf), StartError> {
    let Config {
        supervisord,
        groups,
        messages,
        rpc_interfaces,
        ..
    } = config;
    open_log(activity, &supervisord)?;
    messages
        .critical
        .iter()
        .for_each(|line| log::critical!("{line}"));
    messages
        .warnings
        .iter()
        .chain(&messages.own_warnings)
        .for_each(|line| log::warn!("{line}"));
    messages.infos.iter().for_each(|line| log::info!("{line}"));
    if !supervisord.nocleanup {
        auto_logs::sweep(&supervisord.childlogdir, &supervisord.identifier);
    }
    let settings = ChildSettings {
        childlogdir: supervisord.childlogdir.clone(),
        identifier: supervisord.identifier.clone(),
        strip_ansi: supervisord.strip_ansi,
        descriptors: limits::make_room().ok(),
        server_url: config.server_url,
    };
    let os = UnixOs::new(settings, http::resolve).map_err(StartError::Process)?;
    let pidfile = supervisord.pidfile.clone();
    let reader = reader(command_line.clone(), context.clone());
    let handle = Handle::new(os, supervisord, groups, reader, activity.clone(), serial)
        .map_err(StartError::Activation)?;

    let namespaces: Vec<String> = rpc_interfaces
        .into_iter()
        .map(|interface| interface.namespace)
        .collect();
    for (server, section) in servers.iter().zip(&config.servers) {
        for namespace in &namespaces {
            log::info!("RPC interface {} initialized", repr_str(namespace));
        }
        if server.is_open_to_all() {
            log::critical!(
                "Server {} running without any HTTP authentication checking",
                repr_str(&section.section)
            );
        }
    }
    let backend = Rc::new(Site::new(handle.clone(), namespaces));
    Ok((handle, backend, pidfile))
}

fn bind_all(config: &Config) -> Result<Vec<BoundServer>, StartError> {
    let mut bound: Vec<BoundServer> = Vec::new();
    for server in &config.servers {
        match http::bind(server, std::process::id()) {
            Ok(server) => bound.push(server),
            Err(error) => {
                bound.iter().for_each(BoundServer::unlink);
                return Err(StartError::Bind(error));
            }
        }
    }
    Ok(bound)
}

fn open_log(activity: &ActivityLog, config: &SupervisordConfig) -> Result<(), StartError> {
    let mut targets = Vec::new();
    if !config.silent {
        let stdout = io::stdout()
            .as_fd()
            .try_clone_to_owned()
            .map_err(StartError::Process)?;
        targets.push(Target::Stream(stdout));
    }
    targets.push(match &config.logfile {
        MainLog::Syslog => Target::Syslog(Syslog::local("supervisord")),
        MainLog::File(path) => Target::File {
            path: path.clone(),
            rotation: Rotation::from_options(config.logfile_maxbytes, config.logfile_backups),
        },
    });
    let level = u64::try_from(config.loglevel)
        .ok()
        .and_then(LogLevel::from_number)
        .unwrap_or(LogLevel::Info);
    activity.replace(level, targets).map_err(StartError::Log)
}

/// How a running daemon reads its configuration again.
fn reader(command_line: CommandLine, context: LoadContext) -> Reader {
    Box::new(move || {
        let config = config::reread(&command_line, &context).map_err(|error| error.to_string())?;
        match refuse_what_is_not_there_yet(&config) {
            Ok(()) => Ok(config),
            Err(error) => Err(error.to_string()),
        }
    })
}

/// Says clearly what a later release will do.
fn refuse_what_is_not_there_yet(config: &Config) -> Result<(), StartError> {
    let not_yet = |what: &str| Err(StartError::NotYet(what.to_owned()));
    // As process 1 there is nobody to leave to, so it is the foreground anyway.
    if !config.supervisord.nodaemon && std::process::id() != 1 {
        return not_yet(
            "running in the background is not supported yet; use -n, or nodaemon=true in [supervisord]",
        );
    }
    if let Some(uid) = config.supervisord.user
        && uid != nix::unistd::getuid().as_raw()
    {
        return not_yet(
            "user= in [supervisord] is not supported yet; start supervisord as that user",
        );
    }
    Ok(())
}

/// The path under which this program was started: as typed, or as found along PATH when only a word was typed, since
/// help texts and the search for a configuration show it (CFL-002).
pub fn full_path_of(argv0: OsString) -> BString {
    let bytes = argv0.as_bytes();
    if !bytes.contains(&b'/') {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let found = path
            .as_bytes()
            .split_str(":")
            .map(|directory| Path::new(std::ffi::OsStr::from_bytes(directory)).join(&argv0))
            .find(|candidate| candidate.is_file());
        if let Some(found) = found {
            return found.into_os_string().into_vec().into();
        }
    }
    argv0.into_vec().into()
}
