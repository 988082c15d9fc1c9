//! Columns: the table of `status`, the rows of `avail`, and the command names of `help`. Widths are counted in characters.

use super::answers::{ConfigRow, ProcessRow};
use crate::model::namespec::display_name;
use crate::model::states::ProcessState;

/// The lines of `status`: the name column is as wide as its longest name and at least 30, plus three (CTL-091). An empty
/// description leaves the blanks before it (CTL-092). Whole names have their group also where it is theirs. In colour, name and state have the one that says how it is.
pub fn status_lines(rows: &[&ProcessRow], coloured: bool, whole_names: bool) -> Vec<String> {
    let name = |row: &&ProcessRow| match whole_names {
        true => format!("{}:{}", row.group, row.name),
        false => row.display_name(),
    };
    let names: Vec<String> = rows.iter().map(name).collect();
    let longest = names.iter().map(|name| name.chars().count()).max();
    let width = longest.unwrap_or_default().max(30) + 3;
    names
        .iter()
        .zip(rows)
        .map(|(name, row)| {
            let mut line = String::with_capacity(width + 24 + row.description.len());
            // The name too: whoever looks for `name  STATE` in what a terminal shows must find it.
            if coloured {
                line.extend(["\x1b[", colour(row), "m"]);
            }
            push_padded(&mut line, name, width);
            push_padded(&mut line, &row.state_name, 10);
            if coloured {
                line.push_str("\x1b[0m");
            }
            line.push_str(&row.description);
            line
        })
        .collect()
}

/// Text with blanks behind it, up to so many characters.
fn push_padded(line: &mut String, text: &str, width: usize) {
    line.push_str(text);
    line.extend(std::iter::repeat_n(
        ' ',
        width.saturating_sub(text.chars().count()),
    ));
}

/// Green is well, yellow on its way, red in trouble; what rests is faint.
fn colour(row: &ProcessRow) -> &'static str {
    let is = |state: ProcessState| i64::from(state.code()) == row.state;
    match ProcessState::ALL.into_iter().find(|state| is(*state)) {
        Some(ProcessState::Running) => "32",
        Some(ProcessState::Starting | ProcessState::Stopping | ProcessState::Backoff) => "33",
        Some(ProcessState::Stopped | ProcessState::Exited) => "2",
        Some(ProcessState::Fatal | ProcessState::Unknown) | None => "31",
    }
}

/// A line of `avail` (CTL-140).
pub fn avail_line(row: &ConfigRow) -> String {
    format!(
        "{:<32} {:<9} {:<9} {}:{}",
        display_name(&row.group, &row.name),
        if row.in_use { "in use" } else { "avail" },
        if row.autostart { "auto" } else { "manual" },
        row.group_priority,
        row.process_priority
    )
}

/// Words in columns, top to bottom and then to the right, in as few lines as fit the width: the layout of Python's
/// `cmd.Cmd.columnize`, which pads the last column too (CTL-160, CTL-161).
pub fn columns(words: &[&str], width: usize) -> Vec<String> {
    for lines in 1..words.len() {
        let column_widths: Vec<usize> = words
            .chunks(lines)
            .map(|column| {
                column
                    .iter()
                    .map(|word| word.len())
                    .max()
                    .unwrap_or_default()
            })
            .collect();
        let total = column_widths.iter().sum::<usize>() + 2 * (column_widths.len() - 1);
        if total > width {
            continue;
        }
        return (0..lines)
            .map(|line| {
                let cells: Vec<String> = words
                    .chunks(lines)
                    .zip(&column_widths)
                    .filter_map(|(column, width)| {
                        column.get(line).map(|word| format!("{word:<width$}"))
                    })
                    .collect();
                cells.join("  ")
            })
            .collect();
    }
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::{ConfigRow, ProcessRow, avail_line, columns, status_lines};

    fn process(name: &str, state_name: &str, description: &str) -> ProcessRow {
        ProcessRow {
            group: name.to_owned(),
            name: name.to_owned(),
            state: 20,
            state_name: state_name.to_owned(),
            description: description.to_owned(),
            pid: 7,
        }
    }

    // CTL-091, CTL-092
    #[test]
    fn short_names_share_a_column_of_thirty_three() {
        let running = process("cat", "RUNNING", "pid 7, uptime 0:00:01");
        let starting = ProcessRow {
            group: "grüße".to_owned(),
            ..process("a", "STARTING", "")
        };
        assert_eq!(
            status_lines(&[&running, &starting], false, false),
            [
                "cat                              RUNNING   pid 7, uptime 0:00:01",
                "grüße:a                          STARTING  ",
            ]
        );
    }

    // CTL-091
    #[test]
    fn a_long_name_widens_the_column_for_all() {
        let long = process(&"n".repeat(31), "FATAL", "x");
        let short = process("s", "FATAL", "x");
        let lines = status_lines(&[&long, &short], false, false);
        assert_eq!(lines[0], format!("{}   FATAL     x", "n".repeat(31)));
        assert_eq!(lines[1].find("FATAL"), Some(34));
    }

    #[test]
    fn colours_change_nothing_but_the_colour() {
        let running = process("cat", "RUNNING", "pid 7");
        let plain = status_lines(&[&running], false, false).concat();
        let coloured = status_lines(&[&running], true, false).concat();
        assert!(coloured.starts_with("\x1b[32mcat "));
        assert!(coloured.contains(" RUNNING   \x1b[0mpid 7"));
        assert_eq!(
            coloured.replace("\x1b[32m", "").replace("\x1b[0m", ""),
            plain
        );
    }

    // CTL-140
    #[test]
    fn available_processes_have_four_columns() {
        let row = ConfigRow {
            group: "web".to_owned(),
            name: "api".to_owned(),
            in_use: true,
            autostart: false,
            group_priority: 999,
            process_priority: 5,
        };
        assert_eq!(
            avail_line(&row),
            "web:api                          in use    manual    999:5"
        );
        let long = ConfigRow {
            name: "n".repeat(40),
            in_use: false,
            autostart: true,
            ..row
        };
        assert!(avail_line(&long).ends_with("n avail     auto      999:5"));
    }

    // CTL-161
    #[test]
    fn columns_are_filled_downwards_and_padded() {
        assert_eq!(columns(&["a", "bb", "c", "d"], 8), ["a   c", "bb  d"]);
        assert_eq!(
            columns(&["a", "bb", "ccc", "d", "e"], 11),
            ["a   ccc  e", "bb  d  "]
        );
        assert_eq!(columns(&["only"], 3), ["only"]);
        assert_eq!(columns(&["aa", "bb"], 6), ["aa  bb"]);
        assert_eq!(columns(&["aa", "bb"], 5), ["aa", "bb"]);
        assert!(columns(&[], 80).is_empty());
    }
}
