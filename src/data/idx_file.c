/* idx_file.c -- an IDX header that is not trusted, and the bytes behind it. */
/* SPDX-License-Identifier: MIT */
#include "data/idx_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/size.h"
#include "base/text.h"

enum {
    MAGIC_BYTES = 4,
    DIM_BYTES = 4,
    PIECE_BYTES = 16 << 20, /* between two looks at the watch */
    PATH_SHOWN = 600,       /* bytes of a path inside a message */
};

static int ends_with(const char *text, const char *end)
{
    const size_t n = strlen(text), m = strlen(end);
    return n >= m && !strcmp(text + n - m, end);
}

/* Bytes of a plain file, whose size was checked: one that ends before has changed since. */
static logit_status read_plain(const lg_idx *idx, uint8_t *to, size_t size, int64_t at,
                               logit_error *err)
{
    const logit_status status = lg_file_read_at(idx->fd, idx->path, to, size, at, err);
    if (status != LOGIT_E_DATA) return status;
    char shown[PATH_SHOWN];
    LG_FAIL(err, LOGIT_E_IO, "%s: has become shorter while it is being read; it had %lld bytes",
            lg_text_escape(shown, sizeof shown, idx->path), (long long)idx->file_bytes);
}

/* The next bytes of the inflated file, from byte `at` on. */
static logit_status take(lg_idx *idx, uint8_t *to, size_t size, int64_t at, logit_error *err)
{
    if (!idx->gunzip) {
        if (at + (int64_t)size > idx->file_bytes)
            LG_IDX_BAD(err, idx, idx->file_bytes, "TRUNC", "the file ends inside the header");
        return read_plain(idx, to, size, at, err);
    }
    size_t got;
    LG_TRY(lg_gunzip_read(idx->gunzip, to, size, &got, err));
    if (got < size)
        LG_IDX_BAD(err, idx, at + (int64_t)got, "TRUNC", "the inflated file ends %zu bytes short",
                   size - got);
    return LOGIT_OK;
}

/* Plain or gzipped?  By the name, and else by the first two bytes: a plain file starts 00 00. */
static logit_status find_gzip(lg_idx *idx, logit_error *err)
{
    uint8_t start[2] = {0, 0};
    if (idx->file_bytes == 0) LG_IDX_BAD(err, idx, 0, "TRUNC", "the file is empty");
    if (idx->file_bytes >= 2) LG_TRY(lg_file_read_at(idx->fd, idx->path, start, 2, 0, err));
    if (ends_with(idx->path, ".gz") || (start[0] == 0x1f && start[1] == 0x8b))
        LG_TRY(lg_gunzip_open(&idx->gunzip, idx->fd, idx->path, err));
    return LOGIT_OK;
}

static logit_status check_magic(lg_idx *idx, const uint8_t magic[MAGIC_BYTES], logit_error *err)
{
    if (idx->gunzip && magic[0] == 0x1f && magic[1] == 0x8b)
        LG_IDX_BAD(err, idx, 0, "FORMAT", "gzip inside gzip; gunzip it once");
    if (magic[0] != 0 || magic[1] != 0)
        LG_IDX_BAD(err, idx, 0, "FORMAT", "starts %02x %02x %02x %02x, expected 00 00 TYPE DIMS",
                   magic[0], magic[1], magic[2], magic[3]);
    idx->type = magic[2];
    idx->dims = magic[3];
    if (idx->type < 0x08 || idx->type == 0x0A || idx->type > 0x0E)
        LG_IDX_BAD(err, idx, 2, "FORMAT", "type %02x is none of IDX", magic[2]);
    if (idx->dims < 1 || idx->dims > LG_IDX_MAX_DIMS)
        LG_IDX_BAD(err, idx, 3, "RANGE", "%d dimensions, expected 1 to %d", idx->dims,
                   LG_IDX_MAX_DIMS);
    return LOGIT_OK;
}

/* The right kind of values in the right number of dimensions? */
static logit_status check_role(const lg_idx *idx, lg_idx_role role, logit_error *err)
{
    const int floats = role == LG_IDX_LABELS && idx->type == LG_IDX_FLOAT;
    if (idx->type != LG_IDX_U8 && !floats)
        LG_IDX_BAD(err, idx, 2, "UNSUP", "type %02x, expected %s", (unsigned)idx->type,
                   role == LG_IDX_LABELS ? "08 (bytes) or 0d (floats)" : "08 (bytes)");
    if (role == LG_IDX_IMAGES && idx->dims < 3)
        LG_IDX_BAD(err, idx, 3, "FORMAT", "%d dimensions, images have 3 or 4 (a file of labels?)",
                   idx->dims);
    if (role == LG_IDX_LABELS && idx->dims > 1 + floats)
        LG_IDX_BAD(err, idx, 3, "FORMAT", "%d dimensions, labels have %s (a file of images?)",
                   idx->dims, floats ? "1 or 2" : "1");
    return LOGIT_OK;
}

/* data_bytes from the dimensions.  Samples are counted in 31 bits everywhere. */
static logit_status check_dims(lg_idx *idx, logit_error *err)
{
    size_t size = idx->type == LG_IDX_FLOAT ? sizeof(float) : 1;
    for (int i = 0; i < idx->dims; i++) {
        const int at = MAGIC_BYTES + DIM_BYTES * i;
        if (idx->dim[i] == 0) LG_IDX_BAD(err, idx, at, "RANGE", "dimension %d is 0", i);
        if (!lg_size_mul(size, idx->dim[i], &size) || size > (size_t)INT64_MAX / 2)
            LG_IDX_BAD(err, idx, at, "OVERFLOW", "the dimensions multiply to more than 2^62 bytes");
    }
    if (idx->dim[0] > INT32_MAX)
        LG_IDX_BAD(err, idx, MAGIC_BYTES, "LIMIT", "%u samples, at most %d are taken", idx->dim[0],
                   INT32_MAX);
    idx->data_bytes = size;
    return LOGIT_OK;
}

