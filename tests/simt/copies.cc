/* copies.cc -- copies and fills, checked when they are asked for and again when they run.
 *
 * Tests (simt).  A device range has to lie in one allocation, a host range may not touch device
 * memory, and the two ranges of a copy may not overlap.  cudaMemcpy waits for the default stream
 * and the streams ordered with it, not for those that were created with cudaStreamNonBlocking, as
 * the real one does. */
/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <string.h>

#include "tests/simt/device_memory.h"
#include "tests/simt/machine.h"
#include "tests/simt/queue.h"
#include "tests/simt/words.h"

namespace simt
{
namespace
{

/* One side of a copy. */
struct side {
    const void *at;
    bool of_device;
};

struct span {
    side to, from;
    size_t bytes;
};

bool is_right(side of, size_t bytes)
{
    return of.of_device ? is_device(of.at, bytes) : of.at && !touches_device(of.at, bytes);
}

bool check_side(const char *call, const char *role, side of, size_t bytes)
{
    if (is_right(of, bytes)) return true;
    complain("%s: the %s, %zu bytes at %p, is to be %s, and is %s%s", call, role, bytes, of.at,
             of.of_device ? "device memory" : "host memory", describe_address(of.at),
             of.of_device && is_device(of.at, 0) ? " that ends before" : "");
    return false;
}

bool overlap(const span &of)
{
    const uintptr_t to = reinterpret_cast<uintptr_t>(of.to.at);
    const uintptr_t from = reinterpret_cast<uintptr_t>(of.from.at);
    return to < from + of.bytes && from < to + of.bytes;
}

bool check(const char *call, const span &of)
{
    if (!check_side(call, "destination", of.to, of.bytes)) return false;
    if (!check_side(call, "source", of.from, of.bytes)) return false;
    if (!overlap(of)) return true;
    complain("%s: source and destination overlap (%zu bytes from %p to %p)", call, of.bytes,
             of.from.at, of.to.at);
    return false;
}

struct copy_work : work {
    span what;

    explicit copy_work(const span &given) : what(given)
    {
    }

    void run() const override
    {
        if (!check("a copy that is run", what)) stop("memory of a copy was freed before it ran");
        memcpy(const_cast<void *>(what.to.at), what.from.at, what.bytes);
    }
};

struct fill_work : work {
    void *memory;
    int value;
    size_t bytes;

    fill_work(void *at, int with, size_t size) : memory(at), value(with), bytes(size)
    {
    }

    void run() const override
    {
        if (!is_device(memory, bytes)) stop("memory of a cudaMemset was freed before it ran");
        memset(memory, value, bytes);
    }
};

cudaError_t read_kind(cudaMemcpyKind kind, span *of)
{
    switch (kind) {
    case cudaMemcpyHostToHost:
    case cudaMemcpyHostToDevice:
    case cudaMemcpyDeviceToHost:
    case cudaMemcpyDeviceToDevice:
        of->to.of_device = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
        of->from.of_device = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
        return cudaSuccess;
    case cudaMemcpyDefault:
        of->to.of_device = is_device(of->to.at, 0);
        of->from.of_device = is_device(of->from.at, 0);
        return cudaSuccess;
    }
    return cudaErrorInvalidMemcpyDirection;
}

cudaError_t put_copy(const char *call, span of, cudaMemcpyKind kind, cudaStream_t stream)
{
    const cudaError_t error = read_kind(kind, &of);
    if (error != cudaSuccess) return error;
    if (of.bytes == 0) return find_stream(stream) ? cudaSuccess : cudaErrorInvalidResourceHandle;
    if (!check(call, of)) return cudaErrorInvalidValue;
    return put(stream, std::make_shared<copy_work>(of));
}

cudaError_t put_fill(void *memory, int value, size_t bytes, cudaStream_t stream)
{
    if (bytes == 0) return find_stream(stream) ? cudaSuccess : cudaErrorInvalidResourceHandle;
    if (!check_side("cudaMemset", "destination", {memory, true}, bytes))
        return cudaErrorInvalidValue;
    return put(stream, std::make_shared<fill_work>(memory, value, bytes));
}

} // namespace
} // namespace simt

using namespace simt;

cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes, enum cudaMemcpyKind kind)
{
    const api_call call;
    if (call.refusal != cudaSuccess) return call.refusal;
    if (is_capturing()) return give(refuse_in_capture("cudaMemcpy"));
    const cudaError_t error =
        put_copy("cudaMemcpy", {{to, false}, {from, false}, bytes}, kind, nullptr);
    finish_default();
    return give(error);
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, enum cudaMemcpyKind kind,
                            cudaStream_t stream)
{
    const api_call call;
    if (call.refusal != cudaSuccess) return call.refusal;
    return give(put_copy("cudaMemcpyAsync", {{to, false}, {from, false}, bytes}, kind, stream));
}

/* Does not wait: the real one does not either, for device memory. */
cudaError_t cudaMemset(void *memory, int value, size_t bytes)
{
    const api_call call;
    if (call.refusal != cudaSuccess) return call.refusal;
    return give(put_fill(memory, value, bytes, nullptr));
}

cudaError_t cudaMemsetAsync(void *memory, int value, size_t bytes, cudaStream_t stream)
{
    const api_call call;
    if (call.refusal != cudaSuccess) return call.refusal;
    return give(put_fill(memory, value, bytes, stream));
}
