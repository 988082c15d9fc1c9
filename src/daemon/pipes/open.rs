//! Opening the pipe and the log of one stream of a child that is about to start.

use std::io;
use std::os::fd::OwnedFd;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::unistd::pipe2;

use super::output::{Meaning, Output, Sink};
use crate::config::types::{LogFile, ProcessConfig, StreamConfig};
use crate::daemon::rest::Pace;
use crate::logs::child_log::ChildLog;
use crate::logs::rotating::Rotation;
use crate::logs::syslog::Syslog;
use crate::stream::capture::CaptureScanner;
use crate::supervisor::event::Channel;
use crate::supervisor::turn::ProcessId;

/// Under which name lines of children go to syslog (LOG-028).
const SYSLOG_IDENT: &str = "supervisord";

/// The child's end of a stream, and ours.
pub fn output(
    id: ProcessId,
    channel: Channel,
    config: &ProcessConfig,
    strip_ansi: bool,
) -> io::Result<(OwnedFd, Output)> {
    let stream = match channel {
        Channel::Stdout => &config.stdout,
        Channel::Stderr => &config.stderr,
    };
    let (ours, theirs) = pipe2(OFlag::O_CLOEXEC)?;
    set_nonblocking(&ours)?;
    let log = open_log(&config.name, stream)?;
    let sink = Sink {
        id,
        channel,
        events_enabled: stream.events_enabled,
        log,
        failing: false,
    };
    let scanner = CaptureScanner::new(stream.capture_maxbytes, strip_ansi);
    Ok((
        theirs,
        Output {
            fd: Some(ours),
            may_rest: !stream.events_enabled,
            meaning: Meaning::Output(scanner),
            sink,
            pace: Pace::default(),
        },
    ))
}

fn open_log(process: &str, stream: &StreamConfig) -> io::Result<ChildLog> {
    let mut log = ChildLog::nowhere();
    if let LogFile::Path(path) = &stream.logfile
        && !path.as_os_str().is_empty()
    {
        log = log.with_file(
            path,
            Rotation::from_options(stream.logfile_maxbytes, stream.logfile_backups),
        )?;
    }
    if stream.syslog {
        log = log.with_syslog(Syslog::local(SYSLOG_IDENT), process);
    }
    Ok(log)
}

pub fn set_nonblocking(fd: &OwnedFd) -> io::Result<()> {
    let flags = OFlag::from_bits_retain(fcntl(fd, FcntlArg::F_GETFL)?);
    fcntl(fd, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
    Ok(())
}
