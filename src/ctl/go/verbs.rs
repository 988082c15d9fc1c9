//! The verbs that supervisorctl does not have, and the one that it means otherwise.

use crate::model::fault::FaultCode;
use crate::xmlrpc::Value;

use super::super::answers::CallResult;
use super::super::commands::groups::apply;
use super::super::commands::reread::reload_config;
use super::super::commands::start_stop::{Action, STARTING, STOPPING, show_results};
use super::super::commands::{Run, help};
use super::super::error::CtlError;
use super::super::exit_status::ExitStatus;
use super::super::line::words;
use super::super::names::full;
use super::super::session::Session;
use super::super::table::status_lines;
use super::super::tail::follow;

/// A verb, what it does, and its help.
struct Verb {
    name: &'static str,
    run: Run,
    help: &'static str,
}

const VERBS: [Verb; 4] = [
    Verb {
        name: "logtail",
        run: logtail,
        help: "logtail [-t stdout|stderr] [-f] <name>\n\
               \t\t\tShow the last 10240 bytes of a log, or follow it",
    },
    Verb {
        name: "reload",
        run: reload,
        help: "reload\t\t\tRead the configuration again and apply it; what did not change runs on",
    },
    Verb {
        name: "start-group",
        run: start_group,
        help: "start-group <gname> [...]\tRun the processes of groups",
    },
    Verb {
        name: "stop-group",
        run: stop_group,
        help: "stop-group <gname> [...]\tEnd the processes of groups",
    },
];

/// The verb that a line begins with, and the rest of the line. `VERB -h` asks for help (GO-011).
pub fn find(line: &str) -> Option<(Run, &str)> {
    let line = line.trim();
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    if matches!(rest, "-h" | "--help") {
        return Some((explain, word));
    }
    if word == "help" && (rest.is_empty() || verb(rest).is_some()) {
        return Some((explain, rest));
    }
    verb(word).map(|verb| (verb.run, rest))
}

fn verb(name: &str) -> Option<&'static Verb> {
    VERBS.iter().find(|verb| verb.name == name)
}

fn explain(session: &mut Session<'_>, topic: &str) -> Result<(), CtlError> {
    match verb(topic) {
        Some(verb) => session.output.line(verb.help),
        None => help::help(session, topic)?,
    }
    if topic.is_empty() {
        let names = VERBS.each_ref().map(|verb| verb.name).join("  ");
        let line = format!("supervisord ctl alone, or in its own way: {names}");
        session.output.line(&line);
    }
    Ok(())
}

fn start_group(session: &mut Session<'_>, argument: &str) -> Result<(), CtlError> {
    act(session, argument, &STARTING)
}

fn stop_group(session: &mut Session<'_>, argument: &str) -> Result<(), CtlError> {
    act(session, argument, &STOPPING)
}

/// Group after group; after each its table, as the Go rewrite shows it (GO-066). What went wrong is told first, and in the
/// exit status (GO-067, GO-068).
fn act(session: &mut Session<'_>, argument: &str, action: &Action<'_>) -> Result<(), CtlError> {
    if !session.up_check()? {
        return Ok(());
    }
    let groups = words(argument);
    if groups.is_empty() {
        let verb = action.verb.name;
        let line = format!("Error: {verb}-group requires a group name");
        return complain(session, &line, ExitStatus::InvalidArguments);
    }
    for group in groups {
        let group = group.strip_suffix(":*").unwrap_or(group);
        let answer = session.call_for_rows(action.group, &[group.into()]);
        let results: Vec<CallResult> = match answer {
            Err(error) if error.is_fault(FaultCode::BadName) => {
                let line = format!("{group}: ERROR (no such group)");
                complain(session, &line, action.unknown_group)?;
                continue;
            }
            answer => answer?,
        };
        let done = i64::from(FaultCode::Success.number());
        let failed: Vec<CallResult> = results
            .into_iter()
            .filter(|result| result.status != done)
            .collect();
        show_results(session, action.verb, &failed)?;
        let all = session.all_processes()?;
        let rows: Vec<_> = all.iter().filter(|row| row.group == group).collect();
        let (coloured, whole) = (session.output.is_coloured(), session.manner.whole_names);
        for line in status_lines(&rows, coloured, whole) {
            session.output.line(&line);
        }
    }
    Ok(())
}

