//! Small files and what Python's parser makes of them; every expectation was printed by `RawConfigParser` with the
//! reference's settings.

use bstr::{BStr, BString, ByteSlice};
use proptest::prelude::*;

use super::{Document, escape, unescape};

fn read(text: &str) -> Result<Document, String> {
    let mut document = Document::new();
    match document.read_main(BStr::new("x.conf"), text.as_bytes()) {
        Ok(()) => Ok(document),
        Err(error) => Err(error.to_string()),
    }
}

/// `[section] key=value` for all of it, values with `\n` escaped.
fn shown(text: &str) -> String {
    let document = match read(text) {
        Ok(document) => document,
        Err(error) => return error,
    };
    let mut lines = Vec::new();
    for section in document.sections() {
        let mut line = format!("[{section}]");
        for key in document.keys(&section) {
            let value = document.get(&section, &key).expect("a listed key");
            line.push_str(&format!(" {key}={}", value.replace("\n", "\\n").as_bstr()));
        }
        lines.push(line);
    }
    lines.join(" / ")
}

fn check(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(shown(text), *expected, "{text:?}");
    }
}

// INI-005, INI-006, INI-007, INI-025
#[test]
fn headers_run_to_the_last_bracket_and_keep_their_blanks() {
    check(&[
        ("[a]b]tail\nk=1", "[a]b] k=1"),
        ("[ a ]\nk=1", "[ a ] k=1"),
        ("[A]\n[a]\n", "[A] / [a]"),
        ("[program:x] ; note\nk=1", "[program:x] k=1"),
        ("[é ü]\nk=1", "[é ü] k=1"),
        (
            "[]\nk=1",
            "File contains no section headers.\nfile: 'x.conf', line: 1\n'[]\\n'",
        ),
        (
            "[a]\n[]\n",
            "Source contains parsing errors: 'x.conf'\n\t[line  2]: '[]\\n'",
        ),
    ]);
}

// INI-008, INI-009, INI-010
#[test]
fn an_indented_header_is_a_header_only_when_no_option_is_open() {
    check(&[
        ("  [a]\nk=1", "[a] k=1"),
        ("[a]\n   [b]\nk=1", "[a] / [b] k=1"),
        ("[a]\nk=1\n [b]\nl=2", "[a] k=1\\n[b] l=2"),
        (
            "[a]\nk=1\n[program:x\ncommand=y",
            "[a] k=1 [program=x command=y",
        ),
    ]);
}

// INI-011 to INI-015
#[test]
fn the_first_delimiter_divides_key_and_value() {
    check(&[
        ("[a]\ncommand: a=b", "[a] command=a=b"),
        ("[a]\nenvironment=A:1", "[a] environment=A:1"),
        ("[a]\nCOMMAND = x", "[a] command=x"),
        ("[a]\nmy key  =  \"q\"  ", "[a] my key=\"q\""),
        ("[a]\nk =\n", "[a] k="),
        ("[a]\nİ=1", "[a] i\u{307}=1"),
        (
            "[a]\nk\n",
            "Source contains parsing errors: 'x.conf'\n\t[line  2]: 'k\\n'",
        ),
        (
            "[a]\n=foo\n: v\nk=1\nbare",
            "Source contains parsing errors: 'x.conf'\n\t[line  2]: '=foo\\n'\n\t[line  3]: ': v\\n'\n\t[line  5]: 'bare'",
        ),
    ]);
}

// INI-016, INI-017
#[test]
fn the_last_value_wins_and_sections_merge() {
    check(&[
        ("[a]\nk=1\nk=2", "[a] k=2"),
        ("[a]\nk=1\n[b]\n[a]\nl=2\nk=3", "[a] k=3 l=2 / [b]"),
    ]);
}

// INI-018, INI-019
#[test]
fn default_supplies_values_and_is_no_section() {
    check(&[
        (
            "[DEFAULT]\nd=1\n[a]\nk=2\n[b]\nd=3",
            "[a] k=2 d=1 / [b] d=3",
        ),
        ("[default]\nd=1\n[a]", "[default] d=1 / [a]"),
    ]);
    let document = read("[DEFAULT]\nd=1\n[a]\n").expect("a good file");
    assert!(!document.has_section("DEFAULT"));
    assert_eq!(document.get("a", "d"), Some(BString::from("1")));
    assert_eq!(document.get("a", "x"), None);
}

// INI-020 to INI-025
#[test]
fn comments_are_cut_where_python_cuts_them() {
    check(&[
        ("[a]\nk=a;b", "[a] k=a;b"),
        ("[a]\nk=a#b", "[a] k=a#b"),
        ("[a]\nk=a ;b", "[a] k=a"),
        ("[a]\nk=a\t#b", "[a] k=a"),
        ("[a]\nk=a\u{a0}#b", "[a] k=a"),
        ("[a]\nk=;foo", "[a] k=;foo"),
        ("[a]\nk= ;foo", "[a] k="),
        ("[a]\nk=sh -c 'a ; b'", "[a] k=sh -c 'a"),
        ("[a]\nk=a#b #c ;d", "[a] k=a#b #c"),
        ("[a]\nk=a;b ;c #d", "[a] k=a;b ;c"),
        ("[a]\nk=a;b #c ;d", "[a] k=a;b"),
        ("[a]\nk=a\n  ; note\n  b", "[a] k=a\\nb"),
        ("[a]\nk=a\n# note\n  b", "[a] k=a\\nb"),
        ("; x\n# y\n[a]", "[a]"),
    ]);
}

