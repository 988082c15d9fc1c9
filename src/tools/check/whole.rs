//! What shows only when everything is put together: files, servers, groups, and what the daemon itself would log.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;

use bstr::{BStr, ByteSlice};

use super::finding::{Finding, Place, occurrence};
use super::names::Kind;
use crate::config::context::LoadContext;
use crate::config::ini::{Document, Occurrence};
use crate::config::options::{program, server};
use crate::config::survey::Survey;
use crate::config::types::{Config, ServerAddress, ServerConfig};

/// All of it.
pub fn check(survey: &Survey, context: &LoadContext) -> Vec<Finding> {
    let document = &survey.document;
    let mut findings = log_lines(survey);
    findings.extend(unreadable(document));
    findings.extend(readable_passwords(document, context));
    for fault in &survey.client_faults {
        let mut of_client = super::faults::findings(document, fault);
        for finding in &mut of_client {
            finding.severity = super::finding::Severity::Warning;
            finding.message = format!("supervisorctl refuses this: {}", finding.message);
        }
        findings.append(&mut of_client);
    }
    if let Some(config) = &survey.config {
        findings.extend(
            config
                .servers
                .iter()
                .filter_map(|server| open_server(document, server)),
        );
        findings.extend(
            config
                .servers
                .iter()
                .filter_map(|server| half_protected(document, server)),
        );
        if survey.faults.is_empty() {
            findings.extend(unreachable(survey, config));
        }
        findings.extend(same_names(document, config));
    }
    findings
}

/// The warnings that a start would leave in the log.
fn log_lines(survey: &Survey) -> Vec<Finding> {
    let document = &survey.document;
    let messages = &survey.messages;
    let own = messages.own_warnings.iter();
    let warnings = messages.warnings.iter();
    warnings
        .chain(own.filter(|line| line.starts_with("For [")))
        .map(|line| {
            let about = line
                .strip_prefix("For [")
                .and_then(|rest| rest.split_once("], "));
            if let Some((section, rest)) = about {
                let rows = [&program::STDERR, &program::STDOUT];
                let named = rows.iter().find(|rows| rest.contains(rows.logfile.name));
                let place = named
                    .and_then(|rows| Place::value(document, section, rows.logfile.name))
                    .or_else(|| Place::key(document, section, rest.split(' ').next()?))
                    .or_else(|| Place::header(document, section));
                return Finding::warning("start-up", line, place);
            }
            Finding::warning("include", line, include_place(document, line))
        })
        .collect()
}

/// The pattern that ends as the path in the message does.
fn include_place(document: &Document, line: &str) -> Option<Place> {
    let path = line.trim_end_matches('"');
    let patterns = include_patterns(document)?;
    let lines = &patterns.lines;
    let word = lines
        .iter()
        .flat_map(|line| line.text.split_whitespace())
        .find(|word| path.ends_with(*word));
    Some(Place::word_of(document, patterns, word.unwrap_or_default()))
}

/// Those of the main file, which alone count (INC-001).
fn include_patterns(document: &Document) -> Option<&Occurrence> {
    let main = document.sources().first()?;
    document.occurrences().iter().rev().find(|found| {
        found.section == "include"
            && found.key.as_deref() == Some(server::FILES.name)
            && found.position.file == main.name
    })
}

/// INC-009, QRK-039
fn unreadable(document: &Document) -> Vec<Finding> {
    let files = document.unreadable().iter();
    files
        .map(|file| {
            let message = format!(
                "{} matches [include] and cannot be read",
                file.to_str_lossy()
            );
            let place = include_patterns(document).map(|found| Place::of_value(document, found));
            Finding::warning("include", message, place)
        })
        .collect()
}

/// Passwords in clear text that every user of the machine can read.
fn readable_passwords(document: &Document, context: &LoadContext) -> Vec<Finding> {
    const READ_BY_OTHERS: u32 = 0o004;
    let key = server::PASSWORD.name;
    let readable = |file: &BStr| {
        let path = context.cwd.join(file.to_path_lossy());
        std::fs::metadata(path).is_ok_and(|found| found.permissions().mode() & READ_BY_OTHERS != 0)
    };
    let mut findings = Vec::new();
    for section in document.sections() {
        let protects = matches!(
            Kind::of(&section),
            Some(Kind::UnixServer | Kind::InetServer | Kind::Supervisorctl)
        );
        let (Some(found), Some(password)) = (
            occurrence(document, &section, key),
            document.get(&section, key),
        ) else {
            continue;
        };
        let is_clear = !password.is_empty()
            && !password.starts_with(b"{SHA}")
            && !password.contains_str("%(ENV_");
        let file = &found.position.file;
        if protects && is_clear && readable(file.as_bstr()) {
            let message = format!("everybody can read the password in {}", file.to_str_lossy());
            let place = Place::key(document, &section, key);
            findings.push(Finding::warning("readable-password", message, place).help(
                "chmod o-r the file, or take the password from the environment with %(ENV_NAME)s",
            ));
        }
    }
    findings
}

