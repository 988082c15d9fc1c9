//! Signals by name and number, as the reference accepts and prints them (TYP-006, TYP-007, SIG-009, RPC-139, RPC-140).

use std::fmt;

/// A signal number that the reference accepts. Linux on x86-64 and arm64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signal(i32);

/// Every name that is read; [`signal_name`] says which one is printed where two share a number.
const NAMES: [(&str, i32); 36] = [
    ("SIGHUP", 1),
    ("SIGINT", 2),
    ("SIGQUIT", 3),
    ("SIGILL", 4),
    ("SIGTRAP", 5),
    ("SIGIOT", 6),
    ("SIGABRT", 6),
    ("SIGBUS", 7),
    ("SIGFPE", 8),
    ("SIGKILL", 9),
    ("SIGUSR1", 10),
    ("SIGSEGV", 11),
    ("SIGUSR2", 12),
    ("SIGPIPE", 13),
    ("SIGALRM", 14),
    ("SIGTERM", 15),
    ("SIGSTKFLT", 16),
    ("SIGCLD", 17),
    ("SIGCHLD", 17),
    ("SIGCONT", 18),
    ("SIGSTOP", 19),
    ("SIGTSTP", 20),
    ("SIGTTIN", 21),
    ("SIGTTOU", 22),
    ("SIGURG", 23),
    ("SIGXCPU", 24),
    ("SIGXFSZ", 25),
    ("SIGVTALRM", 26),
    ("SIGPROF", 27),
    ("SIGWINCH", 28),
    ("SIGIO", 29),
    ("SIGPOLL", 29),
    ("SIGPWR", 30),
    ("SIGSYS", 31),
    ("SIGRTMIN", 34),
    ("SIGRTMAX", 64),
];

/// Words the reference also takes, since it looks any `SIG…` attribute of Python's module up (RPC-140).
const ODD_NAMES: [(&str, i32); 5] = [
    ("SIG_DFL", 0),
    ("SIG_IGN", 1),
    ("SIG_BLOCK", 0),
    ("SIG_UNBLOCK", 1),
    ("SIG_SETMASK", 2),
];

impl Signal {
    pub const HUP: Self = Self(1);
    pub const INT: Self = Self(2);
    pub const QUIT: Self = Self(3);
    pub const KILL: Self = Self(9);
    pub const USR2: Self = Self(12);
    pub const TERM: Self = Self(15);
    pub const CHLD: Self = Self(17);

    /// The signal with this number, if the reference's table has it: 0 to 31, 34 and 64.
    pub fn from_number(number: i64) -> Option<Self> {
        match number {
            0..=31 => i32::try_from(number).ok().map(Self),
            34 => Some(Self(34)),
            64 => Some(Self(64)),
            _ => None,
        }
    }

    /// The signal with this name, any case, with or without `SIG`.
    pub fn from_name(name: &str) -> Option<Self> {
        let upper = name.to_uppercase();
        let full = if upper.starts_with("SIG") {
            upper
        } else {
            format!("SIG{upper}")
        };
        NAMES
            .iter()
            .chain(&ODD_NAMES)
            .find(|(known, _)| *known == full)
            .map(|(_, number)| Self(*number))
    }

    /// A number or a name, as a client or a configuration writes it (RPC-139).
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        match text.parse::<i64>() {
            Ok(number) => Self::from_number(number),
            Err(_) => Self::from_name(text),
        }
    }

    pub fn number(self) -> i32 {
        self.0
    }
}

impl fmt::Display for Signal {
    /// `SIGTERM`; a number without a name is `signal 0` (SIG-009).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&signal_name(self.0))
    }
}

/// The name the reference prints for a number, also for those it does not accept as input.
pub fn signal_name(number: i32) -> String {
    match number {
        6 => "SIGABRT".to_owned(),
        17 => "SIGCHLD".to_owned(),
        29 => "SIGPOLL".to_owned(),
        _ => match NAMES.iter().find(|(_, known)| *known == number) {
            Some((name, _)) => (*name).to_owned(),
            None => format!("signal {number}"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::{Signal, signal_name};

    // TYP-006, RPC-139
    #[test]
    fn names_are_read_in_any_case_with_or_without_sig() {
        for name in ["term", "SIGTERM", "SigTerm"] {
            assert_eq!(Signal::from_name(name), Some(Signal::TERM));
        }
        assert_eq!(Signal::from_name("BLOCK"), None);
        assert_eq!(Signal::from_name("_BLOCK").map(Signal::number), Some(0));
        assert_eq!(Signal::from_name("sig_ign").map(Signal::number), Some(1));
    }

    // TYP-007, RPC-140, QRK-017
    #[test]
    fn only_the_named_numbers_are_accepted() {
        let accepted: Vec<i64> = (-1..=66)
            .filter(|n| Signal::from_number(*n).is_some())
            .collect();
        let expected: Vec<i64> = (0..=31).chain([34, 64]).collect();
        assert_eq!(accepted, expected);
    }

    // SIG-009
    #[test]
    fn shared_numbers_print_the_name_the_reference_prints() {
        let shown: Vec<String> = [0, 6, 17, 29, 33, 34, 64]
            .into_iter()
            .map(signal_name)
            .collect();
        assert_eq!(
            shown,
            [
                "signal 0",
                "SIGABRT",
                "SIGCHLD",
                "SIGPOLL",
                "signal 33",
                "SIGRTMIN",
                "SIGRTMAX"
            ]
        );
    }
}
