/* block.cc -- see block.h.  Tests (simt). */
/* SPDX-License-Identifier: MIT */
#include "tests/simt/block.h"

#include <stdlib.h>
#include <string.h>

#include "tests/simt/words.h"

uint3 threadIdx, blockIdx;
dim3 blockDim, gridDim;

namespace simt
{

block_state now;
uint64_t block_number;
int lane_number;

namespace
{

token no_tokens[TOKENS]; /* where nobody looks at them */

void lane_begin()
{
    order_acquire(&now.run->started);
    now.fenced[now.current] = false;
}

void lane_end()
{
    order_release(&now.run->ended);
    now.state[now.current] = lane_state::ended;
    now.ended_lanes[now.current / WARP] |= 1u << lane_number;
    now.ended++;
    if (now.at_barrier > 0) stop_lane("ended, but %d wait at __syncthreads", now.at_barrier);
}

/* Threads are numbered x first, then y, then z (CUDA C++ Programming Guide, thread hierarchy). */
void number_lanes(dim3 block)
{
    int i = 0;
    for (unsigned z = 0; z < block.z; z++)
        for (unsigned y = 0; y < block.y; y++)
            for (unsigned x = 0; x < block.x; x++) now.index[i++] = {x, y, z};
    now.count = i;
}

bool is_same(dim3 a, dim3 b)
{
    return a.x == b.x && a.y == b.y && a.z == b.z;
}

void begin(kernel_run *run, uint3 index)
{
    if (now.count == 0 || !is_same(blockDim, run->block)) number_lanes(run->block);
    now.run = run;
    blockIdx = index;
    blockDim = run->block;
    gridDim = run->grid;
    block_number++;
    fiber_reserve(now.count);
    for (int i = 0; i < now.count; i++) {
        now.state[i] = lane_state::unstarted;
        now.stack[i] = nullptr;
    }
    for (uint32_t &lanes : now.ended_lanes) lanes = 0;
    now.started = now.ended = now.at_barrier = now.barriers = now.meetings = 0;
    now.ready_first = now.ready_count = 0;
    now.finish_first = run->order.below(2);
    draw_order(&run->order, now.count, now.order);
    now.tokens = has_tsan() ? static_cast<token *>(malloc(TOKENS * sizeof(token))) : no_tokens;
    forget_meetings();
    begin_shared();
}

/* The last one has come: all go on, in a new order. */
__attribute__((noinline)) void open_barrier()
{
    now.at_barrier = 0;
    now.barriers++;
    uint16_t order[MOST_THREADS];
    draw_order(&now.run->order, now.count, order);
    for (int i = 0; i < now.count; i++) make_ready(order[i]);
}

[[noreturn]] __attribute__((noinline)) void stop_at_barrier(place where)
{
    if (now.ended > 0)
        stop_lane("comes to __syncthreads (%s:%d), but %d threads of the block have ended",
                  where.file, where.line, now.ended);
    stop_lane("comes to __syncthreads (%s:%d), others to another one", where.file, where.line);
}

} // namespace

/* Runs threads from their start, one after the other, for as long as none of those that wait is to
 * go on. */
void run_threads()
{
    for (;;) {
        lane_begin();
        now.run->run_thread(now.run->call);
        lane_end();

        const int next = pick();
        if (next < 0 && now.ended < now.count) stop_lane("ended, and nobody can go on");
        fiber *self = now.on, *to = next < 0 ? &now.caller : now.stack[next];
        if (next >= 0) become(next);
        if (next >= 0 && !to) {
            if (!has_tsan()) continue;
            to = fiber_take(run_threads);
        }
        fiber_give(self);
        now.on = to;
        fiber_switch(self, to);
    }
}

void run_block(kernel_run *run, uint3 index)
{
    begin(run, index);
    fiber_of_caller(&now.caller);
    become(pick());
    now.on = fiber_take(run_threads);
    fiber_switch(&now.caller, now.on);

    end_shared();
    if (has_tsan()) free(now.tokens);
}

void make_ready(int index)
{
    now.state[index] = lane_state::ready;
    now.ready[(now.ready_first + now.ready_count) % MOST_THREADS] = uint16_t(index);
    now.ready_count++;
}

void stop_waiting()
{
    const int self = now.current;
    if (now.state[self] == lane_state::at_barrier)
        stop_lane("waits for ever at __syncthreads (%s:%d)", now.barrier.file, now.barrier.line);
    const lane_call &call = *now.call[self];
    stop_lane("waits for ever at %s with mask %08x (%s:%d)", call.name, call.mask, call.where.file,
              call.where.line);
}

bool same_place(place a, place b)
{
    return a.line == b.line && (a.file == b.file || strcmp(a.file, b.file) == 0);
}

/* Every thread of the block, each at the same line, and none ended: that a GPU of today does not
 * wait for threads that have ended is no reason to rely on it. */
void block_barrier(place where)
{
    if (now.at_barrier++ == 0) now.barrier = where;
    if (now.ended > 0 || !same_place(now.barrier, where)) stop_at_barrier(where);
    const token *passed = now.tokens + now.barriers % BARRIER_TOKENS;
    order_release(passed);
    if (now.at_barrier == now.count) open_barrier();
    lane_wait(lane_state::at_barrier);
    order_acquire(passed);
}

/* Warps in any order and, in each, lanes in any of 16 * 32 * 32 orders; in one block of four all
 * threads of the block in any order. */
void draw_order(dice *from, int count, uint16_t *order)
{
    const uint32_t warps = uint32_t(count + WARP - 1) / WARP;
    uint16_t warp[MOST_WARPS];
    for (uint32_t i = 0; i < warps; i++) warp[i] = uint16_t(i);
    from->shuffle(warp, warps);

    int filled = 0;
    for (uint32_t i = 0; i < warps; i++) {
        const uint32_t draw = from->below(16 * WARP * WARP);
        const uint32_t stride = draw % 16 * 2 + 1, turn = draw / 16 % WARP, flip = draw / 16 / WARP;
        for (uint32_t j = 0; j < WARP; j++) {
            const int index = int(warp[i] * WARP + (((j * stride + turn) % WARP) ^ flip));
            if (index < count) order[filled++] = uint16_t(index);
        }
    }
    if (from->below(4) == 0) from->shuffle(order, uint32_t(count));
}

} // namespace simt
