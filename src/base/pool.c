/* pool.c -- fork and join on one ticket.
 *
 * A job is announced by a new ticket: its number in the upper half, the next part to be taken in
 * the lower one.  Whoever is awake takes parts until there are none, the caller too: a thread that
 * the machine has put aside delays nothing but the part it holds.  Both sides spin for a while (a
 * step of training takes tens of microseconds, a sleeping thread takes that long to wake) and then
 * sleep on a condition. */
/* SPDX-License-Identifier: MIT */
#include "base/pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/status.h"

struct lg_pool {
    int threads, started;
    pthread_t *thread; /* [threads - 1] */
    lg_pool_fn *fn;    /* of the current job; written before its ticket, read by who took a part */
    void *argument;
    atomic_int spin_us;
    _Alignas(64) _Atomic uint64_t ticket; /* job << 32 | next part */
    _Alignas(64) atomic_int finished;     /* parts of the current job that are done */
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

static uint32_t job_of(uint64_t ticket)
{
    return (uint32_t)(ticket >> 32);
}

/* 1 once there is another job than `seen`, 0 if that did not happen within the spin time. */
static int spin_for_job(lg_pool *pool, uint32_t seen)
{
    const int us = atomic_load_explicit(&pool->spin_us, memory_order_relaxed);
    if (us == 0) return job_of(atomic_load(&pool->ticket)) != seen;
    const double end = lg_seconds() + 1e-6 * us;
    do {
        for (int i = 0; i < 64; i++) {
            if (job_of(atomic_load_explicit(&pool->ticket, memory_order_acquire)) != seen) return 1;
            pause_cpu();
        }
    } while (lg_seconds() < end);
    return 0;
}

/* Waits for another job than `seen`; returns its number. */
static uint32_t wait_for_job(lg_pool *pool, uint32_t seen)
{
    if (!spin_for_job(pool, seen)) {
        pthread_mutex_lock(&pool->mutex);
        pool->workers_asleep++;
        while (job_of(atomic_load(&pool->ticket)) == seen)
            pthread_cond_wait(&pool->announced, &pool->mutex);
        pool->workers_asleep--;
        pthread_mutex_unlock(&pool->mutex);
    }
    return job_of(atomic_load(&pool->ticket));
}

static void finish_part(lg_pool *pool)
{
    if (atomic_fetch_add(&pool->finished, 1) + 1 < pool->threads) return;
    pthread_mutex_lock(&pool->mutex);
    if (pool->caller_asleep) pthread_cond_signal(&pool->done);
    pthread_mutex_unlock(&pool->mutex);
}

/* Takes parts of this job while there are any.  A part taken is a job that cannot end before it is
 * done, so fn and argument stay what they are. */
static void take_parts(lg_pool *pool, uint32_t job)
{
    uint64_t ticket = atomic_load(&pool->ticket);
    for (;;) {
        const int part = (int)(ticket & 0xFFFFFFFFu);
        if (job_of(ticket) != job || part >= pool->threads) return;
        if (!atomic_compare_exchange_weak(&pool->ticket, &ticket, ticket + 1)) continue;
        pool->fn(pool->argument, part, pool->threads);
        finish_part(pool);
        ticket = atomic_load(&pool->ticket);
    }
}

static void *work(void *argument)
{
    lg_pool *pool = argument;
    for (uint32_t job = 0;;) {
        job = wait_for_job(pool, job);
        if (atomic_load(&pool->stopping)) return NULL;
        take_parts(pool, job);
    }
}

/* A new job, with `part` as the first part to be taken. */
static uint32_t announce(lg_pool *pool, int part)
{
    const uint32_t job = job_of(atomic_load(&pool->ticket)) + 1;
    atomic_store(&pool->ticket, (uint64_t)job << 32 | (uint32_t)part);
    pthread_mutex_lock(&pool->mutex);
    if (pool->workers_asleep) pthread_cond_broadcast(&pool->announced);
    pthread_mutex_unlock(&pool->mutex);
    return job;
}

static void wait_for_parts(lg_pool *pool)
{
    const int us = atomic_load_explicit(&pool->spin_us, memory_order_relaxed);
    const double end = lg_seconds() + 1e-6 * us;
    do {
        for (int i = 0; i < 64; i++) {
            if (atomic_load_explicit(&pool->finished, memory_order_acquire) == pool->threads)
                return;
            pause_cpu();
        }
    } while (us && lg_seconds() < end);
    pthread_mutex_lock(&pool->mutex);
    pool->caller_asleep = 1;
    while (atomic_load(&pool->finished) != pool->threads)
        pthread_cond_wait(&pool->done, &pool->mutex);
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
    take_parts(pool, announce(pool, 0));
    wait_for_parts(pool);
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
    pool->thread = calloc((size_t)threads, sizeof *pool->thread);
    for (int i = 0; pool->thread && i < threads - 1; i++) {
        if (pthread_create(&pool->thread[i], NULL, work, pool) != 0) break;
        pool->started++;
    }
    if (!pool->thread || pool->started < threads - 1) {
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
    announce(pool, pool->threads); /* no part to take: only a reason to look */
    for (int i = 0; i < pool->started; i++) pthread_join(pool->thread[i], NULL);
    pthread_cond_destroy(&pool->done);
    pthread_cond_destroy(&pool->announced);
    pthread_mutex_destroy(&pool->mutex);
    free(pool->thread);
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
