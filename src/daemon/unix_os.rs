//! The answers to the machine's questions, given by the real system.

use std::ffi::{CString, OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use bstr::{BStr, BString, ByteSlice};
use nix::errno::Errno;

use super::auto_logs;
use super::clock::Clock;
use super::exec::{ChildPlan, ChildStack, Identity, errno_name};
use super::fcgi::{Resolve, Sockets};
use super::lookup::{self, Program};
use super::pipes::{ChildEnds, Pipes, StdinError};
use super::privileges::{self, Change};
use super::probe::Principal;
use crate::config::env_file::{self, EnvFileError, Pairs};
use crate::config::types::{FcgiConfig, ProcessConfig};
use crate::config::users::UserDatabase;
use crate::model::signal::Signal;
use crate::supervisor::event::Channel;
use crate::supervisor::turn::{
    AutoLogError, ChildKind, CommandError, Os, Pid, ProcessId, SignalError, SignalTarget,
    SocketError, SpawnError, Spawned, StdinClosed,
};

/// Options of supervisord that children depend on. A reread may change them (RRD-002).
#[derive(Debug, Clone)]
pub struct ChildSettings {
    pub childlogdir: PathBuf,
    pub identifier: String,
    pub strip_ansi: bool,
    /// How many descriptors a child may open, soft and hard; supervisord itself may have more.
    pub descriptors: Option<(libc::rlim_t, libc::rlim_t)>,
    /// What SUPERVISOR_SERVER_URL says unless the program says otherwise.
    pub server_url: Option<String>,
}

/// The system as supervisord's own process sees it.
pub struct UnixOs {
    pub pipes: Pipes,
    pub settings: ChildSettings,
    sockets: Sockets,
    /// supervisord's own environment, which every child's begins with (ENV-001).
    environment: Vec<(OsString, OsString)>,
    users: UserDatabase,
    stack: ChildStack,
    pub clock: Clock,
}

impl UnixOs {
    /// `resolve` finds the addresses of hosts that sockets are named after.
    pub fn new(settings: ChildSettings, resolve: Resolve) -> io::Result<Self> {
        Ok(Self {
            pipes: Pipes::new()?,
            settings,
            sockets: Sockets::new(resolve),
            environment: std::env::vars_os().collect(),
            users: UserDatabase::system(),
            stack: ChildStack::default(),
            clock: Clock::start(),
        })
    }

    fn find(&self, config: &ProcessConfig, files: &Pairs) -> Result<Program, CommandError> {
        let (program_path, own_path) = self.paths(config, files);
        let directory = config.directory.as_ref().map(|place| place.as_bstr());
        lookup::find(config.command.as_bstr(), directory, program_path, own_path)
    }

    /// PATH in a program's own environment, and in supervisord's.
    fn paths<'a>(
        &'a self,
        config: &'a ProcessConfig,
        files: &'a Pairs,
    ) -> (Option<&'a BStr>, Option<&'a BStr>) {
        let in_files = || files.iter().find(|(name, _)| name == "PATH");
        let program_path = config
            .environment
            .get(BStr::new("PATH"))
            .or_else(|| in_files().map(|(_, value)| value))
            .map(|path| path.as_bstr());
        let own_path = self.environment.iter().find(|(name, _)| name == "PATH");
        let own_path = own_path.map(|(_, value)| value.as_bytes().as_bstr());
        (program_path, own_path)
    }

    /// Where the program of this process is, from the root: what a start would execute now. A place that is named is the
    /// place, whether there is a program or not.
    pub fn program_file(&self, config: &ProcessConfig) -> Result<PathBuf, CommandError> {
        let files = variables_in_files(config).unwrap_or_default();
        let (program_path, own_path) = self.paths(config, &files);
        let named = lookup::locate(config.command.as_bstr(), program_path, own_path)?;
        // Executed once the child is in its directory.
        let directory = config.directory.as_ref();
        let place = directory.map_or_else(PathBuf::new, |directory| {
            OsStr::from_bytes(directory).into()
        });
        let path = place.join(OsStr::from_bytes(&named));
        Ok(std::path::absolute(&path).unwrap_or(path))
    }

    /// Starts a command beside a program: as its user, in its directory, with its environment, and with nothing on its
    /// stdin (GO-183). The error is a text for people.
    pub fn start_helper(
        &mut self,
        principal: &Principal,
        words: Vec<BString>,
        output: OwnedFd,
    ) -> Result<Pid, String> {
        let Principal {
            group,
            config,
            told,
        } = principal;
        let files = variables_in_files(config).map_err(|error| error.to_string())?;
        let (program_path, own_path) = self.paths(config, &files);
        let program = match &config.directory {
            Some(directory) => lookup::find_in(directory.as_bstr(), words, program_path, own_path),
            None => lookup::find_words(words, program_path, own_path),
        };
        let program = program.map_err(|error| error.to_string())?;
        let nothing = File::open("/dev/null").map_err(|error| format!("/dev/null: {error}"))?;
        let ends = ChildEnds {
            stdin: nothing.into(),
            stdout: output,
            stderr: None,
        };
        let mut plan = self.plan(group, config, &files, program, &ends);
        for (name, value) in told {
            // The texts are numbers and words of our own.
            plan.environment
                .extend(CString::new(format!("{name}={value}")));
        }
        match self.stack.spawn(&plan) {
            Ok(pid) => Ok(Pid(pid)),
            Err(errno) => Err(format!("cannot fork: {}", errno_name(errno))),
        }
    }

    fn plan(
        &self,
        group: &str,
        config: &ProcessConfig,
        files: &Pairs,
        program: Program,
        ends: &ChildEnds,
    ) -> ChildPlan {
        let stdout = ends.stdout.as_raw_fd();
        let mut plan = ChildPlan {
            path: CString::default(),
            argv: Vec::new(),
            environment: Vec::new(),
            directory: None,
            umask: config.umask,
            descriptors: self.settings.descriptors,
            identity: self.identity(config),
            refused: None,
            stdin: ends.stdin.as_raw_fd(),
            stdout,
            stderr: ends.stderr.as_ref().map_or(stdout, AsRawFd::as_raw_fd),
        };
        let environment = self.child_environment(group, config, files);
        if fill(&mut plan, config, program, environment).is_err() {
            plan.refused = Some(refusal(config));
        }
        plan
    }

    /// supervisord's own, then the SUPERVISOR_ variables, then what the configuration says (ENV-001 to ENV-003). Files
    /// of variables stand between the two (GO-157).
    fn child_environment(
        &self,
        group: &str,
        config: &ProcessConfig,
        files: &Pairs,
    ) -> Vec<(OsString, OsString)> {
        let mut environment = self.environment.clone();
        let mut set = |name: &OsStr, value: &OsStr| match environment
            .iter_mut()
            .find(|(known, _)| known == name)
        {
            Some((_, known)) => *known = value.to_owned(),
            None => environment.push((name.to_owned(), value.to_owned())),
        };
        let url = config
            .serverurl
            .as_deref()
            .or(self.settings.server_url.as_deref());
        set(OsStr::new("SUPERVISOR_ENABLED"), OsStr::new("1"));
        if let Some(url) = url.filter(|url| !url.is_empty()) {
            set(OsStr::new("SUPERVISOR_SERVER_URL"), OsStr::new(url));
        }
        set(
            OsStr::new("SUPERVISOR_PROCESS_NAME"),
            OsStr::new(&config.name),
        );
        set(OsStr::new("SUPERVISOR_GROUP_NAME"), OsStr::new(group));
        for (name, value) in self.variables_of_user(config) {
            set(OsStr::new(name), OsStr::from_bytes(&value));
        }
        let own = config.environment.iter();
        for (name, value) in files.iter().map(|(name, value)| (name, value)).chain(own) {
            set(OsStr::from_bytes(name), OsStr::from_bytes(value));
        }
        environment
    }

    /// What `user_environment` sets (GO-140).
    fn variables_of_user(&self, config: &ProcessConfig) -> Vec<(&'static str, BString)> {
        let wanted = config
            .extensions
            .as_ref()
            .filter(|more| more.user_environment);
        let user = wanted
            .and(config.uid)
            .and_then(|uid| self.users.user_by_id(uid));
        let Some(user) = user else {
            return Vec::new();
        };
        vec![
            ("HOME", user.home),
            ("USER", user.name.clone()),
            ("LOGNAME", user.name),
        ]
    }

    /// As whom a child runs (SPN-018, SPN-027).
    fn identity(&self, config: &ProcessConfig) -> Identity {
        let Some(uid) = config.uid else {
            return Identity::Unchanged;
        };
        let gid = config.extensions.as_ref().and_then(|more| more.gid);
        let change = match gid {
            None => privileges::change_to(uid, &self.users),
            Some(gid) => privileges::change_to_group(uid, gid, &self.users),
        };
        match change {
            Ok(Change::None) => Identity::Unchanged,
            Ok(Change::Become(privileges::Identity { uid, gid, groups })) => {
                Identity::Become { uid, gid, groups }
            }
            Err(reason) => Identity::Impossible {
                message: format!("supervisor: couldn't setuid to {uid}: {reason}\n").into_bytes(),
            },
        }
    }
}

