/* format_folder.c -- image files in class folders, with or without train/, val/, test/ above.
 *
 * Layer 1 (data).
 *   ROOT/CLASS/..image      or      ROOT/train/CLASS/..image, ROOT/val/.., ROOT/test/..
 * Below a class folder images may lie in folders of any depth.  The parts' folders may also be
 * called by the names of lg_part_of_name (validation/, Train/, ..).  They are taken as parts where
 * all folders in ROOT are named so, or where train/ holds folders; a vehicle set with the classes
 * car, plane and train is therefore read as classes. */
/* SPDX-License-Identifier: MIT */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "data/classes.h"
#include "data/folder_list.h"
#include "data/folder_sample.h"
#include "data/formats.h"

enum { SHOWN = 400 }; /* bytes of a path inside a message */

/* ------------------------------------------------------------------------------ the parts --- */

/* A part while it is being opened. */
typedef struct part_folder {
    int is_there;
    lg_folder_list list;
    lg_scan top; /* what lies in it: class folders, and strays */
} part_folder;

typedef struct folder_plan {
    lg_dataset *dataset;
    const lg_dataset_options *options;
    part_folder root, part[LG_PART_COUNT];
    lg_classes classes;
} folder_plan;

static void close_part(part_folder *part)
{
    if (!part->is_there) return;
    lg_scan_clear(&part->top);
    lg_folder_list_close(&part->list);
    part->is_there = 0;
}

static logit_status open_part(folder_plan *plan, part_folder *part, const char *path,
                              logit_error *err)
{
    part->is_there = 1;
    return lg_folder_list_open(&part->list, path, &part->top, plan->options->watch, err);
}

static const char *entry_name(const part_folder *part, size_t i)
{
    return part->list.names.data + part->top.entry[i].name;
}

static int is_folder(const part_folder *part, size_t i)
{
    return part->top.entry[i].kind == LG_ENTRY_FOLDER;
}

static int count_folders(const part_folder *part)
{
    int count = 0;
    for (size_t i = 0; i < part->top.count; i++) count += is_folder(part, i);
    return count;
}

/* Opens the folders of ROOT that are named like a part.  *others: the folders that are not. */
static logit_status open_named_parts(folder_plan *plan, int *others, logit_error *err)
{
    const part_folder *root = &plan->root;
    char shown[SHOWN];
    *others = 0;
    for (size_t i = 0; i < root->top.count; i++) {
        if (!is_folder(root, i)) continue;
        const int p = lg_part_of_name(entry_name(root, i));
        if (p < 0) {
            ++*others;
            continue;
        }
        if (plan->part[p].is_there)
            LG_FAIL(err, LOGIT_E_DATA, "%s and %s/ beside it are both the %s part; keep one",
                    lg_text_escape(shown, sizeof shown, plan->part[p].list.root),
                    entry_name(root, i), lg_part_names[p]);
        char *path = lg_text_format("%s/%s", plan->dataset->path, entry_name(root, i));
        if (!path) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a path");
        const logit_status status = open_part(plan, &plan->part[p], path, err);
        free(path);
        if (status != LOGIT_OK) return status;
    }
    return LOGIT_OK;
}

/* Parts without class folders: train/ is an error, an unlabelled val/ or test/ is left aside. */
static logit_status check_parts(folder_plan *plan, logit_error *err)
{
    char shown[SHOWN];
    int labelled = 0;
    for (int p = 0; p < LG_PART_COUNT; p++)
        labelled += plan->part[p].is_there && count_folders(&plan->part[p]) > 0;
    for (int p = 0; p < LG_PART_COUNT; p++) {
        part_folder *part = &plan->part[p];
        if (!part->is_there || count_folders(part) > 0) continue;
        lg_text_escape(shown, sizeof shown, part->list.root);
        if (p == LG_PART_TRAIN || labelled == 0)
            LG_FAIL(err, LOGIT_E_DATA,
                    "%s: no class folders in it.  Put the images of each class into a folder of "
                    "their own, such as %s/cats and %s/dogs",
                    shown, shown, shown);
        lg_dataset_stray(plan->dataset, part->list.root);
        close_part(part);
    }
    return LOGIT_OK;
}

/* What lies in ROOT beside the parts. */
static void count_beside_parts(folder_plan *plan)
{
    part_folder *root = &plan->root;
    for (size_t i = 0; i < root->top.count; i++)
        if (!is_folder(root, i) || lg_part_of_name(entry_name(root, i)) < 0)
            lg_folder_list_stray(&root->list, 0, root->top.entry[i].name);
    plan->dataset->hidden += root->list.hidden;
    plan->dataset->stray += root->list.stray;
    memcpy(plan->dataset->stray_example, root->list.stray_example,
           sizeof plan->dataset->stray_example);
}

