//! One program-like section to its processes: `[program:x]`, and the process half of `[eventlistener:x]` and
//! `[fcgi-program:x]` (PRG rows).
//!
//! The reference's `_processes_from_section` decides what is read once and what per process, hence which names an
//! option may use (EXP-013, EXP-014), and in which order options are looked at, hence which error is seen (PRG-029).
//! Both orders are kept here line by line. What makes groups of these processes is in `group.rs`.

use std::collections::BTreeMap;
use std::rc::Rc;

use bstr::{BStr, BString, ByteSlice};

use super::dependencies::Origin;
use super::environment;
use super::error::{ConfigError, Reason};
use super::expand::{Names, Scope, Value, expand};
use super::extend;
use super::extensions::StreamExtensions;
use super::loader::Loader;
use super::log_targets::{self, LogTargets};
use super::options::Row;
use super::options::program::{self as rows, StreamRows};
use super::paths;
use super::reading::{OptionError, SectionReader};
use super::types::{Autorestart, LogFile, ProcessConfig, StreamConfig};
use super::value::{self, LogFileName};
use crate::model::signal::Signal;

/// The processes of a section, sorted by priority and name (NAM-016). Errors name section and file (ERR-002).
pub fn processes(
    loader: &mut Loader<'_>,
    section: &str,
    group_name: &str,
) -> Result<Vec<Rc<ProcessConfig>>, ConfigError> {
    read_section(loader, section, group_name).map_err(|error| ConfigError::Program {
        file: loader.file_of(section),
        section: section.to_owned(),
        option: error.option,
        reason: Box::new(error.reason),
    })
}

fn read_section(
    loader: &mut Loader<'_>,
    section: &str,
    group_name: &str,
) -> Result<Vec<Rc<ProcessConfig>>, OptionError> {
    let (_, part) = section.split_once(':').unwrap_or((section, ""));
    let program_name = value::name(part).map_err(OptionError::of_section)?;
    let mut names = Names::default();
    names.set_text("here", loader.here.clone());
    names.set_text("program_name", program_name);
    names.set_text("host_node_name", loader.context.hostname.as_str());
    names.set_text("group_name", group_name);

    let shared = Shared::read(loader, section, &names)?;
    let file_directory = file_directory(loader, section);
    let mut origin = Origin {
        section: section.to_owned(),
        group: group_name.to_owned(),
        processes: Vec::new(),
    };
    let mut processes = Vec::new();
    let end = shared.numprocs_start.saturating_add(shared.numprocs);
    let place = Place {
        section,
        file_directory: file_directory.as_bstr(),
        has_extensions: extend::asked_for(loader.document, section),
    };
    for process_num in shared.numprocs_start..end {
        let (process, depends_on) = read_process(loader, place, &shared, &mut names, process_num)?;
        origin.processes.push((process.name.clone(), depends_on));
        processes.push(Rc::new(process));
    }
    loader.origins.push(origin);
    processes.sort_by(|a, b| (a.priority, &a.name).cmp(&(b.priority, &b.name)));
    Ok(processes)
}

/// Where paths of extensions start.
fn file_directory(loader: &Loader<'_>, section: &str) -> BString {
    let file = loader.file_of(section);
    paths::abspath(paths::dirname(file.as_bstr()), loader.context)
}

/// What all processes of a section have in common: the options read once, before `process_num` is known (EXP-013).
struct Shared {
    priority: i64,
    autostart: bool,
    autorestart: Autorestart,
    startsecs: i64,
    startretries: i64,
    /// At least one.
    stopsignals: Vec<Signal>,
    stopwaitsecs: i64,
    stopasgroup: bool,
    killasgroup: bool,
    exitcodes: Vec<u8>,
    redirect_stderr: bool,
    numprocs: i64,
    numprocs_start: i64,
    /// Not yet expanded.
    environment: BString,
    stdout: SharedStream,
    stderr: SharedStream,
    serverurl: Option<String>,
    user: Option<(u32, Option<u32>)>,
    umask: Option<u32>,
    /// Not yet expanded.
    process_name: String,
}

struct SharedStream {
    capture_maxbytes: i64,
    events_enabled: bool,
}

impl SharedStream {
    fn read(reader: &SectionReader<'_>, rows: &StreamRows) -> Result<Self, OptionError> {
        Ok(Self {
            capture_maxbytes: reader.read(&rows.capture_maxbytes)?,
            events_enabled: reader.read(&rows.events_enabled)?,
        })
    }
}

