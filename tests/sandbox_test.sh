#!/usr/bin/env bash
# --untrusted from outside: the bits of a run without it, whatever the number of threads; nobody is
# left when the program is killed, a signal is heard by the program alone, a decoder that is killed
# is replaced; and where there can be no sandbox, nothing is decoded.
#   LOGIT_SANDBOX_KILLS=N   how many programs are killed at random moments (5)
# SPDX-License-Identifier: MIT
set -uo pipefail
# shellcheck source=tests/shell_rig.sh
source "$(dirname "$0")/shell_rig.sh"
set -m # else a job in the background ignores SIGINT, and logit leaves what is ignored ignored
kills=${LOGIT_SANDBOX_KILLS:-5}

nobody() { [ -z "$(nurseries)" ]; }
somebody() { [ "$(nurseries | wc -l)" -ge 2 ]; }

if ! "$logit" data . --untrusted >log 2>&1 && grep -q 'not available in this build' log; then
    echo "$test_name: skipped: not available in this build"
    exit 0
fi

"$draw" pets -o pets -n 240 --format mixed >draw.log || exit
mkdir tars
for part in train val test; do tar -cf tars/$part.tar -C pets/$part cat dog; done
work=$(readlink -f .)
train=("$logit" train --device cpu --epochs 3 --batch-size 32 --progress none)

same_bits() {
    local data threads
    for data in pets tars; do
        ends "$data" 0 "${train[@]}" "$data" --threads 2 -o "want-$data"
        for threads in 1 2 7; do
            ends "$data, $threads threads" 0 "${train[@]}" "$data" --untrusted --threads $threads \
                --memory 1M --cache off -o "got-$data-$threads"
            cmp -s "want-$data/model.safetensors" "got-$data-$threads/model.safetensors" ||
                complain "$data, $threads threads: another model"
        done
        same "$data" "want-$data" "got-$data-2"
    done
    local images=(pets/test/*/*)
    "$logit" predict want-pets "${images[@]}" --format csv >want.csv 2>log || complain "predict"
    "$logit" predict want-pets "${images[@]}" --format csv --untrusted >got.csv 2>log ||
        complain "predict --untrusted: $(tail -1 log)"
    cmp -s want.csv got.csv || complain "predict --untrusted says something else"
    printf 'junk' >pets/train/cat/zzz.jpg
    head -c 900 "$(ls pets/train/dog/*.jpg | head -1)" >pets/train/dog/zzz.jpg
    "$logit" data pets --format json >want.json 2>log
    "$logit" data pets --untrusted --format json >got.json 2>log || complain "data: $(tail -1 log)"
    cmp -s want.json got.json || complain "data --untrusted says something else"
    rm pets/train/*/zzz.jpg
    ends "eval" 0 "$logit" eval want-pets pets --untrusted --format json
    ends "pack" 0 "$logit" pack pets --untrusted -o got.packed
    ends "pack" 0 "$logit" pack pets -o want.packed
    cmp -s want.packed got.packed || complain "pack --untrusted writes something else"
    nobody || complain "left after runs that ended: $(nurseries)"
}

killed_at_random_moments() {
    local process i
    for ((i = 0; i < kills; i++)); do
        "${train[@]}" pets --untrusted --epochs 1000 --memory 1 --cache off -o killed --force \
            >log 2>&1 &
        process=$!
        await 10000 somebody || complain "kill: no decoder: $(tail -1 log)"
        pause $((RANDOM % 300))
        kill -KILL $process
        wait $process
        await 5000 nobody || complain "left after SIGKILL: $(nurseries)"
        rm -rf killed
    done
}

# As a terminal sends it: to the whole process group.
stopped_by_ctrl_c() {
    local process code=0
    "${train[@]}" pets --untrusted --epochs 1000 --memory 1 --cache off -o stopped >log 2>&1 &
    process=$!
    await 10000 grep -q 'epoch  train' log || complain "Ctrl-C: does not train: $(tail -1 log)"
    kill -INT -- -$process
    wait $process || code=$?
    [ $code -eq 130 ] || complain "Ctrl-C: exit $code: $(tail -1 log)"
    grep -q '^logit: stopped after step' log || complain "Ctrl-C: $(tail -1 log)"
    ls stopped/checkpoint.* >/dev/null 2>&1 || complain "Ctrl-C: nothing was saved"
    await 5000 nobody || complain "left after Ctrl-C: $(nurseries)"
}

# Every decoder that can be found is killed, over and over; the run does not notice.
decoders_die() {
    local process list killed=0
    "${train[@]}" pets --untrusted --epochs 40 --memory 1 --cache off --threads 2 -o shot >log 2>&1 &
    process=$!
    await 10000 somebody
    while kill -0 $process 2>/dev/null && [ $killed -lt 20 ]; do
        # all but the nursery, which is the program's child (numbers of processes begin anew)
        mapfile -t list < <(nurseries | while read -r one; do
            grep -q "^PPid:[[:space:]]*$process\$" "/proc/$one/status" || echo "$one"
        done)
        [ ${#list[@]} -eq 0 ] || { kill -KILL "${list[@]}" && killed=$((killed + ${#list[@]})); }
        sleep 0.03
    done 2>/dev/null
    wait $process || complain "decoders killed: exit $?: $(tail -1 log)"
    ends "undisturbed" 0 "${train[@]}" pets --epochs 40 --memory 1 --cache off -o calm
    same "decoders killed" calm shot
    [ $killed -gt 0 ] || complain "no decoder was killed"
    shots=$killed
}

refused() {
    ends "turbo" 2 "$logit" data pets --untrusted --decoder turbo
    if "$logit" info | grep -q turbo; then
        says "turbo" "--untrusted goes with --decoder stb alone"
        ends "by turbo" 0 "${train[@]}" pets --decoder turbo -o by-turbo
        ends "a model by turbo" 2 "$logit" eval by-turbo pets --untrusted
        says "a model by turbo" "the model learnt from images that turbo decoded"
        ends "a model by turbo" 0 "$logit" eval by-turbo pets --untrusted --decoder stb
    fi
    (
        failures=0
        ulimit -v 400000 # no room for an arena
        ends "no memory" 6 "$logit" data pets --untrusted
        says "no memory" "--untrusted: a decoder cannot be confined here"
        [ $failures -eq 0 ]
    ) || complain "no memory"
}

shots=0
{
    same_bits
    killed_at_random_moments
    stopped_by_ctrl_c
    decoders_die
    refused
} 2>/dev/null
conclude "the same bits from folder and tar with 1, 2 and 7 threads; $kills programs killed, nobody" \
    "left; $shots decoders killed in a run that did not notice"