/// GO-072: the lines say what there was to do.
fn reload(session: &mut Session<'_>, argument: &str) -> Result<(), CtlError> {
    if !argument.is_empty() {
        let line = "Error: reload accepts no arguments";
        return complain(session, line, ExitStatus::Generic);
    }
    let changes = match reload_config(session) {
        Ok(changes) => changes,
        Err(error) if error.is_fault(FaultCode::ShutdownState) => {
            let line = "ERROR: already shutting down";
            return complain(session, line, ExitStatus::Generic);
        }
        Err(CtlError::Fault { code, text })
            if code == i64::from(FaultCode::CantReread.number()) =>
        {
            return complain(session, &format!("ERROR: {text}"), ExitStatus::Generic);
        }
        Err(error) => return Err(error),
    };
    for (word, groups) in [
        ("Added", &changes.added),
        ("Changed", &changes.changed),
        ("Removed", &changes.removed),
    ] {
        if !groups.is_empty() {
            let line = format!("{word} Groups: {}", groups.join(","));
            session.output.line(&line);
        }
    }
    apply(session, &changes, &[], false)
}

/// How much of a log is shown (GO-077).
const TAIL: i64 = 10_240;

/// GO-077 to GO-079
fn logtail(session: &mut Session<'_>, argument: &str) -> Result<(), CtlError> {
    if !session.up_check()? {
        return Ok(());
    }
    let wanted = match Wanted::read(&words(argument)) {
        Ok(wanted) => wanted,
        Err(complaint) => return complain(session, &complaint, ExitStatus::InvalidArguments),
    };
    let name = full(session, wanted.name)?;
    if wanted.follow {
        let channel = if wanted.stderr { "stderr" } else { "stdout" };
        return follow(session, &format!("/logtail/{name}/{channel}"));
    }
    let method = if wanted.stderr {
        "supervisor.readProcessStderrLog"
    } else {
        "supervisor.readProcessStdoutLog"
    };
    let params = [name.as_str().into(), Value::Int(-TAIL), Value::Int(0)];
    match session.call(method, &params) {
        Ok(Value::String(text)) => {
            session.output.bytes(text.as_bytes());
            Ok(())
        }
        Ok(_) => Err(CtlError::UnexpectedAnswer { method }),
        Err(CtlError::Fault { text, .. }) => {
            let line = format!("Fail to tail log of program {name}: {text}");
            complain(session, &line, ExitStatus::Generic)
        }
        Err(error) => Err(error),
    }
}

/// What the words of `logtail` ask for.
#[derive(Debug, PartialEq, Eq)]
struct Wanted<'a> {
    name: &'a str,
    stderr: bool,
    follow: bool,
}

impl<'a> Wanted<'a> {
    /// Options may stand before and after the name.
    fn read(words: &[&'a str]) -> Result<Self, String> {
        let (mut names, mut channel, mut follow) = (Vec::new(), "stdout", false);
        let mut words = words.iter().copied();
        while let Some(word) = words.next() {
            match word {
                "-f" => follow = true,
                "-t" | "--type" => channel = words.next().unwrap_or_default(),
                _ if word.starts_with("--type=") => channel = &word["--type=".len()..],
                _ if word.starts_with("-t") => channel = &word["-t".len()..],
                _ if word.starts_with('-') => return Err(format!("Error: bad argument {word}")),
                name => names.push(name),
            }
        }
        let stderr = match channel {
            "stdout" => false,
            "stderr" => true,
            other => return Err(format!("Error: bad channel '{other}'")),
        };
        match names.as_slice() {
            [name] => Ok(Self {
                name,
                stderr,
                follow,
            }),
            _ => Err("Error: logtail requires one process name".to_owned()),
        }
    }
}

fn complain(session: &mut Session<'_>, line: &str, status: ExitStatus) -> Result<(), CtlError> {
    session.output.line(line);
    session.exit_status = status;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Wanted, find};
    use crate::ctl::line::words;

    #[test]
    fn its_own_verbs_are_found_by_their_whole_names() {
        for (line, argument) in [
            ("start-group a b", Some("a b")),
            ("  stop-group", Some("")),
            ("logtail -f x ", Some("-f x")),
            ("reload", Some("")),
            ("status -h", Some("status")),
            ("start-group --help", Some("start-group")),
            ("help logtail", Some("logtail")),
            ("help", Some("")),
            ("help status", None),
            ("start -group", None),
            ("status", None),
            ("", None),
        ] {
            assert_eq!(find(line).map(|found| found.1), argument, "{line:?}");
        }
    }

    // GO-077, GO-078
    #[test]
    fn options_of_logtail_stand_anywhere() {
        let wanted = |name, stderr, follow| {
            Ok(Wanted {
                name,
                stderr,
                follow,
            })
        };
        for (argument, expected) in [
            ("a", wanted("a", false, false)),
            ("-t stderr a", wanted("a", true, false)),
            ("a -f --type=stderr", wanted("a", true, true)),
            ("-tstdout a", wanted("a", false, false)),
        ] {
            assert_eq!(Wanted::read(&words(argument)), expected, "{argument}");
        }
        for argument in ["", "a b", "-x a", "-t", "-t stdin a"] {
            assert!(Wanted::read(&words(argument)).is_err(), "{argument}");
        }
    }
}
