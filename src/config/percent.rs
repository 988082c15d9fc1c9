//! One value laid out by one conversion of Python's `%` operator: `%05d`, `%-8s`, `%#x`, `%.2f`.
//!
//! The values a configuration can name are text and whole numbers, so floating point conversions only ever see whole
//! numbers. `expand.rs` reads the templates; the texts of the complaints are there too.

use bstr::{BStr, BString, ByteSlice};

use super::expand::FormatError;
use super::text::{self, Character, characters, push_character};

/// What is laid out. The mapping itself can be, as its text.
#[derive(Debug)]
pub enum Argument<'a> {
    Text(&'a BStr),
    Number(i64),
    Mapping(BString),
}

impl Argument<'_> {
    fn type_name(&self) -> &'static str {
        match self {
            Self::Text(_) => "str",
            Self::Number(_) => "int",
            Self::Mapping(_) => "dict",
        }
    }

    fn as_text(&self) -> BString {
        match self {
            Self::Text(text) => (*text).to_owned(),
            Self::Number(number) => number.to_string().into(),
            Self::Mapping(shown) => shown.clone(),
        }
    }

    fn as_repr(&self) -> String {
        match self {
            Self::Text(text) => text::repr(text),
            Self::Number(number) => number.to_string(),
            Self::Mapping(shown) => text::show(shown.as_bstr()),
        }
    }
}

/// Flags, width and precision.
#[derive(Debug, Clone, Copy, Default)]
pub struct Layout {
    pub left: bool,
    pub sign: bool,
    pub blank: bool,
    pub alternate: bool,
    pub zero: bool,
    pub width: Option<usize>,
    pub precision: Option<usize>,
}

/// Adds the value to `out`. `index` is the place of the conversion in its template, for the complaint about it.
pub fn lay_out(
    out: &mut BString,
    argument: Argument<'_>,
    layout: Layout,
    conversion: Character,
    index: usize,
) -> Result<(), FormatError> {
    let unsupported = FormatError::Unsupported {
        character: conversion,
        index,
    };
    let Some(conversion) = char::from_u32(conversion) else {
        return Err(unsupported);
    };
    match conversion {
        's' | 'r' | 'a' => {
            let text = match conversion {
                's' => argument.as_text(),
                'r' => argument.as_repr().into(),
                _ => ascii(&argument.as_repr()).into(),
            };
            let mut shown = characters(text.as_bstr());
            shown.truncate(layout.precision.unwrap_or(shown.len()));
            pad(out, &shown, layout);
            Ok(())
        }
        'd' | 'i' | 'u' | 'o' | 'x' | 'X' => {
            let Argument::Number(number) = argument else {
                let found = argument.type_name();
                return Err(match conversion {
                    'o' | 'x' | 'X' => FormatError::NotAnInteger { conversion, found },
                    _ => FormatError::NotANumber { conversion, found },
                });
            };
            lay_out_number(
                out,
                &integer(number, layout, conversion),
                layout,
                conversion,
            );
            Ok(())
        }
        'e' | 'E' | 'f' | 'F' | 'g' | 'G' => {
            let Argument::Number(number) = argument else {
                return Err(FormatError::NotReal {
                    found: argument.type_name(),
                });
            };
            lay_out_number(out, &float(number, layout, conversion), layout, conversion);
            Ok(())
        }
        'c' => {
            pad(out, &[character(argument)?], layout);
            Ok(())
        }
        _ => Err(unsupported),
    }
}

fn character(argument: Argument<'_>) -> Result<Character, FormatError> {
    match argument {
        Argument::Text(text) => match characters(text).as_slice() {
            [character] => Ok(*character),
            _ => Err(FormatError::NotACharacter),
        },
        Argument::Number(number) => match u32::try_from(number) {
            Ok(code) if code <= 0x10_ffff => Ok(code),
            _ => Err(FormatError::CharacterOutOfRange),
        },
        Argument::Mapping(_) => Err(FormatError::NotACharacter),
    }
}

/// `ascii()` from `repr()`: what is not ASCII becomes an escape.
fn ascii(repr: &str) -> String {
    let mut out = String::with_capacity(repr.len());
    for character in repr.chars() {
        match u32::from(character) {
            0..=0x7f => out.push(character),
            code @ 0x80..=0xff => out.push_str(&format!("\\x{code:02x}")),
            code @ 0x100..=0xffff => out.push_str(&format!("\\u{code:04x}")),
            code => out.push_str(&format!("\\U{code:08x}")),
        }
    }
    out
}

/// Text between its padding.
fn pad(out: &mut BString, shown: &[Character], layout: Layout) {
    let missing = layout.width.unwrap_or(0).saturating_sub(shown.len());
    if !layout.left {
        fill(out, b' ', missing);
    }
    for &character in shown {
        push_character(out, character);
    }
    if layout.left {
        fill(out, b' ', missing);
    }
}

