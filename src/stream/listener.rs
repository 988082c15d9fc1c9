//! What an event listener says on its stdout: the READY and RESULT protocol (EVL-001 to 011).
//!
//! ```text
//!   ACKNOWLEDGED ──"READY\n"──▶ READY ──an event is sent──▶ BUSY ──"RESULT 2\nOK"──▶ ACKNOWLEDGED
//!        │                        │                           │
//!        └─── anything else ──────┴──── any byte ─────────────┴─── a bad result line ──▶ UNKNOWN, for good
//! ```
//!
//! Bytes come in pieces of any size; what was begun is kept, and however the same bytes are cut, the same steps come out.
//! What a result *means* is not known here: whoever takes a [`Step::Result`] asks the result handler and may answer
//! with [`ListenerProtocol::give_up`].
//!
//! The oddities of the reference's `PEventListenerDispatcher` are kept where a listener could depend on them: the word
//! before the length is not looked at (EVL-004), and a result of length 0 is seen only when something follows it
//! (EVL-007). Two things are bounded that are not bounded there, so that a listener cannot fill our memory: a line
//! without an end, and an announced result of absurd length, are bad result lines. So is a negative length, which the
//! reference takes and then breaks on.

/// What a listener says when it wants an event.
const READY: &[u8] = b"READY\n";

/// How much of a result line is skipped before its number: as long as `RESULT `, whatever it is.
const RESULT_WORD: usize = 7;

/// A line that is longer than this is no result line.
const LONGEST_LINE: usize = 64 * 1024;

/// No listener has a longer result than this; printing handlers get back what one child wrote at once.
const LONGEST_RESULT: usize = 16 * 1024 * 1024;

/// Where a listener stands (EVL-001).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListenerState {
    /// It was started, or has finished its event, and has not asked for one yet.
    Acknowledged,
    /// It waits for an event.
    Ready,
    /// It works on one.
    Busy,
    /// It broke the protocol; as long as it lives it gets nothing more (EVL-010).
    Unknown,
}

impl ListenerState {
    /// As log lines spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Acknowledged => "ACKNOWLEDGED",
            Self::Ready => "READY",
            Self::Busy => "BUSY",
            Self::Unknown => "UNKNOWN",
        }
    }
}

/// One thing that a listener has said completely. The protocol is then in the state that follows from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// It asks for an event: ACKNOWLEDGED → READY.
    Ready,
    /// It spoke where it should not have, or said something else than it should have; it was in this state.
    Garbage(ListenerState),
    /// What should have been a result line, without its end: BUSY → UNKNOWN (EVL-005).
    BadResultLine(Vec<u8>),
    /// It is done with its event: BUSY → ACKNOWLEDGED, unless the handler has it otherwise.
    Result(Vec<u8>),
}

/// The protocol with one listener, from its spawn to its end. Plain data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenerProtocol {
    state: ListenerState,
    /// Said, but not a whole step yet.
    unread: Vec<u8>,
    /// The length of the result whose line has been read.
    announced: Option<usize>,
}

impl Default for ListenerProtocol {
    fn default() -> Self {
        Self::new()
    }
}

impl ListenerProtocol {
    /// A listener that was just started.
    pub fn new() -> Self {
        Self {
            state: ListenerState::Acknowledged,
            unread: Vec::new(),
            announced: None,
        }
    }

    pub fn state(&self) -> ListenerState {
        self.state
    }

    /// An event was sent to it: READY → BUSY.
    pub fn event_sent(&mut self) {
        self.state = ListenerState::Busy;
    }

    /// From now on it is UNKNOWN; what else it said is dropped.
    pub fn give_up(&mut self) {
        self.state = ListenerState::Unknown;
        self.unread = Vec::new();
        self.announced = None;
    }

