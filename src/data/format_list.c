/* format_list.c -- a CSV file that names images and their classes: path,label or path,label,weight.
 *
 * Layer 1 (data).  Paths are taken from the list's own folder on.  Samples are put into the order
 * that a folder of the same files has: class by class, bytewise by path, so that the same images
 * train to the same model; an image that is named twice is two samples.  An image that is not
 * there is a bad sample, as a damaged one is. */
/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/text.h"
#include "data/csv_read.h"
#include "data/identity.h"
#include "data/list_names.h"
#include "data/name_table.h"

enum { SHOWN = 400, PROGRESS_LINES = 4096 };

/* ----------------------------------------------------------------------------- one sample --- */

/* What a set of this format owns. */
typedef struct list_set {
    char *folder; /* of the list, for messages */
    int fd;       /* of it */
    lg_names names;
    uint64_t *path; /* [count] offset in the names */
} list_set;

static const char *path_of(const list_set *own, int64_t i)
{
    return own->names.data + own->path[i];
}

/* Puts the list's folder in front of the path that an error begins with. */
static logit_status place(logit_status status, const list_set *own, int64_t i, logit_error *err)
{
    char folder[SHOWN];
    const int names_path = status == LOGIT_E_DATA || status == LOGIT_E_IO;
    if (names_path && path_of(own, i)[0] != '/')
        lg_error_prefix(err, "%s/", lg_text_escape(folder, sizeof folder, own->folder));
    return status;
}

static logit_status list_read(const lg_set *set, int64_t i, lg_decoder *decoder, uint8_t *out,
                              logit_error *err)
{
    const list_set *own = set->own;
    return place(lg_image_decode_file(decoder, own->fd, path_of(own, i), set->shape, out, err), own,
                 i, err);
}

static logit_status list_probe(const lg_set *set, int64_t i, lg_image_info *info, int64_t *bytes,
                               logit_error *err)
{
    const list_set *own = set->own;
    return place(lg_image_probe_file(own->fd, path_of(own, i), info, bytes, err), own, i, err);
}

static const char *list_name(const lg_set *set, int64_t i, char *out, size_t size)
{
    const list_set *own = set->own;
    if (path_of(own, i)[0] == '/') return lg_text_escape(out, size, path_of(own, i));
    lg_text_escape(out, size, own->folder);
    const size_t used = strlen(out);
    if (used + 2 > size) return out;
    out[used] = '/';
    out[used + 1] = '\0';
    lg_text_escape(out + used + 1, size - used - 1, path_of(own, i));
    return out;
}

static logit_status list_content(const lg_set *set, int64_t i, lg_content *content,
                                 logit_error *err)
{
    const list_set *own = set->own;
    return place(lg_content_of_file(own->fd, path_of(own, i), content, err), own, i, err);
}

/* A file that is not there is part of what the set is: a bad sample. */
static logit_status list_identify(const lg_set *set, lg_identity *identity, logit_error *err)
{
    const list_set *own = set->own;
    (void)err;
    for (int64_t i = 0; i < set->count; i++) {
        struct stat info;
        if (fstatat(own->fd, path_of(own, i), &info, 0) != 0) info = (struct stat){0};
        lg_identity_add_file(identity, &info);
    }
    return LOGIT_OK;
}

static void list_close(lg_set *set)
{
    list_set *own = set->own;
    if (!own) return;
    if (own->fd >= 0) close(own->fd);
    lg_names_clear(&own->names);
    free(own->folder);
    free(own->path);
    free(own);
}

static const lg_set_ops list_ops = {.read = list_read,
                                    .name = list_name,
                                    .probe = list_probe,
                                    .close = list_close,
                                    .content = list_content,
                                    .identify = list_identify};

/* ------------------------------------------------------------------------------- one list --- */

typedef struct entry {
    uint64_t path;  /* offset in the names */
    int32_t number; /* of its class in the table, then its label */
    float weight;
} entry;

/* A list while it is being read. */
typedef struct part_list {
    lg_names names;
    entry *entry; /* [count] */
    int64_t count, room;
    int weighted; /* a weight was given */
} part_list;

typedef struct list_plan {
    lg_dataset *dataset;
    const lg_dataset_options *options;
    char *path[LG_PART_COUNT];
    part_list part[LG_PART_COUNT];
    lg_name_table table[LG_PART_COUNT];
    lg_classes classes;
} list_plan;

static logit_status read_weight(lg_csv *csv, float *weight, logit_error *err)
{
    char shown[SHOWN], *end;
    const lg_csv_field *field = &csv->field[2];
    lg_text_escape(shown, sizeof shown, field->text);
    const double value = strtod(field->text, &end);
    if (field->length == 0 || field->text[strspn(field->text, "0123456789+-.eE")] || *end)
        LG_CSV_BAD(err, csv, field->at, "FORMAT", "the weight \"%s\" is not a number", shown);
    *weight = (float)value;
    if (!(value >= 0.0) || !isfinite(*weight))
        LG_CSV_BAD(err, csv, field->at, "RANGE",
                   "the weight %s; expected a finite number of 0 or more", shown);
    return LOGIT_OK;
}

