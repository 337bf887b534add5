/* compare_replay_shape.c -- which arrays a replay has, of what shape. */
/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "train/class_names.h"
#include "train/compare_replay.h"
#include "train/feature_map.h"

static int is_there(const lg_replay *replay, lg_replay_array array)
{
    const int states = lg_optims[replay->shape.optim].states;
    switch (array) {
    case LG_REPLAY_STATE_W0:
    case LG_REPLAY_STATE_B0:
        return states > 0;
    case LG_REPLAY_STATE_W1:
    case LG_REPLAY_STATE_B1:
        return states > 1;
    case LG_REPLAY_GW:
    case LG_REPLAY_GB:
        return !replay->first;
    case LG_REPLAY_WEIGHT:
        return replay->weighted;
    default:
        return 1;
    }
}

int64_t lg_replay_shape(const lg_replay *replay, lg_replay_array array, int64_t shape[2], int *rank)
{
    const int64_t n = replay->shape.batch, d = replay->shape.features;
    const int64_t rows = (int64_t)replay->shape.settings * replay->shape.outputs;
    const int64_t width = replay->target_width, in = lg_problem_shape_inputs(&replay->shape);
    const int64_t shapes[LG_REPLAY_ARRAYS][2] = {
        [LG_REPLAY_W] = {rows, d},        [LG_REPLAY_B] = {rows, 0},
        [LG_REPLAY_STATE_W0] = {rows, d}, [LG_REPLAY_STATE_W1] = {rows, d},
        [LG_REPLAY_STATE_B0] = {rows, 0}, [LG_REPLAY_STATE_B1] = {rows, 0},
        [LG_REPLAY_GW] = {rows, d},       [LG_REPLAY_GB] = {rows, 0},
        [LG_REPLAY_SCALE] = {in, 0},      [LG_REPLAY_SHIFT] = {in, 0},
        [LG_REPLAY_PIXELS] = {n, in},     [LG_REPLAY_TRUTH] = {n, width},
        [LG_REPLAY_WEIGHT] = {n, 0},
    };
    memcpy(shape, shapes[array], sizeof shapes[array]);
    *rank = shape[1] > 0 ? 2 : 1;
    return is_there(replay, array) ? shape[0] * (shape[1] > 0 ? shape[1] : 1) : 0;
}

void lg_replay_clear(lg_replay *replay)
{
    lg_class_names_free(replay->class_name, replay->classes);
    lg_class_names_free(replay->sample_name, (int)replay->shape.batch);
    for (int i = 0; i < LG_REPLAY_ARRAYS; i++) free(replay->array[i]);
    free(replay->scalars);
    lg_feature_map_destroy(replay->map);
    *replay = (lg_replay){0};
}
