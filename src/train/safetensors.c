/* safetensors.c -- a header that is believed only after every number in it was checked.
 *
 * Source of the format: README of github.com/huggingface/safetensors.  Stricter here: a header of
 * at most 1 MiB, no keys but the three of a tensor, and plain integers for all sizes. */
/* SPDX-License-Identifier: MIT */
#include "train/safetensors.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/size.h"
#include "base/status.h"
#include "base/text.h"
#include "train/json_check.h"

enum {
    PREFIX = 8,        /* bytes of the header's length */
    MAX_VALUES = 8192, /* of the header: a thousand tensors have about that many */
    MAX_DEPTH = 4,     /* a tensor's shape lies at level 3 */
    REASON = 512       /* room for the reason of a message */
};

/* Integers of JSON are exact in a double below this; nothing larger can be meant. */
static const double EXACT = 0x1p53;

struct lg_safetensors {
    char *path, name[600]; /* as given; for messages */
    int fd;
    int64_t size;      /* of the file */
    char *text;        /* the header, NUL behind it */
    int64_t header;    /* its length */
    cJSON *root;       /* the same as a tree */
    const cJSON *meta; /* __metadata__ in it, or NULL */
    int tensors;       /* in order of their place in the file */
    lg_tensor *tensor; /* [tensors] */
};

static logit_status fault_at(const lg_safetensors *file, int64_t at, const char *kind,
                             logit_error *err, const char *reason)
{
    LG_FAIL(err, LOGIT_E_DATA, "%s: safetensors at byte %lld: %s [%s]", file->name, (long long)at,
            reason, kind);
}

logit_status lg_safetensors_fault(const lg_safetensors *file, const cJSON *entry, const char *kind,
                                  logit_error *err, const char *format, ...)
{
    char reason[REASON];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    const size_t at =
        entry ? lg_json_place(file->text, (size_t)file->header, file->root, entry) : 0;
    return fault_at(file, PREFIX + (int64_t)at, kind, err, reason);
}

/* --------------------------------------------------------------------------------- reading --- */

/* The length of the header, held against the limit and the file. */
static logit_status read_prefix(lg_safetensors *file, logit_error *err)
{
    uint64_t length;
    char reason[REASON];
    if (file->size < PREFIX) {
        snprintf(reason, sizeof reason,
                 "the file has %lld bytes, the header's length alone takes 8",
                 (long long)file->size);
        return fault_at(file, file->size, "TRUNC", err, reason);
    }
    LG_TRY(lg_file_read_at(file->fd, file->path, &length, sizeof length, 0, err));
    if (length > LG_SAFETENSORS_MAX_HEADER) {
        snprintf(reason, sizeof reason,
                 "a header of %llu bytes, at most %zu are read; is this a safetensors file?",
                 (unsigned long long)length, LG_SAFETENSORS_MAX_HEADER);
        return fault_at(file, 0, "LIMIT", err, reason);
    }
    if (length == 0) return fault_at(file, 0, "FORMAT", err, "a header of 0 bytes");
    if ((int64_t)length > file->size - PREFIX) {
        snprintf(reason, sizeof reason, "a header of %llu bytes, the file ends after %lld",
                 (unsigned long long)length, (long long)(file->size - PREFIX));
        return fault_at(file, 0, "TRUNC", err, reason);
    }
    file->header = (int64_t)length;
    return LOGIT_OK;
}

static logit_status read_header(lg_safetensors *file, logit_error *err)
{
    static const lg_json_rules rules = {.depth = MAX_DEPTH, .values = MAX_VALUES, .integers = 1};
    lg_json_fault fault;
    const size_t size = (size_t)file->header;
    file->text = malloc(size + 1);
    if (!file->text) LG_FAIL(err, LOGIT_E_NOMEM, "%s: header of %zu bytes", file->name, size);
    LG_TRY(lg_file_read_at(file->fd, file->path, file->text, size, PREFIX, err));
    file->text[size] = '\0';

    if (file->text[0] != '{')
        return fault_at(file, PREFIX, "FORMAT", err, "the header does not begin with {");
    const logit_status status = lg_json_parse(&file->root, file->text, size, &rules, &fault);
    if (status == LOGIT_E_DATA)
        return fault_at(file, PREFIX + (int64_t)fault.at, fault.kind, err, fault.reason);
    if (status != LOGIT_OK) LG_FAIL(err, status, "%s: tree of the header", file->name);
    return LOGIT_OK;
}

/* A whole number of the header, 0 .. 2^53; larger ones become 2^53, which fits nothing. */
static int64_t whole(const cJSON *number)
{
    return number->valuedouble >= EXACT ? (int64_t)EXACT : (int64_t)number->valuedouble;
}

