//! Writing, and reading replies, against recordings of the reference.

mod properties;
mod requests;

use super::{ParseError, Value, WriteError, Writer};
use super::{parse_response, write_call, write_fault, write_response};

/// What the fixture of that name was made from; a copy of `REPLIES` in `scripts/record-wire`.
fn recorded_replies() -> Vec<(&'static [u8], Value)> {
    macro_rules! recorded {
        ($name:literal) => {
            include_bytes!(concat!("../../fixtures/wire/replies/", $name, ".xml")).as_slice()
        };
    }
    let array = |items: Vec<Value>| Value::Array(items);
    let doubles = [
        0.0,
        -0.0,
        1.0,
        -1.5,
        0.1,
        1e15,
        1e16,
        123456789012345680.0,
        1e22,
        1.5e300,
        1e-4,
        1e-5,
        1.25e-7,
        5e-324,
        std::f64::consts::PI,
        f64::INFINITY,
        f64::NEG_INFINITY,
    ];
    vec![
        (recorded!("version"), "4.3.0".into()),
        (recorded!("empty-string"), "".into()),
        (
            recorded!("escapes"),
            "a & b < c > d \" e ' f ]]> g &amp; \t tab".into(),
        ),
        (
            recorded!("non-ascii"),
            "caf\u{e9} \u{65e5}\u{672c} \u{1f600}".into(),
        ),
        (recorded!("int-zero"), 0.into()),
        (recorded!("int-negative"), (-5).into()),
        (recorded!("int-smallest"), i32::MIN.into()),
        (recorded!("int-largest"), i32::MAX.into()),
        (recorded!("true"), true.into()),
        (recorded!("false"), false.into()),
        (
            recorded!("doubles"),
            array(doubles.map(Value::Double).to_vec()),
        ),
        (
            recorded!("date"),
            Value::DateTime("20240229T23:59:07".into()),
        ),
        (recorded!("empty-array"), array(vec![])),
        (
            recorded!("array"),
            array(vec![
                1.into(),
                "two".into(),
                true.into(),
                array(vec![]),
                array(vec![array(vec![3.into()])]),
                members([]),
            ]),
        ),
        (recorded!("empty-struct"), members([])),
        (
            recorded!("struct"),
            members([
                ("z", 1.into()),
                ("a", members([("b<&>c", array(vec!["x".into()]))])),
                ("", "".into()),
            ]),
        ),
        (
            recorded!("process"),
            process("web", 20, "RUNNING", 4711, "pid 4711, uptime 0:01:40"),
        ),
        (
            recorded!("processes"),
            array(vec![
                process("web", 20, "RUNNING", 4711, "pid 4711, uptime 0:01:40"),
                process("api", 0, "STOPPED", 0, "Not started"),
            ]),
        ),
        (
            recorded!("multicall"),
            array(vec![
                true.into(),
                members([
                    ("faultCode", 10.into()),
                    ("faultString", "BAD_NAME: x".into()),
                ]),
                array(vec!["tail".into(), 1024.into(), false.into()]),
            ]),
        ),
    ]
}

fn members<const N: usize>(members: [(&str, Value); N]) -> Value {
    Value::Struct(
        members
            .map(|(name, value)| (name.to_owned(), value))
            .to_vec(),
    )
}

fn process(name: &str, state: i32, statename: &str, pid: i32, description: &str) -> Value {
    members([
        ("name", name.into()),
        ("group", "site".into()),
        ("start", 1_700_000_000.into()),
        ("stop", 0.into()),
        ("now", 1_700_000_100.into()),
        ("state", state.into()),
        ("statename", statename.into()),
        ("spawnerr", "".into()),
        ("exitstatus", 0.into()),
        ("logfile", "/var/log/web.log".into()),
        ("stdout_logfile", "/var/log/web.log".into()),
        ("stderr_logfile", "".into()),
        ("pid", pid.into()),
        ("description", description.into()),
    ])
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("UTF-8")
}

