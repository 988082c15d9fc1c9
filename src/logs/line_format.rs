//! How a stream's lines are written: as they are, behind time and name, or as objects (`…_log_format`).
//!
//! ```text
//! raw      listening on port 8080
//! prefix   2026-11-24 15:26:55,042 web listening on port 8080
//! json     {"time":"2026-11-24T15:26:55.042+01:00","process":"web","group":"web","stream":"stdout","line":"listening on port 8080"}
//! ```
//!
//! Raw bytes pass untouched. For the other two, a line is written when its newline has come, with the time of that
//! moment, the last one at the end of the stream. A line that is longer than `LINE_LIMIT` is written in parts; as an
//! object each part but the last says `"partial":true`.
//!
//! An object is always UTF-8. A line that is not has U+FFFD in the place of the bytes that are wrong, and a further member
//! `base64` with all of its bytes, so nothing is lost.

use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::json::push_string;
use super::lines::{LINE_LIMIT, Line, Lines};
use super::local_time::stamped;

/// What a line is put into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Style {
    Raw,
    Prefix {
        name: String,
    },
    /// One object per line.
    Json {
        process: String,
        group: String,
        stream: &'static str,
    },
}

/// The format of one stream of one child, with its unfinished line.
#[derive(Debug)]
pub struct LineFormat {
    kind: Kind,
    lines: Lines,
    out: Vec<u8>,
}

#[derive(Debug)]
enum Kind {
    Raw,
    /// What stands between the time and the line.
    Prefix(Vec<u8>),
    Json(Vec<u8>),
}

impl LineFormat {
    pub fn new(style: Style) -> Self {
        let kind = match style {
            Style::Raw => Kind::Raw,
            Style::Prefix { name } => Kind::Prefix(format!(" {name} ").into_bytes()),
            Style::Json {
                process,
                group,
                stream,
            } => {
                let mut middle = b"\",\"process\":".to_vec();
                push_string(&mut middle, process.as_bytes());
                middle.extend_from_slice(b",\"group\":");
                push_string(&mut middle, group.as_bytes());
                middle.extend_from_slice(b",\"stream\":");
                push_string(&mut middle, stream.as_bytes());
                middle.extend_from_slice(b",\"line\":");
                Kind::Json(middle)
            }
        };
        Self {
            kind,
            lines: Lines::with_limit(LINE_LIMIT),
            out: Vec::new(),
        }
    }

    /// What is to be written now that these bytes have come at this time.
    pub fn push<'a>(&'a mut self, chunk: &'a [u8], at: SystemTime) -> &'a [u8] {
        let Self { kind, lines, out } = self;
        if matches!(kind, Kind::Raw) {
            return chunk;
        }
        out.clear();
        let stamp = kind.stamp(at);
        lines.push(chunk, |line| kind.write(out, &stamp, line));
        out
    }

    /// What is to be written at the end of the stream.
    pub fn finish(&mut self, at: SystemTime) -> &[u8] {
        let Self { kind, lines, out } = self;
        out.clear();
        let stamp = kind.stamp(at);
        lines.finish(|line| kind.write(out, &stamp, line));
        out
    }
}

impl Kind {
    fn stamp(&self, at: SystemTime) -> String {
        match self {
            Self::Raw => String::new(),
            Self::Prefix(_) => {
                let (time, millis) = stamped(at);
                time.log_stamp(millis)
            }
            Self::Json(_) => {
                let (time, millis) = stamped(at);
                time.iso_stamp(millis)
            }
        }
    }

    fn write(&self, out: &mut Vec<u8>, stamp: &str, line: Line<'_>) {
        match self {
            Self::Raw => out.extend_from_slice(line.bytes),
            Self::Prefix(middle) => {
                out.extend_from_slice(stamp.as_bytes());
                out.extend_from_slice(middle);
                out.extend_from_slice(line.bytes);
            }
            Self::Json(middle) => {
                out.extend_from_slice(b"{\"time\":\"");
                out.extend_from_slice(stamp.as_bytes());
                out.extend_from_slice(middle);
                if !push_string(out, line.bytes) {
                    out.extend_from_slice(b",\"base64\":\"");
                    out.extend_from_slice(STANDARD.encode(line.bytes).as_bytes());
                    out.push(b'"');
                }
                if line.goes_on {
                    out.extend_from_slice(b",\"partial\":true");
                }
                out.push(b'}');
            }
        }
        out.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    use super::{LineFormat, Style};
    use crate::logs::lines::LINE_LIMIT;
    use crate::logs::local_time::stamped;

    fn moment() -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(1_795_533_915_042)
    }

    fn json() -> LineFormat {
        LineFormat::new(Style::Json {
            process: "web_0".into(),
            group: "a \"b\"".into(),
            stream: "stderr",
        })
    }

    fn prefix() -> LineFormat {
        LineFormat::new(Style::Prefix { name: "web".into() })
    }

    fn text(bytes: &[u8]) -> String {
        String::from_utf8(bytes.to_vec()).expect("the test's own text")
    }

    #[test]
    fn raw_bytes_pass_as_they_are() {
        let mut raw = LineFormat::new(Style::Raw);
        let chunk = b"\x88 half a li";
        let passed = raw.push(chunk, moment());
        assert!(std::ptr::eq(passed, &chunk[..]), "not even copied");
        assert_eq!(raw.finish(moment()), b"");
    }

    #[test]
    fn a_prefixed_line_is_written_when_its_end_has_come() {
        let (time, _) = stamped(moment());
        let stamp = time.log_stamp(42);
        let mut format = prefix();
        assert_eq!(
            text(format.push(b"one\ntw", moment())),
            format!("{stamp} web one\n")
        );
        assert_eq!(
            text(format.push(b"o\n\nend", moment())),
            format!("{stamp} web two\n{stamp} web \n")
        );
        assert_eq!(
            text(format.finish(moment())),
            format!("{stamp} web end\n"),
            "the last line has no end of its own"
        );
        assert_eq!(format.finish(moment()), b"");
    }

    #[test]
    fn a_line_is_one_object() {
        let (time, _) = stamped(moment());
        let stamp = time.iso_stamp(42);
        assert_eq!(
            text(json().push("say \"žluť\"\r\n".as_bytes(), moment())),
            format!(
                "{{\"time\":\"{stamp}\",\"process\":\"web_0\",\"group\":\"a \\\"b\\\"\",\"stream\":\"stderr\",\
                 \"line\":\"say \\\"žluť\\\"\\r\"}}\n"
            )
        );
    }

    #[test]
    fn bytes_that_are_no_text_are_not_lost() {
        let mut format = json();
        let line = text(format.push(b"a\x88b\n", moment()));
        assert!(
            line.ends_with("\"line\":\"a\u{fffd}b\",\"base64\":\"YYhi\"}\n"),
            "{line}"
        );
    }

    #[test]
    fn the_parts_of_a_long_line_say_that_they_go_on() {
        let mut format = json();
        let mut long = vec![b'x'; LINE_LIMIT + 1];
        long.push(b'\n');
        let written = text(format.push(&long, moment()));
        let parts: Vec<&str> = written.lines().collect();
        assert_eq!(parts.len(), 2);
        assert!(parts[0].ends_with("x\",\"partial\":true}"));
        assert!(parts[1].ends_with("\"line\":\"x\"}"));
    }
}
