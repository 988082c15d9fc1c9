//! From a plan to a running child: clone, a dozen system calls, exec.
//!
//! Everything a child needs (arguments, environment, groups, the texts of its error messages) is laid out in a
//! [`ChildPlan`] *before* the clone. The child shares the parent's memory until it execs (`CLONE_VM | CLONE_VFORK`),
//! so it must not allocate, lock or call anything but plain system calls; in return a start costs the same however
//! much memory supervisord uses. Its steps and messages are those of the reference's `_spawn_as_child` (SPN-016 to
//! SPN-023).

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::fmt::{self, Write as _};
use std::os::fd::RawFd;
use std::ptr;

use nix::errno::Errno;

/// Stack of the child between clone and exec. It runs one short function and glibc's thin system call wrappers.
const STACK_SIZE: usize = 64 * 1024;

/// Exit status of a child that could not become its program (SPN-022).
const NOT_SPAWNED: c_int = 127;

/// Everything a child needs, in the form in which the kernel wants it.
pub struct ChildPlan {
    pub path: CString,
    pub argv: Vec<CString>,
    /// `KEY=value`.
    pub environment: Vec<CString>,
    pub directory: Option<CString>,
    pub umask: Option<libc::mode_t>,
    /// How many descriptors the child may open, soft and hard.
    pub descriptors: Option<(libc::rlim_t, libc::rlim_t)>,
    pub identity: Identity,
    /// What to say instead of executing, when it is known before that this cannot work (SPN-021).
    pub refused: Option<Vec<u8>>,
    pub stdin: RawFd,
    pub stdout: RawFd,
    pub stderr: RawFd,
}

/// As whom the child runs.
pub enum Identity {
    Unchanged,
    Become {
        uid: libc::uid_t,
        gid: libc::gid_t,
        /// The primary group first, then every group that lists the user (LIF-010).
        groups: Vec<libc::gid_t>,
    },
    /// It is known before the clone that this cannot work; the child says why and ends (SPN-018).
    Impossible {
        message: Vec<u8>,
    },
}

/// What the child reads: borrowed from the plan, laid out flat.
struct Prepared<'a> {
    plan: &'a ChildPlan,
    argv: &'a [*const c_char],
    envp: &'a [*const c_char],
    setuid_message: &'a [u8],
    chdir_message: &'a [u8],
    exec_message: &'a [u8],
    old_mask: libc::sigset_t,
}

/// Memory for the stacks of children. One at a time: the parent sleeps until the child has left it.
pub struct ChildStack(Vec<u8>);

impl Default for ChildStack {
    fn default() -> Self {
        Self(vec![0; STACK_SIZE])
    }
}

impl ChildStack {
    /// Starts the child and returns its pid as soon as it has become its program, or has ended in failing to.
    pub fn spawn(&mut self, plan: &ChildPlan) -> Result<libc::pid_t, Errno> {
        let argv = pointers(&plan.argv);
        let envp = pointers(&plan.environment);
        let uid = match &plan.identity {
            Identity::Become { uid, .. } => *uid,
            Identity::Unchanged | Identity::Impossible { .. } => 0,
        };
        let setuid_message = format!("supervisor: couldn't setuid to {uid}: ").into_bytes();
        let directory = plan.directory.as_deref().map_or(&b""[..], CStr::to_bytes);
        let chdir_message = [b"supervisor: couldn't chdir to ", directory, b": "].concat();
        let name = plan.argv.first().map_or(&b""[..], |name| name.to_bytes());
        let exec_message = [b"supervisor: couldn't exec ", name, b": "].concat();

        let old_mask = block_all_signals()?;
        let prepared = Prepared {
            plan,
            argv: &argv,
            envp: &envp,
            setuid_message: &setuid_message,
            chdir_message: &chdir_message,
            exec_message: &exec_message,
            old_mask,
        };
        // The stack grows down and must be aligned to 16 bytes at its top.
        let end = self.0.as_mut_ptr_range().end;
        let top = end.wrapping_sub(end.addr() % 16);
        let argument = ptr::from_ref(&prepared).cast_mut().cast::<c_void>();
        let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
        // SAFETY: `top` is the aligned end of a live buffer that nobody else uses: `self` is borrowed mutably, and
        // CLONE_VFORK suspends this thread until the child execs or exits, so `prepared` and everything it borrows
        // outlive the child's use of them. `child` follows the rules in the module's essay. The threads that
        // read files for the runtime may run meanwhile: they share nothing that the child writes to, which is its own
        // stack and this thread's errno.
        let pid = unsafe { libc::clone(child, top.cast(), flags, argument) };
        let error = Errno::last();
        restore_signals(&old_mask);
        if pid < 0 { Err(error) } else { Ok(pid) }
    }
}

fn pointers(strings: &[CString]) -> Vec<*const c_char> {
    strings
        .iter()
        .map(|string| string.as_ptr())
        .chain([ptr::null()])
        .collect()
}

