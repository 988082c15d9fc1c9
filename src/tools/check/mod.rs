//! `supervisord check`: everything that is wrong or doubtful in a configuration, each with its place.
//!
//! Errors are what supervisord would refuse, found by `config/survey.rs` and told in the daemon's words (`faults.rs`).
//! Warnings are found here: unknown names (`names.rs`), lines that the dialect takes differently than they look
//! (`shape.rs`), options without effect (`effects.rs`), doubtful values (`values.rs`), and what shows only in the whole
//! (`whole.rs`). Nothing is started and nothing is written.

mod effects;
mod faults;
mod finding;
mod names;
mod nearest;
mod render;
mod shape;
mod values;
mod whole;

#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use bstr::BString;
use clap::Parser;

use self::finding::{Finding, Severity};
use self::render::Colour;
use super::{ConfigFile, FAILED};
use crate::config::command_line::CommandLine;
use crate::config::context::LoadContext;
use crate::config::survey::{MOST_FAULTS, survey};

/// Say everything that is wrong or doubtful in a configuration
///
/// Reads a configuration file with everything it includes, as supervisord would, but does not stop at the first
/// mistake. Nothing is started, and no file is changed.
///
/// Errors are what supervisord refuses. Warnings are what it accepts and what is probably not meant: sections and
/// options that nobody reads, options without effect, lines that are taken differently than they look, values
/// that do not do what they seem to.
///
/// What depends on the machine and the user (directories, users, variables as %(ENV_NAME)s) is judged as seen by
/// whoever runs the check.
#[derive(Parser)]
#[command(
    name = "supervisord check",
    verbatim_doc_comment,
    after_long_help = "\
Exit status:
  0  supervisord accepts the file (with --strict: and there is nothing to warn of)
  1  there are warnings, and --strict was given
  2  there are errors, or no file to read

Examples:
  supervisord check -c supervisord.conf
  supervisord check --strict --json -c supervisord.conf | jq '.findings[].message'

Colours are used on a terminal, unless the variable NO_COLOR is set."
)]
struct Arguments {
    #[command(flatten)]
    file: ConfigFile,
    /// Print one JSON object: findings (with severity, code, message, file, line, column, length, text, suggestion,
    /// help), errors, warnings
    #[arg(long)]
    json: bool,
    /// Take warnings as a failure
    #[arg(long)]
    strict: bool,
}

/// Runs the words after `check`.
pub fn run(argv0: BString, words: &[OsString]) -> ExitCode {
    let arguments: Arguments = match super::parse("supervisord check", words) {
        Ok(arguments) => arguments,
        Err(code) => return code,
    };
    let context = match arguments.file.context(argv0) {
        Ok(context) => context,
        Err(error) => {
            eprintln!("Error: {error}");
            return ExitCode::from(FAILED);
        }
    };
    let findings = check(arguments.file.given(), &context);
    let text = if arguments.json {
        render::json(&findings) + "\n"
    } else {
        report(&findings, colour())
    };
    if let Err(error) = io::stdout().write_all(text.as_bytes()) {
        eprintln!("Error: {error}");
        return ExitCode::from(FAILED);
    }
    ExitCode::from(status(&findings, arguments.strict))
}

fn colour() -> Colour {
    let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if io::stdout().is_terminal() && !unwanted {
        Colour::Ansi
    } else {
        Colour::Plain
    }
}

fn report(findings: &[Finding], colour: Colour) -> String {
    let mut text: String = findings
        .iter()
        .map(|finding| render::finding(finding, colour) + "\n")
        .collect();
    text.push_str(&render::summary(findings));
    text.push('\n');
    text
}

fn status(findings: &[Finding], strict: bool) -> u8 {
    let has = |severity| findings.iter().any(|found| found.severity == severity);
    if has(Severity::Error) {
        FAILED
    } else {
        u8::from(strict && has(Severity::Warning))
    }
}

/// All findings: errors in the order in which supervisord would stop at them, then warnings in the order of the files.
fn check(file: Option<BString>, context: &LoadContext) -> Vec<Finding> {
    let command_line = CommandLine {
        config_file: file,
        ..CommandLine::default()
    };
    let survey = survey(&command_line, context);
    let document = &survey.document;
    let mut findings: Vec<Finding> = survey
        .faults
        .iter()
        .flat_map(|fault| faults::findings(document, fault))
        .collect();
    if survey.faults.len() >= MOST_FAULTS {
        let message = "there may be more errors; these are enough for once";
        findings.push(Finding::error("more", message, None));
    }

    let mut warnings = names::check(document);
    warnings.extend(shape::check(document));
    warnings.extend(effects::check(document));
    warnings.extend(values::check(document, context));
    warnings.extend(whole::check(&survey, context));
    // An error says enough about its value; a value of [DEFAULT] is complained about once.
    let mut seen: Vec<Finding> = Vec::new();
    for warning in warnings {
        let is_told = findings.iter().any(|error| {
            let places = warning.place.as_ref().zip(error.place.as_ref());
            places.is_some_and(|(place, of_error)| place.is_within(of_error))
        });
        if !is_told && !seen.contains(&warning) {
            seen.push(warning);
        }
    }
    let order = |finding: &Finding| {
        let place = finding.place.as_ref()?;
        let mut sources = document.sources().iter();
        let file = sources.position(|source| source.name == place.file)?;
        Some((file, place.line, place.column))
    };
    seen.sort_by_key(order);
    findings.append(&mut seen);
    findings
}
