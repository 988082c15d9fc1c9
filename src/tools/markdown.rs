//! `docs/configuration.md`: every section and option, from the tables that are read. A test holds the file to it;
//! `supervisord manual configuration.md` prints it.

use super::sections::{SECTIONS, Section};
use crate::config::options::{ALIASES, Described};

const INTRODUCTION: &str = "\
# The configuration

<!-- Made by `supervisord manual configuration.md` from the tables of options; do not edit. -->

Everything that `supervisord.conf` can say. Options and sections marked **+** are not in Python's Supervisor, which ignores them;
many come from the Go version. What they mean where Supervisor's own meaning ends is in [differences.md](differences.md), what
users of the Go version should know in [migrating-from-go.md](migrating-from-go.md).

`supervisord check -c FILE` says everything that is wrong or doubtful in a file, `supervisord config --dump-json -c FILE` what it
means with all defaults, and `supervisord init -o FILE` writes a file to start from.

## Form

A section begins with its name in brackets. An option is `name=value` on a line of its own; names count in any case. A line that begins
with a blank continues the value before it. A comment begins with `;` or `#`, at the beginning of a line or after a blank, also within
quotes.

| value | |
|---|---|
| a boolean | `true`, `yes`, `on`, `1`; `false`, `no`, `off`, `0`; **+** `t`, `f` |
| a size | a number of bytes, or with `KB`, `MB`, `GB`; **+** `K`, `M`, `G` |
| a signal | a name with or without `SIG`, or a number |
| a probe **+** | a command whose words are separated by blanks and may have quotes; no shell reads it. Or `http://…`, `https://…` with \
`-H 'Name: value'`, `-d TEXT`, `-d @FILE`, `--ca-file FILE` behind it; `tcp://host:port`; `script://COMMAND` |
| `%(here)s` | the directory of the file |
| `%(ENV_X)s` | the variable X of supervisord; in a program, also of its `environment` |
| `%(program_name)s`, `%(group_name)s`, `%(process_num)d`, `%(numprocs)d`, `%(host_node_name)s` | in a program |
| `%%` | a percent sign |
";

const LOGS: &str = "\
### Where output goes

`stdout_logfile` and `stderr_logfile` take a path, `AUTO` (a file of supervisord's own in `childlogdir`), `NONE`, or `syslog`.

**+** Several targets are separated by commas, and each gets everything: `test.log, /dev/stdout`. The first file is the one that clients
read and clear; every file is rotated as the options say. In a list, `/dev/stdout` and `/dev/stderr` are those of supervisord itself,
`memory` keeps the last output in memory, `syslog` is the machine's own, and `syslog @[udp:|tcp:]host[:port]` a server (also alone). A
value with a comma is one file if there is a file of that whole name.

### Files of variables **+**

`envFiles` names files that are read at each start: blank lines and lines with `#` say nothing; `KEY=value`, with `export` in front if one
likes; `'…'` is taken as it is, in `\"…\"` the escapes are those of JSON, and without quotes a `#` ends the value. Nothing is
expanded. One bad line, or a file that is not there, makes the start fail; a file with `-` in front may be missing.

### Dependencies **+**

A word of `depends_on` is a process, a program or a group, in this order, or `group:process`. Whoever is named must be RUNNING
before this program is started, and is stopped after it. A name that nobody has is an error, and so is a loop.

### Relative paths **+**

`restart_directory_monitor`, `conf_file` and the files of probes start at the program's `directory`, or without one at the directory of the
configuration file. `envFiles` start at supervisord's own directory if the file is there, or else at the directory of the
configuration file.
";

/// The whole file.
pub fn configuration() -> String {
    let mut text = INTRODUCTION.to_owned();
    for section in SECTIONS {
        let mark = if section.is_extension { " **+**" } else { "" };
        text.push_str(&format!(
            "\n## `[{}]`{mark}\n\n{}\n",
            section.header, section.about
        ));
        text.push_str(&options(section));
        let aliases: Vec<String> = ALIASES
            .iter()
            .filter(|(beginning, ..)| section.header.split(':').next() == Some(beginning))
            .map(|(_, alias, name)| format!("`{alias}` for `{name}`"))
            .collect();
        if !aliases.is_empty() {
            text.push_str(&format!(
                "\n**+** Other spellings: {}.\n",
                aliases.join(", ")
            ));
        }
        if section.header == "program:x" {
            text.push('\n');
            text.push_str(LOGS);
        }
    }
    text
}

fn options(section: &Section) -> String {
    let rows = section.options().map(|row| line(row, ""));
    let own = section.own_options().map(|row| line(row, " **+**"));
    let lines: String = rows.chain(own).collect();
    if lines.is_empty() {
        return lines;
    }
    format!("\n| option | default | |\n|---|---|---|\n{lines}")
}

fn line(row: &dyn Described, mark: &str) -> String {
    let default = match row.default_text() {
        None | Some("") => String::new(),
        Some(default) => format!("`{}`", escaped(default)),
    };
    format!(
        "| `{}`{mark} | {default} | {} |\n",
        row.name(),
        escaped(row.help())
    )
}

/// For a cell of a table.
fn escaped(text: &str) -> String {
    text.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::configuration;
    use crate::config::options::{Table, extensions, program, server, supervisord};

    // Rewritten by `cargo run -- manual configuration.md > docs/configuration.md`.
    #[test]
    fn the_documentation_is_what_the_tables_say() {
        let written = include_str!("../../docs/configuration.md");
        assert!(
            written == configuration(),
            "docs/configuration.md is not up to date: cargo run -- manual configuration.md > docs/configuration.md"
        );
    }

    #[test]
    fn every_option_is_there_and_every_extension_marked() {
        let text = configuration();
        let all: [(Table, &str); 12] = [
            (supervisord::TABLE, ""),
            (program::TABLE, ""),
            (server::UNIX_SERVER_TABLE, ""),
            (server::INET_SERVER_TABLE, ""),
            (server::GROUP_TABLE, ""),
            (server::EVENT_LISTENER_TABLE, ""),
            (server::FCGI_TABLE, ""),
            (server::CTL_TABLE, ""),
            (supervisord::EXTENSION_TABLE, " **+**"),
            (extensions::TABLE, " **+**"),
            (server::SERVER_EXTENSION_TABLE, " **+**"),
            (server::INET_SERVER_EXTENSION_TABLE, " **+**"),
        ];
        for (table, mark) in all {
            for row in table {
                let beginning = format!("\n| `{}`{mark} | ", row.name());
                assert!(text.contains(&beginning), "{beginning}");
            }
        }
    }
}