impl Shared {
    fn read(loader: &Loader<'_>, section: &str, names: &Names) -> Result<Self, OptionError> {
        let layers = [&loader.variables, names];
        let reader = loader.reader(section, Scope { layers: &layers });
        // Fields are evaluated in the order written, which is PRG-029's.
        let priority = reader.read(&rows::PRIORITY)?;
        let autostart = reader.read(&rows::AUTOSTART)?;
        let autorestart = reader.read(&rows::AUTORESTART)?;
        let startsecs = reader.read(&rows::STARTSECS)?;
        let startretries = reader.read(&rows::STARTRETRIES)?;
        let stopsignals = reader.read(&rows::STOPSIGNAL)?;
        let stopwaitsecs = reader.read(&rows::STOPWAITSECS)?;
        let stopasgroup = reader.read(&rows::STOPASGROUP)?;
        let killasgroup = reader.optional(&rows::KILLASGROUP)?.unwrap_or(stopasgroup);
        let exitcodes = reader.read(&rows::EXITCODES)?;
        let redirect_stderr = reader.read(&rows::REDIRECT_STDERR)?;
        let numprocs = reader.read(&rows::NUMPROCS)?;
        let numprocs_start = reader.read(&rows::NUMPROCS_START)?;
        let environment = unexpanded(&reader, &rows::ENVIRONMENT);
        let stdout = SharedStream::read(&reader, &rows::STDOUT)?;
        let stderr = SharedStream::read(&reader, &rows::STDERR)?;
        let serverurl = reader
            .optional(&rows::SERVERURL)?
            .filter(|url| !is_auto(url));
        let user = reader.optional(&rows::USER)?;
        let umask = reader.optional(&rows::UMASK)?;
        let process_name = unexpanded(&reader, &rows::PROCESS_NAME);
        let process_name = value::name(&process_name.to_str_lossy())
            .map_err(|reason| OptionError::new(rows::PROCESS_NAME.name, reason))?;
        // A text check, which an escaped `%%(process_num)s` passes as well (PRG-005).
        if numprocs > 1 && !process_name.contains("%(process_num)") {
            return Err(OptionError::new(
                rows::PROCESS_NAME.name,
                Reason::ProcessNumMissing,
            ));
        }
        if stopasgroup && !killasgroup {
            return Err(OptionError::new(
                rows::KILLASGROUP.name,
                Reason::StopWithoutKillAsGroup,
            ));
        }
        Ok(Self {
            priority,
            autostart,
            autorestart,
            startsecs,
            startretries,
            stopsignals,
            stopwaitsecs,
            stopasgroup,
            killasgroup,
            exitcodes,
            redirect_stderr,
            numprocs,
            numprocs_start,
            environment,
            stdout,
            stderr,
            serverurl,
            user,
            umask,
            process_name,
        })
    }
}

fn unexpanded(reader: &SectionReader<'_>, row: &Row<BString>) -> BString {
    reader
        .raw(row.name)
        .unwrap_or_else(|| BString::from(row.default))
}

/// PRG-024. An empty text is not AUTO: it leaves the variable out.
fn is_auto(url: &str) -> bool {
    super::text::strip(url).to_uppercase() == "AUTO"
}

#[derive(Clone, Copy)]
struct Place<'a> {
    section: &'a str,
    file_directory: &'a BStr,
    /// Whether an option of ours is there; most sections have none, and need no search for any.
    has_extensions: bool,
}

