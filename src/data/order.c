/* order.c -- Fisher-Yates, in one piece and in blocks, and the stratified split.
 *
 * Both draw by counter: the number for index i is Philox(seed, stream, i), whoever asks and
 * whenever.  Source of the shuffle: Knuth, The Art of Computer Programming 2, 3.4.2, algorithm P
 * (from the top down). */
/* SPDX-License-Identifier: MIT */
#include "data/order.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/philox.h"
#include "base/philox_many.h"
#include "base/status.h"

/* Numbers drawn at once: the draws depend on nothing, so they go side by side, and the lines they
 * will touch are on their way while the swaps before them go one after the other. */
#define DRAWS 64

/* Indices of the draws that order blocks; those that order samples are places, below 2^31. */
#define BLOCK_DRAWS ((uint64_t)1 << 32)

const char *const lg_shuffle_names[] = {"full", "block", "none"};

int lg_shuffle_find(const char *name)
{
    for (int i = 0; i <= LG_SHUFFLE_NONE; i++)
        if (strcmp(name, lg_shuffle_names[i]) == 0) return i;
    return -1;
}

/* The partners of places top - draws + 1 .. top, that of place i drawn at index first + i; their
 * lines are on the way to the cache. */
static int64_t draw_partners(const int32_t *order, int64_t top, uint64_t seed, uint64_t stream,
                             uint64_t first, uint64_t partner[DRAWS])
{
    const int64_t draws = top < DRAWS ? top : DRAWS, low = top - draws + 1;
    lg_philox_many(seed, stream, first + (uint64_t)low, draws, partner, NULL);
    for (int64_t t = 0; t < draws; t++) {
        partner[t] = lg_bits_below(partner[t], (uint64_t)(low + t) + 1);
        __builtin_prefetch(&order[partner[t]], 1);
    }
    return draws;
}

/* Place i draws at index first + i. */
static void shuffle(int32_t *order, int64_t count, uint64_t seed, uint64_t stream, uint64_t first)
{
    uint64_t partner[2][DRAWS];
    int64_t top = count - 1;
    if (top < 1) return;
    int64_t draws = draw_partners(order, top, seed, stream, first, partner[0]);
    for (int now = 0; top > 0; now ^= 1) {
        const int64_t low = top - draws + 1;
        draws = draw_partners(order, low - 1, seed, stream, first, partner[now ^ 1]);
        for (int64_t i = top; i >= low; i--) {
            const uint64_t other = partner[now][i - low];
            const int32_t kept = order[i];
            order[i] = order[other];
            order[other] = kept;
        }
        top = low - 1;
    }
}

static void copy(int32_t *order, const int32_t *base, int64_t begin, int64_t count)
{
    for (int64_t i = 0; i < count; i++) order[i] = base ? base[begin + i] : (int32_t)(begin + i);
}

/* Blocks of base one behind the other, in a drawn order.  The list of blocks stands at the end of
 * order and is overwritten from the front, but no entry before it was read: whole blocks are left
 * behind what is written, and each is longer than its entry in the list. */
static void draw_blocks(int32_t *order, const int32_t *base, int64_t count, uint64_t seed,
                        uint64_t stream)
{
    const int64_t blocks = (count + LG_ORDER_BLOCK - 1) / LG_ORDER_BLOCK;
    int32_t *list = order + count - blocks;
    for (int64_t b = 0; b < blocks; b++) list[b] = (int32_t)b;
    shuffle(list, blocks, seed, stream, BLOCK_DRAWS);
    int64_t at = 0;
    for (int64_t b = 0; b < blocks; b++) {
        const int64_t begin = (int64_t)list[b] * LG_ORDER_BLOCK, left = count - begin;
        const int64_t size = left < LG_ORDER_BLOCK ? left : LG_ORDER_BLOCK;
        copy(order + at, base, begin, size);
        at += size;
    }
}

void lg_order_fill(int32_t *order, const int32_t *base, int64_t count, lg_shuffle how,
                   uint64_t seed, uint32_t epoch)
{
    const uint64_t stream = lg_stream_id(LG_STREAM_SHUFFLE, epoch);
    assert(count <= INT32_MAX);
    if (how == LG_SHUFFLE_BLOCK)
        draw_blocks(order, base, count, seed, stream);
    else
        copy(order, base, 0, count);
    if (how == LG_SHUFFLE_NONE) return;
    const int64_t window = how == LG_SHUFFLE_FULL ? count : LG_ORDER_WINDOW;
    for (int64_t at = 0; at < count; at += window) {
        const int64_t left = count - at;
        shuffle(order + at, left < window ? left : window, seed, stream, (uint64_t)at);
    }
}

void lg_order_mix(int32_t *place, int64_t count)
{
    assert(count <= INT32_MAX);
    copy(place, NULL, 0, count);
    shuffle(place, count, 0, lg_stream_id(LG_STREAM_MIX, 0), 0);
}

/* Drops from place[count] what is not in `only`. */
static logit_status keep_only(int32_t *place, int64_t count, const int32_t *only,
                              int64_t only_count, logit_error *err)
{
    uint8_t *wanted = calloc((size_t)count / 8 + 1, 1);
    if (!wanted)
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the order of %lld samples",
                (long long)count);
    int64_t kept = 0;
    for (int64_t i = 0; i < only_count; i++)
        if (only[i] >= 0 && only[i] < count) wanted[only[i] / 8] |= (uint8_t)(1u << only[i] % 8);
    for (int64_t p = 0; p < count; p++)
        if (wanted[place[p] / 8] >> place[p] % 8 & 1) place[kept++] = place[p];
    free(wanted);
    if (kept != only_count)
        LG_FAIL(err, LOGIT_E_USAGE, "of %lld samples asked for, %lld are there, each once",
                (long long)only_count, (long long)kept);
    return LOGIT_OK;
}

