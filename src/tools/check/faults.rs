//! What supervisord refuses, in its own words, with the place and a hint.

use bstr::{BStr, BString, ByteSlice};

use super::finding::{Finding, Place, occurrence};
use super::names::{Kind, meant_section};
use super::nearest::nearest;
use crate::config::EVENT_TYPES;
use crate::config::error::{ConfigError, Reason};
use crate::config::expand::FormatProblem;
use crate::config::ini::Document;
use crate::config::options::{program, server, supervisord};

const BOOLEANS: [&str; 6] = ["true", "false", "yes", "no", "on", "off"];
const AUTORESTART: [&str; 3] = ["true", "false", "unexpected"];
const LEVELS: [&str; 7] = [
    "critical", "error", "warn", "info", "debug", "trace", "blather",
];
const SIGNALS: [&str; 14] = [
    "TERM", "HUP", "INT", "QUIT", "KILL", "USR1", "USR2", "ALRM", "ABRT", "CONT", "STOP", "TSTP",
    "WINCH", "PIPE",
];

/// One fault; lines of bad form are reported one by one.
pub fn findings(document: &Document, fault: &ConfigError) -> Vec<Finding> {
    let text = fault.to_string();
    match fault {
        ConfigError::BadLines { file, lines } => lines
            .iter()
            .map(|(line, bad)| bad_line(document, file, *line, bad))
            .collect(),
        ConfigError::NoSectionHeader {
            file,
            line,
            text: found,
        } => {
            let finding = Finding::error("syntax", text, Some(Place::line(document, file, *line)));
            vec![if found.starts_with('\u{feff}') {
                finding.help("the file begins with a byte order mark; save it as UTF-8 without one")
            } else {
                finding.help("every option stands below a [section]")
            }]
        }
        ConfigError::NotText { file, .. } => {
            let place = Place::bad_character(document, file);
            vec![
                Finding::error("syntax", text, place)
                    .help("the file must be UTF-8; what follows was not looked at"),
            ]
        }
        ConfigError::Setting {
            section,
            option,
            reason,
        }
        | ConfigError::Program {
            section,
            option,
            reason,
            ..
        } => vec![setting(document, section, option.as_deref(), reason, text)],
        ConfigError::NoFileFound { .. }
        | ConfigError::FileMissing { .. }
        | ConfigError::FileUnreadable { .. }
        | ConfigError::Usage { .. } => vec![Finding::error("no-file", text, None)],
    }
}

fn bad_line(document: &Document, file: &BString, line: usize, bad: &str) -> Finding {
    let alone = ConfigError::BadLines {
        file: file.clone(),
        lines: vec![(line, bad.to_owned())],
    };
    let place = Place::line(document, file, line);
    let finding = Finding::error("syntax", alone.to_string(), Some(place));
    if bad.trim_start().starts_with('[') {
        finding.help("a section is written [name]")
    } else if bad.trim_start().starts_with(['=', ':']) {
        finding.help("there is no name before the sign")
    } else {
        finding.help("an option is written name=value, a line that continues a value is indented")
    }
}

fn setting(
    document: &Document,
    section: &str,
    option: Option<&str>,
    reason: &Reason,
    text: String,
) -> Finding {
    let code = match reason {
        Reason::Format { .. } => "expansion",
        Reason::NoSection { .. }
        | Reason::IncludeWithoutFiles
        | Reason::NoCommand { .. }
        | Reason::NoEvents { .. }
        | Reason::NoSocket { .. }
        | Reason::NoPortValue { .. }
        | Reason::NoFileValue { .. }
        | Reason::NoFactory { .. } => "missing",
        _ => "value",
    };
    let place = match (option, wrong_word(reason)) {
        (Some(option), Some(word)) => Place::word(document, section, option, &word),
        (Some(option), None) => Place::value(document, section, option),
        (None, _) => extra_key(document, section, reason),
    };
    let place = place.or_else(|| Place::header(document, section));
    let finding =
        Finding::error(code, text, place).suggest(suggestion(document, reason).as_deref());
    match option.and_then(|option| help(document, section, option, reason)) {
        Some(help) => finding.help(help),
        None => finding,
    }
}

/// The piece of the value that is to blame.
fn wrong_word(reason: &Reason) -> Option<String> {
    match reason {
        Reason::Format {
            problem: FormatProblem::UnknownName { name, .. },
            ..
        } => Some(format!("%({})", name.to_str_lossy())),
        Reason::UnknownProgram { program, .. } | Reason::AmbiguousProgram { program, .. } => {
            Some(program.clone())
        }
        Reason::UnknownEvent { event, .. } => Some(event.clone()),
        Reason::UnknownDependency { name } => Some(name.clone()),
        _ => None,
    }
}

/// The argument that a factory does not take (PLG-003).
fn extra_key(document: &Document, section: &str, reason: &Reason) -> Option<Place> {
    let Reason::RpcInterface { .. } = reason else {
        return None;
    };
    let keys = document.keys(section);
    let extra = keys
        .iter()
        .find(|key| *key != server::RPC_INTERFACE_FACTORY.name)?;
    Place::key(document, section, extra)
}

