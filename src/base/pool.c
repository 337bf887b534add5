/* pool.c -- fork and join on a generation counter.
 *
 * A job is announced by raising `generation`; each worker does its part and raises `finished`.
 * Both sides spin for a while (a step of training takes tens of microseconds, a sleeping thread
 * takes that long to wake) and then sleep on a condition. */
/* SPDX-License-Identifier: MIT */
#include "base/pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/status.h"

typedef struct worker {
    lg_pool *pool;
    int part;
    pthread_t thread;
} worker;

struct lg_pool {
    int threads, started;
    worker *workers; /* [threads - 1] */
    lg_pool_fn *fn;  /* of the current job; written before generation is raised */
    void *argument;
    atomic_int spin_us;
    _Alignas(64) atomic_uint generation; /* number of jobs announced */
    _Alignas(64) atomic_int finished;    /* workers that are done with the current job */
    _Alignas(64) atomic_int stopping;
    pthread_mutex_t mutex;
    pthread_cond_t announced, done;
    int workers_asleep, caller_asleep; /* under the mutex */
};

static inline void pause_cpu(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* 1 once *generation differs from `seen`, 0 if that did not happen within the spin time. */
static int spin_for_job(lg_pool *pool, unsigned seen)
{
    const int us = atomic_load_explicit(&pool->spin_us, memory_order_relaxed);
    if (us == 0) return atomic_load(&pool->generation) != seen;
    const double end = lg_seconds() + 1e-6 * us;
    do {
        for (int i = 0; i < 64; i++) {
            if (atomic_load_explicit(&pool->generation, memory_order_acquire) != seen) return 1;
            pause_cpu();
        }
    } while (lg_seconds() < end);
    return 0;
}

static void wait_for_job(lg_pool *pool, unsigned seen)
{
    if (spin_for_job(pool, seen)) return;
    pthread_mutex_lock(&pool->mutex);
    pool->workers_asleep++;
    while (atomic_load(&pool->generation) == seen)
        pthread_cond_wait(&pool->announced, &pool->mutex);
    pool->workers_asleep--;
    pthread_mutex_unlock(&pool->mutex);
}

static void finish_part(lg_pool *pool)
{
    if (atomic_fetch_add(&pool->finished, 1) + 1 < pool->threads - 1) return;
    pthread_mutex_lock(&pool->mutex);
    if (pool->caller_asleep) pthread_cond_signal(&pool->done);
    pthread_mutex_unlock(&pool->mutex);
}

static void *work(void *argument)
{
    worker *self = argument;
    lg_pool *pool = self->pool;
    for (unsigned seen = 0;; seen++) {
        wait_for_job(pool, seen);
        if (atomic_load(&pool->stopping)) return NULL;
        pool->fn(pool->argument, self->part, pool->threads);
        finish_part(pool);
    }
}

static void announce(lg_pool *pool)
{
    atomic_fetch_add(&pool->generation, 1);
    pthread_mutex_lock(&pool->mutex);
    if (pool->workers_asleep) pthread_cond_broadcast(&pool->announced);
    pthread_mutex_unlock(&pool->mutex);
}

static void wait_for_workers(lg_pool *pool)
{
    const int others = pool->threads - 1;
    const int us = atomic_load_explicit(&pool->spin_us, memory_order_relaxed);
    const double end = lg_seconds() + 1e-6 * us;
    do {
        for (int i = 0; i < 64; i++) {
            if (atomic_load_explicit(&pool->finished, memory_order_acquire) == others) return;
            pause_cpu();
        }
    } while (us && lg_seconds() < end);
    pthread_mutex_lock(&pool->mutex);
    pool->caller_asleep = 1;
    while (atomic_load(&pool->finished) != others) pthread_cond_wait(&pool->done, &pool->mutex);
    pool->caller_asleep = 0;
    pthread_mutex_unlock(&pool->mutex);
}

void lg_pool_run(lg_pool *pool, lg_pool_fn *fn, void *argument)
{
    if (pool->threads == 1) {
        fn(argument, 0, 1);
        return;
    }
    pool->fn = fn;
    pool->argument = argument;
    atomic_store(&pool->finished, 0);
    announce(pool);
    fn(argument, 0, pool->threads);
    wait_for_workers(pool);
}

logit_status lg_pool_create(lg_pool **out, int threads, logit_error *err)
{
    *out = NULL;
    if (threads < 1) LG_FAIL(err, LOGIT_E_USAGE, "%d threads: at least 1 is needed", threads);
    lg_pool *pool = aligned_alloc(64, (sizeof *pool + 63) / 64 * 64);
    if (!pool) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a thread pool");
    *pool = (lg_pool){.threads = threads};
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->announced, NULL);
    pthread_cond_init(&pool->done, NULL);
    pool->workers = calloc((size_t)threads, sizeof *pool->workers);
    for (int i = 0; pool->workers && i < threads - 1; i++) {
        pool->workers[i] = (worker){.pool = pool, .part = i + 1};
        if (pthread_create(&pool->workers[i].thread, NULL, work, &pool->workers[i]) != 0) break;
        pool->started++;
    }
    if (!pool->workers || pool->started < threads - 1) {
        const int started = pool->started;
        lg_pool_destroy(pool);
        LG_FAIL(err, LOGIT_E_NOMEM, "only %d of %d threads could be started; try --threads %d",
                started + 1, threads, started + 1);
    }
    *out = pool;
    return LOGIT_OK;
}

void lg_pool_destroy(lg_pool *pool)
{
    if (!pool) return;
    atomic_store(&pool->stopping, 1);
    announce(pool);
    for (int i = 0; i < pool->started; i++) pthread_join(pool->workers[i].thread, NULL);
    pthread_cond_destroy(&pool->done);
    pthread_cond_destroy(&pool->announced);
    pthread_mutex_destroy(&pool->mutex);
    free(pool->workers);
    free(pool);
}

int lg_pool_threads(const lg_pool *pool)
{
    return pool->threads;
}

void lg_pool_spin(lg_pool *pool, int microseconds)
{
    atomic_store(&pool->spin_us, microseconds);
}

void lg_pool_cut(int64_t count, int64_t grain, int part, int parts, int64_t *begin, int64_t *end)
{
    const int64_t grains = (count + grain - 1) / grain;
    *begin = grains * part / parts * grain;
    *end = grains * (part + 1) / parts * grain;
    if (*begin > count) *begin = count;
    if (*end > count) *end = count;
}
