//! Elements to values, by the reference's rules.
//!
//! The reference (`supervisor/xmlrpc.py`, `supervisor_xmlrpc_handler.loads`) looks at each element when it ends, and
//! replaces the text of the known ones by their value. So the value of any element is what its text has become, an
//! element can only see its children and the text before the first of them, and the known ones can stand anywhere.
//! The same is done here without a tree: a stack of open elements, and a stack of values in which each open element's
//! children lie behind its mark.

use std::borrow::Cow;

use super::markup::Piece;
use super::{Value, scalars};

/// Whose document is read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Dialect {
    /// What a client asks of the daemon.
    Request,
    /// What a daemon answers: knows faults and all standard types, and says so when one holds nonsense.
    Reply,
}

/// What a document says, whatever its root is called (XML-025).
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) method: Option<String>,
    pub(super) params: Option<Vec<Value>>,
    pub(super) fault: Option<Value>,
}

/// Why the text of an element is not what its name promises.
pub(super) type Reason = &'static str;

pub(super) struct Unmarshaller<'a> {
    dialect: Dialect,
    open: Vec<Element<'a>>,
    values: Vec<Value>,
    said: Said,
}

struct Element<'a> {
    kind: Kind,
    children: Children,
    /// Where its children begin among the values.
    mark: usize,
    /// The text before its first child.
    text: Cow<'a, str>,
    has_child: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Int,
    Boolean,
    String,
    Double,
    DateTime,
    Base64,
    Array,
    Data,
    Struct,
    Value,
    Param,
    Params,
    MethodName,
    Fault,
    /// Unknown, or without a meaning of its own as `member` is.
    Other,
}

/// Which children of an element are kept.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Children {
    None,
    First,
    All,
}

impl<'a> Unmarshaller<'a> {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            open: Vec::new(),
            values: Vec::new(),
            said: Said::default(),
        }
    }

    /// Takes the next piece of a document.
    pub(super) fn take(&mut self, piece: Piece<'a>) -> Result<(), Reason> {
        match piece {
            Piece::Start(name) => {
                self.start(name.map_or(Kind::Other, |name| kind_of(name, self.dialect)))
            }
            Piece::Text(text) => self.text(text),
            Piece::End => return self.end(),
        }
        Ok(())
    }

    /// What the whole document said.
    pub(super) fn finish(self) -> Said {
        self.said
    }

    fn start(&mut self, kind: Kind) {
        let mut is_member = false;
        if let Some(parent) = self.open.last_mut() {
            parent.has_child = true;
            is_member = parent.kind == Kind::Struct;
        }
        let children = match kind {
            Kind::Array | Kind::Value | Kind::Param | Kind::Fault => Children::First,
            Kind::Data | Kind::Struct | Kind::Params => Children::All,
            Kind::MethodName | Kind::Other if is_member => Children::All,
            _ => Children::None,
        };
        let mark = self.values.len();
        self.open.push(Element {
            kind,
            children,
            mark,
            text: Cow::Borrowed(""),
            has_child: false,
        });
    }

    fn text(&mut self, text: Cow<'a, str>) {
        let Some(element) = self.open.last_mut().filter(|element| !element.has_child) else {
            return;
        };
        if element.text.is_empty() {
            element.text = text;
        } else {
            element.text.to_mut().push_str(&text);
        }
    }

    fn end(&mut self) -> Result<(), Reason> {
        let Some(element) = self.open.pop() else {
            return Ok(());
        };
        let mark = element.mark;
        if self
            .open
            .last()
            .is_some_and(|parent| parent.kind == Kind::Struct)
        {
            return self.end_member(element);
        }
        let value = self.value_of(element)?;
        self.values.truncate(mark);
        if let Some(parent) = self.open.last() {
            let keep = match parent.children {
                Children::None => false,
                Children::First => self.values.len() == parent.mark,
                Children::All => true,
            };
            if keep {
                self.values.push(value);
            }
        }
        Ok(())
    }

    /// A child of a struct must hold a name and a value (XML-035), which stay on the stack for the struct. The known
    /// elements have no children left by then.
    fn end_member(&mut self, element: Element<'a>) -> Result<(), Reason> {
        let mark = element.mark;
        let has_children = matches!(element.kind, Kind::Other | Kind::MethodName | Kind::Params);
        match element.kind {
            Kind::MethodName => self.said.method = owned(element.text),
            Kind::Params => self.said.params = Some(self.values[mark..].to_vec()),
            _ => {}
        }
        if has_children && self.values.len() == mark + 2 {
            Ok(())
        } else {
            Err("a struct member is not a name and a value")
        }
    }

    /// The reference's unmarshallers. Takes from the stack what it uses of the element's children.
    fn value_of(&mut self, element: Element<'a>) -> Result<Value, Reason> {
        let Element {
            kind, mark, text, ..
        } = element;
        Ok(match kind {
            Kind::Int => scalars::int(&text).ok_or("not an integer")?,
            Kind::Boolean => match (&*text, self.dialect) {
                ("1", _) => Value::Bool(true),
                ("0", _) | (_, Dialect::Request) => Value::Bool(false), // XML-030
                (_, Dialect::Reply) => return Err("not a boolean"),
            },
            Kind::String => Value::String(text.into_owned()),
            Kind::Double => Value::Double(scalars::double(&text).ok_or("not a number")?),
            Kind::DateTime if scalars::is_date_time(&text) => Value::DateTime(text.into_owned()),
            Kind::DateTime => return Err("not a date"),
            Kind::Base64 => Value::String(scalars::base64(&text).ok_or("not base64 of UTF-8")?),
            Kind::Array => self.first_child(mark).ok_or("an array without data")?,
            Kind::Param => self
                .first_child(mark)
                .ok_or("a parameter without a value")?,
            Kind::Value => self
                .first_child(mark)
                .unwrap_or_else(|| Value::String(text.into_owned())),
            Kind::Data => Value::Array(self.values.drain(mark..).collect()),
            Kind::Struct => Value::Struct(members(self.values.drain(mark..))?),
            Kind::MethodName => {
                self.said.method = owned(text);
                self.said.method.clone().map_or(Value::Nil, Value::String)
            }
            Kind::Params => {
                self.said.params = Some(self.values.drain(mark..).collect());
                owned(text).map_or(Value::Nil, Value::String)
            }
            Kind::Fault => {
                self.said.fault = self.first_child(mark);
                Value::Nil
            }
            Kind::Other => owned(text).map_or(Value::Nil, Value::String), // XML-037
        })
    }

    fn first_child(&mut self, mark: usize) -> Option<Value> {
        self.values.drain(mark..).next()
    }
}

