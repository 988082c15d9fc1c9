//! One request and its answer: the gate, the route, the body, the reply.
//!
//! The order of the checks is visible to clients: first the password (HTTP-070), then where a browser comes from, then
//! the method (HTTP-079), then the
//! length of the body, then what the route itself has to say. A body is read piece by piece and never more of it than
//! the limit, whatever its header promises.

use std::path::Path;
use std::rc::Rc;
use std::time::{Instant, SystemTime};

use http_body_util::BodyExt;
use hyper::body::Bytes;
use hyper::body::{Body as _, Incoming};
use hyper::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONNECTION, CONTENT_LENGTH, HOST, HeaderValue,
    IF_MODIFIED_SINCE,
};
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use tokio::sync::{mpsc, watch};
use tokio::task::spawn_local;

use super::access_log::{Entry, Peer};
use super::auth::{Gate, Verdict};
use super::download;
use super::io::Stream;
use super::limits::{Activity, Budget, Limits};
use super::origin::Source;
use super::reply::{Body, Reply};
use super::routes::{Effect, LogTail, NoLog, Route};
use super::site::Backend;
use super::tail::{self, Surroundings};
use super::watch::Watcher;
use crate::logs::follow::{HEAD, RecentBlock};
use crate::metrics::{Answered, Wishes};
use crate::rest;
use crate::web::{Answer, Ask, Resource, Viewer};

/// Answers up to this many bytes are given even when too many larger ones wait to be read.
const SMALL_ANSWER: usize = 64 * 1024;

/// What all connections of all servers share.
pub struct House<B> {
    pub backend: Rc<B>,
    pub limits: Limits,
    pub requests: Budget,
    pub answers: Budget,
    pub watcher: Watcher,
    /// How old everything is that is compiled in.
    pub begun: SystemTime,
    /// What log tails have just read.
    pub recent: Rc<RecentBlock>,
    /// True once the servers are to stop.
    pub stopping: watch::Receiver<bool>,
}

/// One connection, as its requests see it.
pub struct Visitor<B> {
    pub house: Rc<House<B>>,
    pub gate: Gate,
    pub stream: Rc<Stream>,
    pub activity: Rc<Activity>,
    pub peer: Peer,
}

/// Why a body cannot be had.
enum NoBody {
    TooLarge,
    /// The client is gone, or what it sends is not HTTP.
    Broken(hyper::Error),
}

impl<B: Backend> Visitor<B> {
    /// Answers one request. An error closes the connection without an answer.
    pub async fn answer(&self, request: Request<Incoming>) -> Result<Response<Body>, hyper::Error> {
        let begun = Instant::now();
        let (head, body) = request.into_parts();
        let route = Route::of(&head.uri);
        let label = route.label();
        let reply = self
            .reply(route, &head.method, &head.uri, &head.headers, body)
            .await?;
        let kind = Answered {
            route: label,
            method: known(&head.method),
            status: reply.status.as_u16(),
        };
        self.house.backend.answered(kind, begun.elapsed());
        if reply.is_stream() {
            self.activity.tailing();
        } else {
            let bytes = reply.size(head.version);
            Entry {
                peer: self.peer,
                method: &head.method,
                uri: &head.uri,
                version: head.version,
                status: reply.status.as_u16(),
                bytes,
            }
            .write();
            self.activity.sending();
        }
        Ok(reply.into_response(head.version, wants_keep_alive(&head.headers)))
    }

    async fn reply(
        &self,
        route: Route,
        method: &Method,
        uri: &hyper::Uri,
        headers: &HeaderMap,
        body: Incoming,
    ) -> Result<Reply, hyper::Error> {
        let open = self.gate.leaves_open(&route);
        let authorization = headers.get(AUTHORIZATION).map(|value| value.as_bytes());
        match self.gate.check(authorization) {
            _ if open => {}
            Verdict::Welcome => {}
            Verdict::Unauthorized => return Ok(self.refuse(Reply::unauthorized())),
            Verdict::Malformed => return Ok(self.refuse(Reply::refusal(StatusCode::BAD_REQUEST))),
        }
        let source = self.gate.names(open).source(headers);
        // Browsers tell this of themselves to whom they trust: HTTPS, and this machine.
        let is_trusted = headers.contains_key("sec-fetch-site");
        let effect = route.effect(method, uri.query().unwrap_or_default());
        if let Some(reason) = objection(source, effect) {
            let mut reply = self.refuse(Reply::forbidden(reason));
            reply.guard(is_trusted);
            return Ok(reply);
        }
        let mut reply = self
            .admitted(route, source, method, uri, headers, body)
            .await?;
        if source != Source::Program {
            reply.guard(is_trusted);
        }
        Ok(reply)
    }

