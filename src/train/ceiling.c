/* ceiling.c -- loops that do nothing but read, copy, or multiply and add.
 *
 * Reading: sums over a buffer far larger than a core's caches (1 GiB, less on small machines); a
 * large shared cache still serves part of it, as it would serve a real data set.  Multiply-add:
 * enough independent chains of the widest vectors to fill both units of a core. */
/* SPDX-License-Identifier: MIT */
#include "train/ceiling.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/status.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { FMA_ROUNDS = 20000, CHAINS = 24 };

/* Each returns how many multiply-adds it did; *sink keeps the work alive. */
typedef double fma_fn(float *sink);

#if defined(__x86_64__)
/* 24 chains of 16, then of 8, in asm-free C: the loop over c is unrolled into registers. */
__attribute__((target("avx512f"))) static double fma_avx512(float *sink)
{
    __m512 sum[CHAINS];
    const __m512 a = _mm512_set1_ps(0.999f), b = _mm512_set1_ps(1e-3f);
    for (int c = 0; c < CHAINS; c++) sum[c] = _mm512_set1_ps((float)c);
    for (int r = 0; r < FMA_ROUNDS; r++) {
#pragma GCC unroll 24
        for (int c = 0; c < CHAINS; c++) sum[c] = _mm512_fmadd_ps(sum[c], a, b);
    }
    for (int c = 1; c < CHAINS; c++) sum[0] = _mm512_add_ps(sum[0], sum[c]);
    *sink += _mm512_reduce_add_ps(sum[0]);
    return 16.0 * CHAINS * FMA_ROUNDS;
}

__attribute__((target("avx2,fma"))) static double fma_avx2(float *sink)
{
    enum { FEW = 12 }; /* 16 registers, two of them for a and b */
    __m256 sum[FEW];
    const __m256 a = _mm256_set1_ps(0.999f), b = _mm256_set1_ps(1e-3f);
    for (int c = 0; c < FEW; c++) sum[c] = _mm256_set1_ps((float)c);
    for (int r = 0; r < FMA_ROUNDS; r++) {
#pragma GCC unroll 12
        for (int c = 0; c < FEW; c++) sum[c] = _mm256_fmadd_ps(sum[c], a, b);
    }
    float out[8];
    for (int c = 1; c < FEW; c++) sum[0] = _mm256_add_ps(sum[0], sum[c]);
    _mm256_storeu_ps(out, sum[0]);
    *sink += out[0];
    return 8.0 * FEW * FMA_ROUNDS;
}
#endif

/* Where there are no such vectors: what the compiler makes of it. */
static double fma_plain(float *sink)
{
    float sum[32];
    for (int c = 0; c < 32; c++) sum[c] = (float)c;
    for (int r = 0; r < FMA_ROUNDS; r++)
        for (int c = 0; c < 32; c++) sum[c] = sum[c] * 0.999f + 1e-3f;
    for (int c = 0; c < 32; c++) *sink += sum[c];
    return 32.0 * FMA_ROUNDS;
}

static fma_fn *choose_fma(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f")) return fma_avx512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return fma_avx2;
#endif
    return fma_plain;
}

typedef struct work {
    const logit_watch *watch;
    fma_fn *fma;
    uint64_t *from, *to;
    int64_t words;
    double done[256]; /* by part */
    float sink[256];
    uint64_t total[256];
} work;

static void multiply(void *argument, int part, int parts)
{
    work *w = argument;
    (void)parts;
    for (int i = 0; i < 8; i++) w->done[part] += w->fma(&w->sink[part]);
}

static void read_part(void *argument, int part, int parts)
{
    work *w = argument;
    int64_t begin, end;
    uint64_t sum[8] = {0};
    lg_pool_cut(w->words, 8, part, parts, &begin, &end);
    for (int64_t i = begin; i + 8 <= end; i += 8)
        for (int j = 0; j < 8; j++) sum[j] += w->from[i + j];
    for (int j = 0; j < 8; j++) w->total[part] += sum[j];
    w->done[part] += (double)(end - begin) * sizeof(uint64_t);
}

static void copy_part(void *argument, int part, int parts)
{
    work *w = argument;
    int64_t begin, end;
    lg_pool_cut(w->words, 8, part, parts, &begin, &end);
    memcpy(w->to + begin, w->from + begin, (size_t)(end - begin) * sizeof(uint64_t));
    w->done[part] += (double)(end - begin) * sizeof(uint64_t);
}

static int is_stopped(const work *w)
{
    return w->watch && w->watch->stop && w->watch->stop(w->watch->user);
}

/* Best rate of a few rounds: whatever disturbs a round only makes it slower. */
static double best_rate(lg_pool *pool, lg_pool_fn *fn, work *w, double seconds)
{
    const double end = lg_seconds() + seconds;
    double best = 0.0;
    do {
        const double start = lg_seconds();
        double done = 0.0;
        memset(w->done, 0, sizeof w->done);
        lg_pool_run(pool, fn, w);
        const double took = lg_seconds() - start;
        for (int i = 0; i < 256; i++) done += w->done[i];
        if (done / took > best) best = done / took;
    } while (lg_seconds() < end && !is_stopped(w));
    return best;
}

static logit_status measure(lg_ceiling *out, work *w, double seconds, logit_error *err)
{
    lg_pool *one, *all;
    LG_TRY(lg_pool_create(&one, 1, err));
    const logit_status status = lg_pool_create(&all, out->threads, err);
    if (status == LOGIT_OK) {
        out->fma_one = best_rate(one, multiply, w, seconds);
        out->fma_all = best_rate(all, multiply, w, seconds);
        out->read_one = best_rate(one, read_part, w, seconds);
        out->read_all = best_rate(all, read_part, w, seconds);
        w->words /= 2;
        out->copy_all = best_rate(all, copy_part, w, seconds);
    }
    lg_pool_destroy(all);
    lg_pool_destroy(one);
    return status;
}

logit_status lg_ceiling_measure(lg_ceiling *out, int threads, double seconds,
                                const logit_watch *watch, logit_error *err)
{
    int64_t total, available;
    lg_memory_read(&total, &available);
    *out = (lg_ceiling){.threads = threads < 256 ? threads : 256, .buffer = (int64_t)1 << 30};
    while (out->buffer > ((int64_t)1 << 24) && out->buffer > available / 4) out->buffer /= 2;
    work *w = calloc(1, sizeof *w);
    if (w) {
        w->watch = watch;
        w->fma = choose_fma();
        w->from = malloc((size_t)out->buffer);
        w->words = out->buffer / (int64_t)sizeof(uint64_t);
    }
    logit_status status = LOGIT_OK;
    if (!w || !w->from)
        status = lg_fail(err, LOGIT_E_NOMEM, __FILE__, __LINE__,
                         "out of memory for a buffer of %lld bytes", (long long)out->buffer);
    if (status == LOGIT_OK) {
        memset(w->from, 1, (size_t)out->buffer);
        w->to = w->from + w->words / 2;
        status = measure(out, w, seconds, err);
        if (status == LOGIT_OK && is_stopped(w))
            status = lg_fail(err, LOGIT_E_STOPPED, __FILE__, __LINE__,
                             "stopped before a line was measured");
    }
    if (w) free(w->from);
    free(w);
    return status;
}
