use std::io::{BufRead, BufReader, Read};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use super::{Destination, Header, MESSAGE_LIMIT, SyslogSenders, SyslogStream};
use crate::logs::counters::Losses;
use crate::logs::local_time::stamped;
use crate::logs::queue::LIMIT;
use crate::logs::scratch::Scratch;

/// Far more than anything here takes.
const LONG: Duration = Duration::from_secs(60);

fn header() -> Header {
    Header {
        facility: 16,
        severity: 5,
        tag: "my web".into(),
    }
}

struct Rig {
    senders: SyslogSenders,
    stream: SyslogStream,
    losses: Arc<Losses>,
}

impl Rig {
    fn to(destination: Destination) -> Self {
        let mut senders = SyslogSenders::default();
        let stream = senders.open(&destination, &header()).expect("a thread");
        Self {
            senders,
            stream,
            losses: Arc::default(),
        }
    }

    fn write(&mut self, text: &str) {
        self.stream
            .write(text.as_bytes(), SystemTime::now(), &self.losses);
    }

    fn lost(&self) -> u64 {
        self.losses.so_far().lost_messages
    }
}

fn tcp(listener: &TcpListener) -> Destination {
    let port = listener.local_addr().expect("it is bound").port();
    let host = "127.0.0.1".into();
    Destination::Tcp { host, port }
}

fn accept(listener: &TcpListener) -> BufReader<TcpStream> {
    let (stream, _) = listener.accept().expect("somebody connects");
    stream
        .set_read_timeout(Some(LONG))
        .expect("a healthy socket");
    BufReader::new(stream)
}

/// The text of the next message over TCP.
fn line(reader: &mut BufReader<TcpStream>) -> String {
    let mut line = String::new();
    reader.read_line(&mut line).expect("a message");
    let (_, text) = line.split_once("]: ").expect("a head");
    text.trim_end_matches('\n').to_owned()
}

fn udp() -> (UdpSocket, Destination) {
    let server = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    server
        .set_read_timeout(Some(LONG))
        .expect("a healthy socket");
    let port = server.local_addr().expect("it is bound").port();
    let host = "localhost".into();
    (server, Destination::Udp { host, port })
}

fn datagram(server: &UdpSocket) -> String {
    let mut buffer = [0; 9999];
    let length = server.recv(&mut buffer).expect("a message");
    String::from_utf8_lossy(&buffer[..length]).into_owned()
}

// GO-227 to GO-229, GO-235, GO-236: as Go's log/syslog writes it to a server.
#[test]
fn a_line_is_a_datagram_with_priority_time_host_and_tag() {
    let (server, destination) = udp();
    let mut rig = Rig::to(destination);
    let at = SystemTime::now();
    rig.stream.write(b"one\r\ntw", at, &rig.losses);
    rig.stream.write(b"o\n\n", at, &rig.losses);
    rig.stream.finish(at, &rig.losses);
    let (time, _) = stamped(at);
    let host = super::host_name();
    let head = format!(
        "<133>{} {host} my_web[{}]: ",
        time.remote_syslog_stamp(),
        std::process::id()
    );
    for text in ["one", "two", ""] {
        assert_eq!(datagram(&server), format!("{head}{text}"));
    }
}

// GO-235
#[test]
fn the_local_syslog_gets_its_own_form() {
    let scratch = Scratch::new();
    let path = scratch.path("log");
    let server = UnixDatagram::bind(&path).expect("a new socket");
    server
        .set_read_timeout(Some(LONG))
        .expect("a healthy socket");
    let mut rig = Rig::to(Destination::Local(path));
    let at = SystemTime::now();
    rig.stream.write(b"a\0b\n", at, &rig.losses);
    let mut buffer = [0; 99];
    let length = server.recv(&mut buffer).expect("a message");
    let (time, _) = stamped(at);
    let expected = format!(
        "<133>{} my_web[{}]: a b",
        time.syslog_stamp(),
        std::process::id()
    );
    assert_eq!(String::from_utf8_lossy(&buffer[..length]), expected);
}

