//! XML namespaces, as far as they decide whether an element is one of XML-RPC's.
//!
//! The reference's parser has namespaces switched on: `<int xmlns="urn:x">` and `<x:int>` are unknown elements to it, an undeclared
//! prefix is an error, and so is an attribute that appears twice under two prefixes of one namespace. Clients do send
//! prefixes (`<ex:nil/>` with the namespace of Apache's extensions, XML-037).
//!
//! Nearly every request has no attribute and no prefix at all, and passes through here without any work.

use std::borrow::Cow;

use super::tags::{Attribute, Reason};

const XML: &str = "http://www.w3.org/XML/1998/namespace";
const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

/// Declarations that are in force at once. The limit keeps the search through them from growing with the document; expat
/// knows none.
const MOST_DECLARATIONS: usize = 64;

/// The declarations in force, innermost last.
#[derive(Debug, Default)]
pub(super) struct Namespaces<'a> {
    declared: Vec<Declaration<'a>>,
}

#[derive(Debug)]
struct Declaration<'a> {
    /// How many elements are around the one that declares.
    depth: usize,
    /// Empty for the default namespace.
    prefix: &'a str,
    uri: Cow<'a, str>,
}

impl<'a> Namespaces<'a> {
    /// An element begins. Gives its name if it is in no namespace, as all of XML-RPC's are.
    pub(super) fn enter(
        &mut self,
        depth: usize,
        name: &'a str,
        attributes: &[Attribute<'a>],
    ) -> Result<Option<&'a str>, Reason> {
        if !attributes.is_empty() {
            self.declare(depth, attributes)?;
            self.refuse_duplicates(attributes)?;
        }
        match name.split_once(':') {
            Some((prefix, _)) => self.uri_of(prefix).map(|_| None),
            None if self.default_is_set() => Ok(None),
            None => Ok(Some(name)),
        }
    }

    /// The element that began at this depth has ended.
    pub(super) fn leave(&mut self, depth: usize) {
        while self.declared.last().is_some_and(|last| last.depth == depth) {
            self.declared.pop();
        }
    }

    fn declare(&mut self, depth: usize, attributes: &[Attribute<'a>]) -> Result<(), Reason> {
        for attribute in attributes {
            let Some(prefix) = declared_prefix(attribute.name) else { continue };
            let uri = attribute.value();
            check_declaration(prefix, &uri)?;
            if self.declared.len() == MOST_DECLARATIONS {
                return Err("too many namespaces");
            }
            self.declared.push(Declaration { depth, prefix, uri });
        }
        Ok(())
    }

    fn refuse_duplicates(&self, attributes: &[Attribute<'a>]) -> Result<(), Reason> {
        if let [attribute] = attributes
            && !attribute.name.contains(':')
        {
            return Ok(());
        }
        let mut names = Vec::with_capacity(attributes.len());
        for attribute in attributes {
            names.push(match attribute.name.split_once(':') {
                Some(("xmlns", prefix)) => (XMLNS, prefix),
                Some((prefix, local)) => (self.uri_of(prefix)?, local),
                None => ("", attribute.name),
            });
        }
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) { Err("attribute given twice") } else { Ok(()) }
    }

    fn uri_of(&self, prefix: &str) -> Result<&str, Reason> {
        if prefix == "xml" {
            return Ok(XML);
        }
        match self.declared.iter().rev().find(|each| each.prefix == prefix) {
            Some(declaration) => Ok(&declaration.uri),
            None => Err("undeclared prefix"),
        }
    }

    fn default_is_set(&self) -> bool {
        self.declared.iter().rev().find(|each| each.prefix.is_empty()).is_some_and(|each| !each.uri.is_empty())
    }
}

/// The prefix that an attribute declares, if it is a declaration.
fn declared_prefix(name: &str) -> Option<&str> {
    if name == "xmlns" { Some("") } else { name.strip_prefix("xmlns:") }
}

fn check_declaration(prefix: &str, uri: &str) -> Result<(), Reason> {
    if prefix == "xmlns" || uri == XMLNS || (prefix == "xml") != (uri == XML) {
        return Err("reserved prefix or namespace");
    }
    if uri.is_empty() && !prefix.is_empty() {
        return Err("prefix without a namespace");
    }
    // expat is told by Python to join namespace and name with a brace, and keeps it out of the namespace
    if uri.contains('}') {
        return Err("'}' in a namespace");
    }
    Ok(())
}
