//! Opening the pipe and the log of one stream of a child that is about to start.

use std::io;
use std::os::fd::OwnedFd;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::unistd::pipe2;

use super::outlets::{Outlets, Whose};
use super::output::{Meaning, Output, Sink};
use crate::daemon::rest::Pace;
use crate::stream::capture::CaptureScanner;
use crate::supervisor::event::Channel;

/// The child's end of a stream, and ours.
pub fn output(
    whose: Whose<'_>,
    strip_ansi: bool,
    outlets: &mut Outlets,
) -> io::Result<(OwnedFd, Output)> {
    let Whose {
        id,
        channel,
        config,
        ..
    } = whose;
    let stream = match channel {
        Channel::Stdout => &config.stdout,
        Channel::Stderr => &config.stderr,
    };
    let (ours, theirs) = pipe2(OFlag::O_CLOEXEC)?;
    set_nonblocking(&ours)?;
    let sink = Sink {
        id,
        channel,
        events_enabled: stream.events_enabled,
        log: outlets.open(whose)?,
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

pub fn set_nonblocking(fd: &OwnedFd) -> io::Result<()> {
    let flags = OFlag::from_bits_retain(fcntl(fd, FcntlArg::F_GETFL)?);
    fcntl(fd, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
    Ok(())
}
