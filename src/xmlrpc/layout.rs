//! Lists in the one layout that supervisords write, read in one pass and without a tree of values.
//!
//! A thousand processes are more than a megabyte of reply, of which a client shows four words each. So the text around
//! the values is only compared here with what Python's `xmlrpc.client.dumps` and our [`Writer`](super::Writer) put there,
//! and the values are lent from the reply.
//!
//! Whatever looks different in the least is not judged here: [`rows`] gives nothing, and the caller asks
//! [`parse_response`](super::parse_response), which knows the rules. What is read here reads the same there.

use std::borrow::Cow;

use super::characters::{IS_PLAIN, forbidden_length};

const OPENING: &str =
    "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value><array><data>\n";
const CLOSING: &str = "</data></array></value>\n</param>\n</params>\n</methodResponse>\n";

/// One struct of a list: its members, lent from the reply.
#[derive(Debug)]
pub struct Row<'a>(Vec<(&'a str, Plain<'a>)>);

#[derive(Debug)]
enum Plain<'a> {
    Int(i64),
    Bool(bool),
    Text(Cow<'a, str>),
    Array,
}

impl<'a> Row<'a> {
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.member(name)? {
            Plain::Text(text) => Some(text),
            Plain::Int(_) | Plain::Bool(_) | Plain::Array => None,
        }
    }

    pub fn int(&self, name: &str) -> Option<i64> {
        match self.member(name)? {
            Plain::Int(number) => Some(*number),
            Plain::Text(_) | Plain::Bool(_) | Plain::Array => None,
        }
    }

    pub fn bool(&self, name: &str) -> Option<bool> {
        match self.member(name)? {
            Plain::Bool(yes) => Some(*yes),
            Plain::Text(_) | Plain::Int(_) | Plain::Array => None,
        }
    }

    /// The last of equal names wins, as in Python's `dict`.
    fn member(&self, name: &str) -> Option<&Plain<'a>> {
        let mut members = self.0.iter().rev();
        members
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }
}

/// What `read` makes of each struct of a list. None when the reply is no such list, is written in any other way, or when
/// `read` gives none.
pub fn rows<T>(body: &[u8], mut read: impl FnMut(&Row<'_>) -> Option<T>) -> Option<Vec<T>> {
    let mut cursor = Cursor(std::str::from_utf8(body).ok()?);
    cursor.expect(OPENING)?;
    let mut rows = Vec::new();
    let mut row = Row(Vec::new());
    while cursor.skip("<value><struct>\n") {
        row.0.clear();
        while cursor.skip("<member>\n<name>") {
            let Cow::Borrowed(name) = cursor.text()? else {
                return None;
            };
            cursor.expect("</name>\n")?;
            row.0.push((name, cursor.value()?));
            cursor.expect("</member>\n")?;
        }
        cursor.expect("</struct></value>\n")?;
        rows.push(read(&row)?);
    }
    (cursor.0 == CLOSING).then_some(rows)
}

/// What is still to be read.
struct Cursor<'a>(&'a str);

impl<'a> Cursor<'a> {
    #[inline]
    fn skip(&mut self, expected: &str) -> bool {
        match self.0.strip_prefix(expected) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    #[inline]
    fn expect(&mut self, expected: &str) -> Option<()> {
        self.skip(expected).then_some(())
    }

    fn value(&mut self) -> Option<Plain<'a>> {
        if self.skip("<value><string>") {
            let text = self.text()?;
            self.expect("</string></value>\n")?;
            return Some(Plain::Text(text));
        }
        if self.skip("<value><int>") {
            let number = self.int()?;
            self.expect("</int></value>\n")?;
            return Some(Plain::Int(number));
        }
        if self.skip("<value><boolean>") {
            let yes = self.skip("1");
            if !yes {
                self.expect("0")?;
            }
            self.expect("</boolean></value>\n")?;
            return Some(Plain::Bool(yes));
        }
        // The exit codes of a program.
        self.expect("<value><array><data>\n")?;
        while self.skip("<value><int>") {
            self.int()?;
            self.expect("</int></value>\n")?;
        }
        self.expect("</data></array></value>\n")?;
        Some(Plain::Array)
    }

    /// The digits that are here, if they are no more than surely fit.
    fn int(&mut self) -> Option<i64> {
        let negative = self.skip("-");
        let length = self.0.bytes().take_while(u8::is_ascii_digit).count();
        if !(1..=18).contains(&length) {
            return None;
        }
        let (digits, rest) = self.0.split_at(length);
        self.0 = rest;
        let magnitude = digits
            .bytes()
            .fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
        Some(if negative { -magnitude } else { magnitude })
    }

