/* tar_header.c -- headers that are not trusted. */
/* SPDX-License-Identifier: MIT */
#include "data/tar_header.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

enum { PATH_SHOWN = 600 };

/* Fields of a header block: POSIX, "ustar Header Block". */
enum {
    NAME_AT = 0,
    NAME_BYTES = 100,
    SIZE_AT = 124,
    SIZE_BYTES = 12,
    SUM_AT = 148,
    SUM_BYTES = 8,
    KIND_AT = 156,
    MAGIC_AT = 257,
    PREFIX_AT = 345,
    PREFIX_BYTES = 155,
};

/* -------------------------------------------------------------------------------- the file --- */

logit_status lg_tar_file_open(lg_tar_file *file, const char *path, logit_error *err)
{
    *file = (lg_tar_file){.fd = -1};
    file->path = strdup(path);
    file->window = malloc(LG_TAR_WINDOW);
    if (!file->path || !file->window) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a tar");
    return lg_file_open(&file->fd, AT_FDCWD, path, &file->bytes, err);
}

void lg_tar_file_close(lg_tar_file *file)
{
    if (file->fd >= 0) close(file->fd);
    free(file->path);
    free(file->window);
    lg_bytes_clear(&file->side);
    *file = (lg_tar_file){.fd = -1};
}

/* Bytes that the file's size promised: where they are not there it has changed since. */
static logit_status read_at(const lg_tar_file *file, void *to, size_t size, int64_t at,
                            logit_error *err)
{
    char shown[PATH_SHOWN];
    const logit_status status = lg_file_read_at(file->fd, file->path, to, size, at, err);
    if (status != LOGIT_E_DATA) return status;
    LG_FAIL(err, LOGIT_E_IO, "%s: has become shorter while it is being read; it had %lld bytes",
            lg_text_escape(shown, sizeof shown, file->path), (long long)file->bytes);
}

logit_status lg_tar_file_read(lg_tar_file *file, int64_t at, logit_error *err)
{
    const int64_t left = at < file->bytes ? file->bytes - at : 0;
    const size_t size = left < LG_TAR_WINDOW ? (size_t)left : LG_TAR_WINDOW;
    file->window_size = 0;
    LG_TRY(read_at(file, file->window, size, at, err));
    file->window_at = at;
    file->window_size = size;
    return LOGIT_OK;
}

/* *bytes is where `size` bytes of the file lie from `at` on, until the next call.  The window is
 * left as it is: the walk may be using it. */
static logit_status look(lg_tar_file *file, int64_t at, size_t size, const uint8_t **bytes,
                         logit_error *err)
{
    if (at > file->bytes || (int64_t)size > file->bytes - at)
        LG_TAR_BAD(err, file, file->bytes, "TRUNC", "the file ends inside a header");
    const int64_t into = at - file->window_at;
    *bytes = file->window + into;
    if (into >= 0 && into + (int64_t)size <= (int64_t)file->window_size) return LOGIT_OK;
    LG_TRY(lg_bytes_reserve(&file->side, size, err));
    *bytes = file->side.data;
    return read_at(file, file->side.data, size, at, err);
}

/* --------------------------------------------------------------------------------- numbers --- */

/* Base 256: the first bit set, the next one the sign, big endian. */
static logit_status read_binary(const lg_tar_file *file, const uint8_t *field, int64_t at,
                                int64_t *value, logit_error *err)
{
    uint64_t bits = field[0] & 0x3f;
    if (field[0] & 0x40) LG_TAR_BAD(err, file, at, "RANGE", "a size that is negative");
    for (int i = 1; i < SIZE_BYTES; i++) {
        if (bits >> 55) LG_TAR_BAD(err, file, at, "OVERFLOW", "a size of 2^63 bytes or more");
        bits = bits << 8 | field[i];
    }
    *value = (int64_t)bits;
    return LOGIT_OK;
}

/* Octal digits, spaces before them, a space or a NUL behind them.  12 digits fit in 36 bits. */
static int read_octal(const uint8_t *field, int size, int64_t *value)
{
    int i = 0, digits = 0;
    *value = 0;
    while (i < size && field[i] == ' ') i++;
    for (; i < size && field[i] >= '0' && field[i] <= '7'; i++, digits++)
        *value = *value * 8 + (field[i] - '0');
    while (i < size && (field[i] == ' ' || field[i] == 0)) i++;
    return digits > 0 && i == size;
}

