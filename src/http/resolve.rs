//! From the host of an inet server to an IPv4 address, without the C library's name service.
//!
//! The released program is linked statically, and a static C library must not be asked for names. Literal addresses
//! need no help; then `/etc/hosts` is read; whatever is not in it is asked of the machine's own `getent`, with a time
//! limit, and waited for on the spot, so that nobody else reaps it.

use std::fs;
use std::io::Read;
use std::net::Ipv4Addr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::os::fd::AsFd;

/// How long `getent` may take; a name server that is gone must not hold a start up for ever.
const LIMIT: Duration = Duration::from_secs(10);

/// The address of a host; an empty name is no host. `None` when nobody knows it.
pub fn resolve(host: &str) -> Option<Ipv4Addr> {
    if let Ok(address) = host.parse() {
        return Some(address);
    }
    let hosts = fs::read("/etc/hosts").unwrap_or_default();
    let hosts = String::from_utf8_lossy(&hosts);
    in_hosts(&hosts, host)
        .or_else(|| {
            host.eq_ignore_ascii_case("localhost")
                .then_some(Ipv4Addr::LOCALHOST)
        })
        .or_else(|| ask_getent(host))
}

/// The first IPv4 address that a hosts file gives to the name.
fn in_hosts(hosts: &str, host: &str) -> Option<Ipv4Addr> {
    hosts.lines().find_map(|line| {
        let line = line.split('#').next()?;
        let mut words = line.split_whitespace();
        let address = words.next()?.parse().ok()?;
        words
            .any(|name| name.eq_ignore_ascii_case(host))
            .then_some(address)
    })
}

fn ask_getent(host: &str) -> Option<Ipv4Addr> {
    // A name may not be taken for an option.
    if host.starts_with('-') || host.is_empty() {
        return None;
    }
    let mut child = Command::new("getent")
        .args(["ahostsv4", host])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let answer = read_in_time(&mut child);
    // Has ended, or has had its time.
    let _ = child.kill();
    let _ = child.wait();
    first_address(&answer)
}

/// What a child writes until it closes its output, or until the limit.
fn read_in_time(child: &mut Child) -> String {
    let mut answer = Vec::new();
    let Some(mut output) = child.stdout.take() else {
        return String::new();
    };
    let end = Instant::now() + LIMIT;
    let mut block = [0; 4096];
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let wait = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
        let mut readable = [PollFd::new(output.as_fd(), PollFlags::POLLIN)];
        match poll(&mut readable, wait) {
            Ok(1..) => {}
            Ok(_) | Err(_) => break,
        }
        match output.read(&mut block) {
            Ok(0) | Err(_) => break,
            Ok(count) => answer.extend_from_slice(&block[..count]),
        }
    }
    String::from_utf8_lossy(&answer).into_owned()
}

fn first_address(answer: &str) -> Option<Ipv4Addr> {
    answer.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{first_address, in_hosts, resolve};
    use std::net::Ipv4Addr;

    #[test]
    fn literal_addresses_and_localhost_need_no_help() {
        assert_eq!(resolve("127.0.0.9"), Some(Ipv4Addr::new(127, 0, 0, 9)));
        assert_eq!(resolve("localhost"), Some(Ipv4Addr::LOCALHOST));
        assert_eq!(resolve(""), None);
        assert_eq!(resolve("-i"), None);
    }

    #[test]
    fn a_hosts_file_gives_its_first_ipv4_address() {
        let hosts = "::1 box\n# 10.0.0.9 box\n10.0.0.1\tother Box # main\n10.0.0.2 box\n";
        assert_eq!(in_hosts(hosts, "box"), Some(Ipv4Addr::new(10, 0, 0, 1)));
        assert_eq!(in_hosts(hosts, "main"), None);
        assert_eq!(in_hosts(hosts, "10.0.0.2"), None);
    }

    #[test]
    fn the_first_word_of_getent_is_the_address() {
        let answer = "10.1.2.3     STREAM host\n10.1.2.4     STREAM\n";
        assert_eq!(first_address(answer), Some(Ipv4Addr::new(10, 1, 2, 3)));
        assert_eq!(first_address(""), None);
    }
}
