# Made by `supervisorctl completions`; do not edit.

_supervisorctl_names() {
    local name
    supervisorctl "${options[@]}" status </dev/null 2>/dev/null | while read -r name _; do
        case $name in error:|*://*) return ;; esac
        case $1 in
            groups) echo "${name%%:*}" ;;
            *)
                echo "$name"
                case $name in *:*) echo "${name%%:*}:*" ;; esac ;;
        esac
    done | sort -u
}

_supervisorctl() {
    local cur prev words cword
    # A colon is part of a name.
    if declare -F _get_comp_words_by_ref >/dev/null; then
        _get_comp_words_by_ref -n : cur prev words cword
    else
        words=("${COMP_WORDS[@]}") cword=$COMP_CWORD
        cur=${words[cword]} prev=${words[cword-1]}
    fi
    local options=() command= place=0 index
    for ((index = 1; index < cword; index++)); do
        case ${words[index]} in
            -c|-s|-u|-p|--configuration|--serverurl|--username|--password)
                options+=("${words[index]}" "${words[index+1]}"); ((index++)) ;;
            -r|--history_file|--color) ((index++)) ;;
            -*) ;;
            *) command=${words[index]} place=$index; break ;;
        esac
    done
    COMPREPLY=()
    if [ -z "$command" ]; then
        case $prev in
            -c|--configuration|-r|--history_file) COMPREPLY=($(compgen -f -- "$cur")); return ;;
            -s|--serverurl|-u|--username|-p|--password) return ;;
            --color) COMPREPLY=($(compgen -W "always never auto" -- "$cur")); return ;;
        esac
        case $cur in
            -*) COMPREPLY=($(compgen -W "--configuration --help --interactive --serverurl --username --password --history_file --color" -- "$cur")) ;;
            *) COMPREPLY=($(compgen -W "add avail clear completions exit fg help maintail open pid quit reload remove reread restart shutdown signal start status stop tail update version wait" -- "$cur")) ;;
        esac
        return
    fi
    case $command in
        help) COMPREPLY=($(compgen -W "add avail clear completions exit fg help maintail open pid quit reload remove reread restart shutdown signal start status stop tail update version wait" -- "$cur")) ;;
        add|remove|update) COMPREPLY=($(compgen -W "$(_supervisorctl_names groups)" -- "$cur")) ;;
        signal)
            if [ $((cword - place)) -eq 1 ]; then
                COMPREPLY=($(compgen -W "HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH POLL PWR SYS" -- "$cur"))
            else
                COMPREPLY=($(compgen -W "all $(_supervisorctl_names)" -- "$cur"))
            fi ;;
        clear|fg|pid|restart|start|status|stop|tail|wait) COMPREPLY=($(compgen -W "all $(_supervisorctl_names)" -- "$cur")) ;;
        completions) COMPREPLY=($(compgen -W "bash zsh fish man" -- "$cur")) ;;
    esac
    if declare -F __ltrim_colon_completions >/dev/null; then
        __ltrim_colon_completions "$cur"
    fi
}

complete -F _supervisorctl supervisorctl
