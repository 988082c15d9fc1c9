//! Answers as JSON, for programs: `status --json` and its siblings. The members are those of XML-RPC, in its order.

use std::fmt::Write;

use crate::xmlrpc::Value;

/// An array with one element per line, so that it can be read by people and by `grep`, too.
pub fn array(items: &[Value]) -> String {
    if items.is_empty() {
        return "[]".to_owned();
    }
    let lines: Vec<String> = items
        .iter()
        .map(|item| format!("  {}", value(item)))
        .collect();
    format!("[\n{}\n]", lines.join(",\n"))
}

fn value(of: &Value) -> String {
    match of {
        Value::Int(number) => number.to_string(),
        Value::BigInt(digits) => digits.clone(),
        Value::Bool(yes) => yes.to_string(),
        Value::Double(number) if number.is_finite() => number.to_string(),
        Value::Double(_) | Value::Nil => "null".to_owned(),
        Value::String(text) | Value::DateTime(text) => string(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(value).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Struct(members) => {
            let members: Vec<String> = members
                .iter()
                .map(|(name, member)| format!("{}: {}", string(name), value(member)))
                .collect();
            format!("{{{}}}", members.join(", "))
        }
    }
}

fn string(text: &str) -> String {
    let mut json = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => json.extend(['\\', c]),
            '\n' => json.push_str("\\n"),
            '\t' => json.push_str("\\t"),
            '\r' => json.push_str("\\r"),
            c if c.is_control() => {
                // Writing to a string cannot fail.
                let _ = write!(json, "\\u{:04x}", u32::from(c));
            }
            c => json.push(c),
        }
    }
    json.push('"');
    json
}

#[cfg(test)]
mod tests {
    use super::array;
    use crate::xmlrpc::Value;

    #[test]
    fn every_kind_of_value_has_its_json() {
        let members = vec![
            ("name".to_owned(), Value::from("a\"\\\n\u{1}\u{e9}")),
            ("pid".to_owned(), Value::Int(-7)),
            ("ok".to_owned(), Value::Bool(true)),
            (
                "list".to_owned(),
                Value::Array(vec![Value::Nil, Value::Double(1.5)]),
            ),
            ("nan".to_owned(), Value::Double(f64::NAN)),
        ];
        assert_eq!(
            array(&[Value::Struct(members), Value::Int(1)]),
            "[\n  {\"name\": \"a\\\"\\\\\\n\\u0001\u{e9}\", \"pid\": -7, \"ok\": true, \"list\": [null, 1.5], \
             \"nan\": null},\n  1\n]"
        );
        assert_eq!(array(&[]), "[]");
    }
}
