/* events.h -- an event, and what capture makes of streams and events (graphs.cc).
 *
 * Tests (simt). */
/* SPDX-License-Identifier: MIT */
#ifndef LG_SIMT_EVENTS_H
#define LG_SIMT_EVENTS_H

#include "tests/simt/queue.h"

namespace simt
{
struct captured_event;
}

struct CUevent_st {
    bool is_timed;
    std::shared_ptr<simt::point> last;              /* the record last asked for */
    std::shared_ptr<simt::captured_event> captured; /* where that was in a capture */
};

namespace simt
{

/* The same as outside a capture, as a dependency of the graph; a stream that waits joins in. */
cudaError_t record_in_capture(cudaEvent_t event, CUstream_st *stream);
cudaError_t wait_in_capture(CUstream_st *stream, cudaEvent_t event);
void forget_captured(cudaEvent_t event);

/* Errors that spoil the capture: a wait for an event of outside; a question about a stream that
 * captures. */
cudaError_t refuse_isolated(CUstream_st *stream);
cudaError_t refuse_on_captured(CUstream_st *stream, const char *call);

/* A stream is destroyed while it captures. */
void leave_capture(CUstream_st *stream);

} // namespace simt

#endif
