//! Files of variables: `envFiles` of a program (GO-157 to GO-163) and `--env-file` of supervisord itself (GO-006 to
//! GO-010).
//!
//! Two dialects, as the Go version has them. A program's file is strict: one bad line and nothing of it is used. That of
//! the server is lenient, and takes any line for `KEY=VALUE`. Values are never expanded: `%` is common in secrets
//! (GO-162).

use std::fmt;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use bstr::{BString, ByteSlice};

use super::extensions::EnvFile;

/// Variables in the order of the file.
pub type Pairs = Vec<(BString, BString)>;

/// A line that a program's file must not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineError {
    /// From 1.
    pub line: usize,
    pub problem: Problem,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    NoEquals,
    Key,
    NoClosingQuote,
    Escape,
    BehindQuote,
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problem = match self.problem {
            Problem::NoEquals => "there is no =",
            Problem::Key => "a name is letters, digits and _ . /, and begins with a letter or _",
            Problem::NoClosingQuote => "the closing quote is missing",
            Problem::Escape => "an unknown escape sequence",
            Problem::BehindQuote => "something stands behind the closing quote",
        };
        write!(f, "line {}: {problem}", self.line)
    }
}

/// Why a file of variables cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvFileError {
    pub path: PathBuf,
    pub reason: Reason,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// In the words of the system.
    Unreadable(String),
    Line(LineError),
}

impl fmt::Display for EnvFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.reason {
            Reason::Unreadable(reason) => {
                write!(f, "couldn't read environment file {path}: {reason}")
            }
            Reason::Line(error) => write!(f, "bad environment file {path}, {error}"),
        }
    }
}

impl std::error::Error for EnvFileError {}

/// Reads a program's files, at each of its starts anew (GO-163). A variable that comes again has its later value
/// (GO-157).
pub fn read_all(files: &[EnvFile]) -> Result<Pairs, EnvFileError> {
    let mut all = Pairs::new();
    for EnvFile { path, optional } in files {
        let failed = |reason| EnvFileError {
            path: path.clone(),
            reason,
        };
        let bytes = match read(path) {
            Ok(bytes) => bytes,
            Err(error) if *optional && error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(failed(Reason::Unreadable(error.to_string()))),
        };
        let pairs = parse(&bytes).map_err(|error| failed(Reason::Line(error)))?;
        for (name, value) in pairs {
            put(&mut all, name, value);
        }
    }
    Ok(all)
}

/// Reads the file of `--env-file`.
pub fn read_for_server(path: &Path) -> Result<Pairs, EnvFileError> {
    match read(path) {
        Ok(bytes) => Ok(parse_for_server(&bytes)),
        Err(error) => Err(EnvFileError {
            path: path.to_owned(),
            reason: Reason::Unreadable(error.to_string()),
        }),
    }
}

/// No file of variables is longer than this; whatever is was not meant.
const LONGEST: u64 = 1 << 20;

/// A start must not wait for whoever might write into a pipe, nor read a device to its end.
fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let file = std::fs::OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path)?;
    if !file.metadata()?.is_file() {
        return Err(std::io::Error::other("not a regular file"));
    }
    let mut bytes = Vec::new();
    file.take(LONGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LONGEST {
        return Err(std::io::Error::other("longer than 1 MiB"));
    }
    Ok(bytes)
}

fn put(pairs: &mut Pairs, name: BString, value: BString) {
    match pairs.iter_mut().find(|(known, _)| *known == name) {
        Some((_, known)) => *known = value,
        None => pairs.push((name, value)),
    }
}

/// The grammar of a program's file (GO-160); an empty value counts (GO-161).
pub fn parse(bytes: &[u8]) -> Result<Pairs, LineError> {
    let mut pairs = Pairs::new();
    for (line, text) in (1..).zip(bytes.lines()) {
        let text = text.trim();
        if text.is_empty() || text.starts_with(b"#") {
            continue;
        }
        let failed = |problem| LineError { line, problem };
        let (name, value) = without_export(text)
            .split_once_str("=")
            .ok_or_else(|| failed(Problem::NoEquals))?;
        let name = name.trim();
        if !is_name(name) {
            return Err(failed(Problem::Key));
        }
        put(
            &mut pairs,
            name.into(),
            value_of(value.trim()).map_err(failed)?,
        );
    }
    Ok(pairs)
}

/// The grammar of `--env-file`: lines without `=` are passed over (GO-007), quotes around a value go, an empty value
/// counts (GO-008), and so does a last line without its end (GO-009).
pub fn parse_for_server(bytes: &[u8]) -> Pairs {
    let mut pairs = Pairs::new();
    for text in bytes.lines() {
        let text = text.trim();
        if text.starts_with(b"#") {
            continue;
        }
        let Some((name, value)) = without_export(text).split_once_str("=") else {
            continue;
        };
        let (name, value) = (name.trim(), value.trim());
        // What the system could not hold.
        if name.is_empty() || name.contains(&0) || value.contains(&0) {
            continue;
        }
        let value = match value {
            [first @ (b'"' | b'\''), inside @ .., last] if first == last => inside,
            _ => value,
        };
        put(&mut pairs, name.into(), value.into());
    }
    pairs
}

