//! `supervisord manual`: the manual pages, made from the tables and help texts that the programs themselves use. The
//! release puts them into the package; on a machine that has the executable alone,
//! `supervisord manual supervisord.conf | man -l -` shows them.
//!
//! The page of supervisorctl is made by `supervisorctl completions man`, from tables that are its own.

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use bstr::BStr;

use super::sections::SECTIONS;
use super::words::WORDS;
use super::{FAILED, markdown, pidproxy, sample};
use crate::config::command_line;
use crate::config::options::Described;

/// Runs the words after `manual`.
pub fn run(words: &[OsString]) -> ExitCode {
    let page = match words {
        [name] => name.to_str().and_then(page),
        _ => None,
    };
    let Some(page) = page else {
        eprintln!("Usage: supervisord manual {}", PAGES.join("|"));
        return ExitCode::from(FAILED);
    };
    match std::io::stdout().write_all(page.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Error: {error}");
            ExitCode::FAILURE
        }
    }
}

const PAGES: [&str; 5] = [
    "supervisord",
    "supervisord.conf",
    "pidproxy",
    "echo_supervisord_conf",
    "configuration.md",
];

fn page(name: &str) -> Option<String> {
    match name {
        "supervisord" => Some(daemon()),
        "supervisord.conf" => Some(configuration()),
        "pidproxy" => Some(small(name, &pidproxy::help(name))),
        "echo_supervisord_conf" => Some(small(name, sample::HELP)),
        "configuration.md" => Some(markdown::configuration()),
        _ => None,
    }
}

fn daemon() -> String {
    let mut text = head(
        "supervisord",
        8,
        "run programs, keep them running, and let them be controlled",
    );
    text += ".SH SYNOPSIS\n.B supervisord\n[\\fIoptions\\fR]\n.br\n.B supervisord\n\\fIword\\fR [\\fIarguments\\fR]\n\
             .SH DESCRIPTION\n";
    text += &paragraph(
        "supervisord starts the programs of its configuration, starts them again when they end, keeps what they write, \
         and tells and does over sockets what clients such as supervisorctl ask. Without -n it goes into the background, \
         unless it is process 1.",
    );
    text += ".SH OPTIONS\n";
    let help = command_line::help(BStr::new("supervisord"));
    for (names, meaning) in help
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(" -- "))
    {
        text += &entry(names, meaning);
    }
    text += ".SH WORDS\nOnly \\-c and \\-\\-env\\-file may stand before a word.\n";
    for (word, meaning) in WORDS {
        text += &entry(word, meaning);
    }
    text += "Under the name of a link, such as supervisorctl, pidproxy or echo_supervisord_conf, it is that program.\n\
             .SH SIGNALS\n";
    for (names, meaning) in [
        ("SIGTERM, SIGINT, SIGQUIT", "stop everything, and end"),
        (
            "SIGHUP",
            "stop everything, read the configuration anew, and start",
        ),
        ("SIGUSR2", "open the logs anew"),
    ] {
        text += &entry(names, meaning);
    }
    text += ".SH ENVIRONMENT\n";
    text += &entry(
        "NOTIFY_SOCKET",
        "where a service manager is told that supervisord is ready, reloading or stopping, and how many processes run; \
         children inherit it",
    );
    text += ".SH EXIT STATUS\n.nf\n\
             0   it was told to end\n\
             1   it could not start: a log, or something of the system\n\
             2   it could not start: the command line, the configuration, a socket, the user\n\
             .fi\n.SH FILES\n\
             Without \\fB\\-c\\fR the first of these is read:\n.nf\n\
             \\&../etc/supervisord.conf and ../supervisord.conf (from the folder of the program)\n\
             \\&./supervisord.conf\n\\&./etc/supervisord.conf\n/etc/supervisord.conf\n/etc/supervisor/supervisord.conf\n\\&./supervisord.ini\n\
             .fi\n.SH SEE ALSO\n.BR supervisorctl (1),\n.BR supervisord.conf (5),\n.BR pidproxy (1)\n";
    text
}

