/* rows_csv.c -- a line of numbers between commas.
 *
 * A field may stand in quotes, and blanks around it.  The first line is a head, and no sample,
 * where all of its fields are words. */
/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "train/rows.h"

enum { DIGITS = 9 }; /* whole numbers that are read without strtod */

static int is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Cuts the field at *at off and moves *at past its comma, to NULL after the last.  NULL where the
 * quotes do not hold the whole field. */
static char *take_field(char **at)
{
    char *begin = *at;
    while (is_blank(*begin)) begin++;
    const int quoted = *begin == '"';
    char *end = begin + quoted;
    char *const stop = quoted ? strchr(end, '"') : end + strcspn(end, ",");
    if (!stop) return NULL;
    char *comma = stop + quoted;
    while (quoted && is_blank(*comma)) comma++;
    if (*comma != ',' && *comma != '\0') return NULL;
    *at = *comma ? comma + 1 : NULL;
    for (begin += quoted, end = stop; !quoted && end > begin && is_blank(end[-1]);) end--;
    *end = '\0';
    return begin;
}

/* Digits with sign, point and exponent: strtod takes hexadecimal numbers and words as well. */
static int take_number(const char *text, double *value)
{
    char *end;
    size_t digits = 0;
    int whole = 0;
    while (digits < DIGITS && text[digits] >= '0' && text[digits] <= '9')
        whole = whole * 10 + (text[digits++] - '0');
    if (digits > 0 && text[digits] == '\0') {
        *value = (double)whole;
        return 1;
    }
    if (!text[strcspn(text, "0123456789")] || text[strspn(text, "+-.0123456789eE")]) return 0;
    *value = strtod(text, &end);
    return *end == '\0';
}

/* strtof rounds once, strtod and a cast twice. */
static int put(lg_row *row, int64_t i, const char *field)
{
    double value;
    if (!take_number(field, &value)) return 0;
    return lg_row_put(row, i, row->model->floats ? (double)strtof(field, NULL) : value);
}

static logit_status bad_quotes(const lg_row *row, int64_t i, logit_error *err)
{
    return lg_row_fail(row, err, "FORMAT", "the quotes of field %lld do not hold all of it",
                       (long long)i + 1);
}

/* Anything that strtod takes, "nan" and "0x1" too, and an empty field: no name of a column. */
static int is_no_name(const char *field)
{
    char *end;
    (void)strtod(field, &end);
    return *end == '\0';
}

/* Fields of a line; *names of them could be names of columns.  text is a copy that is cut up. */
static int64_t count_fields(char *text, int64_t *names)
{
    int64_t count = 0;
    *names = 0;
    for (char *at = text; at; count++) {
        const char *field = take_field(&at);
        if (!field) return -1;
        *names += !is_no_name(field);
    }
    return count;
}

static logit_status look_for_head(lg_row *row, logit_error *err)
{
    int64_t names;
    char *copy = strdup(row->text);
    if (!copy) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a line");
    const int64_t count = count_fields(copy, &names);
    free(copy);
    row->is_nothing = count > 0 && names == count;
    if (row->is_nothing && count != row->model->features) return lg_row_fail_count(row, count, err);
    return LOGIT_OK;
}

logit_status lg_rows_csv(lg_row *row, logit_error *err)
{
    const int64_t d = row->model->features;
    const char *wrong = NULL; /* the first value that cannot be, told where their number is right */
    int64_t count = 0, wrong_at = 0;
    if (row->first) {
        const logit_status status = look_for_head(row, err);
        if (status != LOGIT_OK || row->is_nothing) return status;
    }
    for (char *at = row->text; at; count++) {
        const char *field = take_field(&at);
        if (!field) return bad_quotes(row, count, err);
        if (wrong || count >= d || put(row, count, field)) continue;
        wrong = field;
        wrong_at = count;
    }
    if (count != d) return lg_row_fail_count(row, count, err);
    return wrong ? lg_row_fail_value(row, wrong_at, wrong, err) : LOGIT_OK;
}
