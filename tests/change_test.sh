#!/usr/bin/env bash
# Data that change while a run reads them from the disk again and again: files cut off, emptied,
# overwritten, appended to, replaced, deleted, forbidden.  The run ends with exit 5 or 4 and names
# the file, or goes on where what it reads is still what it was; it never hangs, and no signal ends it.
#   LOGIT_CHANGES=N   how often each change is made, at a random moment (1; make check-long: 50)
# SPDX-License-Identifier: MIT
set -uo pipefail
# shellcheck source=tests/shell_rig.sh
source "$(dirname "$0")/shell_rig.sh"
rounds=${LOGIT_CHANGES:-1}
most_ms=10000 # that a run may take to end
changes=0

# An IDX set of 600 images whose pixels are bytes of the program itself.
make_idx() {
    local i
    rm -rf data && mkdir data
    { printf '\0\0\10\3\0\0\2\130\0\0\0\34\0\0\0\34' && head -c $((600 * 784)) "$logit"; } \
        >data/train-images-idx3-ubyte
    { printf '\0\0\10\1\0\0\2\130' && for ((i = 0; i < 600; i++)); do printf "\\x0$((i % 3))"; done; } \
        >data/train-labels-idx1-ubyte
}

# A folder of the same digits each time; $image is one that is trained on.
make_folder() {
    rm -rf data && cp -r digits data
    image=$(find data/train -name '*.png' | sort | sed -n 7p)
}

# The same pixels as NumPy arrays.
make_npy() {
    local header="{'descr': '|u1', 'fortran_order': False, 'shape': (600, 28, 28), }" i
    rm -rf data && mkdir data
    { printf '\223NUMPY\1\0v\0%-117s\n' "$header" && head -c $((600 * 784)) "$logit"; } >data/X.npy
    header="{'descr': '|u1', 'fortran_order': False, 'shape': (600,), }"
    { printf '\223NUMPY\1\0v\0%-117s\n' "$header" && for ((i = 0; i < 600; i++)); do printf "\\x0$((i % 3))"; done; } \
        >data/y.npy
}

# A shard of the digits, and their packed file, which is the set.
make_tar() { rm -rf data && mkdir data && tar -C digits/train -cf $shard .; }
make_packed() { rm -rf data && cp digits.packed data; }

digits 200
"$logit" pack digits -o digits.packed -q >log 2>&1 || complain "pack: $(tail -1 log)"
samples=data/X.npy
shard=data/train-0.tar
images=data/train-images-idx3-ubyte
train=("$logit" train data -o run --epochs 1000000 --device cpu --memory 1 --progress none
    --checkpoint-every 20)

begun() { grep -q '^ *1 ' log; }
over() { ! kill -0 "$process"; }

# change MAKE CODE SAYS COMMAND..: the command changes the data of a run.  CODE 0: it does not mind.
change() {
    local make=$1 expected=$2 says=$3 code=0
    shift 3
    local what="$make: $*"
    $make
    rm -rf run log # the log of the run before has begun, too
    "${train[@]}" "${more[@]}" >log 2>&1 &
    process=$!
    await 30000 begun || complain "$what: does not begin: $(tail -1 log)"
    pause $((RANDOM % 50))
    "$@" || complain "$what: cannot be done"
    if [ "$expected" -eq 0 ]; then
        sleep 0.2
        ! over || complain "$what: the run ended: $(tail -1 log)"
        kill -TERM $process
        expected=143
    fi
    await $most_ms over || { complain "$what: still there after $most_ms ms"; kill -KILL $process; }
    wait $process || code=$?
    [ $code -eq "$expected" ] || complain "$what: exit $code, expected $expected: $(tail -1 log)"
    [ $code -eq 143 ] || says "$what" "$says"
    changes=$((changes + 1))
}

append() { head -c 1000 "$logit" >>"$1"; }
replace() { head -c 1000 "$logit" >new && mv new "$1"; }
overwrite() { head -c $((600 * 784)) /dev/zero | dd of="$1" bs=4k seek=1 conv=notrunc status=none; }
to_fifo() { mkfifo new && mv new "$1"; }
to_folder() { rm "$1" && mkdir "$1"; }
to_loop() { ln -sf "$(basename "$1")" new && mv -T new "$1"; }
add_class() { mkdir data/train/zebra && cp "$image" data/train/zebra; }

