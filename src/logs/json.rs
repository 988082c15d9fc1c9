//! Text as a JSON string, for lines of logs.
//!
//! A log holds bytes, JSON holds characters. Bytes that are no UTF-8 become U+FFFD, and the caller is told, so that it can
//! hand the bytes over in another way.

use std::io::Write;

/// Adds a quoted string; false when it does not say exactly what the bytes were.
pub fn push_string(out: &mut Vec<u8>, bytes: &[u8]) -> bool {
    let mut exact = true;
    out.push(b'"');
    for chunk in bytes.utf8_chunks() {
        push_escaped(out, chunk.valid());
        if !chunk.invalid().is_empty() {
            exact = false;
            out.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
    out.push(b'"');
    exact
}

/// Runs of characters that need no escape are copied as they are.
fn push_escaped(out: &mut Vec<u8>, text: &str) {
    let bytes = text.as_bytes();
    let mut copied = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        if byte >= b' ' && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.extend_from_slice(&bytes[copied..at]);
        copied = at + 1;
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            // Writing to a Vec cannot fail.
            control => _ = write!(out, "\\u{control:04x}"),
        }
    }
    out.extend_from_slice(&bytes[copied..]);
}

#[cfg(test)]
mod tests {
    use super::push_string;

    fn json(bytes: &[u8]) -> (String, bool) {
        let mut out = Vec::new();
        let exact = push_string(&mut out, bytes);
        (String::from_utf8(out).expect("JSON is UTF-8"), exact)
    }

    #[test]
    fn what_json_cannot_hold_as_it_is_is_escaped() {
        assert_eq!(json(b""), (r#""""#.into(), true));
        assert_eq!(
            json("say \"žluť\"\\\t\n\r\u{1b}[0m\0\u{7f}".as_bytes()),
            (
                "\"say \\\"žluť\\\"\\\\\\t\\n\\r\\u001b[0m\\u0000\u{7f}\"".into(),
                true
            )
        );
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced_and_told() {
        assert_eq!(json(b"a\x88b"), ("\"a\u{fffd}b\"".into(), false));
        assert_eq!(json(b"\xc5"), ("\"\u{fffd}\"".into(), false));
    }
}
