/* test_model.c -- models written, read back, damaged, and refused. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/file.h"
#include "base/philox.h"
#include "tests/model_file.h"

static model_folder in;
static logit_error err;

static void setup(void)
{
    model_folder_open(&in);
}

static void teardown(void)
{
    model_folder_close(&in);
}

#define OK(call) ck_assert_msg((call) == LOGIT_OK, "%s", err.message)

/* A model whose every field is set to something that is not a default. */
static logit_model *make_model(lg_loss loss, int classes, lg_image_target shape)
{
    static char *names[] = {"cat", "a \"quoted\"\n,name", "\xFFraw\xC3", "\xC3\xA9\xEE\xBE\xBF"};
    logit_model *model;
    OK(lg_model_create(&model, loss, classes, names, shape, &err));
    for (int64_t i = 0; i < model->outputs * model->features; i++)
        model->weight[i] = (float)lg_random_unit(1, 2, (uint64_t)i) - 0.5f;
    for (int i = 0; i < model->outputs; i++) model->bias[i] = -1.0f / (float)(i + 3);
    for (int i = 0; i < classes; i++) model->prior[i] = 1.0f / (float)classes;
    for (int c = 0; c < shape.channels; c++) {
        model->mean[c] = 0.1 + c / 3.0;
        model->std[c] = 1.0 / 3.0 + c;
    }
    OK(lg_model_set_text(&model->normalize, "standard", &err));
    OK(lg_model_set_text(&model->summary, "{\"epochs\":3,\"loss\":0.25}", &err));
    return model;
}

static void assert_same(const logit_model *a, const logit_model *b)
{
    const size_t floats = (size_t)(a->outputs * a->features), channels = (size_t)a->shape.channels;
    ck_assert_int_eq(a->loss, b->loss);
    ck_assert_int_eq(a->classes, b->classes);
    ck_assert_int_eq(a->outputs, b->outputs);
    ck_assert_int_eq(a->features, b->features);
    ck_assert_mem_eq(&a->shape, &b->shape, sizeof a->shape);
    for (int c = 0; c < a->classes; c++) ck_assert_str_eq(a->class_name[c], b->class_name[c]);
    ck_assert_mem_eq(a->mean, b->mean, channels * sizeof *a->mean);
    ck_assert_mem_eq(a->std, b->std, channels * sizeof *a->std);
    ck_assert_str_eq(a->normalize, b->normalize);
    ck_assert_str_eq(a->resize, b->resize);
    ck_assert_str_eq(a->summary, b->summary);
    ck_assert_mem_eq(a->weight, b->weight, floats * sizeof *a->weight);
    ck_assert_mem_eq(a->bias, b->bias, (size_t)a->outputs * sizeof *a->bias);
    if (a->classes > 0)
        ck_assert_mem_eq(a->prior, b->prior, (size_t)a->classes * sizeof *a->prior);
    else
        ck_assert(!a->prior && !b->prior);
}

/* Kinds of model: one output, several of them, numbers; grey and colour. */
static const struct {
    lg_loss loss;
    int classes, outputs;
    lg_image_target shape;
} kinds[] = {{LG_LOSS_SOFTMAX, 3, 3, {4, 5, 3}}, {LG_LOSS_SOFTMAX, 2, 2, {1, 1, 1}},
             {LG_LOSS_SIGMOID, 2, 1, {3, 2, 1}}, {LG_LOSS_SIGMOID, 4, 4, {2, 2, 3}},
             {LG_LOSS_MSE, 3, 3, {2, 2, 1}},     {LG_LOSS_MSE, 0, 1, {2, 3, 1}}};

START_TEST(what_is_saved_is_read_back_to_the_bit)
{
    logit_model *model = make_model(kinds[_i].loss, kinds[_i].classes, kinds[_i].shape), *back;
    int64_t not_finite = -1;
    ck_assert_int_eq(model->outputs, kinds[_i].outputs);
    OK(lg_model_save(model, in.path, &err));
    OK(lg_model_load(&back, in.path, &not_finite, &err));
    assert_same(model, back);
    ck_assert_int_eq(not_finite, 0);
    ck_assert_int_eq(model_folder_count(&in), 1);
    lg_model_destroy(back);
    lg_model_destroy(model);
}
END_TEST

