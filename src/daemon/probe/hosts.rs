//! From the host of a probe to its addresses, without the C library's name service (a static one must not be asked).
//!
//! Literal addresses need no help; then `/etc/hosts` is read, at each probe, since it may change. Whatever is not in it is
//! for the machine's own `getent` to say, which the probe runs as it runs any other command.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The addresses of a host, as far as they are known here.
pub fn known(host: &str) -> Vec<IpAddr> {
    if let Ok(address) = host.parse() {
        return vec![address];
    }
    let hosts = std::fs::read("/etc/hosts").unwrap_or_default();
    let found = in_hosts(&String::from_utf8_lossy(&hosts), host);
    if found.is_empty() && host.eq_ignore_ascii_case("localhost") {
        return vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    }
    found
}

/// The words that ask for the addresses of a host; `None` for what can be no name.
pub fn question(host: &str) -> Option<[&str; 3]> {
    // A name may not be taken for an option.
    (!host.is_empty() && !host.starts_with('-')).then_some(["getent", "ahosts", host])
}

/// What `getent` said, as far as it was kept: the beginning may be missing.
pub fn answer(output: &[u8], complete: bool) -> Vec<IpAddr> {
    let text = String::from_utf8_lossy(output);
    let mut addresses: Vec<IpAddr> = Vec::new();
    for line in text.lines().skip(usize::from(!complete)) {
        let word = line.split_whitespace().next();
        let address = word.and_then(|word| word.parse().ok());
        addresses.extend(address.filter(|address| !addresses.contains(address)));
    }
    addresses
}

/// A host and a port as people write them: `host:port`, `[::1]:port`.
pub fn host_and_port(text: &str) -> Option<(&str, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let host = match host.strip_prefix('[') {
        Some(host) => host.strip_suffix(']')?,
        None => host,
    };
    Some((host, port.parse().ok()?)).filter(|(host, _)| !host.is_empty())
}

/// IPv4 first: what a program of this machine listens on, as a rule.
fn in_hosts(hosts: &str, host: &str) -> Vec<IpAddr> {
    let mut found: Vec<IpAddr> = Vec::new();
    for line in hosts.lines() {
        let line = line.split('#').next().unwrap_or_default();
        let mut words = line.split_whitespace();
        let Some(address) = words.next().and_then(|word| word.parse().ok()) else {
            continue;
        };
        if words.any(|name| name.eq_ignore_ascii_case(host)) && !found.contains(&address) {
            found.push(address);
        }
    }
    found.sort_by_key(IpAddr::is_ipv6);
    found
}

#[cfg(test)]
mod tests {
    use super::{answer, host_and_port, in_hosts, known, question};
    use std::net::IpAddr;

    fn addresses(list: &[&str]) -> Vec<IpAddr> {
        let parse = |text: &&str| text.parse().expect("an address");
        list.iter().map(parse).collect()
    }

    #[test]
    fn literal_addresses_and_localhost_need_no_help() {
        assert_eq!(known("127.0.0.9"), addresses(&["127.0.0.9"]));
        assert_eq!(known("::1"), addresses(&["::1"]));
        assert_eq!(
            known("localhost").first(),
            addresses(&["127.0.0.1"]).first()
        );
        assert_eq!(question("-i"), None);
        assert_eq!(question(""), None);
    }

    #[test]
    fn a_hosts_file_gives_all_its_addresses_those_of_ipv4_first() {
        let hosts =
            "::1 box\n# 10.0.0.9 box\n10.0.0.1\tother Box # main\n10.0.0.2 box\n10.0.0.2 box\n";
        assert_eq!(
            in_hosts(hosts, "box"),
            addresses(&["10.0.0.1", "10.0.0.2", "::1"])
        );
        assert_eq!(in_hosts(hosts, "main"), addresses(&[]));
    }

    #[test]
    fn half_a_first_line_of_getent_is_not_believed() {
        let said = b"0.1.2.3 STREAM host\n10.1.2.3 DGRAM\nfe80::1 STREAM\n10.1.2.3 RAW\n";
        assert_eq!(answer(said, false), addresses(&["10.1.2.3", "fe80::1"]));
        assert_eq!(answer(said, true).len(), 3);
        assert_eq!(answer(b"", true), addresses(&[]));
    }

    // GO-199
    #[test]
    fn a_tcp_probe_names_host_and_port() {
        assert_eq!(host_and_port("a:80"), Some(("a", 80)));
        assert_eq!(host_and_port("[::1]:80"), Some(("::1", 80)));
        for bad in ["a", ":80", "a:", "a:x", "a:99999", "[::1:80"] {
            assert_eq!(host_and_port(bad), None, "{bad}");
        }
    }
}
