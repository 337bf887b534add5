/* test_export.c -- the exported C file, compiled and asked; what may not be exported.
 *
 * Tests (suite export).  The file is held against logit's own answers by the float64 reference: the
 * scores of a straight line to the last bit, probabilities to one unit in the last place of a float
 * (their exponentials are summed in another order). */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <dlfcn.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/export_rig.h"

Suite *lg_suite_export(void);

/* -------------------------------------------------------------------------------- compiled --- */

/* What the file defines; pixels and features are taken alike. */
typedef struct compiled {
    void *library;
    int (*predict)(const void *sample, float *answer);
    const char *const *name;
} compiled;

static int has_compiler(void)
{
    return system("cc --version >/dev/null 2>&1") == 0;
}

static void compile(compiled *out, const export_made *made)
{
    char line[800], library[200];
    snprintf(library, sizeof library, "%s/model.so", made->in.folder);
    snprintf(line, sizeof line,
             "cc -std=c99 -Wall -Wextra -Wconversion -Wshadow -pedantic -Werror -O1 -fPIC -shared "
             "-o %s %s -lm",
             library, made->file);
    ck_assert_msg(system(line) == 0, "%s: %s", made->of->name, line);
    out->library = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    ck_assert_msg(out->library != NULL, "%s", dlerror());
    *(void **)&out->predict = dlsym(out->library, "logit_predict");
    out->name = dlsym(out->library, "logit_class_name");
    ck_assert_ptr_nonnull(out->predict);
}

static int within_an_ulp(float got, double want)
{
    const float rounded = (float)want;
    return got >= nextafterf(rounded, -INFINITY) && got <= nextafterf(rounded, INFINITY);
}

static void check_sample(const export_made *made, const compiled *c, int row, float *answer)
{
    const int64_t d = made->model->inputs;
    const int straight = made->of->loss == LG_LOSS_MSE;
    const void *sample = made->features ? (const void *)(made->features + row * d)
                                        : (const void *)(made->pixels + row * d);
    ck_assert_int_eq(c->predict(sample, answer), made->label[row]);
    for (int k = 0; k < made->scores; k++) {
        const int at = row * made->scores + k;
        if (straight)
            ck_assert_msg(answer[k] == (float)made->score[at], "%s: score %d of %d: %a, not %a",
                          made->of->name, k, row, (double)answer[k], made->score[at]);
        else
            ck_assert_msg(within_an_ulp(answer[k], made->probability[at]),
                          "%s: probability %d of %d: %.9g, not %.9g", made->of->name, k, row,
                          (double)answer[k], made->probability[at]);
    }
    if (made->of->classes > 0) ck_assert_int_eq(c->predict(sample, NULL), made->label[row]);
}

START_TEST(the_c_file_compiles_and_says_what_logit_says)
{
    export_made made;
    compiled c;
    size_t size;
    if (!has_compiler()) {
        printf("export: no C compiler (cc): its C file is not compiled, skipped\n");
        return;
    }
    export_make(&made, _i, ".c");
    free(export_write(&made, &size));
    compile(&c, &made);
    float *answer = calloc((size_t)made.scores, sizeof *answer);
    for (int row = 0; row < EXPORT_SAMPLES; row++) check_sample(&made, &c, row, answer);
    ck_assert_int_eq(c.name != NULL, made.of->classes > 0);
    for (int k = 0; k < made.of->classes; k++)
        ck_assert_str_eq(c.name[k], made.model->class_name[k]);
    free(answer);
    dlclose(c.library);
    export_clear(&made);
}
END_TEST

/* ----------------------------------------------------------------------------------- exact --- */

/* strtof of the C library reads back what the file spells. */
START_TEST(every_weight_is_written_to_the_last_bit)
{
    static const float odd[] = {0.0f,          -0.0f,       FLT_TRUE_MIN,  -FLT_TRUE_MIN,
                                FLT_MIN,       FLT_MAX,     -FLT_MAX,      1.0f,
                                -1.0f,         1.0f / 3.0f, 0.1f,          FLT_MIN / 3.0f,
                                0x1.fffffep0f, 0x1p100f,    0x1.000002p-1f};
    enum { ODD = sizeof odd / sizeof *odd };
    export_made made;
    size_t size;
    export_make(&made, 7, ".c");
    const int64_t d = made.model->features;
    memcpy(made.model->weight + d, odd, sizeof odd);
    char *text = export_write(&made, &size);
    char *at = strstr(text, "weight[FEATURES][OUTPUTS] = {");
    ck_assert_ptr_nonnull(at);
    at = strchr(at, '=');
    for (int64_t i = 0; i < d * made.model->outputs; i++) {
        const float want =
            made.model->weight[i % made.model->outputs * d + i / made.model->outputs];
        at += strcspn(at, "-0123456789");
        const float got = strtof(at, &at);
        ck_assert_msg(memcmp(&got, &want, sizeof got) == 0, "weight %lld: %a, not %a", (long long)i,
                      (double)got, (double)want);
        ck_assert_int_eq(*at++, 'f');
    }
    ck_assert_ptr_eq(strpbrk(at, "0123456789;"), strchr(at, ';')); /* and none is left */
    free(text);
    export_clear(&made);
}
END_TEST

