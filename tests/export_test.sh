#!/usr/bin/env bash
# export_test.sh -- exported ONNX graphs before the onnx package: its checker accepts them, and they
# say what logit says.  Skipped in one line where the package is not installed (python3-onnx).
# SPDX-License-Identifier: MIT
set -uo pipefail
cd "$(dirname "$0")/.." || exit
check=$PWD/tests/onnx_check.py
. tests/shell_rig.sh # changes into a folder of its own
python=/usr/bin/python3

if ! "$python" -c 'import onnx, numpy' 2>/dev/null; then
    echo "$test_name: no onnx package for $python (apt-get install python3-onnx), skipped"
    exit 0
fi

digits 200
"$draw" pets -o pets -n 40 >draw.log || exit
"$python" - <<'END' || exit
import numpy as np
draw = np.random.default_rng(5)
for name, shape in (("digits", (40, 28, 28, 1)), ("pets", (40, 20, 24, 3))):
    np.save(f"{name}.npy", draw.integers(0, 256, shape, dtype=np.uint8))
x = draw.normal(2, 3, (300, 37)).astype(np.float32)
way = draw.normal(0, 1, (37, 4)).astype(np.float32)
np.save("features.npy", x)
np.save("features.labels.npy", np.argmax(x @ way, axis=1))
np.save("numbers.npy", x)
np.save("numbers.labels.npy", (x @ way[:, 0]).astype(np.float32))
END

# exports NAME SAMPLES DATA TRAIN-OPTIONS.. [-- EXPORT-OPTIONS..]: trains, exports, checks
exports() {
    local name=$1 samples=$2 data=$3 options=()
    shift 3
    while [ $# -gt 0 ] && [ "$1" != -- ]; do options+=("$1") && shift; done
    [ $# -eq 0 ] || shift
    ends "$name: train" 0 "$logit" train "$data" -o "run-$name" --epochs 2 "${options[@]}"
    ends "$name: export" 0 "$logit" export "run-$name" -o "$name.onnx" "$@"
    "$logit" predict "run-$name" "$samples" --device ref --top 10 --format csv "$@" >"$name.csv" 2>log ||
        complain "$name: predict: $(tail -1 log)"
    ends "$name: check" 0 "$python" "$check" "$name.onnx" "$samples" "$name.csv"
    says "$name" "of its bound"
}

exports softmax digits.npy digits --loss softmax
exports rest digits.npy digits --loss sigmoid --calibrate
exports straight digits.npy digits --loss mse --optimizer lbfgs
exports pets pets.npy pets --size 20x24
exports pets-unit pets.npy pets --size 20x24 --normalize unit --calibrate -- --prior cat=0.9 --temperature 1.5
exports pets-softmax pets.npy pets --size 20x24 --loss softmax -- --prior cat=0.2
exports features features.npy features.npy
exports features-unit features.npy features.npy --normalize unit
exports numbers numbers.npy numbers.npy --loss mse --optimizer lbfgs
exports square digits.npy digits --loss softmax --features square
exports cross features.npy features.npy --features cross:50
exports rff digits.npy digits --loss softmax --features rff:64
exports rff-features features.npy features.npy --normalize unit --features rff:40
exports sigmoid pets.npy pets --size 20x24 --features sigmoid:64
exports step pets.npy pets --size 20x24 --features step:64 -- --temperature 1.5
exports patch pets.npy pets --size 20x24 --features patch:12,size=5,grid=3 -- --prior cat=0.3
exports patch-grey digits.npy digits --loss mse --features patch:10,size=6,stride=3,grid=2

conclude "the onnx package accepts seventeen graphs, and they say what logit says"
