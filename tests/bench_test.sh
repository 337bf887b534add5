#!/usr/bin/env bash
# bench_test.sh -- tests/bench/run: its arguments, its tables, and one quick run of the real thing.
# SPDX-License-Identifier: MIT
set -uo pipefail
cd "$(dirname "$0")/.." || exit

run=$PWD/tests/bench/run
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

# expect CODE SENTENCE ARGUMENT...: run ends with CODE and, where `text` is set, says it.
expect() {
    local code=$1 sentence=$2 got=0
    shift 2
    "$run" "$@" >"$work/said" 2>&1 || got=$?
    if [ $got -ne "$code" ]; then
        judge 1 "$sentence: ended with $got, expected $code: $(tail -1 "$work/said")"
    elif [ -n "${text:-}" ] && ! grep -qF -e "$text" "$work/said"; then
        judge 1 "$sentence: does not say \"$text\": $(tail -1 "$work/said")"
    else
        judge 0 "$sentence"
    fi
}

# says FILE LINE SENTENCE: the file has this very line
says() {
    grep -qxF -e "$2" "$1"
    judge $? "$3: no line \"$2\""
}

# ---------------------------------------------------------------------------------- arguments ---
text='usage: tests/bench/run' expect 0 'help is printed' --help
text='no such option' expect 2 'an unknown option is a usage error' --quik
text='no such option' expect 2 'a folder that is empty is a usage error' --save=
text='one word too many' expect 2 'a word is a usage error' photos
text='a value is missing' expect 2 'an option without its value is a usage error' --threads
text='expected a whole number' expect 2 'no threads are a usage error' --threads 0
text='expected a whole number' expect 2 'many threads are a usage error' --threads=1e9
text='run make first' LOGIT_BIN=$work/none expect 2 'a program that is not there is said' --quick

# ----------------------------------------------- tables, with programs whose answers are known ---
cat >"$work/logit" <<'END'
#!/usr/bin/env bash
echo "$*" >>"${0%/*}/asked"
case $1 in
info) echo '{"version": "0.1.0", "build": "cc", "processor": "Acme(R) CPU @ 2 GHz", "cores": 3, "isa": "base", "blas": "none, at all", "memory_total": 2500000000}' ;;
bench)
    cat <<'LINES'
[
 {"name": "ceiling: memory read", "shape": "1 thread", "value": 3.25, "unit": "GB/s", "floor": null, "bound": "", "ratio": null},
 {"name": "step, fused", "shape": "a, b", "value": 1234567.8, "unit": "samples/s", "floor": 999.6, "bound": "memory", "ratio": 2.345},
 {"name": "decode, stb", "shape": "x", "value": 5.4e-05, "unit": "images/s", "floor": null, "bound": "", "ratio": null}
]
LINES
    ;;
esac
END
cat >"$work/python" <<'END'
#!/usr/bin/env bash
[ "$1" != -c ] || exit 0
cat <<'LINES'
{"program": "PyTorch", "version": "9.8"}
{"remark": "sklearn: skipped, no such module"}
{"name": "PyTorch loop", "shape": "MNIST", "value": 2000.0, "unit": "samples/s", "other": 500.0, "note": "loss 1, theirs 2; 1 thread", "ratio": 4.0}
LINES
END
chmod +x "$work/logit" "$work/python"
golden() { LOGIT_BIN=$work/logit LOGIT_DRAW=$work/none LOGIT_TEST_DATA='' "$@"; }

text='note: decoding: skipped' PYTHON=$work/python golden \
    expect 0 'it runs without images' -o "$work/out" --threads 3 --save="$work/pages"
f=$work/said
says "$f" 'ceiling: memory read      1 thread                                  3.25            -        -  GB/s' \
    'a line without a floor'
says "$f" 'step, fused               a, b                                 1,234,568        1,000     2.35  samples/s, memory' \
    'a line with a floor'
says "$f" 'PyTorch loop              MNIST                                    2,000          500     4.00  samples/s' \
    'a comparison'
says "$f" '    loss 1, theirs 2' 'the first half of its note'
says "$f" '    1 thread' 'the other half of its note'
says "$f" 'note: sklearn: skipped, no such module' 'what was skipped'
says "$work/asked" 'bench --format json --quiet --device cpu --threads 3' 'what logit was asked'

page=$(echo "$work"/pages/????-??-??-acme-cpu-2-ghz.md)
[ -f "$page" ]
judge $? 'the page is named by day and processor'
says "$page" '| processor | Acme(R) CPU @ 2 GHz, 3 cores, base |' 'the page names the processor'
says "$page" '| memory | 2.5 GB |' 'the page says the memory'
says "$page" '| its BLAS | none, at all |' 'the page says a text with a comma'
says "$page" '| PyTorch | 9.8 |' 'the page says what was compared with'
says "$page" '| step, fused | a, b | 1,234,568 | 1,000 | 2.35 | samples/s | memory |' 'a row of the page'
says "$page" '| PyTorch loop | MNIST | 2,000 | 500 | 4.00 | samples/s | loss 1, theirs 2; 1 thread |' \
    'a comparison of the page'
grep -qF "Made by \`tests/bench/run -o $work/out --threads 3 --save=$work/pages\`." "$page"
judge $? 'the page says the command'

text='no python3 imports numpy' PYTHON=$work/none golden \
    expect 0 'it runs without Python' -o "$work/out" --quick
says "$work/asked" 'bench --format json --quiet --device cpu --threads '"$(nproc)"' --seconds 0.01' \
    'a quick run is quick'
touch "$work/file"
text='cannot be made' golden expect 5 'a file in the way of the folder' -o "$work/file"
text='cannot be written' PYTHON=$work/none golden \
    expect 5 'a file in the way of the page' -o "$work/out" --save="$work/file"
printf '#!/bin/sh\nexit 6\n' >"$work/broken" && chmod +x "$work/broken"
LOGIT_BIN=$work/broken expect 6 'a program that fails ends the run' -o "$work/out"

# --------------------------------------------------------------------------- the real programs ---
expect 0 'a quick run ends well' --quick -o "$work/real"
f=$work/said
[ "$(grep -c 'step, ' "$f")" -ge 4 ]
judge $? 'there is a step for each shape'
for part in 'ceiling: ' 'logits ' 'gradient ' 'loader, ' 'decode, stb '; do
    grep -q "^$part.*[0-9]" "$f"
    judge $? "there is a line for $part"
done
for python in /usr/bin/python3 python3 ''; do
    "$python" -c 'import numpy' 2>/dev/null && break
done
if [ -z "$python" ]; then
    echo 'bench: the comparisons are not tried, no python3 imports numpy'
else
    "$python" - "$work/real/bench.json" <<'END'
import json, sys
kept = json.load(open(sys.argv[1]))
lines = [line for line in kept["comparisons"] if "name" in line]
assert kept["threads"] > 0 and kept["info"]["cores"] > 0
# what confinement costs is a difference of two times, and may come out below 0
assert len(kept["parts"]) > 20
assert all(line["value"] > (-50 if line["unit"] == "% more time" else 0) for line in kept["parts"])
assert len(lines) >= 4 and all(line["value"] > 0 and line["note"] for line in lines)
assert not any("ended with" in line.get("remark", "") for line in kept["comparisons"])
END
    judge $? 'bench.json holds the machine, the parts and the comparisons'
fi
[ -z "$(ls -A "$work/real/bench/work" 2>/dev/null)" ]
judge $? 'nothing is left of the sets'

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
