//! One value from its text: numbers, booleans, sizes, signals, users, paths, addresses (TYP rows).
//!
//! Every reader takes the text after expansion and, where the answer depends on it, the [`LoadContext`]. The
//! reference's own readers are in its `datatypes.py`; what they accept and how they complain is copied, their Python
//! integers become 64-bit ones that stop at the ends.

use std::path::PathBuf;

use bstr::{BStr, BString, ByteSlice};

use super::context::LoadContext;
use super::error::Reason;
use super::paths::{self, dirname, expanduser, is_dir};
use super::text::{self, is_space, strip_bytes};
use super::types::{Autorestart, LogFile};
use crate::model::signal::Signal;

/// `int(text)`: sign, blanks around, `_` between digits, digits of any script (TYP-001).
pub fn integer(text: &BStr) -> Result<i64, Reason> {
    parse_integer(text, 10).ok_or_else(|| Reason::Integer {
        value: text.to_owned(),
    })
}

/// `int(text, 8)`, also negative (TYP-004).
pub fn octal(text: &BStr) -> Result<i64, Reason> {
    parse_integer(text, 8).ok_or_else(|| Reason::Octal {
        value: text.to_owned(),
    })
}

/// A mode or mask: an octal number, of which the system call sees the low bits.
pub fn mode(text: &BStr) -> Result<u32, Reason> {
    octal(text).map(|number| number as u32)
}

/// CPython's `PyLong_FromUnicodeObject`. Numbers that do not fit stop at the ends of `i64`.
fn parse_integer(text: &BStr, base: u32) -> Option<i64> {
    let text = text.to_str().ok()?;
    // Here alone Python does not take U+001C to U+001F for blanks.
    let is_blank = |c: char| is_space(c) && !('\u{1c}'..='\u{1f}').contains(&c);
    let text = text.trim_matches(is_blank);
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let digits = match digits.strip_prefix("0o").or(digits.strip_prefix("0O")) {
        // One underscore may follow the prefix.
        Some(rest) if base == 8 => rest.strip_prefix('_').unwrap_or(rest),
        _ => digits,
    };
    let mut number: i64 = 0;
    let mut after_digit = false;
    for character in digits.chars() {
        if character == '_' {
            if !after_digit {
                return None;
            }
            after_digit = false;
            continue;
        }
        let digit = i64::from(text::digit(character)?);
        if digit >= i64::from(base) {
            return None;
        }
        let signed = if negative { -digit } else { digit };
        number = number
            .saturating_mul(i64::from(base))
            .saturating_add(signed);
        after_digit = true;
    }
    after_digit.then_some(number)
}

/// The words of a boolean (TYP-002), in lower case.
fn truth(lower: &BStr) -> Option<bool> {
    match lower.as_bytes() {
        b"yes" | b"true" | b"on" | b"1" => Some(true),
        b"no" | b"false" | b"off" | b"0" => Some(false),
        // Beyond the reference (GO-118).
        b"t" => Some(true),
        b"f" => Some(false),
        _ => None,
    }
}

pub fn boolean(text: &BStr) -> Result<bool, Reason> {
    truth(text::lower(text).as_bstr()).ok_or_else(|| Reason::Boolean {
        value: text.to_owned(),
    })
}

/// A number with `kb`, `mb`, `gb` or nothing after it (TYP-003); `k`, `m`, `g` mean the same (GO-119).
pub fn byte_size(text: &BStr) -> Result<i64, Reason> {
    const SUFFIXES: [(&str, i64); 3] = [("kb", 1 << 10), ("mb", 1 << 20), ("gb", 1 << 30)];
    let lower = text::lower(text);
    for (suffix, factor) in SUFFIXES {
        if let Some(number) = lower.strip_suffix(suffix.as_bytes()) {
            return Ok(integer(BStr::new(number))?.saturating_mul(factor));
        }
    }
    let without_b: [(&str, i64); 3] = SUFFIXES.map(|(suffix, factor)| (&suffix[..1], factor));
    integer(lower.as_bstr()).or_else(|reason| {
        // Beyond the reference, which refuses them: `5M` (GO-119).
        without_b
            .into_iter()
            .find_map(|(suffix, factor)| {
                let number = lower.strip_suffix(suffix.as_bytes())?;
                Some(integer(BStr::new(number)).ok()?.saturating_mul(factor))
            })
            .ok_or(reason)
    })
}

/// Comma-separated statuses from 0 to 255; an empty value is an empty list (TYP-005).
pub fn exit_codes(text: &BStr) -> Result<Vec<u8>, Reason> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    text.split_str(",")
        .map(|part| u8::try_from(parse_integer(BStr::new(part), 10)?).ok())
        .collect::<Option<Vec<u8>>>()
        .ok_or_else(|| Reason::ExitCodes {
            value: text.to_owned(),
        })
}