/* The size of what a header stands before. */
static logit_status read_size(const lg_tar_file *file, const uint8_t *header, int64_t at,
                              int64_t *size, logit_error *err)
{
    const uint8_t *field = header + SIZE_AT;
    if (field[0] & 0x80) return read_binary(file, field, at + SIZE_AT, size, err);
    if (!read_octal(field, SIZE_BYTES, size))
        LG_TAR_BAD(err, file, at + SIZE_AT, "FORMAT", "a size that is no octal number");
    return LOGIT_OK;
}

/* The sum of all bytes, the sum's own field taken as spaces; some old tars summed signed bytes. */
static logit_status check_sum(const lg_tar_file *file, const uint8_t *header, int64_t at,
                              logit_error *err)
{
    int64_t written, plain = 0, with_sign = 0;
    for (int i = 0; i < LG_TAR_BLOCK; i++) {
        const int byte = i >= SUM_AT && i < SUM_AT + SUM_BYTES ? ' ' : header[i];
        plain += byte;
        with_sign += (int8_t)byte;
    }
    if (!read_octal(header + SUM_AT, SUM_BYTES, &written) ||
        (written != plain && written != with_sign))
        LG_TAR_BAD(err, file, at, "CORRUPT", "a header whose checksum does not fit");
    return LOGIT_OK;
}

/* ------------------------------------------------------------------------------- the names --- */

/* What the headers before a member's own say of it. */
typedef struct tar_extras {
    int has_name, has_size, is_sparse;
    int64_t size;
} tar_extras;

void lg_tar_member_clear(lg_tar_member *member)
{
    free(member->name);
    *member = (lg_tar_member){0};
}

/* member->name becomes these bytes; at is where they lie. */
static logit_status set_name(lg_tar_member *member, const lg_tar_file *file, const uint8_t *name,
                             size_t length, int64_t at, logit_error *err)
{
    if (memchr(name, 0, length)) LG_TAR_BAD(err, file, at, "FORMAT", "a NUL inside a name");
    if (length + 1 > member->room) {
        char *more = realloc(member->name, length + 256);
        if (!more) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a name");
        member->name = more;
        member->room = length + 256;
    }
    memcpy(member->name, name, length);
    member->name[length] = '\0';
    return LOGIT_OK;
}

static logit_status read_plain_name(lg_tar_member *member, const lg_tar_file *file,
                                    const uint8_t *header, int64_t at, logit_error *err)
{
    uint8_t path[PREFIX_BYTES + 1 + NAME_BYTES];
    size_t length = 0;
    if (!memcmp(header + MAGIC_AT, "ustar\0", 6)) { /* GNU's "ustar " keeps other things there */
        length = strnlen((const char *)header + PREFIX_AT, PREFIX_BYTES);
        memcpy(path, header + PREFIX_AT, length);
        if (length > 0) path[length++] = '/';
    }
    const size_t leaf = strnlen((const char *)header + NAME_AT, NAME_BYTES);
    memcpy(path + length, header + NAME_AT, leaf);
    return set_name(member, file, path, length + leaf, at, err);
}

/* A decimal number that ends at end[0]; -1: it is none, or too large. */
static int64_t read_decimal(const uint8_t *text, const uint8_t *end)
{
    int64_t value = 0;
    if (text == end) return -1;
    for (; text < end; text++) {
        if (*text < '0' || *text > '9' || value > (INT64_MAX - 9) / 10) return -1;
        value = value * 10 + (*text - '0');
    }
    return value;
}

static int is_key(const uint8_t *key, size_t length, const char *name)
{
    return length == strlen(name) && !memcmp(key, name, length);
}

/* One "key=value" of a pax header. */
static logit_status take_record(lg_tar_member *member, tar_extras *extras, const lg_tar_file *file,
                                const uint8_t *key, const uint8_t *end, int64_t at,
                                logit_error *err)
{
    static const char sparse[] = "GNU.sparse.";
    const uint8_t *equals = memchr(key, '=', (size_t)(end - key));
    if (!equals) LG_TAR_BAD(err, file, at, "FORMAT", "a pax record without '='");
    const uint8_t *value = equals + 1;
    const size_t length = (size_t)(equals - key);
    extras->is_sparse |= length >= sizeof sparse - 1 && !memcmp(key, sparse, sizeof sparse - 1);
    if (is_key(key, length, "size")) {
        extras->has_size = 1;
        extras->size = read_decimal(value, end);
        if (extras->size < 0)
            LG_TAR_BAD(err, file, at, "FORMAT", "a pax size that is no number of bytes");
    }
    if (!is_key(key, length, "path") || value == end) return LOGIT_OK;
    extras->has_name = 1;
    return set_name(member, file, value, (size_t)(end - value), at, err);
}

