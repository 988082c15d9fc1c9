//! One HTTP question, of whose answer only the head matters: a status from 200 to 399 is a success (GO-200).
//!
//! A client for exactly this: one request for each connection, redirects followed, no body read. There is no time limit
//! here; who asks gives the whole probe one. What the other side sends is not trusted: heads have a greatest size, and
//! redirects a greatest number.

use std::fmt;
use std::io;
use std::path::Path;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::url::{BadUrl, Url};
use crate::config::extensions::{HttpData, HttpProbe};

/// How many redirects are followed (as many as Go's client follows).
const REDIRECTS: usize = 10;

/// The greatest head of an answer, in bytes and in lines.
const HEAD: usize = 64 * 1024;
const HEADERS: usize = 256;

/// Headers that are for one server only.
const CONFIDENTIAL: [&str; 3] = ["authorization", "cookie", "www-authenticate"];

/// Why an HTTP probe failed.
#[derive(Debug)]
pub enum HttpError {
    Url(BadUrl),
    /// The file of the request's body.
    Data {
        path: String,
        error: io::Error,
    },
    Connect {
        authority: String,
        error: io::Error,
    },
    /// The connection broke off.
    Broken(io::Error),
    /// What came is not the head of an HTTP answer.
    NotHttp,
    Status(u16),
    TooManyRedirects,
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(error) => error.fmt(f),
            Self::Data { path, error } => write!(f, "cannot read {path}: {error}"),
            Self::Connect { authority, error } => {
                write!(f, "cannot connect to {authority}: {error}")
            }
            Self::Broken(error) => write!(f, "no answer: {error}"),
            Self::NotHttp => f.write_str("the answer is not HTTP"),
            Self::Status(status) => write!(f, "HTTP status {status}"),
            Self::TooManyRedirects => write!(f, "more than {REDIRECTS} redirects"),
        }
    }
}

/// Opens connections: TCP, and what else lies under a secure address.
pub trait Connect {
    type Stream: AsyncRead + AsyncWrite + Unpin;

    async fn connect(&self, url: &Url) -> io::Result<Self::Stream>;
}

/// What is asked, redirects included.
struct Question<'a> {
    /// With a body it is a POST.
    body: Option<Vec<u8>>,
    headers: Vec<&'a (String, String)>,
}

/// The part of an answer that counts.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    status: u16,
    location: Option<String>,
}

/// Asks, and follows where it is sent.
pub async fn probe(probe: &HttpProbe, network: &impl Connect) -> Result<(), HttpError> {
    let body = match &probe.data {
        None => None,
        Some(HttpData::Text(text)) => Some(text.to_vec()),
        Some(HttpData::File(path)) => {
            let read = tokio::task::spawn_blocking({
                let path = path.clone();
                move || read_file(&path)
            });
            let read = read.await.map_err(io::Error::other).and_then(|read| read);
            Some(read.map_err(|error| HttpError::Data {
                path: path.display().to_string(),
                error,
            })?)
        }
    };
    let mut question = Question {
        body,
        headers: probe.headers.iter().collect(),
    };
    let mut url = Url::parse(&probe.url).map_err(HttpError::Url)?;
    for _ in 0..=REDIRECTS {
        let answer = ask(&url, &question, network).await?;
        let next = match (answer.status, answer.location) {
            (301 | 302 | 303 | 307 | 308, Some(location)) => {
                url.follow(&location).map_err(HttpError::Url)?
            }
            (200..400, _) => return Ok(()),
            (status, _) => return Err(HttpError::Status(status)),
        };
        if matches!(answer.status, 301..=303) {
            question.body = None;
        }
        if !next.is_same_place(&url) {
            question.headers.retain(|(name, _)| !is_confidential(name));
        }
        url = next;
    }
    Err(HttpError::TooManyRedirects)
}

/// Of a FIFO nobody knows when it ends.
fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    if std::fs::metadata(path)?.is_file() {
        std::fs::read(path)
    } else {
        Err(io::Error::other("not a file"))
    }
}

fn is_confidential(name: &str) -> bool {
    CONFIDENTIAL
        .iter()
        .any(|word| name.eq_ignore_ascii_case(word))
}

async fn ask(
    url: &Url,
    question: &Question<'_>,
    network: &impl Connect,
) -> Result<Answer, HttpError> {
    let mut stream = network
        .connect(url)
        .await
        .map_err(|error| HttpError::Connect {
            authority: url.authority.clone(),
            error,
        })?;
    let request = question.to_bytes(url);
    // A server may answer and close before it has read everything: what it said counts.
    let written = stream.write_all(&request).await;
    let flushed = match written {
        Ok(()) => stream.flush().await,
        Err(error) => Err(error),
    };
    match (read_head(&mut stream).await, flushed) {
        (Err(HttpError::Broken(_)), Err(error)) => Err(HttpError::Broken(error)),
        (answer, _) => answer,
    }
}