/* Parts or one heap of class folders?  Afterwards the parts that are there are open. */
static logit_status find_parts(folder_plan *plan, logit_error *err)
{
    char shown[SHOWN];
    int others, parts = 0;
    LG_TRY(open_part(plan, &plan->root, plan->dataset->path, err));
    LG_TRY(open_named_parts(plan, &others, err));
    for (int p = 0; p < LG_PART_COUNT; p++) parts += plan->part[p].is_there;
    const part_folder *train = &plan->part[LG_PART_TRAIN];
    plan->dataset->has_parts =
        parts > 0 && (others == 0 || (train->is_there && count_folders(train) > 0));
    if (plan->dataset->has_parts) {
        count_beside_parts(plan);
        return check_parts(plan, err);
    }
    for (int p = 0; p < LG_PART_COUNT; p++) close_part(&plan->part[p]);
    plan->part[LG_PART_TRAIN] = plan->root;
    plan->root = (part_folder){0};
    if (count_folders(&plan->part[LG_PART_TRAIN]) > 0) return LOGIT_OK;
    lg_text_escape(shown, sizeof shown, plan->dataset->path);
    LG_FAIL(err, LOGIT_E_DATA,
            "%s: images, but no class folders.  Put the images of each class into a folder of "
            "their own, such as %s/cats and %s/dogs",
            shown, shown, shown);
}

/* ---------------------------------------------------------------------------- the classes --- */

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names of the class folders of these parts, each once, borrowed; sorted. */
static logit_status gather_names(folder_plan *plan, int first, int last, char ***name, int *count,
                                 logit_error *err)
{
    size_t room = 1;
    for (int p = first; p <= last; p++) room += plan->part[p].top.count;
    *count = 0;
    *name = calloc(room, sizeof **name);
    if (!*name) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the names of classes");
    for (int p = first; p <= last; p++)
        for (size_t i = 0; i < plan->part[p].top.count; i++)
            if (is_folder(&plan->part[p], i))
                (*name)[(*count)++] = (char *)entry_name(&plan->part[p], i);
    qsort(*name, (size_t)*count, sizeof **name, compare_names);
    int kept = 0;
    for (int i = 0; i < *count; i++)
        if (kept == 0 || strcmp((*name)[kept - 1], (*name)[i])) (*name)[kept++] = (*name)[i];
    *count = kept;
    return LOGIT_OK;
}

/* A class of val or test that train lacks could never be learnt. */
static logit_status check_part_classes(const folder_plan *plan, const part_folder *part,
                                       logit_error *err)
{
    char shown[SHOWN], wrong[SHOWN], list[SHOWN];
    for (size_t i = 0; i < part->top.count; i++) {
        if (!is_folder(part, i)) continue;
        if (lg_classes_label(&plan->classes, entry_name(part, i)) != LG_CLASS_UNKNOWN) continue;
        LG_FAIL(err, LOGIT_E_DATA, "%s: class %s is not in the train part, which has %s",
                lg_text_escape(shown, sizeof shown, part->list.root),
                lg_text_escape(wrong, sizeof wrong, entry_name(part, i)),
                lg_classes_brief(list, sizeof list, plan->classes.name, plan->classes.count));
    }
    return LOGIT_OK;
}

/* Freezes the classes: those of train; of all parts where there is no train, or where a model's
 * classes are known and every part is held against them. */
static logit_status find_classes(folder_plan *plan, logit_error *err)
{
    char **name = NULL;
    int count;
    const int alone = plan->part[LG_PART_TRAIN].is_there && !plan->options->known_class;
    const int last = alone ? LG_PART_TRAIN : LG_PART_COUNT - 1;
    logit_status status = gather_names(plan, LG_PART_TRAIN, last, &name, &count, err);
    if (status == LOGIT_OK)
        status =
            lg_classes_freeze(&plan->classes, name, count, plan->dataset->path, plan->options, err);
    free(name);
    for (int p = 0; p < LG_PART_COUNT && status == LOGIT_OK; p++)
        if (plan->part[p].is_there) status = check_part_classes(plan, &plan->part[p], err);
    return status;
}

/* ---------------------------------------------------------------------------- the samples --- */

