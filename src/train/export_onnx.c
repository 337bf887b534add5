/* export_onnx.c -- a model as an ONNX graph.
 *
 *   pixels [N][H][W][C]  Mul scale, Add shift, Flatten \
 *   features [N][D]     (Mul scale, Add shift)         -> Gemm (Div temperature) (Add prior)
 *                       (one sigmoid: Concat of -z and z)
 *                     -> scores -> Softmax or Sigmoid -> probabilities;  ArgMax -> label
 *
 * Opset 13, the first with Softmax along one axis, and IR version 7, its own: what reads ONNX at
 * all reads these.  The weights stand last in the file and are written from where they lie. Source
 * of field numbers: onnx/onnx.proto, of ONNX 1.8. */
/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "base/text.h"
#include "train/class_names.h"
#include "train/export_onnx.h"
#include "train/feature_map.h"

enum { IR_VERSION = 7, OPSET = 13, MOST_STEPS = LG_ONNX_MAP_NODES + 8 };

/* protobuf.dev/programming-guides/encoding: no message is longer. */
#define LARGEST ((uint64_t)INT32_MAX)

enum field {
    MODEL_IR_VERSION = 1,
    MODEL_PRODUCER = 2,
    MODEL_PRODUCER_VERSION = 3,
    MODEL_ABOUT = 6,
    MODEL_GRAPH = 7,
    MODEL_OPSET = 8,
    MODEL_METADATA = 14,
    OPSET_DOMAIN = 1,
    OPSET_VERSION = 2,
    META_KEY = 1,
    META_VALUE = 2,
    GRAPH_NAME = 2,
    GRAPH_INPUT = 11,
    GRAPH_OUTPUT = 12
};

/* ------------------------------------------------------------------------------- the graph --- */

static const char *input_name(const lg_export *e)
{
    return e->model->floats ? "features" : "pixels";
}

/* A straight line's answer to numbers is no score of a class. */
static const char *score_name(const lg_export *e)
{
    return e->model->classes > 0 ? "scores" : "value";
}

/* From the input to the scores, one after the other. */
static void add_chain(lg_wire *graph, const lg_export *e)
{
    lg_onnx_node step[MOST_STEPS];
    int count = 0;
    if (e->normals) {
        step[count++] = (lg_onnx_node){.op = "Mul", .input = {NULL, "scale"}, .output = "scaled"};
        step[count++] =
            (lg_onnx_node){.op = "Add", .input = {NULL, "shift"}, .output = "normalized"};
    }
    if (e->model->map)
        count +=
            lg_onnx_map_nodes(step + count, e, count > 0 ? step[count - 1].output : input_name(e));
    else if (!e->model->floats)
        step[count++] = (lg_onnx_node){
            .op = "Flatten", .input = {NULL}, .output = "x", .attribute = {{"axis", 1}}};
    step[count++] = (lg_onnx_node){.op = "Gemm",
                                   .input = {NULL, "weight", "bias"},
                                   .output = "z",
                                   .attribute = {{"transB", 1}}};
    if (e->temperature != 1.0)
        step[count++] =
            (lg_onnx_node){.op = "Div", .input = {NULL, "temperature"}, .output = "tempered"};
    if (e->prior)
        step[count++] =
            (lg_onnx_node){.op = "Add", .input = {NULL, "prior"}, .output = "corrected"};
    if (lg_export_is_two_sided(e)) {
        const char *z = step[count - 1].output;
        step[count++] = (lg_onnx_node){.op = "Neg", .input = {NULL}, .output = "against"};
        step[count++] = (lg_onnx_node){
            .op = "Concat", .input = {NULL, z}, .output = "scores", .attribute = {{"axis", 1}}};
    }
    step[count - 1].output = score_name(e);
    for (int i = 0; i < count; i++) {
        if (!step[i].input[0]) step[i].input[0] = i > 0 ? step[i - 1].output : input_name(e);
        lg_onnx_add_node(graph, &step[i]);
    }
}

