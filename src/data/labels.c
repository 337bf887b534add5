/* labels.c -- class numbers of a file to labels of a set; distributions looked at one by one. */
/* SPDX-License-Identifier: MIT */
#include "data/labels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "data/formats.h"

enum { SHOWN = 300, DIGITS = 12 }; /* bytes of a path or a list inside a message; of a name */
enum { NOT_LOOKED_UP = -3 };       /* beside the labels that are none, data/classes.h */

void lg_labels_clear(lg_labels *labels)
{
    free(labels->path);
    free(labels->class_of);
    free(labels->value);
    *labels = (lg_labels){0};
}

void lg_labels_count(lg_labels *labels)
{
    labels->classes = 0;
    for (int64_t i = 0; i < labels->count; i++)
        if (labels->class_of[i] >= labels->classes) labels->classes = labels->class_of[i] + 1;
}

/* The byte of value i. */
static int64_t byte_of(const lg_labels *labels, int64_t i)
{
    return labels->header_bytes + i * labels->value_bytes;
}

logit_status lg_labels_check_soft(const lg_labels *labels, double tolerance, logit_error *err)
{
    for (int64_t i = 0; i < labels->count; i++) {
        const float *p = labels->value + i * labels->width;
        const int64_t first = i * labels->width;
        double sum = 0.0;
        for (int j = 0; j < labels->width; j++) {
            if (p[j] < 0.0f)
                return lg_place_fail(
                    err, LG_PLACE(labels->path, labels->format, byte_of(labels, first + j)),
                    "RANGE", "the soft target of sample %lld, class %d is negative: %g",
                    (long long)i, j, (double)p[j]);
            sum += (double)p[j];
        }
        if (fabs(sum - 1.0) > tolerance)
            return lg_place_fail(
                err, LG_PLACE(labels->path, labels->format, byte_of(labels, first)), "RANGE",
                "the soft targets of sample %lld sum to %.6g, expected 1", (long long)i, sum);
    }
    return LOGIT_OK;
}

/* ---------------------------------------------------------------------------- the classes --- */

/* Numbers cannot be mixed with classes, and fit no model with classes. */
static logit_status check_numbers(const lg_labels *labels, const char *path,
                                  const lg_dataset_options *options, int *numbers, logit_error *err)
{
    char shown[SHOWN];
    const lg_labels *first = NULL;
    for (int p = 0; p < LG_PART_COUNT; p++) {
        if (labels[p].count == 0) continue;
        if (!first) first = &labels[p];
        if ((labels[p].kind == LG_LABELS_NUMBER) == (first->kind == LG_LABELS_NUMBER)) continue;
        LG_FAIL(err, LOGIT_E_DATA, "%s: one part has numbers for targets, another has classes",
                lg_text_escape(shown, sizeof shown, path));
    }
    *numbers = first && first->kind == LG_LABELS_NUMBER;
    if (*numbers && (options->known_class || options->classes))
        LG_FAIL(err, LOGIT_E_DATA, "%s: holds numbers, not classes",
                lg_text_escape(shown, sizeof shown, first->path));
    return LOGIT_OK;
}

static void name_class(char name[DIGITS], int class)
{
    snprintf(name, DIGITS, "%d", class);
}

/* The classes are "0" .. of train, or of all parts where there is no train.  Against a model's the
 * samples are held one by one, so that the message can name the first that does not fit. */
static logit_status find_classes(const lg_labels *labels, const char *path,
                                 const lg_dataset_options *options, lg_classes *classes,
                                 logit_error *err)
{
    int count = labels[LG_PART_TRAIN].classes;
    for (int p = LG_PART_VAL; p < LG_PART_COUNT && labels[LG_PART_TRAIN].count == 0; p++)
        if (labels[p].classes > count) count = labels[p].classes;
    if (options->known_class) return lg_classes_freeze(classes, NULL, 0, path, options, err);
    char(*text)[DIGITS] = calloc((size_t)count, sizeof *text);
    char **name = calloc((size_t)count, sizeof *name);
    logit_status status = LOGIT_OK;
    if (!text || !name)
        status = lg_fail(err, LOGIT_E_NOMEM, __FILE__, __LINE__, "out of memory for classes");
    for (int i = 0; i < count && status == LOGIT_OK; i++) {
        name_class(text[i], i);
        name[i] = text[i];
    }
    if (status == LOGIT_OK) status = lg_classes_freeze(classes, name, count, path, options, err);
    free(text);
    free(name);
    return status;
}

/* -------------------------------------------------------------------------------- one part --- */

static logit_status refuse_class(const lg_labels *labels, const lg_classes *classes, int64_t i,
                                 logit_error *err)
{
    char list[SHOWN];
    return lg_place_fail(err, LG_PLACE(labels->path, labels->format, byte_of(labels, i)), "RANGE",
                         "the label of sample %lld is %d; the classes are %s", (long long)i,
                         (int)labels->class_of[i],
                         lg_classes_brief(list, sizeof list, classes->name, classes->count));
}

/* number[classes of the file]: the label of each that has a sample.  There may be a million, and
 * few of them in use. */
