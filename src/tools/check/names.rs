//! Sections and options that nobody reads (INI-032), and what their names may have been meant to be.

use super::finding::{DEFAULT, Finding, Place};
use super::nearest::nearest;
use crate::config::ini::{Document, Occurrence, PROGRAM_DEFAULT};
use crate::config::options::{self, Table, extensions, program, server, supervisord};

/// What a section is, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Supervisord,
    UnixServer,
    InetServer,
    Program,
    ProgramDefault,
    EventListener,
    FcgiProgram,
    Group,
    RpcInterface,
    Supervisorctl,
    CtlPlugin,
    Include,
}

/// Every kind and its name; one that ends with a colon has a name of the user's own behind it.
const KINDS: [(Kind, &str); 12] = [
    (Kind::Supervisord, "supervisord"),
    (Kind::UnixServer, "unix_http_server"),
    (Kind::InetServer, "inet_http_server"),
    (Kind::Program, "program:"),
    (Kind::ProgramDefault, PROGRAM_DEFAULT),
    (Kind::EventListener, "eventlistener:"),
    (Kind::FcgiProgram, "fcgi-program:"),
    (Kind::Group, "group:"),
    (Kind::RpcInterface, "rpcinterface:"),
    (Kind::Supervisorctl, "supervisorctl"),
    (Kind::CtlPlugin, "ctlplugin:"),
    (Kind::Include, "include"),
];

impl Kind {
    /// Servers are known by the beginning of their name alone (SRV-001).
    pub fn of(section: &str) -> Option<Self> {
        let fits = |(kind, name): &&(Self, &str)| match kind {
            Self::UnixServer | Self::InetServer => section.starts_with(name),
            _ if name.ends_with(':') => section.starts_with(name),
            _ => section == *name,
        };
        KINDS.iter().find(fits).map(|(kind, _)| *kind)
    }

    /// The options it reads; `None` for a section that takes any.
    pub fn tables(self) -> Option<&'static [Table]> {
        match self {
            Self::Supervisord => Some(&[supervisord::TABLE, supervisord::EXTENSION_TABLE]),
            Self::UnixServer => Some(&[server::UNIX_SERVER_TABLE, server::SERVER_EXTENSION_TABLE]),
            Self::InetServer => Some(&[
                server::INET_SERVER_TABLE,
                server::SERVER_EXTENSION_TABLE,
                server::INET_SERVER_EXTENSION_TABLE,
            ]),
            Self::Program | Self::ProgramDefault => Some(&[program::TABLE, extensions::TABLE]),
            Self::EventListener => Some(&[
                server::EVENT_LISTENER_TABLE,
                program::TABLE,
                extensions::TABLE,
            ]),
            Self::FcgiProgram => Some(&[server::FCGI_TABLE, program::TABLE, extensions::TABLE]),
            Self::Group => Some(&[server::GROUP_TABLE]),
            Self::Supervisorctl => Some(&[server::CTL_TABLE]),
            Self::Include => Some(&[server::INCLUDE_TABLE]),
            // Arguments of the factory; the daemon itself complains about those it cannot give (PLG-003).
            Self::RpcInterface | Self::CtlPlugin => None,
        }
    }

    /// Whether its options are those of a process.
    pub fn makes_processes(self) -> bool {
        matches!(
            self,
            Self::Program | Self::EventListener | Self::FcgiProgram
        )
    }

    fn knows(self, key: &str) -> bool {
        self.tables()
            .is_none_or(|tables| names_in(tables).any(|name| name == key))
    }
}

