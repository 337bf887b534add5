/* test_compat.c -- what earlier versions wrote is read, and means what it meant.
 *
 * Tests (suite compat).  tests/compat/README.md says what the files are, how they were made, and
 * where the bounds come from. */
/* SPDX-License-Identifier: MIT */
#include <cjson/cJSON.h>
#include <check.h>
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/lift.h"
#include "logit.h"
#include "tests/small_set.h"

Suite *lg_suite_compat(void);

#define HOME "tests/compat"
enum { MOST_VERSIONS = 100, MOST_ROWS = 400, CLASSES = 10, LEAST_MODELS = 12 };

static const struct {
    const char *device;
    double bound;
} ways[] = {{"ref", 1e-9}, {"cpu", 1e-5}};
enum { WAYS = sizeof ways / sizeof *ways };

/* ----------------------------------------------------------------------------- what was said ---
 */

/* A row of NAME.csv; NaN where a field is empty. */
typedef struct said {
    char file[200], class_name[40];
    double probability, score;
    int is_found;
} said;

typedef struct all_said {
    const char *folder;
    double bound;
    int count, found;
    said row[MOST_ROWS];
} all_said;

/* The field at *at, which then is the one behind it.  None here is quoted. */
static char *next_field(char **at)
{
    char *field = *at;
    *at += strcspn(field, ",\r\n");
    if (**at) *(*at)++ = '\0';
    return field;
}

static void copy(char *to, size_t room, const char *text)
{
    ck_assert_uint_lt(strlen(text), room);
    memcpy(to, text, strlen(text) + 1);
}

static double number(const char *text)
{
    return *text ? strtod(text, NULL) : NAN;
}

static void read_said(const char *path, all_said *all)
{
    char line[1000];
    FILE *file = fopen(path, "re");
    ck_assert_msg(file != NULL, "%s is not there", path);
    ck_assert_ptr_nonnull(fgets(line, sizeof line, file));
    ck_assert_str_eq(line, "file,class,probability,score,logit,odds\r\n");
    for (all->count = all->found = 0; fgets(line, sizeof line, file); all->count++) {
        char *at = line;
        ck_assert_int_lt(all->count, MOST_ROWS);
        said *row = &all->row[all->count];
        copy(row->file, sizeof row->file, next_field(&at));
        copy(row->class_name, sizeof row->class_name, next_field(&at));
        row->probability = number(next_field(&at));
        row->score = number(next_field(&at));
        row->is_found = 0;
    }
    fclose(file);
    ck_assert_msg(all->count > 0, "%s is empty", path);
}

static void hold(const char *path, double got, double want, double scale, double bound)
{
    if (isnan(want) && isnan(got)) return;
    ck_assert_msg(fabs(got - want) <= bound * (1.0 + fabs(scale)), "%s: %.17g, and it was %.17g",
                  path, got, want);
}

static logit_status look_up(void *user, const logit_prediction *p, logit_error *err)
{
    all_said *all = user;
    (void)err;
    ck_assert_msg(p->count > 0, "%s: %s", p->name, p->error ? p->error->message : "");
    for (int g = 0; g < p->count; g++) {
        const char *class_name = p->guess[g].class_name ? p->guess[g].class_name : "";
        said *row = NULL;
        for (int i = 0; i < all->count && !row; i++)
            if (strcmp(all->row[i].file, p->name + strlen(all->folder) + 1) == 0 &&
                strcmp(all->row[i].class_name, class_name) == 0)
                row = &all->row[i];
        ck_assert_msg(row && !row->is_found, "nothing was said of %s and \"%s\"", p->name,
                      class_name);
        row->is_found = 1;
        all->found++;
        hold(p->name, p->guess[g].score, row->score, row->score, all->bound);
        hold(p->name, p->guess[g].probability, row->probability, row->score, all->bound);
    }
    return LOGIT_OK;
}

/* ------------------------------------------------------------------------------------ models ---
 */

static logit_model *open_model_of(const char *folder, const char *name)
{
    char path[600];
    logit_model *model;
    logit_error err;
    snprintf(path, sizeof path, "%s/%s.safetensors", folder, name);
    ck_assert_msg(logit_model_open(&model, path, &err) == LOGIT_OK, "%s", err.message);
    return model;
}

/* Each file of which something was said, once. */
static void hold_model(const char *folder, const char *name, int way)
{
    static all_said all;
    char path[600], before[200] = "";
    logit_options options;
    logit_error err;
    logit_model *model = open_model_of(folder, name);
    logit_options_default(&options);
    options.device = ways[way].device;
    all.folder = folder;
    all.bound = ways[way].bound;
    snprintf(path, sizeof path, "%s/%s.csv", folder, name);
    read_said(path, &all);
    for (int i = 0; i < all.count; i++) {
        char file[200];
        snprintf(file, sizeof file, "%.*s", (int)strcspn(all.row[i].file, "["), all.row[i].file);
        if (strcmp(file, before) == 0) continue;
        snprintf(before, sizeof before, "%s", file);
        snprintf(path, sizeof path, "%s/%s", folder, file);
        ck_assert_msg(logit_predict_samples(model, path, &options, CLASSES, look_up, &all, &err) ==
                          LOGIT_OK,
                      "%s: %s", name, err.message);
    }
    ck_assert_msg(all.found == all.count, "%s/%s: %d of %d", folder, name, all.found, all.count);
    logit_model_close(model);
}

