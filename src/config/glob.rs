//! Files by pattern, as Python's `glob.glob` finds them (INC-005, INC-006).
//!
//! `*`, `?`, `[…]` and `[!…]` in any part of the path; `**` is no more than `*`; names that begin with a dot are only
//! found by patterns that do. The result is sorted by character, as `sorted()` does it.

use std::os::unix::ffi::OsStringExt;

use bstr::{BStr, BString, ByteSlice};

use super::context::LoadContext;
use super::paths::{is_dir, join, lexists, on_disk, split};
use super::text::{Character, characters};

/// Every path that matches, sorted.
pub fn glob(pattern: &BStr, context: &LoadContext) -> Vec<BString> {
    let mut found = find(pattern, context);
    found.sort_by_cached_key(|path| characters(path.as_bstr()));
    found
}

fn has_wildcard(pattern: &BStr) -> bool {
    pattern.find_byteset(b"*?[").is_some()
}

fn find(pattern: &BStr, context: &LoadContext) -> Vec<BString> {
    let (directory, name) = split(pattern);
    if !has_wildcard(pattern) {
        let exists = if name.is_empty() {
            is_dir(directory, context)
        } else {
            lexists(pattern, context)
        };
        return if exists {
            vec![pattern.to_owned()]
        } else {
            Vec::new()
        };
    }
    let directories = if directory != pattern && has_wildcard(directory) {
        find(directory, context)
    } else {
        vec![directory.to_owned()]
    };
    let mut found = Vec::new();
    for directory in directories {
        for name in names_in(directory.as_bstr(), name, context) {
            found.push(join(directory.as_bstr(), name.as_bstr()));
        }
    }
    found
}

/// The names in a directory that match the last part of a pattern.
fn names_in(directory: &BStr, pattern: &BStr, context: &LoadContext) -> Vec<BString> {
    if !has_wildcard(pattern) {
        let exists = if pattern.is_empty() {
            is_dir(directory, context)
        } else {
            lexists(join(directory, pattern).as_bstr(), context)
        };
        return if exists {
            vec![pattern.to_owned()]
        } else {
            Vec::new()
        };
    }
    // A directory that cannot be listed has no matches.
    let Ok(entries) = std::fs::read_dir(on_disk(directory, context)) else {
        return Vec::new();
    };
    let shows_hidden = pattern.starts_with(b".");
    let pattern = parse(&characters(pattern));
    entries
        .filter_map(Result::ok)
        .map(|entry| BString::from(entry.file_name().into_vec()))
        .filter(|name| shows_hidden || !name.starts_with(b"."))
        .filter(|name| matches(&pattern, &characters(name.as_bstr())))
        .collect()
}

/// A pattern for text that is no path, such as the name of a process.
#[derive(Debug)]
pub struct Pattern(Vec<Piece>);

impl Pattern {
    pub fn new(pattern: &str) -> Self {
        Self(parse(&characters(BStr::new(pattern))))
    }

    pub fn matches(&self, text: &str) -> bool {
        matches(&self.0, &characters(BStr::new(text)))
    }
}

/// One piece of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Any,
    One,
    Exactly(Character),
    Set {
        negated: bool,
        ranges: Vec<(Character, Character)>,
    },
}

/// Python's `fnmatch.translate`. A bracket that is never closed stands for itself.
fn parse(pattern: &[Character]) -> Vec<Piece> {
    let is = |at: usize, c: char| pattern.get(at) == Some(&u32::from(c));
    let mut pieces = Vec::new();
    let mut at = 0;
    while let Some(&character) = pattern.get(at) {
        at += 1;
        match char::from_u32(character) {
            Some('*') => pieces.push(Piece::Any),
            Some('?') => pieces.push(Piece::One),
            Some('[') => {
                let negated = is(at, '!');
                let start = if negated { at + 1 } else { at };
                // A bracket right at the start belongs to the set.
                let search = if is(start, ']') { start + 1 } else { start };
                let end = (search..pattern.len()).find(|&end| is(end, ']'));
                match end {
                    None => pieces.push(Piece::Exactly(character)),
                    Some(end) => {
                        pieces.push(Piece::Set {
                            negated,
                            ranges: ranges(&pattern[start..end]),
                        });
                        at = end + 1;
                    }
                }
            }
            _ => pieces.push(Piece::Exactly(character)),
        }
    }
    pieces
}

