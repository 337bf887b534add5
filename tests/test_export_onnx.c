/* test_export_onnx.c -- the exported ONNX graph, read byte by byte and worked out.
 *
 * Tests (suite export_onnx).  The reader and the operators are the tests' own (onnx_graph.h);
 * export_test.sh shows the same files to the onnx package, where that is installed. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/export_rig.h"
#include "tests/onnx_graph.h"
#include "train/export.h"
#include "train/feature_map.h"
#include "train/json_check.h"
#include "train/wire.h"

Suite *lg_suite_export_onnx(void);

/* --------------------------------------------------------------------------------- answers --- */

static void read_export(onnx_graph *graph, const export_made *made)
{
    size_t size;
    char *bytes = export_write(made, &size);
    onnx_read(graph, bytes, size);
    free(bytes);
}

static void run_samples(onnx_graph *graph, const export_made *made)
{
    const int64_t count = EXPORT_SAMPLES * made->model->inputs;
    double *input = calloc((size_t)count, sizeof *input);
    for (int64_t i = 0; i < count; i++)
        input[i] = made->features ? (double)made->features[i] : (double)made->pixels[i];
    onnx_run(graph, input, EXPORT_SAMPLES);
    free(input);
}

/* A probability moves by at most 1/4 of what its score does. */
static void hold(const export_made *made, const onnx_value *got, const double *want,
                 double tolerance)
{
    ck_assert_int_eq(onnx_count(got), EXPORT_SAMPLES * made->scores);
    for (int i = 0; i < EXPORT_SAMPLES * made->scores; i++)
        ck_assert_msg(fabs(got->number[i] - want[i]) <= tolerance, "%s: %s %d: %.12g, not %.12g",
                      made->of->name, got->name, i, got->number[i], want[i]);
}

/* The graph is worked out in double here, as the reference is: what is left are the roundings of
 * temperature and prior to float32, 2^-24 of a score each. */
START_TEST(the_graph_says_what_logit_says)
{
    export_made made;
    onnx_graph graph;
    export_make(&made, _i, ".onnx");
    read_export(&graph, &made);
    run_samples(&graph, &made);
    double largest = 1.0;
    for (int i = 0; i < EXPORT_SAMPLES * made.scores; i++)
        largest = fmax(largest, fabs(made.score[i]));
    const double tolerance = 4.0 * 0x1p-24 * largest;
    const onnx_value *probability = onnx_find(&graph, "probabilities");
    const onnx_value *label = onnx_find(&graph, "label");
    hold(&made, onnx_find(&graph, made.of->classes ? "scores" : "value"), made.score, tolerance);
    ck_assert_int_eq(probability != NULL, made.of->loss != LG_LOSS_MSE);
    if (probability) hold(&made, probability, made.probability, tolerance);
    ck_assert_int_eq(label != NULL, made.of->classes > 0);
    for (int i = 0; label && i < EXPORT_SAMPLES; i++)
        ck_assert_int_eq((int)label->number[i], made.label[i]);
    onnx_clear(&graph);
    export_clear(&made);
}
END_TEST

/* ------------------------------------------------------------------------------- structure --- */

static void check_numbers(const onnx_graph *graph, const char *name, const float *want,
                          int64_t count)
{
    const onnx_value *value = onnx_find(graph, name);
    ck_assert_ptr_nonnull(value);
    ck_assert_int_eq(onnx_count(value), count);
    for (int64_t i = 0; i < count; i++)
        ck_assert_msg(value->number[i] == (double)want[i], "%s[%lld]", name, (long long)i);
}

static void check_outputs(const onnx_graph *graph, const export_made *made)
{
    const int classes = made->of->classes;
    ck_assert_int_eq(graph->outputs, classes == 0 ? 1 : made->of->loss == LG_LOSS_MSE ? 2 : 3);
    for (int i = 0; i < graph->outputs; i++) {
        const onnx_value *output = &graph->output[i];
        const int label = strcmp(output->name, "label") == 0;
        ck_assert_int_eq(output->element, label ? 7 : 1);
        ck_assert_int_eq(output->rank, label ? 1 : 2);
        ck_assert_int_eq(output->dim[0], -1);
        if (!label) ck_assert_int_eq(output->dim[1], made->scores);
    }
}