impl Question<'_> {
    fn to_bytes(&self, url: &Url) -> Vec<u8> {
        let method = if self.body.is_some() { "POST" } else { "GET" };
        let mut bytes = format!("{method} {} HTTP/1.1\r\n", url.target).into_bytes();
        let mut header = |name: &str, value: &str| {
            bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        };
        let written = |name: &str| {
            let mut headers = self.headers.iter();
            headers.any(|(known, _)| known.eq_ignore_ascii_case(name))
        };
        for (name, value) in &self.headers {
            // How long the body is, and where it ends, is not for others to say.
            let ours = ["content-length", "transfer-encoding", "connection"];
            if !ours.iter().any(|word| name.eq_ignore_ascii_case(word)) {
                header(name, value);
            }
        }
        let authorization = url.authorization();
        let defaults = [
            ("Host", Some(url.authority.as_str())),
            ("User-Agent", Some("supervisord")),
            ("Accept", Some("*/*")),
            ("Authorization", authorization.as_deref()),
            (
                "Content-Type",
                self.body
                    .is_some()
                    .then_some("application/x-www-form-urlencoded"),
            ),
        ];
        for (name, value) in defaults {
            if let Some(value) = value.filter(|_| !written(name)) {
                header(name, value);
            }
        }
        header("Connection", "close");
        if let Some(body) = &self.body {
            header("Content-Length", &body.len().to_string());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(self.body.as_deref().unwrap_or_default());
        bytes
    }
}

async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> Result<Answer, HttpError> {
    let mut head = Vec::new();
    let mut block = [0; 4096];
    while head.len() < HEAD {
        let count = stream.read(&mut block).await.map_err(HttpError::Broken)?;
        if count == 0 {
            let error = io::Error::new(io::ErrorKind::UnexpectedEof, "connection closed");
            return Err(HttpError::Broken(error));
        }
        head.extend_from_slice(&block[..count]);
        // Provisional answers come before the one that counts.
        while let Some((answer, length)) = parse_head(&head)? {
            if !(100..200).contains(&answer.status) {
                return Ok(answer);
            }
            head.drain(..length);
        }
    }
    Err(HttpError::NotHttp)
}

