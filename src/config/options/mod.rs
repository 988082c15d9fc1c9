//! The options, one row each: name, default, reader, help.
//!
//! A row is the only place that knows an option. Reading takes name, default and reader from it; whatever describes
//! the options to people (a sample file, documentation) takes the rest. The readers themselves are in `value.rs`;
//! which option is read when, and with which names in scope, is the business of `program.rs` and its neighbours,
//! since that order decides which error a user sees.

pub mod extensions;
pub mod program;
pub mod server;
pub mod supervisord;

use bstr::BStr;

use super::context::LoadContext;
use super::error::Reason;
use super::value;

/// Text after expansion to a value.
pub type Reader<T> = fn(&BStr, &LoadContext) -> Result<T, Reason>;

/// An option that always has a value: its default is written as it would stand in a file, and is read like one.
pub struct Row<T> {
    pub name: &'static str,
    pub default: &'static str,
    pub read: Reader<T>,
    pub help: &'static str,
}

/// An option that may be absent.
pub struct OptionalRow<T> {
    pub name: &'static str,
    pub read: Reader<T>,
    pub help: &'static str,
}

/// What people are told about an option.
pub trait Described {
    fn name(&self) -> &'static str;
    /// As written in a file; `None` when absence has a meaning of its own.
    fn default_text(&self) -> Option<&'static str>;
    fn help(&self) -> &'static str;
}

impl<T> Described for Row<T> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn default_text(&self) -> Option<&'static str> {
        Some(self.default)
    }

    fn help(&self) -> &'static str {
        self.help
    }
}

impl<T> Described for OptionalRow<T> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn default_text(&self) -> Option<&'static str> {
        None
    }

    fn help(&self) -> &'static str {
        self.help
    }
}

/// Other spellings of options: the beginning of the section's name, the spelling in lower case, the option. Some the
/// Go version has read at a time, some its documentation shows (GO-099, GO-177).
pub const ALIASES: [(&str, &str, &str); 4] = [
    (
        "supervisord",
        "logfilemaxbytes",
        supervisord::LOGFILE_MAXBYTES.name,
    ),
    (
        "supervisord",
        "logfilebackups",
        supervisord::LOGFILE_BACKUPS.name,
    ),
    (
        "program",
        "restart_filepattern",
        extensions::RESTART_FILE_PATTERN.name,
    ),
    (
        "program",
        "restart_file_patterns",
        extensions::RESTART_FILE_PATTERN.name,
    ),
];

/// How else an option may be written in a section.
pub fn aliases(section: &str, option: &str) -> impl Iterator<Item = &'static str> {
    ALIASES
        .iter()
        .filter(move |(beginning, _, name)| section.starts_with(beginning) && *name == option)
        .map(|(_, alias, _)| *alias)
}

/// The option that another spelling stands for in a section.
pub fn meant_by(section: &str, key: &str) -> Option<&'static str> {
    ALIASES
        .iter()
        .find(|(beginning, alias, _)| section.starts_with(beginning) && *alias == key)
        .map(|(_, _, name)| *name)
}

/// A table of rows of all types.
pub type Table = &'static [&'static (dyn Described + Sync)];

// Readers in the shape of a row; those that need no context ignore it.

pub(super) fn integer(text: &BStr, _: &LoadContext) -> Result<i64, Reason> {
    value::integer(text)
}

pub(super) fn boolean(text: &BStr, _: &LoadContext) -> Result<bool, Reason> {
    value::boolean(text)
}

pub(super) fn byte_size(text: &BStr, _: &LoadContext) -> Result<i64, Reason> {
    value::byte_size(text)
}

pub(super) fn mode(text: &BStr, _: &LoadContext) -> Result<u32, Reason> {
    value::mode(text)
}

pub(super) fn string(text: &BStr, _: &LoadContext) -> Result<String, Reason> {
    Ok(value::string(text))
}

pub(super) fn bytes(text: &BStr, _: &LoadContext) -> Result<bstr::BString, Reason> {
    Ok(text.to_owned())
}

pub(super) fn list_of_strings(text: &BStr, _: &LoadContext) -> Result<Vec<String>, Reason> {
    Ok(value::list_of_strings(text))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use bstr::BStr;

    use super::{Table, extensions, program, server, supervisord};
    use crate::config::context::LoadContext;

    const TABLES: [Table; 13] = [
        supervisord::TABLE,
        supervisord::EXTENSION_TABLE,
        program::TABLE,
        extensions::TABLE,
        server::INCLUDE_TABLE,
        server::GROUP_TABLE,
        server::EVENT_LISTENER_TABLE,
        server::FCGI_TABLE,
        server::INET_SERVER_TABLE,
        server::UNIX_SERVER_TABLE,
        server::SERVER_EXTENSION_TABLE,
        server::INET_SERVER_EXTENSION_TABLE,
        server::CTL_TABLE,
    ];

    #[test]
    fn every_option_is_listed_once_and_explained() {
        for table in TABLES {
            let names: BTreeSet<&str> = table.iter().map(|row| row.name()).collect();
            assert_eq!(names.len(), table.len(), "a name twice in {names:?}");
            for row in table {
                assert_eq!(row.name(), row.name().to_lowercase());
                assert!(!row.help().is_empty(), "{} has no help", row.name());
            }
        }
    }

    // PRG-007 to PRG-022: a default is text that its own reader accepts.
    #[test]
    fn defaults_can_be_read() {
        let context = LoadContext::for_tests();
        let text = BStr::new(program::PRIORITY.default);
        assert_eq!((program::PRIORITY.read)(text, &context), Ok(999));
        let text = BStr::new(program::STDOUT.maxbytes.default);
        assert_eq!(
            (program::STDOUT.maxbytes.read)(text, &context),
            Ok(50 << 20)
        );
    }
}
