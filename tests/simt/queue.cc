/* queue.cc -- see queue.h.  Tests (simt). */
/* SPDX-License-Identifier: MIT */
#include "tests/simt/queue.h"

#include <time.h>

#include "tests/simt/device_memory.h"
#include "tests/simt/fiber.h"
#include "tests/simt/machine.h"
#include "tests/simt/words.h"

namespace simt
{
namespace
{

/* Streams, the default one first; never destroyed, because destructors may still come here. */
std::vector<CUstream_st *> *streams;

/* How eager the device is, for a while. */
enum mood { LATE, SOMETIMES, MOSTLY, AT_ONCE, MOODS };
enum { MOOD_CALLS = 32 };
uint32_t mood_now, mood_left;

CUstream_st *make_stream(bool blocks_default)
{
    CUstream_st *made = new CUstream_st{};
    made->blocks_default = blocks_default;
    made->identity = new_identity();
    return made;
}

std::vector<CUstream_st *> &all()
{
    if (!streams) streams = new std::vector<CUstream_st *>{make_stream(true)};
    return *streams;
}

CUstream_st *default_stream()
{
    return all()[0];
}

double seconds_now()
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return double(now.tv_sec) + 1e-9 * double(now.tv_nsec);
}

bool can_run(const CUstream_st *stream)
{
    if (stream->queue.empty()) return false;
    const item &front = stream->queue.front();
    return !front.awaits || front.awaits->done;
}

/* The part of an entry that is done in the stream's own name.  Whether the entry is done with. */
bool perform(CUstream_st *stream, item &entry)
{
    order_acquire(entry.handover.get());
    if (entry.awaits) order_acquire(entry.awaits.get());
    if (entry.what && the.broken == cudaSuccess) entry.what->run(); /* a fault ends all work */
    const bool is_last = !entry.graph || run_node(*entry.graph);
    if (entry.marks) order_release(entry.marks.get());
    order_release(stream);
    return is_last;
}

/* What was run is dropped in the stream's name too: the host need not know that it is done. */
void run_front(CUstream_st *stream)
{
    item entry = std::move(stream->queue.front());
    void *host = current_identity();
    act_as(stream->identity);
    const bool is_done = perform(stream, entry);
    if (is_done) entry.what = nullptr;
    if (is_done) entry.graph = nullptr;
    act_as(host);
    if (entry.marks) {
        entry.marks->seconds = seconds_now();
        entry.marks->done = true;
    }
    if (is_done)
        stream->queue.pop_front();
    else
        stream->queue.front() = std::move(entry);
}

void bury_closed()
{
    std::vector<CUstream_st *> &list = all();
    for (size_t i = list.size(); i-- > 1;) {
        if (!list[i]->is_closed || !list[i]->queue.empty()) continue;
        drop_identity(list[i]->identity);
        delete list[i];
        list.erase(list.begin() + long(i));
    }
}

/* Runs the front of any stream; false where nothing can run. */
bool run_any()
{
    std::vector<CUstream_st *> able;
    for (CUstream_st *stream : all())
        if (can_run(stream)) able.push_back(stream);
    if (able.empty()) return false;
    run_front(able[the.queue_dice.below(uint32_t(able.size()))]);
    return true;
}

/* Runs what the front of this stream waits for, or the front itself. */
void run_towards(CUstream_st *stream)
{
    while (!can_run(stream)) {
        if (stream->queue.empty()) stop("a stream waits for an event that was never put on one");
        stream = stream->queue.front().awaits->stream;
    }
    run_front(stream);
}

/* Only what is needed, or whatever is drawn. */
void run_for(CUstream_st *stream, bool only_needed)
{
    if (only_needed)
        run_towards(stream);
    else if (!run_any())
        stop("streams wait for each other");
}

void run_perhaps()
{
    if (mood_left-- == 0) {
        mood_left = MOOD_CALLS;
        mood_now = the.queue_dice.below(MOODS);
    }
    const device_open open;
    if (mood_now == SOMETIMES && the.queue_dice.below(4) == 0) run_any();
    if (mood_now == MOSTLY && the.queue_dice.below(4) != 0) run_any() && run_any();
    while (mood_now == AT_ONCE && run_any()) {
    }
}

void push(CUstream_st *stream, item entry)
{
    if (has_tsan()) entry.handover = std::make_shared<token>();
    order_release(entry.handover.get());
    stream->queue.push_back(std::move(entry));
}

/* Makes `later` wait for everything that is on `earlier` now. */
void order_streams(CUstream_st *earlier, CUstream_st *later)
{
    if (earlier == later || (earlier->queue.empty() && !has_tsan())) return;
    item mark, wait;
    mark.marks = wait.awaits = std::make_shared<point>(point{earlier, false, 0});
    push(earlier, mark);
    push(later, wait);
}

/* The default stream's own order (CUDA C++ Programming Guide, implicit synchronization). */
void order_with_default(CUstream_st *stream)
{
    if (stream == default_stream()) {
        for (CUstream_st *other : all())
            if (other->blocks_default) order_streams(other, stream);
    } else if (stream->blocks_default) {
        order_streams(default_stream(), stream);
    }
}

} // namespace

CUstream_st *open_stream(bool blocks_default)
{
    all().push_back(make_stream(blocks_default));
    return all().back();
}

void close_stream(CUstream_st *stream)
{
    stream->is_closed = true;
    bury_closed();
}

CUstream_st *find_stream(cudaStream_t stream)
{
    if (!stream) return default_stream();
    for (CUstream_st *known : all())
        if (known == stream && !known->is_closed) return known;
    complain("%p is not a stream, or one that was destroyed", static_cast<void *>(stream));
    return nullptr;
}

cudaError_t put(cudaStream_t to, item entry)
{
    CUstream_st *stream = find_stream(to);
    if (!stream) return cudaErrorInvalidResourceHandle;
    if (stream->capture) return add_to_capture(stream, entry);
    if (stream == default_stream() && is_capturing()) {
        refuse_in_capture("work on the default stream");
        return cudaErrorStreamCaptureImplicit;
    }
    order_with_default(stream);
    push(stream, std::move(entry));
    run_perhaps();
    return cudaSuccess;
}

cudaError_t put(cudaStream_t stream, std::shared_ptr<const work> what)
{
    item entry;
    entry.what = std::move(what);
    return put(stream, std::move(entry));
}

void finish_stream(CUstream_st *stream)
{
    const device_open open;
    const bool only_needed = the.queue_dice.below(2);
    while (!stream->queue.empty()) run_for(stream, only_needed);
    order_acquire(stream);
    bury_closed();
}

void finish_point(const point &which)
{
    const device_open open;
    const bool only_needed = the.queue_dice.below(2);
    while (!which.done) run_for(which.stream, only_needed);
    order_acquire(&which);
    bury_closed();
}

void finish_default()
{
    const std::vector<CUstream_st *> list = all();
    for (CUstream_st *stream : list)
        if (stream->blocks_default) order_streams(stream, default_stream());
    finish_stream(default_stream());
}

void finish_all()
{
    const device_open open;
    while (run_any()) {
    }
    for (CUstream_st *stream : all()) {
        if (!stream->queue.empty()) stop("streams wait for each other");
        order_acquire(stream);
    }
    bury_closed();
}

void run_some()
{
    const device_open open;
    run_any();
    bury_closed();
}

} // namespace simt