START_TEST(the_file_says_what_it_is)
{
    export_made made;
    onnx_graph graph;
    char number[32];
    export_make(&made, _i, ".onnx");
    read_export(&graph, &made);
    const logit_model *model = made.model;
    const int floats = made.of->floats;
    ck_assert_int_eq(graph.opset, 13);
    ck_assert_int_eq(graph.ir_version, 7);
    ck_assert_str_eq(graph.input.name, floats ? "features" : "pixels");
    ck_assert_int_eq(graph.input.element, 1);
    ck_assert_int_eq(graph.input.rank, floats ? 2 : 4);
    ck_assert_int_eq(graph.input.dim[1], floats ? model->inputs : model->shape.height);
    if (!floats) ck_assert_int_eq(graph.input.dim[3], model->shape.channels);
    check_outputs(&graph, &made);
    check_numbers(&graph, "weight", model->weight, model->outputs * model->features);
    check_numbers(&graph, "bias", model->bias, model->outputs);
    ck_assert_str_eq(onnx_meta(&graph, "loss"), lg_losses[model->loss].name);
    ck_assert_str_eq(onnx_meta(&graph, "layout"), floats ? "ND" : "NHWC");
    snprintf(number, sizeof number, "%d", model->shape.width);
    ck_assert_str_eq(onnx_meta(&graph, "width"), number);
    ck_assert_int_eq(onnx_meta(&graph, "resize") != NULL, !floats);
    ck_assert_int_eq(onnx_meta(&graph, "decoder") != NULL, !floats);
    ck_assert_int_eq(onnx_meta(&graph, "features") != NULL, _i >= EXPORT_CASES);
    ck_assert_int_eq(onnx_meta(&graph, "prior") != NULL, made.of->prior != NULL);
    onnx_clear(&graph);
    export_clear(&made);
}
END_TEST

/* Names are there as JSON, byte for byte; the metadata are UTF-8 whatever was typed. */
START_TEST(names_are_kept_and_text_is_utf8)
{
    export_made made;
    onnx_graph graph;
    export_make(&made, 7, ".onnx");
    free(made.model->class_name[3]);
    made.model->class_name[3] = strdup("\xFFraw");
    made.options.prior = "\xFFraw=0.5";
    read_export(&graph, &made);
    const lg_json_rules rules = {.depth = 1, .values = 100};
    const char *text = onnx_meta(&graph, "classes");
    lg_json_fault fault;
    cJSON *names;
    ck_assert_int_eq(lg_json_parse(&names, text, strlen(text), &rules, &fault), LOGIT_OK);
    ck_assert_int_eq(cJSON_GetArraySize(names), made.of->classes);
    ck_assert_str_eq(cJSON_GetArrayItem(names, 1)->valuestring, made.model->class_name[1]);
    ck_assert_str_eq(cJSON_GetArrayItem(names, 3)->valuestring, "\xEE\xBF\xBFraw");
    ck_assert_str_eq(onnx_meta(&graph, "prior"), "\\xFFraw=0.5");
    cJSON_Delete(names);
    onnx_clear(&graph);
    export_clear(&made);
}
END_TEST

/* ------------------------------------------------------------------------------------ wire --- */

/* protobuf.dev/programming-guides/encoding: 150 in field 1 is 08 96 01, "testing" in field 2 is 12
 * 07 74 .., and a message that holds the first in field 3 is 1a 03 08 96 01. */
