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
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "base/text.h"
#include "train/class_names.h"
#include "train/export.h"
#include "train/feature_map.h"
#include "train/wire.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "raw tensor data are little-endian, as numbers lie in memory");

enum { IR_VERSION = 7, OPSET = 13, MOST_RANK = 4, MOST_STEPS = 8, INPUTS = 3, ATTRIBUTES = 2 };

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
    GRAPH_NODE = 1,
    GRAPH_NAME = 2,
    GRAPH_TENSOR = 5,
    GRAPH_INPUT = 11,
    GRAPH_OUTPUT = 12,
    NODE_INPUT = 1,
    NODE_OUTPUT = 2,
    NODE_NAME = 3,
    NODE_OP = 4,
    NODE_ATTRIBUTE = 5,
    ATTRIBUTE_NAME = 1,
    ATTRIBUTE_INT = 3,
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

enum { ATTRIBUTE_IS_INT = 2, ELEMENT_FLOAT = 1, ELEMENT_INT64 = 7 };

/* ------------------------------------------------------------------------ parts of a graph --- */

/* One operator; input[0] NULL: what the one before it gave. */
typedef struct node {
    const char *op, *input[INPUTS], *output;
    struct {
        const char *name;
        int value;
    } attribute[ATTRIBUTES];
} node;

static void add_node(lg_wire *graph, const node *n)
{
    lg_wire wire = {0};
    for (int i = 0; i < INPUTS && n->input[i]; i++) lg_wire_text(&wire, NODE_INPUT, n->input[i]);
    lg_wire_text(&wire, NODE_OUTPUT, n->output);
    lg_wire_text(&wire, NODE_NAME, n->output);
    lg_wire_text(&wire, NODE_OP, n->op);
    for (int i = 0; i < ATTRIBUTES && n->attribute[i].name; i++) {
        lg_wire attribute = {0};
        lg_wire_text(&attribute, ATTRIBUTE_NAME, n->attribute[i].name);
        lg_wire_number(&attribute, ATTRIBUTE_INT, (uint64_t)n->attribute[i].value);
        lg_wire_number(&attribute, ATTRIBUTE_TYPE, ATTRIBUTE_IS_INT);
        lg_wire_message(&wire, NODE_ATTRIBUTE, &attribute);
    }
    lg_wire_message(graph, GRAPH_NODE, &wire);
}

/* dim[rank] ends with the first 0. */
static lg_wire tensor_head(const char *name, const int64_t *dim)
{
    lg_wire wire = {0};
    for (int i = 0; i < MOST_RANK && dim[i]; i++)
        lg_wire_number(&wire, TENSOR_DIM, (uint64_t)dim[i]);
    lg_wire_number(&wire, TENSOR_TYPE, ELEMENT_FLOAT);
    lg_wire_text(&wire, TENSOR_NAME, name);
    return wire;
}

static void add_vector(lg_wire *graph, const char *name, const float *number, int64_t count)
{
    lg_wire tensor = tensor_head(name, (const int64_t[MOST_RANK]){count});
    lg_wire_bytes(&tensor, TENSOR_RAW, number, (size_t)count * sizeof *number);
    lg_wire_message(graph, GRAPH_TENSOR, &tensor);
}

/* The same of doubles. */
static void add_doubles(lg_wire *graph, const char *name, const double *number, int64_t count)
{
    float *rounded = calloc((size_t)count, sizeof *rounded);
    if (!rounded) {
        graph->failed = 1;
        return;
    }
    for (int64_t i = 0; i < count; i++) rounded[i] = (float)number[i];
    add_vector(graph, name, rounded, count);
    free(rounded);
}