idx_changes() {
    more=()
    change make_idx 5 "$images: has become shorter" truncate -s 20000 $images
    change make_idx 5 "$images: has become shorter" truncate -s 0 $images
    change make_idx 0 "" rm $images # it is open, and there until it is closed
    change make_idx 0 "" replace $images
    change make_idx 0 "" append $images
    change make_idx 0 "" overwrite $images
    change make_idx 0 "" chmod 0 $images
    change make_idx 0 "" rm -r data
    # what the next run finds
    change make_idx 5 "has become shorter" truncate -s 20000 $images
    ends "resumed on a shorter file" 4 "${train[@]}" --resume
    says "resumed on a shorter file" "$images: idx at byte"
}

folder_changes() {
    more=()
    make_folder # for the name
    change make_folder 5 "$image: cannot be opened: No such file" rm "$image"
    change make_folder 4 "$image: " truncate -s 100 "$image"
    change make_folder 4 "$image: " truncate -s 0 "$image"
    change make_folder 4 "$image: " replace "$image"
    change make_folder 5 "$image: is not a regular file" to_fifo "$image"
    change make_folder 5 "$image: " to_folder "$image"
    change make_folder 5 "$image: cannot be opened: Too many levels" to_loop "$image"
    change make_folder 5 "cannot be opened: No such file" rm -r data/train
    change make_folder 0 "" touch "$image"
    change make_folder 0 "" add_class
    more=(--on-bad skip --max-bad 0.5)
    change make_folder 0 "" rm "$image"
    change make_folder 0 "" truncate -s 100 "$image"
    change make_folder 0 "" to_fifo "$image"
    change make_folder 4 "more than" rm -r data/train
}

npy_changes() {
    more=()
    change make_npy 5 "$samples: has become shorter" truncate -s 20000 $samples
    change make_npy 5 "$samples: has become shorter" truncate -s 0 $samples
    change make_npy 0 "" rm $samples
    change make_npy 0 "" replace $samples
    change make_npy 0 "" append $samples
    change make_npy 0 "" overwrite $samples
    change make_npy 0 "" rm -r data
    change make_npy 0 "" truncate -s 0 data/y.npy # labels are read once
    change make_npy 5 "has become shorter" truncate -s 20000 $samples
    ends "resumed on a shorter array" 4 "${train[@]}" --resume
    says "resumed on a shorter array" "$samples: npy at byte"
}

# A shard is what it was when its members were found, or it is an error.
tar_changes() {
    more=()
    change make_tar 5 "$shard: has changed" truncate -s 20000 $shard
    change make_tar 5 "$shard: has changed" truncate -s 0 $shard
    change make_tar 5 "$shard: has changed" append $shard
    change make_tar 5 "$shard: has changed" overwrite $shard
    change make_tar 0 "" rm $shard
    change make_tar 0 "" replace $shard
    change make_tar 0 "" rm -r data
    change make_tar 5 "has changed" truncate -s 20000 $shard
    ends "resumed on a shorter shard" 4 "${train[@]}" --resume
    says "resumed on a shorter shard" "$shard: tar at byte"
}

# A packed file is mapped: what is cut off would be a SIGBUS.
packed_changes() {
    more=()
    most_ms=5000
    change make_packed 5 "data: the file became shorter" truncate -s 20000 data
    change make_packed 5 "data: the file became shorter" truncate -s 4096 data
    change make_packed 5 "data: the file became shorter" truncate -s 0 data
    change make_packed 0 "" append data
    change make_packed 0 "" rm data
    change make_packed 0 "" replace data
    change make_packed 0 "" chmod 0 data
    change make_packed 5 "the file became shorter" truncate -s 20000 data
    ends "resumed on a shorter file" 4 "${train[@]}" --resume
    says "resumed on a shorter file" "data: packed at byte"
    most_ms=10000
}

for ((round = 0; round < rounds && failures < 9; round++)); do
    idx_changes
    folder_changes
    npy_changes
    tar_changes
    packed_changes
done 2>/dev/null
conclude "$changes changes under a run: exit 4 or 5, or none where it does no harm; no hang, no signal"
