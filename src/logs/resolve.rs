//! From the name of a host to its addresses, for threads that may wait.
//!
//! The C library is not asked: linked statically it must not be (architecture, static glibc and names). Nor is a helper
//! program, whose end the reaper would take for a stranger's. So what everybody needs of it is here: literal addresses,
//! `/etc/hosts`, and the name servers of `/etc/resolv.conf` with its search list, over UDP.
//!
//! It is bounded in time, and what a server sends is never trusted further than its length.

use std::fs;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Duration;

/// How long one server has for one answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// How often each server is asked.
const ATTEMPTS: usize = 2;

/// As many servers and search domains as are looked at.
const MOST_SERVERS: usize = 3;
const MOST_DOMAINS: usize = 6;

const A: u16 = 1;
const AAAA: u16 = 28;

/// The addresses of a host, IPv4 first; none when nobody knows it.
pub fn resolve(host: &str) -> Vec<IpAddr> {
    let literal = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = literal.parse() {
        return vec![address];
    }
    let text = |path| String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned();
    let known = in_hosts(&text("/etc/hosts"), host);
    if !known.is_empty() {
        return known;
    }
    if host.eq_ignore_ascii_case("localhost") {
        return vec![Ipv4Addr::LOCALHOST.into()];
    }
    Resolver::from_conf(&text("/etc/resolv.conf")).look_up(host)
}

fn in_hosts(hosts: &str, host: &str) -> Vec<IpAddr> {
    let mut addresses: Vec<IpAddr> = hosts
        .lines()
        .filter_map(|line| {
            let mut words = line.split('#').next()?.split_whitespace();
            let address = words.next()?.parse().ok()?;
            words
                .any(|name| name.eq_ignore_ascii_case(host))
                .then_some(address)
        })
        .collect();
    addresses.sort_by_key(IpAddr::is_ipv6);
    addresses
}

/// Who is asked, and for what.
#[derive(Debug, PartialEq, Eq)]
struct Resolver {
    servers: Vec<SocketAddr>,
    search: Vec<String>,
    /// A name with fewer dots is looked for in the search domains first.
    ndots: usize,
}

impl Resolver {
    fn from_conf(conf: &str) -> Self {
        let mut resolver = Self {
            servers: Vec::new(),
            search: Vec::new(),
            ndots: 1,
        };
        for line in conf.lines() {
            let mut words = line.split_whitespace();
            match words.next() {
                Some("nameserver") => {
                    let address = words.next().and_then(|word| word.parse::<IpAddr>().ok());
                    resolver
                        .servers
                        .extend(address.map(|address| SocketAddr::from((address, 53))));
                }
                Some("search" | "domain") => {
                    resolver.search = words.take(MOST_DOMAINS).map(str::to_owned).collect();
                }
                Some("options") => {
                    let ndots = words
                        .filter_map(|word| word.strip_prefix("ndots:"))
                        .next_back();
                    if let Some(ndots) = ndots.and_then(|number| number.parse().ok()) {
                        resolver.ndots = ndots;
                    }
                }
                _ => {}
            }
        }
        if resolver.servers.is_empty() {
            resolver.servers.push((Ipv4Addr::LOCALHOST, 53).into());
        }
        resolver.servers.truncate(MOST_SERVERS);
        resolver
    }

    /// The names under which a host may be known, in the order in which they are tried.
    fn names(&self, host: &str) -> Vec<String> {
        if let Some(absolute) = host.strip_suffix('.') {
            return vec![absolute.to_owned()];
        }
        let mut names: Vec<String> = self
            .search
            .iter()
            .map(|domain| format!("{host}.{}", domain.trim_matches('.')))
            .collect();
        let dots = host.matches('.').count();
        let at = if dots >= self.ndots { 0 } else { names.len() };
        names.insert(at, host.to_owned());
        names
    }

    fn look_up(&self, host: &str) -> Vec<IpAddr> {
        for name in self.names(host) {
            for kind in [A, AAAA] {
                let addresses = self.ask_all(&name, kind);
                if !addresses.is_empty() {
                    return addresses;
                }
            }
        }
        Vec::new()
    }

    /// The first answer that any server gives, also an empty one.
    fn ask_all(&self, name: &str, kind: u16) -> Vec<IpAddr> {
        for _ in 0..ATTEMPTS {
            for server in &self.servers {
                if let Ok(addresses) = ask(*server, name, kind) {
                    return addresses;
                }
            }
        }
        Vec::new()
    }
}

