/* vectors.c -- blocks, and a pool that takes them. */
/* SPDX-License-Identifier: MIT */
#include "train/vectors.h"

#include <stdlib.h>

#include "base/status.h"

enum { BLOCK = 4096, WORTH_THREADS = 16 }; /* numbers; blocks */

struct lg_vectors {
    lg_pool *pool;
    double *part; /* a sum per block */
    /* the job that runs */
    int64_t count, blocks;
    lg_vectors_fn *fn;
    const void *job;
};

static int64_t blocks_of(int64_t count)
{
    return (count + BLOCK - 1) / BLOCK;
}

logit_status lg_vectors_create(lg_vectors **out, int threads, int64_t most, logit_error *err)
{
    *out = NULL;
    lg_vectors *v = calloc(1, sizeof *v);
    if (!v) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for vectors");
    v->part = malloc((size_t)(blocks_of(most) + 1) * sizeof *v->part);
    logit_status status = LOGIT_OK;
    if (!v->part)
        status = lg_fail(err, LOGIT_E_NOMEM, __FILE__, __LINE__, "out of memory for vectors");
    else if (blocks_of(most) >= WORTH_THREADS)
        status = lg_pool_create(&v->pool, threads, err);
    if (status != LOGIT_OK) {
        lg_vectors_destroy(v);
        return status;
    }
    *out = v;
    return LOGIT_OK;
}

void lg_vectors_destroy(lg_vectors *v)
{
    if (!v) return;
    lg_pool_destroy(v->pool);
    free(v->part);
    free(v);
}

static void run_part(void *argument, int part, int parts)
{
    const lg_vectors *v = argument;
    int64_t begin, end;
    lg_pool_cut(v->blocks, 1, part, parts, &begin, &end);
    for (int64_t i = begin; i < end; i++) {
        const int64_t last = (i + 1) * BLOCK;
        v->part[i] = v->fn(v->job, i * BLOCK, last < v->count ? last : v->count);
    }
}

double lg_vectors_run(lg_vectors *v, int64_t count, lg_vectors_fn *fn, const void *job)
{
    double sum = 0.0;
    v->count = count;
    v->blocks = blocks_of(count);
    v->fn = fn;
    v->job = job;
    if (v->pool && v->blocks >= WORTH_THREADS)
        lg_pool_run(v->pool, run_part, v);
    else
        run_part(v, 0, 1);
    for (int64_t i = 0; i < v->blocks; i++) sum += v->part[i];
    return sum;
}

/* ------------------------------------------------------------------------------ operations --- */

typedef struct pair {
    double *to;
    const double *a, *b;
    const float *f;
    double factor;
} pair;

static double dot_block(const void *job, int64_t begin, int64_t end)
{
    const pair *p = job;
    double sum = 0.0;
    for (int64_t i = begin; i < end; i++) sum += p->a[i] * p->b[i];
    return sum;
}

static double dot_mixed_block(const void *job, int64_t begin, int64_t end)
{
    const pair *p = job;
    double sum = 0.0;
    for (int64_t i = begin; i < end; i++) sum += (double)p->f[i] * p->b[i];
    return sum;
}

static double add_block(const void *job, int64_t begin, int64_t end)
{
    const pair *p = job;
    for (int64_t i = begin; i < end; i++) p->to[i] += p->factor * (double)p->f[i];
    return 0.0;
}

static double scale_block(const void *job, int64_t begin, int64_t end)
{
    const pair *p = job;
    for (int64_t i = begin; i < end; i++) p->to[i] *= p->factor;
    return 0.0;
}

double lg_vectors_dot(lg_vectors *v, const double *a, const double *b, int64_t count)
{
    const pair p = {.a = a, .b = b};
    return lg_vectors_run(v, count, dot_block, &p);
}

double lg_vectors_dot_mixed(lg_vectors *v, const float *a, const double *b, int64_t count)
{
    const pair p = {.f = a, .b = b};
    return lg_vectors_run(v, count, dot_mixed_block, &p);
}

void lg_vectors_add(lg_vectors *v, double *to, double factor, const float *from, int64_t count)
{
    const pair p = {.to = to, .f = from, .factor = factor};
    lg_vectors_run(v, count, add_block, &p);
}

void lg_vectors_scale(lg_vectors *v, double *to, double factor, int64_t count)
{
    const pair p = {.to = to, .factor = factor};
    lg_vectors_run(v, count, scale_block, &p);
}
