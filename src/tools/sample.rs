//! `echo_supervisord_conf`: a configuration to start from, with every option explained (EXE-001, EXE-002).
//!
//! Which options it shows, in which order and with which values, is written here, and is what the reference's sample has:
//! people edit the output with scripts. What an option means and what its default is comes from its row in
//! `config/options/`, so the sample cannot disagree with what is read.

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use crate::config::ini::PROGRAM_DEFAULT;
use crate::config::options::{Described, Table, extensions, program, server, supervisord};

/// Prints the sample. Words are ignored, as in the reference, but for `--help`.
pub fn run(mut words: impl Iterator<Item = OsString>) -> ExitCode {
    let text = if words.any(|word| word == "--help") {
        HELP.to_owned()
    } else {
        sample()
    };
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cannot write the sample: {error}");
            ExitCode::FAILURE
        }
    }
}

pub(super) const HELP: &str = "\
echo_supervisord_conf -- print a sample configuration of supervisord.

Usage: echo_supervisord_conf > supervisord.conf

The sample works as it is: it makes a supervisord that keeps its files under /tmp, listens on the
socket /tmp/supervisor.sock and has no programs yet. Every other option is there too, commented
out with its default, and explained. Other arguments are ignored.

Afterwards:
  supervisord check -c supervisord.conf    says what is wrong with the edited file
  supervisord -n -c supervisord.conf       runs it in the foreground
";

/// A section of the sample.
struct Section {
    header: &'static str,
    /// Commented out, with all its options.
    off: bool,
    about: &'static str,
    tables: &'static [Table],
    /// `name` (with the default of its row) or `name=value`; a `;` in front comments the option out.
    lines: &'static [&'static str],
}

const INTRODUCTION: &str = "\
Sample supervisor config file.

An option is `name=value` on a line of its own. Good to know:
 - A comment after a value needs a blank before its semicolon or hash sign. Such a comment ends any value,
   also within quotes: command=sh -c 'a ; b' runs sh -c 'a.
 - Quotes stay part of a value. Only environment= knows them, and the words of command=.
 - Neither $HOME nor ~ is expanded in values like environment=; %(ENV_HOME)s is, nearly everywhere.
   A percent sign itself is written %%.
 - `supervisord check -c FILE` reports every mistake in a file at once.

The paths below are in /tmp, since every system has it. Better places are elsewhere: many systems clear /tmp
from time to time, and without the socket file supervisorctl does not find its supervisord any more.";

