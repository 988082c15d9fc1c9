//! Configuration: from text to typed values. Reads files and does nothing else.
//!
//! [`load`] is the whole of it for the daemon: find the file, read it and what it includes (`ini.rs`, `include.rs`), then
//! section by section, in the reference's order (SUP-019), fill names in (`expand.rs`), read each value by its row
//! (`options/`, `value.rs`) and build the typed result (`types.rs`). The first thing wrong ends it, as a
//! [`ConfigError`] in the reference's words; nothing has been started or changed by then.
//!
//! Everything that is not in the files comes in through [`LoadContext`]: no reading of the process's environment, no
//! global state, so the same inputs give the same result.

pub mod client;
pub mod command_line;
pub mod context;
pub mod diff;
pub mod dump;
pub mod env_file;
pub mod error;
pub mod expand;
pub mod extensions;
pub mod getopt;
pub mod glob;
pub mod ini;
pub mod options;
pub mod path_search;
pub mod schedule;
pub mod shlex;
pub mod survey;
pub mod types;
pub mod users;
pub mod value;

mod decode;
mod dependencies;
mod environment;
mod extend;
mod extension_value;
mod group;
mod include;
mod loader;
mod log_targets;
mod paths;
mod percent;
mod probe;
mod program;
mod reading;
mod server;
mod text;

use bstr::{BStr, BString, ByteSlice};

use self::command_line::CommandLine;
use self::context::LoadContext;
use self::error::{ConfigError, Reason};
pub use self::group::EVENT_TYPES;
use self::ini::Document;
use self::loader::Loader;
use self::reading::OptionError;
use self::server::FileSettings;
use self::types::{Config, MainLog, StartupMessages, SupervisordConfig};

/// What root is told on stderr when supervisord has to look for its configuration (CFL-005).
pub const ROOT_SEARCH_WARNING: &str = "Supervisord is running as root and it is searching for its configuration file \
     in default locations (including its current working directory); you probably want to specify a \"-c\" argument \
     specifying an absolute path to a configuration file for improved security.";

/// Reads the configuration for a start, or for the restart that SIGHUP asks for.
pub fn load(command_line: &CommandLine, context: &LoadContext) -> Result<Config, ConfigError> {
    usable(read(command_line, context, Purpose::Start)?)
}

/// Refuses interfaces that cannot be made. The reference finds out when it opens its servers, and makes no interface
/// without any (PLG-003, PLG-005).
fn usable(config: Config) -> Result<Config, ConfigError> {
    let unusable = config
        .rpc_interfaces
        .iter()
        .find(|interface| !interface.extra_keys.is_empty());
    if let (Some(interface), false) = (unusable, config.servers.is_empty()) {
        let name = interface.namespace.clone();
        let section = format!("rpcinterface:{name}");
        return Err(OptionError::of_section(Reason::RpcInterface { name }).in_section(&section));
    }
    Ok(config)
}

/// Reads the configuration again in a running daemon. The reference does not look up the user of `[supervisord]` nor
/// make RPC interfaces then, so neither can fail.
pub fn reread(command_line: &CommandLine, context: &LoadContext) -> Result<Config, ConfigError> {
    read(command_line, context, Purpose::Reread)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Start,
    Reread,
}

fn read(
    command_line: &CommandLine,
    context: &LoadContext,
    purpose: Purpose,
) -> Result<Config, ConfigError> {
    let sources = read_sources(command_line, context)?;
    interpret(&sources, command_line, context, purpose)
}

/// From the text of the files to the typed configuration.
fn interpret(
    sources: &Sources,
    command_line: &CommandLine,
    context: &LoadContext,
    purpose: Purpose,
) -> Result<Config, ConfigError> {
    let mut loader = Loader::new(context, sources);
    loader
        .messages
        .own_warnings
        .extend(unusual(&sources.document));
    let mut settings = server::settings(&loader)?;
    loader.environment = std::mem::take(&mut settings.environment);
    for (name, value) in &loader.environment {
        loader
            .variables
            .set_variable(name.as_bstr(), value.as_bstr());
    }
    let rpc_interfaces = server::rpc_interfaces(&loader)?;
    let mut groups = group::groups(&mut loader)?;
    dependencies::resolve(&loader, &mut groups)?;
    let servers = server::servers(&loader)?;
    let supervisord = settle(settings, &loader, command_line, purpose)?;
    Ok(Config {
        config_file: sources.config_file.clone(),
        supervisord,
        groups,
        server_url: server::server_url(&servers),
        servers,
        rpc_interfaces,
        messages: loader.messages,
    })
}

/// The files of a configuration as text: the main one and those it includes.
#[derive(Clone)]
pub struct Sources {
    /// Every section and key, with the place where each stands.
    pub document: Document,
    /// The main file, as typed or as found.
    pub config_file: BString,
    /// The directory of the main file (EXP-025).
    pub here: BString,
    /// What reading the included files had to say.
    pub messages: StartupMessages,
}

/// Finds and reads the files, without looking at what the options say.
pub fn read_sources(
    command_line: &CommandLine,
    context: &LoadContext,
) -> Result<Sources, ConfigError> {
    let mut sources = read_main(command_line, context, Document::new())?;
    include::read_included(&mut sources, context)?;
    require_daemon_section(&sources.document)?;
    Ok(sources)
}

