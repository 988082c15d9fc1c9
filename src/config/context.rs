//! What a reading of the configuration depends on besides the file: the program's name, where it stands, its environment.
//!
//! All of it is passed in, nothing is asked of the process while reading. The environment is a snapshot: the
//! reference takes one when its options object is built (EXP-009).

use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use bstr::{BStr, BString, ByteSlice};

use super::users::UserDatabase;

/// The inputs of a reading that are not in the file.
#[derive(Debug, Clone)]
pub struct LoadContext {
    /// The path under which the program was started, after a look along PATH (CFL-002).
    pub argv0: BString,
    /// Where relative paths start.
    pub cwd: PathBuf,
    /// `ENV_…` names, `HOME` and `TMPDIR` come from here, in the order the process has them.
    pub environment: Vec<(BString, BString)>,
    /// The node name that `uname` gives (EXP-019).
    pub hostname: String,
    /// The real user id of the process.
    pub uid: u32,
    /// Where user and group names are looked up.
    pub users: UserDatabase,
}

impl LoadContext {
    /// The context of this process. `argv0` is given because only the caller can know which path was meant.
    pub fn of_this_process(argv0: BString) -> std::io::Result<Self> {
        let environment = std::env::vars_os()
            .map(|(name, value)| (name.into_vec().into(), value.into_vec().into()))
            .collect();
        Ok(Self {
            argv0,
            cwd: std::env::current_dir()?,
            environment,
            hostname: fs::read_to_string("/proc/sys/kernel/hostname")?
                .trim_end_matches('\n')
                .to_owned(),
            uid: real_uid()?,
            users: UserDatabase::system(),
        })
    }

    /// An environment variable.
    pub fn variable(&self, name: &str) -> Option<&BString> {
        self.environment
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value)
    }

    #[cfg(test)]
    pub fn for_tests() -> Self {
        Self {
            argv0: "/opt/bin/supervisord".into(),
            cwd: "/".into(),
            environment: Vec::new(),
            hostname: "box.example".to_owned(),
            uid: 1000,
            users: UserDatabase::from_text(
                "root:x:0:0:root:/root:/bin/sh\nweb:x:1001:1002:Web:/srv/web:/bin/sh\nme:x:1000:1000::/home/me:\n",
                "root:x:0:\nstaff:x:50:web,me\nweb:x:1002:\n",
            ),
        }
    }
}

/// The first number of the `Uid:` line; the crate may not call libc here (this file has no business with `unsafe`).
fn real_uid() -> std::io::Result<u32> {
    let status = fs::read("/proc/self/status")?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(b"Uid:"))
        .map(BStr::new);
    line.and_then(|line| line.fields().next())
        .and_then(|field| field.to_str().ok()?.parse().ok())
        .ok_or_else(|| std::io::Error::other("no Uid line in /proc/self/status"))
}

#[cfg(test)]
mod tests {
    use super::LoadContext;

    #[test]
    fn this_process_has_a_place_a_name_and_a_user() {
        let context = LoadContext::of_this_process("x".into()).expect("a Linux /proc");
        assert!(context.cwd.is_absolute());
        assert!(!context.hostname.is_empty());
        assert!(context.variable("PATH").is_some());
    }
}
