//! Something that succeeds or fails: a hook, a liveness check, what is done about a change (GO-197, GO-199).
//!
//! A probe is a command (exit status 0), a TCP connection (it opens) or an HTTP question (`http`). It runs on behalf of a
//! program, beside the machine, as a future; to drop the future is to end the probe, and with it every process of its
//! command. Each has a time limit. Why a probe failed is a text for the log; nothing is decided by it.

mod hosts;
mod http;
mod tls;
mod url;

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use bstr::{BString, ByteSlice};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::handle::Handle;
use super::helpers::LAST_WORDS;
use crate::config::extensions::Probe;
use crate::config::types::ProcessConfig;
use crate::model::namespec::display_name;
use crate::supervisor::command::ExitStatus;
use crate::supervisor::process::words_for;

pub use self::http::HttpError;

/// The longest part of a failed command's last line that goes into a message.
const SHOWN: usize = 200;

/// How long a hook may take unless the program says otherwise (GO-193).
const HOOK_LIMIT: Duration = Duration::from_secs(60);

/// On whose behalf something is run: as its user, in its directory, with its environment.
#[derive(Debug, Clone)]
pub struct Principal {
    pub group: String,
    pub config: Rc<ProcessConfig>,
    /// What its commands find in their environment beyond that.
    pub told: Vec<(&'static str, String)>,
}

impl Principal {
    pub fn of(group: &str, config: &Rc<ProcessConfig>) -> Self {
        Self {
            group: group.to_owned(),
            config: Rc::clone(config),
            told: Vec::new(),
        }
    }

    /// The name by which a client would call the process, in full.
    pub fn namespec(&self) -> String {
        format!("{}:{}", self.group, self.config.name)
    }

    /// The name by which the log calls it.
    pub fn name(&self) -> String {
        display_name(&self.group, &self.config.name)
    }

    /// How long its hooks, and all other actions, may take.
    pub fn hook_limit(&self) -> Duration {
        let extensions = self.config.extensions.as_ref();
        let seconds = extensions.map_or(0, |extensions| extensions.hooks.timeout);
        match u64::try_from(seconds) {
            Ok(seconds @ 1..) => Duration::from_secs(seconds),
            _ => HOOK_LIMIT,
        }
    }
}

/// Why a probe failed.
#[derive(Debug)]
pub enum ProbeError {
    /// There is no such command, or it could not be started.
    NotStarted(String),
    /// The command ended, but not well; with the last line that it wrote.
    Ended {
        status: ExitStatus,
        last_line: String,
    },
    TimedOut(Duration),
    /// No `host:port`.
    BadAddress(String),
    Connect {
        address: String,
        error: io::Error,
    },
    Http(HttpError),
}

impl fmt::Display for ProbeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotStarted(reason) => f.write_str(reason),
            Self::Ended { status, last_line } => {
                f.write_str(&words_for(*status))?;
                if last_line.is_empty() {
                    return Ok(());
                }
                write!(f, ": {last_line}")
            }
            Self::TimedOut(limit) => write!(f, "not done within {} seconds", limit.as_secs()),
            Self::BadAddress(address) => write!(f, "'{address}' is not host:port"),
            Self::Connect { address, error } => write!(f, "cannot connect to {address}: {error}"),
            Self::Http(error) => error.fmt(f),
        }
    }
}

/// Runs a probe to its end, or to its time limit.
pub async fn run(
    handle: &Handle,
    principal: &Principal,
    probe: &Probe,
    limit: Duration,
) -> Result<(), ProbeError> {
    let prober = Prober { handle, principal };
    timeout(limit, prober.run(probe))
        .await
        .unwrap_or(Err(ProbeError::TimedOut(limit)))
}

struct Prober<'a> {
    handle: &'a Handle,
    principal: &'a Principal,
}

impl Prober<'_> {
    async fn run(&self, probe: &Probe) -> Result<(), ProbeError> {
        match probe {
            Probe::Command(words) => match self.command(words.clone()).await? {
                (ExitStatus::Code(0), _) => Ok(()),
                (status, said) => Err(ProbeError::Ended {
                    status,
                    last_line: last_line(&said),
                }),
            },
            Probe::Tcp(address) => {
                let (host, port) = hosts::host_and_port(address)
                    .ok_or_else(|| ProbeError::BadAddress(address.clone()))?;
                let connected = self.open(host, port).await;
                connected.map(drop).map_err(|error| ProbeError::Connect {
                    address: address.clone(),
                    error,
                })
            }
            Probe::Http(probe) => {
                let network = Network {
                    prober: self,
                    ca_file: probe.ca_file.as_deref(),
                };
                http::probe(probe, &network).await.map_err(ProbeError::Http)
            }
        }
    }

    async fn command(&self, words: Vec<BString>) -> Result<(ExitStatus, Vec<u8>), ProbeError> {
        let helper = self.handle.start_helper(self.principal, words);
        Ok(helper.map_err(ProbeError::NotStarted)?.end().await)
    }

    /// Connects to the first address that answers; of several failures the first is told.
    async fn open(&self, host: &str, port: u16) -> io::Result<TcpStream> {
        let mut failure = None;
        for address in self.addresses(host).await {
            match TcpStream::connect((address, port)).await {
                Ok(stream) => return Ok(stream),
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        Err(failure.unwrap_or_else(|| io::Error::other("unknown host")))
    }

    async fn addresses(&self, host: &str) -> Vec<IpAddr> {
        let known = hosts::known(host);
        if !known.is_empty() {
            return known;
        }
        let Some(question) = hosts::question(host) else {
            return Vec::new();
        };
        let words = question.map(BString::from).to_vec();
        match self.command(words).await {
            Ok((ExitStatus::Code(0), said)) => hosts::answer(&said, said.len() < LAST_WORDS),
            Ok(_) | Err(_) => Vec::new(),
        }
    }
}

/// Where HTTP questions go.
struct Network<'a> {
    prober: &'a Prober<'a>,
    /// Whom to trust instead of those whom the machine trusts.
    ca_file: Option<&'a Path>,
}

impl http::Connect for Network<'_> {
    type Stream = tls::Connection;

    async fn connect(&self, url: &url::Url) -> io::Result<tls::Connection> {
        let stream = self.prober.open(&url.host, url.port).await?;
        if url.secure {
            tls::secure(stream, &url.host, self.ca_file).await
        } else {
            Ok(tls::Connection::Plain(stream))
        }
    }
}

/// The last line with something on it, as one line of a log can hold it.
fn last_line(said: &[u8]) -> String {
    let line = said
        .lines()
        .rev()
        .map(ByteSlice::trim)
        .find(|line| !line.is_empty())
        .unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let shown = line.chars().take(SHOWN).filter(|char| !char.is_control());
    shown.collect()
}

#[cfg(test)]
mod tests {
    use super::last_line;

    #[test]
    fn of_what_a_command_said_the_last_line_is_told() {
        assert_eq!(last_line(b"one\ntwo \r\n\n  \n"), "two");
        assert_eq!(last_line(b"\x1b[31mred\x1b[0m"), "[31mred[0m");
        assert_eq!(last_line(b""), "");
        assert_eq!(last_line(&[b'x'; 1000]).len(), 200);
    }
}
