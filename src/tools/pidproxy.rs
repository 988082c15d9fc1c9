//! `pidproxy`: runs a command that puts itself, or another process, into the background, and passes signals on to the
//! process named in a pid file, so that supervisord can supervise it (EXE-003 to EXE-009).
//!
//! One thread that sleeps until a signal arrives: nothing is polled, so the end of the command is seen at once and
//! its status becomes ours, where the reference looks every five seconds and forgets the status (QRK-036). As in the
//! reference, TERM, INT and QUIT end the proxy as soon as they are passed on (EXE-007): whoever stops a program waits for
//! the proxy only.
//!
//! With `-exit-daemon-stop`, which the Go version has, the proxy outlives a command that went into the background, and ends
//! when the process in the pid file does (GO-092, GO-095).

use std::ffi::{OsStr, OsString};
use std::future::poll_fn;
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, ExitStatus};
use std::task::Poll;
use std::time::Duration;

use bstr::BStr;
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::runtime::Builder;
use tokio::signal::unix::{self, SignalKind};

use crate::config::value;

/// What is passed on (EXE-005). Of several that came together, those that end the proxy are last.
const FORWARDED: [Signal; 6] = [
    Signal::SIGHUP,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGTERM,
    Signal::SIGINT,
    Signal::SIGQUIT,
];

/// The statuses a shell has for a command that is not there, or cannot be run.
const NOT_FOUND: u8 = 127;
const NOT_RUNNABLE: u8 = 126;

/// The switch that makes the end of the process in the pid file ours. It counts as the first word only.
const OUTLIVES: &str = "-exit-daemon-stop";

/// How often that process is looked for. It is not our child, so nobody tells us.
const LOOK: Duration = Duration::from_secs(1);

/// Runs the words after the program's name; `argv0` is only shown.
pub fn run(argv0: &OsStr, words: impl Iterator<Item = OsString>) -> ExitCode {
    let argv0 = argv0.to_string_lossy();
    let mut words = words.peekable();
    let outlives = words.next_if(|word| word == OUTLIVES).is_some();
    let (pidfile, command) = match (words.next(), words.next()) {
        (Some(pidfile), Some(command)) => (PathBuf::from(pidfile), command),
        (Some(word), None) if word == "--help" => {
            println!("{}", help(&argv0));
            return ExitCode::SUCCESS;
        }
        _ => {
            println!("{}", usage(&argv0));
            return ExitCode::FAILURE;
        }
    };
    let proxy = Proxy { pidfile, outlives };
    let ended = Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
        .and_then(|runtime| runtime.block_on(proxy.run(&command, words)));
    ended.unwrap_or_else(|error| {
        eprintln!("Can't wait for signals: {error}");
        ExitCode::FAILURE
    })
}

struct Proxy {
    pidfile: PathBuf,
    /// `-exit-daemon-stop`.
    outlives: bool,
}

/// What is to be done after a signal.
enum Next {
    Wait,
    Leave(ExitCode),
}

impl Proxy {
    async fn run(
        &self,
        command: &OsStr,
        arguments: impl Iterator<Item = OsString>,
    ) -> io::Result<ExitCode> {
        // Before the command starts, so that none is missed. Handlers, not a mask: the command must not inherit one.
        let mut signals = Signals::catch()?;
        let mut child = match start(command, arguments) {
            Ok(child) => child,
            Err(error) => {
                eprintln!("Can't run {}: {error}", command.to_string_lossy());
                let missing = error.kind() == io::ErrorKind::NotFound;
                return Ok(ExitCode::from(if missing {
                    NOT_FOUND
                } else {
                    NOT_RUNNABLE
                }));
            }
        };
        let mut alone = false;
        loop {
            let next = tokio::select! {
                signal = signals.next() => match signal {
                    Signal::SIGCHLD => match ended(&mut child) {
                        Next::Leave(ExitCode::SUCCESS) if self.outlives => {
                            alone = true;
                            Next::Wait
                        }
                        next => next,
                    },
                    signal => self.pass_on(signal),
                },
                () = tokio::time::sleep(LOOK), if alone => self.look(),
            };
            if let Next::Leave(code) = next {
                return Ok(code);
            }
        }
    }

    /// Whether the process in the pid file still lives. One that has not written its number yet does.
    fn look(&self) -> Next {
        match read_pid(&self.pidfile) {
            Some(pid) if kill(pid, None) == Err(Errno::ESRCH) => {
                println!("Process {pid} is not alive");
                Next::Leave(ExitCode::FAILURE)
            }
            _ => Next::Wait,
        }
    }

    /// To the process that the pid file names at this moment.
    fn pass_on(&self, signal: Signal) -> Next {
        let Some(pid) = read_pid(&self.pidfile) else {
            println!("Can't read child pidfile {}!", self.pidfile.display());
            return Next::Wait;
        };
        let sent = kill(pid, signal);
        if let Err(error) = sent {
            println!("Can't send {signal} to child {pid}: {}", error.desc());
        }
        match (signal, sent) {
            (Signal::SIGTERM | Signal::SIGINT | Signal::SIGQUIT, Ok(())) => {
                Next::Leave(ExitCode::SUCCESS)
            }
            // The status of the reference, which ends with a traceback (EXE-009).
            (Signal::SIGTERM | Signal::SIGINT | Signal::SIGQUIT, Err(_)) => {
                Next::Leave(ExitCode::FAILURE)
            }
            // Here the reference ends as well and leaves its child alone; nothing is gained by that.
            _ => Next::Wait,
        }
    }
}

