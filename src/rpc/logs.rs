//! Methods that read and empty log files.
//!
//! Offsets and lengths are the business of [`logs::slice`](mod@slice); here stands which file is meant, which fault tells that it is
//! not there, and that only text leaves the house: a window that does not hold whole UTF-8 characters is an HTTP 500
//! and never mended, because log readers ask again with one byte more (RPC-170, CLT-008).

use std::path::{Path, PathBuf};

use super::info::{capped, find};
use super::params::Args;
use super::{Crash, Failure, Rpc, control};
use crate::logs::memory::MemoryLog;
use crate::logs::slice::{self, ReadError, Tail};
use crate::model::fault::{Fault, FaultCode};
use crate::model::namespec::display_name;
use crate::supervisor::command::ProcessResult;
use crate::supervisor::event::Channel;
use crate::supervisor::turn::ProcessId;
use crate::xmlrpc::Writer;

pub(super) fn read_log(rpc: &Rpc, args: Args<'_>, out: &mut Writer) -> Result<(), Failure> {
    read_window(rpc.handle.main_log(), args, 0, out)
}

pub(super) fn read_process_stdout_log(
    rpc: &Rpc,
    args: Args<'_>,
    out: &mut Writer,
) -> Result<(), Failure> {
    read_process_log(rpc, args, Channel::Stdout, out)
}

pub(super) fn read_process_stderr_log(
    rpc: &Rpc,
    args: Args<'_>,
    out: &mut Writer,
) -> Result<(), Failure> {
    read_process_log(rpc, args, Channel::Stderr, out)
}

pub(super) fn tail_process_stdout_log(
    rpc: &Rpc,
    args: Args<'_>,
    out: &mut Writer,
) -> Result<(), Failure> {
    tail_process_log(rpc, args, Channel::Stdout, out)
}

pub(super) fn tail_process_stderr_log(
    rpc: &Rpc,
    args: Args<'_>,
    out: &mut Writer,
) -> Result<(), Failure> {
    tail_process_log(rpc, args, Channel::Stderr, out)
}

/// Deletes supervisord's own log, but never what is no ordinary file (RPC-049, RPC-050).
pub(super) fn clear_log(rpc: &Rpc, _: Args<'_>, out: &mut Writer) -> Result<(), Failure> {
    if let Some(path) = rpc.handle.main_log()
        && path.exists()
        && !is_ours_to_delete(&path)
    {
        return Err(Fault::bare(FaultCode::Failed).into());
    }
    rpc.handle.clear_main_log()?;
    out.bool(true);
    Ok(())
}

pub(super) fn clear_process_logs(
    rpc: &Rpc,
    args: Args<'_>,
    out: &mut Writer,
) -> Result<(), Failure> {
    let name = args.name(0)?;
    let id = rpc.handle.read(|supervisor, _| find(supervisor, name))?;
    rpc.handle
        .clear_logs(id)
        .map_err(|_| Fault::with(FaultCode::Failed, name))?;
    out.bool(true);
    Ok(())
}

/// All at once; the reference does one per turn of its loop (RPC-183).
pub(super) fn clear_all_process_logs(
    rpc: &Rpc,
    _: Args<'_>,
    out: &mut Writer,
) -> Result<(), Failure> {
    let processes: Vec<(ProcessId, String, String)> = rpc.handle.read(|supervisor, _| {
        let named = |id| {
            let (group, process) = supervisor.names(id)?;
            Some((id, group.to_owned(), process.to_owned()))
        };
        supervisor
            .by_priority()
            .into_iter()
            .filter_map(named)
            .collect()
    });
    let results: Vec<ProcessResult> = processes
        .into_iter()
        .map(|(id, group, name)| {
            let (status, description) = match rpc.handle.clear_logs(id) {
                Ok(()) => (FaultCode::Success, "OK".to_owned()),
                Err(_) => {
                    let fault = Fault::with(FaultCode::Failed, display_name(&group, &name));
                    (fault.code, fault.to_string())
                }
            };
            ProcessResult {
                name,
                group,
                status,
                description,
            }
        })
        .collect();
    control::write_results(out, &results);
    Ok(())
}

/// Where the log of a process is to be read.
enum Source {
    Nowhere,
    File(PathBuf),
    /// It has no file, but the target `memory` (GO-241).
    Memory(ProcessId),
}

