/* bench.c -- ceilings first, then what is reached of them. */
/* SPDX-License-Identifier: MIT */
#include "train/bench.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/status.h"
#include "train/settings.h"

enum { STRETCHES = 5 };

double lg_bench_floor(const lg_bench *bench, const lg_work *work, const char **bound)
{
    const lg_ceiling *c = &bench->ceiling;
    const double fma = work->threads_one ? c->fma_one : c->fma_all;
    const double read = work->threads_one ? c->read_one : c->read_all;
    const double by_fma = work->multiply_adds > 0.0 ? fma / work->multiply_adds : INFINITY;
    const double by_read = work->bytes > 0.0 ? read / work->bytes : INFINITY;
    *bound = by_fma < by_read ? "arithmetic" : "memory";
    return fmin(by_fma, by_read);
}

void lg_bench_report(const lg_bench *bench, const char *name, const char *shape, const char *unit,
                     double value, const lg_work *work)
{
    logit_measure line = {.value = value, .floor = NAN};
    const char *bound = "";
    if (work && work->multiply_adds + work->bytes > 0.0)
        line.floor = lg_bench_floor(bench, work, &bound);
    snprintf(line.name, sizeof line.name, "%s", name);
    snprintf(line.shape, sizeof line.shape, "%s", shape);
    snprintf(line.unit, sizeof line.unit, "%s", unit);
    snprintf(line.bound, sizeof line.bound, "%s", bound);
    bench->found(bench->user, &line);
}

logit_status lg_bench_time(const lg_bench *bench, lg_bench_fn *fn, void *argument, double *rate,
                           logit_error *err)
{
    LG_TRY(fn(argument, err)); /* warm */
    *rate = 0.0;
    for (int i = 0; i < STRETCHES; i++) {
        const double start = lg_seconds(), end = start + bench->seconds / STRETCHES;
        int64_t calls = 0;
        double now;
        do {
            LG_TRY(fn(argument, err));
            calls++;
            now = lg_seconds();
        } while (now < end);
        *rate = fmax(*rate, (double)calls / (now - start));
    }
    return LOGIT_OK;
}

static void report_ceilings(const lg_bench *bench)
{
    const lg_ceiling *c = &bench->ceiling;
    char all[32];
    snprintf(all, sizeof all, "%d thread%s", c->threads, c->threads == 1 ? "" : "s");
    lg_bench_report(bench, "ceiling: memory read", "1 thread", "GB/s", c->read_one / 1e9, NULL);
    lg_bench_report(bench, "ceiling: memory read", all, "GB/s", c->read_all / 1e9, NULL);
    lg_bench_report(bench, "ceiling: memory copy", all, "GB/s", c->copy_all / 1e9, NULL);
    lg_bench_report(bench, "ceiling: multiply-add", "1 thread", "Gfma/s", c->fma_one / 1e9, NULL);
    lg_bench_report(bench, "ceiling: multiply-add", all, "Gfma/s", c->fma_all / 1e9, NULL);
}

logit_status logit_bench(const char *data, const logit_options *options, double seconds,
                         void (*found)(void *user, const logit_measure *line), void *user,
                         logit_error *err)
{
    logit_options settled = *options;
    LG_TRY(lg_options_settle(&settled, err));
    if (strncmp(settled.device, "simt", 4) == 0)
        LG_FAIL(err, LOGIT_E_USAGE, "--device simt: a stand-in is not timed");
    lg_bench bench = {.options = &settled, .seconds = seconds, .found = found, .user = user};
    LG_TRY(lg_ceiling_measure(&bench.ceiling, settled.threads, seconds, err));
    report_ceilings(&bench);
    LG_TRY(lg_bench_kernels(&bench, err));
    LG_TRY(lg_bench_loader(&bench, err));
    LG_TRY(lg_bench_packed(&bench, err));
    LG_TRY(lg_bench_augment(&bench, err));
    if (!data) return LOGIT_OK;
    LG_TRY(lg_bench_list(&bench, data, err));
    return lg_bench_decode(&bench, data, err);
}
