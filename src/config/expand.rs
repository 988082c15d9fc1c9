//! `%(here)s`, `%(ENV_X)s`, `%(process_num)02d`: Python's `%` operator on a mapping, whole (EXP-001 to EXP-007).
//!
//! The reference hands option values to that operator, so every flag, width and conversion works and every mistake has
//! Python's own words. This file reads the template; `percent.rs` lays out one value. Which names exist where is the
//! business of those who build the [`Names`].

use std::collections::HashMap;
use std::fmt;

use bstr::{BStr, BString, ByteSlice};

use super::error::Reason;
use super::percent::{Argument, Layout, lay_out};
use super::text::{self, Character, characters, push_character};

/// What a name stands for: text, or a number so that `d`, `x` and `f` work (EXP-003).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Text(BString),
    Number(i64),
}

/// Names and what they stand for, in the order in which they were first set: `%s` without a name shows that order.
#[derive(Debug, Clone, Default)]
pub struct Names {
    entries: Vec<(BString, Value)>,
    places: HashMap<BString, usize>,
}

impl Names {
    /// Sets a name; one that is known keeps its place.
    pub fn set(&mut self, name: impl Into<BString>, value: Value) {
        let name = name.into();
        match self.places.get(&name) {
            Some(&place) => self.entries[place].1 = value,
            None => {
                self.places.insert(name.clone(), self.entries.len());
                self.entries.push((name, value));
            }
        }
    }

    pub fn set_text(&mut self, name: &str, value: impl Into<BString>) {
        self.set(name, Value::Text(value.into()));
    }

    /// Sets `ENV_<name>`.
    pub fn set_variable(&mut self, name: &BStr, value: &BStr) {
        let mut full = BString::from("ENV_");
        full.extend_from_slice(name);
        self.set(full, Value::Text(value.to_owned()));
    }

    /// Takes over all names of another, as `dict.update` does.
    pub fn update(&mut self, other: &Self) {
        for (name, value) in &other.entries {
            self.set(name.clone(), value.clone());
        }
    }

    fn get(&self, name: &BStr) -> Option<&Value> {
        self.places.get(name).map(|&place| &self.entries[place].1)
    }
}

/// The names an option sees: several sets, a later one over an earlier one.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    pub layers: &'a [&'a Names],
}

impl<'a> Scope<'a> {
    fn get(&self, name: &BStr) -> Option<&'a Value> {
        self.layers.iter().rev().find_map(|names| names.get(name))
    }

    /// Every name once, in the order in which Python's merged dictionary would hold them.
    fn entries(&self) -> Vec<(&'a BString, &'a Value)> {
        let mut merged: Vec<(&BString, &Value)> = Vec::new();
        for (depth, layer) in self.layers.iter().enumerate() {
            for (name, value) in &layer.entries {
                let below = &self.layers[..depth];
                if below.iter().any(|names| names.places.contains_key(name)) {
                    continue;
                }
                merged.push((name, self.get(name.as_bstr()).unwrap_or(value)));
            }
        }
        merged
    }

    /// `str(dict)`.
    fn show(&self) -> BString {
        let pairs: Vec<String> = self
            .entries()
            .into_iter()
            .map(|(name, value)| {
                let value = match value {
                    Value::Text(text) => text::repr(text.as_bstr()),
                    Value::Number(number) => number.to_string(),
                };
                format!("{}: {value}", text::repr(name.as_bstr()))
            })
            .collect();
        format!("{{{}}}", pairs.join(", ")).into()
    }
}

/// Why a template cannot be filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormatProblem {
    /// The name is not known here (EXP-006).
    UnknownName {
        name: BString,
        available: Vec<BString>,
    },
    /// The template is wrong in itself or does not fit the value (EXP-007).
    Malformed(FormatError),
}