/// `a-z` and single characters; a hyphen at either end is one too. A range that runs backwards holds nothing.
fn ranges(set: &[Character]) -> Vec<(Character, Character)> {
    let hyphen = u32::from('-');
    let mut ranges = Vec::new();
    let mut rest = set;
    while let Some((&low, after)) = rest.split_first() {
        match after {
            [dash, high, others @ ..] if *dash == hyphen => {
                if low <= *high {
                    ranges.push((low, *high));
                }
                rest = others;
            }
            _ => {
                ranges.push((low, low));
                rest = after;
            }
        }
    }
    ranges
}

/// Whether a whole name matches. Goes back to the last `*` on a mismatch, so the time is bounded by the product of the
/// lengths.
fn matches(pattern: &[Piece], name: &[Character]) -> bool {
    let (mut piece, mut at) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while at < name.len() {
        let step = match pattern.get(piece) {
            Some(Piece::Any) => {
                piece += 1;
                retry = Some((piece, at));
                continue;
            }
            Some(Piece::One) => true,
            Some(Piece::Exactly(character)) => *character == name[at],
            Some(Piece::Set { negated, ranges }) => {
                let inside = ranges
                    .iter()
                    .any(|&(low, high)| (low..=high).contains(&name[at]));
                inside != *negated
            }
            None => false,
        };
        if step {
            piece += 1;
            at += 1;
        } else if let Some((after_star, from)) = retry {
            piece = after_star;
            at = from + 1;
            retry = Some((after_star, at));
        } else {
            return false;
        }
    }
    pattern[piece..].iter().all(|piece| *piece == Piece::Any)
}

#[cfg(test)]
mod tests {
    use bstr::BStr;

    use super::{characters, glob, matches, parse};
    use crate::config::context::LoadContext;

    fn fits(pattern: &str, name: &str) -> bool {
        let pattern = parse(&characters(BStr::new(pattern)));
        matches(&pattern, &characters(BStr::new(name)))
    }

    // INC-005: answers of Python's fnmatch.
    #[test]
    fn patterns_are_those_of_fnmatch() {
        for (pattern, name) in [
            ("*.conf", "a.conf"),
            ("**", "abc"),
            ("?.conf", "é.conf"),
            ("[a-c]*", "bx"),
            ("[!a-c]*", "dx"),
            ("[]]", "]"),
            ("[!]]", "x"),
            ("[a-]", "-"),
            ("[-a]", "-"),
            ("[", "["),
            ("[a", "[a"),
            ("a*b*c", "axxbxxbc"),
            ("", ""),
        ] {
            assert!(fits(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("*.conf", "a.ini"),
            ("?", ""),
            ("?", "ab"),
            ("[a-c]", "d"),
            ("[c-a]", "b"),
            ("[!a]", "a"),
            ("a*b", "ac"),
            ("", "a"),
        ] {
            assert!(!fits(pattern, name), "{pattern} {name}");
        }
    }

    // INC-005, INC-006
    #[test]
    fn found_files_are_sorted_and_dot_files_are_hidden() {
        let directory = std::env::temp_dir().join(format!("glob-{}", std::process::id()));
        let sub = directory.join("d1");
        std::fs::create_dir_all(&sub).expect("a temporary folder");
        for name in ["b.conf", "a.conf", ".hidden.conf", "d1/c.conf"] {
            std::fs::write(directory.join(name), "").expect("a temporary file");
        }
        let mut context = LoadContext::for_tests();
        context.cwd = directory.clone();
        let found = |pattern: &str| glob(BStr::new(pattern), &context);
        assert_eq!(found("*.conf"), ["a.conf", "b.conf"]);
        assert_eq!(found(".*.conf"), [".hidden.conf"]);
        assert_eq!(found("*/*.conf"), ["d1/c.conf"]);
        assert_eq!(found("**/*.conf"), ["d1/c.conf"]);
        assert_eq!(found("d*/"), ["d1/"]);
        assert_eq!(found("a.conf"), ["a.conf"]);
        assert!(found("nope.conf").is_empty());
        let absolute = format!("{}/[ab].conf", directory.display());
        assert_eq!(found(&absolute).len(), 2);
        std::fs::remove_dir_all(&directory).expect("the temporary folder");
    }
}
