/* model_map.c -- see model_map.h. */
/* SPDX-License-Identifier: MIT */
#include "train/model_map.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "base/text.h"

enum { SHOWN = 160 /* room for a value inside a message */ };

#define FAULT(file, entry, kind, err, ...)                                                         \
    lg_safetensors_fault((file), (entry), (kind), (err), __VA_ARGS__)

/* ---------------------------------------------------------------------------------- tensors --- */

/* The shape that a tensor has and the one it ought to have, as "[3, 5]". */
static const char *shape_text(char *out, size_t size, const int64_t *shape, int rank)
{
    size_t used = (size_t)snprintf(out, size, "[");
    for (int i = 0; i < rank && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%lld", i > 0 ? ", " : "",
                                 (long long)shape[i]);
    if (used < size) snprintf(out + used, size - used, "]");
    return out;
}

logit_status lg_model_tensor_find(const lg_safetensors *file, const char *name, const char *dtype,
                                  const int64_t *shape, int rank, const lg_tensor **out,
                                  logit_error *err)
{
    char has[SHOWN], wants[SHOWN];
    const lg_tensor *tensor = lg_safetensors_find(file, name);
    *out = tensor;
    if (!tensor) return FAULT(file, NULL, "MISMATCH", err, "tensor \"%s\" is missing", name);
    if (strcmp(tensor->dtype, dtype) != 0)
        return FAULT(file, tensor->entry, "UNSUP", err, "%s is %s, expected %s", name,
                     tensor->dtype, dtype);
    if (tensor->rank != rank || memcmp(tensor->shape, shape, (size_t)rank * sizeof *shape) != 0)
        return FAULT(file, tensor->entry, "MISMATCH", err,
                     "%s has shape %s, its classes and image size ask for %s", name,
                     shape_text(has, sizeof has, tensor->shape, tensor->rank),
                     shape_text(wants, sizeof wants, shape, rank));
    return LOGIT_OK;
}

int lg_model_map_tensors(const lg_feature_map *map, lg_tensor_out tensor[LG_MAP_TENSORS])
{
    const lg_lift *lift = &map->lift;
    const int64_t d = lg_feature_map_features(map), units = lift->units;
    int count = 0;
    tensor[count++] = (lg_tensor_out){"features.scale", 1, {d}, map->scale, NULL};
    tensor[count++] = (lg_tensor_out){"features.shift", 1, {d}, map->shift, NULL};
    if (map->pair) {
        tensor[count++] = (lg_tensor_out){"features.pair", 2, {units, 2}, map->pair, "I32"};
        return count;
    }
    tensor[count++] = (lg_tensor_out){
        "features.filter", 2, {units, lg_lift_filter_width(lift)}, map->filter, NULL};
    tensor[count++] = (lg_tensor_out){"features.offset", 1, {units}, map->offset, NULL};
    return count;
}

/* ---------------------------------------------------------------------------------- reading --- */

/* A tensor that belongs to a map, before the map has memory, and after. */
typedef struct wanted {
    const char *name, *dtype;
    int rank;
    int64_t shape[2];
    const lg_tensor *found;
} wanted;

static int list_wanted(const lg_lift *lift, wanted *list)
{
    const int64_t d = lg_lift_features(lift), units = lift->units;
    int count = 0;
    list[count++] = (wanted){"features.scale", "F32", 1, {d}, NULL};
    list[count++] = (wanted){"features.shift", "F32", 1, {d}, NULL};
    if (lg_lifts[lift->kind].family == LG_LIFT_PRODUCTS) {
        list[count++] = (wanted){"features.pair", "I32", 2, {units, 2}, NULL};
        return count;
    }
    list[count++] =
        (wanted){"features.filter", "F32", 2, {units, lg_lift_filter_width(lift)}, NULL};
    list[count++] = (wanted){"features.offset", "F32", 1, {units}, NULL};
    return count;
}

static logit_status check_finite(const lg_safetensors *file, const wanted *w, const float *number,
                                 logit_error *err)
{
    const int64_t count = w->shape[0] * (w->rank == 2 ? w->shape[1] : 1);
    for (int64_t i = 0; i < count; i++)
        if (!isfinite(number[i]))
            return FAULT(file, w->found->entry, "RANGE", err, "%s[%lld] is %g", w->name,
                         (long long)i, (double)number[i]);
    return LOGIT_OK;
}

static logit_status check_pairs(const lg_safetensors *file, const wanted *w, const int32_t *pair,
                                int64_t in, logit_error *err)
{
    for (int64_t i = 0; i < 2 * w->shape[0]; i++)
        if (pair[i] < 0 || pair[i] >= in)
            return FAULT(file, w->found->entry, "RANGE", err, "%s[%lld] is %d, there are %lld",
                         w->name, (long long)i, (int)pair[i], (long long)in);
    return LOGIT_OK;
}

static logit_status read_arrays(const lg_safetensors *file, lg_feature_map *map, const wanted *list,
                                int count, logit_error *err)
{
    const int pairs = map->pair != NULL;
    void *const to[LG_MAP_TENSORS] = {map->scale, map->shift,
                                      pairs ? (void *)map->pair : (void *)map->filter, map->offset};
    for (int i = 0; i < count; i++) {
        LG_TRY(lg_safetensors_read(file, list[i].found, to[i], err));
        LG_TRY(pairs && i == 2 ? check_pairs(file, &list[i], map->pair, map->lift.in, err)
                               : check_finite(file, &list[i], to[i], err));
    }
    return LOGIT_OK;
}

logit_status lg_model_map_read(const lg_safetensors *file, lg_image_target shape,
                               lg_feature_map **map, logit_error *err)
{
    const cJSON *entry = lg_safetensors_meta(file, "features");
    wanted list[LG_MAP_TENSORS];
    lg_feature_plan plan;
    lg_lift lift;
    logit_error fault;
    char shown[SHOWN], reason[2 * SHOWN];
    if (!entry) return LOGIT_OK;
    if (lg_feature_plan_read(&plan, entry->valuestring, &fault) != LOGIT_OK ||
        lg_feature_plan_fit(&plan, shape, &lift, &fault) != LOGIT_OK)
        return FAULT(file, entry, "UNSUP", err, "features \"%s\": %s",
                     lg_text_escape(shown, sizeof shown, entry->valuestring),
                     lg_text_escape(reason, sizeof reason, fault.message));
    const int count = list_wanted(&lift, list);
    for (int i = 0; i < count; i++) /* before there is any memory for them */
        LG_TRY(lg_model_tensor_find(file, list[i].name, list[i].dtype, list[i].shape, list[i].rank,
                                    &list[i].found, err));
    LG_TRY(lg_feature_map_create(map, &plan, shape, err));
    return read_arrays(file, *map, list, count, err);
}
