/* safetensors.h -- the file format of models: named arrays behind a JSON header.
 *
 * Layer 2 (train).  A file is 8 bytes (length N of the header, little-endian), N bytes of JSON,
 * and the arrays one after the other; see docs/model-file.md.  The reader holds the whole header
 * against the size of the file before it hands out anything: no holes, no overlaps, nothing left
 * over, at most 1 MiB of header.  The arrays are read one by one, straight to where they belong.
 *
 * Faults are LOGIT_E_DATA: "PATH: safetensors at byte N: reason [CLASS]", CLASS one of TRUNC,
 * TRAIL, FORMAT, RANGE, OVERFLOW, LIMIT, UNSUP, MISMATCH; N counts from the start of the file. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_SAFETENSORS_H
#define LG_TRAIN_SAFETENSORS_H

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdint.h>

#include "logit.h"

#define LG_SAFETENSORS_MAX_HEADER ((size_t)1 << 20) /* bytes */

enum { LG_TENSORS_MAX = 1024, LG_TENSOR_MAX_RANK = 8 };

typedef struct lg_safetensors lg_safetensors; /* a file that is open for reading */

typedef struct lg_tensor {
    const char *name, *dtype; /* borrowed from the file */
    int rank;
    int64_t shape[LG_TENSOR_MAX_RANK];
    int64_t offset, bytes; /* in the file */
    const cJSON *entry;    /* of the header, for lg_safetensors_fault */
} lg_tensor;

/* Opens a file and checks its header.  *out is NULL on failure.  Errors: IO, DATA, NOMEM. */
logit_status lg_safetensors_open(lg_safetensors **out, const char *path, logit_error *err);
void lg_safetensors_close(lg_safetensors *file);

/* Entry `key` of the metadata, a string (->valuestring), or NULL.  Borrowed from the file. */
const cJSON *lg_safetensors_meta(const lg_safetensors *file, const char *key);

/* The tensor of this name, or NULL.  Borrowed from the file. */
const lg_tensor *lg_safetensors_find(const lg_safetensors *file, const char *name);

/* Reads all of a tensor: tensor->bytes bytes as they are stored.  Errors: IO; DATA if the file has
 * become shorter. */
logit_status lg_safetensors_read(const lg_safetensors *file, const lg_tensor *tensor, void *to,
                                 logit_error *err);

/* A fault found by the reader's user: fills *err with a message in the form above, placed at the
 * key of `entry` (NULL: at the header), and returns LOGIT_E_DATA. */
logit_status lg_safetensors_fault(const lg_safetensors *file, const cJSON *entry, const char *kind,
                                  logit_error *err, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* What goes into a file: the same content gives the same bytes. */
typedef struct lg_tensor_out {
    const char *name;
    int rank; /* 1 or 2 */
    int64_t shape[2];
    const void *data;  /* numbers of 4 bytes */
    const char *dtype; /* NULL: "F32" */
} lg_tensor_out;

typedef struct lg_meta_out {
    const char *key, *value; /* value in UTF-8; NULL: leave the key out */
} lg_meta_out;

typedef struct lg_safetensors_out {
    const lg_meta_out *meta; /* [metas], in this order */
    int metas;
    const lg_tensor_out *tensor; /* [tensors], in this order */
    int tensors;
} lg_safetensors_out;

/* Writes a file atomically; no second copy of the arrays is made.  Errors: IO, NOMEM; DATA if the
 * header would be longer than a reader takes. */
logit_status lg_safetensors_write(const char *path, const lg_safetensors_out *content,
                                  logit_error *err);

#endif
