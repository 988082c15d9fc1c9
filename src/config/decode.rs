//! Bytes of a file to lines, as Python's text mode does it: strict UTF-8, and three kinds of line end that are one.
//!
//! Python decodes in blocks of 8 KiB while the parser already reads the lines before. So a bad byte is reported with
//! its place in the block, and only if the lines of the earlier blocks were good (INI-003).

use std::fmt;

/// The size of one read of Python's text layer.
const BLOCK: usize = 8192;

/// The lines of a file, each with its `\n` except perhaps the last, and the error that comes after them.
#[derive(Debug, PartialEq, Eq)]
pub struct Decoded {
    pub lines: Vec<String>,
    pub error: Option<DecodeError>,
}

/// Bytes that are not UTF-8, with the text Python has for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeError {
    /// Place of the first bad byte in the block that Python was decoding.
    pub position: usize,
    pub bytes: Vec<u8>,
    pub reason: DecodeReason,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecodeReason {
    StartByte,
    ContinuationByte,
    EndOfData,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start = self.position;
        match self.bytes.as_slice() {
            [byte] => write!(
                f,
                "'utf-8' codec can't decode byte 0x{byte:02x} in position {start}: "
            )?,
            bytes => write!(
                f,
                "'utf-8' codec can't decode bytes in position {start}-{}: ",
                (start + bytes.len()).saturating_sub(1)
            )?,
        }
        f.write_str(match self.reason {
            DecodeReason::StartByte => "invalid start byte",
            DecodeReason::ContinuationByte => "invalid continuation byte",
            DecodeReason::EndOfData => "unexpected end of data",
        })
    }
}

/// Decodes a whole file.
pub fn decode(bytes: &[u8]) -> Decoded {
    let mut text = String::with_capacity(bytes.len());
    let mut error = None;
    // What a block left over: the beginning of a character that the next block ends.
    let mut start = 0;
    for end in (BLOCK..bytes.len()).step_by(BLOCK).chain([bytes.len()]) {
        match std::str::from_utf8(&bytes[start..end]) {
            Ok(valid) => {
                text.push_str(valid);
                start = end;
            }
            Err(bad) => {
                let valid = start + bad.valid_up_to();
                match bad.error_len() {
                    Some(length) if !is_cut_surrogate(&bytes[valid..end]) => {
                        error = Some(describe(bytes, start, valid, length));
                        break;
                    }
                    _ => {}
                }
                // The prefix up to there was just found valid.
                text.push_str(&String::from_utf8_lossy(&bytes[start..valid]));
                start = valid;
            }
        }
    }
    if error.is_none() && start < bytes.len() {
        error = Some(if is_cut_surrogate(&bytes[start..]) {
            describe(bytes, start, start, 1)
        } else {
            DecodeError {
                position: 0,
                bytes: bytes[start..].to_vec(),
                reason: DecodeReason::EndOfData,
            }
        });
    }
    let mut lines = split_lines(&text);
    if error.is_some() && !lines.last().is_some_and(|line| line.ends_with('\n')) {
        // Python was still waiting for the rest of this line.
        lines.pop();
    }
    Decoded { lines, error }
}

/// The first two bytes of an encoded surrogate at the end of a block. No third byte can make them right, yet Python
/// waits for it.
fn is_cut_surrogate(rest: &[u8]) -> bool {
    matches!(rest, [0xed, 0xa0..=0xbf])
}

fn describe(bytes: &[u8], block: usize, at: usize, length: usize) -> DecodeError {
    let first = bytes[at];
    let reason = if (0xc2..=0xf4).contains(&first) {
        DecodeReason::ContinuationByte
    } else {
        DecodeReason::StartByte
    };
    DecodeError {
        position: at - block,
        bytes: bytes[at..at + length].to_vec(),
        reason,
    }
}

/// Universal newlines (INI-002): `\r\n` and a lone `\r` end a line too, and every end becomes `\n`.
pub fn split_lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\r' => {
                characters.next_if_eq(&'\n');
                line.push('\n');
                lines.push(std::mem::take(&mut line));
            }
            '\n' => {
                line.push('\n');
                lines.push(std::mem::take(&mut line));
            }
            other => line.push(other),
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::decode;

    // INI-002
    #[test]
    fn three_kinds_of_line_end_are_one() {
        let decoded = decode(b"a\r\nb\rc\n\r\rd");
        assert_eq!(decoded.lines, ["a\n", "b\n", "c\n", "\n", "\n", "d"]);
        assert_eq!(decoded.error, None);
    }

    // INI-003: texts printed by Python 3.11.
    #[test]
    fn bad_bytes_are_described_as_python_does() {
        for (bytes, expected) in [
            (
                &b"[supervisord]\nx=\"\xff"[..],
                "'utf-8' codec can't decode byte 0xff in position 17: invalid start byte",
            ),
            (
                b"a\xe2\x82A",
                "'utf-8' codec can't decode bytes in position 1-2: invalid continuation byte",
            ),
            (
                b"a\xc3A",
                "'utf-8' codec can't decode byte 0xc3 in position 1: invalid continuation byte",
            ),
            (
                b"\xed\xa0\x80",
                "'utf-8' codec can't decode byte 0xed in position 0: invalid continuation byte",
            ),
            (
                b"abc\xe2\x82",
                "'utf-8' codec can't decode bytes in position 0-1: unexpected end of data",
            ),
            (
                b"abc\xed\xa0",
                "'utf-8' codec can't decode byte 0xed in position 0: invalid continuation byte",
            ),
        ] {
            let error = decode(bytes).error.expect("bad bytes");
            assert_eq!(error.to_string(), expected);
        }
    }

    // INI-003
    #[test]
    fn the_lines_of_earlier_blocks_come_before_the_error() {
        let mut bytes = b"first\nsecond".to_vec();
        bytes.resize(8191, b'.');
        bytes.extend_from_slice(b"\xc3\xa9 \xff\n");
        let decoded = decode(&bytes);
        assert_eq!(decoded.lines, ["first\n"]);
        assert_eq!(
            decoded.error.expect("a bad byte").to_string(),
            "'utf-8' codec can't decode byte 0xff in position 3: invalid start byte"
        );
    }
}