/// The log of the process that the first argument names.
fn process_log(rpc: &Rpc, args: Args<'_>, channel: Channel) -> Result<Source, Failure> {
    let name = args.name(0)?;
    let (id, path) = rpc.handle.read(|supervisor, _| {
        let id = find(supervisor, name)?;
        let path = supervisor.log_path(id, channel).map(Path::to_path_buf);
        Ok::<_, Failure>((id, path))
    })?;
    Ok(match path {
        Some(path) => Source::File(path),
        None if rpc.handle.memory_log(id, channel, |_| ()).is_some() => Source::Memory(id),
        None => Source::Nowhere,
    })
}

fn read_process_log(
    rpc: &Rpc,
    args: Args<'_>,
    channel: Channel,
    out: &mut Writer,
) -> Result<(), Failure> {
    match process_log(rpc, args, channel)? {
        Source::Nowhere => read_window(None, args, 1, out),
        Source::File(path) => read_window(Some(path), args, 1, out),
        Source::Memory(id) => {
            let (offset, length) = window(args, 1)?;
            let read = |log: &MemoryLog| log.read(offset, length);
            write_window(memory(rpc, id, channel, read)?, out)
        }
    }
}

fn tail_process_log(
    rpc: &Rpc,
    args: Args<'_>,
    channel: Channel,
    out: &mut Writer,
) -> Result<(), Failure> {
    match process_log(rpc, args, channel)? {
        Source::Nowhere => tail(None, args, out),
        Source::File(path) => tail(Some(path), args, out),
        Source::Memory(id) => {
            let (offset, length) = tail_window(args)?;
            let tail = |log: &MemoryLog| log.tail(offset, length);
            write_tail(out, memory(rpc, id, channel, tail)?)
        }
    }
}

/// A look at a log in memory, which was there a moment ago.
fn memory<R>(
    rpc: &Rpc,
    id: ProcessId,
    channel: Channel,
    look: impl FnOnce(&MemoryLog) -> R,
) -> Result<R, Failure> {
    let seen = rpc.handle.memory_log(id, channel, look);
    seen.ok_or_else(|| Fault::bare(FaultCode::NoFile).into())
}

/// Reads the window that the arguments from `first` on describe (RPC-161 to 169).
fn read_window(
    log: Option<PathBuf>,
    args: Args<'_>,
    first: usize,
    out: &mut Writer,
) -> Result<(), Failure> {
    let path = match log {
        None => return Err(Fault::bare(FaultCode::NoFile).into()),
        Some(path) if !path.exists() => {
            return Err(Fault::with(FaultCode::NoFile, path.to_string_lossy()).into());
        }
        Some(path) => path,
    };
    let (offset, length) = window(args, first)?;
    write_window(slice::read_file(&path, offset, length), out)
}

fn window(args: Args<'_>, first: usize) -> Result<(i64, i64), Failure> {
    let offset = position(args.whole_number(first)?)?;
    let length = position(args.whole_number(first + 1)?)?;
    Ok((offset, length))
}

fn write_window(read: Result<Vec<u8>, ReadError>, out: &mut Writer) -> Result<(), Failure> {
    let window = read.map_err(|error| {
        Fault::bare(match error {
            ReadError::BadArguments => FaultCode::BadArguments,
            ReadError::Failed(_) => FaultCode::Failed,
        })
    })?;
    out.string(text(&window)?);
    Ok(())
}

/// Writes the end of a log, its size, and whether something before it was skipped; no fault when there is no log
/// (RPC-171 to 179).
fn tail(log: Option<PathBuf>, args: Args<'_>, out: &mut Writer) -> Result<(), Failure> {
    let Some(path) = log.filter(|path| path.exists()) else {
        return write_tail(
            out,
            Tail {
                data: Vec::new(),
                offset: 0,
                overflow: false,
            },
        );
    };
    let (offset, length) = tail_window(args)?;
    write_tail(out, slice::tail_file(&path, offset, length))
}

/// Nothing here depends on how far beyond a file's possible size a number is.
fn tail_window(args: Args<'_>) -> Result<(i64, i64), Failure> {
    let offset = saturated(args.whole_number(1)?);
    let length = saturated(args.whole_number(2)?);
    Ok((offset, length))
}

fn write_tail(out: &mut Writer, tail: Tail) -> Result<(), Failure> {
    let data = text(&tail.data)?;
    out.begin_array();
    out.string(data);
    out.int(capped(tail.offset));
    out.bool(tail.overflow);
    out.end_array();
    Ok(())
}

/// Devices, pipes and the links in `/dev` and `/proc` that lead to standard streams are not ours, whatever permissions we
/// have.
fn is_ours_to_delete(path: &Path) -> bool {
    let is_system_link =
        path.is_symlink() && (path.starts_with("/dev") || path.starts_with("/proc"));
    path.is_file() && !is_system_link
}

