//! XML namespaces, as far as they decide whether an element is one of XML-RPC's.
//!
//! The reference's parser has namespaces switched on: `<int xmlns="urn:x">` and `<x:int>` are unknown elements to it,
//! an undeclared prefix is an error, and so is an attribute that appears twice under two prefixes of one namespace.
//! Clients do send prefixes (`<ex:nil/>` with the namespace of Apache's extensions, XML-037).
//!
//! Nearly every request has no attribute and no prefix at all, and passes through here without any work.

use std::borrow::Cow;

use super::tags::{Attribute, Reason};

const XML: &str = "http://www.w3.org/XML/1998/namespace";
const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

/// Declarations that are in force at once. The limit keeps the search through them from growing with the document;
/// expat knows none.
const MOST_DECLARATIONS: usize = 64;

/// A namespace by number, equal for equal ones among those in force: comparing the texts for every attribute would
/// let a long text be compared very often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Namespace(usize);

const NONE: Namespace = Namespace(0);
const OF_XML: Namespace = Namespace(1);
const OF_DECLARATIONS: Namespace = Namespace(2);
const FIRST_DECLARED: usize = 3;

/// The declarations in force, innermost last.
#[derive(Debug, Default)]
pub(super) struct Namespaces<'a> {
    declared: Vec<Declaration<'a>>,
    /// How many namespaces were given a number.
    numbered: usize,
}

#[derive(Debug)]
struct Declaration<'a> {
    /// How many elements are around the one that declares.
    depth: usize,
    /// Empty for the default namespace.
    prefix: &'a str,
    uri: Cow<'a, str>,
    namespace: Namespace,
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
        let namespace = match name.split_once(':') {
            Some((prefix, _)) => self.of_prefix(prefix)?,
            None => self.of_prefix("").unwrap_or(NONE),
        };
        Ok((namespace == NONE).then_some(name))
    }

    /// The element that began at this depth has ended.
    pub(super) fn leave(&mut self, depth: usize) {
        while self.declared.last().is_some_and(|last| last.depth == depth) {
            self.declared.pop();
        }
    }

    fn declare(&mut self, depth: usize, attributes: &[Attribute<'a>]) -> Result<(), Reason> {
        for attribute in attributes {
            let Some(prefix) = declared_prefix(attribute.name) else {
                continue;
            };
            let uri = attribute.value();
            check_declaration(prefix, &uri)?;
            if self.declared.len() == MOST_DECLARATIONS {
                return Err("too many namespaces");
            }
            let namespace = self.number(&uri);
            self.declared.push(Declaration {
                depth,
                prefix,
                uri,
                namespace,
            });
        }
        Ok(())
    }

    fn number(&mut self, uri: &str) -> Namespace {
        if uri.is_empty() {
            return NONE;
        }
        if uri == XML {
            return OF_XML;
        }
        if let Some(same) = self.declared.iter().find(|each| each.uri == uri) {
            return same.namespace;
        }
        self.numbered += 1;
        Namespace(FIRST_DECLARED + self.numbered)
    }

    fn refuse_duplicates(&self, attributes: &[Attribute<'a>]) -> Result<(), Reason> {
        let mut names = Vec::with_capacity(attributes.len());
        for attribute in attributes {
            names.push(match attribute.name.split_once(':') {
                Some(("xmlns", prefix)) => (OF_DECLARATIONS, prefix),
                Some((prefix, local)) => (self.of_prefix(prefix)?, local),
                None => (NONE, attribute.name), // the default namespace is for elements only
            });
        }
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            Err("attribute given twice")
        } else {
            Ok(())
        }
    }

    fn of_prefix(&self, prefix: &str) -> Result<Namespace, Reason> {
        if prefix == "xml" {
            return Ok(OF_XML);
        }
        let declaration = self
            .declared
            .iter()
            .rev()
            .find(|each| each.prefix == prefix);
        declaration
            .map(|each| each.namespace)
            .ok_or("undeclared prefix")
    }
}

/// The prefix that an attribute declares, if it is a declaration.
fn declared_prefix(name: &str) -> Option<&str> {
    if name == "xmlns" {
        Some("")
    } else {
        name.strip_prefix("xmlns:")
    }
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
