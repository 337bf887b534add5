/* export_onnx_map.c -- the feature map of an ONNX graph.  The formulas are those of core/lift.h.
 *
 *   PRODUCTS  u = Flatten;  y = Concat(u, Mul(Gather(u, pair_a), Gather(u, pair_b)))
 *   LAYER     y = Cos, Sigmoid, or Cast of Greater 0, of Gemm(Flatten, filter, offset)
 *   WINDOWS   image = Transpose to [N][channels][height][width].  Conv with kernels that pick one
 *             number each lays the windows out, [N][window][down][across]; their deviation comes
 *             of them as it is written, since a mean of squares minus a squared mean would lose
 *             what little a flat window has.  r = Conv(image, filter) / deviation + offset.
 *             Relu of r - threshold and of -r - threshold, [N][2][units][down across], MatMul by
 *             which window falls into which cell, Div by how many do, Transpose.
 *   all       x = feature_scale y + feature_shift */
/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "train/export_onnx.h"
#include "train/feature_map.h"

/* ----------------------------------------------------------------------------------- nodes --- */

static int products_nodes(lg_onnx_node *step, const char *u, int flat)
{
    int count = 0;
    if (!flat) {
        step[count++] = (lg_onnx_node){
            .op = "Flatten", .input = {u}, .output = "u", .attribute = {{"axis", 1}}};
        u = "u";
    }
    step[count++] = (lg_onnx_node){
        .op = "Gather", .input = {u, "pair_a"}, .output = "u_a", .attribute = {{"axis", 1}}};
    step[count++] = (lg_onnx_node){
        .op = "Gather", .input = {u, "pair_b"}, .output = "u_b", .attribute = {{"axis", 1}}};
    step[count++] = (lg_onnx_node){.op = "Mul", .input = {"u_a", "u_b"}, .output = "products"};
    step[count++] = (lg_onnx_node){
        .op = "Concat", .input = {u, "products"}, .output = "y", .attribute = {{"axis", 1}}};
    return count;
}

static int layer_nodes(lg_onnx_node *step, const char *u, int flat, lg_lift_kind kind)
{
    int count = 0;
    if (!flat)
        step[count++] = (lg_onnx_node){
            .op = "Flatten", .input = {u}, .output = "u", .attribute = {{"axis", 1}}};
    step[count++] = (lg_onnx_node){
        "Gemm", {flat ? u : "u", "filter", "offset"}, "a", .attribute = {{"transB", 1}}};
    if (kind == LG_LIFT_STEP) {
        step[count++] = (lg_onnx_node){.op = "Greater", .input = {"a", "zero"}, .output = "above"};
        step[count++] = (lg_onnx_node){
            .op = "Cast", .input = {"above"}, .output = "y", .attribute = {{"to", LG_ONNX_FLOAT}}};
    } else {
        step[count++] = (lg_onnx_node){
            .op = kind == LG_LIFT_RFF ? "Cos" : "Sigmoid", .input = {"a"}, .output = "y"};
    }
    return count;
}

/* From the image to the deviations of its windows, [N][1][down][across]. */
static int deviation_nodes(lg_onnx_node *step, const lg_lift *lift)
{
    const int s = lift->stride;
    const lg_onnx_node node[] = {
        {.op = "Conv",
         .input = {"image", "pick"},
         .output = "window",
         .list = {"strides", 2, {s, s}}},
        {.op = "ReduceMean", .input = {"window"}, .output = "middle", .list = {"axes", 1, {1}}},
        {.op = "Sub", .input = {"window", "middle"}, .output = "off"},
        {.op = "Mul", .input = {"off", "off"}, .output = "square"},
        {.op = "ReduceMean", .input = {"square"}, .output = "variance", .list = {"axes", 1, {1}}},
        {.op = "Add", .input = {"variance", "contrast"}, .output = "contrasted"},
        {.op = "Sqrt", .input = {"contrasted"}, .output = "deviation"},
    };
    enum { COUNT = sizeof node / sizeof *node };
    for (int i = 0; i < COUNT; i++) step[i] = node[i];
    return COUNT;
}

