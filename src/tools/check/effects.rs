//! Options that are read and then change nothing.

use bstr::{BStr, ByteSlice};

use super::finding::{Finding, Place};
use super::names::Kind;
use super::shape::plain;
use crate::config::ini::Document;
use crate::config::options::program::{self, StreamRows};
use crate::config::options::{extensions, server, supervisord};
use crate::config::types::Autorestart;
use crate::config::value;

/// All of them, section by section.
pub fn check(document: &Document) -> Vec<Finding> {
    let mut findings = not_in_included_files(document);
    for section in document.sections() {
        let options = Options {
            document,
            section: &section,
        };
        findings.extend(match Kind::of(&section) {
            Some(Kind::Supervisord) => options.of_supervisord(),
            Some(kind) if kind.makes_processes() => {
                let mut findings = options.of_processes(kind);
                findings.extend(options.of_extensions(kind));
                findings
            }
            _ => Vec::new(),
        });
    }
    findings
}

/// One section's own texts.
struct Options<'a> {
    document: &'a Document,
    section: &'a str,
}

impl Options<'_> {
    fn is_set(&self, key: &str) -> bool {
        self.document.occurrence(self.section, Some(key)).is_some()
    }

    /// The text of an option that is no template.
    fn text(&self, key: &str) -> Option<String> {
        let value = self.document.get(self.section, key)?;
        plain(value.as_bstr()).map(str::to_owned)
    }

    fn is_true(&self, key: &str) -> bool {
        let text = self.text(key);
        text.is_some_and(|text| value::boolean(BStr::new(&text)) == Ok(true))
    }

    fn is_zero(&self, key: &str) -> bool {
        let text = self.text(key);
        text.is_some_and(|text| value::byte_size(BStr::new(&text)) == Ok(0))
    }

    /// One finding for each of the keys that is there.
    fn idle(&self, keys: &[&str], because: &str) -> Vec<Finding> {
        let set = keys.iter().filter(|key| self.is_set(key));
        set.map(|key| {
            let message = format!("`{key}` has no effect: {because}");
            let place = Place::key(self.document, self.section, key);
            Finding::warning("no-effect", message, place)
        })
        .collect()
    }

    /// SUP-001, SUP-002, SUP-006, SUP-014
    fn of_supervisord(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        if self.is_true(supervisord::NODAEMON.name) {
            let keys = [supervisord::UMASK.name, supervisord::DIRECTORY.name];
            findings
                .extend(self.idle(&keys, "it counts when supervisord goes into the background"));
        }
        let backups = supervisord::LOGFILE_BACKUPS.name;
        let maxbytes = supervisord::LOGFILE_MAXBYTES.name;
        if self.text(supervisord::LOGFILE.name).as_deref() == Some("syslog") {
            findings.extend(self.idle(&[maxbytes, backups], "the log goes to syslog"));
        } else if self.is_zero(maxbytes) {
            findings.extend(self.idle(&[backups], "the log is never rotated"));
        }
        findings
    }

    fn of_processes(&self, kind: Kind) -> Vec<Finding> {
        let mut findings = self.of_stream(&program::STDOUT);
        if kind == Kind::EventListener {
            // ELC-008
            let stdout = &program::STDOUT;
            let keys = [
                stdout.capture_maxbytes.name,
                stdout.events_enabled.name,
                stdout.syslog.name,
            ];
            findings.extend(self.idle(&keys, "a listener's stdout carries the protocol"));
        }
        if self.is_true(program::REDIRECT_STDERR.name) {
            let stderr = &program::STDERR;
            // About the file itself the daemon has a message.
            let keys = [
                stderr.maxbytes.name,
                stderr.backups.name,
                stderr.capture_maxbytes.name,
                stderr.events_enabled.name,
                stderr.syslog.name,
            ];
            findings.extend(self.idle(&keys, "redirect_stderr sends stderr to stdout"));
        } else {
            findings.extend(self.of_stream(&program::STDERR));
        }
        if kind == Kind::FcgiProgram && self.is_in_group() {
            // NAM-012
            let keys = [
                server::SOCKET.name,
                server::SOCKET_BACKLOG.name,
                server::SOCKET_OWNER.name,
                server::SOCKET_MODE.name,
            ];
            findings.extend(self.idle(&keys, "in a [group:x] this is a program without a socket"));
        }
        findings
    }

    /// Companions of an option that is not there.
    fn of_extensions(&self, kind: Kind) -> Vec<Finding> {
        let is_given = |key| {
            let text = self.document.get(self.section, key);
            text.is_some_and(|text| !text.is_empty())
        };
        let mut findings = Vec::new();
        for (wanted, companions) in COMPANIONS {
            if !wanted.iter().any(|key| is_given(key)) {
                let because = format!("it belongs to {}, which is not set", wanted.join(" or "));
                findings.extend(self.idle(companions, &because));
            }
        }
        let watch = extensions::RESTART_WHEN_BINARY_CHANGED.name;
        if !self.is_true(watch) {
            let keys = [
                extensions::RESTART_CMD_WHEN_BINARY_CHANGED.name,
                extensions::RESTART_SIGNAL_WHEN_BINARY_CHANGED.name,
            ];
            findings.extend(self.idle(&keys, &format!("{watch} is not true")));
        }
        for (command, signal) in [
            (
                &extensions::RESTART_CMD_WHEN_BINARY_CHANGED,
                &extensions::RESTART_SIGNAL_WHEN_BINARY_CHANGED,
            ),
            (
                &extensions::RESTART_CMD_WHEN_FILE_CHANGED,
                &extensions::RESTART_SIGNAL_WHEN_FILE_CHANGED,
            ),
        ] {
            if is_given(command.name) {
                let because = format!("{} comes before it", command.name);
                findings.extend(self.idle(&[signal.name], &because));
            }
        }
        findings.extend(self.job_that_never_ends());
        if kind == Kind::EventListener {
            let keys = [extensions::STDOUT_LOG_FORMAT.name];
            findings.extend(self.idle(&keys, "a listener's stdout carries the protocol"));
        }
        findings
    }

    /// GO-223
    fn job_that_never_ends(&self) -> Option<Finding> {
        let key = extensions::CRON.name;
        let is_job = self.text(key).is_some_and(|text| !text.is_empty());
        let autorestart = self.text(program::AUTORESTART.name)?;
        let always = value::autorestart(BStr::new(&autorestart)) == Ok(Autorestart::Always);
        (is_job && always).then(|| {
            let message =
                "`cron` starts a program that autorestart=true starts again whenever it ends";
            let place = Place::value(self.document, self.section, key);
            Finding::warning("schedule", message, place)
                .help("autostart=false and autorestart=false make a job of it")
        })
    }

    fn of_stream(&self, rows: &StreamRows) -> Vec<Finding> {
        let (maxbytes, backups) = (rows.maxbytes.name, rows.backups.name);
        match self.text(rows.logfile.name).map(|text| text.to_lowercase()) {
            Some(none) if matches!(none.as_str(), "none" | "off" | "syslog") => {
                self.idle(&[maxbytes, backups], "there is no log file")
            }
            _ if self.is_zero(maxbytes) => self.idle(&[backups], "the log is never rotated"),
            _ => Vec::new(),
        }
    }

    fn is_in_group(&self) -> bool {
        let own = self.section.split_once(':').map_or("", |(_, name)| name);
        let sections = self.document.sections();
        sections
            .iter()
            .filter(|section| Kind::of(section) == Some(Kind::Group))
            .filter_map(|section| self.document.get(section, server::PROGRAMS.name))
            .any(|programs| {
                value::list_of_strings(programs.as_bstr())
                    .iter()
                    .any(|name| name == own)
            })
    }
}

