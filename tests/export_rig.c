/* export_rig.c -- see export_rig.h. */
/* SPDX-License-Identifier: MIT */
#include "tests/export_rig.h"

#include <check.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/philox.h"
#include "base/text.h"
#include "tests/npy_bytes.h"
#include "train/feature_map.h"

#define OK(call) ck_assert_msg((call) == LOGIT_OK, "%s", err.message)

static logit_error err;

/* One, two and many outputs; grey, colour and features; logits far past what exp holds.  Every map;
 * windows that overlap, lie apart, are all of the image; cells of different numbers of them. */
const export_case export_cases[EXPORT_CASES + EXPORT_MAPS] = {
    {"one sigmoid", LG_LOSS_SIGMOID, 2, {5, 4, 3}, 0, 1, 3, 1, 1, NULL},
    {"one sigmoid, one pixel", LG_LOSS_SIGMOID, 2, {1, 1, 1}, 0, 0, 3, 1, 1, NULL},
    {"one sigmoid, fitted, prior", LG_LOSS_SIGMOID, 2, {6, 7, 1}, 0, 1, 3, 0.4, 1, "cat=0.7"},
    {"one sigmoid, saturated", LG_LOSS_SIGMOID, 2, {9, 9, 1}, 0, 1, 2000, 1, 1, NULL},
    {"one versus rest", LG_LOSS_SIGMOID, 5, {3, 3, 1}, 0, 1, 3, 1, 1, NULL},
    {"one versus rest, asked, prior", LG_LOSS_SIGMOID, 4, {3, 5, 3}, 0, 1, 3, 1, 2.5, "cat=0.9"},
    {"softmax of two", LG_LOSS_SOFTMAX, 2, {2, 3, 3}, 0, 0, 3, 1, 1, NULL},
    {"softmax", LG_LOSS_SOFTMAX, 7, {28, 28, 1}, 0, 1, 4, 1, 1, NULL},
    {"softmax, both, prior", LG_LOSS_SOFTMAX, 6, {4, 4, 3}, 0, 1, 4, 1.7, 0.5, "cat=0.5"},
    {"softmax, saturated", LG_LOSS_SOFTMAX, 3, {8, 8, 3}, 0, 1, 3000, 1, 1, NULL},
    {"mse of classes", LG_LOSS_MSE, 3, {3, 4, 1}, 0, 1, 1, 1, 1, NULL},
    {"mse of a number", LG_LOSS_MSE, 0, {4, 4, 3}, 0, 1, 100, 1, 1, NULL},
    {"features, softmax", LG_LOSS_SOFTMAX, 4, {1, 19, 1}, 1, 1, 3, 1, 1, NULL},
    {"features as they are", LG_LOSS_SIGMOID, 2, {1, 33, 1}, 1, 0, 3, 1.2, 1, NULL},
    {"square", LG_LOSS_SOFTMAX, 3, {4, 5, 1}, 0, 1, 3, 1, 1, NULL},
    {"square", LG_LOSS_MSE, 3, {1, 17, 1}, 1, 0, 1, 1, 1, NULL},
    {"cross:11", LG_LOSS_MSE, 0, {1, 9, 1}, 1, 1, 3, 1, 1, NULL},
    {"cross:5", LG_LOSS_SIGMOID, 4, {3, 3, 3}, 0, 1, 3, 1.5, 1, "cat=0.6"},
    {"rff:23", LG_LOSS_SOFTMAX, 5, {3, 4, 3}, 0, 1, 3, 1, 1, NULL},
    {"rff:40", LG_LOSS_MSE, 4, {1, 7, 1}, 1, 1, 1, 1, 1, NULL},
    {"sigmoid:9", LG_LOSS_SIGMOID, 2, {6, 5, 1}, 0, 1, 3, 0.4, 1, "cat=0.7"},
    {"sigmoid:21", LG_LOSS_MSE, 0, {3, 2, 3}, 0, 1, 3, 1, 1, NULL},
    {"step:31", LG_LOSS_MSE, 0, {5, 4, 3}, 0, 0, 1, 1, 1, NULL},
    {"patch:7,size=4,stride=1,grid=2", LG_LOSS_MSE, 3, {12, 11, 1}, 0, 1, 1, 1, 1, NULL},
    {"patch:5,size=3,stride=2,grid=3", LG_LOSS_SOFTMAX, 6, {9, 14, 3}, 0, 1, 3, 2, 0.5, "cat=0.5"},
    {"patch:4,size=2,stride=5,grid=2", LG_LOSS_SIGMOID, 2, {17, 9, 1}, 0, 0, 3, 1, 1, NULL},
    {"patch:3,size=7,stride=2,grid=1", LG_LOSS_SOFTMAX, 2, {7, 7, 3}, 0, 1, 3, 1, 1, NULL},
};

