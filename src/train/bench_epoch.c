/* bench_epoch.c -- whole epochs by the trainer's own loop, from random bytes in host memory.
 *
 * Resident: the set is where the device computes, as after the first epoch of any set that fits.
 * Streamed: every sample goes through the loader's slots (reading is a copy) and the feed.  What a
 * trainer does between epochs (validation, reports, checkpoints) is not timed. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/status.h"
#include "train/bench.h"
#include "train/trainer.h"

/* The fewest launches that follow one another in a step: product, loss, product. */
enum { STEP_LAUNCHES = 3 };

/* Epochs before the first that counts: steps are recorded in the first ones; and of those. */
enum { WARM_CPU = 1, WARM_GPU = 4, LEAST = 2 };

enum { BOTH = LG_BENCH_CPU | LG_BENCH_GPU };

static const lg_bench_course courses[] = {
    {"MNIST, 784 x 10, batch 128", {28, 28, 1}, 60000, 128, 10, 1, 0, BOTH},
    {"CIFAR, 3072 x 10, batch 1024", {32, 32, 3}, 50000, 1024, 10, 1, 0, BOTH},
    {"3x100x100, 1 sigmoid, batch 256", {100, 100, 3}, 25000, 256, 2, 1, 0, LG_BENCH_GPU},
    {"MNIST, 784 x 10, batch 128", {28, 28, 1}, 60000, 128, 10, 1, 1, BOTH},
    {"CIFAR, 3072 x 10, batch 1024", {32, 32, 3}, 50000, 1024, 10, 1, 1, BOTH},
    {"3x100x100, 1 sigmoid, batch 256", {100, 100, 3}, 25000, 256, 2, 1, 1, LG_BENCH_GPU},
    {"MNIST, 784 x 10, batch 128", {28, 28, 1}, 60000, 128, 10, 8, 0, BOTH},
    {"MNIST, 784 x 10, batch 128", {28, 28, 1}, 60000, 128, 10, 64, 0, LG_BENCH_GPU},
};

static const lg_bench_course grid = {
    "MNIST, 784 x 10, batch 128", {28, 28, 1}, 60000, 128, 10, 16, 0, BOTH};

static void say_name(char *out, size_t size, const lg_bench_course *course)
{
    if (course->settings > 1)
        snprintf(out, size, "epoch, grid of %d", course->settings);
    else
        snprintf(out, size, "epoch, %s", course->streamed ? "streamed" : "resident");
}

static int64_t features_of(const lg_bench_course *course)
{
    return (int64_t)course->shape.height * course->shape.width * course->shape.channels;
}

/* Small rates on random labels: nothing diverges, and every setting differs. */
static void choose_options(logit_options *o, const lg_bench *bench, const lg_bench_course *course)
{
    const int64_t bytes = course->samples * features_of(course);
    *o = *bench->options;
    o->optimizer = "sgd";
    o->loss = "auto";
    o->shuffle = "full";
    o->batch_size = course->batch;
    o->val_split = 0.0;
    o->epochs = 1000000;
    o->checkpoint_seconds = 1e9; /* there is no folder to save in */
    o->l2 = (logit_list){1, {0.0}};
    o->lr.count = course->settings;
    for (int s = 0; s < course->settings; s++) o->lr.value[s] = 1e-5 * (s + 1) / course->settings;
    if (course->streamed) o->memory = bytes / 4;
}

static logit_status open_trainer(lg_trainer *t, const lg_bench_course *course, logit_error *err)
{
    lg_source *train = &t->sources.part[LG_PART_TRAIN];
    LG_TRY(lg_bench_set(&t->sources.data, course->samples, course->shape, course->classes,
                        !course->streamed, err));
    train->set = t->sources.data->part[LG_PART_TRAIN];
    train->count = course->samples;
    return lg_trainer_open(t, err);
}

/* Seconds of the best of several epochs. */
static logit_status time_epochs(const lg_bench *bench, lg_trainer *t, double *best,
                                logit_error *err)
{
    const int warm = t->backend->ops->unified ? WARM_CPU : WARM_GPU;
    const double end = lg_seconds() + bench->seconds;
    *best = INFINITY;
    for (int i = 0; i < warm + LEAST || lg_seconds() < end; i++) {
        const double start = lg_seconds();
        LG_TRY(lg_trainer_run_epoch(t, err));
        t->epoch++;
        if (i >= warm) *best = fmin(*best, lg_seconds() - start);
        LG_TRY(lg_bench_go_on(bench, err));
    }
    return LOGIT_OK;
}