/* --------------------------------------------------------------------------------- the file --- */

START_TEST(the_same_model_gives_the_same_bytes)
{
    static const char *const endings[] = {".c", ".onnx"};
    size_t size[2];
    for (int e = 0; e < 2; e++) {
        export_made made;
        export_make(&made, 8, endings[e]);
        char *first = export_write(&made, &size[0]);
        made.options.force = 1;
        char *second = export_write(&made, &size[1]);
        ck_assert_uint_eq(size[0], size[1]);
        ck_assert_mem_eq(first, second, size[0]);
        ck_assert_int_eq(model_folder_count(&made.in), 2); /* X.npy and the file */
        free(first);
        free(second);
        export_clear(&made);
    }
}
END_TEST

/* Exports to `name` in the folder; the status, its message in err. */
static logit_status try_export(const export_made *made, const char *name, const char *format,
                               logit_error *err)
{
    char path[200];
    logit_export_options options = made->options;
    snprintf(path, sizeof path, "%s/%s", made->in.folder, name);
    options.file = path;
    if (format) options.format = format;
    return logit_export(made->model, &options, NULL, err);
}

#define REFUSES(call, status, text)                                                                \
    do {                                                                                           \
        ck_assert_int_eq(call, status);                                                            \
        ck_assert_msg(strstr(err.message, text) != NULL, "%s", err.message);                       \
    } while (0)

START_TEST(what_cannot_be_exported_is_said)
{
    export_made made;
    logit_error err;
    export_make(&made, 0, ".c");
    REFUSES(try_export(&made, "x.txt", NULL, &err), LOGIT_E_USAGE, "ends in .onnx or .c");
    REFUSES(try_export(&made, ".c", "tflite", &err), LOGIT_E_USAGE, "the format onnx or c");
    ck_assert_int_eq(try_export(&made, "x.txt", "c", &err), LOGIT_OK);
    REFUSES(try_export(&made, "x.txt", "c", &err), LOGIT_E_USAGE, "is there already; --force");
    REFUSES(try_export(&made, "", "c", &err), LOGIT_E_USAGE, "is no file");
    REFUSES(try_export(&made, "nowhere/x.c", NULL, &err), LOGIT_E_IO, "nowhere");
    made.options.temperature = 0.0;
    REFUSES(try_export(&made, "y.c", NULL, &err), LOGIT_E_USAGE, "above 0");
    made.options.temperature = 1.0;
    made.options.prior = "horse=0.5";
    REFUSES(try_export(&made, "y.c", NULL, &err), LOGIT_E_USAGE, "horse");
    made.options.prior = NULL;
    made.model->weight[3] = NAN;
    made.model->bias[0] = INFINITY;
    REFUSES(try_export(&made, "y.c", NULL, &err), LOGIT_E_DATA, "2 of the model's weights");
    ck_assert_int_eq(model_folder_count(&made.in), 2); /* X.npy and x.txt */
    const logit_export_options nothing = {.format = "c", .temperature = 1.0};
    REFUSES(logit_export(made.model, &nothing, NULL, &err), LOGIT_E_USAGE, "-o FILE is missing");
    export_clear(&made);
}
END_TEST

/* No training makes such a model, but a file may say that it is one. */
START_TEST(windows_of_features_are_refused)
{
    export_made made;
    logit_error err;
    export_make(&made, EXPORT_CASES + EXPORT_MAPS - 1, ".c");
    made.model->floats = 1;
    REFUSES(try_export(&made, "x", "onnx", &err), LOGIT_E_USAGE, made.of->name);
    ck_assert_int_eq(model_folder_count(&made.in), 1); /* X.npy */
    export_clear(&made);
}
END_TEST

Suite *lg_suite_export(void)
{
    Suite *suite = suite_create("export");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_loop_test(all, the_c_file_compiles_and_says_what_logit_says, 0,
                        EXPORT_CASES + EXPORT_MAPS);
    tcase_add_test(all, every_weight_is_written_to_the_last_bit);
    tcase_add_test(all, the_same_model_gives_the_same_bytes);
    tcase_add_test(all, what_cannot_be_exported_is_said);
    tcase_add_test(all, windows_of_features_are_refused);
    suite_add_tcase(suite, all);
    return suite;
}
