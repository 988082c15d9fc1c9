//! Texts of scalar elements to values, with the acceptance of the Python functions that the reference calls.
//!
//! Each function gives `None` where the reference's conversion raises, which becomes HTTP 400 (XML-022).

use std::borrow::Cow;

use super::Value;

/// More digits than this are refused by Python's `int`, which protects itself from quadratic work that way.
const MOST_DIGITS: usize = 4300;

/// As Python's `int(text)`: white space around, a sign, single underscores between digits, any magnitude (XML-029).
/// Digits of other scripts than ASCII are refused here and known to Python.
pub(super) fn int(text: &str) -> Option<Value> {
    let text = text.trim();
    let negative = text.starts_with('-');
    let written = text.strip_prefix(['-', '+']).unwrap_or(text);
    let digits = without_underscores(written)?;
    if digits.is_empty()
        || digits.len() > MOST_DIGITS
        || !digits.bytes().all(|byte| byte.is_ascii_digit())
    {
        return None;
    }
    let significant = digits.trim_start_matches('0');
    match (significant, significant.parse::<i128>()) {
        ("", _) => Some(Value::Int(0)),
        (_, Ok(magnitude)) => {
            let number = if negative { -magnitude } else { magnitude };
            Some(
                i64::try_from(number)
                    .map_or_else(|_| Value::BigInt(number.to_string()), Value::Int),
            )
        }
        (_, Err(_)) => Some(Value::BigInt(format!(
            "{}{significant}",
            if negative { "-" } else { "" }
        ))),
    }
}

/// As Python's `float(text)` (XML-031), which differs from Rust's grammar by white space and underscores only.
pub(super) fn double(text: &str) -> Option<f64> {
    without_underscores(text.trim())?.parse().ok()
}

/// Python allows one underscore between two digits, to group them.
fn without_underscores(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('_') {
        return Some(Cow::Borrowed(text));
    }
    let is_digit = |c: char| c.is_ascii_digit();
    let parts: Vec<&str> = text.split('_').collect();
    let grouped = parts
        .windows(2)
        .all(|pair| pair[0].ends_with(is_digit) && pair[1].starts_with(is_digit));
    grouped.then(|| Cow::Owned(parts.concat()))
}

/// Whether `text` is a date that the reference's `make_datetime` accepts (XML-033): the shape, and a day that exists.
/// The reference would also take parts of one digit where that is not ambiguous; no client sends them.
pub(super) fn is_date_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    let shaped = bytes.len() == 17
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            8 => byte.eq_ignore_ascii_case(&b'T'),
            11 | 14 => *byte == b':',
            _ => byte.is_ascii_digit(),
        });
    if !shaped {
        return false;
    }
    let number = |from: usize, to: usize| {
        bytes[from..to]
            .iter()
            .fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'))
    };
    let (year, month, day) = (number(0, 4), number(4, 6), number(6, 8));
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => 0,
    };
    year > 0
        && (1..=days).contains(&day)
        && number(9, 11) < 24
        && number(12, 14) < 60
        && number(15, 17) < 60
}

/// As Python's `base64.decodebytes`, then decoded as UTF-8 (XML-032): characters outside the alphabet are skipped,
/// and padding that completes a group of four ends the data, whatever follows. The strict decoder of the `base64`
/// crate fits neither.
pub(super) fn base64(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let mut in_group = 0;
    let mut padding = 0;
    let mut bits = 0_u32;
    for byte in text.bytes() {
        if byte == b'=' {
            // Padding that comes too early counts for nothing.
            if in_group >= 2 {
                padding += 1;
                if in_group + padding == 4 {
                    in_group = 0;
                    break;
                }
            }
            continue;
        }
        let Some(six) = six_bits(byte) else { continue };
        padding = 0;
        bits = (bits << 6 | six) & 0xffff;
        match in_group {
            0 => {}
            1 => out.push((bits >> 4) as u8),
            2 => out.push((bits >> 2) as u8),
            _ => out.push(bits as u8),
        }
        in_group = (in_group + 1) % 4;
    }
    // An unfinished group is an error in Python too.
    if in_group == 0 {
        String::from_utf8(out).ok()
    } else {
        None
    }
}

fn six_bits(byte: u8) -> Option<u32> {
    let value = match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(value.into())
}
