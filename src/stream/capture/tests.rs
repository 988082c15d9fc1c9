use proptest::prelude::*;

use super::{BEGIN, CaptureScanner, END, Piece};

/// What became of some input: all log bytes, all captured bytes as shown, and the communications.
#[derive(Debug, Default, PartialEq, Eq)]
struct Heard {
    log: String,
    captured: String,
    communications: Vec<String>,
}

impl Heard {
    fn take(&mut self, piece: Piece<'_>) {
        match piece {
            Piece::Log(data) => self.log.push_str(&text(data)),
            Piece::Captured(data) => self.captured.push_str(&text(data)),
            Piece::Communication(payload) => self.communications.push(text(&payload)),
        }
    }
}

fn text(data: &[u8]) -> String {
    String::from_utf8_lossy(data).into_owned()
}

/// Pushes the blocks and ends the stream.
fn hear<B: AsRef<[u8]>>(mut scanner: CaptureScanner, blocks: &[B]) -> Heard {
    let mut heard = Heard::default();
    for block in blocks {
        scanner.push(block.as_ref(), |piece| heard.take(piece));
    }
    scanner.finish(|piece| heard.take(piece));
    heard
}

fn capturing(maxbytes: i64) -> CaptureScanner {
    CaptureScanner::new(maxbytes, false)
}

// CAP-002, CAP-003, CAP-006, CAP-008
#[test]
fn what_stands_between_the_tokens_is_a_communication_and_the_rest_is_log() {
    let heard = hear(
        capturing(100),
        &["before<!--XSUPERVISOR:BEGIN-->inside<!--XSUPERVISOR:END-->after\n"],
    );
    assert_eq!(heard.log, "beforeafter\n");
    assert_eq!(heard.captured, "inside");
    assert_eq!(heard.communications, ["inside"]);
}

// CAP-002
#[test]
fn several_communications_may_come_in_one_read_and_may_be_empty() {
    let heard = hear(
        capturing(100),
        &["<!--XSUPERVISOR:BEGIN-->1<!--XSUPERVISOR:END-->\
           <!--XSUPERVISOR:BEGIN--><!--XSUPERVISOR:END-->"],
    );
    assert_eq!(heard.communications, ["1", ""]);
    assert_eq!(heard.log, "");
}

// CAP-001
#[test]
fn without_capture_tokens_are_ordinary_bytes() {
    for off in [0, -1, i64::MIN] {
        let heard = hear(capturing(off), &["a<!--XSUPERVISOR:BEGIN-->b"]);
        assert_eq!(heard.log, "a<!--XSUPERVISOR:BEGIN-->b");
    }
}

// CAP-005; and, against CAP-004, short output that cannot be a token is not held back.
#[test]
fn only_what_may_become_a_token_is_held_back() {
    let mut scanner = capturing(100);
    let mut heard = Heard::default();
    scanner.push(b"short\n", |piece| heard.take(piece));
    assert_eq!(heard.log, "short\n");
    scanner.push(b"x<!--XSUP", |piece| heard.take(piece));
    assert_eq!(heard.log, "short\nx");
    scanner.push(b"ERB!", |piece| heard.take(piece));
    assert_eq!(heard.log, "short\nx<!--XSUPERB!");
}

// QRK-021
#[test]
fn nothing_that_was_held_back_is_lost_when_the_child_exits() {
    let heard = hear(capturing(100), &["bye <!--XSUPERVISOR:BEGIN--"]);
    assert_eq!(heard.log, "bye <!--XSUPERVISOR:BEGIN--");

    // An END that is the very last thing closes its communication.
    let heard = hear(
        capturing(100),
        &["<!--XSUPERVISOR:BEGIN-->", "x", "<!--XSUPERVISOR:END-->"],
    );
    assert_eq!(heard.communications, ["x"]);
}

// CAP-009
#[test]
fn a_communication_left_open_at_exit_is_forgotten() {
    let heard = hear(
        capturing(100),
        &["<!--XSUPERVISOR:BEGIN-->half<!--XSUPERVISOR:EN"],
    );
    assert_eq!(heard.communications, [""; 0]);
    assert_eq!(heard.captured, "half<!--XSUPERVISOR:EN");
    assert_eq!(heard.log, "");
}

// QRK-022, instead of CAP-007
#[test]
fn of_a_long_communication_the_last_maxbytes_bytes_are_kept() {
    for blocks in [
        vec!["<!--XSUPERVISOR:BEGIN-->0123456789<!--XSUPERVISOR:END-->"],
        vec![
            "<!--XSUPERVISOR:BEGIN-->01234",
            "56789<!--XSUPERVISOR:END-->",
        ],
        vec![
            "<!--XSUPERVISOR:BEGIN-->012",
            "345678",
            "9",
            "<!--XSUPERVISOR:END-->",
        ],
    ] {
        assert_eq!(hear(capturing(4), &blocks).communications, ["6789"]);
    }
}

