//! Values to bytes, in the layout of Python's `xmlrpc.client.dumps`, byte for byte (XML-001 to XML-007).
//!
//! [`Writer`] takes one value after the other into one buffer, so that a long reply needs no tree of values. Two
//! differences from the reference: a character that XML forbids is written as U+FFFD, where the reference sends it
//! and its clients then cannot read the reply at all (XML-008); and a method name is escaped, which matters to no
//! name that exists.

use std::fmt;

use super::Value;
use super::characters::{IS_PLAIN, forbidden_length};

/// A value that XML-RPC has no form for. The reference answers HTTP 500 then; the texts are those of its exceptions.
#[derive(Debug, Clone, PartialEq)]
pub enum WriteError {
    /// An integer outside 32 bits (XML-011).
    IntOutOfRange,
    /// No value (XML-010).
    Nil,
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::IntOutOfRange => "int exceeds XML-RPC limits",
            Self::Nil => "cannot marshal None unless allow_none is enabled",
        })
    }
}

impl std::error::Error for WriteError {}

/// The reply of a success.
pub fn write_response(value: &Value) -> Result<Vec<u8>, WriteError> {
    let mut writer = Writer::response();
    writer.value(value)?;
    Ok(writer.finish())
}

/// The reply of a fault (XML-003).
pub fn write_fault(code: i32, text: &str) -> Vec<u8> {
    let mut writer = Writer::opened(
        "<methodResponse>\n<fault>\n",
        "</fault>\n</methodResponse>\n",
    );
    writer.fault(code, text);
    writer.finish()
}

/// A request.
pub fn write_call(name: &str, params: &[Value]) -> Result<Vec<u8>, WriteError> {
    let mut writer = Writer::opened("<methodCall>\n<methodName>", "</params>\n</methodCall>\n");
    writer.escaped(name);
    writer.raw("</methodName>\n<params>\n");
    for param in params {
        writer.raw("<param>\n");
        writer.value(param)?;
        writer.raw("</param>\n");
    }
    Ok(writer.finish())
}

/// [`Writer::string_member`] for the longest of answers: all that stands before the text is one piece.
macro_rules! string_member {
    ($out:expr, $name:literal, $text:expr) => {
        $out.string_behind(
            concat!("<member>\n<name>", $name, "</name>\n<value><string>"),
            $text,
        )
    };
}
pub(crate) use string_member;

/// [`Writer::int_member`], likewise.
macro_rules! int_member {
    ($out:expr, $name:literal, $number:expr) => {
        $out.int_behind(
            concat!("<member>\n<name>", $name, "</name>\n<value><int>"),
            $number,
        )
    };
}
pub(crate) use int_member;

/// Writes the one value of a reply, in pieces.
///
/// Every value is one call, or a begin with its end around further values; in a struct each value stands in a member.
/// The caller sees to that: the writer does not count.
///
/// ```
/// use supervisord::xmlrpc::Writer;
///
/// let mut reply = Writer::response();
/// reply.begin_array();
/// for (name, pid) in [("web", 17), ("api", 0)] {
///     reply.begin_struct();
///     reply.string_member("name", name);
///     reply.int_member("pid", pid);
///     reply.end_struct();
/// }
/// reply.end_array();
/// let body: Vec<u8> = reply.finish();
/// # assert!(body.ends_with(b"</methodResponse>\n"));
/// ```
#[derive(Debug)]
pub struct Writer {
    out: Vec<u8>,
    closing: &'static str,
}

impl Writer {
    /// Begins the reply of a success.
    pub fn response() -> Self {
        Self::opened(
            "<methodResponse>\n<params>\n<param>\n",
            "</param>\n</params>\n</methodResponse>\n",
        )
    }

    /// Makes room for about so many bytes more, so that a long reply is not moved about while it grows.
    pub fn expect(&mut self, bytes: usize) {
        self.out.reserve(bytes);
    }

    /// Ends the document.
    pub fn finish(mut self) -> Vec<u8> {
        self.raw(self.closing);
        self.out
    }

    pub fn int(&mut self, number: i32) {
        self.raw("<value><int>");
        self.digits(number);
        self.raw("</int></value>\n");
    }

    /// An integer that may not fit (XML-011).
    pub fn wide_int(&mut self, number: i64) -> Result<(), WriteError> {
        self.int(i32::try_from(number).map_err(|_| WriteError::IntOutOfRange)?);
        Ok(())
    }

    pub fn bool(&mut self, yes: bool) {
        self.raw(if yes {
            "<value><boolean>1</boolean></value>\n"
        } else {
            "<value><boolean>0</boolean></value>\n"
        });
    }

    pub fn double(&mut self, number: f64) {
        self.scalar(
            "<value><double>",
            &python_repr(number),
            "</double></value>\n",
        );
    }

    pub fn string(&mut self, text: &str) {
        self.scalar("<value><string>", text, "</string></value>\n");
    }

    /// A date, given as `YYYYMMDDTHH:MM:SS`.
    pub fn date_time(&mut self, text: &str) {
        self.scalar(
            "<value><dateTime.iso8601>",
            text,
            "</dateTime.iso8601></value>\n",
        );
    }

    pub fn begin_array(&mut self) {
        self.raw("<value><array><data>\n");
    }

    pub fn end_array(&mut self) {
        self.raw("</data></array></value>\n");
    }

    pub fn begin_struct(&mut self) {
        self.raw("<value><struct>\n");
    }

    pub fn end_struct(&mut self) {
        self.raw("</struct></value>\n");
    }

    pub fn begin_member(&mut self, name: &str) {
        self.scalar("<member>\n<name>", name, "</name>\n");
    }

