/* bench_gather.c -- how fast the machine brings rows together that lie in memory in random order:
 * what a shuffled loader could reach if it did nothing else. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/pool.h"
#include "base/status.h"
#include "data/order.h"
#include "train/bench.h"

typedef struct gather {
    lg_pool *pool;
    uint8_t *from, *to; /* [count][bytes], [rows][bytes] */
    int32_t *order;     /* [count] */
    int64_t count, rows;
    size_t bytes;
} gather;

/* Each part fills its own rows, again and again. */
static void gather_part(void *argument, int part, int parts)
{
    const gather *g = argument;
    int64_t begin, end, first, last;
    lg_pool_cut(g->count, 1, part, parts, &begin, &end);
    lg_pool_cut(g->rows, 1, part, parts, &first, &last);
    for (int64_t i = begin, row = first; i < end; i++, row = row + 1 < last ? row + 1 : first)
        memcpy(g->to + (size_t)row * g->bytes, g->from + (size_t)g->order[i] * g->bytes, g->bytes);
}

static logit_status gather_all(void *argument, logit_error *err)
{
    gather *g = argument;
    (void)err;
    lg_pool_run(g->pool, gather_part, g);
    return LOGIT_OK;
}

static logit_status allocate(gather *g, int threads, logit_error *err)
{
    g->from = malloc((size_t)g->count * g->bytes);
    g->to = malloc((size_t)g->rows * g->bytes);
    g->order = malloc((size_t)g->count * sizeof *g->order);
    if (!g->from || !g->to || !g->order)
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for rows to measure with");
    memset(g->from, 1, (size_t)g->count * g->bytes);
    memset(g->to, 1, (size_t)g->rows * g->bytes);
    lg_order_mix(g->order, g->count);
    return lg_pool_create(&g->pool, threads, err);
}

logit_status lg_bench_gather(const lg_bench *bench, size_t bytes, size_t all, size_t memory,
                             logit_error *err)
{
    static const char name[] = "gather, random rows";
    const int threads = bench->options->threads;
    const int64_t rows = (int64_t)(memory / bytes);
    gather g = {.count = (int64_t)(all / bytes), .bytes = bytes};
    char shape[64];
    double rate = 0.0;
    snprintf(shape, sizeof shape, "%zu bytes, %d threads", bytes, threads);
    if (!lg_bench_wants(bench, name, shape)) return LOGIT_OK;
    g.rows = rows < threads ? threads : rows;
    logit_status status = allocate(&g, threads, err);
    if (status == LOGIT_OK) status = lg_bench_time(bench, gather_all, &g, &rate, err);
    lg_pool_destroy(g.pool);
    free(g.from);
    free(g.to);
    free(g.order);
    if (status != LOGIT_OK) return lg_bench_leave_out(bench, name, shape, status);
    lg_bench_report_rows(bench, name, shape, bytes, rate * (double)g.count);
    return LOGIT_OK;
}
