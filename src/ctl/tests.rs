//! Whole commands against a scripted server: a unix socket whose answers a test writes down. What the real server would say
//! is compared elsewhere (`compat-tests`); here are the stories that it tells too seldom.

use std::io::{BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::{self, JoinHandle};

use crate::xmlrpc::{MethodCall, Value, parse_call, write_fault, write_response};

use super::client::Target;
use super::http::{Framing, read_body};
use super::input::tests::typed;
use super::output::Output;
use super::session::Session;

/// What the server says to one call.
enum Answer {
    Value(Value),
    Fault(i32, &'static str),
    /// Bytes as they are.
    Raw(&'static str),
}

/// A server that answers the calls it gets, in this order, and remembers them.
struct Server {
    path: PathBuf,
    calls: JoinHandle<Vec<String>>,
}

impl Server {
    fn start(answers: Vec<Answer>) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("ctl-{}-{number}.sock", std::process::id()));
        let listener = UnixListener::bind(&path).expect("a socket in the temporary folder");
        let calls = thread::spawn(move || {
            let mut connection = None;
            answers
                .into_iter()
                .map(|answer| serve(&listener, &mut connection, answer))
                .collect()
        });
        Self { path, calls }
    }

    fn url(&self) -> String {
        format!("unix://{}", self.path.display())
    }

    /// The calls, once all answers have been used.
    fn calls(self) -> Vec<String> {
        let calls = self.calls.join().expect("the server's thread");
        std::fs::remove_file(&self.path).expect("the socket's file");
        calls
    }
}

/// Answers the next call, on the same connection as the one before or on a new one.
fn serve(
    listener: &UnixListener,
    connection: &mut Option<BufReader<UnixStream>>,
    answer: Answer,
) -> String {
    let kept = connection.take().and_then(|mut reader| {
        let call = read_call(&mut reader)?;
        Some((reader, call))
    });
    let (mut reader, call) = match kept {
        Some(kept) => kept,
        None => {
            let (stream, _) = listener.accept().expect("a client");
            let mut reader = BufReader::new(stream);
            let call = read_call(&mut reader).expect("a call");
            (reader, call)
        }
    };
    let is_raw = matches!(answer, Answer::Raw(_));
    let reply = match answer {
        Answer::Value(value) => ok(&write_response(&value).expect("a value that can be sent")),
        Answer::Fault(code, text) => ok(&write_fault(code, text)),
        Answer::Raw(text) => text.as_bytes().to_vec(),
    };
    let stream = reader.get_mut();
    stream.write_all(&reply).expect("a client that listens");
    // The client must not be left waiting for more than these bytes.
    *connection = (!is_raw).then_some(reader);
    let name = call.name.trim_start_matches("supervisor.").to_owned();
    let params: Vec<&str> = call.params.iter().filter_map(Value::as_str).collect();
    format!("{name}({})", params.join(", "))
}

/// None when the client has hung up.
fn read_call(reader: &mut BufReader<impl Read>) -> Option<MethodCall> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        reader.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).expect("a head in ASCII");
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("Content-Length: "))
        .and_then(|length| length.parse().ok())
        .expect("a length");
    let body = read_body(reader, Framing::Length(length)).expect("a whole body");
    Some(parse_call(&body).expect("a call"))
}

fn ok(body: &[u8]) -> Vec<u8> {
    let mut reply =
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
    reply.extend(body);
    reply
}

/// Runs a line; what it printed, its exit status, and the calls it made.
fn run(line: &str, interactive: bool, input: &str, answers: Vec<Answer>) -> (String, u8, String) {
    let server = Server::start(answers);
    let url = server.url();
    let target = Target {
        server_url: url.clone(),
        username: None,
        password: None,
    };
    let mut words = Vec::new();
    let output = Output::new(&mut words, std::io::sink());
    let mut session = Session::new(target, interactive, Box::new(typed(input)), output);
    session.run(line);
    let status = session.exit_status.code();
    drop(session);
    let words = String::from_utf8(words).expect("words in UTF-8");
    (words.replace(&url, "URL"), status, server.calls().join(" "))
}

fn version() -> Answer {
    Answer::Value("3.0".into())
}

fn done() -> Answer {
    Answer::Value(true.into())
}

/// Results of a call for many: group, name, status, description.
fn results(rows: &[(&str, &str, i32, &str)]) -> Answer {
    let row = |&(group, name, status, description): &(&str, &str, i32, &str)| {
        Value::Struct(vec![
            ("group".into(), group.into()),
            ("name".into(), name.into()),
            ("status".into(), status.into()),
            ("description".into(), description.into()),
        ])
    };
    Answer::Value(Value::Array(rows.iter().map(row).collect()))
}

fn changes(added: &[&str], changed: &[&str], removed: &[&str]) -> Answer {
    let list = |names: &[&str]| Value::Array(names.iter().map(|&name| name.into()).collect());
    let inner = vec![list(added), list(changed), list(removed)];
    Answer::Value(Value::Array(vec![Value::Array(inner)]))
}