/// One process and the words of its `depends_on`. `names` is shared by all of a section: what one process's `environment` defines, the next one's options
/// see (EXP-015).
fn read_process(
    loader: &mut Loader<'_>,
    place: Place<'_>,
    shared: &Shared,
    names: &mut Names,
    process_num: i64,
) -> Result<(ProcessConfig, Vec<String>), OptionError> {
    let section = place.section;
    names.set("process_num", Value::Number(process_num));
    names.set("numprocs", Value::Number(shared.numprocs));
    names.update(&loader.variables);
    let own = read_environment(shared, names)?;
    for (name, value) in &own {
        names.set_variable(name.as_bstr(), value.as_bstr());
    }

    let names = &*names;
    let layers = [&loader.variables, names];
    let reader = loader.reader(section, Scope { layers: &layers });
    let directory = reader.optional(&rows::DIRECTORY)?;
    let mut warnings = Vec::new();
    let (stdout, more_stdout) =
        read_stream(&reader, names, &rows::STDOUT, &shared.stdout, &mut warnings)?;
    let (mut stderr, mut more_stderr) =
        read_stream(&reader, names, &rows::STDERR, &shared.stderr, &mut warnings)?;
    if shared.redirect_stderr {
        if let LogFile::Path(_) = stderr.logfile {
            warnings.push(format!(
                "For [{section}], redirect_stderr=true but stderr_logfile has also been set to a filename, the filename \
                 has been ignored"
            ));
        }
        stderr.logfile = LogFile::None;
        more_stderr = StreamExtensions::default();
    }
    let command = reader.optional(&rows::COMMAND)?;
    let command = command.ok_or_else(|| {
        let section = section.to_owned();
        OptionError::new(rows::COMMAND.name, Reason::NoCommand { section })
    })?;
    let name = expand_alone(&rows::PROCESS_NAME, shared.process_name.as_bytes(), names)?;

    let (uid, gid) = shared.user.unzip();
    let (stopsignal, further_stopsignals) = shared
        .stopsignals
        .split_first()
        .expect("its reader gives at least one signal");
    let found = extend::Found {
        directory: directory.as_ref().map(|directory| directory.as_bstr()),
        file_directory: place.file_directory,
        redirect_stderr: shared.redirect_stderr,
        further_stopsignals,
        gid: gid.flatten(),
        stdout: more_stdout,
        stderr: more_stderr,
    };
    let (extensions, depends_on) = if place.has_extensions {
        extend::read(&reader, found)?
    } else {
        (found.alone(), Vec::new())
    };

    let mut environment: BTreeMap<BString, BString> = loader.environment.iter().cloned().collect();
    environment.extend(own);
    loader.messages.warnings.append(&mut warnings);
    let config = ProcessConfig {
        name: value::string(name.as_bstr()),
        command,
        directory,
        umask: shared.umask,
        uid,
        priority: shared.priority,
        autostart: shared.autostart,
        autorestart: shared.autorestart,
        startsecs: shared.startsecs,
        startretries: shared.startretries,
        stdout,
        stderr,
        stopsignal: *stopsignal,
        stopwaitsecs: shared.stopwaitsecs,
        stopasgroup: shared.stopasgroup,
        killasgroup: shared.killasgroup,
        exitcodes: shared.exitcodes.clone(),
        redirect_stderr: shared.redirect_stderr,
        environment,
        serverurl: shared.serverurl.clone(),
        socket: None,
        extensions: extensions.map(Rc::new),
    };
    Ok((config, depends_on))
}

fn read_environment(
    shared: &Shared,
    names: &Names,
) -> Result<Vec<(BString, BString)>, OptionError> {
    let text = expand_alone(&rows::ENVIRONMENT, &shared.environment, names)?;
    environment::pairs(text.as_bstr())
        .map_err(|reason| OptionError::new(rows::ENVIRONMENT.name, reason))
}

/// Fills in with the process's own names only, under the bare option name (EXP-008).
fn expand_alone<T>(row: &Row<T>, text: &[u8], names: &Names) -> Result<BString, OptionError> {
    let layers = [names];
    expand(BStr::new(text), Scope { layers: &layers }, row.name)
        .map_err(|reason| OptionError::new(row.name, reason))
}

fn read_stream(
    reader: &SectionReader<'_>,
    names: &Names,
    rows: &StreamRows,
    shared: &SharedStream,
    warnings: &mut Vec<String>,
) -> Result<(StreamConfig, StreamExtensions), OptionError> {
    let mut more = StreamExtensions::default();
    let logfile = match reader.text(rows.logfile.name)? {
        None => LogFileName::File(LogFile::Auto),
        // Expanded a second time (EXP-017).
        Some(text) => {
            let text = expand_alone(&rows.logfile, &text, names)?;
            let wrong = |reason| OptionError::new(rows.logfile.name, reason);
            match log_targets::parse(text.as_bstr(), reader.context).map_err(wrong)? {
                Some(LogTargets { first, further }) => {
                    more.further_targets = further;
                    more.written = Some(value::string(text.as_bstr()));
                    first
                }
                None => (rows.logfile.read)(text.as_bstr(), reader.context).map_err(wrong)?,
            }
        }
    };
    let logfile_backups = reader.read(&rows.backups)?;
    let logfile_maxbytes = reader.read(&rows.maxbytes)?;
    let mut syslog = reader.read(&rows.syslog)?;
    let section = reader.section;
    let logfile = match logfile {
        LogFileName::File(logfile) => logfile,
        LogFileName::Syslog => {
            warnings.push(format!(
                "For [{section}], {}=syslog but this is deprecated and will be removed.  Use {}=true to enable syslog \
                 instead.",
                rows.logfile.name, rows.syslog.name
            ));
            syslog = true;
            LogFile::None
        }
    };
    if logfile == LogFile::Auto && logfile_maxbytes == 0 {
        warnings.push(format!(
            "For [{section}], AUTO logging used for {} without rollover, set maxbytes > 0 to avoid filling up \
             filesystem unintentionally",
            rows.logfile.name
        ));
    }
    let stream = StreamConfig {
        logfile,
        logfile_maxbytes,
        logfile_backups,
        capture_maxbytes: shared.capture_maxbytes,
        events_enabled: shared.events_enabled,
        syslog,
    };
    Ok((stream, more))
}
