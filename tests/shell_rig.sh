# shell_rig.sh -- what the shell tests of runs share: a folder to work in, complaints, comparisons.
#
# Sourced.  The programs are LOGIT_BIN and LOGIT_DRAW (tests/check); the working folder goes away at
# the end.  A test complains as often as it must and ends with `conclude SENTENCE`.
# SPDX-License-Identifier: MIT
logit=${LOGIT_BIN:?path of logit} draw=${LOGIT_DRAW:?path of draw}
test_name=$(basename "$0" .sh)
work=$(mktemp -d) || exit
# A child that a signal hits early still has this trap, and the folder is not its own.
trap '[ $BASHPID -ne $$ ] || rm -rf -- "$work"' EXIT
cd "$work" || exit
failures=0

complain() {
    echo "$test_name: $*"
    failures=$((failures + 1))
}

conclude() {
    [ $failures -eq 0 ] || { echo "$test_name: $failures complaints"; exit 1; }
    echo "$test_name: $*"
}

# digits COUNT: draws that many digits into ./digits
digits() { "$draw" digits -o digits -n "$1" >draw.log || exit; }

# Metrics without what a clock says.
timeless() { sed -E 's/"(seconds|samples_per_second|waiting)":[^,}]*//g' "$1/metrics.jsonl"; }

# same WHAT WANT RUN: two finished runs with the same bits, nothing left behind in the second
same() {
    cmp -s "$2/model.safetensors" "$3/model.safetensors" || complain "$1: another model"
    diff <(timeless "$2") <(timeless "$3") >/dev/null || complain "$1: other metrics"
    [ -z "$(find "$3" -name '*.tmp' -o -name lock)" ] || complain "$1: left over: $(ls "$3")"
}

# ends WHAT CODES COMMAND..: ends within a minute with one of CODES; what it says is in ./log
ends() {
    local what=$1 codes=$2
    shift 2
    code=0
    timeout -k 1 60 "$@" >log 2>&1 || code=$?
    [[ " $codes " == *" $code "* ]] || complain "$what: exit $code, expected $codes: $(tail -1 log)"
}

# says WHAT TEXT: the last command said so
says() { grep -qF -e "$2" log || complain "$1: does not say \"$2\": $(tail -1 log)"; }

# nurseries: processes of that name that work in this folder; decoders have the name as well
nurseries() {
    local entry
    for entry in /proc/[0-9]*; do
        [ "$(cat "$entry/comm" 2>/dev/null)" = logit-nursery ] || continue
        [ "$(readlink "$entry/cwd" 2>/dev/null)" = "$PWD" ] && echo "${entry#/proc/}"
    done
}

# pause MILLISECONDS
pause() { sleep "$(($1 / 1000)).$(printf %03d $(($1 % 1000)))"; }

now_ms() { echo $(($(date +%s%N) / 1000000)); }

# await MILLISECONDS COMMAND..: until the command says yes; 1 if it never does
await() {
    local until=$(($(now_ms) + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$(now_ms)" -lt $until ] || return 1
        sleep 0.005
    done
}
