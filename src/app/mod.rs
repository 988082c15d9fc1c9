//! Puts the parts together: reads the command line and the configuration, binds, runs, and restarts or leaves.
//!
//! The order of the reference is kept (LIF-001), since log lines and exit statuses show it: options and limits, the
//! log, AUTO logs, groups, HTTP servers, signals, the pidfile, the loop. One thing comes earlier: sockets are bound
//! before old AUTO logs are swept, so that a second instance that finds the socket taken harms nobody (QRK-028).
//!
//! What goes wrong before the loop is told on stderr in two lines, and the exit status is 2 (ERR-001).

mod backend;
mod pidfile;
mod start;

pub use self::start::full_path_of;

use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::process::ExitCode;

use bstr::{BString, ByteSlice};
use tokio::runtime::{Builder, Runtime};
use tokio::task::LocalSet;

use self::start::{StartError, Started};
use crate::config::command_line::{self, Request};
use crate::config::context::LoadContext;
use crate::daemon::event_loop::{self, Signals};
use crate::http;
use crate::logs::activity::ActivityLog;
use crate::model::log;
use crate::supervisor::listener_pool::Serial;
use crate::supervisor::turn::{ActivationError, Ending};

/// The exit status for everything that is wrong before anything runs (CLI-016).
const USAGE: u8 = 2;

/// Runs supervisord with these words of the command line until it has shut down. `announce` is called once, when the
/// first start has succeeded and before the first program runs.
pub fn run(argv0: OsString, arguments: Vec<OsString>, announce: impl FnOnce()) -> ExitCode {
    let arguments: Vec<BString> = arguments
        .into_iter()
        .map(|word| word.into_vec().into())
        .collect();
    let argv0 = start::full_path_of(argv0);
    match run_all(&argv0, &arguments, announce) {
        Ok(code) => code,
        Err(error) => {
            log::critical!("{error}");
            eprint!(
                "Error: {error}\nFor help, use {} -h\n",
                argv0.to_str_lossy()
            );
            ExitCode::from(error.status())
        }
    }
}

fn run_all(
    argv0: &BString,
    arguments: &[BString],
    announce: impl FnOnce(),
) -> Result<ExitCode, StartError> {
    let context = LoadContext::of_this_process(argv0.clone()).map_err(StartError::Process)?;
    let command_line = match command_line::parse(arguments, &context)? {
        Request::Run(command_line) => command_line,
        Request::Help => {
            println!("{}", command_line::help(argv0.as_bstr()));
            return Ok(ExitCode::SUCCESS);
        }
        Request::Version => {
            println!("{}", command_line::VERSION);
            return Ok(ExitCode::SUCCESS);
        }
    };
    let activity = ActivityLog::silent();
    activity
        .install()
        .map_err(|error| StartError::Process(io::Error::other(error)))?;
    let mut announce = Some(announce);
    let mut runtime = None;
    let mut serial = Serial::default();
    loop {
        let first = runtime.is_none();
        let started = start::start(&command_line, &context, &activity, first, serial)?;
        if let Some(announce) = announce.take() {
            announce();
        }
        let runtime = match &mut runtime {
            Some(runtime) => runtime,
            None => runtime.insert(new_runtime().map_err(StartError::Process)?),
        };
        let handle = started.handle.clone();
        let ending = LocalSet::new()
            .block_on(runtime, serve(started))
            .map_err(StartError::Process)?;
        match ending {
            Ending::Shutdown => return Ok(ExitCode::SUCCESS),
            Ending::Restart => serial = handle.next_serial(),
        }
    }
}

fn new_runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

/// One run: from everything being ready to everything having stopped.
async fn serve(started: Started) -> io::Result<Ending> {
    let Started {
        handle,
        servers,
        backend,
        pidfile,
    } = started;
    let mut signals = Signals::catch()?;
    let pidfile = pidfile::Pidfile::write(&pidfile);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let limits = http::Limits::for_servers(servers.len());
    let shutdown = async {
        // A sender that is gone means the same.
        let _ = stopped.await;
    };
    let web = tokio::task::spawn_local(http::serve(servers, backend, limits, shutdown));
    let ending = event_loop::run(&handle, &mut signals).await;
    drop(stop);
    let web = web
        .await
        .map_err(io::Error::other)
        .and_then(|served| served);
    drop(pidfile);
    web?;
    ending
}

impl StartError {
    fn status(&self) -> u8 {
        match self {
            // ERR-006: the reference ends with a traceback there, and this status.
            Self::Log(_) | Self::Process(_) | Self::Activation(ActivationError::Socket(_)) => 1,
            Self::Config(_)
            | Self::Bind(_)
            | Self::Limit(_)
            | Self::Activation(ActivationError::AutoLog(_))
            | Self::NotYet(_) => USAGE,
        }
    }
}
