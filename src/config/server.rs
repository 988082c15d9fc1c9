//! The sections of the daemon itself: `[supervisord]`, `[unix_http_server]`, `[inet_http_server]`, `[rpcinterface:x]`
//! (SUP, SRV and PLG rows).
//!
//! The command line is not known here; `mod.rs` puts it over what this file finds, and checks the user.

use std::path::{Path, PathBuf};

use bstr::{BStr, BString, ByteSlice};

use super::context::LoadContext;
use super::environment;
use super::error::{ConfigError, Reason};
use super::expand::{Names, Scope, expand};
use super::group::names_object;
use super::loader::{Loader, process_variables};
use super::options::server as rows;
use super::options::supervisord as daemon_rows;
use super::paths;
use super::reading::{OptionError, SectionReader};
use super::text;
use super::types::{MainLogFormat, RpcInterface, ServerAddress, ServerConfig};
use super::value;

/// The daemon's section.
pub const SECTION: &str = "supervisord";

/// `[supervisord]` as the file has it, paths not yet made absolute.
pub struct FileSettings {
    pub minfds: i64,
    pub minprocs: i64,
    pub directory: Option<PathBuf>,
    pub user: Option<BString>,
    pub umask: u32,
    pub logfile: PathBuf,
    pub logfile_maxbytes: i64,
    pub logfile_backups: i64,
    pub loglevel: i32,
    pub pidfile: PathBuf,
    pub identifier: String,
    pub nodaemon: bool,
    pub silent: bool,
    pub childlogdir: PathBuf,
    pub nocleanup: bool,
    pub strip_ansi: bool,
    pub environment: Vec<(BString, BString)>,
    pub log_format: Option<MainLogFormat>,
}

/// Reads `[supervisord]` in the order of SUP-019.
pub fn settings(loader: &Loader<'_>) -> Result<FileSettings, ConfigError> {
    read_settings(loader).map_err(|error| error.in_section(SECTION))
}

fn read_settings(loader: &Loader<'_>) -> Result<FileSettings, OptionError> {
    let layers = [&loader.variables, &loader.common];
    let reader = loader.reader(SECTION, Scope { layers: &layers });
    Ok(FileSettings {
        // Evaluated in the order written.
        minfds: reader.read(&daemon_rows::MINFDS)?,
        minprocs: reader.read(&daemon_rows::MINPROCS)?,
        directory: reader.optional(&daemon_rows::DIRECTORY)?,
        user: reader.optional(&daemon_rows::USER)?,
        umask: reader.read(&daemon_rows::UMASK)?,
        logfile: reader.read(&daemon_rows::LOGFILE)?,
        logfile_maxbytes: reader.read(&daemon_rows::LOGFILE_MAXBYTES)?,
        logfile_backups: reader.read(&daemon_rows::LOGFILE_BACKUPS)?,
        loglevel: reader.read(&daemon_rows::LOGLEVEL)?,
        pidfile: reader.read(&daemon_rows::PIDFILE)?,
        identifier: reader.read(&daemon_rows::IDENTIFIER)?,
        nodaemon: reader.read(&daemon_rows::NODAEMON)?,
        silent: reader.read(&daemon_rows::SILENT)?,
        childlogdir: child_log_directory(&reader)?,
        nocleanup: reader.read(&daemon_rows::NOCLEANUP)?,
        strip_ansi: reader.read(&daemon_rows::STRIP_ANSI)?,
        environment: shared_environment(loader, &reader)?,
        log_format: reader.read(&daemon_rows::LOG_FORMAT)?,
    })
}

/// The variable by which the Go version is told (GO-015); any other value is none of our business.
pub fn log_format_of_environment(context: &LoadContext) -> MainLogFormat {
    match context.variable("LOG_FORMAT") {
        Some(value) if value.eq_ignore_ascii_case(b"json") => MainLogFormat::Json,
        Some(_) | None => MainLogFormat::Text,
    }
}

/// `childlogdir`, or the directory for temporary files; that one is taken for a template too.
fn child_log_directory(reader: &SectionReader<'_>) -> Result<PathBuf, OptionError> {
    let row = &daemon_rows::CHILDLOGDIR;
    if let Some(directory) = reader.optional(row)? {
        return Ok(directory);
    }
    let default = temporary_directory(reader.context);
    let default = reader.expand(row.name, default.as_bstr())?;
    (row.read)(default.as_bstr(), reader.context)
        .map_err(|reason| OptionError::new(row.name, reason))
}

