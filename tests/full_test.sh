#!/usr/bin/env bash
# A disk that is full, of blocks or of inodes, a file that may not grow, a folder that is read-only,
# a disk that will not sync: exit 5 with a word about what and where, the older checkpoint whole, and
# the bits of an undisturbed run once there is room again.
# The small disks are tmpfs in a mount namespace; where that is not allowed they are left out.
# SPDX-License-Identifier: MIT
set -uo pipefail
if [ -z "${LOGIT_FULL_DISKS:-}" ]; then
    if unshare -rm mount -t tmpfs none /mnt 2>/dev/null; then
        LOGIT_FULL_DISKS=1 exec unshare -rm bash "$0"
    fi
    echo "full_test: skipped the small disks: no mount namespace of our own here (unshare -rm)"
    export LOGIT_FULL_DISKS=0
fi
# shellcheck source=tests/shell_rig.sh
source "$(dirname "$0")/shell_rig.sh"
shim=${LOGIT_SHIM:?path of libshim.so}

digits 120
train=("$logit" train digits --epochs 2 --batch-size 16 --checkpoint-every 2 --device cpu -q --threads 1)
ends "undisturbed" 0 "${train[@]}" -o want
cases=0

# resumed WHAT RUN: with room again it ends as the undisturbed run did
resumed() {
    ends "$1: resumed" 0 "${train[@]}" -o "$2" --resume
    same "$1: resumed" want "$2"
}

# older_is_whole WHAT RUN SAVED: which of `checkpoint.0 checkpoint.1` are there, and each of them
# is what a save left, not what one began: the resumed run names no damaged one
older_is_whole() {
    local what=$1 run=$2 saved=$3
    [ "$(cd "$run" && echo checkpoint.*)" = "$saved" ] || complain "$what: kept $(ls "$run")"
    [ -z "$(find "$run" -name '*.tmp')" ] || complain "$what: left over: $(ls "$run")"
    cp -r "$run" copy
    ends "$what: resumed beside" 0 "${train[@]}" -o copy --resume
    ! grep -q 'passed over' log || complain "$what: $(grep 'passed over' log)"
    rm -rf copy
}

# small_disk OPTION ROOM NAMED SAVED: trains on a disk of that size; NAMED could not be written
small_disk() {
    local option=$1 room=$2 named=$3 saved=$4 what="$1"
    mount -t tmpfs -o "$option" small disk || { complain "$what: no disk"; return; }
    ends "$what" 5 "${train[@]}" -o disk/run
    says "$what" "disk/run/$named: "
    says "$what" "No space left on device"
    [ -z "$saved" ] || older_is_whole "$what" disk/run "$saved"
    mount -o "remount,$room" disk || complain "$what: does not grow"
    resumed "$what" disk/run
    umount disk
    cases=$((cases + 1))
}

# A checkpoint takes 94 kB, the model 32 kB, and tmpfs counts pages of 4 kB.
small_disks() {
    mkdir disk
    small_disk size=4k size=4m metrics.jsonl ""
    small_disk size=8k size=4m config.ini ""
    small_disk size=16k size=4m checkpoint.0 ""
    small_disk size=100k size=4m checkpoint.0 ""
    small_disk size=140k size=4m checkpoint.1 checkpoint.0
    small_disk size=240k size=4m checkpoint.0 "checkpoint.0 checkpoint.1"
    small_disk size=4m,nr_inodes=3 nr_inodes=99 metrics.jsonl ""
    small_disk size=4m,nr_inodes=5 nr_inodes=99 checkpoint.0 ""
    small_disk size=4m,nr_inodes=6 nr_inodes=99 checkpoint.1 checkpoint.0
    small_disk size=4m,nr_inodes=7 nr_inodes=99 checkpoint.0 "checkpoint.0 checkpoint.1"
    results_on_a_full_disk
    read_only_folder
}

