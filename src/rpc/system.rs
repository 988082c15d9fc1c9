//! The `system` namespace: what can be called, and several calls in one.
//!
//! The three listings read the table in [`methods`]. A multicall runs its entries strictly one after the other, each to
//! its end, also when that takes waiting (RPC-200).

use std::borrow::Cow;

use super::params::{self, Args};
use super::{Crash, Failure, Rpc, methods};
use crate::model::fault::{Fault, FaultCode};
use crate::xmlrpc::{Value, Writer};

pub(super) fn list_methods(rpc: &Rpc, _: Args<'_>, out: &mut Writer) -> Result<(), Failure> {
    out.begin_array();
    for name in methods::list(&rpc.namespaces) {
        out.string(&name);
    }
    out.end_array();
    Ok(())
}

pub(super) fn method_help(rpc: &Rpc, args: Args<'_>, out: &mut Writer) -> Result<(), Failure> {
    out.string(&described(rpc, args)?.help());
    Ok(())
}

pub(super) fn method_signature(rpc: &Rpc, args: Args<'_>, out: &mut Writer) -> Result<(), Failure> {
    let method = described(rpc, args)?;
    out.begin_array();
    for kind in method.signature() {
        out.string(kind);
    }
    out.end_array();
    Ok(())
}

/// The method that the only argument names; a value of another type names none (RPC-192, RPC-193).
fn described(rpc: &Rpc, args: Args<'_>) -> Result<&'static methods::Method, Failure> {
    args.any(0)?
        .as_str()
        .and_then(|name| methods::find(&rpc.namespaces, name))
        .ok_or(Fault::bare(FaultCode::SignatureUnsupported).into())
}

/// Makes the calls and writes one entry for each: the bare value, or a struct that tells the fault (RPC-195 to 197).
/// Clients depend on the bare value, though the convention says an array of one (CLT-004).
pub(super) async fn multicall(rpc: &Rpc, args: Args<'_>, out: &mut Writer) -> Result<(), Failure> {
    let calls = calls(args.any(0)?)?;
    out.begin_array();
    for call in calls {
        match answer_entry(rpc, Entry::of(call)?, out).await {
            Ok(()) => {}
            Err(Failure::Fault(fault)) => out.fault(fault.code.number(), &fault.to_string()),
            Err(Failure::Crash(Crash { class, message })) => {
                // RPC-199
                let fault = Fault::with(FaultCode::Failed, format!("<class '{class}'>:{message}"));
                out.fault(fault.code.number(), &fault.to_string());
            }
        }
    }
    out.end_array();
    Ok(())
}

async fn answer_entry(rpc: &Rpc, entry: Entry<'_>, out: &mut Writer) -> Result<(), Failure> {
    let method = rpc.find(entry.method_name()?)?;
    if let methods::Run::Multicall = method.run {
        return Err(no_recursion().into());
    }
    rpc.answer_single(method, Args(&entry.params()?), out).await
}

/// What a multicall within a multicall gets (RPC-198).
pub(super) fn no_recursion() -> Fault {
    Fault::with(
        FaultCode::IncorrectParameters,
        "Recursive system.multicall forbidden",
    )
}

/// The calls in the argument of a multicall (RPC-202).
fn calls(argument: &Value) -> Result<&[Value], Failure> {
    match argument {
        Value::Array(calls) => Ok(calls),
        Value::String(text) if text.is_empty() => Ok(&[]),
        Value::String(_) => Err(no_attribute(argument, "get")),
        _ => Err(params::incorrect().into()),
    }
}

/// One of the calls, not yet looked into.
struct Entry<'a> {
    method_name: Option<&'a Value>,
    params: Option<&'a Value>,
}

impl<'a> Entry<'a> {
    /// Something else than a struct spoils the whole multicall (RPC-202).
    fn of(call: &'a Value) -> Result<Self, Failure> {
        match call {
            Value::Struct(_) => Ok(Self {
                method_name: call.member("methodName"),
                params: call.member("params"),
            }),
            _ => Err(no_attribute(call, "get")),
        }
    }

    /// RPC-198, RPC-199
    fn method_name(&self) -> Result<&'a str, Failure> {
        match self.method_name {
            None | Some(Value::Nil) => {
                Err(Fault::with(FaultCode::IncorrectParameters, "No methodName").into())
            }
            Some(Value::String(name)) => Ok(name),
            Some(other) => Err(no_attribute(other, "split")),
        }
    }

    /// What Python's `*params` makes of the value: a text falls into its characters and a struct into its keys
    /// (RPC-195, RPC-203).
    fn params(&self) -> Result<Cow<'a, [Value]>, Fault> {
        match self.params {
            None => Ok(Cow::Borrowed(&[])),
            Some(Value::Array(items)) => Ok(Cow::Borrowed(items)),
            Some(Value::String(text)) => Ok(text.chars().map(|c| c.to_string().into()).collect()),
            Some(Value::Struct(members)) => {
                Ok(members.iter().map(|(key, _)| key.clone().into()).collect())
            }
            Some(
                Value::Nil
                | Value::Int(_)
                | Value::BigInt(_)
                | Value::Bool(_)
                | Value::Double(_)
                | Value::DateTime(_),
            ) => Err(params::incorrect()),
        }
    }
}