logit_status lg_order_places(int32_t **out, int64_t count, int as_it_lies, const int32_t *only,
                             int64_t only_count, logit_error *err)
{
    int32_t *place = malloc(((size_t)count + 1) * sizeof *place);
    *out = NULL;
    if (!place)
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the order of %lld samples",
                (long long)count);
    if (as_it_lies)
        copy(place, NULL, 0, count);
    else
        lg_order_mix(place, count);
    const logit_status status = only ? keep_only(place, count, only, only_count, err) : LOGIT_OK;
    if (status != LOGIT_OK) {
        free(place);
        return status;
    }
    int32_t *less = only ? realloc(place, ((size_t)only_count + 1) * sizeof *place) : NULL;
    *out = less ? less : place;
    return LOGIT_OK;
}

/* How many of a class of n go to val. */
static int64_t val_share(double share, int64_t n)
{
    if (!(share > 0.0) || n < 2) return 0;
    const double wanted = floor(share * (double)n + 0.5);
    if (wanted < 1.0) return 1;
    return wanted < (double)(n - 1) ? (int64_t)wanted : n - 1;
}

/* What the split works with: the members of class c are member[start[c] .. start[c+1]-1]. */
typedef struct strata {
    int64_t *start;  /* [classes + 1] */
    int32_t *member; /* [count] */
    uint8_t *is_val; /* [count] */
} strata;

static void strata_clear(strata *s)
{
    free(s->start);
    free(s->member);
    free(s->is_val);
}

static int strata_init(strata *s, const int32_t *label, int64_t count, int classes)
{
    const size_t n = (size_t)count;
    s->start = calloc((size_t)classes + 1, sizeof *s->start);
    s->member = malloc((n + 1) * sizeof *s->member);
    s->is_val = calloc(n + 1, 1);
    if (!s->start || !s->member || !s->is_val) return 0;
    for (int64_t i = 0; i < count; i++) s->start[label ? label[i] : 0]++;
    for (int64_t c = 0, sum = 0; c <= classes; c++) {
        sum += s->start[c];
        s->start[c] = sum; /* one past the class; the loop below brings it back to its first */
    }
    for (int64_t i = count - 1; i >= 0; i--)
        s->member[--s->start[label ? label[i] : 0]] = (int32_t)i;
    return 1;
}

/* The first `wanted` steps of a shuffle from the bottom up: a draw without repetition. */
static void draw(strata *s, int c, int64_t wanted, uint64_t seed, uint32_t purpose)
{
    int32_t *member = s->member + s->start[c];
    const int64_t n = s->start[c + 1] - s->start[c];
    const uint64_t stream = lg_stream_id(purpose, (uint32_t)c);
    for (int64_t i = 0; i < wanted; i++) {
        const int64_t other =
            i + (int64_t)lg_random_below(seed, stream, (uint64_t)i, (uint64_t)(n - i));
        const int32_t drawn = member[other];
        member[other] = member[i];
        member[i] = drawn;
        s->is_val[drawn] = 1;
    }
}

logit_status lg_order_split(const int32_t *label, int64_t count, int classes, double share,
                            uint64_t seed, int32_t **train, int64_t *train_count, int32_t **val,
                            int64_t *val_count, logit_error *err)
{
    *train = *val = NULL;
    *train_count = *val_count = 0;
    if (!label) classes = 1;
    strata s = {0};
    int64_t drawn = 0;
    if (!strata_init(&s, label, count, classes)) goto no_memory;
    for (int c = 0; c < classes; c++) {
        const int64_t wanted = val_share(share, s.start[c + 1] - s.start[c]);
        draw(&s, c, wanted, seed, LG_STREAM_SPLIT);
        drawn += wanted;
    }
    *train = malloc((size_t)(count - drawn + 1) * sizeof **train);
    *val = malloc((size_t)(drawn + 1) * sizeof **val);
    if (!*train || !*val) goto no_memory;
    for (int64_t i = 0; i < count; i++) {
        if (s.is_val[i])
            (*val)[(*val_count)++] = (int32_t)i;
        else
            (*train)[(*train_count)++] = (int32_t)i;
    }
    strata_clear(&s);
    return LOGIT_OK;

no_memory:
    strata_clear(&s);
    free(*train);
    free(*val);
    *train = *val = NULL;
    LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for splitting %lld samples", (long long)count);
}

logit_status lg_order_folds(int32_t **fold, const int32_t *label, int64_t count, int classes,
                            int folds, uint64_t seed, logit_error *err)
{
    strata s = {0};
    if (!label) classes = 1;
    *fold = malloc(((size_t)count + 1) * sizeof **fold);
    if (!*fold || !strata_init(&s, label, count, classes)) {
        strata_clear(&s);
        free(*fold);
        *fold = NULL;
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the folds of %lld samples",
                (long long)count);
    }
    for (int c = 0; c < classes; c++)
        draw(&s, c, s.start[c + 1] - s.start[c], seed, LG_STREAM_FOLD);
    for (int64_t p = 0; p < count; p++) (*fold)[s.member[p]] = (int32_t)(p % folds);
    strata_clear(&s);
    return LOGIT_OK;
}