/// The variables of the program's files, as they are at this moment (GO-163).
fn variables_in_files(config: &ProcessConfig) -> Result<Pairs, EnvFileError> {
    match &config.extensions {
        None => Ok(Pairs::new()),
        Some(more) => env_file::read_all(&more.env_files),
    }
}

/// Everything that the kernel wants as C strings. A NUL byte in any of it makes the start impossible (SPN-021).
fn fill(
    plan: &mut ChildPlan,
    config: &ProcessConfig,
    program: Program,
    environment: Vec<(OsString, OsString)>,
) -> Result<(), std::ffi::NulError> {
    for argument in program.argv {
        plan.argv.push(CString::new(argument)?);
    }
    plan.path = CString::new(program.path)?;
    plan.directory = config
        .directory
        .as_ref()
        .map(|directory| CString::new(directory.as_slice()))
        .transpose()?;
    for (name, value) in environment {
        plan.environment.push(CString::new(
            [name.as_bytes(), b"=", value.as_bytes()].concat(),
        )?);
    }
    Ok(())
}

fn refusal(config: &ProcessConfig) -> Vec<u8> {
    let name = config
        .command
        .split_str(" ")
        .next()
        .unwrap_or_default()
        .as_bstr()
        .to_string();
    format!("supervisor: couldn't exec {name}: embedded null byte\n").into_bytes()
}