const SECTIONS: &[Section] = &[
    Section {
        header: "unix_http_server",
        off: false,
        about: "The socket on which supervisord waits for supervisorctl and other clients of this machine.",
        tables: &[server::UNIX_SERVER_TABLE],
        lines: &[
            "file=/tmp/supervisor.sock",
            ";chmod=0700",
            ";chown=nobody:nogroup",
            ";username=user",
            ";password=123",
        ],
    },
    Section {
        header: "inet_http_server",
        off: true,
        about: "The same over TCP. Whoever reaches this port and knows the password, if there is one, can run any \
                command as any user of\nthese programs, and all of it travels in clear text: keep it to the loopback \
                interface or to a network you trust.",
        tables: &[server::INET_SERVER_TABLE],
        lines: &[";port=127.0.0.1:9001", ";username=user", ";password=123"],
    },
    Section {
        header: "supervisord",
        off: false,
        about: "The daemon itself.",
        tables: &[supervisord::TABLE],
        lines: &[
            "logfile=/tmp/supervisord.log",
            "logfile_maxbytes",
            "logfile_backups",
            "loglevel",
            "pidfile=/tmp/supervisord.pid",
            "nodaemon",
            "silent",
            "minfds",
            "minprocs",
            ";umask",
            ";user=supervisord",
            ";identifier",
            ";directory=/tmp",
            ";nocleanup=true",
            ";childlogdir=/tmp",
            ";environment=KEY=\"value\"",
            ";strip_ansi",
        ],
    },
    Section {
        header: "rpcinterface:supervisor",
        off: false,
        about: "The methods for clients. Python's Supervisor serves none without this section.",
        tables: &[server::RPC_INTERFACE_TABLE],
        lines: &[
            "supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface",
        ],
    },
    Section {
        header: "supervisorctl",
        off: false,
        about: "What supervisorctl reads: the address, and if it is protected the name and password, of one of the \
                servers above.",
        tables: &[server::CTL_TABLE],
        lines: &[
            "serverurl=unix:///tmp/supervisor.sock",
            ";serverurl=http://127.0.0.1:9001",
            ";username=chris",
            ";password=123",
            ";prompt=mysupervisor",
            ";history_file=~/.sc_history",
        ],
    },
    Section {
        header: "program:theprogramname",
        off: true,
        about: "A program. Each has a section of its own, with a name of its own; only command= is required.",
        tables: &[program::TABLE],
        lines: &[
            ";command=/bin/cat",
            ";process_name",
            ";numprocs",
            ";directory=/tmp",
            ";umask=022",
            ";priority",
            ";autostart",
            ";startsecs",
            ";startretries",
            ";autorestart",
            ";exitcodes",
            ";stopsignal",
            ";stopwaitsecs",
            ";stopasgroup",
            ";killasgroup=false",
            ";user=nobody",
            ";redirect_stderr",
            ";stdout_logfile",
            ";stdout_logfile_maxbytes",
            ";stdout_logfile_backups",
            ";stdout_capture_maxbytes",
            ";stdout_events_enabled",
            ";stdout_syslog",
            ";stderr_logfile",
            ";stderr_logfile_maxbytes",
            ";stderr_logfile_backups",
            ";stderr_capture_maxbytes",
            ";stderr_events_enabled",
            ";stderr_syslog",
            ";environment=A=\"1\",B=\"2\"",
            ";serverurl=AUTO",
        ],
    },
    Section {
        header: "eventlistener:theeventlistenername",
        off: true,
        about: "A program that is told what happens: it reads events from its stdin and answers on its stdout.",
        tables: &[server::EVENT_LISTENER_TABLE, program::TABLE],
        lines: &[
            ";command=/bin/eventlistener",
            ";process_name",
            ";numprocs",
            ";events=EVENT",
            ";buffer_size",
            ";directory=/tmp",
            ";umask=022",
            ";priority",
            ";autostart",
            ";startsecs",
            ";startretries",
            ";autorestart",
            ";exitcodes",
            ";stopsignal",
            ";stopwaitsecs",
            ";stopasgroup",
            ";killasgroup=false",
            ";user=nobody",
            ";redirect_stderr",
            ";stdout_logfile",
            ";stdout_logfile_maxbytes",
            ";stdout_logfile_backups",
            ";stdout_events_enabled",
            ";stdout_syslog",
            ";stderr_logfile",
            ";stderr_logfile_maxbytes",
            ";stderr_logfile_backups",
            ";stderr_events_enabled",
            ";stderr_syslog",
            ";environment=A=\"1\",B=\"2\"",
            ";serverurl=AUTO",
        ],
    },
    Section {
        header: "group:thegroupname",
        off: true,
        about: "Programs that are started and stopped together, under one name.",
        tables: &[server::GROUP_TABLE],
        lines: &[";programs=progname1,progname2", ";priority"],
    },
    Section {
        header: "include",
        off: true,
        about: "Further files. They cannot include others.",
        tables: &[server::INCLUDE_TABLE],
        lines: &[";files = relative/directory/*.ini"],
    },
];

/// The whole text.
pub fn sample() -> String {
    let mut text = comment(INTRODUCTION);
    for section in SECTIONS {
        text.push_str(&section_text(section));
    }
    text
}

/// The same with every option that the reference does not have, commented out and marked (GO-081).
pub fn with_extensions() -> String {
    let mut text = comment(INTRODUCTION);
    text.push_str(";\n");
    text.push_str(&comment(&format!(
        "Options marked {MARK} are not in Python's Supervisor, which ignores them."
    )));
    for section in SECTIONS {
        text.push_str(&section_text(section));
        for row in extensions_of(section.header)
            .iter()
            .flat_map(|table| table.iter())
        {
            let explanation = format!("{MARK} {}", explanation(*row));
            let default = row.default_text().unwrap_or_default();
            text.push_str(&format!(
                "{};{}={default}\n",
                comment(&explanation),
                row.name()
            ));
        }
    }
    text.push_str(&format!(
        "\n{};[{PROGRAM_DEFAULT}]\n;autorestart=true\n",
        comment(&format!(
            "{MARK} Values for every [program:x] that does not set them itself."
        ))
    ));
    text
}

/// In front of what the reference does not have.
const MARK: &str = "(+)";

fn extensions_of(header: &str) -> &'static [Table] {
    match header {
        "inet_http_server" => &[
            server::SERVER_EXTENSION_TABLE,
            server::INET_SERVER_EXTENSION_TABLE,
        ],
        "supervisord" => &[supervisord::EXTENSION_TABLE],
        "unix_http_server" => &[server::SERVER_EXTENSION_TABLE],
        _ if header.starts_with("program:") => &[extensions::TABLE],
        _ => &[],
    }
}

fn section_text(section: &Section) -> String {
    let mut text = String::new();
    let off = if section.off { ";" } else { "" };
    text.push_str(&format!(
        "\n{}\n{off}[{}]\n",
        comment(section.about),
        section.header
    ));
    let mut explained = "";
    for line in section.lines {
        let (off, line) = match line.strip_prefix(';') {
            Some(line) => (";", line),
            None => ("", *line),
        };
        let name = line.split('=').next().unwrap_or(line).trim();
        let row = row_of(section, name);
        if explained != name
            && let Some(row) = row
        {
            text.push_str(&comment(&explanation(row)));
        }
        explained = name;
        let default = match row {
            Some(row) if !line.contains('=') => row.default_text(),
            _ => None,
        };
        match default {
            Some(default) => text.push_str(&format!("{off}{name}={default}\n")),
            None => text.push_str(&format!("{off}{line}\n")),
        }
    }
    text
}

