//! Everything between the command line and the first turn of the loop, at the first start and at every restart.
//!
//! A restart that fails (a port that was taken meanwhile, a log that cannot be opened) goes back to the configuration
//! that ran before: the programs have been stopped by then, and somebody counts on them. The reference ends (LIF-004).

use std::fmt;
use std::io;
use std::os::fd::AsFd;
use std::rc::Rc;

use nix::unistd::getuid;

use super::backend::Site;
use super::source::Source;
use crate::config::ROOT_SEARCH_WARNING;
use crate::config::env_file::EnvFileError;
use crate::config::error::ConfigError;
use crate::config::types::{Config, MainLog, MainLogFormat, SupervisordConfig};
use crate::config::users::UserDatabase;
use crate::daemon::auto_logs;
use crate::daemon::handle::{Handle, Reader};
use crate::daemon::limits::{self, LimitError};
use crate::daemon::privileges::{self, PrivilegeError};
use crate::daemon::unix_os::{ChildSettings, UnixOs};
use crate::http::{self, BindError, BoundServer};
use crate::logs::activity::{ActivityLog, LineShape, OpenError, Target};
use crate::logs::rotating::Rotation;
use crate::logs::special::is_missing_null;
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
    Privileges(PrivilegeError),
    Limit(LimitError),
    Log(OpenError),
    Activation(ActivationError),
    /// The process itself: its directory, its runtime.
    Process(io::Error),
    /// The variables of `--env-file`.
    Environment(EnvFileError),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::Bind(error) => error.fmt(f),
            Self::Privileges(error) => error.fmt(f),
            Self::Limit(error) => error.fmt(f),
            Self::Log(error) => error.fmt(f),
            Self::Activation(error) => error.fmt(f),
            Self::Process(error) => error.fmt(f),
            Self::Environment(error) => error.fmt(f),
        }
    }
}

impl From<ConfigError> for StartError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl StartError {
    /// What the reference says with its usage message is 2, what ends it with a traceback is 1 (CLI-016).
    pub fn status(&self) -> u8 {
        match self {
            Self::Log(_) | Self::Activation(_) | Self::Process(_) => 1,
            Self::Config(_)
            | Self::Bind(_)
            | Self::Privileges(_)
            | Self::Limit(_)
            | Self::Environment(_) => 2,
        }
    }
}

/// Ready to run.
pub struct Started {
    pub handle: Handle,
    pub servers: Vec<BoundServer>,
    pub backend: Rc<Site>,
    pub settings: SupervisordConfig,
}

/// Starts supervisord, again and again.
pub struct Starter {
    source: Source,
    activity: ActivityLog,
    /// The configuration of the last start; `None` before the first.
    running: Option<Config>,
    /// How many descriptors children may have, known since the first start.
    descriptors: Option<(u64, u64)>,
    /// The number of the next event that a listener is told of (SHD-015).
    serial: Serial,
}

impl Starter {
    pub fn new(source: Source, activity: ActivityLog) -> Self {
        Self {
            source,
            activity,
            running: None,
            descriptors: None,
            serial: Serial::default(),
        }
    }

    /// Whether nothing has been started yet.
    pub fn is_first(&self) -> bool {
        self.running.is_none()
    }

    /// The same again after a run that has come so far with the numbers of events.
    pub fn start_after(&mut self, serial: Serial) -> Result<Started, StartError> {
        self.serial = serial;
        self.start()
    }

    /// Does everything up to the loop, in the order of `app`'s essay.
    pub fn start(&mut self) -> Result<Started, StartError> {
        if self.is_first() && self.source.searches() && getuid().is_root() {
            eprintln!("{ROOT_SEARCH_WARNING}");
        }
        let (started, config) = match (self.start_anew(), self.running.take()) {
            (Ok(started), _) => started,
            (Err(error), None) => return Err(error),
            (Err(error), Some(before)) => {
                log::critical!("cannot restart, going back to the configuration before: {error}");
                (self.start_with(before.clone(), false)?, before)
            }
        };
        self.running = Some(config);
        Ok(started)
    }

    fn start_anew(&mut self) -> Result<(Started, Config), StartError> {
        let config = load(&self.source)?;
        let started = self.start_with(config.clone(), self.is_first())?;
        Ok((started, config))
    }

