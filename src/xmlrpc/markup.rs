//! Well-formed XML to a row of pieces: element begins, text, element ends.
//!
//! quick-xml cuts the text into events; this adds what it does not check and expat, the reference's parser, does:
//! characters, names, attributes, references, comments, one root with nothing but comments and white space around it,
//! a document type only before it. All that is left for the caller is what the elements mean.
//!
//! A piece of text is not all the text of an element: references, comments and CDATA sections divide it. Line ends
//! are made LF here, as XML demands (a CR written as a reference stays).

use std::borrow::Cow;

use quick_xml::events::Event;
use quick_xml::reader::Reader;

use super::characters::{forbidden_length, is_blank};
use super::namespaces::Namespaces;
use super::parse::ParseError;
use super::tags::{self, Attribute, Doctype, Reason};

/// Elements that may be open at once: 64 values inside each other (each with two elements between itself and the
/// next) and the frame.
const DEEPEST: usize = 64 * 3 + 8;

const BYTE_ORDER_MARK: char = '\u{feff}';

#[derive(Debug, PartialEq)]
pub(super) enum Piece<'a> {
    /// An element begins: its name, or none when it is in a namespace.
    Start(Option<&'a str>),
    /// Text inside the root, never empty.
    Text(Cow<'a, str>),
    /// The innermost open element ends.
    End,
}

/// The pieces of one document.
pub(super) struct Markup<'a> {
    /// The document without a mark of byte order, which quick-xml does not count in its positions.
    text: &'a str,
    /// The length of that mark.
    skipped: usize,
    reader: Reader<&'a [u8]>,
    /// Where in `text` the piece that is being read begins.
    at: usize,
    place: Place,
    /// How many elements are open.
    depth: usize,
    /// An element written as `<a/>` has begun and its end was not told yet.
    end_is_due: bool,
    namespaces: Namespaces<'a>,
    /// Of the last start tag; kept for its memory.
    attributes: Vec<Attribute<'a>>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Place {
    BeforeDoctype,
    BeforeRoot,
    Inside,
    BehindRoot,
}

impl<'a> Markup<'a> {
    pub(super) fn new(body: &'a [u8]) -> Result<Self, ParseError> {
        let text = std::str::from_utf8(body).map_err(|error| ParseError::NotUtf8 {
            at: error.valid_up_to(),
        })?;
        if let Some(at) = (0..body.len()).find(|at| forbidden_length(body, *at).is_some()) {
            return Err(ParseError::Malformed {
                at,
                reason: "forbidden character".into(),
            });
        }
        let document = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
        let skipped = text.len() - document.len();
        if document.starts_with(BYTE_ORDER_MARK) {
            return Err(ParseError::Malformed {
                at: skipped,
                reason: "text outside the root".into(),
            });
        }
        Ok(Self {
            text: document,
            skipped,
            reader: Reader::from_str(document),
            at: 0,
            place: Place::BeforeDoctype,
            depth: 0,
            end_is_due: false,
            namespaces: Namespaces::default(),
            attributes: Vec::new(),
        })
    }