/// A server that does what anybody says.
fn open_server(document: &Document, server: &ServerConfig) -> Option<Finding> {
    const WRITTEN_BY_OTHERS: u32 = 0o002;
    if server
        .username
        .as_ref()
        .is_some_and(|name| !name.is_empty())
    {
        return None;
    }
    let (what, key) = match &server.address {
        ServerAddress::Inet { host, .. } => {
            let is_local = host == "localhost" || host.starts_with("127.");
            if is_local {
                return None;
            }
            ("everybody who can reach this port", server::PORT.name)
        }
        ServerAddress::Unix { mode, .. } if mode & WRITTEN_BY_OTHERS != 0 => {
            ("every user of this machine", server::CHMOD.name)
        }
        ServerAddress::Unix { .. } => return None,
    };
    let message = format!(
        "{what} can run commands through [{}]: it has no password",
        server.section
    );
    let place = Place::value(document, &server.section, key)
        .or_else(|| Place::header(document, &server.section));
    Some(Finding::warning("open-server", message, place))
}

/// One of the two empty: as in the reference an empty name protects nothing, whatever the password is (SRV-005, GO-262).
fn half_protected(document: &Document, server: &ServerConfig) -> Option<Finding> {
    let is_empty = |text: &Option<String>| text.as_ref().is_none_or(String::is_empty);
    let (key, problem) = match (is_empty(&server.username), is_empty(&server.password)) {
        (true, false) => (
            server::USERNAME.name,
            "the user name is empty, so nobody is asked for the password",
        ),
        (false, true) => (server::PASSWORD.name, "the password is empty"),
        (true, true) | (false, false) => return None,
    };
    let message = format!("[{}]: {problem}", server.section);
    let place = Place::key(document, &server.section, key);
    Some(Finding::warning("half-protected", message, place))
}

/// `[supervisorctl]` that looks where no server of this file is.
fn unreachable(survey: &Survey, config: &Config) -> Option<Finding> {
    let url = &survey.client.as_ref()?.serverurl;
    let document = &survey.document;
    let key = server::CTL_SERVERURL.name;
    let place = Place::value(document, "supervisorctl", key)
        .or_else(|| Place::header(document, "supervisorctl"));
    let serves = |server: &ServerConfig| match &server.address {
        ServerAddress::Unix { path, .. } => *url == format!("unix://{}", path.display()),
        ServerAddress::Inet { port, .. } => {
            url.trim_end_matches('/').ends_with(&format!(":{port}"))
        }
    };
    let elsewhere =
        url.starts_with("http") && !url.contains("//localhost") && !url.contains("//127.");
    if elsewhere || config.servers.iter().any(serves) {
        return None;
    }
    let message =
        format!("supervisorctl will look at {url}, where no server of this configuration listens");
    Some(Finding::warning("unreachable", message, place))
}

/// Of two groups, or two processes of a group, with one name only one is there (NAM-013, NAM-014).
fn same_names(document: &Document, config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut groups = BTreeSet::new();
    for group in &config.groups {
        let name = &group.name;
        let place = || {
            let sections = document.sections();
            let own = sections.iter().find(|section| {
                let own = section.split_once(':').map(|(_, own)| own.trim());
                Kind::of(section).is_some() && own == Some(name)
            })?;
            Place::header(document, own)
        };
        if !groups.insert(name) {
            let message = format!("two groups are called {name}; only one of them will be there");
            findings.push(Finding::warning("same-name", message, place()));
        }
        let mut processes = BTreeSet::new();
        let twice = group
            .processes
            .iter()
            .find(|process| !processes.insert(&process.name));
        if let Some(process) = twice {
            let message = format!(
                "two processes of the group {name} are called {}; only one of them will run",
                process.name
            );
            findings.push(Finding::warning("same-name", message, place()));
        }
    }
    findings
}
