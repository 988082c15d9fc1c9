//! `status` (CTL-090 to CTL-096).

use crate::model::namespec::Namespec;

use super::super::answers::ProcessRow;
use super::super::error::CtlError;
use super::super::exit_status::ExitStatus;
use super::super::line::words;
use super::super::session::Session;
use super::super::table::status_lines;

pub fn status(session: &mut Session<'_>, argument: &str) -> Result<(), CtlError> {
    if !session.up_check()? {
        // Whatever the reason (CTL-044).
        session.exit_status = ExitStatus::StatusUnknown;
        return Ok(());
    }
    let all = session.all_processes()?;
    let (shown, complaints) = choose(&all, &words(argument));
    if !complaints.is_empty() {
        session.exit_status = ExitStatus::StatusUnknown;
    }
    for line in complaints.into_iter().chain(status_lines(&shown)) {
        session.output.line(&line);
    }
    if shown.iter().any(|row| row.is_stopped()) {
        session.exit_status = ExitStatus::StatusNotRunning;
    }
    Ok(())
}

/// The processes named, in the order they are named and as often, and a complaint for each name that matches none.
fn choose<'a>(all: &'a [ProcessRow], names: &[&str]) -> (Vec<&'a ProcessRow>, Vec<String>) {
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