// XML-001, XML-002, XML-004 to XML-007, XML-012, CLT-001
#[test]
fn replies_are_byte_for_byte_those_of_the_reference() {
    for (recorded, value) in recorded_replies() {
        let written = write_response(&value).expect("a value that can be written");
        assert_eq!(text(&written), text(recorded));
    }
}

#[test]
fn a_number_that_is_none_is_written_as_python_does() {
    let written = write_response(&Value::Double(f64::NAN)).expect("written");
    assert_eq!(
        text(&written),
        include_str!("../../fixtures/wire/replies/nan.xml")
    );
}

#[test]
fn the_client_reads_the_replies_of_the_reference() {
    for (recorded, value) in recorded_replies() {
        assert_eq!(parse_response(recorded), Ok(Ok(value)));
    }
}

// XML-003
#[test]
fn faults_are_byte_for_byte_those_of_the_reference_and_can_be_read() {
    let plain = include_bytes!("../../fixtures/wire/replies/fault.xml");
    assert_eq!(text(&write_fault(10, "BAD_NAME: x")), text(plain));
    assert_eq!(parse_response(plain), Ok(Err((10, "BAD_NAME: x".into()))));

    let escaped = include_bytes!("../../fixtures/wire/replies/fault-escaped.xml");
    assert_eq!(
        text(&write_fault(30, "FAILED: <b> & \u{e9}")),
        text(escaped)
    );
    assert_eq!(
        parse_response(escaped),
        Ok(Err((30, "FAILED: <b> & \u{e9}".into())))
    );
}

// XML-009
#[test]
fn a_carriage_return_is_sent_raw_and_read_as_a_line_feed() {
    let recorded = include_bytes!("../../fixtures/wire/replies/line-ends.xml");
    assert_eq!(
        text(&write_response(&"one\ntwo\r\nthree\r".into()).expect("written")),
        text(recorded)
    );
    assert_eq!(parse_response(recorded), Ok(Ok("one\ntwo\nthree\n".into())));
}

// XML-008: the one place where the bytes differ, so that the reply can be read
#[test]
fn forbidden_characters_are_replaced_where_the_reference_sends_what_no_client_can_read() {
    let recorded = include_bytes!("../../fixtures/wire/replies/control.xml");
    assert!(matches!(
        parse_response(recorded),
        Err(ParseError::Malformed { .. })
    ));

    let said = "bell \u{7}, escape \u{1b}[0m, nul \0, not a character \u{fffe}\u{ffff}, delete \u{7f}, next line \u{85}";
    let written = write_response(&said.into()).expect("written");
    let expected = text(recorded).replace(
        ['\u{7}', '\u{1b}', '\0', '\u{fffe}', '\u{ffff}'],
        "\u{fffd}",
    );
    assert_eq!(text(&written), expected);
    assert!(matches!(parse_response(&written), Ok(Ok(_))));
}

// XML-010, XML-011
#[test]
fn what_has_no_form_on_the_wire_is_an_error_with_the_text_of_the_reference() {
    for number in [
        i64::from(i32::MAX) + 1,
        i64::from(i32::MIN) - 1,
        i64::MAX,
        i64::MIN,
    ] {
        assert_eq!(
            write_response(&Value::Int(number)),
            Err(WriteError::IntOutOfRange)
        );
    }
    assert_eq!(
        write_response(&Value::BigInt("9".repeat(30))),
        Err(WriteError::IntOutOfRange)
    );
    assert_eq!(
        write_response(&members([("a", Value::Array(vec![Value::Nil]))])),
        Err(WriteError::Nil)
    );
    assert_eq!(write_call("m", &[Value::Nil]), Err(WriteError::Nil));
    assert_eq!(
        WriteError::IntOutOfRange.to_string(),
        "int exceeds XML-RPC limits"
    );
    assert_eq!(
        WriteError::Nil.to_string(),
        "cannot marshal None unless allow_none is enabled"
    );
}