/// The main file alone, read into an empty document.
fn read_main(
    command_line: &CommandLine,
    context: &LoadContext,
    mut document: Document,
) -> Result<Sources, ConfigError> {
    let config_file = match &command_line.config_file {
        Some(file) => file.clone(),
        None => find_config_file(context)?,
    };
    let here = paths::abspath(paths::dirname(config_file.as_bstr()), context);
    let bytes = read_main_file(config_file.as_bstr(), context)?;
    document.read_main(config_file.as_bstr(), &bytes)?;
    Ok(Sources {
        document,
        config_file,
        here,
        messages: StartupMessages::default(),
    })
}

/// INI-033; a file with programs does without (GO-110).
fn require_daemon_section(document: &Document) -> Result<(), ConfigError> {
    let section = server::SECTION;
    let has_programs = || {
        let sections = document.sections();
        sections.iter().any(|name| name.starts_with("program:"))
    };
    if document.has_section(section) || has_programs() {
        Ok(())
    } else {
        Err(OptionError::of_section(Reason::NoSection { section }).in_section(section))
    }
}

/// What is accepted, but better written otherwise (GO-099, GO-110).
fn unusual(document: &Document) -> Vec<String> {
    let mut warnings = Vec::new();
    if !document.has_section(server::SECTION) {
        warnings.push(format!(
            "There is no [{}] section, its defaults are used",
            server::SECTION
        ));
    }
    for occurrence in document.occurrences() {
        let (section, key) = (&occurrence.section, occurrence.key.as_deref());
        let name = key.and_then(|key| options::meant_by(section, key));
        if let (Some(key), Some(name)) = (key, name) {
            warnings.push(format!(
                "For [{section}], {key} is read as {name}, which is how it is written"
            ));
        }
    }
    warnings
}

/// Puts the command line over the file (CLI-011), looks the user up and makes paths absolute.
fn settle(
    file: FileSettings,
    loader: &Loader<'_>,
    given: &CommandLine,
    purpose: Purpose,
) -> Result<SupervisordConfig, ConfigError> {
    let context = loader.context;
    let user = given.user.clone().or(file.user);
    let user = match user.map(|user| value::user(user.as_bstr(), context)) {
        None => None,
        Some(Ok(uid)) => Some(uid),
        Some(Err(reason)) if purpose == Purpose::Start => {
            return Err(OptionError::new("user", reason).in_section(server::SECTION));
        }
        Some(Err(_)) => None,
    };
    // An empty path on the command line is as none.
    let not_empty = |path: &&std::path::PathBuf| !path.as_os_str().is_empty();
    let logfile = given
        .logfile
        .as_ref()
        .filter(not_empty)
        .unwrap_or(&file.logfile);
    let pidfile = given
        .pidfile
        .as_ref()
        .filter(not_empty)
        .unwrap_or(&file.pidfile);
    // Only in exactly this spelling (SUP-001).
    let logfile = if logfile.as_os_str() == "syslog" {
        MainLog::Syslog
    } else {
        MainLog::File(server::absolute(logfile, context))
    };
    Ok(SupervisordConfig {
        logfile,
        logfile_maxbytes: given.logfile_maxbytes.unwrap_or(file.logfile_maxbytes),
        logfile_backups: given.logfile_backups.unwrap_or(file.logfile_backups),
        loglevel: given.loglevel.unwrap_or(file.loglevel),
        log_format: file
            .log_format
            .unwrap_or_else(|| server::log_format_of_environment(context)),
        pidfile: server::absolute(pidfile, context),
        umask: given.umask.unwrap_or(file.umask),
        nodaemon: given.nodaemon || (file.nodaemon && !given.daemon),
        silent: given.silent || file.silent,
        minfds: given.minfds.unwrap_or(file.minfds),
        minprocs: given.minprocs.unwrap_or(file.minprocs),
        nocleanup: given.nocleanup || file.nocleanup,
        childlogdir: given.childlogdir.clone().unwrap_or(file.childlogdir),
        user,
        directory: given.directory.clone().or(file.directory),
        strip_ansi: given.strip_ansi || file.strip_ansi,
        identifier: given.identifier.clone().unwrap_or(file.identifier),
        environment: loader.environment.iter().cloned().collect(),
    })
}

/// The places looked at without `-c` (CFL-001 to CFL-003).
pub fn search_paths(context: &LoadContext) -> Vec<BString> {
    let prefix = paths::dirname(paths::dirname(context.argv0.as_bstr()));
    [
        paths::join(prefix, BStr::new("etc/supervisord.conf")),
        paths::join(prefix, BStr::new("supervisord.conf")),
        BString::from("supervisord.conf"),
        BString::from("etc/supervisord.conf"),
        BString::from("/etc/supervisord.conf"),
        BString::from("/etc/supervisor/supervisord.conf"),
    ]
    .into()
}

/// The first of the default places that exists. A caller that runs as root warns first ([`ROOT_SEARCH_WARNING`]).
pub fn find_config_file(context: &LoadContext) -> Result<BString, ConfigError> {
    let searched = search_paths(context);
    // One more that the Go version knows; the message names those that the reference's does (GO-020).
    let places = searched.iter().map(|path| path.as_bstr());
    let found = places
        .chain([BStr::new("supervisord.ini")])
        .find(|path| paths::exists(path, context))
        .map(BStr::to_owned);
    found.ok_or(ConfigError::NoFileFound { searched })
}

/// CFL-006.
fn read_main_file(file: &BStr, context: &LoadContext) -> Result<Vec<u8>, ConfigError> {
    if !paths::exists(file, context) {
        let file = file.to_owned();
        return Err(ConfigError::FileMissing { file });
    }
    std::fs::read(paths::on_disk(file, context)).map_err(|_| {
        let file = file.to_owned();
        ConfigError::FileUnreadable { file }
    })
}

#[cfg(test)]
mod tests;
