/* device.cc -- what the stand-in says of itself, and its errors.
 *
 * Tests (simt).  The figures are those of a small card of compute capability 9.0. */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "tests/simt/block.h"
#include "tests/simt/machine.h"

namespace simt
{
namespace
{

enum {
    PROCESSORS = 8,
    MAJOR = 9,
    MINOR = 0,
    L2_BYTES = 50 << 20,
    PROCESSOR_THREADS = 2048,
    PROCESSOR_SHARED_BYTES = 228 * 1024
};

struct error_row {
    cudaError_t error;
    const char *name, *text;
};

const error_row errors[] = {
    {cudaSuccess, "cudaSuccess", "no error"},
    {cudaErrorInvalidValue, "cudaErrorInvalidValue", "invalid argument"},
    {cudaErrorMemoryAllocation, "cudaErrorMemoryAllocation", "out of memory"},
    {cudaErrorInitializationError, "cudaErrorInitializationError", "initialization error"},
    {cudaErrorInvalidConfiguration, "cudaErrorInvalidConfiguration",
     "invalid configuration argument"},
    {cudaErrorInvalidMemcpyDirection, "cudaErrorInvalidMemcpyDirection",
     "invalid copy direction for memcpy"},
    {cudaErrorInsufficientDriver, "cudaErrorInsufficientDriver",
     "CUDA driver version is insufficient for CUDA runtime version"},
    {cudaErrorInvalidDeviceFunction, "cudaErrorInvalidDeviceFunction", "invalid device function"},
    {cudaErrorNoDevice, "cudaErrorNoDevice", "no CUDA-capable device is detected"},
    {cudaErrorInvalidDevice, "cudaErrorInvalidDevice", "invalid device ordinal"},
    {cudaErrorInvalidResourceHandle, "cudaErrorInvalidResourceHandle", "invalid resource handle"},
    {cudaErrorIllegalState, "cudaErrorIllegalState",
     "the operation cannot be performed in the present state"},
    {cudaErrorNotReady, "cudaErrorNotReady", "device not ready"},
    {cudaErrorIllegalAddress, "cudaErrorIllegalAddress",
     "an illegal memory access was encountered"},
    {cudaErrorLaunchOutOfResources, "cudaErrorLaunchOutOfResources",
     "too many resources requested for launch"},
    {cudaErrorLaunchFailure, "cudaErrorLaunchFailure", "unspecified launch failure"},
    {cudaErrorNotSupported, "cudaErrorNotSupported", "operation not supported"},
    {cudaErrorStreamCaptureUnsupported, "cudaErrorStreamCaptureUnsupported",
     "operation not permitted when stream is capturing"},
    {cudaErrorStreamCaptureInvalidated, "cudaErrorStreamCaptureInvalidated",
     "operation failed due to a previous error during capture"},
    {cudaErrorStreamCaptureMerge, "cudaErrorStreamCaptureMerge",
     "operation would result in a merge of separate capture sequences"},
    {cudaErrorStreamCaptureUnmatched, "cudaErrorStreamCaptureUnmatched",
     "capture was not ended in the same stream as it began"},
    {cudaErrorStreamCaptureUnjoined, "cudaErrorStreamCaptureUnjoined",
     "capturing stream has unjoined work"},
    {cudaErrorStreamCaptureIsolation, "cudaErrorStreamCaptureIsolation",
     "dependency created on uncaptured work in another stream"},
    {cudaErrorStreamCaptureImplicit, "cudaErrorStreamCaptureImplicit",
     "operation would make the legacy stream depend on a capturing blocking stream"},
    {cudaErrorCapturedEvent, "cudaErrorCapturedEvent",
     "operation not permitted on an event last recorded in a capturing stream"},
    {cudaErrorStreamCaptureWrongThread, "cudaErrorStreamCaptureWrongThread",
     "attempt to terminate a thread-local capture sequence from another thread"},
    {cudaErrorUnknown, "cudaErrorUnknown", "unknown error"},
};

const error_row *find(cudaError_t error)
{
    for (const error_row &row : errors)
        if (row.error == error) return &row;
    return nullptr;
}

LG_SIMT_OF_THREAD int device_of_thread;

int value_of(cudaDeviceAttr attribute)
{
    switch (attribute) {
    case cudaDevAttrMaxThreadsPerBlock:
        return MOST_THREADS;
    case cudaDevAttrMaxSharedMemoryPerBlock:
        return STATIC_SHARED_BYTES;
    case cudaDevAttrWarpSize:
        return WARP;
    case cudaDevAttrMultiProcessorCount:
        return PROCESSORS;
    case cudaDevAttrL2CacheSize:
        return L2_BYTES;
    case cudaDevAttrMaxThreadsPerMultiProcessor:
        return PROCESSOR_THREADS;
    case cudaDevAttrComputeCapabilityMajor:
        return MAJOR;
    case cudaDevAttrComputeCapabilityMinor:
        return MINOR;
    case cudaDevAttrMaxSharedMemoryPerMultiprocessor:
        return PROCESSOR_SHARED_BYTES;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin:
        return DYNAMIC_SHARED_BYTES;
    }
    return -1;
}

void describe(cudaDeviceProp *of)
{
    *of = cudaDeviceProp{};
    snprintf(of->name, sizeof of->name, "SIMT stand-in");
    of->totalGlobalMem = the.memory_bytes;
    of->sharedMemPerBlock = STATIC_SHARED_BYTES;
    of->sharedMemPerBlockOptin = DYNAMIC_SHARED_BYTES;
    of->sharedMemPerMultiprocessor = PROCESSOR_SHARED_BYTES;
    of->major = MAJOR;
    of->minor = MINOR;
    of->multiProcessorCount = PROCESSORS;
    of->warpSize = WARP;
    of->maxThreadsPerBlock = MOST_THREADS;
    of->maxThreadsPerMultiProcessor = PROCESSOR_THREADS;
    of->maxThreadsDim[0] = of->maxThreadsDim[1] = 1024;
    of->maxThreadsDim[2] = 64;
    of->maxGridSize[0] = 0x7fffffff;
    of->maxGridSize[1] = of->maxGridSize[2] = 65535;
    of->l2CacheSize = L2_BYTES;
    of->regsPerBlock = 65536;
}

} // namespace
} // namespace simt

