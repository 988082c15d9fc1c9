//! `[supervisorctl]`: how the client reaches supervisord (CTL-008 to CTL-016).
//!
//! The client reads the same file as the daemon, without its `[include]` (PLG-007), and does not need one at all.

use std::path::PathBuf;

use bstr::{BStr, BString, ByteSlice};

use super::context::LoadContext;
use super::error::{ConfigError, Reason};
use super::expand::{Names, Scope};
use super::ini::Document;
use super::loader::process_variables;
use super::options::server as rows;
use super::paths;
use super::reading::{OptionError, SectionReader};
use super::value;

pub(super) const SECTION: &str = "supervisorctl";

/// What `[supervisorctl]` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientConfig {
    /// `unix://` and an absolute path, or as written.
    pub serverurl: String,
    pub prompt: String,
    pub username: Option<String>,
    pub password: Option<String>,
    pub history_file: Option<PathBuf>,
    pub plugins: Vec<CtlPlugin>,
}

/// A `[ctlplugin:x]` section: Python code that only Python's own client can load (CLT-016).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CtlPlugin {
    pub name: String,
    pub factory: String,
}

impl Default for ClientConfig {
    /// What holds when there is no file (CTL-009).
    fn default() -> Self {
        Self {
            serverurl: rows::CTL_SERVERURL.default.to_owned(),
            prompt: rows::CTL_PROMPT.default.to_owned(),
            username: None,
            password: None,
            history_file: None,
            plugins: Vec::new(),
        }
    }
}

/// Reads the client's section of a file.
pub fn load(config_file: &BStr, context: &LoadContext) -> Result<ClientConfig, ConfigError> {
    let bytes = super::read_main_file(config_file, context)?;
    let mut document = Document::new();
    document.read_main(config_file, &bytes)?;
    interpret(&document, config_file, context)
}

/// From the file as read to its meaning.
pub(super) fn interpret(
    document: &Document,
    config_file: &BStr,
    context: &LoadContext,
) -> Result<ClientConfig, ConfigError> {
    if !document.has_section(SECTION) {
        let reason = Reason::NoSection { section: SECTION };
        return Err(OptionError::new("", reason).in_section(SECTION));
    }
    let variables = process_variables(context);
    let mut config = read_settings(document, config_file, context, &variables)
        .map_err(|error| error.in_section(SECTION))?;
    config.plugins = read_plugins(document, context, &variables)?;
    Ok(config)
}

fn read_settings(
    document: &Document,
    config_file: &BStr,
    context: &LoadContext,
    variables: &Names,
) -> Result<ClientConfig, OptionError> {
    let file = paths::normalize(config_file, context);
    let mut here = Names::default();
    here.set_text("here", paths::dirname(file.as_bstr()).to_owned());
    // `here` exists in two options only (CTL-013).
    let with_here = [variables, &here];
    let without_here = [variables];
    let with_here = SectionReader {
        document,
        context,
        section: SECTION,
        scope: Scope { layers: &with_here },
    };
    let reader = SectionReader {
        scope: Scope {
            layers: &without_here,
        },
        ..with_here
    };
    // Evaluated in the order written.
    Ok(ClientConfig {
        serverurl: server_url(with_here.read(&rows::CTL_SERVERURL)?, context),
        prompt: reader.read(&rows::CTL_PROMPT)?,
        username: reader.optional(&rows::USERNAME)?,
        password: reader.optional(&rows::PASSWORD)?,
        history_file: with_here
            .optional(&rows::CTL_HISTORY_FILE)?
            .filter(|file| !file.is_empty())
            .map(|file| paths::to_path(paths::normalize(file.as_bstr(), context).as_bstr())),
        plugins: Vec::new(),
    })
}

/// A socket path is made absolute (CTL-015).
fn server_url(url: BString, context: &LoadContext) -> String {
    match url.strip_prefix(b"unix://") {
        Some(path) => {
            let path = paths::normalize(BStr::new(path), context);
            format!("unix://{}", path.to_str_lossy())
        }
        None => value::string(url.as_bstr()),
    }
}

fn read_plugins(
    document: &Document,
    context: &LoadContext,
    variables: &Names,
) -> Result<Vec<CtlPlugin>, ConfigError> {
    let row = &rows::CTL_FACTORY;
    let layers = [variables];
    let mut plugins = Vec::new();
    for section in document.sections() {
        let Some(name) = section.strip_prefix("ctlplugin:") else {
            continue;
        };
        let reader = SectionReader {
            document,
            context,
            section: &section,
            scope: Scope { layers: &layers },
        };
        let factory = reader
            .optional(row)
            .and_then(|factory| {
                factory.ok_or_else(|| {
                    let (section, key) = (section.clone(), row.name);
                    OptionError::new(row.name, Reason::NoFactory { section, key })
                })
            })
            .map_err(|error| error.in_section(&section))?;
        plugins.push(CtlPlugin {
            name: name.to_owned(),
            factory: value::string(factory.as_bstr()),
        });
    }
    Ok(plugins)
}
