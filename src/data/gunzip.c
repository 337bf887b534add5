/* gunzip.c -- zlib's inflate over members of a file, with every way to fail told apart. */
/* SPDX-License-Identifier: MIT */
#include "data/gunzip.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/status.h"
#include "base/text.h"
#include "data/formats.h"

enum { INPUT_BYTES = 65536, GZIP_ONLY = 16 /* added to the window's bits */ };

struct lg_gunzip {
    z_stream z;
    gz_header header; /* of the member at hand; done: it was read and is right */
    int fd;
    int is_open, ended;
    const char *path;
    int64_t read_bytes; /* of the file, so far */
    uint8_t input[INPUT_BYTES];
};

#define BAD(gunzip, err, class_name, ...)                                                          \
    return lg_place_fail((err), LG_PLACE((gunzip)->path, "gzip", bytes_taken(gunzip)),             \
                         (class_name), __VA_ARGS__)

/* Of the file, by zlib. */
static int64_t bytes_taken(const lg_gunzip *gunzip)
{
    return gunzip->read_bytes - gunzip->z.avail_in;
}

/* Asks zlib to fill in the header's `done`; nothing of the header is stored. */
static void begin_member(lg_gunzip *gunzip)
{
    gunzip->header = (gz_header){0};
    inflateGetHeader(&gunzip->z, &gunzip->header);
}

logit_status lg_gunzip_open(lg_gunzip **out, int fd, const char *path, logit_error *err)
{
    *out = NULL;
    lg_gunzip *gunzip = calloc(1, sizeof *gunzip);
    if (!gunzip) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory to inflate a file");
    gunzip->fd = fd;
    gunzip->path = path;
    gunzip->is_open = inflateInit2(&gunzip->z, MAX_WBITS + GZIP_ONLY) == Z_OK;
    if (!gunzip->is_open) {
        lg_gunzip_close(gunzip);
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory to inflate a file");
    }
    begin_member(gunzip);
    *out = gunzip;
    return LOGIT_OK;
}

void lg_gunzip_close(lg_gunzip *gunzip)
{
    if (!gunzip) return;
    if (gunzip->is_open) inflateEnd(&gunzip->z);
    free(gunzip);
}

/* Reads on until `want` bytes of input are there, or all that the file has. */
static logit_status fill(lg_gunzip *gunzip, unsigned want, logit_error *err)
{
    z_stream *z = &gunzip->z;
    if (z->avail_in >= want) return LOGIT_OK;
    if (z->avail_in > 0) memmove(gunzip->input, z->next_in, z->avail_in);
    z->next_in = gunzip->input;
    while (z->avail_in < want) {
        const ssize_t got = pread(gunzip->fd, gunzip->input + z->avail_in,
                                  INPUT_BYTES - z->avail_in, (off_t)gunzip->read_bytes);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            char name[600];
            LG_FAIL(err, LOGIT_E_IO, "%s: reading at byte %lld: %s",
                    lg_text_escape(name, sizeof name, gunzip->path), (long long)gunzip->read_bytes,
                    strerror(errno));
        }
        if (got == 0) break;
        z->avail_in += (unsigned)got;
        gunzip->read_bytes += got;
    }
    return LOGIT_OK;
}

/* A member has ended: another one, the end of the file, or something that is neither. */
static logit_status next_member(lg_gunzip *gunzip, logit_error *err)
{
    z_stream *z = &gunzip->z;
    LG_TRY(fill(gunzip, 2, err));
    if (z->avail_in == 0) {
        gunzip->ended = 1;
        return LOGIT_OK;
    }
    if (z->next_in[0] != 0x1f || (z->avail_in > 1 && z->next_in[1] != 0x8b))
        BAD(gunzip, err, "TRAIL", "the compressed data ends here, but the file goes on");
    if (z->avail_in == 1) BAD(gunzip, err, "TRUNC", "the file ends inside a header");
    inflateReset(z);
    begin_member(gunzip);
    return LOGIT_OK;
}

/* The first bytes are not 1f 8b: what are they? */
static logit_status refuse_start(lg_gunzip *gunzip, logit_error *err)
{
    const uint8_t *start = gunzip->input;
    if (start[0] == 0 && start[1] == 0)
        BAD(gunzip, err, "FORMAT",
            "starts 00 00, expected 1f 8b.  An IDX file that is not compressed?  Then rename it "
            "without .gz");
    BAD(gunzip, err, "FORMAT", "starts %02x %02x, expected 1f 8b: not a gzip file", start[0],
        start[1]);
}

/* Inflates what the input holds, at least a little of it. */
static logit_status inflate_some(lg_gunzip *gunzip, logit_error *err)
{
    z_stream *z = &gunzip->z;
    LG_TRY(fill(gunzip, 1, err));
    if (z->avail_in == 0) BAD(gunzip, err, "TRUNC", "the file ends inside the compressed data");
    const int result = inflate(z, Z_NO_FLUSH);
    switch (result) {
    case Z_OK:
    case Z_BUF_ERROR: /* all input taken; the next call brings more or finds the end */
        return LOGIT_OK;
    case Z_STREAM_END:
        return next_member(gunzip, err);
    case Z_MEM_ERROR:
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory to inflate a file");
    default:
        BAD(gunzip, err, gunzip->header.done == 1 ? "CORRUPT" : "FORMAT", "%s",
            z->msg ? z->msg : "inflate failed");
    }
}

logit_status lg_gunzip_read(lg_gunzip *gunzip, void *to, size_t size, size_t *got, logit_error *err)
{
    z_stream *z = &gunzip->z;
    *got = 0;
    if (gunzip->read_bytes == 0) {
        LG_TRY(fill(gunzip, 2, err));
        if (z->avail_in >= 2 && (z->next_in[0] != 0x1f || z->next_in[1] != 0x8b))
            return refuse_start(gunzip, err);
    }
    while (*got < size && !gunzip->ended) {
        const size_t left = size - *got;
        const unsigned ask = left < UINT_MAX ? (unsigned)left : UINT_MAX;
        z->next_out = (uint8_t *)to + *got;
        z->avail_out = ask;
        const logit_status status = inflate_some(gunzip, err);
        *got += ask - z->avail_out;
        if (status != LOGIT_OK) return status;
    }
    return LOGIT_OK;
}