/* Can the file hold what the header says?  Before anything of that size is asked for. */
static logit_status check_file(const lg_idx *idx, logit_error *err)
{
    const int64_t want = idx->header_bytes + (int64_t)idx->data_bytes;
    if (idx->gunzip && want / LG_GUNZIP_MAX_RATIO > idx->file_bytes)
        LG_IDX_BAD(err, idx, MAGIC_BYTES, "TRUNC",
                   "the header says %lld bytes, which %lld bytes of gzip cannot hold",
                   (long long)want, (long long)idx->file_bytes);
    if (!idx->gunzip && want > idx->file_bytes)
        LG_IDX_BAD(err, idx, idx->file_bytes, "TRUNC",
                   "the file ends here, the header says %lld bytes", (long long)want);
    if (!idx->gunzip && want < idx->file_bytes)
        LG_IDX_BAD(err, idx, want, "TRAIL", "the data ends here, the file goes on to %lld bytes",
                   (long long)idx->file_bytes);
    return LOGIT_OK;
}

/* Sizes that the decoder takes too. */
static logit_status check_sides(const lg_idx *idx, logit_error *err)
{
    const uint32_t h = idx->dim[1], w = idx->dim[2], c = idx->dims == 4 ? idx->dim[3] : 1;
    if (h > LG_IMAGE_MAX_SIDE || w > LG_IMAGE_MAX_SIDE || (size_t)h * w > LG_IMAGE_MAX_PIXELS)
        LG_IDX_BAD(err, idx, MAGIC_BYTES + DIM_BYTES, "LIMIT",
                   "images of %u x %u; at most %d a side and %zu pixels", h, w, LG_IMAGE_MAX_SIDE,
                   LG_IMAGE_MAX_PIXELS);
    if (c != 1 && c != 3)
        LG_IDX_BAD(err, idx, MAGIC_BYTES + 3 * DIM_BYTES, "RANGE",
                   "images of %u channels, expected 1 or 3", c);
    return LOGIT_OK;
}

static logit_status read_header(lg_idx *idx, lg_idx_role role, logit_error *err)
{
    uint8_t magic[MAGIC_BYTES];
    LG_TRY(take(idx, magic, sizeof magic, 0, err));
    LG_TRY(check_magic(idx, magic, err));
    LG_TRY(check_role(idx, role, err));
    idx->header_bytes = MAGIC_BYTES;
    for (int i = 0; i < idx->dims; i++) {
        uint8_t b[DIM_BYTES];
        LG_TRY(take(idx, b, sizeof b, idx->header_bytes, err));
        idx->header_bytes += DIM_BYTES;
        idx->dim[i] = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
    }
    LG_TRY(check_dims(idx, err));
    if (role == LG_IDX_IMAGES) LG_TRY(check_sides(idx, err));
    return check_file(idx, err);
}

logit_status lg_idx_open(lg_idx *idx, const char *path, lg_idx_role role, logit_error *err)
{
    *idx = (lg_idx){.fd = -1};
    idx->path = strdup(path);
    if (!idx->path) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a path");
    LG_TRY(lg_file_open(&idx->fd, AT_FDCWD, path, &idx->file_bytes, err));
    LG_TRY(find_gzip(idx, err));
    return read_header(idx, role, err);
}

void lg_idx_close(lg_idx *idx)
{
    lg_gunzip_close(idx->gunzip);
    if (idx->fd >= 0) close(idx->fd);
    free(idx->path);
    *idx = (lg_idx){.fd = -1};
}

/* What comes after the data of a gzipped file must be nothing, with checksums that are right. */
static logit_status check_end(lg_idx *idx, logit_error *err)
{
    uint8_t one;
    size_t got;
    if (!idx->gunzip) return LOGIT_OK; /* check_file saw it */
    LG_TRY(lg_gunzip_read(idx->gunzip, &one, 1, &got, err));
    if (got > 0)
        LG_IDX_BAD(err, idx, idx->header_bytes + (int64_t)idx->data_bytes, "TRAIL",
                   "the data ends here, the inflated file goes on");
    return LOGIT_OK;
}

logit_status lg_idx_read(lg_idx *idx, uint8_t *to, const logit_watch *watch, logit_error *err)
{
    const int64_t row_bytes = (int64_t)(idx->data_bytes / idx->dim[0]);
    for (size_t done = 0; done < idx->data_bytes;) {
        const size_t left = idx->data_bytes - done;
        const size_t piece = left < PIECE_BYTES ? left : PIECE_BYTES;
        LG_TRY(take(idx, to + done, piece, idx->header_bytes + (int64_t)done, err));
        done += piece;
        LG_TRY(lg_dataset_progress(watch, (int64_t)done / row_bytes, idx->dim[0], err));
    }
    return check_end(idx, err);
}

logit_status lg_idx_read_at(const lg_idx *idx, uint8_t *to, size_t size, int64_t offset,
                            logit_error *err)
{
    return read_plain(idx, to, size, idx->header_bytes + offset, err);
}
