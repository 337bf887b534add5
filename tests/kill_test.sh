#!/usr/bin/env bash
# Kills training runs with SIGKILL at random moments and resumes them until they are done: model and
# metrics must be those of a run that nobody disturbed.  Saving after every step makes it likely that
# a kill hits a checkpoint in the making.
#   LOGIT_KILLS=N   how many kills (20; make check-long: 300)
#   LOGIT_DEVICE    what trains (cpu)
set -euo pipefail
logit=${LOGIT_BIN:?path of logit} draw=${LOGIT_DRAW:?path of draw}
kills=${LOGIT_KILLS:-20} device=${LOGIT_DEVICE:-cpu}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

"$draw" digits -o digits -n 600 >draw.log

# Metrics without what a clock says.
timeless() { sed -E 's/"(seconds|samples_per_second|waiting)":[^,}]*//g' "$1/metrics.jsonl"; }

# Kill times go up to the length of an undisturbed run: name, then the options.
variants=(
    "adam --epochs 40 --checkpoint-every 7"
    "saved-each-step --epochs 6 --checkpoint-every 1"
    "grid --epochs 20 --optimizer sgd --momentum 0.9 --lr 0.1,0.01 --l2 0,1e-3 --checkpoint-every 5"
    "streamed --epochs 6 --memory 1 --checkpoint-every 3"
    "whole-set --optimizer gd --epochs 60 --checkpoint-every 2"
    "folds --folds 4 --epochs 15 --lr 0.01,0.003 --checkpoint-every 1"
)

done_kills=0 runs=0
for ((round = 0; done_kills < kills; round++)); do
    read -r name options <<<"${variants[round % ${#variants[@]}]}"
    # shellcheck disable=SC2206
    train=("$logit" train digits --device "$device" --batch-size 32 -q $options)
    if [ ! -d "straight-$name" ]; then
        began=$(date +%s%N)
        "${train[@]}" -o "straight-$name" >straight.log 2>&1 || { cat straight.log; exit 1; }
        declare "length_$round=$((($(date +%s%N) - began) / 1000000))"
    fi
    length_name=length_$((round % ${#variants[@]})) length=${!length_name}
    rm -rf run
    for ((attempt = 0;; attempt++)); do
        "${train[@]}" -o run --resume >run.log 2>&1 &
        process=$!
        if [ $attempt -lt 4 ] && [ $done_kills -lt "$kills" ]; then
            moment=$(((RANDOM * 32768 + RANDOM) % (length + 20)))
            sleep "$((moment / 1000)).$(printf %03d $((moment % 1000)))"
            if kill -KILL $process 2>/dev/null; then done_kills=$((done_kills + 1)); fi
        fi
        code=0
        wait $process 2>/dev/null || code=$?
        [ $code -eq 137 ] || break
    done
    runs=$((runs + 1))
    if [ $code -ne 0 ]; then
        echo "kill_test: $name: exit $code after kills:" && cat run.log
        exit 1
    fi
    cmp "straight-$name/model.safetensors" run/model.safetensors || { echo "kill_test: $name"; exit 1; }
    diff <(timeless "straight-$name") <(timeless run) || { echo "kill_test: $name: metrics"; exit 1; }
    left=$(find run -name '*.tmp*' -o -name 'lock')
    [ -z "$left" ] || { echo "kill_test: $name: left over: $left"; exit 1; }
done 2>/dev/null
echo "kill_test: $done_kills kills in $runs runs, every model and every metrics.jsonl the same"
