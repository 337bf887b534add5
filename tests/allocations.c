/* allocations.c -- malloc and its kin, counted.  Needs the GNU C library. */
/* SPDX-License-Identifier: MIT */
#include "tests/allocations.h"

#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stddef.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
    __has_feature(memory_sanitizer)
#define NOT_COUNTED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__GLIBC__)
#define NOT_COUNTED
#endif

#ifdef NOT_COUNTED

int64_t allocations_count(void)
{
    return -1;
}

void allocations_fail(int64_t n)
{
    (void)n;
}

int64_t allocations_bytes(void)
{
    return -1;
}

int64_t allocations_peak(void)
{
    return -1;
}

void allocations_mark(void)
{
}

#else

static atomic_llong count;
static atomic_llong bytes, peak;
static atomic_llong left; /* to the one that fails; below 1: none does */

int64_t allocations_count(void)
{
    return atomic_load(&count);
}

void allocations_fail(int64_t n)
{
    atomic_store(&left, n);
}

int64_t allocations_bytes(void)
{
    return atomic_load(&bytes);
}

int64_t allocations_peak(void)
{
    return atomic_load(&peak);
}

void allocations_mark(void)
{
    atomic_store(&peak, atomic_load(&bytes));
}

/* Counts a block that was given out; returns it. */
static void *taken(void *memory)
{
    if (!memory) return NULL;
    const long long now = atomic_fetch_add(&bytes, (long long)malloc_usable_size(memory)) +
                          (long long)malloc_usable_size(memory);
    long long most = atomic_load(&peak);
    while (now > most && !atomic_compare_exchange_weak(&peak, &most, now)) {
    }
    return memory;
}

static void given_back(void *memory)
{
    if (memory) atomic_fetch_sub(&bytes, (long long)malloc_usable_size(memory));
}

/* 1 if this allocation is to fail; errno is set as malloc sets it. */
static int is_doomed(void)
{
    atomic_fetch_add(&count, 1);
    if (atomic_load(&left) < 1 || atomic_fetch_sub(&left, 1) != 1) return 0;
    errno = ENOMEM;
    return 1;
}

/* The C library's own entries, meant for this. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *memory);

/* For all, those inside of libraries too: what these give out comes back here. */
#pragma GCC visibility push(default)
void *malloc(size_t size);
void *calloc(size_t n, size_t size);
void *realloc(void *memory, size_t size);
void *aligned_alloc(size_t alignment, size_t size);
int posix_memalign(void **out, size_t alignment, size_t size);
void free(void *memory);
#pragma GCC visibility pop

void *malloc(size_t size)
{
    return is_doomed() ? NULL : taken(__libc_malloc(size));
}

void *calloc(size_t n, size_t size)
{
    return is_doomed() ? NULL : taken(__libc_calloc(n, size));
}

/* The old block is there until the new one is: both count, as where it has to be copied. */
void *realloc(void *memory, size_t size)
{
    const long long before = memory ? (long long)malloc_usable_size(memory) : 0;
    if (is_doomed()) return NULL;
    void *moved = __libc_realloc(memory, size);
    if (moved) taken(moved);
    if (moved || size == 0) atomic_fetch_sub(&bytes, before);
    return moved;
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return is_doomed() ? NULL : taken(__libc_memalign(alignment, size));
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    void *memory = __libc_memalign(alignment, size);
    if (!memory) return ENOMEM;
    *out = taken(memory);
    return 0;
}

void free(void *memory)
{
    given_back(memory);
    __libc_free(memory);
}

#endif
