/* kernel.h -- the kernel language for a host compiler: what cuda/device.h promises, by fibers.
 *
 * Tests (simt).  Included by cuda/device.h alone, where there is no nvcc.  C++17.  Everything here
 * ends in the stand-in (block.cc, warp.cc, launches.cc), which ends the process with one line on
 * stderr where a GPU program would be undefined: a barrier that not all threads of a block reach, a
 * shuffle from a lane outside the mask, and so on.
 *
 * Stricter than a GPU: no thread of a block may end before a barrier of the others; every lane in a
 * mask has to exist and to come to the same line.  As on a GPU, shuffles and votes do not order
 * memory, and atomicAdd hands on what the thread wrote only if a __threadfence stands between: both
 * are seen by ThreadSanitizer alone. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_SIMT_KERNEL_H
#define LG_SIMT_KERNEL_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <tuple>
#include <type_traits>

#include <cuda_runtime_api.h>

struct dim3 {
    unsigned int x, y, z;
    constexpr dim3(unsigned int of_x = 1, unsigned int of_y = 1, unsigned int of_z = 1)
        : x(of_x), y(of_y), z(of_z)
    {
    }
};

struct uint3 {
    unsigned int x, y, z;
};

/* Of the thread that runs. */
extern uint3 threadIdx, blockIdx;
extern dim3 blockDim, gridDim;

namespace simt
{

/* ------------------------------------------------------------------------------ launches --- */

struct launch_shape {
    const char *name;
    dim3 grid, block;
    size_t shared_bytes;
    cudaStream_t stream;
};

/* One argument of a launch, as it lies in the stored copy. */
struct argument {
    const void *at;
    size_t bytes;
    bool is_pointer;
};

/* A kernel with its arguments: bytes that the stand-in copies and keeps until the launch has run.
 */
struct bound_kernel {
    const void *kernel;
    const void *call;
    size_t call_bytes;
    void (*run_thread)(const void *call);
    const argument *arguments;
    int count;
};

/* Puts a launch on its stream; what is wrong with it is the last error. */
void launch(const launch_shape &shape, const bound_kernel &kernel);

template <typename... P> struct stored_call {
    void (*kernel)(P...);
    std::tuple<P...> values;

    static void run_thread(const void *call)
    {
        const auto *self = static_cast<const stored_call *>(call);
        std::apply(self->kernel, self->values);
    }
};

/* Keeps arguments out of the deduction of P: they are converted as in any call. */
template <typename T> struct as_declared {
    typedef T type;
};

template <typename... P>
void launch_kernel(const launch_shape &shape, void (*kernel)(P...),
                   typename as_declared<P>::type... arguments)
{
    static_assert((std::is_trivially_copyable_v<P> && ...), "arguments are copied as bytes");
    const stored_call<P...> call = {kernel, std::tuple<P...>(arguments...)};
    std::apply(
        [&](const P &...value) {
            const argument list[] = {{&value, sizeof(P), std::is_pointer_v<P>}...,
                                     {nullptr, 0, false}};
            launch(shape, {reinterpret_cast<const void *>(kernel), &call, sizeof call,
                           stored_call<P...>::run_thread, list, int(sizeof...(P))});
        },
        call.values);
}

/* -------------------------------------------------------------------------- shared memory --- */

/* Where a kernel declares shared memory: one per declaration and template instance.  `memory`
 * belongs to the block whose number stands beside it. */
struct shared_site {
    const char *name;
    size_t bytes, align;
    uint64_t block;
    void *memory;
};

enum { STATIC_SHARED_BYTES = 48 * 1024, DYNAMIC_SHARED_BYTES = 227 * 1024 };

extern uint64_t block_number; /* of the block that runs, from 1 over the life of the process */

void *shared_memory(shared_site *site);
void *dynamic_shared_memory();

template <typename T> T *shared_array(shared_site &site)
{
    return static_cast<T *>(shared_memory(&site));
}

/* ------------------------------------------------------------------------------- meetings --- */

struct place {
    const char *file;
    int line;
};

enum class meeting { sync, shuffle, ballot, any, all };

/* What a lane brings to a meeting of its warp. */
struct lane_call {
    const char *name; /* "__shfl_sync" */
    meeting what;
    uint32_t mask;
    uint64_t value; /* bits of a shuffled value; 0 or 1 of a vote */
    int from;       /* shuffle: the lane whose value is wanted */
    place where;
};

extern int lane_number; /* of the thread that runs, in its warp */

void block_barrier(place where);
uint64_t warp_meet(const lane_call &call);
[[noreturn]] void stop_width(const char *name, int width, place where);
void thread_fence();
int atomic_add(int *at, int add);

template <typename T> T shuffle(const char *name, uint32_t mask, T value, int from, place where)
{
    static_assert(std::is_arithmetic_v<T> && (sizeof(T) == 4 || sizeof(T) == 8),
                  "shuffles take numbers of 4 or 8 bytes");
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof value);
    bits = warp_meet({name, meeting::shuffle, mask, bits, from, where});
    memcpy(&value, &bits, sizeof value);
    return value;
}