/* A dimension of -1 is the number of samples. */
static void add_value(lg_wire *graph, int field, const char *name, int element, const int64_t *dim)
{
    lg_wire shape = {0}, tensor = {0}, type = {0}, value = {0};
    for (int i = 0; i < MOST_RANK && dim[i]; i++) {
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
    node step[MOST_STEPS];
    int count = 0;
    if (e->normals) {
        step[count++] = (node){"Mul", {NULL, "scale"}, "scaled", {{0}}};
        step[count++] = (node){"Add", {NULL, "shift"}, "normalized", {{0}}};
    }
    if (!e->model->floats) step[count++] = (node){"Flatten", {NULL}, "x", {{"axis", 1}}};
    step[count++] = (node){"Gemm", {NULL, "weight", "bias"}, "z", {{"transB", 1}}};
    if (e->temperature != 1.0)
        step[count++] = (node){"Div", {NULL, "temperature"}, "tempered", {{0}}};
    if (e->prior) step[count++] = (node){"Add", {NULL, "prior"}, "corrected", {{0}}};
    if (lg_export_is_two_sided(e)) {
        const char *z = step[count - 1].output;
        step[count++] = (node){"Neg", {NULL}, "against", {{0}}};
        step[count++] = (node){"Concat", {NULL, z}, "scores", {{"axis", 1}}};
    }
    step[count - 1].output = score_name(e);
    for (int i = 0; i < count; i++) {
        step[i].input[0] = i > 0 ? step[i - 1].output : input_name(e);
        add_node(graph, &step[i]);
    }
}

static void add_answers(lg_wire *graph, const lg_export *e)
{
    add_value(graph, GRAPH_OUTPUT, score_name(e), ELEMENT_FLOAT,
              (const int64_t[MOST_RANK]){-1, e->scores});
    if (e->model->classes == 0) return;
    if (e->link != LG_LINK_IDENTITY) {
        const int softmax = e->link == LG_LINK_SOFTMAX;
        add_node(graph, &(node){softmax ? "Softmax" : "Sigmoid",
                                {"scores"},
                                "probabilities",
                                {{softmax ? "axis" : NULL, 1}}});
        add_value(graph, GRAPH_OUTPUT, "probabilities", ELEMENT_FLOAT,
                  (const int64_t[MOST_RANK]){-1, e->scores});
    }
    add_node(graph, &(node){"ArgMax", {"scores"}, "label", {{"axis", 1}, {"keepdims", 0}}});
    add_value(graph, GRAPH_OUTPUT, "label", ELEMENT_INT64, (const int64_t[MOST_RANK]){-1});
}

/* The weights come last, and their bytes behind the message. */
static void add_tensors(lg_wire *graph, const lg_export *e)
{
    const logit_model *model = e->model;
    if (e->normals) {
        add_vector(graph, "scale", e->scale, e->normals);
        add_vector(graph, "shift", e->shift, e->normals);
    }
    add_vector(graph, "bias", model->bias, model->outputs);
    if (e->temperature != 1.0) add_doubles(graph, "temperature", &e->temperature, 1);
    if (e->prior) add_doubles(graph, "prior", e->prior, model->outputs);

    lg_wire weight =
        tensor_head("weight", (const int64_t[MOST_RANK]){model->outputs, model->features});
    lg_wire_behind(&weight, TENSOR_RAW,
                   (uint64_t)model->outputs * (uint64_t)model->features * sizeof(float));
    lg_wire_message(graph, GRAPH_TENSOR, &weight);
}

static void add_graph(lg_wire *model, const lg_export *e)
{
    const lg_image_target *shape = &e->model->shape;
    const int64_t pixels[MOST_RANK] = {-1, shape->height, shape->width, shape->channels};
    const int64_t features[MOST_RANK] = {-1, e->model->features};
    lg_wire graph = {0};
    lg_wire_text(&graph, GRAPH_NAME, "logit");
    add_value(&graph, GRAPH_INPUT, input_name(e), ELEMENT_FLOAT,
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

/* Without its map a model says something else altogether. */
static logit_status check_map(const logit_model *model, const char *path, logit_error *err)
{
    char shown[600];
    if (!model->map) return LOGIT_OK;
    LG_FAIL(
        err, LOGIT_E_USAGE,
        "%s: the model has a feature map (%s), which its graph does not hold yet; a C file does",
        lg_text_escape(shown, sizeof shown, path), model->map->text);
}

static logit_status check(const lg_wire *wire, const char *path, logit_error *err)
{
    char shown[600];
    if (wire->failed)
        LG_FAIL(err, LOGIT_E_NOMEM, "%s: out of memory for the graph",
                lg_text_escape(shown, sizeof shown, path));
    if (lg_wire_size(wire) > LARGEST)
        LG_FAIL(err, LOGIT_E_DATA,
                "%s: the model takes %llu bytes, and an ONNX file holds %llu at most [LIMIT]",
                lg_text_escape(shown, sizeof shown, path), (unsigned long long)lg_wire_size(wire),
                (unsigned long long)LARGEST);
    return LOGIT_OK;
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
