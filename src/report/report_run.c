/* report_run.c -- lines of JSON to columns of figures. */
/* SPDX-License-Identifier: MIT */
#include "report/report_run.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/status.h"
#include "base/text.h"
#include "train/json_check.h"

enum { LIMIT = 1 << 28, MOST_SETTINGS = 1 << 20, MOST_LINES = 1 << 20, MOST_VALUES = 1 << 22 };

double lg_run_number(const cJSON *object, const char *name)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsNumber(member) ? member->valuedouble : NAN;
}

const char *lg_run_text(const cJSON *object, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

static logit_status no_memory(logit_error *err)
{
    LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a report");
}

/* Room for setting s, which may be the first that is heard of it. */
static logit_status reach_setting(lg_run *run, int s, logit_error *err)
{
    if (s < run->settings) return LOGIT_OK;
    lg_run_setting *grown = realloc(run->setting, (size_t)(s + 1) * sizeof *grown);
    if (!grown) return no_memory(err);
    memset(grown + run->settings, 0, (size_t)(s + 1 - run->settings) * sizeof *grown);
    run->setting = grown;
    run->settings = s + 1;
    return LOGIT_OK;
}

/* A row of NaN at the end of the table: its number. */
static logit_status add_row(lg_run_table *table, int64_t *row, logit_error *err)
{
    const int64_t room = table->room ? 2 * table->room : 32;
    for (int c = 0; c < LG_RUN_COLUMNS && table->rows == table->room; c++) {
        double *grown = realloc(table->column[c], (size_t)room * sizeof *grown);
        if (!grown) return no_memory(err);
        table->column[c] = grown;
    }
    if (table->rows == table->room) table->room = room;
    *row = table->rows++;
    for (int c = 0; c < LG_RUN_COLUMNS; c++) table->column[c][*row] = NAN;
    return LOGIT_OK;
}

/* The setting that a line is about; NULL where it names none. */
static logit_status find_setting(lg_run *run, const cJSON *line, lg_run_setting **out,
                                 logit_error *err)
{
    const double s = lg_run_number(line, "setting");
    *out = NULL;
    if (!(s >= 0 && s < MOST_SETTINGS)) return LOGIT_OK;
    LG_TRY(reach_setting(run, (int)s, err));
    *out = &run->setting[(int)s];
    return LOGIT_OK;
}

static logit_status add_epoch(lg_run *run, const cJSON *line, logit_error *err)
{
    static const char *const names[LG_RUN_COLUMNS] = {
        "epoch", "lr", "train_loss", "val_loss", "val_accuracy", "samples_per_second"};
    lg_run_setting *setting;
    int64_t row;
    LG_TRY(find_setting(run, line, &setting, err));
    if (!setting) return LOGIT_OK;
    LG_TRY(add_row(&setting->epoch, &row, err));
    for (int c = 0; c < LG_RUN_COLUMNS; c++)
        setting->epoch.column[c][row] = lg_run_number(line, names[c]);
    setting->lr = lg_run_number(line, "lr");
    setting->l2 = lg_run_number(line, "l2");
    return LOGIT_OK;
}

/* The line has the mean over its epoch so far, and the weight that it is over. */
static logit_status add_step(lg_run *run, const cJSON *line, logit_error *err)
{
    const double epoch = lg_run_number(line, "epoch"), weight = lg_run_number(line, "weight");
    const double sum = lg_run_number(line, "train_loss") * weight;
    const double part = lg_run_number(line, "samples") / lg_run_number(run->start, "train_count");
    lg_run_setting *setting;
    int64_t row;
    LG_TRY(find_setting(run, line, &setting, err));
    if (!setting) return LOGIT_OK;
    LG_TRY(add_row(&setting->step, &row, err));
    if (epoch != setting->of_epoch) setting->weight = setting->sum = 0.0;
    setting->step.column[LG_RUN_EPOCH][row] = epoch - 1.0 + part;
    setting->step.column[LG_RUN_TRAIN_LOSS][row] =
        (sum - setting->sum) / (weight - setting->weight);
    setting->of_epoch = epoch;
    setting->weight = weight;
    setting->sum = sum;
    return LOGIT_OK;
}

/* Keeps the line, or lets it go. */
static logit_status keep_line(lg_run_lines *lines, cJSON *line, logit_error *err)
{
    if (lines->count == MOST_LINES) {
        cJSON_Delete(line);
        return LOGIT_OK;
    }
    if ((lines->count & (lines->count - 1)) == 0) {
        const size_t room = lines->count ? 2 * (size_t)lines->count : 1;
        cJSON **grown = realloc(lines->line, room * sizeof *grown);
        if (!grown) {
            cJSON_Delete(line);
            return no_memory(err);
        }
        lines->line = grown;
    }
    lines->line[lines->count++] = line;
    return LOGIT_OK;
}

static logit_status take_comparison(lg_run *run, cJSON *line, logit_error *err)
{
    return keep_line(&run->compared, line, err);
}

/* Takes the line over. */
static logit_status take_line(lg_run *run, cJSON *line, logit_error *err)
{
    const char *type = lg_run_text(line, "type");
    cJSON **place = !type                        ? NULL
                    : strcmp(type, "start") == 0 ? &run->start
                    : strcmp(type, "end") == 0   ? &run->end
                                                 : NULL;
    if (place) {
        cJSON_Delete(*place); /* a run that went on has said it twice: the last counts */
        *place = line;
        return LOGIT_OK;
    }
    const int epoch = type && strcmp(type, "epoch") == 0, step = type && strcmp(type, "step") == 0;
    if (!epoch && !step) return keep_line(&run->other, line, err);
    const logit_status status = (epoch ? add_epoch : add_step)(run, line, err);
    cJSON_Delete(line);
    return status;
}

/* Text of a file, from its line `number` on, as a tree.  text[size] must be NUL. */
static logit_status parse(cJSON **out, const char *text, size_t size, const char *path,
                          int64_t number, logit_error *err)
{
    static const lg_json_rules rules = {.depth = 8, .values = MOST_VALUES};
    char shown[600];
    lg_json_fault fault;
    const logit_status status = lg_json_parse(out, text, size, &rules, &fault);
    if (status == LOGIT_E_NOMEM) return no_memory(err);
    if (status == LOGIT_OK) return LOGIT_OK;
    LG_FAIL(err, LOGIT_E_DATA, "%s: line %lld at byte %zu: %s [%s]",
            lg_text_escape(shown, sizeof shown, path), (long long)number, fault.at, fault.reason,
            fault.kind);
}

/* Hands every whole line of a file on, which then belongs to `take`. */
static logit_status read_lines(lg_run *run, const char *path, lg_bytes *bytes,
                               logit_status (*take)(lg_run *run, cJSON *line, logit_error *err),
                               logit_error *err)
{
    LG_TRY(lg_file_read(AT_FDCWD, path, LIMIT, bytes, err));
    char *at = (char *)bytes->data, *end = at + bytes->size;
    for (int64_t number = 1; at < end; number++) {
        char *stop = memchr(at, '\n', (size_t)(end - at));
        if (!stop) break; /* the last line of a run that was killed */
        cJSON *line;
        *stop = '\0';
        LG_TRY(parse(&line, at, (size_t)(stop - at), path, number, err));
        LG_TRY(take(run, line, err));
        at = stop + 1;
    }
    return LOGIT_OK;
}

static logit_status read_metrics(lg_run *run, const char *path, lg_bytes *bytes, logit_error *err)
{
    LG_TRY(read_lines(run, path, bytes, take_line, err));
    const double kept = lg_run_number(run->end, "setting");
    if (kept >= 0 && kept < run->settings) run->kept = (int)kept;
    return LOGIT_OK;
}

/* A file of the run that may be missing: then bytes->size is 0. */
static logit_status read_if_there(const char *path, lg_bytes *bytes, logit_error *err)
{
    bytes->size = 0;
    if (access(path, F_OK) != 0) return LOGIT_OK;
    return lg_file_read(AT_FDCWD, path, LIMIT, bytes, err);
}

static logit_status read_rest(lg_run *run, char *path, size_t size, lg_bytes *bytes,
                              logit_error *err)
{
    snprintf(path, size, "%s/config.ini", run->folder);
    LG_TRY(read_if_there(path, bytes, err));
    run->config = strndup(bytes->data ? (const char *)bytes->data : "", bytes->size);
    if (!run->config) return no_memory(err);
    snprintf(path, size, "%s/compare.jsonl", run->folder);
    if (access(path, F_OK) == 0) LG_TRY(read_lines(run, path, bytes, take_comparison, err));
    snprintf(path, size, "%s/eval.json", run->folder);
    LG_TRY(read_if_there(path, bytes, err));
    if (bytes->size == 0) return LOGIT_OK;
    LG_TRY(lg_bytes_reserve(bytes, bytes->size + 1, err));
    bytes->data[bytes->size] = '\0';
    return parse(&run->eval, (const char *)bytes->data, bytes->size, path, 1, err);
}

logit_status lg_run_read(lg_run *run, const char *folder, logit_error *err)
{
    char path[4200];
    lg_bytes bytes = {0};
    *run = (lg_run){.folder = folder, .kept = -1};
    snprintf(path, sizeof path, "%s/metrics.jsonl", folder);
    logit_status status = read_metrics(run, path, &bytes, err);
    if (status == LOGIT_OK) status = read_rest(run, path, sizeof path, &bytes, err);
    lg_bytes_clear(&bytes);
    if (status != LOGIT_OK) lg_run_clear(run);
    return status;
}

static void clear_lines(lg_run_lines *lines)
{
    for (int i = 0; i < lines->count; i++) cJSON_Delete(lines->line[i]);
    free(lines->line);
}

void lg_run_clear(lg_run *run)
{
    for (int s = 0; s < run->settings; s++)
        for (int c = 0; c < LG_RUN_COLUMNS; c++) {
            free(run->setting[s].epoch.column[c]);
            free(run->setting[s].step.column[c]);
        }
    clear_lines(&run->other);
    clear_lines(&run->compared);
    cJSON_Delete(run->start);
    cJSON_Delete(run->end);
    cJSON_Delete(run->eval);
    free(run->setting);
    free(run->config);
    *run = (lg_run){0};
}
