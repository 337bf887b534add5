/* describe.c -- what is in a data set: every sample is looked at and decoded, none is used. */
/* SPDX-License-Identifier: MIT */
#include "train/describe.h"

#include <stdlib.h>
#include <string.h>

#include "base/pool.h"
#include "base/status.h"
#include "base/text.h"
#include "train/settings.h"
#include "train/sources.h"

enum { CHUNK = 512 };

/* What one look at a sample found. */
typedef struct look {
    lg_image_info info;
    int64_t bytes;
    lg_content content; /* of its elements, where the set cannot tell that of what is stored */
    logit_status status;
    char *reason; /* why it is bad, or NULL */
} look;

/* A stretch of samples that the pool's threads look at together. */
typedef struct survey {
    const lg_set *set;
    size_t sample_bytes; /* decoded */
    int64_t first, count;
    look *looks;          /* [count] */
    lg_decoder **decoder; /* [threads] */
    uint8_t **pixels;     /* [threads] */
    lg_duplicates *all;   /* of all parts */
} survey;

static void look_at(const survey *s, int part, look *found, int64_t i)
{
    logit_error err = {0};
    logit_status status = s->set->ops->probe(s->set, i, &found->info, &found->bytes, &err);
    if (status == LOGIT_OK)
        status = s->set->ops->read(s->set, i, s->decoder[part], s->pixels[part], &err);
    found->status = status;
    found->reason = status == LOGIT_OK ? NULL : lg_text_format("%s", err.message);
    if (!s->set->ops->content) found->content = lg_content_of(s->pixels[part], s->sample_bytes);
}

static void look_at_part(void *argument, int part, int parts)
{
    survey *s = argument;
    for (int64_t i = part; i < s->count; i += parts) look_at(s, part, &s->looks[i], s->first + i);
}

static void widen(int64_t *least, int64_t *most, int64_t value)
{
    if (*least == 0 || value < *least) *least = value;
    if (value > *most) *most = value;
}

/* A sample that could not be read; where it is no fault of the sample, nor is the report of use. */
static logit_status take_bad(logit_data_report *report, logit_part_report *part, const survey *s,
                             int64_t i, logit_error *err)
{
    const look *found = &s->looks[i];
    part->bad++;
    if (found->status != LOGIT_E_DATA && found->status != LOGIT_E_IO)
        LG_FAIL(err, found->status, "%s", found->reason);
    return lg_describe_bad(report, s->set, s->first + i, found->reason, err);
}

/* The class of a sample, of soft targets the likeliest; -1 where targets are numbers. */
static int class_of(const lg_set *set, int64_t i)
{
    if (set->label) return set->label[i];
    if (!set->target || set->target_width < 2) return -1;
    const float *target = set->target + i * set->target_width;
    int top = 0;
    for (int c = 1; c < set->target_width; c++)
        if (target[c] > target[top]) top = c;
    return top;
}

/* Adds the looks to the report, in order of index. */
static logit_status take_in(logit_data_report *report, logit_part_report *part, survey *s,
                            logit_error *err)
{
    logit_status status = LOGIT_OK;
    for (int64_t i = 0; i < s->count; i++) {
        look *found = &s->looks[i];
        part->bytes += found->bytes;
        const int class = class_of(s->set, s->first + i);
        if (class >= 0) part->class_count[class]++;
        if (found->reason) {
            if (status == LOGIT_OK) status = take_bad(report, part, s, i, err);
            free(found->reason);
            continue;
        }
        lg_duplicates_add(s->all, lg_place_of(s->set->part, s->first + i), found->bytes,
                          found->content);
        widen(&part->smallest_width, &part->largest_width, found->info.width);
        widen(&part->smallest_height, &part->largest_height, found->info.height);
        part->grey += found->info.channels == 1;
        part->colour += found->info.channels != 1;
    }
    return status;
}

static logit_status survey_part(survey *s, lg_pool *pool, const logit_watch *watch,
                                logit_data_report *report, logit_part_report *part,
                                logit_error *err)
{
    const int64_t all = s->set->count;
    for (s->first = 0; s->first < all; s->first += CHUNK) {
        s->count = all - s->first < CHUNK ? all - s->first : CHUNK;
        memset(s->looks, 0, CHUNK * sizeof *s->looks);
        lg_pool_run(pool, look_at_part, s);
        LG_TRY(take_in(report, part, s, err));
        if (watch && watch->stop && watch->stop(watch->user))
            LG_FAIL(err, LOGIT_E_STOPPED, "stopped after %lld of %lld samples",
                    (long long)(s->first + s->count), (long long)all);
        const logit_progress progress = {
            .phase = LOGIT_PHASE_READ, .done = s->first + s->count, .total = all};
        if (watch && watch->progress) watch->progress(watch->user, &progress);
    }
    return LOGIT_OK;
}