static void add_answers(lg_wire *graph, const lg_export *e)
{
    lg_onnx_add_value(graph, GRAPH_OUTPUT, score_name(e), LG_ONNX_FLOAT,
                      (const int64_t[LG_ONNX_RANK]){-1, e->scores});
    if (e->model->classes == 0) return;
    if (e->link != LG_LINK_IDENTITY) {
        const int softmax = e->link == LG_LINK_SOFTMAX;
        lg_onnx_add_node(graph, &(lg_onnx_node){.op = softmax ? "Softmax" : "Sigmoid",
                                                .input = {"scores"},
                                                .output = "probabilities",
                                                .attribute = {{softmax ? "axis" : NULL, 1}}});
        lg_onnx_add_value(graph, GRAPH_OUTPUT, "probabilities", LG_ONNX_FLOAT,
                          (const int64_t[LG_ONNX_RANK]){-1, e->scores});
    }
    lg_onnx_add_node(graph, &(lg_onnx_node){.op = "ArgMax",
                                            .input = {"scores"},
                                            .output = "label",
                                            .attribute = {{"axis", 1}, {"keepdims", 0}}});
    lg_onnx_add_value(graph, GRAPH_OUTPUT, "label", LG_ONNX_INT64,
                      (const int64_t[LG_ONNX_RANK]){-1});
}

/* Doubles, rounded. */
static void add_doubles(lg_wire *graph, const char *name, const double *number, int64_t count)
{
    float *rounded = calloc((size_t)count, sizeof *rounded);
    if (!rounded) {
        graph->failed = 1;
        return;
    }
    for (int64_t i = 0; i < count; i++) rounded[i] = (float)number[i];
    lg_onnx_add_floats(graph, name, rounded, (const int64_t[LG_ONNX_RANK]){count});
    free(rounded);
}

/* The weights come last, and their bytes behind the message. */
static void add_tensors(lg_wire *graph, const lg_export *e)
{
    const logit_model *model = e->model;
    if (e->normals) {
        const int64_t dim[LG_ONNX_RANK] = {e->normals};
        lg_onnx_add_floats(graph, "scale", e->scale, dim);
        lg_onnx_add_floats(graph, "shift", e->shift, dim);
    }
    if (model->map) lg_onnx_map_tensors(graph, e);
    lg_onnx_add_floats(graph, "bias", model->bias, (const int64_t[LG_ONNX_RANK]){model->outputs});
    if (e->temperature != 1.0) add_doubles(graph, "temperature", &e->temperature, 1);
    if (e->prior) add_doubles(graph, "prior", e->prior, model->outputs);

    lg_onnx_add_behind(graph, "weight",
                       (const int64_t[LG_ONNX_RANK]){model->outputs, model->features});
}

static void add_graph(lg_wire *model, const lg_export *e)
{
    const lg_image_target *shape = &e->model->shape;
    const int64_t pixels[LG_ONNX_RANK] = {-1, shape->height, shape->width, shape->channels};
    const int64_t features[LG_ONNX_RANK] = {-1, e->model->inputs};
    lg_wire graph = {0};
    lg_wire_text(&graph, GRAPH_NAME, "logit");
    lg_onnx_add_value(&graph, GRAPH_INPUT, input_name(e), LG_ONNX_FLOAT,
                      e->model->floats ? features : pixels);
    add_chain(&graph, e);
    add_answers(&graph, e);
    add_tensors(&graph, e);
    lg_wire_message(model, MODEL_GRAPH, &graph);
}

/* -------------------------------------------------------------------------------- metadata --- */

/* value NULL: no entry. */
static void add_meta(lg_wire *model, const char *key, const char *value)
{
    lg_wire meta = {0};
    if (!value) return;
    lg_wire_text(&meta, META_KEY, key);
    lg_wire_text(&meta, META_VALUE, value);
    lg_wire_message(model, MODEL_METADATA, &meta);
}

/* A text that was made, and is freed; NULL where nothing was added to it. */
static void add_made(lg_wire *model, const char *key, lg_text *value)
{
    model->failed |= value->failed;
    if (!value->failed) add_meta(model, key, value->data);
    lg_text_clear(value);
}

/* What a user typed may be any bytes, and a protocol buffer's text is UTF-8. */
static void add_typed(lg_wire *model, const char *key, const char *value)
{
    const size_t room = value ? 4 * strlen(value) + 1 : 0; /* every byte as \xNN */
    char *text = value ? malloc(room) : NULL;
    if (value && !text) model->failed = 1;
    if (text) add_meta(model, key, lg_text_escape(text, room, value));
    free(text);
}

static void add_number(lg_wire *model, const char *key, int number)
{
    char text[16];
    snprintf(text, sizeof text, "%d", number);
    add_meta(model, key, text);
}

