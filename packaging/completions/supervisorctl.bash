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

# Offers those of the lines read that begin as the word does.
_supervisorctl_offer() {
    local offer
    while read -r offer; do
        case $offer in "$cur"*) COMPREPLY+=("$offer") ;; esac
    done
}

_supervisorctl() {
    # bash also breaks words at colons and equal signs, which are parts of names, addresses and options here.
    local rest=${COMP_LINE:0:COMP_POINT} words=() count=0 index word
    for ((index = 0; index <= COMP_CWORD; index++)); do
        case $rest in
            [[:space:]]*) rest=${rest#"${rest%%[![:space:]]*}"} count=$((count + 1)) ;;
        esac
        word=${COMP_WORDS[index]}
        if [ "$index" -eq "$COMP_CWORD" ]; then word=$rest; fi
        words[count]+=$word
        rest=${rest#"$word"}
    done
    local cur=${words[count]} prev= options=() command= place=0
    for ((index = 1; index < count; index++)); do
        prev=${words[index]}
        case $prev in
            -c|--configuration|-s|--serverurl|-u|--username|-p|--password|-r|--history_file)
                options+=("$prev" "${words[index+1]/#\~\//$HOME/}"); ((index++)) ;;
            --color) ((index++)) ;;
            -h|--help|--color=*) ;;
            -*) options+=("$prev") ;;
            *) command=$prev place=$index; break ;;
        esac
    done
    COMPREPLY=()
    if [ -z "$command" ]; then
        prev=${words[count-1]}
        case $prev in
            -c|--configuration|-r|--history_file)
                compopt -o filenames
                mapfile -t COMPREPLY < <(compgen -f -- "$cur")
                return ;;
            -c|--configuration|-s|--serverurl|-u|--username|-p|--password|-r|--history_file) return ;;
            --color) _supervisorctl_offer < <(printf '%s\n' always never auto); return ;;
        esac
        case $cur in
            -*) _supervisorctl_offer < <(printf '%s\n' --configuration --help --interactive --serverurl --username --password --history_file --color) ;;
            *) _supervisorctl_offer < <(printf '%s\n' add avail clear completions exit fg help maintail open pid quit reload remove reread restart shutdown signal start status stop tail update version wait) ;;
        esac
        return
    fi
    case $command in
        help) _supervisorctl_offer < <(printf '%s\n' add avail clear completions exit fg help maintail open pid quit reload remove reread restart shutdown signal start status stop tail update version wait) ;;
        add|remove|update) _supervisorctl_offer < <(_supervisorctl_names groups) ;;
        signal)
            if [ $((count - place)) -eq 1 ]; then
                _supervisorctl_offer < <(printf '%s\n' HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH POLL PWR SYS)
            else
                _supervisorctl_offer < <(echo all; _supervisorctl_names)
            fi ;;
        clear|fg|pid|restart|start|status|stop|tail|wait) _supervisorctl_offer < <(echo all; _supervisorctl_names) ;;
        completions) _supervisorctl_offer < <(printf '%s\n' bash zsh fish man) ;;
    esac
    # What stands before the last colon is not replaced.
    case $COMP_WORDBREAKS in
        *:*) COMPREPLY=("${COMPREPLY[@]#"${cur%"${cur##*:}"}"}") ;;
    esac
}

complete -F _supervisorctl supervisorctl
