//! Completions for bash, zsh and fish, and the manual page: everything about the command line that is written down
//! elsewhere, made from the tables of the commands and the flags.
//!
//! The texts stand in `packaging/`, and a test holds them against what is made here.

use super::commands::{COMMANDS, Command, Completes, EXTRA_COMMANDS};
use super::completion::signal_names;
use super::options::FLAGS;

fn commands() -> impl Iterator<Item = &'static Command> {
    COMMANDS.iter().chain(&EXTRA_COMMANDS)
}

/// The names of the commands that complete to this, with blanks between.
fn names_of(kind: Completes) -> Vec<&'static str> {
    commands()
        .filter(|command| command.completes == kind)
        .map(|command| command.name)
        .collect()
}

fn all_names() -> Vec<&'static str> {
    let mut names: Vec<&str> = commands().map(|command| command.name).collect();
    names.push("help");
    names.sort_unstable();
    names
}

/// What a command is for: the meaning of the first line of its help that has one.
fn summary(command: &Command) -> &'static str {
    let meaning = |line: &'static str| line.split_once('\t').map(|(_, rest)| rest.trim());
    let mut meanings = command.help.split('\n').filter_map(meaning);
    meanings.next().unwrap_or_default().trim_end_matches('.')
}

const HEAD: &str = "# Made by `supervisorctl completions`; do not edit.\n";

/// What asks for names: the first column of `status`, whose process names need no quoting. Names come from a server and are
/// never read as shell text.
const ASK: &str = "supervisorctl \"${options[@]}\" status </dev/null 2>/dev/null";

/// The options whose value is the next word; those that say where the server is are passed on when it is asked for names.
struct Valued {
    /// As `-c|--configuration|…`.
    all: String,
    file: String,
}

impl Valued {
    fn of_the_flags() -> Self {
        let valued = FLAGS.iter().filter(|flag| flag.switch.takes_value);
        let names = valued.flat_map(|flag| {
            let short = flag.switch.short.map(|short| format!("-{short}"));
            [short, flag.switch.long.map(|long| format!("--{long}"))]
        });
        let names: Vec<String> = names.flatten().collect();
        let is_file = |name: &&String| is_file(name.trim_start_matches('-'));
        let files: Vec<String> = names.iter().filter(is_file).cloned().collect();
        Self {
            all: names.join("|"),
            file: files.join("|"),
        }
    }
}

/// Whether a flag's value is a file, given without its dashes.
fn is_file(flag: &str) -> bool {
    matches!(flag, "c" | "configuration" | "r" | "history_file")
}

pub fn bash() -> String {
    let long = |flag: &super::options::Flag| flag.switch.long.map(|long| format!("--{long}"));
    let flags: Vec<String> = FLAGS.iter().filter_map(long).collect();
    let valued = Valued::of_the_flags();
    format!(
        r#"{HEAD}
_supervisorctl_names() {{
    local name
    {ASK} | while read -r name _; do
        case $name in error:|*://*) return ;; esac
        case $1 in
            groups) echo "${{name%%:*}}" ;;
            *)
                echo "$name"
                case $name in *:*) echo "${{name%%:*}}:*" ;; esac ;;
        esac
    done | sort -u
}}

# Offers those of the lines read that begin as the word does.
_supervisorctl_offer() {{
    local offer
    while read -r offer; do
        case $offer in "$cur"*) COMPREPLY+=("$offer") ;; esac
    done
}}

