# Made by `supervisorctl completions`; do not edit.

function __supervisorctl_names
    set -l options
    set -l words (commandline -opc)
    for index in (seq 2 (count $words))
        switch $words[$index]
            case -c --configuration -s --serverurl -u --username -p --password -r --history_file
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
    not __fish_seen_subcommand_from add avail clear completions exit fg help maintail open pid quit reload remove reread restart shutdown signal start status stop tail update version wait
end

complete -c supervisorctl -f
complete -c supervisorctl -s c -l configuration -r -F
complete -c supervisorctl -s h -l help
complete -c supervisorctl -s i -l interactive
complete -c supervisorctl -s s -l serverurl -x
complete -c supervisorctl -s u -l username -x
complete -c supervisorctl -s p -l password -x
complete -c supervisorctl -s r -l history_file -r -F
complete -c supervisorctl -l color -x -a 'always never auto'
complete -c supervisorctl -n __supervisorctl_no_command -a add -d 'Put new groups that reread has found to work'
complete -c supervisorctl -n __supervisorctl_no_command -a avail -d 'List all that is configured, in use or not'
complete -c supervisorctl -n __supervisorctl_no_command -a clear -d 'Empty the logs of a process'
complete -c supervisorctl -n __supervisorctl_no_command -a exit -d 'Leave the shell'
complete -c supervisorctl -n __supervisorctl_no_command -a fg -d 'See a process\'s output and type its input'
complete -c supervisorctl -n __supervisorctl_no_command -a maintail -d 'Follow supervisord\'s own log (Ctrl-C ends this)'
complete -c supervisorctl -n __supervisorctl_no_command -a open -d 'Talk to another supervisord'
complete -c supervisorctl -n __supervisorctl_no_command -a pid -d 'Show supervisord\'s own process id'
complete -c supervisorctl -n __supervisorctl_no_command -a quit -d 'Leave the shell'
complete -c supervisorctl -n __supervisorctl_no_command -a reload -d 'Stop everything, and let supervisord begin anew'
complete -c supervisorctl -n __supervisorctl_no_command -a remove -d 'Dismiss groups whose processes are stopped'
complete -c supervisorctl -n __supervisorctl_no_command -a reread -d 'Read the configuration files again, without acting on them'
complete -c supervisorctl -n __supervisorctl_no_command -a restart -d 'Stop and start a process'
complete -c supervisorctl -n __supervisorctl_no_command -a shutdown -d 'Stop everything, supervisord too'
complete -c supervisorctl -n __supervisorctl_no_command -a signal -d 'Send a signal to a process'
complete -c supervisorctl -n __supervisorctl_no_command -a start -d 'Run a process'
complete -c supervisorctl -n __supervisorctl_no_command -a status -d 'Show how a process is'
complete -c supervisorctl -n __supervisorctl_no_command -a stop -d 'End a process'
complete -c supervisorctl -n __supervisorctl_no_command -a tail -d 'Follow the stdout log of a process'
complete -c supervisorctl -n __supervisorctl_no_command -a update -d 'Read the configuration again; add, remove and restart groups accordingly'
complete -c supervisorctl -n __supervisorctl_no_command -a version -d 'Show the version of supervisord'
complete -c supervisorctl -n __supervisorctl_no_command -a completions -d 'Print completions for a shell'
complete -c supervisorctl -n __supervisorctl_no_command -a wait -d 'Wait until processes are in a state (default RUNNING)'
complete -c supervisorctl -n __supervisorctl_no_command -a help -d 'List the commands, or explain one'
complete -c supervisorctl -n '__fish_seen_subcommand_from help' -a 'add avail clear completions exit fg help maintail open pid quit reload remove reread restart shutdown signal start status stop tail update version wait'
complete -c supervisorctl -n '__fish_seen_subcommand_from add remove update' -a '(__supervisorctl_names groups)'
complete -c supervisorctl -n '__fish_seen_subcommand_from clear fg pid restart start status stop tail wait' -a 'all (__supervisorctl_names)'
complete -c supervisorctl -n '__fish_seen_subcommand_from signal; and test (commandline -opc)[-1] = signal' -a 'HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH POLL PWR SYS'
complete -c supervisorctl -n '__fish_seen_subcommand_from signal; and test (commandline -opc)[-1] != signal' -a 'all (__supervisorctl_names)'
complete -c supervisorctl -n '__fish_seen_subcommand_from completions' -a 'bash zsh fish man'
