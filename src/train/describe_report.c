/* describe_report.c -- lists that grow, up to a limit, and what is known once all is counted. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "base/text.h"
#include "train/describe.h"

enum { NAME_ROOM = 4200 };

/* Room for one more of `count`; the lists' rooms are powers of two. */
static void *make_room(void *list, int count, size_t size)
{
    if (count & (count - 1)) return list;
    return realloc(list, (count ? 2 * (size_t)count : 1) * size);
}

static char *name_of(const lg_set *set, int64_t i)
{
    char name[NAME_ROOM];
    return lg_text_format("%s", set->ops->name(set, i, name, sizeof name));
}

/* N of "NAME: FORMAT at byte N: reason [CLASS]", or -1. */
static int64_t byte_of(const char *message, const char *name)
{
    static const char mark[] = " at byte ";
    char *end;
    const size_t length = strlen(name);
    if (strncmp(message, name, length) != 0 || message[length] != ':') return -1;
    const char *at = strstr(message + length, mark);
    const char *stop = strchr(message + length + 1, ':');
    if (!at || !stop || at > stop) return -1;
    const long long byte = strtoll(at + sizeof mark - 1, &end, 10);
    return end == stop && byte >= 0 ? byte : -1;
}

logit_status lg_describe_bad(logit_data_report *report, const lg_set *set, int64_t i,
                             const char *message, logit_error *err)
{
    report->bad++;
    if (report->listed == LOGIT_DATA_LISTED) return LOGIT_OK;
    logit_bad_sample *list =
        make_room(report->bad_sample, report->listed, sizeof *report->bad_sample);
    if (list) report->bad_sample = list;
    char *name = list ? name_of(set, i) : NULL;
    char *reason = name ? lg_text_format("%s", message) : NULL;
    if (!reason) {
        free(name);
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the list of bad samples");
    }
    list[report->listed++] = (logit_bad_sample){name, reason, byte_of(reason, name)};
    return LOGIT_OK;
}

/* Row of the report's parts, which are those that there are. */
static int row_of(const lg_dataset *data, lg_part part)
{
    int row = 0;
    for (int p = 0; p < (int)part; p++) row += data->part[p] != NULL;
    return row;
}

static int32_t label_of(const lg_dataset *data, lg_sample_place place)
{
    const lg_set *set = data->part[lg_place_part(place)];
    return set->label ? set->label[lg_place_sample(place)] : 0;
}

static char *name_at(const lg_dataset *data, lg_sample_place place)
{
    return name_of(data->part[lg_place_part(place)], lg_place_sample(place));
}

/* A sample that holds the same as an earlier one. */
static logit_status add_duplicate(logit_data_report *report, const lg_dataset *data,
                                  const lg_duplicate *found, logit_error *err)
{
    const lg_sample_place first = found->low;
    const int other_class = label_of(data, first) != label_of(data, found->place);
    report->duplicates++;
    report->other_class += other_class;
    if (report->duplicates_listed == LOGIT_DATA_LISTED) return LOGIT_OK;
    logit_duplicate_sample *list = make_room(report->duplicate_sample, report->duplicates_listed,
                                             sizeof *report->duplicate_sample);
    if (list) report->duplicate_sample = list;
    char *name = list ? name_at(data, found->place) : NULL;
    char *name_of_first = name ? name_at(data, first) : NULL;
    if (!name_of_first) {
        free(name);
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the list of duplicates");
    }
    list[report->duplicates_listed++] =
        (logit_duplicate_sample){name, name_of_first, row_of(data, lg_place_part(found->place)),
                                 row_of(data, lg_place_part(first)), other_class};
    return LOGIT_OK;
}

logit_status lg_describe_duplicates(logit_data_report *report, const lg_duplicates *all,
                                    logit_error *err)
{
    int seen[LG_PART_COUNT] = {0}; /* whether this content was met in a part */
    for (int64_t i = 0; i < all->count; i++) {
        const lg_duplicate *found = &all->entry[i];
        const int row = row_of(all->data, lg_place_part(found->place));
        if (found->place == found->low) memset(seen, 0, sizeof seen); /* the first of its kind */
        for (int q = 0; q <= row; q++) report->repeats[row][q] += seen[q];
        seen[row] = 1;
        if (found->place != found->low) LG_TRY(add_duplicate(report, all->data, found, err));
    }
    return LOGIT_OK;
}

void lg_describe_imbalance(logit_data_report *report)
{
    const int64_t *count = report->parts > 0 ? report->part[0].class_count : NULL;
    int most = -1, least = -1;
    for (int c = 0; c < report->classes && count; c++) {
        if (count[c] == 0) continue;
        if (most < 0 || count[c] > count[most]) most = c;
        if (least < 0 || count[c] < count[least]) least = c;
    }
    const int several = report->classes > 1 && most >= 0;
    report->largest_class = several ? most : -1;
    report->smallest_class = several ? least : -1;
    report->imbalance = several ? (double)count[most] / (double)count[least] : NAN;
}

void logit_data_report_clear(logit_data_report *report)
{
    for (int c = 0; c < report->classes; c++) free(report->class_name[c]);
    for (int i = 0; i < report->listed; i++) {
        free(report->bad_sample[i].name);
        free(report->bad_sample[i].reason);
    }
    for (int i = 0; i < report->duplicates_listed; i++) {
        free(report->duplicate_sample[i].name);
        free(report->duplicate_sample[i].first);
    }
    for (int i = 0; i < report->parts; i++) free(report->part[i].class_count);
    free(report->class_name);
    free(report->bad_sample);
    free(report->duplicate_sample);
    free(report->format);
    memset(report, 0, sizeof *report);
}