fn row_of(section: &Section, name: &str) -> Option<&'static (dyn Described + Sync)> {
    let mut rows = section.tables.iter().flat_map(|table| table.iter());
    rows.find(|row| row.name() == name).copied()
}

fn explanation(row: &(dyn Described + Sync)) -> String {
    match row.default_text() {
        Some(default) if !default.is_empty() => format!("{} Default: {default}", row.help()),
        _ => row.help().to_owned(),
    }
}

/// Each line behind `; `.
fn comment(text: &str) -> String {
    text.lines()
        .map(|line| format!("; {line}").trim_end().to_owned() + "\n")
        .collect()
}

#[cfg(test)]
mod tests {
    use bstr::{BStr, ByteSlice};

    use super::{SECTIONS, extensions, row_of, sample, with_extensions};
    use crate::config::command_line::CommandLine;
    use crate::config::context::LoadContext;
    use crate::config::types::{Autorestart, Config, ServerAddress};

    /// As root of a machine with these users, since `user=` in the sample names some.
    fn load(name: &str, text: &str) -> Config {
        let file = std::env::temp_dir().join(format!("sample-{name}-{}.conf", std::process::id()));
        std::fs::write(&file, text).expect("a file of our own");
        let command_line = CommandLine {
            config_file: Some(file.to_string_lossy().into_owned().into()),
            ..CommandLine::default()
        };
        let context = LoadContext::of_this_process("supervisord".into()).expect("a Linux /proc");
        let config = crate::config::load(&command_line, &context);
        std::fs::remove_file(&file).expect("it was just written");
        config.unwrap_or_else(|error| panic!("{error}"))
    }

    fn uncommented(text: &str) -> String {
        text.lines()
            .map(|line| match line.strip_prefix(';') {
                Some(rest) if !rest.starts_with(' ') && !rest.is_empty() => rest.to_owned() + "\n",
                _ => line.to_owned() + "\n",
            })
            // What the machine that runs this test need not have.
            .map(|line| line.replace("user=supervisord", "user=root"))
            .map(|line| line.replace("nobody:nogroup", "root:root"))
            .map(|line| line.replace("progname1,progname2", "theprogramname"))
            .collect()
    }

    // GO-081, GO-082
    #[test]
    fn the_sample_with_extensions_marks_each_and_can_be_used() {
        let text = with_extensions();
        assert!(load("more", &text).groups.is_empty());
        assert!(!text.to_lowercase().contains("logfilemaxbytes"));
        for row in extensions::TABLE {
            let line = format!(";{}={}", row.name(), row.default_text().unwrap_or_default());
            let mut before = "";
            let marked = text.lines().any(|found| {
                let is_marked = before.starts_with("; (+) ");
                before = found;
                found == line && is_marked
            });
            assert!(marked, "{line} is not there, or not marked");
        }
        let config = load("more-all", &uncommented(&text));
        assert_eq!(config.groups.len(), 2);
        let process = &config.groups[1].processes[0];
        assert_eq!(process.extensions, None);
        assert_eq!(process.autorestart, Autorestart::Unexpected);
    }

    // EXE-002
    #[test]
    fn the_sample_makes_a_daemon_without_programs() {
        let text = sample();
        assert!(text.starts_with("; Sample supervisor config file.\n"));
        let config = load("plain", &text);
        assert!(config.groups.is_empty());
        let [server] = config.servers.as_slice() else {
            panic!("one server, not {:?}", config.servers);
        };
        assert!(
            matches!(&server.address, ServerAddress::Unix { path, .. } if path.as_os_str() == "/tmp/supervisor.sock")
        );
        assert_eq!(config.rpc_interfaces.len(), 1);
    }

    #[test]
    fn every_line_that_is_commented_out_can_be_used() {
        let text = uncommented(&sample());
        let config = load("all", &text);
        let names: Vec<&str> = config
            .groups
            .iter()
            .map(|group| group.name.as_str())
            .collect();
        assert_eq!(names, ["theeventlistenername", "thegroupname"]);
        assert_eq!(config.servers.len(), 2);
    }

    #[test]
    fn every_option_of_the_sample_is_explained_by_its_row() {
        let text = sample();
        for section in SECTIONS {
            for line in section.lines {
                let name = line.trim_start_matches(';').split('=').next().unwrap_or("");
                let row = row_of(section, name.trim());
                let row = row.unwrap_or_else(|| panic!("[{}] {line} has no row", section.header));
                assert!(text.contains(row.help()));
                assert!(
                    line.contains('=') || row.default_text().is_some(),
                    "[{}] {line} has no value",
                    section.header
                );
            }
        }
        assert!(!BStr::new(text.as_bytes()).contains_str("  \n"));
    }
}
