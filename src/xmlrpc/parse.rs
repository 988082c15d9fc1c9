//! Whole documents: a request to a [`MethodCall`], a reply to its value or fault.

use std::borrow::Cow;
use std::fmt;

use super::Value;
use super::markup::Markup;
use super::unmarshal::{Dialect, Said, Unmarshaller};

/// A request: what to call and with what. Whether such a method exists is not known here.
#[derive(Debug, Clone, PartialEq)]
pub struct MethodCall {
    /// Never empty, as sent, white space included.
    pub name: String,
    pub params: Vec<Value>,
}

/// Why bytes are no request or no reply. Positions are bytes from the start.
#[derive(Debug, Clone, PartialEq)]
pub enum ParseError {
    /// The reference drops the connection (XML-020).
    NotUtf8 { at: usize },
    /// Not well-formed XML (XML-022).
    Malformed {
        at: usize,
        reason: Cow<'static, str>,
    },
    /// Well-formed, but an element does not hold what its name promises (XML-022).
    Unmarshallable { at: usize, reason: &'static str },
    /// Elements inside each other beyond any use.
    TooDeep { at: usize },
    /// A document type with declarations, which may define entities (XML-026).
    DoctypeRefused { at: usize },
    /// A request without a method, or with an empty one (XML-023).
    NoMethodName,
    /// A reply with neither result nor fault.
    NoResult,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotUtf8 { at } => write!(f, "not UTF-8 at byte {at}"),
            Self::Malformed { at, reason } => write!(f, "not well-formed at byte {at}: {reason}"),
            Self::Unmarshallable { at, reason } => {
                write!(f, "unmarshallable at byte {at}: {reason}")
            }
            Self::TooDeep { at } => write!(f, "nested too deep at byte {at}"),
            Self::DoctypeRefused { at } => {
                write!(f, "document type with declarations at byte {at}")
            }
            Self::NoMethodName => f.write_str("no method name"),
            Self::NoResult => f.write_str("neither result nor fault"),
        }
    }
}

impl std::error::Error for ParseError {}

/// Reads a request as the reference's `loads` and `continue_request` do.
pub fn parse_call(body: &[u8]) -> Result<MethodCall, ParseError> {
    let said = read(body, Dialect::Request)?;
    Ok(MethodCall {
        name: said.method.ok_or(ParseError::NoMethodName)?,
        params: said.params.unwrap_or_default(),
    })
}

/// Reads a reply: the value of a success, or the code and text of a fault.
pub fn parse_response(body: &[u8]) -> Result<Result<Value, (i64, String)>, ParseError> {
    let said = read(body, Dialect::Reply)?;
    if let Some(fault) = said.fault {
        let code = fault.member("faultCode").and_then(Value::as_int);
        let text = fault.member("faultString").and_then(Value::as_str);
        return match (code, text) {
            (Some(code), Some(text)) => Ok(Err((code, text.to_owned()))),
            _ => Err(ParseError::NoResult),
        };
    }
    match said.params.and_then(|params| params.into_iter().next()) {
        Some(value) => Ok(Ok(value)),
        None => Err(ParseError::NoResult),
    }
}

fn read(body: &[u8], dialect: Dialect) -> Result<Said, ParseError> {
    let mut markup = Markup::new(body)?;
    let mut unmarshaller = Unmarshaller::new(dialect);
    while let Some(piece) = markup.next()? {
        unmarshaller
            .take(piece)
            .map_err(|reason| ParseError::Unmarshallable {
                at: markup.at(),
                reason,
            })?;
    }
    Ok(unmarshaller.finish())
}
