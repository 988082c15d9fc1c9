//! The inside of markup: tags with their attributes, the XML declaration, processing instructions, document types,
//! references.
//!
//! quick-xml finds where each of these ends; what stands between is checked here against the grammar of XML 1.0,
//! since quick-xml lets much of it pass. Every function takes the text between the delimiters and answers with the
//! reason why it is wrong. Nothing here knows what the element means.

use std::borrow::Cow;

use super::characters::{is_allowed, is_qualified_name, is_simple_name, is_space};

/// Why a piece of markup is not well-formed.
pub(super) type Reason = &'static str;

/// An attribute as written: the value is between its quotes and its references are known to be sound.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attribute<'a> {
    pub(super) name: &'a str,
    pub(super) raw: &'a str,
}

impl<'a> Attribute<'a> {
    /// The value as XML defines it: references resolved, each white space a blank.
    pub(super) fn value(&self) -> Cow<'a, str> {
        if !self.raw.contains(|c| c == '&' || is_space(c)) {
            return Cow::Borrowed(self.raw);
        }
        let mut out = String::with_capacity(self.raw.len());
        let mut rest = self.raw;
        while let Some(at) = rest.find('&') {
            out.extend(rest[..at].chars().map(blank_for_space));
            let (name, behind) = rest[at + 1..]
                .split_once(';')
                .unwrap_or((&rest[at + 1..], ""));
            out.extend(resolve(name));
            rest = behind;
        }
        out.extend(rest.chars().map(blank_for_space));
        Cow::Owned(out)
    }
}

fn blank_for_space(c: char) -> char {
    if is_space(c) { ' ' } else { c }
}

/// Reads the content of a start tag: gives its name and fills `attributes`. Does not look for attributes given twice,
/// which is a matter of namespaces.
pub(super) fn start_tag<'a>(
    content: &'a str,
    attributes: &mut Vec<Attribute<'a>>,
) -> Result<&'a str, Reason> {
    attributes.clear();
    let mut cursor = Cursor(content);
    let name = cursor.until(is_space);
    if !is_qualified_name(name) {
        return Err("bad element name");
    }
    loop {
        let apart = cursor.spaces();
        if cursor.is_done() {
            return Ok(name);
        }
        if !apart {
            return Err("no white space before an attribute");
        }
        let attribute = Attribute {
            name: cursor.until(|c| is_space(c) || c == '='),
            raw: cursor.assigned()?,
        };
        if !is_qualified_name(attribute.name) {
            return Err("bad attribute name");
        }
        check_attribute_value(attribute.raw)?;
        attributes.push(attribute);
    }
}

fn check_attribute_value(raw: &str) -> Result<(), Reason> {
    if raw.contains('<') {
        return Err("'<' in an attribute value");
    }
    for behind in raw.split('&').skip(1) {
        let (name, _) = behind.split_once(';').ok_or("reference without an end")?;
        resolve(name).ok_or("bad reference in an attribute value")?;
    }
    Ok(())
}

/// The character that `&name;` stands for: one of the five that XML defines, or a number (XML-038). There are no
/// others, as no document type that defines entities is let in.
pub(super) fn resolve(name: &str) -> Option<char> {
    let (digits, radix) = match name {
        "amp" => return Some('&'),
        "lt" => return Some('<'),
        "gt" => return Some('>'),
        "quot" => return Some('"'),
        "apos" => return Some('\''),
        _ => match name.strip_prefix("#x") {
            Some(digits) => (digits, 16),
            None => (name.strip_prefix('#')?, 10),
        },
    };
    // from_str_radix would take a sign as well
    if !digits.starts_with(|c: char| c.is_digit(radix)) {
        return None;
    }
    u32::from_str_radix(digits, radix)
        .ok()
        .and_then(char::from_u32)
        .filter(|c| is_allowed(*c))
}

