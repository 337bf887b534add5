/* predict_rows.c -- lines of text through a model, each answered before the next is read. */
/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/status.h"
#include "base/text.h"
#include "data/line_read.h"
#include "train/predictor.h"

/* One stream of lines. */
typedef struct reading {
    logit_model *model;
    lg_predictor *predictor;
    const lg_rows_row *format;
    const char *file;
    lg_lines lines;
    int some; /* a line has held something */
    char *name;
    logit_guess *guess; /* [wanted] */
    int wanted;
    lg_predicted_fn *found;
    void *user;
} reading;

static int is_blank(const lg_bytes *line)
{
    return line->data[strspn((const char *)line->data, " \t")] == '\0';
}

/* What the lines before a format looks at them have in common. */
static logit_status read_line(const reading *r, lg_row *row, logit_error *err)
{
    if (r->lines.too_long)
        return lg_row_fail(row, err, "LIMIT", "a line of more than %zu bytes", r->lines.limit);
    if (strlen(row->text) != row->size)
        return lg_row_fail(row, err, "FORMAT", "holds a NUL byte, expected text");
    return r->format->read(row, err);
}

/* A bad line is told as such, and the others go on. */
static logit_status answer(reading *r, const lg_row *row, logit_status status,
                           const logit_error *why, logit_error *err)
{
    logit_prediction one = {.name = row->name ? row->name : r->name, .guess = r->guess};
    if (status == LOGIT_OK) {
        LG_TRY(lg_predictor_guess(r->predictor, r->model, row->element, r->guess, r->wanted, err));
        one.count = r->wanted;
    } else if (status == LOGIT_E_DATA || status == LOGIT_E_IO) {
        one.error = why;
    } else {
        if (err) *err = *why;
        return status;
    }
    return r->found(r->user, &one, err);
}

static logit_status take_line(reading *r, logit_error *err)
{
    logit_error why = {0};
    lg_bytes *line = &r->lines.line;
    lg_row row = {.model = r->model,
                  .decoder = r->predictor->decoder,
                  .file = r->file,
                  .line = r->lines.number,
                  .first = !r->some,
                  .text = (char *)line->data,
                  .size = line->size,
                  .bytes = r->predictor->pixels,
                  .element = *lg_model_element(r->model)};
    if (!r->lines.too_long && line->size == strlen(row.text) && is_blank(line)) return LOGIT_OK;
    r->some = 1;
    free(r->name);
    r->name = lg_text_format("%s:%lld", r->file, (long long)row.line);
    if (!r->name) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a name");
    const logit_status status = read_line(r, &row, &why);
    const logit_status end =
        status == LOGIT_OK && row.is_nothing ? LOGIT_OK : answer(r, &row, status, &why, err);
    free(row.name);
    return end;
}

static logit_status read_all(reading *r, int fd, logit_error *err)
{
    r->guess = calloc((size_t)r->wanted, sizeof *r->guess);
    if (!r->guess) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %d classes", r->wanted);
    LG_TRY(lg_lines_open(&r->lines, fd, r->file, lg_rows_longest(r->model), err));
    for (;;) {
        LG_TRY(lg_lines_next(&r->lines, err));
        if (r->lines.ended) return LOGIT_OK;
        LG_TRY(take_line(r, err));
    }
}

static logit_status read_stream(logit_model *model, int fd, const char *file, lg_rows_format format,
                                const logit_options *options, int top_k, lg_predicted_fn *found,
                                void *user, logit_error *err)
{
    const int classes = model->classes > 0 ? model->classes : 1;
    reading r = {.model = model,
                 .format = &lg_rows_formats[format],
                 .file = file,
                 .wanted = top_k < classes ? top_k : classes,
                 .found = found,
                 .user = user};
    LG_TRY(lg_predictor_prepare(model, options, top_k, &r.predictor, err));
    const logit_status status = read_all(&r, fd, err);
    lg_lines_close(&r.lines);
    free(r.guess);
    free(r.name);
    return status;
}

logit_status lg_predict_lines(logit_model *model, const char *file, lg_rows_format format,
                              const logit_options *options, int top_k, lg_predicted_fn *found,
                              void *user, logit_error *err)
{
    int fd;
    LG_TRY(lg_file_open(&fd, AT_FDCWD, file, NULL, err));
    const logit_status status =
        read_stream(model, fd, file, format, options, top_k, found, user, err);
    close(fd);
    return status;
}

logit_status logit_predict_rows(logit_model *model, int fd, const char *name, const char *format,
                                const logit_options *options, int top_k,
                                logit_status (*found)(void *user,
                                                      const logit_prediction *prediction,
                                                      logit_error *err),
                                void *user, logit_error *err)
{
    const lg_rows_format row = lg_rows_find(format);
    if (row == LG_ROWS_COUNT)
        LG_FAIL(err, LOGIT_E_USAGE, "rows of \"%.40s\" are not known", format);
    return read_stream(model, fd, name, row, options, top_k, found, user, err);
}
