/* block.h -- the block that runs: its threads, who waits where, and who goes on.
 *
 * Tests (simt).  Blocks run one after the other.  A thread runs until it waits or ends; what runs
 * next is drawn: threads start in an order of lanes and warps that is new for every block, and
 * those that a barrier or a meeting lets go on do so in another one.  Threads that never wait share
 * one stack and cost no switch. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_SIMT_BLOCK_H
#define LG_SIMT_BLOCK_H

#include <stdint.h>

#include "tests/simt/dice.h"
#include "tests/simt/fiber.h"
#include "tests/simt/kernel.h"

namespace simt
{

enum { WARP = 32, MOST_THREADS = 1024, MOST_WARPS = MOST_THREADS / WARP };

/* A kernel on its way through its grid. */
struct kernel_run {
    const char *name;
    dim3 grid, block;
    size_t shared_bytes;
    const void *call;
    void (*run_thread)(const void *call);
    dice order;
    token started, ended; /* of what happened before and after the launch */
};

enum class lane_state : uint8_t { unstarted, running, ready, at_barrier, at_meeting, ended };

/* The block, thread by thread in arrays: what a switch touches lies close together. */
struct block_state {
    kernel_run *run;
    fiber caller, *on; /* the stack that runs */
    int current;       /* the thread that runs */
    int count, started, ended, at_barrier;
    int barriers;      /* passed so far */
    int meetings;      /* begun so far */
    bool finish_first; /* those that wait go on before others start */
    place barrier;     /* where those at_barrier are */
    token *tokens;     /* of barriers and meetings; a new piece for every block */
    uint32_t ready_first, ready_count;

    uint32_t ended_lanes[MOST_WARPS];
    lane_state state[MOST_THREADS];
    bool fenced[MOST_THREADS];           /* a __threadfence since the last atomicAdd */
    uint16_t order[MOST_THREADS];        /* in which they start */
    uint16_t ready[MOST_THREADS];        /* ring of those that may go on */
    uint3 index[MOST_THREADS];           /* threadIdx */
    fiber *stack[MOST_THREADS];          /* of those that wait */
    const lane_call *call[MOST_THREADS]; /* of those at_meeting */
    uint64_t result[MOST_THREADS];       /* of the meeting */
};

extern block_state now;

/* Runs all threads of one block to their end. */
void run_block(kernel_run *run, uint3 index);

/* The body of every fiber. */
void run_threads();

/* The running thread waits until someone makes it ready; it may have been made so before. */
inline void lane_wait(lane_state state);
void make_ready(int index);
[[noreturn]] void stop_waiting();

bool same_place(place a, place b);

/* A new order of the numbers 0 .. count-1 as lanes of warps. */
void draw_order(dice *from, int count, uint16_t *order);

/* block_words.cc: ends the process with kernel, block, thread, the complaint, and what the other
 * threads of the block do. */
[[noreturn]] void stop_lane(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* warp.cc: at the start of a block.  shared.cc: likewise, at its end, and at the end of a kernel.
 */
void forget_meetings();
void begin_shared();
void end_shared();
void end_kernel_shared();

/* Tokens of a block: of barriers by turns, then of meetings. */
enum { BARRIER_TOKENS = 2, MEETING_TOKENS = 4096, TOKENS = BARRIER_TOKENS + MEETING_TOKENS };

inline void become(int index)
{
    now.current = index;
    now.state[index] = lane_state::running;
    threadIdx = now.index[index];
    lane_number = index % WARP;
}

/* The thread to go on with, or -1 if none can. */
inline int pick()
{
    const bool may_start = now.started < now.count;
    if (now.ready_count > 0 && (now.finish_first || !may_start)) {
        const int index = now.ready[now.ready_first];
        now.ready_first = (now.ready_first + 1) % MOST_THREADS;
        now.ready_count--;
        return index;
    }
    return may_start ? now.order[now.started++] : -1;
}

inline void lane_wait(lane_state state)
{
    const int self = now.current;
    if (now.state[self] == lane_state::running) now.state[self] = state;
    const int next = pick();
    if (next < 0) stop_waiting();
    if (next != self) {
        fiber *mine = now.on, *to = now.stack[next];
        now.stack[self] = mine;
        become(next);
        if (!to) to = fiber_take(run_threads);
        now.on = to;
        fiber_switch(mine, to);
    }
    become(self);
}

} // namespace simt

#endif