/// Python's complaints about a template, in Python's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormatError {
    IncompleteKey,
    Incomplete,
    NotEnoughArguments,
    WidthTooBig,
    PrecisionTooBig,
    StarWantsInt,
    Unsupported {
        character: Character,
        index: usize,
    },
    NotANumber {
        conversion: char,
        found: &'static str,
    },
    NotAnInteger {
        conversion: char,
        found: &'static str,
    },
    NotReal {
        found: &'static str,
    },
    NotACharacter,
    CharacterOutOfRange,
    /// Python runs out of memory; the exception has no text.
    TooLong,
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::IncompleteKey => f.write_str("incomplete format key"),
            Self::Incomplete => f.write_str("incomplete format"),
            Self::NotEnoughArguments => f.write_str("not enough arguments for format string"),
            Self::WidthTooBig => f.write_str("width too big"),
            Self::PrecisionTooBig => f.write_str("precision too big"),
            Self::StarWantsInt => f.write_str("* wants int"),
            Self::Unsupported { character, index } => {
                let shown = char::from_u32(*character)
                    .filter(|c| ('\u{1f}'..='~').contains(c))
                    .unwrap_or('?');
                write!(
                    f,
                    "unsupported format character '{shown}' (0x{character:x}) at index {index}"
                )
            }
            Self::NotANumber { conversion, found } => write!(
                f,
                "%{conversion} format: a real number is required, not {found}"
            ),
            Self::NotAnInteger { conversion, found } => {
                write!(
                    f,
                    "%{conversion} format: an integer is required, not {found}"
                )
            }
            Self::NotReal { found } => write!(f, "must be real number, not {found}"),
            Self::NotACharacter => f.write_str("%c requires int or char"),
            Self::CharacterOutOfRange => f.write_str("%c arg not in range(0x110000)"),
            Self::TooLong => Ok(()),
        }
    }
}

/// Fills a template in. `label` is how messages call the option (EXP-008).
pub fn expand(template: &BStr, scope: Scope<'_>, label: &str) -> Result<BString, Reason> {
    // Nearly every value.
    if !template.contains(&b'%') {
        return Ok(template.to_owned());
    }
    format_with(template, scope).map_err(|problem| Reason::Format {
        template: template.to_owned(),
        label: label.to_owned(),
        problem,
    })
}

/// The operator itself.
pub fn format_with(template: &BStr, scope: Scope<'_>) -> Result<BString, FormatProblem> {
    let mut reader = Reader {
        template: characters(template),
        next: 0,
        scope,
        argument: Pending::Mapping,
    };
    let mut out = BString::default();
    while let Some(character) = reader.take() {
        if character != u32::from('%') {
            push_character(&mut out, character);
            continue;
        }
        if reader.peek() == Some(u32::from('%')) {
            reader.next += 1;
            out.push(b'%');
            continue;
        }
        reader.fill_in(&mut out)?;
    }
    Ok(out)
}

/// What a conversion without a name of its own would take next.
#[derive(Clone, Copy)]
enum Pending<'a> {
    /// The mapping itself, while nothing has been taken (EXP-005).
    Mapping,
    Named(&'a Value),
    Taken,
}

