//! The reference's INI dialect: Python 3.11's `RawConfigParser` with `;` and `#` as inline comments and repeated
//! sections and keys allowed (INI rows).
//!
//! Two halves. The scanner turns a file into logical lines, with comments cut, continuations joined, keys lowered,
//! and a [`Position`] for each. The [`Document`] then holds them in a rust-ini document; that crate's own dialect differs
//! in a dozen ways, so names, keys and values go in escaped, made of characters it has no rules for. What a value
//! *means* is decided elsewhere.

use std::collections::BTreeMap;

use bstr::{BStr, BString, ByteSlice};
use ini::{Ini, ParseOption, Properties};

use super::decode::{decode, split_lines};
use super::error::ConfigError;
use super::text::{is_space, strip};

/// The section whose keys every other section falls back to (INI-018).
const DEFAULT_SECTION: &str = "DEFAULT";

/// The section whose keys every `[program:x]` falls back to, before those of `DEFAULT` (GO-122).
pub const PROGRAM_DEFAULT: &str = "program-default";

/// Where a section's values may come from, nearest first.
pub fn layers(section: &str) -> impl Iterator<Item = &str> {
    let of_programs = section.starts_with("program:").then_some(PROGRAM_DEFAULT);
    [Some(section), of_programs, Some(DEFAULT_SECTION)]
        .into_iter()
        .flatten()
}

/// Where something stands in the files; lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    pub file: BString,
    pub line: usize,
    pub column: usize,
}

/// One header or option as it stands in a file, for whoever explains a file to people. Reading needs none of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occurrence {
    pub section: String,
    /// In lower case; `None` is the header itself.
    pub key: Option<String>,
    pub position: Position,
    /// The value line by line; none for a header.
    pub lines: Vec<ValueLine>,
}

/// What one line of a file gives to a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueLine {
    pub line: usize,
    pub column: usize,
    pub text: String,
    /// What was cut off behind it, from its `;` or `#` on.
    pub comment: Option<String>,
}

/// A file as it was read: its name and its lines, with their ends. What is not UTF-8 has become U+FFFD.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    pub name: BString,
    pub lines: Vec<String>,
}

/// The files read so far, merged.
#[derive(Clone)]
pub struct Document {
    ini: Ini,
    /// Everything in the order read. The last place of a key counts, as its last value does.
    occurrences: Vec<Occurrence>,
    sources: Vec<Source>,
    /// Files that an `[include]` matched and that could not be read (INC-009).
    unreadable: Vec<BString>,
    /// In a tolerant document, what was wrong with the form of a file. `None`: such an error ends the reading.
    tolerated: Option<Vec<ConfigError>>,
    /// Sections that an included file brought, with that file's name (INC-014).
    included: BTreeMap<String, BString>,
}

impl Default for Document {
    fn default() -> Self {
        Self::new()
    }
}

impl Document {
    pub fn new() -> Self {
        Self {
            ini: Ini::new(),
            occurrences: Vec::new(),
            sources: Vec::new(),
            unreadable: Vec::new(),
            tolerated: None,
            included: BTreeMap::new(),
        }
    }

    /// A document that keeps what can be read of a malformed file, and the complaints about the rest.
    pub fn tolerant() -> Self {
        Self {
            tolerated: Some(Vec::new()),
            ..Self::new()
        }
    }

    /// Reads the main file, whose name is shown in errors as given (INI-031).
    pub fn read_main(&mut self, name: &BStr, bytes: &[u8]) -> Result<(), ConfigError> {
        self.read(name, bytes).map(|_| ())
    }

    /// Reads a file on top of what is there (INC-011).
    pub fn read_included(&mut self, name: &BStr, bytes: &[u8]) -> Result<(), ConfigError> {
        for section in self.read(name, bytes)? {
            self.included.insert(section, name.to_owned());
        }
        Ok(())
    }