/* ------------------------------------------------------------------------------------ folders ---
 */

static int is_version(const struct dirent *entry)
{
    return entry->d_name[0] >= '0' && entry->d_name[0] <= '9';
}

static int is_model(const struct dirent *entry)
{
    const char *end = strstr(entry->d_name, ".safetensors");
    return end && strcmp(end, ".safetensors") == 0;
}

/* Calls with the folder of every version; how many there are. */
static int for_each_version(void (*call)(const char *folder, int argument), int argument)
{
    struct dirent **entry;
    const int count = scandir(HOME, &entry, is_version, alphasort);
    ck_assert_msg(count > 0, "no version in " HOME);
    for (int i = 0; i < count; i++) {
        char folder[400];
        snprintf(folder, sizeof folder, HOME "/%s", entry[i]->d_name);
        call(folder, argument);
        free(entry[i]);
    }
    free(entry);
    return count;
}

/* The same with the name of every model in a folder. */
static int for_each_model(const char *folder, void (*call)(const char *, const char *, int),
                          int argument)
{
    struct dirent **entry;
    const int count = scandir(folder, &entry, is_model, alphasort);
    for (int i = 0; i < count; i++) {
        *strstr(entry[i]->d_name, ".safetensors") = '\0';
        call(folder, entry[i]->d_name, argument);
        free(entry[i]);
    }
    free(entry);
    return count;
}

static void hold_models(const char *folder, int way)
{
    ck_assert_int_ge(for_each_model(folder, hold_model, way), LEAST_MODELS);
}

START_TEST(models_say_what_they_said)
{
    for_each_version(hold_models, _i);
}
END_TEST

static int has_map[LG_LIFT_COUNT], has_temperature;

static void note_kind(const char *folder, const char *name, int unused)
{
    (void)unused;
    logit_model *model = open_model_of(folder, name);
    const logit_model_info info = logit_model_describe(model);
    for (int i = 0; info.map && i < LG_LIFT_COUNT; i++) {
        const size_t length = strlen(lg_lifts[i].name);
        has_map[i] |= strncmp(info.map, lg_lifts[i].name, length) == 0;
    }
    has_temperature |= info.temperature != 1.0;
    logit_model_close(model);
}

static void note_kinds(const char *folder, int unused)
{
    for_each_model(folder, note_kind, unused);
}

/* A map of --features of which no version left a file is in none of these tests. */
START_TEST(no_kind_of_model_is_missing)
{
    for_each_version(note_kinds, 0);
    for (int i = 0; i < LG_LIFT_COUNT; i++)
        ck_assert_msg(has_map[i], "no model with --features %s", lg_lifts[i].name);
    ck_assert(has_temperature);
}
END_TEST

/* ------------------------------------------------------------------------------- packed sets ---
 */

static double field(const cJSON *json, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, name);
    ck_assert_msg(cJSON_IsNumber(item), "no %s", name);
    return item->valuedouble;
}

static void hold_packed(const char *folder, int way)
{
    char path[600];
    int64_t size;
    logit_score score;
    logit_options options;
    logit_error err;
    logit_options_default(&options);
    options.device = ways[way].device;
    snprintf(path, sizeof path, "%s/digits.packed.json", folder);
    uint8_t *text = small_set_read(path, &size);
    cJSON *want = cJSON_ParseWithLength((const char *)text, (size_t)size);
    ck_assert_ptr_nonnull(want);
    logit_model *model = open_model_of(folder, "softmax");
    snprintf(path, sizeof path, "%s/digits.packed", folder);
    ck_assert_msg(logit_eval(model, path, NULL, &options, NULL, &score, &err) == LOGIT_OK, "%s",
                  err.message);
    ck_assert_int_eq(score.n, (int64_t)field(want, "n"));
    ck_assert(score.accuracy == field(want, "accuracy"));
    hold(path, score.loss, field(want, "loss"), score.loss, ways[way].bound);
    logit_score_clear(&score);
    logit_model_close(model);
    cJSON_Delete(want);
    free(text);
}

START_TEST(packed_sets_hold_what_they_held)
{
    for_each_version(hold_packed, _i);
}
END_TEST

/* ---------------------------------------------------------------------------------- for good ---
 */

static void hold_bytes(const char *folder, int unused)
{
    char line[600];
    (void)unused;
    snprintf(line, sizeof line, "cd '%s' && sha256sum --quiet --strict -c SHA256SUMS", folder);
    ck_assert_msg(system(line) == 0, "%s is not what that version wrote", folder);
    snprintf(line, sizeof line,
             "cd '%s' && [ $(find . -type f | wc -l) -eq $(($(wc -l <SHA256SUMS) + 1)) ]", folder);
    ck_assert_msg(system(line) == 0, "%s has files that are not in its SHA256SUMS", folder);
}

START_TEST(no_file_was_changed)
{
    for_each_version(hold_bytes, 0);
}
END_TEST

Suite *lg_suite_compat(void)
{
    Suite *suite = suite_create("compat");
    TCase *tests = tcase_create("compat");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, models_say_what_they_said, 0, WAYS);
    tcase_add_test(tests, no_kind_of_model_is_missing);
    tcase_add_loop_test(tests, packed_sets_hold_what_they_held, 0, WAYS);
    tcase_add_test(tests, no_file_was_changed);
    suite_add_tcase(suite, tests);
    return suite;
}