/* From r [N][units][down][across] to y [N][cells][units][2], flat. */
static int cell_nodes(lg_onnx_node *step)
{
    const lg_onnx_node node[] = {
        {.op = "Sub", .input = {"r", "threshold"}, .output = "r_over"},
        {.op = "Neg", .input = {"r"}, .output = "r_against"},
        {.op = "Sub", .input = {"r_against", "threshold"}, .output = "r_under"},
        {.op = "Concat",
         .input = {"r_over", "r_under"},
         .output = "r_both",
         .attribute = {{"axis", 1}}},
        {.op = "Relu", .input = {"r_both"}, .output = "kept"},
        {.op = "Reshape", .input = {"kept", "sides"}, .output = "lined"},
        {.op = "MatMul", .input = {"lined", "falls"}, .output = "sums"},
        {.op = "Div", .input = {"sums", "falling"}, .output = "means"},
        {.op = "Transpose",
         .input = {"means"},
         .output = "ordered",
         .list = {"perm", 4, {0, 3, 2, 1}}},
        {.op = "Flatten", .input = {"ordered"}, .output = "y", .attribute = {{"axis", 1}}},
    };
    enum { COUNT = sizeof node / sizeof *node };
    for (int i = 0; i < COUNT; i++) step[i] = node[i];
    return COUNT;
}

static int windows_nodes(lg_onnx_node *step, const char *u, const lg_lift *lift)
{
    const int s = lift->stride;
    int count = 0;
    step[count++] = (lg_onnx_node){
        .op = "Transpose", .input = {u}, .output = "image", .list = {"perm", 4, {0, 3, 1, 2}}};
    count += deviation_nodes(step + count, lift);
    step[count++] = (lg_onnx_node){.op = "Conv",
                                   .input = {"image", "filter"},
                                   .output = "answer",
                                   .list = {"strides", 2, {s, s}}};
    step[count++] =
        (lg_onnx_node){.op = "Div", .input = {"answer", "deviation"}, .output = "evened"};
    step[count++] = (lg_onnx_node){.op = "Add", .input = {"evened", "offset"}, .output = "r"};
    return count + cell_nodes(step + count);
}

int lg_onnx_map_nodes(lg_onnx_node *step, const lg_export *e, const char *u)
{
    const lg_lift *lift = &e->model->map->lift;
    const int flat = e->model->floats;
    int count = 0;
    switch (lg_lifts[lift->kind].family) {
    case LG_LIFT_PRODUCTS:
        count = products_nodes(step, u, flat);
        break;
    case LG_LIFT_LAYER:
        count = layer_nodes(step, u, flat, lift->kind);
        break;
    case LG_LIFT_WINDOWS:
        count = windows_nodes(step, u, lift);
        break;
    }
    step[count++] =
        (lg_onnx_node){.op = "Mul", .input = {"y", "feature_scale"}, .output = "y_scaled"};
    step[count++] =
        (lg_onnx_node){.op = "Add", .input = {"y_scaled", "feature_shift"}, .output = "x"};
    return count;
}

/* --------------------------------------------------------------------------------- tensors --- */

double lg_onnx_map_bytes(const lg_lift *lift)
{
    const double filters = (double)lift->units * (double)lg_lift_filter_width(lift);
    if (lg_lifts[lift->kind].family != LG_LIFT_WINDOWS) return sizeof(float) * filters;
    const double window = (double)lg_lift_window(lift), cells = (double)lift->grid * lift->grid;
    const double windows = (double)lg_lift_down(lift) * lg_lift_across(lift);
    return sizeof(float) * (filters + window * window + windows * cells);
}

static void add_single(lg_wire *graph, const char *name, float value)
{
    lg_onnx_add_floats(graph, name, &value, (const int64_t[LG_ONNX_RANK]){1});
}

static void add_pairs(lg_wire *graph, const lg_lift *lift)
{
    int64_t *index = calloc((size_t)lift->units, sizeof *index);
    if (!index) {
        graph->failed = 1;
        return;
    }
    for (int side = 0; side < 2; side++) {
        for (int64_t t = 0; t < lift->units; t++) index[t] = lift->pair[2 * t + side];
        lg_onnx_add_integers(graph, side ? "pair_b" : "pair_a", index, lift->units);
    }
    free(index);
}

/* rows kernels [size][size][channels], each number of which `at` knows by its row and its place in
 * the window, as Conv has them: [channels][size][size]. */
