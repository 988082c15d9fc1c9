//! Sections to groups: `[group:x]`, `[program:x]`, `[eventlistener:x]`, `[fcgi-program:x]` (NAM, ELC, FCC rows).
//!
//! Groups are made kind after kind, as the reference's `process_groups_from_parser` does, and then sorted by priority and
//! name, so that equals stay in that order (NAM-015). What is read here sees fewer names than the options of the
//! processes (EXP-020 to EXP-022), and its errors do not name their place (ERR-003).

use std::rc::Rc;

use bstr::{BStr, BString, ByteSlice};

use super::error::{ConfigError, Reason, SocketProblem};
use super::expand::{Names, Scope};
use super::loader::Loader;
use super::options::program as program_rows;
use super::options::server as rows;
use super::paths;
use super::program::processes;
use super::reading::{OptionError, SectionReader};
use super::text;
use super::types::{EventListenerConfig, FcgiConfig, GroupConfig, GroupKind, ProcessConfig};
use super::value;

/// All groups of the file, sorted.
pub fn groups(loader: &mut Loader<'_>) -> Result<Vec<GroupConfig>, ConfigError> {
    let sections = loader.document.sections();
    let of_kind = |prefix: &'static str| {
        let sections = sections.clone();
        sections.into_iter().filter_map(move |section| {
            let name = section.strip_prefix(prefix)?.to_owned();
            Some((section, name))
        })
    };
    let mut groups = Vec::new();
    let mut in_groups: Vec<String> = Vec::new();
    for (section, name) in of_kind("group:") {
        groups.push(mixed_group(loader, &section, &name, &mut in_groups)?);
    }
    for (section, name) in of_kind("program:") {
        if !in_groups.contains(&section) {
            groups.push(program_group(loader, &section, &name)?);
        }
    }
    for (section, name) in of_kind("eventlistener:") {
        groups.push(listener_pool(loader, &section, &name)?);
    }
    for (section, name) in of_kind("fcgi-program:") {
        if !in_groups.contains(&section) {
            groups.push(fcgi_group(loader, &section, &name)?);
        }
    }
    groups.sort_by(|a, b| (a.priority, &a.name).cmp(&(b.priority, &b.name)));
    Ok(groups)
}