static logit_status number_classes(const lg_labels *labels, const lg_classes *classes, int **out,
                                   logit_error *err)
{
    int *number = *out = malloc((size_t)labels->classes * sizeof *number);
    if (!number) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %d classes", labels->classes);
    for (int i = 0; i < labels->classes; i++) number[i] = NOT_LOOKED_UP;
    for (int64_t i = 0; i < labels->count; i++) {
        const int class = labels->class_of[i];
        char name[DIGITS];
        if (number[class] != NOT_LOOKED_UP) continue;
        name_class(name, class);
        number[class] = lg_classes_label(classes, name);
    }
    return LOGIT_OK;
}

/* The file's classes become the set's labels, in their own memory; row[] those that are kept. */
static logit_status give_classes(lg_labels *labels, const lg_classes *classes, const int *number,
                                 lg_set *set, int32_t *row, logit_error *err)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < labels->count; i++) {
        const int label = number[labels->class_of[i]];
        if (label == LG_CLASS_UNKNOWN) return refuse_class(labels, classes, i, err);
        if (label == LG_CLASS_LEFT_OUT) continue;
        row[kept] = (int32_t)i;
        labels->class_of[kept++] = label;
    }
    set->label = labels->class_of;
    labels->class_of = NULL;
    set->count = kept;
    return LOGIT_OK;
}

static logit_status give_class_part(lg_labels *labels, const lg_classes *classes, lg_set *set,
                                    int32_t **row, logit_error *err)
{
    int *number = NULL;
    *row = malloc((size_t)labels->count * sizeof **row);
    if (!*row) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %lld rows", (long long)labels->count);
    logit_status status = number_classes(labels, classes, &number, err);
    if (status == LOGIT_OK) status = give_classes(labels, classes, number, set, *row, err);
    free(number);
    if (status == LOGIT_OK && set->count < labels->count) return LOGIT_OK;
    free(*row);
    *row = NULL;
    return status;
}

/* Columns in the order of the classes, which may be a model's: more than there are columns. */
static logit_status give_soft(const lg_labels *labels, const lg_classes *classes, lg_set *set,
                              logit_error *err)
{
    const size_t k = (size_t)classes->count;
    set->target_width = classes->count;
    set->target = calloc((size_t)labels->count, k * sizeof *set->target);
    if (!set->target)
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %lld x %zu soft targets",
                (long long)labels->count, k);
    for (int j = 0; j < labels->width; j++) {
        char name[DIGITS], list[SHOWN];
        name_class(name, j);
        const int label = lg_classes_label(classes, name);
        if (label < 0)
            return lg_place_fail(
                err, LG_PLACE(labels->path, labels->format, labels->width_at), "MISMATCH",
                "soft targets over %d classes; the classes are %s", labels->width,
                lg_classes_brief(list, sizeof list, classes->name, classes->count));
        for (int64_t i = 0; i < labels->count; i++)
            set->target[(size_t)i * k + (size_t)label] = labels->value[i * labels->width + j];
    }
    return LOGIT_OK;
}

static logit_status give_part(lg_labels *labels, const lg_classes *classes, lg_set *set,
                              int32_t **row, logit_error *err)
{
    *row = NULL;
    if (labels->kind == LG_LABELS_SOFT) return give_soft(labels, classes, set, err);
    if (labels->kind == LG_LABELS_CLASS) return give_class_part(labels, classes, set, row, err);
    set->target = labels->value;
    set->target_width = 1;
    labels->value = NULL;
    return LOGIT_OK;
}

/* --------------------------------------------------------------------------------- the set --- */

static logit_status give_all(lg_labels *labels, lg_dataset *dataset,
                             const lg_dataset_options *options, const lg_classes *classes,
                             int32_t **row[LG_PART_COUNT], logit_error *err)
{
    char shown[SHOWN];
    for (int p = 0; p < LG_PART_COUNT; p++) {
        lg_set *set = dataset->part[p];
        if (!set) continue;
        LG_TRY(give_part(&labels[p], classes, set, row[p], err));
        if (set->count > 0) continue;
        LG_FAIL(err, LOGIT_E_DATA, "%s: holds no sample of the classes asked for (%s)",
                lg_text_escape(shown, sizeof shown, labels[p].path), options->classes);
    }
    return LOGIT_OK;
}

logit_status lg_labels_give(lg_labels labels[LG_PART_COUNT], lg_dataset *dataset,
                            const lg_dataset_options *options, int32_t **row[LG_PART_COUNT],
                            logit_error *err)
{
    lg_classes classes = {0};
    int numbers = 0;
    LG_TRY(check_numbers(labels, dataset->path, options, &numbers, err));
    logit_status status = LOGIT_OK;
    if (!numbers) status = find_classes(labels, dataset->path, options, &classes, err);
    if (status == LOGIT_OK) status = give_all(labels, dataset, options, &classes, row, err);
    if (status == LOGIT_OK && !numbers) {
        lg_classes_give(&classes, dataset);
        status = lg_dataset_count_empty(dataset, options, err);
    }
    lg_classes_clear(&classes);
    return status;
}
