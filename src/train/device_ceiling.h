/* device_ceiling.h -- what a GPU can do at most, measured on it.
 *
 * Layer 2 (train). */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_DEVICE_CEILING_H
#define LG_TRAIN_DEVICE_CEILING_H

#include <stddef.h>

#include "core/backend.h"

typedef struct lg_device_ceiling {
    double copy;                    /* device to device: bytes read and written, a second */
    double pinned, pageable;        /* host to device: bytes a second */
    double fma[LG_PRECISION_COUNT]; /* multiply-adds a second in a large product; 0: unknown */
    double launch, node; /* seconds: an empty kernel from the host; one in a recorded chain */
} lg_device_ceiling;

/* How much is moved and multiplied for it. */
enum { LG_CEILING_SIZES = 2 };
typedef struct lg_device_sizes {
    size_t copy[LG_CEILING_SIZES], host; /* bytes */
    int matmul[LG_CEILING_SIZES];        /* edge of a square matrix */
    int chain;                           /* empty kernels one after the other */
} lg_device_sizes;
extern const lg_device_sizes lg_device_sizes_full;

struct lg_bench;

/* Fills in bench->device and reports its lines as they come.  The backend has core/probe.h.  Lines
 * for which there is no room are left out, but for the copy.  Errors: NOMEM, DEVICE. */
logit_status lg_device_ceiling_measure(struct lg_bench *bench, lg_backend *backend,
                                       const lg_device_sizes *sizes, logit_error *err);

#endif
