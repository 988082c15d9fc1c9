//! One output stream of a child: reading it, what its bytes mean, and where they go.

use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::unistd::read;

use super::Heard;
use crate::daemon::rest::Pace;
use crate::logs::child_log::ChildLog;
use crate::logs::file_target::News;
use crate::model::log;
use crate::model::py_repr::repr_str;
use crate::stream::ansi::strip_escapes;
use crate::stream::capture::{CaptureScanner, Piece};
use crate::stream::text::{listener_output_line, output_line};
use crate::supervisor::command::Said;
use crate::supervisor::event::Channel;
use crate::supervisor::turn::ProcessId;

pub struct Output {
    pub fd: Option<OwnedFd>,
    pub meaning: Meaning,
    pub sink: Sink,
    /// Nothing but a log waits for what it says.
    pub may_rest: bool,
    pub pace: Pace,
}

/// What a stream is to us.
pub enum Meaning {
    Output(CaptureScanner),
    /// The protocol of a listener: neither captured nor an event, and stripped in the log only (ELC-008, LOG-034).
    Protocol {
        strip_ansi: bool,
    },
}

/// Where the bytes of one stream go.
pub struct Sink {
    pub id: ProcessId,
    pub channel: Channel,
    pub events_enabled: bool,
    pub log: ChildLog,
}

impl Output {
    /// Reads one block if there is one; the number of bytes.
    pub fn read_block(&mut self, block: &mut [u8], name: &str, heard: &mut Vec<Heard>) -> usize {
        let Some(fd) = &self.fd else { return 0 };
        match read(fd, block) {
            Ok(0) => {
                self.close(heard);
                0
            }
            Ok(got) => {
                let Self { meaning, sink, .. } = self;
                let bytes = &block[..got];
                match meaning {
                    Meaning::Output(scanner) => {
                        scanner.push(bytes, |piece| sink.take(piece, name, heard));
                    }
                    Meaning::Protocol { strip_ansi } => {
                        sink.take_protocol(bytes, *strip_ansi, name, heard);
                    }
                }
                got
            }
            Err(Errno::EAGAIN | Errno::EINTR) => 0,
            Err(error) => {
                log::critical!(
                    "cannot read the {} of '{name}': {error}",
                    self.sink.channel.name()
                );
                self.close(heard);
                0
            }
        }
    }

    pub fn finish(&mut self, name: &str, heard: &mut Vec<Heard>) {
        let Self { meaning, sink, .. } = self;
        if let Meaning::Output(scanner) = meaning {
            scanner.finish(|piece| sink.take(piece, name, heard));
        }
        let channel = sink.channel;
        sink.log.finish(|news| tell(&news, channel, name));
    }

    /// Closing the descriptor also takes it off the epoll instance, since no other process holds our end.
    fn close(&mut self, heard: &mut Vec<Heard>) {
        if let Some(fd) = self.fd.take() {
            let Sink { id, channel, .. } = self.sink;
            heard.push(Heard::Closed {
                id,
                channel,
                fd: fd.as_raw_fd(),
            });
        }
    }
}

impl Sink {
    /// Log bytes go to the log; captured bytes do not, but are shown and told as output all the same (QRK-023).
    pub fn take(&mut self, piece: Piece<'_>, name: &str, heard: &mut Vec<Heard>) {
        let channel = self.channel;
        let output = match piece {
            Piece::Log(bytes) => {
                self.write(bytes, name);
                bytes
            }
            Piece::Captured(bytes) => bytes,
            Piece::Communication(data) => {
                log::debug!("{} {} emitted a comm event", repr_str(name), channel.name());
                heard.push(Heard::Said(self.id, Said::Communication { channel, data }));
                return;
            }
        };
        if output.is_empty() {
            return;
        }
        log::debug!("{}", output_line(name, channel.name(), output));
        if self.events_enabled {
            heard.push(Heard::Said(
                self.id,
                Said::Log {
                    channel,
                    data: output.to_vec(),
                },
            ));
        }
    }

    /// What a listener said (EVL-014, MSG-019).
    fn take_protocol(
        &mut self,
        bytes: &[u8],
        strip_ansi: bool,
        name: &str,
        heard: &mut Vec<Heard>,
    ) {
        log::debug!("{}", listener_output_line(name, self.channel.name(), bytes));
        if strip_ansi {
            self.write(&strip_escapes(bytes), name);
        } else {
            self.write(bytes, name);
        }
        heard.push(Heard::Said(self.id, Said::Protocol(bytes.to_vec())));
    }

    fn write(&mut self, bytes: &[u8], name: &str) {
        let channel = self.channel;
        self.log.write(bytes, |news| tell(&news, channel, name));
    }
}

/// Complains once when a log cannot be written (a full disk, say), and once when it can again.
fn tell(news: &News<'_>, channel: Channel, name: &str) {
    let channel = channel.name();
    match news {
        News::Failing { path: None, error } => {
            log::error!("cannot write the {channel} log of '{name}', its output is lost: {error}");
        }
        News::Failing {
            path: Some(path),
            error,
        } => log::error!(
            "cannot write the {channel} log of '{name}' to {}, its output is lost there: {error}",
            path.display()
        ),
        News::Again { path: None } => {
            log::warn!("the {channel} log of '{name}' can be written again");
        }
        News::Again { path: Some(path) } => log::warn!(
            "the {channel} log of '{name}' can be written to {} again",
            path.display()
        ),
    }
}
