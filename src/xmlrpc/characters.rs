//! Which characters XML 1.0 allows, and which of them make a name.
//!
//! Names follow the fifth edition of XML 1.0, whose ranges are short. Expat, the reference's parser, holds the tables
//! of the fourth edition, so a name with letters from outside the ASCII set may be well-formed here and not there. No
//! XML-RPC element has one.

/// White space between the parts of markup.
pub(super) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// Whether `text` is nothing but white space as XML knows it.
pub(super) fn is_blank(text: &str) -> bool {
    text.bytes().all(|byte| is_space(byte.into()))
}

/// Whether a document may hold this character, written plainly or as a reference (XML-008, XML-038).
pub(super) fn is_allowed(c: char) -> bool {
    match c {
        '\t' | '\n' | '\r' => true,
        '\u{fffe}' | '\u{ffff}' => false,
        _ => c >= ' ',
    }
}

/// The length of the forbidden character that begins at `at`, if one does. Looks at bytes, since this runs over all
/// text that is read or written; `bytes` must be UTF-8.
pub(super) fn forbidden_length(bytes: &[u8], at: usize) -> Option<usize> {
    match bytes[at] {
        b'\t' | b'\n' | b'\r' => None,
        0..0x20 => Some(1),
        // U+FFFE and U+FFFF
        0xef if matches!(bytes[at..], [_, 0xbf, 0xbe | 0xbf, ..]) => Some(3),
        _ => None,
    }
}

/// Which bytes of text stand for themselves in a document, whatever is around them: all but those of `&`, `<`, `>` and of what may be
/// forbidden.
pub(super) static IS_PLAIN: [bool; 256] = {
    let mut plain = [true; 256];
    let mut byte = 0;
    while byte < 256 {
        plain[byte] = byte >= 0x20 && !matches!(byte as u8, b'&' | b'<' | b'>' | 0xef);
        byte += 1;
    }
    plain
};

/// A name without a colon.
pub(super) fn is_simple_name(text: &str) -> bool {
    let mut letters = text.chars();
    letters.next().is_some_and(begins_name) && letters.all(continues_name)
}

/// A name with at most one prefix, as an element or an attribute must have where namespaces are on.
pub(super) fn is_qualified_name(text: &str) -> bool {
    match text.split_once(':') {
        None => is_simple_name(text),
        Some((prefix, local)) => is_simple_name(prefix) && is_simple_name(local),
    }
}

fn begins_name(c: char) -> bool {
    matches!(c,
        'A'..='Z' | 'a'..='z' | '_'
        | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}' | '\u{370}'..='\u{37d}'
        | '\u{37f}'..='\u{1fff}' | '\u{200c}'..='\u{200d}' | '\u{2070}'..='\u{218f}' | '\u{2c00}'..='\u{2fef}'
        | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}' | '\u{10000}'..='\u{effff}')
}

fn continues_name(c: char) -> bool {
    begins_name(c)
        || matches!(c, '-' | '.' | '0'..='9' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
}

#[cfg(test)]
mod tests {
    use super::{forbidden_length, is_allowed};

    // XML-008, XML-038
    #[test]
    fn the_two_ways_to_ask_agree_on_every_character() {
        for c in '\0'..=char::MAX {
            let text = c.to_string();
            let expected = if is_allowed(c) {
                None
            } else {
                Some(text.len())
            };
            assert_eq!(forbidden_length(text.as_bytes(), 0), expected, "{c:?}");
        }
    }
}