_supervisorctl() {{
    # bash also breaks words at colons and equal signs, which are parts of names, addresses and options here.
    local rest=${{COMP_LINE:0:COMP_POINT}} words=() count=0 index word
    for ((index = 0; index <= COMP_CWORD; index++)); do
        case $rest in
            [[:space:]]*) rest=${{rest#"${{rest%%[![:space:]]*}}"}} count=$((count + 1)) ;;
        esac
        word=${{COMP_WORDS[index]}}
        if [ "$index" -eq "$COMP_CWORD" ]; then word=$rest; fi
        words[count]+=$word
        rest=${{rest#"$word"}}
    done
    local cur=${{words[count]}} prev= options=() command= place=0
    for ((index = 1; index < count; index++)); do
        prev=${{words[index]}}
        case $prev in
            {valued})
                options+=("$prev" "${{words[index+1]/#\~\//$HOME/}}"); ((index++)) ;;
            --color) ((index++)) ;;
            -h|--help|--color=*) ;;
            -*) options+=("$prev") ;;
            *) command=$prev place=$index; break ;;
        esac
    done
    COMPREPLY=()
    if [ -z "$command" ]; then
        prev=${{words[count-1]}}
        case $prev in
            {file})
                compopt -o filenames
                mapfile -t COMPREPLY < <(compgen -f -- "$cur")
                return ;;
            {valued}) return ;;
            --color) _supervisorctl_offer < <(printf '%s\n' always never auto); return ;;
        esac
        case $cur in
            -*) _supervisorctl_offer < <(printf '%s\n' {flags} --color) ;;
            *) _supervisorctl_offer < <(printf '%s\n' {names}) ;;
        esac
        return
    fi
    case $command in
        help) _supervisorctl_offer < <(printf '%s\n' {names}) ;;
        {groups}) _supervisorctl_offer < <(_supervisorctl_names groups) ;;
        {signal})
            if [ $((count - place)) -eq 1 ]; then
                _supervisorctl_offer < <(printf '%s\n' {signals})
            else
                _supervisorctl_offer < <(echo all; _supervisorctl_names)
            fi ;;
        {processes}) _supervisorctl_offer < <(echo all; _supervisorctl_names) ;;
        completions) _supervisorctl_offer < <(printf '%s\n' bash zsh fish man) ;;
    esac
    # What stands before the last colon is not replaced.
    case $COMP_WORDBREAKS in
        *:*) COMPREPLY=("${{COMPREPLY[@]#"${{cur%"${{cur##*:}}"}}"}}") ;;
    esac
}}

complete -F _supervisorctl supervisorctl
"#,
        valued = valued.all,
        file = valued.file,
        flags = flags.join(" "),
        names = all_names().join(" "),
        groups = names_of(Completes::Groups).join("|"),
        processes = names_of(Completes::Processes).join("|"),
        signal = names_of(Completes::SignalThenProcesses).join("|"),
        signals = signal_names().join(" "),
    )
}

pub fn zsh() -> String {
    let described: Vec<String> = commands()
        .map(|command| format!("        '{}:{}'", command.name, quoted(summary(command))))
        .collect();
    format!(
        r#"#compdef supervisorctl
{HEAD}
_supervisorctl_names() {{
    local -a options names
    local line value
    for line in -c --configuration -s --serverurl -u --username -p --password; do
        # As it was typed, and its colons escaped.
        value=${{(Q)${{(Q)opt_args[$line]}}}}
        [[ -n $value ]] && options+=($line ${{value/#\~\//$HOME/}})
    done
    for line in ${{(f)"$({ASK})"}}; do
        line=${{line%% *}}
        [[ $line == error: || $line == *://* ]] && return
        if [[ $1 == groups ]]; then
            names+=(${{line%%:*}})
        else
            names+=($line)
            [[ $line == *:* ]] && names+=("${{line%%:*}}:*")
        fi
    done
    [[ $1 == groups ]] || names+=(all)
    compadd -a names
}}

_supervisorctl() {{
    local curcontext=$curcontext state
    local -a commands
    commands=(
{commands}
        'help:list the commands, or explain one'
    )
    _arguments -C \
        '(-c --configuration)'{{-c+,--configuration=}}'[configuration file]:file:_files' \
        '(-h --help)'{{-h,--help}}'[show help]' \
        '(-i --interactive)'{{-i,--interactive}}'[ask before shutdown and reload]' \
        '(-s --serverurl)'{{-s+,--serverurl=}}'[where supervisord listens]:url:' \
        '(-u --username)'{{-u+,--username=}}'[name to tell the server]:name:' \
        '(-p --password)'{{-p+,--password=}}'[password to tell the server]:password:' \
        '(-r --history_file)'{{-r+,--history_file=}}'[ignored]:file:_files' \
        '--color=[colour of the states]:when:(always never auto)' \
        '1:command:->command' '*::argument:->argument'
    case $state in
        command) _describe command commands ;;
        argument)
            case $words[1] in
                help) _describe command commands ;;
                {groups}) _supervisorctl_names groups ;;
                {signal})
                    if (( CURRENT == 2 )); then
                        compadd {signals}
                    else
                        _supervisorctl_names
                    fi ;;
                {processes}) _supervisorctl_names ;;
                completions) compadd bash zsh fish man ;;
            esac ;;
    esac
}}

