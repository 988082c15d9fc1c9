//! Parameters of a request: the query string, then the body of a form over it (WEB-005).
//!
//! As Python's `parse_qs`: pairs are separated by `&`; one without `=` or without a value counts as not given. What is
//! no UTF-8 is shown with replacement characters.

use std::collections::BTreeMap;

/// The parameters of one request.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Form {
    values: BTreeMap<String, String>,
    /// Every pair of the body, in its order.
    posted: Vec<(String, String)>,
}

impl Form {
    /// A name's first value in the query counts, but a value in the body more, and there the last one.
    pub fn parse(query: &str, body: &[u8]) -> Self {
        let mut form = BTreeMap::new();
        for (name, value) in pairs(query.as_bytes()) {
            form.entry(name).or_insert(value);
        }
        let posted: Vec<(String, String)> = pairs(body).collect();
        form.extend(posted.iter().cloned());
        Self {
            values: form,
            posted,
        }
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// Every value that the body has for a name.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let pairs = self.posted.iter().filter(move |pair| pair.0 == name);
        pairs.map(|pair| pair.1.as_str())
    }

    /// Every name with its value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

fn pairs(text: &[u8]) -> impl Iterator<Item = (String, String)> {
    text.split(|byte| *byte == b'&').filter_map(|pair| {
        let equals = pair.iter().position(|byte| *byte == b'=')?;
        let value = &pair[equals + 1..];
        (!value.is_empty()).then(|| (decode(&pair[..equals]), decode(value)))
    })
}

/// Decodes `+` and `%XX`, leaving alone what is no such thing.
fn decode(text: &[u8]) -> String {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        rest = tail;
        let escaped = match (first, tail) {
            (b'%', [high, low, ..]) => hex(*high).zip(hex(*low)),
            _ => None,
        };
        match (first, escaped) {
            (_, Some((high, low))) => {
                decoded.push(high << 4 | low);
                rest = &tail[2..];
            }
            (b'+', None) => decoded.push(b' '),
            (byte, None) => decoded.push(*byte),
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::Form;

    // WEB-005; expectations printed by Python's parse_qs and parse_qsl
    #[test]
    fn the_query_counts_once_and_the_body_over_it() {
        let form = Form::parse("a=1&a=2&b=&c&d=x+y%3A%zz%4&e=1", b"e=2&e=3&f=%c3%a9%ff");
        assert_eq!(form.get("a"), Some("1"));
        assert_eq!(form.get("b"), None);
        assert_eq!(form.get("c"), None);
        assert_eq!(form.get("d"), Some("x y:%zz%4"));
        assert_eq!(form.get("e"), Some("3"));
        assert_eq!(form.all("e").collect::<Vec<_>>(), ["2", "3"]);
        assert_eq!(form.get("f"), Some("é\u{fffd}"));
        assert_eq!(Form::parse("", b""), Form::default());
    }
}