START_TEST(a_folder_stands_for_the_model_in_it)
{
    logit_model *model = make_model(LG_LOSS_SOFTMAX, 3, (lg_image_target){2, 2, 1}), *back;
    OK(lg_model_save(model, in.path, &err));
    OK(lg_model_load(&back, in.folder, NULL, &err));
    assert_same(model, back);
    lg_model_destroy(back);
    lg_model_destroy(model);
}
END_TEST

START_TEST(the_same_model_gives_the_same_bytes)
{
    logit_model *model = make_model(LG_LOSS_SOFTMAX, 4, (lg_image_target){3, 3, 3}), *back;
    lg_bytes first = {0}, second = {0};
    OK(lg_model_save(model, in.path, &err));
    OK(lg_file_read(AT_FDCWD, in.path, 1 << 20, &first, &err));
    OK(lg_model_load(&back, in.path, NULL, &err));
    OK(lg_model_save(back, in.path, &err));
    OK(lg_file_read(AT_FDCWD, in.path, 1 << 20, &second, &err));
    ck_assert_uint_eq(first.size, second.size);
    ck_assert_mem_eq(first.data, second.data, first.size);
    lg_bytes_clear(&first);
    lg_bytes_clear(&second);
    lg_model_destroy(back);
    lg_model_destroy(model);
}
END_TEST

START_TEST(optional_parts_may_be_left_out)
{
    logit_model *model;
    model_file_header(&in, MODEL_GOOD, 0, MODEL_GOOD_DATA);
    OK(lg_model_load(&model, in.path, NULL, &err));
    ck_assert_ptr_null(model->summary);
    for (int c = 0; c < 3; c++) ck_assert(model->prior[c] == 0.0f);
    OK(lg_model_save(model, in.path, &err)); /* and stay so */
    lg_model_destroy(model);
    OK(lg_model_load(&model, in.path, NULL, &err));
    ck_assert(!model->summary && model->prior[0] == 0.0f);
    lg_model_destroy(model);
}
END_TEST

/* ST16: weights that are not finite are the user's business; they are counted. */
START_TEST(st16_weights_that_are_not_finite_are_counted)
{
    static const uint32_t signalling = 0x7FA00001;
    logit_model *model = make_model(LG_LOSS_SOFTMAX, 3, (lg_image_target){2, 2, 1}), *back;
    int64_t not_finite;
    model->weight[1] = NAN;
    model->weight[2] = -INFINITY;
    memcpy(&model->weight[3], &signalling, 4);
    model->bias[2] = INFINITY;
    OK(lg_model_save(model, in.path, &err));
    OK(lg_model_load(&back, in.path, &not_finite, &err));
    ck_assert_int_eq(not_finite, 4);
    assert_same(model, back);
    lg_model_destroy(back);
    lg_model_destroy(model);
}
END_TEST

/* --------------------------------------------------------------------------- what is refused ---
 */

#define WITH(meta) "{" meta "," MODEL_WEIGHT "," MODEL_BIAS "}"
#define META(format, version, loss, classes, h, w, c, mean, std, normalize, resize)                \
    WITH(MODEL_META_OF(format, version, loss, classes, h, w, c, mean, std, normalize, resize))
#define NAMED(classes)                                                                             \
    META("logit", "0.1.0", "softmax", classes, "1", "5", "1", "[0]", "[1]", "unit", RULE)
#define SIZED(h, w, c)                                                                             \
    META("logit", "0.1.0", "softmax", MODEL_NAMES, h, w, c, "[0]", "[1]", "unit", RULE)
#define SCALED(mean, std, normalize)                                                               \
    META("logit", "0.1.0", "softmax", MODEL_NAMES, "1", "5", "1", mean, std, normalize, RULE)
