/* backend.h -- what computes: the operations of a training step, on whatever device.
 *
 * Layer 1 (core).  One training step reads as the mathematics:
 *
 *     pixels     x  <- (v - mean) / std               [n][d]      v: the batch's bytes / 255, or
 *                                                                 its 16- or 32-bit floats
 *     features   x  <- map(u)                        [n][d]      where there is a feature map: then
 *                                                                 pixels gives u [n][in]
 *     logits     z  <- x W^T + b                      [n][s*k]
 *     loss       l  <- loss(z),  z <- dz in place     [n][s], [n][s*k];   gb <- column sums of dz
 *     gradient   gw <- dz^T x                         [s*k][d]
 *     update     W, b <- optimiser(W, gw), (b, gb)
 *
 * and `sum` adds the losses of the batch to the running totals.  Every op takes the same lg_step,
 * so that each can be run, and tested, alone.  `step`, where a backend offers it, does all at once
 * for the shapes it is faster for, with the same bits; it knows no feature maps.
 *
 * Letters: n rows of the batch, d features, k outputs per setting, s settings.  All settings are
 * trained at once: W is [s*k][d], and columns t*k .. t*k+k-1 of z belong to setting t.
 *
 * Memory.  Pointers in lg_step marked "device" come from the backend's own alloc.  On the CPU that
 * is host memory, and callers must not rely on it.  The number type of x, W, b, z, gradients and
 * optimiser states is the backend's: float, or double for `ref` (real_bytes says which).
 *
 * Order.  Calls on LG_QUEUE_COMPUTE happen in order; so do those on LG_QUEUE_COPY; between the two
 * only events order anything.  A backend without queues does everything at once.
 *
 * A loss that is not finite.  The loss op then gives that setting z = 0 for the whole batch, so
 * that its gradient is zero, and `sum` latches the step and the row in lg_total.  A whole step that
 * adds to gw (gradient_only) may leave there what is of no use to that setting any more.
 *
 * Determinism.  Same inputs, same bits, for every number of threads.  Each output is summed in an
 * order that does not depend on its neighbours: setting t of s equals the same setting alone. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CORE_BACKEND_H
#define LG_CORE_BACKEND_H

#include <stddef.h>
#include <stdint.h>

#include "base/element.h"
#include "core/lift.h"
#include "core/loss.h"
#include "core/optim.h"
#include "core/precision.h"
#include "logit.h"

typedef struct lg_backend lg_backend;
typedef struct lg_event lg_event;
typedef struct lg_graph lg_graph;
typedef struct lg_probe_ops lg_probe_ops; /* core/probe.h */

typedef enum lg_queue { LG_QUEUE_COMPUTE, LG_QUEUE_COPY } lg_queue;

/* One minibatch.  Everything is in device memory.  Sample i of the batch is row r = row[i] of the
 * arrays below, or r = i where row is NULL: a resident set is gathered in place, a streamed batch
 * lies in its slot.  Exactly one of label and target is set.  Samples are aligned to their
 * elements. */
typedef struct lg_batch {
    int64_t count;         /* n */
    const int32_t *row;    /* [n] or NULL */
    lg_element element;    /* of pixels */
    const uint8_t *pixels; /* [*][d] elements, row-major H, W, C */
    const int32_t *label;  /* [*] class, 0 <= label < classes (checked by the loader) */
    const float *target;   /* [*][k] soft or numeric targets */
    const float *weight;   /* [*] sample weight, class weight included; NULL: all 1 */
} lg_batch;

/* Running totals of one setting, on the device. */
typedef struct lg_total {
    double loss;      /* sum of w_i l_i */
    int64_t bad_step; /* lowest step with a loss that is not finite, or -1 */
    int64_t bad_row;  /* its lowest row in the batch */
} lg_total;

/* A step: the shapes, the batch, and where everything lies.  All pointers are device memory and
 * are borrowed.  Ops read and write what the header comment says and nothing else. */