static int is_numbers(const cJSON *array)
{
    if (!cJSON_IsArray(array)) return 0;
    for (const cJSON *item = array->child; item; item = item->next)
        if (!cJSON_IsNumber(item)) return 0;
    return 1;
}

/* Bits of one element of a type of the format, or 0.  Types without a row here are not known. */
static int dtype_bits(const char *name)
{
    static const struct {
        const char *name;
        int bits;
    } types[] = {{"F32", 32},    {"F16", 16},    {"BF16", 16},   {"F64", 64},    {"U8", 8},
                 {"I8", 8},      {"BOOL", 8},    {"I16", 16},    {"U16", 16},    {"I32", 32},
                 {"U32", 32},    {"I64", 64},    {"U64", 64},    {"F8_E4M3", 8}, {"F8_E5M2", 8},
                 {"F8_E8M0", 8}, {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"F4", 4},      {"C64", 64}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].name, name) == 0) return types[i].bits;
    return 0;
}

/* Type and shape of a tensor -> the bytes that they stand for. */
static logit_status tensor_size(const lg_safetensors *file, lg_tensor *tensor, const cJSON *shape,
                                size_t *bytes, logit_error *err)
{
    const cJSON *entry = tensor->entry;
    const int bits = dtype_bits(tensor->dtype);
    char dtype[64];
    if (bits == 0)
        return lg_safetensors_fault(file, entry, "FORMAT", err,
                                    "type \"%s\" is not one of safetensors",
                                    lg_text_escape(dtype, sizeof dtype, tensor->dtype));
    size_t count = 1;
    for (const cJSON *item = shape->child; item; item = item->next) {
        if (tensor->rank == LG_TENSOR_MAX_RANK)
            return lg_safetensors_fault(file, entry, "LIMIT", err, "more than %d dimensions",
                                        LG_TENSOR_MAX_RANK);
        const int64_t side = whole(item);
        if (side == (int64_t)EXACT || !lg_size_mul(count, (size_t)side, &count))
            return lg_safetensors_fault(file, entry, "OVERFLOW", err, "a shape beyond all sizes");
        tensor->shape[tensor->rank++] = side;
    }
    size_t total;
    if (!lg_size_mul(count, (size_t)bits, &total))
        return lg_safetensors_fault(file, entry, "OVERFLOW", err, "a shape beyond all sizes");
    if (total % 8 != 0)
        return lg_safetensors_fault(file, entry, "MISMATCH", err, "a shape that is no whole bytes");
    *bytes = total / 8;
    return LOGIT_OK;
}

/* Where a tensor lies: begin and end, held against its size and against the file's end. */
static logit_status tensor_place(const lg_safetensors *file, lg_tensor *tensor,
                                 const cJSON *offsets, size_t bytes, logit_error *err)
{
    const int64_t begin = whole(offsets->child), end = whole(offsets->child->next);
    const int64_t data = file->size - PREFIX - file->header;
    const cJSON *entry = tensor->entry;
    if (begin > end)
        return lg_safetensors_fault(file, entry, "RANGE", err,
                                    "data begins at %lld and ends at %lld", (long long)begin,
                                    (long long)end);
    if (end > data)
        return lg_safetensors_fault(file, entry, "TRUNC", err,
                                    "data ends at %lld, the file has %lld bytes of data",
                                    (long long)end, (long long)data);
    if ((uint64_t)(end - begin) != bytes)
        return lg_safetensors_fault(file, entry, "MISMATCH", err,
                                    "the shape takes %zu bytes, the offsets hold %lld", bytes,
                                    (long long)(end - begin));
    tensor->offset = PREFIX + file->header + begin;
    tensor->bytes = end - begin;
    return LOGIT_OK;
}

static logit_status read_tensor(const lg_safetensors *file, lg_tensor *tensor, const cJSON *entry,
                                logit_error *err)
{
    const cJSON *dtype = cJSON_GetObjectItemCaseSensitive(entry, "dtype");
    const cJSON *shape = cJSON_GetObjectItemCaseSensitive(entry, "shape");
    const cJSON *offsets = cJSON_GetObjectItemCaseSensitive(entry, "data_offsets");
    size_t bytes = 0;
    if (!cJSON_IsObject(entry) || !cJSON_IsString(dtype) || !is_numbers(shape) ||
        !is_numbers(offsets) || cJSON_GetArraySize(offsets) != 2 || cJSON_GetArraySize(entry) != 3)
        return lg_safetensors_fault(file, entry, "FORMAT", err,
                                    "a tensor is {\"dtype\":TYPE,\"shape\":[..],"
                                    "\"data_offsets\":[BEGIN,END]} and nothing else");
    *tensor = (lg_tensor){.name = entry->string, .dtype = dtype->valuestring, .entry = entry};
    LG_TRY(tensor_size(file, tensor, shape, &bytes, err));
    return tensor_place(file, tensor, offsets, bytes, err);
}