fn configuration() -> String {
    let mut text = head("supervisord.conf", 5, "the configuration of supervisord");
    text += ".SH DESCRIPTION\n";
    text += &paragraph(
        "A section begins with its name in brackets, an option is name=value on a line of its own, and a line that \
         begins with a blank continues the one before. A comment begins with ; or #, at the beginning of a line or \
         after a blank. %(ENV_X)s stands for the variable X, %(here)s for the folder of the file, %(program_name)s, \
         %(group_name)s and %(process_num)d in a program for what they say; a percent sign is written %%. Options with \
         (+) are not in Python's Supervisor, which ignores them.",
    );
    text += ".SH SECTIONS\n";
    for section in SECTIONS {
        text += &format!(".SS [{}]\n", escaped(section.header));
        text += &paragraph(section.about);
        for row in section.options() {
            text += &option(row, "");
        }
        for row in section.own_options() {
            text += &option(row, " (+)");
        }
    }
    text += ".SH SEE ALSO\n.BR supervisord (8),\n.BR supervisorctl (1)\n";
    text
}

fn option(row: &dyn Described, mark: &str) -> String {
    let name = format!("{}{mark}", row.name());
    let help = row.help();
    match row.default_text() {
        Some(default) if !default.is_empty() => entry(&name, &format!("{help} Default: {default}")),
        _ => entry(&name, help),
    }
}

/// A program whose help says it all: its first line is `name -- what it is for.`
fn small(name: &str, help: &str) -> String {
    let (first, rest) = help.split_once('\n').unwrap_or((help, ""));
    let purpose = first
        .split_once(" -- ")
        .map_or(first, |(_, purpose)| purpose);
    let mut text = head(name, 1, purpose.trim_end_matches('.'));
    text += ".SH DESCRIPTION\n.nf\n";
    for line in rest.trim().lines() {
        text += &escaped(line);
        text.push('\n');
    }
    text + ".fi\n.SH SEE ALSO\n.BR supervisord (8)\n"
}

fn head(name: &str, section: u8, purpose: &str) -> String {
    format!(
        ".\\\" Made by `supervisord manual {name}`; do not edit.\n.TH {} {section}\n.SH NAME\n{} \\- {}\n",
        escaped(&name.to_uppercase()),
        escaped(name),
        escaped(purpose)
    )
}

fn entry(head: &str, meaning: &str) -> String {
    format!(".TP\n\\fB{}\\fR\n{}\n", escaped(head), escaped(meaning))
}

fn paragraph(text: &str) -> String {
    escaped(text) + "\n"
}

/// For roff: a hyphen stays one, and a line is never taken for a request.
fn escaped(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let line = line.replace('\\', "\\e").replace('-', "\\-");
        match line.starts_with(['.', '\'']) {
            true => format!("\\&{line}"),
            false => line,
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::{PAGES, page};

    #[test]
    fn every_page_is_there_and_no_line_is_taken_for_a_request_that_is_none() {
        for name in PAGES.into_iter().filter(|name| !name.ends_with(".md")) {
            let text = page(name).expect("one of ours");
            assert!(text.contains(".SH NAME\n"), "{name}");
            let mut requests = text.lines().filter_map(|line| line.strip_prefix('.'));
            assert!(
                requests
                    .all(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '\\')),
                "{name}"
            );
        }
        assert_eq!(page("nothing"), None);
    }

    #[test]
    fn the_pages_say_what_the_tables_say() {
        let daemon = page("supervisord").expect("one of ours");
        assert!(daemon.contains("\\fB\\-c/\\-\\-configuration FILENAME\\fR\n"));
        let configuration = page("supervisord.conf").expect("one of ours");
        assert!(configuration.contains(".SS [fcgi\\-program:x]\n"));
        assert!(configuration.contains("\\fBstartretries\\fR\n"));
    }
}
