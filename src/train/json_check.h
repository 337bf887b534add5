/* json_check.h -- JSON from a file that may be damaged or hostile: checked first, then a cJSON
 * tree.
 *
 * Layer 2 (train).  cJSON builds the tree, but it takes more than JSON (raw control bytes, bytes
 * that are not UTF-8, "01", keys twice, \u0000), recurses by nesting, and says NULL for bad syntax
 * and for lack of memory alike.  So a scan without recursion or allocation holds the text against
 * RFC 8259 and the caller's limits first; cJSON sees what passed, and its NULL means memory.
 *
 * Trees are freed with cJSON_Delete.  Safe from several threads (cJSON's own error position is
 * global, and guarded here). */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_JSON_CHECK_H
#define LG_TRAIN_JSON_CHECK_H

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdint.h>

#include "logit.h"

typedef struct lg_json_rules {
    int depth;      /* objects and arrays within each other, 1 .. 63 */
    int64_t values; /* in all, keys not counted; a tree takes some 100 bytes for each */
    int integers;   /* numbers are plain integers, 0 .. 2^64 - 1 */
} lg_json_rules;

/* What is wrong with a text, and where. */
typedef struct lg_json_fault {
    size_t at;          /* byte, from 0 */
    const char *reason; /* static */
    const char *kind;   /* "FORMAT", "RANGE" or "LIMIT" */
} lg_json_fault;

/* Is text one JSON value, with nothing but white space around it?  No memory is taken; keys that
 * are there twice are not seen.  text[size] must be NUL.  Returns OK or LOGIT_E_DATA (*fault is
 * filled). */
logit_status lg_json_check(const char *text, size_t size, const lg_json_rules *rules,
                           lg_json_fault *fault);

/* Checks the same, and that no key is there twice in an object, and builds the tree.  Numbers
 * become doubles: exact below 2^53.  *out is NULL on failure.  Returns OK, LOGIT_E_DATA (*fault is
 * filled) or LOGIT_E_NOMEM. */
logit_status lg_json_parse(cJSON **out, const char *text, size_t size, const lg_json_rules *rules,
                           lg_json_fault *fault);

/* Where in text the key of node lies (of what holds it, if it has none).  text and root as they
 * were read by lg_json_parse.  Scans again: for messages. */
size_t lg_json_place(const char *text, size_t size, const cJSON *root, const cJSON *node);

/* Length of the UTF-8 sequence at s (1 to 4), or 0 if it is not valid.  Reads no further than a
 * NUL. */
int lg_json_utf8(const char *s);

#endif
