//! What the result of an event listener means (`result_handler`, ELC-004).
//!
//! The stock handler wants `OK` (EVL-008). Two more are known by name, since container images use them to print what
//! programs write, each line with the program's name before it, on supervisord's own output (CLT-015): in both packages
//! the listener sends the whole payload of a PROCESS_LOG event back as its result, and the handler prints it.
//!
//! * `supervisor_stdout:event_handler` prints `NAME CHANNEL | DATA` to stdout.
//! * `supervisor_stdlog:log_handler` prints each line in colours, behind the padded name, to stdout or stderr.
//!
//! Nothing is printed here: what is to be printed is handed out.

use super::event::Channel;

/// Bytes for one of supervisord's own streams.
pub type Printed = (Channel, Vec<u8>);

/// The handlers that we have, by their Python names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResultHandler {
    /// `supervisor.dispatchers:default_handler`
    Default,
    /// `supervisor_stdout:event_handler`
    Stdout,
    /// `supervisor_stdlog:log_handler`
    Stdlog,
}

/// What becomes of the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Processed,
    /// It goes back to its pool, and the listener may have another.
    Rejected,
    /// The handler broke: the event goes back, and the listener is UNKNOWN (EVL-009).
    Failed,
}

/// What the printing handlers remember from one result to the next. The modules of both packages hold it once for all
/// pools.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Printers {
    /// The last text of the `supervisor_stdout` handler did not end its line.
    line_is_open: bool,
    /// How many results the `supervisor_stdlog` handler has seen: each takes the next colour, whether it needs one or not.
    colours_taken: usize,
    colours: Vec<(String, u8)>,
    width: usize,
}

/// What the `supervisor_stdlog` package colours the names of programs with, over and over.
const NAME_COLOURS: [u8; 5] = [36, 33, 32, 35, 34];

impl ResultHandler {
    /// The handler of this name. The configuration has refused names that are not known.
    pub fn named(spec: &str) -> Self {
        match spec.split(':').next().map(str::trim_end) {
            Some("supervisor_stdout") => Self::Stdout,
            Some("supervisor_stdlog") => Self::Stdlog,
            _ => Self::Default,
        }
    }

    /// Decides about a result; `print` takes what is to be printed.
    pub fn judge(
        self,
        result: &[u8],
        printers: &mut Printers,
        print: &mut Vec<Printed>,
    ) -> Verdict {
        match self {
            Self::Default if result == b"OK" => Verdict::Processed,
            Self::Default => Verdict::Rejected,
            Self::Stdout => match printers.stdout(result) {
                Some(printed) => {
                    print.push(printed);
                    Verdict::Processed
                }
                None => Verdict::Failed,
            },
            // Whatever goes wrong in it, it says that it is done.
            Self::Stdlog => {
                print.extend(printers.stdlog(result));
                Verdict::Processed
            }
        }
    }
}

impl Printers {
    /// As Python 2 printed it: the text keeps its own line end, and if it has none the next text follows on the same
    /// line behind a blank.
    fn stdout(&mut self, result: &[u8]) -> Option<Printed> {
        let (head, data) = split_payload(result)?;
        let name = token(head, "processname")?;
        let channel = token(head, "channel")?;
        let mut out = Vec::with_capacity(result.len());
        if self.line_is_open {
            out.push(b' ');
        }
        out.extend_from_slice(format!("{name} {channel} | ").as_bytes());
        out.extend_from_slice(data);
        self.line_is_open = !matches!(out.last(), Some(b'\n' | b'\t' | b'\r' | 0x0b | 0x0c));
        Some((Channel::Stdout, out))
    }

    fn stdlog(&mut self, result: &[u8]) -> Option<Printed> {
        let (head, data) = split_payload(result)?;
        let data = std::str::from_utf8(data).ok()?;
        let name = token(head, "processname")?;
        self.width = self.width.max(name.chars().count() + 1);
        let fresh = NAME_COLOURS[self.colours_taken % NAME_COLOURS.len()];
        self.colours_taken += 1;
        let known = self.colours.iter().find(|(known, _)| known == name);
        let name_colour = known.map(|(_, colour)| *colour).unwrap_or_else(|| {
            self.colours.push((name.to_owned(), fresh));
            fresh
        });
        let (channel, colour) = match token(head, "channel")? {
            "stderr" => (Channel::Stderr, 31),
            "stdout" => (Channel::Stdout, 37),
            _ => (Channel::Stdout, 34),
        };
        let width = self.width;
        let lines = data.strip_suffix('\n').unwrap_or(data).split('\n');
        let printed: String = lines
            .map(|line| format!("\x1b[{name_colour}m{name:<width$}| \x1b[{colour}m{line}\x1b[m\n"))
            .collect();
        Some((channel, printed.into_bytes()))
    }
}