    /// Takes what was read. Then [`next_step`](Self::next_step) is to be called until there is none.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.state != ListenerState::Unknown {
            self.unread.extend_from_slice(bytes);
        }
    }

    /// The next thing that has been said completely.
    pub fn next_step(&mut self) -> Option<Step> {
        if self.unread.is_empty() {
            return None;
        }
        match self.state {
            ListenerState::Unknown => None,
            ListenerState::Acknowledged if self.unread.len() < READY.len() => None,
            ListenerState::Acknowledged if self.unread.starts_with(READY) => {
                self.unread.drain(..READY.len());
                self.state = ListenerState::Ready;
                Some(Step::Ready)
            }
            ListenerState::Acknowledged | ListenerState::Ready => {
                let step = Step::Garbage(self.state);
                self.give_up();
                Some(step)
            }
            ListenerState::Busy => self.next_result(),
        }
    }

    fn next_result(&mut self) -> Option<Step> {
        let length = match self.announced {
            Some(length) => length,
            None => {
                let end = self.unread.iter().position(|byte| *byte == b'\n');
                let line: Vec<u8> = match end {
                    Some(end) => self.unread.drain(..=end).take(end).collect(),
                    None if self.unread.len() <= LONGEST_LINE => return None,
                    None => self.unread.drain(..LONGEST_LINE).collect(),
                };
                let length = end.and_then(|_| result_length(&line));
                let Some(length) = length else {
                    self.give_up();
                    return Some(Step::BadResultLine(line));
                };
                self.announced = Some(length);
                length
            }
        };
        // With nothing behind the line not even an empty result is there (EVL-007).
        if self.unread.is_empty() || self.unread.len() < length {
            return None;
        }
        self.announced = None;
        self.state = ListenerState::Acknowledged;
        Some(Step::Result(self.unread.drain(..length).collect()))
    }
}