typedef struct lg_step {
    /* shapes */
    int64_t features; /* d */
    int outputs;      /* k */
    int settings;     /* s */
    /* what */
    lg_loss loss;
    lg_optim optim;
    int nesterov;
    int momentum;      /* 1 if any setting's momentum is not 0: the host may not see the scalars.  A
                        * backend that reads them itself need not look at this */
    int keep_logits;   /* loss leaves z alone and does not touch gb: evaluation */
    int accumulate;    /* gradient and loss add to gw and gb instead of replacing them */
    int gradient_only; /* a whole step leaves the update out: gw and gb are what is wanted */
    int64_t number;    /* of this step, for lg_total.bad_step, ... */
    const int64_t *before; /* ... counted from *before, in device memory; NULL: from 0 */
    lg_batch batch;
    const lg_scalars *scalars;  /* [s] */
    const float *scale, *shift; /* [d]: x = scale e + shift, e the element as it is stored; scale
                                 * = 1/(255 std) for bytes, 1/std for floats; shift = -mean/std.
                                 * With a map: [in], and u in place of x */
    const lg_lift *lift;        /* the feature map, or NULL */
    /* where */
    void *u;                        /* [n][in], with a map */
    void *x;                        /* [n][d] */
    void *w, *b;                    /* [s*k][d], [s*k] */
    void *z;                        /* [n][s*k] */
    void *row_loss;                 /* [n][s], in nats, unweighted */
    void *gw, *gb;                  /* [s*k][d], [s*k] */
    void *state_w[LG_OPTIM_STATES]; /* [s*k][d] each, zero at the start */
    void *state_b[LG_OPTIM_STATES]; /* [s*k] */
    lg_total *total;                /* [s] */
} lg_step;

/* Rows that stay on the device, and a slot with the rows of a batch, `bytes` each.  Row i < fresh
 * of the slot came from the host: it is copied to row place[i] of kept, unless that is -1.  Row i
 * >= fresh is copied from there.  All places are different. */
typedef struct lg_rows {
    void *slot;           /* [count][bytes] */
    void *kept;           /* [*][bytes] */
    const int32_t *place; /* [count] */
    int64_t fresh, count;
    size_t bytes;
} lg_rows;

typedef struct lg_backend_options {
    int threads;            /* >= 1 */
    int spin;               /* idle threads spin between ops: for steps of microseconds */
    lg_precision precision; /* of the matmuls; the processor and `ref` know F32 alone */
    char *note;             /* why "auto" took what it took ("" if there is nothing to say); */
    size_t note_size;       /* may be NULL, 0 */
} lg_backend_options;

/* Where a fused step adds the gradient of W. */
typedef enum lg_fold {
    LG_FOLD_NONE,    /* gw holds it */
    LG_FOLD_WEIGHTS, /* w <- (1 - lr decay - lr l2) w - lr g */
    LG_FOLD_VELOCITY /* state_w[0] <- mu v + g (+ l2 w), and w follows */
} lg_fold;

/* The operations.  An op that cannot fail on a backend returns LOGIT_OK there; device faults are
 * final (LOGIT_E_DEVICE): close the backend. */