static double draw(int i, uint64_t stream, uint64_t index)
{
    return 2.0 * lg_random_unit((uint64_t)i + 1, stream, index) - 1.0;
}

/* Names that a C literal, a comment or JSON could stumble over; the last is longer than C99
 * promises a literal to be. */
static char **class_names(void)
{
    static char longest[5001];
    static char *names[] = {"cat",
                            "*/ \"quoted\" \\ what?\?/",
                            "\xC3\xA9\t1",
                            "a\nb'",
                            longest,
                            "\x01"
                            "7",
                            "name"};
    memset(longest, 'y', sizeof longest - 1);
    return names;
}

static void fill_model(logit_model *model, int i, const export_case *of)
{
    const double size = of->spread / sqrt((double)model->features);
    const int64_t weights = model->outputs * model->features;
    for (int64_t w = 0; w < weights; w++)
        model->weight[w] = (float)(size * draw(i, 1, (uint64_t)w));
    for (int j = 0; j < model->outputs; j++)
        model->bias[j] = (float)(0.3 * draw(i, 2, (uint64_t)j));
    for (int c = 0; c < of->classes; c++) model->prior[c] = 1.0f / (float)of->classes;
    model->temperature = of->fitted;
    for (int c = 0; c < of->shape.channels && of->standard; c++) {
        model->mean[c] = 0.3 + 0.1 * c;
        model->std[c] = 1.0 / (3.0 + c);
    }
}

static void make_features(export_made *made, int i)
{
    enum { MOST = 64 };
    float mean[MOST], std[MOST];
    for (int j = 0; j < made->of->shape.width; j++) {
        mean[j] = (float)draw(i, 5, (uint64_t)j);
        std[j] = 0.5f + (float)j / 7.0f;
    }
    const int own = made->of->standard;
    OK(lg_model_set_features(made->model, own ? mean : NULL, own ? std : NULL, &err));
}

/* A layer's sums lie a few units wide, as rff and sigmoid want them. */
static void fill_map(lg_feature_map *map, int i)
{
    const lg_lift *lift = &map->lift;
    const int64_t filters = lg_feature_map_filters(map);
    const double wide =
        lg_lifts[lift->kind].family == LG_LIFT_LAYER ? 6.0 / sqrt((double)lift->in) : 1.0;
    for (int64_t j = 0; j < filters; j++) map->filter[j] = (float)(wide * draw(i, 6, (uint64_t)j));
    for (int64_t k = 0; k < lift->units && map->offset; k++)
        map->offset[k] = (float)draw(i, 7, (uint64_t)k);
    for (int64_t t = 0; t < 2 * (int64_t)lift->units && map->pair; t++)
        map->pair[t] =
            lift->kind == LG_LIFT_SQUARE
                ? (int32_t)(t / 2)
                : (int32_t)lg_random_below((uint64_t)i + 1, 8, (uint64_t)t, (uint64_t)lift->in);
    for (int64_t j = 0; j < lg_feature_map_features(map); j++) {
        map->scale[j] = (float)(1.0 + 0.5 * draw(i, 9, (uint64_t)j));
        map->shift[j] = (float)draw(i, 10, (uint64_t)j);
    }
}

static void make_map(export_made *made, int i)
{
    lg_feature_plan plan;
    lg_feature_map *map;
    OK(lg_feature_plan_read(&plan, made->of->name, &err));
    OK(lg_feature_map_create(&map, &plan, made->of->shape, &err));
    fill_map(map, i);
    OK(lg_model_set_map(made->model, map, &err));
    lg_feature_map_destroy(map);
}