_supervisorctl "$@"
"#,
        commands = described.join("\n"),
        groups = names_of(Completes::Groups).join("|"),
        processes = names_of(Completes::Processes).join("|"),
        signal = names_of(Completes::SignalThenProcesses).join("|"),
        signals = signal_names().join(" "),
    )
}

/// For single quotes of a shell, and for the colons of zsh.
fn quoted(text: &str) -> String {
    text.replace('\'', "'\\''").replace(':', "\\:")
}

pub fn fish() -> String {
    let mut text = format!(
        r#"{HEAD}
function __supervisorctl_names
    set -l options
    set -l words (commandline -opc)
    for index in (seq 2 (count $words))
        switch $words[$index]
            case {valued}
                set -a options $words[$index]
                set -l value $words[(math $index + 1)]
                set -a options (string replace -r '^~/' $HOME/ -- $value)
            case --color -h --help '--color=*'
            case '-*'
                set -a options $words[$index]
        end
    end
    for line in (supervisorctl $options status </dev/null 2>/dev/null)
        set -l name (string split -f 1 ' ' -- $line)
        string match -q -r '^error:|://' -- $name; and return
        set -l group (string split -f 1 ':' -- $name)
        if test "$argv[1]" = groups
            echo $group
        else
            echo $name
            string match -q '*:*' -- $name; and echo "$group:*"
        end
    end
end

function __supervisorctl_no_command
    not __fish_seen_subcommand_from {names}
end

complete -c supervisorctl -f
"#,
        valued = Valued::of_the_flags().all.replace('|', " "),
        names = all_names().join(" ")
    );
    for flag in FLAGS.iter().filter(|flag| !flag.help.is_empty()) {
        let (Some(short), Some(long)) = (flag.switch.short, flag.switch.long) else {
            continue;
        };
        let value = match flag.switch.takes_value {
            false => "",
            true if is_file(long) => " -r -F",
            true => " -x",
        };
        text += &format!("complete -c supervisorctl -s {short} -l {long}{value}\n");
    }
    text += "complete -c supervisorctl -l color -x -a 'always never auto'\n";
    for command in commands() {
        let summary = quoted_for_fish(summary(command));
        text += &format!(
            "complete -c supervisorctl -n __supervisorctl_no_command -a {} -d '{summary}'\n",
            command.name
        );
    }
    text += &format!(
        "complete -c supervisorctl -n __supervisorctl_no_command -a help -d 'List the commands, or explain one'\n\
         complete -c supervisorctl -n '__fish_seen_subcommand_from help' -a '{names}'\n\
         complete -c supervisorctl -n '__fish_seen_subcommand_from {groups}' -a '(__supervisorctl_names groups)'\n\
         complete -c supervisorctl -n '__fish_seen_subcommand_from {processes}' -a 'all (__supervisorctl_names)'\n\
         complete -c supervisorctl -n '__fish_seen_subcommand_from {signal}; and test (commandline -opc)[-1] = {signal}' -a '{signals}'\n\
         complete -c supervisorctl -n '__fish_seen_subcommand_from {signal}; and test (commandline -opc)[-1] != {signal}' -a 'all (__supervisorctl_names)'\n\
         complete -c supervisorctl -n '__fish_seen_subcommand_from completions' -a 'bash zsh fish man'\n",
        names = all_names().join(" "),
        groups = names_of(Completes::Groups).join(" "),
        processes = names_of(Completes::Processes).join(" "),
        signal = names_of(Completes::SignalThenProcesses).join(" "),
        signals = signal_names().join(" "),
    );
    text
}

fn quoted_for_fish(text: &str) -> String {
    text.replace('\'', "\\'")
}

