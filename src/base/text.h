/* text.h -- small helpers for text that goes into messages, JSON and CSV.
 *
 * Layer 0 (base).  File names are bytes: they may hold newlines, escapes or invalid UTF-8. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_BASE_TEXT_H
#define LG_BASE_TEXT_H

#include <stddef.h>
#include <stdio.h>

/* Copies text to out[size], control bytes and invalid UTF-8 as \xNN; cut with "..." if it does
 * not fit.  Returns out, for use as a printf argument. */
const char *lg_text_escape(char *out, size_t size, const char *text);

/* A growing string.  Zero it first; data is NULL until something was added.  When memory runs
 * out `failed` is set and further adds do nothing, so that one check at the end is enough. */
typedef struct lg_text {
    char *data;
    size_t size, room;
    int failed;
} lg_text;

void lg_text_add(lg_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds text as a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD. */
void lg_text_add_json(lg_text *text, const char *string);

/* Adds a double with 17 significant digits; null for NaN and infinities. */
void lg_text_add_number(lg_text *text, double value);

void lg_text_clear(lg_text *text); /* frees */

/* strdup of a printf; NULL if out of memory. */
char *lg_text_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

enum { LG_TEXT_BYTES = 24 }; /* room of `out` below */

/* A size as people read it: "512 B", "46.7 KB", "1.00 GB": three digits, units of 1000.  Returns
 * out, for use as a printf argument. */
const char *lg_text_bytes(char *out, double bytes);

/* Edit distance (insert, delete, replace, swap of neighbours) for "did you mean". */
int lg_text_distance(const char *a, const char *b);

#endif