/// Checks `<?xml …?>`, given what stands behind `xml`. Version and encoding only have to look like some: the
/// reference heeds neither, as its text is decoded before (XML-021).
pub(super) fn declaration(content: &str) -> Result<(), Reason> {
    const BAD: Reason = "bad XML declaration";
    let mut cursor = Cursor(content);
    let mut next = |name: &str| -> Result<Option<&str>, Reason> {
        let before = cursor;
        if cursor.spaces() && cursor.skip(name) {
            return cursor.assigned().map(Some);
        }
        cursor = before;
        Ok(None)
    };
    let version = next("version")?.ok_or(BAD)?;
    let encoding = next("encoding")?;
    let standalone = next("standalone")?;
    cursor.spaces();

    let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let sound = cursor.is_done()
        && version.bytes().all(is_sign)
        && encoding.is_none_or(|name| {
            name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.bytes().all(is_sign)
        })
        && matches!(standalone, None | Some("yes" | "no"));
    if sound { Ok(()) } else { Err(BAD) }
}

/// Checks the content of a processing instruction. Its target may not be `xml` in any case of letters.
pub(super) fn instruction(content: &str) -> Result<(), Reason> {
    let target = Cursor(content).until(is_space);
    if !is_simple_name(target) || target.eq_ignore_ascii_case("xml") {
        return Err("bad processing instruction");
    }
    Ok(())
}

/// What a well-formed document type holds.
pub(super) enum Doctype {
    /// A name, and perhaps the address of a description nobody will fetch.
    Harmless,
    /// Declarations of its own, and so maybe entities.
    Declares,
}

/// Checks what stands behind `<!DOCTYPE`. Declarations are not looked into.
pub(super) fn doctype(content: &str) -> Result<Doctype, Reason> {
    const BAD: Reason = "bad document type";
    let mut cursor = Cursor(content);
    let apart = cursor.spaces();
    let name = cursor.until(|c| is_space(c) || c == '[');
    if !apart || !is_qualified_name(name) {
        return Err(BAD);
    }
    let apart = cursor.spaces();
    if apart && cursor.skip("PUBLIC") {
        let public = cursor.spaced_quoted().ok_or(BAD)?;
        if !public
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b" \r\n-'()+,./:=?;!*#@$_%".contains(&byte))
        {
            return Err(BAD);
        }
        cursor.spaced_quoted().ok_or(BAD)?;
        cursor.spaces();
    } else if apart && cursor.skip("SYSTEM") {
        cursor.spaced_quoted().ok_or(BAD)?;
        cursor.spaces();
    }
    if cursor.is_done() {
        Ok(Doctype::Harmless)
    } else if cursor.skip("[") {
        Ok(Doctype::Declares)
    } else {
        Err(BAD)
    }
}

/// What is still to be read of a piece of markup.
#[derive(Clone, Copy)]
struct Cursor<'a>(&'a str);

impl<'a> Cursor<'a> {
    fn is_done(&self) -> bool {
        self.0.is_empty()
    }

    /// Skips white space and says whether there was any.
    fn spaces(&mut self) -> bool {
        let before = self.0.len();
        self.0 = self.0.trim_start_matches(is_space);
        self.0.len() < before
    }

    fn skip(&mut self, expected: &str) -> bool {
        match self.0.strip_prefix(expected) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    fn until(&mut self, stop: impl Fn(char) -> bool) -> &'a str {
        let (before, rest) = self.0.split_at(self.0.find(stop).unwrap_or(self.0.len()));
        self.0 = rest;
        before
    }

    /// `= "text"`, with white space where it may be.
    fn assigned(&mut self) -> Result<&'a str, Reason> {
        self.spaces();
        if !self.skip("=") {
            return Err("no '=' behind a name");
        }
        self.spaces();
        self.quoted().ok_or("no quoted value behind '='")
    }

    fn spaced_quoted(&mut self) -> Option<&'a str> {
        if self.spaces() { self.quoted() } else { None }
    }

    fn quoted(&mut self) -> Option<&'a str> {
        let quote = self.0.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let (inside, rest) = self.0[1..].split_once(quote)?;
        self.0 = rest;
        Some(inside)
    }
}
