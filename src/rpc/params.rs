//! Checked access to the arguments of a call.
//!
//! Clients are loose with types: `wait` comes as 1, an offset as `"0"` (CLT-003). The reference takes whatever
//! Python's own functions take, so here stand those functions' rules: truth ([`truth`]), whole numbers
//! ([`whole_number`]), and what `%s` shows of a value ([`shown`]).
//!
//! Where the reference stumbles over a value that no such rule covers, it answers HTTP 500 (RPC-007). That is the
//! client's error and not ours, so it is INCORRECT_PARAMETERS here; a text that is no number stays an HTTP 500
//! (RPC-167).

use super::{Crash, Failure};
use crate::model::fault::{Fault, FaultCode};
use crate::model::py_repr::repr_str;
use crate::model::signal::Signal;
use crate::xmlrpc::Value;

/// The arguments of one call. Their number has been checked against the method's row; one that is missing all the same
/// is reported as such.
#[derive(Clone, Copy)]
pub(super) struct Args<'a>(pub &'a [Value]);

impl<'a> Args<'a> {
    /// An argument as it is.
    pub fn any(self, index: usize) -> Result<&'a Value, Failure> {
        self.0.get(index).ok_or_else(|| incorrect().into())
    }

    /// The name of a process, where only a text makes sense (RPC-007).
    pub fn name(self, index: usize) -> Result<&'a str, Failure> {
        match self.any(index)? {
            Value::String(text) => Ok(text),
            _ => Err(incorrect().into()),
        }
    }

    /// The name of a group. The reference looks any value up and does not find it, unless it is of a kind that cannot
    /// be looked up.
    pub fn group(self, index: usize) -> Result<&'a str, Failure> {
        match self.any(index)? {
            Value::String(text) => Ok(text),
            Value::Array(_) | Value::Struct(_) => Err(incorrect().into()),
            other => Err(fault_about(FaultCode::BadName, other).into()),
        }
    }

    /// A signal as the machine reads it: its number if it has one that is accepted, else the text as sent
    /// (RPC-139, RPC-140).
    pub fn signal(self, index: usize) -> Result<String, Failure> {
        let value = self.any(index)?;
        match whole_number(value) {
            Ok(number) => Ok(i64::try_from(number)
                .ok()
                .and_then(Signal::from_number)
                .map_or_else(|| shown(value), |signal| signal.number().to_string())),
            Err(_) if matches!(value, Value::String(_)) => Ok(shown(value)),
            // Neither a number nor a text that could be a name.
            Err(_) => Err(incorrect().into()),
        }
    }

    /// The text that is to be written to a child (RPC-145).
    pub fn chars(self, index: usize) -> Result<&'a str, Failure> {
        match self.any(index)? {
            Value::String(text) => Ok(text),
            other => Err(fault_about(FaultCode::IncorrectParameters, other).into()),
        }
    }

    /// `wait`, true when it is not given (RPC-123).
    pub fn wait(self, index: usize) -> bool {
        self.0.get(index).is_none_or(truth)
    }

    /// An offset or a length (RPC-167).
    pub fn whole_number(self, index: usize) -> Result<i128, Failure> {
        whole_number(self.any(index)?)
    }

    /// Any value, as text (RPC-149).
    pub fn shown(self, index: usize) -> Result<String, Failure> {
        Ok(shown(self.any(index)?))
    }
}

/// Python's truth of a value.
fn truth(value: &Value) -> bool {
    match value {
        Value::Nil => false,
        Value::Int(number) => *number != 0,
        Value::BigInt(_) => true,
        Value::Bool(yes) => *yes,
        Value::Double(number) => *number != 0.0,
        Value::String(text) => !text.is_empty(),
        Value::DateTime(_) => true,
        Value::Array(items) => !items.is_empty(),
        Value::Struct(members) => !members.is_empty(),
    }
}

