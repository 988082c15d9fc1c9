//! The bodies of `startPrograms` and `stopPrograms`: an array of names, or of objects with a name and perhaps a node
//! (GO-306, GO-307).
//!
//! A reader of JSON that keeps these and skips whatever else an object may hold. Its depth is bounded, since strangers
//! write the text.

use std::iter::Peekable;
use std::str::Chars;

/// One program that is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub node: Option<String>,
    pub program: String,
}

/// Values within each other.
const DEPTH: usize = 32;

/// `None` for whatever is no such body.
pub fn parse(body: &[u8]) -> Option<Vec<Wanted>> {
    let text = std::str::from_utf8(body).ok()?;
    let mut reader = Reader(text.chars().peekable());
    let wanted = reader.array(Reader::wanted)?;
    reader.blanks();
    reader.0.next().is_none().then_some(wanted)
}

struct Reader<'a>(Peekable<Chars<'a>>);

impl Reader<'_> {
    fn blanks(&mut self) {
        while self.0.next_if(|c| " \t\r\n".contains(*c)).is_some() {}
    }

    /// The next character that is no blank, if it is this one.
    fn take(&mut self, wanted: char) -> Option<()> {
        self.blanks();
        self.0.next_if_eq(&wanted).map(|_| ())
    }

    fn peek(&mut self) -> Option<char> {
        self.blanks();
        self.0.peek().copied()
    }

    fn array<T>(&mut self, mut item: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        self.take('[')?;
        let mut items = Vec::new();
        if self.take(']').is_some() {
            return Some(items);
        }
        loop {
            items.push(item(self)?);
            if self.take(']').is_some() {
                return Some(items);
            }
            self.take(',')?;
        }
    }

    fn object(&mut self, mut member: impl FnMut(&mut Self, String) -> Option<()>) -> Option<()> {
        self.take('{')?;
        if self.take('}').is_some() {
            return Some(());
        }
        loop {
            let name = self.string()?;
            self.take(':')?;
            member(self, name)?;
            if self.take('}').is_some() {
                return Some(());
            }
            self.take(',')?;
        }
    }

    fn wanted(&mut self) -> Option<Wanted> {
        if self.peek()? == '"' {
            let program = self.string()?;
            return Some(Wanted {
                node: None,
                program,
            });
        }
        let (mut node, mut program) = (None, None);
        self.object(|reader, name| {
            match name.as_str() {
                "node" if reader.peek() == Some('"') => node = Some(reader.string()?),
                "program" => program = Some(reader.string()?),
                _ => reader.skip(DEPTH)?,
            }
            Some(())
        })?;
        Some(Wanted {
            node: node.filter(|node: &String| !node.is_empty()),
            program: program?,
        })
    }

    fn string(&mut self) -> Option<String> {
        self.take('"')?;
        let mut text = String::new();
        loop {
            match self.0.next()? {
                '"' => return Some(text),
                '\\' => text.push(self.escape()?),
                '\0'..='\u{1f}' => return None,
                char => text.push(char),
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        Some(match self.0.next()? {
            char @ ('"' | '\\' | '/') => char,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let unit = self.unit()?;
                if !(0xd800..0xdc00).contains(&unit) {
                    return char::from_u32(unit);
                }
                // The other half has to follow.
                self.0.next_if_eq(&'\\')?;
                self.0.next_if_eq(&'u')?;
                let low = self
                    .unit()?
                    .checked_sub(0xdc00)
                    .filter(|low| *low < 0x400)?;
                char::from_u32(0x1_0000 + ((unit - 0xd800) << 10) + low)?
            }
            _ => return None,
        })
    }

    fn unit(&mut self) -> Option<u32> {
        let mut unit = 0;
        for _ in 0..4 {
            unit = unit << 4 | self.0.next()?.to_digit(16)?;
        }
        Some(unit)
    }

    /// Any value.
    fn skip(&mut self, depth: usize) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        match self.peek()? {
            '"' => self.string().map(|_| ()),
            '[' => self.array(|reader| reader.skip(depth)).map(|_| ()),
            '{' => self.object(|reader, _| reader.skip(depth)),
            _ => {
                let mut word = String::new();
                let is_of_it = |c: &char| c.is_ascii_alphanumeric() || "+-.".contains(*c);
                while let Some(char) = self.0.next_if(is_of_it) {
                    word.push(char);
                }
                let is_value = matches!(&*word, "true" | "false" | "null")
                    || word.starts_with(|c: char| c == '-' || c.is_ascii_digit())
                        && word.parse::<f64>().is_ok();
                is_value.then_some(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{DEPTH, Wanted, parse};

    fn wanted(node: Option<&str>, program: &str) -> Wanted {
        Wanted {
            node: node.map(str::to_owned),
            program: program.to_owned(),
        }
    }

    // GO-306, GO-307
    #[test]
    fn both_shapes_of_the_body_are_read() {
        let body = br#" ["a", {"program":"g:*","node":"n","x":[1,{"y":null}],"z":-1.5e3},{"program":"\u00e9\ud83d\ude00\n"}] "#;
        let expected = vec![
            wanted(None, "a"),
            wanted(Some("n"), "g:*"),
            wanted(None, "é😀\n"),
        ];
        assert_eq!(parse(body), Some(expected));
        assert_eq!(parse(b"[]"), Some(vec![]));
        let any_node = br#"[{"node":"","program":"a"},{"node":null,"program":"b"}]"#;
        let expected = vec![wanted(None, "a"), wanted(None, "b")];
        assert_eq!(parse(any_node), Some(expected));
    }

    #[test]
    fn what_is_no_such_body_is_refused() {
        let deep = format!(
            "[{{\"program\":\"a\",\"x\":{}{}}}]",
            "[".repeat(DEPTH + 1),
            "]".repeat(DEPTH + 1)
        );
        for body in [
            "",
            "{}",
            "[1]",
            "[\"a\",]",
            "[\"a\"",
            "[\"a\"] x",
            "[{}]",
            "[{\"node\":\"n\"}]",
            "[{\"program\":1}]",
            "[{\"program\":\"a\",\"x\":tru}]",
            "[{\"program\":\"a\",\"x\":inf}]",
            "[\"a\\x\"]",
            "[\"\\ud83d\"]",
            "[\"a\nb\"]",
            &deep,
        ] {
            assert_eq!(parse(body.as_bytes()), None, "{body}");
        }
        assert_eq!(parse(b"[\"\xff\"]"), None);
    }
}