// INI-026, INI-027, INI-028
#[test]
fn deeper_lines_go_on_with_the_value() {
    check(&[
        ("[a]\nk=a\n b\n\tc  ; note\n", "[a] k=a\\nb\\nc"),
        ("[a]\nk=a\n\n\n  b\n\n", "[a] k=a\\n\\n\\nb"),
        ("[a]\nk=\n  b\n", "[a] k=\\nb"),
        ("[a]\n  k=a\n  l=b\n   c\n m=d", "[a] k=a l=b\\nc m=d"),
        ("[a]\nk=a\n b\n[b]\n c=d", "[a] k=a\\nb / [b] c=d"),
        ("[a]\nk=1\n\n[b]\nk=2", "[a] k=1 / [b] k=2"),
    ]);
}

// INI-029, INI-030, INI-004
#[test]
fn text_before_the_first_header_is_refused() {
    check(&[
        (
            "\n\nk=1\n",
            "File contains no section headers.\nfile: 'x.conf', line: 3\n'k=1\\n'",
        ),
        (
            "\u{feff}[a]\n",
            "File contains no section headers.\nfile: 'x.conf', line: 1\n'\\ufeff[a]\\n'",
        ),
        ("", ""),
    ]);
    let many = format!("[a]\n{}bad", "k=1\n".repeat(99));
    assert!(shown(&many).ends_with("\t[line 101]: 'bad'"));
}

// INI-011, INC-014: what later checks need to point at a place.
#[test]
fn every_key_and_header_has_a_position() {
    let mut document = read("\n  [a]\n  k=1\n\n[b]\nl=2\n").expect("a good file");
    document
        .read_included(BStr::new("y.conf"), b"[a]\nk=3\n[c]\nm=1\n")
        .expect("a good file");
    let at = |section, key| {
        let position = document.position(section, key).expect("a known place");
        format!("{}:{}:{}", position.file, position.line, position.column)
    };
    assert_eq!(at("b", None), "x.conf:5:1");
    assert_eq!(at("b", Some("l")), "x.conf:6:1");
    assert_eq!(at("a", Some("k")), "y.conf:2:1");
    assert_eq!(document.included_from("a"), None);
    assert_eq!(document.included_from("c"), Some(&BString::from("y.conf")));
}

// INC-012, INC-013
#[test]
fn here_is_replaced_as_plain_text_also_in_values_from_default() {
    let mut document =
        read("[DEFAULT]\nd=%(here)s/d\n[a]\nk=%%(here)s %(HERE)s\n").expect("a good file");
    document.replace_here(BStr::new("/one"));
    document
        .read_included(BStr::new("y.conf"), b"[b]\nk=%(here)s\n")
        .expect("a good file");
    document.replace_here(BStr::new("/two"));
    let get = |section, key| document.get(section, key).expect("a known key").to_string();
    assert_eq!(get("a", "k"), "%/one %(HERE)s");
    assert_eq!(get("a", "d"), "/one/d");
    assert_eq!(get("b", "d"), "/two/d");
    assert_eq!(get("b", "k"), "/two");
}

proptest! {
    /// The form in which words are handed to rust-ini loses nothing and has no character that rust-ini has a rule for.
    #[test]
    fn escaping_survives(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
        let escaped = escape(&bytes);
        prop_assert!(escaped.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-./~".contains(&b)));
        prop_assert_eq!(unescape(&escaped), BString::from(bytes));
    }

    /// Whatever a value holds, it comes back from the document as it went in.
    #[test]
    fn names_keys_and_values_survive_the_document(
        section in "[^\\]\\r\\n\\pZ\\pC;#\\[]([^\\]\\r\\n\\pC;#]{0,10}[^\\]\\r\\n\\pZ\\pC;#])?",
        key in "[^=:\\r\\n\\pZ\\pC;#\\[]([^=:\\r\\n\\pC;#]{0,10}[^=:\\r\\n\\pZ\\pC;#])?",
        value in "([^\\r\\n\\pZ\\pC;#]([^\\r\\n\\pC;#]{0,30}[^\\r\\n\\pZ\\pC;#])?)?",
    ) {
        prop_assume!(section != "DEFAULT");
        let text = format!("[{section}]\n{key} = {value}\n");
        let document = read(&text).map_err(TestCaseError::fail)?;
        prop_assert_eq!(document.sections(), vec![section.clone()]);
        let keys = document.keys(&section);
        prop_assert_eq!(&keys, &vec![key.to_lowercase()]);
        prop_assert_eq!(document.get(&section, &keys[0]), Some(BString::from(value)));
    }

    /// Nothing panics, and reading is a function of the bytes.
    #[test]
    fn any_bytes_are_answered(bytes in proptest::collection::vec(
        prop_oneof![Just(b'\n'), Just(b'['), Just(b']'), Just(b'='), Just(b' '), Just(b';'), Just(b'a'), any::<u8>()],
        0..60,
    )) {
        let mut first = Document::new();
        let mut second = Document::new();
        let one = first.read_main(BStr::new("x"), &bytes);
        let two = second.read_main(BStr::new("x"), &bytes);
        prop_assert_eq!(one, two);
        prop_assert_eq!(first.sections(), second.sections());
    }
}
