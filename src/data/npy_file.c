/* npy_file.c -- a NumPy header that is not trusted, and the bytes behind it. */
/* SPDX-License-Identifier: MIT */
#include "data/npy_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/size.h"
#include "base/text.h"

enum {
    MAGIC_BYTES = 8,     /* with the version */
    MOST_HEADER = 10000, /* as NumPy's own reader */
    MOST_WORD = 80,      /* bytes of a word of the header that are looked at */
    PATH_SHOWN = 600     /* bytes of a path inside a message */
};

static const struct {
    const char *descr, *name;
    size_t bytes;
} types[LG_NPY_TYPES] = {
    [LG_NPY_B1] = {"|b1", "bool", 1},    [LG_NPY_U1] = {"|u1", "uint8", 1},
    [LG_NPY_I1] = {"|i1", "int8", 1},    [LG_NPY_U2] = {"<u2", "uint16", 2},
    [LG_NPY_I2] = {"<i2", "int16", 2},   [LG_NPY_U4] = {"<u4", "uint32", 4},
    [LG_NPY_I4] = {"<i4", "int32", 4},   [LG_NPY_U8] = {"<u8", "uint64", 8},
    [LG_NPY_I8] = {"<i8", "int64", 8},   [LG_NPY_F2] = {"<f2", "float16", 2},
    [LG_NPY_F4] = {"<f4", "float32", 4}, [LG_NPY_F8] = {"<f8", "float64", 8},
};

const char *lg_npy_type_name(lg_npy_type type)
{
    return types[type].name;
}

const char *lg_npy_shape_text(const lg_npy *npy, char *out, size_t size)
{
    size_t used = (size_t)snprintf(out, size, "(");
    for (int i = 0; i < npy->dims && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%lld", i ? ", " : "",
                                 (long long)npy->dim[i]);
    if (used < size) snprintf(out + used, size - used, npy->dims == 1 ? ",)" : ")");
    return out;
}

/* ----------------------------------------------------------------- the header's little language
 */

/* The text of a header, taken word by word. */
typedef struct parser {
    lg_npy *npy;
    const char *text; /* NUL-terminated */
    size_t size, at;
    int64_t base; /* byte of the file where it begins */
    int seen[3];  /* keys */
    logit_error *err;
} parser;

enum { KEY_DESCR, KEY_FORTRAN, KEY_SHAPE, KEYS };
static const char *const keys[KEYS] = {"descr", "fortran_order", "shape"};

#define PARSE_BAD(p, class_name, ...)                                                              \
    LG_NPY_BAD((p)->err, (p)->npy, (p)->base + (int64_t)(p)->at, class_name, __VA_ARGS__)

static void skip_spaces(parser *p)
{
    while (p->at < p->size && strchr(" \t", p->text[p->at]) && p->text[p->at]) p->at++;
}

/* Takes one character, after spaces; 0 if another is there. */
static int take(parser *p, char wanted)
{
    skip_spaces(p);
    if (p->at >= p->size || p->text[p->at] != wanted) return 0;
    p->at++;
    return 1;
}

/* A string in single or double quotes, without escapes. */
static logit_status take_string(parser *p, char word[MOST_WORD])
{
    skip_spaces(p);
    const char quote = p->text[p->at];
    const char *begin = p->text + p->at + 1;
    const char *end = quote == '\'' || quote == '"' ? strchr(begin, quote) : NULL;
    if (!end || memchr(begin, '\\', (size_t)(end - begin)))
        PARSE_BAD(p, "FORMAT", "a plain string in quotes was expected");
    if (end - begin >= MOST_WORD)
        PARSE_BAD(p, "FORMAT", "a string of %d bytes", (int)(end - begin));
    memcpy(word, begin, (size_t)(end - begin));
    word[end - begin] = '\0';
    p->at += (size_t)(end - begin) + 2;
    return LOGIT_OK;
}

static logit_status take_descr(parser *p)
{
    char word[MOST_WORD], shown[MOST_WORD];
    skip_spaces(p);
    p->npy->descr_at = p->base + (int64_t)p->at;
    if (p->text[p->at] == '[')
        PARSE_BAD(p, "UNSUP", "records of several fields; save each field as an array of its own");
    const size_t began = p->at;
    LG_TRY(take_string(p, word));
    for (int i = 0; i < LG_NPY_TYPES; i++)
        if (!strcmp(word, types[i].descr)) {
            p->npy->type = (lg_npy_type)i;
            p->npy->value_bytes = types[i].bytes;
            return LOGIT_OK;
        }
    p->at = began;
    PARSE_BAD(p, "UNSUP",
              "values of type '%s'; taken are '<f4', '<f2' and '|u1', and integers for labels: "
              "convert with numpy's astype",
              lg_text_escape(shown, sizeof shown, word));
}

