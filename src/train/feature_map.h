/* feature_map.h -- a feature map with the arrays that it was fitted to, in host memory.
 *
 * Layer 2 (train).  Made by feature_fit.h from training samples, kept in the model file, brought to
 * a device by problem.h.  Owns its arrays. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_FEATURE_MAP_H
#define LG_TRAIN_FEATURE_MAP_H

#include "core/lift.h"
#include "logit.h"
#include "train/feature_plan.h"

typedef struct lg_feature_map {
    lg_lift lift; /* points at the arrays below */
    lg_feature_plan plan;
    char text[LG_MAP_TEXT]; /* the plan in full */
    float *filter, *offset; /* [units][width of a filter], [units]; NULL without */
    int32_t *pair;          /* [units][2] or NULL */
    float *scale, *shift;   /* [features] */
} lg_feature_map;

/* A map of this plan for such samples: filter and offset 0, pairs (0, 0), scale 1, shift 0.  *out
 * is NULL on failure.  Errors: USAGE (lg_feature_plan_fit), NOMEM. */
logit_status lg_feature_map_create(lg_feature_map **out, const lg_feature_plan *plan,
                                   lg_image_target shape, logit_error *err);
void lg_feature_map_destroy(lg_feature_map *map);
logit_status lg_feature_map_copy(lg_feature_map **out, const lg_feature_map *map, logit_error *err);

/* Numbers of its arrays. */
int64_t lg_feature_map_filters(const lg_feature_map *map);
int64_t lg_feature_map_features(const lg_feature_map *map);

/* NULL-safe: what a problem takes. */
static inline const lg_lift *lg_feature_map_lift(const lg_feature_map *map)
{
    return map ? &map->lift : NULL;
}

#endif