/// The number in a result line, as Python's `int` reads bytes: blanks around it, a sign, single underscores inside.
fn result_length(line: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(line.get(RESULT_WORD..)?).ok()?;
    let text = text.trim_matches([' ', '\t', '\n', '\r', '\x0b', '\x0c']);
    // `-0` is a number, and not a negative one.
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let groups_are_digits = digits
        .split('_')
        .all(|group| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit()));
    if !groups_are_digits {
        return None;
    }
    let length: usize = digits.replace('_', "").parse().ok()?;
    (length <= LONGEST_RESULT && !(negative && length > 0)).then_some(length)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{LONGEST_LINE, ListenerProtocol, ListenerState, Step, result_length};

    /// Everything that comes of these pieces when an event is sent whenever one is asked for.
    fn steps<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Step>, ListenerProtocol) {
        let mut protocol = ListenerProtocol::new();
        let mut steps = Vec::new();
        for piece in pieces {
            protocol.push(piece);
            while let Some(step) = protocol.next_step() {
                if step == Step::Ready && protocol.unread.is_empty() {
                    protocol.event_sent();
                }
                steps.push(step);
            }
        }
        (steps, protocol)
    }

    fn busy() -> ListenerProtocol {
        let mut protocol = ListenerProtocol::new();
        protocol.push(b"READY\n");
        assert_eq!(protocol.next_step(), Some(Step::Ready));
        protocol.event_sent();
        protocol
    }

    // EVL-002, EVL-006
    #[test]
    fn a_listener_that_keeps_to_the_protocol_goes_round_and_round() {
        let (steps, protocol) = steps([&b"READY\n"[..], b"RESULT 2\nOKREADY\n", b"RESULT 4\nFAIL"]);
        assert_eq!(
            steps,
            [
                Step::Ready,
                Step::Result(b"OK".to_vec()),
                Step::Ready,
                Step::Result(b"FAIL".to_vec())
            ]
        );
        assert_eq!(protocol.state(), ListenerState::Acknowledged);
    }

    // EVL-002, EVL-003, EVL-010
    #[test]
    fn whoever_speaks_out_of_turn_is_unknown_for_good() {
        let mut protocol = ListenerProtocol::new();
        protocol.push(b"READ");
        assert_eq!(protocol.next_step(), None);
        protocol.push(b"Y ");
        let garbage = Step::Garbage(ListenerState::Acknowledged);
        assert_eq!(protocol.next_step(), Some(garbage));
        protocol.push(b"READY\n");
        assert_eq!(protocol.next_step(), None);
        assert_eq!(protocol.state(), ListenerState::Unknown);

        let mut eager = ListenerProtocol::new();
        eager.push(b"READY\nREADY\n");
        assert_eq!(eager.next_step(), Some(Step::Ready));
        let garbage = Step::Garbage(ListenerState::Ready);
        assert_eq!(eager.next_step(), Some(garbage));
        assert_eq!(eager.next_step(), None);
    }

    // EVL-004, EVL-005
    #[test]
    fn the_length_is_what_python_makes_of_the_line_behind_seven_bytes() {
        for (line, length) in [
            (&b"RESULT 2"[..], Some(2)),
            (b"FOOBAR 2", Some(2)),
            (b"RESULT   +1_0 \r", Some(10)),
            (b"RESULT 007", Some(7)),
            (b"RESULT -0", Some(0)),
            (b"RESULT", None),
            (b"RESULT ", None),
            (b"RESULT x", None),
            (b"RESULT 1__0", None),
            (b"RESULT _1", None),
            (b"RESULT -1", None),
            (b"RESULT \xb2", None),
            (b"RESULT 99999999999999999999", None),
        ] {
            assert_eq!(result_length(line), length, "{}", line.escape_ascii());
        }
        let mut protocol = busy();
        protocol.push(b"huh\nREADY\n");
        let bad = Step::BadResultLine(b"huh".to_vec());
        assert_eq!(protocol.next_step(), Some(bad));
        assert_eq!(protocol.next_step(), None);
    }

    // EVL-007, QRK-034
    #[test]
    fn an_empty_result_is_seen_when_something_follows() {
        let mut protocol = busy();
        protocol.push(b"RESULT 0\n");
        assert_eq!(protocol.next_step(), None);
        protocol.push(b"R");
        assert_eq!(protocol.next_step(), Some(Step::Result(Vec::new())));
        assert_eq!(protocol.next_step(), None);
    }

    #[test]
    fn a_line_without_an_end_does_not_grow_for_ever() {
        let mut protocol = busy();
        protocol.push(&vec![b'x'; LONGEST_LINE]);
        assert_eq!(protocol.next_step(), None);
        protocol.push(b"x");
        assert!(matches!(protocol.next_step(), Some(Step::BadResultLine(_))));
        assert_eq!(protocol.state(), ListenerState::Unknown);
    }

    fn said() -> impl Strategy<Value = Vec<u8>> {
        let word = prop_oneof![
            6 => Just(&b"READY\n"[..]),
            5 => Just(&b"RESULT 2\nOK"[..]),
            2 => Just(&b"RESULT 0\n"[..]),
            2 => Just(&b"RESULT 4\nFAIL"[..]),
            1 => Just(&b"RESULT "[..]),
            1 => Just(&b"3\nab\n"[..]),
            1 => Just(&b"\xff"[..]),
        ];
        prop::collection::vec(word, 0..12).prop_map(|words| words.concat())
    }

    proptest! {
        // An event is sent to whoever has asked for one and said nothing more, so the cuts may not fall behind a READY:
        // there the order of reading and sending is part of the protocol. Everywhere else they change nothing.
        #[test]
        fn however_the_bytes_are_cut_the_same_steps_come_out(said in said(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..50)) {
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(said.len() + 1)).collect();
            cuts.retain(|cut| !said[..*cut].ends_with(b"READY\n"));
            cuts.extend([0, said.len()]);
            cuts.sort_unstable();
            let pieces = cuts.windows(2).map(|ends| &said[ends[0]..ends[1]]);
            prop_assert_eq!(steps(pieces), steps([&said[..]]));
        }

        // Said one after the other, as listeners do who wait for their event: any cut, the same steps.
        #[test]
        fn a_conversation_may_be_cut_anywhere(results in prop::collection::vec("[A-Z]{0,4}", 0..8), cuts in prop::collection::vec(1_usize..9, 0..50)) {
            let mut protocol = ListenerProtocol::new();
            let mut cuts = cuts.into_iter().chain(std::iter::repeat(5));
            let mut got = Vec::new();
            for result in &results {
                let answer = format!("RESULT {}\n{result}", result.len());
                for said in ["READY\n", &answer] {
                    let mut rest = said.as_bytes();
                    while !rest.is_empty() {
                        let (piece, left) = rest.split_at(rest.len().min(cuts.next().unwrap_or(1)));
                        rest = left;
                        protocol.push(piece);
                        while let Some(step) = protocol.next_step() {
                            if step == Step::Ready {
                                protocol.event_sent();
                            }
                            got.push(step);
                        }
                    }
                }
            }
            let wanted = results.iter().flat_map(|result| [Step::Ready, Step::Result(result.clone().into_bytes())]);
            let mut wanted: Vec<Step> = wanted.collect();
            if results.last().is_some_and(String::is_empty) {
                // EVL-007: nothing follows it.
                wanted.pop();
            }
            prop_assert_eq!(got, wanted);
        }
    }
}
