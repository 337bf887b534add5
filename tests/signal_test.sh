#!/usr/bin/env bash
# Signals at random moments of training: the exit code says which, what was done is saved, and the
# run, stopped and resumed until it is done, ends with the bits of one that nobody stopped.  A second
# signal does not wait for the first.  SIGUSR1 makes a run save, and nothing else of it.
#   LOGIT_SIGNALS=N   how many signals (20; make check-long: 300), and half as many more SIGUSR1
#   LOGIT_DEVICE      what trains (cpu)
# SPDX-License-Identifier: MIT
set -uo pipefail
# Signals that whoever runs the tests ignores (nohup, a job in the background) would be ignored here
# too, and no trap can undo that.
[ -n "${LOGIT_SIGNALS_HEARD:-}" ] ||
    LOGIT_SIGNALS_HEARD=1 exec env --default-signal=INT,TERM,HUP,USR1 bash "$0" "$@"
# shellcheck source=tests/shell_rig.sh
source "$(dirname "$0")/shell_rig.sh"
set -m # else a job in the background ignores SIGINT, and logit leaves what is ignored ignored
wanted=${LOGIT_SIGNALS:-20} device=${LOGIT_DEVICE:-cpu}
readonly most_ms=2000 most_second_ms=200

digits 600
variants=(
    "adam --epochs 60"
    "saved-each-step --epochs 6 --checkpoint-every 1"
    "streamed --epochs 12 --memory 1 --threads 2"
    "grid --epochs 20 --optimizer sgd --momentum 0.9 --lr 0.1,0.01 --checkpoint-every 5"
    "whole-set --optimizer gd --epochs 60"
)
signals=("INT 130" "TERM 143" "HUP 129")

sent=0 saved=0 longest=0
declare -A length

# stopped WHAT: the run that was told to stop said after which step, unless it had not begun; a
# checkpoint is there
stopped() {
    local step
    step=$(sed -n 's/^logit: stopped after step \([0-9]*\) .*/\1/p' log)
    if [ -z "$step" ]; then
        ! grep -q '^ epoch  train' log || complain "$1: $(tail -1 log)"
        return
    fi
    ls run/checkpoint.* >/dev/null 2>&1 || complain "$1: no checkpoint"
    saved=$((saved + 1))
    stood=$step
}

# round NAME SIGNAL CODE COMMAND..: one signal after a random while; 1 once the run is done
round() {
    local name=$1 signal=$2 expected=$3 code=0 began took
    shift 3
    "$@" -o run --resume >log 2>&1 &
    local process=$!
    pause $(((RANDOM * 32768 + RANDOM) % (length[$name] + 20)))
    began=$(now_ms)
    kill -s "$signal" $process 2>/dev/null && sent=$((sent + 1))
    wait $process || code=$?
    took=$(($(now_ms) - began))
    [ $code -ne 0 ] || return 1
    [ $code -eq "$expected" ] || complain "$name: $signal: exit $code: $(tail -1 log)"
    [ $took -le $longest ] || longest=$took
    [ $took -le $most_ms ] || complain "$name: $signal: took $took ms to end"
    if [ -n "$stood" ] && grep -q 'epoch  train' log; then
        grep -q "going on after step $stood," log || complain "$name: does not go on after step $stood"
    fi
    stopped "$name: $signal"
}

at_random_moments() {
    local name options began i=0 turn train signal code
    while [ $sent -lt "$wanted" ] && [ $failures -lt 9 ]; do
        read -r name options <<<"${variants[i % ${#variants[@]}]}"
        # shellcheck disable=SC2206
        train=("$logit" train digits --device "$device" --batch-size 32 --progress none $options)
        if [ ! -d "want-$name" ]; then
            began=$(now_ms)
            ends "$name: undisturbed" 0 "${train[@]}" -o "want-$name"
            length[$name]=$(($(now_ms) - began))
        fi
        rm -rf run
        stood=""
        for ((turn = 0; turn < 4; turn++)); do
            read -r signal code <<<"${signals[(i + turn) % 3]}"
            round "$name" "$signal" "$code" "${train[@]}" || break
        done
        ends "$name: resumed" 0 "${train[@]}" -o run --resume
        same "$name: after $turn signals" "want-$name" run
        i=$((i + 1))
    done
}