    /// The next piece, or none at the end of a whole document.
    pub(super) fn next(&mut self) -> Result<Option<Piece<'a>>, ParseError> {
        if self.end_is_due {
            self.end_is_due = false;
            return Ok(Some(self.end()));
        }
        loop {
            self.at = self.position();
            let event = match self.reader.read_event() {
                Ok(event) => event,
                Err(error) => {
                    self.at = offset(self.reader.error_position());
                    return Err(ParseError::Malformed {
                        at: self.at(),
                        reason: error.to_string().into(),
                    });
                }
            };
            let written = &self.text[self.at..self.position()];
            match event {
                Event::Start(_) => return self.start(&written[1..written.len() - 1]).map(Some),
                Event::Empty(_) => {
                    self.end_is_due = true;
                    return self.start(&written[1..written.len() - 2]).map(Some);
                }
                Event::End(_) => return Ok(Some(self.end())),
                Event::Text(_) if self.place != Place::Inside => {
                    if !is_blank(written) {
                        return Err(self.malformed("text outside the root"));
                    }
                }
                Event::Text(_) => {
                    if written.contains("]]>") {
                        return Err(self.malformed("']]>' in text"));
                    }
                    return Ok(Some(Piece::Text(with_lf(written))));
                }
                Event::CData(_) | Event::GeneralRef(_) if self.place != Place::Inside => {
                    return Err(self.malformed("text outside the root"));
                }
                Event::CData(section) => {
                    if !section.is_empty() {
                        return Ok(Some(Piece::Text(with_lf(
                            &written["<![CDATA[".len()..written.len() - "]]>".len()],
                        ))));
                    }
                }
                Event::GeneralRef(name) => {
                    let c =
                        tags::resolve(&name).ok_or_else(|| self.malformed("unknown reference"))?;
                    return Ok(Some(Piece::Text(Cow::Owned(c.into()))));
                }
                Event::Comment(inside) => {
                    if inside.contains("--") || inside.ends_with('-') {
                        return Err(self.malformed("'--' in a comment"));
                    }
                }
                Event::PI(_) => self.check(tags::instruction(
                    &written["<?".len()..written.len() - "?>".len()],
                ))?,
                Event::Decl(_) => {
                    if self.at != 0 {
                        return Err(self.malformed("XML declaration not at the start"));
                    }
                    self.check(tags::declaration(
                        &written["<?xml".len()..written.len() - "?>".len()],
                    ))?;
                }
                Event::DocType(_) => self.doctype(written)?,
                Event::Eof if self.place == Place::BehindRoot => return Ok(None),
                Event::Eof => return Err(self.malformed("the document ends too early")),
            }
        }
    }

    /// Where the piece that was read last begins, in bytes.
    pub(super) fn at(&self) -> usize {
        self.at + self.skipped
    }

    fn start(&mut self, content: &'a str) -> Result<Piece<'a>, ParseError> {
        if self.place == Place::BehindRoot {
            return Err(self.malformed("more than one root"));
        }
        if self.depth == DEEPEST {
            return Err(ParseError::TooDeep { at: self.at() });
        }
        let plain_name = tags::start_tag(content, &mut self.attributes)
            .and_then(|name| self.namespaces.enter(self.depth, name, &self.attributes));
        let plain_name = self.check(plain_name)?;
        self.place = Place::Inside;
        self.depth += 1;
        Ok(Piece::Start(plain_name))
    }

    /// quick-xml has checked that it is the end of the element that is open.
    fn end(&mut self) -> Piece<'a> {
        self.depth -= 1;
        self.namespaces.leave(self.depth);
        if self.depth == 0 {
            self.place = Place::BehindRoot;
        }
        Piece::End
    }

    fn doctype(&mut self, written: &str) -> Result<(), ParseError> {
        if self.place != Place::BeforeDoctype {
            return Err(self.malformed("misplaced document type"));
        }
        self.place = Place::BeforeRoot;
        let content = written
            .strip_prefix("<!DOCTYPE")
            .and_then(|rest| rest.strip_suffix('>'));
        let content = content.ok_or_else(|| self.malformed("bad document type"))?;
        match self.check(tags::doctype(content))? {
            Doctype::Harmless => Ok(()),
            Doctype::Declares => Err(ParseError::DoctypeRefused { at: self.at() }),
        }
    }

    fn position(&self) -> usize {
        offset(self.reader.buffer_position())
    }

    fn check<T>(&self, result: Result<T, Reason>) -> Result<T, ParseError> {
        result.map_err(|reason| self.malformed(reason))
    }

    fn malformed(&self, reason: Reason) -> ParseError {
        ParseError::Malformed {
            at: self.at(),
            reason: reason.into(),
        }
    }
}

/// An offset into a slice, which quick-xml counts in 64 bits.
fn offset(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}

/// Text with its line ends made LF: both CR LF and CR alone.
fn with_lf(text: &str) -> Cow<'_, str> {
    if !text.contains('\r') {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
}
