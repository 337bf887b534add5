/* balance.c -- samples listed by class, and drawn by counter. */
/* SPDX-License-Identifier: MIT */
#include "data/balance.h"

#include <stdlib.h>

#include "base/philox.h"
#include "base/philox_many.h"
#include "base/status.h"

enum { DRAWS = 64 }; /* at once */

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

void lg_balance_draw(const lg_balance *b, int32_t *order, int64_t count, uint64_t seed,
                     uint32_t epoch)
{
    const uint64_t stream = lg_stream_id(LG_STREAM_BALANCE, epoch);
    for (int64_t at = 0; at < count && b->classes > 0; at += DRAWS) {
        const int64_t draws = count - at < DRAWS ? count - at : DRAWS;
        uint64_t class_bits[DRAWS], member_bits[DRAWS];
        lg_philox_many(seed, stream, (uint64_t)at, draws, class_bits, member_bits);
        for (int64_t i = 0; i < draws; i++) {
            const uint64_t c = lg_bits_below(class_bits[i], (uint64_t)b->classes);
            const int64_t begin = b->start[c], size = b->start[c + 1] - begin;
            order[at + i] =
                b->member[begin + (int64_t)lg_bits_below(member_bits[i], (uint64_t)size)];
        }
    }
}