// CTL-147
#[test]
fn update_keeps_a_group_that_cannot_be_stopped_and_goes_on() {
    let answers = vec![
        changes(&["new"], &["work"], &["old", "gone"]),
        results(&[("old", "old", 30, "FAILED: attempted to kill old")]),
        results(&[("gone", "gone", 80, "OK")]),
        done(),
        results(&[("work", "a", 30, "FAILED: attempted to kill a")]),
        done(),
        done(),
        done(),
    ];
    let (words, status, calls) = run("update", false, "", answers);
    assert_eq!(
        words,
        "old: stopped\nold: has problems; not removing\ngone: stopped\ngone: removed process group\n\
         work: stopped\nwork: updated process group\nnew: added process group\n"
    );
    assert_eq!(status, 1);
    assert_eq!(
        calls,
        "reloadConfig() stopProcessGroup(old) stopProcessGroup(gone) removeProcessGroup(gone) \
         stopProcessGroup(work) removeProcessGroup(work) addProcessGroup(work) addProcessGroup(new)"
    );
}

// CTL-084
#[test]
fn a_result_that_start_has_no_words_for_ends_the_command() {
    let answers = vec![
        version(),
        Answer::Fault(60, "ALREADY_STARTED: a"),
        Answer::Fault(6, "SHUTDOWN_STATE"),
    ];
    let (words, status, _) = run("start a g:b c", false, "", answers);
    assert_eq!(
        words,
        "a: ERROR (already started)\nerror: <class 'ValueError'>, Unknown result code 6 for g:b\n"
    );
    assert_eq!(status, 1);
}

// CTL-103: the text of a failure stands alone; CTL-082: a later success does not reset the status.
#[test]
fn a_failed_stop_shows_the_servers_text() {
    let answers = vec![
        version(),
        results(&[
            ("g", "a", 30, "FAILED: attempted to kill a with sig SIGTERM"),
            ("g", "b", 80, "OK"),
        ]),
    ];
    let (words, status, _) = run("stop g:*", false, "", answers);
    assert_eq!(
        words,
        "FAILED: attempted to kill a with sig SIGTERM\ng:b: stopped\n"
    );
    assert_eq!(status, 1);
}

// CTL-113
#[test]
fn a_log_that_cannot_be_read_has_its_words() {
    for (line, code, words) in [
        ("tail a", 20, "a: ERROR (no log file)\n"),
        ("tail a", 30, "a: ERROR (unknown error reading log)\n"),
        ("tail a", 10, "a: ERROR (no such process name)\n"),
        ("maintail", 20, "supervisord: ERROR (no log file)\n"),
        (
            "maintail",
            30,
            "supervisord: ERROR (unknown error reading log)\n",
        ),
        (
            "maintail",
            10,
            "error: <class 'xmlrpc.client.Fault'>, <Fault 10: 'X'>\n",
        ),
    ] {
        let (said, status, _) = run(line, false, "", vec![version(), Answer::Fault(code, "X")]);
        assert_eq!((said.as_str(), status), (words, 1));
    }
}

// CTL-045
#[test]
fn another_version_of_the_api_is_refused() {
    let (words, status, _) = run("pid", false, "", vec![Answer::Value("4.0".into())]);
    assert_eq!(
        words,
        "Sorry, this version of supervisorctl expects to talk to a server with API version 3.0, but the remote \
         version is 4.0.\n"
    );
    assert_eq!(status, 5);
}

const UNAUTHORIZED: &str = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n";

// CTL-050
#[test]
fn without_anybody_to_ask_a_refusal_is_tried_once_more() {
    let answers = vec![Answer::Raw(UNAUTHORIZED), Answer::Raw(UNAUTHORIZED)];
    let (words, status, calls) = run("version", false, "", answers);
    assert_eq!(
        words,
        "Server requires authentication\nerror: <class 'xmlrpc.client.ProtocolError'>, <ProtocolError for \
         127.0.0.1/RPC2: 401 Unauthorized>\n"
    );
    assert_eq!(status, 1);
    assert_eq!(calls, "getVersion() getVersion()");
}

// CTL-129, CTL-132
#[test]
fn only_an_answer_that_starts_with_y_shuts_the_server_down() {
    let question = "Really shut the remote supervisord process down y/N? ";
    for input in ["n\n", "\n", " y\n", "no, yes\n"] {
        let (words, status, _) = run("shutdown", true, input, vec![]);
        assert_eq!((words.as_str(), status), (question, 0), "{input:?}");
    }
    let (words, ..) = run("shutdown", true, "Yes\n", vec![done()]);
    assert_eq!(words, format!("{question}Shut down\n"));
    let (words, ..) = run("shutdown", false, "", vec![done()]);
    assert_eq!(words, "Shut down\n");
}

