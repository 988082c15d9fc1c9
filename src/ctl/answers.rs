//! What the server answered, taken apart into the rows that commands print.
//!
//! Servers of other make and age answer too, so a row is read for what is needed of it and no more. An answer that lacks
//! that is an error of the command, never a panic.

use std::borrow::Cow;

use crate::model::namespec::display_name;
use crate::model::states::ProcessState;
use crate::xmlrpc::Value;

use super::error::CtlError;

/// What `getProcessInfo` says of one process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessRow {
    pub group: String,
    pub name: String,
    pub state: i64,
    pub state_name: String,
    pub description: String,
    pub pid: i64,
}

impl ProcessRow {
    pub fn read(value: &Value) -> Option<Self> {
        Some(Self {
            group: text(value, "group")?,
            name: text(value, "name")?,
            state: value.member("state")?.as_int()?,
            state_name: text(value, "statename")?,
            description: text(value, "description")?,
            pid: value.member("pid")?.as_int()?,
        })
    }

    pub fn display_name(&self) -> String {
        display_name(&self.group, &self.name)
    }

    /// Whether nothing of it runs; a state that we do not know counts as running, as in the reference.
    pub fn is_stopped(&self) -> bool {
        ProcessState::ALL
            .into_iter()
            .any(|state| i64::from(state.code()) == self.state && state.is_stopped())
    }
}

/// What `getAllConfigInfo` says of one process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigRow {
    pub group: String,
    pub name: String,
    pub in_use: bool,
    pub autostart: bool,
    pub group_priority: i64,
    pub process_priority: i64,
}

impl ConfigRow {
    pub fn read(value: &Value) -> Option<Self> {
        Some(Self {
            group: text(value, "group")?,
            name: text(value, "name")?,
            in_use: truth(value.member("inuse")?),
            autostart: truth(value.member("autostart")?),
            group_priority: value.member("group_prio")?.as_int()?,
            process_priority: value.member("process_prio")?.as_int()?,
        })
    }
}

/// What became of one process in a call for many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallResult {
    pub group: String,
    /// None for a whole group, where the name was a client's (CTL-127).
    pub name: Option<String>,
    pub status: i64,
    pub description: String,
}

impl CallResult {
    pub fn read(value: &Value) -> Option<Self> {
        Some(Self {
            group: text(value, "group")?,
            name: Some(text(value, "name")?),
            status: value.member("status")?.as_int()?,
            description: text(value, "description")?,
        })
    }
}

/// What `reloadConfig` found, by group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigChanges {
    pub added: Vec<String>,
    pub changed: Vec<String>,
    pub removed: Vec<String>,
}

impl ConfigChanges {
    /// Three lists in a list of their own (RPC-060).
    pub fn read(value: &Value) -> Option<Self> {
        match value.as_array()?.first()?.as_array()? {
            [added, changed, removed] => Some(Self {
                added: texts(added)?,
                changed: texts(changed)?,
                removed: texts(removed)?,
            }),
            _ => None,
        }
    }
}

/// The answer to `method` as rows.
pub fn rows<T>(
    method: &'static str,
    answer: &Value,
    read: impl Fn(&Value) -> Option<T>,
) -> Result<Vec<T>, CtlError> {
    let items = answer.as_array().map(|items| items.iter().map(read));
    match items.and_then(Iterator::collect) {
        Some(rows) => Ok(rows),
        None => Err(CtlError::UnexpectedAnswer { method }),
    }
}

/// A single value as people read it: versions and pids come as text or as numbers.
pub fn shown(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(text.into()),
        Value::Int(number) => Some(number.to_string().into()),
        Value::BigInt(_)
        | Value::Bool(_)
        | Value::Double(_)
        | Value::DateTime(_)
        | Value::Nil
        | Value::Array(_)
        | Value::Struct(_) => None,
    }
}

fn text(value: &Value, member: &str) -> Option<String> {
    value.member(member)?.as_str().map(str::to_owned)
}

fn texts(value: &Value) -> Option<Vec<String>> {
    let items = value.as_array()?.iter();
    items.map(|item| item.as_str().map(str::to_owned)).collect()
}

/// Servers have said yes with 1 as well.
fn truth(value: &Value) -> bool {
    match value {
        Value::Bool(yes) => *yes,
        Value::Int(number) => *number != 0,
        Value::BigInt(_)
        | Value::Double(_)
        | Value::String(_)
        | Value::DateTime(_)
        | Value::Nil
        | Value::Array(_)
        | Value::Struct(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{ConfigChanges, ProcessRow, rows};
    use crate::xmlrpc::Value;

    // RPC-060
    #[test]
    fn changes_are_three_lists_in_a_list() {
        let list = |names: &[&str]| Value::Array(names.iter().map(|&name| name.into()).collect());
        let inner = Value::Array(vec![list(&["a", "b"]), list(&[]), list(&["c"])]);
        assert_eq!(ConfigChanges::read(&inner), None);
        assert_eq!(
            ConfigChanges::read(&Value::Array(vec![inner])),
            Some(ConfigChanges {
                added: vec!["a".into(), "b".into()],
                changed: vec![],
                removed: vec!["c".into()],
            })
        );
    }

    #[test]
    fn a_row_that_lacks_something_spoils_the_answer() {
        let row = Value::Struct(vec![("group".into(), "a".into())]);
        let read = rows(
            "getAllProcessInfo",
            &Value::Array(vec![row]),
            ProcessRow::read,
        );
        let shown = read.map_err(|error| error.to_string());
        assert_eq!(shown, Err("unexpected answer to getAllProcessInfo".into()));
    }
}
