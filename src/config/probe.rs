//! The words of a hook or a check: a command, `http(s)://…` with options, `tcp://host:port` or `script://COMMAND`
//! (GO-197, GO-199 to GO-204).
//!
//! Only reading; who runs probes is elsewhere. Words are taken apart as those of `command` are, without a shell.

use std::fmt;
use std::path::PathBuf;

use bstr::{BStr, BString, ByteSlice};

use super::extensions::{HttpData, HttpProbe, Probe};
use super::paths::to_path;
use super::shlex::{self, ShlexError};

/// Why a text is no probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProbeError {
    Words(ShlexError),
    /// No command at all.
    Empty,
    /// Not `host:port`.
    Address,
    /// What follows a URL and is no option of it.
    UnknownOption {
        word: String,
    },
    /// An option of a URL without its value.
    NoValue {
        option: &'static str,
    },
    /// A header is `Name: value`.
    Header {
        text: String,
    },
    /// `--key-file`, `--cert-file`: not offered.
    ClientCertificate,
    /// The URL itself, or a header, is not text.
    NotText,
}

impl fmt::Display for ProbeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Words(error) => error.fmt(f),
            Self::Empty => f.write_str("there is no command"),
            Self::Address => f.write_str("tcp:// takes host:port"),
            Self::UnknownOption { word } => write!(
                f,
                "{word} is none of the options behind a URL: -H, --header, -d, --data, --ca-file"
            ),
            Self::NoValue { option } => write!(f, "{option} takes a value"),
            Self::Header { text } => write!(f, "a header is written 'Name: value', not '{text}'"),
            Self::ClientCertificate => f.write_str("client certificates are not supported"),
            Self::NotText => f.write_str("not UTF-8"),
        }
    }
}

impl From<ShlexError> for ProbeError {
    fn from(error: ShlexError) -> Self {
        Self::Words(error)
    }
}

/// Reads one. Relative paths of files stay as written.
pub fn parse(text: &BStr) -> Result<Probe, ProbeError> {
    let text = BStr::new(text.trim());
    if has_scheme(text, b"http://") || has_scheme(text, b"https://") {
        return http(text).map(Probe::Http);
    }
    if has_scheme(text, b"tcp://") {
        return tcp(BStr::new(&text[b"tcp://".len()..])).map(Probe::Tcp);
    }
    let command = if has_scheme(text, b"script://") {
        BStr::new(&text[b"script://".len()..])
    } else {
        text
    };
    let words = shlex::split(command)?;
    if words.is_empty() {
        return Err(ProbeError::Empty);
    }
    Ok(Probe::Command(words))
}

fn has_scheme(text: &BStr, scheme: &[u8]) -> bool {
    text.get(..scheme.len())
        .is_some_and(|beginning| beginning.eq_ignore_ascii_case(scheme))
}

/// The last colon divides, so that `[::1]:80` works.
fn tcp(address: &BStr) -> Result<String, ProbeError> {
    let address = address.to_str().map_err(|_| ProbeError::NotText)?.trim();
    let (host, port) = address.rsplit_once(':').ok_or(ProbeError::Address)?;
    let is_port = port.parse::<u16>().is_ok_and(|port| port > 0);
    if host.is_empty() || host.contains(char::is_whitespace) || !is_port {
        return Err(ProbeError::Address);
    }
    Ok(address.to_owned())
}

/// An option behind a URL: how it is written, and short.
struct UrlOption {
    long: &'static str,
    short: Option<&'static str>,
    set: fn(&mut HttpProbe, BString) -> Result<(), ProbeError>,
}

const URL_OPTIONS: [UrlOption; 5] = [
    UrlOption {
        long: "--header",
        short: Some("-H"),
        set: |probe, value| {
            let text = into_text(value)?;
            match text.split_once(':') {
                Some((name, value)) if !name.trim().is_empty() => {
                    let header = (name.trim().to_owned(), value.trim().to_owned());
                    probe.headers.push(header);
                    Ok(())
                }
                _ => Err(ProbeError::Header { text }),
            }
        },
    },
    UrlOption {
        long: "--data",
        short: Some("-d"),
        set: |probe, value| {
            probe.data = Some(match value.strip_prefix(b"@") {
                Some(path) => HttpData::File(to_path(BStr::new(path))),
                None => HttpData::Text(value),
            });
            Ok(())
        },
    },
    UrlOption {
        long: "--ca-file",
        short: None,
        set: |probe, value| {
            probe.ca_file = Some(to_path(value.as_bstr()));
            Ok(())
        },
    },
    UrlOption {
        long: "--key-file",
        short: None,
        set: |_, _| Err(ProbeError::ClientCertificate),
    },
    UrlOption {
        long: "--cert-file",
        short: None,
        set: |_, _| Err(ProbeError::ClientCertificate),
    },
];

