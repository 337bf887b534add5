#!/usr/bin/env bash
# planted_test.sh -- bugs planted in copies of the kernels, each of which a named test must catch.
#
# A test that cannot fail proves nothing.  For every row of the table: a copy of the sources gets
# the bug, the stand-in's plug-in is built from it, and the test is run against it; it must fail,
# by its name.  That the same tests pass without the bug is for the suites themselves to show.
# SPDX-License-Identifier: MIT
set -uo pipefail
cd "$(dirname "$0")/.." || exit

work=$(mktemp -d) || exit
trap 'rm -rf -- "$work"' EXIT
bugs=0

# judge STATUS SENTENCE: a line of the result
judge() {
    if [ "$1" -eq 0 ]; then
        echo "ok: $2" >>"$work/results"
    else
        echo "FAILED: $2" | tee -a "$work/results"
    fi
}

# spoil FOLDER FILE EXPRESSION MODE: a tree whose objects are those of build/MODE but for FILE: the
# stand-in, or for a file of the program the test program.
spoil() {
    local tree=$1 file=$2 expression=$3 mode=$4
    mkdir -p "$tree/build/$mode/src" "$tree/tests" || return
    cp -a Makefile cuda src include "$tree" && cp -a tests/simt "$tree/tests" || return
    cp -a "build/$mode/simt" "$tree/build/$mode" || return
    cp -a "build/$mode/src/base" "build/$mode/src/core" "$tree/build/$mode/src" || return
    sed -i -E "$expression" "$tree/$file" || return
    ! cmp -s "$file" "$tree/$file" || { echo "the bug does not fit $file any more" && return 1; }
    if [[ $file == src/train/* ]]; then
        cp -a tests datasets "$tree" && cp -a "build/$mode/src" "build/$mode/tests" \
            "build/$mode/datasets" "build/$mode/suites.def" "$tree/build/$mode" || return
        make -s -C "$tree" MODE="$mode" CUDA=0 WERROR= "build/$mode/tests/run" 2>&1
        return
    fi
    local quicker=-O2 # to compile; a flag of the Makefile is tried with all others as they are
    [ "$file" != Makefile ] || { quicker='' && touch "$tree"/cuda/*.cu; }
    make -s -C "$tree" MODE="$mode" CUDA=0 WERROR= CXXFLAGS="$quicker" "build/$mode/tests/liblogit-simt.so" 2>&1
}

# try TREE SENTENCE FILE EXPRESSION MODE SUITE/CASE TEST
try() {
    local tree=$1 sentence=$2 file=$3 expression=$4 mode=$5 suite=${6%/*} case=${6#*/} test=$7 said
    if [ ! -x "build/$mode/tests/run" ]; then
        echo "planted_test: there is no build/$mode, skipped: $sentence"
        return
    fi
    if ! said=$(spoil "$tree" "$file" "$expression" "$mode"); then
        judge 1 "$sentence: could not be planted: $said"
        return
    fi
    local runner=build/$mode/tests/run
    [[ $file != src/train/* ]] || runner=$tree/$runner
    CK_RUN_SUITE=$suite CK_RUN_CASE=$case LOGIT_SIMT_SEED=1 \
        LOGIT_PLUGIN_DIR=$tree/build/$mode/tests "$runner" >"$tree/said" 2>&1
    grep -qE ":[FE]:[^:]*:$test:" "$tree/said"
    judge $? "$sentence: $suite/$test did not see it: $(tail -1 "$tree/said")"
    rm -rf -- "$tree"
}

# catch SENTENCE FILE EXPRESSION MODE SUITE/CASE TEST: try, two at a time
catch() {
    [ "$(jobs -rp | wc -l)" -lt 2 ] || wait -n
    bugs=$((bugs + 1))
    try "$work/$bugs" "$@" &
}

# A block reads its chains before the others have written theirs.
catch 'missing barrier' cuda/loss_many.h \
    '/lg_many_chains<Loss>\(part, sample, top, chains\);/{n;s/__syncthreads\(\);//}' \
    release cuda_loss/many rows_of_a_block_have_the_bits_of_the_cpu

# A warp takes the rows of its stage before all lanes have brought them.
catch 'missing warp barrier' cuda/loss_few.h \
    '0,/__syncwarp\(LG_FULL_WARP\);/s/__syncwarp\(LG_FULL_WARP\);//' \
    release cuda_loss/few rows_of_registers_have_the_bits_of_the_cpu

# The stage of a warp without its padding: only AddressSanitizer sees what lies behind shared memory.
catch 'overrun of shared memory' cuda/loss_few.h \
    's/(LG_STAGE_QUADS = 128 \/ 32 \* )33/\132/; s/(LG_FEW_WARPS \* LG_STAGE_QUADS) : 1/LG_FEW_WARPS * LG_STAGE_QUADS : 1/' \
    asan cuda_loss/few rows_of_registers_have_the_bits_of_the_cpu

# The last lanes write an element that is not the row's.
catch 'overrun of device memory' cuda/loss_few.h \
    '/void lg_few_put/,/^}/s/if \(lg_few_has\(part, e\)\) //' \
    release cuda_loss/few rows_of_registers_have_the_bits_of_the_cpu

# The maximum of a row loses its fraction on the way through an int.
catch 'maximum kept in an int' cuda/loss_row.h \
    's/^        top->max = z;/        top->max = (float)(int)z;/' \
    release cuda_loss/few rows_of_registers_have_the_bits_of_the_cpu

# Powers are written over logits that the gradient reads again.
catch 'read after overwrite' cuda/loss_many.h \
    's/if \(!Loss::GRADIENT_WAITS \&\& !part.stays\) lg_many_write/if (!part.stays) lg_many_write/' \
    release cuda_loss/many rows_of_a_block_have_the_bits_of_the_cpu

# A row of x is taken to be as long as a row of z.
catch 'wrong leading dimension' cuda/matmul.c \
    's/into\.alpha, x,$/into.alpha, x, /; s/kind->factor, is\.d, slope, kind->factor, is\.c, into/kind->factor, is.d, slope, kind->factor, is.n > is.c ? is.n : is.c, into/' \
    release twins/ops gradients_agree

# a b + c is rounded once where the formulas say twice.
catch 'contraction' Makefile 's/-ffp-contract=off/-ffp-contract=fast -mfma/' \
    release cuda_loss/few rows_of_registers_have_the_bits_of_the_cpu

# The lowest index no longer wins a tie.
catch 'tie goes to the last' cuda/loss_row.h 's/at < top->at/at > top->at/' \
    release cuda_loss/few rows_of_registers_have_the_bits_of_the_cpu

# float32 products on tensor cores that were not asked for.
catch 'TF32 by itself' cuda/matmul.c \
    's/(\[LG_PRECISION_F32\] = \{CUDA_R_32F, CUBLAS_COMPUTE_32F), 0/\1_FAST_TF32, 0/' \
    release twins/ops logits_agree

# The step does not wait for the copy of its batch.
catch 'missing event' src/train/feed.c \
    's/return ops->event_wait\(feed->backend, at->copied, LG_QUEUE_COMPUTE, err\);/return LOGIT_OK;/' \
    release simt_place/places single_steps_have_the_same_bits_in_every_way

# The host writes the numbers of another batch while the device still needs those of the last.
catch 'slot reused too early' src/train/feed.c \
    '/if \(at->busy\) LG_TRY/d' \
    release simt_place/places single_steps_have_the_same_bits_in_every_way

# The loader fills a slot again while its last batch is being copied.
catch 'host memory given back before its copy is done' src/train/feed.c \
    '/LG_TRY\(ops->event_sync\(feed->backend, slot_of\(feed, feed->taken(-| - )?1?\)->copied, err\)\);/d' \
    release simt_place/places single_steps_have_the_same_bits_in_every_way

# Rows that stay are brought into the slot before those from the host are there.
catch 'gather before the upload is done' src/train/feed.c \
    '/LG_TRY\(send_notes\(feed, at, notes.place \+ n, err\)\);/d; s/( *)LG_TRY\(lg_feed_exchange\(feed, at, \&there, err\)\);/\0 LG_TRY(send_notes(feed, at, notes.place + n, err));/' \
    release simt_place/places single_steps_have_the_same_bits_in_every_way

# Samples count as kept although the launch that keeps them is not queued.
catch 'marked as kept before it is' src/train/feed_set.c \
    's/    return feed->backend->ops->rows\(feed->backend, \&rows, err\);/    if (feed->mini->number == 0) return LOGIT_OK;\n&/' \
    release simt_place/places single_steps_have_the_same_bits_in_every_way

# A burst's rows are written over while the burst before them in the slot still runs.
catch 'burst reused too early' src/train/burst.c '/if \(at->busy\) LG_TRY/d' \
    release simt_burst/bursts bursts_have_the_bits_of_single_steps

# A set goes up through page-locked memory that is filled again at once.
catch 'staging reused too early' src/train/feed_set.c \
    '/if \(staging->pieces >= LG_STAGES\)/,+1d' \
    release simt_place/places single_steps_have_the_same_bits_in_every_way

wait
touch "$work/results"
caught=$(grep -c '^ok' "$work/results")
echo "planted_test: $caught of $bugs bugs caught"
! grep -q '^FAILED' "$work/results"
