//! `tail` and `maintail`: the end of a log, once or followed (CTL-110 to CTL-119).

use crate::model::fault::FaultCode;
use crate::model::py_repr::repr_str;
use crate::xmlrpc::{Value, WriteError};

use super::super::error::CtlError;
use super::super::exit_status::ExitStatus;
use super::super::line::words;
use super::super::names::full;
use super::super::session::Session;
use super::super::tail::follow;
use super::complain;

const DEFAULT_BYTES: i64 = 1600;

/// How much of a log is wanted.
#[derive(Debug, PartialEq, Eq)]
enum Amount {
    Follow,
    /// This many bytes from the end; more than a call can carry is told when it is tried.
    Last(Option<i64>),
}

pub fn tail(session: &mut Session<'_>, argument: &str) -> Result<(), CtlError> {
    if !session.up_check()? {
        return Ok(());
    }
    let mut words = words(argument);
    let lines = match take_lines(&mut words) {
        Ok(lines) => lines,
        Err(complaint) => {
            refuse(session, &complaint);
            return Ok(());
        }
    };
    let complaint = match words.len() {
        0 => Some("Error: too few arguments"),
        1..=3 => None,
        _ => Some("Error: too many arguments"),
    };
    if let Some(complaint) = complaint {
        complain(session, "tail", complaint, ExitStatus::Generic);
        return Ok(());
    }
    let wanted = match Wanted::read(&words) {
        Ok(wanted) => wanted,
        Err(complaint) => {
            refuse(session, &complaint);
            return Ok(());
        }
    };
    let Wanted {
        name,
        channel,
        amount,
    } = wanted;
    let name = full(session, name)?;
    let name = name.as_str();
    let method = match channel.as_str() {
        "stderr" => "supervisor.readProcessStderrLog",
        _ => "supervisor.readProcessStdoutLog",
    };
    match (lines, amount) {
        (Some(lines), _) => show_lines(session, method, Some(name), lines),
        (None, Amount::Follow) => follow(session, &format!("/logtail/{name}/{channel}")),
        (None, Amount::Last(bytes)) => show_log(session, method, Some(name), bytes),
    }
}

pub fn maintail(session: &mut Session<'_>, argument: &str) -> Result<(), CtlError> {
    if !session.up_check()? {
        return Ok(());
    }
    let mut words = words(argument);
    match take_lines(&mut words) {
        Ok(None) => {}
        Ok(Some(lines)) => return show_lines(session, "supervisor.readLog", None, lines),
        Err(complaint) => {
            refuse(session, &complaint);
            return Ok(());
        }
    }
    let amount = match words.as_slice() {
        [] => Ok(Amount::Last(Some(DEFAULT_BYTES))),
        [word] => read_amount(word),
        _ => {
            let complaint = "Error: too many arguments";
            complain(session, "maintail", complaint, ExitStatus::Generic);
            return Ok(());
        }
    };
    match amount {
        Err(complaint) => {
            refuse(session, &complaint);
            Ok(())
        }
        Ok(Amount::Follow) => follow(session, "/mainlogtail"),
        Ok(Amount::Last(bytes)) => show_log(session, "supervisor.readLog", None, bytes),
    }
}

/// What the words of `tail` ask for.
#[derive(Debug, PartialEq, Eq)]
struct Wanted<'a> {
    name: &'a str,
    channel: String,
    amount: Amount,
}