#[test]
fn a_local_syslog_that_is_slow_is_waited_for() {
    let scratch = Scratch::new();
    let path = scratch.path("log");
    let server = UnixDatagram::bind(&path).expect("a new socket");
    server
        .set_read_timeout(Some(LONG))
        .expect("a healthy socket");
    let mut rig = Rig::to(Destination::Local(path));
    // Many more than such a socket holds.
    for number in 0..2000 {
        rig.write(&format!("{number}\n"));
    }
    let mut buffer = [0; 99];
    for number in 0..2000 {
        let length = server.recv(&mut buffer).expect("a message");
        let end = format!("]: {number}");
        assert!(buffer[..length].ends_with(end.as_bytes()));
    }
    assert_eq!(rig.lost(), 0);
}

// GO-236
#[test]
fn a_line_over_tcp_ends_with_a_newline() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let mut rig = Rig::to(tcp(&listener));
    rig.write("one\ntwo\n");
    let mut server = accept(&listener);
    assert_eq!(line(&mut server), "one");
    assert_eq!(line(&mut server), "two");
}

#[test]
fn a_long_line_becomes_several_messages() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let mut rig = Rig::to(tcp(&listener));
    rig.write(&format!("{}y\n", "x".repeat(MESSAGE_LIMIT)));
    let mut server = accept(&listener);
    assert_eq!(line(&mut server), "x".repeat(MESSAGE_LIMIT));
    assert_eq!(line(&mut server), "y");
}

// GO-238
#[test]
fn a_server_that_comes_late_gets_what_has_waited() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let destination = tcp(&listener);
    let address = listener.local_addr().expect("it is bound");
    drop(listener);
    let mut rig = Rig::to(destination);
    rig.write("early\n");
    let listener = TcpListener::bind(address).expect("the port is still free");
    let mut server = accept(&listener);
    assert_eq!(line(&mut server), "early");
    assert_eq!(rig.lost(), 0);
}

// GO-238
#[test]
fn a_server_that_went_away_is_found_again() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let mut rig = Rig::to(tcp(&listener));
    rig.write("one\n");
    let mut server = accept(&listener);
    assert_eq!(line(&mut server), "one");
    drop(server);
    rig.write("two\nthree\n");
    let mut server = accept(&listener);
    assert_eq!(line(&mut server), "two");
    assert_eq!(line(&mut server), "three");
    assert_eq!(rig.lost(), 0);
}

// GO-238
#[test]
fn a_server_that_stalls_makes_nobody_wait_and_the_loss_is_counted() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let mut rig = Rig::to(tcp(&listener));
    rig.write("first\n");
    let mut server = accept(&listener);
    assert_eq!(line(&mut server), "first");
    let begin = Instant::now();
    let text = format!("{}\n", "x".repeat(7000));
    // As much as no two socket buffers and a queue hold.
    let count = 16 * LIMIT / text.len();
    for _ in 0..count {
        rig.write(&text);
    }
    assert!(begin.elapsed() < Duration::from_secs(20));
    let lost = rig.lost();
    assert!(lost > 0);
    let Rig {
        senders,
        stream,
        losses,
    } = rig;
    let reader = std::thread::spawn(move || {
        let mut rest = String::new();
        server
            .read_to_string(&mut rest)
            .expect("it ends with the sender");
        rest.lines().count() as u64
    });
    // The end of a run: what is on its way arrives.
    drop(stream);
    drop(senders);
    let lost = losses.so_far().lost_messages.max(lost);
    assert_eq!(reader.join().expect("it reads"), count as u64 - lost);
}

#[test]
fn datagrams_that_nobody_takes_are_counted() {
    let (server, destination) = udp();
    drop(server);
    let mut rig = Rig::to(destination);
    let begin = Instant::now();
    while rig.lost() == 0 {
        assert!(begin.elapsed() < LONG);
        rig.write("lost\n");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn one_destination_has_one_thread_while_somebody_uses_it() {
    let (_server, destination) = udp();
    let (_other_server, other) = udp();
    let mut senders = SyslogSenders::default();
    let one = senders.open(&destination, &header()).expect("a thread");
    let two = senders.open(&destination, &header()).expect("the same");
    assert!(Arc::ptr_eq(&one.queue, &two.queue));
    drop((one, two));
    let third = senders.open(&other, &header()).expect("a thread");
    assert_eq!(senders.senders.len(), 1);
    drop(third);
}
