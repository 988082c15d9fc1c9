//! Which of the two text formats a client wants, and whether it takes gzip (GO-335).

/// How the numbers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Prometheus text, version 0.0.4: what the Go rewrite sends.
    Plain,
    OpenMetrics,
}

const OPEN_METRICS: &str = "application/openmetrics-text";
const VERSIONS: [&str; 2] = ["1.0.0", "0.0.1"];

impl Format {
    /// OpenMetrics for whoever prefers it by name to plain text; the other for everybody else.
    pub fn asked(accept: Option<&str>) -> Self {
        let (mut open, mut plain) = (0, 0);
        for item in accept.unwrap_or_default().split(',').map(Item::parse) {
            let known = item.version.is_none_or(|asked| VERSIONS.contains(&asked));
            if item.name.eq_ignore_ascii_case(OPEN_METRICS) && known {
                open = open.max(item.weight);
            } else if item.name.eq_ignore_ascii_case("text/plain") {
                plain = plain.max(item.weight);
            }
        }
        if open > 0 && open >= plain {
            Self::OpenMetrics
        } else {
            Self::Plain
        }
    }

    pub fn content_type(self) -> &'static str {
        match self {
            Self::Plain => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// Whether the body may come compressed.
pub fn takes_gzip(accept_encoding: Option<&str>) -> bool {
    let items = accept_encoding.unwrap_or_default().split(',');
    let mut items = items.map(Item::parse);
    items.any(|item| item.name.eq_ignore_ascii_case("gzip") && item.weight > 0)
}

/// One choice of an `Accept` header.
struct Item<'a> {
    name: &'a str,
    version: Option<&'a str>,
    /// In thousandths.
    weight: u32,
}

impl<'a> Item<'a> {
    fn parse(text: &'a str) -> Self {
        let mut parts = text.split(';').map(str::trim);
        let mut item = Self {
            name: parts.next().unwrap_or_default(),
            version: None,
            weight: 1000,
        };
        for (name, value) in parts.filter_map(|part| part.split_once('=')) {
            match name.trim() {
                "version" => item.version = Some(value.trim().trim_matches('"')),
                "q" => item.weight = weight(value.trim()),
                _ => {}
            }
        }
        item
    }
}

/// What is no number is no wish.
fn weight(text: &str) -> u32 {
    let (whole, thousandths) = text.split_once('.').unwrap_or((text, ""));
    let digits = thousandths.bytes().chain(*b"000").take(3);
    let mut weight = match whole {
        "0" | "" => 0,
        "1" => 1,
        _ => return 0,
    };
    for digit in digits {
        if !digit.is_ascii_digit() {
            return 0;
        }
        weight = weight * 10 + u32::from(digit - b'0');
    }
    weight
}

#[cfg(test)]
mod tests {
    use super::{Format, takes_gzip};

    #[test]
    fn openmetrics_is_for_those_who_ask_for_it() {
        let prometheus = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
                          text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        for (accept, format) in [
            (Some(prometheus), Format::OpenMetrics),
            (Some("application/openmetrics-text"), Format::OpenMetrics),
            (None, Format::Plain),
            (Some("*/*"), Format::Plain),
            (
                Some("text/html,application/xhtml+xml,*/*;q=0.8"),
                Format::Plain,
            ),
            (
                Some("text/plain, application/openmetrics-text;q=0.5"),
                Format::Plain,
            ),
            (
                Some("application/openmetrics-text; version=9"),
                Format::Plain,
            ),
            (Some("application/openmetrics-text;q=0"), Format::Plain),
            (Some("application/openmetrics-text;q=x"), Format::Plain),
        ] {
            assert_eq!(Format::asked(accept), format, "{accept:?}");
        }
    }

    #[test]
    fn gzip_is_for_those_who_take_it() {
        assert!(takes_gzip(Some("deflate, gzip;q=1.0")) && takes_gzip(Some("GZIP")));
        for none in [
            None,
            Some(""),
            Some("identity"),
            Some("gzip;q=0"),
            Some("gzip;q=0.000"),
        ] {
            assert!(!takes_gzip(none), "{none:?}");
        }
    }
}
