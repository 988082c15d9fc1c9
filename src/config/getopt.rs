//! A command line read as Python's `getopt` reads it (CLI-003, CLI-004).
//!
//! Short flags cluster, values may be attached, long options may be cut to a unique prefix, and everything after the
//! first word that is no option is left alone. Which options there are is told by the caller, so that the daemon and
//! its client share this.

use std::fmt;

use bstr::{BStr, BString, ByteSlice};

use super::text::{characters, push_character, show};

/// An option as the program knows it.
#[derive(Debug, Clone, Copy)]
pub struct Switch {
    pub short: Option<char>,
    pub long: Option<&'static str>,
    pub takes_value: bool,
    /// Not the reference's: the long name counts in full only, so that its prefixes stay those of other options.
    pub in_full: bool,
    /// The short form may stand without its value, at the end or before a word that begins with `-`.
    pub value_may_lack: bool,
}

impl Switch {
    /// As the reference has it.
    pub const fn new(short: Option<char>, long: Option<&'static str>, takes_value: bool) -> Self {
        Self {
            short,
            long,
            takes_value,
            in_full: false,
            value_may_lack: false,
        }
    }
}

/// An option as found: which one, in the words of messages (`-c`, `--configuration`), and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Place in the caller's table.
    pub index: usize,
    pub shown: String,
    /// Empty for an option that takes none.
    pub value: BString,
    /// Without the value that it could have had.
    pub is_bare: bool,
}

/// What is wrong with the form of a command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GetoptError {
    UnknownShort { option: BString },
    ShortWithoutValue { option: BString },
    UnknownLong { option: BString },
    Ambiguous { option: BString },
    LongWithoutValue { option: BString },
    UnwantedValue { option: BString },
}

impl fmt::Display for GetoptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownShort { option } => {
                write!(f, "option -{} not recognized", show(option.as_bstr()))
            }
            Self::ShortWithoutValue { option } => {
                write!(f, "option -{} requires argument", show(option.as_bstr()))
            }
            Self::UnknownLong { option } => {
                write!(f, "option --{} not recognized", show(option.as_bstr()))
            }
            Self::Ambiguous { option } => {
                write!(f, "option --{} not a unique prefix", show(option.as_bstr()))
            }
            Self::LongWithoutValue { option } => {
                write!(f, "option --{} requires argument", show(option.as_bstr()))
            }
            Self::UnwantedValue { option } => write!(
                f,
                "option --{} must not have an argument",
                show(option.as_bstr())
            ),
        }
    }
}

/// The options in order, and the words that are left.
pub fn getopt<'a>(
    switches: &[Switch],
    arguments: &'a [BString],
) -> Result<(Vec<Found>, &'a [BString]), GetoptError> {
    let mut found = Vec::new();
    let mut rest = arguments;
    while let Some((first, after)) = rest.split_first() {
        if first == "--" {
            return Ok((found, after));
        }
        rest = if let Some(long) = first.strip_prefix(b"--") {
            read_long(switches, BStr::new(long), after, &mut found)?
        } else if first.starts_with(b"-") && first != "-" {
            read_shorts(switches, BStr::new(&first[1..]), after, &mut found)?
        } else {
            return Ok((found, rest));
        };
    }
    Ok((found, rest))
}

fn read_long<'a>(
    switches: &[Switch],
    word: &BStr,
    after: &'a [BString],
    found: &mut Vec<Found>,
) -> Result<&'a [BString], GetoptError> {
    let (name, value) = match word.split_once_str("=") {
        Some((name, value)) => (BStr::new(name), Some(BString::from(value))),
        None => (word, None),
    };
    let (index, long) = find_long(switches, name)?;
    let option = BString::from(long);
    let mut rest = after;
    let value = match (switches[index].takes_value, value) {
        (true, Some(value)) => value,
        (true, None) => {
            let (next, after) = rest
                .split_first()
                .ok_or(GetoptError::LongWithoutValue { option })?;
            rest = after;
            next.clone()
        }
        (false, Some(_)) => return Err(GetoptError::UnwantedValue { option }),
        (false, None) => BString::default(),
    };
    found.push(Found {
        index,
        shown: format!("--{long}"),
        value,
        is_bare: false,
    });
    Ok(rest)
}

