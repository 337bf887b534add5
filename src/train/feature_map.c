/* feature_map.c -- memory for a feature map. */
/* SPDX-License-Identifier: MIT */
#include "train/feature_map.h"

#include <stdlib.h>
#include <string.h>

#include "base/status.h"

int64_t lg_feature_map_filters(const lg_feature_map *map)
{
    return map->lift.units * lg_lift_filter_width(&map->lift);
}

int64_t lg_feature_map_features(const lg_feature_map *map)
{
    return lg_lift_features(&map->lift);
}

/* count numbers of 4 bytes, all 0; NULL for none, and where there is no memory. */
static void *numbers(int64_t count)
{
    return count > 0 ? calloc((size_t)count, sizeof(float)) : NULL;
}

static int allocate(lg_feature_map *map)
{
    const int64_t d = lg_feature_map_features(map), filters = lg_feature_map_filters(map);
    const int pairs = lg_lifts[map->lift.kind].family == LG_LIFT_PRODUCTS;
    map->filter = numbers(filters);
    map->offset = numbers(pairs ? 0 : map->lift.units);
    map->pair = numbers(pairs ? 2 * (int64_t)map->lift.units : 0);
    map->scale = numbers(d);
    map->shift = numbers(d);
    if (!map->scale || !map->shift || (pairs ? !map->pair : !map->filter || !map->offset)) return 0;
    for (int64_t j = 0; j < d; j++) map->scale[j] = 1.0f;
    map->lift.filter = map->filter;
    map->lift.offset = map->offset;
    map->lift.pair = map->pair;
    map->lift.scale = map->scale;
    map->lift.shift = map->shift;
    return 1;
}

logit_status lg_feature_map_create(lg_feature_map **out, const lg_feature_plan *plan,
                                   lg_image_target shape, logit_error *err)
{
    *out = NULL;
    lg_feature_map *map = calloc(1, sizeof *map);
    if (!map) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a feature map");
    map->plan = *plan;
    logit_status status = lg_feature_plan_fit(&map->plan, shape, &map->lift, err);
    if (status == LOGIT_OK && !allocate(map))
        status = lg_fail(err, LOGIT_E_NOMEM, __FILE__, __LINE__,
                         "out of memory for a feature map of %d units and %lld features",
                         map->lift.units, (long long)lg_feature_map_features(map));
    if (status != LOGIT_OK) {
        lg_feature_map_destroy(map);
        return status;
    }
    lg_feature_plan_write(&map->plan, map->text);
    *out = map;
    return LOGIT_OK;
}

void lg_feature_map_destroy(lg_feature_map *map)
{
    if (!map) return;
    free(map->filter);
    free(map->offset);
    free(map->pair);
    free(map->scale);
    free(map->shift);
    free(map);
}

static void copy(void *to, const void *from, int64_t count)
{
    if (from) memcpy(to, from, (size_t)count * sizeof(float));
}

logit_status lg_feature_map_copy(lg_feature_map **out, const lg_feature_map *map, logit_error *err)
{
    const lg_image_target shape = {map->lift.height, map->lift.width, map->lift.channels};
    LG_TRY(lg_feature_map_create(out, &map->plan, shape, err));
    copy((*out)->filter, map->filter, lg_feature_map_filters(map));
    copy((*out)->offset, map->offset, map->lift.units);
    copy((*out)->pair, map->pair, 2 * (int64_t)map->lift.units);
    copy((*out)->scale, map->scale, lg_feature_map_features(map));
    copy((*out)->shift, map->shift, lg_feature_map_features(map));
    return LOGIT_OK;
}
