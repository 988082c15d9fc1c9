//! Reading the options of one section: find the text, fill its names in, hand it to the option's reader.

use bstr::{BStr, BString, ByteSlice};

use super::context::LoadContext;
use super::error::{ConfigError, Reason};
use super::expand::{Scope, expand};
use super::ini::Document;
use super::options::{OptionalRow, Row, aliases};

/// A section with the names its options may use.
#[derive(Clone, Copy)]
pub struct SectionReader<'a> {
    pub document: &'a Document,
    pub context: &'a LoadContext,
    pub section: &'a str,
    pub scope: Scope<'a>,
}

/// An option that cannot be used; the section is added by whoever knows which form of error it makes.
#[derive(Debug)]
pub struct OptionError {
    /// `None` when it is the section's name, or what it lacks, that is wrong.
    pub option: Option<String>,
    pub reason: Reason,
}

impl OptionError {
    pub fn new(option: &str, reason: Reason) -> Self {
        Self {
            option: Some(option.to_owned()),
            reason,
        }
    }

    /// About the section as a whole.
    pub fn of_section(reason: Reason) -> Self {
        Self {
            option: None,
            reason,
        }
    }

    /// The form without section and file (ERR-003).
    pub fn in_section(self, section: &str) -> ConfigError {
        ConfigError::Setting {
            section: section.to_owned(),
            option: self.option,
            reason: Box::new(self.reason),
        }
    }
}

impl SectionReader<'_> {
    /// The text of an option as it stands in the file.
    pub fn raw(&self, option: &'static str) -> Option<BString> {
        let written = |name| self.document.get(self.section, name);
        written(option).or_else(|| aliases(self.section, option).find_map(written))
    }

    /// The text of an option, expanded.
    pub fn text(&self, option: &'static str) -> Result<Option<BString>, OptionError> {
        self.raw(option)
            .map(|text| self.expand(option, text.as_bstr()))
            .transpose()
    }

    /// Fills in a text that stands for an option (also a default) under the option's full name (EXP-008).
    pub fn expand(&self, option: &'static str, text: &BStr) -> Result<BString, OptionError> {
        let label = format!("{}.{option}", self.section);
        expand(text, self.scope, &label).map_err(|reason| OptionError::new(option, reason))
    }

    pub fn read<T>(&self, row: &Row<T>) -> Result<T, OptionError> {
        let text = self.text(row.name)?;
        let text = match &text {
            Some(text) => text.as_bstr(),
            None => BStr::new(row.default),
        };
        (row.read)(text, self.context).map_err(|reason| OptionError::new(row.name, reason))
    }

    pub fn optional<T>(&self, row: &OptionalRow<T>) -> Result<Option<T>, OptionError> {
        let Some(text) = self.text(row.name)? else {
            return Ok(None);
        };
        (row.read)(text.as_bstr(), self.context)
            .map(Some)
            .map_err(|reason| OptionError::new(row.name, reason))
    }
}
