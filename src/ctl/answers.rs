//! What the server answered, taken apart into the rows that commands print.
//!
//! Servers of other make and age answer too, so a row is read for what is needed of it and no more. An answer that lacks
//! that is an error of the command, never a panic.

use std::borrow::Cow;

use crate::model::namespec::display_name;
use crate::model::states::ProcessState;
use crate::xmlrpc::{self, Value};

use super::error::CtlError;

/// What answers as a row is read from: the members of a struct.
pub trait Members {
    fn text(&self, name: &str) -> Option<&str>;
    fn int(&self, name: &str) -> Option<i64>;
    /// Servers have said yes with 1 as well.
    fn truth(&self, name: &str) -> Option<bool>;
}

impl Members for Value {
    fn text(&self, name: &str) -> Option<&str> {
        self.member(name)?.as_str()
    }

    fn int(&self, name: &str) -> Option<i64> {
        self.member(name)?.as_int()
    }

    fn truth(&self, name: &str) -> Option<bool> {
        let member = self.member(name)?;
        Some(
            member
                .as_bool()
                .or(member.as_int().map(|number| number != 0))
                == Some(true),
        )
    }
}

impl Members for xmlrpc::Row<'_> {
    fn text(&self, name: &str) -> Option<&str> {
        self.text(name)
    }

    fn int(&self, name: &str) -> Option<i64> {
        self.int(name)
    }

    fn truth(&self, name: &str) -> Option<bool> {
        self.bool(name).or(self.int(name).map(|number| number != 0))
    }
}

/// A row as a command wants it.
pub trait Row: Sized {
    /// Nothing when something is missing.
    fn read(members: &impl Members) -> Option<Self>;
}

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

impl Row for ProcessRow {
    fn read(members: &impl Members) -> Option<Self> {
        Some(Self {
            group: members.text("group")?.to_owned(),
            name: members.text("name")?.to_owned(),
            state: members.int("state")?,
            state_name: members.text("statename")?.to_owned(),
            description: members.text("description")?.to_owned(),
            pid: members.int("pid")?,
        })
    }
}

impl ProcessRow {
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

impl Row for ConfigRow {
    fn read(members: &impl Members) -> Option<Self> {
        Some(Self {
            group: members.text("group")?.to_owned(),
            name: members.text("name")?.to_owned(),
            in_use: members.truth("inuse")?,
            autostart: members.truth("autostart")?,
            group_priority: members.int("group_prio")?,
            process_priority: members.int("process_prio")?,
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

impl Row for CallResult {
    fn read(members: &impl Members) -> Option<Self> {
        Some(Self {
            group: members.text("group")?.to_owned(),
            name: Some(members.text("name")?.to_owned()),
            status: members.int("status")?,
            description: members.text("description")?.to_owned(),
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
pub fn rows<T: Row>(method: &'static str, answer: &Value) -> Result<Vec<T>, CtlError> {
    let items = answer.as_array().map(|items| items.iter().map(T::read));
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

fn texts(value: &Value) -> Option<Vec<String>> {
    let items = value.as_array()?.iter();
    items.map(|item| item.as_str().map(str::to_owned)).collect()
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
        let read = rows::<ProcessRow>("getAllProcessInfo", &Value::Array(vec![row]));
        let shown = read.map_err(|error| error.to_string());
        assert_eq!(shown, Err("unexpected answer to getAllProcessInfo".into()));
    }
}
