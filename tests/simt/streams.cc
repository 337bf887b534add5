/* streams.cc -- the calls about streams and events.
 *
 * Tests (simt).  A wait is for the record that was last asked for when the wait was; an event that
 * was never recorded is waited for by nobody. */
/* SPDX-License-Identifier: MIT */
#include "tests/simt/events.h"

#include <set>

#include "tests/simt/machine.h"
#include "tests/simt/words.h"

namespace simt
{
namespace
{

std::set<cudaEvent_t> *events;

bool is_event(cudaEvent_t event)
{
    if (events && events->count(event)) return true;
    complain("%p is not an event, or one that was destroyed", static_cast<void *>(event));
    return false;
}

cudaError_t record(cudaEvent_t event, cudaStream_t on)
{
    CUstream_st *stream = find_stream(on);
    if (!stream || !is_event(event)) return cudaErrorInvalidResourceHandle;
    if (stream->capture) return record_in_capture(event, stream);
    forget_captured(event);
    event->last = std::make_shared<point>(point{stream, false, 0});
    item entry;
    entry.marks = event->last;
    return put(on, entry);
}

cudaError_t wait(cudaStream_t on, cudaEvent_t event, unsigned int flags)
{
    CUstream_st *stream = find_stream(on);
    if (!stream || !is_event(event)) return cudaErrorInvalidResourceHandle;
    if (flags != 0) return cudaErrorInvalidValue;
    if (event->captured) return wait_in_capture(stream, event);
    if (!event->last) return cudaSuccess;
    if (stream->capture) return refuse_isolated(stream);
    item entry;
    entry.awaits = event->last;
    return put(on, entry);
}

/* For a call that asks a stream or an event of the host's side. */
cudaError_t check_event(cudaEvent_t event)
{
    if (!is_event(event)) return cudaErrorInvalidResourceHandle;
    return event->captured ? cudaErrorCapturedEvent : cudaSuccess;
}

cudaError_t check_stream(CUstream_st *stream, const char *call)
{
    if (!stream) return cudaErrorInvalidResourceHandle;
    return stream->capture ? refuse_on_captured(stream, call) : cudaSuccess;
}

cudaError_t elapsed(float *ms, cudaEvent_t start, cudaEvent_t end)
{
    for (cudaEvent_t event : {start, end}) {
        const cudaError_t error = check_event(event);
        if (error != cudaSuccess) return error;
        if (!event->is_timed || !event->last) return cudaErrorInvalidResourceHandle;
        if (!event->last->done) return cudaErrorNotReady;
    }
    *ms = float(1e3 * (end->last->seconds - start->last->seconds));
    return cudaSuccess;
}

} // namespace
} // namespace simt

using namespace simt;

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned int flags)
{
    const api_call call;
    if (call.refusal != cudaSuccess) return call.refusal;
    if (flags & ~unsigned(cudaStreamNonBlocking)) return give(cudaErrorInvalidValue);
    *stream = open_stream(!(flags & cudaStreamNonBlocking));
    the.live[SIMT_STREAM]++;
    return cudaSuccess;
}

/* What is on it still runs. */
cudaError_t cudaStreamDestroy(cudaStream_t stream)
{
    const api_call call;
    CUstream_st *found = stream ? find_stream(stream) : nullptr;
    if (!found) return give(cudaErrorInvalidResourceHandle);
    if (found->capture) leave_capture(found);
    close_stream(found);
    the.live[SIMT_STREAM]--;
    return call.refusal;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream)
{
    const api_call call;
    if (call.refusal != cudaSuccess) return call.refusal;
    CUstream_st *found = find_stream(stream);
    const cudaError_t error = check_stream(found, "cudaStreamSynchronize");
    if (error != cudaSuccess) return give(error);
    if (stream)
        finish_stream(found);
    else
        finish_default();
    return cudaSuccess;
}

cudaError_t cudaStreamQuery(cudaStream_t stream)
{
    const api_call call;
    if (call.refusal != cudaSuccess) return call.refusal;
    CUstream_st *found = find_stream(stream);
    const cudaError_t error = check_stream(found, "cudaStreamQuery");
    if (error != cudaSuccess) return give(error);
    run_some();
    if (!found->queue.empty()) return give(cudaErrorNotReady);
    finish_stream(found);
    return cudaSuccess;
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned int flags)
{
    const api_call call;
    if (call.refusal != cudaSuccess) return call.refusal;
    return give(wait(stream, event, flags));
}

cudaError_t cudaDeviceSynchronize(void)
{
    const api_call call;
    if (call.refusal != cudaSuccess) return call.refusal;
    if (is_capturing()) return give(refuse_in_capture("cudaDeviceSynchronize"));
    finish_all();
    return cudaSuccess;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned int flags)
{
    const api_call call;
    if (call.refusal != cudaSuccess) return call.refusal;
    if (flags & ~unsigned(cudaEventBlockingSync | cudaEventDisableTiming))
        return give(cudaErrorInvalidValue);
    if (!events) events = new std::set<cudaEvent_t>;
    *event = new CUevent_st{};
    (*event)->is_timed = !(flags & cudaEventDisableTiming);
    events->insert(*event);
    the.live[SIMT_EVENT]++;
    return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream)
{
    const api_call call;
    if (call.refusal != cudaSuccess) return call.refusal;
    return give(record(event, stream));
}

cudaError_t cudaEventQuery(cudaEvent_t event)
{
    const api_call call;
    if (call.refusal != cudaSuccess) return call.refusal;
    const cudaError_t error = check_event(event);
    if (error != cudaSuccess) return give(error);
    if (!event->last) return cudaSuccess;
    run_some();
    if (!event->last->done) return give(cudaErrorNotReady);
    finish_point(*event->last);
    return cudaSuccess;
}

cudaError_t cudaEventSynchronize(cudaEvent_t event)
{
    const api_call call;
    if (call.refusal != cudaSuccess) return call.refusal;
    const cudaError_t error = check_event(event);
    if (error != cudaSuccess) return give(error);
    if (event->last) finish_point(*event->last);
    return cudaSuccess;
}

cudaError_t cudaEventElapsedTime(float *ms, cudaEvent_t start, cudaEvent_t end)
{
    const api_call call;
    if (call.refusal != cudaSuccess) return call.refusal;
    return give(elapsed(ms, start, end));
}

cudaError_t cudaEventDestroy(cudaEvent_t event)
{
    const api_call call;
    if (!is_event(event)) return give(cudaErrorInvalidResourceHandle);
    events->erase(event);
    delete event;
    the.live[SIMT_EVENT]--;
    return call.refusal;
}