fn without_export(text: &[u8]) -> &[u8] {
    match text.strip_prefix(b"export") {
        Some(rest) if rest.starts_with(b" ") || rest.starts_with(b"\t") => rest.trim_start(),
        _ => text,
    }
}

fn is_name(name: &[u8]) -> bool {
    let begins = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'_';
    let goes_on = |byte: &u8| byte.is_ascii_alphanumeric() || b"_./".contains(byte);
    name.first().is_some_and(begins) && name.iter().all(goes_on)
}

fn value_of(text: &[u8]) -> Result<BString, Problem> {
    match text.first() {
        Some(b'\'') => {
            let (inside, behind) = text[1..]
                .split_once_str("'")
                .ok_or(Problem::NoClosingQuote)?;
            nothing_but_a_comment(behind)?;
            Ok(inside.into())
        }
        Some(b'"') => double_quoted(&text[1..]),
        // A comment begins anywhere.
        _ => {
            let end = text.find_byte(b'#').unwrap_or(text.len());
            Ok(text[..end].trim_end().into())
        }
    }
}

fn nothing_but_a_comment(text: &[u8]) -> Result<(), Problem> {
    let text = text.trim_start();
    if text.is_empty() || text.starts_with(b"#") {
        Ok(())
    } else {
        Err(Problem::BehindQuote)
    }
}