struct Reader<'a> {
    template: Vec<Character>,
    next: usize,
    scope: Scope<'a>,
    argument: Pending<'a>,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<Character> {
        self.template.get(self.next).copied()
    }

    fn take(&mut self) -> Option<Character> {
        let character = self.peek()?;
        self.next += 1;
        Some(character)
    }

    /// One conversion, after its `%`. The order of the checks is CPython's `unicode_format_arg_parse`: an end of the
    /// template is only noticed after widths have been looked up.
    fn fill_in(&mut self, out: &mut BString) -> Result<(), FormatProblem> {
        if self.peek() == Some(u32::from('(')) {
            self.next += 1;
            self.look_up()?;
        }
        let (layout, conversion) = self.layout().map_err(FormatProblem::Malformed)?;
        let index = self.next - 1;
        let argument = self.argument().map_err(FormatProblem::Malformed)?;
        lay_out(out, argument, layout, conversion, index).map_err(FormatProblem::Malformed)
    }

    /// `name)`; parentheses within the name must balance.
    fn look_up(&mut self) -> Result<(), FormatProblem> {
        let start = self.next;
        let mut open = 1;
        while open > 0 {
            match self.take().and_then(char::from_u32) {
                Some('(') => open += 1,
                Some(')') => open -= 1,
                Some(_) => {}
                None if self.next >= self.template.len() => {
                    return Err(FormatProblem::Malformed(FormatError::IncompleteKey));
                }
                // A byte that is not UTF-8.
                None => {}
            }
        }
        let mut name = BString::default();
        for &character in &self.template[start..self.next - 1] {
            push_character(&mut name, character);
        }
        match self.scope.get(name.as_bstr()) {
            Some(value) => {
                self.argument = Pending::Named(value);
                Ok(())
            }
            None => {
                let mut available: Vec<BString> = self
                    .scope
                    .entries()
                    .into_iter()
                    .map(|(name, _)| name.clone())
                    .collect();
                available.sort();
                Err(FormatProblem::UnknownName { name, available })
            }
        }
    }

    /// Flags, width, precision, an ignored length, and the conversion.
    fn layout(&mut self) -> Result<(Layout, Character), FormatError> {
        let mut layout = Layout::default();
        let mut current = self.take();
        while let Some(flag) = current.and_then(char::from_u32) {
            match flag {
                '-' => layout.left = true,
                '+' => layout.sign = true,
                ' ' => layout.blank = true,
                '#' => layout.alternate = true,
                '0' => layout.zero = true,
                _ => break,
            }
            current = self.take();
        }
        if current == Some(u32::from('*')) {
            let width = self.star()?;
            layout.left |= width < 0;
            layout.width = Some(length(width.unsigned_abs())?);
            current = self.take();
        } else if let Some(first) = decimal(current) {
            // PY_SSIZE_T_MAX
            let width = self.number(first, i64::MAX as u64, &mut current);
            layout.width = Some(length(width.ok_or(FormatError::WidthTooBig)?)?);
        }
        if current == Some(u32::from('.')) {
            layout.precision = Some(0);
            current = self.take();
            if current == Some(u32::from('*')) {
                let precision = self.star()?.max(0);
                layout.precision = Some(length(precision.unsigned_abs())?);
                current = self.take();
            } else if let Some(first) = decimal(current) {
                let precision = self.number(first, i32::MAX as u64, &mut current);
                layout.precision = Some(length(precision.ok_or(FormatError::PrecisionTooBig)?)?);
            }
        }
        if let Some('h' | 'l' | 'L') = current.and_then(char::from_u32) {
            current = self.take();
        }
        match current {
            Some(conversion) => Ok((layout, conversion)),
            None => Err(FormatError::Incomplete),
        }
    }

    /// The rest of a number whose first digit was read; `None` when it passes `limit`.
    fn number(&mut self, first: u64, limit: u64, current: &mut Option<Character>) -> Option<u64> {
        let mut number = first;
        loop {
            *current = self.take();
            let Some(digit) = decimal(*current) else {
                return Some(number);
            };
            if number > (limit - digit) / 10 {
                return None;
            }
            number = number * 10 + digit;
        }
    }

    fn star(&mut self) -> Result<i64, FormatError> {
        match self.argument()? {
            Argument::Number(number) => Ok(number),
            Argument::Text(_) | Argument::Mapping(_) => Err(FormatError::StarWantsInt),
        }
    }

    fn argument(&mut self) -> Result<Argument<'a>, FormatError> {
        match std::mem::replace(&mut self.argument, Pending::Taken) {
            Pending::Mapping => Ok(Argument::Mapping(self.scope.show())),
            Pending::Named(Value::Text(text)) => Ok(Argument::Text(text.as_bstr())),
            Pending::Named(Value::Number(number)) => Ok(Argument::Number(*number)),
            Pending::Taken => Err(FormatError::NotEnoughArguments),
        }
    }
}

fn decimal(character: Option<Character>) -> Option<u64> {
    char::from_u32(character?)?.to_digit(10).map(u64::from)
}

/// A width or precision that is still sane; the reference would run out of memory beyond it.
fn length(number: u64) -> Result<usize, FormatError> {
    const LIMIT: u64 = 1 << 28;
    match usize::try_from(number) {
        Ok(length) if number <= LIMIT => Ok(length),
        _ => Err(FormatError::TooLong),
    }
}

#[cfg(test)]
#[path = "expand_tests.rs"]
mod tests;