/// Python's `int(value)`. Numbers beyond the type are kept at its end: nothing here can use them anyway.
fn whole_number(value: &Value) -> Result<i128, Failure> {
    match value {
        Value::Int(number) => Ok(i128::from(*number)),
        Value::BigInt(digits) => whole_number_in(digits).ok_or_else(|| not_a_number(digits)),
        Value::Bool(yes) => Ok(i128::from(*yes)),
        Value::Double(number) if number.is_nan() => Err(Failure::Crash(Crash {
            class: "ValueError",
            message: "cannot convert float NaN to integer".to_owned(),
        })),
        Value::Double(number) if number.is_infinite() => Err(Failure::Crash(Crash {
            class: "OverflowError",
            message: "cannot convert float infinity to integer".to_owned(),
        })),
        // Casts of floats cut towards zero and stop at the ends of the type.
        Value::Double(number) => Ok(*number as i128),
        Value::String(text) => whole_number_in(text).ok_or_else(|| not_a_number(text)),
        Value::Nil | Value::DateTime(_) | Value::Array(_) | Value::Struct(_) => {
            Err(incorrect().into())
        }
    }
}

fn not_a_number(text: &str) -> Failure {
    Failure::Crash(Crash {
        class: "ValueError",
        message: format!("invalid literal for int() with base 10: {}", repr_str(text)),
    })
}

/// Decimal digits with an optional sign, blanks around them, and single underscores between them.
fn whole_number_in(text: &str) -> Option<i128> {
    let text = text.trim();
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let well_formed = digits
        .split('_')
        .all(|run| !run.is_empty() && run.bytes().all(|byte| byte.is_ascii_digit()));
    if !well_formed {
        return None;
    }
    let size = digits
        .bytes()
        .filter(u8::is_ascii_digit)
        .fold(0i128, |number, digit| {
            number
                .saturating_mul(10)
                .saturating_add(i128::from(digit - b'0'))
        });
    Some(if negative { -size } else { size })
}

/// What Python's `%s` shows of a value.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => represented(other),
    }
}