static logit_status reserve(part_list *part, logit_error *err)
{
    if (part->count < part->room) return LOGIT_OK;
    const int64_t room = part->room + part->room / 2 + 1024;
    entry *more = realloc(part->entry, (size_t)room * sizeof *more);
    if (!more) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory to list %lld images", (long long)room);
    part->entry = more;
    part->room = room;
    return LOGIT_OK;
}

/* Takes the record as one more sample. */
static logit_status take_record(part_list *part, lg_name_table *table, lg_csv *csv,
                                logit_error *err)
{
    const lg_csv_field *path = &csv->field[0], *label = &csv->field[1];
    entry new = {.weight = 1.0f};
    if (csv->fields < 2) LG_CSV_BAD(err, csv, csv->begin, "FORMAT", "no label behind the path");
    if (path->length == 0) LG_CSV_BAD(err, csv, path->at, "FORMAT", "an empty path");
    if (label->length == 0) LG_CSV_BAD(err, csv, label->at, "FORMAT", "an empty label");
    if (csv->fields > 2) {
        part->weighted = 1;
        LG_TRY(read_weight(csv, &new.weight, err));
    }
    if (part->count == INT32_MAX)
        LG_CSV_BAD(err, csv, csv->begin, "LIMIT", "more than %d images", INT32_MAX);
    LG_TRY(reserve(part, err));
    new.path = part->names.size;
    LG_TRY(lg_names_add(&part->names, path->text, path->length, err));
    LG_TRY(lg_name_table_add(table, label->text, label->length, csv->first_line, &new.number, err));
    part->entry[part->count++] = new;
    return LOGIT_OK;
}

static int is_header(const lg_csv *csv)
{
    return csv->fields >= 2 && !strcasecmp(csv->field[0].text, "path") &&
           !strcasecmp(csv->field[1].text, "label") &&
           (csv->fields == 2 || !strcasecmp(csv->field[2].text, "weight"));
}

static logit_status read_records(list_plan *plan, int p, lg_csv *csv, logit_error *err)
{
    part_list *part = &plan->part[p];
    double weights = 0.0;
    for (int64_t records = 0;; records++) {
        LG_TRY(lg_csv_next(csv, err));
        if (csv->fields == 0) break;
        if (records == 0 && is_header(csv)) continue;
        LG_TRY(take_record(part, &plan->table[p], csv, err));
        if (part->count % PROGRESS_LINES == 0)
            LG_TRY(lg_dataset_progress(plan->options->watch, part->count, 0, err));
    }
    if (part->count == 0) LG_CSV_BAD(err, csv, csv->bytes, "RANGE", "the list names no image");
    for (int64_t i = 0; i < part->count; i++) weights += (double)part->entry[i].weight;
    if (!(weights > 0.0)) LG_CSV_BAD(err, csv, csv->bytes, "RANGE", "all weights are 0");
    return LOGIT_OK;
}

static logit_status read_lists(list_plan *plan, logit_error *err)
{
    for (int p = 0; p < LG_PART_COUNT; p++) {
        lg_csv csv;
        if (!plan->path[p]) continue;
        logit_status status = lg_csv_open(&csv, plan->path[p], err);
        if (status == LOGIT_OK) status = read_records(plan, p, &csv, err);
        lg_csv_close(&csv);
        LG_TRY(status);
    }
    return LOGIT_OK;
}

/* -------------------------------------------------------------------- labels and the order --- */

/* A class of val or test that train lacks could never be learnt. */
static logit_status refuse_class(const list_plan *plan, int p, int32_t number, logit_error *err)
{
    char shown[SHOWN], wrong[SHOWN], list[SHOWN];
    LG_FAIL(err, LOGIT_E_DATA,
            "%s: line %lld: class %s is not in the train part, which has %s [RANGE]",
            lg_text_escape(shown, sizeof shown, plan->path[p]),
            (long long)plan->table[p].entry[number].place,
            lg_text_escape(wrong, sizeof wrong, lg_name_table_name(&plan->table[p], number)),
            lg_classes_brief(list, sizeof list, plan->classes.name, plan->classes.count));
}

/* Numbers become labels; samples of classes that are left out are dropped. */
static logit_status give_labels(list_plan *plan, int p, logit_error *err)
{
    char shown[SHOWN];
    part_list *part = &plan->part[p];
    const lg_name_table *table = &plan->table[p];
    int32_t *label = malloc((size_t)table->count * sizeof *label);
    if (!label) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %d classes", table->count);
    const int32_t unknown = lg_name_table_labels(table, &plan->classes, label);
    int64_t kept = 0;
    for (int64_t i = 0; i < part->count && unknown < 0; i++) {
        part->entry[kept] = part->entry[i];
        part->entry[kept].number = label[part->entry[i].number];
        kept += part->entry[kept].number >= 0;
    }
    free(label);
    if (unknown >= 0) return refuse_class(plan, p, unknown, err);
    part->count = kept;
    if (kept > 0) return LOGIT_OK;
    LG_FAIL(err, LOGIT_E_DATA, "%s: names no image of the classes asked for (%s)",
            lg_text_escape(shown, sizeof shown, plan->path[p]), plan->options->classes);
}

