#!/usr/bin/env bash
# gpu_test.sh -- tests/gpu: what of it can be tried without a GPU: arguments, the skipping, the kit,
# the page from outputs that are known, PyTorch's side on the processor where a python3 imports it.
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
text='nothing is timed' expect 2 'nor is PyTorch beside it' --kit "$kit" --device simt --torch
text='expected seconds' expect 2 'a limit of no time' --kit "$kit" --limit 0
text='there is no program' expect 2 'an empty kit' --kit "$work"
if ! "$LOGIT_BIN" info | grep -q ', sm_[0-9]'; then
    text='gpu: skipped' expect 0 'no GPU, one line' --kit "$kit"
    [ "$(wc -l <"$work/said")" -eq 1 ]
    judge $? "no GPU: more than one line: $(cat "$work/said")"
fi


python=''
for candidate in ${PYTHON:-/usr/bin/python3 python3}; do
    "$candidate" -c '' 2>/dev/null && python=$candidate && break
done

# says LINE: RESULTS.md has this very line
says() { grep -qxF -e "$1" "$work/made/RESULTS.md"; judge $? "RESULTS.md has no line \"$1\""; }

# ---------------------------------------------------- the page, from outputs that are known ---
made() {
    mkdir -p "$work/made"
    cat >"$work/made/machine.txt" <<'END'
date: 2030-01-02
cuda: Acme G1, sm_90
END
    cat >"$work/made/bench-f32.json" <<'END'
[
 {"name": "ceiling: device copy", "shape": "512 MB, read and written", "value": 4000, "unit": "GB/s", "floor": null, "bound": "", "ratio": null},
 {"name": "ceiling: device copy", "shape": "2000 MB, read and written", "value": 4250, "unit": "GB/s", "floor": null, "bound": "", "ratio": null},
 {"name": "ceiling: host copy", "shape": "256 MB, page-locked", "value": 50, "unit": "GB/s", "floor": null, "bound": "", "ratio": null},
 {"name": "ceiling: host copy", "shape": "256 MB, pageable", "value": 10, "unit": "GB/s", "floor": null, "bound": "", "ratio": null},
 {"name": "loss kernel", "shape": "8192 x 8192", "value": 150.5, "unit": "us", "floor": 126.3, "bound": "memory", "ratio": 1.19},
 {"name": "loss kernel", "shape": "8192 x 128256", "value": null, "unit": "left out", "floor": null, "bound": "there is no room", "ratio": null},
 {"name": "epoch, resident", "shape": "MNIST, 784 x 10, batch 128", "value": 3.5, "unit": "ms", "floor": 1.407, "bound": "latency", "ratio": 2.49},
 {"name": "epoch, streamed", "shape": "CIFAR, 3072 x 10, batch 1024", "value": 3.2, "unit": "ms", "floor": 3.07, "bound": "bus", "ratio": 1.04},
 {"name": "epoch, grid of 64", "shape": "MNIST, 784 x 10, batch 128", "value": 7.5, "unit": "ms", "floor": 2, "bound": "latency", "ratio": 3.75},
 {"name": "epoch, resident", "shape": "CIFAR, 3072 x 10, batch 1024", "val
END
    cat >"$work/made/bench-bf16.json" <<'END'
[
 {"name": "step, burst of 64", "shape": "1024 x 1000, batch 4096", "value": 44, "unit": "us", "floor": 21.5, "bound": "tensor", "ratio": 2.05}
]
END
    cat >"$work/made/torch.json" <<'END'
{"version": "9.8", "device": "Acme G1"}
{"shape": "MNIST, 784 x 10, batch 128", "loop": "eager", "precision": "f32", "step_us": 100.0, "loss": 2.25, "epoch_ms": 46.8}
{"shape": "MNIST, 784 x 10, batch 128", "loop": "compiled", "precision": "f32", "skipped": "why"}
{"shape": "MNIST, 784 x 10, batch 128", "loop": "graphed", "precision": "f32", "step_us": 20.0, "loss": 2.25, "epoch_ms": 10.5}
{"shape": "8192 x 8192", "loop": "eager", "precision": "f32", "step_us": 400.0, "loss": 9.5}
{"shape": "1024 x 1000, batch 4096", "loop": "eager", "precision": "f32", "step_us": 999.0, "loss": 7}
{"shape": "1024 x 1000, batch 4096", "loop": "eager", "precision": "bf16", "step_us": 88.0, "loss": 7}
{"shape": "cut o
END
    printf '\n## Tests on the device\n\n- ok: twins: 100%%\n' >"$work/made/check.md"
    echo 2 >"$work/made/check.failed"
    echo 1 >"$work/made/compare.failed"
}

if [ -n "$python" ]; then
    made
    PYTHON=$python "$run" --report --output "$work/made" >"$work/said" 2>&1
    judge $? "--report: $(cat "$work/said")"
    says '# Measured on a GPU'
    says '- cuda: Acme G1, sm_90'
    says '| MNIST, batch 128, resident: epoch | ms | 4 | 3.5 | reached | 1.407 | latency | 46.8 | - | 10.5 | 3 |'
    says '| CIFAR-10 shape, batch 1024, resident: epoch | ms | 0.5 | - | - | - | - | - | - | - | - |'
    # 8 x 8192^2 bytes at 85 % of 4250 GB/s
    says '| loss and gradient, 8192 x 8192 float32 | us | 148.6 | 150.5 | missed | 126.3 | memory | 400 | - | - | 2.658 |'
    says '| step, D 1024, K 1000, batch 4096, bf16 | us | 45 | 44 | reached | 21.5 | tensor | 88 | - | - | 2 |'
    # 50000 x 3072 bytes in 3.2 ms, of 50 GB/s
    says '| streamed epoch, CIFAR, 3072 x 10, batch 1024 | at least 45 GB/s (90 % of page-locked) | 48 GB/s | reached |'
    says '| grid of 64, MNIST | at most 7 ms (twice one setting) | 7.5 ms | missed |'
    says '- ok: twins: 100%'
    says 'It was not run.'
    says '| loss kernel | 8192 x 128256 | - | - | - | left out | there is no room |'
    says '| MNIST, 784 x 10, batch 128 | f32 | compiled | - | - | - | why |'
    says '3 checks failed.'
    rm -r "$work/made"
    mkdir "$work/made"
    PYTHON=$python "$run" --report --output "$work/made" >"$work/said" 2>&1
    judge $? "--report of nothing: $(cat "$work/said")"
    says '0 checks failed.'
    echo 'device: simt' >"$work/made/machine.txt"
    PYTHON=$python "$run" --report --output "$work/made" >"$work/said" 2>&1
    says '# Tried on the stand-in: no GPU result'
fi
if [ -n "$python" ] && "$python" -c 'import torch' 2>/dev/null; then
    echo '{"rows": [{"shape": "s", "features": 20, "outputs": 10, "batch": 32, "samples": 320},
        {"shape": "h", "precision": "bf16", "features": 20, "outputs": 1, "batch": 32, "samples": 320},
        {"shape": "l", "loss": true, "outputs": 10, "batch": 32}]}' |
        "$python" tests/gpu/torch_step.py --device cpu --quick >"$work/torch.json"
    for shape in '"s", "loop": "eager", "precision": "f32"' '"h", "loop": "eager", "precision": "bf16"' \
        '"l", "loop": "eager", "precision": "f32"'; do
        grep -q "\"shape\": $shape, \"step_us\": [0-9]" "$work/torch.json"
        judge $? "PyTorch's eager loop on the processor, $shape: $(cat "$work/torch.json")"
    done
    grep -q '"s", "loop": "graphed", "precision": "f32", "skipped": "needs a GPU"' "$work/torch.json"
    judge $? "PyTorch's loop that needs a GPU: $(cat "$work/torch.json")"
    "$python" - "$work/torch.json" <<'END'
import json, sys
rows = [json.loads(line) for line in open(sys.argv[1])]
assert len(rows) == 10 and all(("epoch_ms" in r) == (r["shape"] != "l") for r in rows[1:] if "loss" in r)
END
    judge $? "PyTorch's rows: $(cat "$work/torch.json")"
    "$python" - tests/gpu/torch_jobs.json <<'END'
import json, sys
sys.path.insert(0, "tests/gpu")
import report
jobs = {(job["shape"], job.get("precision", "f32")) for job in json.load(open(sys.argv[1]))["rows"]}
assert all((target[5], target[1]) in jobs for target in report.TARGETS), jobs
END
    judge $? 'every target has its job'
else
    echo "gpu_test: PyTorch's side skipped, no python3 imports torch"
fi

# ------------------------------------------------------------------------------------- the kit ---
mkdir -p "$work/kit/inner"
printf '#!/bin/sh\necho "{\\"cuda\\": \\"no such thing, really\\"}"\n' >"$work/kit/inner/logit"
chmod +x "$work/kit/inner/logit"
tar -C "$work/kit/inner" -c . | xz >"$work/kit/kit.tar.xz" && rm -r "$work/kit/inner"
text='gpu: skipped: no such thing, really' expect 0 'a packed kit is unpacked' --kit "$work/kit"
echo broken >"$work/kit/kit.tar.xz"
text='cannot be unpacked' expect 5 'a broken kit' --kit "$work/kit"

echo "gpu_test: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