/// Runs a reading of group options, whose errors get the section but do not show it.
fn in_section<T>(
    loader: &Loader<'_>,
    section: &str,
    read: impl FnOnce(&SectionReader<'_>) -> Result<T, OptionError>,
) -> Result<T, ConfigError> {
    let layers = [&loader.variables, &loader.common];
    let reader = loader.reader(section, Scope { layers: &layers });
    read(&reader).map_err(|error| error.in_section(section))
}

fn checked_name(section: &str, name: &str) -> Result<String, ConfigError> {
    value::name(name).map_err(|reason| OptionError::of_section(reason).in_section(section))
}

/// `[group:x]`: the processes of its programs, in the order of `programs=` (NAM-007 to NAM-012).
fn mixed_group(
    loader: &mut Loader<'_>,
    section: &str,
    name: &str,
    in_groups: &mut Vec<String>,
) -> Result<GroupConfig, ConfigError> {
    let name = checked_name(section, name)?;
    let (programs, priority) = in_section(loader, section, |reader| {
        Ok((
            reader.read(&rows::PROGRAMS)?,
            reader.read(&rows::GROUP_PRIORITY)?,
        ))
    })?;
    let mut members: Vec<Rc<ProcessConfig>> = Vec::new();
    // The section that messages name: the reference reuses the variable (NAM-008).
    let mut shown = section.to_owned();
    for program in programs {
        let as_program = format!("program:{program}");
        let as_fcgi = format!("fcgi-program:{program}");
        let found = match (
            loader.document.has_section(&as_program),
            loader.document.has_section(&as_fcgi),
        ) {
            (true, false) => as_program,
            (false, true) => as_fcgi,
            (false, false) => {
                let reason = Reason::UnknownProgram {
                    section: shown,
                    program,
                };
                return Err(OptionError::new(rows::PROGRAMS.name, reason).in_section(section));
            }
            (true, true) => {
                let reason = Reason::AmbiguousProgram {
                    section: shown,
                    program,
                };
                return Err(OptionError::new(rows::PROGRAMS.name, reason).in_section(section));
            }
        };
        let mut found_processes = processes(loader, &found, &name)?;
        if found.starts_with("fcgi-program:") {
            give_socket(&mut found_processes, socket_in_group(loader, &found));
        }
        members.extend(found_processes);
        in_groups.push(found.clone());
        shown = found;
    }
    Ok(GroupConfig {
        name,
        priority,
        kind: GroupKind::Programs,
        processes: members,
    })
}

/// A program that is in no `[group:x]` is its own group (NAM-005, NAM-011).
fn program_group(
    loader: &mut Loader<'_>,
    section: &str,
    name: &str,
) -> Result<GroupConfig, ConfigError> {
    let name = checked_name(section, name)?;
    let priority = in_section(loader, section, |reader| reader.read(&rows::GROUP_PRIORITY))?;
    let processes = processes(loader, section, &name)?;
    Ok(GroupConfig {
        name,
        priority,
        kind: GroupKind::Programs,
        processes,
    })
}

/// `[eventlistener:x]`, checked in the order of ELC-006. The pool's own name is not checked (NAM-004).
fn listener_pool(
    loader: &mut Loader<'_>,
    section: &str,
    name: &str,
) -> Result<GroupConfig, ConfigError> {
    let (priority, pool) = in_section(loader, section, |reader| {
        let priority = reader.read(&rows::POOL_PRIORITY)?;
        Ok((priority, read_pool(reader)?))
    })?;
    let processes = processes(loader, section, name)?;
    Ok(GroupConfig {
        name: name.to_owned(),
        priority,
        kind: GroupKind::EventListener(pool),
        processes,
    })
}

fn read_pool(reader: &SectionReader<'_>) -> Result<EventListenerConfig, OptionError> {
    let section = || reader.section.to_owned();
    let buffer_size = reader.read(&rows::BUFFER_SIZE)?;
    if buffer_size < 1 {
        let reason = Reason::BufferSize {
            section: section(),
            size: buffer_size,
        };
        return Err(OptionError::new(rows::BUFFER_SIZE.name, reason));
    }
    let handler = reader.read(&rows::RESULT_HANDLER)?;
    if !names_object(handler.as_bstr(), &RESULT_HANDLERS) {
        let reason = Reason::Unresolved {
            spec: handler,
            section: section(),
        };
        return Err(OptionError::new(rows::RESULT_HANDLER.name, reason));
    }
    let mut events: Vec<String> = Vec::new();
    for event in reader.read(&rows::EVENTS)? {
        let event = event.to_uppercase();
        if !events.contains(&event) {
            events.push(event);
        }
    }
    if events.is_empty() {
        let reason = Reason::NoEvents { section: section() };
        return Err(OptionError::new(rows::EVENTS.name, reason));
    }
    // With several unknown ones the reference reports an arbitrary one (ELC-002).
    if let Some(event) = events
        .iter()
        .find(|event| !EVENT_TYPES.contains(&event.as_str()))
    {
        let reason = Reason::UnknownEvent {
            event: event.clone(),
            section: section(),
        };
        return Err(OptionError::new(rows::EVENTS.name, reason));
    }
    if reader.read(&rows::POOL_REDIRECT_STDERR)? {
        let reason = Reason::ListenerRedirect { section: section() };
        return Err(OptionError::new(rows::POOL_REDIRECT_STDERR.name, reason));
    }
    Ok(EventListenerConfig {
        events,
        buffer_size,
        result_handler: value::string(handler.as_bstr()),
    })
}

/// The result handlers we have ourselves: the stock one, and those of two packages that print what programs write
/// (ELC-004, CLT-015).
const RESULT_HANDLERS: [&str; 3] = [
    "supervisor.dispatchers:default_handler",
    "supervisor_stdout:event_handler",
    "supervisor_stdlog:log_handler",
];

/// Whether a Python object reference names one of `known`. Python's entry points allow blanks around the colon and at
/// the end, and `[extras]` after the name.
pub fn names_object(spec: &BStr, known: &[&str]) -> bool {
    let Some((module, object)) = spec.split_once_str(":") else {
        return false;
    };
    let module = module.trim_end_with(text::is_space);
    let object = object.trim_with(text::is_space);
    let object = match object.split_once_str("[") {
        Some((name, extras)) if extras.ends_with(b"]") && !extras.contains(&b'\n') => {
            name.trim_end_with(text::is_space)
        }
        _ => object,
    };
    known
        .iter()
        .filter_map(|known| known.split_once(':'))
        .any(|(m, o)| m.as_bytes() == module && o.as_bytes() == object)
}

/// Every name that `events=` may hold (ELC-002).
pub const EVENT_TYPES: [&str; 27] = [
    "EVENT",
    "PROCESS_COMMUNICATION",
    "PROCESS_COMMUNICATION_STDERR",
    "PROCESS_COMMUNICATION_STDOUT",
    "PROCESS_GROUP",
    "PROCESS_GROUP_ADDED",
    "PROCESS_GROUP_REMOVED",
    "PROCESS_LOG",
    "PROCESS_LOG_STDERR",
    "PROCESS_LOG_STDOUT",
    "PROCESS_STATE",
    "PROCESS_STATE_BACKOFF",
    "PROCESS_STATE_EXITED",
    "PROCESS_STATE_FATAL",
    "PROCESS_STATE_RUNNING",
    "PROCESS_STATE_STARTING",
    "PROCESS_STATE_STOPPED",
    "PROCESS_STATE_STOPPING",
    "PROCESS_STATE_UNKNOWN",
    "REMOTE_COMMUNICATION",
    "SUPERVISOR_STATE_CHANGE",
    "SUPERVISOR_STATE_CHANGE_RUNNING",
    "SUPERVISOR_STATE_CHANGE_STOPPING",
    "TICK",
    "TICK_3600",
    "TICK_5",
    "TICK_60",
];

/// `[fcgi-program:x]`, checked in the order of FCC-008.
fn fcgi_group(
    loader: &mut Loader<'_>,
    section: &str,
    name: &str,
) -> Result<GroupConfig, ConfigError> {
    let name = checked_name(section, name)?;
    let (priority, socket) = in_section(loader, section, |reader| {
        let priority = reader.read(&rows::GROUP_PRIORITY)?;
        Ok((priority, read_fcgi(loader, reader, &name)?))
    })?;
    let mut processes = processes(loader, section, &name)?;
    give_socket(&mut processes, Some(socket.clone()));
    Ok(GroupConfig {
        name,
        priority,
        kind: GroupKind::Fcgi(socket),
        processes,
    })
}

fn give_socket(processes: &mut [Rc<ProcessConfig>], socket: Option<FcgiConfig>) {
    for process in processes {
        Rc::make_mut(process).socket.clone_from(&socket);
    }
}

/// The socket of an fcgi-program that is a member of a `[group:x]`. The reference never looks at it there and runs the
/// program without (NAM-012, QRK-032), so a socket that cannot be read is a warning and no reason to refuse to start.
fn socket_in_group(loader: &mut Loader<'_>, section: &str) -> Option<FcgiConfig> {
    let (_, program) = section.split_once(':')?;
    let name = checked_name(section, program).ok()?;
    match in_section(loader, section, |reader| read_fcgi(loader, reader, &name)) {
        Ok(socket) => Some(socket),
        Err(error) => {
            loader.messages.own_warnings.push(format!(
                "[{section}] runs without a FastCGI socket: {error}"
            ));
            None
        }
    }
}

fn read_fcgi(
    loader: &Loader<'_>,
    reader: &SectionReader<'_>,
    name: &str,
) -> Result<FcgiConfig, OptionError> {
    let user = reader.optional(&program_rows::USER)?.map(|(uid, _)| uid);
    let backlog = match reader.optional(&rows::SOCKET_BACKLOG)? {
        None => None,
        Some(value) => match u16::try_from(value) {
            Ok(backlog) if backlog > 0 => Some(i32::from(backlog)),
            _ => {
                let reason = Reason::SocketBacklog { value };
                return Err(OptionError::new(rows::SOCKET_BACKLOG.name, reason));
            }
        },
    };
    let owner = match reader.optional(&rows::SOCKET_OWNER)? {
        None => None,
        Some(value) => match value::user_and_group(value.as_bstr(), reader.context) {
            Some(owner) => Some(owner),
            None => {
                let reason = Reason::SocketOwner { value };
                return Err(OptionError::new(rows::SOCKET_OWNER.name, reason));
            }
        },
    };
    let mode = match reader.optional(&rows::SOCKET_MODE)? {
        None => None,
        Some(value) => match value::mode(value.as_bstr()) {
            Ok(mode) => Some(mode),
            Err(_) => {
                let reason = Reason::SocketMode { value };
                return Err(OptionError::new(rows::SOCKET_MODE.name, reason));
            }
        },
    };

    let mut names = Names::default();
    names.set_text("program_name", name);
    names.set_text("here", loader.here.clone());
    let layers = [&loader.variables, &names];
    let socket = SectionReader {
        scope: Scope { layers: &layers },
        ..*reader
    }
    .optional(&rows::SOCKET)?
    .filter(|socket| !socket.is_empty())
    .ok_or_else(|| {
        let section = reader.section.to_owned();
        OptionError::new(rows::SOCKET.name, Reason::NoSocket { section })
    })?;

    let address = fcgi_address(socket.as_bstr(), loader, owner.is_some() || mode.is_some());
    let address = address.map_err(|problem| {
        let section = reader.section.to_owned();
        OptionError::new(rows::SOCKET.name, Reason::Socket { problem, section })
    })?;
    Ok(match address {
        FcgiAddress::Unix { path } => FcgiConfig {
            url: format!("unix://{}", path.to_str_lossy()),
            owner: owner.or_else(|| owner_from_user(loader, user)),
            mode: Some(mode.unwrap_or(0o700)),
            backlog,
        },
        FcgiAddress::Tcp { host, port } => FcgiConfig {
            url: format!("tcp://{host}:{port}"),
            owner: None,
            mode: None,
            backlog,
        },
    })
}

/// Whose a unix socket is when nothing says so: the program's user, if that is not us (FCC-007).
fn owner_from_user(loader: &Loader<'_>, user: Option<u32>) -> Option<(u32, Option<u32>)> {
    let uid = user.filter(|&uid| uid != loader.context.uid)?;
    let user = loader.context.users.user_by_id(uid)?;
    Some((uid, Some(user.gid)))
}

enum FcgiAddress {
    Unix { path: BString },
    Tcp { host: String, port: u16 },
}

fn fcgi_address(
    socket: &BStr,
    loader: &Loader<'_>,
    has_owner_or_mode: bool,
) -> Result<FcgiAddress, SocketProblem> {
    if let Some(path) = socket.strip_prefix(b"unix://") {
        if !path.starts_with(b"/") {
            return Err(SocketProblem::RelativePath { path: path.into() });
        }
        let path = paths::normalize(BStr::new(path), loader.context);
        return Ok(FcgiAddress::Unix { path });
    }
    if has_owner_or_mode {
        return Err(SocketProblem::OwnerOrModeWithTcp);
    }
    let Some((host, port)) = tcp_parts(socket) else {
        return Err(SocketProblem::BadFormat {
            value: socket.to_owned(),
        });
    };
    let shown = || port.to_string();
    match u16::try_from(port) {
        Ok(0) => Err(SocketProblem::PortBelow { port: shown() }),
        Ok(port) => Ok(FcgiAddress::Tcp {
            host: host.to_lowercase(),
            port,
        }),
        Err(_) => Err(SocketProblem::PortAbove { port: shown() }),
    }
}

/// `tcp://host:digits`, the host without blanks and colons (FCC-003).
fn tcp_parts(socket: &BStr) -> Option<(&str, i64)> {
    let rest = socket.to_str().ok()?.strip_prefix("tcp://")?;
    // Python's `$` also matches before a last line end.
    let rest = rest.strip_suffix('\n').unwrap_or(rest);
    let (host, port) = rest.split_once(':')?;
    let is_host = !host.is_empty() && !host.contains(text::is_space);
    let is_port = !port.is_empty() && port.chars().all(|c| text::digit(c).is_some());
    (is_host && is_port).then_some(())?;
    Some((host, value::integer(BStr::new(port)).ok()?))
}