    pub fn end_member(&mut self) {
        self.raw("</member>\n");
    }

    /// A name that stands in the program, like those of the next two, needs no escapes. Inlined, so that what is known of the
    /// text around the values is copied in one go.
    #[inline]
    pub fn string_member(&mut self, name: &'static str, text: &str) {
        self.begin_own_member(name);
        self.raw("<value><string>");
        self.escaped(text);
        self.raw("</string></value>\n</member>\n");
    }

    #[inline]
    pub fn int_member(&mut self, name: &'static str, number: i32) {
        self.begin_own_member(name);
        self.raw("<value><int>");
        self.digits(number);
        self.raw("</int></value>\n</member>\n");
    }

    /// For `string_member!`: text between an opening that holds the member's name and the usual closing.
    #[inline]
    pub(crate) fn string_behind(&mut self, opening: &'static str, text: &str) {
        self.raw(opening);
        self.escaped(text);
        self.raw("</string></value>\n</member>\n");
    }

    /// For `int_member!`.
    #[inline]
    pub(crate) fn int_behind(&mut self, opening: &'static str, number: i32) {
        self.raw(opening);
        self.digits(number);
        self.raw("</int></value>\n</member>\n");
    }

    pub fn bool_member(&mut self, name: &'static str, yes: bool) {
        self.begin_own_member(name);
        self.bool(yes);
        self.end_member();
    }

    /// The struct that stands for a fault, in a fault's reply and among the results of a multicall.
    pub fn fault(&mut self, code: i32, text: &str) {
        self.begin_struct();
        self.int_member("faultCode", code);
        self.string_member("faultString", text);
        self.end_struct();
    }

    /// A value of any type with all that is in it.
    pub fn value(&mut self, value: &Value) -> Result<(), WriteError> {
        match value {
            Value::Int(number) => self.wide_int(*number)?,
            Value::BigInt(_) => return Err(WriteError::IntOutOfRange),
            Value::Bool(yes) => self.bool(*yes),
            Value::Double(number) => self.double(*number),
            Value::String(text) => self.string(text),
            Value::DateTime(text) => self.date_time(text),
            Value::Nil => return Err(WriteError::Nil),
            Value::Array(items) => {
                self.begin_array();
                for item in items {
                    self.value(item)?;
                }
                self.end_array();
            }
            Value::Struct(members) => {
                self.begin_struct();
                for (name, member) in members {
                    self.begin_member(name);
                    self.value(member)?;
                    self.end_member();
                }
                self.end_struct();
            }
        }
        Ok(())
    }

    #[inline]
    fn begin_own_member(&mut self, name: &'static str) {
        debug_assert!(
            name.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        );
        self.raw("<member>\n<name>");
        self.raw(name);
        self.raw("</name>\n");
    }

    fn opened(opening: &str, closing: &'static str) -> Self {
        let mut writer = Self {
            out: Vec::with_capacity(512),
            closing,
        };
        writer.raw("<?xml version='1.0'?>\n");
        writer.raw(opening);
        writer
    }

    fn scalar(&mut self, opening: &str, text: &str, closing: &str) {
        self.raw(opening);
        self.escaped(text);
        self.raw(closing);
    }

    /// A number in decimal: there are seven to every process of a `getAllProcessInfo`.
    fn digits(&mut self, number: i32) {
        let mut digits = [0; 10];
        let mut at = digits.len();
        let mut rest = number.unsigned_abs();
        while rest >= 10 {
            at -= 2;
            let pair = 2 * (rest % 100) as usize;
            digits[at..at + 2].copy_from_slice(&PAIRS[pair..pair + 2]);
            rest /= 100;
        }
        if rest > 0 || number == 0 {
            at -= 1;
            // A digit is small.
            digits[at] = b'0' + rest as u8;
        }
        if number < 0 {
            self.out.push(b'-');
        }
        self.out.extend_from_slice(&digits[at..]);
    }

    #[inline]
    fn raw(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    /// Text with the three escapes (XML-007) and without what XML forbids (XML-008). Everything else is as it is, CR
    /// too (XML-009).
    fn escaped(&mut self, text: &str) {
        let bytes = text.as_bytes();
        let mut copied = 0;
        for at in 0..bytes.len() {
            if IS_PLAIN[usize::from(bytes[at])] {
                continue;
            }
            let (length, instead) = match bytes[at] {
                b'&' => (1, "&amp;"),
                b'<' => (1, "&lt;"),
                b'>' => (1, "&gt;"),
                _ => match forbidden_length(bytes, at) {
                    Some(length) => (length, "\u{fffd}"),
                    None => continue,
                },
            };
            self.out.extend_from_slice(&bytes[copied..at]);
            self.raw(instead);
            copied = at + length;
        }
        self.out.extend_from_slice(&bytes[copied..]);
    }
}

/// The numbers up to 99 with two digits each.
static PAIRS: [u8; 200] = {
    let mut pairs = [0; 200];
    let mut number = 0;
    while number < 100 {
        pairs[2 * number] = b'0' + (number / 10) as u8;
        pairs[2 * number + 1] = b'0' + (number % 10) as u8;
        number += 1;
    }
    pairs
};

/// A number as Python's `repr` shows it: the shortest digits that give it back, with an exponent for the very large
/// and very small.
fn python_repr(number: f64) -> String {
    if number.is_nan() {
        return "nan".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let scientific = format!("{number:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    match exponent.parse::<i32>() {
        Ok(exponent) if !(-4..16).contains(&exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
        }
        // Debug keeps the ".0" of a whole number, and has no exponent in this range.
        _ => format!("{number:?}"),
    }
}
