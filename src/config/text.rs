//! Text as Python sees it: what counts as a blank, what `%r` shows, and characters of text that is not all UTF-8.
//!
//! A configuration file is text, but an environment value may hold any bytes and can be put into an option with
//! `%(ENV_X)s`. Python keeps such bytes as lone surrogates, one character per byte; [`characters`] gives the same
//! view over plain bytes. Nothing here knows about configuration.

use bstr::{BStr, BString, ByteSlice};

use crate::model::py_repr::repr_str;

/// One character of a Python string: a code point, or `0xdc00 + byte` for a byte that is not UTF-8.
pub type Character = u32;

/// The characters of `text`; every byte that belongs to no valid sequence is one of its own.
pub fn characters(text: &BStr) -> Vec<Character> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        let (decoded, size) = bstr::decode_utf8(rest);
        match decoded {
            Some(character) => {
                out.push(u32::from(character));
                rest = &rest[size..];
            }
            None => {
                out.push(0xdc00 + u32::from(rest[0]));
                rest = &rest[1..];
            }
        }
    }
    out
}

/// Adds one character to `out`, the inverse of [`characters`]. A code point that is no scalar value (a surrogate made
/// by `%c`) becomes its low byte or is left out; Python could not write it either.
pub fn push_character(out: &mut BString, character: Character) {
    if let Some(scalar) = char::from_u32(character) {
        let mut buffer = [0; 4];
        out.extend_from_slice(scalar.encode_utf8(&mut buffer).as_bytes());
    } else if (0xdc80..=0xdcff).contains(&character) {
        // The range check makes the low byte exact.
        out.push((character & 0xff) as u8);
    }
}

/// `str.isspace` for one character: Unicode white space and the four separators U+001C to U+001F.
pub fn is_space(character: char) -> bool {
    character.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&character)
}

/// `str.strip()`.
pub fn strip(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// `str.strip()` on bytes; bytes that are not UTF-8 are never blank.
pub fn strip_bytes(text: &BStr) -> &BStr {
    let mut rest = text.as_bytes();
    loop {
        match bstr::decode_utf8(rest) {
            (Some(character), size) if is_space(character) => rest = &rest[size..],
            _ => break,
        }
    }
    loop {
        match bstr::decode_last_utf8(rest) {
            (Some(character), size) if is_space(character) => rest = &rest[..rest.len() - size],
            _ => break,
        }
    }
    BStr::new(rest)
}

/// `str.lower()`; bytes that are not UTF-8 stay.
pub fn lower(text: &BStr) -> BString {
    BString::from(text.to_lowercase())
}

/// What `%s` shows on the reference's stderr: bytes that are not UTF-8 as `\udcNN`.
pub fn show(text: &BStr) -> String {
    let mut out = String::with_capacity(text.len());
    for character in characters(text) {
        match char::from_u32(character) {
            Some(scalar) => out.push(scalar),
            None => out.push_str(&format!("\\u{character:04x}")),
        }
    }
    out
}

/// `repr(str)` of text that may hold bytes that are not UTF-8.
pub fn repr(text: &BStr) -> String {
    if let Ok(valid) = text.to_str() {
        return repr_str(valid);
    }
    let quote = if text.contains(&b'\'') && !text.contains(&b'"') {
        '"'
    } else {
        '\''
    };
    let mut out = String::from(quote);
    for character in characters(text) {
        match char::from_u32(character) {
            Some(scalar) if scalar == quote => {
                out.push('\\');
                out.push(quote);
            }
            Some(scalar) => {
                let shown = repr_str(scalar.encode_utf8(&mut [0; 4]));
                // The quotes around it are one ASCII character each.
                out.push_str(&shown[1..shown.len() - 1]);
            }
            None => out.push_str(&format!("\\u{character:04x}")),
        }
    }
    out.push(quote);
    out
}

/// `repr` of a list of strings: `['a', 'b']`.
pub fn repr_list<'a>(items: impl IntoIterator<Item = &'a BStr>) -> String {
    let shown: Vec<String> = items.into_iter().map(repr).collect();
    format!("[{}]", shown.join(", "))
}

/// Where the ten digits of every script begin (Unicode 14, as Python 3.11 has it); each run is ten long.
const DIGIT_ZEROS: [u32; 66] = [
    0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66,
    0xde6, 0xe50, 0xed0, 0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90,
    0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10,
    0x104a0, 0x10d30, 0x11066, 0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650,
    0x116c0, 0x11730, 0x118e0, 0x11950, 0x11c50, 0x11d50, 0x11da0, 0x16a60, 0x16ac0, 0x16b50,
    0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e950, 0x1fbf0,
];

/// The value of a decimal digit of any script.
pub fn digit(character: char) -> Option<u32> {
    let code = u32::from(character);
    let zero = DIGIT_ZEROS
        .iter()
        .rev()
        .find(|&&zero| zero <= code)
        .copied()?;
    (code - zero < 10).then(|| code - zero)
}

#[cfg(test)]
mod tests {
    use bstr::{BStr, BString};

    use super::{characters, digit, is_space, push_character, repr, repr_list, show, strip_bytes};

    // EXP-009: expectations from Python 3.11 with surrogateescape.
    #[test]
    fn bytes_that_are_not_utf8_are_one_character_each() {
        let odd = BStr::new(b"\xe2\x82A\xed\xa0\x80\xff\xc3\xa9");
        assert_eq!(
            characters(odd),
            [0xdce2, 0xdc82, 0x41, 0xdced, 0xdca0, 0xdc80, 0xdcff, 0xe9]
        );
        let mut back = BString::default();
        for character in characters(odd) {
            push_character(&mut back, character);
        }
        assert_eq!(back, odd);
        assert_eq!(show(BStr::new(b"a\xff'")), "a\\udcff'");
        assert_eq!(repr(BStr::new(b"a\xff'\n")), "\"a\\udcff'\\n\"");
        assert_eq!(repr(BStr::new(b"a\xff'\"")), "'a\\udcff\\'\"'");
    }

    // CLI-005
    #[test]
    fn a_list_looks_as_python_shows_it() {
        assert_eq!(
            repr_list([BStr::new("foo"), BStr::new("it's")]),
            "['foo', \"it's\"]"
        );
        assert_eq!(repr_list([]), "[]");
    }

    // INI-021
    #[test]
    fn blanks_are_those_of_python() {
        for blank in ['\t', '\u{1c}', '\u{1f}', '\u{85}', '\u{a0}', '\u{3000}'] {
            assert!(is_space(blank), "{blank:?}");
        }
        for other in ['\u{feff}', '\u{200b}', '\u{180e}', 'x'] {
            assert!(!is_space(other), "{other:?}");
        }
        assert_eq!(strip_bytes(BStr::new("\u{1c}\u{a0}x y\n")), "x y");
        assert_eq!(strip_bytes(BStr::new(b" \xff ")), BStr::new(b"\xff"));
    }

    // TYP-001
    #[test]
    fn digits_of_other_scripts_count() {
        assert_eq!(digit('7'), Some(7));
        assert_eq!(digit('\u{0663}'), Some(3));
        assert_eq!(digit('\u{ff19}'), Some(9));
        for other in ['a', '\u{b2}', '\u{2460}', '/', ':'] {
            assert_eq!(digit(other), None);
        }
    }
}
