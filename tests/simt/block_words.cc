/* block_words.cc -- what is said of a block whose rules were broken.
 *
 * Tests (simt).  One line: the kernel, the block, the thread, the complaint, and what the other
 * threads of the block do, those that do the same counted together. */
/* SPDX-License-Identifier: MIT */
#include "tests/simt/block.h"

#include <stdarg.h>
#include <stdio.h>

#include "tests/simt/words.h"

namespace simt
{
namespace
{

enum { MOST_GROUPS = 6 };

/* Threads that do the same; the first of them stands for all. */
struct group {
    int example, count;
};

bool do_the_same(int a, int b)
{
    if (now.state[a] != now.state[b]) return false;
    if (now.state[a] != lane_state::at_meeting) return true;
    return now.call[a]->name == now.call[b]->name &&
           same_place(now.call[a]->where, now.call[b]->where);
}

int group_others(group *groups)
{
    int count = 0;
    for (int i = 0; i < now.count; i++) {
        if (i == now.current) continue;
        int g = 0;
        while (g < count && !do_the_same(groups[g].example, i)) g++;
        if (g == MOST_GROUPS) continue;
        if (g == count) groups[count++] = {i, 0};
        groups[g].count++;
    }
    return count;
}

void describe(int index, char *text, size_t size)
{
    switch (now.state[index]) {
    case lane_state::unstarted:
        snprintf(text, size, "not started");
        return;
    case lane_state::ended:
        snprintf(text, size, "ended");
        return;
    case lane_state::at_barrier:
        snprintf(text, size, "at __syncthreads (%s:%d)", now.barrier.file, now.barrier.line);
        return;
    case lane_state::at_meeting:
        snprintf(text, size, "at %s (%s:%d)", now.call[index]->name, now.call[index]->where.file,
                 now.call[index]->where.line);
        return;
    default:
        snprintf(text, size, "can go on");
    }
}

void describe_others(char *text, size_t size)
{
    group groups[MOST_GROUPS];
    const int count = group_others(groups);
    size_t used = size_t(snprintf(text, size, count ? "of the others" : "no other thread"));
    for (int g = 0; g < count && used < size; g++) {
        const uint3 at = now.index[groups[g].example];
        char what[160];
        describe(groups[g].example, what, sizeof what);
        used += size_t(snprintf(text + used, size - used, "%s %d %s (first: %u,%u,%u)",
                                g ? "," : "", groups[g].count, what, at.x, at.y, at.z));
    }
}

} // namespace

void stop_lane(const char *format, ...)
{
    char why[600], others[700];
    va_list list;
    va_start(list, format);
    vsnprintf(why, sizeof why, format, list);
    va_end(list);
    describe_others(others, sizeof others);
    stop("kernel %s, block (%u,%u,%u), thread (%u,%u,%u): %s; %s", now.run->name, blockIdx.x,
         blockIdx.y, blockIdx.z, threadIdx.x, threadIdx.y, threadIdx.z, why, others);
}

} // namespace simt