    /// Gives the names of the sections that are new.
    fn read(&mut self, name: &BStr, bytes: &[u8]) -> Result<Vec<String>, ConfigError> {
        let Scan {
            sections: scanned,
            lines,
            errors,
        } = scan(name, bytes);
        match &mut self.tolerated {
            Some(tolerated) => tolerated.extend(errors),
            None => {
                if let Some(error) = errors.into_iter().next() {
                    return Err(error);
                }
            }
        }
        let name = name.to_owned();
        self.sources.push(Source { name, lines });
        let mut text = String::new();
        for section in &scanned {
            text.push_str(&format!("[{}]\n", escape(section.name.as_bytes())));
            for entry in &section.entries {
                let key = escape(entry.key.as_bytes());
                text.push_str(&format!("{key}={}\n", escape(entry.value.as_bytes())));
            }
        }
        let read = Ini::load_from_str_opt(&text, PLAIN)
            .expect("escaped names, keys and values are plain words to rust-ini");
        let mut new = Vec::new();
        for (section, properties) in &read {
            // The part before the first header is empty: every line above stands under one.
            let Some(section) = section else { continue };
            let name = unescape_text(section);
            if name != DEFAULT_SECTION && self.ini.section(Some(section)).is_none() {
                new.push(name);
            }
            let into = self
                .ini
                .entry(Some(section.to_owned()))
                .or_insert(Properties::new());
            for (key, value) in properties {
                put(into, key, value);
            }
        }
        for section in scanned {
            self.occurrences.push(Occurrence {
                section: section.name.clone(),
                key: None,
                position: section.position,
                lines: Vec::new(),
            });
            for entry in section.entries {
                self.occurrences.push(Occurrence {
                    section: section.name.clone(),
                    key: Some(entry.key),
                    position: entry.position,
                    lines: entry.lines,
                });
            }
        }
        Ok(new)
    }

    /// Section names in the order of their first appearance (INI-017), without `DEFAULT`.
    pub fn sections(&self) -> Vec<String> {
        self.ini
            .sections()
            .flatten()
            .map(unescape_text)
            .filter(|name| name != DEFAULT_SECTION)
            .collect()
    }

    pub fn has_section(&self, name: &str) -> bool {
        name != DEFAULT_SECTION && self.ini.section(Some(escape(name.as_bytes()))).is_some()
    }

    /// A value, from the section or from one that it falls back to.
    pub fn get(&self, section: &str, key: &str) -> Option<BString> {
        let key = escape(key.as_bytes());
        layers(section).find_map(|name| {
            let properties = self.ini.section(Some(escape(name.as_bytes())))?;
            properties.get(&key).map(unescape)
        })
    }

    /// The keys of a section, and after them those it only falls back to (INI-019).
    pub fn keys(&self, section: &str) -> Vec<String> {
        let mut keys: Vec<String> = Vec::new();
        for name in layers(section) {
            if let Some(properties) = self.ini.section(Some(escape(name.as_bytes()))) {
                for (key, _) in properties {
                    let key = unescape_text(key);
                    if !keys.contains(&key) {
                        keys.push(key);
                    }
                }
            }
        }
        keys
    }

    /// Writes `here` over every literal `%(here)s` (INC-012). A value that a section has from `DEFAULT` becomes its
    /// own by this, as in the reference's `expand_here`.
    pub fn replace_here(&mut self, here: &BStr) {
        // Escaping goes byte by byte, so the escaped text can be searched as it is.
        let pattern = escape(b"%(here)s");
        let here = escape(here);
        let from_default: Vec<(String, String)> = self
            .ini
            .section(Some(DEFAULT_SECTION))
            .into_iter()
            .flat_map(Properties::iter)
            .filter(|(_, value)| value.contains(&pattern))
            .map(|(key, value)| (key.to_owned(), value.replace(&pattern, &here)))
            .collect();
        for (name, properties) in &mut self.ini {
            if name.is_none_or(|name| name == DEFAULT_SECTION) {
                continue;
            }
            for (_, value) in properties.iter_mut() {
                if value.contains(&pattern) {
                    *value = value.replace(&pattern, &here);
                }
            }
            for (key, value) in &from_default {
                if !properties.contains_key(key) {
                    properties.insert(key, value);
                }
            }
        }
    }

    /// The included file that brought a section, if it was not in the main file before.
    pub fn included_from(&self, section: &str) -> Option<&BString> {
        self.included.get(section)
    }

    /// Where a key, or with `None` the section's last header, stands.
    pub fn position(&self, section: &str, key: Option<&str>) -> Option<&Position> {
        self.occurrence(section, key)
            .map(|occurrence| &occurrence.position)
    }

    /// The one that counts: the last.
    pub fn occurrence(&self, section: &str, key: Option<&str>) -> Option<&Occurrence> {
        let mut from_the_end = self.occurrences.iter().rev();
        from_the_end.find(|found| found.section == section && found.key.as_deref() == key)
    }

