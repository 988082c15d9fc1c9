//! Puts the parts together: reads the command line and the configuration, binds, runs, and restarts or leaves.
//!
//! The order of the reference is kept (LIF-001), since log lines and exit statuses show it: options and limits, the
//! log, AUTO logs, groups, HTTP servers, signals, the pidfile, the loop. One thing comes earlier: sockets are bound
//! before old AUTO logs are swept, so that a second instance that finds the socket taken harms nobody (QRK-028).
//!
//! What goes wrong before the loop is told on stderr in two lines (ERR-001), and while there is a terminal to tell it
//! on: leaving for the background is the last thing before the loop, and before there is a runtime.

mod attention;
mod backend;
mod pidfile;
mod service_manager;
mod source;
mod start;

use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::process::ExitCode;
use std::time::Duration;

use bstr::{BString, ByteSlice};
use tokio::runtime::{Builder, Runtime};
use tokio::task::LocalSet;

use self::attention::Attention;
use self::pidfile::Pidfile;
use self::service_manager::ServiceManager;
use self::source::Source;
use self::start::{StartError, Started, Starter};
use crate::config::command_line::{self, Request};
use crate::config::context::LoadContext;
use crate::config::env_file;
use crate::config::path_search::started_as;
use crate::daemon::daemonize;
use crate::daemon::environment;
use crate::daemon::event_loop::{self, Signals};
use crate::daemon::memory;
use crate::http;
use crate::logs::activity::ActivityLog;
use crate::logs::console;
use crate::model::log;
use crate::supervisor::turn::Ending;

/// Runs supervisord with these words of the command line until it has shut down. `announce` is called once, when the
/// first start has succeeded and before the first program runs.
pub fn run(argv0: OsString, arguments: Vec<OsString>, announce: impl FnOnce()) -> ExitCode {
    let arguments: Vec<BString> = arguments
        .into_iter()
        .map(|word| word.into_vec().into())
        .collect();
    let argv0 = started_as(&argv0, std::env::var_os("PATH").as_deref());
    let code = match run_all(&argv0, &arguments, announce) {
        Ok(code) => code,
        Err(error) => {
            log::critical!("{error}");
            eprint!(
                "Error: {error}\nFor help, use {} -h\n",
                argv0.to_str_lossy()
            );
            if let StartError::Config(error) = &error
                && let Some(hint) = error.hint()
            {
                eprintln!("{hint}");
            }
            ExitCode::from(error.status())
        }
    };
    console::flush(LAST_WORDS);
    code
}

/// How long whoever reads our stdout and stderr has for what programs wrote there; nothing is waited for otherwise.
const LAST_WORDS: Duration = Duration::from_secs(1);

fn run_all(
    argv0: &BString,
    arguments: &[BString],
    announce: impl FnOnce(),
) -> Result<ExitCode, StartError> {
    memory::prepare();
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
    let context = match &command_line.env_file {
        None => context,
        Some(file) => {
            let pairs = env_file::read_for_server(file).map_err(StartError::Environment)?;
            environment::extend(&pairs);
            LoadContext::of_this_process(argv0.clone()).map_err(StartError::Process)?
        }
    };
    let activity = ActivityLog::silent();
    activity
        .install()
        .map_err(|error| StartError::Process(io::Error::other(error)))?;
    let mut starter = Starter::new(Source::new(*command_line, context), activity);
    let started = starter.start()?;
    announce();
    let settings = &started.settings;
    if !settings.nodaemon {
        daemonize::into_background(settings.directory.as_deref(), settings.umask)
            .map_err(StartError::Process)?;
    }
    run_until_shutdown(starter, started)
}

/// One run after the other, in one runtime.
fn run_until_shutdown(mut starter: Starter, first: Started) -> Result<ExitCode, StartError> {
    let (runtime, mut signals) = new_runtime().map_err(StartError::Process)?;
    let mut started = first;
    loop {
        let handle = started.handle.clone();
        let ending = LocalSet::new()
            .block_on(&runtime, serve(started, &mut signals))
            .map_err(StartError::Process)?;
        match ending {
            Ending::Shutdown { status } => {
                // A thread that reads a file holds nobody up.
                runtime.shutdown_background();
                return Ok(ExitCode::from(status));
            }
            Ending::Restart => {
                let serial = handle.next_serial();
                // The old machine must be gone, with all that it has open, before the new one comes.
                drop(handle);
                started = starter.start_after(serial)?;
            }
        }
    }
}

/// Signals are caught once for all runs, so that one that comes between two of them is not lost.
fn new_runtime() -> io::Result<(Runtime, Signals)> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let signals = {
        let _context = runtime.enter();
        Signals::catch()?
    };
    Ok((runtime, signals))
}

/// How long the beginning of a run takes at most, as a rule.
const SETTLED: Duration = Duration::from_secs(1);

/// Once the programs have been started, what only the start needed can go.
async fn settle() {
    tokio::time::sleep(SETTLED).await;
    memory::give_back();
}

/// One run: from everything being ready to everything having stopped.
async fn serve(started: Started, signals: &mut Signals) -> io::Result<Ending> {
    let Started {
        handle,
        servers,
        backend,
        settings,
    } = started;
    let pidfile = Pidfile::write(&settings.pidfile);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let limits = http::Limits::for_servers(servers.len());
    let shutdown = async {
        // A sender that is gone means the same.
        let _ = stopped.await;
    };
    let web = tokio::task::spawn_local(http::serve(servers, backend, limits, shutdown));
    let settling = tokio::task::spawn_local(settle());
    let following = ServiceManager::of_this_process(!settings.nodaemon)
        .map(|manager| tokio::task::spawn_local(manager.follow(handle.clone())));
    let attention = Attention::default();
    let ending = event_loop::run(&handle, signals, |handle| attention.pay(handle)).await;
    settling.abort();
    if let Some(following) = following {
        following.abort();
    }
    drop(stop);
    let web = web
        .await
        .map_err(io::Error::other)
        .and_then(|served| served);
    drop(pidfile);
    web?;
    ending
}
