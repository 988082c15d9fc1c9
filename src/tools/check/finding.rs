//! One thing that a check has to say, and the piece of a file that it is about.

use bstr::{BString, ByteSlice};

use crate::config::ini::{Document, Occurrence, Position, layers};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// supervisord refuses the file.
    Error,
    /// It runs, but probably not as meant.
    Warning,
}

/// One complaint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub severity: Severity,
    /// A word for the kind of complaint, the same in every release.
    pub code: &'static str,
    pub message: String,
    pub place: Option<Place>,
    /// What to do about it, if that can be told.
    pub help: Option<String>,
    /// The word that was probably meant.
    pub suggestion: Option<String>,
}

impl Finding {
    pub fn warning(code: &'static str, message: impl Into<String>, place: Option<Place>) -> Self {
        Self {
            severity: Severity::Warning,
            code,
            message: message.into(),
            place,
            help: None,
            suggestion: None,
        }
    }

    pub fn error(code: &'static str, message: impl Into<String>, place: Option<Place>) -> Self {
        Self {
            severity: Severity::Error,
            ..Self::warning(code, message, place)
        }
    }

    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub fn suggest(mut self, word: Option<&str>) -> Self {
        self.suggestion = word.map(str::to_owned);
        self
    }
}

/// A stretch of one line; line and column count from 1, columns and length in characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub file: BString,
    pub line: usize,
    pub column: usize,
    pub length: usize,
    /// The whole line, without its end.
    pub text: String,
}

/// The section whose values others inherit.
pub const DEFAULT: &str = "DEFAULT";

impl Place {
    pub fn new(document: &Document, position: &Position, length: usize) -> Self {
        let text = line_of(document, position);
        Self {
            file: position.file.clone(),
            line: position.line,
            column: position.column,
            length: length.max(1),
            text: text.trim_end().to_owned(),
        }
    }

    /// All of a line but the blanks around it.
    pub fn line(document: &Document, file: &BString, line: usize) -> Self {
        let mut position = Position {
            file: file.clone(),
            line,
            column: 1,
        };
        let text = line_of(document, &position);
        let blanks = text.chars().take_while(|c| c.is_whitespace()).count();
        position.column += blanks;
        Self::new(document, &position, text.trim().chars().count())
    }

    /// The first that is not UTF-8.
    pub fn bad_character(document: &Document, file: &BString) -> Option<Self> {
        let mut sources = document.sources().iter();
        let lines = &sources.find(|source| source.name == *file)?.lines;
        let mut numbered = (1..).zip(lines);
        let (line, column) = numbered.find_map(|(number, line)| {
            let at = line
                .chars()
                .position(|c| c == char::REPLACEMENT_CHARACTER)?;
            Some((number, at + 1))
        })?;
        let file = file.clone();
        Some(Self::new(document, &Position { file, line, column }, 1))
    }

    /// The last header of a section.
    pub fn header(document: &Document, section: &str) -> Option<Self> {
        let occurrence = document.occurrence(section, None)?;
        Some(Self::of_name(document, occurrence))
    }

    /// A header with its brackets, or an option's name.
    pub fn of_name(document: &Document, occurrence: &Occurrence) -> Self {
        let length = match &occurrence.key {
            None => occurrence.section.chars().count() + 2,
            // Lower case can have more letters than what was typed.
            Some(key) => key.chars().count(),
        };
        Self::new(document, &occurrence.position, length)
    }

    /// The value that a section has for a key, its own or from `DEFAULT`; a value of several lines, its first.
    pub fn value(document: &Document, section: &str, key: &str) -> Option<Self> {
        occurrence(document, section, key).map(|found| Self::of_value(document, found))
    }

    pub fn of_value(document: &Document, occurrence: &Occurrence) -> Self {
        let line = occurrence.lines.iter().find(|line| !line.text.is_empty());
        match line {
            Some(line) => {
                let position = Position {
                    file: occurrence.position.file.clone(),
                    line: line.line,
                    column: line.column,
                };
                Self::new(document, &position, line.text.chars().count())
            }
            // Nothing there to be underlined.
            None => Self::of_name(document, occurrence),
        }
    }

    /// The first place where `word` stands in the value, in any case; else the value.
    pub fn word(document: &Document, section: &str, key: &str, word: &str) -> Option<Self> {
        occurrence(document, section, key).map(|found| Self::word_of(document, found, word))
    }

    pub fn word_of(document: &Document, occurrence: &Occurrence, word: &str) -> Self {
        let lower = word.to_lowercase();
        let found = occurrence.lines.iter().find_map(|line| {
            let at = line.text.to_lowercase().find(&lower)?;
            let before = line.text.get(..at)?;
            Some(Position {
                file: occurrence.position.file.clone(),
                line: line.line,
                column: line.column + before.chars().count(),
            })
        });
        match found {
            Some(position) if !word.is_empty() => {
                Self::new(document, &position, word.chars().count())
            }
            _ => Self::of_value(document, occurrence),
        }
    }

    /// An option's name.
    pub fn key(document: &Document, section: &str, key: &str) -> Option<Self> {
        occurrence(document, section, key).map(|found| Self::of_name(document, found))
    }

    /// Whether all of it is a piece of `other`.
    pub fn is_within(&self, other: &Self) -> bool {
        self.file == other.file
            && self.line == other.line
            && self.column >= other.column
            && self.column + self.length <= other.column + other.length
    }

    /// `file:line:column`.
    pub fn shown(&self) -> String {
        format!("{}:{}:{}", self.file.to_str_lossy(), self.line, self.column)
    }
}

/// Where the value that counts for a section comes from.
pub fn occurrence<'a>(document: &'a Document, section: &str, key: &str) -> Option<&'a Occurrence> {
    layers(section).find_map(|section| document.occurrence(section, Some(key)))
}

fn line_of<'a>(document: &'a Document, position: &Position) -> &'a str {
    let mut sources = document.sources().iter();
    sources
        .find(|source| source.name == position.file)
        .and_then(|source| source.lines.get(position.line - 1))
        .map_or("", String::as_str)
}
