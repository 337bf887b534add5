#!/usr/bin/env bash
# Several runs at once on one run folder: one of them trains, the others end with exit 8 and name its
# process.  One that was killed holds nobody up.
#   LOGIT_LOCK_ROUNDS=N   rounds, of 2 to 8 processes each (7; make check-long: 100)
# SPDX-License-Identifier: MIT
set -uo pipefail
# shellcheck source=tests/shell_rig.sh
source "$(dirname "$0")/shell_rig.sh"
rounds=${LOGIT_LOCK_ROUNDS:-7}
readonly most_ms=1000

digits 120
train=("$logit" train digits --batch-size 16 --device cpu --threads 1 -q)
ends "undisturbed" 0 "${train[@]}" --epochs 2 -o want
refused=0 longest=0

# contend NUMBER HOW: one of the processes; notes its code and its milliseconds in ./NUMBER.end
contend() {
    local code=0 began process
    while [ ! -e go ]; do :; done
    began=$(now_ms)
    "${train[@]}" --epochs 1000000 -o run "$2" >"$1.log" 2>&1 &
    process=$!
    echo $process >"$1.pid"
    wait $process || code=$?
    echo "$code $(($(now_ms) - began))" >"$1.end"
}

ended() { [ "$(find . -maxdepth 1 -name '*.end' | wc -l)" -ge "$1" ]; }

# judge WHAT COUNT: all but one are refused, naming that one, which then is killed
judge() {
    local what=$1 count=$2 winner="" code took i
    await 20000 ended $((count - 1)) || complain "$what: $(ls ./*.end 2>/dev/null | wc -l) of $count ended"
    for ((i = 0; i < count; i++)); do
        [ -e $i.end ] && continue
        [ -z "$winner" ] || complain "$what: two of them run"
        winner=$(cat $i.pid)
    done
    [ -n "$winner" ] || { complain "$what: none of them runs: $(cat ./*.log)"; return; }
    for ((i = 0; i < count; i++)); do
        [ -e $i.end ] || continue
        read -r code took <$i.end
        [ "$code" -eq 8 ] || complain "$what: exit $code: $(tail -1 $i.log)"
        grep -qF "(process $winner) is writing there" $i.log || complain "$what: of $winner: $(tail -1 $i.log)"
        [ "$took" -le $most_ms ] || complain "$what: refused after $took ms"
        [ "$took" -le $longest ] || longest=$took
        refused=$((refused + 1))
    done
    [ "$(cat run/lock)" = "$winner" ] || complain "$what: the lock names $(cat run/lock)"
    kill -KILL "$winner"
    wait
}

{
    for ((round = 0; round < rounds && failures < 9; round++)); do
        count=$((2 + round % 7))
        how=--force
        [ $((round % 2)) -eq 0 ] || how=--resume
        rm -rf ./*.end ./*.pid ./*.log go
        [ $((round % 3)) -gt 0 ] || rm -rf run # else the lock of the one that was killed is there
        for ((i = 0; i < count; i++)); do contend $i $how & done
        sleep 0.02
        : >go
        judge "$count processes" $count
        [ -e run/lock ] || complain "$count processes: the killed one's lock is gone"
    done
} 2>/dev/null

# The next one runs, whatever the killed ones left, and its results are its own.
ends "the next one" 0 "${train[@]}" --epochs 2 -o run --force
same "the next one" want run
conclude "$rounds rounds, $refused processes refused, the slowest in $longest ms; one ran each time"
