/* dataset.c -- finding the format of a path, and what all formats share. */
/* SPDX-License-Identifier: MIT */
#include "data/dataset.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/size.h"
#include "base/text.h"
#include "data/folder_list.h"
#include "data/formats.h"
#include "data/missing.h"

enum { SHOWN = 400 }; /* bytes of a path inside a message */

typedef struct format_row {
    const char *name, *about;
    lg_format_probe_fn *probe;
    lg_format_open_fn *open;
} format_row;

static const format_row formats[] = {
#define FORMAT(id, name, about) {name, about, lg_format_##id##_probe, lg_format_##id##_open},
#include "data/format.def"
#undef FORMAT
};

enum { FORMATS = sizeof formats / sizeof *formats };

const char *const lg_part_names[LG_PART_COUNT] = {"train", "val", "test"};

const char *lg_format_name(int i)
{
    return i >= 0 && i < FORMATS ? formats[i].name : NULL;
}

const char *lg_format_about(int i)
{
    return i >= 0 && i < FORMATS ? formats[i].about : NULL;
}

lg_shuffle lg_dataset_shuffle(const lg_dataset *dataset, lg_part part)
{
    const lg_set *set = dataset->part[part];
    const lg_image_target *at = &set->shape;
    size_t bytes = lg_element_bytes(set->element);
    const int fits = lg_size_mul(bytes, (size_t)set->count, &bytes) &&
                     lg_size_mul(bytes, (size_t)at->height, &bytes) &&
                     lg_size_mul(bytes, (size_t)at->width, &bytes) &&
                     lg_size_mul(bytes, (size_t)at->channels, &bytes) && bytes <= LG_PACKED_FULL;
    const int is_packed = strcmp(dataset->format, "packed") == 0;
    return set->as_it_lies || (is_packed && !fits) ? LG_SHUFFLE_BLOCK : LG_SHUFFLE_FULL;
}

/* ------------------------------------------------------------------------ for the formats --- */

int lg_part_of_name(const char *name)
{
    static const struct {
        const char *name;
        lg_part part;
    } names[] = {
        {"train", LG_PART_TRAIN}, {"training", LG_PART_TRAIN}, {"val", LG_PART_VAL},
        {"valid", LG_PART_VAL},   {"validation", LG_PART_VAL}, {"dev", LG_PART_VAL},
        {"test", LG_PART_TEST},   {"testing", LG_PART_TEST},   {"t10k", LG_PART_TEST},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcasecmp(name, names[i].name)) return (int)names[i].part;
    return -1;
}

logit_status lg_set_create(lg_set **out, lg_part part, int64_t count, logit_error *err)
{
    *out = calloc(1, sizeof **out);
    if (!*out) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a data set");
    (*out)->part = part;
    (*out)->count = count;
    return LOGIT_OK;
}

void lg_set_destroy(lg_set *set)
{
    if (!set) return;
    if (set->ops) set->ops->close(set);
    free(set->label);
    free(set->target);
    free(set->weight);
    free(set);
}

logit_status lg_dataset_progress(const logit_watch *watch, int64_t done, int64_t total,
                                 logit_error *err)
{
    if (!watch) return LOGIT_OK;
    const logit_progress now = {.phase = LOGIT_PHASE_SCAN,
                                .done = done,
                                .total = total,
                                .loss = NAN,
                                .samples_per_second = NAN,
                                .seconds_left = NAN};
    if (watch->progress) watch->progress(watch->user, &now);
    if (watch->stop && watch->stop(watch->user))
        LG_FAIL(err, LOGIT_E_STOPPED, "stopped while looking at the data");
    return LOGIT_OK;
}

logit_status lg_dataset_check_element(const lg_dataset *dataset, const lg_dataset_options *options,
                                      logit_error *err)
{
    char shown[SHOWN];
    for (int p = 0; p < LG_PART_COUNT && options->element; p++) {
        const lg_set *set = dataset->part[p];
        const int wanted = lg_element_is_float(*options->element);
        if (!set || lg_element_is_float(set->element) == wanted) continue;
        LG_FAIL(err, LOGIT_E_DATA, "%s: holds %s, but %s is of %s",
                lg_text_escape(shown, sizeof shown, dataset->path),
                wanted ? "images (bytes)" : "features (floats)",
                options->known_by ? options->known_by : "the model",
                wanted ? "features (floats)" : "images (bytes)");
    }
    return LOGIT_OK;
}

