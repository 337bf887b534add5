/* queue.h -- streams: work that waits for its turn, and the drawing of turns.
 *
 * Tests (simt).  An asynchronous call puts its work on a stream and returns.  Some of what waits is
 * run soon after, some only when a call has to wait for it; which, and in what order among streams,
 * is drawn from the seed, and keeps only the order of each stream and its waits for events.  What a
 * piece of work reads and writes, it does when it runs. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_SIMT_QUEUE_H
#define LG_SIMT_QUEUE_H

#include <deque>
#include <memory>
#include <vector>

#include <cuda_runtime_api.h>

#include "tests/simt/fiber.h"

namespace simt
{

struct capture;
struct replay;

/* What a stream does when its turn comes; in a graph, many times. */
struct work {
    virtual ~work() = default;
    virtual void run() const = 0;
};

/* A recorded event: done once everything before it on its stream is. */
struct point {
    CUstream_st *stream;
    bool done;
    double seconds; /* when it was done */
};

/* One entry of a stream: work, or a graph, or a mark, or a wait. */
struct item {
    std::shared_ptr<const work> what;
    std::shared_ptr<replay> graph;
    std::shared_ptr<point> marks, awaits;
    std::shared_ptr<token> handover; /* the host's calls before it */
};

} // namespace simt

struct CUstream_st {
    bool blocks_default; /* ordered with the default stream */
    bool is_closed;      /* destroyed, but with work to do */
    std::deque<simt::item> queue;
    std::shared_ptr<simt::capture> capture; /* that this stream has part in */
    void *identity;                         /* for ThreadSanitizer */
};

namespace simt
{

CUstream_st *open_stream(bool blocks_default);
void close_stream(CUstream_st *stream);

/* The stream, the default one for NULL; NULL if it has been destroyed or never was one. */
CUstream_st *find_stream(cudaStream_t stream);

/* Puts an entry on a stream, or into the graph that it captures. */
cudaError_t put(cudaStream_t stream, item entry);
cudaError_t put(cudaStream_t stream, std::shared_ptr<const work> what);

/* Runs what is needed, and perhaps more. */
void finish_stream(CUstream_st *stream);
void finish_point(const point &which);
void finish_default();
void finish_all();

/* Perhaps runs something: for those who ask whether it is done. */
void run_some();

/* graphs.cc: whether this thread captures, in a mode that forbids calls such as cudaMalloc; and the
 * error of such a call, which spoils the captures. */
bool is_capturing();
cudaError_t refuse_in_capture(const char *call);

/* graphs.cc: adds an entry to what a stream captures. */
cudaError_t add_to_capture(CUstream_st *stream, const item &entry);

/* graphs.cc: runs one more node of a graph; whether it was the last. */
bool run_node(replay &graph);

} // namespace simt

#endif
