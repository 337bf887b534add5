/* export_onnx.h -- the parts of an ONNX graph.
 *
 * Layer 2 (train).  What export_onnx.c puts together: nodes, tensors and declared values
 * (export_onnx_parts.c), and the feature map (export_onnx_map.c).  A dim [LG_ONNX_RANK] ends with
 * the first 0.  Source of field numbers: onnx/onnx.proto, of ONNX 1.8. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_EXPORT_ONNX_H
#define LG_TRAIN_EXPORT_ONNX_H

#include "core/lift.h"
#include "train/export.h"
#include "train/wire.h"

enum { LG_ONNX_RANK = 4, LG_ONNX_INPUTS = 3, LG_ONNX_ATTRIBUTES = 2 };
enum { LG_ONNX_FLOAT = 1, LG_ONNX_INT64 = 7 };

/* One operator; input[0] NULL: what the one before it gave. */
typedef struct lg_onnx_node {
    const char *op, *input[LG_ONNX_INPUTS], *output;
    struct {
        const char *name;
        int value;
    } attribute[LG_ONNX_ATTRIBUTES];
    struct {
        const char *name; /* NULL: there is none */
        int count, value[LG_ONNX_RANK];
    } list;
} lg_onnx_node;

void lg_onnx_add_node(lg_wire *graph, const lg_onnx_node *n);

void lg_onnx_add_floats(lg_wire *graph, const char *name, const float *number, const int64_t *dim);
void lg_onnx_add_integers(lg_wire *graph, const char *name, const int64_t *number, int64_t count);
/* Floats that follow the message: the last tensor. */
void lg_onnx_add_behind(lg_wire *graph, const char *name, const int64_t *dim);

/* Declares an input or an output.  A dimension of -1 is the number of samples. */
void lg_onnx_add_value(lg_wire *graph, int field, const char *name, int element,
                       const int64_t *dim);

/* Of a model with a map: how many bytes its large tensors take; its nodes, from the normalised
 * numbers called u to x [N][features], and how many; its tensors. */
enum { LG_ONNX_MAP_NODES = 24 };
double lg_onnx_map_bytes(const lg_lift *lift);
int lg_onnx_map_nodes(lg_onnx_node *step, const lg_export *e, const char *u);
void lg_onnx_map_tensors(lg_wire *graph, const lg_export *e);

#endif
