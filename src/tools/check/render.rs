//! Findings as people read them on a terminal, and as programs read them.

use std::fmt::Write;

use bstr::ByteSlice;

use super::finding::{Finding, Place, Severity};
use crate::config::dump::text as json_text;

/// Whether and how to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    Plain,
    Ansi,
}

#[derive(Clone, Copy)]
enum Style {
    Error,
    Warning,
    Frame,
    Strong,
}

impl Colour {
    fn paint(self, style: Style, text: &str) -> String {
        if self == Self::Plain {
            return text.to_owned();
        }
        let code = match style {
            Style::Error => "1;31",
            Style::Warning => "1;33",
            Style::Frame => "1;34",
            Style::Strong => "1",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

impl Severity {
    fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }

    fn style(self) -> Style {
        match self {
            Self::Error => Style::Error,
            Self::Warning => Style::Warning,
        }
    }
}

/// One finding: what is wrong, the line with a mark under the piece meant, and what could be done.
pub fn finding(finding: &Finding, colour: Colour) -> String {
    let word = format!("{}[{}]", finding.severity.word(), finding.code);
    let word = colour.paint(finding.severity.style(), &word);
    let message = finding.message.replace('\n', "\n  ");
    let mut out = format!("{word}: {}\n", colour.paint(Style::Strong, &message));
    let width = match &finding.place {
        Some(place) => {
            let width = place.line.to_string().len();
            out.push_str(&excerpt(place, width, finding.severity, colour));
            width
        }
        None => 0,
    };
    let notes = [
        finding
            .suggestion
            .as_ref()
            .map(|word| format!("did you mean `{word}`?")),
        finding.help.clone(),
    ];
    for note in notes.into_iter().flatten() {
        let sign = colour.paint(Style::Frame, "=");
        out.push_str(&format!("{:width$} {sign} help: {note}\n", ""));
    }
    out
}

fn excerpt(place: &Place, width: usize, severity: Severity, colour: Colour) -> String {
    let bar = colour.paint(Style::Frame, "|");
    let arrow = colour.paint(Style::Frame, "-->");
    let number = colour.paint(Style::Frame, &format!("{:width$}", place.line));
    // Tabs stay, so that the mark is below its text wherever tabs stop. Other control characters could do
    // anything to a terminal.
    let text: String = place.text.chars().map(printable).collect();
    let indent: String = place
        .text
        .chars()
        .take(place.column - 1)
        .map(|c| if c == '\t' { '\t' } else { ' ' })
        .collect();
    let mark = colour.paint(severity.style(), &"^".repeat(place.length));
    let blank = " ".repeat(width);
    format!(
        "{blank}{arrow} {}\n{blank} {bar}\n{number} {bar} {text}\n{blank} {bar} {indent}{mark}\n",
        place.shown()
    )
}

fn printable(character: char) -> char {
    if character.is_control() && character != '\t' {
        char::REPLACEMENT_CHARACTER
    } else {
        character
    }
}

/// The last line: how many there are of each kind.
pub fn summary(findings: &[Finding]) -> String {
    let count = |severity| {
        let of_kind = findings.iter().filter(|found| found.severity == severity);
        (of_kind.count(), severity.word())
    };
    let counts: Vec<String> = [count(Severity::Error), count(Severity::Warning)]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}{}", if count == 1 { "" } else { "s" }))
        .collect();
    if counts.is_empty() {
        "nothing to complain about".to_owned()
    } else {
        counts.join(", ")
    }
}

/// One object on one line.
pub fn json(findings: &[Finding]) -> String {
    let shown: Vec<String> = findings.iter().map(json_finding).collect();
    let count = |severity| {
        let of_kind = findings.iter().filter(|found| found.severity == severity);
        of_kind.count()
    };
    format!(
        "{{\"findings\": [{}], \"errors\": {}, \"warnings\": {}}}",
        shown.join(", "),
        count(Severity::Error),
        count(Severity::Warning)
    )
}

fn json_finding(finding: &Finding) -> String {
    let optional = |text: &Option<String>| {
        let text = text.as_deref();
        text.map_or_else(|| "null".to_owned(), json_text)
    };
    let mut out = format!(
        "{{\"severity\": {}, \"code\": {}, \"message\": {}",
        json_text(finding.severity.word()),
        json_text(finding.code),
        json_text(&finding.message)
    );
    // Writing to a String cannot fail.
    let _ = match &finding.place {
        Some(place) => write!(
            out,
            ", \"file\": {}, \"line\": {}, \"column\": {}, \"length\": {}, \"text\": {}",
            json_text(&place.file.to_str_lossy()),
            place.line,
            place.column,
            place.length,
            json_text(&place.text)
        ),
        None => write!(
            out,
            ", \"file\": null, \"line\": null, \"column\": null, \"length\": null, \"text\": null"
        ),
    };
    let _ = write!(
        out,
        ", \"suggestion\": {}, \"help\": {}}}",
        optional(&finding.suggestion),
        optional(&finding.help)
    );
    out
}

#[cfg(test)]
mod tests {
    use super::super::finding::{Finding, Place};
    use super::{Colour, finding, json, summary};

    fn example() -> Finding {
        let place = Place {
            file: "a.conf".into(),
            line: 12,
            column: 2,
            length: 3,
            text: "\tabc=\u{1b}x".to_owned(),
        };
        Finding::warning("unknown-key", "no such \"key\"", Some(place)).suggest(Some("abd"))
    }

    #[test]
    fn the_piece_meant_is_underlined_also_after_tabs() {
        assert_eq!(
            finding(&example(), Colour::Plain),
            "warning[unknown-key]: no such \"key\"\n\
             \x20 --> a.conf:12:2\n\
             \x20  |\n\
             12 | \tabc=\u{fffd}x\n\
             \x20  | \t^^^\n\
             \x20  = help: did you mean `abd`?\n"
        );
        assert!(
            finding(&example(), Colour::Ansi)
                .starts_with("\x1b[1;33mwarning[unknown-key]\x1b[0m: ")
        );
    }

    #[test]
    fn json_has_the_same_members_with_and_without_a_place() {
        let placed = example();
        let unplaced = Finding {
            place: None,
            ..example()
        };
        assert_eq!(
            json(&[placed, unplaced]),
            "{\"findings\": [\
             {\"severity\": \"warning\", \"code\": \"unknown-key\", \"message\": \"no such \\\"key\\\"\", \
             \"file\": \"a.conf\", \"line\": 12, \"column\": 2, \"length\": 3, \"text\": \"\\tabc=\\u001bx\", \
             \"suggestion\": \"abd\", \"help\": null}, \
             {\"severity\": \"warning\", \"code\": \"unknown-key\", \"message\": \"no such \\\"key\\\"\", \
             \"file\": null, \"line\": null, \"column\": null, \"length\": null, \"text\": null, \
             \"suggestion\": \"abd\", \"help\": null}], \"errors\": 0, \"warnings\": 2}"
        );
    }

    #[test]
    fn the_summary_counts_each_kind() {
        let error = Finding::error("x", "y", None);
        assert_eq!(summary(&[]), "nothing to complain about");
        assert_eq!(summary(std::slice::from_ref(&error)), "1 error");
        assert_eq!(
            summary(&[error, example(), example()]),
            "1 error, 2 warnings"
        );
    }
}