    /// `first` is false at a restart (LIF-003).
    fn start_with(&mut self, mut config: Config, first: bool) -> Result<Started, StartError> {
        take_user(&mut config)?;
        if first {
            let settings = &config.supervisord;
            let raised = limits::raise(settings.minfds, settings.minprocs);
            config
                .messages
                .infos
                .extend(raised.map_err(StartError::Limit)?);
            self.descriptors = limits::make_room().ok();
        }
        let servers = bind_all(&config)?;
        match self.run_up(config, &servers) {
            Ok((handle, backend, settings)) => Ok(Started {
                handle,
                servers,
                backend,
                settings,
            }),
            Err(error) => {
                servers.iter().for_each(BoundServer::unlink);
                Err(error)
            }
        }
    }

    fn run_up(
        &self,
        config: Config,
        servers: &[BoundServer],
    ) -> Result<(Handle, Rc<Site>, SupervisordConfig), StartError> {
        let reader = reader(&self.source, &config);
        let Config {
            supervisord,
            groups,
            messages,
            rpc_interfaces,
            ..
        } = config;
        open_log(&self.activity, &supervisord)?;
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
        let child_settings = ChildSettings {
            childlogdir: supervisord.childlogdir.clone(),
            identifier: supervisord.identifier.clone(),
            strip_ansi: supervisord.strip_ansi,
            descriptors: self.descriptors,
            server_url: config.server_url,
        };
        let os = UnixOs::new(child_settings, http::resolve).map_err(StartError::Process)?;
        let settings = supervisord.clone();
        let activity = self.activity.clone();
        let handle = Handle::new(os, supervisord, groups, reader, activity, self.serial)
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
        let namespaces = with_main_interface(namespaces);
        let backend = Rc::new(Site::new(handle.clone(), namespaces));
        Ok((handle, backend, settings))
    }
}

/// Clients are served whether the file has a section for it or not (GO-111); the reference then has no methods for them.
fn with_main_interface(mut namespaces: Vec<String>) -> Vec<String> {
    let name = "supervisor";
    if namespaces.iter().all(|known| known != name) {
        namespaces.push(name.to_owned());
    }
    namespaces
}

/// LIF-007.
const ROOT_NOTICE: &str = "Supervisor is running as root.  Privileges were not dropped because no user is specified \
     in the config file.  If you intend to run as root, you can set user=root in the config file to avoid this message.";

/// Reads the configuration for a start or a restart.
fn load(source: &Source) -> Result<Config, StartError> {
    let mut config = source.load()?;
    // Process 1 has nobody to leave to: without it the whole namespace ends.
    config.supervisord.nodaemon |= std::process::id() == 1;
    Ok(config)
}

/// Becomes the user of the configuration, for good (LIF-007 to LIF-011).
fn take_user(config: &mut Config) -> Result<(), StartError> {
    let messages = &mut config.messages;
    match config.supervisord.user {
        Some(uid) => {
            privileges::become_user(uid, &UserDatabase::system())
                .map_err(StartError::Privileges)?;
            messages
                .infos
                .push(format!("Set uid to user {uid} succeeded"));
        }
        None if getuid().is_root() => messages.critical.push(ROOT_NOTICE.to_owned()),
        None => {}
    }
    Ok(())
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
    if config.nodaemon && !config.silent {
        let stdout = io::stdout()
            .as_fd()
            .try_clone_to_owned()
            .map_err(StartError::Process)?;
        targets.push(Target::Stdout(stdout));
    }
    targets.extend(match &config.logfile {
        MainLog::File(path) if is_missing_null(path) => None,
        MainLog::Syslog => Some(Target::Syslog(Syslog::local("supervisord"))),
        MainLog::File(path) => Some(Target::File {
            path: path.clone(),
            rotation: Rotation::from_options(config.logfile_maxbytes, config.logfile_backups),
        }),
    });
    let level = u64::try_from(config.loglevel)
        .ok()
        .and_then(LogLevel::from_number)
        .unwrap_or(LogLevel::Info);
    let shape = match config.log_format {
        MainLogFormat::Text => LineShape::Text,
        MainLogFormat::Json => LineShape::Json,
    };
    activity
        .replace(level, shape, targets)
        .map_err(StartError::Log)
}

/// How a running daemon reads its configuration again.
fn reader(source: &Source, config: &Config) -> Reader {
    let found = config.config_file.clone();
    let (reread, restart) = (source.clone(), source.clone());
    Reader {
        reread: Box::new(move || reread.reread(&found).map_err(|error| error.to_string())),
        check_restart: Box::new(move || check(&restart).map_err(|error| error.to_string())),
    }
}

/// Whether a restart could begin.
fn check(source: &Source) -> Result<(), StartError> {
    let config = load(source)?;
    if let Some(uid) = config.supervisord.user {
        privileges::change_to(uid, &UserDatabase::system()).map_err(StartError::Privileges)?;
    }
    Ok(())
}
