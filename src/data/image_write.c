/* image_write.c -- stb_image_write, kept in one file, in memory, and with zlib's deflate.
 *
 * zlib instead of the writer's own deflate: half the time, two thirds of the bytes, and running
 * out of memory is an answer instead of an assertion. */
/* SPDX-License-Identifier: MIT */
#include "data/image_write.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/status.h"

/* What deflated gave out and the writer has not freed: it loses it where it cannot get memory for
 * the file around it. */
static _Thread_local unsigned char *unfreed;

static void release(void *block)
{
    if (block == unfreed) unfreed = NULL;
    free(block);
}

/* In the writer's signature; NULL if out of memory.  The caller frees.  Only runs are looked for
 * (Z_RLE): noise holds no other repeats, and the search for them took time and saved nothing. */
static unsigned char *deflated(unsigned char *data, int size, int *out_size, int level)
{
    z_stream stream = {.next_in = data, .avail_in = (uInt)size};
    if (deflateInit2(&stream, level, Z_DEFLATED, MAX_WBITS, MAX_MEM_LEVEL, Z_RLE) != Z_OK)
        return NULL;
    const uLong room = deflateBound(&stream, (uLong)size);
    unsigned char *out = malloc(room);
    stream.next_out = out;
    stream.avail_out = (uInt)room;
    const int done = out && deflate(&stream, Z_FINISH) == Z_STREAM_END;
    *out_size = (int)stream.total_out;
    deflateEnd(&stream);
    if (done) return unfreed = out;
    free(out);
    return NULL;
}

#define STBIW_MALLOC malloc
#define STBIW_REALLOC realloc
#define STBIW_FREE release
#define STBIW_ZLIB_COMPRESS deflated
#define STB_IMAGE_WRITE_STATIC
#define STB_IMAGE_WRITE_IMPLEMENTATION
#include <stb/stb_image_write.h>

typedef struct sink {
    lg_bytes *bytes;
    logit_error *err;
    logit_status status;
} sink;

static void take(void *context, void *data, int size)
{
    sink *to = context;
    if (to->status != LOGIT_OK || size <= 0) return;
    to->status = lg_bytes_reserve(to->bytes, to->bytes->size + (size_t)size, to->err);
    if (to->status != LOGIT_OK) return;
    memcpy(to->bytes->data + to->bytes->size, data, (size_t)size);
    to->bytes->size += (size_t)size;
}

/* The writer's settings are variables of the process; these never change afterwards.  One fixed
 * filter (difference to the left) costs 3 % of size and saves a third of the time. */
static void settle(void)
{
    stbi_write_force_png_filter = 1;
    stbi_write_png_compression_level = 1;
}

logit_status lg_pixels_encode(const lg_pixels *pixels, lg_file_kind kind, int quality,
                              lg_bytes *bytes, logit_error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, settle);
    sink to = {bytes, err, LOGIT_OK};
    const int w = pixels->width, h = pixels->height, channels = pixels->channels;
    bytes->size = 0;
    const int done =
        kind == LG_FILE_PNG
            ? stbi_write_png_to_func(take, &to, w, h, channels, pixels->pixel, w * channels)
            : stbi_write_jpg_to_func(take, &to, w, h, channels, pixels->pixel, quality);
    release(unfreed);
    if (!done) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for an image file of %d x %d", w, h);
    return to.status;
}
