/* shared.cc -- the shared memory of a block.
 *
 * Tests (simt).  Each array is an allocation of its own of exactly its size, filled with 0xFF (NaN
 * as a float) for every block.  Arrays live as long as the kernel; under ThreadSanitizer, which
 * would take a later block for a race with an earlier one, every block has its own. */
/* SPDX-License-Identifier: MIT */
#include "tests/simt/block.h"

#include <stdlib.h>
#include <string.h>

#include <vector>

#include "tests/simt/words.h"

namespace simt
{
namespace
{

enum { MOST_ARRAYS = 64, ALIGNMENT = 16 };

/* An array of the kernel that runs; the dynamic one has no site. */
struct array {
    shared_site *site;
    size_t bytes;
    void *memory;
};

array arrays[MOST_ARRAYS];
int array_count;
size_t declared_bytes; /* in this block */

struct {
    uint64_t block;
    void *memory;
} dynamic;

/* Made by the launch, as far as ThreadSanitizer sees: no thread of the block wrote it first. */
void *make(size_t bytes, size_t align)
{
    void *memory = nullptr;
    if (align < ALIGNMENT) align = ALIGNMENT;
    if (posix_memalign(&memory, align, bytes ? bytes : 1) != 0)
        stop("no memory for %zu bytes of shared memory", bytes);
    return memory;
}

array &array_of(shared_site *site, size_t bytes, size_t align)
{
    for (int i = 0; i < array_count; i++)
        if (arrays[i].site == site) return arrays[i];
    if (array_count == MOST_ARRAYS) stop_lane("declares more than %d shared arrays", MOST_ARRAYS);
    arrays[array_count] = {site, bytes, make(bytes, align)};
    return arrays[array_count++];
}

void *fresh(shared_site *site, size_t bytes, size_t align)
{
    const array &found = array_of(site, bytes, align);
    memset(found.memory, 0xff, bytes);
    return found.memory;
}

/* ThreadSanitizer is to see the launch, not the thread, as the one who allocates and fills: no
 * thread of the block wrote the array first. */
void *fresh_of_launch(shared_site *site, size_t bytes, size_t align)
{
    if (!has_tsan()) return fresh(site, bytes, align);
    void *thread = current_identity();
    act_as(now.caller.identity);
    void *memory = fresh(site, bytes, align);
    order_release(memory);
    act_as(thread);
    return memory;
}

std::vector<void *> old_arrays; /* of blocks before */

} // namespace

void begin_shared()
{
    declared_bytes = 0;
}

void end_shared()
{
    if (!has_tsan()) return;
    for (int i = 0; i < array_count; i++) old_arrays.push_back(arrays[i].memory);
    array_count = 0;
}

void end_kernel_shared()
{
    for (int i = 0; i < array_count; i++) free(arrays[i].memory);
    array_count = 0;
    for (void *memory : old_arrays) free(memory);
    old_arrays.clear();
}

void *shared_memory(shared_site *site)
{
    if (site->block != block_number) {
        declared_bytes += site->bytes;
        if (declared_bytes > STATIC_SHARED_BYTES)
            stop_lane("declares %zu bytes of shared memory with %s; a block has %d", declared_bytes,
                      site->name, STATIC_SHARED_BYTES);
        if (declared_bytes + now.run->shared_bytes > DYNAMIC_SHARED_BYTES)
            stop_lane("has %zu bytes of shared memory, declared (%s) and dynamic; a block has %d",
                      declared_bytes + now.run->shared_bytes, site->name, DYNAMIC_SHARED_BYTES);
        site->memory = fresh_of_launch(site, site->bytes, site->align);
        site->block = block_number;
    }
    order_acquire(site->memory);
    return site->memory;
}

void *dynamic_shared_memory()
{
    if (dynamic.block != block_number)
        dynamic = {block_number, fresh_of_launch(nullptr, now.run->shared_bytes, ALIGNMENT)};
    order_acquire(dynamic.memory);
    return dynamic.memory;
}

} // namespace simt