inline void check_width(const char *name, int width, place where)
{
    if (width < 1 || width > 32 || (width & (width - 1)) != 0) stop_width(name, width, where);
}

inline bool vote(const char *name, meeting what, uint32_t mask, bool yes, place where)
{
    return warp_meet({name, what, mask, yes, 0, where}) != 0;
}

} // namespace simt

/* ------------------------------------------------------------------------------ CUDA's names ---
 */

/* The place of the call, for messages. */
#define LG_SIMT_HERE const char *file = __builtin_FILE(), int line = __builtin_LINE()

inline void __syncthreads(LG_SIMT_HERE)
{
    simt::block_barrier({file, line});
}

inline void __syncwarp(uint32_t mask = 0xffffffffu, LG_SIMT_HERE)
{
    simt::warp_meet({"__syncwarp", simt::meeting::sync, mask, 0, 0, {file, line}});
}

/* width cuts the warp into segments, a power of two. */
template <typename T>
T __shfl_sync(uint32_t mask, T value, int source, int width = 32, LG_SIMT_HERE)
{
    simt::check_width("__shfl_sync", width, {file, line});
    const int segment = simt::lane_number & ~(width - 1);
    return simt::shuffle("__shfl_sync", mask, value, segment | (source & (width - 1)),
                         {file, line});
}

/* A lane that is asked for beyond the end of the segment is the caller itself. */
template <typename T>
T __shfl_down_sync(uint32_t mask, T value, unsigned int by, int width = 32, LG_SIMT_HERE)
{
    simt::check_width("__shfl_down_sync", width, {file, line});
    const int self = simt::lane_number;
    const bool inside = by < unsigned(width) && (self & (width - 1)) + int(by) < width;
    return simt::shuffle("__shfl_down_sync", mask, value, inside ? self + int(by) : self,
                         {file, line});
}

template <typename T>
T __shfl_up_sync(uint32_t mask, T value, unsigned int by, int width = 32, LG_SIMT_HERE)
{
    simt::check_width("__shfl_up_sync", width, {file, line});
    const int self = simt::lane_number;
    const bool inside = by < unsigned(width) && (self & (width - 1)) >= int(by);
    return simt::shuffle("__shfl_up_sync", mask, value, inside ? self - int(by) : self,
                         {file, line});
}

template <typename T>
T __shfl_xor_sync(uint32_t mask, T value, int with, int width = 32, LG_SIMT_HERE)
{
    simt::check_width("__shfl_xor_sync", width, {file, line});
    const int self = simt::lane_number, from = (self ^ with) & 31;
    const bool inside = from < (self & ~(width - 1)) + width;
    return simt::shuffle("__shfl_xor_sync", mask, value, inside ? from : self, {file, line});
}

inline uint32_t __ballot_sync(uint32_t mask, int yes, LG_SIMT_HERE)
{
    return uint32_t(
        simt::warp_meet({"__ballot_sync", simt::meeting::ballot, mask, yes != 0, 0, {file, line}}));
}

inline int __any_sync(uint32_t mask, int yes, LG_SIMT_HERE)
{
    return simt::vote("__any_sync", simt::meeting::any, mask, yes != 0, {file, line});
}

inline int __all_sync(uint32_t mask, int yes, LG_SIMT_HERE)
{
    return simt::vote("__all_sync", simt::meeting::all, mask, yes != 0, {file, line});
}

inline void __threadfence()
{
    simt::thread_fence();
}

inline int atomicAdd(int *at, int add)
{
    return simt::atomic_add(at, add);
}

/* As the toolkit's own C++ form: a kernel goes in as it is. */
template <typename... P>
cudaError_t cudaFuncSetAttribute(void (*kernel)(P...), cudaFuncAttribute attribute, int value)
{
    return cudaFuncSetAttribute(reinterpret_cast<const void *>(kernel), attribute, value);
}

/* ------------------------------------------------------------------------- device.h's names --- */

#define LG_KERNEL static void
#define LG_DEVICE static inline

#define LG_LAUNCH(kernel, grid, block, shared_bytes, stream, ...)                                  \
    simt::launch_kernel({#kernel, (grid), (block), (shared_bytes), (stream)},                      \
                        kernel __VA_OPT__(, ) __VA_ARGS__)
#define LG_LAUNCHED() cudaGetLastError()

#define LG_SHARED(type, name, count)                                                               \
    static_assert(sizeof(type[count]) <= simt::STATIC_SHARED_BYTES,                                \
                  "a block has 48 KB of declared shared memory");                                  \
    static simt::shared_site name##_site_ = {#name, sizeof(type[count]), alignof(type), 0,         \
                                             nullptr};                                             \
    type(&name)[count] = *simt::shared_array<type[count]>(name##_site_)

#define LG_DYNAMIC_SHARED(type, name)                                                              \
    type *const name = static_cast<type *>(simt::dynamic_shared_memory())

#endif