pub fn man() -> String {
    let mut text = String::from(
        ".\\\" Made by `supervisorctl completions man`; do not edit.\n\
         .TH SUPERVISORCTL 1\n\
         .SH NAME\nsupervisorctl \\- ask supervisord about its processes, and tell it what to do with them\n\
         .SH SYNOPSIS\n.B supervisorctl\n[\\fIoptions\\fR] [\\fIcommand\\fR [\\fIarguments\\fR]]\n\
         .SH DESCRIPTION\nWithout a command it is a shell that reads commands, from a terminal with editing, history and\n\
         completion, or from a pipe.\n\
         .SH OPTIONS\n",
    );
    for flag in FLAGS.iter().filter(|flag| !flag.help.is_empty()) {
        let (head, meaning) = flag.help.split_once(" -- ").unwrap_or((flag.help, ""));
        let meaning: Vec<&str> = meaning.split_whitespace().collect();
        text += &format!(
            ".TP\n\\fB{}\\fR\n{}\n",
            roff(head),
            roff(&meaning.join(" "))
        );
    }
    text += ".TP\n\\fB\\-\\-color WHEN\\fR\nColour the states: always, never, or auto (on a terminal, unless NO_COLOR is set)\n\
             .SH COMMANDS\n\
             A process is named \\fIprocess\\fR or \\fIgroup:process\\fR, a whole group \\fIgroup:*\\fR. Other wildcards\n\
             (\\fB*\\fR, \\fB?\\fR, \\fB[abc]\\fR) stand for the names that fit them: \\fB'web*:*'\\fR.\n";
    for command in commands() {
        text += &format!(".SS {}\n.nf\n", command.name);
        for line in command.help.split('\n').filter(|line| !line.is_empty()) {
            let (head, meaning) = line.split_once('\t').unwrap_or((line, ""));
            let meaning = roff(meaning.trim());
            text += &match (head.trim(), meaning.as_str()) {
                ("", meaning) => format!("    {meaning}\n"),
                (head, "") => format!("\\fB{}\\fR\n", roff(head)),
                (head, meaning) => format!("\\fB{}\\fR\n    {meaning}\n", roff(head)),
            };
        }
        text += match command.name {
            "status" => {
                "\\fBstatus \\-\\-json\\fR [\\fIname\\fR ...]\n    The same as JSON: an array of what getProcessInfo tells\n\
                 \\fBstatus \\-\\-watch\\fR [\\fIname\\fR ...]\n    The same again every second, until Ctrl\\-C\n"
            }
            "start" | "stop" | "restart" => {
                "With \\fB\\-\\-json\\fR the results are printed as JSON when all is done.\n"
            }
            "tail" | "maintail" => {
                "With \\fB\\-\\-lines\\fR \\fIN\\fR the last N lines are shown.\n"
            }
            _ => "",
        };
        text += ".fi\n";
    }
    text += ".SS other commands\n\
             An unknown command \\fIx\\fR is the program \\fBsupervisorctl\\-\\fIx\\fR, if PATH has one. It finds the server in\n\
             SUPERVISOR_SERVER_URL, SUPERVISOR_USERNAME and SUPERVISOR_PASSWORD.\n\
             .SH EXIT STATUS\n\
             .nf\n0   all went well\n1   something failed\n2   wrong arguments\n\
             3   status: a process is not running\n4   nobody listens; status, wait: an unknown name\n\
             5   the server speaks another version of the protocol\n7   a process is not running, or there is no socket\n.fi\n\
             A shell always leaves with 0.\n\
             .SH FILES\n\
             Without \\fB\\-c\\fR the first of these is read:\n.nf\n\
             \\&../etc/supervisord.conf and ../supervisord.conf (from the folder of the program)\n\
             \\&./supervisord.conf\n\\&./etc/supervisord.conf\n/etc/supervisord.conf\n/etc/supervisor/supervisord.conf\n.fi\n";
    text
}

fn roff(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    match text.starts_with(['.', '\'']) {
        true => format!("\\&{text}"),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::{bash, fish, man, summary, zsh};
    use crate::ctl::commands::{COMMANDS, EXTRA_COMMANDS};

    #[test]
    fn packaging_holds_what_is_made_here() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/packaging");
        for (file, command, made) in [
            ("completions/supervisorctl.bash", "bash", bash()),
            ("completions/_supervisorctl", "zsh", zsh()),
            ("completions/supervisorctl.fish", "fish", fish()),
            ("supervisorctl.1", "man", man()),
        ] {
            let kept = std::fs::read_to_string(format!("{folder}/{file}")).unwrap_or_default();
            assert!(
                kept == made,
                "packaging/{file} is out of date: supervisorctl completions {command} > packaging/{file}"
            );
        }
    }

    #[test]
    fn no_line_of_the_manual_is_taken_for_a_macro_that_is_none() {
        let man = man();
        let mut requests = man.lines().filter_map(|line| line.strip_prefix('.'));
        assert!(
            requests.all(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '\\'))
        );
    }

    #[test]
    fn every_command_has_a_summary_and_is_everywhere() {
        for command in COMMANDS.iter().chain(&EXTRA_COMMANDS) {
            assert!(!summary(command).is_empty(), "{}", command.name);
            for text in [bash(), zsh(), fish(), man()] {
                assert!(text.contains(command.name));
            }
        }
    }
}