static logit_status take_order(parser *p)
{
    skip_spaces(p);
    if (!strncmp(p->text + p->at, "False", 5)) {
        p->at += 5;
        return LOGIT_OK;
    }
    if (!strncmp(p->text + p->at, "True", 4))
        PARSE_BAD(p, "UNSUP",
                  "columns one after the other (Fortran order); save numpy.ascontiguousarray(X)");
    PARSE_BAD(p, "FORMAT", "fortran_order is neither True nor False");
}

/* One size of the shape: digits, or a minus, which is out of range. */
static logit_status take_size(parser *p)
{
    lg_npy *npy = p->npy;
    size_t value = 0, digits = 0;
    const size_t began = p->at;
    const int negative = take(p, '-');
    for (; p->text[p->at] >= '0' && p->text[p->at] <= '9'; p->at++, digits++) {
        const size_t digit = (size_t)(p->text[p->at] - '0');
        if (lg_size_mul(value, 10, &value) && lg_size_add(value, digit, &value) &&
            value <= INT64_MAX)
            continue;
        PARSE_BAD(p, "OVERFLOW", "a size that does not fit in 63 bits");
    }
    if (digits == 0) PARSE_BAD(p, "FORMAT", "a size of the shape was expected");
    if (p->text[p->at] == 'L') p->at++; /* a long of Python 2 */
    if (npy->dims == LG_NPY_MAX_DIMS) PARSE_BAD(p, "LIMIT", "more than %d dimensions", npy->dims);
    npy->dim[npy->dims++] = (int64_t)value;
    if (!negative) return LOGIT_OK;
    p->at = began;
    PARSE_BAD(p, "RANGE", "dimension %d is negative", npy->dims - 1);
}

static logit_status take_shape(parser *p)
{
    skip_spaces(p);
    p->npy->shape_at = p->base + (int64_t)p->at;
    if (!take(p, '(')) PARSE_BAD(p, "FORMAT", "the shape was expected in parentheses");
    while (!take(p, ')')) {
        skip_spaces(p);
        LG_TRY(take_size(p));
        if (take(p, ',')) continue;
        if (p->npy->dims == 1) PARSE_BAD(p, "FORMAT", "a shape of one size has a comma behind it");
        if (take(p, ')')) return LOGIT_OK;
        PARSE_BAD(p, "FORMAT", "a comma or the end of the shape was expected");
    }
    return LOGIT_OK;
}

static logit_status take_pair(parser *p)
{
    static logit_status (*const value[KEYS])(parser *) = {take_descr, take_order, take_shape};
    char word[MOST_WORD], shown[MOST_WORD];
    const size_t began = p->at;
    int key = 0;
    LG_TRY(take_string(p, word));
    while (key < KEYS && strcmp(word, keys[key])) key++;
    if (key == KEYS || p->seen[key]) p->at = began;
    if (key == KEYS)
        PARSE_BAD(p, "FORMAT", "key '%s' is none of descr, fortran_order, shape",
                  lg_text_escape(shown, sizeof shown, word));
    if (p->seen[key]) PARSE_BAD(p, "FORMAT", "key '%s' is there twice", word);
    p->seen[key] = 1;
    if (!take(p, ':')) PARSE_BAD(p, "FORMAT", "a colon was expected behind '%s'", word);
    return value[key](p);
}

static logit_status parse(parser *p)
{
    if (p->size == 0 || p->text[p->size - 1] != '\n')
        PARSE_BAD(p, "FORMAT", "the header does not end in a newline");
    p->size--;
    if (!take(p, '{')) PARSE_BAD(p, "FORMAT", "the header does not begin with {");
    while (!take(p, '}')) {
        LG_TRY(take_pair(p));
        if (take(p, ',')) continue;
        if (take(p, '}')) break;
        PARSE_BAD(p, "FORMAT", "a comma or } was expected");
    }
    skip_spaces(p);
    if (p->at < p->size) PARSE_BAD(p, "FORMAT", "the header goes on behind }");
    for (int key = 0; key < KEYS; key++)
        if (!p->seen[key]) PARSE_BAD(p, "FORMAT", "key '%s' is missing", keys[key]);
    return LOGIT_OK;
}

/* ------------------------------------------------------------------------------- the file --- */

/* Bytes of a file whose size is known: one that ends before has changed since. */
static logit_status read_known(const lg_npy *npy, void *to, size_t size, int64_t at,
                               logit_error *err)
{
    const logit_status status = lg_file_read_at(npy->fd, npy->path, to, size, at, err);
    if (status != LOGIT_E_DATA) return status;
    char shown[PATH_SHOWN];
    LG_FAIL(err, LOGIT_E_IO, "%s: has become shorter while it is being read; it had %lld bytes",
            lg_text_escape(shown, sizeof shown, npy->path), (long long)npy->file_bytes);
}