// CAP-010
#[test]
fn clearing_the_logs_empties_an_open_communication() {
    let mut scanner = capturing(100);
    let mut heard = Heard::default();
    scanner.push(b"<!--XSUPERVISOR:BEGIN-->old", |piece| heard.take(piece));
    scanner.clear();
    scanner.push(b"new<!--XSUPERVISOR:END-->", |piece| heard.take(piece));
    assert_eq!(heard.communications, ["new"]);
}

// LOG-031: log and communication alike; a token stays a token when an escape before it is unfinished.
#[test]
fn escapes_are_stripped_from_each_piece() {
    let heard = hear(
        CaptureScanner::new(100, true),
        &["\x1b[1mlog\x1b[3<!--XSUPERVISOR:BEGIN-->\x1b[32mgreen<!--XSUPERVISOR:END-->"],
    );
    assert_eq!(heard.log, "log");
    assert_eq!(heard.captured, "green");
    assert_eq!(heard.communications, ["green"]);

    let heard = hear(CaptureScanner::new(0, true), &["\x1b[1mlog"]);
    assert_eq!(heard.log, "log");
}

// LOG-031: the reference still logs and announces a chunk of which nothing is left.
#[test]
fn a_chunk_that_was_only_escapes_is_an_empty_piece() {
    let mut pieces = 0;
    CaptureScanner::new(0, true).push(b"\x1b[0m", |piece| {
        assert_eq!(piece, Piece::Log(b""));
        pieces += 1;
    });
    assert_eq!(pieces, 1);
}

/// Text in which tokens, and things that begin like tokens, are frequent.
fn output() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        Just(BEGIN.to_vec()),
        Just(END.to_vec()),
        Just(b"<!--XSUPERVISOR:".to_vec()),
        Just(b"<!-".to_vec()),
        Just(b"END-->".to_vec()),
        proptest::collection::vec(proptest::sample::select(b"<!-ab\n".to_vec()), 0..6),
    ];
    proptest::collection::vec(part, 0..12).prop_map(|parts| parts.concat())
}

/// The same with the places where reads cut it.
fn output_and_cuts() -> impl Strategy<Value = (Vec<u8>, Vec<usize>)> {
    output().prop_flat_map(|bytes| {
        let cuts = proptest::collection::vec(0..=bytes.len(), 0..20);
        (Just(bytes), cuts)
    })
}

/// The meaning of the whole stream, seen at once.
fn naive(stream: &str, maxbytes: usize) -> Heard {
    let (begin, end) = (text(BEGIN), text(END));
    let (mut heard, mut rest) = (Heard::default(), stream);
    loop {
        let Some((log, after)) = rest.split_once(&begin) else {
            heard.log.push_str(rest);
            return heard;
        };
        heard.log.push_str(log);
        let Some((inside, after)) = after.split_once(&end) else {
            heard.captured.push_str(after);
            return heard;
        };
        heard.captured.push_str(inside);
        let kept = &inside[inside.len().saturating_sub(maxbytes)..];
        heard.communications.push(kept.to_owned());
        rest = after;
    }
}

proptest! {
    #[test]
    fn any_split_of_the_stream_means_the_same((bytes, mut cuts) in output_and_cuts(), maxbytes in 1..40_usize) {
        cuts.sort_unstable();
        let mut blocks = Vec::new();
        let mut from = 0;
        for to in cuts.into_iter().chain([bytes.len()]) {
            blocks.push(&bytes[from..to]);
            from = to;
        }
        let scanner = capturing(i64::try_from(maxbytes).expect("a small number"));
        prop_assert_eq!(hear(scanner, &blocks), naive(&text(&bytes), maxbytes));
    }

    #[test]
    fn no_more_than_a_partial_token_is_ever_held_back(bytes in output()) {
        let mut scanner = capturing(1000);
        let mut given = 0;
        scanner.push(&bytes, |piece| given += match piece {
            Piece::Log(data) | Piece::Captured(data) => data.len(),
            Piece::Communication(_) => 0,
        });
        let mut held_back = 0;
        scanner.finish(|piece| if let Piece::Log(data) | Piece::Captured(data) = piece {
            held_back += data.len();
        });
        prop_assert!(held_back < BEGIN.len());
        let tokens = bytes.len() - given - held_back;
        prop_assert!(tokens == 0 || tokens >= END.len());
    }
}
