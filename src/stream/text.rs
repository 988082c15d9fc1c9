//! How the bytes of a child are shown where text is wanted: in the activity log and in the payloads of events.

use std::borrow::Cow;

use crate::model::py_repr::{repr_bytes, repr_str};

/// The bytes as text when they are UTF-8, else what Python shows of them (MSG-018, EVT-026). A character that two
/// reads cut apart makes both of its chunks undecodable.
pub fn shown(data: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(data) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(format!("Undecodable: {}", repr_bytes(data))),
    }
}

/// The line of the activity log (at debug) for one chunk of a child's `stdout` or `stderr` (MSG-018, LOG-011).
pub fn output_line(process: &str, channel: &str, data: &[u8]) -> String {
    format!("{} {channel} output:\n{}", repr_str(process), shown(data))
}

/// The same for the stdout of an event listener, whose data is always shown as Python shows bytes
/// (`PEventListenerDispatcher.handle_read_event` puts the bytes themselves into the text; MSG-019, EVL-014).
pub fn listener_output_line(process: &str, channel: &str, data: &[u8]) -> String {
    format!(
        "{} {channel} output:\n{}",
        repr_str(process),
        repr_bytes(data)
    )
}

#[cfg(test)]
mod tests {
    use super::{listener_output_line, output_line, shown};

    // MSG-018, EVT-026, E2E-003
    #[test]
    fn data_that_is_not_utf_8_is_shown_as_python_shows_bytes() {
        assert_eq!(shown("žluť\n".as_bytes()), "žluť\n");
        assert_eq!(shown(b"\x88\n"), "Undecodable: b'\\x88\\n'");
        assert_eq!(shown(b"ok \xc3"), "Undecodable: b'ok \\xc3'");
        assert_eq!(shown(b"it's \xff"), "Undecodable: b\"it's \\xff\"");
        assert_eq!(shown(b""), "");
    }

    // EVT-026: what Python's strict decoder refuses: surrogates, overlong forms, beyond U+10FFFF.
    #[test]
    fn what_only_looks_like_utf_8_is_undecodable() {
        assert_eq!(shown(b"\xed\xa0\x80"), "Undecodable: b'\\xed\\xa0\\x80'");
        assert_eq!(shown(b"\xc0\x80"), "Undecodable: b'\\xc0\\x80'");
        assert_eq!(
            shown(b"\xf4\x90\x80\x80"),
            "Undecodable: b'\\xf4\\x90\\x80\\x80'"
        );
    }

    // MSG-018
    #[test]
    fn a_childs_output_is_introduced_by_its_quoted_name() {
        assert_eq!(
            output_line("cat", "stdout", b"hi\n"),
            "'cat' stdout output:\nhi\n"
        );
        assert_eq!(
            output_line("it's", "stderr", b"\x88bad\n"),
            "\"it's\" stderr output:\nUndecodable: b'\\x88bad\\n'"
        );
    }

    // MSG-019
    #[test]
    fn a_listeners_output_is_always_shown_as_bytes() {
        assert_eq!(
            listener_output_line("lis", "stdout", b"READY\n"),
            "'lis' stdout output:\nb'READY\\n'"
        );
    }
}
