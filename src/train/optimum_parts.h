/* optimum_parts.h -- what the files of the way to the optimum share; nobody else includes this.
 *
 * Layer 2 (train).  optimum.c goes there, optimum_result.c tells how it went and keeps where it
 * stands. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_OPTIMUM_PARTS_H
#define LG_TRAIN_OPTIMUM_PARTS_H

#include "train/optimum.h"

struct lg_optimum {
    lg_vectors *vectors;
    lg_lbfgs **of; /* [searches] */
    int *moved;    /* [settings]: in the last pass */
    int settings, searches;
    int64_t weights, biases; /* of one */
    /* a path: one search goes from setting to setting */
    int is_path;
    int at;                  /* the setting it is at; `settings` at the end */
    int last;                /* the one that the last pass was for */
    lg_lbfgs_figures *ended; /* [settings], of those before `at` */
};

/* Whose search it is: on a path there is one. */
static inline lg_lbfgs *lg_optimum_search(const lg_optimum *o, int s)
{
    return o->of[o->is_path ? 0 : s];
}

static inline const lg_lbfgs_figures *lg_optimum_figures(const lg_optimum *o, int s)
{
    return o->is_path && s < o->at ? &o->ended[s] : lg_lbfgs_describe(lg_optimum_search(o, s));
}

#endif
