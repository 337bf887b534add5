/* device_memory.cc -- see device_memory.h; and the calls that allocate.
 *
 * Tests (simt).  Fresh memory is full of 0xFF, which is a NaN as a float and as a double.  cudaFree
 * waits for the whole device, as the real one does. */
/* SPDX-License-Identifier: MIT */
#include "tests/simt/device_memory.h"

#include <map>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/simt/fiber.h"
#include "tests/simt/machine.h"
#include "tests/simt/queue.h"
#include "tests/simt/words.h"

extern "C" {
__attribute__((weak)) void __asan_poison_memory_region(const volatile void *at, size_t bytes);
__attribute__((weak)) void __asan_unpoison_memory_region(const volatile void *at, size_t bytes);
}

namespace simt
{
namespace
{

const size_t alignment = 256; /* CUDA C++ Programming Guide, device memory accesses */
const size_t closed_bytes = 64 * 1024;

struct allocation {
    size_t bytes;
    unsigned char *memory; /* with its rims */
};

/* On each side; AddressSanitizer has its own. */
size_t rim_bytes()
{
    return has_asan() ? 0 : alignment;
}

typedef std::map<uintptr_t, allocation> list;

list *device_list, *host_list; /* never destroyed: other objects' destructors may still free */
std::map<uintptr_t, size_t> *freed_list;
int open_count;

uintptr_t number(const void *at)
{
    return reinterpret_cast<uintptr_t>(at);
}

void *pointer(uintptr_t at)
{
    return reinterpret_cast<void *>(at);
}

list &made(list *&of)
{
    if (!of) of = new list;
    return *of;
}

/* The allocation that holds `at`, its end included. */
list::const_iterator find(const list &of, uintptr_t at)
{
    list::const_iterator after = of.upper_bound(at);
    if (after == of.begin()) return of.end();
    --after;
    return at - after->first <= after->second.bytes ? after : of.end();
}

bool holds(const list &of, const void *at, size_t bytes)
{
    const list::const_iterator found = find(of, number(at));
    return found != of.end() && bytes <= found->second.bytes - (number(at) - found->first);
}

size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

void forget_freed(uintptr_t at, size_t bytes)
{
    if (!freed_list) freed_list = new std::map<uintptr_t, size_t>;
    auto next = freed_list->lower_bound(at);
    if (next != freed_list->begin() && std::prev(next)->first + std::prev(next)->second > at)
        --next;
    while (next != freed_list->end() && next->first < at + bytes) next = freed_list->erase(next);
}

/* Fresh memory in a list; NULL where there is none. */
void *allocate(list &to, size_t bytes)
{
    void *memory = nullptr;
    if (posix_memalign(&memory, alignment, bytes + 2 * rim_bytes()) != 0) return nullptr;
    memset(memory, 0xff, bytes + 2 * rim_bytes());
    unsigned char *start = static_cast<unsigned char *>(memory) + rim_bytes();
    to[number(start)] = {bytes, static_cast<unsigned char *>(memory)};
    return start;
}

bool is_rim_whole(const unsigned char *rim)
{
    for (size_t i = 0; i < rim_bytes(); i += 8) {
        uint64_t word;
        memcpy(&word, rim + i, sizeof word);
        if (word != ~uint64_t(0)) return false;
    }
    return true;
}

bool is_mapped(const void *at)
{
    const uintptr_t page = uintptr_t(sysconf(_SC_PAGESIZE));
    unsigned char resident;
    return mincore(pointer(number(at) & ~(page - 1)), 1, &resident) == 0;
}

} // namespace

bool is_device(const void *at, size_t bytes)
{
    return holds(made(device_list), at, bytes);
}

bool is_page_locked(const void *at, size_t bytes)
{
    return holds(made(host_list), at, bytes);
}

bool touches_device(const void *at, size_t bytes)
{
    const list &of = made(device_list);
    const list::const_iterator next = of.lower_bound(number(at));
    if (next != of.end() && next->first < number(at) + bytes) return bytes > 0;
    if (next == of.begin()) return false;
    const list::const_iterator before = std::prev(next);
    return bytes > 0 && number(at) < before->first + before->second.bytes;
}

const char *describe_address(const void *at)
{
    if (is_device(at, 0)) return "device memory";
    if (is_page_locked(at, 0)) return "page-locked host memory";
    if (freed_list) {
        auto after = freed_list->upper_bound(number(at));
        if (after != freed_list->begin() &&
            number(at) - std::prev(after)->first < std::prev(after)->second)
            return "freed device memory";
    }
    return is_mapped(at) ? "host memory" : "no memory";
}

void check_rims(const char *who)
{
    for (const auto &entry : made(device_list)) {
        const allocation &of = entry.second;
        const bool before = is_rim_whole(of.memory);
        if (before && is_rim_whole(of.memory + rim_bytes() + of.bytes)) continue;
        stop("%s wrote %s a device allocation of %zu bytes", who,
             before ? "behind the end of" : "before the start of", of.bytes);
    }
}

device_open::device_open()
{
    if (open_count++ > 0 || !has_asan()) return;
    for (const auto &entry : made(device_list))
        __asan_unpoison_memory_region(pointer(entry.first), entry.second.bytes);
}

device_open::~device_open()
{
    if (--open_count > 0 || !has_asan()) return;
    for (const auto &entry : made(device_list))
        __asan_poison_memory_region(pointer(entry.first),
                                    smaller(entry.second.bytes, closed_bytes));
}

namespace
{

cudaError_t allocate_device(void **memory, size_t bytes)
{
    *memory = nullptr;
    if (is_capturing()) return refuse_in_capture("cudaMalloc");
    if (bytes == 0) return cudaSuccess;
    if (bytes > the.memory_bytes - the.used_bytes) return cudaErrorMemoryAllocation;
    const device_open open;
    *memory = allocate(made(device_list), bytes);
    if (!*memory) return cudaErrorMemoryAllocation;
    forget_freed(number(*memory), bytes);
    the.used_bytes += bytes;
    the.live[SIMT_DEVICE_MEMORY]++;
    return cudaSuccess;
}

cudaError_t free_device(void *memory)
{
    if (!memory) return cudaSuccess;
    const list::iterator found = made(device_list).find(number(memory));
    if (found == device_list->end()) {
        complain("cudaFree of %p, which is %s", memory,
                 is_device(memory, 0) ? "inside an allocation" : describe_address(memory));
        return cudaErrorInvalidValue;
    }
    const device_open open;
    const allocation gone = found->second;
    if (!has_asan()) memset(gone.memory, 0xff, gone.bytes + 2 * rim_bytes());
    device_list->erase(found);
    (*freed_list)[number(memory)] = gone.bytes;
    free(gone.memory);
    the.used_bytes -= gone.bytes;
    the.live[SIMT_DEVICE_MEMORY]--;
    return cudaSuccess;
}

cudaError_t allocate_host(void **memory, size_t bytes)
{
    *memory = nullptr;
    if (is_capturing()) return refuse_in_capture("cudaMallocHost");
    if (bytes == 0) return cudaSuccess;
    *memory = allocate(made(host_list), bytes);
    if (!*memory) return cudaErrorMemoryAllocation;
    the.live[SIMT_HOST_MEMORY]++;
    return cudaSuccess;
}

cudaError_t free_host(void *memory)
{
    if (!memory) return cudaSuccess;
    const list::iterator found = made(host_list).find(number(memory));
    if (found == host_list->end()) {
        complain("cudaFreeHost of %p, which is %s", memory, describe_address(memory));
        return cudaErrorInvalidValue;
    }
    free(found->second.memory);
    host_list->erase(found);
    the.live[SIMT_HOST_MEMORY]--;
    return cudaSuccess;
}

} // namespace
} // namespace simt