/// The options of some tables.
pub fn names_in(tables: &'static [Table]) -> impl Iterator<Item = &'static str> {
    tables
        .iter()
        .flat_map(|table| table.iter())
        .map(|row| row.name())
}

/// Options of Supervisor 2 and where they went (SUP-020).
const MOVED: [(&str, &str); 5] = [
    (
        "http_port",
        "port= in [inet_http_server] or file= in [unix_http_server]",
    ),
    ("http_username", "username= in the section of the server"),
    ("http_password", "password= in the section of the server"),
    ("sockchmod", "chmod= in [unix_http_server]"),
    ("sockchown", "chown= in [unix_http_server]"),
];

/// All that is unknown, in the order of the files.
pub fn check(document: &Document) -> Vec<Finding> {
    let occurrences = document.occurrences().iter();
    occurrences
        .filter_map(|found| match &found.key {
            None => unknown_section(document, found),
            Some(key) => unknown_key(document, found, key),
        })
        .collect()
}

fn unknown_section(document: &Document, found: &Occurrence) -> Option<Finding> {
    let section = found.section.as_str();
    if section == DEFAULT || Kind::of(section).is_some() {
        return None;
    }
    let message = format!("unknown section [{section}]; nothing in it is read");
    let place = Place::of_name(document, found);
    let finding = Finding::warning("unknown-section", message, Some(place));
    Some(finding.suggest(meant_section(section).as_deref()))
}

/// For `Program:x`, `programs:x`, ` supervisord ` and the like.
pub fn meant_section(section: &str) -> Option<String> {
    let trimmed = section.trim();
    let (word, own) = match trimmed.split_once(':') {
        Some((word, own)) => (word.trim(), Some(own.trim())),
        None => (trimmed, None),
    };
    let words = || KINDS.iter().map(|(_, name)| name.trim_end_matches(':'));
    let exact = words().find(|known| known.eq_ignore_ascii_case(word));
    let meant = exact.or_else(|| nearest(word, words()))?;
    let takes_name = KINDS
        .iter()
        .any(|(_, name)| name.strip_suffix(':') == Some(meant));
    let whole = match own {
        Some(own) => format!("[{meant}:{own}]"),
        None if takes_name => format!("[{meant}:NAME]"),
        None => format!("[{meant}]"),
    };
    (whole != format!("[{section}]")).then_some(whole)
}

fn unknown_key(document: &Document, found: &Occurrence, key: &str) -> Option<Finding> {
    // Another finding tells about these.
    if key.starts_with('[') {
        return None;
    }
    let section = found.section.as_str();
    let place = || Some(Place::of_name(document, found));
    if section == DEFAULT {
        let anywhere = KINDS.iter().any(|(kind, _)| {
            let tables = kind.tables();
            tables.is_some_and(|tables| names_in(tables).any(|name| name == key))
        });
        return (!anywhere).then(|| {
            let message = format!("no section has an option `{key}`");
            Finding::warning("unknown-key", message, place())
        });
    }
    let kind = Kind::of(section)?;
    // The daemon itself has a word for another spelling.
    if kind.knows(key) || options::meant_by(section, key).is_some() {
        return None;
    }
    if kind == Kind::Supervisord && key == "profile_options" {
        let message = "`profile_options` counts on the command line only";
        return Some(Finding::warning("no-effect", message, place()));
    }
    let message = format!("unknown option `{key}` in [{section}]; it is not read");
    let finding = Finding::warning("unknown-key", message, place());
    if let Some((_, now)) = MOVED.iter().find(|(old, _)| *old == key) {
        return Some(finding.help(format!("since Supervisor 3.0 this is {now}")));
    }
    let meant = nearest(key, names_in(kind.tables().unwrap_or_default()));
    let elsewhere = KINDS.iter().find(|(other, _)| {
        let tables = other.tables();
        tables.is_some_and(|tables| names_in(tables).any(|name| name == key))
    });
    Some(match (meant, elsewhere) {
        (None, Some((_, name))) if name.ends_with(':') => {
            finding.help(format!("`{key}` is an option of [{name}NAME]"))
        }
        (None, Some((_, name))) => finding.help(format!("`{key}` is an option of [{name}]")),
        (meant, _) => finding.suggest(meant),
    })
}

#[cfg(test)]
mod tests {
    use super::{Kind, meant_section};

    // SRV-001, INI-007
    #[test]
    fn a_section_is_known_by_its_name() {
        for (section, kind) in [
            ("program:x", Some(Kind::Program)),
            ("program:", Some(Kind::Program)),
            ("unix_http_server:a", Some(Kind::UnixServer)),
            ("inet_http_serverfoo", Some(Kind::InetServer)),
            ("supervisord:x", None),
            ("program", None),
            ("Program:x", None),
            (" supervisord ", None),
        ] {
            assert_eq!(Kind::of(section), kind, "{section}");
        }
    }

    #[test]
    fn a_section_is_recognised_by_what_it_resembles() {
        for (section, meant) in [
            ("programs:x", Some("[program:x]")),
            ("Program:x", Some("[program:x]")),
            ("progam: x", Some("[program:x]")),
            ("program", Some("[program:NAME]")),
            (" supervisord ", Some("[supervisord]")),
            ("supervisor", Some("[supervisord]")),
            ("unix-http-server", Some("[unix_http_server]")),
            ("fcgi_program:x", Some("[fcgi-program:x]")),
            ("event_listener:x", Some("[eventlistener:x]")),
            ("nginx", None),
        ] {
            assert_eq!(meant_section(section).as_deref(), meant, "{section}");
        }
    }
}