/* Lists the class folders in the order of their labels; end[label] is where each ends. */
static logit_status list_part(folder_plan *plan, part_folder *part, int64_t *end, logit_error *err)
{
    enum { NONE = -1 };
    const int classes = plan->classes.count;
    for (int label = 0; label < classes; label++) end[label] = NONE;
    for (size_t i = 0; i < part->top.count; i++) {
        const uint64_t name = part->top.entry[i].name;
        const int label =
            is_folder(part, i) ? lg_classes_label(&plan->classes, entry_name(part, i)) : NONE;
        if (label >= 0) end[label] = (int64_t)name;
        if (!is_folder(part, i)) lg_folder_list_stray(&part->list, 0, name);
    }
    for (int label = 0; label < classes; label++) {
        if (end[label] != NONE) LG_TRY(lg_folder_list_add(&part->list, (uint64_t)end[label], err));
        end[label] = part->list.files;
    }
    lg_folder_list_finish(&part->list);
    return LOGIT_OK;
}

static logit_status refuse_empty(const part_folder *part, logit_error *err)
{
    char shown[SHOWN];
    lg_text_escape(shown, sizeof shown, part->list.root);
    if (part->list.stray == 0)
        LG_FAIL(err, LOGIT_E_DATA, "%s: no images in its class folders", shown);
    LG_FAIL(err, LOGIT_E_DATA,
            "%s: no images in its class folders; %lld other files are there, such as %s.  An "
            "image's name ends in .jpg, .jpeg, .png, .ppm, .pgm or .pnm",
            shown, (long long)part->list.stray, part->list.stray_example);
}

/* Makes the set of a part; its listing moves there. */
static logit_status make_set(folder_plan *plan, int p, const int64_t *end, logit_error *err)
{
    part_folder *part = &plan->part[p];
    lg_dataset *dataset = plan->dataset;
    dataset->hidden += part->list.hidden;
    if (dataset->stray == 0)
        memcpy(dataset->stray_example, part->list.stray_example, sizeof dataset->stray_example);
    dataset->stray += part->list.stray;
    if (part->list.files == 0) return refuse_empty(part, err);

    LG_TRY(lg_set_create(&dataset->part[p], (lg_part)p, part->list.files, err));
    lg_set *set = dataset->part[p];
    set->ops = &lg_folder_ops;
    set->decodes = 1;
    set->label = malloc((size_t)set->count * sizeof *set->label);
    set->own = calloc(1, sizeof(lg_folder_list));
    if (!set->label || !set->own)
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %lld labels", (long long)set->count);
    int64_t i = 0;
    for (int label = 0; label < plan->classes.count; label++)
        while (i < end[label]) set->label[i++] = label;
    memcpy(set->own, &part->list, sizeof part->list);
    part->list = (lg_folder_list){.fd = -1};
    return LOGIT_OK;
}

static logit_status make_sets(folder_plan *plan, logit_error *err)
{
    int64_t *end = calloc((size_t)plan->classes.count, sizeof *end);
    if (!end) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %d classes", plan->classes.count);
    logit_status status = LOGIT_OK;
    for (int p = 0; p < LG_PART_COUNT && status == LOGIT_OK; p++) {
        if (!plan->part[p].is_there) continue;
        status = list_part(plan, &plan->part[p], end, err);
        if (status == LOGIT_OK) status = make_set(plan, p, end, err);
    }
    free(end);
    return status;
}

/* ----------------------------------------------------------------------------- the format --- */

logit_status lg_format_folder_probe(const char *path, int *mine, logit_error *err)
{
    struct stat info;
    lg_folder_list list;
    lg_scan top = {0};
    *mine = 0;
    if (stat(path, &info) != 0 || !S_ISDIR(info.st_mode)) return LOGIT_OK;
    const logit_status status = lg_folder_list_open(&list, path, &top, NULL, err);
    for (size_t i = 0; status == LOGIT_OK && i < top.count && !*mine; i++)
        *mine = top.entry[i].kind == LG_ENTRY_FOLDER ||
                lg_folder_list_wants(list.names.data + top.entry[i].name);
    lg_scan_clear(&top);
    lg_folder_list_close(&list);
    return status;
}

logit_status lg_format_folder_open(lg_dataset *dataset, const lg_dataset_options *options,
                                   logit_error *err)
{
    folder_plan plan = {.dataset = dataset, .options = options};
    logit_status status = find_parts(&plan, err);
    if (status == LOGIT_OK) status = find_classes(&plan, err);
    if (status == LOGIT_OK) status = make_sets(&plan, err);
    if (status == LOGIT_OK) lg_classes_give(&plan.classes, dataset);
    if (status == LOGIT_OK) status = lg_dataset_count_empty(dataset, options, err);
    if (status == LOGIT_OK) status = lg_dataset_settle_shape(dataset, options, err);
    for (int p = 0; p < LG_PART_COUNT; p++) close_part(&plan.part[p]);
    close_part(&plan.root);
    lg_classes_clear(&plan.classes);
    return status;
}