using namespace simt;

cudaError_t cudaMalloc(void **memory, size_t bytes)
{
    const api_call call(call_kind::allocation);
    if (call.refusal != cudaSuccess) return call.refusal;
    return give(allocate_device(memory, bytes));
}

/* Frees even where a planted failure is returned, so that a program's own leaks can be counted. */
cudaError_t cudaFree(void *memory)
{
    const api_call call;
    if (is_capturing()) return give(refuse_in_capture("cudaFree"));
    finish_all();
    const cudaError_t error = free_device(memory);
    return call.refusal != cudaSuccess ? call.refusal : give(error);
}

cudaError_t cudaMallocHost(void **memory, size_t bytes)
{
    const api_call call(call_kind::allocation);
    if (call.refusal != cudaSuccess) return call.refusal;
    return give(allocate_host(memory, bytes));
}

cudaError_t cudaHostAlloc(void **memory, size_t bytes, unsigned int flags)
{
    const api_call call(call_kind::allocation);
    if (call.refusal != cudaSuccess) return call.refusal;
    const unsigned int known =
        cudaHostAllocPortable | cudaHostAllocMapped | cudaHostAllocWriteCombined;
    if (flags & ~known) return give(cudaErrorInvalidValue);
    return give(allocate_host(memory, bytes));
}

cudaError_t cudaFreeHost(void *memory)
{
    const api_call call;
    if (is_capturing()) return give(refuse_in_capture("cudaFreeHost"));
    finish_all();
    const cudaError_t error = free_host(memory);
    return call.refusal != cudaSuccess ? call.refusal : give(error);
}

cudaError_t cudaMemGetInfo(size_t *free_bytes, size_t *total_bytes)
{
    const api_call call;
    if (call.refusal != cudaSuccess) return call.refusal;
    *total_bytes = the.memory_bytes;
    *free_bytes = the.memory_bytes - the.used_bytes;
    return cudaSuccess;
}
