/* export_onnx_parts.c -- see export_onnx.h. */
/* SPDX-License-Identifier: MIT */
#include "train/export_onnx.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "raw tensor data are little-endian, as numbers lie in memory");

enum field {
    GRAPH_NODE = 1,
    GRAPH_TENSOR = 5,
    NODE_INPUT = 1,
    NODE_OUTPUT = 2,
    NODE_NAME = 3,
    NODE_OP = 4,
    NODE_ATTRIBUTE = 5,
    ATTRIBUTE_NAME = 1,
    ATTRIBUTE_INT = 3,
    ATTRIBUTE_INTS = 8,
    ATTRIBUTE_TYPE = 20,
    TENSOR_DIM = 1,
    TENSOR_TYPE = 2,
    TENSOR_NAME = 8,
    TENSOR_RAW = 9,
    VALUE_NAME = 1,
    VALUE_TYPE = 2,
    TYPE_TENSOR = 1,
    TENSOR_TYPE_ELEMENT = 1,
    TENSOR_TYPE_SHAPE = 2,
    SHAPE_DIM = 1,
    DIM_VALUE = 1,
    DIM_NAME = 2
};

enum { ATTRIBUTE_IS_INT = 2, ATTRIBUTE_IS_INTS = 7 };

static void add_list(lg_wire *node, const lg_onnx_node *n)
{
    lg_wire attribute = {0};
    lg_wire_text(&attribute, ATTRIBUTE_NAME, n->list.name);
    for (int i = 0; i < n->list.count; i++)
        lg_wire_number(&attribute, ATTRIBUTE_INTS, (uint64_t)n->list.value[i]);
    lg_wire_number(&attribute, ATTRIBUTE_TYPE, ATTRIBUTE_IS_INTS);
    lg_wire_message(node, NODE_ATTRIBUTE, &attribute);
}

void lg_onnx_add_node(lg_wire *graph, const lg_onnx_node *n)
{
    lg_wire wire = {0};
    for (int i = 0; i < LG_ONNX_INPUTS && n->input[i]; i++)
        lg_wire_text(&wire, NODE_INPUT, n->input[i]);
    lg_wire_text(&wire, NODE_OUTPUT, n->output);
    lg_wire_text(&wire, NODE_NAME, n->output);
    lg_wire_text(&wire, NODE_OP, n->op);
    for (int i = 0; i < LG_ONNX_ATTRIBUTES && n->attribute[i].name; i++) {
        lg_wire attribute = {0};
        lg_wire_text(&attribute, ATTRIBUTE_NAME, n->attribute[i].name);
        lg_wire_number(&attribute, ATTRIBUTE_INT, (uint64_t)n->attribute[i].value);
        lg_wire_number(&attribute, ATTRIBUTE_TYPE, ATTRIBUTE_IS_INT);
        lg_wire_message(&wire, NODE_ATTRIBUTE, &attribute);
    }
    if (n->list.name) add_list(&wire, n);
    lg_wire_message(graph, GRAPH_NODE, &wire);
}

static lg_wire tensor_head(const char *name, int element, const int64_t *dim)
{
    lg_wire wire = {0};
    for (int i = 0; i < LG_ONNX_RANK && dim[i]; i++)
        lg_wire_number(&wire, TENSOR_DIM, (uint64_t)dim[i]);
    lg_wire_number(&wire, TENSOR_TYPE, (uint64_t)element);
    lg_wire_text(&wire, TENSOR_NAME, name);
    return wire;
}

static uint64_t count_of(const int64_t *dim)
{
    uint64_t count = 1;
    for (int i = 0; i < LG_ONNX_RANK && dim[i]; i++) count *= (uint64_t)dim[i];
    return count;
}

void lg_onnx_add_floats(lg_wire *graph, const char *name, const float *number, const int64_t *dim)
{
    lg_wire tensor = tensor_head(name, LG_ONNX_FLOAT, dim);
    lg_wire_bytes(&tensor, TENSOR_RAW, number, (size_t)count_of(dim) * sizeof *number);
    lg_wire_message(graph, GRAPH_TENSOR, &tensor);
}

void lg_onnx_add_integers(lg_wire *graph, const char *name, const int64_t *number, int64_t count)
{
    lg_wire tensor = tensor_head(name, LG_ONNX_INT64, (const int64_t[LG_ONNX_RANK]){count});
    lg_wire_bytes(&tensor, TENSOR_RAW, number, (size_t)count * sizeof *number);
    lg_wire_message(graph, GRAPH_TENSOR, &tensor);
}

void lg_onnx_add_behind(lg_wire *graph, const char *name, const int64_t *dim)
{
    lg_wire tensor = tensor_head(name, LG_ONNX_FLOAT, dim);
    lg_wire_behind(&tensor, TENSOR_RAW, count_of(dim) * sizeof(float));
    lg_wire_message(graph, GRAPH_TENSOR, &tensor);
}

void lg_onnx_add_value(lg_wire *graph, int field, const char *name, int element, const int64_t *dim)
{
    lg_wire shape = {0}, tensor = {0}, type = {0}, value = {0};
    for (int i = 0; i < LG_ONNX_RANK && dim[i]; i++) {
        lg_wire one = {0};
        if (dim[i] < 0)
            lg_wire_text(&one, DIM_NAME, "N");
        else
            lg_wire_number(&one, DIM_VALUE, (uint64_t)dim[i]);
        lg_wire_message(&shape, SHAPE_DIM, &one);
    }
    lg_wire_number(&tensor, TENSOR_TYPE_ELEMENT, (uint64_t)element);
    lg_wire_message(&tensor, TENSOR_TYPE_SHAPE, &shape);
    lg_wire_message(&type, TYPE_TENSOR, &tensor);
    lg_wire_text(&value, VALUE_NAME, name);
    lg_wire_message(&value, VALUE_TYPE, &type);
    lg_wire_message(graph, field, &value);
}