/// The word that was probably meant.
fn suggestion(document: &Document, reason: &Reason) -> Option<String> {
    let of = |value: &BString, words: &[&'static str]| {
        nearest(&value.to_str_lossy(), words.iter().copied()).map(str::to_owned)
    };
    match reason {
        Reason::Boolean { value } => of(value, &BOOLEANS),
        Reason::Autorestart { value } => of(value, &AUTORESTART),
        Reason::LogLevel { value } => of(value, &LEVELS),
        Reason::SignalName { value } => of(value, &SIGNALS),
        Reason::UnknownEvent { event, .. } => {
            nearest(event, EVENT_TYPES.iter().copied()).map(str::to_owned)
        }
        Reason::NotOneOf { value, words } => of(value, words),
        Reason::UnknownProgram { program, .. } | Reason::UnknownDependency { name: program } => {
            let sections = document.sections();
            let programs = sections.iter().filter_map(|section| {
                let kind = Kind::of(section)?;
                let (_, name) = section.split_once(':')?;
                matches!(kind, Kind::Program | Kind::FcgiProgram).then_some(name)
            });
            nearest(program, programs).map(str::to_owned)
        }
        Reason::Format {
            problem: FormatProblem::UnknownName { name, available },
            ..
        } => {
            let available: Vec<_> = available.iter().map(|name| name.to_str_lossy()).collect();
            let words = available.iter().map(AsRef::as_ref);
            nearest(&name.to_str_lossy(), words).map(str::to_owned)
        }
        Reason::NoSection { section } => {
            let sections = document.sections();
            sections
                .iter()
                .find(|found| {
                    meant_section(found).is_some_and(|meant| meant == format!("[{section}]"))
                })
                .map(|_| format!("[{section}]"))
        }
        _ => None,
    }
}

fn help(document: &Document, section: &str, option: &str, reason: &Reason) -> Option<String> {
    if let Some(help) = cut_by_comment(document, section, option, reason) {
        return Some(help);
    }
    match reason {
        Reason::Format {
            problem: FormatProblem::UnknownName { name, .. },
            ..
        } => match name.strip_prefix(b"ENV_") {
            Some(variable) => Some(format!(
                "the environment of this check has no {}; that of supervisord may have it",
                variable.to_str_lossy()
            )),
            None if *name == "process_num" || *name == "numprocs" => Some(format!(
                "`{option}` is read once for the whole section, before there is a %({})",
                name.to_str_lossy()
            )),
            None => None,
        },
        Reason::Format {
            problem: FormatProblem::Malformed(_),
            ..
        } if expanded_twice(section, option) => {
            Some("this option is expanded twice: one percent sign is written %%%%".to_owned())
        }
        Reason::Format { .. } => Some("a percent sign itself is written %%".to_owned()),
        Reason::PairsEnd { value } if value.contains_str("=$") || value.contains_str("=~") => Some(
            "neither $NAME nor ~ is expanded; use %(ENV_NAME)s for a variable of supervisord"
                .to_owned(),
        ),
        Reason::PairsEnd { .. } => {
            Some("write KEY=\"value\",KEY2=\"value2\"; most values need the quotes".to_owned())
        }
        Reason::NotADirectory { value } | Reason::NoParentDirectory { value }
            if is_quoted(value.as_bstr()) =>
        {
            Some("the quotes are part of the value here".to_owned())
        }
        Reason::Integer { value } | Reason::Boolean { value } | Reason::Octal { value }
            if value.contains_str(";") || value.contains_str("#") =>
        {
            Some("a comment behind a value needs a blank before it".to_owned())
        }
        _ => None,
    }
}

/// A value that is incomplete since a comment ends it (INI-022).
fn cut_by_comment(
    document: &Document,
    section: &str,
    option: &str,
    reason: &Reason,
) -> Option<String> {
    let incomplete = matches!(
        reason,
        Reason::NoClosingQuotation | Reason::PairsEnd { .. } | Reason::Format { .. }
    );
    let occurrence = occurrence(document, section, option).filter(|_| incomplete)?;
    let cut = occurrence
        .lines
        .iter()
        .find(|line| line.comment.is_some())?;
    let comment = cut.comment.as_deref()?;
    Some(format!(
        "line {} ends at `{comment}`, which is a comment, also within quotes",
        cut.line
    ))
}

/// EXP-017, EXP-018
pub fn expanded_twice(section: &str, option: &str) -> bool {
    match Kind::of(section) {
        Some(Kind::Supervisord) => option == supervisord::ENVIRONMENT.name,
        Some(kind) if kind.makes_processes() => {
            option == program::STDOUT.logfile.name || option == program::STDERR.logfile.name
        }
        _ => false,
    }
}

/// Whether quotes stand around the whole of it.
pub fn is_quoted(value: &BStr) -> bool {
    match value.as_bytes() {
        [first @ (b'"' | b'\''), .., last] => first == last,
        _ => false,
    }
}
