//! Expectations printed by Python 3.11 with `template % names`.

use bstr::{BStr, BString};

use super::{FormatProblem, Names, Scope, Value, expand, format_with};

fn names() -> Names {
    let mut names = Names::default();
    names.set_text("a", "x");
    names.set("n", Value::Number(3));
    names.set("m", Value::Number(-5));
    names.set_text("é", "öß");
    names
}

fn shown(template: &str) -> String {
    let names = names();
    let layers = [&names];
    match format_with(BStr::new(template), Scope { layers: &layers }) {
        Ok(text) => text.to_string(),
        Err(FormatProblem::UnknownName { name, .. }) => format!("unknown: {name}"),
        Err(FormatProblem::Malformed(error)) => format!("error: {error}"),
    }
}

// EXP-002, EXP-003
#[test]
fn flags_widths_precisions_and_conversions_work() {
    for (template, expected) in [
        ("%(n)02d", "03"),
        ("%(n)-5d|", "3    |"),
        ("%(n)+05d", "+0003"),
        ("%(n) d", " 3"),
        ("%(m)05d", "-0005"),
        ("%(m)-+5d|", "-5   |"),
        ("%(n)#05x", "0x003"),
        ("%(n)#5x|", "  0x3|"),
        ("%(n)#.3x", "0x003"),
        ("%(m)#08x", "-0x00005"),
        ("%(n)#X", "0X3"),
        ("%(n)03o", "003"),
        ("%(n).3d", "003"),
        ("%(n)5.1f|", "  3.0|"),
        ("%(n)e", "3.000000e+00"),
        ("%(n)g", "3"),
        ("%(n)#g", "3.00000"),
        ("%(n)#.0f", "3."),
        ("%(n)G", "3"),
        ("%(n)010.2f", "0000003.00"),
        ("%(n)-10.2f|", "3.00      |"),
        ("%(n)c", "\u{3}"),
        ("%(n)05c", "    \u{3}"),
        ("%(a)c", "x"),
        ("%(a)-5s|", "x    |"),
        ("%(a)05s|", "    x|"),
        ("%(a)5.0s|", "     |"),
        ("%(é)4s|", "  öß|"),
        ("%(é)r", "'öß'"),
        ("%(é)a", "'\\xf6\\xdf'"),
        ("%(n)r", "3"),
        ("%(n)ld", "3"),
        ("%(n)hs", "3"),
        ("100%%", "100%"),
    ] {
        assert_eq!(shown(template), expected, "{template}");
    }
}

// EXP-003
#[test]
fn large_numbers_have_pythons_floating_point_forms() {
    let mut names = Names::default();
    names.set("n", Value::Number(1_234_567));
    let layers = [&names];
    for (template, expected) in [
        ("%(n)e", "1.234567e+06"),
        ("%(n)g", "1.23457e+06"),
        ("%(n)#g", "1.23457e+06"),
        ("%(n).3g", "1.23e+06"),
        ("%(n).0e", "1e+06"),
        ("%(n)#.0e", "1.e+06"),
        ("%(n).7g", "1234567"),
        ("%(n)#.8g", "1234567.0"),
        ("%(n)G", "1.23457E+06"),
        ("%(n)f", "1234567.000000"),
        ("%(n).25e", "1.2345670000000000000000000e+06"),
    ] {
        let text = format_with(BStr::new(template), Scope { layers: &layers });
        assert_eq!(text, Ok(BString::from(expected)), "{template}");
    }
}

// EXP-005: the whole mapping, once.
#[test]
fn a_conversion_without_a_name_shows_the_whole_mapping() {
    assert_eq!(shown("%s"), "{'a': 'x', 'n': 3, 'm': -5, 'é': 'öß'}");
    assert_eq!(
        shown("%a"),
        "{'a': 'x', 'n': 3, 'm': -5, '\\xe9': '\\xf6\\xdf'}"
    );
    assert_eq!(shown("%s%(a)s"), "{'a': 'x', 'n': 3, 'm': -5, 'é': 'öß'}x");
}

// EXP-004, EXP-005, EXP-007
#[test]
fn mistakes_have_pythons_words() {
    for (template, expected) in [
        ("%", "incomplete format"),
        ("%(n)", "incomplete format"),
        ("%(n)5.", "incomplete format"),
        ("%(n", "incomplete format key"),
        ("%(n(", "incomplete format key"),
        ("%d", "%d format: a real number is required, not dict"),
        ("%x", "%x format: an integer is required, not dict"),
        ("%(a)d", "%d format: a real number is required, not str"),
        ("%(a)x", "%x format: an integer is required, not str"),
        ("%(a)f", "must be real number, not str"),
        ("%c", "%c requires int or char"),
        ("%(é)c", "%c requires int or char"),
        ("%(m)c", "%c arg not in range(0x110000)"),
        ("%s%s", "not enough arguments for format string"),
        ("%(n)s%s", "not enough arguments for format string"),
        ("%(n)*d", "not enough arguments for format string"),
        ("%*d", "* wants int"),
        (
            "echo %b",
            "unsupported format character 'b' (0x62) at index 6",
        ),
        ("%é", "unsupported format character '?' (0xe9) at index 1"),
        (
            "%(n)%",
            "unsupported format character '%' (0x25) at index 4",
        ),
        (
            "%(n)lld",
            "unsupported format character 'l' (0x6c) at index 5",
        ),
        ("%(n)99999999999999999999d", "width too big"),
        ("%(n).99999999999d", "precision too big"),
    ] {
        assert_eq!(shown(template), format!("error: {expected}"), "{template}");
    }
}

// EXP-006, EXP-008
#[test]
fn an_unknown_name_is_answered_with_all_known_ones() {
    let mut low = Names::default();
    low.set_text("here", "/etc");
    low.set_text("ENV_B", "1");
    let mut high = Names::default();
    high.set_text("here", "/opt");
    high.set_text("ENV_A", "2");
    let layers = [&low, &high];
    let scope = Scope { layers: &layers };
    let error = expand(BStr::new("%(nope)s"), scope, "program:x.command").expect_err("unknown");
    assert_eq!(
        error.to_string(),
        "Format string '%(nope)s' for 'program:x.command' contains names ('nope') which cannot be expanded. \
         Available names: ENV_A, ENV_B, here"
    );
    let error = expand(BStr::new("50%"), scope, "environment").expect_err("a lone percent");
    assert_eq!(
        error.to_string(),
        "Format string '50%' for 'environment' is badly formatted: incomplete format"
    );
    assert_eq!(
        expand(BStr::new("%s"), scope, "x"),
        Ok("{'here': '/opt', 'ENV_B': '1', 'ENV_A': '2'}".into())
    );
}

// EXP-009: values of the environment may be any bytes; each odd one counts as a character.
#[test]
fn odd_bytes_pass_through() {
    let mut names = Names::default();
    names.set_variable(BStr::new("X"), BStr::new(b"\xff\xe9"));
    let layers = [&names];
    assert_eq!(
        format_with(BStr::new("%(ENV_X)4s|"), Scope { layers: &layers }),
        Ok(BString::from(&b"  \xff\xe9|"[..]))
    );
}
