//! What a reading of the configuration depends on besides the file: the program's name, where it stands, its environment.
//!
//! All of it is passed in, nothing is asked of the process while reading. The environment is a snapshot: the
//! reference takes one when its options object is built (EXP-009).

use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use bstr::BString;

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
        let mut environment: Vec<(BString, BString)> = Vec::new();
        for (name, value) in std::env::vars_os() {
            let name = BString::from(name.into_vec());
            // Of a name that is there twice Python takes the first.
            if environment.iter().all(|(known, _)| *known != name) {
                environment.push((name, value.into_vec().into()));
            }
        }
        Ok(Self {
            argv0,
            cwd: std::env::current_dir()?,
            environment,
            hostname: nix::sys::utsname::uname()?
                .nodename()
                .to_string_lossy()
                .into_owned(),
            uid: nix::unistd::getuid().as_raw(),
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

    /// As if the process had these too.
    pub fn set_variables(&mut self, pairs: Vec<(BString, BString)>) {
        for (name, value) in pairs {
            match self
                .environment
                .iter_mut()
                .find(|(known, _)| *known == name)
            {
                Some((_, known)) => *known = value,
                None => self.environment.push((name, value)),
            }
        }
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

#[cfg(test)]
mod tests {
    use super::LoadContext;

    #[test]
    fn this_process_has_a_place_a_name_and_a_user() {
        let context = LoadContext::of_this_process("x".into()).expect("a working directory");
        assert!(context.cwd.is_absolute());
        assert!(!context.hostname.is_empty());
        assert!(context.variable("PATH").is_some());
    }
}
