/* problem.h -- drawn inputs for a rig, and the devices to run it on.
 *
 * Tests.  Everything drawn is a function of its stream and index alone, is exact in float, and so
 * is the same to every backend. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TESTS_PROBLEM_H
#define LG_TESTS_PROBLEM_H

#include "tests/rig.h"

/* Opens the next device, from row *row on, that can be opened here: those of the table but "auto",
 * then "simt" where its plug-in is; NULL at the end.  Start with *row = 0.  problem_device opens
 * one by name, and fails the test if it cannot. */
lg_backend *problem_next_device(int *row, int threads);
lg_backend *problem_device(const char *name, int threads);

/* Fills an array of the backend with numbers of a stream. */
void problem_fill(rig *r, rig_array array, uint32_t stream, double low, double high);

/* The whole array, for free(). */
double *problem_get(rig *r, rig_array array);

typedef struct problem_truth {
    lg_loss loss;
    int soft;     /* k soft targets a sample, not a class */
    int weighted; /* sample weights 1/4 .. 2, not 1 */
} problem_truth;

/* The classes (all of them occur, as far as rows go) or targets, and the weights, of the set. */
void problem_tell(rig *r, problem_truth truth);

/* Classes that k outputs tell apart. */
int problem_classes(lg_loss loss, int k);

/* Numbers of a step with everything switched on, otherwise for each setting t. */
lg_scalars problem_scalars(int t);
/* Gives problem_scalars(0 .. s-1), with this scale. */
void problem_give_scalars(rig *r, double scale);

/* A few outputs; more than a vector of them; a few with more rows and features than a block; so
 * many that a float32 backend may take a BLAS.  Neither n nor d is a multiple of any vector. */
enum { PROBLEM_SHAPES = 4 };
extern const rig_shape problem_shapes[PROBLEM_SHAPES];

/* Inputs and numbers for one step by sgd: x from stream 21, W from 22, b from 23, all within 1,
 * and problem_scalars with scale 1/16. */
void problem_prepare(rig *r, problem_truth truth);

/* logits, loss, sum, gradient, update; problem_step has pixels in front. */
void problem_parts(rig *r);
void problem_step(rig *r);

#endif