static void add_kernels(lg_wire *graph, const char *name, const lg_lift *lift, int64_t rows,
                        float (*at)(const lg_lift *lift, int64_t row, int64_t t))
{
    const int64_t s = lg_lift_window(lift), area = (int64_t)lift->size * lift->size;
    const int64_t dim[LG_ONNX_RANK] = {rows, lift->channels, lift->size, lift->size};
    float *kernel = calloc((size_t)(rows * s), sizeof *kernel);
    if (!kernel) {
        graph->failed = 1;
        return;
    }
    for (int64_t i = 0; i < rows * s; i++)
        kernel[i / s * s + i % lift->channels * area + i % s / lift->channels] =
            at(lift, i / s, i % s);
    lg_onnx_add_floats(graph, name, kernel, dim);
    free(kernel);
}

static float filter_at(const lg_lift *lift, int64_t row, int64_t t)
{
    return lift->filter[row * lg_lift_window(lift) + t];
}

static float pick_at(const lg_lift *lift, int64_t row, int64_t t)
{
    (void)lift;
    return row == t ? 1.0f : 0.0f;
}

/* Which cell the windows in a row fall into. */
static int cell_of(int window, int grid, int count)
{
    return (int)((int64_t)window * grid / count);
}

/* falls [down across][cells]: 1 where a window falls into a cell; falling [cells]: how many do. */
static void add_cells(lg_wire *graph, const lg_lift *lift)
{
    const int down = lg_lift_down(lift), across = lg_lift_across(lift), grid = lift->grid;
    const int64_t cells = (int64_t)grid * grid, windows = (int64_t)down * across;
    float *falls = calloc((size_t)(windows * cells), sizeof *falls);
    float *falling = calloc((size_t)cells, sizeof *falling);
    graph->failed |= !falls || !falling;
    for (int64_t w = 0; w < windows && falls && falling; w++) {
        const int64_t cell = (int64_t)cell_of((int)(w / across), grid, down) * grid +
                             cell_of((int)(w % across), grid, across);
        falls[w * cells + cell] = 1.0f;
        falling[cell] += 1.0f;
    }
    if (falls && falling) {
        lg_onnx_add_floats(graph, "falls", falls, (const int64_t[LG_ONNX_RANK]){windows, cells});
        lg_onnx_add_floats(graph, "falling", falling, (const int64_t[LG_ONNX_RANK]){cells});
    }
    free(falls);
    free(falling);
}

/* A shape's 0 is the number of samples, as it comes. */
static void add_windows(lg_wire *graph, const lg_lift *lift)
{
    const int64_t windows = (int64_t)lg_lift_down(lift) * lg_lift_across(lift);
    add_kernels(graph, "pick", lift, lg_lift_window(lift), pick_at);
    add_kernels(graph, "filter", lift, lift->units, filter_at);
    lg_onnx_add_floats(graph, "offset", lift->offset,
                       (const int64_t[LG_ONNX_RANK]){lift->units, 1, 1});
    add_single(graph, "contrast", lift->contrast);
    add_single(graph, "threshold", lift->threshold);
    lg_onnx_add_integers(graph, "sides", (const int64_t[]){0, 2, lift->units, windows}, 4);
    add_cells(graph, lift);
}

static void add_layer(lg_wire *graph, const lg_lift *lift)
{
    lg_onnx_add_floats(graph, "filter", lift->filter,
                       (const int64_t[LG_ONNX_RANK]){lift->units, lift->in});
    lg_onnx_add_floats(graph, "offset", lift->offset, (const int64_t[LG_ONNX_RANK]){lift->units});
    if (lift->kind == LG_LIFT_STEP) add_single(graph, "zero", 0.0f);
}

void lg_onnx_map_tensors(lg_wire *graph, const lg_export *e)
{
    const lg_lift *lift = &e->model->map->lift;
    const int64_t dim[LG_ONNX_RANK] = {lg_lift_features(lift)};
    switch (lg_lifts[lift->kind].family) {
    case LG_LIFT_PRODUCTS:
        add_pairs(graph, lift);
        break;
    case LG_LIFT_LAYER:
        add_layer(graph, lift);
        break;
    case LG_LIFT_WINDOWS:
        add_windows(graph, lift);
        break;
    }
    lg_onnx_add_floats(graph, "feature_scale", lift->scale, dim);
    lg_onnx_add_floats(graph, "feature_shift", lift->shift, dim);
}
