/* model_file.h -- model files for tests: a good one, damaged ones, and a folder for them.
 *
 * Tests.  Everything lies in a fresh folder that model_folder_close removes. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TESTS_MODEL_FILE_H
#define LG_TESTS_MODEL_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "train/model.h"

/* A header is "{" MODEL_META "," tensors "}". */
#define MODEL_META_OF(format, version, loss, classes, height, width, channels, mean, std,          \
                      normalize, resize)                                                           \
    "\"__metadata__\":{\"format\":\"" format "\",\"version\":\"" version "\",\"loss\":\"" loss     \
    "\",\"classes\":\"" classes "\",\"height\":\"" height "\",\"width\":\"" width                  \
    "\",\"channels\":\"" channels "\",\"mean\":\"" mean "\",\"std\":\"" std                        \
    "\",\"normalize\":\"" normalize "\",\"resize\":\"" resize "\"}"

#define MODEL_NAMES "[\\\"a\\\",\\\"b\\\",\\\"c\\\"]"

#define MODEL_META                                                                                 \
    MODEL_META_OF("logit", LOGIT_VERSION, "softmax", MODEL_NAMES, "1", "5", "1", "[0]", "[1]",     \
                  "unit", LG_IMAGE_RESIZE_RULE)

#define MODEL_TENSOR(name, dtype, shape, offsets)                                                  \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

/* Three classes, images of 1 x 5 grey pixels: 72 bytes of data. */
#define MODEL_WEIGHT MODEL_TENSOR("weight", "F32", "[3,5]", "[0,60]")
#define MODEL_BIAS MODEL_TENSOR("bias", "F32", "[3]", "[60,72]")
#define MODEL_GOOD "{" MODEL_META "," MODEL_WEIGHT "," MODEL_BIAS "}"
enum { MODEL_GOOD_DATA = 72 };

/* A folder, and the path of the file in it that most tests use. */
typedef struct model_folder {
    char folder[64], path[128];
} model_folder;

void model_folder_open(model_folder *in);
/* Removes the folder and what is in it.  Returns the number of files that were there. */
int model_folder_close(const model_folder *in);

/* Files in the folder. */
int model_folder_count(const model_folder *in);

/* Writes these bytes to in->path. */
void model_file_bytes(const model_folder *in, const void *bytes, size_t size);

/* Writes the length of the header, the header (size 0: up to its NUL), and data_bytes times zero.
 */
void model_file_header(const model_folder *in, const char *header, size_t size, size_t data_bytes);

/* Loads in->path, which must fail with LOGIT_E_DATA, a message "PATH: safetensors at byte N: ..."
 * that ends in [kind], where kind may name two ("RANGE|FORMAT"), and in less than 100 ms.  Returns
 * the message (static). */
const char *model_file_refused(const model_folder *in, const char *kind);

/* The same for a header with data_bytes of data behind it. */
const char *model_header_refused(const model_folder *in, const char *header, size_t data_bytes,
                                 const char *kind);

#endif
