#!/usr/bin/env bash
# gpu_test.sh -- tests/gpu: what of it can be tried without a GPU: arguments, the skipping, tables, and
# PyTorch's side on the processor where a python3 imports it.
# SPDX-License-Identifier: MIT
set -uo pipefail
cd "$(dirname "$0")/.." || exit
export PYTHONDONTWRITEBYTECODE=1

run=$PWD/tests/gpu/run kit=$(dirname "$LOGIT_BIN")
work=$(mktemp -d) || exit
trap 'rm -rf -- "$work"' EXIT
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

# expect CODE SENTENCE ARGUMENT...: run ends with CODE and says `text`
expect() {
    local code=$1 sentence=$2 got=0
    shift 2
    "$run" --output "$work/out" "$@" >"$work/said" 2>&1 || got=$?
    [ $got -eq "$code" ] && grep -qF -e "$text" "$work/said"
    judge $? "$sentence: ended with $got (expected $code, \"$text\"): $(tail -1 "$work/said")"
}

text='usage: tests/gpu/run' expect 0 'help' --help
text='no such option' expect 2 'an unknown option' --fast
text='a value is missing' expect 2 'an option without its value' --kit
text='expected cuda' expect 2 'another device' --kit "$kit" --device cpu
text='nothing is timed' expect 2 'a stand-in is not timed' --kit "$kit" --device simt --bench
text='there is no program' expect 2 'an empty kit' --kit "$work"
if ! "$LOGIT_BIN" bench --device cuda --seconds 0.001 >/dev/null 2>&1; then
    text='gpu: skipped' expect 0 'no GPU, one line' --kit "$kit"
    [ "$(wc -l <"$work/said")" -eq 1 ]
    judge $? "no GPU: more than one line: $(cat "$work/said")"
fi

python=''
for candidate in ${PYTHON:-/usr/bin/python3 python3}; do
    "$candidate" -c '' 2>/dev/null && python=$candidate && break
done
if [ -n "$python" ]; then
    echo '{"version": "1", "device": "d", "rows": [
        {"shape": "s", "loop": "eager", "rate": 1234567.8, "epoch_ms": 1.5, "loss": 2.25},
        {"shape": "s", "loop": "graphed", "skipped": "why"}]}' |
        "$python" tests/gpu/torch_table.py >"$work/table"
    grep -qF '| s | eager | 1,234,568 | 1.500 | 2.2500 |' "$work/table" &&
        grep -qF '| s | graphed | - | - | why |' "$work/table"
    judge $? "the table of PyTorch's rows: $(cat "$work/table")"
fi
if [ -n "$python" ] && "$python" -c 'import torch' 2>/dev/null; then
    echo '{"rows": [{"shape": "s", "features": 20, "outputs": 10, "batch": 32, "samples": 320}]}' |
        "$python" tests/gpu/torch_step.py --device cpu --quick >"$work/torch.json"
    grep -q '"loop": "eager", "rate"' "$work/torch.json"
    judge $? "PyTorch's eager loop on the processor: $(cat "$work/torch.json")"
else
    echo "gpu_test: PyTorch's side skipped, no python3 imports torch"
fi

echo "gpu_test: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