# Two signals at once, at random moments of a run that saves after each step: whatever the second
# cuts short, the run goes on from what was saved before.
twice_at_random_moments() {
    local train process code turn
    train=("$logit" train digits --device "$device" --batch-size 32 --progress none --epochs 6
        --checkpoint-every 1)
    rm -rf run
    for ((turn = 0; turn < wanted / 4; turn++)); do
        "${train[@]}" -o run --resume >log 2>&1 &
        process=$! code=0
        pause $((RANDOM % (length[saved-each-step] + 20)))
        kill -s INT $process 2>/dev/null && kill -s INT $process 2>/dev/null && sent=$((sent + 2))
        wait $process || code=$?
        [ $code -ne 0 ] || break
        [ $code -eq 130 ] || complain "two signals: exit $code: $(tail -1 log)"
    done
    ends "two signals: resumed" 0 "${train[@]}" -o run --resume
    same "two signals" want-saved-each-step run
}

# gone PROCESS: ended, or waiting to be asked for its code
gone() { ! kill -0 "$1" || [ "$(awk '{print $3}' "/proc/$1/stat")" = Z ]; }

# A step of the reference on large images takes a while, and behind the first there is another in
# the epoch.  The first signal waits for that to end, the second does not, and leaves the checkpoint
# from before as it was.
second_does_not_wait() {
    local train process began took code=0
    train=("$logit" train digits --device ref --size 320x320 --batch-size 240
        --progress none --epochs 1000 --checkpoint-every 1)
    rm -rf run
    "${train[@]}" -o run >log 2>&1 &
    process=$!
    await 60000 test -s run/checkpoint.0 || complain "a long step: no checkpoint: $(tail -1 log)"
    kill -s INT $process
    cp run/checkpoint.0 before
    sleep 0.05
    began=$(now_ms)
    kill -s INT $process 2>/dev/null || complain "a long step: over before the second signal"
    await 60000 gone $process || kill -KILL $process
    wait $process || code=$?
    took=$(($(now_ms) - began))
    [ $code -eq 130 ] || complain "a long step: exit $code"
    ! grep -q 'stopped after' log || complain "a long step: the second signal came too late to tell"
    [ $took -le $most_second_ms ] || complain "a long step: the second signal took $took ms"
    cmp -s before run/checkpoint.0 || complain "a long step: the checkpoint changed"
    second=$took
}

# `logit train .. | head -1`: ends as any filter does, without a word, and is resumed.
reader_goes() {
    local train code
    train=("$logit" train digits --device "$device" --batch-size 32 --progress none --epochs 60)
    rm -rf run
    timeout 60 "${train[@]}" -o run 2>log | head -1 >/dev/null
    code=${PIPESTATUS[0]}
    [ "$code" -eq 141 ] || complain "into head -1: exit $code"
    ! grep -vE '^$' log || complain "into head -1: says $(tail -1 log)"
    ends "into head -1: resumed" 0 "${train[@]}" -o run --resume
    same "into head -1" want-adam run
}

