/* csv_read.c -- four states, one byte at a time. */
/* SPDX-License-Identifier: MIT */
#include "data/csv_read.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

enum { END = -1, PATH_SHOWN = 600 };

logit_status lg_csv_open(lg_csv *csv, const char *path, logit_error *err)
{
    *csv = (lg_csv){.fd = -1, .line = 1};
    csv->path = strdup(path);
    csv->window = malloc(LG_CSV_WINDOW);
    csv->text = malloc(LG_CSV_RECORD);
    if (!csv->path || !csv->window || !csv->text)
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for reading a list");
    return lg_file_open(&csv->fd, AT_FDCWD, path, &csv->bytes, err);
}

void lg_csv_close(lg_csv *csv)
{
    if (csv->fd >= 0) close(csv->fd);
    free(csv->path);
    free(csv->window);
    free(csv->text);
    *csv = (lg_csv){.fd = -1};
}

/* The byte at csv->at, or END. */
static logit_status peek(lg_csv *csv, int *byte, logit_error *err)
{
    *byte = END;
    if (csv->at >= csv->bytes) return LOGIT_OK;
    if (csv->at >= csv->from + (int64_t)csv->filled) {
        const int64_t left = csv->bytes - csv->at;
        const size_t size = left < LG_CSV_WINDOW ? (size_t)left : LG_CSV_WINDOW;
        char shown[PATH_SHOWN];
        csv->filled = 0;
        const logit_status status =
            lg_file_read_at(csv->fd, csv->path, csv->window, size, csv->at, err);
        if (status == LOGIT_E_DATA)
            LG_FAIL(err, LOGIT_E_IO, "%s: has become shorter while it is being read",
                    lg_text_escape(shown, sizeof shown, csv->path));
        LG_TRY(status);
        csv->from = csv->at;
        csv->filled = size;
    }
    *byte = (unsigned char)csv->window[csv->at - csv->from];
    return LOGIT_OK;
}

static logit_status put(lg_csv *csv, char byte, logit_error *err)
{
    if (csv->used == LG_CSV_RECORD)
        LG_CSV_BAD(err, csv, csv->at, "LIMIT", "more than %d bytes", LG_CSV_RECORD - 1);
    csv->text[csv->used++] = byte;
    return LOGIT_OK;
}

static logit_status begin_field(lg_csv *csv, logit_error *err)
{
    if (csv->fields == LG_CSV_FIELDS)
        LG_CSV_BAD(err, csv, csv->at, "FORMAT",
                   "more than %d fields; expected path,label or path,label,weight", LG_CSV_FIELDS);
    csv->field[csv->fields++] = (lg_csv_field){.text = csv->text + csv->used, .at = csv->at};
    return LOGIT_OK;
}

static logit_status end_field(lg_csv *csv, logit_error *err)
{
    lg_csv_field *field = &csv->field[csv->fields - 1];
    field->length = (size_t)(csv->text + csv->used - field->text);
    return put(csv, '\0', err);
}

/* Takes the byte that was peeked at. */
static void step(lg_csv *csv, int byte)
{
    csv->at++;
    csv->line += byte == '\n';
}

/* A field in quotes, from its first quote to what comes behind the last. */
static logit_status read_quoted(lg_csv *csv, logit_error *err)
{
    int byte;
    step(csv, '"');
    for (;;) {
        LG_TRY(peek(csv, &byte, err));
        if (byte == END)
            LG_CSV_BAD(err, csv, csv->field[csv->fields - 1].at, "FORMAT",
                       "a quote that is not closed");
        if (byte == 0) LG_CSV_BAD(err, csv, csv->at, "FORMAT", "a NUL byte");
        step(csv, byte);
        if (byte == '"') {
            LG_TRY(peek(csv, &byte, err));
            if (byte != '"') return LOGIT_OK;
            step(csv, byte);
        }
        LG_TRY(put(csv, (char)byte, err));
    }
}

/* A field without quotes, up to a comma or the end of the line. */
static logit_status read_plain(lg_csv *csv, logit_error *err)
{
    int byte;
    for (;;) {
        LG_TRY(peek(csv, &byte, err));
        if (byte == END || byte == ',' || byte == '\n') break;
        if (byte == 0) LG_CSV_BAD(err, csv, csv->at, "FORMAT", "a NUL byte");
        if (byte == '"')
            LG_CSV_BAD(err, csv, csv->at, "FORMAT",
                       "a quote inside a field; put the field in quotes and double this one");
        LG_TRY(put(csv, (char)byte, err));
        step(csv, byte);
    }
    const int empty = csv->text + csv->used == csv->field[csv->fields - 1].text;
    if (byte != ',' && !empty && csv->text[csv->used - 1] == '\r') csv->used--;
    return LOGIT_OK;
}

/* What comes behind a field: 1 if it is another one, 0 if the record ends. */
static logit_status end_of_field(lg_csv *csv, int *more, logit_error *err)
{
    int byte;
    LG_TRY(peek(csv, &byte, err));
    if (byte == '\r') {
        step(csv, byte);
        LG_TRY(peek(csv, &byte, err));
        if (byte == ',') byte = '\r';
    }
    *more = byte == ',';
    if (byte != ',' && byte != '\n' && byte != END)
        LG_CSV_BAD(err, csv, csv->at, "FORMAT", "a field goes on behind its closing quote");
    if (byte != END) step(csv, byte);
    return LOGIT_OK;
}

static logit_status read_record(lg_csv *csv, logit_error *err)
{
    int byte, more = 1;
    csv->begin = csv->at;
    csv->first_line = csv->line;
    csv->fields = 0;
    csv->used = 0;
    while (more) {
        LG_TRY(begin_field(csv, err));
        LG_TRY(peek(csv, &byte, err));
        LG_TRY(byte == '"' ? read_quoted(csv, err) : read_plain(csv, err));
        LG_TRY(end_field(csv, err));
        LG_TRY(end_of_field(csv, &more, err));
    }
    return LOGIT_OK;
}

/* A byte order mark is not part of the first field. */
static logit_status pass_mark(lg_csv *csv, logit_error *err)
{
    static const char mark[] = "\xEF\xBB\xBF";
    int byte;
    if (csv->at > 0 || csv->bytes < 3) return LOGIT_OK;
    LG_TRY(peek(csv, &byte, err));
    if (!memcmp(csv->window, mark, 3)) csv->at = 3;
    return LOGIT_OK;
}

logit_status lg_csv_next(lg_csv *csv, logit_error *err)
{
    LG_TRY(pass_mark(csv, err));
    do {
        csv->fields = 0;
        if (csv->at >= csv->bytes) return LOGIT_OK;
        LG_TRY(read_record(csv, err));
    } while (csv->fields == 1 && csv->field[0].length == 0);
    return LOGIT_OK;
}
