/* rig.h -- one training step laid out on any backend, every array between guards.
 *
 * Tests.  A rig owns a backend and all the arrays that lg_step names.  Numbers go in and come out
 * as doubles, whatever the backend computes in.  Fresh arrays, and 256 bytes on either side of
 * each, hold 0xFF: a NaN in float and in double, so that what is read without having been written
 * shows in the results.  rig_run runs one op and then looks at every byte of every array: an op
 * that touched a guard, or an array that is not its own to write, fails the test.
 *
 * Failures end the test (Check). */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TESTS_RIG_H
#define LG_TESTS_RIG_H

#include <stdint.h>

#include "core/backend.h"

typedef enum rig_array {
    /* inputs, as they lie in memory */
    RIG_PIXELS,  /* elements [rows][d] */
    RIG_ROW,     /* int32_t  [n] */
    RIG_LABEL,   /* int32_t  [rows] */
    RIG_TARGET,  /* float    [rows][k] */
    RIG_WEIGHT,  /* float    [rows] */
    RIG_SCALE,   /* float    [d] */
    RIG_SHIFT,   /* float    [d] */
    RIG_SCALARS, /* lg_scalars [s] */
    RIG_TOTAL,   /* lg_total   [s] */
    /* the backend's numbers */
    RIG_X,        /* [n][d] */
    RIG_W,        /* [s*k][d] */
    RIG_B,        /* [s*k] */
    RIG_Z,        /* [n][s*k] */
    RIG_ROW_LOSS, /* [n][s] */
    RIG_GW,       /* [s*k][d] */
    RIG_GB,       /* [s*k] */
    RIG_STATE_W0, /* [s*k][d] */
    RIG_STATE_W1,
    RIG_STATE_B0, /* [s*k] */
    RIG_STATE_B1,
    RIG_ARRAYS
} rig_array;

typedef enum rig_op {
    RIG_OP_PIXELS,
    RIG_OP_LOGITS,
    RIG_OP_LOSS,
    RIG_OP_GRADIENT,
    RIG_OP_UPDATE,
    RIG_OP_SUM,
    RIG_OP_STEP /* all of them: lg_backend_train_step, fused where the backend says so */
} rig_op;

typedef struct rig_shape {
    int64_t n, d;
    int k, s;
    int64_t rows; /* samples in the set; 0: n */
    lg_element element;
} rig_shape;

typedef struct rig {
    lg_backend *backend;
    rig_shape shape;
    lg_step step; /* pointers to RIG_PIXELS .. RIG_WEIGHT are NULL until they are given */
    struct rig_place {
        uint8_t *memory; /* of the backend: guard, array, guard */
        uint8_t *before; /* what it held before the op */
        size_t bytes;    /* of the array alone */
    } place[RIG_ARRAYS];
} rig;

/* Takes over the backend.  Scalars are rig_scalars(), totals empty, states zero, the rest NaN. */
void rig_open(rig *r, lg_backend *backend, rig_shape shape);
void rig_close(rig *r);

/* One setting that changes nothing: lr 1, scale 1, everything else off; adam as usual. */
lg_scalars rig_scalars(void);

/* Numbers in an array of the backend's type, in all. */
int64_t rig_count(const rig *r, rig_array array);

/* Inputs: uploads the whole array; NULL takes RIG_ROW .. RIG_WEIGHT out of the batch.  Scalars say
 * whether there is momentum (lg_step.momentum), too. */
void rig_give(rig *r, rig_array array, const void *data);
/* Backend numbers: rounds them to its type.  Get: to double, exactly. */
void rig_put(rig *r, rig_array array, const double *from);
void rig_get(rig *r, rig_array array, double *to);
void rig_get_totals(rig *r, lg_total *to); /* [s] */

/* Runs the op, waits, and looks for what should not have changed. */
void rig_run(rig *r, rig_op op);

/* Test numbers: number `index` of stream `stream`, uniform in [low, high), rounded to float. */
double rig_uniform(uint32_t stream, uint64_t index, double low, double high);
/* count of them */
void rig_fill(double *out, int64_t count, uint32_t stream, double low, double high);
/* malloc that fails the test instead of returning NULL, for count doubles. */
double *rig_doubles(int64_t count);

#endif