# hears PROCESS: it has become logit and handles SIGUSR1 (no program does while it is loaded, and this
# shell does before that)
hears() {
    [ "$(cat "/proc/$1/comm")" = "$(basename "$logit")" ] &&
        ((16#$(sed -n 's/^SigCgt:[[:space:]]*//p' "/proc/$1/status") >> 9 & 1))
}

# SIGUSR1 at random moments of every way to train, from the first on, several to a run: it ends with
# the bits of one that heard none, and says of each save where it is.
saves_at_random_moments() {
    local name options train process code i=0 heard
    while [ $asked -lt $((wanted / 2 + 20)) ] && [ $failures -lt 9 ]; do
        read -r name options <<<"${variants[i % ${#variants[@]}]}"
        # shellcheck disable=SC2206
        train=("$logit" train digits --device "$device" --batch-size 32 --progress none $options)
        rm -rf run
        "${train[@]}" -o run >log 2>&1 &
        process=$! code=0 heard=0
        await 10000 hears $process
        while kill -0 $process && [ $heard -lt 4 ]; do
            pause $((RANDOM % (length[$name] / 3 + 20)))
            kill -s USR1 $process || break
            heard=$((heard + 1)) asked=$((asked + 1))
        done
        wait $process || code=$?
        [ $code -eq 0 ] || complain "$name: SIGUSR1: exit $code: $(tail -1 log)"
        same "$name: after $heard SIGUSR1" "want-$name" run
        saves=$((saves + $(grep -c '^logit: saved after step .* and going on: run/checkpoint' log)))
        [ "$(grep -c '^logit: saved after step' log)" -le $heard ] || complain "$name: saves too often"
        i=$((i + 1))
    done
    [ $saves -ge $((asked / 4)) ] || complain "$asked SIGUSR1, and $saves saves"
}

# What was saved at the last SIGUSR1 is what a run goes on from that is killed then.
saved_then_killed() {
    local train process step
    train=("$logit" train digits --device "$device" --batch-size 32 --progress none --epochs 400)
    ends "a long run" 0 "${train[@]}" -o want-long
    rm -rf run
    "${train[@]}" --checkpoint-every 1000s -o run >log 2>&1 &
    process=$!
    await 10000 grep -q 'epoch  train' log || complain "SIGUSR1: does not train: $(tail -1 log)"
    kill -s USR1 $process
    await 10000 grep -q '^logit: saved after step' log || complain "SIGUSR1: $(tail -1 log)"
    kill -KILL $process
    wait $process
    step=$(sed -n 's/^logit: saved after step \([0-9]*\) .*/\1/p' log)
    ends "saved, killed, resumed" 0 "${train[@]}" -o run --resume
    says "saved, killed, resumed" "going on after step ${step:-?},"
    same "saved, killed, resumed" want-long run
}

# -q wants no word of it.
without_a_word() {
    local process
    rm -rf run
    "$logit" train digits --device "$device" -q --epochs 2000 -o run >log 2>&1 &
    process=$!
    await 10000 test -s run/config.ini || complain "-q: does not train"
    kill -s USR1 $process
    await 10000 test -s run/checkpoint.0 || complain "-q: nothing was saved"
    kill -s INT $process
    wait $process
    ! grep -q 'saved after' log || complain "-q: $(grep 'saved after' log)"
}

# SIGUSR1 to all that is called logit (pkill): decoders live on.
decoders_live_on() {
    local process code=0 all later one
    "$logit" data digits --untrusted >log 2>&1 || return
    "$draw" pets -o pets -n 120 --format mixed >draw.log || complain "no pets: $(tail -1 draw.log)"
    local train=("$logit" train pets --device "$device" --batch-size 32 --progress none --memory 1
        --epochs 150 --cache off --threads 2)
    ends "pets" 0 "${train[@]}" -o want-pets
    rm -rf run
    "${train[@]}" --untrusted -o run >log 2>&1 &
    process=$!
    await 10000 grep -q '^     1 ' log || complain "pets: do not train: $(tail -1 log)"
    mapfile -t all < <(nurseries)
    [ ${#all[@]} -ge 3 ] || complain "pets: ${#all[@]} decoders"
    kill -s USR1 $process "${all[@]}"
    later=" $(nurseries | tr '\n' ' ')"
    kill -0 $process || complain "pets: over before its decoders were looked at"
    for one in "${all[@]}"; do
        [[ $later == *" $one "* ]] || complain "pets: decoder $one is gone"
    done
    wait $process || code=$?
    [ $code -eq 0 ] || complain "pets: SIGUSR1: exit $code: $(tail -1 log)"
    same "pets: SIGUSR1" want-pets run
}

# Who has nothing to save says so, and goes on.
others_go_on() {
    local process code=0
    "$logit" compare digits --devices cpu,ref --mode free --steps 200 --progress none >log 2>&1 &
    process=$!
    await 10000 hears $process
    while kill -s USR1 $process; do sleep 0.01; done
    wait $process || code=$?
    [ $code -le 3 ] || complain "compare: SIGUSR1: exit $code: $(tail -1 log)"
    says "compare: SIGUSR1" "SIGUSR1 saves a checkpoint of logit train; here it changes nothing"
}

second=0 asked=0 saves=0
{
    at_random_moments
    twice_at_random_moments
    second_does_not_wait
    reader_goes
    saves_at_random_moments
    saved_then_killed
    without_a_word
    decoders_live_on
    others_go_on
} 2>/dev/null
[ "$saved" -gt 0 ] || complain "no run was stopped in the middle"
conclude "$sent signals, $saved runs stopped in the middle, the longest in $longest ms," \
    "a second signal in $second ms; $asked SIGUSR1, $saves saves; every model and metrics.jsonl the same"
