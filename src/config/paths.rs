//! Paths as text, worked on the way Python's `os.path` does it, which is not quite the way `std::path` does.
//!
//! Everything is resolved against the [`LoadContext`]: its working directory, its `HOME`, its users. The process's own
//! are never asked, so that reading a configuration has no hidden input.

use std::ffi::OsStr;
use std::fs::Metadata;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use bstr::{BStr, BString, ByteSlice, ByteVec};

use super::context::LoadContext;

/// A path made of bytes.
pub fn to_path(path: &BStr) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(path))
}

/// The bytes of a path.
pub fn from_path(path: &Path) -> BString {
    BString::from(path.as_os_str().as_bytes())
}

/// `os.path.dirname`: all before the last slash, without the slashes that end it unless there is nothing else.
pub fn dirname(path: &BStr) -> &BStr {
    split(path).0
}

/// `os.path.split`: directory and last part.
pub fn split(path: &BStr) -> (&BStr, &BStr) {
    let cut = path.rfind_byte(b'/').map_or(0, |slash| slash + 1);
    let (head, tail) = path.split_at(cut);
    let trimmed = head.trim_end_with(|c| c == '/');
    let head = if trimmed.is_empty() { head } else { trimmed };
    (BStr::new(head), BStr::new(tail))
}

/// `os.path.join` of two.
pub fn join(base: &BStr, path: &BStr) -> BString {
    if path.starts_with(b"/") {
        return path.to_owned();
    }
    let mut out = base.to_owned();
    if !out.is_empty() && !out.ends_with(b"/") {
        out.push_byte(b'/');
    }
    out.push_str(path);
    out
}

/// `os.path.normpath`: `.`, `..` and double slashes resolved by text alone; exactly two leading slashes stay two.
pub fn normpath(path: &BStr) -> BString {
    if path.is_empty() {
        return BString::from(".");
    }
    let slashes = path.iter().take_while(|&&byte| byte == b'/').count();
    let root: &[u8] = match slashes {
        0 => b"",
        2 => b"//",
        _ => b"/",
    };
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split_str("/") {
        match part {
            b"" | b"." => {}
            b".." => match parts.last() {
                Some(&last) if last != b".." => {
                    parts.pop();
                }
                None if !root.is_empty() => {}
                _ => parts.push(part),
            },
            _ => parts.push(part),
        }
    }
    let mut out = BString::from(root);
    out.push_str(bstr::join("/", parts));
    if out.is_empty() {
        out.push_byte(b'.');
    }
    out
}

/// `os.path.abspath`.
pub fn abspath(path: &BStr, context: &LoadContext) -> BString {
    let cwd = from_path(&context.cwd);
    normpath(join(cwd.as_bstr(), path).as_bstr())
}

/// `os.path.expanduser`: `~` from `HOME` or the user's own entry, `~name` from that user's; else unchanged.
pub fn expanduser(path: &BStr, context: &LoadContext) -> BString {
    if !path.starts_with(b"~") {
        return path.to_owned();
    }
    let end = path.find_byte(b'/').unwrap_or(path.len());
    let name = BStr::new(&path[1..end]);
    let home = if name.is_empty() {
        context.variable("HOME").cloned().or_else(|| {
            context
                .users
                .user_by_id(context.uid)
                .map(|user| user.home.clone())
        })
    } else {
        context
            .users
            .user_by_name(name)
            .map(|user| user.home.clone())
    };
    let Some(home) = home else {
        return path.to_owned();
    };
    let mut out = BString::from(home.trim_end_with(|c| c == '/'));
    out.push_str(&path[end..]);
    if out.is_empty() {
        out.push_byte(b'/');
    }
    out
}

/// The reference's `normalize_path`: home, absolute, normal.
pub fn normalize(path: &BStr, context: &LoadContext) -> BString {
    abspath(expanduser(path, context).as_bstr(), context)
}

/// The path to give to the system: relative ones are taken from the context's working directory.
pub fn on_disk(path: &BStr, context: &LoadContext) -> PathBuf {
    context.cwd.join(to_path(path))
}

fn metadata(path: &BStr, context: &LoadContext) -> Option<Metadata> {
    // An empty path names nothing; joined to the working directory it would name that.
    if path.is_empty() {
        return None;
    }
    std::fs::metadata(on_disk(path, context)).ok()
}

/// `os.path.isdir`.
pub fn is_dir(path: &BStr, context: &LoadContext) -> bool {
    metadata(path, context).is_some_and(|found| found.is_dir())
}

/// `os.path.exists`.
pub fn exists(path: &BStr, context: &LoadContext) -> bool {
    metadata(path, context).is_some()
}

/// `os.path.lexists`: also a link that leads nowhere.
pub fn lexists(path: &BStr, context: &LoadContext) -> bool {
    !path.is_empty() && std::fs::symlink_metadata(on_disk(path, context)).is_ok()
}

#[cfg(test)]
mod tests {
    use bstr::BStr;

    use super::{abspath, dirname, expanduser, join, normpath, split};
    use crate::config::context::LoadContext;

    fn context() -> LoadContext {
        let mut context = LoadContext::for_tests();
        context.cwd = "/srv/x".into();
        context.environment = vec![("HOME".into(), "/home/me/".into())];
        context
    }

    #[test]
    fn directories_are_cut_as_python_cuts_them() {
        for (path, expected) in [
            ("/etc/a.conf", "/etc"),
            ("a.conf", ""),
            ("/a", "/"),
            ("//a", "//"),
            ("a//b", "a"),
            ("a/b/", "a/b"),
        ] {
            assert_eq!(dirname(BStr::new(path)), expected, "{path}");
        }
        assert_eq!(
            split(BStr::new("/etc/x*")),
            (BStr::new("/etc"), BStr::new("x*"))
        );
    }

    // INC-004
    #[test]
    fn an_absolute_path_replaces_the_base() {
        assert_eq!(join(BStr::new("/etc"), BStr::new("/x")), "/x");
        assert_eq!(join(BStr::new("/etc"), BStr::new("c/*")), "/etc/c/*");
        assert_eq!(join(BStr::new("/etc/"), BStr::new("")), "/etc/");
        assert_eq!(join(BStr::new(""), BStr::new("x")), "x");
    }

    // SUP-001, SRV-004; expectations printed by Python 3.11.
    #[test]
    fn paths_are_made_normal_by_text_alone() {
        for (path, expected) in [
            ("", "."),
            ("/", "/"),
            ("//a/../b", "//b"),
            ("///a", "/a"),
            ("a/./b//c/..", "a/b"),
            ("../../a", "../../a"),
            ("/../a", "/a"),
            ("a/..", "."),
        ] {
            assert_eq!(normpath(BStr::new(path)), expected, "{path}");
        }
        assert_eq!(abspath(BStr::new("../y"), &context()), "/srv/y");
        assert_eq!(abspath(BStr::new(""), &context()), "/srv/x");
    }

    // TYP-010, TYP-011
    #[test]
    fn a_tilde_is_the_home_of_the_environment() {
        for (path, expected) in [
            ("~", "/home/me"),
            ("~/log", "/home/me/log"),
            ("a~", "a~"),
            ("~nobody-has-this-name/x", "~nobody-has-this-name/x"),
        ] {
            assert_eq!(expanduser(BStr::new(path), &context()), expected, "{path}");
        }
        let mut rootless = context();
        rootless.environment = vec![("HOME".into(), "/".into())];
        assert_eq!(expanduser(BStr::new("~"), &rootless), "/");
    }
}