/// `environment=` is expanded twice, the second time also with the host's name (EXP-018).
fn shared_environment(
    loader: &Loader<'_>,
    reader: &SectionReader<'_>,
) -> Result<Vec<(BString, BString)>, OptionError> {
    let row = &daemon_rows::ENVIRONMENT;
    let once = reader.read(row)?;
    let mut names = Names::default();
    names.set_text("here", loader.here.clone());
    names.set_text("host_node_name", loader.context.hostname.as_str());
    names.update(&process_variables(loader.context));
    let layers = [&names];
    let pairs = expand(once.as_bstr(), Scope { layers: &layers }, row.name)
        .and_then(|twice| environment::pairs(twice.as_bstr()));
    pairs.map_err(|reason| OptionError::new(row.name, reason))
}

/// Python's `tempfile.gettempdir`: the first place of its list in which a file can be made (SUP-012).
fn temporary_directory(context: &LoadContext) -> BString {
    let from_environment = ["TMPDIR", "TEMP", "TMP"]
        .into_iter()
        .filter_map(|name| context.variable(name).cloned())
        .filter(|directory| !directory.is_empty());
    let usual = ["/tmp", "/var/tmp", "/usr/tmp", "."].map(BString::from);
    from_environment
        .chain(usual)
        .map(|directory| paths::abspath(directory.as_bstr(), context))
        .find(|directory| can_hold_a_file(&paths::to_path(directory.as_bstr())))
        // Python cannot even start then. Whoever asks for AUTO logs here will hear of it.
        .unwrap_or_else(|| paths::abspath(BStr::new("."), context))
}

fn can_hold_a_file(directory: &Path) -> bool {
    const TRIES: u32 = 100;
    for number in 0..TRIES {
        let path = directory.join(format!(".supervisord-{}-{number}", std::process::id()));
        match std::fs::File::create_new(&path) {
            Ok(_) => return std::fs::remove_file(&path).is_ok(),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(_) => return false,
        }
    }
    false
}

/// The only RPC interface there is (PLG-002).
const MAIN_RPC_INTERFACE: [&str; 1] = ["supervisor.rpcinterface:make_main_rpcinterface"];

/// `[rpcinterface:x]` sections. Keys beside the factory would be arguments of the factory, which takes none (PLG-003).
pub fn rpc_interfaces(loader: &Loader<'_>) -> Result<Vec<RpcInterface>, ConfigError> {
    let row = &rows::RPC_INTERFACE_FACTORY;
    let mut interfaces = Vec::new();
    for section in loader.document.sections() {
        let Some(namespace) = section.strip_prefix("rpcinterface:") else {
            continue;
        };
        plugin(loader, &section, row, &MAIN_RPC_INTERFACE)
            .and_then(|()| extra_keys(loader, &section, row.name))
            .map(|extra_keys| {
                interfaces.push(RpcInterface {
                    namespace: namespace.to_owned(),
                    extra_keys,
                });
            })
            .map_err(|error| error.in_section(&section))?;
    }
    Ok(interfaces)
}

fn plugin(
    loader: &Loader<'_>,
    section: &str,
    row: &super::options::OptionalRow<BString>,
    known: &[&str],
) -> Result<(), OptionError> {
    let layers = [&loader.variables];
    let reader = loader.reader(section, Scope { layers: &layers });
    let section = section.to_owned();
    match reader.optional(row)? {
        None => {
            let key = row.name;
            let reason = Reason::NoFactory { section, key };
            Err(OptionError::new(row.name, reason))
        }
        Some(spec) if !names_object(spec.as_bstr(), known) => {
            let reason = Reason::Unresolved { spec, section };
            Err(OptionError::new(row.name, reason))
        }
        Some(_) => Ok(()),
    }
}

/// Every other key of the section, also those from `[DEFAULT]` (INI-019); their values must at least expand.
fn extra_keys(
    loader: &Loader<'_>,
    section: &str,
    factory_key: &'static str,
) -> Result<Vec<String>, OptionError> {
    let layers = [&loader.variables];
    let scope = Scope { layers: &layers };
    let mut extra = Vec::new();
    for key in loader.document.keys(section) {
        if key == factory_key {
            continue;
        }
        let value = loader.document.get(section, &key).unwrap_or_default();
        expand(value.as_bstr(), scope, &format!("{section}.{key}"))
            .map_err(|reason| OptionError::new(&key, reason))?;
        extra.push(key);
    }
    Ok(extra)
}

/// All HTTP servers: inet ones first (SRV-001, SRV-002).
pub fn servers(loader: &Loader<'_>) -> Result<Vec<ServerConfig>, ConfigError> {
    let sections = loader.document.sections();
    let kind = |prefix: &'static str| {
        sections
            .iter()
            .filter(move |section| section.starts_with(prefix))
    };
    let mut servers = Vec::new();
    for section in kind("inet_http_server") {
        servers.push(inet_server(loader, section).map_err(|error| error.in_section(section))?);
    }
    for section in kind("unix_http_server") {
        servers.push(unix_server(loader, section).map_err(|error| error.in_section(section))?);
    }
    Ok(servers)
}

