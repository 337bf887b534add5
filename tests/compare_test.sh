#!/usr/bin/env bash
# compare_test.sh -- `logit compare` as people run it: exit codes, files, screens.
# SPDX-License-Identifier: MIT
set -uo pipefail
cd "$(dirname "$0")/.." || exit

logit=${LOGIT_BIN:-$PWD/build/logit}
draw=${LOGIT_DRAW:-$PWD/build/draw}
work=$(mktemp -d) || exit
trap 'rm -rf -- "$work"' EXIT
unset NO_COLOR
passed=0 failed=0

# judge STATUS SENTENCE
judge() {
    if [ "$1" -eq 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED: $2"
    fi
}

# expect CODE SENTENCE ARGUMENT...: the command ends with CODE and, where `text` is set, says it.
# What it said is in $work/out and $work/err.
expect() {
    local code=$1 sentence=$2 got=0
    shift 2
    "$logit" compare "$@" >"$work/out" 2>"$work/err" </dev/null || got=$?
    if [ $got -ne "$code" ]; then
        judge 1 "$sentence: ended with $got, expected $code: $(tail -1 "$work/err")"
    elif [ -n "${text:-}" ] && ! cat "$work/out" "$work/err" | tr -s '\n ' '  ' | grep -qF -e "$text"; then
        judge 1 "$sentence: does not say \"$text\": $(cat "$work/out" "$work/err" | tail -n 2)"
    else
        judge 0 "$sentence"
    fi
}

# check SENTENCE COMMAND...
check() {
    local sentence=$1
    shift
    "$@" >/dev/null 2>&1
    judge $? "$sentence"
}

cd "$work" || exit
"$draw" digits -o set --count 240 --seed 3 >/dev/null || exit
both=(--devices 'cpu,ref')

# -------------------------------------------------------------------------------- verdicts ---
text='equal: every stage of 40 steps' expect 0 'cpu and ref agree in lockstep' set "${both[@]}" --steps 40
check 'nothing is said on stderr' test ! -s err
check 'the table has every stage' \
    bash -c "for s in pixels logits loss gradient update step; do grep -q \"^\$s \" out || exit 1; done"
check 'no line is wider than 100 columns' bash -c '! grep -qE "^.{101}" out'
check 'nothing was written' bash -c '! ls runs compare.jsonl 2>/dev/null'
text='inside: in 40 steps' expect 0 'cpu and ref agree each on its own' set "${both[@]}" --steps 40 --mode free
text='inconclusive: nothing differs' expect 3 'a rate of 0 is inconclusive' set "${both[@]}" --lr 0
check 'and is no complaint' test ! -s err
expect 3 'also in a free run' set "${both[@]}" --lr 0 --mode free -q
check 'quiet is the verdict alone' awk 'NR == 1 && !/^inconclusive: / || NR > 4 { exit 1 }' out
text='found: faults of these sizes' expect 0 'faults are planted and found' set "${both[@]}" --self-test
text='equal: every stage' expect 0 'weights may be scaled to the limit' set "${both[@]}" --stress --steps 20


# ------------------------------------------------------------- a device with a planted fault ---
# In lockstep a step has six products: logits, gradient, the device's own ops, the step as training
# takes it.  One number of one product is wrong by a hundredth.
plugins=$(dirname "$logit")/tests
if [ -e "$plugins/liblogit-simt.so" ]; then
    simt=(--devices 'simt,ref' --steps 10 -q)
    export LOGIT_PLUGIN_DIR=$plugins
    expect 0 'the stand-in agrees without a fault' set "${simt[@]}"
    export LOGIT_SIMT_FAULT=gemm:19:0.01
    text='different: step 4, logits, sample' expect 1 'a wrong logit is named' set "${simt[@]}" -o fault
    check 'and written for a replay' test -s fault/replay.safetensors
    export LOGIT_SIMT_FAULT=gemm:26:0.01
    text='different: step 5, gradient, class' expect 1 'a wrong gradient is named' set "${simt[@]}"
    export LOGIT_SIMT_FAULT=gemm:36:0.01
    text='different: step 6, step, class' expect 1 'a wrong step of training is named' set "${simt[@]}"
    export LOGIT_SIMT_FAULT=gemm:1:0.01
    text='different: step 4, logits' expect 1 'a replay finds the fault again' --replay fault/replay.safetensors
    unset LOGIT_SIMT_FAULT
    text='equal: every stage of 1 step' expect 0 'and does not where it is gone' --replay fault/replay.safetensors
    unset LOGIT_PLUGIN_DIR
else
    echo "compare_test: faults of a device skipped, there is no $plugins/liblogit-simt.so"
fi

# ------------------------------------------------------------------------- model, JSON, files ---
"$logit" train set -o run -q --epochs 3 >/dev/null || judge 1 'a model is trained'
text='equal: every one of' expect 0 'losses of a model agree' run set "${both[@]}"
text='farthest' expect 0 'and the sample that differs most is named' run set "${both[@]}" --part train
expect 0 'one object for programs' set "${both[@]}" --steps 40 --format json
check 'that parses' python3 -c 'import json; d = json.load(open("out")); assert d["verdict"] == "equal" and len(d["stages"]) == 6'
expect 0 'a run of train is compared by its config' set "${both[@]}" --config run/config.ini --steps 40
expect 0 'a folder takes the figures' set "${both[@]}" --steps 30 -o figures/here
check 'as lines of JSON' python3 -c '
import json
lines = [json.loads(line) for line in open("figures/here/compare.jsonl")]
assert [line["type"] for line in lines] == ["start"] + ["stage"] * 6 + ["end"]'

# ---------------------------------------------------------------------------------- records ---
expect 0 'a run is recorded' set --devices cpu --steps 30 --record here.jsonl
text='start, pixels, loss, update of cpu - record: 0: the same bits' \
    expect 0 'and equals itself' set --devices cpu --steps 30 --against here.jsonl
check 'to the last bit' awk '/cpu - record +[0-9,]+ +all / { n++ } END { exit n != 7 }' out
line=$(grep -n '"step":9,"stage":"update","array":"w"' here.jsonl | cut -d: -f1)
sed -E "${line}s/(\"hash\":\")./\1x/; ${line}s/x/0/; ${line}s/(\"sample\":\"........)......../\13f800000/" \
    here.jsonl >altered.jsonl
text='different: step 9, update' expect 1 'an altered number is named' set --devices cpu --steps 30 --against altered.jsonl
check 'and is no complaint' test ! -s err
text='made with seed 0, this run has 1' expect 2 'another training is refused' set --devices cpu --steps 30 --against here.jsonl --seed 1
head -c 5000 here.jsonl >cut.jsonl
text='cut.jsonl, line ' expect 4 'a cut record is damaged' set --devices cpu --steps 30 --against cut.jsonl
expect 5 'a record that is not there' set --devices cpu --against nowhere.jsonl
expect 5 'a record that cannot be written' set --devices cpu --record nowhere/here.jsonl

# ------------------------------------------------------------------------------ what is wrong ---
text='DATA is missing' expect 2 'no data'
text="device 'gpu'" expect 2 'no such device' set --devices gpu,cpu
text='the reference is always there' expect 2 'the reference beside itself' set --devices ref,ref
text='it takes a GPU' expect 2 'a number type of GPUs alone' set "${both[@]}" --precision tf32
text='cuda' expect 6 'a GPU that is not there' set --devices cuda:99,cpu
expect 5 'data that is not there' nowhere "${both[@]}"
expect 5 'a model that is not there' nowhere set "${both[@]}"
expect 5 'a replay that is not there' --replay nowhere
expect 4 'a replay that is none' --replay here.jsonl
mkdir one && cp -r set/train/0 one/0
expect 4 'data of one class' one "${both[@]}"
expect 5 'a folder that cannot be made' set "${both[@]}" --steps 1 -o /dev/null/x
got=0
"$logit" compare set "${both[@]}" --steps 20 >/dev/full 2>err || got=$?
check 'a full disk is exit 5' test $got -eq 5

# Ctrl-C, as a terminal sends it: a run of its own may take SIGINT, which & alone would refuse.
python3 - "$logit" <<'END'
import signal, subprocess, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)
run = subprocess.Popen([sys.argv[1], "compare", "set", "--devices", "cpu,ref", "--mode", "free", "--lr", "0.001",
                        "--steps", "100000000", "--epochs", "1000000"], stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, restore_signals=True, preexec_fn=lambda: signal.signal(
                           signal.SIGINT, signal.SIG_DFL))
