//! What Tab offers in the shell (CTL-069 to CTL-074).
//!
//! What the reference offers comes first and alone. Only where it has nothing that fits do we offer what it lacks: our own
//! commands, and the names of signals.

use rustyline::completion::Candidate;

use crate::model::signal::signal_name;

use super::answers::ProcessRow;
use super::commands::{COMMANDS, Completes, EXTRA_COMMANDS, command};
use super::line::words;

/// What ends a word, besides what is in it (CTL-069).
const BREAKS: &str = " \t\n`~!@#$%^&()=+[{]}\\|;'\",<>/?";

/// One offer: it is inserted with a blank behind it, since it is a whole word.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Offer(String);

impl Candidate for Offer {
    fn display(&self) -> &str {
        &self.0
    }

    fn replacement(&self) -> &str {
        &self.0
    }
}

/// Where the word before the cursor starts, and what it could become, sorted. The processes are asked for only when they
/// matter.
pub fn offers<'r>(
    line: &str,
    cursor: usize,
    processes: impl FnOnce() -> &'r [ProcessRow],
) -> (usize, Vec<Offer>) {
    let before = &line[..cursor];
    let start = before.rfind(|c| BREAKS.contains(c)).map_or(0, |at| at + 1);
    let text = &before[start..];
    let mut found: Vec<Offer> = candidates(line, text, processes)
        .into_iter()
        .filter(|name| name.starts_with(text))
        .map(|name| Offer(name + " "))
        .collect();
    found.sort();
    found.dedup();
    (start, found)
}

fn candidates<'r>(
    line: &str,
    text: &str,
    processes: impl FnOnce() -> &'r [ProcessRow],
) -> Vec<String> {
    let words = words(line);
    let action = match words.as_slice() {
        [] => return actions(text),
        [_] if !line.ends_with(' ') => return actions(text),
        [action, ..] => *action,
    };
    // As the reference looks for the word in "help", any piece of that will do (`supervisorctl.py`, `complete`; CTL-074).
    if "help".contains(action) {
        return actions(text);
    }
    match command(action).map(|command| command.completes) {
        None | Some(Completes::Nothing) => Vec::new(),
        Some(Completes::Groups) => processes().iter().map(|row| row.group.clone()).collect(),
        Some(Completes::Processes) => process_names(processes(), text),
        Some(Completes::SignalThenProcesses) => {
            let names = process_names(processes(), text);
            let is_signal = match words.len() {
                1 => true,
                2 => !line.ends_with(' '),
                _ => false,
            };
            match is_signal && !names.iter().any(|name| name.starts_with(text)) {
                true => signal_names(),
                false => names,
            }
        }
    }
}

fn actions(text: &str) -> Vec<String> {
    let known = COMMANDS.iter().map(|command| command.name);
    let known: Vec<&str> = std::iter::once("help").chain(known).collect();
    let fits = |name: &&str| name.starts_with(text);
    let names: Vec<&str> = match known.iter().any(fits) {
        true => known,
        false => EXTRA_COMMANDS.iter().map(|command| command.name).collect(),
    };
    names.into_iter().map(str::to_owned).collect()
}

/// CTL-072.
fn process_names(processes: &[ProcessRow], text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for row in processes {
        if text.contains(':') || row.name != row.group {
            names.push(format!("{}:{}", row.group, row.name));
            names.push(format!("{}:*", row.group));
        } else {
            names.push(row.name.clone());
        }
    }
    names
}

/// The signals by name, without their `SIG`.
pub fn signal_names() -> Vec<String> {
    (1..32)
        .map(|number| signal_name(number).trim_start_matches("SIG").to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{ProcessRow, offers};

    fn row(group: &str, name: &str) -> ProcessRow {
        ProcessRow {
            group: group.to_owned(),
            name: name.to_owned(),
            state: 20,
            state_name: "RUNNING".to_owned(),
            description: String::new(),
            pid: 1,
        }
    }

    fn offered(line: &str) -> String {
        let rows = [
            row("cat", "cat"),
            row("m", "a-1"),
            row("m", "b"),
            row("TV", "TV"),
        ];
        let (start, offers) = offers(line, line.len(), || &rows);
        let names: Vec<&str> = offers.iter().map(|offer| offer.0.as_str()).collect();
        format!("{start}|{}", names.join("|"))
    }

    // CTL-070, CTL-074
    #[test]
    fn the_first_word_and_pieces_of_help_are_completed_to_commands() {
        for (line, words) in [
            ("sta", "0|start |status "),
            ("st", "0|start |status |stop "),
            ("  re", "2|reload |remove |reread |restart "),
            ("E", "0|"),
            ("help sto", "5|stop "),
            ("el sto", "3|stop "),
            ("?sto", "1|stop "),
        ] {
            assert_eq!(offered(line), words, "{line:?}");
        }
        assert_eq!(offered("").matches('|').count(), 22);
    }

    // CTL-069, CTL-071, CTL-072
    #[test]
    fn arguments_are_completed_to_what_the_command_takes() {
        for (line, words) in [
            ("start ", "6|TV |cat |m:* |m:a-1 |m:b "),
            ("start m:a-", "6|m:a-1 "),
            ("start cat cat:", "10|cat:* |cat:cat "),
            ("tail -f c", "8|cat "),
            ("add ", "4|TV |cat |m "),
            ("update m", "7|m "),
            ("avail ", "6|"),
            ("open ", "5|"),
            ("bogus ", "6|"),
        ] {
            assert_eq!(offered(line), words, "{line:?}");
        }
    }

    // CTL-071: processes, as in the reference; signals where no process fits.
    #[test]
    fn signals_are_offered_where_the_reference_has_nothing() {
        assert_eq!(offered("signal "), "7|TV |cat |m:* |m:a-1 |m:b ");
        assert_eq!(offered("signal TE"), "7|TERM ");
        assert_eq!(offered("signal TERM US"), "12|");
        assert_eq!(offered("wai"), "0|wait ");
    }
}
