/* graphs.cc -- capture of streams into a graph, and its replay.
 *
 * Tests (simt).  A captured call becomes a node that depends on the nodes before it on its stream
 * and on those before the events its stream waits for.  A launch runs the nodes in an order drawn
 * anew, which keeps the dependencies and nothing else, and other streams' work in between. */
/* SPDX-License-Identifier: MIT */
#include "tests/simt/events.h"

#include <algorithm>
#include <map>
#include <pthread.h>
#include <set>

#include "tests/simt/machine.h"
#include "tests/simt/words.h"

namespace simt
{
namespace
{

typedef std::set<size_t> node_set;

struct node {
    std::shared_ptr<const work> what;
    node_set after; /* the nodes it waits for; all lower */
};

} // namespace

struct node_list {
    std::vector<node> nodes;
};
} // namespace simt

struct CUgraph_st {
    std::shared_ptr<simt::node_list> list;
};

struct CUgraphExec_st {
    std::shared_ptr<const simt::node_list> list;
};

namespace simt
{

/* A capture on its way.  Each stream in it has the nodes that its next one is to wait for. */
struct capture {
    CUstream_st *origin;
    cudaStreamCaptureMode mode;
    pthread_t thread;
    bool is_spoilt, is_over;
    std::shared_ptr<node_list> list;
    std::map<CUstream_st *, node_set> streams;
};

struct captured_event {
    std::shared_ptr<capture> of;
    node_set after;
};

/* A graph that was launched: per node how many others it waits for. */
struct replay {
    std::shared_ptr<const node_list> list;
    std::vector<size_t> waits, ready; /* all room is there from the start */
    size_t left;
};

namespace
{

std::set<std::shared_ptr<capture>> *captures; /* that are on their way */
std::set<cudaGraph_t> *graphs;
std::set<cudaGraphExec_t> *execs;

template <typename T> std::set<T> &made(std::set<T> *&of)
{
    if (!of) of = new std::set<T>;
    return *of;
}

bool forbids_calls(const capture &of)
{
    if (of.mode == cudaStreamCaptureModeGlobal) return true;
    return of.mode == cudaStreamCaptureModeThreadLocal && pthread_equal(of.thread, pthread_self());
}

void end(const std::shared_ptr<capture> &of)
{
    of->is_over = true;
    for (auto &entry : of->streams) entry.first->capture = nullptr;
    captures->erase(of);
}

/* Every node that the given ones wait for, themselves included. */
node_set with_ancestors(const node_list &list, node_set of)
{
    for (size_t i = list.nodes.size(); i-- > 0;)
        if (of.count(i)) of.insert(list.nodes[i].after.begin(), list.nodes[i].after.end());
    return of;
}

/* Whether the origin waits for all that the other streams did. */
bool is_joined(const capture &of)
{
    const node_set seen = with_ancestors(*of.list, of.streams.at(of.origin));
    for (const auto &entry : of.streams)
        if (!std::includes(seen.begin(), seen.end(), entry.second.begin(), entry.second.end()))
            return false;
    return true;
}

cudaError_t begin_capture(CUstream_st *stream, cudaStream_t named, cudaStreamCaptureMode mode)
{
    if (!stream) return cudaErrorInvalidResourceHandle;
    if (!named) return cudaErrorStreamCaptureUnsupported; /* the default stream cannot */
    if (stream->capture) return cudaErrorIllegalState;
    const auto begun = std::make_shared<capture>();
    begun->origin = stream;
    begun->mode = mode;
    begun->thread = pthread_self();
    begun->list = std::make_shared<node_list>();
    begun->streams[stream] = {};
    stream->capture = begun;
    made(captures).insert(begun);
    return cudaSuccess;
}

cudaError_t end_capture(CUstream_st *stream, cudaGraph_t *graph)
{
    *graph = nullptr;
    if (!stream) return cudaErrorInvalidResourceHandle;
    const std::shared_ptr<capture> of = stream->capture;
    if (!of) return cudaErrorIllegalState;
    if (of->origin != stream) return cudaErrorStreamCaptureUnmatched;
    if (of->mode != cudaStreamCaptureModeRelaxed && !pthread_equal(of->thread, pthread_self()))
        return cudaErrorStreamCaptureWrongThread;
    end(of);
    if (of->is_spoilt) return cudaErrorStreamCaptureInvalidated;
    if (!is_joined(*of)) return cudaErrorStreamCaptureUnjoined;
    *graph = new CUgraph_st{of->list};
    made(graphs).insert(*graph);
    the.live[SIMT_GRAPH]++;
    return cudaSuccess;
}

std::shared_ptr<replay> start_replay(const std::shared_ptr<const node_list> &list)
{
    const auto started = std::make_shared<replay>();
    started->list = list;
    started->left = list->nodes.size();
    started->ready.reserve(started->left);
    for (size_t i = 0; i < list->nodes.size(); i++) {
        started->waits.push_back(list->nodes[i].after.size());
        if (started->waits[i] == 0) started->ready.push_back(i);
    }
    return started;
}

cudaError_t launch_graph(cudaGraphExec_t exec, cudaStream_t stream)
{
    if (!made(execs).count(exec)) return cudaErrorInvalidValue;
    if (exec->list->nodes.empty()) return cudaSuccess;
    item entry;
    entry.graph = start_replay(exec->list);
    return put(stream, entry);
}

} // namespace

bool is_capturing()
{
    for (const auto &of : made(captures))
        if (forbids_calls(*of)) return true;
    return false;
}

cudaError_t refuse_in_capture(const char *call)
{
    complain("%s while a stream captures spoils the capture", call);
    for (const auto &of : made(captures))
        if (forbids_calls(*of)) of->is_spoilt = true;
    return cudaErrorStreamCaptureUnsupported;
}

cudaError_t add_to_capture(CUstream_st *stream, const item &entry)
{
    capture &of = *stream->capture;
    if (of.is_spoilt) return cudaErrorStreamCaptureInvalidated;
    if (!entry.what) return cudaErrorNotSupported; /* a graph in a graph */
    node_set &after = of.streams[stream];
    of.list->nodes.push_back({entry.what, after});
    after = {of.list->nodes.size() - 1};
    return cudaSuccess;
}

bool run_node(replay &graph)
{
    const size_t place = the.queue_dice.below(uint32_t(graph.ready.size()));
    const size_t number = graph.ready[place];
    graph.ready[place] = graph.ready.back();
    graph.ready.pop_back();
    graph.list->nodes[number].what->run();
    for (size_t i = number + 1; i < graph.list->nodes.size(); i++)
        if (graph.list->nodes[i].after.count(number) && --graph.waits[i] == 0)
            graph.ready.push_back(i);
    return --graph.left == 0;
}

cudaError_t record_in_capture(cudaEvent_t event, CUstream_st *stream)
{
    if (stream->capture->is_spoilt) return cudaErrorStreamCaptureInvalidated;
    event->captured = std::make_shared<captured_event>(
        captured_event{stream->capture, stream->capture->streams[stream]});
    event->last = nullptr;
    return cudaSuccess;
}

cudaError_t wait_in_capture(CUstream_st *stream, cudaEvent_t event)
{
    const std::shared_ptr<capture> of = event->captured->of;
    if (of->is_over) return cudaErrorCapturedEvent;
    if (of->is_spoilt) return cudaErrorStreamCaptureInvalidated;
    if (stream == find_stream(nullptr)) return cudaErrorStreamCaptureImplicit;
    if (stream->capture && stream->capture != of) {
        of->is_spoilt = stream->capture->is_spoilt = true;
        return cudaErrorStreamCaptureMerge;
    }
    stream->capture = of;
    of->streams[stream].insert(event->captured->after.begin(), event->captured->after.end());
    return cudaSuccess;
}

void forget_captured(cudaEvent_t event)
{
    event->captured = nullptr;
}

cudaError_t refuse_isolated(CUstream_st *stream)
{
    complain("a stream that captures waits for an event of outside the capture");
    stream->capture->is_spoilt = true;
    return cudaErrorStreamCaptureIsolation;
}

cudaError_t refuse_on_captured(CUstream_st *stream, const char *call)
{
    complain("%s of a stream that captures spoils the capture", call);
    stream->capture->is_spoilt = true;
    return cudaErrorStreamCaptureUnsupported;
}

void leave_capture(CUstream_st *stream)
{
    const std::shared_ptr<capture> of = stream->capture;
    of->is_spoilt = true;
    stream->capture = nullptr;
    of->streams.erase(stream);
    if (of->origin == stream) end(of);
}

} // namespace simt

