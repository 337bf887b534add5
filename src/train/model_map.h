/* model_map.h -- the feature map of a model, in the model file.
 *
 * Layer 2 (train).  Metadata "features" holds the plan (feature_plan.h), the arrays are the tensors
 * features.scale, .shift [features], .filter [units][..], .offset [units], .pair [units][2] (I32):
 * docs/model-file.md. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_MODEL_MAP_H
#define LG_TRAIN_MODEL_MAP_H

#include "train/feature_map.h"
#include "train/model.h"
#include "train/safetensors.h"

enum { LG_MAP_TENSORS = 5 };

/* Fills in the tensors of a map; returns how many. */
int lg_model_map_tensors(const lg_feature_map *map, lg_tensor_out tensor[LG_MAP_TENSORS]);

/* Reads the map of a file whose samples have this shape; leaves *map alone where it has none.  *map
 * may be there after an error.  Errors: DATA (lg_safetensors_fault), IO, NOMEM. */
logit_status lg_model_map_read(const lg_safetensors *file, lg_image_target shape,
                               lg_feature_map **map, logit_error *err);

/* Looks for tensor `name`, of this type and shape.  Error: DATA. */
logit_status lg_model_tensor_find(const lg_safetensors *file, const char *name, const char *dtype,
                                  const int64_t *shape, int rank, const lg_tensor **out,
                                  logit_error *err);

#endif
