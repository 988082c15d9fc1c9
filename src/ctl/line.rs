//! A line of input: the command's word and its argument (CTL-020, CTL-062, CTL-067).
//!
//! The rules are those of Python's `cmd.Cmd.parseline`: the word is the leading run of letters, digits and underscores, so
//! `pid?` is `pid` with the argument `?`; a line that starts with `?` asks for help.

/// What a line says. The line itself, trimmed, is kept for the complaint about an unknown word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    Empty,
    Command {
        line: String,
        word: String,
        argument: String,
    },
    /// It starts with something that is no word.
    Unknown {
        line: String,
    },
}

pub fn parse(line: &str) -> Line {
    let line = line.trim_matches(is_blank);
    let line = match line.strip_prefix('?') {
        Some(rest) => format!("help {rest}"),
        None => line.to_owned(),
    };
    let end = line
        .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .unwrap_or(line.len());
    let (word, argument) = line.split_at(end);
    match (line.is_empty(), word.is_empty()) {
        (true, _) => Line::Empty,
        (false, true) => Line::Unknown { line },
        (false, false) => Line::Command {
            word: word.to_owned(),
            argument: argument.trim_matches(is_blank).to_owned(),
            line,
        },
    }
}

/// The words of an argument.
pub fn words(argument: &str) -> Vec<&str> {
    argument
        .split(is_blank)
        .filter(|word| !word.is_empty())
        .collect()
}

/// What Python's `str.split` splits at: Unicode's white space and four separators of ASCII.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || ('\x1c'..='\x1f').contains(&c)
}

#[cfg(test)]
mod tests {
    use super::{Line, parse, words};

    fn shown(line: &str) -> String {
        match parse(line) {
            Line::Empty => "empty".to_owned(),
            Line::Command {
                word,
                argument,
                line,
            } => format!("{word}|{argument}|{line}"),
            Line::Unknown { line } => format!("unknown {line}"),
        }
    }

    // CTL-062, CTL-067
    #[test]
    fn lines_are_taken_apart_as_pythons_cmd_does() {
        for (line, meaning) in [
            ("", "empty"),
            (" \t ", "empty"),
            ("  status  a b ", "status|a b|status  a b"),
            ("pid?", "pid|?|pid?"),
            ("?pid", "help|pid|help pid"),
            ("?", "help||help "),
            ("start-x", "start|-x|start-x"),
            ("h\u{e9}llo", "h|\u{e9}llo|h\u{e9}llo"),
            ("!x", "unknown !x"),
            (".x", "unknown .x"),
        ] {
            assert_eq!(shown(line), meaning, "{line:?}");
        }
    }

    // CTL-021
    #[test]
    fn a_semicolon_separates_nothing() {
        assert_eq!(shown("pid; pid"), "pid|; pid|pid; pid");
        assert_eq!(words("; \u{a0}\u{1c} pid"), [";", "pid"]);
    }
}
