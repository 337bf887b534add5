#!/usr/bin/env bash
# Makes system and library calls of training, resuming and evaluating fail, one after the other
# (tests/shim), and judges what is left: an exit code that says so, no file taken for whole that is
# not, and a resumed run that ends with the bits of an undisturbed one.
#   LOGIT_FAULT_STRIDE=N   every N-th call alone (11; make check-long: 1, all of them)
# SPDX-License-Identifier: MIT
set -uo pipefail
logit=${LOGIT_BIN:?path of logit} draw=${LOGIT_DRAW:?path of draw} shim=${LOGIT_SHIM:?path of libshim.so}
stride=${LOGIT_FAULT_STRIDE:-11}
work=$(mktemp -d) || exit
trap 'rm -rf -- "$work"' EXIT
cd "$work" || exit

"$draw" digits -o digits -n 120 >draw.log || exit
train=("$logit" train digits --epochs 2 --batch-size 16 --checkpoint-every 2 --device cpu -q --threads 1)
eval=("$logit" eval want digits --device cpu -q --threads 1)
"${train[@]}" -o want >log 2>&1 || { cat log; exit 1; }
cp -r want half # a run to resume: only its first checkpoint is left
cases=0 failures=0

complain() {
    echo "fault_test: $*"
    failures=$((failures + 1))
}

# count CALL COMMAND..: how many such calls an undisturbed run makes
count() {
    local call=$1
    shift
    LOGIT_FAULT_COUNT=$work/count LD_PRELOAD=$shim "$@" >log 2>&1 || return
    awk -v call="$call" '$1 == call {print $2}' "$work/count"
}

# whole WHAT: the run in `run`, resumed, ends with the bits of `want` and leaves nothing behind
whole() {
    "${train[@]}" -o run --resume >log 2>&1 || { complain "$1: resume: exit $?: $(tail -1 log)"; return; }
    cmp -s want/model.safetensors run/model.safetensors || complain "$1: another model"
    [ -z "$(find run -name '*.tmp' -o -name lock)" ] || complain "$1: left over: $(ls run)"
}

# sweep CALL HOW CODES VERB: every stride-th call of a verb; CODES it may end with
sweep() {
    local call=$1 how=$2 codes=$3 verb=$4 command total code n
    case $verb in
    train) command=("${train[@]}" -o run) ;;
    resume) command=("${train[@]}" -o run --resume) ;;
    eval) command=("${eval[@]}") ;;
    esac
    rm -rf run && [ "$verb" != resume ] || cp -r half run
    total=$(count "$call" "${command[@]}") || { complain "$verb: undisturbed: $(tail -1 log)"; return; }
    local step=$stride
    [ "$total" -gt $((3 * stride)) ] || step=1
    for ((n = 1 + RANDOM % step; n <= total; n += step)); do
        rm -rf run
        [ "$verb" != resume ] || cp -r half run
        code=0
        LOGIT_FAULT=$call:$n:$how LD_PRELOAD=$shim timeout 30 "${command[@]}" >log 2>&1 || code=$?
        cases=$((cases + 1))
        [[ " $codes " == *" $code "* ]] || complain "$verb: $call $n $how: exit $code: $(tail -1 log)"
        if [ $code -ne 0 ] && [ $code -ne 137 ] && ! grep -q '^logit: ' log; then
            complain "$verb: $call $n $how: exit $code without a word"
        fi
        [ "$verb" = eval ] || whole "$verb: $call $n $how"
    done
}

for verb in train resume eval; do
    for call in open read mmap alloc; do
        for how in once always; do sweep $call $how "0 5 6" $verb; done
    done
    for how in eintr short; do sweep read $how 0 $verb; done
done 2>/dev/null
for verb in train resume; do
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