/// Runs in the child, on its own stack but in the parent's memory. Never returns to Rust code that could unwind.
extern "C" fn child(argument: *mut c_void) -> c_int {
    // SAFETY: `argument` is the `Prepared` that `ChildStack::spawn` keeps alive while the parent is suspended.
    let prepared = unsafe { &*argument.cast::<Prepared<'_>>() };
    become_program(prepared);
    say(b"supervisor: child process was not spawned\n");
    // SAFETY: _exit ends the child without running anything of the parent's.
    unsafe { libc::_exit(NOT_SPAWNED) }
}

/// Returns only when the program could not be started, after having said why.
fn become_program(prepared: &Prepared<'_>) {
    let plan = prepared.plan;
    // SAFETY: plain system calls on descriptors and strings that live until exec; no allocation, no locks. Signals
    // are blocked until every caught one is back at its default, so no handler of the parent's can run here.
    unsafe {
        reset_caught_signals();
        libc::sigprocmask(
            libc::SIG_SETMASK,
            &raw const prepared.old_mask,
            ptr::null_mut(),
        );
        // A process group of its own, so that a Ctrl-C for supervisord is not one for its children (SPN-025).
        libc::setpgid(0, 0);
        libc::dup2(plan.stdin, 0);
        libc::dup2(plan.stdout, 1);
        libc::dup2(plan.stderr, 2);
        close_from(3);
        if let Some((soft, hard)) = plan.descriptors {
            let limit = libc::rlimit {
                rlim_cur: soft,
                rlim_max: hard,
            };
            libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit);
        }
        match &plan.identity {
            Identity::Unchanged => {}
            Identity::Impossible { message } => {
                say(message);
                return;
            }
            Identity::Become { uid, gid, groups } => {
                if let Err(reason) = change_identity(*uid, *gid, groups) {
                    say(prepared.setuid_message);
                    say(reason);
                    say(b"\n");
                    return;
                }
            }
        }
        if let Some(message) = &plan.refused {
            say(message);
            return;
        }
        if let Some(directory) = &plan.directory
            && libc::chdir(directory.as_ptr()) != 0
        {
            say(prepared.chdir_message);
            say_errno(Errno::last());
            return;
        }
        if let Some(mask) = plan.umask {
            libc::umask(mask);
        }
        libc::execve(
            plan.path.as_ptr(),
            prepared.argv.as_ptr(),
            prepared.envp.as_ptr(),
        );
    }
    say(prepared.exec_message);
    say_errno(Errno::last());
}

/// SAFETY: for the child only. Raw system calls, since glibc's wrappers would involve the parent's threads.
unsafe fn change_identity(
    uid: libc::uid_t,
    gid: libc::gid_t,
    groups: &[libc::gid_t],
) -> Result<(), &'static [u8]> {
    // SAFETY: the slice outlives the call; the other arguments are numbers.
    unsafe {
        if libc::syscall(libc::SYS_setgroups, groups.len(), groups.as_ptr()) != 0 {
            return Err(b"Could not set groups of effective user");
        }
        if libc::syscall(libc::SYS_setgid, gid) != 0 {
            return Err(b"Could not set group id of effective user");
        }
        if libc::syscall(libc::SYS_setuid, uid) != 0 {
            return Err(b"Could not set user id");
        }
    }
    Ok(())
}

/// Puts every caught signal back to its default; ignored ones stay ignored, as the reference leaves SIGPIPE and
/// SIGXFSZ (SIG-008, SPN-024).
///
/// SAFETY: for the child only; the table of handlers is its own copy.
unsafe fn reset_caught_signals() {
    for signal in 1..=64 {
        // SAFETY: both structures are plain data, zeroed is a valid value for them, and both live on this stack.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            if libc::sigaction(signal, ptr::null(), &raw mut action) != 0 {
                continue;
            }
            if action.sa_sigaction != libc::SIG_DFL && action.sa_sigaction != libc::SIG_IGN {
                let mut default: libc::sigaction = std::mem::zeroed();
                default.sa_sigaction = libc::SIG_DFL;
                libc::sigaction(signal, &raw const default, ptr::null_mut());
            }
        }
    }
}

/// SAFETY: for the child only, which needs no descriptor from `first` on.
unsafe fn close_from(first: RawFd) {
    // SAFETY: closing descriptors of the child's own table.
    unsafe {
        if libc::syscall(libc::SYS_close_range, first, u32::MAX, 0) == 0 {
            return;
        }
        // A kernel before 5.9.
        let mut limit: libc::rlimit = std::mem::zeroed();
        libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit);
        let end = RawFd::try_from(limit.rlim_cur)
            .unwrap_or(RawFd::MAX)
            .min(1 << 20);
        for fd in first..end {
            libc::close(fd);
        }
    }
}

/// Writes to what is now the child's standard error. Nobody could be told of a failure.
fn say(text: &[u8]) {
    // SAFETY: a plain write of a live buffer.
    unsafe { libc::write(2, text.as_ptr().cast(), text.len()) };
}

/// The name of the error, written piece by piece, since the child must not allocate.
fn say_errno(error: Errno) {
    struct Stderr;
    impl fmt::Write for Stderr {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            say(text.as_bytes());
            Ok(())
        }
    }
    // `say` cannot fail.
    let _ = writeln!(Stderr, "{error:?}");
}

fn block_all_signals() -> Result<libc::sigset_t, Errno> {
    // SAFETY: both sets are plain data on this stack.
    unsafe {
        let mut all: libc::sigset_t = std::mem::zeroed();
        let mut old: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&raw mut all);
        Errno::result(libc::sigprocmask(
            libc::SIG_SETMASK,
            &raw const all,
            &raw mut old,
        ))?;
        Ok(old)
    }
}

fn restore_signals(old: &libc::sigset_t) {
    // SAFETY: a mask that the kernel itself gave us.
    unsafe { libc::sigprocmask(libc::SIG_SETMASK, old, ptr::null_mut()) };
}

/// The symbolic name of an error, as Python's `errno.errorcode` has it.
pub fn errno_name(error: Errno) -> String {
    format!("{error:?}")
}