#define VERSION(version)                                                                           \
    META("logit", version, "softmax", MODEL_NAMES, "1", "5", "1", "[0]", "[1]", "unit", RULE)
#define RULE LG_IMAGE_RESIZE_RULE
#define NAMES MODEL_NAMES

static const struct {
    const char *header, *kind, *says;
} metas[] = {
    {"{" MODEL_WEIGHT "," MODEL_BIAS "}", "MISMATCH", "not a model of logit"},
    {META("pt", "0.1.0", "softmax", NAMES, "1", "5", "1", "[0]", "[1]", "unit", RULE), "MISMATCH",
     "format \"pt\""},
    {VERSION("0.9.0"), "UNSUP", "newer logit"},
    {VERSION("1.0.0"), "UNSUP", "newer logit"},
    {VERSION("0.1"), "FORMAT", "version"},
    {VERSION("0.1.0-rc"), "FORMAT", "version"},
    {VERSION("99999.0.0"), "FORMAT", "version"},
    {VERSION("-1.0.0"), "FORMAT", "version"},
    {META("logit", "0.1.0", "hinge", NAMES, "1", "5", "1", "[0]", "[1]", "unit", RULE), "UNSUP",
     "hinge"},
    {NAMED("[\\\"a\\\",\\\"b\\\"]"), "MISMATCH", "weight has shape [3, 5]"},
    {NAMED("[\\\"a\\\"]"), "RANGE", "1 classes"},
    {NAMED("[]"), "RANGE", "0 classes"},
    {NAMED("[\\\"a\\\",\\\"b\\\",\\\"a\\\"]"), "FORMAT", "twice"},
    {NAMED("[\\\"a\\\",\\\"\\\",\\\"b\\\"]"), "FORMAT", "without a name"},
    {NAMED("[\\\"a\\\",\\\"b\\\",3]"), "FORMAT", "array of names"},
    {NAMED("{\\\"a\\\":3}"), "FORMAT", "array of names"},
    {NAMED("[\\\"a\\\""), "FORMAT", "classes, byte 4"},
    {NAMED("[\\\"a\\\\ud800\\\"]"), "FORMAT", "surrogate"},
    {META("logit", "0.1.0", "sigmoid", "[\\\"a\\\",\\\"b\\\"]", "1", "5", "1", "[0]", "[1]", "unit",
          RULE),
     "MISMATCH", "ask for [1, 5]"},
    {SIZED("0", "5", "1"), "FORMAT", "height"},
    {SIZED("1", "-5", "1"), "FORMAT", "width"},
    {SIZED("1", "5x", "1"), "FORMAT", "width"},
    {SIZED("1", "", "1"), "FORMAT", "width"},
    {SIZED("1", "16385", "1"), "LIMIT", "width"},
    {SIZED("1", "5", "99999999999999999999"), "FORMAT", "channels"},
    {SIZED("1", "5", "2"), "UNSUP", "channels"},
    {SIZED("1", "5", "4"), "LIMIT", "channels"},
    {SIZED("16384", "16384", "1"), "LIMIT", "pixels"},
    {SIZED("5", "5", "1"), "MISMATCH", "ask for [3, 25]"},
    {SIZED("1", "5", "3"), "MISMATCH", "3 numbers"},
    {SCALED("[0,0]", "[1]", "unit"), "MISMATCH", "mean"},
    {SCALED("0", "[1]", "unit"), "MISMATCH", "mean"},
    {SCALED("[null]", "[1]", "unit"), "FORMAT", "mean"},
    {SCALED("[0", "[1]", "unit"), "FORMAT", "mean"},
    {SCALED("[1e999]", "[1]", "standard"), "RANGE", "mean"},
    {SCALED("[0]", "[0]", "standard"), "RANGE", "std"},
    {SCALED("[0]", "[-1]", "standard"), "RANGE", "std"},
    {SCALED("[0.5]", "[1]", "unit"), "MISMATCH", "unit"},
    {SCALED("[0]", "[1]", "whiten"), "UNSUP", "whiten"},
    {META("logit", "0.1.0", "softmax", NAMES, "1", "5", "1", "[0]", "[1]", "unit", "nearest"),
     "UNSUP", "nearest"},
    {"{" MODEL_META "," MODEL_WEIGHT "," MODEL_BIAS
     "," MODEL_TENSOR("prior", "F32", "[3]", "[72,84]") "}",
     "RANGE", "prior[0] is 0"},
    {"{" MODEL_META "," MODEL_WEIGHT "," MODEL_BIAS
     "," MODEL_TENSOR("prior", "F32", "[2]", "[72,80]") "}",
     "MISMATCH", "prior"},
};