fn fill(out: &mut BString, byte: u8, count: usize) {
    out.extend(std::iter::repeat_n(byte, count));
}

/// Digits of a whole number, with its minus and, in the alternate form, its `0x`.
fn integer(number: i64, layout: Layout, conversion: char) -> String {
    let size = number.unsigned_abs();
    let (prefix, mut digits) = match conversion {
        'o' => ("0o", format!("{size:o}")),
        'x' => ("0x", format!("{size:x}")),
        'X' => ("0X", format!("{size:X}")),
        _ => ("", size.to_string()),
    };
    if let Some(precision) = layout.precision {
        let missing = precision.saturating_sub(digits.len());
        digits.insert_str(0, &"0".repeat(missing));
    }
    let prefix = if layout.alternate { prefix } else { "" };
    let minus = if number < 0 { "-" } else { "" };
    format!("{minus}{prefix}{digits}")
}

/// A number that has its own sign: zeros go between sign, prefix and digits, blanks before all of them.
fn lay_out_number(out: &mut BString, shown: &str, layout: Layout, conversion: char) {
    let (sign, rest) = match shown.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None if layout.sign => ("+", shown),
        None if layout.blank => (" ", shown),
        None => ("", shown),
    };
    let has_prefix = layout.alternate && matches!(conversion, 'x' | 'X' | 'o');
    let (prefix, digits) = rest.split_at(if has_prefix { 2 } else { 0 });
    let length = sign.len() + rest.len();
    let missing = layout.width.unwrap_or(0).saturating_sub(length);
    if !layout.left && !layout.zero {
        fill(out, b' ', missing);
    }
    out.extend_from_slice(sign.as_bytes());
    out.extend_from_slice(prefix.as_bytes());
    if !layout.left && layout.zero {
        fill(out, b'0', missing);
    }
    out.extend_from_slice(digits.as_bytes());
    if layout.left {
        fill(out, b' ', missing);
    }
}

/// A whole number in one of the floating point forms.
fn float(number: i64, layout: Layout, conversion: char) -> String {
    let precision = layout.precision.unwrap_or(6);
    // Python rounds to a double as well.
    let value = number as f64;
    let text = match conversion.to_ascii_lowercase() {
        'f' => {
            let point = if precision > 0 || layout.alternate {
                "."
            } else {
                ""
            };
            // A double without a fraction: what follows the point can only be zeros.
            format!("{value:.0}{point}{}", "0".repeat(precision))
        }
        'e' => scientific(value, precision, layout.alternate),
        _ => general(value, precision.max(1), layout.alternate),
    };
    if conversion.is_ascii_uppercase() {
        text.to_ascii_uppercase()
    } else {
        text
    }
}

/// Rust limits how many digits it formats; a 64-bit number has no digits beyond this many that are not zero.
const MEANINGFUL_DIGITS: usize = 20;

/// Digits after the point and the exponent of `d.ddd × 10^e`, rounded to `precision` digits after the point.
fn rounded(value: f64, precision: usize) -> (String, i32) {
    let shown = format!("{value:.*e}", precision.min(MEANINGFUL_DIGITS));
    // Rust's form is `-d.ddde22`.
    let (mantissa, exponent) = shown.split_once('e').unwrap_or((&shown, "0"));
    let mut mantissa = mantissa.to_owned();
    let more = precision.saturating_sub(MEANINGFUL_DIGITS);
    mantissa.push_str(&"0".repeat(more));
    (mantissa, exponent.parse().unwrap_or(0))
}

fn scientific(value: f64, precision: usize, keep_point: bool) -> String {
    let (mantissa, exponent) = rounded(value, precision);
    let point = if keep_point && !mantissa.contains('.') {
        "."
    } else {
        ""
    };
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}{point}e{sign}{:02}", exponent.abs())
}

/// `%g`: scientific for large exponents, else plain; trailing zeros stay only in the alternate form.
fn general(value: f64, significant: usize, alternate: bool) -> String {
    let (mantissa, exponent) = rounded(value, significant - 1);
    let digits: usize = usize::try_from(exponent).unwrap_or(0);
    if digits >= significant {
        let mantissa = if alternate {
            let point = if mantissa.contains('.') { "" } else { "." };
            format!("{mantissa}{point}")
        } else {
            drop_zeros(&mantissa)
        };
        return format!("{mantissa}e+{exponent:02}");
    }
    let plain = format!("{value:.0}");
    if alternate {
        format!("{plain}.{}", "0".repeat(significant - 1 - digits))
    } else {
        plain
    }
}

fn drop_zeros(mantissa: &str) -> String {
    if mantissa.contains('.') {
        mantissa
            .trim_end_matches('0')
            .trim_end_matches('.')
            .to_owned()
    } else {
        mantissa.to_owned()
    }
}