/// The `key:value` words of a payload's first line, and what is behind it. A word without exactly one colon spoils all.
fn split_payload(result: &[u8]) -> Option<(&str, &[u8])> {
    let end = result.iter().position(|byte| *byte == b'\n')?;
    let head = std::str::from_utf8(&result[..end]).ok()?;
    let well_formed = head
        .split_whitespace()
        .all(|word| word.matches(':').count() == 1);
    well_formed.then_some((head, &result[end + 1..]))
}

fn token<'a>(head: &'a str, key: &str) -> Option<&'a str> {
    let words = head
        .split_whitespace()
        .filter_map(|word| word.split_once(':'));
    // Of several the last counts, as in a Python dictionary.
    words
        .rev()
        .find(|(word, _)| *word == key)
        .map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::{Channel, Printers, ResultHandler, Verdict};

    fn judge(
        handler: ResultHandler,
        printers: &mut Printers,
        result: &str,
    ) -> (Verdict, Vec<(Channel, String)>) {
        let mut printed = Vec::new();
        let verdict = handler.judge(result.as_bytes(), printers, &mut printed);
        let printed = printed
            .into_iter()
            .map(|(channel, bytes)| (channel, String::from_utf8(bytes).expect("text was given")))
            .collect();
        (verdict, printed)
    }

    // EVL-008
    #[test]
    fn only_ok_is_ok() {
        for (result, verdict) in [
            ("OK", Verdict::Processed),
            ("FAIL", Verdict::Rejected),
            ("", Verdict::Rejected),
            ("OK\n", Verdict::Rejected),
        ] {
            let judged = judge(ResultHandler::Default, &mut Printers::default(), result);
            assert_eq!(judged, (verdict, vec![]), "{result:?}");
        }
    }

    // ELC-004
    #[test]
    fn handlers_are_known_by_their_names() {
        for (name, handler) in [
            (
                "supervisor.dispatchers:default_handler",
                ResultHandler::Default,
            ),
            ("supervisor_stdout:event_handler", ResultHandler::Stdout),
            ("supervisor_stdlog : log_handler", ResultHandler::Stdlog),
        ] {
            assert_eq!(ResultHandler::named(name), handler);
        }
    }

    // CLT-015; what the package prints under Python 2
    #[test]
    fn the_stdout_handler_prints_name_and_channel() {
        let mut printers = Printers::default();
        let mut said = |result: &str| judge(ResultHandler::Stdout, &mut printers, result);
        let head = "processname:web groupname:g pid:7 channel:stderr\n";
        let printed = |text: &str| (Verdict::Processed, vec![(Channel::Stdout, text.to_owned())]);
        assert_eq!(
            said(&format!("{head}a\nb\n")),
            printed("web stderr | a\nb\n")
        );
        assert_eq!(said(&format!("{head}half")), printed("web stderr | half"));
        assert_eq!(
            said(&format!("{head}line\n")),
            printed(" web stderr | line\n")
        );
        for broken in ["", "OK", "a b\n", "a:b\n", "processname:x channel:y z\n"] {
            assert_eq!(said(broken), (Verdict::Failed, vec![]), "{broken:?}");
        }
    }

    // CLT-015; compared with the package in compat-tests/test_events_real.py
    #[test]
    fn the_stdlog_handler_prints_coloured_lines_behind_a_padded_name() {
        let mut printers = Printers::default();
        let mut said = |result: &str| judge(ResultHandler::Stdlog, &mut printers, result);
        let printed = |channel, text: &str| (Verdict::Processed, vec![(channel, text.to_owned())]);
        let payload = |name: &str, channel: &str, data: &str| {
            format!("processname:{name} groupname:g pid:7 channel:{channel}\n{data}")
        };
        assert_eq!(
            said(&payload("api", "stdout", "a\n\nb\n")),
            printed(
                Channel::Stdout,
                "\x1b[36mapi | \x1b[37ma\x1b[m\n\x1b[36mapi | \x1b[37m\x1b[m\n\x1b[36mapi | \x1b[37mb\x1b[m\n"
            )
        );
        assert_eq!(
            said(&payload("worker", "stderr", "x")),
            printed(Channel::Stderr, "\x1b[33mworker | \x1b[31mx\x1b[m\n")
        );
        // The name keeps its colour, but a colour is used up each time.
        assert_eq!(
            said(&payload("api", "stdout", "y\n")),
            printed(Channel::Stdout, "\x1b[36mapi    | \x1b[37my\x1b[m\n")
        );
        assert_eq!(
            said(&payload("db", "stdout", "")),
            printed(Channel::Stdout, "\x1b[35mdb     | \x1b[37m\x1b[m\n")
        );
        assert_eq!(said("OK"), (Verdict::Processed, vec![]));
    }
}