#[test]
fn requests_are_byte_for_byte_those_of_the_client_library() {
    let call = |name, params: &[Value]| {
        String::from_utf8(write_call(name, params).expect("written")).expect("UTF-8")
    };
    assert_eq!(
        call("supervisor.getState", &[]),
        include_str!("../../fixtures/wire/calls/no-parameters.xml")
    );
    assert_eq!(
        call("supervisor.startProcess", &["site:web".into(), true.into()]),
        include_str!("../../fixtures/wire/calls/start.xml")
    );
    assert_eq!(
        call(
            "supervisor.tailProcessStdoutLog",
            &["a<&>\u{e9}".into(), (-1600).into(), 1600.into()]
        ),
        include_str!("../../fixtures/wire/calls/tail.xml")
    );
    let one = members([
        ("methodName", "supervisor.getState".into()),
        ("params", Value::Array(vec![])),
    ]);
    let two = members([
        ("methodName", "supervisor.stopProcess".into()),
        ("params", Value::Array(vec!["web".into(), false.into()])),
    ]);
    assert_eq!(
        call("system.multicall", &[Value::Array(vec![one, two])]),
        include_str!("../../fixtures/wire/calls/multicall.xml")
    );
}

#[test]
fn a_reply_written_in_pieces_is_the_one_written_from_values() {
    let mut pieces = Writer::response();
    pieces.begin_array();
    pieces.begin_struct();
    pieces.string_member("name", "a&b");
    pieces.int_member("pid", 17);
    pieces.bool_member("on", true);
    pieces.begin_member("list");
    pieces.begin_array();
    pieces.double(0.5);
    pieces.date_time("20240229T23:59:07");
    pieces.end_array();
    pieces.end_member();
    pieces.end_struct();
    pieces.fault(10, "BAD_NAME");
    assert_eq!(pieces.wide_int(-7), Ok(()));
    pieces.end_array();

    let list = vec![
        Value::Double(0.5),
        Value::DateTime("20240229T23:59:07".into()),
    ];
    let whole = Value::Array(vec![
        members([
            ("name", "a&b".into()),
            ("pid", 17.into()),
            ("on", true.into()),
            ("list", list.into()),
        ]),
        members([("faultCode", 10.into()), ("faultString", "BAD_NAME".into())]),
        (-7).into(),
    ]);
    assert_eq!(
        text(&pieces.finish()),
        text(&write_response(&whole).expect("written"))
    );
}

#[test]
fn the_client_reads_the_standard_types_that_the_daemon_does_not_send() {
    let read = |value: &str| {
        let body = format!(
            "<methodResponse><params><param><value>{value}</value></param></params></methodResponse>"
        );
        parse_response(body.as_bytes())
    };
    assert_eq!(read("<i4>7</i4>"), Ok(Ok(7.into())));
    assert_eq!(read("<i8>8589934592</i8>"), Ok(Ok(Value::Int(1 << 33))));
    assert_eq!(read("<nil/>"), Ok(Ok(Value::Nil)));
    assert_eq!(read("<base64>aGk=</base64>"), Ok(Ok("hi".into())));
    assert_eq!(read("bare"), Ok(Ok("bare".into())));
    assert_eq!(read("<boolean>0</boolean>"), Ok(Ok(false.into())));
    let nonsense = read("<boolean>yes</boolean>");
    assert!(
        matches!(
            nonsense,
            Err(ParseError::Unmarshallable {
                reason: "not a boolean",
                ..
            })
        ),
        "{nonsense:?}"
    );
}

#[test]
fn a_reply_must_hold_a_result_or_a_whole_fault() {
    let fault =
        |members: &str| format!("<r><fault><value><struct>{members}</struct></value></fault></r>");
    let code = "<member><name>faultCode</name><value><int>1</int></value></member>";
    let text = "<member><name>faultString</name><value>x</value></member>";
    for body in [
        "<r/>",
        "<r><params/></r>",
        "<r><fault/></r>",
        &fault(""),
        &fault(code),
        &fault(text),
    ] {
        assert_eq!(
            parse_response(body.as_bytes()),
            Err(ParseError::NoResult),
            "{body}"
        );
    }
    assert_eq!(
        parse_response(fault(&format!("{code}{text}")).as_bytes()),
        Ok(Err((1, "x".into())))
    );
    assert!(matches!(
        parse_response(b"Bad Gateway"),
        Err(ParseError::Malformed { at: 0, .. })
    ));
}