/// Where the reference asks a value for something that its type does not have.
fn no_attribute(value: &Value, attribute: &str) -> Failure {
    Failure::Crash(Crash {
        class: "AttributeError",
        message: format!(
            "'{}' object has no attribute '{attribute}'",
            params::python_type(value)
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::{Entry, calls, no_recursion};
    use crate::rpc::Failure;
    use crate::xmlrpc::Value;

    fn text_of(failure: Failure) -> String {
        match failure {
            Failure::Fault(fault) => format!("[{}] {fault}", fault.code.number()),
            Failure::Crash(crash) => format!("{}: {}", crash.class, crash.message),
        }
    }

    fn call(members: &[(&str, Value)]) -> Value {
        let owned = members
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()));
        Value::Struct(owned.collect())
    }

    fn date() -> Value {
        Value::DateTime("20200101T00:00:00".into())
    }

    // RPC-202; each of these was asked of the reference.
    #[test]
    fn the_calls_are_an_array_or_at_least_an_empty_text() {
        let number = |value: &Value| calls(value).map(<[Value]>::len).map_err(text_of);
        assert_eq!(number(&Value::Array(vec![call(&[]), call(&[])])), Ok(2));
        assert_eq!(number(&Value::Array(vec![])), Ok(0));
        assert_eq!(number(&"".into()), Ok(0));
        for wrong in [1.into(), Value::Double(1.0), Value::Nil, date(), call(&[])] {
            assert_eq!(number(&wrong), Err("[2] INCORRECT_PARAMETERS".into()));
        }
        assert_eq!(
            number(&"abc".into()),
            Err("AttributeError: 'str' object has no attribute 'get'".into())
        );
    }

    // RPC-202
    #[test]
    fn an_entry_that_is_no_struct_spoils_the_whole_multicall() {
        assert_eq!(
            Entry::of(&1.into()).map(|_| ()).map_err(text_of),
            Err("AttributeError: 'int' object has no attribute 'get'".into())
        );
    }

    // RPC-198, RPC-199; asked of the reference.
    #[test]
    fn an_entry_without_a_proper_name_fails_alone() {
        let name = |value: Option<Value>| {
            let call = call(
                &value
                    .map(|value| ("methodName", value))
                    .into_iter()
                    .collect::<Vec<_>>(),
            );
            let entry = Entry::of(&call).map_err(text_of)?;
            entry.method_name().map(str::to_owned).map_err(text_of)
        };
        assert_eq!(name(Some("a.b".into())), Ok("a.b".into()));
        let none = Err("[2] INCORRECT_PARAMETERS: No methodName".to_owned());
        assert_eq!(name(None), none);
        assert_eq!(name(Some(Value::Nil)), none);
        for (value, kind) in [
            (5.into(), "int"),
            (Value::BigInt("9223372036854775808".into()), "int"),
            (Value::Bool(true), "bool"),
            (Value::Double(1.0), "float"),
            (Value::Array(vec![]), "list"),
            (call(&[]), "dict"),
            (date(), "datetime.datetime"),
        ] {
            let expected = format!("AttributeError: '{kind}' object has no attribute 'split'");
            assert_eq!(name(Some(value)), Err(expected));
        }
        assert_eq!(
            no_recursion().to_string(),
            "INCORRECT_PARAMETERS: Recursive system.multicall forbidden"
        );
    }

    // RPC-195, RPC-203; asked of the reference.
    #[test]
    fn params_are_spread_as_python_spreads_them() {
        let params = |value: Option<Value>| {
            let call = call(
                &value
                    .map(|value| ("params", value))
                    .into_iter()
                    .collect::<Vec<_>>(),
            );
            let entry = Entry::of(&call).map_err(text_of)?;
            entry
                .params()
                .map(|params| params.into_owned())
                .map_err(|fault| fault.to_string())
        };
        assert_eq!(params(None), Ok(vec![]));
        assert_eq!(params(Some("".into())), Ok(vec![]));
        assert_eq!(params(Some("aé".into())), Ok(vec!["a".into(), "é".into()]));
        let array = Value::Array(vec![1.into()]);
        assert_eq!(params(Some(array)), Ok(vec![1.into()]));
        let keys = call(&[("a", 1.into()), ("b", 2.into())]);
        assert_eq!(params(Some(keys)), Ok(vec!["a".into(), "b".into()]));
        for wrong in [1.into(), Value::Bool(true), Value::Nil, date()] {
            assert_eq!(params(Some(wrong)), Err("INCORRECT_PARAMETERS".into()));
        }
    }
}
