//! `avail` and `reread`: what the configuration says, without acting on it (CTL-140 to CTL-143).

use std::collections::BTreeMap;

use crate::model::fault::FaultCode;

use super::super::answers::{ConfigChanges, ConfigRow};
use super::super::error::CtlError;
use super::super::exit_status::ExitStatus;
use super::super::session::Session;
use super::super::table::avail_line;
use super::takes_no_argument;

pub fn avail(session: &mut Session<'_>, argument: &str) -> Result<(), CtlError> {
    if !takes_no_argument(session, "avail", argument) {
        return Ok(());
    }
    match session.call_for_rows::<ConfigRow>("supervisor.getAllConfigInfo", &[]) {
        Ok(rows) => {
            for row in &rows {
                session.output.line(&avail_line(row));
            }
            Ok(())
        }
        Err(error) => refused(session, error),
    }
}

pub fn reread(session: &mut Session<'_>, argument: &str) -> Result<(), CtlError> {
    if !takes_no_argument(session, "reread", argument) {
        return Ok(());
    }
    match reload_config(session) {
        Ok(changes) => {
            for line in lines(&changes) {
                session.output.line(&line);
            }
            Ok(())
        }
        Err(CtlError::Fault { code, text })
            if code == i64::from(FaultCode::CantReread.number()) =>
        {
            session.output.line(&format!("ERROR: {text}"));
            session.exit_status = ExitStatus::Generic;
            Ok(())
        }
        Err(error) => refused(session, error),
    }
}

/// Lets the server read its files again.
pub fn reload_config(session: &mut Session<'_>) -> Result<ConfigChanges, CtlError> {
    let method = "supervisor.reloadConfig";
    let answer = session.call(method, &[])?;
    ConfigChanges::read(&answer).ok_or(CtlError::UnexpectedAnswer { method })
}

/// CTL-141.
fn refused(session: &mut Session<'_>, error: CtlError) -> Result<(), CtlError> {
    if !error.is_fault(FaultCode::ShutdownState) {
        return Err(error);
    }
    session.output.line("ERROR: supervisor shutting down");
    session.exit_status = ExitStatus::Generic;
    Ok(())
}

/// One line per group, by name (CTL-142).
fn lines(changes: &ConfigChanges) -> Vec<String> {
    let kinds = [
        (&changes.added, "available"),
        (&changes.changed, "changed"),
        (&changes.removed, "disappeared"),
    ];
    let words: BTreeMap<&String, &str> = kinds
        .iter()
        .flat_map(|(names, word)| names.iter().map(move |name| (name, *word)))
        .collect();
    if words.is_empty() {
        return vec!["No config updates to processes".to_owned()];
    }
    words
        .iter()
        .map(|(name, word)| format!("{name}: {word}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{ConfigChanges, lines};

    // CTL-142
    #[test]
    fn changes_are_told_by_name() {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let changes = ConfigChanges {
            added: names(&["z", "b"]),
            changed: names(&["m"]),
            removed: names(&["a"]),
        };
        assert_eq!(
            lines(&changes),
            [
                "a: disappeared",
                "b: available",
                "m: changed",
                "z: available"
            ]
        );
        let nothing = ConfigChanges {
            added: vec![],
            changed: vec![],
            removed: vec![],
        };
        assert_eq!(lines(&nothing), ["No config updates to processes"]);
    }
}
