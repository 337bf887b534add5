#!/usr/bin/env bash
# Long runs: after the first epochs neither memory, nor descriptors, nor threads grow, resident or
# streamed, with checkpoints all the while.
#   LOGIT_SOAK_STEPS=N   steps of each way (8000; make check-long: 100000)
# SPDX-License-Identifier: MIT
set -uo pipefail
# shellcheck source=tests/shell_rig.sh
source "$(dirname "$0")/shell_rig.sh"
steps=${LOGIT_SOAK_STEPS:-8000}
readonly most_kb=8192 # of growth; RELIABILITY's R29 asks for 8 MiB

digits 100 # 80 to train on: 10 steps an epoch
train=("$logit" train digits --batch-size 8 --device cpu --threads 2 --progress none
    --epochs $((steps / 10)) --checkpoint-every 50)

# look: resident kB, descriptors and threads of $process
look() {
    local kb threads
    kb=$(awk '$1 == "VmRSS:" {print $2}' /proc/$process/status) || return
    threads=$(awk '$1 == "Threads:" {print $2}' /proc/$process/status) || return
    echo "$kb $(ls /proc/$process/fd | wc -l) $threads"
}

lines() { [ "$(wc -l <run/metrics.jsonl)" -ge "$1" ]; }
over() { ! kill -0 "$process"; }
some_or_over() { lines 4 || over; }

# soak NAME OPTION..
soak() {
    local name=$1 code=0 looks=0 first now fd threads least_kb most_kb_seen kb
    shift
    rm -rf run
    "${train[@]}" -o run "$@" >log 2>&1 &
    process=$!
    await 60000 some_or_over
    read -r first fd threads <<<"$(look)" || complain "$name: over before a look: $(tail -1 log)"
    least_kb=$first most_kb_seen=$first
    while now=$(look) && [ -n "$now" ]; do
        read -r kb fds count <<<"$now"
        [ "${count:-0}" -gt 0 ] || break
        # a save has its file open for a moment
        [ "$fds" -le $((fd + 2)) ] || complain "$name: $fds descriptors, $fd at first"
        # the test part, read at the end, has two readers of its own
        [ "$count" -le $((threads + 2)) ] || complain "$name: $count threads, $threads at first"
        [ "$kb" -le "$most_kb_seen" ] || most_kb_seen=$kb
        looks=$((looks + 1))
        [ $failures -lt 9 ] || kill -KILL $process
        sleep 0.05
    done
    wait $process || code=$?
    [ $code -eq 0 ] || complain "$name: exit $code: $(tail -1 log)"
    [ $looks -ge 2 ] || complain "$name: only $looks looks"
    [ $((most_kb_seen - least_kb)) -le $most_kb ] ||
        complain "$name: resident memory grew from $least_kb to $most_kb_seen kB"
    found+="; $name: $least_kb to $most_kb_seen kB, $fd descriptors, $threads threads, $looks looks"
}

found=""
{
    soak resident
    soak streamed --memory 1
    soak grid --optimizer sgd --lr 0.1,0.01
} 2>/dev/null
conclude "$steps steps each$found"
