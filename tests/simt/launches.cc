/* launches.cc -- kernels: what a launch may ask for, and its way through the grid.
 *
 * Tests (simt).  Limits are those of compute capability 9.0 (CUDA C++ Programming Guide, technical
 * specifications).  Arguments: a pointer has to be NULL or point into live device memory (its end
 * included); in a struct, an aligned word that is the address of page-locked or other mapped host
 * memory is an error.  What cannot be seen: a pointer packed otherwise, one that is_host_word
 * takes for a number, and pointers that lie in device memory. */
/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include <map>
#include <string>
#include <vector>

#include "tests/simt/block.h"
#include "tests/simt/device_memory.h"
#include "tests/simt/machine.h"
#include "tests/simt/queue.h"
#include "tests/simt/words.h"

namespace simt
{
namespace
{

std::map<const void *, int> *dynamic_limits; /* that were set, by kernel */

/* What a launch was given, ready to run. */
struct kernel_work : work {
    std::string name;
    dim3 grid, block;
    size_t shared_bytes;
    void *call; /* kernel and arguments, aligned as malloc does */
    void (*run_thread)(const void *);
    std::vector<const void *> pointers; /* the arguments that are pointers */

    kernel_work(const launch_shape &shape, const bound_kernel &kernel);
    ~kernel_work() override
    {
        free(call);
    }
    void run() const override;
};

kernel_work::kernel_work(const launch_shape &shape, const bound_kernel &kernel)
    : name(shape.name), grid(shape.grid), block(shape.block), shared_bytes(shape.shared_bytes),
      call(malloc(kernel.call_bytes)), run_thread(kernel.run_thread)
{
    if (!call) stop("no memory for the arguments of kernel %s", shape.name);
    memcpy(call, kernel.call, kernel.call_bytes);
    for (int i = 0; i < kernel.count; i++)
        if (kernel.arguments[i].is_pointer)
            pointers.push_back(*static_cast<const void *const *>(kernel.arguments[i].at));
}

/* The blocks of a grid in a new order. */
std::vector<uint32_t> block_order(dice *from, dim3 grid)
{
    std::vector<uint32_t> order(size_t(grid.x) * grid.y * grid.z);
    for (size_t i = 0; i < order.size(); i++) order[i] = uint32_t(i);
    from->shuffle(order.data(), uint32_t(order.size()));
    return order;
}

void kernel_work::run() const
{
    for (const void *pointer : pointers)
        if (pointer && !is_device(pointer, 0))
            stop("kernel %s runs with %p, which is %s by now", name.c_str(), pointer,
                 describe_address(pointer));
    kernel_run run = {name.c_str(),
                      grid,
                      block,
                      shared_bytes,
                      call,
                      run_thread,
                      dice(the.seed, ++the.launches),
                      0,
                      0};
    order_release(&run.started);
    for (const uint32_t number : block_order(&run.order, grid))
        run_block(&run, {number % grid.x, number / grid.x % grid.y, number / grid.x / grid.y});
    order_acquire(&run.ended);
    end_kernel_shared();
    the.kernels++;
    the.threads += int64_t(grid.x) * grid.y * grid.z * block.x * block.y * block.z;
    check_rims(name.c_str());
}

cudaError_t check_shape(const launch_shape &shape)
{
    const dim3 g = shape.grid, b = shape.block;
    const bool is_block = b.x >= 1 && b.y >= 1 && b.z >= 1 && b.x <= 1024 && b.y <= 1024 &&
                          b.z <= 64 && uint64_t(b.x) * b.y * b.z <= MOST_THREADS;
    const bool is_grid = g.z >= 1 && g.x <= 0x7fffffffu && g.y <= 65535 && g.z <= 65535;
    if (is_block && is_grid && uint64_t(g.x) * g.y * g.z <= 0xffffffffu) return cudaSuccess;
    complain("kernel %s: a grid of %u x %u x %u blocks of %u x %u x %u threads", shape.name, g.x,
             g.y, g.z, b.x, b.y, b.z);
    return cudaErrorInvalidConfiguration;
}

cudaError_t check_dynamic(const launch_shape &shape, const void *kernel)
{
    size_t limit = STATIC_SHARED_BYTES;
    if (dynamic_limits && dynamic_limits->count(kernel)) limit = size_t((*dynamic_limits)[kernel]);
    if (shape.shared_bytes <= limit) return cudaSuccess;
    complain("kernel %s: %zu bytes of dynamic shared memory, %zu allowed by cudaFuncSetAttribute",
             shape.name, shape.shared_bytes, limit);
    return cudaErrorInvalidValue;
}

/* An address of the host, among bytes that may be anything: where programs, heaps and libraries
 * lie, 2^45 to 2^48 (below it are two small ints, and AddressSanitizer's shadow is mapped there).
 * Half a word may be padding, with what an address left in it, beside an int: small, then, below.
 */
bool is_host_word(const void *word)
{
    const uintptr_t number = reinterpret_cast<uintptr_t>(word);
    if (number < (uintptr_t(1) << 45) || number >> 48) return false;
    if ((number & 0xffffffffu) < 65536) return false;
    if (is_device(word, 0)) return false;
    const char *what = describe_address(word);
    return what[0] == 'p' || what[0] == 'h' || what[0] == 'f';
}

bool check_argument(const char *kernel, int number, const argument &of)
{
    const void *word;
    if (of.is_pointer) {
        memcpy(&word, of.at, sizeof word);
        if (!word || is_device(word, 0)) return true;
        complain("kernel %s: argument %d is %p, which is %s", kernel, number + 1, word,
                 describe_address(word));
        return false;
    }
    for (size_t i = 0; i + sizeof word <= of.bytes; i += sizeof word) {
        memcpy(&word, static_cast<const char *>(of.at) + i, sizeof word);
        if (!is_host_word(word)) continue;
        complain("kernel %s: argument %d has %p at byte %zu, which is %s", kernel, number + 1, word,
                 i, describe_address(word));
        return false;
    }
    return true;
}

cudaError_t put_launch(const launch_shape &shape, const bound_kernel &kernel)
{
    cudaError_t error = check_shape(shape);
    if (error == cudaSuccess) error = check_dynamic(shape, kernel.kernel);
    if (error != cudaSuccess) return error;
    for (int i = 0; i < kernel.count; i++)
        if (!check_argument(shape.name, i, kernel.arguments[i])) return cudaErrorInvalidValue;
    return put(shape.stream, std::make_shared<kernel_work>(shape, kernel));
}

cudaError_t set_limit(const void *kernel, cudaFuncAttribute attribute, int value)
{
    if (!kernel) return cudaErrorInvalidDeviceFunction;
    if (attribute != cudaFuncAttributeMaxDynamicSharedMemorySize) return cudaErrorInvalidValue;
    if (value < 0 || value > DYNAMIC_SHARED_BYTES) return cudaErrorInvalidValue;
    if (!dynamic_limits) dynamic_limits = new std::map<const void *, int>;
    (*dynamic_limits)[kernel] = value;
    return cudaSuccess;
}

} // namespace

void launch(const launch_shape &shape, const bound_kernel &kernel)
{
    if (shape.grid.x == 0 || shape.grid.y == 0) return; /* as under nvcc, by LG_LAUNCH */
    const api_call call;
    if (call.refusal == cudaSuccess) give(put_launch(shape, kernel));
}

} // namespace simt

using namespace simt;

cudaError_t cudaFuncSetAttribute(const void *kernel, enum cudaFuncAttribute attribute, int value)
{
    const api_call call;
    if (call.refusal != cudaSuccess) return call.refusal;
    return give(set_limit(kernel, attribute, value));
}
