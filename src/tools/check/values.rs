//! Values that are accepted and hardly meant: logs that cannot be rotated, percent signs that are read twice, quotes
//! and shell signs that mean nothing here.

use bstr::{BStr, ByteSlice};

use super::faults::{expanded_twice, is_quoted};
use super::finding::{Finding, Place};
use super::names::Kind;
use super::shape::plain;
use crate::config::context::LoadContext;
use crate::config::ini::Document;
use crate::config::options::{Row, extensions, program, server, supervisord};
use crate::config::value;

/// All of them, section by section.
pub fn check(document: &Document, context: &LoadContext) -> Vec<Finding> {
    let mut findings = Vec::new();
    for section in document.sections() {
        let Some(kind) = Kind::of(&section) else {
            continue;
        };
        for key in document.keys(&section) {
            let Some(text) = document.get(&section, &key) else {
                continue;
            };
            let value = Value {
                document,
                section: &section,
                key: &key,
                text: text.as_bstr(),
            };
            findings.extend(value.rotated_device(kind));
            findings.extend(value.read_twice(context));
            findings.extend(value.useless_quotes(kind));
            findings.extend(value.shell_signs(kind));
        }
    }
    findings
}

struct Value<'a> {
    document: &'a Document,
    section: &'a str,
    key: &'a str,
    text: &'a BStr,
}

impl Value<'_> {
    fn place(&self) -> Option<Place> {
        Place::value(self.document, self.section, self.key)
    }

    /// Rotation renames files and seeks in them; `/dev/stdout` allows neither.
    fn rotated_device(&self, kind: Kind) -> Option<Finding> {
        let maxbytes: &Row<i64> = match kind {
            Kind::Supervisord if self.key == supervisord::LOGFILE.name => {
                &supervisord::LOGFILE_MAXBYTES
            }
            _ if !kind.makes_processes() => return None,
            _ if self.key == program::STDOUT.logfile.name => &program::STDOUT.maxbytes,
            _ if self.key == program::STDERR.logfile.name => &program::STDERR.maxbytes,
            _ => return None,
        };
        let path = plain(self.text)?;
        let is_stream = ["/dev/stdout", "/dev/stderr", "/dev/tty", "/dev/console"].contains(&path)
            || path.starts_with("/dev/fd/")
            || path.starts_with("/proc/self/fd/")
            || path.starts_with("/proc/1/fd/");
        let limit = self.document.get(self.section, maxbytes.name);
        let limit = limit
            .as_ref()
            .map_or(BStr::new(maxbytes.default), |limit| limit.as_bstr());
        if !is_stream || value::byte_size(limit) == Ok(0) {
            return None;
        }
        let message = format!(
            "`{}` is {path}, which cannot be rotated, but {} is {}",
            self.key, maxbytes.name, limit
        );
        let finding = Finding::warning("rotation", message, self.place());
        Some(finding.help(format!("add {}=0", maxbytes.name)))
    }

    /// EXP-017, EXP-018
    fn read_twice(&self, context: &LoadContext) -> Option<Finding> {
        if !expanded_twice(self.section, self.key) {
            return None;
        }
        if self.text.replace("%%%%", "").contains_str("%%") {
            let message = format!(
                "`{}` is expanded twice: what %% leaves is a percent sign to the second time",
                self.key
            );
            let place = Place::word(self.document, self.section, self.key, "%%");
            let finding = Finding::warning("double-expansion", message, place);
            return Some(finding.help("one percent sign is written %%%% here"));
        }
        let variable = context.environment.iter().find(|(name, value)| {
            let shown = format!("%(ENV_{})", name.to_str_lossy());
            value.contains(&b'%') && self.text.contains_str(&shown)
        });
        let (name, _) = variable?;
        let name = name.to_str_lossy();
        let message = format!(
            "`{}` is expanded twice, and the value of {name} has a percent sign in it",
            self.key
        );
        let place = Place::word(
            self.document,
            self.section,
            self.key,
            &format!("%(ENV_{name})"),
        );
        Some(Finding::warning("double-expansion", message, place))
    }

    /// INI-013
    fn useless_quotes(&self, kind: Kind) -> Option<Finding> {
        const FREE_TEXT: [&str; 15] = [
            program::COMMAND.name,
            program::ENVIRONMENT.name,
            server::USERNAME.name,
            server::PASSWORD.name,
            server::CTL_PROMPT.name,
            supervisord::IDENTIFIER.name,
            extensions::PRE_START_HOOK.name,
            extensions::POST_START_HOOK.name,
            extensions::PRE_STOP_HOOK.name,
            extensions::POST_STOP_HOOK.name,
            extensions::LIVENESS_CHECK_SCRIPT.name,
            extensions::LIVENESS_CHECK_SUCCESS_ACTION.name,
            extensions::LIVENESS_CHECK_FAILURE_ACTION.name,
            extensions::RESTART_CMD_WHEN_BINARY_CHANGED.name,
            extensions::RESTART_CMD_WHEN_FILE_CHANGED.name,
        ];
        kind.tables()?;
        if FREE_TEXT.contains(&self.key) || !is_quoted(self.text) {
            return None;
        }
        let message = format!("the quotes are part of the value of `{}`", self.key);
        Some(Finding::warning("quotes", message, self.place()).help("leave them out"))
    }

    /// Nothing here is read by a shell (TYP-027, PRG-016).
    fn shell_signs(&self, kind: Kind) -> Option<Finding> {
        if kind.makes_processes() && self.key == program::DIRECTORY.name {
            return self.text.starts_with(b"~").then(|| {
                let message = "`~` is not expanded in `directory` of a program";
                Finding::warning("not-expanded", message, self.place())
                    .help("use %(ENV_HOME)s, which is the home of supervisord's own user")
            });
        }
        let has_pairs = kind.makes_processes() || kind == Kind::Supervisord;
        if !has_pairs || self.key != program::ENVIRONMENT.name {
            return None;
        }
        let text = self.text.to_str_lossy();
        let sign = ["=$", "=~"].into_iter().find(|sign| text.contains(sign))?;
        let message = format!(
            "`{0}` is not expanded in `environment`, and without quotes only the `{0}` itself is kept",
            &sign[1..]
        );
        let place = Place::word(self.document, self.section, self.key, sign);
        let finding = Finding::warning("not-expanded", message, place);
        Some(finding.help("use %(ENV_NAME)s for the value of a variable of supervisord"))
    }
}
