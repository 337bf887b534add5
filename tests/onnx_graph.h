/* onnx_graph.h -- reads the bytes of an ONNX file and works its graph out, for tests.
 *
 * Tests.  Shares nothing with what writes it: fields are taken as they come, unknown ones skipped,
 * and operators are evaluated in double by their definitions, whatever the graph's shape.  What is
 * malformed fails the test (Check). */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TESTS_ONNX_GRAPH_H
#define LG_TESTS_ONNX_GRAPH_H

#include <stddef.h>
#include <stdint.h>

enum { ONNX_MOST = 80, ONNX_NAME = 64, ONNX_RANK = 4 };

/* A named array: an initializer, an input or what a node gave. */
typedef struct onnx_value {
    char name[ONNX_NAME];
    int rank, element;      /* element 1: float, 7: int64 */
    int64_t dim[ONNX_RANK]; /* -1: any number */
    double *number;         /* NULL: not known yet */
} onnx_value;

typedef struct onnx_node {
    char op[ONNX_NAME], input[3][ONNX_NAME], output[ONNX_NAME];
    int inputs;
    int64_t axis, keepdims, transposed, to; /* attributes; transposed: transB */
    int listed;
    int64_t list[ONNX_RANK]; /* strides, axes or perm */
} onnx_node;

typedef struct onnx_graph {
    int64_t ir_version, opset;
    int values, nodes, metas, outputs;
    onnx_value value[ONNX_MOST]; /* initializers, then the input, then what was worked out */
    onnx_value input, output[4]; /* as they are declared; no numbers */
    onnx_node node[ONNX_MOST];
    struct {
        char key[ONNX_NAME], *text;
    } meta[ONNX_MOST];
} onnx_graph;

void onnx_read(onnx_graph *graph, const void *bytes, size_t size);
void onnx_clear(onnx_graph *graph);

/* The text of a metadata key, or NULL. */
const char *onnx_meta(const onnx_graph *graph, const char *key);
/* A value by name, or NULL. */
const onnx_value *onnx_find(const onnx_graph *graph, const char *name);
int64_t onnx_count(const onnx_value *value);

/* Works all nodes out for `samples` samples of the declared input (onnx_operators.c). */
void onnx_run(onnx_graph *graph, const double *input, int64_t samples);

#endif
