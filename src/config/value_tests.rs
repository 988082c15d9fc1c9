//! One test per kind of value; texts and limits were printed by the reference's own functions.

use bstr::{BStr, BString};

use super::{
    LogFileName, autorestart, boolean, byte_size, existing_directory, existing_dirpath, exit_codes,
    inet_address, integer, list_of_strings, log_file, log_level, name, octal, signal, url, user,
    user_and_group,
};
use crate::config::context::LoadContext;
use crate::config::error::Reason;
use crate::config::types::{Autorestart, LogFile};

fn complaint<T: std::fmt::Debug>(result: Result<T, Reason>) -> String {
    result.expect_err("a bad value").to_string()
}

// TYP-001, ERR-004
#[test]
fn integers_are_pythons() {
    for (text, expected) in [
        ("5", 5),
        ("-5", -5),
        ("+07", 7),
        (" 1_000 ", 1000),
        ("\u{a0}5\n", 5),
        ("٣", 3),
        ("99999999999999999999", i64::MAX),
        ("-99999999999999999999", i64::MIN),
    ] {
        assert_eq!(integer(BStr::new(text)), Ok(expected), "{text:?}");
    }
    for text in [
        "", "1.5", "0x10", "1__0", "_1", "1_", "- 5", "1e3", "\u{1c}5", "²",
    ] {
        assert!(integer(BStr::new(text)).is_err(), "{text:?}");
    }
    assert_eq!(
        complaint(integer(BStr::new("it's"))),
        "invalid literal for int() with base 10: \"it's\""
    );
    let long = "x".repeat(300);
    assert_eq!(
        complaint(integer(BStr::new(&long))),
        format!(
            "invalid literal for int() with base 10: '{}",
            "x".repeat(199)
        )
    );
}

// TYP-002
#[test]
fn booleans_are_eight_words_in_any_case() {
    for text in ["yes", "TRUE", "On", "1"] {
        assert_eq!(boolean(BStr::new(text)), Ok(true));
    }
    for text in ["no", "False", "OFF", "0"] {
        assert_eq!(boolean(BStr::new(text)), Ok(false));
    }
    // GO-118
    assert_eq!(boolean(BStr::new("T")), Ok(true));
    assert_eq!(boolean(BStr::new("f")), Ok(false));
    assert_eq!(
        complaint(boolean(BStr::new("Y"))),
        "not a valid boolean value: 'Y'"
    );
}

// TYP-003, ERR-004
#[test]
fn sizes_have_suffixes_of_two_letters() {
    for (text, expected) in [
        ("0", 0),
        ("50MB", 50 << 20),
        ("1 kb", 1024),
        ("1_000Kb", 1_024_000),
        ("2gb", 2 << 30),
        // GO-119
        ("5M", 5 << 20),
        ("1k", 1024),
        ("2 G", 2 << 30),
        ("-1", -1),
    ] {
        assert_eq!(byte_size(BStr::new(text)), Ok(expected), "{text:?}");
    }
    for (text, shown) in [
        ("1XB", "'1xb'"),
        ("MB", "''"),
        ("1.5MB", "'1.5'"),
        ("5T", "'5t'"),
        ("M", "'m'"),
        ("1.5K", "'1.5k'"),
        ("5TB", "'5tb'"),
    ] {
        assert_eq!(
            complaint(byte_size(BStr::new(text))),
            format!("invalid literal for int() with base 10: {shown}")
        );
    }
}

// TYP-004
#[test]
fn octal_numbers_take_a_prefix_and_a_sign() {
    for (text, expected) in [
        ("022", 18),
        ("22", 18),
        ("0o22", 18),
        ("0O_22", 18),
        (" 022 ", 18),
        ("-22", -18),
    ] {
        assert_eq!(octal(BStr::new(text)), Ok(expected), "{text:?}");
    }
    for text in ["8", "0x1", "", "0o", "o22"] {
        assert_eq!(
            complaint(octal(BStr::new(text))),
            format!("{text} can not be converted to an octal type")
        );
    }
}

// TYP-005
#[test]
fn exit_codes_are_bytes_between_commas() {
    assert_eq!(exit_codes(BStr::new("0, 2 ,255")), Ok(vec![0, 2, 255]));
    assert_eq!(exit_codes(BStr::new("")), Ok(vec![]));
    for text in ["256", "-1", "1,,2", "1,", "x"] {
        assert_eq!(
            complaint(exit_codes(BStr::new(text))),
            format!("not a valid list of exit codes: '{text}'")
        );
    }
}

// TYP-006, TYP-007, QRK-017
#[test]
fn signals_are_names_or_named_numbers() {
    for (text, expected) in [
        ("TERM", 15),
        ("sigterm", 15),
        (" hup ", 1),
        ("9", 9),
        ("0", 0),
    ] {
        assert_eq!(signal(BStr::new(text)).map(|s| s.number()), Ok(expected));
    }
    assert_eq!(
        complaint(signal(BStr::new("NOPE"))),
        "value 'NOPE' is not a valid signal name"
    );
    for text in ["35", "-1", "99999999999999999999"] {
        assert_eq!(
            complaint(signal(BStr::new(text))),
            format!("value '{text}' is not a valid signal number")
        );
    }
}

// PRG-009
#[test]
fn autorestart_is_a_boolean_or_unexpected() {
    assert_eq!(
        autorestart(BStr::new("Unexpected")),
        Ok(Autorestart::Unexpected)
    );
    assert_eq!(autorestart(BStr::new("yes")), Ok(Autorestart::Always));
    assert_eq!(autorestart(BStr::new("0")), Ok(Autorestart::Never));
    assert_eq!(
        complaint(autorestart(BStr::new("Maybe"))),
        "invalid 'autorestart' value 'maybe'"
    );
}

