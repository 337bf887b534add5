/* warp.cc -- meetings of the lanes of a warp: __syncwarp, shuffles, votes.
 *
 * Tests (simt).  A meeting is a mask; it takes place when every lane in the mask has come, each
 * with the same mask, the same function and the same line.  Several may be open in a warp at a
 * time. Source of the rules: CUDA C++ Programming Guide, "Warp Shuffle Functions", "Warp Vote
 * Functions", "Synchronization Functions".  Only __syncwarp orders memory. */
/* SPDX-License-Identifier: MIT */
#include "tests/simt/block.h"

#include "tests/simt/words.h"

namespace simt
{
namespace
{

/* An open meeting. */
struct gathering {
    uint32_t mask, arrived;
    const lane_call *first; /* what the first lane came for */
    const token *passed;
};

struct warp {
    int open;
    gathering list[WARP];
};

warp warps[MOST_WARPS];

int first_of_warp()
{
    return now.current - lane_number;
}

/* The lanes that the warp has: the last one of a block may be short. */
uint32_t lanes_there()
{
    const int left = now.count - first_of_warp();
    return left >= WARP ? 0xffffffffu : (1u << left) - 1;
}

void check_mask(const lane_call &call)
{
    if (!(call.mask >> lane_number & 1))
        stop_lane("lane %d calls %s with mask %08x, which lacks the lane itself (%s:%d)",
                  lane_number, call.name, call.mask, call.where.file, call.where.line);
    if (call.mask & ~lanes_there())
        stop_lane("%s with mask %08x in a warp that has the lanes %08x (%s:%d)", call.name,
                  call.mask, lanes_there(), call.where.file, call.where.line);
    if (call.what == meeting::shuffle && !(call.mask >> call.from & 1))
        stop_lane("%s reads lane %d, which is outside the mask %08x (%s:%d)", call.name, call.from,
                  call.mask, call.where.file, call.where.line);
    if (call.mask & now.ended_lanes[now.current / WARP])
        stop_lane("%s with mask %08x, but of it the lanes %08x have ended (%s:%d)", call.name,
                  call.mask, call.mask & now.ended_lanes[now.current / WARP], call.where.file,
                  call.where.line);
}

/* Two lanes that name each other in different masks would wait for each other for ever. */
void check_others(const warp &of, const lane_call &call)
{
    for (int i = 0; i < of.open; i++) {
        const gathering &other = of.list[i];
        if (other.mask != call.mask && (other.mask >> lane_number & 1) &&
            (other.arrived & call.mask))
            stop_lane("%s with mask %08x (%s:%d), while a lane of it waits in %s with mask %08x "
                      "(%s:%d)",
                      call.name, call.mask, call.where.file, call.where.line, other.first->name,
                      other.mask, other.first->where.file, other.first->where.line);
    }
}

gathering &find_or_open(warp &of, const lane_call &call)
{
    for (int i = 0; i < of.open; i++) {
        gathering &found = of.list[i];
        if (found.mask != call.mask) continue;
        const lane_call &first = *found.first;
        if (first.what != call.what || !same_place(first.where, call.where))
            stop_lane("%s (%s:%d), while another lane of mask %08x is at %s (%s:%d)", call.name,
                      call.where.file, call.where.line, call.mask, first.name, first.where.file,
                      first.where.line);
        return found;
    }
    gathering &made = of.list[of.open++];
    const int number = now.meetings++ % MEETING_TOKENS;
    made = {call.mask, 0, &call, now.tokens + BARRIER_TOKENS + number};
    return made;
}

uint64_t vote_of(const gathering &met, const lane_call *const *calls)
{
    uint32_t yes = 0;
    for (int i = 0; i < WARP; i++)
        if ((met.mask >> i & 1) && calls[i]->value) yes |= 1u << i;
    switch (met.first->what) {
    case meeting::ballot:
        return yes;
    case meeting::any:
        return yes != 0;
    default:
        return yes == met.mask;
    }
}

void give_results(const gathering &met)
{
    if (met.first->what == meeting::sync) return;
    const lane_call *const *calls = now.call + first_of_warp();
    uint64_t *results = now.result + first_of_warp();
    const bool is_shuffle = met.first->what == meeting::shuffle;
    const uint64_t vote = is_shuffle ? 0 : vote_of(met, calls);
    for (int i = 0; i < WARP; i++)
        if (met.mask >> i & 1) results[i] = is_shuffle ? calls[calls[i]->from]->value : vote;
}

/* All lanes go on, in a new order. */
void dissolve(warp &of, gathering &met)
{
    uint16_t order[WARP];
    draw_order(&now.run->order, WARP, order);
    for (int i = 0; i < WARP; i++)
        if (met.mask >> order[i] & 1) make_ready(first_of_warp() + order[i]);
    met = of.list[--of.open];
}

/* The last lane has come. */
__attribute__((noinline)) void hold(warp &of, gathering &met)
{
    give_results(met);
    dissolve(of, met);
}

} // namespace

void forget_meetings()
{
    for (int i = 0; i * WARP < now.count; i++) warps[i].open = 0;
}

uint64_t warp_meet(const lane_call &call)
{
    const int self = now.current;
    warp &mine = warps[self / WARP];
    check_mask(call);
    if (mine.open > 0) check_others(mine, call);
    gathering &met = find_or_open(mine, call);
    const token *passed = met.passed;
    if (call.what == meeting::sync) order_release(passed);
    now.call[self] = &call;
    met.arrived |= 1u << lane_number;
    if (met.arrived == met.mask) hold(mine, met);
    lane_wait(lane_state::at_meeting);
    if (call.what == meeting::sync) order_acquire(passed);
    return now.result[self];
}

void stop_width(const char *name, int width, place where)
{
    stop_lane("%s with width %d, which is not a power of two up to 32 (%s:%d)", name, width,
              where.file, where.line);
}

/* Orders memory together with the atomicAdd that follows. */
void thread_fence()
{
    now.fenced[now.current] = true;
}

extern "C" __attribute__((weak)) int __tsan_atomic32_fetch_add(volatile int *at, int add,
                                                               int order);

int atomic_add(int *at, int add)
{
    enum { ACQUIRE = 2, ACQUIRE_RELEASE = 4 }; /* ThreadSanitizer's numbers of memory orders */
    const bool fenced = now.fenced[now.current];
    now.fenced[now.current] = false;
    if (__tsan_atomic32_fetch_add)
        return __tsan_atomic32_fetch_add(at, add, fenced ? ACQUIRE_RELEASE : ACQUIRE);
    const int before = *at;
    *at = int(unsigned(before) + unsigned(add));
    return before;
}

} // namespace simt