/// Authentication is checked before the port (SRV-003).
fn inet_server(loader: &Loader<'_>, section: &str) -> Result<ServerConfig, OptionError> {
    let layers = [&loader.variables];
    let reader = loader.reader(section, Scope { layers: &layers });
    let (username, password) = authentication(&reader)?;
    let Some((host, port)) = reader.optional(&rows::PORT)? else {
        let section = section.to_owned();
        let reason = Reason::NoPortValue { section };
        return Err(OptionError::new(rows::PORT.name, reason));
    };
    Ok(ServerConfig {
        section: section.to_owned(),
        address: ServerAddress::Inet { host, port },
        username,
        password,
        allowed_hosts: reader.read(&rows::ALLOWED_HOSTS)?,
        nodename: reader
            .optional(&rows::NODENAME)?
            .filter(|name| !name.is_empty()),
        metrics_auth: reader.read(&rows::METRICS_AUTH)?,
        health_auth: reader.read(&rows::HEALTH_AUTH)?,
    })
}

/// Only `file` may use `%(here)s` (EXP-023).
fn unix_server(loader: &Loader<'_>, section: &str) -> Result<ServerConfig, OptionError> {
    let layers = [&loader.variables, &loader.common];
    let file = loader
        .reader(section, Scope { layers: &layers })
        .optional(&rows::FILE)?;
    let Some(file) = file else {
        let section = section.to_owned();
        let reason = Reason::NoFileValue { section };
        return Err(OptionError::new(rows::FILE.name, reason));
    };
    let path = paths::normalize(text::strip_bytes(file.as_bstr()), loader.context);
    let layers = [&loader.variables];
    let reader = loader.reader(section, Scope { layers: &layers });
    let (username, password) = authentication(&reader)?;
    let (owner, group) = match reader.optional(&rows::CHOWN)? {
        None => (None, None),
        Some(value) => match value::user_and_group(value.as_bstr(), loader.context) {
            Some((owner, group)) => (Some(owner), group),
            None => {
                let reason = Reason::Chown { value };
                return Err(OptionError::new(rows::CHOWN.name, reason));
            }
        },
    };
    let mode = match reader.optional(&rows::CHMOD)? {
        None => 0o700,
        Some(value) => match value::mode(value.as_bstr()) {
            Ok(mode) => mode,
            Err(_) => {
                let reason = Reason::Chmod { value };
                return Err(OptionError::new(rows::CHMOD.name, reason));
            }
        },
    };
    Ok(ServerConfig {
        section: section.to_owned(),
        address: ServerAddress::Unix {
            path: paths::to_path(path.as_bstr()),
            mode,
            owner,
            group,
        },
        username,
        password,
        allowed_hosts: Vec::new(),
        nodename: reader
            .optional(&rows::NODENAME)?
            .filter(|name| !name.is_empty()),
        metrics_auth: reader.read(&rows::METRICS_AUTH)?,
        health_auth: reader.read(&rows::HEALTH_AUTH)?,
    })
}

/// Both or neither (SRV-005).
fn authentication(
    reader: &SectionReader<'_>,
) -> Result<(Option<String>, Option<String>), OptionError> {
    let username = reader.optional(&rows::USERNAME)?;
    let password = reader.optional(&rows::PASSWORD)?;
    if username.is_some() != password.is_some() {
        let section = reader.section.to_owned();
        let reason = Reason::IncompleteAuthentication { section };
        return Err(OptionError::new(rows::USERNAME.name, reason));
    }
    Ok((username, password))
}

/// What SUPERVISOR_SERVER_URL says: the first unix server, else the last inet server (SRV-010, QRK-013).
pub fn server_url(servers: &[ServerConfig]) -> Option<String> {
    let unix = servers.iter().find_map(|server| match &server.address {
        ServerAddress::Unix { path, .. } => Some(format!("unix://{}", path.display())),
        ServerAddress::Inet { .. } => None,
    });
    let inet = servers
        .iter()
        .rev()
        .find_map(|server| match &server.address {
            ServerAddress::Inet { host, port } => {
                let host = if host.is_empty() { "localhost" } else { host };
                Some(format!("http://{host}:{port}"))
            }
            ServerAddress::Unix { .. } => None,
        });
    unix.or(inet)
}

/// A path made absolute for the daemon's life: log and pid file (SUP-001, SUP-005).
pub fn absolute(path: &Path, context: &LoadContext) -> PathBuf {
    let path = paths::from_path(path);
    paths::to_path(paths::normalize(BStr::new(&path), context).as_bstr())
}