/* X.npy, and the same in memory. */
static void make_samples(export_made *made, int i)
{
    char shape[80], path[200];
    const lg_image_target *s = &made->of->shape;
    const size_t count = EXPORT_SAMPLES * (size_t)made->model->inputs;
    lg_bytes bytes = {0};
    if (made->of->floats) {
        made->features = calloc(count, sizeof *made->features);
        for (size_t j = 0; j < count; j++) made->features[j] = (float)draw(i, 3, j);
        snprintf(shape, sizeof shape, "(%d, %d)", EXPORT_SAMPLES, s->width);
        npy_array(&bytes, "<f4", shape);
        npy_add(&bytes, made->features, count * sizeof *made->features);
    } else {
        made->pixels = calloc(count, 1);
        for (size_t j = 0; j < count; j++)
            made->pixels[j] = (uint8_t)lg_random_below((uint64_t)i + 1, 4, j, 256);
        snprintf(shape, sizeof shape, "(%d, %d, %d, %d)", EXPORT_SAMPLES, s->height, s->width,
                 s->channels);
        npy_array(&bytes, "|u1", shape);
        npy_add(&bytes, made->pixels, count);
    }
    snprintf(path, sizeof path, "%s/X.npy", made->in.folder);
    const lg_piece piece = {bytes.data, bytes.size};
    OK(lg_file_replace(path, &piece, 1, &err));
    lg_bytes_clear(&bytes);
}

typedef struct asking {
    export_made *made;
    int row;
} asking;

static logit_status note(void *user, const logit_prediction *one, logit_error *unused)
{
    asking *a = user;
    (void)unused;
    ck_assert_ptr_null(one->error);
    ck_assert_int_eq(one->count, a->made->scores);
    const int begin = a->row * a->made->scores;
    for (int g = 0; g < one->count; g++) {
        a->made->probability[begin + one->guess[g].class_index] = one->guess[g].probability;
        a->made->score[begin + one->guess[g].class_index] = one->guess[g].score;
    }
    a->made->label[a->row++] = one->guess[0].class_index;
    return LOGIT_OK;
}

static void ask(export_made *made)
{
    char path[200];
    asking a = {made, 0};
    logit_options options;
    logit_options_default(&options);
    options.device = "ref";
    options.prior = made->of->prior;
    options.temperature = made->of->asked;
    snprintf(path, sizeof path, "%s/X.npy", made->in.folder);
    OK(logit_predict_samples(made->model, path, &options, made->scores, note, &a, &err));
    ck_assert_int_eq(a.row, EXPORT_SAMPLES);
}

void export_make(export_made *made, int i, const char *ending)
{
    const export_case *of = &export_cases[i];
    *made = (export_made){.of = of};
    model_folder_open(&made->in);
    OK(lg_model_create(&made->model, of->loss, of->classes, class_names(), of->shape, &err));
    if (i >= EXPORT_CASES) make_map(made, i);
    fill_model(made->model, i, of);
    if (of->floats) make_features(made, i);
    made->scores = of->classes > 0 ? of->classes : 1;
    const size_t answers = EXPORT_SAMPLES * (size_t)made->scores;
    made->probability = calloc(answers, sizeof *made->probability);
    made->score = calloc(answers, sizeof *made->score);
    made->label = calloc(EXPORT_SAMPLES, sizeof *made->label);
    make_samples(made, i);
    ask(made);
    snprintf(made->file, sizeof made->file, "%s/model%s", made->in.folder, ending);
    logit_export_options_default(&made->options);
    made->options.prior = of->prior;
    made->options.temperature = of->asked;
}

void export_clear(export_made *made)
{
    logit_model_close(made->model);
    model_folder_close(&made->in);
    free(made->pixels);
    free(made->features);
    free(made->probability);
    free(made->score);
    free(made->label);
}

char *export_write(const export_made *made, size_t *size)
{
    logit_export_summary summary;
    logit_export_options options = made->options;
    lg_bytes bytes = {0};
    options.file = made->file;
    OK(logit_export(made->model, &options, &summary, &err));
    OK(lg_file_read(AT_FDCWD, made->file, 1 << 26, &bytes, &err));
    OK(lg_bytes_reserve(&bytes, bytes.size + 1, &err));
    bytes.data[bytes.size] = '\0';
    ck_assert_int_eq(summary.bytes, (int64_t)bytes.size);
    *size = bytes.size;
    return (char *)bytes.data;
}
