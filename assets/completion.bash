# Completes commands, flags and what they take, agents and campaigns of the configuration included.
_ahtop() {
    # An agent's ID may hold '@' and ':', at which bash cuts words in two: they are put together again here.
    local rest=$COMP_LINE word blank start=0 at=0 index=-1 i
    local -a words=()
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        blank=${rest%%[![:space:]]*}
        if [[ $index -lt 0 || -n $blank ]]; then
            words[++index]=
            start=$((at + ${#blank}))
        fi
        rest=${rest#"$blank"}
        rest=${rest#"$word"}
        at=$((at + ${#blank} + ${#word}))
        words[index]+=$word
    done
    words[index]=${COMP_LINE:start:COMP_POINT-start}
    local typed=${words[index]} kept=
    for i in "${!words[@]}"; do
        case ${words[i]} in
            \'*|\"*) word=${words[i]:1}; words[i]=${word%"${words[i]:0:1}"} ;;
            *) words[i]=${words[i]//\\/} ;;
        esac
    done
    # What readline leaves as it is: it completes only what follows the last place where it cuts, at '@' and '$' with
    # that character.
    if [[ $typed != [\'\"]* ]]; then
        kept=$typed
        while [[ -n $kept && ($COMP_WORDBREAKS != *"${kept: -1}"* || $kept == *\\?) ]]; do
            kept=${kept%?}
        done
        [[ $kept == *[@$] ]] && kept=${kept%?}
    fi
    COMPREPLY=()
    while IFS= read -r word; do
        [[ -n $word ]] || continue
        [[ $typed == [\'\"]* || $word == */ ]] || printf -v word %q "$word"
        COMPREPLY+=("${word#"$kept"}")
    done < <(_AHTOP_COMPLETE=bash _CLAP_IFS=$'\n' _CLAP_COMPLETE_INDEX=$index ahtop -- "${words[@]}" 2>/dev/null; echo)
    # A directory, and a field or a number of a filter, go on.
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[/:\>] ]]; then
        compopt -o nospace 2>/dev/null
    fi
}
complete -o bashdefault -F _ahtop ahtop