/// GO-201. A value stands behind its option, after `=`, or for a short one directly.
fn http(text: &BStr) -> Result<HttpProbe, ProbeError> {
    let mut words = shlex::split(text)?.into_iter();
    let mut probe = HttpProbe {
        // There is one: the text starts with its scheme.
        url: into_text(words.next().unwrap_or_default())?,
        headers: Vec::new(),
        data: None,
        ca_file: None,
    };
    while let Some(word) = words.next() {
        let found = URL_OPTIONS
            .iter()
            .find_map(|option| Some((option, value_in(option, &word)?)));
        let Some((option, attached)) = found else {
            return Err(ProbeError::UnknownOption {
                word: word.to_str_lossy().into_owned(),
            });
        };
        let value = attached.or_else(|| words.next());
        let value = value.ok_or(ProbeError::NoValue {
            option: option.long,
        })?;
        (option.set)(&mut probe, value)?;
    }
    Ok(probe)
}

/// Whether a word is this option, and the value that is part of the word.
fn value_in(option: &UrlOption, word: &BString) -> Option<Option<BString>> {
    if let Some(rest) = word.strip_prefix(option.long.as_bytes()) {
        return match rest.strip_prefix(b"=") {
            Some(value) => Some(Some(BString::from(value))),
            None => rest.is_empty().then_some(None),
        };
    }
    let rest = word.strip_prefix(option.short?.as_bytes())?;
    Some((!rest.is_empty()).then(|| BString::from(rest)))
}

fn into_text(bytes: BString) -> Result<String, ProbeError> {
    String::from_utf8(bytes.into()).map_err(|_| ProbeError::NotText)
}

/// Lets `absolute` have its way with the paths in a probe.
pub fn with_paths(mut probe: Probe, absolute: impl Fn(PathBuf) -> PathBuf) -> Probe {
    if let Probe::Http(http) = &mut probe {
        http.ca_file = http.ca_file.take().map(&absolute);
        if let Some(HttpData::File(path)) = &mut http.data {
            *path = absolute(std::mem::take(path));
        }
    }
    probe
}

#[cfg(test)]
mod tests {
    use bstr::{BStr, BString};

    use super::{ProbeError, parse};
    use crate::config::extensions::{HttpData, HttpProbe, Probe};

    fn command(words: &[&str]) -> Result<Probe, ProbeError> {
        Ok(Probe::Command(words.iter().map(|&w| w.into()).collect()))
    }

    fn read(text: &str) -> Result<Probe, ProbeError> {
        parse(BStr::new(text))
    }

    // GO-199, GO-204, GO-183
    #[test]
    fn a_command_is_words_without_a_shell() {
        assert_eq!(read("/bin/sh -c 'a b'"), command(&["/bin/sh", "-c", "a b"]));
        assert_eq!(read("script:///bin/x  y"), command(&["/bin/x", "y"]));
        assert_eq!(read("script://x.sh"), command(&["x.sh"]));
        assert_eq!(read("script://"), Err(ProbeError::Empty));
        assert!(matches!(read("a 'b"), Err(ProbeError::Words(_))));
    }

    // GO-199, GO-203
    #[test]
    fn tcp_takes_host_and_port() {
        for address in ["localhost:80", "[::1]:80", "10.0.0.1:65535"] {
            let text = format!("tcp://{address}");
            assert_eq!(read(&text), Ok(Probe::Tcp(address.to_owned())));
        }
        for wrong in [
            "tcp://",
            "tcp://host",
            "tcp://host:",
            "tcp://:80",
            "tcp://a b:80",
            "tcp://h:0",
        ] {
            assert_eq!(read(wrong), Err(ProbeError::Address), "{wrong}");
        }
    }

    // GO-201
    #[test]
    fn a_url_has_headers_data_and_a_certificate_authority() {
        let probe = read(
            "https://localhost/health -H 'X-A: b c' --header=Y:z -d 'a=1' --data @body.json --ca-file ca.pem -HZ:q",
        );
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            probe,
            Ok(Probe::Http(HttpProbe {
                url: "https://localhost/health".to_owned(),
                headers: vec![header("X-A", "b c"), header("Y", "z"), header("Z", "q")],
                data: Some(HttpData::File("body.json".into())),
                ca_file: Some("ca.pem".into()),
            }))
        );
        let Ok(Probe::Http(plain)) = read("http://x/ -dtext") else {
            panic!("a URL");
        };
        assert_eq!(plain.data, Some(HttpData::Text(BString::from("text"))));
    }

    // GO-201
    #[test]
    fn what_is_wrong_behind_a_url_is_said() {
        for (text, expected) in [
            ("http://x -H", "--header takes a value"),
            (
                "http://x -H novalue",
                "a header is written 'Name: value', not 'novalue'",
            ),
            (
                "http://x --cert-file a",
                "client certificates are not supported",
            ),
            (
                "http://x y",
                "y is none of the options behind a URL: -H, --header, -d, --data, --ca-file",
            ),
        ] {
            let error = read(text).expect_err(text);
            assert_eq!(error.to_string(), expected);
        }
    }
}
