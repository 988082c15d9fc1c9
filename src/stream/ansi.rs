//! Taking terminal escapes out of what a child writes (`strip_ansi`).
//!
//! This is the reference's notion of an escape (`stripEscapes` in dispatchers.py), not a terminal's: `ESC [` starts
//! one, and the next byte out of a fixed set ends it, whatever stands between. So a sequence with another final byte
//! (`ESC [ 2 G`) takes text along, up to the next such letter. Each chunk stands for itself: a sequence cut off by the
//! end of a chunk swallows the rest of that chunk, and its remainder at the head of the next one is plain text.

use std::borrow::Cow;

use bstr::ByteSlice;

const BEGIN: &[u8] = b"\x1b[";
const FINAL: &[u8] = b"HfABCDRsuJKhlpm";

/// The chunk without its escapes; borrowed when there are none (LOG-031 to LOG-033).
pub fn strip_escapes(chunk: &[u8]) -> Cow<'_, [u8]> {
    let Some(first) = chunk.find(BEGIN) else {
        return Cow::Borrowed(chunk);
    };
    let mut plain = chunk[..first].to_vec();
    let mut rest = &chunk[first..];
    loop {
        // `rest` begins with an escape.
        let Some(end) = rest.find_byteset(FINAL) else {
            return Cow::Owned(plain);
        };
        rest = &rest[end + 1..];
        let Some(next) = rest.find(BEGIN) else {
            plain.extend_from_slice(rest);
            return Cow::Owned(plain);
        };
        plain.extend_from_slice(&rest[..next]);
        rest = &rest[next..];
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use proptest::prelude::*;

    use super::strip_escapes;

    fn stripped(chunk: &str) -> String {
        String::from_utf8(strip_escapes(chunk.as_bytes()).into_owned())
            .expect("what is left of text is text here")
    }

    // LOG-032
    #[test]
    fn colours_and_cursor_moves_are_taken_out() {
        assert_eq!(stripped("\x1b[34mhello\x1b[0m"), "hello");
        assert_eq!(stripped("a\x1b[2Jb\x1b[1;31mc\x1b[Kd"), "abcd");
        assert_eq!(stripped("\x1b[m\x1b[m"), "");
    }

    // LOG-032: the oddity of the reference, whose answers these are.
    #[test]
    fn an_unknown_final_byte_takes_text_along() {
        assert_eq!(stripped("\x1b[2Gnext line"), "ine");
        assert_eq!(stripped("\x1b[2Gall of me"), "l of me");
        assert_eq!(stripped("\x1b[Gxk\x1b[mf"), "f");
        assert_eq!(stripped("\x1b[mm"), "m");
    }

    // LOG-033
    #[test]
    fn an_unfinished_escape_swallows_the_rest_of_its_chunk_only() {
        assert_eq!(stripped("before\x1b[12;3"), "before");
        assert_eq!(stripped("1mafter"), "1mafter");
    }

    // LOG-033
    #[test]
    fn a_lone_escape_byte_and_window_titles_are_kept() {
        assert_eq!(stripped("a\x1bb"), "a\x1bb");
        assert_eq!(stripped("a\x1b"), "a\x1b");
        assert_eq!(stripped("\x1b]0;title\x07text"), "\x1b]0;title\x07text");
    }

    #[test]
    fn text_without_escapes_is_not_copied() {
        assert!(matches!(strip_escapes(b"plain"), Cow::Borrowed(_)));
    }

    /// The rule of LOG-032 byte by byte.
    fn naive(chunk: &[u8]) -> Vec<u8> {
        let (mut plain, mut inside) = (Vec::new(), false);
        for (at, &byte) in chunk.iter().enumerate() {
            if inside {
                inside = !b"HfABCDRsuJKhlpm".contains(&byte);
            } else if chunk[at..].starts_with(b"\x1b[") {
                inside = true;
            } else {
                plain.push(byte);
            }
        }
        plain
    }

    proptest! {
        #[test]
        fn stripping_agrees_with_the_rule_read_byte_by_byte(
            chunk in proptest::collection::vec(proptest::sample::select(b"\x1b[mHG1;ax".to_vec()), 0..60)
        ) {
            prop_assert_eq!(strip_escapes(&chunk).into_owned(), naive(&chunk));
        }
    }
}