struct Signals {
    caught: Vec<(Signal, unix::Signal)>,
}

impl Signals {
    fn catch() -> io::Result<Self> {
        let wanted = FORWARDED.into_iter().chain([Signal::SIGCHLD]);
        let caught = wanted
            .map(|signal| {
                let kind = SignalKind::from_raw(signal as i32);
                Ok((signal, unix::signal(kind)?))
            })
            .collect::<io::Result<_>>()?;
        Ok(Self { caught })
    }

    async fn next(&mut self) -> Signal {
        poll_fn(|context| {
            for (signal, stream) in &mut self.caught {
                if stream.poll_recv(context).is_ready() {
                    return Poll::Ready(*signal);
                }
            }
            Poll::Pending
        })
        .await
    }
}

/// The command's path is made absolute, never looked for along PATH; its own name, `argv[0]`, stays as typed (EXE-004).
fn start(command: &OsStr, arguments: impl Iterator<Item = OsString>) -> io::Result<Child> {
    let path = std::env::current_dir()?.join(command);
    Command::new(path).arg0(command).args(arguments).spawn()
}

/// Whether the child has ended; a stopped child also makes the kernel say SIGCHLD.
fn ended(child: &mut Child) -> Next {
    match child.try_wait() {
        Ok(None) => Next::Wait,
        Ok(Some(status)) => Next::Leave(code_of(status)),
        // Whoever started us had SIGCHLD ignored: there is no status to be had.
        Err(_) => Next::Leave(ExitCode::SUCCESS),
    }
}

/// As a shell says it: 128 and the number for a death by signal.
fn code_of(status: ExitStatus) -> ExitCode {
    const KILLED: i32 = 128;
    let code = status
        .code()
        .or_else(|| status.signal().map(|signal| KILLED + signal));
    code.and_then(|code| u8::try_from(code).ok())
        .map_or(ExitCode::FAILURE, ExitCode::from)
}

/// A number as Python reads it. Zero and less mean process groups to the kernel, our own among them, so they count as
/// unreadable.
fn read_pid(pidfile: &Path) -> Option<Pid> {
    let text = std::fs::read(pidfile).ok()?;
    let number = value::integer(BStr::new(&text)).ok()?;
    let number = i32::try_from(number).ok().filter(|&number| number > 0)?;
    Some(Pid::from_raw(number))
}

fn usage(argv0: &str) -> String {
    format!(
        "pidproxy -- run command and proxy signals to it via its pidfile.\n\
         \n\
         Usage: {argv0} <pidfile name> <command> [<cmdarg1> ...]\n"
    )
}

pub(super) fn help(argv0: &str) -> String {
    let usage = usage(argv0);
    format!(
        "{usage}\n\
         For a server that insists on going into the background and writes its process number\n\
         to a file. supervisord sees pidproxy as the program; what it sends to pidproxy reaches\n\
         the process in the file.\n\
         \n\
         The command is a path, absolute or relative to the current directory: PATH is not\n\
         searched. TERM, HUP, INT, USR1, USR2 and QUIT are passed on to whatever process number\n\
         the file holds at that moment.\n\
         \n\
         When pidproxy ends, and with which status:\n\
         \x20 TERM, INT or QUIT was passed on    at once, 0; 1 if there is no such process\n\
         \x20 the command has ended              at once, the status of the command;\n\
         \x20                                    128 + N if signal N ended it\n\
         \x20 the command cannot be run          127 if it does not exist, else 126\n\
         \x20 words are missing                  1\n\
         A signal while the file cannot be read is reported on standard output and dropped.\n\
         \n\
         With -exit-daemon-stop before the file, a command that ends with status 0 has gone into\n\
         the background: pidproxy stays, passes signals on, and ends with status 1 when the\n\
         process in the file is gone.\n\
         \n\
         Example, in a program section of supervisord.conf:\n\
         \x20 command=/usr/bin/pidproxy /run/mysqld/mysqld.pid /usr/bin/mysqld_safe"
    )
}

#[cfg(test)]
mod tests {
    use super::{help, read_pid, usage};

    // EXE-003
    #[test]
    fn usage_begins_with_what_it_is() {
        let text = usage("./pidproxy");
        assert_eq!(
            text.lines().next(),
            Some("pidproxy -- run command and proxy signals to it via its pidfile.")
        );
        assert!(text.contains("Usage: ./pidproxy <pidfile name> <command> [<cmdarg1> ...]\n"));
        assert!(help("pidproxy").starts_with(&usage("pidproxy")));
    }

    // EXE-006
    #[test]
    fn only_a_positive_number_is_a_process() {
        let file = std::env::temp_dir().join(format!("pidproxy-{}.pid", std::process::id()));
        for (text, expected) in [
            ("12\n", Some(12)),
            (" 1_2 \r\n", Some(12)),
            ("", None),
            ("x", None),
            ("0", None),
            ("-5", None),
            ("99999999999", None),
        ] {
            std::fs::write(&file, text).expect("a file of our own");
            assert_eq!(
                read_pid(&file).map(|pid| pid.as_raw()),
                expected,
                "{text:?}"
            );
        }
        std::fs::remove_file(&file).expect("it was just written");
        assert_eq!(read_pid(&file), None);
    }
}