    /// What comes through the gate.
    async fn admitted(
        &self,
        route: Route,
        source: Source,
        method: &Method,
        uri: &hyper::Uri,
        headers: &HeaderMap,
        body: Incoming,
    ) -> Result<Reply, hyper::Error> {
        let is_call = route.takes(method) && method == Method::POST && !route.is_ours();
        if is_call && !headers.contains_key(CONTENT_LENGTH) {
            // Chunks are not taken instead of a length (HTTP-028); without a body to come, the connection is kept.
            let missing = StatusCode::LENGTH_REQUIRED;
            return Ok(if body.is_end_stream() {
                Reply::error(missing)
            } else {
                self.refuse(Reply::refusal(missing))
            });
        }
        let body = match self.read(body).await {
            Ok(body) => body,
            Err(NoBody::TooLarge) => {
                return Ok(self.refuse(Reply::refusal(StatusCode::PAYLOAD_TOO_LARGE)));
            }
            Err(NoBody::Broken(error)) => return Err(error),
        };
        if !route.takes(method) {
            return Ok(Reply::error(match route {
                Route::Rpc | Route::LogTail(_) | Route::MainLogTail => StatusCode::BAD_REQUEST,
                // HTTP-116
                Route::Ok | Route::Web(_) if method == Method::HEAD => StatusCode::NOT_FOUND,
                Route::Ok | Route::Web(_) | Route::Elsewhere => StatusCode::BAD_REQUEST,
                Route::Metrics | Route::Health(_) | Route::Rest(_) => {
                    return Ok(Reply::wrong_method(&route));
                }
            }));
        }
        Ok(match route {
            Route::Rpc => self.call(body).await,
            Route::LogTail(path) => self.log_tail(&path),
            Route::MainLogTail => match self.house.backend.main_log() {
                Some(log) => self.tail(&log, HEAD, false),
                None => Reply::error(StatusCode::NOT_FOUND),
            },
            Route::Ok => Reply::plain("OK"),
            Route::Metrics => self.metrics(headers).await,
            Route::Health(health) => {
                let well = self.house.backend.health(health);
                Reply::health(health.word(well), well)
            }
            Route::Rest(resource) => self.rest(resource, uri, headers, &body).await,
            Route::Web(resource) => {
                // What a GET brings along is no form.
                let body = if method == Method::POST {
                    body
                } else {
                    Vec::new()
                };
                let ask = Ask {
                    query: uri.query().unwrap_or_default(),
                    body: &body,
                    host: headers.get(HOST).and_then(|host| host.to_str().ok()),
                    is_proven: source != Source::Unproven,
                };
                self.page(resource, ask, headers).await
            }
            Route::Elsewhere => Reply::error(StatusCode::NOT_FOUND),
        })
    }

    /// Marks that the client may be sending what nobody will read.
    fn refuse(&self, reply: Reply) -> Reply {
        self.activity.refused();
        reply
    }

    /// Reads a body, whoever may want it: what is left unread would be taken for the next request.
    async fn read(&self, mut body: Incoming) -> Result<Vec<u8>, NoBody> {
        let limit = self.house.limits.body;
        if body.size_hint().lower() > limit as u64 {
            return Err(NoBody::TooLarge);
        }
        self.activity.reading_body();
        let mut bytes = Vec::new();
        while let Some(frame) = body.frame().await {
            if let Ok(data) = frame.map_err(NoBody::Broken)?.into_data() {
                if bytes.len() + data.len() > limit {
                    return Err(NoBody::TooLarge);
                }
                bytes.extend_from_slice(&data);
            }
        }
        self.activity.answering();
        Ok(bytes)
    }

    async fn call(&self, body: Vec<u8>) -> Reply {
        if body.is_empty() {
            // The reference never answers this (HTTP-030, RQK-001).
            return Reply::error(StatusCode::BAD_REQUEST);
        }
        let answers = &self.house.answers;
        match self.house.backend.respond(body).await {
            // Whoever wants to stop something must be answered, however many others do not read what they asked for.
            Ok(document) if document.len() > SMALL_ANSWER && answers.is_spent() => {
                Reply::error(StatusCode::SERVICE_UNAVAILABLE)
            }
            Ok(document) => {
                let share = answers.take(document.len());
                Reply::xml(document, share)
            }
            Err(status) => Reply::error(status),
        }
    }

    async fn metrics(&self, headers: &HeaderMap) -> Reply {
        let text = |name| {
            headers
                .get(name)
                .and_then(|value: &HeaderValue| value.to_str().ok())
        };
        let wishes = Wishes {
            accept: text(ACCEPT),
            accept_encoding: text(ACCEPT_ENCODING),
        };
        let answers = &self.house.answers;
        if answers.is_spent() {
            return Reply::error(StatusCode::SERVICE_UNAVAILABLE);
        }
        let exposition = self.house.backend.metrics(wishes).await;
        let share = answers.take(exposition.body.len());
        Reply::exposition(exposition, share)
    }

