//! Python's `repr` of strings and bytes, which many of the reference's messages contain (`%r`).

use std::fmt::Write;

/// `repr(str)`: single quotes unless the text has one and no double quote; control characters escaped; printable
/// non-ASCII left as it is.
pub fn repr_str(text: &str) -> String {
    let quote = quote_for(text.contains('\''), text.contains('"'));
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    for character in text.chars() {
        match character {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\\' => out.push_str("\\\\"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            c if is_printable(c) => out.push(c),
            c => {
                let code = u32::from(c);
                // Writing to a String cannot fail.
                let _ = match code {
                    0..=0xff => write!(out, "\\x{code:02x}"),
                    0x100..=0xffff => write!(out, "\\u{code:04x}"),
                    _ => write!(out, "\\U{code:08x}"),
                };
            }
        }
    }
    out.push(quote);
    out
}

/// `repr(bytes)`: as [`repr_str`] behind a `b`, with everything outside printable ASCII as `\xNN`.
pub fn repr_bytes(bytes: &[u8]) -> String {
    let quote = quote_for(bytes.contains(&b'\''), bytes.contains(&b'"'));
    let mut out = String::with_capacity(bytes.len() + 3);
    out.push('b');
    out.push(quote);
    for &byte in bytes {
        match byte {
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            b'\\' => out.push_str("\\\\"),
            _ if char::from(byte) == quote => {
                out.push('\\');
                out.push(quote);
            }
            0x20..=0x7e => out.push(char::from(byte)),
            _ => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\x{byte:02x}");
            }
        }
    }
    out.push(quote);
    out
}

fn quote_for(has_single: bool, has_double: bool) -> char {
    if has_single && !has_double { '"' } else { '\'' }
}

/// Python's `str.isprintable` for one character, near enough for names and paths: control, format, separator,
/// private and unassigned blocks that matter are escaped.
fn is_printable(c: char) -> bool {
    if c == ' ' {
        return true;
    }
    let code = u32::from(c);
    !(c.is_control()
        || c.is_whitespace()
        || code == 0xad
        || (0x200b..=0x200f).contains(&code)
        || (0x202a..=0x202e).contains(&code)
        || (0x2060..=0x206f).contains(&code)
        || (0xe000..=0xf8ff).contains(&code)
        || code == 0xfeff
        || (0xfff9..=0xfffb).contains(&code)
        || code >= 0xe0000)
}

#[cfg(test)]
mod tests {
    use super::{repr_bytes, repr_str};

    // INI-030, NAM-001: what `%r` shows in messages; expectations printed by Python 3.11.
    #[test]
    fn strings_look_as_python_shows_them() {
        assert_eq!(repr_str("plain"), "'plain'");
        assert_eq!(repr_str("it's"), "\"it's\"");
        assert_eq!(repr_str("it's \"x\""), "'it\\'s \"x\"'");
        assert_eq!(
            repr_str("a\tb\n\u{1}é\u{feff}\\"),
            "'a\\tb\\n\\x01é\\ufeff\\\\'"
        );
    }

    // MSG-018
    #[test]
    fn bytes_look_as_python_shows_them() {
        assert_eq!(repr_bytes(b"\x88bad\n"), "b'\\x88bad\\n'");
        assert_eq!(repr_bytes(b"it's"), "b\"it's\"");
    }
}
