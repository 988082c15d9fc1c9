//! Answers: their bodies, their heads, and the pages that tell an error.
//!
//! The order of the headers is part of the contract (HTTP-036, HTTP-063, HTTP-071, HTTP-095): `Server`, `Date`, then
//! what the kind of answer brings in its own order, and `Connection` last. hyper keeps the order in which headers are
//! put into its map as long as none is taken out again, which nothing here does.

use std::convert::Infallible;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::SystemTime;

use hyper::body::{Body as HyperBody, Bytes, Frame, SizeHint};
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Response, StatusCode, Version};
use tokio::sync::mpsc;

use super::date::Date;
use super::limits::Share;
use super::routes::Route;
use crate::metrics::Exposition;
use crate::web::Answer;
use crate::web::assets::{self, Asset};

/// What the reference calls itself (HTTP-036).
const SERVER: HeaderValue = HeaderValue::from_static("Medusa/1.12");
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// What is true now is not to be shown later.
const NOT_STORED: (HeaderName, HeaderValue) =
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));

/// The body of an answer.
#[derive(Debug)]
pub enum Body {
    Whole(Bytes),
    /// Comes as it comes, and ends when the sender is dropped.
    Stream(mpsc::Receiver<Bytes>),
}

impl HyperBody for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut *self {
            Self::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Self::Stream(pieces) => pieces.poll_recv(cx).map(|p| p.map(|p| Ok(Frame::data(p)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_empty(),
            Self::Stream(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Stream(_) => SizeHint::default(),
        }
    }
}

/// Bytes that count against the budget of unsent answers until the last of them is sent.
struct Counted {
    bytes: Vec<u8>,
    _share: Share,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// An answer, apart from what every answer has.
#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Body,
}

impl Reply {
    /// The answer to a call of an RPC method (HTTP-063).
    pub fn xml(document: Vec<u8>, share: Share) -> Self {
        let bytes = Bytes::from_owner(Counted {
            bytes: document,
            _share: share,
        });
        Self::whole("text/xml", bytes)
    }

    /// What is true for the moment, of any kind and status.
    pub fn counted(status: u16, content_type: &'static str, body: Vec<u8>, share: Share) -> Self {
        let bytes = Bytes::from_owner(Counted {
            bytes: body,
            _share: share,
        });
        let mut reply = Self::whole(content_type, bytes);
        reply.status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        reply.headers.push(NOT_STORED);
        reply
    }

    /// One word, for orchestrators.
    pub fn health(word: &'static str, well: bool) -> Self {
        let mut reply = Self::plain(word);
        if !well {
            reply.status = StatusCode::SERVICE_UNAVAILABLE;
        }
        reply.headers.push(NOT_STORED);
        reply
    }

    /// 405, with the methods that there are (GO-308).
    pub fn wrong_method(route: &Route) -> Self {
        let mut reply = Self::error(StatusCode::METHOD_NOT_ALLOWED);
        if let Ok(methods) = HeaderValue::try_from(route.methods().join(", ")) {
            reply.headers.push((header::ALLOW, methods));
        }
        reply
    }

    /// The answer to a scrape (GO-335).
    pub fn exposition(exposition: Exposition, share: Share) -> Self {
        let Exposition {
            content_type,
            gzipped,
            body,
        } = exposition;
        let mut reply = Self::counted(200, content_type, body, share);
        if gzipped {
            let gzip = HeaderValue::from_static("gzip");
            reply.headers.push((header::CONTENT_ENCODING, gzip));
        }
        let differs = HeaderValue::from_static("Accept, Accept-Encoding");
        reply.headers.push((header::VARY, differs));
        reply
    }

    /// A short text that says that all is well.
    pub fn plain(text: &'static str) -> Self {
        Self::whole("text/plain", Bytes::from_static(text.as_bytes()))
    }

    fn whole(content_type: &'static str, body: Bytes) -> Self {
        Self {
            status: StatusCode::OK,
            headers: vec![
                (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
                (header::CONTENT_LENGTH, HeaderValue::from(body.len())),
            ],
            body: Body::Whole(body),
        }
    }

    /// The page for a status that is an error (HTTP-037); the connection stays usable (HTTP-055).
    pub fn error(status: StatusCode) -> Self {
        let page = error_page(status);
        Self {
            status,
            headers: vec![
                (header::CONTENT_LENGTH, HeaderValue::from(page.len())),
                (header::CONTENT_TYPE, HeaderValue::from_static("text/html")),
            ],
            body: Body::Whole(page.into()),
        }
    }

    /// An error after which the connection closes, since the client may be sending what nobody will read.
    pub fn refusal(status: StatusCode) -> Self {
        let mut reply = Self::error(status);
        let close = (header::CONNECTION, HeaderValue::from_static("close"));
        reply.headers.insert(0, close);
        reply
    }

    /// 403, with a reason for people.
    pub fn forbidden(reason: &'static str) -> Self {
        let mut reply = Self::plain(reason);
        reply.status = StatusCode::FORBIDDEN;
        let close = (header::CONNECTION, HeaderValue::from_static("close"));
        reply.headers.insert(0, close);
        reply
    }

    /// Tells a browser to take the answer for what it is, and to lend it to nobody.
    /// Over plain HTTP from elsewhere one of the guards is not heard, and browsers complain.
    pub fn guard(&mut self, is_trusted: bool) {
        self.headers.extend([
            (
                header::CONTENT_SECURITY_POLICY,
                HeaderValue::from_static(assets::policy()),
            ),
            (
                header::X_CONTENT_TYPE_OPTIONS,
                HeaderValue::from_static("nosniff"),
            ),
            (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
            (
                header::REFERRER_POLICY,
                HeaderValue::from_static("same-origin"),
            ),
            (RESOURCE_POLICY, HeaderValue::from_static("same-origin")),
        ]);
        if is_trusted {
            let same = HeaderValue::from_static("same-origin");
            self.headers.push((OPENER_POLICY, same));
        }
    }

    /// 401 (HTTP-071). The reference announces to close and does not (HTTP-072); we do.
    pub fn unauthorized() -> Self {
        let mut reply = Self::refusal(StatusCode::UNAUTHORIZED);
        let challenge = HeaderValue::from_static("Basic realm=\"default\"");
        reply
            .headers
            .insert(1, (header::WWW_AUTHENTICATE, challenge));
        reply
    }

    /// What a page answers (WEB-003, WEB-022).
    pub fn page(answer: Answer) -> Self {
        match answer {
            Answer::Page(page) => {
                let mut headers = vec![(
                    header::CONTENT_TYPE,
                    HeaderValue::from_static("text/html;charset=utf-8"),
                )];
                headers.extend(never_kept());
                headers.push((header::CONTENT_LENGTH, HeaderValue::from(page.len())));
                Self {
                    status: StatusCode::OK,
                    headers,
                    body: Body::Whole(page.into()),
                }
            }
            Answer::Moved(location) => {
                let mut reply = Self::moved(&location);
                let length = reply.headers.remove(1);
                reply.headers.extend(never_kept());
                reply.headers.push(length);
                reply
            }
            Answer::Json(text) => {
                let mut reply = Self::whole("application/json", text.into());
                reply.headers.push(NOT_STORED);
                reply
            }
            Answer::NotFound => Self::error(StatusCode::NOT_FOUND),
            // Those whose bodies come as they come are not made here.
            Answer::Broken | Answer::Tail { .. } | Answer::File { .. } | Answer::Live(_) => {
                Self::error(StatusCode::INTERNAL_SERVER_ERROR)
            }
        }
    }

    /// 301, with the length before the type (HTTP-114).
    pub fn moved(location: &str) -> Self {
        let status = StatusCode::MOVED_PERMANENTLY;
        let Ok(place) = HeaderValue::try_from(location) else {
            // The host was no text.
            return Self::error(StatusCode::BAD_REQUEST);
        };
        let mut reply = Self::error(status);
        reply.headers.insert(0, (header::LOCATION, place));
        reply
    }

    /// What is compiled in, and as old as the server (HTTP-110, HTTP-112, HTTP-113).
    pub fn asset(asset: &'static Asset, modified: SystemTime, known: Option<&[u8]>) -> Self {
        let modified = Date::from(modified);
        let unchanged = known
            .and_then(Date::parse)
            .is_some_and(|known| known.is_at_least(modified));
        if unchanged {
            return Self {
                status: StatusCode::NOT_MODIFIED,
                headers: Vec::new(),
                body: Body::Whole(Bytes::new()),
            };
        }
        let content_type = HeaderValue::from_static(asset.content_type);
        Self {
            status: StatusCode::OK,
            headers: vec![
                (header::LAST_MODIFIED, date_value(modified)),
                (header::CONTENT_LENGTH, HeaderValue::from(asset.bytes.len())),
                (header::CONTENT_TYPE, content_type),
            ],
            body: Body::Whole(Bytes::from_static(asset.bytes)),
        }
    }

    /// A log as it grows (HTTP-095, HTTP-096).
    pub fn tail(modified: SystemTime, for_proxies: bool, pieces: mpsc::Receiver<Bytes>) -> Self {
        let mut headers = vec![
            (header::LAST_MODIFIED, date_value(Date::from(modified))),
            (
                header::CONTENT_TYPE,
                HeaderValue::from_static("text/plain;charset=utf-8"),
            ),
        ];
        if for_proxies {
            headers.push((X_ACCEL_BUFFERING, HeaderValue::from_static("no")));
        }
        // hyper leaves it out by itself for HTTP/1.0.
        let chunked = HeaderValue::from_static("chunked");
        headers.push((header::TRANSFER_ENCODING, chunked));
        Self {
            status: StatusCode::OK,
            headers,
            body: Body::Stream(pieces),
        }
    }

    /// A stream of server-sent events.
    pub fn events(pieces: mpsc::Receiver<Bytes>) -> Self {
        Self {
            status: StatusCode::OK,
            headers: vec![
                (
                    header::CONTENT_TYPE,
                    HeaderValue::from_static("text/event-stream"),
                ),
                NOT_STORED,
                (X_ACCEL_BUFFERING, HeaderValue::from_static("no")),
                (
                    header::TRANSFER_ENCODING,
                    HeaderValue::from_static("chunked"),
                ),
            ],
            body: Body::Stream(pieces),
        }
    }

    /// A part of a file, to be shown.
    pub fn text(length: u64, pieces: mpsc::Receiver<Bytes>) -> Self {
        Self {
            status: StatusCode::OK,
            headers: vec![
                (header::CONTENT_LENGTH, HeaderValue::from(length)),
                (
                    header::CONTENT_TYPE,
                    HeaderValue::from_static("text/plain;charset=utf-8"),
                ),
                NOT_STORED,
            ],
            body: Body::Stream(pieces),
        }
    }

    /// A file to be kept, under its own name as far as a header can carry that.
    pub fn file(path: &Path, length: u64, pieces: mpsc::Receiver<Bytes>) -> Self {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let safe = |char: char| char.is_ascii_alphanumeric() || ".-_ ".contains(char);
        let name: String = name
            .chars()
            .map(|char| if safe(char) { char } else { '_' })
            .collect();
        let disposition = HeaderValue::try_from(format!("attachment; filename=\"{name}\""));
        Self {
            status: StatusCode::OK,
            headers: vec![
                (header::CONTENT_LENGTH, HeaderValue::from(length)),
                (
                    header::CONTENT_TYPE,
                    HeaderValue::from_static("text/plain;charset=utf-8"),
                ),
                (
                    header::CONTENT_DISPOSITION,
                    disposition.expect("nothing but safe characters"),
                ),
                NOT_STORED,
            ],
            body: Body::Stream(pieces),
        }
    }

    pub fn is_stream(&self) -> bool {
        matches!(self.body, Body::Stream(_))
    }

    /// How many bytes will be sent, head and body (HTTP-040). Not for streams.
    pub fn size(&self, version: Version) -> usize {
        let status_line = format!("{version:?} {}\r\n", self.status);
        let common = "Server: Medusa/1.12\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\n";
        let headers: usize = self
            .headers
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len() + 4)
            .sum();
        let body = match &self.body {
            Body::Whole(bytes) => bytes.len(),
            Body::Stream(_) => 0,
        };
        status_line.len() + common.len() + headers + body
    }

    /// The finished answer. An HTTP/1.0 client that asked to keep the connection is told that it may, if the answer
    /// has a length (HTTP-051).
    pub fn into_response(mut self, version: Version, keep_alive: bool) -> Response<Body> {
        if version == Version::HTTP_10 && keep_alive && !self.is_stream() {
            let refused = self.headers.iter().any(|h| h.0 == header::CONNECTION);
            if !refused {
                let keep = HeaderValue::from_static("Keep-Alive");
                self.headers.push((header::CONNECTION, keep));
            }
        }
        let mut response = Response::new(self.body);
        *response.status_mut() = self.status;
        *response.version_mut() = version;
        let headers = response.headers_mut();
        headers.insert(header::SERVER, SERVER);
        headers.insert(header::DATE, date_value(Date::now()));
        headers.extend(self.headers);
        response
    }
}

/// A page is true for a moment only (WEB-003).
fn never_kept() -> [(HeaderName, HeaderValue); 3] {
    let no_cache = HeaderValue::from_static("no-cache");
    let past = HeaderValue::from_static("Thu, 01 Jan 1970 00:00:00 GMT");
    [
        (header::PRAGMA, no_cache.clone()),
        (header::CACHE_CONTROL, no_cache),
        (header::EXPIRES, past),
    ]
}

fn date_value(date: Date) -> HeaderValue {
    HeaderValue::try_from(date.to_string()).expect("a date is plain ASCII")
}

/// The body of an error, in CRLF lines (HTTP-037).
fn error_page(status: StatusCode) -> String {
    let code = status.as_u16();
    let message = status.canonical_reason().unwrap_or_default();
    format!(
        "<head>\r\n<title>Error response</title>\r\n</head>\r\n<body>\r\n<h1>Error response</h1>\r\n\
         <p>Error code {code}.\r\n<p>Message: {message}.\r\n</body>\r\n"
    )
}

#[cfg(test)]
mod tests {
    use super::{Reply, error_page};
    use hyper::{StatusCode, Version};

    // HTTP-037: the lengths that the reference gives
    #[test]
    fn error_pages_have_the_lengths_of_the_reference() {
        let length = |code: u16| {
            let status = StatusCode::from_u16(code).expect("a status");
            error_page(status).len()
        };
        let lengths = [404, 400, 401, 411, 301, 500].map(length);
        assert_eq!(lengths, [134, 136, 137, 140, 142, 146]);
    }

    // HTTP-040: the sizes in the reference's access log
    #[test]
    fn the_access_log_counts_head_and_body() {
        let size = |reply: Reply| reply.size(Version::HTTP_11);
        assert_eq!(size(Reply::error(StatusCode::NOT_FOUND)), 264);
        assert_eq!(size(Reply::error(StatusCode::BAD_REQUEST)), 268);
        assert_eq!(size(Reply::unauthorized()), 330);
    }
}
