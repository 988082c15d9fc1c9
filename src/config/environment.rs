//! `environment=KEY="a b",K2=c`: pairs of names and values (TYP-018 to TYP-027).
//!
//! The reference reads them with the old, non-POSIX mode of Python's `shlex`, in `datatypes.dict_of_key_value_pairs`.
//! That tokenizer has its own mind: any character outside a fixed set is a token of its own, a comment joins the lines
//! around it, a quote within a word means nothing, and what separates two pairs is never looked at. Configurations in
//! the wild lean on all of it, so it is kept whole.

use bstr::{BStr, BString, ByteSlice};

use super::error::Reason;

/// The pairs in order; a name that comes twice has its last value at its first place.
pub fn pairs(text: &BStr) -> Result<Vec<(BString, BString)>, Reason> {
    let tokens = tokens(text)?;
    let mut pairs: Vec<(BString, BString)> = Vec::new();
    // The fourth token of each round is the separator, whatever it is.
    for round in tokens.chunks(4) {
        let [name, equals, value, ..] = round else {
            return Err(end_of_pairs(text));
        };
        if equals != "=" {
            return Err(end_of_pairs(text));
        }
        let value = BString::from(value.trim_with(|c| c == '\'' || c == '"'));
        match pairs.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value,
            None => pairs.push((name.clone(), value)),
        }
    }
    Ok(pairs)
}

fn end_of_pairs(text: &BStr) -> Reason {
    Reason::PairsEnd {
        value: text.to_owned(),
    }
}

/// Letters and digits of ASCII, and what the reference adds to them.
fn is_word(character: &[u8]) -> bool {
    matches!(character, [byte] if byte.is_ascii_alphanumeric() || b"_/.+-():".contains(byte))
}

fn tokens(text: &BStr) -> Result<Vec<BString>, Reason> {
    let mut tokens = Vec::new();
    let mut characters = Characters { rest: text };
    let mut word = BString::default();
    while let Some(character) = characters.next() {
        match character {
            b" " | b"\t" | b"\r" | b"\n" => flush(&mut word, &mut tokens),
            // The word before the comment goes on in the next line.
            b"#" => characters.skip_line(),
            b"'" | b"\"" if word.is_empty() => {
                tokens.push(quoted(character, &mut characters)?);
            }
            b"'" | b"\"" => word.extend_from_slice(character),
            _ if is_word(character) => word.extend_from_slice(character),
            _ => {
                flush(&mut word, &mut tokens);
                tokens.push(BString::from(character));
            }
        }
    }
    flush(&mut word, &mut tokens);
    Ok(tokens)
}

fn flush(word: &mut BString, tokens: &mut Vec<BString>) {
    if !word.is_empty() {
        tokens.push(std::mem::take(word));
    }
}

/// A quoted token keeps its quotes and ends with the second of them.
fn quoted(quote: &[u8], characters: &mut Characters<'_>) -> Result<BString, Reason> {
    let mut token = BString::from(quote);
    for character in characters {
        token.extend_from_slice(character);
        if character == quote {
            return Ok(token);
        }
    }
    Err(Reason::NoClosingQuotation)
}

/// Characters as slices; a byte that is not UTF-8 is one of its own.
struct Characters<'a> {
    rest: &'a [u8],
}

impl<'a> Characters<'a> {
    fn skip_line(&mut self) {
        let end = self
            .rest
            .find_byte(b'\n')
            .map_or(self.rest.len(), |at| at + 1);
        self.rest = &self.rest[end..];
    }
}

impl<'a> Iterator for Characters<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let (decoded, size) = bstr::decode_utf8(self.rest);
        let (character, rest) = self.rest.split_at(if decoded.is_some() { size } else { 1 });
        self.rest = rest;
        Some(character)
    }
}

#[cfg(test)]
mod tests {
    use bstr::BStr;

    use super::pairs;

    fn shown(text: &str) -> String {
        match pairs(BStr::new(text)) {
            Ok(pairs) => {
                let shown: Vec<String> = pairs
                    .iter()
                    .map(|(name, value)| format!("{name}={value}"))
                    .collect();
                shown.join("|")
            }
            Err(reason) => format!("error: {reason}"),
        }
    }

    // TYP-018 to TYP-027; expectations printed by the reference's own function.
    #[test]
    fn pairs_are_read_with_all_their_oddities() {
        for (text, expected) in [
            ("", ""),
            ("A=1", "A=1"),
            ("A=1,B=\"x y\",C='z,w'", "A=1|B=x y|C=z,w"),
            ("A=1;B=2|C=3", "A=1|B=2|C=3"),
            ("A=1,", "A=1"),
            (
                "A=/usr/bin:/bin,B=a-b.c+d(e)",
                "A=/usr/bin:/bin|B=a-b.c+d(e)",
            ),
            ("A=1,\n  B=2", "A=1|B=2"),
            ("A=1,A=2", "A=2"),
            ("A=\"'x'\"", "A=x"),
            ("A='\"'", "A="),
            ("A=\"\"", "A="),
            ("A=\"x\"\"y\"", "A=x"),
            ("A=x\"y", "A=x\"y"),
            ("A=x\"y z\"", "A=x\"y"),
            ("B=3#4", "B=3"),
            ("B=3#4\nC", "B=3C"),
            ("B=3 #4\n,C=5", "B=3|C=5"),
            ("\"A\"=1", "\"A\"=1"),
            ("A=$HOME", "A=$"),
            ("A=~/x", "A=~"),
            ("F=é", "F=é"),
            ("F=éa", "F=é"),
            ("A=\"\\\"", "A=\\"),
            ("E=,", "E=,"),
            ("A=a=b=c", "A=a|b=c"),
            ("A==1x", "A=="),
            ("A=1 B", "A=1"),
        ] {
            assert_eq!(shown(text), expected, "{text:?}");
        }
    }

    // TYP-020, TYP-021
    #[test]
    fn what_is_not_a_pair_is_an_error() {
        for text in ["A", "A=", "E=,F=1", "A=user@host", "A=~/x,B=1", "A=1,B"] {
            assert_eq!(
                shown(text),
                format!("error: Unexpected end of key/value pairs in value '{text}'"),
                "{text:?}"
            );
        }
        for text in ["A=\"x", "A='", "'A=1"] {
            assert_eq!(shown(text), "error: No closing quotation", "{text:?}");
        }
    }
}
