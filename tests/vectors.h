/* vectors.h -- logits with a known loss: what is hard about a loss, in one table.
 *
 * Tests.  Ids are S: softmax, N2: masked class, B: sigmoid with one output, M: mse.  The wanted
 * values were worked out with 400 digits and rounded to double; 88.8f and its like stand for the
 * float's value.  Soft targets are float32, which does not hold 0.3: B9 and B10 make y = 0.3 and
 * y = 0.5 by smoothing class 0 with e = 0.6 and e = 1. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TESTS_VECTORS_H
#define LG_TESTS_VECTORS_H

#include "core/loss.h"

typedef struct vector {
    const char *id;
    lg_loss loss;
    int k;
    double z[4];
    int label;
    double smoothing;
    double want; /* nats */
} vector;

enum { VECTORS = 42 };
extern const vector vectors[VECTORS];

#endif