static logit_status open_survey(survey *s, int threads, logit_error *err)
{
    s->looks = calloc(CHUNK, sizeof *s->looks);
    s->decoder = calloc((size_t)threads, sizeof(lg_decoder *));
    s->pixels = calloc((size_t)threads, sizeof(uint8_t *));
    if (!s->looks || !s->decoder || !s->pixels)
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for looking at the set");
    for (int i = 0; i < threads; i++) {
        LG_TRY(lg_set_decoder(&s->decoder[i], s->set, err));
        s->pixels[i] = malloc(s->sample_bytes);
        if (!s->pixels[i])
            LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %zu pixels", s->sample_bytes);
    }
    return LOGIT_OK;
}

static void close_survey(survey *s, int threads)
{
    for (int i = 0; i < threads; i++) {
        if (s->decoder) lg_decoder_destroy(s->decoder[i]);
        if (s->pixels) free(s->pixels[i]);
    }
    free(s->decoder);
    free(s->pixels);
    free(s->looks);
}

static const char *targets_of(const lg_dataset *data, const lg_set *set)
{
    return set->label ? "classes" : data->classes > 0 ? "soft" : "numbers";
}

/* Everything that is known without looking at a sample. */
static logit_status begin_report(logit_data_report *report, const lg_dataset *data,
                                 logit_error *err)
{
    const size_t classes = data->classes > 0 ? (size_t)data->classes : 1;
    report->format = lg_text_format("%s", data->format);
    report->stray = data->stray;
    report->hidden = data->hidden;
    report->empty_classes = data->empty_classes;
    report->class_name = calloc(classes, sizeof *report->class_name);
    int complete = report->format && report->class_name;
    for (int c = 0; c < data->classes && complete; c++) {
        report->class_name[c] = lg_text_format("%s", data->class_name[c]);
        report->classes = c + 1;
        complete = report->class_name[c] != NULL;
    }
    for (int i = 0; i < LG_PART_COUNT && complete; i++) {
        if (!data->part[i]) continue;
        logit_part_report *part = &report->part[report->parts++];
        part->part = data->has_parts ? lg_part_names[i] : "all";
        part->count = data->part[i]->count;
        part->element = lg_element_name(data->part[i]->element);
        part->targets = targets_of(data, data->part[i]);
        part->class_count = calloc(classes, sizeof *part->class_count);
        complete = part->class_count != NULL;
    }
    if (!complete) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the report");
    return LOGIT_OK;
}

static logit_status describe_part(const lg_set *set, lg_pool *pool, const logit_watch *watch,
                                  lg_duplicates *all, logit_data_report *report, int row,
                                  logit_error *err)
{
    const lg_image_target at = set->shape;
    const int threads = lg_pool_threads(pool);
    survey s = {.set = set, .all = all};
    s.sample_bytes =
        (size_t)at.height * (size_t)at.width * (size_t)at.channels * lg_element_bytes(set->element);
    logit_status status = open_survey(&s, threads, err);
    if (status == LOGIT_OK) status = survey_part(&s, pool, watch, report, &report->part[row], err);
    close_survey(&s, threads);
    return status;
}

static logit_status describe(const lg_dataset *data, lg_pool *pool, const logit_watch *watch,
                             logit_data_report *report, logit_error *err)
{
    lg_duplicates all;
    int row = 0;
    LG_TRY(begin_report(report, data, err));
    logit_status status = lg_duplicates_open(&all, data, err);
    for (int i = 0; i < LG_PART_COUNT && status == LOGIT_OK; i++)
        if (data->part[i])
            status = describe_part(data->part[i], pool, watch, &all, report, row++, err);
    if (status == LOGIT_OK) status = lg_duplicates_find(&all, pool, watch, err);
    if (status == LOGIT_OK) status = lg_describe_duplicates(report, &all, err);
    lg_duplicates_close(&all);
    lg_describe_imbalance(report);
    return status;
}

logit_status logit_data_describe(const char *data, const logit_options *given,
                                 const logit_watch *watch, logit_data_report *report,
                                 logit_error *err)
{
    memset(report, 0, sizeof *report);
    logit_options options = *given;
    lg_pool *pool;
    lg_dataset *set = NULL;
    LG_TRY(lg_options_settle(&options, err));
    LG_TRY(lg_pool_create(&pool, options.threads, err));
    lg_dataset_options how = {.classes = options.classes,
                              .labels = (lg_label_kind)lg_label_find(options.labels),
                              .untrusted = options.untrusted,
                              .memory = options.memory,
                              .shape = {options.height, options.width, options.channels},
                              .pool = pool,
                              .watch = watch};
    logit_status status = lg_decoder_choose(&how.decoding, &options, NULL, watch, err);
    if (status == LOGIT_OK) status = lg_dataset_open(&set, data, &how, err);
    if (status == LOGIT_OK) status = describe(set, pool, watch, report, err);
    lg_dataset_close(set);
    lg_pool_destroy(pool);
    if (status != LOGIT_OK) logit_data_report_clear(report);
    return status;
}