/* Bytewise by path; of equal ones, as they stand in the list. */
static int compare_paths(const void *a, const void *b, void *names)
{
    const entry *one = a, *other = b;
    const int order = strcmp((const char *)names + one->path, (const char *)names + other->path);
    return order ? order : one->path < other->path ? -1 : one->path > other->path;
}

/* Sorts by path, unless that is done. */
static void sort_paths(part_list *part)
{
    int sorted = 1;
    for (int64_t i = 1; i < part->count && sorted; i++)
        sorted = compare_paths(&part->entry[i - 1], &part->entry[i], part->names.data) < 0;
    if (!sorted)
        qsort_r(part->entry, (size_t)part->count, sizeof *part->entry, compare_paths,
                part->names.data);
}

/* Where the samples of each label begin, in begin[classes + 1]. */
static void count_labels(const part_list *part, int classes, int64_t *begin)
{
    for (int64_t i = 0; i < part->count; i++) begin[part->entry[i].number + 1]++;
    for (int label = 0; label < classes; label++) begin[label + 1] += begin[label];
}

/* Fills the set's arrays class by class; within a class the order of the entries stays. */
static logit_status fill_set(const list_plan *plan, const part_list *part, lg_set *set,
                             logit_error *err)
{
    list_set *own = set->own;
    const size_t count = (size_t)part->count;
    int64_t *begin = calloc((size_t)plan->classes.count + 1, sizeof *begin);
    own->path = malloc(count * sizeof *own->path);
    set->label = malloc(count * sizeof *set->label);
    if (part->weighted) set->weight = malloc(count * sizeof *set->weight);
    if (!begin || !own->path || !set->label || (part->weighted && !set->weight)) {
        free(begin);
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory to list %zu images", count);
    }
    count_labels(part, plan->classes.count, begin);
    for (size_t i = 0; i < count; i++) {
        const int64_t to = begin[part->entry[i].number]++;
        own->path[to] = part->entry[i].path;
        set->label[to] = part->entry[i].number;
        if (set->weight) set->weight[to] = part->entry[i].weight;
    }
    free(begin);
    return LOGIT_OK;
}

static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash) return strdup(".");
    return slash == path ? strdup("/") : lg_text_format("%.*s", (int)(slash - path), path);
}

/* Makes the set of a part; its names move there. */
static logit_status make_set(list_plan *plan, int p, logit_error *err)
{
    part_list *part = &plan->part[p];
    LG_TRY(give_labels(plan, p, err));
    sort_paths(part);
    list_set *own = calloc(1, sizeof *own);
    if (!own) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a data set");
    own->fd = -1;
    const logit_status status =
        lg_set_create(&plan->dataset->part[p], (lg_part)p, part->count, err);
    if (status != LOGIT_OK) {
        free(own);
        return status;
    }
    lg_set *set = plan->dataset->part[p];
    set->ops = &list_ops;
    set->decodes = 1;
    set->own = own;
    own->names = part->names;
    part->names = (lg_names){0};
    LG_TRY(fill_set(plan, &(part_list){own->names, part->entry, part->count, 0, part->weighted},
                    set, err));
    own->folder = folder_of(plan->path[p]);
    if (!own->folder) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a path");
    return lg_scan_open(&own->fd, AT_FDCWD, own->folder, own->folder, err);
}

/* ----------------------------------------------------------------------------- the format --- */

static logit_status open_plan(list_plan *plan, logit_error *err)
{
    lg_dataset *dataset = plan->dataset;
    LG_TRY(lg_list_find(plan->path, dataset, err));
    LG_TRY(read_lists(plan, err));
    LG_TRY(lg_name_tables_freeze(&plan->classes, plan->table, dataset->path, plan->options, err));
    for (int p = 0; p < LG_PART_COUNT; p++)
        if (plan->path[p]) LG_TRY(make_set(plan, p, err));
    lg_classes_give(&plan->classes, dataset);
    LG_TRY(lg_dataset_count_empty(dataset, plan->options, err));
    return lg_dataset_settle_shape(dataset, plan->options, err);
}

logit_status lg_format_list_open(lg_dataset *dataset, const lg_dataset_options *options,
                                 logit_error *err)
{
    list_plan plan = {.dataset = dataset, .options = options};
    const logit_status status = open_plan(&plan, err);
    for (int p = 0; p < LG_PART_COUNT; p++) {
        free(plan.path[p]);
        free(plan.part[p].entry);
        lg_names_clear(&plan.part[p].names);
        lg_name_table_clear(&plan.table[p]);
    }
    lg_classes_clear(&plan.classes);
    return status;
}
