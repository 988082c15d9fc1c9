//! What the tests of this module share: folders of their own, waiting with a limit, servers with a canned backend,
//! and a client that speaks raw bytes.

use std::cell::RefCell;
use std::future::Future;
use std::net::SocketAddrV4;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use hyper::StatusCode;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::{Notify, oneshot};
use tokio::task::{JoinHandle, LocalSet, spawn_local};
use tokio::time::timeout;

use super::{Backend, Limits, LogTail, bind, serve};
use crate::config::types::{ServerAddress, ServerConfig};
use crate::metrics::{Answered, Exposition, Wishes};
use crate::rest::{self, health::Health};
use crate::web::{Answer, Ask, Resource};

/// The longest that a test waits for anything.
const LIMIT: Duration = Duration::from_secs(20);

/// Waits for a condition, or fails.
pub async fn within<T>(what: &str, condition: impl Future<Output = T>) -> T {
    match timeout(LIMIT, condition).await {
        Ok(result) => result,
        Err(_) => panic!("{what} did not come"),
    }
}

/// A temporary folder that goes with the test. Its path is short, as unix sockets need it.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        let template = std::env::temp_dir().join("http-XXXXXX");
        Self(nix::unistd::mkdtemp(&template).expect("a temporary folder"))
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub fn unix_server(path: &Path) -> ServerConfig {
    ServerConfig {
        section: "unix_http_server".to_owned(),
        address: ServerAddress::Unix {
            path: path.to_owned(),
            mode: 0o700,
            owner: None,
            group: None,
        },
        username: None,
        password: None,
        allowed_hosts: Vec::new(),
        nodename: None,
        metrics_auth: true,
        health_auth: true,
    }
}

pub fn inet_server(host: &str, port: u16) -> ServerConfig {
    ServerConfig {
        section: "inet_http_server".to_owned(),
        address: ServerAddress::Inet {
            host: host.to_owned(),
            port,
        },
        username: None,
        password: None,
        allowed_hosts: Vec::new(),
        nodename: None,
        metrics_auth: true,
        health_auth: true,
    }
}

pub fn with_password(mut server: ServerConfig, username: &str, password: &str) -> ServerConfig {
    server.username = Some(username.to_owned());
    server.password = Some(password.to_owned());
    server
}

/// Answers calls from a script: `echo …` gives the body back, `wait` does so once it is told to, a number is a status.
pub struct Canned {
    folder: PathBuf,
    pub go_on: Notify,
    pub answered: RefCell<Vec<Answered>>,
}

impl Backend for Canned {
    async fn respond(&self, body: Vec<u8>) -> Result<Vec<u8>, StatusCode> {
        let text = String::from_utf8_lossy(&body);
        if text == "wait" {
            self.go_on.notified().await;
        }
        match text.parse::<usize>() {
            Ok(status @ 400..600) => Err(StatusCode::from_u16(status as u16).expect("a status")),
            Ok(length) => Ok(vec![b'x'; length]),
            Err(_) => Ok(body),
        }
    }

    /// Says what it was asked.
    async fn page(&self, resource: Resource, ask: Ask<'_>) -> Answer {
        match ask.query {
            "move" => Answer::Moved("http://x/?message=y".to_owned()),
            "break" => Answer::Broken,
            query => Answer::Page(format!("{resource:?} {query} {:?}", ask.host)),
        }
    }

    /// Says what it was asked.
    async fn metrics(&self, wishes: Wishes<'_>) -> Exposition {
        Exposition {
            content_type: "text/plain",
            gzipped: wishes.accept_encoding == Some("gzip"),
            body: format!("{wishes:?}").into_bytes(),
        }
    }

    /// Says what it was asked.
    async fn rest(&self, resource: rest::Resource, ask: rest::Ask<'_>) -> rest::Answer {
        rest::Answer::Json {
            status: 202,
            text: format!("{resource:?} {ask:?}"),
        }
    }

    fn health(&self, health: Health) -> bool {
        health == Health::Live
    }

    fn answered(&self, kind: Answered, _: Duration) {
        self.answered.borrow_mut().push(kind);
    }

    fn process_log(&self, log: LogTail<'_>) -> Option<PathBuf> {
        let LogTail {
            group,
            process,
            channel,
        } = log;
        (group == "grp" || group == process)
            .then(|| self.folder.join(format!("{process}.{channel}")))
    }

    fn main_log(&self) -> Option<PathBuf> {
        Some(self.folder.join("main.log"))
    }
}

/// Servers in one folder, running on the test's own thread.
pub struct Site {
    pub folder: Folder,
    pub backend: Rc<Canned>,
    inet: SocketAddrV4,
    ajar: SocketAddrV4,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<std::io::Result<()>>,
}