using namespace simt;

cudaError_t cudaGetDeviceCount(int *count)
{
    *count = 0;
    const api_call call;
    if (call.refusal != cudaSuccess) return call.refusal;
    *count = the.devices;
    return cudaSuccess;
}

cudaError_t cudaSetDevice(int device)
{
    const api_call call;
    if (call.refusal != cudaSuccess) return call.refusal;
    if (device < 0 || device >= the.devices) return give(cudaErrorInvalidDevice);
    device_of_thread = device;
    return cudaSuccess;
}

cudaError_t cudaGetDevice(int *device)
{
    const api_call call;
    if (call.refusal != cudaSuccess) return call.refusal;
    *device = device_of_thread;
    return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int *value, enum cudaDeviceAttr attribute, int device)
{
    const api_call call;
    if (call.refusal != cudaSuccess) return call.refusal;
    if (device < 0 || device >= the.devices) return give(cudaErrorInvalidDevice);
    const int found = value_of(attribute);
    if (found < 0) return give(cudaErrorInvalidValue);
    *value = found;
    return cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp *properties, int device)
{
    const api_call call;
    if (call.refusal != cudaSuccess) return call.refusal;
    if (device < 0 || device >= the.devices) return give(cudaErrorInvalidDevice);
    describe(properties);
    return cudaSuccess;
}

/* Like the real one, it answers where no device and no driver is: 0 for none. */
cudaError_t cudaDriverGetVersion(int *version)
{
    const held lock;
    *version = the.driver;
    return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int *version)
{
    *version = CUDART_VERSION;
    return cudaSuccess;
}

cudaError_t cudaGetLastError(void)
{
    const held lock;
    const cudaError_t error = last_error();
    clear_last_error();
    return error;
}

cudaError_t cudaPeekAtLastError(void)
{
    return last_error();
}

const char *cudaGetErrorName(cudaError_t error)
{
    const error_row *row = find(error);
    return row ? row->name : "unrecognized error code";
}

const char *cudaGetErrorString(cudaError_t error)
{
    const error_row *row = find(error);
    return row ? row->text : "unrecognized error code";
}
