/* format_npy.c -- NumPy arrays: samples in one file, labels in another.
 *
 * Layer 1 (data).  npy_names.c finds the files, npy_set.c reads the samples, npy_labels.c the
 * labels, and here it is seen to that all parts of a set go together. */
/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "data/formats.h"
#include "data/npy_labels.h"
#include "data/npy_names.h"
#include "data/npy_set.h"

typedef struct npy_plan {
    lg_dataset *dataset;
    const lg_dataset_options *options;
    lg_npy_files files[LG_PART_COUNT];
    lg_labels labels[LG_PART_COUNT];
    int64_t room; /* bytes that labels may take */
} npy_plan;

static logit_status open_parts(npy_plan *plan, logit_error *err)
{
    LG_TRY(lg_npy_find(plan->files, plan->dataset, err));
    for (int p = 0; p < LG_PART_COUNT; p++) {
        const lg_npy_files *files = &plan->files[p];
        lg_set **set = &plan->dataset->part[p];
        if (!files->samples) continue;
        LG_TRY(lg_npy_set_open(set, (lg_part)p, files->samples, err));
        LG_TRY(lg_npy_labels_read(&plan->labels[p], files->labels, lg_npy_set_file(*set),
                                  &plan->room, err));
    }
    return LOGIT_OK;
}

static logit_status give_labels(npy_plan *plan, logit_error *err)
{
    int32_t **row[LG_PART_COUNT] = {NULL};
    for (int p = 0; p < LG_PART_COUNT; p++)
        if (plan->dataset->part[p]) row[p] = lg_npy_set_rows(plan->dataset->part[p]);
    LG_TRY(lg_labels_give(plan->labels, plan->dataset, plan->options, row, err));
    for (int p = 0; p < LG_PART_COUNT; p++) {
        lg_set *set = plan->dataset->part[p];
        if (!plan->files[p].weights) continue;
        LG_TRY(lg_npy_weights_read(&set->weight, plan->files[p].weights, lg_npy_set_file(set),
                                   *row[p], set->count, err));
    }
    return LOGIT_OK;
}

/* Images of one part and rows of numbers of another are no set. */
static logit_status check_kinds(const npy_plan *plan, const lg_set **first, logit_error *err)
{
    *first = NULL;
    for (int p = 0; p < LG_PART_COUNT; p++) {
        const lg_set *set = plan->dataset->part[p];
        if (!set) continue;
        if (!*first) *first = set;
        if (lg_element_is_float(set->element) == lg_element_is_float((*first)->element) &&
            lg_npy_set_is_images(set) == lg_npy_set_is_images(*first))
            continue;
        const lg_npy *file = lg_npy_set_file(set);
        LG_NPY_BAD(err, file, file->descr_at, "MISMATCH",
                   "the parts of a set are all images, all rows of bytes, or all features");
    }
    return LOGIT_OK;
}

/* One shape for all parts: images are resized, rows of numbers must have the same count. */
static logit_status settle_shape(npy_plan *plan, logit_error *err)
{
    const lg_set *first;
    LG_TRY(check_kinds(plan, &first, err));
    if (lg_npy_set_is_images(first))
        return lg_dataset_settle_shape(plan->dataset, plan->options, err);
    lg_image_target shape = plan->options->shape;
    for (int p = 0; p < LG_PART_COUNT; p++) {
        lg_set *set = plan->dataset->part[p];
        if (!set) continue;
        LG_TRY(lg_npy_set_shape(set, shape, err));
        shape = set->shape;
    }
    return LOGIT_OK;
}

static logit_status open_plan(npy_plan *plan, logit_error *err)
{
    LG_TRY(open_parts(plan, err));
    LG_TRY(lg_dataset_check_element(plan->dataset, plan->options, err));
    LG_TRY(settle_shape(plan, err));
    return give_labels(plan, err);
}

logit_status lg_format_npy_probe(const char *path, int *mine, logit_error *err)
{
    return lg_npy_is_named(path, mine, err);
}

logit_status lg_format_npy_open(lg_dataset *dataset, const lg_dataset_options *options,
                                logit_error *err)
{
    npy_plan plan = {.dataset = dataset, .options = options};
    plan.room = options->memory > 0 ? options->memory : INT64_MAX;
    const logit_status status = open_plan(&plan, err);
    lg_npy_files_clear(plan.files);
    for (int p = 0; p < LG_PART_COUNT; p++) lg_labels_clear(&plan.labels[p]);
    return status;
}