static logit_status check_metadata(lg_safetensors *file, const cJSON *meta, logit_error *err)
{
    if (!cJSON_IsObject(meta))
        return lg_safetensors_fault(file, meta, "FORMAT", err, "__metadata__ is not an object");
    for (const cJSON *item = meta->child; item; item = item->next)
        if (!cJSON_IsString(item))
            return lg_safetensors_fault(file, item, "FORMAT", err,
                                        "__metadata__ holds something other than strings");
    file->meta = meta;
    return LOGIT_OK;
}

static int by_offset(const void *a, const void *b)
{
    const lg_tensor *x = a, *y = b;
    if (x->offset != y->offset) return x->offset < y->offset ? -1 : 1;
    return (x->bytes > y->bytes) - (x->bytes < y->bytes); /* empty ones first */
}

/* Each array begins where the one before ends; the first at 0, the last at the end of the file. */
static logit_status check_order(lg_safetensors *file, logit_error *err)
{
    int64_t end = PREFIX + file->header;
    if (file->tensors > 0)
        qsort(file->tensor, (size_t)file->tensors, sizeof *file->tensor, by_offset);
    for (int i = 0; i < file->tensors; i++) {
        const lg_tensor *tensor = &file->tensor[i];
        if (tensor->offset != end)
            return lg_safetensors_fault(
                file, tensor->entry, "RANGE", err,
                "data begins at byte %lld of the file, %s is byte %lld", (long long)tensor->offset,
                i == 0 ? "the end of the header" : "the end of the one before", (long long)end);
        end += tensor->bytes;
    }
    if (end == file->size) return LOGIT_OK;
    char reason[REASON];
    snprintf(reason, sizeof reason, "%lld bytes behind the last tensor",
             (long long)(file->size - end));
    return fault_at(file, end, "TRAIL", err, reason);
}

static logit_status read_entries(lg_safetensors *file, logit_error *err)
{
    const int entries = cJSON_GetArraySize(file->root);
    if (entries > LG_TENSORS_MAX)
        return lg_safetensors_fault(file, NULL, "LIMIT", err, "%d tensors, at most %d are read",
                                    entries, LG_TENSORS_MAX);
    file->tensor = calloc((size_t)entries + 1, sizeof *file->tensor);
    if (!file->tensor) LG_FAIL(err, LOGIT_E_NOMEM, "%s: list of %d tensors", file->name, entries);
    for (const cJSON *entry = file->root->child; entry; entry = entry->next) {
        if (strcmp(entry->string, "__metadata__") == 0)
            LG_TRY(check_metadata(file, entry, err));
        else
            LG_TRY(read_tensor(file, &file->tensor[file->tensors++], entry, err));
    }
    return check_order(file, err);
}

static logit_status open_parts(lg_safetensors *file, const char *path, logit_error *err)
{
    lg_text_escape(file->name, sizeof file->name, path);
    file->path = strdup(path);
    if (!file->path) LG_FAIL(err, LOGIT_E_NOMEM, "%s: path", file->name);
    LG_TRY(lg_file_open(&file->fd, AT_FDCWD, path, &file->size, err));
    LG_TRY(read_prefix(file, err));
    LG_TRY(read_header(file, err));
    return read_entries(file, err);
}

logit_status lg_safetensors_open(lg_safetensors **out, const char *path, logit_error *err)
{
    *out = NULL;
    lg_safetensors *file = calloc(1, sizeof *file);
    if (!file) LG_FAIL(err, LOGIT_E_NOMEM, "reader of a safetensors file");
    file->fd = -1;
    const logit_status status = open_parts(file, path, err);
    if (status != LOGIT_OK) {
        lg_safetensors_close(file);
        return status;
    }
    *out = file;
    return LOGIT_OK;
}

void lg_safetensors_close(lg_safetensors *file)
{
    if (!file) return;
    if (file->fd >= 0) close(file->fd);
    cJSON_Delete(file->root);
    free(file->tensor);
    free(file->text);
    free(file->path);
    free(file);
}

const cJSON *lg_safetensors_meta(const lg_safetensors *file, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(file->meta, key);
}

const lg_tensor *lg_safetensors_find(const lg_safetensors *file, const char *name)
{
    for (int i = 0; i < file->tensors; i++)
        if (strcmp(file->tensor[i].name, name) == 0) return &file->tensor[i];
    return NULL;
}

logit_status lg_safetensors_read(const lg_safetensors *file, const lg_tensor *tensor, void *to,
                                 logit_error *err)
{
    return lg_file_read_at(file->fd, file->path, to, (size_t)tensor->bytes, tensor->offset, err);
}