/// A number as a place in a file; none is that far (RPC-168).
fn position(number: i128) -> Result<i64, Failure> {
    if number > i128::from(i64::MAX) {
        return Err(Failure::Crash(Crash {
            class: "OverflowError",
            message: "cannot fit 'int' into an offset-sized integer".to_owned(),
        }));
    }
    Ok(saturated(number))
}

fn saturated(number: i128) -> i64 {
    i64::try_from(number).unwrap_or(if number < 0 { i64::MIN } else { i64::MAX })
}

/// Bytes of a log as text, or the exception that Python raises.
fn text(bytes: &[u8]) -> Result<&str, Failure> {
    std::str::from_utf8(bytes).map_err(|error| {
        let from = error.valid_up_to();
        let found = bytes.get(from).copied().unwrap_or_default();
        let length = error.error_len().unwrap_or(bytes.len() - from);
        let place = match length {
            1 => format!("byte {found:#04x} in position {from}"),
            _ => format!("bytes in position {from}-{}", from + length - 1),
        };
        let reason = match (error.error_len(), found) {
            (None, _) => "unexpected end of data",
            (Some(_), 0xc2..=0xf4) => "invalid continuation byte",
            (Some(_), _) => "invalid start byte",
        };
        Failure::Crash(Crash {
            class: "UnicodeDecodeError",
            message: format!("'utf-8' codec can't decode {place}: {reason}"),
        })
    })
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{is_ours_to_delete, read_window, tail, text};
    use crate::rpc::Failure;
    use crate::rpc::params::Args;
    use crate::xmlrpc::{Value, Writer};

    /// A log file that is gone with the test.
    struct Log(PathBuf);

    impl Log {
        fn with(test: &str, content: &[u8]) -> Self {
            let name = format!("supervisord-rpc-{}-{test}.log", std::process::id());
            let path = std::env::temp_dir().join(name);
            std::fs::write(&path, content).expect("the temporary folder is writable");
            Self(path)
        }

        fn read(&self, args: &[Value]) -> Result<String, String> {
            answer(|out| read_window(Some(self.0.clone()), Args(args), 0, out))
        }

        fn tail(&self, args: &[Value]) -> Result<String, String> {
            let args = [&["name".into()], args].concat();
            answer(|out| tail(Some(self.0.clone()), Args(&args), out))
        }
    }

    impl Drop for Log {
        fn drop(&mut self) {
            // Nothing to be done about it in a test that is over.
            let _ = std::fs::remove_file(&self.0);
        }
    }

    /// The value in an answer without its tags, or how it failed.
    fn answer(call: impl FnOnce(&mut Writer) -> Result<(), Failure>) -> Result<String, String> {
        let mut out = Writer::response();
        match call(&mut out) {
            Ok(()) => {
                let document = String::from_utf8(out.finish()).expect("answers are UTF-8");
                let texts = document
                    .split(['<', '>'])
                    .skip(1)
                    .step_by(2)
                    .zip(document.split(['<', '>']).skip(2).step_by(2));
                let values = texts.filter(|(tag, _)| matches!(*tag, "string" | "int" | "boolean"));
                Ok(values.map(|(_, text)| text).collect::<Vec<_>>().join("|"))
            }
            Err(Failure::Fault(fault)) => Err(fault.to_string()),
            Err(Failure::Crash(crash)) => Err(crash.class.to_owned()),
        }
    }

    // RPC-161 to RPC-168, CLT-003
    #[test]
    fn a_window_is_read_and_its_arguments_may_be_loose() {
        let log = Log::with("window", b"0123456789");
        assert_eq!(log.read(&[2.into(), 3.into()]), Ok("234".into()));
        assert_eq!(log.read(&["2".into(), "3".into()]), Ok("234".into()));
        assert_eq!(log.read(&[(-4).into(), 0.into()]), Ok("6789".into()));
        assert_eq!(log.read(&[99.into(), 5.into()]), Ok("".into()));
        assert_eq!(
            log.read(&[(-4).into(), 1.into()]),
            Err("BAD_ARGUMENTS".into())
        );
        assert_eq!(
            log.read(&[4.into(), (-1).into()]),
            Err("BAD_ARGUMENTS".into())
        );
        assert_eq!(
            log.read(&["abc".into(), 0.into()]),
            Err("ValueError".into())
        );
        assert_eq!(
            log.read(&[Value::Nil, 0.into()]),
            Err("INCORRECT_PARAMETERS".into())
        );
        let beyond = Value::BigInt("9223372036854775808".into());
        assert_eq!(log.read(&[beyond, 0.into()]), Err("OverflowError".into()));
        let below = Value::BigInt("-9223372036854775809".into());
        assert_eq!(log.read(&[below, 1.into()]), Err("BAD_ARGUMENTS".into()));
    }

    // RPC-169: the file is looked for before the arguments are read.
    #[test]
    fn a_log_that_is_not_there_is_no_file() {
        let args = ["abc".into(), 0.into()];
        let missing = PathBuf::from("/nonexistent/x.log");
        assert_eq!(
            answer(|out| read_window(Some(missing), Args(&args), 0, out)),
            Err("NO_FILE: /nonexistent/x.log".into())
        );
        assert_eq!(
            answer(|out| read_window(None, Args(&args), 0, out)),
            Err("NO_FILE".into())
        );
        assert_eq!(
            answer(|out| read_window(
                Some(std::env::temp_dir()),
                Args(&[0.into(), 0.into()]),
                0,
                out
            )),
            Err("FAILED".into())
        );
    }

    // RPC-171 to RPC-179, CLT-008
    #[test]
    fn a_tail_tells_the_size_and_what_was_skipped() {
        let log = Log::with("tail", b"0123456789");
        assert_eq!(log.tail(&[0.into(), 4.into()]), Ok("6789|10|1".into()));
        assert_eq!(log.tail(&["0".into(), "0".into()]), Ok("|10|1".into()));
        assert_eq!(log.tail(&[10.into(), 4.into()]), Ok("|10|0".into()));
        let beyond = Value::BigInt("9223372036854775808".into());
        assert_eq!(log.tail(&[beyond, 4.into()]), Ok("|10|0".into()));
        assert_eq!(log.tail(&["x".into(), 4.into()]), Err("ValueError".into()));
        let missing = PathBuf::from("/nonexistent/x.log");
        let args = ["name".into(), "x".into(), 4.into()];
        assert_eq!(
            answer(|out| tail(Some(missing), Args(&args), out)),
            Ok("|0|0".into())
        );
    }

    // RPC-170, RPC-180, CLT-008
    #[test]
    fn a_window_that_cuts_a_character_is_an_error_and_one_byte_more_is_not() {
        let log = Log::with("cut", "abé".as_bytes());
        assert_eq!(
            log.read(&[0.into(), 3.into()]),
            Err("UnicodeDecodeError".into())
        );
        assert_eq!(log.read(&[0.into(), 4.into()]), Ok("abé".into()));
        assert_eq!(
            log.tail(&[0.into(), 1.into()]),
            Err("UnicodeDecodeError".into())
        );
        assert_eq!(log.tail(&[0.into(), 2.into()]), Ok("é|4|1".into()));
    }

    // RPC-199; expectations printed by Python 3.11.
    #[test]
    fn undecodable_bytes_are_described_as_python_describes_them() {
        let described = |bytes: &[u8]| match text(bytes) {
            Err(Failure::Crash(crash)) => crash.message,
            other => format!("{other:?}"),
        };
        let start = "'utf-8' codec can't decode";
        for (bytes, rest) in [
            (
                &b"ab\xc3"[..],
                "byte 0xc3 in position 2: unexpected end of data",
            ),
            (b"\xe2\x82", "bytes in position 0-1: unexpected end of data"),
            (
                b"\xe2\x82a",
                "bytes in position 0-1: invalid continuation byte",
            ),
            (b"\x88x", "byte 0x88 in position 0: invalid start byte"),
            (
                b"\xf0\x9f\x98",
                "bytes in position 0-2: unexpected end of data",
            ),
            (b"a\xff", "byte 0xff in position 1: invalid start byte"),
            (
                b"\xed\xa0\x80",
                "byte 0xed in position 0: invalid continuation byte",
            ),
            (b"\xc0a", "byte 0xc0 in position 0: invalid start byte"),
            (
                b"\xf4\x90\x80\x80",
                "byte 0xf4 in position 0: invalid continuation byte",
            ),
        ] {
            assert_eq!(described(bytes), format!("{start} {rest}"));
        }
    }

    // RPC-050
    #[test]
    fn devices_and_standard_streams_are_not_deleted() {
        let log = Log::with("ours", b"");
        assert!(is_ours_to_delete(&log.0));
        for other in [
            "/dev/null",
            "/dev/stdout",
            "/proc/self/fd/1",
            "/tmp",
            "/nonexistent",
        ] {
            assert!(!is_ours_to_delete(Path::new(other)), "{other}");
        }
    }
}
