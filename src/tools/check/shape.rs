//! What the INI dialect makes of a file, where that is hardly what was meant: repetitions, lines that are taken for the
//! continuation of others, comments within commands.

use bstr::{BStr, ByteSlice};

use super::finding::{DEFAULT, Finding, Place};
use super::names::{Kind, names_in};
use crate::config::ini::{Document, Occurrence, Position, ValueLine};
use crate::config::options::program;
use crate::config::shlex;

/// All of it, in the order of the files.
pub fn check(document: &Document) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, found) in document.occurrences().iter().enumerate() {
        let before = &document.occurrences()[..index];
        findings.extend(repetition(document, before, found));
        findings.extend(missing_bracket(document, before, found));
        for line in found.lines.iter().skip(1) {
            findings.extend(swallowed(document, found, line));
        }
        if is_command(found) {
            findings.extend(command(document, found));
        }
    }
    findings
}

/// The last value of a key counts (INI-016); a repeated section adds to the first (INI-017).
fn repetition(document: &Document, before: &[Occurrence], found: &Occurrence) -> Option<Finding> {
    let earlier = before
        .iter()
        .rev()
        .find(|earlier| earlier.section == found.section && earlier.key == found.key)
        // A file that two patterns of [include] match is read twice (INC-006).
        .filter(|earlier| earlier.position != found.position)
        // One in an included file counts for nothing, as another finding says.
        .filter(|earlier| {
            Kind::of(&found.section) != Some(Kind::Include)
                || earlier.position.file == found.position.file
        })?;
    let place = Some(Place::of_name(document, found));
    let first = Place::of_name(document, earlier).shown();
    let section = &found.section;
    match &found.key {
        Some(key) => {
            let message = format!("`{key}` of [{section}] is set again; the last value counts");
            Some(
                Finding::warning("duplicate-key", message, place)
                    .help(format!("it was set at {first}")),
            )
        }
        None => {
            // To add to sections like [supervisord] is what included files are for.
            let own = Kind::of(section).is_some_and(Kind::makes_processes);
            let same_file = earlier.position.file == found.position.file;
            (own || same_file).then(|| {
                let message =
                    format!("section [{section}] again; its options are added to the first");
                Finding::warning("duplicate-section", message, place)
                    .help(format!("the other one is at {first}"))
            })
        }
    }
}

/// `[program:x` is an option called `[program` (INI-010, QRK-038).
fn missing_bracket(
    document: &Document,
    before: &[Occurrence],
    found: &Occurrence,
) -> Option<Finding> {
    let key = found.key.as_deref().filter(|key| key.starts_with('['))?;
    let value = found.lines.first().map_or("", |line| line.text.as_str());
    let place = Place::line(document, &found.position.file, found.position.line);
    let into = before.iter().rev().find(|earlier| earlier.key.is_none());
    let into = into.map_or(DEFAULT, |header| header.section.as_str());
    let message = format!(
        "a header without `]` is an option of the section before it, and so is what follows: all of it belongs to [{into}]"
    );
    let finding = Finding::warning("missing-bracket", message, Some(place));
    Some(finding.suggest(Some(&format!("{key}:{value}]"))))
}

/// A line that is indented continues the value above, whatever it looks like (INI-009, INI-026).
fn swallowed(document: &Document, found: &Occurrence, line: &ValueLine) -> Option<Finding> {
    let key = found.key.as_deref()?;
    let place = || {
        let position = Position {
            file: found.position.file.clone(),
            line: line.line,
            column: line.column,
        };
        Some(Place::new(document, &position, line.text.chars().count()))
    };
    let finding = |what: &str| {
        let message = format!("{what} is indented, so it continues the value of `{key}`");
        Finding::warning("continuation", message, place()).help("begin it in the first column")
    };
    let header = line
        .text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    if header.is_some_and(|name| Kind::of(name).is_some()) {
        return Some(finding("this header"));
    }
    // Names of variables can be those of options.
    if key == program::ENVIRONMENT.name {
        return None;
    }
    let (name, _) = line.text.split_once(['=', ':'])?;
    let name = name.trim().to_lowercase();
    let tables = Kind::of(&found.section)?.tables()?;
    names_in(tables)
        .any(|known| known == name)
        .then(|| finding(&format!("this option `{name}`")))
}

fn is_command(found: &Occurrence) -> bool {
    found.key.as_deref() == Some(program::COMMAND.name)
        && (found.section == DEFAULT || Kind::of(&found.section).is_some_and(Kind::makes_processes))
}

fn command(document: &Document, found: &Occurrence) -> Option<Finding> {
    let pieces: Vec<&str> = found.lines.iter().map(|line| line.text.as_str()).collect();
    let command = pieces.join("\n");
    let split = shlex::split(BStr::new(&command));
    let cut = found.lines.iter().find_map(|line| {
        let comment = line.comment.as_deref()?;
        (split.is_err() || looks_like_shell(&command, comment)).then_some((line, comment))
    });
    let place = Some(Place::of_value(document, found));
    if let Some((line, comment)) = cut {
        let position = Position {
            file: found.position.file.clone(),
            line: line.line,
            // The comment begins after the blanks behind the value.
            column: comment_column(document, found, line, comment),
        };
        let place = Place::new(document, &position, comment.chars().count());
        let message =
            format!("the command ends here: `{comment}` is a comment, also within quotes");
        return Some(
            Finding::warning("comment-in-command", message, Some(place)).help(
                "put the script into a file, or use `&&`, or a `;` without a blank before it",
            ),
        );
    }
    match split {
        Err(error) => Some(Finding::warning(
            "command",
            format!("the command cannot be taken apart: {error}; its program ends up FATAL"),
            place,
        )),
        Ok(words) if words.is_empty() => Some(Finding::warning(
            "command",
            "the command is empty; its program ends up FATAL",
            place,
        )),
        Ok(_) => None,
    }
}

/// Whether what was cut off was rather meant for a shell than for people.
fn looks_like_shell(command: &str, comment: &str) -> bool {
    comment.contains(['"', '\'', '`', '$', '|', '&', '<', '>'])
        || (comment.starts_with(';') && command.split_whitespace().any(|word| word == "-c"))
}

fn comment_column(
    document: &Document,
    found: &Occurrence,
    line: &ValueLine,
    comment: &str,
) -> usize {
    let whole = Place::line(document, &found.position.file, line.line).text;
    let at = whole.trim_end().strip_suffix(comment);
    at.map_or(line.column, |before| before.chars().count() + 1)
}

/// Whether a value is a word of its own and not a template; `None` when only the daemon can tell.
pub fn plain(value: &BStr) -> Option<&str> {
    (!value.contains(&b'%')).then_some(value.to_str().ok()?)
}