/* "LENGTH key=value\n", over and over; the length counts itself. */
static logit_status read_pax(lg_tar_member *member, tar_extras *extras, const lg_tar_file *file,
                             const uint8_t *body, size_t size, int64_t at, logit_error *err)
{
    for (size_t begin = 0; begin < size;) {
        const uint8_t *space = memchr(body + begin, ' ', size - begin);
        const int64_t length = space ? read_decimal(body + begin, space) : -1;
        const int64_t where = at + (int64_t)begin;
        if (length < 0 && !body[begin]) return LOGIT_OK; /* some writers fill up with NULs */
        if (length <= 0) LG_TAR_BAD(err, file, where, "FORMAT", "a pax record of no length");
        const uint8_t *end = body + begin + length - 1;
        if ((uint64_t)length > size - begin || end <= space || *end != '\n')
            LG_TAR_BAD(err, file, where, "FORMAT", "a pax record whose length does not fit");
        LG_TRY(take_record(member, extras, file, space + 1, end, where, err));
        begin += (size_t)length;
    }
    return LOGIT_OK;
}

/* A header that stands before another: pax records of one member or of all, a GNU long name. */
static logit_status read_extra(lg_tar_member *member, tar_extras *extras, lg_tar_file *file,
                               int64_t at, int64_t size, logit_error *err)
{
    const uint8_t *body;
    if (size > LG_TAR_MOST_HEADER)
        LG_TAR_BAD(err, file, at, "LIMIT", "a header of %lld bytes, at most %d are read",
                   (long long)size, LG_TAR_MOST_HEADER);
    LG_TRY(look(file, at, (size_t)size, &body, err));
    if (member->kind == 'x') return read_pax(member, extras, file, body, (size_t)size, at, err);
    if (member->kind != 'L') return LOGIT_OK; /* 'g' is about all, 'K' about links */
    extras->has_name = 1;
    const size_t length = size > 0 && !body[size - 1] ? (size_t)size - 1 : (size_t)size;
    return set_name(member, file, body, length, at, err);
}

/* ------------------------------------------------------------------------------ the member --- */

static int64_t padded(int64_t size)
{
    return (size + LG_TAR_BLOCK - 1) / LG_TAR_BLOCK * LG_TAR_BLOCK;
}

static int is_file(const lg_tar_member *member)
{
    return member->kind == '0' || member->kind == 0 || member->kind == '7';
}

/* The member's own header: what it is, and whether its data is all there. */
static logit_status finish(lg_tar_member *member, const tar_extras *extras, const lg_tar_file *file,
                           int64_t size, logit_error *err)
{
    member->size = extras->has_size ? extras->size : size;
    const size_t length = strlen(member->name);
    const int is_folder = length > 0 && member->name[length - 1] == '/'; /* in very old tars */
    member->plain = is_file(member) && !is_folder && !extras->is_sparse;
    if (!member->plain) return LOGIT_OK;
    if (member->size > INT64_MAX / 2)
        LG_TAR_BAD(err, file, member->data_at - LG_TAR_BLOCK + SIZE_AT, "OVERFLOW",
                   "a size of %lld bytes", (long long)member->size);
    if (padded(member->size) > file->bytes - member->data_at)
        LG_TAR_BAD(err, file, file->bytes, "TRUNC",
                   "the file ends here, inside a member of %lld bytes", (long long)member->size);
    return LOGIT_OK;
}

logit_status lg_tar_member_read(lg_tar_member *member, lg_tar_file *file, int64_t at,
                                logit_error *err)
{
    tar_extras extras = {0};
    member->header_at = at;
    for (int headers = 0; headers < LG_TAR_MOST_HEADERS; headers++) {
        const uint8_t *header;
        int64_t size = 0;
        LG_TRY(look(file, at, LG_TAR_BLOCK, &header, err));
        LG_TRY(check_sum(file, header, at, err));
        member->kind = (char)header[KIND_AT];
        const int is_extra = member->kind && strchr("xgLK", member->kind);
        if (is_extra || (is_file(member) && !extras.has_size))
            LG_TRY(read_size(file, header, at, &size, err));
        member->data_at = at + LG_TAR_BLOCK;
        if (is_extra) {
            LG_TRY(read_extra(member, &extras, file, member->data_at, size, err));
            at = member->data_at + padded(size);
            continue;
        }
        if (!extras.has_name) LG_TRY(read_plain_name(member, file, header, at, err));
        return finish(member, &extras, file, size, err);
    }
    LG_TAR_BAD(err, file, at, "LIMIT", "more than %d headers of one member", LG_TAR_MOST_HEADERS);
}