/// Options of which one must be set, and those that mean nothing without.
const COMPANIONS: [(&[&str], &[&str]); 5] = [
    (
        &[extensions::LIVENESS_CHECK_SCRIPT.name],
        &[
            extensions::LIVENESS_CHECK_INITIAL_DELAY.name,
            extensions::LIVENESS_CHECK_PERIOD.name,
            extensions::LIVENESS_CHECK_TIMEOUT.name,
            extensions::LIVENESS_CHECK_SUCCESS_THRESHOLD.name,
            extensions::LIVENESS_CHECK_FAILURE_THRESHOLD.name,
            extensions::LIVENESS_CHECK_SUCCESS_ACTION.name,
            extensions::LIVENESS_CHECK_FAILURE_ACTION.name,
        ],
    ),
    (
        &[extensions::RESTART_DIRECTORY_MONITOR.name],
        &[
            extensions::RESTART_FILE_PATTERN.name,
            extensions::RESTART_CMD_WHEN_FILE_CHANGED.name,
            extensions::RESTART_SIGNAL_WHEN_FILE_CHANGED.name,
        ],
    ),
    (
        &[
            extensions::PRE_START_HOOK.name,
            extensions::POST_START_HOOK.name,
            extensions::PRE_STOP_HOOK.name,
            extensions::POST_STOP_HOOK.name,
            // What these run keeps to it, too.
            extensions::LIVENESS_CHECK_SCRIPT.name,
            extensions::RESTART_WHEN_BINARY_CHANGED.name,
            extensions::RESTART_DIRECTORY_MONITOR.name,
        ],
        &[extensions::HOOK_TIMEOUT.name],
    ),
    (
        &[extensions::PRE_START_HOOK.name],
        &[extensions::PRE_START_HOOK_REQUIRED.name],
    ),
    (&[program::USER.name], &[extensions::USER_ENVIRONMENT.name]),
];

/// INC-001, PLG-007
fn not_in_included_files(document: &Document) -> Vec<Finding> {
    let Some(main) = document.sources().first() else {
        return Vec::new();
    };
    let headers = document
        .occurrences()
        .iter()
        .filter(|found| found.key.is_none());
    headers
        .filter(|found| found.position.file != main.name)
        .filter_map(|found| {
            let why = match Kind::of(&found.section)? {
                Kind::Include => "only the main file can include others",
                Kind::Supervisorctl | Kind::CtlPlugin => "supervisorctl reads the main file only",
                _ => return None,
            };
            let message = format!("[{}] has no effect here: {why}", found.section);
            let place = Place::of_name(document, found);
            Some(Finding::warning("no-effect", message, Some(place)))
        })
        .collect()
}
