/* allocations.c -- malloc and its kin, counted.  Needs the GNU C library. */
/* SPDX-License-Identifier: MIT */
#include "tests/allocations.h"

#include <errno.h>
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

#else

static atomic_llong count;
static atomic_llong left; /* to the one that fails; below 1: none does */

int64_t allocations_count(void)
{
    return atomic_load(&count);
}

void allocations_fail(int64_t n)
{
    atomic_store(&left, n);
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

void *malloc(size_t size);
void *calloc(size_t n, size_t size);
void *realloc(void *memory, size_t size);
void *aligned_alloc(size_t alignment, size_t size);

void *malloc(size_t size)
{
    return is_doomed() ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    return is_doomed() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *memory, size_t size)
{
    return is_doomed() ? NULL : __libc_realloc(memory, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return is_doomed() ? NULL : __libc_memalign(alignment, size);
}

#endif