    pub fn occurrences(&self) -> &[Occurrence] {
        &self.occurrences
    }

    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    pub fn unreadable(&self) -> &[BString] {
        &self.unreadable
    }

    pub(super) fn add_unreadable(&mut self, file: &BStr) {
        self.unreadable.push(file.to_owned());
    }

    /// What a tolerant document has put up with.
    pub fn tolerated(&self) -> &[ConfigError] {
        self.tolerated.as_deref().unwrap_or_default()
    }

    // What follows changes values, never places: for a reading that goes on after a mistake.

    /// Sets a value, and makes the section if need be.
    pub(super) fn set(&mut self, section: &str, key: &str, value: &BStr) {
        self.add_section(section);
        if let Some(into) = self.ini.section_mut(Some(escape(section.as_bytes()))) {
            put(into, &escape(key.as_bytes()), &escape(value));
        }
    }

    pub(super) fn add_section(&mut self, section: &str) {
        self.ini
            .entry(Some(escape(section.as_bytes())))
            .or_insert(Properties::new());
    }

    /// Removes a key, also from where the section falls back to.
    pub(super) fn remove(&mut self, section: &str, key: &str) {
        for name in layers(section) {
            if let Some(properties) = self.ini.section_mut(Some(escape(name.as_bytes()))) {
                properties.remove(escape(key.as_bytes()));
            }
        }
    }

    pub(super) fn remove_section(&mut self, section: &str) {
        self.ini.delete(Some(escape(section.as_bytes())));
    }
}

/// Sets a key; one that is known keeps its place, as in Python's dictionaries. (rust-ini's `insert` would move it last.)
fn put(properties: &mut Properties, key: &str, value: &str) {
    match properties.iter_mut().find(|(known, _)| *known == key) {
        Some((_, old)) => value.clone_into(old),
        None => {
            properties.insert(key, value);
        }
    }
}

/// Nothing of rust-ini's own dialect.
const PLAIN: ParseOption = ParseOption {
    enabled_quote: false,
    enabled_escape: false,
    enabled_indented_mutiline_value: false,
    enabled_preserve_key_leading_whitespace: false,
};

/// Letters, digits and a few signs stay; every other byte becomes `~` and two hexadecimal digits.
fn escape(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for &byte in bytes {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' | b'.' | b'/' => {
                out.push(char::from(byte));
            }
            _ => {
                out.push('~');
                for digit in [byte >> 4, byte & 15] {
                    out.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
                }
            }
        }
    }
    out
}

fn unescape(text: &str) -> BString {
    let mut out = BString::default();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'~' {
            let mut digit = || {
                let digit = bytes.next().map(char::from);
                digit.and_then(|c| c.to_digit(16)).unwrap_or(0) as u8
            };
            let high = digit();
            out.push(high << 4 | digit());
        } else {
            out.push(byte);
        }
    }
    out
}

/// For section names and keys, which come from text.
fn unescape_text(text: &str) -> String {
    unescape(text).to_str_lossy().into_owned()
}

/// A header and what stands under it.
struct Section {
    name: String,
    position: Position,
    entries: Vec<Entry>,
}

struct Entry {
    key: String,
    value: String,
    position: Position,
    lines: Vec<ValueLine>,
}

/// What was found in a file, and what was wrong with its form, the error that counts first.
struct Scan {
    sections: Vec<Section>,
    lines: Vec<String>,
    errors: Vec<ConfigError>,
}

/// An option whose value may go on in the next line.
struct Open {
    key: String,
    /// An empty text is a blank line.
    pieces: Vec<ValueLine>,
    position: Position,
}

impl Open {
    /// Pieces are joined with line ends; blank ones at the end vanish, those at the beginning stay (INI-027).
    fn close(self, section: &mut Section) {
        let pieces: Vec<&str> = self
            .pieces
            .iter()
            .map(|piece| piece.text.as_str())
            .collect();
        let value = pieces.join("\n");
        section.entries.push(Entry {
            key: self.key,
            value: value.trim_end_matches(is_space).to_owned(),
            position: self.position,
            lines: self.pieces,
        });
    }
}

