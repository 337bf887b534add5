/* compare_record.h -- a run in lockstep as a file, and a run beside such a file.
 *
 * Layer 2 (train).  A record is JSON lines: what was trained, then for each minibatch the hash of
 * what it holds, then for each array of each stage the XXH3-64 of its float32 bits and, so that a
 * difference can be sized, up to 64 of its numbers, drawn by the seed.
 *
 *   {"type":"record","format":1,"version":..,"device":..,"data":HASH,"options":{NAME:TEXT,..}}
 *   {"type":"batch","step":1,"batch":0,"data":HASH}
 *   {"type":"array","step":1,"stage":"logits","array":"z","count":1280,"hash":HASH,"sample":HEX}
 *   {"type":"end","lines":N}
 *
 * HASH is 16 digits of hexadecimal, HEX 8 of them per float32; the losses of rows have their mean
 * (over settings, too) beside them as "loss", a C99 hexadecimal float.  -0 counts as 0 and every
 * NaN as one, so that equal numbers have equal hashes.  A file of another "format" is refused. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_COMPARE_RECORD_H
#define LG_TRAIN_COMPARE_RECORD_H

#include <cjson/cJSON.h>
#include <xxhash.h>

#include "base/file.h"
#include "train/compare.h"

typedef struct lg_record lg_record;

/* Prepares what options->record or options->against asks for, and has c->seen called; nothing
 * where neither is there.  Errors: IO; DATA (a damaged file: names the line); USAGE (it is of
 * another training: names both values); NOMEM. */
logit_status lg_record_open(lg_compare *c, logit_error *err);

/* The run is over: writes the file, or adds the lines of the differences to c->out, with the first
 * number that is outside its bound if it comes before the one that is there.  Errors: IO, NOMEM;
 * USAGE (the record goes on). */
logit_status lg_record_finish(lg_compare *c, logit_error *err);
void lg_record_close(lg_compare *c);

/* --- what writing and reading share (compare_record.c, compare_against.c) --- */

enum { LG_RECORD_FORMAT = 1, LG_RECORD_SAMPLE = 64 };

extern const char *const lg_array_name[LG_ARRAY_COUNT];
/* "start" for LG_STAGE_COUNT. */
const char *lg_record_stage_name(lg_stage stage);

/* state: of the caller, for any use. */
uint64_t lg_record_hash(XXH3_state_t *state, const double *value, int64_t count);
/* Of everything that the minibatch under way holds. */
uint64_t lg_record_hash_batch(XXH3_state_t *state, const lg_compare *c);
/* The hash of all batches so far, and one more; 0 before the first. */
uint64_t lg_record_hash_more(uint64_t all, uint64_t batch);

/* Number i of the sample of an array: how many there are, and where they stand. */
int lg_record_sample_count(int64_t count);
int64_t lg_record_sample_at(const lg_compare *c, const lg_seen *seen, int i);
uint32_t lg_record_bits(double value);

/* The options that decide what is computed: name i and its value as text, NULL past the last.  The
 * last, features, is left out of a record where it is LG_RECORD_NONE. */
#define LG_RECORD_NONE "none"
const char *lg_record_option(const lg_compare *c, int i, char *value, size_t size);

/* compare_against.c: the other side of open, finish and close. */
typedef struct lg_against lg_against;
logit_status lg_against_open(lg_against **out, lg_compare *c, logit_error *err);
logit_status lg_against_seen(lg_against *against, lg_compare *c, const lg_seen *seen,
                             logit_error *err);
logit_status lg_against_finish(lg_against *against, lg_compare *c, logit_error *err);
void lg_against_close(lg_against *against);

/* --- compare_record_file.c: a record's lines, looked at in whole when it is opened --- */

enum { LG_RECORD_HEX = 8 }; /* digits of a float32 */

typedef struct lg_record_file {
    char path[600]; /* escaped, for messages */
    lg_bytes bytes; /* of the file, lines ended by NUL */
    char *at;       /* the line that comes next */
    int64_t number; /* of that line, from 1 */
    cJSON *head;    /* the first line */
} lg_record_file;

/* Reads it and looks at every line; next is then the second one.  Zeroed before; close also after
 * an error.  Errors: IO; DATA (it is no record, or damaged: names the line); NOMEM. */
logit_status lg_record_file_open(lg_record_file *file, const char *path, logit_error *err);
void lg_record_file_close(lg_record_file *file);

/* The next line as an object, to be deleted; NULL and *err where there is none. */
cJSON *lg_record_file_next(lg_record_file *file, logit_error *err);
/* DATA: what is wrong with the line that was taken last. */
logit_status lg_record_file_damaged(const lg_record_file *file, const char *what, logit_error *err);

/* Fields of a line: "" where there is no such text, -1 where there is no such count. */
const char *lg_record_text(const cJSON *line, const char *name);
int64_t lg_record_count(const cJSON *line, const char *name);
int lg_record_is(const cJSON *line, const char *type);
int lg_record_hash_field(const cJSON *line, const char *name, uint64_t *hash); /* 1: it is there */
int lg_record_loss(const cJSON *line, double *loss);
/* `digits` of hexadecimal at text; 0 if they are none. */
int lg_record_hex(const char *text, int digits, uint64_t *value);

#endif