impl Site {
    /// Runs a test against open servers at `socket` and on a port of this machine, and for user `usér` with password
    /// `p:w` one at `locked`, and one on a port that leaves open what can be left open.
    pub async fn run<F: Future>(limits: Limits, test: impl FnOnce(Self) -> F) -> F::Output {
        LocalSet::new()
            .run_until(async {
                let folder = Folder::new();
                let locked = unix_server(&folder.join("locked"));
                let mut ajar = with_password(inet_server("127.0.0.1", 0), "usér", "p:w");
                ajar.metrics_auth = false;
                ajar.health_auth = false;
                let servers = [
                    inet_server("127.0.0.1", 0),
                    unix_server(&folder.join("socket")),
                    with_password(locked, "usér", "p:w"),
                    ajar,
                ];
                let bound = servers.map(|server| bind(&server, 1).expect("a free address"));
                let inet = bound[0].inet_address().expect("an inet server");
                let ajar = bound[3].inet_address().expect("an inet server");
                let backend = Rc::new(Canned {
                    folder: folder.0.clone(),
                    go_on: Notify::new(),
                    answered: RefCell::default(),
                });
                let (stop, stopped) = oneshot::channel();
                let shutdown = async {
                    // A test that never asks for it may drop its part early.
                    if stopped.await.is_err() {
                        std::future::pending::<()>().await;
                    }
                };
                let served = serve(bound.into(), Rc::clone(&backend), limits, shutdown);
                let serving = spawn_local(served);
                let site = Self {
                    folder,
                    backend,
                    inet,
                    ajar,
                    stop,
                    serving,
                };
                test(site).await
            })
            .await
    }

    pub async fn client(&self) -> Client {
        Client::connect(&self.folder.join("socket")).await
    }

    pub async fn inet_client(&self) -> Client {
        Client::at(self.inet).await
    }

    /// Of the server that wants a password for most things.
    pub async fn ajar_client(&self) -> Client {
        Client::at(self.ajar).await
    }

    /// Sends one request on a connection of its own and gives all that comes until the server closes it.
    pub async fn ask_once(&self, request: &str) -> String {
        let mut client = self.client().await;
        client.send(request).await;
        client.rest().await
    }

    /// Stops the servers and waits until they have stopped.
    pub async fn shut_down(self) -> Folder {
        let _ = self.stop.send(());
        let ended = within("the end of the servers", self.serving).await;
        ended.expect("no panic").expect("no error");
        self.folder
    }
}

/// A client that sees bytes.
pub struct Client {
    stream: Box<dyn Duplex>,
    seen: Vec<u8>,
}

trait Duplex: AsyncRead + AsyncWrite + Unpin {}

impl<S: AsyncRead + AsyncWrite + Unpin> Duplex for S {}

impl Client {
    pub async fn connect(path: &Path) -> Self {
        let stream = within("a connection", UnixStream::connect(path)).await;
        Self::of(stream.expect("a server"))
    }

    async fn at(address: SocketAddrV4) -> Self {
        let stream = within("a connection", TcpStream::connect(address)).await;
        Self::of(stream.expect("a server"))
    }

    fn of(stream: impl Duplex + 'static) -> Self {
        Self {
            stream: Box::new(stream),
            seen: Vec::new(),
        }
    }

    pub async fn send(&mut self, text: impl AsRef<[u8]>) {
        let sent = self.stream.write_all(text.as_ref());
        within("room to send", sent).await.expect("a server");
    }

    /// Sends what may not be taken to its end.
    pub async fn try_send(&mut self, text: impl AsRef<[u8]>) {
        let _ = within("room to send", self.stream.write_all(text.as_ref())).await;
    }

    pub async fn close_sending_side(&mut self) {
        self.stream.shutdown().await.expect("a connection");
    }

    /// Reads once more; false at the end.
    async fn read(&mut self) -> bool {
        let mut block = vec![0; 65_536];
        let read = within("more to read", self.stream.read(&mut block)).await;
        let count = read.unwrap_or(0);
        self.seen.extend_from_slice(&block[..count]);
        count > 0
    }

    /// Reads until the text has come; gives everything up to its end.
    pub async fn until(&mut self, text: &str) -> String {
        loop {
            let found = bstr::ByteSlice::find(self.seen.as_slice(), text);
            if let Some(at) = found {
                let seen: Vec<u8> = self.seen.drain(..at + text.len()).collect();
                return without_date(&seen);
            }
            if !self.read().await {
                let seen = String::from_utf8_lossy(&self.seen);
                panic!("the end came before {text:?}, after {seen:?}");
            }
        }
    }

    /// One answer that has a length: its head and its body.
    pub async fn answer(&mut self) -> (String, String) {
        let head = self.until("\r\n\r\n").await;
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("Content-Length: "))
            .and_then(|length| length.parse().ok())
            .unwrap_or(0);
        while self.seen.len() < length {
            assert!(self.read().await, "the end came within a body");
        }
        let body: Vec<u8> = self.seen.drain(..length).collect();
        (head, String::from_utf8_lossy(&body).into_owned())
    }

    /// The status of the next answer.
    pub async fn status(&mut self) -> u16 {
        let (head, _) = self.answer().await;
        status_of(&head)
    }

    /// Everything until the server closes the connection.
    pub async fn rest(&mut self) -> String {
        while self.read().await {}
        let seen = std::mem::take(&mut self.seen);
        without_date(&seen)
    }
}

pub fn status_of(head: &str) -> u16 {
    head.split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .unwrap_or_else(|| panic!("no status in {head:?}"))
}

/// Hides the dates, which are always of the same form.
fn without_date(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.split_inclusive("\r\n")
        .map(|line| match line.split_once(": ") {
            Some((name @ ("Date" | "Last-Modified"), date)) if date.ends_with(" GMT\r\n") => {
                format!("{name}: DATE\r\n")
            }
            Some(_) | None => line.to_owned(),
        })
        .collect()
}

/// A call with that body.
pub fn post(headers: &str, body: &str) -> String {
    let length = body.len();
    format!("POST /RPC2 HTTP/1.1\r\n{headers}Content-Length: {length}\r\n\r\n{body}")
}