void lg_dataset_stray(lg_dataset *dataset, const char *path)
{
    if (dataset->stray++ == 0)
        lg_text_escape(dataset->stray_example, sizeof dataset->stray_example, path);
}

logit_status(lg_place_fail)(logit_error *err, const lg_place *place, const char *class_name,
                            const char *format, ...)
{
    char reason[400], shown[SHOWN];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    return lg_fail(err, LOGIT_E_DATA, place->source, place->line, "%s: %s at byte %lld: %s [%s]",
                   lg_text_escape(shown, sizeof shown, place->path), place->format,
                   (long long)place->byte, reason, class_name);
}

/* The part whose samples decide which classes are empty. */
static const lg_set *first_part(const lg_dataset *dataset)
{
    for (int p = 0; p < LG_PART_COUNT; p++)
        if (dataset->part[p]) return dataset->part[p];
    return NULL;
}

logit_status lg_dataset_count_empty(lg_dataset *dataset, const lg_dataset_options *options,
                                    logit_error *err)
{
    char shown[SHOWN], name[SHOWN];
    const lg_set *set = first_part(dataset);
    dataset->empty_classes = 0;
    if (!set || !set->label || options->known_class) return LOGIT_OK;
    uint8_t *used = calloc((size_t)dataset->classes, 1);
    if (!used) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %d classes", dataset->classes);
    for (int64_t i = 0; i < set->count; i++) used[set->label[i]] = 1;
    for (int label = 0; label < dataset->classes; label++) dataset->empty_classes += !used[label];
    free(used);
    if (dataset->classes - dataset->empty_classes >= 2) return LOGIT_OK;
    LG_FAIL(err, LOGIT_E_DATA,
            "%s: one class only has samples (%s), %d are empty: a classifier needs two",
            lg_text_escape(shown, sizeof shown, dataset->path),
            lg_text_escape(name, sizeof name, dataset->class_name[set->label[0]]),
            dataset->empty_classes);
}

/* --------------------------------------------------------------------- what is at a path? --- */

/* "packed, idx, .. and tar".  What each is stands in the help: here it would fill the screen. */
static void list_formats(char *out, size_t size)
{
    size_t used = 0;
    for (int i = 0; i < FORMATS && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%s",
                                 i == 0             ? ""
                                 : i == FORMATS - 1 ? " and "
                                                    : ", ",
                                 formats[i].name);
}

/* Never cut: in a message it ends the line. */
#define KNOWN                                                                                      \
    "Put the images into one folder per class, such as cat/1.jpg and dog/2.jpg, or see logit "     \
    "data "                                                                                        \
    "--help for all forms of a set (%s)"

/* No format took it: what is there, and what could be. */
static logit_status refuse_unknown(const char *path, const struct stat *info, logit_error *err)
{
    char shown[SHOWN], known[SHOWN], first[SHOWN] = "", example[SHOWN];
    int64_t files = 0;
    lg_text_escape(shown, sizeof shown, path);
    list_formats(known, sizeof known);
    if (!S_ISDIR(info->st_mode))
        LG_FAIL(err, LOGIT_E_DATA, "%s: %s, not a data set.  " KNOWN, shown,
                !S_ISREG(info->st_mode)      ? "neither a file nor a folder"
                : lg_folder_list_wants(path) ? "a single image"
                                             : "a single file of no known kind",
                known);
    DIR *folder = opendir(path);
    if (!folder)
        LG_FAIL(err, LOGIT_E_IO, "%s: folder cannot be opened: %s", shown, strerror(errno));
    for (const struct dirent *found; (found = readdir(folder));) {
        if (found->d_name[0] == '.') continue;
        files++;
        if (!first[0] || strcmp(found->d_name, first) < 0)
            snprintf(first, sizeof first, "%s", found->d_name);
    }
    closedir(folder);
    if (files == 0) LG_FAIL(err, LOGIT_E_DATA, "%s: an empty folder.  " KNOWN, shown, known);
    LG_FAIL(err, LOGIT_E_DATA,
            "%s: no data set in it: %lld files, such as %s, and no folders.  " KNOWN, shown,
            (long long)files, lg_text_escape(example, sizeof example, first), known);
}

