//! Wildcards in names: `web*`, `'web*:*'`, `[ab]?`.
//!
//! The reference knows one, `group:*`, and takes any other for a name. Ours are tried only where the name is not one, and
//! one that fits nothing stays as it is, so that the complaint about it is the reference's. A name without a colon is
//! compared with what `status` shows; with one, group and process are compared each with its part.

use crate::config::glob::Pattern;
use crate::model::namespec::Namespec;

use super::answers::ProcessRow;
use super::error::CtlError;
use super::session::Session;

/// The names with their wildcards replaced by what fits, whole groups as `group:*`.
pub fn expand(session: &mut Session<'_>, names: &[&str]) -> Result<Vec<String>, CtlError> {
    expand_each(session, names, true)
}

/// The same for commands that want processes: groups are replaced by their processes.
pub fn expand_to_processes(
    session: &mut Session<'_>,
    names: &[&str],
) -> Result<Vec<String>, CtlError> {
    expand_each(session, names, false)
}

fn expand_each(
    session: &mut Session<'_>,
    names: &[&str],
    whole_groups: bool,
) -> Result<Vec<String>, CtlError> {
    let bare_names = session.manner.bare_names;
    let may_mean_another = |name: &&str| is_pattern(name) || bare_names && !name.contains(':');
    if !names.iter().any(may_mean_another) {
        return Ok(names.iter().map(|&name| name.to_owned()).collect());
    }
    let rows = session.all_processes()?;
    let expanded = names
        .iter()
        .flat_map(|name| expand_one(&rows, name, whole_groups));
    if bare_names {
        return Ok(expanded.map(|name| in_its_group(&rows, name)).collect());
    }
    Ok(expanded.collect())
}

/// The full name of one process, for commands that take one name; as it is where it has to be full already.
pub fn full(session: &mut Session<'_>, name: &str) -> Result<String, CtlError> {
    if !session.manner.bare_names || name.contains(':') {
        return Ok(name.to_owned());
    }
    let rows = session.all_processes()?;
    Ok(in_its_group(&rows, name.to_owned()))
}

/// A bare name with the group of the only process that has it; any other name as it is (GO-054).
fn in_its_group(rows: &[ProcessRow], name: String) -> String {
    let is_full = name.contains(':') || rows.iter().any(|row| row.display_name() == name);
    let mut found = rows.iter().filter(|row| !is_full && row.name == name);
    match (found.next(), found.next()) {
        (Some(row), None) => row.display_name(),
        (Some(_), Some(_)) | (None, _) => name,
    }
}

/// Whether a name has wildcards besides the one that the reference knows.
pub fn is_pattern(name: &str) -> bool {
    let target = Namespec::parse(name);
    let has_wildcard = |text: &str| text.contains(['*', '?', '[']);
    has_wildcard(target.group) || target.process.is_some_and(has_wildcard)
}

fn expand_one(rows: &[ProcessRow], name: &str, whole_groups: bool) -> Vec<String> {
    let as_it_is = vec![name.to_owned()];
    let target = Namespec::parse(name);
    let is_meant = |row: &ProcessRow| {
        row.group == target.group && target.process.is_none_or(|process| row.name == process)
    };
    if !is_pattern(name) || rows.iter().any(is_meant) {
        return as_it_is;
    }
    let mut found = Vec::new();
    match target.process {
        Some(_) if !name.contains(':') => {
            let pattern = Pattern::new(name);
            let shown = rows.iter().map(ProcessRow::display_name);
            found.extend(shown.filter(|shown| pattern.matches(shown)));
        }
        process => {
            let group = Pattern::new(target.group);
            let process_pattern = process.map(Pattern::new);
            for row in rows.iter().filter(|row| group.matches(&row.group)) {
                let name = match &process_pattern {
                    None if whole_groups => format!("{}:*", row.group),
                    None => row.display_name(),
                    Some(pattern) if pattern.matches(&row.name) => row.display_name(),
                    Some(_) => continue,
                };
                if !found.contains(&name) {
                    found.push(name);
                }
            }
        }
    }
    if found.is_empty() { as_it_is } else { found }
}

#[cfg(test)]
mod tests {
    use super::{ProcessRow, expand_one, in_its_group, is_pattern};

    fn expanded(name: &str, whole_groups: bool) -> String {
        let row = |group: &str, name: &str| ProcessRow {
            group: group.to_owned(),
            name: name.to_owned(),
            state: 20,
            state_name: "RUNNING".to_owned(),
            description: String::new(),
            pid: 1,
        };
        let rows = [
            row("cat", "cat"),
            row("web1", "a"),
            row("web1", "b"),
            row("web2", "a"),
            row("w*", "w*"),
        ];
        expand_one(&rows, name, whole_groups).join(" ")
    }

    #[test]
    fn wildcards_are_replaced_by_what_fits() {
        for (name, names) in [
            ("web*:*", "web1:* web2:*"),
            ("web?:", "web1:* web2:*"),
            ("web*:a", "web1:a web2:a"),
            ("web1:[ab]", "web1:a web1:b"),
            ("c*", "cat"),
            ("web*", "web1:a web1:b web2:a"),
            ("*", "cat web1:a web1:b web2:a w*"),
        ] {
            assert_eq!(expanded(name, true), names, "{name}");
        }
        assert_eq!(expanded("web*:*", false), "web1:a web1:b web2:a");
    }

    // GO-054
    #[test]
    fn a_bare_name_means_the_only_process_that_has_it() {
        let row = |group: &str, name: &str| ProcessRow {
            group: group.to_owned(),
            name: name.to_owned(),
            state: 20,
            state_name: String::new(),
            description: String::new(),
            pid: 1,
        };
        let rows = [
            row("cat", "cat"),
            row("m", "cat"),
            row("m", "a"),
            row("m", "b"),
            row("n", "b"),
        ];
        for (name, meant) in [
            ("cat", "cat"),
            ("a", "m:a"),
            ("b", "b"),
            ("x", "x"),
            ("m:*", "m:*"),
        ] {
            assert_eq!(in_its_group(&rows, name.to_owned()), meant);
        }
    }

    // CTL-093, CTL-094: what the reference knows, and what fits nothing, stays.
    #[test]
    fn names_that_are_meant_as_they_are_stay() {
        for name in [
            "web1:*", "web1:", "w*", "nope*", "nope*:*", "web1:x*", "w*:*",
        ] {
            assert_eq!(expanded(name, true), name);
        }
        assert!(!is_pattern("web1:*") && !is_pattern("cat") && is_pattern("w*:*"));
    }
}
