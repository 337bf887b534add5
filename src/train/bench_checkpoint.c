/* bench_checkpoint.c -- what saving a run costs: a checkpoint of this size, to the disk and synced.
 *
 * In the folder for temporary files.  The share is of a training's time at the default interval;
 * lg_checkpoint_save_if_due waits until a save is no more than a hundredth of it. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/status.h"
#include "train/bench.h"
#include "train/checkpoint.h"

/* Weights, biases and the two moments of adam, as a run keeps them. */
static const struct {
    const char *name;
    size_t features, outputs;
} shapes[] = {
    {"784 x 10, adam", 784, 10},
    {"30000 x 1, adam", 30000, 1},
    {"1024 x 1000, adam", 1024, 1000},
};

typedef struct saving_pass {
    char path[1024];
    lg_text head;
    void *state;
    size_t bytes;
} saving_pass;

static logit_status save_pass(void *argument, logit_error *err)
{
    const saving_pass *s = argument;
    return lg_checkpoint_file_write(s->path, &s->head, s->state, s->bytes, err);
}

/* The most of its time that a training spends on saves which take `seconds` each. */
static double share_of(double seconds)
{
    logit_options options;
    logit_options_default(&options);
    return seconds / lg_checkpoint_interval(&options, seconds);
}

static logit_status time_saving(const lg_bench *bench, saving_pass *s, const char *shape,
                                logit_error *err)
{
    double rate;
    LG_TRY(lg_bench_time(bench, save_pass, s, &rate, err));
    lg_bench_report_time(bench, "checkpoint", shape, "ms", 1.0 / rate, NULL);
    lg_bench_report(bench, "checkpoint, share of time", shape, "%", 100.0 * share_of(1.0 / rate),
                    NULL);
    return LOGIT_OK;
}

static logit_status measure(const lg_bench *bench, int i, const char *folder, logit_error *err)
{
    saving_pass s = {.bytes = 3 * sizeof(float) * (shapes[i].features + 1) * shapes[i].outputs};
    snprintf(s.path, sizeof s.path, "%s/checkpoint", folder);
    lg_text_add(&s.head, "{\"step\":0}");
    s.state = calloc(s.bytes, 1);
    logit_status status = LOGIT_OK;
    if (!s.state)
        status = lg_fail(err, LOGIT_E_NOMEM, __FILE__, __LINE__, "out of memory for a checkpoint");
    if (status == LOGIT_OK) status = time_saving(bench, &s, shapes[i].name, err);
    unlink(s.path);
    lg_text_clear(&s.head);
    free(s.state);
    return status;
}

logit_status lg_bench_checkpoint(const lg_bench *bench, logit_error *err)
{
    char folder[1000];
    logit_status status = LOGIT_OK;
    snprintf(folder, sizeof folder, "%.900s/logit-bench-XXXXXX", lg_bench_folder());
    if (!mkdtemp(folder)) LG_FAIL(err, LOGIT_E_IO, "%s: folder cannot be made", folder);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes && status == LOGIT_OK; i++) {
        if (!lg_bench_wants(bench, "checkpoint", shapes[i].name) &&
            !lg_bench_wants(bench, "checkpoint, share of time", shapes[i].name))
            continue;
        status = measure(bench, (int)i, folder, err);
    }
    rmdir(folder);
    return status;
}
