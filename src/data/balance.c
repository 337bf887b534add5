/* balance.c -- samples listed by class, and drawn by counter. */
/* SPDX-License-Identifier: MIT */
#include "data/balance.h"

#include <stdlib.h>

#include "base/philox.h"
#include "base/status.h"

static int64_t pick(const int32_t *only, int64_t i)
{
    return only ? only[i] : i;
}

/* Where each class begins: start[c] of all of them, the empty ones too. */
static void count_members(lg_balance *b, const int32_t *label, const int32_t *only, int64_t count,
                          int classes)
{
    for (int64_t i = 0; i < count; i++) b->start[label[pick(only, i)] + 1]++;
    for (int c = 0; c < classes; c++) b->start[c + 1] += b->start[c];
}

/* Counting sort: samples of a class stay in their order.  Afterwards start[c] is where class c
 * ends, which is where the next begins. */
static void list_members(lg_balance *b, const int32_t *label, const int32_t *only, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        const int64_t sample = pick(only, i);
        b->member[b->start[label[sample]]++] = (int32_t)sample;
    }
}

/* Leaves the classes that have samples, with their beginnings. */
static void drop_empty(lg_balance *b, int classes)
{
    int64_t begin = 0;
    for (int c = 0; c < classes; c++) {
        const int64_t end = b->start[c];
        if (end > begin) b->start[b->classes++] = begin;
        begin = end;
    }
    b->start[b->classes] = begin;
}

logit_status lg_balance_init(lg_balance *balance, const int32_t *label, const int32_t *only,
                             int64_t count, int classes, logit_error *err)
{
    *balance = (lg_balance){.start = calloc((size_t)classes + 2, sizeof *balance->start),
                            .member = malloc(((size_t)count + 1) * sizeof *balance->member)};
    if (!balance->start || !balance->member) {
        lg_balance_clear(balance);
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for listing %lld samples by class",
                (long long)count);
    }
    count_members(balance, label, only, count, classes);
    list_members(balance, label, only, count);
    drop_empty(balance, classes);
    return LOGIT_OK;
}

void lg_balance_clear(lg_balance *balance)
{
    free(balance->start);
    free(balance->member);
    *balance = (lg_balance){0};
}

/* Uniform in [0, n), as lg_random_below of philox.h. */
static int64_t below(uint32_t low, uint32_t high, int64_t n)
{
    const uint64_t bits = (uint64_t)high << 32 | low;
    return (int64_t)(((unsigned __int128)bits * (uint64_t)n) >> 64);
}

void lg_balance_draw(const lg_balance *b, int32_t *order, int64_t count, uint64_t seed,
                     uint32_t epoch)
{
    const uint64_t stream = lg_stream_id(LG_STREAM_BALANCE, epoch);
    for (int64_t p = 0; p < count && b->classes > 0; p++) {
        const lg_random4 drawn = lg_philox(seed, stream, (uint64_t)p);
        const int64_t c = below(drawn.word[0], drawn.word[1], b->classes);
        const int64_t begin = b->start[c], size = b->start[c + 1] - begin;
        order[p] = b->member[begin + below(drawn.word[2], drawn.word[3], size)];
    }
}
