/* csv_read.h -- the records of a CSV file, one after the other.
 *
 * Layer 1 (data).  RFC 4180: fields between commas, a field that holds a comma, a quote or a line
 * break in quotes, a quote in it doubled.  Lines end in LF or CR LF; empty lines and a byte order
 * mark are passed over.  Bytes are not looked at: any encoding, but no NUL. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_CSV_READ_H
#define LG_DATA_CSV_READ_H

#include <stddef.h>
#include <stdint.h>

#include "data/formats.h"

enum { LG_CSV_RECORD = 1 << 16, LG_CSV_FIELDS = 3, LG_CSV_WINDOW = 1 << 16 };

typedef struct lg_csv_field {
    char *text; /* ends in a NUL */
    size_t length;
    int64_t at; /* its first byte in the file */
} lg_csv_field;

typedef struct lg_csv {
    char *path;
    int fd;
    int64_t bytes;    /* of the file */
    int64_t at, line; /* the next byte of the file; its line, from 1 */
    char *window;     /* [LG_CSV_WINDOW], read at `from` */
    int64_t from;
    size_t filled;

    int fields; /* of the record that was read last */
    lg_csv_field field[LG_CSV_FIELDS];
    int64_t begin, first_line; /* of it, in the file */
    char *text;                /* [LG_CSV_RECORD] its fields, without quotes */
    size_t used;
} lg_csv;

/* Errors: IO, NOMEM.  May be closed whatever happened. */
logit_status lg_csv_open(lg_csv *csv, const char *path, logit_error *err);
void lg_csv_close(lg_csv *csv);

/* Reads the next record; fields is 0 at the end of the file.  Errors: IO; DATA with FORMAT (a quote
 * that is not closed or stands inside a field, more than LG_CSV_FIELDS fields, a NUL), LIMIT (more
 * than LG_CSV_RECORD bytes). */
logit_status lg_csv_next(lg_csv *csv, logit_error *err);

/* "PATH: list at byte N: line L: reason [CLASS]" of the record that was read last. */
#define LG_CSV_BAD(err, csv, byte, class_name, reason, ...)                                        \
    return lg_place_fail((err), LG_PLACE((csv)->path, "list", (byte)), (class_name),               \
                         "line %lld: " reason, (long long)(csv)->first_line, ##__VA_ARGS__)

#endif
