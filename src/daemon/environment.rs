//! Changes of supervisord's own environment, which configurations see as `%(ENV_X)s` and children inherit.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use bstr::BString;

/// Sets variables for the rest of this process's life. For the beginning of it only: no other thread may be there yet.
/// Names are not empty and without `=`, and neither they nor values have a NUL.
pub fn extend(pairs: &[(BString, BString)]) {
    for (name, value) in pairs {
        // SAFETY: the command line has just been read; nobody has started a thread that could look at the environment.
        unsafe { std::env::set_var(OsStr::from_bytes(name), OsStr::from_bytes(value)) };
    }
}
