//! JSON written by hand, for the page's script and for REST: a few objects of text, numbers and booleans.

use std::fmt::{Display, Write};

/// A text as a JSON string. `<` is escaped too, so that it may stand anywhere.
pub fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            // Writing to a String cannot fail.
            '<' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' | '\u{7f}' => {
                _ = write!(out, "\\u{:04x}", u32::from(char));
            }
            char => out.push(char),
        }
    }
    out.push('"');
    out
}

/// Values that are JSON already, as an array.
pub fn array(values: impl IntoIterator<Item = String>) -> String {
    let values: Vec<String> = values.into_iter().collect();
    format!("[{}]", values.join(","))
}

/// An object, member by member.
#[derive(Default)]
pub struct Object(String);

impl Object {
    pub fn text(self, name: &str, value: &str) -> Self {
        self.json(name, text(value))
    }

    /// A value that is JSON already: a number, a boolean, an array.
    pub fn json(mut self, name: &str, value: impl Display) -> Self {
        let comma = if self.0.is_empty() { "" } else { "," };
        let _ = write!(self.0, "{comma}{}:{value}", text(name));
        self
    }

    pub fn done(self) -> String {
        format!("{{{}}}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Object, array, text};

    #[test]
    fn text_cannot_leave_its_string() {
        assert_eq!(text("a\"\\\n<\u{1}é"), r#""a\"\\\n\u003c\u0001é""#);
        let object = Object::default().text("a", "b").json("c", 1).done();
        assert_eq!(array([object, "2".to_owned()]), r#"[{"a":"b","c":1},2]"#);
    }
}
