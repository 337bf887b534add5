/* classes.c -- names in order, found by bisection, refused with both lists in the message. */
/* SPDX-License-Identifier: MIT */
#include "data/classes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "base/text.h"

enum { SHOWN_NAME = 48, SHOWN_LIST = 300 }; /* bytes of a name and of a list in a message */

static int compare_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* By value; equal values ("7", "07") bytewise, so that the order is always total. */
static int compare_value(const void *a, const void *b)
{
    const char *p = *(char *const *)a, *q = *(char *const *)b;
    p += strspn(p, "0");
    q += strspn(q, "0");
    const size_t n = strlen(p), m = strlen(q);
    if (n != m) return n < m ? -1 : 1;
    const int order = strcmp(p, q);
    return order ? order : compare_bytes(a, b);
}

/* Sorted, unless they are already: a million numbers of a file of labels are. */
static void sort_names(char **name, int count, int (*compare)(const void *, const void *))
{
    int i = 1;
    while (i < count && compare(&name[i - 1], &name[i]) <= 0) i++;
    if (i < count) qsort(name, (size_t)count, sizeof *name, compare);
}

static int all_digits(char *const *name, int count)
{
    for (int i = 0; i < count; i++) /* take_names left no hole: NOLINTNEXTLINE(clang-analyzer-*) */
        if (!*name[i] || name[i][strspn(name[i], "0123456789")]) return 0;
    return 1;
}

static int compare_label(const void *a, const void *b, void *name)
{
    return strcmp(((char **)name)[*(const int *)a], ((char **)name)[*(const int *)b]);
}