fn kind_of(name: &str, dialect: Dialect) -> Kind {
    match name {
        "value" => Kind::Value,
        "string" => Kind::String,
        "int" | "i4" => Kind::Int,
        "boolean" => Kind::Boolean,
        "double" => Kind::Double,
        "array" => Kind::Array,
        "data" => Kind::Data,
        "struct" => Kind::Struct,
        "base64" => Kind::Base64,
        "dateTime.iso8601" => Kind::DateTime,
        "param" => Kind::Param,
        "params" => Kind::Params,
        "methodName" => Kind::MethodName,
        "i8" if dialect == Dialect::Reply => Kind::Int,
        "fault" if dialect == Dialect::Reply => Kind::Fault,
        _ => Kind::Other,
    }
}

/// Text as the reference's XML library gives it: none where there is nothing.
fn owned(text: Cow<'_, str>) -> Option<String> {
    if text.is_empty() {
        None
    } else {
        Some(text.into_owned())
    }
}

/// Pairs of names and values as Python's `dict` makes them: the last of equal names wins, in the place of the first.
fn members(values: impl Iterator<Item = Value>) -> Result<Vec<(String, Value)>, Reason> {
    let mut values = values;
    let mut members = Vec::with_capacity(values.size_hint().0 / 2);
    while let (Some(key), Some(value)) = (values.next(), values.next()) {
        if let Some(name) = member_name(key)? {
            members.push((name, value));
        }
    }
    Ok(without_duplicates(members))
}

/// The name of a member. The reference takes whatever the first child of a member means, by `k.text or ""`; what
/// Python counts as false is the empty name, what it cannot hash is an error, and under any other key no method ever
/// looks.
fn member_name(key: Value) -> Result<Option<String>, Reason> {
    match key {
        Value::String(name) => Ok(Some(name)),
        Value::Nil | Value::Bool(false) | Value::Int(0) => Ok(Some(String::new())),
        Value::Double(0.0) => Ok(Some(String::new())),
        Value::Array(items) if items.is_empty() => Ok(Some(String::new())),
        Value::Struct(members) if members.is_empty() => Ok(Some(String::new())),
        Value::Array(_) | Value::Struct(_) => Err("a struct member has no usable name"),
        Value::Bool(true)
        | Value::Int(_)
        | Value::BigInt(_)
        | Value::Double(_)
        | Value::DateTime(_) => Ok(None),
    }
}

/// Sorts positions instead of searching, so that a struct of many members takes no quadratic time.
fn without_duplicates(mut members: Vec<(String, Value)>) -> Vec<(String, Value)> {
    let mut order: Vec<usize> = (0..members.len()).collect();
    order.sort_by(|a, b| members[*a].0.cmp(&members[*b].0));
    let mut stays = vec![true; members.len()];
    let mut first = 0;
    for at in order {
        // The sort is stable, so the first of equal names comes first.
        if at != first && members[at].0 == members[first].0 {
            members.swap(at, first);
            stays[at] = false;
        } else {
            first = at;
        }
    }
    let mut stays = stays.into_iter();
    members.retain(|_| stays.next().unwrap_or(true));
    members
}
