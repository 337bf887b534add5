/* idx_bytes.c -- making IDX and gzip files. */
/* SPDX-License-Identifier: MIT */
#include "tests/idx_bytes.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

const uint8_t idx_label[IDX_COUNT] = {0, 1, 2, 1, 0};

void bytes_add(lg_bytes *to, const void *data, size_t size)
{
    ck_assert_int_eq(lg_bytes_reserve(to, to->size + size + 1, NULL), LOGIT_OK);
    if (size > 0) memcpy(to->data + to->size, data, size);
    to->size += size;
}

void bytes_add_be32(lg_bytes *to, uint32_t value)
{
    const uint8_t b[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8),
                          (uint8_t)value};
    bytes_add(to, b, sizeof b);
}

void idx_add_header(lg_bytes *to, int type, int dims, const uint32_t *dim)
{
    const uint8_t magic[4] = {0, 0, (uint8_t)type, (uint8_t)dims};
    bytes_add(to, magic, sizeof magic);
    for (int i = 0; i < dims; i++) bytes_add_be32(to, dim[i]);
}

void gzip_add(lg_bytes *to, const void *data, size_t size)
{
    enum { GZIP = 16 };
    z_stream z = {0};
    ck_assert_int_eq(deflateInit2(&z, 9, Z_DEFLATED, MAX_WBITS + GZIP, 8, Z_DEFAULT_STRATEGY),
                     Z_OK);
    const size_t most = deflateBound(&z, (uLong)size);
    ck_assert_int_eq(lg_bytes_reserve(to, to->size + most, NULL), LOGIT_OK);
    z.next_in = (Bytef *)(uintptr_t)data;
    z.avail_in = (uInt)size;
    z.next_out = to->data + to->size;
    z.avail_out = (uInt)most;
    ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    to->size += most - z.avail_out;
    deflateEnd(&z);
}

void gzip_whole(lg_bytes *bytes)
{
    lg_bytes packed = {0};
    gzip_add(&packed, bytes->data, bytes->size);
    lg_bytes_clear(bytes);
    *bytes = packed;
}

void idx_images(lg_bytes *to)
{
    idx_add_header(to, 0x08, 3, (const uint32_t[]){IDX_COUNT, IDX_HEIGHT, IDX_WIDTH});
    for (int i = 0; i < IDX_COUNT; i++)
        for (int j = 0; j < IDX_PIXELS; j++) bytes_add(to, &(uint8_t){(uint8_t)(40 * i + j)}, 1);
}

void idx_labels(lg_bytes *to)
{
    idx_add_header(to, 0x08, 1, (const uint32_t[]){IDX_COUNT});
    bytes_add(to, idx_label, sizeof idx_label);
}

void idx_file(const tree *t, const char *path, const lg_bytes *bytes)
{
    tree_file(t, path, bytes->data, bytes->size);
}

void idx_write(const tree *t, const char *folder, const char *stem)
{
    char path[256];
    lg_bytes images = {0}, labels = {0};
    idx_images(&images);
    idx_labels(&labels);
    snprintf(path, sizeof path, "%s/%s-images-idx3-ubyte", folder, stem);
    idx_file(t, path, &images);
    snprintf(path, sizeof path, "%s/%s-labels-idx1-ubyte", folder, stem);
    idx_file(t, path, &labels);
    lg_bytes_clear(&images);
    lg_bytes_clear(&labels);
}

void idx_assert_small(const lg_dataset *dataset, lg_part part, int resident)
{
    const lg_set *set = dataset->part[part];
    lg_decoder *decoder;
    logit_error err;
    ck_assert_ptr_nonnull(set);
    ck_assert_int_eq((int)set->part, (int)part);
    ck_assert_int_eq(set->count, IDX_COUNT);
    ck_assert_int_eq(set->shape.height, IDX_HEIGHT);
    ck_assert_int_eq(set->shape.width, IDX_WIDTH);
    ck_assert_int_eq(set->shape.channels, 1);
    ck_assert_int_eq(set->resident != NULL, resident);
    ck_assert_int_eq(lg_decoder_create(&decoder, NULL), LOGIT_OK);
    for (int i = 0; i < IDX_COUNT; i++) {
        uint8_t out[IDX_PIXELS];
        if (set->ops->read(set, i, decoder, out, &err) != LOGIT_OK) ck_abort_msg("%s", err.message);
        for (int j = 0; j < IDX_PIXELS; j++) {
            ck_assert_int_eq(out[j], 40 * i + j);
            if (resident) ck_assert_int_eq(set->resident[i * IDX_PIXELS + j], 40 * i + j);
        }
        if (set->label) ck_assert_int_eq(atoi(dataset->class_name[set->label[i]]), idx_label[i]);
    }
    lg_decoder_destroy(decoder);
}

void idx_pair_make(idx_pair *pair)
{
    *pair = (idx_pair){0};
    idx_images(&pair->images);
    idx_labels(&pair->labels);
}

void idx_pair_clear(idx_pair *pair)
{
    lg_bytes_clear(&pair->images);
    lg_bytes_clear(&pair->labels);
}

void idx_pair_write(const tree *t, const idx_pair *pair, int gzip)
{
    idx_file(t, gzip ? "s/train-images-idx3-ubyte.gz" : "s/train-images-idx3-ubyte", &pair->images);
    idx_file(t, gzip ? "s/train-labels-idx1-ubyte.gz" : "s/train-labels-idx1-ubyte", &pair->labels);
}

void idx_assert_refused(const tree *t, const lg_dataset_options *options, const char *classes)
{
    const lg_dataset_options none = {0};
    lg_dataset *set;
    logit_error err = {0};
    char class[32];
    const clock_t begin = clock();
    const logit_status status =
        lg_dataset_open(&set, tree_path(t, "s"), options ? options : &none, &err);
    const clock_t took = clock() - begin;
    ck_assert_msg(status == LOGIT_E_DATA, "status %d: %s", status, err.message);
    ck_assert_msg(took < CLOCKS_PER_SEC / 10, "took %ld us", (long)took);
    const char *file = tree_path(t, "s/train-");
    ck_assert_msg(!strncmp(err.message, file, strlen(file)) && strstr(err.message, " at byte "),
                  "%s", err.message);
    const char *last = strrchr(err.message, '[');
    ck_assert_msg(last && sscanf(last, "[%30[A-Z]]", class) == 1 && strstr(classes, class),
                  "expected [%s]: %s", classes, err.message);
}