    /// Text up to the next tag. Written characters that writers never leave as they are, and references that they do not
    /// use, are left to others.
    fn text(&mut self) -> Option<Cow<'a, str>> {
        let bytes = self.0.as_bytes();
        let mut written = String::new();
        let mut copied = 0;
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            if IS_PLAIN[usize::from(byte)] {
                at += 1;
                continue;
            }
            match byte {
                b'<' => break,
                b'&' => {
                    let (stands_for, length) = REFERENCES
                        .into_iter()
                        .find(|(reference, _)| bytes[at..].starts_with(reference.as_bytes()))
                        .map(|(reference, stands_for)| (stands_for, reference.len()))?;
                    written.push_str(&self.0[copied..at]);
                    written.push(stands_for);
                    at += length;
                    copied = at;
                }
                b'\r' | b'>' => return None,
                _ if forbidden_length(bytes, at).is_some() => return None,
                _ => at += 1,
            }
        }
        let (text, rest) = self.0.split_at(at);
        self.0 = rest;
        if copied == 0 {
            return Some(Cow::Borrowed(text));
        }
        written.push_str(&text[copied..]);
        Some(Cow::Owned(written))
    }
}

const REFERENCES: [(&str, char); 3] = [("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>')];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Row, rows};
    use crate::xmlrpc::{Value, Writer, parse_response};

    /// Everything that is told of a row, under the names that the tests use.
    type Told = Vec<(Option<String>, Option<i64>, Option<bool>)>;

    const NAMES: [&str; 3] = ["name", "pid", ""];

    fn told(row: &Row<'_>) -> Told {
        let each = NAMES.into_iter();
        each.map(|name| {
            let text = row.text(name).map(str::to_owned);
            (text, row.int(name), row.bool(name))
        })
        .collect()
    }

    fn told_by_value(value: &Value) -> Told {
        let each = NAMES.into_iter().map(|name| value.member(name));
        each.map(|member| {
            let text = member.and_then(Value::as_str).map(str::to_owned);
            let int = member.and_then(Value::as_int);
            (text, int, member.and_then(Value::as_bool))
        })
        .collect()
    }

    fn by_the_rules(body: &[u8]) -> Option<Vec<Told>> {
        let value = parse_response(body).ok()?.ok()?;
        Some(value.as_array()?.iter().map(told_by_value).collect())
    }

    fn sample(name: &str, pid: i32) -> Vec<u8> {
        let mut out = Writer::response();
        out.begin_array();
        for _ in 0..2 {
            out.begin_struct();
            out.string_member("name", name);
            out.int_member("pid", pid);
            out.begin_member("exitcodes");
            out.begin_array();
            out.int(0);
            out.end_array();
            out.end_member();
            out.bool_member("autostart", true);
            out.end_struct();
        }
        out.end_array();
        out.finish()
    }

    #[test]
    fn a_list_of_structs_is_read_as_it_was_written() {
        let body = sample("a & <b> \u{fffd}\n", -7);
        let read = rows(&body, |row| {
            let name = row.text("name")?.to_owned();
            Some((name, row.int("pid")?, row.bool("autostart")?))
        });
        let row = ("a & <b> \u{fffd}\n".to_owned(), -7, true);
        assert_eq!(read, Some(vec![row.clone(), row]));
        assert_eq!(rows(&body, |row| row.int("name")), None);
    }

    #[test]
    fn anything_else_is_left_to_others() {
        let body = String::from_utf8(sample("a&b", 7)).expect("it is text");
        for (from, to) in [
            ("<?xml version='1.0'?>", "<?xml version=\"1.0\"?>"),
            ("<int>7<", "<int> 7<"),
            ("<int>7<", "<int>1111111111111111111<"),
            ("<int>7<", "<i4>7<"),
            ("a&amp;b", "a&#38;b"),
            ("a&amp;b", "a\r\nb"),
            ("a&amp;b", "a]]>b"),
            ("</params>\n", "</params>"),
            ("</methodResponse>\n", "</methodResponse>"),
        ] {
            let other = body.replace(from, to);
            assert_ne!(other, body);
            assert_eq!(rows(other.as_bytes(), |_| Some(())), None, "{from} {to}");
        }
        assert_eq!(rows(b"", |_| Some(())), None);
        assert_eq!(rows(b"\xff", |_| Some(())), None);
    }

    proptest! {
        #[test]
        fn what_is_read_reads_the_same_by_the_rules(
            name in any::<String>(),
            pid in any::<i32>(),
            damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
            again in any::<prop::sample::Index>(),
        ) {
            let mut body = sample(&name, pid);
            let from = again.index(body.len());
            for (at, byte) in damage {
                let at = at.index(body.len());
                body[at] = byte;
            }
            let whole = rows(&body, |row| Some(told(row)));
            if let Some(read) = whole {
                prop_assert_eq!(Some(read), by_the_rules(&body));
            }
            // A piece of it twice, so that members and structs are repeated, too.
            let doubled = [&body[..from], &body[from.saturating_sub(80)..]].concat();
            if let Some(read) = rows(&doubled, |row| Some(told(row))) {
                prop_assert_eq!(Some(read), by_the_rules(&doubled));
            }
        }

        #[test]
        fn what_the_writer_writes_is_read(name in any::<String>(), pid in any::<i32>()) {
            let name = name.replace('\r', "");
            prop_assert!(rows(&sample(&name, pid), |row| row.int("pid")).is_some());
        }
    }
}