/// A number, or a name in any case with or without `SIG` (TYP-006, TYP-007).
pub fn signal(text: &BStr) -> Result<Signal, Reason> {
    let value = || text.to_owned();
    if let Some(number) = parse_integer(text, 10) {
        return Signal::from_number(number).ok_or_else(|| Reason::SignalNumber { value: value() });
    }
    strip_bytes(text)
        .to_str()
        .ok()
        .and_then(Signal::from_name)
        .ok_or_else(|| Reason::SignalName { value: value() })
}

/// `unexpected` or a boolean word; the complaint shows the value in lower case (PRG-009).
pub fn autorestart(text: &BStr) -> Result<Autorestart, Reason> {
    let lower = text::lower(text);
    match truth(lower.as_bstr()) {
        Some(true) => Ok(Autorestart::Always),
        Some(false) => Ok(Autorestart::Never),
        None if lower == "unexpected" => Ok(Autorestart::Unexpected),
        None => Err(Reason::Autorestart { value: lower }),
    }
}

/// The number of a user that exists, given by number or name (TYP-008).
pub fn user(text: &BStr, context: &LoadContext) -> Result<u32, Reason> {
    match parse_integer(text, 10) {
        Some(number) => u32::try_from(number)
            .ok()
            .and_then(|uid| context.users.user_by_id(uid))
            .map(|user| user.uid)
            .ok_or_else(|| Reason::UserId {
                value: text.to_owned(),
            }),
        None => context
            .users
            .user_by_name(text)
            .map(|user| user.uid)
            .ok_or_else(|| Reason::UserName {
                value: text.to_owned(),
            }),
    }
}

/// A user as the reference reads it, or what it refuses: `user:group` (GO-138).
pub fn user_maybe_group(text: &BStr, context: &LoadContext) -> Result<(u32, Option<u32>), Reason> {
    match user(text, context) {
        Ok(uid) => Ok((uid, None)),
        Err(reason) => user_and_group(text, context).ok_or(reason),
    }
}

/// `user` or `user:group`; `None` when either does not exist, since the callers have words of their own (TYP-009).
pub fn user_and_group(text: &BStr, context: &LoadContext) -> Option<(u32, Option<u32>)> {
    match text.split_once_str(":") {
        None => Some((user(text, context).ok()?, None)),
        Some((name, group_name)) => {
            let uid = user(BStr::new(name), context).ok()?;
            Some((uid, Some(group(BStr::new(group_name), context)?)))
        }
    }
}

fn group(text: &BStr, context: &LoadContext) -> Option<u32> {
    let found = match parse_integer(text, 10) {
        Some(number) => context.users.group_by_id(u32::try_from(number).ok()?),
        None => context.users.group_by_name(text),
    };
    found.map(|group| group.gid)
}

/// A directory that exists, with `~` expanded (TYP-010).
pub fn existing_directory(text: &BStr, context: &LoadContext) -> Result<PathBuf, Reason> {
    let path = expanduser(text, context);
    if is_dir(path.as_bstr(), context) {
        Ok(paths::to_path(path.as_bstr()))
    } else {
        Err(Reason::NotADirectory {
            value: text.to_owned(),
        })
    }
}

/// What these names mean is there without them: `logs::special` knows.
const WITHOUT_DEV: [&str; 5] = [
    "/dev/null",
    "/dev/stdout",
    "/dev/stderr",
    "/dev/fd/1",
    "/dev/fd/2",
];

/// A path whose directory, if it names one, exists; with `~` expanded (TYP-011). A root folder without `/dev` is no
/// reason to refuse its best known names.
pub fn existing_dirpath(text: &BStr, context: &LoadContext) -> Result<PathBuf, Reason> {
    let path = expanduser(text, context);
    let directory = dirname(path.as_bstr());
    let is_known = || WITHOUT_DEV.iter().any(|known| path == *known);
    if directory.is_empty() || is_dir(directory, context) || is_known() {
        Ok(paths::to_path(path.as_bstr()))
    } else {
        Err(Reason::NoParentDirectory {
            value: text.to_owned(),
        })
    }
}

/// The level numbers of the reference's log (TYP-012).
pub fn log_level(text: &BStr) -> Result<i32, Reason> {
    match text::lower(text).as_bytes() {
        b"critical" => Ok(50),
        b"error" => Ok(40),
        b"warn" => Ok(30),
        b"info" => Ok(20),
        b"debug" => Ok(10),
        b"trace" => Ok(5),
        b"blather" => Ok(3),
        // Beyond the reference (GO-255).
        b"warning" => Ok(30),
        b"fatal" | b"panic" => Ok(50),
        _ => Err(Reason::LogLevel {
            value: text.to_owned(),
        }),
    }
}

