/* compare_record_file.c -- the lines of a record, one after the other.
 *
 * Layer 2 (train).  The file is looked at in whole when it is opened, so that damage is found, and
 * its line named, before anything is computed. */
/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "train/compare_record.h"

static const size_t LARGEST_RECORD = (size_t)1 << 31;

/* ---------------------------------------------------------------------------------- fields --- */

const char *lg_record_text(const cJSON *line, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(line, name));
    return text ? text : "";
}

int64_t lg_record_count(const cJSON *line, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(line, name);
    return cJSON_IsNumber(item) && item->valuedouble >= 0.0 && item->valuedouble < 0x1p53
               ? (int64_t)item->valuedouble
               : -1;
}

int lg_record_is(const cJSON *line, const char *type)
{
    return strcmp(lg_record_text(line, "type"), type) == 0;
}

int lg_record_hex(const char *text, int digits, uint64_t *value)
{
    *value = 0;
    for (int i = 0; i < digits; i++) {
        const char c = text[i];
        const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (digit < 0) return 0;
        *value = *value << 4 | (uint64_t)digit;
    }
    return 1;
}

int lg_record_hash_field(const cJSON *line, const char *name, uint64_t *hash)
{
    const char *text = lg_record_text(line, name);
    *hash = 0;
    return strlen(text) == 16 && lg_record_hex(text, 16, hash);
}

int lg_record_loss(const cJSON *line, double *loss)
{
    char *end;
    const char *text = lg_record_text(line, "loss");
    *loss = strtod(text, &end);
    return end != text && *end == '\0';
}

/* ----------------------------------------------------------------------------------- lines --- */

logit_status lg_record_file_damaged(const lg_record_file *file, const char *what, logit_error *err)
{
    LG_FAIL(err, LOGIT_E_DATA,
            "%s, line %lld: %s; the record is damaged: make it anew with --record", file->path,
            (long long)file->number - 1, what);
}

cJSON *lg_record_file_next(lg_record_file *file, logit_error *err)
{
    const char *end = (const char *)file->bytes.data + file->bytes.size;
    const int over = file->at >= end;
    cJSON *line = over ? NULL : cJSON_Parse(file->at);
    file->number++;
    if (!cJSON_IsObject(line)) {
        lg_record_file_damaged(
            file, over ? "the file ends before its last line" : "this is no JSON object", err);
        cJSON_Delete(line);
        return NULL;
    }
    file->at += strlen(file->at) + 1;
    return line;
}

/* What is wrong with the sampled numbers of an array, or NULL. */
static const char *fault_of_array(const cJSON *line)
{
    uint64_t value;
    const int64_t count = lg_record_count(line, "count");
    const char *sample = lg_record_text(line, "sample");
    double loss;
    if (strcmp(lg_record_text(line, "array"), "loss") == 0 && !lg_record_loss(line, &loss))
        return "\"loss\" is not a number";
    if (count < 0) return "\"count\" is missing";
    if (!lg_record_hash_field(line, "hash", &value)) return "\"hash\" is not a hash of 16 digits";
    if (strlen(sample) != (size_t)LG_RECORD_HEX * (size_t)lg_record_sample_count(count))
        return "\"sample\" does not hold 8 digits for each number";
    for (; *sample; sample += LG_RECORD_HEX)
        if (!lg_record_hex(sample, LG_RECORD_HEX, &value))
            return "\"sample\" holds what is no hexadecimal digit";
    return NULL;
}

/* What is wrong with a line after the first, or NULL. */
static const char *fault_of(const cJSON *line)
{
    uint64_t value;
    if (lg_record_is(line, "end"))
        return lg_record_count(line, "lines") < 0 ? "\"lines\" is missing" : NULL;
    if (lg_record_count(line, "step") < 1) return "\"step\" is missing";
    if (lg_record_is(line, "array")) return fault_of_array(line);
    if (!lg_record_is(line, "batch")) return "\"type\" is not batch, array or end";
    if (lg_record_count(line, "batch") < 0) return "\"batch\" is missing";
    return lg_record_hash_field(line, "data", &value) ? NULL
                                                      : "\"data\" is not a hash of 16 digits";
}

/* ----------------------------------------------------------------------------------- whole --- */

/* Looks at every line after the first. */
static logit_status look_through(lg_record_file *file, uint64_t data, logit_error *err)
{
    uint64_t hash, all = 0;
    for (int64_t lines = 0;; lines++) {
        cJSON *line = lg_record_file_next(file, err);
        if (!line) return LOGIT_E_DATA;
        const char *fault = fault_of(line);
        const int64_t end = lg_record_is(line, "end") ? lg_record_count(line, "lines") : -1;
        if (!fault && lg_record_is(line, "batch") && lg_record_hash_field(line, "data", &hash))
            all = lg_record_hash_more(all, hash);
        cJSON_Delete(line);
        if (fault) return lg_record_file_damaged(file, fault, err);
        if (end < 0) continue;
        if (end != lines)
            return lg_record_file_damaged(file, "lines are missing before this one", err);
        if (all == data) return LOGIT_OK;
        return lg_record_file_damaged(
            file, "\"data\" of the batches does not add up to that of line 1", err);
    }
}

static logit_status look_at_head(lg_record_file *file, uint64_t *data, logit_error *err)
{
    file->head = lg_record_file_next(file, NULL);
    if (!file->head || !lg_record_is(file->head, "record"))
        LG_FAIL(err, LOGIT_E_DATA, "%s: is no record: its first line is none that --record writes",
                file->path);
    const int64_t format = lg_record_count(file->head, "format");
    if (format != LG_RECORD_FORMAT)
        LG_FAIL(err, LOGIT_E_DATA,
                "%s: a record of format %lld, expected %d; make it anew with --record", file->path,
                (long long)format, LG_RECORD_FORMAT);
    if (lg_record_hash_field(file->head, "data", data)) return LOGIT_OK;
    return lg_record_file_damaged(file, "\"data\" is not a hash of 16 digits", err);
}

logit_status lg_record_file_open(lg_record_file *file, const char *path, logit_error *err)
{
    uint64_t data;
    lg_text_escape(file->path, sizeof file->path, path);
    LG_TRY(lg_file_read(AT_FDCWD, path, LARGEST_RECORD, &file->bytes, err));
    LG_TRY(lg_bytes_reserve(&file->bytes, file->bytes.size + 1, err));
    file->bytes.data[file->bytes.size] = '\0';
    for (size_t i = 0; i < file->bytes.size; i++)
        if (file->bytes.data[i] == '\n') file->bytes.data[i] = '\0';
    file->at = (char *)file->bytes.data;
    file->number = 1;
    LG_TRY(look_at_head(file, &data, err));
    char *second = file->at;
    LG_TRY(look_through(file, data, err));
    file->at = second;
    file->number = 2;
    return LOGIT_OK;
}

void lg_record_file_close(lg_record_file *file)
{
    lg_bytes_clear(&file->bytes);
    cJSON_Delete(file->head);
    file->head = NULL;
}
