//! What one reading of the configuration carries along: the document, the names that may be used, the messages.

use bstr::{BString, ByteSlice};

use super::Sources;
use super::context::LoadContext;
use super::dependencies::Origin;
use super::expand::{Names, Scope};
use super::ini::Document;
use super::reading::SectionReader;
use super::types::StartupMessages;

/// The state of one reading. The parts of the configuration are read in a fixed order (SUP-019), each adding to it.
pub struct Loader<'a> {
    pub context: &'a LoadContext,
    pub document: &'a Document,
    /// The main file as named.
    pub config_file: &'a BString,
    /// The directory of the main file (EXP-025).
    pub here: &'a BString,
    /// `ENV_…`: the process's environment, later with the pairs of `[supervisord]` (EXP-009, EXP-011).
    pub variables: Names,
    /// `here` alone, for options that see nothing else of their own.
    pub common: Names,
    /// The pairs of `[supervisord] environment=`, which every program gets.
    pub environment: Vec<(BString, BString)>,
    /// Which section made which processes.
    pub origins: Vec<Origin>,
    pub messages: StartupMessages,
}

impl<'a> Loader<'a> {
    pub fn new(context: &'a LoadContext, sources: &'a Sources) -> Self {
        let mut common = Names::default();
        common.set_text("here", sources.here.clone());
        Self {
            context,
            document: &sources.document,
            config_file: &sources.config_file,
            here: &sources.here,
            variables: process_variables(context),
            common,
            environment: Vec::new(),
            origins: Vec::new(),
            messages: sources.messages.clone(),
        }
    }

    pub fn reader<'r>(&'r self, section: &'r str, scope: Scope<'r>) -> SectionReader<'r> {
        SectionReader {
            document: self.document,
            context: self.context,
            section,
            scope,
        }
    }

    /// The file that messages about a section name: an included file only if it brought the section (INC-014).
    pub fn file_of(&self, section: &str) -> BString {
        self.document
            .included_from(section)
            .unwrap_or(self.config_file)
            .clone()
    }
}

/// `ENV_<NAME>` for each variable of the process (EXP-009).
pub fn process_variables(context: &LoadContext) -> Names {
    let mut variables = Names::default();
    for (name, value) in &context.environment {
        variables.set_variable(name.as_bstr(), value.as_bstr());
    }
    variables
}
