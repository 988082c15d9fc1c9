//! `[include] files=`: further files on top of the main one (INC rows).

use bstr::{BStr, BString, ByteSlice};

use super::context::LoadContext;
use super::error::{ConfigError, Reason};
use super::expand::{Names, Scope, expand};
use super::glob::glob;
use super::ini::Document;
use super::loader::process_variables;
use super::options::server::FILES;
use super::paths;
use super::reading::OptionError;
use super::{Sources, text};

const SECTION: &str = "include";

/// Reads what the main file includes. Only its own `[include]` counts, not one that an included file has (INC-001).
pub fn read_included(sources: &mut Sources, context: &LoadContext) -> Result<(), ConfigError> {
    let Sources {
        document,
        config_file,
        here,
        messages,
    } = sources;
    if !document.has_section(SECTION) {
        return Ok(());
    }
    document.replace_here(here.as_bstr());
    let patterns =
        patterns(document, here.as_bstr(), context).map_err(|error| error.in_section(SECTION))?;
    let main_file = paths::abspath(config_file.as_bstr(), context);
    let base = paths::dirname(main_file.as_bstr());
    for pattern in patterns {
        let pattern = paths::join(base, pattern.as_bstr());
        let files = glob(pattern.as_bstr(), context);
        if files.is_empty() {
            let shown = text::show(pattern.as_bstr());
            messages
                .warnings
                .push(format!("No file matches via include \"{shown}\""));
        }
        for file in files {
            let shown = text::show(file.as_bstr());
            messages
                .infos
                .push(format!("Included extra file \"{shown}\" during parsing"));
            // One that cannot be read is skipped, yet was reported (INC-009).
            match std::fs::read(paths::on_disk(file.as_bstr(), context)) {
                Ok(bytes) => document.read_included(file.as_bstr(), &bytes)?,
                Err(_) => document.add_unreadable(file.as_bstr()),
            }
            let here = paths::abspath(paths::dirname(file.as_bstr()), context);
            document.replace_here(here.as_bstr());
        }
    }
    Ok(())
}

/// The words of `files=`, expanded (INC-002, INC-003).
fn patterns(
    document: &Document,
    here: &BStr,
    context: &LoadContext,
) -> Result<Vec<BString>, OptionError> {
    let failed = |reason| OptionError::new(FILES.name, reason);
    let files = document
        .get(SECTION, FILES.name)
        .ok_or_else(|| failed(Reason::IncludeWithoutFiles))?;
    let mut names = Names::default();
    names.set_text("here", here.to_owned());
    names.set_text("host_node_name", context.hostname.as_str());
    names.update(&process_variables(context));
    let layers = [&names];
    let files =
        expand(files.as_bstr(), Scope { layers: &layers }, "include.files").map_err(failed)?;
    Ok(files
        .fields_with(text::is_space)
        .map(BString::from)
        .collect())
}
