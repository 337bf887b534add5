#!/usr/bin/env bash
# Makes system and library calls of training, evaluating, packing and going on with both fail, one after the other
# (tests/shim), and judges what is left: an exit code that says so, no file taken for whole that is
# not, no memory and no descriptor that an undisturbed run has not, and a second go that ends with the
# bits of an undisturbed one.
#   LOGIT_FAULT_STRIDE=N   every N-th call alone, and six where they are few (23; make check-long: 1, all of them)
#   LOGIT_FAULT_VERBS=..   of these alone (train resume folds refold eval pack repack)
# SPDX-License-Identifier: MIT
set -uo pipefail
logit=${LOGIT_BIN:?path of logit} draw=${LOGIT_DRAW:?path of draw} shim=${LOGIT_SHIM:?path of libshim.so}
stride=${LOGIT_FAULT_STRIDE:-23} verbs=${LOGIT_FAULT_VERBS:-train resume folds refold eval pack repack}
work=$(mktemp -d) || exit
trap 'rm -rf -- "$work"' EXIT
cd "$work" || exit

"$draw" digits -o digits -n 120 >draw.log || exit
train=("$logit" train digits --epochs 2 --batch-size 16 --checkpoint-every 2 --device cpu -q --threads 1)
eval=("$logit" eval want digits --device cpu -q --threads 1)
pack=("$logit" pack few -q --threads 1 -o) # of three parts: the journal is kept with the first
"${train[@]}" -o want >log 2>&1 || { cat log; exit 1; }
cp -r want half # a run to resume: only its first checkpoint is left
folds=("${train[@]}" --folds 3)
"${folds[@]}" -o folded >log 2>&1 || { cat log; exit 1; }
# killed behind its second fold
{ LOGIT_FAULT=rename:2:after LD_PRELOAD=$shim "${folds[@]}" -o halved >log; } 2>/dev/null
[ -e halved/checkpoint.1 ] || { echo "fault_test: folds: $(ls halved)"; exit 1; }
"$draw" digits -o few -n 30 >draw.log || exit
"${pack[@]}" want.packed >log 2>&1 || { cat log; exit 1; }
mkdir part # a file to go on with: killed behind the journal's first rename
{ LOGIT_FAULT=rename:1:after LD_PRELOAD=$shim "${pack[@]}" part/set >log; } 2>/dev/null
[ "$(ls part)" = $'set.part\nset.part.journal' ] || { echo "fault_test: pack: $(ls part)"; exit 1; }
cases=0 failures=0

complain() {
    echo "fault_test: $*"
    failures=$((failures + 1))
}

# count CALL COMMAND..: how many such calls an undisturbed run makes; what it leaves allocated and
# open is in leaks.want
count() {
    local call=$1
    shift
    LOGIT_FAULT_COUNT=$work/count LOGIT_FAULT_LEAKS=$work/leaks LD_PRELOAD=$shim "$@" >log 2>&1 || return
    sort leaks >leaks.want
    awk -v call="$call" '$1 == call {print $2}' "$work/count"
}

# whole WHAT WANT COMMAND..: the run in `run`, resumed, ends with the bits of WANT and leaves nothing
# behind
whole() {
    local what=$1 want=$2
    shift 2
    "$@" -o run --resume >log 2>&1 || { complain "$what: resume: exit $?: $(tail -1 log)"; return; }
    cmp -s "$want/model.safetensors" run/model.safetensors || complain "$what: another model"
    [ -z "$(find run -name '*.tmp' -o -name lock)" ] || complain "$what: left over: $(ls run)"
}

# packed WHAT: the file in `run` is whole, or the same command makes it so
packed() {
    if [ ! -e run/set ]; then
        "${pack[@]}" run/set >log 2>&1 || { complain "$1: again: exit $?: $(tail -1 log)"; return; }
    fi
    cmp -s want.packed run/set || complain "$1: another file"
    [ -z "$(find run -name '*.tmp')" ] || complain "$1: left over: $(ls run)"
}

# freed WHAT: nothing is in `leaks` but what is in leaks.want
freed() {
    [ -e leaks ] || { complain "$1: did not come to its end"; return; }
    sort leaks | comm -13 leaks.want - >more
    [ ! -s more ] || complain "$1: left: $(head -3 more | tr '\n' ';')"
}

# begin VERB: what is in `run` before it
begin() {
    rm -rf run leaks
    case $1 in
    resume) cp -r half run ;;
    refold) cp -r halved run ;;
    pack) mkdir run ;;
    repack) cp -r part run ;;
    esac
}

# sweep CALL HOW CODES VERB: every stride-th call of a verb; CODES it may end with
sweep() {
    local call=$1 how=$2 codes=$3 verb=$4 command total code n
    case $verb in
    train) command=("${train[@]}" -o run) ;;
    resume) command=("${train[@]}" -o run --resume) ;;
    folds) command=("${folds[@]}" -o run) ;;
    refold) command=("${folds[@]}" -o run --resume) ;;
    eval) command=("${eval[@]}") ;;
    pack | repack) command=("${pack[@]}" run/set) ;;
    esac
    begin "$verb"
    total=$(count "$call" "${command[@]}") || { complain "$verb: undisturbed: $(tail -1 log)"; return; }
    local step=$stride
    [ "$total" -gt $((3 * stride)) ] || step=$(((total + 5) / 6)) # of few, six
    case $verb in folds | refold) [ "$stride" -eq 1 ] || step=$((4 * step)) ;; esac # each trains four times
    for ((n = 1 + RANDOM % step; n <= total; n += step)); do
        begin "$verb"
        code=0
        timeout 30 env LOGIT_FAULT=$call:$n:$how LOGIT_FAULT_LEAKS=$work/leaks LD_PRELOAD=$shim "${command[@]}" >log 2>&1 || code=$?
        cases=$((cases + 1))
        [[ " $codes " == *" $code "* ]] || complain "$verb: $call $n $how: exit $code: $(tail -1 log)"
        if [ $code -ne 0 ] && [ $code -ne 137 ] && ! grep -q '^logit: ' log; then
            complain "$verb: $call $n $how: exit $code without a word"
        fi
        [ $code -eq 137 ] || freed "$verb: $call $n $how"
        case $verb in
        train | resume) whole "$verb: $call $n $how" want "${train[@]}" ;;
        folds | refold) whole "$verb: $call $n $how" folded "${folds[@]}" ;;
        pack | repack) packed "$verb: $call $n $how" ;;
        esac
    done
}

for verb in $verbs; do
    for call in open read mmap alloc; do
        for how in once always; do sweep $call $how "0 5 6" $verb; done
    done
    for how in once always; do sweep close $how "0 5" $verb; done
    for how in eintr short; do sweep read $how 0 $verb; done
    [ "$verb" != eval ] || continue
    for call in write fsync rename ftruncate; do
        for how in once always; do sweep $call $how "0 5" $verb; done
        for how in kill after; do sweep $call $how "0 137" $verb; done
    done
    sweep write full "0 5" $verb
    for how in eintr short; do sweep write $how 0 $verb; done
    sweep any kill "0 137" $verb
done 2>/dev/null

[ $failures -eq 0 ] || { echo "fault_test: $failures of $cases cases failed"; exit 1; }
echo "fault_test: $cases calls failed, were cut short, interrupted or killed: nothing was lost"
