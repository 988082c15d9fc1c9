//! Text on its way into HTML and into URLs. Nothing reaches a page but through here.

use std::borrow::Cow;
use std::fmt::Write;

/// Text between tags, or between the double quotes of an attribute. As in the reference an entity stays one, so
/// `&lt;` in a message is shown as `<` (WEB-019); no text can open a tag or end an attribute.
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['<', '&', '"']) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for (at, char) in text.char_indices() {
        match char {
            '<' => escaped.push_str("&lt;"),
            '"' => escaped.push_str("&quot;"),
            '&' if !begins_entity(&text[at + 1..]) => escaped.push_str("&amp;"),
            char => escaped.push(char),
        }
    }
    Cow::Owned(escaped)
}

/// Text between tags, where the reference leaves quotes alone.
pub fn escape_text(text: &str) -> String {
    escape(text).replace("&quot;", "\"")
}

/// Text between tags or in an attribute that is shown as it is, entities and all.
pub fn escape_exactly(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}

/// Whether what follows an ampersand makes it an entity: word characters and `#`, then a semicolon.
fn begins_entity(rest: &str) -> bool {
    rest.trim_start_matches(|char: char| char == '#' || char == '_' || char.is_alphanumeric())
        .starts_with(';')
}

/// What Python's `quote` makes of a text: everything but letters, digits and `_.-~/` is percent-encoded.
pub fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.' | b'-' | b'~' | b'/' => {
                quoted.push(char::from(byte));
            }
            // Writing to a String cannot fail.
            byte => _ = write!(quoted, "%{byte:02X}"),
        }
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::{escape, escape_exactly, escape_text, quote};

    // WEB-019
    #[test]
    fn text_cannot_open_tags_but_entities_stay() {
        assert_eq!(escape_text("a<b&amp;& >\"x"), "a&lt;b&amp;&amp; >\"x");
        assert_eq!(escape("\"&#60;&;&x y;"), "&quot;&#60;&;&amp;x y;");
        assert_eq!(escape_exactly("&lt;<\""), "&amp;lt;&lt;&quot;");
    }

    // WEB-013, WEB-020
    #[test]
    fn names_are_quoted_as_python_quotes_them() {
        assert_eq!(quote("grp:m1/~é 50%"), "grp%3Am1/~%C3%A9%2050%25");
    }
}
