//! `tail` and `maintail`: the end of a log, once or followed (CTL-110 to CTL-119).

use crate::model::fault::FaultCode;
use crate::model::py_repr::repr_str;
use crate::xmlrpc::{Value, WriteError};

use super::super::error::CtlError;
use super::super::exit_status::ExitStatus;
use super::super::line::words;
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
    let words = words(argument);
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
    match amount {
        Amount::Follow => follow(session, &format!("/logtail/{name}/{channel}")),
        Amount::Last(bytes) => {
            let method = match channel.as_str() {
                "stderr" => "supervisor.readProcessStderrLog",
                _ => "supervisor.readProcessStdoutLog",
            };
            show_log(session, method, Some(name), bytes)
        }
    }
}

pub fn maintail(session: &mut Session<'_>, argument: &str) -> Result<(), CtlError> {
    if !session.up_check()? {
        return Ok(());
    }
    let amount = match words(argument).as_slice() {
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

/// Prints the end of a log and a line end (CTL-112), or why it cannot be read (CTL-113).
fn show_log(
    session: &mut Session<'_>,
    method: &'static str,
    name: Option<&str>,
    bytes: Option<i64>,
) -> Result<(), CtlError> {
    let bytes = bytes.ok_or(WriteError::IntOutOfRange)?;
    let mut params: Vec<Value> = name.into_iter().map(Value::from).collect();
    params.extend([Value::Int(-bytes), Value::Int(0)]);
    let answer = session.call(method, &params);
    let words = match &answer {
        Err(error) if error.is_fault(FaultCode::NoFile) => "no log file",
        Err(error) if error.is_fault(FaultCode::Failed) => "unknown error reading log",
        Err(error) if error.is_fault(FaultCode::BadName) && name.is_some() => {
            "no such process name"
        }
        Ok(_) | Err(_) => {
            let answer = answer?;
            let text = answer
                .as_str()
                .ok_or(CtlError::UnexpectedAnswer { method })?;
            session.output.line(text);
            return Ok(());
        }
    };
    let complaint = format!("{}: ERROR ({words})", name.unwrap_or("supervisord"));
    refuse(session, &complaint);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Amount, Wanted, read_amount};
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
}
