#!/usr/bin/env bash
# nvcc_test.sh -- the GPU build: every architecture is in the plug-in, and nvcc was told to refuse
# warnings, register spills and local memory.  (That the kernels have none is then shown by their
# having been built.)  One line, and no test, where there is no nvcc.
# SPDX-License-Identifier: MIT
set -uo pipefail
cd "$(dirname "$0")/.." || exit

gpus=$(make -s print-gpus)
if [ -z "$gpus" ]; then
    echo "nvcc_test: skipped, there is no nvcc here"
    exit 0
fi
work=$(mktemp -d) || exit
trap 'rm -rf -- "$work"' EXIT
passed=0 failed=0
plugin=build/release/liblogit-cuda.so

# judge STATUS SENTENCE
judge() {
    if [ "$1" -eq 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED: $2"
    fi
}

# compiles NAME: with the flags of the plug-in, the kernel on standard input.
compiles() {
    cat >"$work/$1.cu"
    eval "$(make -s print-nvcc WERROR=1)" -c "$work/$1.cu" -o "$work/$1.o" >"$work/$1.said" 2>&1
}

compiles plain <<'KERNEL'
__global__ void plain_kernel(float *x) { x[threadIdx.x] = 0.0f; }
void plain(float *x) { plain_kernel<<<1, 32>>>(x); }
KERNEL
judge $? "a plain kernel compiles: $(head -1 "$work/plain.said")"

compiles unused <<'KERNEL'
__global__ void unused_kernel(float *x) { int unused; x[threadIdx.x] = 0.0f; }
void unused(float *x) { unused_kernel<<<1, 32>>>(x); }
KERNEL
[ $? -ne 0 ] && grep -q unused "$work/unused.said"
judge $? "a warning of nvcc is an error"

compiles spills <<'KERNEL'
__global__ __launch_bounds__(1024) void spilling_kernel(float *x, int n)
{
    float v[96];
#pragma unroll
    for (int i = 0; i < 96; i++) v[i] = x[threadIdx.x + i * n];
    for (int j = 0; j < n; j++)
#pragma unroll
        for (int i = 0; i < 96; i++) v[i] = v[i] * v[(i * 7 + 1) % 96] + 1.0f;
#pragma unroll
    for (int i = 0; i < 96; i++) x[threadIdx.x + i * n] = v[i];
}
void spilling(float *x) { spilling_kernel<<<1, 1024>>>(x, 3); }
KERNEL
[ $? -ne 0 ] && grep -q spilled "$work/spills.said"
judge $? "a kernel that spills registers is an error"

# images FILE: "elf 75", "ptx 90", .. for each image of each kernel file in a plug-in.  A fat binary
# starts with 0xba55ed50, two 16-bit numbers (the second its header's size) and its size in 8
# bytes; each image with its kind (1 PTX, 2 ELF), its header's size, its size, and at 28 its target.
images() {
    objcopy -O binary --only-section=.nv_fatbin "$1" "$work/images" &&
        od -An -v -t u4 -w4 "$work/images" | awk '
            { word[NR - 1] = $1 }
            END {
                for (i = 0; i < NR; i++) {
                    if (word[i] != 3126193488) continue
                    at = i + int(word[i + 1] / 65536) / 4
                    end = at + word[i + 2] / 4
                    for (; at < end; at += (word[at + 1] + word[at + 2]) / 4)
                        print (word[at] % 65536 == 1 ? "ptx" : "elf"), word[at + 7]
                    i = end - 1
                }
            }' | sort | uniq -c
}

images "$plugin" >"$work/list"
files=$(ls cuda/*.cu | wc -l)
for image in $(printf 'elf-%s ' $gpus) "ptx-${gpus##* }"; do
    count=$(awk -v kind="${image%-*}" -v gpu="${image#*-}" '$2 == kind && $3 == gpu {print $1}' "$work/list")
    [ "${count:-0}" -eq "$files" ]
    judge $? "$plugin has ${image%-*} code for ${image#*-}: ${count:-0} of $files kernel files"
done

echo "nvcc_test: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