// CTL-130, CTL-131
#[test]
fn a_server_already_on_its_way_out_is_no_failure_of_shutdown() {
    let stopping = || vec![Answer::Fault(6, "SHUTDOWN_STATE")];
    let words = "ERROR: already shutting down\n".to_owned();
    let (said, status, _) = run("shutdown", false, "", stopping());
    assert_eq!((said, status), (words.clone(), 0));
    let (said, status, _) = run("reload", false, "", stopping());
    assert_eq!((said, status), (words, 1));
}

// CTL-035: and a call that no answer came to is not repeated.
#[test]
fn many_names_share_a_connection_and_no_call_is_sent_twice() {
    let answers = vec![version(), done(), done(), Answer::Raw("")];
    let (words, status, calls) = run("start a b c", false, "", answers);
    assert_eq!(
        words,
        "a: started\nb: started\nerror: <class 'http.client.RemoteDisconnected'>, Remote end closed connection \
         without response\n"
    );
    assert_eq!(status, 1);
    assert_eq!(
        calls,
        "getVersion() startProcess(a) startProcess(b) startProcess(c)"
    );
}

fn process(group: &str, name: &str, state: i32) -> Value {
    let state_name = if state == 20 { "RUNNING" } else { "STOPPED" };
    Value::Struct(vec![
        ("name".into(), name.into()),
        ("group".into(), group.into()),
        ("state".into(), state.into()),
        ("statename".into(), state_name.into()),
        ("description".into(), "".into()),
        ("pid".into(), 7.into()),
    ])
}

fn processes() -> Answer {
    let rows = vec![
        process("web1", "a", 20),
        process("web1", "b", 0),
        process("cat", "cat", 20),
    ];
    Answer::Value(Value::Array(rows))
}

#[test]
fn status_as_json_is_what_the_server_told() {
    let (words, status, _) = run(
        "status cat --json nope",
        false,
        "",
        vec![version(), processes()],
    );
    assert_eq!(
        words,
        "[\n  {\"name\": \"cat\", \"group\": \"cat\", \"state\": 20, \"statename\": \"RUNNING\", \
         \"description\": \"\", \"pid\": 7}\n]\n"
    );
    assert_eq!(status, 4);
}

#[test]
fn wildcards_are_looked_up_once_and_groups_stay_groups() {
    let answers = vec![version(), processes(), results(&[("web1", "b", 80, "OK")])];
    let (words, status, calls) = run("start web*:*", false, "", answers);
    assert_eq!((words.as_str(), status), ("web1:b: started\n", 0));
    assert_eq!(
        calls,
        "getVersion() getAllProcessInfo() startProcessGroup(web1)"
    );
}

#[test]
fn results_as_json_tell_the_deed_and_what_became_of_it() {
    let answers = vec![
        version(),
        version(),
        done(),
        Answer::Fault(10, "BAD_NAME: x:*"),
        version(),
        done(),
        done(),
    ];
    let (words, status, _) = run("restart a x:* --json", false, "", answers);
    let lines: Vec<&str> = words.lines().collect();
    assert_eq!(lines.len(), 6);
    assert_eq!(
        lines[1],
        "  {\"action\": \"stop\", \"name\": \"a\", \"group\": \"a\", \"status\": 80, \"description\": \"OK\"},"
    );
    assert!(lines[2].contains("\"name\": null, \"group\": \"x\", \"status\": 10"));
    assert!(lines[3].contains("\"action\": \"start\""));
    assert_eq!(status, 1);
}

#[test]
fn waiting_ends_when_all_are_there_or_one_cannot_be() {
    let (words, status, _) = run("wait cat web1:a", false, "", vec![version(), processes()]);
    assert_eq!(
        (words.as_str(), status),
        ("cat: RUNNING\nweb1:a: RUNNING\n", 0)
    );
    let (words, status, _) = run("wait nope", false, "", vec![version(), processes()]);
    assert_eq!(
        (words.as_str(), status),
        ("nope: ERROR (no such process)\n", 4)
    );
    let (words, status, _) = run(
        "wait web1:* --for=exited",
        false,
        "",
        vec![version(), processes()],
    );
    assert_eq!((words.as_str(), status), ("web1:b: ERROR (STOPPED)\n", 7));
    let (words, status, _) = run(
        "wait cat --for stopped --timeout 0",
        false,
        "",
        vec![version(), processes()],
    );
    assert_eq!((words.as_str(), status), ("cat: ERROR (RUNNING)\n", 1));
}

#[test]
fn lines_are_read_until_there_are_enough() {
    let long = "x".repeat(5000);
    let text = |text: &str| Answer::Value(text.into());
    let answers = vec![
        version(),
        text(&long[..4096]),
        text(&format!("a\n{long}\n")),
    ];
    let (words, status, _) = run("tail --lines 1 cat", false, "", answers);
    assert_eq!((words, status), (format!("{long}\n"), 0));
}
