/* onnx_graph.c -- see onnx_graph.h.  Field numbers: onnx/onnx.proto. */
/* SPDX-License-Identifier: MIT */
#include "tests/onnx_graph.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* --------------------------------------------------------------------------------- reading --- */

/* What is left of a message, and the field that was read last. */
typedef struct message {
    const uint8_t *at, *end;
    int field;
    uint64_t number;     /* of a varint */
    const uint8_t *data; /* of bytes, or NULL */
    size_t size;
} message;

static uint64_t varint(message *m)
{
    uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
        ck_assert_msg(m->at < m->end && shift < 64, "a varint runs out");
        value |= (uint64_t)(*m->at & 0x7F) << shift;
        if (!(*m->at++ & 0x80)) return value;
    }
}

/* 0 at the end. */
static int next(message *m)
{
    if (m->at == m->end) return 0;
    const uint64_t tag = varint(m);
    m->field = (int)(tag >> 3);
    m->number = varint(m);
    m->data = NULL;
    if ((tag & 7) == 0) return 1;
    ck_assert_uint_eq(tag & 7, 2);
    ck_assert_uint_le(m->number, (uint64_t)(m->end - m->at));
    m->data = m->at;
    m->size = (size_t)m->number;
    m->at += m->size;
    return 1;
}

static message inside(const message *m)
{
    ck_assert_ptr_nonnull(m->data);
    return (message){.at = m->data, .end = m->data + m->size};
}

static void take_name(const message *m, char *name)
{
    ck_assert_uint_lt(m->size, ONNX_NAME);
    memcpy(name, m->data, m->size);
    name[m->size] = '\0';
}

static double raw_number(const uint8_t *at, int element)
{
    float number;
    int64_t whole;
    if (element == 1) {
        memcpy(&number, at, sizeof number);
        return (double)number;
    }
    memcpy(&whole, at, sizeof whole);
    return (double)whole;
}

static void read_tensor(message m, onnx_value *value)
{
    *value = (onnx_value){0};
    message raw = {0};
    while (next(&m)) {
        if (m.field == 1) value->dim[value->rank++] = (int64_t)m.number;
        if (m.field == 2) value->element = (int)m.number;
        if (m.field == 8) take_name(&m, value->name);
        if (m.field == 9) raw = m;
    }
    const int64_t count = onnx_count(value);
    const size_t width = value->element == 1 ? sizeof(float) : sizeof(int64_t);
    ck_assert(value->element == 1 || value->element == 7);
    ck_assert_uint_eq(raw.size, (size_t)count * width);
    value->number = calloc((size_t)count, sizeof *value->number);
    for (int64_t i = 0; i < count; i++)
        value->number[i] = raw_number(raw.data + (size_t)i * width, value->element);
}

static void read_shape(message m, onnx_value *value)
{
    while (next(&m)) {
        message dim = inside(&m);
        ck_assert_int_eq(next(&dim), 1);
        ck_assert_int_lt(value->rank, ONNX_RANK);
        value->dim[value->rank++] = dim.field == 1 ? (int64_t)dim.number : -1;
    }
}

static void read_declared(message m, onnx_value *value)
{
    *value = (onnx_value){0};
    while (next(&m)) {
        if (m.field == 1) take_name(&m, value->name);
        if (m.field != 2) continue;
        message type = inside(&m);
        ck_assert_int_eq(next(&type), 1);
        message tensor = inside(&type);
        while (next(&tensor)) {
            if (tensor.field == 1) value->element = (int)tensor.number;
            if (tensor.field == 2) read_shape(inside(&tensor), value);
        }
    }
}

static int64_t *attribute_of(onnx_node *node, const char *name)
{
    static const char *const names[] = {"axis", "keepdims", "transB", "to"};
    int64_t *const fields[] = {&node->axis, &node->keepdims, &node->transposed, &node->to};
    for (int i = 0; i < 4; i++)
        if (strcmp(name, names[i]) == 0) return fields[i];
    ck_abort_msg("attribute %s", name);
}

/* A number, or the one list that an operator here may have: strides, axes or perm. */
static void read_attribute(message m, onnx_node *node)
{
    char name[ONNX_NAME] = "";
    int64_t number = 0;
    int type = 0;
    while (next(&m)) {
        if (m.field == 1) take_name(&m, name);
        if (m.field == 3) number = (int64_t)m.number;
        if (m.field == 8) ck_assert_int_lt(node->listed, ONNX_RANK);
        if (m.field == 8) node->list[node->listed++] = (int64_t)m.number;
        if (m.field == 20) type = (int)m.number;
    }
    if (type == 2) *attribute_of(node, name) = number;
    if (type == 2) return;
    ck_assert_int_eq(type, 7);
    ck_assert_str_eq(name, strcmp(node->op, "Conv") == 0         ? "strides"
                           : strcmp(node->op, "ReduceMean") == 0 ? "axes"
                                                                 : "perm");
}

static void read_node(message m, onnx_node *node)
{
    *node = (onnx_node){.axis = -1, .keepdims = 1};
    while (next(&m)) {
        if (m.field == 1) take_name(&m, node->input[node->inputs++]);
        if (m.field == 2) take_name(&m, node->output);
        if (m.field == 4) take_name(&m, node->op);
        if (m.field == 5) read_attribute(inside(&m), node);
    }
}

static void read_graph(message m, onnx_graph *graph)
{
    while (next(&m)) {
        if (m.field == 1) read_node(inside(&m), &graph->node[graph->nodes++]);
        if (m.field == 5) read_tensor(inside(&m), &graph->value[graph->values++]);
        if (m.field == 11) read_declared(inside(&m), &graph->input);
        if (m.field == 12) read_declared(inside(&m), &graph->output[graph->outputs++]);
    }
}

static void read_meta(message m, onnx_graph *graph)
{
    while (next(&m)) {
        if (m.field == 1) take_name(&m, graph->meta[graph->metas].key);
        if (m.field == 2) graph->meta[graph->metas].text = strndup((const char *)m.data, m.size);
    }
    graph->metas++;
}

void onnx_read(onnx_graph *graph, const void *bytes, size_t size)
{
    message m = {.at = bytes, .end = (const uint8_t *)bytes + size};
    *graph = (onnx_graph){0};
    while (next(&m)) {
        if (m.field == 1) graph->ir_version = (int64_t)m.number;
        if (m.field == 7) read_graph(inside(&m), graph);
        if (m.field == 14) read_meta(inside(&m), graph);
        if (m.field != 8) continue;
        message set = inside(&m);
        while (next(&set))
            if (set.field == 2) graph->opset = (int64_t)set.number;
    }
}

void onnx_clear(onnx_graph *graph)
{
    for (int i = 0; i < graph->values; i++) free(graph->value[i].number);
    for (int i = 0; i < graph->metas; i++) free(graph->meta[i].text);
}

const char *onnx_meta(const onnx_graph *graph, const char *key)
{
    for (int i = 0; i < graph->metas; i++)
        if (strcmp(graph->meta[i].key, key) == 0) return graph->meta[i].text;
    return NULL;
}

const onnx_value *onnx_find(const onnx_graph *graph, const char *name)
{
    for (int i = 0; i < graph->values; i++)
        if (strcmp(graph->value[i].name, name) == 0) return &graph->value[i];
    return NULL;
}

int64_t onnx_count(const onnx_value *value)
{
    int64_t count = 1;
    for (int i = 0; i < value->rank; i++) count *= value->dim[i];
    return count;
}