using namespace simt;

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, enum cudaStreamCaptureMode mode)
{
    const api_call call;
    if (call.refusal != cudaSuccess) return call.refusal;
    return give(begin_capture(find_stream(stream), stream, mode));
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *graph)
{
    const api_call call;
    *graph = nullptr;
    if (call.refusal != cudaSuccess) { /* what was captured is gone, as with a free that fails */
        CUstream_st *found = find_stream(stream);
        if (found && found->capture) leave_capture(found);
        return call.refusal;
    }
    return give(end_capture(find_stream(stream), graph));
}

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, enum cudaStreamCaptureStatus *status)
{
    const api_call call;
    if (call.refusal != cudaSuccess) return call.refusal;
    const CUstream_st *found = find_stream(stream);
    if (!found) return give(cudaErrorInvalidResourceHandle);
    *status = cudaStreamCaptureStatusNone;
    if (found->capture)
        *status = found->capture->is_spoilt ? cudaStreamCaptureStatusInvalidated
                                            : cudaStreamCaptureStatusActive;
    return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t *exec, cudaGraph_t graph, unsigned long long flags)
{
    const api_call call;
    *exec = nullptr;
    if (call.refusal != cudaSuccess) return call.refusal;
    if (flags != 0 || !made(graphs).count(graph)) return give(cudaErrorInvalidValue);
    *exec = new CUgraphExec_st{graph->list};
    made(execs).insert(*exec);
    the.live[SIMT_GRAPH_EXEC]++;
    return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream)
{
    const api_call call;
    if (call.refusal != cudaSuccess) return call.refusal;
    return give(launch_graph(exec, stream));
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec)
{
    const api_call call;
    if (!made(execs).erase(exec)) return give(cudaErrorInvalidValue);
    delete exec;
    the.live[SIMT_GRAPH_EXEC]--;
    return call.refusal;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph)
{
    const api_call call;
    if (!made(graphs).erase(graph)) return give(cudaErrorInvalidValue);
    delete graph;
    the.live[SIMT_GRAPH]--;
    return call.refusal;
}
