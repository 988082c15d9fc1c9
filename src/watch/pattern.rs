//! Shell patterns for base names, as `restart_file_pattern` has them (GO-176).
//!
//! `*`, `?`, `[a-z]`, `[!a]` and `[^a]`, and a backslash that takes its meaning from the next character. A bracket that is
//! never closed is itself.

/// Whether all of the name matches.
pub fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut in_name) = (0, 0);
    // Where to go on when a star has to take one byte more.
    let mut star: Option<(usize, usize)> = None;
    while in_name < name.len() {
        if pattern.get(at) == Some(&b'*') {
            star = Some((at + 1, in_name));
            at += 1;
            continue;
        }
        match one(&pattern[at..], name[in_name]) {
            Some(length) => {
                at += length;
                in_name += 1;
            }
            None => match star {
                Some((behind, taken)) => {
                    star = Some((behind, taken + 1));
                    (at, in_name) = (behind, taken + 1);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

/// How long the piece at the beginning of the pattern is, if it matches this byte.
fn one(pattern: &[u8], byte: u8) -> Option<usize> {
    match pattern {
        [b'?', ..] => Some(1),
        [b'[', rest @ ..] => match bracket(rest, byte) {
            Some((true, length)) => Some(length + 1),
            Some((false, _)) => None,
            None => (byte == b'[').then_some(1),
        },
        [b'\\', escaped, ..] => (*escaped == byte).then_some(2),
        [literal, ..] => (*literal == byte).then_some(1),
        [] => None,
    }
}

/// Whether a set has this byte, and where it ends; `None` when it does not end.
fn bracket(set: &[u8], byte: u8) -> Option<(bool, usize)> {
    let negated = matches!(set.first(), Some(b'!' | b'^'));
    let first = usize::from(negated);
    let mut at = first;
    let mut found = false;
    loop {
        let mut low = *set.get(at)?;
        if low == b']' && at > first {
            return Some((found != negated, at + 1));
        }
        if low == b'\\' {
            at += 1;
            low = *set.get(at)?;
        }
        let range = set.get(at + 1) == Some(&b'-') && set.get(at + 2).is_some_and(|b| *b != b']');
        let high = if range { set[at + 2] } else { low };
        found |= (low..=high).contains(&byte);
        at += if range { 3 } else { 1 };
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::matches;

    // GO-176
    #[test]
    fn patterns_are_those_of_a_shell() {
        for (pattern, yes, no) in [
            ("*", "a.b", "\u{0}never"),
            ("*.conf", "a.conf", "a.conf.bak"),
            ("*.conf", ".conf", "conf"),
            ("a?c", "abc", "ac"),
            ("a*b*c", "a1b2b3c", "a1c2b"),
            ("[a-c]x", "bx", "dx"),
            ("[!a-c]x", "dx", "bx"),
            ("[^a-c]x", "dx", "bx"),
            ("[]]", "]", "["),
            ("[a-]", "-", "b"),
            ("\\*", "*", "a"),
            ("[a", "[a", "a"),
            ("", "", "a"),
            ("*.*", "a.b", "ab"),
        ] {
            assert!(
                matches(pattern.as_bytes(), yes.as_bytes()),
                "{pattern} {yes}"
            );
            if pattern != "*" {
                assert!(
                    !matches(pattern.as_bytes(), no.as_bytes()),
                    "{pattern} {no}"
                );
            }
        }
    }

    proptest! {
        #[test]
        fn no_pattern_panics(pattern: Vec<u8>, name: Vec<u8>) {
            matches(&pattern, &name);
        }

        #[test]
        fn a_name_with_escapes_matches_itself(name: Vec<u8>) {
            let pattern: Vec<u8> = name.iter().flat_map(|byte| [b'\\', *byte]).collect();
            prop_assert!(matches(&pattern, &name));
        }
    }
}
