//! What can be said in XML-RPC.

/// A parameter or a result.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// An `int` of either side. Only 32 bits of it can be written (XML-011); a request may hold more.
    Int(i64),
    /// An integer of a request that 64 bits do not hold, in plain decimal digits, with a minus sign where it is
    /// negative.
    BigInt(String),
    Bool(bool),
    Double(f64),
    String(String),
    /// `YYYYMMDDTHH:MM:SS`, the text as it was sent.
    DateTime(String),
    /// No value: `nil`, and also every unknown element without text (XML-037). Cannot be written (XML-010).
    Nil,
    Array(Vec<Value>),
    /// Members in the order they were sent. No name appears twice.
    Struct(Vec<(String, Value)>),
}

impl Value {
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            _ => None,
        }
    }

    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(yes) => Some(*yes),
            _ => None,
        }
    }

    pub fn as_array(&self) -> Option<&[Value]> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The member of that name; none as well when this is no struct.
    pub fn member(&self, name: &str) -> Option<&Value> {
        match self {
            Self::Struct(members) => members
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value),
            _ => None,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<bool> for Value {
    fn from(yes: bool) -> Self {
        Self::Bool(yes)
    }
}

impl From<i32> for Value {
    fn from(number: i32) -> Self {
        Self::Int(number.into())
    }
}

impl From<Vec<Value>> for Value {
    fn from(items: Vec<Value>) -> Self {
        Self::Array(items)
    }
}

#[cfg(test)]
mod tests {
    use super::Value;

    #[test]
    fn a_member_is_found_by_name_and_only_in_a_struct() {
        let process = Value::Struct(vec![
            ("name".into(), "web".into()),
            ("pid".into(), 7.into()),
        ]);
        assert_eq!(process.member("pid").and_then(Value::as_int), Some(7));
        assert_eq!(process.member("name").and_then(Value::as_str), Some("web"));
        assert_eq!(process.member("group"), None);
        assert_eq!(Value::from("name").member("name"), None);
    }

    #[test]
    fn a_value_is_not_taken_for_another_type() {
        assert_eq!(Value::from("1").as_int(), None);
        assert_eq!(Value::from(1).as_bool(), None);
        assert_eq!(Value::from(true).as_str(), None);
        assert_eq!(Value::Nil.as_array(), None);
        assert_eq!(
            Value::from(vec![Value::Nil]).as_array(),
            Some(&[Value::Nil][..])
        );
    }
}