/* -------------------------------------------------------------------- opening and closing --- */

const char *const lg_label_names[LG_LABEL_COUNT] = {"auto", "coarse", "fine"};

int lg_label_find(const char *name)
{
    for (int i = 0; i < LG_LABEL_COUNT; i++)
        if (!strcmp(lg_label_names[i], name)) return i;
    return -1;
}

/* CIFAR-100 has two labels per sample, and nothing else has; format_cifar.c tells it from CIFAR-10.
 */
static logit_status check_labels(const lg_dataset *dataset, lg_label_kind labels, logit_error *err)
{
    char shown[SHOWN];
    if (labels == LG_LABEL_AUTO || !strcmp(dataset->format, "cifar")) return LOGIT_OK;
    LG_FAIL(err, LOGIT_E_USAGE,
            "--labels %s: %s is a set of the format %s, where a sample has one label; coarse and "
            "fine ones are in CIFAR-100",
            lg_label_names[labels], lg_text_escape(shown, sizeof shown, dataset->path),
            dataset->format);
}

static logit_status open_path(lg_dataset *dataset, const lg_dataset_options *options,
                              logit_error *err)
{
    struct stat info;
    const int missing = stat(dataset->path, &info) != 0 ? errno : 0;
    for (int i = 0; i < FORMATS; i++) {
        int mine = 0;
        LG_TRY(formats[i].probe(dataset->path, &mine, err));
        if (!mine) continue;
        dataset->format = formats[i].name;
        LG_TRY(check_labels(dataset, options->labels, err));
        LG_TRY(formats[i].open(dataset, options, err));
        return lg_dataset_check_element(dataset, options, err);
    }
    if (missing) return lg_missing_fail(dataset->path, missing, err);
    return refuse_unknown(dataset->path, &info, err);
}

logit_status lg_dataset_open(lg_dataset **out, const char *path, const lg_dataset_options *options,
                             logit_error *err)
{
    *out = NULL;
    lg_dataset *dataset = calloc(1, sizeof *dataset);
    if (dataset) dataset->path = strdup(path);
    if (!dataset || !dataset->path) {
        free(dataset);
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a data set");
    }
    for (size_t n = strlen(path); n > 1 && path[n - 1] == '/'; n--) dataset->path[n - 1] = '\0';
    const logit_status status = open_path(dataset, options, err);
    if (status != LOGIT_OK) {
        lg_dataset_close(dataset);
        return status;
    }
    for (int p = 0; p < LG_PART_COUNT; p++) {
        if (!dataset->part[p]) continue;
        dataset->part[p]->decoding = options->decoding;
        dataset->part[p]->untrusted = options->untrusted;
        if (dataset->part[p]->decodes) dataset->decoding = options->decoding;
    }
    *out = dataset;
    return LOGIT_OK;
}

logit_status lg_set_decoder(lg_decoder **out, const lg_set *set, logit_error *err)
{
    LG_TRY(lg_decoder_create(out, err));
    lg_decoder_use(*out, set->decoding);
    if (set->untrusted) lg_decoder_confine(*out);
    return LOGIT_OK;
}

void lg_dataset_close(lg_dataset *dataset)
{
    if (!dataset) return;
    for (int p = 0; p < LG_PART_COUNT; p++) lg_set_destroy(dataset->part[p]);
    if (dataset->class_name)
        for (int i = 0; i < dataset->classes; i++) free(dataset->class_name[i]);
    free(dataset->class_name);
    free(dataset->path);
    free(dataset);
}