/// What a stream's log file option says. `syslog` is deprecated and turned into the option of that name by the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogFileName {
    File(LogFile),
    Syslog,
}

/// TYP-013.
pub fn log_file(text: &BStr, context: &LoadContext) -> Result<LogFileName, Reason> {
    match text::lower(text).as_bytes() {
        b"none" | b"off" => Ok(LogFileName::File(LogFile::None)),
        b"auto" => Ok(LogFileName::File(LogFile::Auto)),
        b"syslog" => Ok(LogFileName::Syslog),
        _ => existing_dirpath(text, context).map(|path| LogFileName::File(LogFile::Path(path))),
    }
}

/// A port, as every place that takes one checks it (TYP-015).
fn port_number(text: &BStr) -> Result<u16, Reason> {
    let number = integer(text)?;
    match u16::try_from(number) {
        Ok(0) => Err(Reason::BelowBound {
            value: number.to_string(),
            bound: 1,
        }),
        Ok(port) => Ok(port),
        Err(_) if number < 0 => Err(Reason::BelowBound {
            value: number.to_string(),
            bound: 1,
        }),
        Err(_) => Err(Reason::AboveBound {
            value: number.to_string(),
            bound: 65535,
        }),
    }
}

/// `host:port`, `*:port`, `:port` or a bare port; the last colon divides (TYP-014, TYP-015). No IPv6 (TYP-016).
pub fn inet_address(text: &BStr) -> Result<(String, u16), Reason> {
    let Some((host, port)) = text.rsplit_once_str(":") else {
        return match port_number(text) {
            Ok(port) => Ok((String::new(), port)),
            Err(_) => Err(Reason::Port {
                value: text.to_owned(),
            }),
        };
    };
    if port.is_empty() {
        return Err(Reason::NoPort);
    }
    let port = port_number(BStr::new(port))?;
    let host = text::lower(BStr::new(host));
    let host = if host == "*" {
        String::new()
    } else {
        host.to_str_lossy().into_owned()
    };
    Ok((host, port))
}

/// Comma-separated words, each without the blanks around it; nothing at all is no words (TYP-017).
pub fn list_of_strings(text: &BStr) -> Vec<String> {
    if text.is_empty() {
        return Vec::new();
    }
    text.split_str(",")
        .map(|part| strip_bytes(BStr::new(part)).to_str_lossy().into_owned())
        .collect()
}

/// The name of a program, group or process (NAM-001).
pub fn name(text: &str) -> Result<String, Reason> {
    let stripped = text::strip(text);
    match [' ', ':', '/'].into_iter().find(|&c| stripped.contains(c)) {
        Some(character) => Err(Reason::Name {
            value: text.to_owned(),
            character,
        }),
        None => Ok(stripped.to_owned()),
    }
}

/// Text as it stands, for values that are text to everybody; bytes that are not UTF-8 are replaced.
pub fn string(text: &BStr) -> String {
    text.to_str_lossy().into_owned()
}

/// A URL in the loose sense of the reference: a scheme, and a host or a path (TYP-028).
pub fn url(text: &BStr) -> Result<BString, Reason> {
    // Python's urlsplit drops these wherever they stand, and control characters and blanks in front.
    let cleaned: Vec<u8> = text
        .trim_start_with(|c| c <= ' ')
        .iter()
        .copied()
        .filter(|byte| !matches!(byte, b'\t' | b'\r' | b'\n'))
        .collect();
    let has_rest = match cleaned.split_once_str(":") {
        Some((scheme, rest)) if is_scheme(scheme) => {
            let (host, rest) = match rest.strip_prefix(b"//") {
                Some(rest) => {
                    let end = rest.find_byteset(b"/?#").unwrap_or(rest.len());
                    rest.split_at(end)
                }
                None => (&b""[..], rest),
            };
            let path = &rest[..rest.find_byteset(b"?#").unwrap_or(rest.len())];
            !host.is_empty() || !(path.is_empty() || path.starts_with(b";"))
        }
        _ => false,
    };
    if has_rest {
        Ok(text.to_owned())
    } else {
        Err(Reason::Url {
            value: text.to_owned(),
        })
    }
}

fn is_scheme(scheme: &[u8]) -> bool {
    scheme.first().is_some_and(u8::is_ascii_alphabetic)
        && scheme
            .iter()
            .all(|&byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

#[cfg(test)]
#[path = "value_tests.rs"]
mod tests;