impl Os for UnixOs {
    fn check_command(&mut self, config: &ProcessConfig) -> Result<(), CommandError> {
        // That a file cannot be read is for the start to say.
        let files = variables_in_files(config).unwrap_or_default();
        self.find(config, &files).map(|_| ())
    }

    fn spawn(
        &mut self,
        id: ProcessId,
        kind: ChildKind,
        group: &str,
        config: &ProcessConfig,
    ) -> Result<Spawned, SpawnError> {
        // Before everything else, as the lines of the log show (FCG-003).
        let socket = match &config.socket {
            Some(socket) => Some(
                self.sockets
                    .hold(id, group, socket)
                    .map_err(SpawnError::Socket)?,
            ),
            None => None,
        };
        let files = variables_in_files(config).map_err(|error| SpawnError::Environment {
            reason: error.to_string(),
        })?;
        let program = self.find(config, &files).map_err(SpawnError::Command)?;
        let ends = self
            .pipes
            .open(id, kind, group, config, self.settings.strip_ansi, socket)
            .map_err(|error| match error.raw_os_error().map(Errno::from_raw) {
                Some(Errno::EMFILE) => SpawnError::TooManyFiles,
                Some(errno) => SpawnError::Dispatchers {
                    errno: errno_name(errno),
                },
                None => SpawnError::Dispatchers {
                    errno: error.to_string(),
                },
            })?;
        let plan = self.plan(group, config, &files, program, &ends);
        match self.stack.spawn(&plan) {
            Ok(pid) => Ok(Spawned {
                pid: Pid(pid),
                // By now it is its own program: from here on its startsecs count.
                at: Some(self.clock.now()),
            }),
            Err(errno) => {
                self.pipes.discard(id);
                Err(match errno {
                    Errno::EAGAIN => SpawnError::TooManyProcesses,
                    _ => SpawnError::Fork {
                        errno: errno_name(errno),
                    },
                })
            }
        }
    }

    fn write_stdin(&mut self, id: ProcessId, bytes: &[u8]) -> Result<(), StdinClosed> {
        // A listener for whom that much waits already is as good as one that does not read at all.
        match self.pipes.write_stdin(id, bytes) {
            Ok(()) => Ok(()),
            Err(StdinError::Closed | StdinError::Full) => Err(StdinClosed),
        }
    }

    fn signal(&mut self, target: SignalTarget, signal: Signal) -> Result<(), SignalError> {
        let pid = match target {
            SignalTarget::Process(Pid(pid)) => pid,
            SignalTarget::Group(Pid(pid)) => -pid,
        };
        // SAFETY: two numbers; the machine only names children that have not been reaped. Not through nix, whose
        // signals stop at 31.
        let result = unsafe { libc::kill(pid, signal.number()) };
        match Errno::result(result) {
            Ok(_) => Ok(()),
            Err(Errno::ESRCH) => Err(SignalError::Gone),
            Err(errno) => Err(SignalError::Other {
                errno: errno as i32,
                text: errno.desc().to_owned(),
            }),
        }
    }

    fn create_auto_log(
        &mut self,
        process: &str,
        channel: Channel,
    ) -> Result<PathBuf, AutoLogError> {
        let ChildSettings {
            childlogdir,
            identifier,
            ..
        } = &self.settings;
        auto_logs::create(childlogdir, identifier, process, channel).map_err(|(path, error)| {
            AutoLogError {
                path,
                reason: error.to_string(),
            }
        })
    }

    fn try_socket(&mut self, socket: &FcgiConfig) -> Result<(), SocketError> {
        self.sockets.try_out(socket)
    }

    fn let_go(&mut self, id: ProcessId) {
        self.sockets.let_go(id);
    }
}