/* data_bytes from the dimensions.  Samples are counted in 31 bits everywhere. */
static logit_status check_dims(lg_npy *npy, logit_error *err)
{
    size_t size = npy->value_bytes;
    int empty = -1;
    for (int i = 0; i < npy->dims; i++) {
        if (npy->dim[i] == 0 && empty < 0) empty = i;
        if (npy->dim[i] > 0 &&
            (!lg_size_mul(size, (size_t)npy->dim[i], &size) || size > (size_t)INT64_MAX / 2))
            LG_NPY_BAD(err, npy, npy->shape_at, "OVERFLOW",
                       "the sizes multiply to more than 2^62 bytes");
    }
    if (empty >= 0) LG_NPY_BAD(err, npy, npy->shape_at, "RANGE", "dimension %d is 0", empty);
    if (npy->dims > 0 && npy->dim[0] > INT32_MAX)
        LG_NPY_BAD(err, npy, npy->shape_at, "LIMIT", "%lld samples, at most %d are taken",
                   (long long)npy->dim[0], INT32_MAX);
    npy->data_bytes = size;
    return LOGIT_OK;
}

/* Magic and version; *length_bytes are those of the header's length. */
static logit_status read_magic(const lg_npy *npy, size_t *length_bytes, logit_error *err)
{
    static const uint8_t magic[] = {0x93, 'N', 'U', 'M', 'P', 'Y'};
    uint8_t start[MAGIC_BYTES];
    if (npy->file_bytes < MAGIC_BYTES + 2)
        LG_NPY_BAD(err, npy, npy->file_bytes, "TRUNC", "the file ends before the header");
    LG_TRY(read_known(npy, start, sizeof start, 0, err));
    if (memcmp(start, magic, sizeof magic) != 0)
        LG_NPY_BAD(err, npy, 0, "FORMAT",
                   "does not start with \\x93NUMPY: not written by numpy.save");
    if (start[6] < 1 || start[6] > 3 || start[7] != 0)
        LG_NPY_BAD(err, npy, 6, "UNSUP", "version %d.%d; 1.0, 2.0 and 3.0 are known", start[6],
                   start[7]);
    *length_bytes = start[6] == 1 ? 2 : 4;
    return LOGIT_OK;
}

static logit_status read_header(lg_npy *npy, logit_error *err)
{
    uint8_t length[4] = {0};
    char text[MOST_HEADER + 1];
    size_t length_bytes = 0;
    LG_TRY(read_magic(npy, &length_bytes, err));
    const int64_t begin = MAGIC_BYTES + (int64_t)length_bytes;
    if (npy->file_bytes < begin)
        LG_NPY_BAD(err, npy, npy->file_bytes, "TRUNC", "the file ends before the header");
    LG_TRY(read_known(npy, length, length_bytes, MAGIC_BYTES, err));
    const int64_t size = (int64_t)length[0] | (int64_t)length[1] << 8 | (int64_t)length[2] << 16 |
                         (int64_t)length[3] << 24;
    if (npy->file_bytes - begin < size)
        LG_NPY_BAD(err, npy, MAGIC_BYTES, "TRUNC",
                   "the header says %lld bytes, the file has %lld more", (long long)size,
                   (long long)(npy->file_bytes - begin));
    if (size > MOST_HEADER)
        LG_NPY_BAD(err, npy, MAGIC_BYTES, "LIMIT", "a header of %lld bytes, at most %d are read",
                   (long long)size, MOST_HEADER);
    LG_TRY(read_known(npy, text, (size_t)size, begin, err));
    text[size] = '\0';
    npy->header_bytes = begin + size;
    parser p = {.npy = npy, .text = text, .size = (size_t)size, .base = begin, .err = err};
    LG_TRY(parse(&p));
    return check_dims(npy, err);
}

logit_status lg_npy_open(lg_npy *npy, const char *path, logit_error *err)
{
    *npy = (lg_npy){.fd = -1};
    npy->path = strdup(path);
    if (!npy->path) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a path");
    LG_TRY(lg_file_open(&npy->fd, AT_FDCWD, path, &npy->file_bytes, err));
    return read_header(npy, err);
}

void lg_npy_close(lg_npy *npy)
{
    if (npy->path && npy->fd >= 0) close(npy->fd);
    free(npy->path);
    *npy = (lg_npy){.fd = -1};
}

logit_status lg_npy_fit(const lg_npy *npy, logit_error *err)
{
    const int64_t want = npy->header_bytes + (int64_t)npy->data_bytes;
    if (want > npy->file_bytes)
        LG_NPY_BAD(err, npy, npy->file_bytes, "TRUNC",
                   "the file ends here, the header says %lld bytes", (long long)want);
    if (want < npy->file_bytes)
        LG_NPY_BAD(err, npy, want, "TRAIL", "the data end here, the file goes on to %lld bytes",
                   (long long)npy->file_bytes);
    return LOGIT_OK;
}

logit_status lg_npy_read_at(const lg_npy *npy, void *to, size_t size, int64_t offset,
                            logit_error *err)
{
    return read_known(npy, to, size, npy->header_bytes + offset, err);
}
