//! `--color`, which the reference does not have: when the states of `status` are coloured.
//!
//! It is looked for before the reference's own options are read, and only in full: as one of theirs it would make `--c`
//! ambiguous, which is `--configuration` (CTL-002).

use bstr::{BString, ByteSlice};

use crate::config::getopt::Switch;

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// On a terminal that can, unless `NO_COLOR` says that colours are not wanted.
    Auto,
    Always,
    Never,
}

impl Colour {
    pub fn is_wanted(self, terminal: bool) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => {
                let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
                terminal
                    && variable("NO_COLOR").is_none()
                    && variable("TERM").is_some_and(|term| term != "dumb")
            }
        }
    }

    fn parse(word: &[u8]) -> Option<Self> {
        match word {
            b"auto" => Some(Self::Auto),
            b"always" => Some(Self::Always),
            b"never" => Some(Self::Never),
            _ => None,
        }
    }
}

/// The arguments without `--color`, and what it said.
pub fn take(switches: &[Switch], arguments: &[BString]) -> Result<(Vec<BString>, Colour), String> {
    let mut left = Vec::new();
    let mut colour = Colour::Auto;
    let mut rest = arguments.iter();
    while let Some(word) = rest.next() {
        let is_option = word.starts_with(b"-") && word != "-" && word != "--";
        if !is_option {
            left.push(word.clone());
            break;
        }
        let value = match word.strip_prefix(b"--color") {
            Some(b"") => rest.next().map(|value| value.as_bytes()),
            Some([b'=', value @ ..]) => Some(value),
            Some(_) | None => {
                left.push(word.clone());
                if takes_next(switches, word) {
                    left.extend(rest.next().cloned());
                }
                continue;
            }
        };
        let value = value.unwrap_or_default();
        colour = Colour::parse(value).ok_or_else(|| {
            let shown = value.to_str_lossy();
            format!("--color is always, never or auto, not {shown:?}")
        })?;
    }
    left.extend(rest.cloned());
    Ok((left, colour))
}

/// Whether the next word is this option's value. For options that are none it does not matter.
fn takes_next(switches: &[Switch], word: &BString) -> bool {
    if let Some(name) = word.strip_prefix(b"--") {
        let is_meant = |switch: &&Switch| {
            let long = switch.long.unwrap_or_default();
            long.as_bytes().starts_with(name)
        };
        return switches
            .iter()
            .find(is_meant)
            .is_some_and(|switch| switch.takes_value);
    }
    let mut letters = word[1..].iter().enumerate();
    let value_at = letters.find(|(_, letter)| {
        switches
            .iter()
            .any(|switch| switch.takes_value && switch.short == Some(char::from(**letter)))
    });
    value_at.is_some_and(|(at, _)| at + 2 == word.len())
}

#[cfg(test)]
mod tests {
    use bstr::BString;

    use super::{Colour, take};
    use crate::ctl::options::FLAGS;

    #[test]
    fn it_is_found_among_the_options_and_nowhere_else() {
        let switches = FLAGS.each_ref().map(|flag| flag.switch);
        for (words, left, colour) in [
            ("--color=always status", "status", Colour::Always),
            (
                "-i --color never -c x status",
                "-i -c x status",
                Colour::Never,
            ),
            ("-c --color=always", "-c --color=always", Colour::Auto),
            ("-ic --color status", "-ic --color status", Colour::Auto),
            ("-cx --color never", "-cx", Colour::Never),
            ("--serv --color=never", "--serv --color=never", Colour::Auto),
            ("status --color=never", "status --color=never", Colour::Auto),
            ("-- --color=never", "-- --color=never", Colour::Auto),
            ("--c x --colors", "--c x --colors", Colour::Auto),
        ] {
            let words: Vec<BString> = words.split(' ').map(BString::from).collect();
            let (rest, found) = take(&switches, &words).expect("a good value");
            let rest: Vec<String> = rest.iter().map(BString::to_string).collect();
            assert_eq!((rest.join(" ").as_str(), found), (left, colour));
        }
        assert!(take(&switches, &["--color=x".into()]).is_err());
        assert!(take(&switches, &["--color".into()]).is_err());
    }
}
