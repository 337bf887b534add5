/* onnx_graph.c -- see onnx_graph.h.  Field numbers: onnx/onnx.proto. */
/* SPDX-License-Identifier: MIT */
#include "tests/onnx_graph.h"

#include <check.h>
#include <math.h>
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
    ck_assert_int_eq(value->element, 1);
    ck_assert_uint_eq(raw.size, (size_t)count * sizeof(float));
    value->number = calloc((size_t)count, sizeof *value->number);
    for (int64_t i = 0; i < count; i++) {
        float number;
        memcpy(&number, raw.data + (size_t)i * sizeof number, sizeof number);
        value->number[i] = (double)number;
    }
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

static void read_attribute(message m, onnx_node *node)
{
    char name[ONNX_NAME] = "";
    int64_t number = 0;
    int type = 0;
    while (next(&m)) {
        if (m.field == 1) take_name(&m, name);
        if (m.field == 3) number = (int64_t)m.number;
        if (m.field == 20) type = (int)m.number;
    }
    ck_assert_int_eq(type, 2);
    int64_t *const field = strcmp(name, "axis") == 0       ? &node->axis
                           : strcmp(name, "keepdims") == 0 ? &node->keepdims
                           : strcmp(name, "transB") == 0   ? &node->transposed
                                                           : NULL;
    ck_assert_msg(field != NULL, "attribute %s", name);
    *field = number;
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

/* ------------------------------------------------------------------------------ evaluating --- */

/* What the operators see: up to three inputs, and the output to fill. */
typedef struct operands {
    const onnx_node *node;
    const onnx_value *in[3];
    onnx_value *out;
} operands;

/* out gets this shape and zeros; returns its numbers. */
static double *shape_out(const operands *o, int rank, const int64_t *dim)
{
    o->out->rank = rank;
    for (int i = 0; i < rank; i++) o->out->dim[i] = dim[i];
    o->out->number = calloc((size_t)onnx_count(o->out), sizeof(double));
    return o->out->number;
}

/* The second operand's dimensions are the last ones of the first: it repeats. */
static void repeat(const operands *o, double (*op)(double a, double b))
{
    const onnx_value *a = o->in[0], *b = o->in[1];
    const int64_t count = onnx_count(a), period = onnx_count(b);
    ck_assert_int_eq(b->rank, 1);
    ck_assert(period == 1 || period == a->dim[a->rank - 1]);
    double *out = shape_out(o, a->rank, a->dim);
    for (int64_t i = 0; i < count; i++) out[i] = op(a->number[i], b->number[i % period]);
}

static double times(double a, double b)
{
    return a * b;
}

static double plus(double a, double b)
{
    return a + b;
}

static double over(double a, double b)
{
    return a / b;
}

static void run_flatten(const operands *o)
{
    const onnx_value *a = o->in[0];
    ck_assert_int_eq(o->node->axis, 1);
    const int64_t count = onnx_count(a), dim[] = {a->dim[0], count / a->dim[0]};
    memcpy(shape_out(o, 2, dim), a->number, (size_t)count * sizeof(double));
}

/* A B^T + C */
static void run_gemm(const operands *o)
{
    const onnx_value *a = o->in[0], *b = o->in[1], *c = o->in[2];
    ck_assert_int_eq(o->node->transposed, 1);
    ck_assert_int_eq(a->dim[1], b->dim[1]);
    ck_assert_int_eq(c->dim[0], b->dim[0]);
    const int64_t n = a->dim[0], k = b->dim[0], d = b->dim[1], dim[] = {n, k};
    double *out = shape_out(o, 2, dim);
    for (int64_t i = 0; i < n * k; i++) {
        for (int64_t j = 0; j < d; j++)
            out[i] += a->number[i / k * d + j] * b->number[i % k * d + j];
        out[i] += c->number[i % k];
    }
}

static void run_concat(const operands *o)
{
    const onnx_value *a = o->in[0], *b = o->in[1];
    ck_assert_int_eq(o->node->axis, 1);
    ck_assert_int_eq(a->dim[1] * b->dim[1], 1);
    const int64_t dim[] = {a->dim[0], 2};
    double *out = shape_out(o, 2, dim);
    for (int64_t i = 0; i < 2 * dim[0]; i++) out[i] = (i % 2 ? b : a)->number[i / 2];
}

static void run_each(const operands *o, double (*op)(double z))
{
    const int64_t count = onnx_count(o->in[0]);
    double *out = shape_out(o, o->in[0]->rank, o->in[0]->dim);
    for (int64_t i = 0; i < count; i++) out[i] = op(o->in[0]->number[i]);
}

static double minus(double z)
{
    return -z;
}

static double sigmoid(double z)
{
    return 1.0 / (1.0 + exp(-z));
}

/* 1 / sum_i exp(z_i - z_j): the definition, with no shift of its own. */
static void run_softmax(const operands *o)
{
    const int64_t n = o->in[0]->dim[0], k = o->in[0]->dim[1];
    double *out = shape_out(o, 2, o->in[0]->dim);
    ck_assert_int_eq(o->node->axis, 1);
    for (int64_t i = 0; i < n * k; i++) {
        const double *z = o->in[0]->number + i / k * k;
        double sum = 0.0;
        for (int64_t j = 0; j < k; j++) sum += exp(z[j] - z[i % k]);
        out[i] = 1.0 / sum;
    }
}

static void run_argmax(const operands *o)
{
    const int64_t n = o->in[0]->dim[0], k = o->in[0]->dim[1];
    double *out = shape_out(o, 1, &n);
    ck_assert_int_eq(o->node->axis, 1);
    ck_assert_int_eq(o->node->keepdims, 0);
    for (int64_t i = 0; i < n; i++) {
        const double *z = o->in[0]->number + i * k;
        for (int64_t j = 1; j < k; j++)
            if (z[j] > z[(int64_t)out[i]]) out[i] = (double)j;
    }
}

static void run_node(const operands *o)
{
    const char *op = o->node->op;
    if (strcmp(op, "Mul") == 0) return repeat(o, times);
    if (strcmp(op, "Add") == 0) return repeat(o, plus);
    if (strcmp(op, "Div") == 0) return repeat(o, over);
    if (strcmp(op, "Flatten") == 0) return run_flatten(o);
    if (strcmp(op, "Gemm") == 0) return run_gemm(o);
    if (strcmp(op, "Concat") == 0) return run_concat(o);
    if (strcmp(op, "Neg") == 0) return run_each(o, minus);
    if (strcmp(op, "Sigmoid") == 0) return run_each(o, sigmoid);
    if (strcmp(op, "Softmax") == 0) return run_softmax(o);
    if (strcmp(op, "ArgMax") == 0) return run_argmax(o);
    ck_abort_msg("operator %s", op);
}

void onnx_run(onnx_graph *graph, const double *input, int64_t samples)
{
    onnx_value *first = &graph->value[graph->values++];
    *first = graph->input;
    ck_assert_int_eq(first->dim[0], -1);
    first->dim[0] = samples;
    const size_t bytes = (size_t)onnx_count(first) * sizeof *input;
    first->number = malloc(bytes);
    memcpy(first->number, input, bytes);
    for (int i = 0; i < graph->nodes; i++) {
        const onnx_node *node = &graph->node[i];
        operands o = {.node = node, .out = &graph->value[graph->values]};
        for (int j = 0; j < node->inputs; j++) {
            o.in[j] = onnx_find(graph, node->input[j]);
            ck_assert_msg(o.in[j] != NULL, "%s needs %s", node->op, node->input[j]);
        }
        ck_assert_ptr_null(onnx_find(graph, node->output));
        run_node(&o);
        strcpy(o.out->name, node->output);
        graph->values++;
    }
}
