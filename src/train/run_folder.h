/* run_folder.h -- where the results of a run go: model, metrics, lock.
 *
 * Layer 2 (train).  RUN/lock holds the process id of the run that owns the folder, under an open
 * file description lock, so that a dead owner never blocks anyone. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_RUN_FOLDER_H
#define LG_TRAIN_RUN_FOLDER_H

#include "base/text.h"
#include "logit.h"

typedef struct lg_run_folder lg_run_folder;

/* What open would say of path (may be NULL), asked early.  Errors: USAGE if it holds files already
 * and force is 0, or if it would lie inside the folder `data`, in sight of the next run; LOCKED. */
logit_status lg_run_folder_check(const char *path, const char *data, int force, logit_error *err);

/* What to do with a folder in which a run was before. */
typedef enum lg_run_before {
    LG_RUN_BEFORE_REFUSE, /* USAGE */
    LG_RUN_BEFORE_REMOVE, /* its models, checkpoints, config.ini and metrics.jsonl go */
    LG_RUN_BEFORE_GO_ON   /* they stay, and metrics.jsonl grows */
} lg_run_before;

/* Makes the folder (path NULL: runs/NAME-N, NAME from the data's path, N the first that is free)
 * and locks it.  Errors: USAGE, IO, LOCKED (names the process). */
logit_status lg_run_folder_open(lg_run_folder **out, const char *path, const char *data,
                                lg_run_before before, logit_error *err);

/* Unlocks.  keep 0: also removes the folder if nothing was written to it. */
void lg_run_folder_close(lg_run_folder *folder, int keep);

const char *lg_run_folder_path(const lg_run_folder *folder);

/* RUN/name.  Returns 0 if it does not fit. */
int lg_run_folder_file(const lg_run_folder *folder, const char *name, char *out, size_t size);

/* Bytes of RUN/metrics.jsonl; what is behind the first `bytes` is cut off; what was added has
 * reached the disk.  Errors: IO (also: there are fewer than that). */
int64_t lg_run_folder_metrics_bytes(const lg_run_folder *folder);
logit_status lg_run_folder_cut_metrics(lg_run_folder *folder, int64_t bytes, logit_error *err);
logit_status lg_run_folder_sync(lg_run_folder *folder, logit_error *err);

/* Adds a line to RUN/metrics.jsonl (the newline is added here).  Error: IO. */
logit_status lg_run_folder_add_line(lg_run_folder *folder, const lg_text *line, logit_error *err);

#endif