/// One question to one server.
fn ask(server: SocketAddr, name: &str, kind: u16) -> io::Result<Vec<IpAddr>> {
    let number = RandomState::new().build_hasher().finish() as u16;
    let question = question(number, name, kind).ok_or(io::ErrorKind::InvalidInput)?;
    let local: SocketAddr = if server.is_ipv4() {
        (Ipv4Addr::UNSPECIFIED, 0).into()
    } else {
        (Ipv6Addr::UNSPECIFIED, 0).into()
    };
    let socket = UdpSocket::bind(local)?;
    socket.connect(server)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.send(&question)?;
    let mut answer = [0; 4096];
    let length = socket.recv(&mut answer)?;
    addresses(&answer[..length], number, kind).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// A standard query with recursion; `None` when this is no name.
fn question(number: u16, name: &str, kind: u16) -> Option<Vec<u8>> {
    let mut packet = number.to_be_bytes().to_vec();
    packet.extend([0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0]);
    for label in name.split('.') {
        let length = u8::try_from(label.len()).ok()?;
        if !(1..=63).contains(&length) {
            return None;
        }
        packet.push(length);
        packet.extend(label.as_bytes());
    }
    packet.push(0);
    packet.extend(kind.to_be_bytes());
    packet.extend([0, 1]);
    (name.len() <= 253).then_some(packet)
}

/// The addresses in an answer; `None` when it is not an answer to this question, or the server could not say.
fn addresses(packet: &[u8], number: u16, kind: u16) -> Option<Vec<IpAddr>> {
    let mut reader = Reader { packet, at: 0 };
    let is_answer = reader.number()? == number;
    let flags = reader.number()?;
    let (answered, code) = (flags & 0x8000 != 0, flags & 0xf);
    let (questions, answers) = (reader.number()?, reader.number()?);
    reader.skip(4)?;
    // 3 is "no such name", which is an answer.
    if !is_answer || !answered || !matches!(code, 0 | 3) {
        return None;
    }
    for _ in 0..questions {
        reader.skip_name()?;
        reader.skip(4)?;
    }
    let mut found = Vec::new();
    for _ in 0..answers {
        reader.skip_name()?;
        let of = reader.number()?;
        reader.skip(6)?;
        let length = usize::from(reader.number()?);
        let data = reader.take(length)?;
        // Aliases come before what they lead to.
        if of == kind {
            let v4 = <[u8; 4]>::try_from(data).map(IpAddr::from).ok();
            let v6 = <[u8; 16]>::try_from(data).map(IpAddr::from).ok();
            found.extend(v4.or(v6));
        }
    }
    Some(found)
}

struct Reader<'a> {
    packet: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let taken = self.packet.get(self.at..self.at.checked_add(length)?)?;
        self.at += length;
        Some(taken)
    }

    fn skip(&mut self, length: usize) -> Option<()> {
        self.take(length).map(|_| ())
    }

    fn number(&mut self) -> Option<u16> {
        let bytes = self.take(2)?;
        Some(u16::from_be_bytes(bytes.try_into().ok()?))
    }

    /// A name ends with an empty label or with a reference to another place.
    fn skip_name(&mut self) -> Option<()> {
        loop {
            let length = *self.take(1)?.first()?;
            match length {
                0 => return Some(()),
                0xc0.. => return self.skip(1),
                length => self.skip(usize::from(length))?,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv6Addr, UdpSocket};

    use proptest::prelude::*;

    use super::{A, AAAA, Resolver, addresses, in_hosts, question, resolve};

    fn v4(text: &str) -> IpAddr {
        text.parse().expect("the test's own address")
    }

    #[test]
    fn literal_addresses_need_no_help() {
        assert_eq!(resolve("127.0.0.9"), [v4("127.0.0.9")]);
        assert_eq!(resolve("[::1]"), [IpAddr::from(Ipv6Addr::LOCALHOST)]);
        assert!(resolve("localhost").iter().all(IpAddr::is_loopback));
    }

    #[test]
    fn a_hosts_file_gives_all_its_addresses_ipv4_first() {
        let hosts = "::1 box\n# 10.0.0.9 box\n10.0.0.1\tother Box # main\n10.0.0.2 box\n";
        assert_eq!(
            in_hosts(hosts, "box"),
            [v4("10.0.0.1"), v4("10.0.0.2"), v4("::1")]
        );
        assert!(in_hosts(hosts, "main").is_empty());
    }

    #[test]
    fn short_names_are_looked_for_in_the_search_domains_first() {
        let conf = "# a comment\nsearch a.example b.example.\nnameserver 10.0.0.1\nnameserver nonsense\n\
                    nameserver ::1\noptions timeout:1 ndots:2\n";
        let resolver = Resolver::from_conf(conf);
        assert_eq!(
            resolver.servers,
            ["10.0.0.1:53", "[::1]:53"].map(|s| s.parse().expect("an address"))
        );
        assert_eq!(
            resolver.names("logs.x"),
            ["logs.x.a.example", "logs.x.b.example", "logs.x"]
        );
        assert_eq!(
            resolver.names("a.b.c"),
            ["a.b.c", "a.b.c.a.example", "a.b.c.b.example"]
        );
        assert_eq!(resolver.names("logs."), ["logs"]);
        assert_eq!(Resolver::from_conf("").names("logs"), ["logs"]);
    }

    /// An answer: the question, an alias, and these addresses.
    fn answer(question: &[u8], data: &[&[u8]], kind: u16) -> Vec<u8> {
        let mut packet = question.to_vec();
        packet[2] = 0x81;
        packet[7] = 1 + u8::try_from(data.len()).expect("a few");
        packet.extend(b"\xc0\x0c\x00\x05\x00\x01\0\0\0\x05\x00\x04\x01x\xc0\x0c");
        for data in data {
            packet.extend(b"\xc0\x0c");
            packet.extend(kind.to_be_bytes());
            packet.extend(b"\x00\x01\0\0\0\x05\x00");
            packet.push(u8::try_from(data.len()).expect("a few"));
            packet.extend(*data);
        }
        packet
    }

    #[test]
    fn an_answer_is_read_past_its_aliases() {
        let asked = question(7, "logs.example", A).expect("a name");
        let packet = answer(&asked, &[&[10, 0, 0, 1], &[10, 0, 0, 2]], A);
        assert_eq!(
            addresses(&packet, 7, A),
            Some(vec![v4("10.0.0.1"), v4("10.0.0.2")])
        );
        assert_eq!(addresses(&packet, 8, A), None, "of another question");
        assert_eq!(addresses(&packet, 7, AAAA), Some(vec![]));
        let packet = answer(&asked, &[&[0; 16]], AAAA);
        assert_eq!(addresses(&packet, 7, AAAA), Some(vec![v4("::")]));
        assert_eq!(addresses(&asked, 7, A), None, "not an answer");
    }

    #[test]
    fn what_is_no_name_is_not_asked_for() {
        assert_eq!(question(1, "a..b", A), None);
        assert_eq!(question(1, &"x".repeat(64), A), None);
        assert_eq!(question(1, &"x.".repeat(150), A), None);
    }

    #[test]
    fn a_server_is_asked_for_each_name_until_one_is_known() {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        let server = socket.local_addr().expect("it is bound");
        let thread = std::thread::spawn(move || {
            let mut names = Vec::new();
            loop {
                let mut packet = [0; 512];
                let (length, from) = socket.recv_from(&mut packet).expect("a question");
                let known = packet[..length].windows(4).any(|four| four == b"\x01b\0\0");
                let data: &[&[u8]] = if known { &[&[10, 0, 0, 7]] } else { &[] };
                names.push(packet[length - 3]);
                socket
                    .send_to(&answer(&packet[..length], data, A), from)
                    .expect("somebody waits");
                if known {
                    return names;
                }
            }
        });
        let resolver = Resolver {
            servers: vec![server],
            search: vec!["a".into(), "b".into()],
            ndots: 1,
        };
        assert_eq!(resolver.look_up("logs"), [v4("10.0.0.7")]);
        let kinds = thread.join().expect("it was asked");
        assert_eq!(kinds, [1, 28, 1], "A and AAAA of logs.a, then A of logs.b");
    }

    proptest! {
        #[test]
        fn no_answer_does_harm(packet in proptest::collection::vec(any::<u8>(), 0..80)) {
            let number = u16::from_be_bytes([*packet.first().unwrap_or(&0), *packet.get(1).unwrap_or(&0)]);
            let _ = addresses(&packet, number, A);
        }
    }
}