for line in run.stdout:
    if b"reference" in line:
        break
time.sleep(0.3)
run.send_signal(signal.SIGINT)
said = run.communicate(timeout=10)[1]
sys.exit(not (run.returncode == 130 and b"stopped after step" in said))
END
judge $? 'Ctrl-C ends it with 130, and says where'

# -------------------------------------------------------------------------------- real data ---
if [ -n "${LOGIT_TEST_DATA:-}" ]; then
    mnist=$LOGIT_TEST_DATA/mnist
    text='equal: every stage of 200 steps' expect 0 'MNIST, 200 steps' "$mnist" "${both[@]}" --steps 200
    text='inconclusive' expect 3 'MNIST, a rate of 0' "$mnist" "${both[@]}" --steps 200 --lr 0
    text='inside: in 200 steps' expect 0 'MNIST, each on its own' "$mnist" "${both[@]}" --steps 200 --mode free
    "$logit" train "$mnist" -o mnist -q --epochs 1 >/dev/null || judge 1 'a model of MNIST is trained'
    text='10000 samples' expect 0 'MNIST, a model' mnist "$mnist" "${both[@]}"
else
    echo 'compare_test: MNIST was skipped, LOGIT_TEST_DATA is not set'
fi

echo "compare_test: $passed passed, $failed failed"
[ $failed -eq 0 ]