/* The keys of docs/model-file.md, and how the input is laid out. */
static void add_metadata(lg_wire *wire, const lg_export *e)
{
    const logit_model *model = e->model;
    const lg_image_target *shape = &model->shape;
    lg_text classes = {0}, mean = {0}, std = {0}, temperature = {0};
    lg_class_names_add(&classes, model->class_name, model->classes);
    if (!model->floats) {
        lg_export_add_numbers(&mean, model->mean, shape->channels);
        lg_export_add_numbers(&std, model->std, shape->channels);
    }
    if (e->temperature != 1.0) lg_text_add_number(&temperature, e->temperature);
    add_meta(wire, "format", "logit");
    add_meta(wire, "loss", lg_losses[model->loss].name);
    add_made(wire, "classes", &classes);
    add_meta(wire, "element", model->floats ? LG_MODEL_FLOAT : "uint8");
    add_meta(wire, "layout", model->floats ? "ND" : "NHWC");
    add_number(wire, "height", shape->height);
    add_number(wire, "width", shape->width);
    add_number(wire, "channels", shape->channels);
    add_meta(wire, "normalize", model->normalize);
    add_made(wire, "mean", &mean);
    add_made(wire, "std", &std);
    add_made(wire, "temperature", &temperature);
    add_typed(wire, "prior", e->prior_text);
    add_meta(wire, "features", model->map ? model->map->text : NULL);
    if (model->floats) return;
    add_meta(wire, "resize", model->resize);
    add_meta(wire, "decoder", lg_decoding_name(model->decoding));
}

/* ------------------------------------------------------------------------------------- all --- */

static const char *about(const lg_export *e)
{
    return e->model->floats
               ? "features [N][D]: floats as they were trained on; they are normalised inside"
               : "pixels [N][height][width][channels]: 0 .. 255 as floats, channels red, green, "
                 "blue or grey, resized as metadata `resize` says; they are normalised inside";
}

static void make(lg_wire *wire, const lg_export *e)
{
    lg_wire opset = {0};
    lg_wire_number(wire, MODEL_IR_VERSION, IR_VERSION);
    lg_wire_text(wire, MODEL_PRODUCER, "logit");
    lg_wire_text(wire, MODEL_PRODUCER_VERSION, LOGIT_VERSION);
    lg_wire_text(wire, MODEL_ABOUT, about(e));
    lg_wire_text(&opset, OPSET_DOMAIN, "");
    lg_wire_number(&opset, OPSET_VERSION, OPSET);
    lg_wire_message(wire, MODEL_OPSET, &opset);
    add_metadata(wire, e);
    add_graph(wire, e);
}

static logit_status check_size(double bytes, const char *path, logit_error *err)
{
    char shown[600];
    if (bytes <= (double)LARGEST) return LOGIT_OK;
    LG_FAIL(err, LOGIT_E_DATA,
            "%s: the model takes %.0f bytes, and an ONNX file holds %.0f at most [LIMIT]",
            lg_text_escape(shown, sizeof shown, path), bytes, (double)LARGEST);
}

/* Before there is any memory for it.  Windows are of images; features of a file made by hand might
 * claim a height. */
static logit_status check_map(const logit_model *model, const char *path, logit_error *err)
{
    char shown[600];
    if (!model->map) return LOGIT_OK;
    LG_TRY(check_size(lg_onnx_map_bytes(&model->map->lift), path, err));
    if (!model->floats || model->shape.height == 1) return LOGIT_OK;
    LG_FAIL(err, LOGIT_E_USAGE, "%s: a feature map (%s) of features: only of images in a graph",
            lg_text_escape(shown, sizeof shown, path), model->map->text);
}

static logit_status check(const lg_wire *wire, const char *path, logit_error *err)
{
    char shown[600];
    if (wire->failed)
        LG_FAIL(err, LOGIT_E_NOMEM, "%s: out of memory for the graph",
                lg_text_escape(shown, sizeof shown, path));
    return check_size((double)lg_wire_size(wire), path, err);
}

logit_status lg_export_onnx(const lg_export *e, const char *path, int64_t *bytes, logit_error *err)
{
    lg_wire wire = {0};
    LG_TRY(check_map(e->model, path, err));
    make(&wire, e);
    *bytes = (int64_t)lg_wire_size(&wire);
    const lg_piece piece[] = {{wire.bytes.data, wire.bytes.size},
                              {e->model->weight, (size_t)wire.behind}};
    logit_status status = check(&wire, path, err);
    if (status == LOGIT_OK) status = lg_file_replace(path, piece, 2, err);
    lg_bytes_clear(&wire.bytes);
    return status;
}