# What goes to standard output, and what other verbs and programs write.
results_on_a_full_disk() {
    mount -t tmpfs -o size=64k small disk || return
    head -c 70000 /dev/zero >disk/filler 2>/dev/null
    ends "eval on a full disk" 5 bash -c '"$0" eval want digits --format json >disk/out' "$logit"
    says "eval on a full disk" "standard output"
    ends "data on a full disk" 5 bash -c '"$0" data digits >disk/out2' "$logit"
    says "data on a full disk" "standard output"
    ends "compare on a full disk" 5 "$logit" compare digits --devices cpu,ref --steps 2 -o disk/compare
    says "compare on a full disk" "disk/compare"
    ends "draw on a full disk" 5 "$draw" digits -o disk/digits -n 100
    says "draw on a full disk" "disk/digits"
    umount disk
    cases=$((cases + 4))
}

read_only_folder() {
    mount -t tmpfs -o size=4m small disk || return
    cp -r want disk/run
    rm disk/run/checkpoint.0 disk/run/model.safetensors # as killed before its last save
    mount -o remount,ro disk
    ends "read-only" 5 "${train[@]}" -o disk/new
    says "read-only" "disk/new: folder cannot be made: Read-only file system"
    ends "read-only: resume" 5 "${train[@]}" -o disk/run --resume
    says "read-only: resume" "disk/run/lock: cannot be written: Read-only file system"
    mount -o remount,rw disk
    resumed "read-only" disk/run
    umount disk
    cases=$((cases + 3))
}

# A limit of the shell (ulimit -f) raises a signal where it is not ignored.
file_size_limit() {
    local kb named
    while read -r kb named; do
        rm -rf limited
        ends "ulimit -f $kb" 5 bash -c \
            '(ulimit -f "$0" && exec "$@") 2>&1 | cat; exit "${PIPESTATUS[0]}"' \
            "$kb" "${train[@]}" -o limited
        says "ulimit -f $kb" "limited/$named: "
        says "ulimit -f $kb" "File too large"
        resumed "ulimit -f $kb" limited
        cases=$((cases + 1))
    done <<<$'0 lock\n1 checkpoint.0\n20 checkpoint.0\n91 checkpoint.0'
}

full_output() {
    rm -rf run
    ends "/dev/full" 5 bash -c '"$@" >/dev/full' bash "${train[@]}" -o run
    says "/dev/full" "standard output: cannot be written: No space left on device"
    resumed "/dev/full" run
    rm -rf run
    ends "/dev/full, a table" 5 bash -c '"$@" >/dev/full' bash "${train[@]/-q/--progress=none}" -o run
    resumed "/dev/full, a table" run
    cases=$((cases + 2))
}

# A sync that failed: exit 5 each time, and what it was to save does not stand under its name.
failed_sync() {
    local count n
    rm -rf run
    LOGIT_FAULT_COUNT=$work/count LD_PRELOAD=$shim "${train[@]}" -o run >log 2>&1
    count=$(awk '$1 == "fsync" {print $2}' count)
    [ "${count:-0}" -ge 10 ] || complain "syncs: ${count:-none} counted"
    rm -rf run
    ends "no sync works" 5 env LOGIT_FAULT=fsync:1:always LD_PRELOAD="$shim" "${train[@]}" -o run
    [ -z "$(cd run && ls -d checkpoint.* model.* ./*.tmp 2>/dev/null)" ] || complain "no sync: $(ls run)"
    for ((n = 1; n <= count; n++)); do
        rm -rf run
        ends "sync $n" 5 env LOGIT_FAULT=fsync:$n LD_PRELOAD="$shim" "${train[@]}" -o run
        grep -qE 'logit: run(/[a-z0-9.]+)?: (fsync|cannot be|its folder cannot be synced)' log ||
            complain "sync $n: says $(tail -1 log)"
        resumed "sync $n" run
        cases=$((cases + 1))
    done
}

[ "$LOGIT_FULL_DISKS" = 0 ] || small_disks
file_size_limit
full_output
failed_sync
conclude "$cases full disks, limits and failed syncs: exit 5 each, nothing lost"