/// `None` while there is not enough of it.
fn parse_head(head: &[u8]) -> Result<Option<(Answer, usize)>, HttpError> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let parsed = response.parse(head).map_err(|_| HttpError::NotHttp)?;
    let httparse::Status::Complete(length) = parsed else {
        return Ok(None);
    };
    let location = response
        .headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case("location"))
        .map(|header| String::from_utf8_lossy(header.value).trim().to_owned());
    let status = response.code.ok_or(HttpError::NotHttp)?;
    Ok(Some((Answer { status, location }, length)))
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::VecDeque;
    use std::io;

    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    use super::{Connect, HttpError, Url, probe};
    use crate::config::extensions::{HttpData, HttpProbe};

    /// A network whose servers say what they were told to say, and remember what they were asked.
    struct Script {
        answers: RefCell<VecDeque<Vec<u8>>>,
        servers: RefCell<Vec<tokio::task::JoinHandle<Vec<u8>>>>,
        places: RefCell<Vec<String>>,
    }

    impl Connect for Script {
        type Stream = DuplexStream;

        async fn connect(&self, url: &Url) -> io::Result<DuplexStream> {
            let (ours, mut theirs) = duplex(1 << 20);
            let answer = self
                .answers
                .borrow_mut()
                .pop_front()
                .ok_or(io::ErrorKind::ConnectionRefused)?;
            self.places.borrow_mut().push(url.authority.clone());
            self.servers.borrow_mut().push(tokio::spawn(async move {
                let mut asked = Vec::new();
                while !asked.windows(4).any(|end| end == b"\r\n\r\n") {
                    if theirs.read_buf(&mut asked).await.unwrap_or(0) == 0 {
                        break;
                    }
                }
                let _ = theirs.write_all(&answer).await;
                asked
            }));
            Ok(ours)
        }
    }

    fn get(url: &str) -> HttpProbe {
        HttpProbe {
            url: url.to_owned(),
            headers: Vec::new(),
            data: None,
            ca_file: None,
        }
    }

    /// What came of it, and the requests that were made.
    async fn run(question: &HttpProbe, answers: &[&[u8]]) -> (Result<(), String>, Vec<String>) {
        let script = Script {
            answers: RefCell::new(answers.iter().map(|answer| answer.to_vec()).collect()),
            servers: RefCell::default(),
            places: RefCell::default(),
        };
        let result = probe(question, &script).await;
        let mut requests = Vec::new();
        for server in script.servers.take() {
            let asked = server.await.expect("a server does not panic");
            requests.push(String::from_utf8_lossy(&asked).into_owned());
        }
        (
            result.map_err(|error: HttpError| error.to_string()),
            requests,
        )
    }

    fn status(code: u16) -> Vec<u8> {
        format!("HTTP/1.1 {code} Word\r\nContent-Length: 0\r\n\r\n").into_bytes()
    }

    // GO-200
    #[tokio::test]
    async fn statuses_from_200_to_399_are_success() {
        for code in [200, 204, 299, 304, 399] {
            let (result, _) = run(&get("http://a/"), &[&status(code)]).await;
            assert_eq!(result, Ok(()), "{code}");
        }
        for code in [400, 404, 500, 503, 999] {
            let (result, _) = run(&get("http://a/"), &[&status(code)]).await;
            assert_eq!(result, Err(format!("HTTP status {code}")));
        }
    }

    #[tokio::test]
    async fn a_provisional_answer_is_not_the_answer() {
        let answer = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 500 No\r\n\r\n";
        let (result, _) = run(&get("http://a/"), &[answer]).await;
        assert_eq!(result, Err("HTTP status 500".to_owned()));
    }

    // GO-200, GO-201
    #[tokio::test]
    async fn headers_go_along_and_data_makes_it_a_post() {
        let question = HttpProbe {
            headers: vec![
                ("X-Key".to_owned(), "a b".to_owned()),
                ("host".to_owned(), "other".to_owned()),
            ],
            data: Some(HttpData::Text("q=1".into())),
            ..get("http://u:p@a:8/x?y")
        };
        let (result, requests) = run(&question, &[&status(200)]).await;
        assert_eq!(result, Ok(()));
        let request = &requests[0];
        assert!(request.starts_with("POST /x?y HTTP/1.1\r\n"), "{request}");
        for line in [
            "X-Key: a b",
            "host: other",
            "Content-Length: 3",
            "Content-Type: application/x-www-form-urlencoded",
            "Authorization: Basic dTpw",
        ] {
            assert!(request.contains(&format!("\r\n{line}\r\n")), "{request}");
        }
        assert!(!request.contains("Host: a"), "{request}");
        assert!(request.ends_with("\r\n\r\nq=1"), "{request}");
    }

    // GO-200
    #[tokio::test]
    async fn redirects_are_followed_and_secrets_stay_where_they_belong() {
        let question = HttpProbe {
            headers: vec![
                ("Authorization".to_owned(), "secret".to_owned()),
                ("X-Key".to_owned(), "1".to_owned()),
            ],
            data: Some(HttpData::Text("q".into())),
            ..get("http://a/1")
        };
        let there: &[u8] = b"HTTP/1.1 307 There\r\nLocation: /2\r\n\r\n";
        let away: &[u8] = b"HTTP/1.1 302 Away\r\nlocation: http://b/3\r\n\r\n";
        let (result, requests) = run(&question, &[there, away, &status(200)]).await;
        assert_eq!(result, Ok(()));
        assert!(requests[1].starts_with("POST /2 ") && requests[1].contains("secret"));
        assert!(requests[2].starts_with("GET /3 ") && requests[2].contains("X-Key: 1"));
        assert!(!requests[2].contains("secret"));
        let no_place: &[u8] = b"HTTP/1.1 302 Nowhere\r\n\r\n";
        assert_eq!(run(&get("http://a/"), &[no_place]).await.0, Ok(()));
    }

    #[tokio::test]
    async fn a_server_that_lies_is_a_failure_and_no_more() {
        let round: &[u8] = b"HTTP/1.1 302 Round\r\nLocation: /\r\n\r\n";
        let (result, requests) = run(&get("http://a/"), &[round; 20]).await;
        assert_eq!(result, Err("more than 10 redirects".to_owned()));
        assert_eq!(requests.len(), 11);
        let endless = [b"HTTP/1.1 200 OK\r\nX: ".as_slice(), &[b'x'; 1 << 17]].concat();
        for (answer, reason) in [
            (
                b"SSH-2.0-OpenSSH_9\r\n".as_slice(),
                "the answer is not HTTP",
            ),
            (b"HTTP/1.1 200", "no answer: connection closed"),
            (b"", "no answer: connection closed"),
            (&endless, "the answer is not HTTP"),
        ] {
            let (result, _) = run(&get("http://a/"), &[answer]).await;
            assert_eq!(result, Err(reason.to_owned()));
        }
    }

    // GO-202
    #[tokio::test]
    async fn a_body_that_cannot_be_read_is_a_failure() {
        let question = HttpProbe {
            data: Some(HttpData::File("/no/such/file".into())),
            ..get("http://a/")
        };
        let (result, requests) = run(&question, &[&status(200)]).await;
        assert_eq!(
            result,
            Err("cannot read /no/such/file: No such file or directory (os error 2)".to_owned())
        );
        assert_eq!(requests.len(), 0);
    }
}
