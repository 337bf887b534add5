/* compare_replay.h -- the minibatch of a comparison in which something was found, as a file.
 *
 * Layer 2 (train).  safetensors: everything that the minibatch starts from, as float32 (weights,
 * biases, states of the optimiser, sums of gradients where it is not the first of its step, pixels
 * as numbers 0 .. 255 or features, labels or targets, sample weights, scale and shift of the
 * pixels, the feature map as in a model), and as metadata shapes, names, scalars (hexadecimal, so
 * that no bit is lost), devices, step and stage. A replay owns what it points at. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_COMPARE_REPLAY_H
#define LG_TRAIN_COMPARE_REPLAY_H

#include "train/compare_party.h"

typedef enum lg_replay_array {
    LG_REPLAY_W,
    LG_REPLAY_B,
    LG_REPLAY_STATE_W0,
    LG_REPLAY_STATE_W1,
    LG_REPLAY_STATE_B0,
    LG_REPLAY_STATE_B1,
    LG_REPLAY_GW, /* these two where !first */
    LG_REPLAY_GB,
    LG_REPLAY_SCALE,
    LG_REPLAY_SHIFT,
    LG_REPLAY_PIXELS,
    LG_REPLAY_TRUTH,  /* labels, or targets where target_width > 0 */
    LG_REPLAY_WEIGHT, /* where weighted */
    LG_REPLAY_ARRAYS
} lg_replay_array;

typedef struct lg_replay {
    lg_problem_shape shape;     /* batch: rows of this one */
    struct lg_feature_map *map; /* of shape.lift, or NULL */
    lg_image_target image;
    int classes, target_width, weighted;
    int first, last; /* of its step */
    int64_t step;    /* from 1 */
    char stage[16], device[2][24];
    lg_precision precision;
    char **class_name;   /* [classes] */
    char **sample_name;  /* [batch] "ROW NAME", or NULL: too long for the file */
    lg_scalars *scalars; /* [settings] */
    float *array[LG_REPLAY_ARRAYS];
} lg_replay;

/* The size of an array, 0 where a replay of this kind has none; shape[2] with its rank. */
int64_t lg_replay_shape(const lg_replay *replay, lg_replay_array array, int64_t shape[2],
                        int *rank);

/* Errors: IO, NOMEM, DATA (names too long). */
logit_status lg_replay_save(const lg_replay *replay, const char *path, logit_error *err);
/* Checks everything: shapes, counts, ranges, finite numbers.  Errors: IO, NOMEM, DATA (names the
 * place in the file). */
logit_status lg_replay_load(lg_replay *replay, const char *path, logit_error *err);
void lg_replay_clear(lg_replay *replay);

#endif