/// A long option by its whole name or by a prefix that no other has.
fn find_long(switches: &[Switch], name: &BStr) -> Result<(usize, &'static str), GetoptError> {
    let candidates: Vec<(usize, &'static str)> = switches
        .iter()
        .enumerate()
        .filter_map(|(index, switch)| Some((index, switch.long?)))
        .filter(|(index, long)| {
            let long = long.as_bytes();
            long == name || (long.starts_with(name) && !switches[*index].in_full)
        })
        .collect();
    if let Some(&exact) = candidates.iter().find(|(_, long)| long.as_bytes() == name) {
        return Ok(exact);
    }
    let option = name.to_owned();
    match candidates.as_slice() {
        [] => Err(GetoptError::UnknownLong { option }),
        [only] => Ok(*only),
        _ => Err(GetoptError::Ambiguous { option }),
    }
}

/// A cluster such as `-nsk` or `-cfile`.
fn read_shorts<'a>(
    switches: &[Switch],
    cluster: &BStr,
    after: &'a [BString],
    found: &mut Vec<Found>,
) -> Result<&'a [BString], GetoptError> {
    let mut rest = after;
    let letters = characters(cluster);
    let mut next = 0;
    while let Some(&letter) = letters.get(next) {
        next += 1;
        let mut option = BString::default();
        push_character(&mut option, letter);
        let known = switches
            .iter()
            .position(|switch| switch.short.is_some_and(|short| u32::from(short) == letter));
        let Some(index) = known else {
            return Err(GetoptError::UnknownShort { option });
        };
        let mut value = BString::default();
        let next_is_no_value = rest.first().is_none_or(|word| word.starts_with(b"-"));
        let is_bare = switches[index].value_may_lack && next == letters.len() && next_is_no_value;
        if switches[index].takes_value && !is_bare {
            for &character in &letters[next..] {
                push_character(&mut value, character);
            }
            next = letters.len();
            if value.is_empty() {
                let (word, after) = rest.split_first().ok_or_else(|| {
                    let option = option.clone();
                    GetoptError::ShortWithoutValue { option }
                })?;
                value = word.clone();
                rest = after;
            }
        }
        found.push(Found {
            index,
            shown: format!("-{}", show(option.as_bstr())),
            value,
            is_bare,
        });
    }
    Ok(rest)
}

#[cfg(test)]
mod tests {
    use bstr::BString;

    use super::{Switch, getopt};

    const SWITCHES: [Switch; 4] = [
        Switch::new(Some('c'), Some("configuration"), true),
        Switch::new(Some('n'), Some("nodaemon"), false),
        Switch::new(Some('k'), Some("nocleanup"), false),
        Switch::new(None, Some("no"), false),
    ];

    fn shown(words: &[&str]) -> String {
        let words: Vec<BString> = words.iter().map(|&word| word.into()).collect();
        match getopt(&SWITCHES, &words) {
            Ok((found, rest)) => {
                let mut parts: Vec<String> = found
                    .iter()
                    .map(|found| format!("{}={}", found.shown, found.value))
                    .collect();
                parts.extend(rest.iter().map(ToString::to_string));
                parts.join(" ")
            }
            Err(error) => error.to_string(),
        }
    }

    // CLI-003
    #[test]
    fn options_cluster_attach_and_abbreviate() {
        for (words, expected) in [
            (&["-nk", "-cf"][..], "-n= -k= -c=f"),
            (&["-c", "f", "x", "-n"], "-c=f x -n"),
            (&["-nc", "-n"], "-n= -c=-n"),
            (&["--conf=a=b", "--nod"], "--configuration=a=b --nodaemon="),
            (&["--c", "x"], "--configuration=x"),
            (&["--configuration="], "--configuration="),
            (&["--no"], "--no="),
            (&["-n", "--", "-k"], "-n= -k"),
            (&["-n", "-", "-k"], "-n= - -k"),
        ] {
            assert_eq!(shown(words), expected, "{words:?}");
        }
    }

    // CLI-004
    #[test]
    fn mistakes_have_pythons_words() {
        for (words, expected) in [
            (&["-x"][..], "option -x not recognized"),
            (&["-nx"], "option -x not recognized"),
            (&["-:"], "option -: not recognized"),
            (&["-c"], "option -c requires argument"),
            (&["--foo=1"], "option --foo not recognized"),
            (&["--conf"], "option --configuration requires argument"),
            (&["--n"], "option --n not a unique prefix"),
            (&["--nod=1"], "option --nodaemon must not have an argument"),
        ] {
            assert_eq!(shown(words), expected, "{words:?}");
        }
    }
}