START_TEST(models_that_contradict_themselves_are_refused)
{
    const char *header = metas[_i].header;
    const size_t data = strstr(header, "[72,84]")   ? 84
                        : strstr(header, "[72,80]") ? 80
                                                    : MODEL_GOOD_DATA;
    const char *message = model_header_refused(&in, header, data, metas[_i].kind);
    ck_assert_msg(strstr(message, metas[_i].says) != NULL, "want \"%s\" in: %s", metas[_i].says,
                  message);
}
END_TEST

/* Each key that a model must have, taken away. */
START_TEST(a_missing_key_is_named)
{
    static const char *const keys[] = {"format", "version",   "loss",     "classes",
                                       "height", "width",     "channels", "mean",
                                       "std",    "normalize", "resize"};
    char header[] = MODEL_GOOD, quoted[32], want[64];
    snprintf(quoted, sizeof quoted, "\"%s\"", keys[_i]);
    char *key = strstr(header, quoted);
    ck_assert_ptr_nonnull(key);
    key[1] = 'X'; /* an unknown key, which is ignored */
    const char *message = model_header_refused(&in, header, MODEL_GOOD_DATA, "MISMATCH");
    snprintf(want, sizeof want, "lacks \"%s\"", keys[_i]);
    ck_assert_msg(strstr(message, _i == 0 ? "not a model of logit" : want) != NULL, "%s", message);
}
END_TEST

/* ------------------------------------------------------------------------------ damaged files ---
 */

/* A small model file of all parts, in memory. */
static lg_bytes small_file(void)
{
    lg_bytes bytes = {0};
    logit_model *model = make_model(LG_LOSS_SOFTMAX, 3, (lg_image_target){1, 2, 1});
    OK(lg_model_save(model, in.path, &err));
    OK(lg_file_read(AT_FDCWD, in.path, 1 << 20, &bytes, &err));
    lg_model_destroy(model);
    return bytes;
}

START_TEST(every_prefix_is_refused)
{
    lg_bytes bytes = small_file();
    for (size_t size = 0; size < bytes.size; size++) {
        model_file_bytes(&in, bytes.data, size);
        model_file_refused(&in, "TRUNC");
    }
    lg_bytes_clear(&bytes);
}
END_TEST

/* There is no checksum in the format: a flipped bit of a number in the header or of a weight may
 * give another model.  What is asked for is an answer, one way or the other. */