/// Takes a file apart, as `RawConfigParser._read` does, and goes on where that would give up.
fn scan(file: &BStr, bytes: &[u8]) -> Scan {
    let decoded = decode(bytes);
    let mut headless = None;
    let mut sections: Vec<Section> = Vec::new();
    let mut open: Option<Open> = None;
    let mut indent_level = 0;
    let mut bad_lines = Vec::new();
    for (number, line) in (1..).zip(&decoded.lines) {
        let comment = comment_start(line);
        let (kept, cut) = line.split_at(comment.unwrap_or(line.len()));
        let value = strip(kept);
        let before = kept.len() - kept.trim_start_matches(is_space).len();
        // `at` is a place in `value`.
        let piece = |at: usize, text: &str| ValueLine {
            line: number,
            column: line[..before + at].chars().count() + 1,
            text: text.to_owned(),
            comment: comment.map(|_| cut.trim_end_matches(is_space).to_owned()),
        };
        if value.is_empty() {
            // A blank line belongs to the value (INI-028), a line with only a comment does not (INI-020).
            if let (None, Some(open)) = (comment, &mut open) {
                open.pieces.push(piece(0, ""));
            }
            continue;
        }
        let indent = line.chars().take_while(|&c| is_space(c)).count();
        if let Some(open) = &mut open
            && indent > indent_level
        {
            open.pieces.push(piece(0, value));
            continue;
        }
        indent_level = indent;
        let position = Position {
            file: file.to_owned(),
            line: number,
            column: indent + 1,
        };
        if let Some(name) = header(value) {
            if let (Some(open), Some(section)) = (open.take(), sections.last_mut()) {
                open.close(section);
            }
            sections.push(Section {
                name: name.to_owned(),
                position,
                entries: Vec::new(),
            });
            continue;
        }
        let Some(section) = sections.last_mut() else {
            headless.get_or_insert_with(|| ConfigError::NoSectionHeader {
                file: file.to_owned(),
                line: number,
                text: line.clone(),
            });
            continue;
        };
        match value.split_once(['=', ':']) {
            // A bad line leaves the option before it open.
            None => bad_lines.push((number, line.clone())),
            Some((key, rest)) => {
                let value_at = value.len() - rest.trim_start_matches(is_space).len();
                if let Some(open) = open.take() {
                    open.close(section);
                }
                let key = key.trim_end_matches(is_space);
                if key.is_empty() {
                    bad_lines.push((number, line.clone()));
                    continue;
                }
                open = Some(Open {
                    key: key.to_lowercase(),
                    pieces: vec![piece(value_at, strip(rest))],
                    position,
                });
            }
        }
    }
    if let (Some(open), Some(section)) = (open, sections.last_mut()) {
        open.close(section);
    }
    let not_text = decoded.error.map(|error| ConfigError::NotText {
        file: file.to_owned(),
        error,
    });
    let bad_lines = (!bad_lines.is_empty()).then(|| ConfigError::BadLines {
        file: file.to_owned(),
        lines: bad_lines,
    });
    Scan {
        sections,
        lines: match not_text {
            // Nothing but people will read these.
            Some(_) => split_lines(&String::from_utf8_lossy(bytes)),
            None => decoded.lines,
        },
        errors: headless
            .into_iter()
            .chain(not_text)
            .chain(bad_lines)
            .collect(),
    }
}

/// The name in `[name]`: up to the last bracket of the line, at least one character (INI-005, INI-006).
fn header(value: &str) -> Option<&str> {
    let inside = value.strip_prefix('[')?;
    let name = &inside[..inside.rfind(']')?];
    (!name.is_empty()).then_some(name)
}

/// Where a comment begins, as a byte offset. A line that starts with a prefix is all comment; else prefixes count at
/// the very beginning or after a blank.
///
/// The search goes in rounds, one occurrence of each prefix per round, and ends with the first round that finds any
/// (INI-024): so `a#b #c ;d` loses only `;d`.
fn comment_start(line: &str) -> Option<usize> {
    const PREFIXES: [char; 2] = [';', '#'];
    if line.trim_start_matches(is_space).starts_with(PREFIXES) {
        return Some(0);
    }
    let mut searches = PREFIXES.map(|prefix| line.match_indices(prefix));
    loop {
        let mut any_left = false;
        let mut found: Option<usize> = None;
        for search in &mut searches {
            let Some((at, _)) = search.next() else {
                continue;
            };
            any_left = true;
            let after_blank = line[..at].chars().next_back().is_none_or(is_space);
            if after_blank {
                found = Some(found.map_or(at, |other| other.min(at)));
            }
        }
        if found.is_some() || !any_left {
            return found;
        }
    }
}

#[cfg(test)]
#[path = "ini_tests.rs"]
mod tests;