/// `text` begins behind the opening quote. The escapes are those of JSON.
fn double_quoted(text: &[u8]) -> Result<BString, Problem> {
    let mut out = BString::default();
    let mut rest = text;
    loop {
        let at = rest.find_byteset(b"\\\"").ok_or(Problem::NoClosingQuote)?;
        out.extend_from_slice(&rest[..at]);
        if rest[at] == b'"' {
            nothing_but_a_comment(&rest[at + 1..])?;
            return Ok(out);
        }
        let escape = rest.get(at + 1).ok_or(Problem::NoClosingQuote)?;
        rest = &rest[at + 2..];
        match escape {
            b'"' | b'\\' | b'/' => out.push(*escape),
            b'b' => out.push(8),
            b'f' => out.push(12),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'u' => {
                let character = unicode(&mut rest).ok_or(Problem::Escape)?;
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
            _ => return Err(Problem::Escape),
        }
    }
}

/// Four hexadecimal digits, or two times four for a character that needs a pair.
fn unicode(rest: &mut &[u8]) -> Option<char> {
    let first = four_digits(rest)?;
    let is_high = (0xd800..0xdc00).contains(&first);
    let code = if is_high {
        *rest = rest.strip_prefix(b"\\u")?;
        let second = four_digits(rest)?;
        let low = second.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
        0x10000 + ((first - 0xd800) << 10) + low
    } else {
        first
    };
    char::from_u32(code).filter(|c| *c != '\0')
}

fn four_digits(rest: &mut &[u8]) -> Option<u32> {
    let (digits, behind) = rest.split_at_checked(4)?;
    *rest = behind;
    digits.iter().try_fold(0, |code, &digit| {
        Some(code * 16 + char::from(digit).to_digit(16)?)
    })
}

#[cfg(test)]
mod tests {
    use super::{Problem, Reason, parse, parse_for_server, read_all, read_for_server};
    use crate::config::extensions::EnvFile;
    use crate::config::tests::extensions::Folder;

    fn shown(pairs: &super::Pairs) -> String {
        let shown: Vec<String> = pairs
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        shown.join("|")
    }

    fn read(text: &str) -> String {
        match parse(text.as_bytes()) {
            Ok(pairs) => shown(&pairs),
            Err(error) => format!("error in {error}"),
        }
    }

    // GO-160
    #[test]
    fn blank_lines_and_comments_say_nothing() {
        assert_eq!(read("\n  \n# A=1\n   # B=2\nC=3\r\n"), "C=3");
        assert_eq!(read("A=1"), "A=1");
        assert_eq!(read(""), "");
    }

    // GO-160
    #[test]
    fn export_may_stand_in_front() {
        assert_eq!(
            read("export A=1\nexport\tB=2\nexport=3"),
            "A=1|B=2|export=3"
        );
        assert!(read("exported A=1").starts_with("error in line 1: a name is"));
    }

    // GO-160
    #[test]
    fn names_have_letters_digits_and_three_signs() {
        assert_eq!(read("_a.B/9 = x"), "_a.B/9=x");
        for wrong in ["9A=1", "A-B=1", "=1", "A B=1", "É=1"] {
            assert!(
                read(wrong).starts_with("error in line 1: a name is"),
                "{wrong}"
            );
        }
    }

    // GO-160
    #[test]
    fn single_quotes_keep_everything() {
        assert_eq!(read(r#"A='x # \n "y" '"#), r#"A=x # \n "y" "#);
        assert_eq!(read("A='x' # comment"), "A=x");
        assert_eq!(
            read("A='x"),
            "error in line 1: the closing quote is missing"
        );
        assert_eq!(
            read("A='x'y"),
            "error in line 1: something stands behind the closing quote"
        );
    }

    // GO-160
    #[test]
    fn double_quotes_know_the_escapes_of_json() {
        assert_eq!(read(r#"A="\"\\\/\b\f\n\r\t""#), "A=\"\\/\u{8}\u{c}\n\r\t");
        assert_eq!(
            read(r#"A="caf\u00e9 \ud83d\ude00 # no comment" # one"#),
            "A=café 😀 # no comment"
        );
        for wrong in [r#"A="\x""#, r#"A="\u12""#, r#"A="\ud83d""#, r#"A="\u0000""#] {
            assert_eq!(
                read(wrong),
                "error in line 1: an unknown escape sequence",
                "{wrong}"
            );
        }
        for wrong in [r#"A="x"#, r#"A="x\"#, r#"A="x\""#] {
            assert_eq!(
                read(wrong),
                "error in line 1: the closing quote is missing",
                "{wrong}"
            );
        }
    }

    // GO-160
    #[test]
    fn without_quotes_a_hash_sign_ends_the_value() {
        assert_eq!(read("A= a b #c\nB=x#y\nC=#"), "A=a b|B=x|C=");
    }

    // GO-161, GO-162
    #[test]
    fn empty_values_count_and_nothing_is_expanded() {
        assert_eq!(
            read("A=\nB=''\nC=%(here)s 100% $HOME"),
            "A=|B=|C=%(here)s 100% $HOME"
        );
    }

    // GO-160
    #[test]
    fn one_bad_line_rejects_the_file() {
        assert_eq!(read("A=1\n\nB\nC=3"), "error in line 3: there is no =");
    }

    // GO-157, GO-159, GO-163
    #[test]
    fn a_later_file_wins_and_a_missing_one_is_an_error() {
        let folder = Folder::new();
        folder.write("a.env", "A=1\nB=1\n");
        folder.write("b.env", "B=2\nC=2\n");
        let file = |name: &str, optional| EnvFile {
            path: folder.0.join(name),
            optional,
        };
        let both = [
            file("a.env", false),
            file("b.env", false),
            file("no.env", true),
        ];
        assert_eq!(
            read_all(&both).map(|pairs| shown(&pairs)),
            Ok("A=1|B=2|C=2".to_owned())
        );
        folder.write("a.env", "A=new\n");
        assert_eq!(
            read_all(&both).map(|pairs| shown(&pairs)),
            Ok("A=new|B=2|C=2".to_owned())
        );

        let error = read_all(&[file("no.env", false)]).expect_err("no such file");
        let expected = format!(
            "couldn't read environment file {}/no.env: No such file or directory (os error 2)",
            folder.0.display()
        );
        assert_eq!(error.to_string(), expected);
        folder.write("bad.env", "A=1\nB\n");
        let error = read_all(&[file("bad.env", true)]).expect_err("a bad file");
        assert!(matches!(&error.reason, Reason::Line(line) if line.problem == Problem::NoEquals));
        let expected = format!(
            "bad environment file {}/bad.env, line 2: there is no =",
            folder.0.display()
        );
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn only_regular_files_of_some_length_are_read() {
        let folder = Folder::new();
        let fifo = folder.0.join("fifo");
        nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).expect("a pipe of our own");
        let long = "A=1\n".repeat(1 << 18) + "B=2";
        folder.write("long.env", &long);
        for (name, expected) in [
            ("fifo", "not a regular file"),
            ("", "not a regular file"),
            ("long.env", "longer than 1 MiB"),
        ] {
            let error = read_for_server(&folder.0.join(name)).expect_err(name);
            assert_eq!(error.reason, Reason::Unreadable(expected.to_owned()));
        }
    }

    // GO-007, GO-008, GO-009
    #[test]
    fn the_servers_file_takes_what_it_can() {
        let text = "# no\n A = b c \nexport B='x y'\nC=\"z\"\nD=\nnothing\nE=\"half\n=x\nF=a#b";
        assert_eq!(
            shown(&parse_for_server(text.as_bytes())),
            "A=b c|B=x y|C=z|D=|E=\"half|F=a#b"
        );
    }
}