START_TEST(every_flipped_bit_of_the_header_gets_an_answer)
{
    lg_bytes bytes = small_file();
    uint64_t header;
    int accepted = 0, refused = 0;
    memcpy(&header, bytes.data, sizeof header);
    for (size_t bit = 0; bit < 8 * (8 + header); bit++) {
        logit_model *model;
        bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        model_file_bytes(&in, bytes.data, bytes.size);
        const logit_status status = lg_model_load(&model, in.path, NULL, &err);
        ck_assert_msg(status == LOGIT_OK || status == LOGIT_E_DATA, "bit %zu: %s", bit,
                      err.message);
        accepted += status == LOGIT_OK;
        refused += status == LOGIT_E_DATA;
        lg_model_destroy(model);
        bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    ck_assert_int_gt(refused, 4 * accepted);
    lg_bytes_clear(&bytes);
}
END_TEST

/* ------------------------------------------------------------------------------- failed saves ---
 */

START_TEST(a_save_into_a_missing_folder_is_io)
{
    char path[256];
    logit_model *model = make_model(LG_LOSS_SOFTMAX, 3, (lg_image_target){2, 2, 1});
    snprintf(path, sizeof path, "%s/none/model.safetensors", in.folder);
    ck_assert_int_eq(lg_model_save(model, path, &err), LOGIT_E_IO);
    ck_assert_ptr_nonnull(strstr(err.message, "none/model.safetensors"));
    ck_assert_int_eq(model_folder_count(&in), 0);
    lg_model_destroy(model);
}
END_TEST

/* A full disk: the old file stays whole, and nothing is left beside it. */
START_TEST(a_full_disk_leaves_the_old_file)
{
    logit_model *model = make_model(LG_LOSS_SOFTMAX, 3, (lg_image_target){100, 100, 3}), *back;
    struct rlimit old, full;
    OK(lg_model_save(model, in.path, &err));
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &old), 0);
    full = old;
    full.rlim_cur = 100000; /* the file has 360,000 bytes */
    signal(SIGXFSZ, SIG_IGN);
    model->weight[0] = 7.0f;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &full), 0);
    const logit_status status = lg_model_save(model, in.path, &err);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &old), 0);

    ck_assert_int_eq(status, LOGIT_E_IO);
    ck_assert_ptr_nonnull(strstr(err.message, in.path));
    ck_assert_int_eq(model_folder_count(&in), 1);
    OK(lg_model_load(&back, in.path, NULL, &err));
    ck_assert(back->weight[0] != 7.0f);
    lg_model_destroy(back);
    lg_model_destroy(model);
}
END_TEST

START_TEST(a_model_that_cannot_be_is_not_made)
{
    char *names[] = {"a", "b"}, *name = "a";
    const lg_image_target shape = {2, 2, 1};
    logit_model *model;
    ck_assert_int_eq(lg_model_create(&model, LG_LOSS_SOFTMAX, 0, NULL, shape, &err), LOGIT_E_USAGE);
    ck_assert_ptr_null(model);
    ck_assert_int_eq(lg_model_create(&model, LG_LOSS_MSE, 1, &name, shape, &err), LOGIT_E_USAGE);
    names[1] = malloc(1 << 20);
    memset(names[1], 'b', (1 << 20) - 1);
    names[1][(1 << 20) - 1] = '\0';
    ck_assert_int_eq(lg_model_create(&model, LG_LOSS_SOFTMAX, 2, names, shape, &err), LOGIT_E_DATA);
    ck_assert_ptr_nonnull(strstr(err.message, "[LIMIT]"));
    ck_assert_ptr_null(model);
    free(names[1]);
    lg_model_destroy(NULL);
}
END_TEST

Suite *lg_suite_model(void);
Suite *lg_suite_model(void)
{
    Suite *suite = suite_create("model");
    TCase *tests = tcase_create("file");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, what_is_saved_is_read_back_to_the_bit, 0,
                        (int)(sizeof kinds / sizeof *kinds));
    tcase_add_test(tests, a_folder_stands_for_the_model_in_it);
    tcase_add_test(tests, the_same_model_gives_the_same_bytes);
    tcase_add_test(tests, optional_parts_may_be_left_out);
    tcase_add_test(tests, st16_weights_that_are_not_finite_are_counted);
    tcase_add_loop_test(tests, models_that_contradict_themselves_are_refused, 0,
                        (int)(sizeof metas / sizeof *metas));
    tcase_add_loop_test(tests, a_missing_key_is_named, 0, 11);
    tcase_add_test(tests, every_prefix_is_refused);
    tcase_add_test(tests, every_flipped_bit_of_the_header_gets_an_answer);
    tcase_add_test(tests, a_save_into_a_missing_folder_is_io);
    tcase_add_test(tests, a_full_disk_leaves_the_old_file);
    tcase_add_test(tests, a_model_that_cannot_be_is_not_made);
    suite_add_tcase(suite, tests);
    return suite;
}