typedef struct lg_backend_ops {
    const char *name;
    int real_bytes; /* 4: float, 8: double */
    int unified;    /* 1: ops read host memory as it is, so nothing needs an upload */

    void (*close)(lg_backend *backend);
    /* One line for people: "2 threads, avx512, OpenBLAS 0.3.21 SkylakeX". */
    void (*describe)(const lg_backend *backend, char *text, size_t size);

    /* Memory.  Contents of fresh memory are undefined.  host: page-locked where that matters. */
    logit_status (*alloc)(lg_backend *backend, void **out, size_t bytes, logit_error *err);
    void (*free)(lg_backend *backend, void *memory);
    logit_status (*alloc_host)(lg_backend *backend, void **out, size_t bytes, logit_error *err);
    void (*free_host)(lg_backend *backend, void *memory);

    /* Copies, in the order of `queue`; they may return before the copy is done. */
    logit_status (*upload)(lg_backend *backend, lg_queue queue, void *device, const void *host,
                           size_t bytes, logit_error *err);
    logit_status (*download)(lg_backend *backend, lg_queue queue, void *host, const void *device,
                             size_t bytes, logit_error *err);
    logit_status (*zero)(lg_backend *backend, lg_queue queue, void *device, size_t bytes,
                         logit_error *err);

    /* Events: record marks a point in a queue; wait makes a queue wait for it; sync the host. */
    logit_status (*event_create)(lg_backend *backend, lg_event **out, logit_error *err);
    void (*event_destroy)(lg_backend *backend, lg_event *event);
    logit_status (*event_record)(lg_backend *backend, lg_event *event, lg_queue queue,
                                 logit_error *err);
    logit_status (*event_wait)(lg_backend *backend, lg_event *event, lg_queue queue,
                               logit_error *err);
    logit_status (*event_sync)(lg_backend *backend, lg_event *event, logit_error *err);
    logit_status (*sync)(lg_backend *backend, logit_error *err); /* all queues */

    /* The parts of a step, on LG_QUEUE_COMPUTE.  pixels fills in x, and is not told of a map: see
     * lg_backend_inputs.  features wants one. */
    logit_status (*pixels)(lg_backend *backend, const lg_step *step, logit_error *err);
    logit_status (*features)(lg_backend *backend, const lg_step *step, logit_error *err);
    logit_status (*logits)(lg_backend *backend, const lg_step *step, logit_error *err);
    logit_status (*loss)(lg_backend *backend, const lg_step *step, logit_error *err);
    logit_status (*gradient)(lg_backend *backend, const lg_step *step, logit_error *err);
    logit_status (*update)(lg_backend *backend, const lg_step *step, logit_error *err);
    logit_status (*sum)(lg_backend *backend, const lg_step *step, logit_error *err);

    /* Optional (NULL): 1 if `step` is offered, and faster, for this shape; and the step itself:
     * pixels, logits, loss, sum, gradient, update, with the same bits as one after the other
     * unless `folds` says where the gradient goes without being rounded first (an lg_fold; then gw
     * is not written, and with LG_FOLD_WEIGHTS gb carries the learning rate).  step->x may be NULL
     * where the backend is unified. */
    int (*fuses)(const lg_backend *backend, const lg_step *step);
    lg_fold (*folds)(const lg_backend *backend, const lg_step *step);
    logit_status (*step)(lg_backend *backend, const lg_step *step, logit_error *err);

    /* Optional (NULL): what is queued on LG_QUEUE_COMPUTE between begin and end is recorded and not
     * done (nothing may be allocated meanwhile); replay queues all of it, with the same pointers.
     * end is called also where something failed in between: *out is then of no use. */
    logit_status (*graph_begin)(lg_backend *backend, logit_error *err);
    logit_status (*graph_end)(lg_backend *backend, lg_graph **out, logit_error *err);
    logit_status (*graph_replay)(lg_backend *backend, lg_graph *graph, logit_error *err);
    void (*graph_destroy)(lg_backend *backend, lg_graph *graph);

    const lg_probe_ops *probe; /* optional (NULL): for measuring the device */

    /* Optional (NULL: nothing to ask or to do).  memory: bytes of the device, and those that nobody
     * has.  prepare: room for what steps of this shape need beside the arrays that they name, for
     * at most batch.count rows; otherwise it is made by the first of them.  rows, on
     * LG_QUEUE_COMPUTE: a set that stays on the device in part, or is about to. */
    logit_status (*memory)(lg_backend *backend, size_t *free_bytes, size_t *total_bytes,
                           logit_error *err);
    logit_status (*prepare)(lg_backend *backend, const lg_step *step, logit_error *err);
    logit_status (*rows)(lg_backend *backend, const lg_rows *rows, logit_error *err);
} lg_backend_ops;

struct lg_backend {
    const lg_backend_ops *ops;
};

/* Device names, for help: row i of the table, or NULL. */
const char *lg_device_name(int i);

/* Opens "cpu", "ref" or, where the plug-in is there, "cuda[:N]".  "auto" takes cuda if a device is
 * usable, else cpu, and says why in options->note.  "simt[:N]", the stand-in of tests/simt, opens
 * where its plug-in is, and is not in the list of names.  Errors: USAGE (no such name; a precision
 * that the device has not), DEVICE, NOMEM. */
logit_status lg_backend_open(lg_backend **out, const char *device,
                             const lg_backend_options *options, logit_error *err);
void lg_backend_close(lg_backend *backend);

/* The number of a step, for a backend that reads the memory it is in. */
static inline int64_t lg_step_number(const lg_step *step)
{
    return step->number + (step->before ? *step->before : 0);
}

/* u of a batch where there is a map, x where there is none. */
logit_status lg_backend_pixels(lg_backend *backend, const lg_step *step, logit_error *err);
/* x of u; nothing where there is no map.  Error: USAGE (a device that has none). */
logit_status lg_backend_features(lg_backend *backend, const lg_step *step, logit_error *err);
/* x of a batch: both. */
logit_status lg_backend_inputs(lg_backend *backend, const lg_step *step, logit_error *err);
/* 1 if a whole step is done at once. */
int lg_backend_fuses(const lg_backend *backend, const lg_step *step);

/* inputs, logits, loss, sum, gradient and, unless only the gradient is wanted, update; fused where
 * the backend says so. */
logit_status lg_backend_train_step(lg_backend *backend, const lg_step *step, logit_error *err);

/* Copies of numbers between a float32 array and the backend's own number type; wait until done. */
logit_status lg_backend_put(lg_backend *backend, void *device, const float *from, int64_t count,
                            logit_error *err);
logit_status lg_backend_get(lg_backend *backend, float *to, const void *device, int64_t count,
                            logit_error *err);
logit_status lg_backend_get_double(lg_backend *backend, double *to, const void *device,
                                   int64_t count, logit_error *err);

#endif
