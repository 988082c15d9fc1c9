//! `status` (CTL-090 to CTL-096).

use crate::model::namespec::Namespec;
use crate::xmlrpc::Value;

use super::super::answers::{ProcessRow, rows};
use super::super::error::CtlError;
use super::super::exit_status::ExitStatus;
use super::super::json;
use super::super::line::words;
use super::super::names::expand_to_processes;
use super::super::session::Session;
use super::super::table::status_lines;
use super::take_option;
use super::watch::watch;

pub fn status(session: &mut Session<'_>, argument: &str) -> Result<(), CtlError> {
    let mut names = words(argument);
    if take_option(&mut names, "--watch") {
        return watch(session, &names);
    }
    let as_json = take_option(&mut names, "--json");
    session.output.set_aside(as_json);
    let shown = show(session, &names, as_json);
    session.output.set_aside(false);
    shown
}

fn show(session: &mut Session<'_>, names: &[&str], as_json: bool) -> Result<(), CtlError> {
    if !session.up_check()? {
        // Whatever the reason (CTL-044).
        session.exit_status = ExitStatus::StatusUnknown;
        return Ok(());
    }
    let names = expand_to_processes(session, names)?;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (all, infos) = match as_json {
        false => (session.all_processes()?, Vec::new()),
        true => all_with_infos(session)?,
    };
    let (shown, complaints) = choose(&all, &names);
    if !complaints.is_empty() {
        session.exit_status = ExitStatus::StatusUnknown;
    }
    for line in complaints {
        session.output.line(&line);
    }
    if as_json {
        let place = |row: &&ProcessRow| all.iter().position(|one| std::ptr::eq(one, *row));
        let chosen: Vec<Value> = shown
            .iter()
            .filter_map(place)
            .filter_map(|place| infos.get(place).cloned())
            .collect();
        session.output.set_aside(false);
        session.output.line(&json::array(&chosen));
    } else {
        let (coloured, whole) = (session.output.is_coloured(), session.manner.whole_names);
        for line in status_lines(&shown, coloured, whole) {
            session.output.line(&line);
        }
    }
    if shown.iter().any(|row| row.is_stopped()) {
        session.exit_status = ExitStatus::StatusNotRunning;
    }
    Ok(())
}

/// All processes, and beside each the struct that it was read from.
fn all_with_infos(session: &mut Session<'_>) -> Result<(Vec<ProcessRow>, Vec<Value>), CtlError> {
    let method = "supervisor.getAllProcessInfo";
    let answer = session.call(method, &[])?;
    let all = rows(method, &answer)?;
    let Value::Array(infos) = answer else {
        return Err(CtlError::UnexpectedAnswer { method });
    };
    Ok((all, infos))
}

/// The processes named, in the order they are named and as often, and a complaint for each name that matches none.
pub(super) fn choose<'a>(
    all: &'a [ProcessRow],
    names: &[&str],
) -> (Vec<&'a ProcessRow>, Vec<String>) {
    if names.is_empty() || names.contains(&"all") {
        return (all.iter().collect(), Vec::new());
    }
    let (mut shown, mut complaints) = (Vec::new(), Vec::new());
    for name in names {
        let wanted = Namespec::parse(name);
        let before = shown.len();
        shown.extend(all.iter().filter(|row| {
            row.group == wanted.group && wanted.process.is_none_or(|process| row.name == process)
        }));
        if shown.len() == before {
            complaints.push(match wanted.process {
                Some(_) => format!("{name}: ERROR (no such process)"),
                None => format!("{}: ERROR (no such group)", wanted.group),
            });
        }
    }
    (shown, complaints)
}

#[cfg(test)]
mod tests {
    use super::{ProcessRow, choose};

    fn chosen(names: &[&str]) -> (Vec<String>, Vec<String>) {
        let row = |group: &str, name: &str| ProcessRow {
            group: group.to_owned(),
            name: name.to_owned(),
            state: 20,
            state_name: "RUNNING".to_owned(),
            description: String::new(),
            pid: 1,
        };
        let all = [row("cat", "cat"), row("m", "a"), row("m", "b")];
        let (shown, complaints) = choose(&all, names);
        (
            shown.iter().map(|row| row.display_name()).collect(),
            complaints,
        )
    }

    // CTL-090, CTL-093
    #[test]
    fn names_choose_in_the_order_asked_and_as_often() {
        for (names, shown) in [
            (&[][..], &["cat", "m:a", "m:b"][..]),
            (&["nope", "all"], &["cat", "m:a", "m:b"]),
            (
                &["m:b", "cat", "m:*", "m:"],
                &["m:b", "cat", "m:a", "m:b", "m:a", "m:b"],
            ),
            (&["cat:cat", "cat"], &["cat", "cat"]),
        ] {
            let (rows, complaints) = chosen(names);
            assert_eq!(rows, shown, "{names:?}");
            assert!(complaints.is_empty());
        }
    }

    // CTL-094, CTL-095
    #[test]
    fn names_that_match_nothing_are_complained_of() {
        let (shown, complaints) = chosen(&["m", "nope:*", "cat", "m:nope"]);
        assert_eq!(shown, ["cat"]);
        assert_eq!(
            complaints,
            [
                "m: ERROR (no such process)",
                "nope: ERROR (no such group)",
                "m:nope: ERROR (no such process)"
            ]
        );
    }
}