/* The bytes of a resident set lie in no cache for sure only where they are many; then they are read
 * once an epoch. */
static void report_epoch(const lg_bench *bench, const lg_trainer *t, const lg_bench_course *course,
                         const char *name, double seconds)
{
    const double n = (double)course->samples, d = (double)t->features;
    const double steps = (double)t->steps_per_epoch;
    const lg_work work = {
        .multiply_adds = 2.0 * n * d * t->outputs * t->settings,
        .bytes = n * d,
        .nodes = course->streamed ? 0.0 : STEP_LAUNCHES * steps,
        .launches = course->streamed ? STEP_LAUNCHES * steps : 0.0,
        .streamed = course->streamed ? n * d : 0.0,
    };
    lg_bench_report_time(bench, name, course->name, "ms", seconds, &work);
}

/* A set is in memory once, and what is streamed has its slots beside it. */
static int has_room(const lg_bench_course *course)
{
    int64_t total, available;
    lg_memory_read(&total, &available);
    return 2 * course->samples * features_of(course) <= available;
}

/* Seconds of an epoch, which is reported under name; NULL: it is not. */
static logit_status run_course(const lg_bench *bench, const lg_bench_course *course,
                               const char *name, double *seconds, logit_error *err)
{
    if (!has_room(course)) LG_FAIL(err, LOGIT_E_NOMEM, "no room for the samples of an epoch");
    lg_trainer *t = calloc(1, sizeof *t);
    if (!t) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a training");
    *t = (lg_trainer){.path = "random bytes", .is_given = 1, .started = lg_seconds()};
    choose_options(&t->options, bench, course);
    logit_status status = open_trainer(t, course, err);
    if (status == LOGIT_OK) status = time_epochs(bench, t, seconds, err);
    if (status == LOGIT_OK && name) report_epoch(bench, t, course, name, *seconds);
    lg_trainer_close(t);
    free(t);
    return status;
}

logit_status lg_bench_epoch(const lg_bench *bench, const lg_bench_course *course, logit_error *err)
{
    char name[64];
    double seconds;
    say_name(name, sizeof name, course);
    if (!lg_bench_wants(bench, name, course->name)) return LOGIT_OK;
    const logit_status status = run_course(bench, course, name, &seconds, err);
    return status == LOGIT_OK ? status : lg_bench_leave_out(bench, name, course->name, status);
}

/* Many settings at once, and each by itself: the best of each run's epochs, added up. */
static logit_status time_grid(const lg_bench *bench, const lg_bench_course *course,
                              const char *name, double *together, double *apart, logit_error *err)
{
    lg_bench_course solo = *course;
    lg_bench brief = *bench;
    brief.seconds /= course->settings;
    solo.settings = 1;
    *apart = 0.0;
    LG_TRY(run_course(bench, course, name, together, err));
    for (int s = 0; s < course->settings; s++) {
        double seconds;
        LG_TRY(run_course(&brief, &solo, NULL, &seconds, err));
        *apart += seconds;
    }
    return LOGIT_OK;
}

logit_status lg_bench_grid(const lg_bench *bench, const lg_bench_course *course, logit_error *err)
{
    char name[64], runs[64];
    double together, apart;
    snprintf(name, sizeof name, "grid, %d settings", course->settings);
    snprintf(runs, sizeof runs, "grid, %d runs", course->settings);
    if (!lg_bench_wants(bench, name, course->name) && !lg_bench_wants(bench, runs, course->name) &&
        !lg_bench_wants(bench, "grid, share", course->name))
        return LOGIT_OK;
    const logit_status status = time_grid(bench, course, name, &together, &apart, err);
    if (status != LOGIT_OK) return lg_bench_leave_out(bench, name, course->name, status);
    lg_bench_report_time(bench, runs, course->name, "ms", apart, NULL);
    lg_bench_report(bench, "grid, share", course->name, "of runs", together / apart, NULL);
    return LOGIT_OK;
}

logit_status lg_bench_epochs(const lg_bench *bench, int where, logit_error *err)
{
    for (size_t i = 0; i < sizeof courses / sizeof *courses; i++)
        if (courses[i].where & where) LG_TRY(lg_bench_epoch(bench, &courses[i], err));
    return lg_bench_grid(bench, &grid, err);
}
