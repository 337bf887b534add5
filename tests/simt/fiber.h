/* fiber.h -- stacks of their own for the threads of a block, and the switch between them.
 *
 * Tests (simt).  A fiber runs until it switches to another one; nothing runs at the same time.
 * Stacks come from a pool, have an unmapped page below them, and stay for the life of the process.
 * AddressSanitizer and ThreadSanitizer are told of every switch.  For the latter a fiber is a
 * thread of its own, and a switch orders nothing.
 *
 * One thread of the operating system may use fibers at a time (the stand-in's lock sees to it). */
/* SPDX-License-Identifier: MIT */
#ifndef LG_SIMT_FIBER_H
#define LG_SIMT_FIBER_H

#include <stddef.h>
#include <stdint.h>

#include "tests/simt/fiber_switch.h"

#if defined(__SANITIZE_THREAD__)
#error "the stand-in itself is built with -fno-sanitize=thread: only kernels are watched"
#endif

/* The sanitizers' own interface (sanitizer/common_interface_defs.h, tsan_interface.h), absent
 * without them. */
extern "C" {
__attribute__((weak)) void __sanitizer_start_switch_fiber(void **save, const void *bottom,
                                                          size_t bytes);
__attribute__((weak)) void __tsan_switch_to_fiber(void *fiber, unsigned flags);
__attribute__((weak)) void __tsan_acquire(void *token);
__attribute__((weak)) void __tsan_release(void *token);
}

namespace simt
{

struct fiber {
    void *stack_pointer; /* while it does not run (or its ucontext) */
    void *identity;      /* ThreadSanitizer's */
    void *fake_stack;    /* AddressSanitizer's */
    const void *bottom;  /* of its stack */
    size_t bytes;
    fiber *next; /* in the pool */
};

/* Which tools are there to be told. */
inline bool has_asan()
{
    return __sanitizer_start_switch_fiber != nullptr;
}
inline bool has_tsan()
{
    return __tsan_switch_to_fiber != nullptr;
}

/* A fiber that, switched to, runs `body` from its start: one that was given back goes on behind its
 * last switch, which is why all fibers of the process share one body, which never returns. */
fiber *fiber_take(void (*body)());

/* ThreadSanitizer: blocks of so many threads are to come.  Fibers are taken in turn from three
 * times as many, so that a race with the block before is not hidden by the order that one identity
 * for both would make.  More would be slower: a barrier costs time by the number of identities. */
void fiber_reserve(int threads);

/* For another taker.  A fiber may give itself, and has to switch away then. */
void fiber_give(fiber *given);

/* Stops `self`, which runs, and goes on with `to`. */
void fiber_switch_watched(fiber *self, fiber *to);
inline void fiber_switch(fiber *self, fiber *to)
{
    if (has_asan() || has_tsan() || !LG_SIMT_ASSEMBLY)
        fiber_switch_watched(self, to);
    else
        lg_simt_switch(&self->stack_pointer, to->stack_pointer);
}

/* The stack that the caller runs on, as something to come back to. */
void fiber_of_caller(fiber *caller);

/* ThreadSanitizer: who acts, and acting as someone else without a switch of stacks.  Nothing, and
 * NULL, without it. */
void *new_identity();
void drop_identity(void *identity);
void *current_identity();
void act_as(void *identity);

/* Something that two fibers may be ordered by.  As large as ThreadSanitizer tells apart. */
typedef uint64_t token;

/* ThreadSanitizer: what a fiber did before order_release(x) happened before what another does
 * behind its order_acquire(x).  Nothing without it. */
inline void order_release(const void *by)
{
    if (has_tsan()) __tsan_release(const_cast<void *>(by));
}
inline void order_acquire(const void *by)
{
    if (has_tsan()) __tsan_acquire(const_cast<void *>(by));
}

} // namespace simt

#endif
