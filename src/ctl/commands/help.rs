//! `help`: the list of commands, or the lines of one. It needs no server and never fails (CTL-160 to CTL-164).

use super::super::error::CtlError;
use super::super::session::Session;
use super::super::table::columns;
use super::{COMMANDS, command};

const HEADER: &str = "default commands (type help <topic>):";

/// Python leaves one of the screen's 80 columns free.
const WIDTH: usize = 79;

pub fn help(session: &mut Session<'_>, topic: &str) -> Result<(), CtlError> {
    for line in lines(topic) {
        session.output.line(&line);
    }
    Ok(())
}

fn lines(topic: &str) -> Vec<String> {
    if topic == "help" {
        return vec![
            "help\t\tList all actions".to_owned(),
            "help <action>\tExplain an action".to_owned(),
        ];
    }
    if !topic.is_empty() {
        return match command(topic) {
            Some(command) => vec![command.help.to_owned()],
            None => vec![format!("*** No help on {topic}")],
        };
    }
    let names = COMMANDS.each_ref().map(|command| command.name);
    let mut lines = vec![String::new(), HEADER.to_owned(), "=".repeat(HEADER.len())];
    lines.extend(columns(&names, WIDTH));
    lines.push(String::new());
    lines
}

#[cfg(test)]
mod tests {
    use super::lines;
    use crate::ctl::commands::COMMANDS;

    // CTL-160, CTL-161
    #[test]
    fn all_commands_are_listed_in_three_rows() {
        assert_eq!(
            lines(""),
            [
                "",
                "default commands (type help <topic>):",
                "=====================================",
                "add    exit      open  reload  restart   start   tail   ",
                "avail  fg        pid   remove  shutdown  status  update ",
                "clear  maintail  quit  reread  signal    stop    version",
                "",
            ]
        );
    }

    // CTL-162
    #[test]
    fn help_knows_itself_but_not_the_end_of_the_input() {
        assert_eq!(lines("help").len(), 2);
        assert_eq!(lines("EOF"), ["*** No help on EOF"]);
        assert_eq!(lines("start stop"), ["*** No help on start stop"]);
    }

    // CTL-164, CTL-166: what stands before the first tab of each line.
    #[test]
    fn the_heads_of_help_lines_are_those_of_the_reference() {
        let heads = |name: &str| -> Vec<String> {
            let shown = lines(name).concat();
            shown
                .split('\n')
                .map(|line| line.split('\t').next().unwrap_or_default().to_owned())
                .collect()
        };
        assert_eq!(
            heads("clear"),
            ["clear <name>", "clear <name> <name>", "clear all"]
        );
        assert_eq!(
            heads("maintail"),
            ["maintail -f ", "maintail -100", "maintail", ""]
        );
        assert_eq!(heads("open"), ["open <url>", ""]);
        assert_eq!(
            heads("signal"),
            [
                "signal <signal name> <name>",
                "signal <signal name> <gname>:*",
                "signal <signal name> <name> <name>",
                "signal <signal name> all"
            ]
        );
        assert_eq!(
            heads("update"),
            ["update", "update all", "update <gname> [...]"]
        );
    }

    #[test]
    fn the_table_is_in_the_order_in_which_it_is_shown() {
        assert!(COMMANDS.is_sorted_by_key(|command| command.name));
    }
}