/// What Python's `%r` shows of a value, apart from dates, which are shown as by `%s`.
fn represented(value: &Value) -> String {
    match value {
        Value::Nil => "None".to_owned(),
        Value::Int(number) => number.to_string(),
        Value::BigInt(digits) => digits.clone(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Double(number) => float(*number),
        Value::String(text) => repr_str(text),
        Value::DateTime(text) => date(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(represented).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Struct(members) => {
            let members: Vec<String> = members
                .iter()
                .map(|(key, value)| format!("{}: {}", repr_str(key), represented(value)))
                .collect();
            format!("{{{}}}", members.join(", "))
        }
    }
}

/// A float as Python prints it: as Rust does, but `inf` and `nan`, and exponents with a sign and two digits.
fn float(number: f64) -> String {
    if number.is_nan() {
        return "nan".to_owned();
    }
    let text = format!("{number:?}");
    match text.split_once('e') {
        None => text,
        Some((digits, exponent)) => {
            let digits = digits.strip_suffix(".0").unwrap_or(digits);
            match exponent.strip_prefix('-') {
                Some(exponent) => format!("{digits}e-{exponent:0>2}"),
                None => format!("{digits}e+{exponent:0>2}"),
            }
        }
    }
}

/// `20200101T00:00:00` as Python shows the date made of it.
fn date(text: &str) -> String {
    match text.split_once('T') {
        Some((day, time)) if day.len() == 8 && day.is_ascii() => {
            format!("{}-{}-{} {time}", &day[..4], &day[4..6], &day[6..])
        }
        _ => text.to_owned(),
    }
}

/// What Python calls the type of a value.
pub(super) fn python_type(value: &Value) -> &'static str {
    match value {
        Value::Nil => "NoneType",
        Value::Int(_) | Value::BigInt(_) => "int",
        Value::Bool(_) => "bool",
        Value::Double(_) => "float",
        Value::String(_) => "str",
        Value::DateTime(_) => "datetime.datetime",
        Value::Array(_) => "list",
        Value::Struct(_) => "dict",
    }
}

/// A fault with the value as its detail; nothing is no detail.
fn fault_about(code: FaultCode, value: &Value) -> Fault {
    match value {
        Value::Nil => Fault::bare(code),
        other => Fault::with(code, shown(other)),
    }
}

pub(super) fn incorrect() -> Fault {
    Fault::bare(FaultCode::IncorrectParameters)
}

#[cfg(test)]
mod tests {
    use super::{Args, Failure, shown, whole_number};
    use crate::model::fault::Fault;
    use crate::xmlrpc::Value;

    fn list() -> Value {
        Value::Array(vec!["a".into(), 1.into()])
    }

    fn dict() -> Value {
        Value::Struct(vec![("a".into(), 1.into())])
    }

    fn date() -> Value {
        Value::DateTime("20200101T00:00:00".into())
    }

    fn text_of(failure: Failure) -> String {
        match failure {
            Failure::Fault(fault) => fault.to_string(),
            Failure::Crash(crash) => format!("{}: {}", crash.class, crash.message),
        }
    }

    // RPC-123, CLT-003
    #[test]
    fn wait_is_the_truth_of_whatever_comes_and_true_when_nothing_comes() {
        for yes in [
            Value::Bool(true),
            1.into(),
            (-1).into(),
            "0".into(),
            Value::Double(0.5),
            Value::BigInt("-9223372036854775809".into()),
            list(),
            dict(),
            date(),
        ] {
            assert!(Args(std::slice::from_ref(&yes)).wait(0), "{yes:?}");
        }
        for no in [
            Value::Bool(false),
            0.into(),
            "".into(),
            Value::Double(0.0),
            Value::Nil,
            Value::Array(vec![]),
            Value::Struct(vec![]),
        ] {
            assert!(!Args(std::slice::from_ref(&no)).wait(0), "{no:?}");
        }
        assert!(Args(&[]).wait(0));
    }

    // RPC-167, CLT-003; each of these was asked of the reference.
    #[test]
    fn offsets_are_read_as_pythons_int_reads_them() {
        let number = |value: Value| whole_number(&value).map_err(text_of);
        assert_eq!(number(7.into()), Ok(7));
        assert_eq!(number(" 0 ".into()), Ok(0));
        assert_eq!(number("1_0".into()), Ok(10));
        assert_eq!(number("+1024".into()), Ok(1024));
        assert_eq!(number("-5".into()), Ok(-5));
        assert_eq!(number(Value::Double(1.9)), Ok(1));
        assert_eq!(number(Value::Double(-1.9)), Ok(-1));
        assert_eq!(number(Value::Bool(true)), Ok(1));
        let beyond = Value::BigInt("-9223372036854775809".into());
        assert_eq!(number(beyond), Ok(i128::from(i64::MIN) - 1));
        let absurd = Value::BigInt("9".repeat(60));
        assert_eq!(number(absurd), Ok(i128::MAX));
        for bad in ["abc", "", "0x1", "1.0", "1__0", "_1", "1_", "-", "- 1"] {
            assert_eq!(
                number(bad.into()),
                Err(format!(
                    "ValueError: invalid literal for int() with base 10: '{bad}'"
                ))
            );
        }
        assert_eq!(
            number(Value::Double(f64::NAN)),
            Err("ValueError: cannot convert float NaN to integer".into())
        );
        assert_eq!(
            number(Value::Double(f64::INFINITY)),
            Err("OverflowError: cannot convert float infinity to integer".into())
        );
        for wrong in [list(), dict(), date(), Value::Nil] {
            assert_eq!(number(wrong), Err("INCORRECT_PARAMETERS".into()));
        }
    }

    // RPC-007: INCORRECT_PARAMETERS where the reference answers HTTP 500.
    #[test]
    fn the_name_of_a_process_is_a_text() {
        assert_eq!(Args(&["web:api".into()]).name(0), Ok("web:api"));
        for wrong in [1.into(), list(), dict(), date(), Value::Nil] {
            let answer = Args(std::slice::from_ref(&wrong)).name(0);
            assert_eq!(
                answer.map_err(text_of),
                Err("INCORRECT_PARAMETERS".into()),
                "{wrong:?}"
            );
        }
    }

    // RPC-075, RPC-077, RPC-124; asked of the reference.
    #[test]
    fn a_group_that_is_no_text_is_not_found() {
        let fault = |value: Value| {
            let answer = Args(&[value]).group(0).map(str::to_owned);
            answer.map_err(text_of)
        };
        assert_eq!(fault("web".into()), Ok("web".into()));
        assert_eq!(fault(5.into()), Err("BAD_NAME: 5".into()));
        assert_eq!(fault(Value::Bool(true)), Err("BAD_NAME: True".into()));
        assert_eq!(fault(Value::Nil), Err("BAD_NAME".into()));
        assert_eq!(fault(date()), Err("BAD_NAME: 2020-01-01 00:00:00".into()));
        assert_eq!(fault(list()), Err("INCORRECT_PARAMETERS".into()));
    }

    // RPC-139, RPC-140; asked of the reference.
    #[test]
    fn a_signal_is_a_number_if_it_can_and_else_the_text_as_sent() {
        let signal = |value: Value| Args(&[value]).signal(0).map_err(text_of);
        assert_eq!(signal(28.into()), Ok("28".into()));
        assert_eq!(signal(" 2_8 ".into()), Ok("28".into()));
        assert_eq!(signal("+28".into()), Ok("28".into()));
        assert_eq!(signal(Value::Double(28.7)), Ok("28".into()));
        assert_eq!(signal(Value::Bool(false)), Ok("0".into()));
        assert_eq!(signal(" hup ".into()), Ok(" hup ".into()));
        assert_eq!(signal("28.0".into()), Ok("28.0".into()));
        assert_eq!(signal(35.into()), Ok("35".into()));
        assert_eq!(signal(Value::Double(99.5)), Ok("99.5".into()));
        for wrong in [Value::Double(f64::NAN), Value::Nil, list(), dict(), date()] {
            assert_eq!(signal(wrong), Err("INCORRECT_PARAMETERS".into()));
        }
    }

    // RPC-145
    #[test]
    fn what_cannot_be_written_to_a_child_is_shown_in_the_fault() {
        let fault = |value: Value| Args(&[value]).chars(0).map(str::to_owned).map_err(text_of);
        assert_eq!(fault("é\n".into()), Ok("é\n".into()));
        assert_eq!(fault(5.into()), Err("INCORRECT_PARAMETERS: 5".into()));
        assert_eq!(fault(Value::Nil), Err("INCORRECT_PARAMETERS".into()));
        assert_eq!(fault(list()), Err("INCORRECT_PARAMETERS: ['a', 1]".into()));
        assert_eq!(fault(dict()), Err("INCORRECT_PARAMETERS: {'a': 1}".into()));
    }

    // RPC-145, RPC-149; expectations printed by Python 3.11.
    #[test]
    fn values_are_shown_as_python_shows_them() {
        let doubles = [
            0.0,
            -0.0,
            28.0,
            1e16,
            1.5e300,
            1e-5,
            1e-7,
            0.0001,
            123_456_789.125,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NAN,
        ];
        assert_eq!(
            doubles.map(|number| shown(&Value::Double(number))),
            [
                "0.0",
                "-0.0",
                "28.0",
                "1e+16",
                "1.5e+300",
                "1e-05",
                "1e-07",
                "0.0001",
                "123456789.125",
                "inf",
                "-inf",
                "nan"
            ]
        );
        assert_eq!(shown(&Value::Nil), "None");
        assert_eq!(shown(&"it's".into()), "it's");
        let nested = Value::Array(vec!["it's".into(), list(), Value::Bool(false)]);
        assert_eq!(shown(&nested), "[\"it's\", ['a', 1], False]");
    }

    #[test]
    fn an_argument_that_is_not_there_is_incorrect() {
        assert_eq!(
            Args(&[]).any(0),
            Err(Failure::Fault(Fault::bare(
                crate::model::fault::FaultCode::IncorrectParameters
            )))
        );
    }
}
