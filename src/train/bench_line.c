/* bench_line.c -- a line of the table: its floor, its time, its report. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/status.h"
#include "train/bench.h"

enum { STRETCHES = 5 };

/* --------------------------------------------------------------------------------- floors --- */

typedef struct limit {
    const char *bound;
    double seconds;
} limit;

/* The one that takes longest. */
static double slowest(const limit *list, int count, const char **bound)
{
    double seconds = 0.0;
    *bound = "";
    for (int i = 0; i < count; i++) {
        if (!(list[i].seconds > seconds)) continue;
        seconds = list[i].seconds;
        *bound = list[i].bound;
    }
    return seconds > 0.0 ? 1.0 / seconds : INFINITY;
}

static double processor_floor(const lg_bench *bench, const lg_work *work, const char **bound)
{
    const lg_ceiling *c = &bench->ceiling;
    const limit limits[] = {
        {"memory", work->bytes / (work->threads_one ? c->read_one : c->read_all)},
        {"arithmetic", work->multiply_adds / (work->threads_one ? c->fma_one : c->fma_all)},
        {"matmul", bench->matmul > 0.0 ? work->products / bench->matmul : 0.0},
    };
    return slowest(limits, sizeof limits / sizeof *limits, bound);
}

static double device_floor(const lg_bench *bench, const lg_work *work, const char **bound)
{
    const lg_device_ceiling *c = &bench->device;
    const double fma = c->fma[bench->precision];
    const limit limits[] = {
        {"memory", work->bytes / c->copy},
        {bench->precision == LG_PRECISION_F32 ? "arithmetic" : "tensor",
         fma > 0.0 ? work->multiply_adds / fma : 0.0},
        {"matmul", fma > 0.0 ? work->products / fma : 0.0},
        {"latency", work->nodes * c->node + work->launches * c->launch},
        {"bus", c->pinned > 0.0 ? work->streamed / c->pinned : 0.0},
    };
    return slowest(limits, sizeof limits / sizeof *limits, bound);
}

double lg_bench_floor(const lg_bench *bench, const lg_work *work, const char **bound)
{
    return bench->device.copy > 0.0 ? device_floor(bench, work, bound)
                                    : processor_floor(bench, work, bound);
}

/* --------------------------------------------------------------------------------- reports --- */

int lg_bench_wants(const lg_bench *bench, const char *name, const char *shape)
{
    char line[160];
    snprintf(line, sizeof line, "%s, %s", name, shape);
    return !bench->only || strstr(line, bench->only) != NULL;
}

void lg_bench_tell(const lg_bench *bench, const logit_measure *line)
{
    const logit_watch *watch = bench->watch;
    if (watch && watch->measure) watch->measure(watch->user, line);
}

static void report(const lg_bench *bench, const char *name, const char *shape, const char *unit,
                   double value, double floor, const char *bound)
{
    logit_measure line = {.value = value, .floor = floor};
    if (!lg_bench_wants(bench, name, shape)) return;
    snprintf(line.name, sizeof line.name, "%s", name);
    snprintf(line.shape, sizeof line.shape, "%s", shape);
    snprintf(line.unit, sizeof line.unit, "%s", unit);
    snprintf(line.bound, sizeof line.bound, "%s", bound);
    lg_bench_tell(bench, &line);
}

/* How often a second the work can be done, or NaN. */
static double floor_of(const lg_bench *bench, const lg_work *work, const char **bound)
{
    *bound = "";
    if (!work) return NAN;
    const double rate = lg_bench_floor(bench, work, bound);
    return isfinite(rate) ? rate : NAN;
}

void lg_bench_report(const lg_bench *bench, const char *name, const char *shape, const char *unit,
                     double value, const lg_work *work)
{
    const char *bound;
    const double rate = floor_of(bench, work, &bound);
    report(bench, name, shape, unit, value, rate, bound);
}

void lg_bench_report_time(const lg_bench *bench, const char *name, const char *shape,
                          const char *unit, double seconds, const lg_work *work)
{
    const char *bound;
    const double units = strcmp(unit, "ms") == 0 ? 1e3 : 1e6;
    const double rate = floor_of(bench, work, &bound);
    report(bench, name, shape, unit, seconds * units, units / rate, bound);
}

logit_status lg_bench_leave_out(const lg_bench *bench, const char *name, const char *shape,
                                logit_status status)
{
    if (status != LOGIT_E_NOMEM && status != LOGIT_E_USAGE) return status;
    report(bench, name, shape, "left out", NAN, NAN,
           status == LOGIT_E_NOMEM ? "there is no room" : "not on this device");
    return LOGIT_OK;
}

/* ---------------------------------------------------------------------------------- timing --- */

logit_status lg_bench_go_on(const lg_bench *bench, logit_error *err)
{
    const logit_watch *watch = bench->watch;
    if (!watch || !watch->stop || !watch->stop(watch->user)) return LOGIT_OK;
    LG_FAIL(err, LOGIT_E_STOPPED, "stopped; what was measured before stands above");
}

logit_status lg_bench_time(const lg_bench *bench, lg_bench_fn *fn, void *argument, double *rate,
                           logit_error *err)
{
    logit_status status = fn(argument, err); /* warm */
    *rate = 0.0;
    for (int i = 0; i < STRETCHES && status == LOGIT_OK; i++) {
        const double start = lg_seconds(), end = start + bench->seconds / STRETCHES;
        int64_t calls = 0;
        double now = start;
        while (status == LOGIT_OK && (calls == 0 || now < end)) {
            status = fn(argument, err);
            calls++;
            now = lg_seconds();
            if (status == LOGIT_OK) status = lg_bench_go_on(bench, err);
        }
        *rate = fmax(*rate, (double)calls / (now - start));
    }
    return status;
}

const char *lg_bench_folder(void)
{
    const char *folder = getenv("TMPDIR");
    return folder && *folder ? folder : "/tmp";
}
