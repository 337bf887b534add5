/* report_run.h -- a run folder, read back: what it was, epoch by epoch, and how it ended.
 *
 * Layer 3 (report).  Reads metrics.jsonl, config.ini, eval.json and compare.jsonl; a file that is
 * not there leaves its part empty.  Owns everything but what it borrows by name. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_REPORT_RUN_H
#define LG_REPORT_RUN_H

#include <cjson/cJSON.h>
#include <stdint.h>

#include "logit.h"

/* A setting's figures, one column per name, a row per epoch that it took part in. */
typedef enum lg_run_column {
    LG_RUN_EPOCH,
    LG_RUN_LR,
    LG_RUN_TRAIN_LOSS,
    LG_RUN_VAL_LOSS,
    LG_RUN_VAL_ACCURACY,
    LG_RUN_RATE, /* samples per second */
    LG_RUN_COLUMNS
} lg_run_column;

/* Numbers of equal length, that grow together. */
typedef struct lg_run_table {
    int64_t rows, room;
    double *column[LG_RUN_COLUMNS]; /* [rows]; NaN where there is no figure */
} lg_run_table;

typedef struct lg_run_setting {
    double lr, l2;
    lg_run_table epoch; /* a row for each */
    lg_run_table step;  /* a row for each line of steps: at what part of which epoch, and the mean
                         * loss since the line before it in that epoch */
    double of_epoch, weight, sum; /* the last such line's, and what had been added up there */
} lg_run_setting;

typedef struct lg_run_lines {
    cJSON **line; /* [count] */
    int count;
} lg_run_lines;

typedef struct lg_run {
    const char *folder; /* borrowed */
    int settings, kept; /* kept: -1 before the end */
    lg_run_setting *setting;
    cJSON *start, *end;    /* the lines of these types, or NULL */
    cJSON *eval;           /* eval.json, or NULL */
    lg_run_lines other;    /* lines of other types: what else the run has said */
    lg_run_lines compared; /* compare.jsonl, where `compare -o` was given this folder */
    char *config;          /* config.ini, "" where there is none */
} lg_run;

/* Errors: IO (no metrics.jsonl in the folder: it is no run), DATA (names file and line), NOMEM. */
logit_status lg_run_read(lg_run *run, const char *folder, logit_error *err);
void lg_run_clear(lg_run *run);

/* A member of a JSON object: its number, or NaN; its text, or NULL. */
double lg_run_number(const cJSON *object, const char *name);
const char *lg_run_text(const cJSON *object, const char *name);

#endif