START_TEST(the_wire_is_as_its_specification_says)
{
    static const uint8_t want[] = {0x08, 0x96, 0x01, 0x12, 0x07, 't',  'e',  's',  't',  'i',
                                   'n',  'g',  0x1a, 0x03, 0x08, 0x96, 0x01, 0x80, 0x01, 0xff,
                                   0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01};
    static const uint8_t tail[] = {0x22, 0x88, 0x01, 0x0a, 0x85, 0x01, 0x2a, 0x82, 0x01};
    lg_wire wire = {0}, inner = {0}, outer = {0}, last = {0};
    lg_wire_number(&wire, 1, 150);
    lg_wire_text(&wire, 2, "testing");
    lg_wire_number(&inner, 1, 150);
    lg_wire_message(&wire, 3, &inner);
    lg_wire_number(&wire, 16, UINT64_MAX);
    lg_wire_behind(&last, 5, 130); /* 130 bytes that stand elsewhere ... */
    ck_assert_uint_eq(lg_wire_size(&last), 133);
    lg_wire_message(&outer, 1, &last); /* ... are counted all the way out */
    ck_assert_uint_eq(lg_wire_size(&outer), 136);
    lg_wire_message(&wire, 4, &outer);
    ck_assert_uint_eq(wire.bytes.size, sizeof want + sizeof tail);
    ck_assert_uint_eq(lg_wire_size(&wire), sizeof want + sizeof tail + 130);
    ck_assert_mem_eq(wire.bytes.data, want, sizeof want);
    ck_assert_mem_eq(wire.bytes.data + sizeof want, tail, sizeof tail);
    lg_bytes_clear(&wire.bytes);
}
END_TEST

/* 2 GiB of weights are never touched: address space is all they take. */
START_TEST(more_than_a_message_holds_is_refused)
{
    char *names[] = {"a", "b", "c", "d"};
    logit_model *model;
    model_folder in;
    logit_error err;
    int64_t bytes = 0;
    char path[200];
    model_folder_open(&in);
    snprintf(path, sizeof path, "%s/x.onnx", in.folder);
    const logit_status made =
        lg_model_create(&model, LG_LOSS_SOFTMAX, 4, names, (lg_image_target){8192, 16384, 1}, &err);
    ck_assert_msg(made == LOGIT_OK, "%s", err.message);
    const lg_export e = {.model = model, .temperature = 1.0, .scores = 4};
    ck_assert_int_eq(lg_export_onnx(&e, path, &bytes, &err), LOGIT_E_DATA);
    ck_assert_msg(strstr(err.message, "2147483647 at most [LIMIT]") != NULL, "%s", err.message);
    ck_assert_int_eq(model_folder_close(&in), 0);
    lg_model_destroy(model);
}
END_TEST

/* 68 GB that say which of 67 million windows falls into which cell: never asked for. */
START_TEST(more_windows_than_a_message_holds_are_refused)
{
    const lg_image_target shape = {8192, 8192, 1};
    lg_feature_plan plan;
    lg_feature_map *map;
    logit_model *model;
    logit_error err;
    int64_t bytes;
    ck_assert_int_eq(lg_feature_plan_read(&plan, "patch:1,size=2,stride=1,grid=16", &err),
                     LOGIT_OK);
    ck_assert_int_eq(lg_feature_map_create(&map, &plan, shape, &err), LOGIT_OK);
    ck_assert_int_eq(lg_model_create(&model, LG_LOSS_MSE, 0, NULL, shape, &err), LOGIT_OK);
    ck_assert_int_eq(lg_model_set_map(model, map, &err), LOGIT_OK);
    const lg_export e = {.model = model, .temperature = 1.0, .scores = 1};
    ck_assert_int_eq(lg_export_onnx(&e, "x.onnx", &bytes, &err), LOGIT_E_DATA);
    ck_assert_msg(strstr(err.message, "68702700624 bytes") && strstr(err.message, "[LIMIT]"), "%s",
                  err.message);
    lg_feature_map_destroy(map);
    lg_model_destroy(model);
}
END_TEST

Suite *lg_suite_export_onnx(void)
{
    Suite *suite = suite_create("export_onnx");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_loop_test(all, the_graph_says_what_logit_says, 0, EXPORT_CASES + EXPORT_MAPS);
    tcase_add_loop_test(all, the_file_says_what_it_is, 0, EXPORT_CASES + EXPORT_MAPS);
    tcase_add_test(all, names_are_kept_and_text_is_utf8);
    tcase_add_test(all, the_wire_is_as_its_specification_says);
    tcase_add_test(all, more_than_a_message_holds_is_refused);
    tcase_add_test(all, more_windows_than_a_message_holds_are_refused);
    suite_add_tcase(suite, all);
    return suite;
}