/* Number of the class with this name, whether wanted or not; -1: none. */
static int find(const lg_classes *classes, const char *name)
{
    int low = 0, high = classes->count;
    while (low < high) {
        const int middle = low + (high - low) / 2;
        const int order = strcmp(name, classes->name[classes->sorted[middle]]);
        if (order == 0) return classes->sorted[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return -1;
}

int lg_classes_label(const lg_classes *classes, const char *name)
{
    const int label = find(classes, name);
    if (label < 0) return classes->only ? LG_CLASS_LEFT_OUT : LG_CLASS_UNKNOWN;
    return classes->wanted && !classes->wanted[label] ? LG_CLASS_LEFT_OUT : label;
}

const char *lg_classes_brief(char *out, size_t size, char *const *name, int count)
{
    char one[SHOWN_NAME];
    size_t used = 0;
    out[0] = '\0';
    for (int i = 0; i < count; i++) {
        lg_text_escape(one, sizeof one, name[i]);
        const size_t left = size - used;
        if (strlen(one) + sizeof ", .. (1000000000 in all)" > left) {
            snprintf(out + used, left, ", .. (%d in all)", count);
            return out;
        }
        used += (size_t)snprintf(out + used, left, "%s%s", i ? ", " : "", one);
    }
    return out;
}

int lg_classes_near(char *const *name, int count, const char *text)
{
    int nearest = -1, least = (int)strlen(text) / 3 + 1;
    for (int i = 0; i < count; i++) {
        const int distance = lg_text_distance(text, name[i]);
        if (distance > least || (distance == least && nearest >= 0)) continue;
        least = distance;
        nearest = i;
    }
    return nearest;
}

/* Room for `count` names, and a copy of each. */
static logit_status take_names(lg_classes *classes, char *const *name, int count, logit_error *err)
{
    classes->name = calloc((size_t)count, sizeof *classes->name);
    classes->sorted = calloc((size_t)count, sizeof *classes->sorted);
    if (!classes->name || !classes->sorted)
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %d class names", count);
    for (; classes->count < count; classes->count++) {
        classes->name[classes->count] = strdup(name[classes->count]);
        if (!classes->name[classes->count])
            LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %d class names", count);
        classes->sorted[classes->count] = classes->count;
    }
    return LOGIT_OK;
}

static void sort_labels(lg_classes *classes)
{
    qsort_r(classes->sorted, (size_t)classes->count, sizeof *classes->sorted, compare_label,
            classes->name);
}

/* Cuts "a,b,.." into names, in place in *text (a copy), pointers in *name.  Both are malloc'ed. */
static logit_status cut_list(const char *list, char **text, char ***name, int *count,
                             logit_error *err)
{
    int commas = 0;
    for (const char *at = list; *at; at++) commas += *at == ',';
    *count = 0;
    *text = strdup(list);
    *name = calloc((size_t)commas + 1, sizeof **name);
    if (!*text || !*name) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a list of classes");
    for (char *at = *text; at; (*count)++) {
        char *comma = strchr(at, ',');
        if (comma) *comma++ = '\0';
        if (!*at) LG_FAIL(err, LOGIT_E_USAGE, "--classes %s: an empty name in the list", list);
        (*name)[*count] = at;
        at = comma;
    }
    return LOGIT_OK;
}

/* Fails with USAGE for a name of --classes that `there`, the sorted names, lacks. */
static logit_status check_there(const char *name, char *const *there, int count, const char *path,
                                logit_error *err)
{
    char wrong[SHOWN_NAME], list[SHOWN_LIST], shown[SHOWN_LIST], meant[SHOWN_NAME + 24] = "";
    if (bsearch(&name, there, (size_t)count, sizeof *there, compare_bytes)) return LOGIT_OK;
    const int near = lg_classes_near(there, count, name);
    if (near >= 0)
        snprintf(meant, sizeof meant, "; did you mean %s?",
                 lg_text_escape(wrong, sizeof wrong, there[near]));
    LG_FAIL(err, LOGIT_E_USAGE, "--classes: %s is not a class of %s (%s)%s",
            lg_text_escape(wrong, sizeof wrong, name), lg_text_escape(shown, sizeof shown, path),
            lg_classes_brief(list, sizeof list, there, count), meant);
}

/* The classes of --classes: those of a model are marked, those of a set are the new list. */
static logit_status take_list(lg_classes *classes, char *const *name, int count, char *const *there,
                              int there_count, const char *path, logit_error *err)
{
    for (int i = 0; i < count; i++) LG_TRY(check_there(name[i], there, there_count, path, err));
    if (classes->count == 0) {
        LG_TRY(take_names(classes, name, count, err));
        sort_labels(classes);
        for (int i = 1; i < count; i++)
            if (!strcmp(classes->name[classes->sorted[i - 1]], classes->name[classes->sorted[i]]))
                LG_FAIL(err, LOGIT_E_USAGE, "--classes names %s twice",
                        classes->name[classes->sorted[i]]);
        return LOGIT_OK;
    }
    classes->wanted = calloc((size_t)classes->count, 1);
    if (!classes->wanted) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a list of classes");
    for (int i = 0; i < count; i++) classes->wanted[find(classes, name[i])] = 1;
    return LOGIT_OK;
}

/* options->classes, read and taken.  there: names that it may hold. */
static logit_status take_option(lg_classes *classes, const char *list, char *const *there,
                                int there_count, const char *path, logit_error *err)
{
    char *text = NULL, **name = NULL, **sorted = calloc((size_t)there_count, sizeof *sorted);
    int count = 0;
    logit_status status = LOGIT_OK;
    if (!sorted)
        status = lg_fail(err, LOGIT_E_NOMEM, __FILE__, __LINE__, "out of memory for classes");
    if (status == LOGIT_OK) {
        memcpy(sorted, there, (size_t)there_count * sizeof *sorted);
        qsort(sorted, (size_t)there_count, sizeof *sorted, compare_bytes);
        status = cut_list(list, &text, &name, &count, err);
    }
    if (status == LOGIT_OK)
        status = take_list(classes, name, count, sorted, there_count, path, err);
    free(text);
    free(name);
    free(sorted);
    classes->only = 1;
    return status;
}

/* Those of found that are not known, in out[count]; how many. */
static int list_unknown(const lg_classes *classes, char *const *found, int count, char **out)
{
    int unknown = 0;
    for (int i = 0; i < count; i++)
        if (lg_classes_label(classes, found[i]) == LG_CLASS_UNKNOWN) out[unknown++] = found[i];
    return unknown;
}

/* Every class of the set must be one of the model's, or of whoever knows them. */
static logit_status check_known(const lg_classes *classes, char *const *found, int count,
                                const char *path, const char *known_by, logit_error *err)
{
    char wrong[SHOWN_LIST], want[SHOWN_LIST], shown[SHOWN_LIST];
    char **unknown = calloc((size_t)count + 1, sizeof *unknown);
    if (!unknown) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a list of classes");
    const int differ = list_unknown(classes, found, count, unknown);
    lg_classes_brief(wrong, sizeof wrong, unknown, differ);
    free(unknown);
    if (differ == 0) return LOGIT_OK;
    if (!known_by) known_by = "the model";
    LG_FAIL(err, LOGIT_E_DATA,
            "%s: %d of its %d classes %s not known to %s: %s.  Known are %s.  No file is damaged: "
            "rename or leave out what differs, or train on a set that has it",
            lg_text_escape(shown, sizeof shown, path), differ, count, differ == 1 ? "is" : "are",
            known_by, wrong, lg_classes_brief(want, sizeof want, classes->name, classes->count));
}

logit_status lg_classes_freeze(lg_classes *classes, char *const *found, int count, const char *path,
                               const lg_dataset_options *options, logit_error *err)
{
    char shown[SHOWN_LIST], name[SHOWN_NAME];
    const int known = options->known_class ? options->known_classes : 0;
    char *const *there = known ? options->known_class : found;
    *classes = (lg_classes){0};
    if (known) {
        LG_TRY(take_names(classes, options->known_class, known, err));
        sort_labels(classes);
    }
    if (options->classes)
        LG_TRY(take_option(classes, options->classes, there, known ? known : count, path, err));
    if (known) return check_known(classes, found, count, path, options->known_by, err);
    if (!options->classes) {
        LG_TRY(take_names(classes, found, count, err));
        sort_names(classes->name, count,
                   all_digits(classes->name, count) ? compare_value : compare_bytes);
        sort_labels(classes);
    }
    if (classes->count > 1) return LOGIT_OK;
    LG_FAIL(err, LOGIT_E_DATA, "%s: one class only (%s): a classifier needs two.  %s",
            lg_text_escape(shown, sizeof shown, path),
            lg_text_escape(name, sizeof name, classes->name[0]),
            options->classes ? "Name at least two with --classes" : "Is this the right folder?");
}

logit_status lg_classes_keep(lg_classes *classes, char *const *name, int count, const char *path,
                             logit_error *err)
{
    char shown[SHOWN_LIST], twice[SHOWN_NAME];
    *classes = (lg_classes){0};
    lg_text_escape(shown, sizeof shown, path);
    if (count < 2)
        LG_FAIL(err, LOGIT_E_DATA, "%s: %d classes: a classifier needs two", shown, count);
    LG_TRY(take_names(classes, name, count, err));
    sort_labels(classes);
    for (int i = 1; i < count; i++) {
        const char *one = classes->name[classes->sorted[i]];
        if (!strcmp(classes->name[classes->sorted[i - 1]], one))
            LG_FAIL(err, LOGIT_E_DATA, "%s: two classes are called %s", shown,
                    lg_text_escape(twice, sizeof twice, one));
    }
    return LOGIT_OK;
}

void lg_classes_give(lg_classes *classes, lg_dataset *dataset)
{
    dataset->classes = classes->count;
    dataset->class_name = classes->name;
    classes->name = NULL;
}

void lg_classes_clear(lg_classes *classes)
{
    if (classes->name)
        for (int i = 0; i < classes->count; i++) free(classes->name[i]);
    free(classes->name);
    free(classes->sorted);
    free(classes->wanted);
    *classes = (lg_classes){0};
}
