//! Several targets in one `stdout_logfile` or `stderr_logfile` (GO-230 to GO-241).
//!
//! The reference takes any value for the name of a file. So it stays with one for which a file of that whole name
//! exists, and for every value without a comma, but for `syslog @host`. What is left is a list, and in a list each word
//! has the meaning of the Go version.

use bstr::{BStr, ByteSlice};

use super::context::LoadContext;
use super::error::Reason;
use super::extensions::{LogTarget, SyslogProtocol};
use super::paths;
use super::text;
use super::types::LogFile;
use super::value::{self, LogFileName};

/// What a value names: where the log is read from, and where else it goes.
#[derive(Debug, PartialEq, Eq)]
pub struct LogTargets {
    pub first: LogFileName,
    pub further: Vec<LogTarget>,
}

/// A value that only we understand; `None` for one that is to be read as the reference does.
pub fn parse(text: &BStr, context: &LoadContext) -> Result<Option<LogTargets>, Reason> {
    let whole = paths::expanduser(text, context);
    let is_list = text.contains(&b',') || remote(text).is_some();
    if !is_list || paths::exists(whole.as_bstr(), context) {
        return Ok(None);
    }
    let mut first = None;
    let mut further: Vec<LogTarget> = Vec::new();
    for word in text.split_str(",") {
        let word = text::strip_bytes(BStr::new(word));
        let target = match text::lower(word).as_bytes() {
            b"" | b"none" | b"off" | b"/dev/null" => continue,
            b"auto" => {
                // A second file without a name would have none.
                first.get_or_insert(LogFile::Auto);
                continue;
            }
            b"syslog" => LogTarget::Syslog,
            b"memory" => LogTarget::Memory,
            b"/dev/stdout" => LogTarget::Stdout,
            b"/dev/stderr" => LogTarget::Stderr,
            _ => match remote(word) {
                Some(server) => server?,
                None => LogTarget::File(value::existing_dirpath(word, context)?),
            },
        };
        match target {
            LogTarget::File(path) if first.is_none() => first = Some(LogFile::Path(path)),
            LogTarget::File(path) if first == Some(LogFile::Path(path.clone())) => {}
            target if further.contains(&target) => {}
            target => further.push(target),
        }
    }
    Ok(Some(LogTargets {
        first: LogFileName::File(first.unwrap_or(LogFile::None)),
        further,
    }))
}

/// `syslog @[protocol:]host[:port]` (GO-236, GO-237); `None` for what does not begin like one (GO-239).
fn remote(word: &BStr) -> Option<Result<LogTarget, Reason>> {
    let rest = text::strip_bytes(word);
    let (name, rest) = rest.split_at_checked(b"syslog".len())?;
    if !name.eq_ignore_ascii_case(b"syslog") {
        return None;
    }
    let server = text::strip_bytes(BStr::new(rest)).strip_prefix(b"@")?;
    let target = BStr::new(server).to_str().ok().and_then(server_address);
    Some(target.ok_or_else(|| Reason::SyslogServer {
        value: word.to_owned(),
    }))
}

fn server_address(text: &str) -> Option<LogTarget> {
    let text = text.trim();
    let (protocol, rest) = match text.split_once(':') {
        Some((word, rest)) if word.eq_ignore_ascii_case("udp") => (SyslogProtocol::Udp, rest),
        Some((word, rest)) if word.eq_ignore_ascii_case("tcp") => (SyslogProtocol::Tcp, rest),
        _ => (SyslogProtocol::Udp, text),
    };
    let (host, port) = match rest.strip_prefix('[') {
        // An IPv6 address.
        Some(rest) => {
            let (host, behind) = rest.split_once(']')?;
            host.parse::<std::net::Ipv6Addr>().ok()?;
            match behind.strip_prefix(':') {
                Some(port) => (host, Some(port)),
                None if behind.is_empty() => (host, None),
                None => return None,
            }
        }
        None => match rest.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (rest, None),
        },
    };
    if host.is_empty() || host.contains(|c: char| c.is_whitespace() || "@,/".contains(c)) {
        return None;
    }
    let port = match port {
        Some(port) => port.parse::<u16>().ok().filter(|&port| port > 0)?,
        None => match protocol {
            SyslogProtocol::Udp => 514,
            SyslogProtocol::Tcp => 6514,
        },
    };
    Some(LogTarget::RemoteSyslog {
        protocol,
        host: host.to_owned(),
        port,
    })
}

