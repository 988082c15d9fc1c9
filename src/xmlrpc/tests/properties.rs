//! What holds for every value and for every bytes.

use proptest::prelude::*;

use crate::xmlrpc::{
    MethodCall, Value, Writer, parse_call, parse_response, write_call, write_response,
};

/// Text as a document can carry it: no forbidden characters, and no CR, which reading makes LF (XML-009).
fn text() -> impl Strategy<Value = String> {
    any::<String>().prop_map(|text| {
        text.replace(
            |c: char| (c < ' ' && c != '\n' && c != '\t') || matches!(c, '\u{fffe}' | '\u{ffff}'),
            " ",
        )
    })
}

fn value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        any::<i32>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        any::<f64>()
            .prop_filter("nan is not equal to itself", |number| !number.is_nan())
            .prop_map(Value::Double),
        text().prop_map(Value::String),
        Just(Value::DateTime("20240229T23:59:07".into())),
    ];
    scalar.prop_recursive(5, 60, 8, |inside| {
        prop_oneof![
            prop::collection::vec(inside.clone(), 0..8).prop_map(Value::Array),
            prop::collection::btree_map(text(), inside, 0..8)
                .prop_map(|members| Value::Struct(members.into_iter().collect())),
        ]
    })
}

/// Documents that look like requests, so that more than the first check is reached.
fn almost_a_request() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "<methodCall>",
        "</methodCall>",
        "<methodName>m</methodName>",
        "<params>",
        "</params>",
        "<param>",
        "</param>",
        "<value>",
        "</value>",
        "<value/>",
        "<struct>",
        "</struct>",
        "<member>",
        "</member>",
        "<name>",
        "</name>",
        "<array>",
        "</array>",
        "<data>",
        "</data>",
        "<int>",
        "</int>",
        "1",
        "<nil/>",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "<?p",
        "?>",
        "<?xml version='1.0'?>",
        "<!DOCTYPE a>",
        "<!DOCTYPE",
        "[",
        "]",
        "&amp;",
        "&#",
        ";",
        "&",
        "<",
        ">",
        "/>",
        "'",
        "\"",
        "=",
        " xmlns:a='u'",
        " xmlns='u'",
        "a:",
        " ",
        "\r\n",
        "\u{feff}",
        "\u{e9}",
        "-",
        "!",
    ]);
    prop::collection::vec(part, 0..40).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn a_written_reply_reads_as_the_value_it_was_written_from(value in value()) {
        let written = write_response(&value).expect("only values that can be written");
        prop_assert_eq!(parse_response(&written), Ok(Ok(value)));
    }

    #[test]
    fn a_written_request_reads_as_the_call_it_was_written_from(
        name in text(),
        params in prop::collection::vec(value(), 0..4),
    ) {
        prop_assume!(!name.is_empty());
        let written = write_call(&name, &params).expect("only values that can be written");
        prop_assert_eq!(parse_call(&written), Ok(MethodCall { name, params }));
    }

    // XML-008
    #[test]
    fn any_text_at_all_makes_a_reply_that_can_be_read(text in any::<String>()) {
        let mut writer = Writer::response();
        writer.string(&text);
        prop_assert!(parse_response(&writer.finish()).is_ok());
    }

    #[test]
    fn no_bytes_make_the_reader_panic(body in any::<Vec<u8>>()) {
        let _ = parse_call(&body);
        let _ = parse_response(&body);
    }

    #[test]
    fn nothing_that_looks_like_a_request_makes_the_reader_panic(body in almost_a_request()) {
        let _ = parse_call(body.as_bytes());
        let _ = parse_response(body.as_bytes());
    }
}