// TYP-008, TYP-009
#[test]
fn users_must_exist() {
    let context = LoadContext::for_tests();
    assert_eq!(user(BStr::new("web"), &context), Ok(1001));
    assert_eq!(user(BStr::new(" 1001 "), &context), Ok(1001));
    assert_eq!(
        complaint(user(BStr::new("nope"), &context)),
        "Invalid user name nope"
    );
    for text in ["77", "-1", "99999999999999"] {
        assert_eq!(
            complaint(user(BStr::new(text), &context)),
            format!("Invalid user id {text}")
        );
    }
    let pair = |text| user_and_group(BStr::new(text), &context);
    assert_eq!(pair("web"), Some((1001, None)));
    assert_eq!(pair("1001:staff"), Some((1001, Some(50))));
    assert_eq!(pair("web:1002"), Some((1001, Some(1002))));
    for text in ["web:", ":staff", "web:nope", "web:staff:x", ""] {
        assert_eq!(pair(text), None, "{text:?}");
    }
}

// TYP-010, TYP-011
#[test]
fn directories_must_exist_and_files_need_not() {
    let mut context = LoadContext::for_tests();
    context.environment = vec![("HOME".into(), "/".into())];
    assert_eq!(existing_directory(BStr::new("~"), &context), Ok("/".into()));
    assert_eq!(
        complaint(existing_directory(BStr::new("~/no such place"), &context)),
        "~/no such place is not an existing directory"
    );
    assert_eq!(
        complaint(existing_directory(BStr::new(""), &context)),
        " is not an existing directory"
    );
    for (text, expected) in [
        ("x.log", "x.log"),
        ("/x.log", "/x.log"),
        ("~/x", "/x"),
        ("", ""),
    ] {
        assert_eq!(
            existing_dirpath(BStr::new(text), &context),
            Ok(expected.into())
        );
    }
    assert_eq!(
        complaint(existing_dirpath(BStr::new("/no such place/x"), &context)),
        "The directory named as part of the path /no such place/x does not exist"
    );
}

// TYP-012
#[test]
fn log_levels_have_seven_names() {
    assert_eq!(log_level(BStr::new("Blather")), Ok(3));
    assert_eq!(
        complaint(log_level(BStr::new("crit"))),
        "bad logging level name 'crit'"
    );
}

// TYP-013
#[test]
fn log_files_have_four_words() {
    let context = LoadContext::for_tests();
    let read = |text| log_file(BStr::new(text), &context);
    assert_eq!(read("NONE"), Ok(LogFileName::File(LogFile::None)));
    assert_eq!(read("off"), Ok(LogFileName::File(LogFile::None)));
    assert_eq!(read("Auto"), Ok(LogFileName::File(LogFile::Auto)));
    assert_eq!(read("syslog"), Ok(LogFileName::Syslog));
    assert_eq!(read(""), Ok(LogFileName::File(LogFile::Path("".into()))));
    assert_eq!(
        read("/x"),
        Ok(LogFileName::File(LogFile::Path("/x".into())))
    );
}

// TYP-014, TYP-015, TYP-016
#[test]
fn addresses_divide_at_the_last_colon() {
    let read = |text| inet_address(BStr::new(text));
    for (text, host, port) in [
        ("9001", "", 9001),
        (":9001", "", 9001),
        ("*:9001", "", 9001),
        ("LocalHost: 9001", "localhost", 9001),
        ("[::1]:9001", "[::1]", 9001),
    ] {
        assert_eq!(read(text), Ok((host.to_owned(), port)), "{text:?}");
    }
    for (text, expected) in [
        ("localhost:", "no port number specified in ''"),
        ("localhost", "not a valid port number: 'localhost' "),
        ("70000", "not a valid port number: '70000' "),
        ("", "not a valid port number: '' "),
        ("x:y", "invalid literal for int() with base 10: 'y'"),
        ("x:0", "0 is below lower bound (1)"),
        ("x:65536", "65536 is above upper bound (65535)"),
    ] {
        assert_eq!(complaint(read(text)), expected, "{text:?}");
    }
}

// TYP-017
#[test]
fn lists_keep_empty_words() {
    assert_eq!(list_of_strings(BStr::new("a, b ,")), ["a", "b", ""]);
    assert!(list_of_strings(BStr::new("")).is_empty());
}

// NAM-001, NAM-003
#[test]
fn names_have_no_blank_colon_or_slash() {
    assert_eq!(name(" ö\t"), Ok("ö".to_owned()));
    assert_eq!(name(""), Ok(String::new()));
    assert_eq!(
        complaint(name(" a/b:c ")),
        "Invalid name: ' a/b:c ' because of character: ':'"
    );
    assert_eq!(
        complaint(name("a b/")),
        "Invalid name: 'a b/' because of character: ' '"
    );
}

// TYP-028
#[test]
fn urls_have_a_scheme_and_something_after_it() {
    for text in [
        "http://localhost:9001",
        "unix:///tmp/x.sock",
        "a:b",
        "unix:/x",
        "http:////",
    ] {
        assert_eq!(url(BStr::new(text)), Ok(BString::from(text)));
    }
    for text in [
        "foo", "http://", "://x", "1a://x", "", "http:", "http:?q", "a_b://x",
    ] {
        assert_eq!(
            complaint(url(BStr::new(text))),
            format!("value '{text}' is not a URL")
        );
    }
}
