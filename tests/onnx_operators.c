/* onnx_operators.c -- ONNX operators by their definitions, in double.  See onnx_graph.h. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/onnx_graph.h"

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

/* The step from one number to the next along axis `at` of a value that is repeated over an output
 * of `rank` dimensions: dimensions are aligned at the last, and one of 1 repeats. */
static int64_t step_of(const onnx_value *value, int at, int rank)
{
    const int own = at - (rank - value->rank);
    int64_t step = 1;
    if (own < 0 || value->dim[own] == 1) return 0;
    for (int i = own + 1; i < value->rank; i++) step *= value->dim[i];
    return step;
}

/* b repeats over a, by ONNX's rules. */
static void repeat(const operands *o, double (*op)(double a, double b))
{
    const onnx_value *a = o->in[0], *b = o->in[1];
    const int64_t *const wide = a->dim;
    ck_assert_int_le(b->rank, a->rank);
    for (int i = 0; i < b->rank; i++) {
        const int64_t over = wide[a->rank - b->rank + i];
        ck_assert(b->dim[i] == 1 || b->dim[i] == over);
    }
    double *out = shape_out(o, a->rank, wide);
    const int64_t count = onnx_count(o->out);
    for (int64_t i = 0; i < count; i++) {
        int64_t rest = i, from = 0;
        for (int axis = a->rank - 1; axis >= 0; axis--) {
            from += rest % wide[axis] * step_of(b, axis, a->rank);
            rest /= wide[axis];
        }
        out[i] = op(a->number[i], b->number[from]);
    }
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

static double less(double a, double b)
{
    return a - b;
}

static double above(double a, double b)
{
    return a > b ? 1.0 : 0.0;
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

/* Along axis 1: blocks of a and of b in turn. */
static void run_concat(const operands *o)
{
    const onnx_value *a = o->in[0], *b = o->in[1];
    ck_assert_int_eq(o->node->axis, 1);
    ck_assert_int_eq(a->rank, b->rank);
    int64_t dim[ONNX_RANK];
    for (int i = 0; i < a->rank; i++) {
        dim[i] = a->dim[i] + (i == 1 ? b->dim[i] : 0);
        ck_assert(i == 1 || a->dim[i] == b->dim[i]);
    }
    const size_t one = (size_t)(onnx_count(a) / dim[0]), two = (size_t)(onnx_count(b) / dim[0]);
    double *out = shape_out(o, a->rank, dim);
    for (int64_t n = 0; n < dim[0]; n++, out += one + two) {
        memcpy(out, a->number + (size_t)n * one, one * sizeof *out);
        memcpy(out + one, b->number + (size_t)n * two, two * sizeof *out);
    }
}

static void run_gather(const operands *o)
{
    const onnx_value *a = o->in[0], *index = o->in[1];
    ck_assert_int_eq(o->node->axis, 1);
    ck_assert_int_eq(a->rank, 2);
    ck_assert_int_eq(index->element, 7);
    const int64_t dim[] = {a->dim[0], index->dim[0]};
    double *out = shape_out(o, 2, dim);
    for (int64_t i = 0; i < dim[0] * dim[1]; i++) {
        const int64_t column = (int64_t)index->number[i % dim[1]];
        ck_assert(column >= 0 && column < a->dim[1]);
        out[i] = a->number[i / dim[1] * a->dim[1] + column];
    }
}

/* Number (n, m, row, column) of a cross-correlation. */
static double correlate(const onnx_value *x, const onnx_value *kernel, int64_t n, int64_t m,
                        int64_t row, int64_t column)
{
    const int64_t *k = kernel->dim;
    double sum = 0.0;
    for (int64_t c = 0; c < k[1]; c++)
        for (int64_t i = 0; i < k[2]; i++)
            for (int64_t j = 0; j < k[3]; j++)
                sum += kernel->number[((m * k[1] + c) * k[2] + i) * k[3] + j] *
                       x->number[((n * k[1] + c) * x->dim[2] + row + i) * x->dim[3] + column + j];
    return sum;
}

static void run_conv(const operands *o)
{
    const onnx_value *x = o->in[0], *kernel = o->in[1];
    const int64_t *stride = o->node->list;
    ck_assert_int_eq(o->node->listed, 2);
    ck_assert_int_eq(x->dim[1], kernel->dim[1]);
    const int64_t dim[] = {x->dim[0], kernel->dim[0], (x->dim[2] - kernel->dim[2]) / stride[0] + 1,
                           (x->dim[3] - kernel->dim[3]) / stride[1] + 1};
    double *out = shape_out(o, 4, dim);
    for (int64_t i = 0; i < onnx_count(o->out); i++)
        out[i] = correlate(x, kernel, i / dim[3] / dim[2] / dim[1], i / dim[3] / dim[2] % dim[1],
                           i / dim[3] % dim[2] * stride[0], i % dim[3] * stride[1]);
}

/* Over axis 1, which stays as 1. */
static void run_reduce_mean(const operands *o)
{
    const onnx_value *a = o->in[0];
    ck_assert(o->node->listed == 1 && o->node->list[0] == 1 && o->node->keepdims == 1);
    ck_assert_int_eq(a->rank, 4);
    const int64_t area = a->dim[2] * a->dim[3], dim[] = {a->dim[0], 1, a->dim[2], a->dim[3]};
    double *out = shape_out(o, 4, dim);
    for (int64_t i = 0; i < onnx_count(a); i++)
        out[i / area / a->dim[1] * area + i % area] += a->number[i] / (double)a->dim[1];
}

/* [..][p] by [p][q]. */
static void run_matmul(const operands *o)
{
    const onnx_value *a = o->in[0], *b = o->in[1];
    int64_t dim[ONNX_RANK];
    ck_assert_int_eq(b->rank, 2);
    ck_assert_int_eq(a->dim[a->rank - 1], b->dim[0]);
    for (int i = 0; i < a->rank; i++) dim[i] = i < a->rank - 1 ? a->dim[i] : b->dim[1];
    double *out = shape_out(o, a->rank, dim);
    for (int64_t i = 0; i < onnx_count(o->out); i++)
        for (int64_t p = 0; p < b->dim[0]; p++)
            out[i] +=
                a->number[i / b->dim[1] * b->dim[0] + p] * b->number[p * b->dim[1] + i % b->dim[1]];
}

static void run_reshape(const operands *o)
{
    const onnx_value *a = o->in[0], *shape = o->in[1];
    int64_t dim[ONNX_RANK];
    ck_assert_int_eq(shape->element, 7);
    for (int64_t i = 0; i < shape->dim[0]; i++)
        dim[i] = shape->number[i] == 0.0 ? a->dim[i] : (int64_t)shape->number[i];
    double *out = shape_out(o, (int)shape->dim[0], dim);
    ck_assert_int_eq(onnx_count(o->out), onnx_count(a));
    memcpy(out, a->number, (size_t)onnx_count(a) * sizeof *out);
}

/* Axis i of the output is axis perm[i] of the input. */
static void run_transpose(const operands *o)
{
    const onnx_value *a = o->in[0];
    int64_t dim[ONNX_RANK];
    ck_assert_int_eq(o->node->listed, a->rank);
    for (int i = 0; i < a->rank; i++) dim[i] = a->dim[o->node->list[i]];
    double *out = shape_out(o, a->rank, dim);
    for (int64_t i = 0; i < onnx_count(a); i++) {
        int64_t rest = i, from = 0;
        for (int axis = a->rank - 1; axis >= 0; axis--) {
            int64_t step = 1;
            for (int j = (int)o->node->list[axis] + 1; j < a->rank; j++) step *= a->dim[j];
            from += rest % dim[axis] * step;
            rest /= dim[axis];
        }
        out[i] = a->number[from];
    }
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

static double relu(double z)
{
    return z > 0.0 ? z : 0.0;
}

static double same(double z)
{
    return z;
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

static const struct {
    const char *op;
    void (*run)(const operands *o);     /* or */
    double (*each)(double z);           /* of every number, or */
    double (*both)(double a, double b); /* of two, the second repeated */
} operators[] = {
    {"Mul", NULL, NULL, times},
    {"Add", NULL, NULL, plus},
    {"Sub", NULL, NULL, less},
    {"Div", NULL, NULL, over},
    {"Greater", NULL, NULL, above},
    {"Neg", NULL, minus, NULL},
    {"Sigmoid", NULL, sigmoid, NULL},
    {"Cos", NULL, cos, NULL},
    {"Sqrt", NULL, sqrt, NULL},
    {"Relu", NULL, relu, NULL},
    {"Cast", NULL, same, NULL},
    {"Flatten", run_flatten, NULL, NULL},
    {"Gemm", run_gemm, NULL, NULL},
    {"Concat", run_concat, NULL, NULL},
    {"Gather", run_gather, NULL, NULL},
    {"Conv", run_conv, NULL, NULL},
    {"MatMul", run_matmul, NULL, NULL},
    {"ReduceMean", run_reduce_mean, NULL, NULL},
    {"Reshape", run_reshape, NULL, NULL},
    {"Transpose", run_transpose, NULL, NULL},
    {"Softmax", run_softmax, NULL, NULL},
    {"ArgMax", run_argmax, NULL, NULL},
};

static void run_node(const operands *o)
{
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
        if (strcmp(o->node->op, operators[i].op) != 0) continue;
        if (operators[i].run) return operators[i].run(o);
        if (operators[i].each) return run_each(o, operators[i].each);
        return repeat(o, operators[i].both);
    }
    ck_abort_msg("operator %s", o->node->op);
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
