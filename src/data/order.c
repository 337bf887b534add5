/* order.c -- Fisher-Yates and the stratified split.
 *
 * Both draw by counter: the number for index i is Philox(seed, stream, i), whoever asks and
 * whenever.  Source of the shuffle: Knuth, The Art of Computer Programming 2, 3.4.2, algorithm P
 * (from the top down). */
/* SPDX-License-Identifier: MIT */
#include "data/order.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/philox.h"
#include "base/status.h"

/* Numbers drawn at once: the draws depend on nothing, so they overlap, and the lines they will
 * touch are on their way before the swaps, which have to go one after the other. */
#define DRAWS 64

static void shuffle(int32_t *order, int64_t count, uint64_t seed, uint64_t stream)
{
    int64_t partner[DRAWS];
    for (int64_t top = count - 1; top > 0; top -= DRAWS) {
        const int draws = top < DRAWS ? (int)top : DRAWS;
        for (int t = 0; t < draws; t++) {
            const uint64_t i = (uint64_t)(top - t);
            partner[t] = (int64_t)lg_random_below(seed, stream, i, i + 1);
            __builtin_prefetch(&order[partner[t]], 1);
        }
        for (int t = 0; t < draws; t++) {
            const int32_t kept = order[top - t];
            order[top - t] = order[partner[t]];
            order[partner[t]] = kept;
        }
    }
}

void lg_order_fill(int32_t *order, const int32_t *base, int64_t count, lg_shuffle how,
                   uint64_t seed, uint32_t epoch)
{
    assert(count <= INT32_MAX);
    for (int64_t i = 0; i < count; i++) order[i] = base ? base[i] : (int32_t)i;
    if (how == LG_SHUFFLE_FULL) shuffle(order, count, seed, lg_stream_id(LG_STREAM_SHUFFLE, epoch));
}

void lg_order_mix(int32_t *place, int64_t count)
{
    assert(count <= INT32_MAX);
    for (int64_t i = 0; i < count; i++) place[i] = (int32_t)i;
    shuffle(place, count, 0, lg_stream_id(LG_STREAM_MIX, 0));
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
static void draw(strata *s, int c, int64_t wanted, uint64_t seed)
{
    int32_t *member = s->member + s->start[c];
    const int64_t n = s->start[c + 1] - s->start[c];
    const uint64_t stream = lg_stream_id(LG_STREAM_SPLIT, (uint32_t)c);
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
        draw(&s, c, wanted, seed);
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