impl<'a> Wanted<'a> {
    /// The modifier must come first; of three words that are left, the middle one is not looked at, as in the reference
    /// (`supervisorctl.py`, `do_tail`; CTL-111).
    fn read(words: &[&'a str]) -> Result<Self, String> {
        let (modifier, rest) = match words {
            [first, rest @ ..] if first.starts_with('-') => (Some(*first), rest),
            _ => (None, words),
        };
        let (name, channel) = match rest {
            [] => return Err("Error: tail requires process name".to_owned()),
            [name] => (*name, "stdout".to_owned()),
            [name, .., channel] => (*name, channel.to_lowercase()),
        };
        if !matches!(channel.as_str(), "stdout" | "stderr") {
            return Err(format!("Error: bad channel {}", repr_str(&channel)));
        }
        let amount = match modifier {
            None => Amount::Last(Some(DEFAULT_BYTES)),
            Some(modifier) => read_amount(modifier)?,
        };
        Ok(Self {
            name,
            channel,
            amount,
        })
    }
}

/// `-f`, or `-` and a number.
fn read_amount(word: &str) -> Result<Amount, String> {
    match word.strip_prefix('-') {
        Some("f") => Ok(Amount::Follow),
        Some(number) if is_integer(number) => {
            Ok(Amount::Last(number.replace('_', "").parse().ok()))
        }
        Some(_) | None => Err(format!("Error: bad argument {word}")),
    }
}

/// What Python's `int` takes: a sign, and digits with single underscores between them.
fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    digits
        .split('_')
        .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

fn refuse(session: &mut Session<'_>, complaint: &str) {
    session.output.line(complaint);
    session.exit_status = ExitStatus::Generic;
}

/// Takes our own `--lines N` out of the words.
fn take_lines(words: &mut Vec<&str>) -> Result<Option<usize>, String> {
    let Some(at) = words.iter().position(|word| word.starts_with("--lines")) else {
        return Ok(None);
    };
    let word = words.remove(at);
    let number = match word.strip_prefix("--lines=") {
        Some(number) => number,
        None if word == "--lines" && at < words.len() => words.remove(at),
        None => return Err(format!("Error: bad argument {word}")),
    };
    match number.parse() {
        Ok(lines) => Ok(Some(lines)),
        Err(_) => Err(format!("Error: bad argument {number}")),
    }
}

/// Prints the end of a log and a line end (CTL-112), or why it cannot be read (CTL-113).
fn show_log(
    session: &mut Session<'_>,
    method: &'static str,
    name: Option<&str>,
    bytes: Option<i64>,
) -> Result<(), CtlError> {
    let bytes = bytes.ok_or(WriteError::IntOutOfRange)?;
    if let Some(text) = read_log(session, method, name, bytes)? {
        session.output.line(&text);
    }
    Ok(())
}

/// Prints so many lines from the end of a log. The server knows bytes only, so more and more of them are read until there
/// are lines enough.
fn show_lines(
    session: &mut Session<'_>,
    method: &'static str,
    name: Option<&str>,
    lines: usize,
) -> Result<(), CtlError> {
    let most = i64::from(i32::MAX);
    let mut bytes = i64::try_from(lines)
        .unwrap_or(most)
        .saturating_mul(128)
        .clamp(4096, most);
    loop {
        let Some(text) = read_log(session, method, name, bytes)? else {
            return Ok(());
        };
        let is_all = text.len() < usize::try_from(bytes).unwrap_or(usize::MAX) || bytes == most;
        match last_lines(&text, lines) {
            // The first line may have been cut at its beginning.
            shown if is_all || shown.len() < text.len() => {
                session.output.bytes(shown.as_bytes());
                if !shown.is_empty() && !shown.ends_with('\n') {
                    session.output.line("");
                }
                return Ok(());
            }
            _ => bytes = bytes.saturating_mul(8).min(most),
        }
    }
}

/// The end of a text, from the beginning of its last so many lines.
fn last_lines(text: &str, lines: usize) -> &str {
    let body = text.strip_suffix('\n').unwrap_or(text);
    if lines == 0 {
        return "";
    }
    let start = body.rmatch_indices('\n').nth(lines - 1);
    start.map_or(text, |(at, _)| &text[at + 1..])
}

/// So many bytes from the end of a log; none, after a complaint, when it cannot be read.
fn read_log(
    session: &mut Session<'_>,
    method: &'static str,
    name: Option<&str>,
    bytes: i64,
) -> Result<Option<String>, CtlError> {
    let mut params: Vec<Value> = name.into_iter().map(Value::from).collect();
    params.extend([Value::Int(-bytes), Value::Int(0)]);
    let words = match session.call(method, &params) {
        Ok(Value::String(text)) => return Ok(Some(text)),
        Ok(_) => return Err(CtlError::UnexpectedAnswer { method }),
        Err(error) if error.is_fault(FaultCode::NoFile) => "no log file",
        Err(error) if error.is_fault(FaultCode::Failed) => "unknown error reading log",
        Err(error) if error.is_fault(FaultCode::BadName) && name.is_some() => {
            "no such process name"
        }
        Err(error) => return Err(error),
    };
    let complaint = format!("{}: ERROR ({words})", name.unwrap_or("supervisord"));
    refuse(session, &complaint);
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::{Amount, Wanted, last_lines, read_amount, take_lines};
    use crate::ctl::line::words;

    fn read(argument: &str) -> String {
        match Wanted::read(&words(argument)) {
            Ok(wanted) => format!("{} {} {:?}", wanted.name, wanted.channel, wanted.amount),
            Err(complaint) => complaint,
        }
    }

    // CTL-110, CTL-111
    #[test]
    fn the_modifier_comes_first_and_the_channel_last() {
        for (argument, meaning) in [
            ("cat", "cat stdout Last(Some(1600))"),
            ("cat STDERR", "cat stderr Last(Some(1600))"),
            ("-5 cat", "cat stdout Last(Some(5))"),
            ("-f cat stderr", "cat stderr Follow"),
            ("a b stdout", "a stdout Last(Some(1600))"),
            ("5 cat", "Error: bad channel 'cat'"),
            ("cat -f", "Error: bad channel '-f'"),
            ("-x cat", "Error: bad argument -x"),
            ("-x cat nope", "Error: bad channel 'nope'"),
            ("-f", "Error: tail requires process name"),
            ("-5", "Error: tail requires process name"),
        ] {
            assert_eq!(read(argument), meaning, "{argument:?}");
        }
    }

    // CTL-111, CTL-119: the numbers are Python's.
    #[test]
    fn amounts_are_what_python_calls_an_integer() {
        for (word, amount) in [
            ("-f", Amount::Follow),
            ("-0", Amount::Last(Some(0))),
            ("--5", Amount::Last(Some(-5))),
            ("-+5", Amount::Last(Some(5))),
            ("-1_000", Amount::Last(Some(1000))),
            ("-99999999999999999999", Amount::Last(None)),
        ] {
            assert_eq!(read_amount(word), Ok(amount), "{word:?}");
        }
        for word in ["-", "-x", "-1_", "-_1", "-1__0", "f", "5", "-+", "-f5"] {
            let complaint = format!("Error: bad argument {word}");
            assert_eq!(read_amount(word), Err(complaint));
        }
    }

    #[test]
    fn lines_are_counted_from_the_end() {
        for (text, lines, end) in [
            ("a\nb\nc\n", 2, "b\nc\n"),
            ("a\nb\nc", 2, "b\nc"),
            ("a\nb\n", 5, "a\nb\n"),
            ("a\n\n", 1, "\n"),
            ("a\n", 0, ""),
            ("", 3, ""),
        ] {
            assert_eq!(last_lines(text, lines), end, "{text:?}");
        }
    }

    #[test]
    fn the_number_of_lines_may_stand_anywhere() {
        for (argument, taken, rest) in [
            ("--lines 5 cat", Ok(Some(5)), "cat"),
            ("cat --lines=5 stderr", Ok(Some(5)), "cat stderr"),
            ("-5 cat", Ok(None), "-5 cat"),
            (
                "cat --lines",
                Err("Error: bad argument --lines".to_owned()),
                "cat",
            ),
            (
                "--lines x cat",
                Err("Error: bad argument x".to_owned()),
                "cat",
            ),
        ] {
            let mut left = words(argument);
            assert_eq!(take_lines(&mut left), taken, "{argument}");
            assert_eq!(left.join(" "), rest);
        }
    }
}
