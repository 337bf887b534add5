/* rows_jsonl.c -- a JSON object per line: {"path": ..}, {"pixels": [..]} or {"x": [..]}.
 *
 * Other keys are left aside, so that a line can carry what its reader needs.  x takes what the
 * model's samples are, pixels only pixels. */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "base/text.h"
#include "train/json_check.h"
#include "train/rows.h"
#include "train/sample_file.h"

enum { DEPTH = 8, OTHER_VALUES = 1000 }; /* of what is left aside */

static logit_status bad_value(const lg_row *row, int64_t i, const cJSON *value, logit_error *err)
{
    char found[40] = "no number";
    if (cJSON_IsNumber(value)) snprintf(found, sizeof found, "%.9g", value->valuedouble);
    if (cJSON_IsString(value)) snprintf(found, sizeof found, "a string");
    if (cJSON_IsArray(value)) snprintf(found, sizeof found, "an array");
    return lg_row_fail_value(row, i, found, err);
}

static logit_status read_values(lg_row *row, const cJSON *array, logit_error *err)
{
    const int64_t d = row->model->features;
    const cJSON *wrong = NULL; /* the first that cannot be, told where their number is right */
    int64_t count = 0, wrong_at = 0;
    if (!cJSON_IsArray(array))
        return lg_row_fail(row, err, "FORMAT", "\"%s\" is not an array of numbers", array->string);
    if (strcmp(array->string, "pixels") == 0 && row->model->floats)
        return lg_row_fail(row, err, "MISMATCH",
                           "\"pixels\" are given, and the model is of features: \"x\"");
    for (const cJSON *one = array->child; one; one = one->next, count++) {
        if (wrong || count >= d) continue;
        if (cJSON_IsNumber(one) && lg_row_put(row, count, one->valuedouble)) continue;
        wrong = one;
        wrong_at = count;
    }
    if (count != d) return lg_row_fail_count(row, count, err);
    return wrong ? bad_value(row, wrong_at, wrong, err) : LOGIT_OK;
}

static logit_status read_path(lg_row *row, const cJSON *path, logit_error *err)
{
    char shown[600];
    if (!cJSON_IsString(path) || !*path->valuestring)
        return lg_row_fail(row, err, "FORMAT", "\"path\" is not the name of a file");
    row->name = strdup(path->valuestring);
    if (!row->name) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a path");
    logit_status status =
        lg_sample_read(row->decoder, row->model, row->name, row->bytes, &row->element, err);
    if (status == LOGIT_OK) return LOGIT_OK;
    if (status == LOGIT_E_USAGE) status = LOGIT_E_DATA; /* a .npy without its row */
    if (err) err->status = status;
    lg_error_prefix(err, "%s:%lld: ", lg_text_escape(shown, sizeof shown, row->file),
                    (long long)row->line);
    return status;
}

static logit_status read_object(lg_row *row, const cJSON *object, logit_error *err)
{
    static const char *const keys[] = {"path", "pixels", "x"};
    const cJSON *found = NULL;
    int count = 0;
    if (!cJSON_IsObject(object)) return lg_row_fail(row, err, "FORMAT", "not a JSON object");
    for (int i = 0; i < 3; i++) {
        const cJSON *one = cJSON_GetObjectItemCaseSensitive(object, keys[i]);
        if (!one) continue;
        found = one;
        count++;
    }
    if (count != 1)
        return lg_row_fail(row, err, "FORMAT",
                           "%d of the keys \"path\", \"pixels\" and \"x\", expected 1", count);
    return strcmp(found->string, "path") == 0 ? read_path(row, found, err)
                                              : read_values(row, found, err);
}

logit_status lg_rows_jsonl(lg_row *row, logit_error *err)
{
    const lg_json_rules rules = {.depth = DEPTH, .values = row->model->features + OTHER_VALUES};
    lg_json_fault fault;
    cJSON *object = NULL;
    const logit_status parsed = lg_json_parse(&object, row->text, row->size, &rules, &fault);
    if (parsed == LOGIT_E_DATA)
        return lg_row_fail(row, err, fault.kind, "at byte %zu of the line: %s", fault.at,
                           fault.reason);
    if (parsed != LOGIT_OK) LG_FAIL(err, parsed, "out of memory for a line of JSON");
    const logit_status status = read_object(row, object, err);
    cJSON_Delete(object);
    return status;
}
