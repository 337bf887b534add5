/* feature_plan.h -- `--features NAME[:N][,key=value,..]` as numbers.
 *
 * Layer 2 (train).  What a map is made with: its row of core/lift.def, how many units, and the keys
 * that go with it, the defaults filled in.  docs/features.md says what each key does. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_FEATURE_PLAN_H
#define LG_TRAIN_FEATURE_PLAN_H

#include "core/lift.h"
#include "data/image.h"
#include "logit.h"

enum { LG_MAP_UNITS_MAX = 1 << 20, LG_MAP_TEXT = 320 };

typedef struct lg_feature_plan {
    lg_lift_kind kind;
    int units;        /* 0: as many as there are (square) */
    int size, stride; /* of a window, in pixels */
    int grid;         /* cells in each direction */
    double threshold; /* on both sides of 0 */
    double contrast;  /* added to a window's variance, u being normalised */
    int rounds;       /* of k-means; 0: units are windows as they were drawn */
    double whiten;    /* added to the eigenvalues, as a share of their mean */
    double width;     /* rff: kernel width over the median distance; sigmoid: the deviation of
                       * F u + o; step: 1, since only its sign counts */
    double standard;  /* 1: every feature minus its mean, over its deviation; 0: as it is */
} lg_feature_plan;

/* Reads a plan.  Error: USAGE, with what was found and what is expected. */
logit_status lg_feature_plan_read(lg_feature_plan *out, const char *text, logit_error *err);

/* Holds it against what samples are: what does not go together is USAGE.  Fills in units where it
 * is 0, and *lift: the shapes of the map, without its arrays. */
logit_status lg_feature_plan_fit(lg_feature_plan *plan, lg_image_target shape, lg_lift *lift,
                                 logit_error *err);

/* The same plan in its full form, "patch:256,size=6,..": what the model file and the record say. */
void lg_feature_plan_write(const lg_feature_plan *plan, char out[LG_MAP_TEXT]);

#endif