    async fn rest(
        &self,
        resource: rest::Resource,
        uri: &hyper::Uri,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Reply {
        let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok());
        let ask = rest::Ask {
            query: uri.query().unwrap_or_default(),
            body,
            takes_json: accept.is_some_and(|accept| accept.contains("application/json")),
            node: self.gate.node.as_deref(),
            is_guarded: self.gate.is_guarded,
        };
        if self.house.answers.is_spent() {
            return Reply::error(StatusCode::SERVICE_UNAVAILABLE);
        }
        match self.house.backend.rest(resource, ask).await {
            rest::Answer::Json { status, text } => {
                self.counted(status, "application/json", text.into_bytes())
            }
            rest::Answer::Text { status, text } => {
                self.counted(status, "text/plain; charset=utf-8", text)
            }
            rest::Answer::File(path) => self.download(&path, None),
            rest::Answer::Moved(place) => Reply::moved(&place),
        }
    }

    fn counted(&self, status: u16, content_type: &'static str, body: Vec<u8>) -> Reply {
        let share = self.house.answers.take(body.len());
        Reply::counted(status, content_type, body, share)
    }

    fn log_tail(&self, path: &str) -> Reply {
        let log = match LogTail::parse(path) {
            Ok(log) => log,
            Err(NoLog::Nothing) => return Reply::error(StatusCode::INTERNAL_SERVER_ERROR),
            Err(NoLog::NotFound) => return Reply::error(StatusCode::NOT_FOUND),
        };
        match self.house.backend.process_log(log) {
            Some(file) => self.tail(&file, HEAD, true),
            None => Reply::error(StatusCode::NOT_FOUND),
        }
    }

    async fn page(&self, resource: Resource, ask: Ask<'_>, headers: &HeaderMap) -> Reply {
        match resource {
            Resource::Asset(asset) => {
                let known = headers.get(IF_MODIFIED_SINCE).map(HeaderValue::as_bytes);
                Reply::asset(asset, self.house.begun, known)
            }
            Resource::Directory(name) => {
                let host = ask.host.map(|host| format!("http://{host}"));
                let location = format!("{}/{name}/", host.unwrap_or_default());
                Reply::moved(&location)
            }
            _ => match self.house.backend.page(resource, ask).await {
                Answer::Tail { path, head } => self.tail(&path, head, true),
                Answer::File { path, last } => self.download(&path, last),
                Answer::Live(viewer) => Reply::events(self.show(viewer)),
                answer => Reply::page(answer),
            },
        }
    }

    /// Sends a viewer's news for as long as it looks. The news are one message; who does not take it gets the next one
    /// whenever it does.
    fn show(&self, mut viewer: Viewer) -> mpsc::Receiver<Bytes> {
        let (pieces, body) = mpsc::channel(1);
        let stream = Rc::clone(&self.stream);
        let mut stopping = self.house.stopping.clone();
        spawn_local(async move {
            loop {
                let news = tokio::select! {
                    news = viewer.next() => news,
                    () = pieces.closed() => return,
                    () = stream.peer_closed() => return,
                    _ = stopping.wait_for(|stop| *stop) => return,
                };
                let taken = tokio::select! {
                    taken = pieces.send(news) => taken,
                    _ = stopping.wait_for(|stop| *stop) => return,
                };
                if taken.is_err() {
                    return;
                }
            }
        });
        body
    }

    fn download(&self, path: &Path, last: Option<u64>) -> Reply {
        match download::start(path, last) {
            Ok((length, pieces)) if last.is_some() => Reply::text(length, pieces),
            Ok((length, pieces)) => Reply::file(path, length, pieces),
            Err(_) => Reply::error(StatusCode::NOT_FOUND),
        }
    }

    /// Tails of a file; what is not there, or cannot be read, is not found (HTTP-092).
    fn tail(&self, file: &Path, head: u64, for_proxies: bool) -> Reply {
        let begun = std::fs::metadata(file)
            .and_then(|metadata| metadata.modified())
            .and_then(|modified| {
                let around = Surroundings {
                    watcher: &self.house.watcher,
                    recent: Rc::clone(&self.house.recent),
                    stream: Rc::clone(&self.stream),
                    stopping: self.house.stopping.clone(),
                };
                Ok(Reply::tail(
                    modified,
                    for_proxies,
                    tail::start(file, head, around)?,
                ))
            });
        begun.unwrap_or_else(|_| Reply::error(StatusCode::NOT_FOUND))
    }
}

/// Methods as metrics tell them apart; a client may make up any.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        _ => "other",
    }
}

/// Why a request of that kind from there is refused.
fn objection(source: Source, effect: Effect) -> Option<&'static str> {
    match (source, effect) {
        (Source::UnknownName, _) => Some(
            "This server does not know itself by the name in your address bar, so it cannot tell whether another \
             site sent you. Use its address or host name, list the name in allowed_hosts of [inet_http_server], or set \
             a password.\n",
        ),
        (Source::Foreign, Effect::Change | Effect::ChangeByForm) => {
            Some("Another site asks for this, so it is not done.\n")
        }
        _ => None,
    }
}

fn wants_keep_alive(headers: &HeaderMap) -> bool {
    headers
        .get(CONNECTION)
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"keep-alive"))
}
