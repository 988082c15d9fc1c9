//! The XML-RPC wire format: bytes to calls, values to bytes, and back.
//!
//! This module owns the text between client and daemon, for both sides: the daemon reads with [`parse_call`] and
//! answers with [`Writer`], [`write_response`] and [`write_fault`]; `supervisorctl` asks with [`write_call`] and
//! reads with [`parse_response`], long lists with [`rows`]. It never opens a socket, knows no method by name and logs nothing.
//!
//! Writing is the reference's layout byte for byte (XML-001 to XML-006), because clients exist that read it with
//! regular expressions (CLT-001).
//!
//! Reading is two layers, each with one question:
//!
//! ```text
//! bytes ──▶ markup ───────────────▶ unmarshal ─────────────▶ MethodCall, or a reply
//!           is it well-formed XML?  what value does it say?
//!           (quick-xml and the      (the reference's odd
//!           checks it leaves out)   but exact rules)
//! ```
//!
//! The reference reads with expat, which refuses everything that is not well-formed and answers it with HTTP 400; so
//! do we. What its reader then makes of a well-formed document is lenient in ways that clients have come to use (an
//! unknown type is its text, the first child is the value, the names of the outer elements do not matter), and those
//! are kept row by row (XML-020 to XML-038).
//!
//! A request is hostile until proven otherwise. Its memory is bounded by its size, its time grows with its size and not
//! faster, and its nesting is limited.
//!
//! Where the reference's acceptance is left on purpose:
//!
//! - a document type with declarations is refused, since it may define entities (XML-026);
//! - so are nesting beyond 64 values and more than 64 namespaces in force at once;
//! - so is UTF-16 without a mark of byte order, which expat detects although it was told UTF-8;
//! - names may hold a few more letters than expat knows, numbers no digits but ASCII ones, and the parts of a date always
//!   have two digits (XML-029, XML-033);
//! - forbidden control characters in replies are replaced (XML-008).
//!
//! Both directions are held against recordings of the reference in `fixtures/wire`, made by `scripts/record-wire`,
//! which also makes damaged requests by the thousand for comparison.

mod characters;
mod layout;
mod markup;
mod namespaces;
mod parse;
mod scalars;
mod tags;
#[cfg(test)]
mod tests;
mod unmarshal;
mod value;
mod write;

pub use layout::{Row, rows};
pub use parse::{MethodCall, ParseError, parse_call, parse_response};
pub use value::Value;
pub use write::{WriteError, Writer, write_call, write_fault, write_response};
pub(crate) use write::{int_member, string_member};