#[cfg(test)]
mod tests {
    use bstr::BStr;

    use super::{LogTargets, parse};
    use crate::config::context::LoadContext;
    use crate::config::extensions::{LogTarget, SyslogProtocol};
    use crate::config::types::LogFile;
    use crate::config::value::LogFileName;

    fn read(text: &str) -> Result<Option<LogTargets>, String> {
        parse(BStr::new(text), &LoadContext::for_tests()).map_err(|reason| reason.to_string())
    }

    fn targets(first: LogFile, further: &[LogTarget]) -> Result<Option<LogTargets>, String> {
        Ok(Some(LogTargets {
            first: LogFileName::File(first),
            further: further.to_vec(),
        }))
    }

    fn file(path: &str) -> LogFile {
        LogFile::Path(path.into())
    }

    // GO-230, GO-231, SEED-023
    #[test]
    fn the_first_file_is_the_log_and_the_rest_is_further() {
        assert_eq!(
            read("test.log, /dev/stdout"),
            targets(file("test.log"), &[LogTarget::Stdout])
        );
        assert_eq!(
            read("/dev/stderr,a.log,b.log,a.log,syslog"),
            targets(
                file("a.log"),
                &[
                    LogTarget::Stderr,
                    LogTarget::File("b.log".into()),
                    LogTarget::Syslog
                ]
            )
        );
        assert_eq!(
            read("memory,"),
            targets(LogFile::None, &[LogTarget::Memory])
        );
        assert_eq!(read("AUTO, /dev/null"), targets(LogFile::Auto, &[]));
        assert_eq!(
            read("a.log, /nope/b.log"),
            Err("The directory named as part of the path /nope/b.log does not exist".to_owned())
        );
    }

    // GO-239: what the reference understands stays its own.
    #[test]
    fn a_single_value_is_the_references() {
        for text in [
            "syslog",
            "/dev/stdout",
            "AUTO",
            "none",
            "",
            "x.log",
            "syslog.log",
            "memory",
        ] {
            assert_eq!(read(text), Ok(None), "{text}");
        }
    }

    // GO-230
    #[test]
    fn a_file_of_the_whole_name_wins() {
        let file = std::env::temp_dir().join(format!("a,b-{}.log", std::process::id()));
        std::fs::write(&file, "").expect("a file of our own");
        let found = read(&file.to_string_lossy());
        std::fs::remove_file(&file).expect("it was just written");
        assert_eq!(found, Ok(None));
    }

    // GO-236, GO-237
    #[test]
    fn a_syslog_server_has_a_protocol_and_a_port() {
        let server = |protocol, host: &str, port| LogTarget::RemoteSyslog {
            protocol,
            host: host.to_owned(),
            port,
        };
        let (udp, tcp) = (SyslogProtocol::Udp, SyslogProtocol::Tcp);
        for (text, expected) in [
            ("syslog @host", server(udp, "host", 514)),
            ("syslog@host:5514", server(udp, "host", 5514)),
            ("Syslog @udp:host", server(udp, "host", 514)),
            ("syslog @tcp:host", server(tcp, "host", 6514)),
            ("syslog @tcp:10.0.0.1:601", server(tcp, "10.0.0.1", 601)),
            ("syslog @[::1]", server(udp, "::1", 514)),
            ("syslog @tcp:[::1]:601", server(tcp, "::1", 601)),
        ] {
            assert_eq!(read(text), targets(LogFile::None, &[expected]), "{text}");
        }
        for wrong in [
            "syslog @",
            "syslog @host:",
            "syslog @host:0",
            "syslog @http:x:1",
            "syslog @[x]:1",
            "syslog @a b",
        ] {
            let expected =
                format!("value '{wrong}' is not a syslog server: syslog @[udp:|tcp:]host[:port]");
            assert_eq!(read(wrong), Err(expected));
        }
    }
}
