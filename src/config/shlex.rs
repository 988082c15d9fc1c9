//! A command line taken apart as Python's `shlex.split` does it (SPN-002): blanks, two kinds of quotes, backslash.
//!
//! No comments, no variables, no `~`, no wildcards. Works on bytes, since every character with a meaning is ASCII.

use std::fmt;

use bstr::{BStr, BString};

/// Why a command cannot be taken apart (SPN-003).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShlexError {
    NoClosingQuotation,
    NoEscapedCharacter,
}

impl fmt::Display for ShlexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoClosingQuotation => "No closing quotation",
            Self::NoEscapedCharacter => "No escaped character",
        })
    }
}

impl std::error::Error for ShlexError {}

/// The words of a command.
pub fn split(command: &BStr) -> Result<Vec<BString>, ShlexError> {
    let mut words = Vec::new();
    // `None` between words; `''` is a word of no characters.
    let mut word: Option<BString> = None;
    let mut bytes = command.iter().copied();
    while let Some(byte) = bytes.next() {
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => words.extend(word.take()),
            b'\\' => {
                let escaped = bytes.next().ok_or(ShlexError::NoEscapedCharacter)?;
                word.get_or_insert_default().push(escaped);
            }
            b'\'' | b'"' => quoted(byte, &mut bytes, word.get_or_insert_default())?,
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    Ok(words)
}

/// The inside of quotes. Within double quotes a backslash escapes itself and the quote, and stays before anything else.
fn quoted(
    quote: u8,
    bytes: &mut impl Iterator<Item = u8>,
    word: &mut BString,
) -> Result<(), ShlexError> {
    loop {
        match bytes.next().ok_or(ShlexError::NoClosingQuotation)? {
            byte if byte == quote => return Ok(()),
            b'\\' if quote == b'"' => {
                let escaped = bytes.next().ok_or(ShlexError::NoEscapedCharacter)?;
                if escaped != b'"' && escaped != b'\\' {
                    word.push(b'\\');
                }
                word.push(escaped);
            }
            other => word.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use bstr::{BStr, BString};

    use super::{ShlexError, split};

    fn words(command: &str) -> Vec<BString> {
        split(BStr::new(command)).expect("a good command")
    }

    // SPN-002: expectations from Python's shlex.split.
    #[test]
    fn commands_are_split_as_by_a_shell_without_expansions() {
        for (command, expected) in [
            ("", &[][..]),
            (" \t\n", &[]),
            ("a b\nc\td", &["a", "b", "c", "d"]),
            ("sh -c 'a b; c'", &["sh", "-c", "a b; c"]),
            ("a\"b c\"d'e f'", &["ab cde f"]),
            ("'' \"\" x''", &["", "", "x"]),
            ("a\\ b \\\\ \\'", &["a b", "\\", "'"]),
            ("\"a\\\"b\\\\c\\d\\'\"", &["a\"b\\c\\d\\'"]),
            ("'a\\'", &["a\\"]),
            ("a\\\nb", &["a\nb"]),
            ("a #b $HOME ~ *", &["a", "#b", "$HOME", "~", "*"]),
            ("é \u{a0}", &["é", "\u{a0}"]),
        ] {
            assert_eq!(words(command), expected, "{command:?}");
        }
    }

    // SPN-003
    #[test]
    fn open_quotes_and_a_last_backslash_are_errors() {
        for (command, expected) in [
            ("a 'b", "No closing quotation"),
            ("a \"b", "No closing quotation"),
            ("a \\", "No escaped character"),
            ("\"a\\", "No escaped character"),
        ] {
            let error = split(BStr::new(command)).expect_err("a bad command");
            assert_eq!(error.to_string(), expected, "{command:?}");
        }
        assert_eq!(split(BStr::new("'")), Err(ShlexError::NoClosingQuotation));
    }
}
