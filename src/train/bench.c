/* bench.c -- ceilings first, then what is reached of them. */
/* SPDX-License-Identifier: MIT */
#include "train/bench.h"

#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "core/probe.h"
#include "train/open_device.h"
#include "train/settings.h"
#include "train/sources.h"

static void report_processor(const lg_bench *bench)
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

/* On a backend whose threads sleep, which would disturb the processor's own figures.  Also says
 * whose lines are to come. */
static logit_status measure_ceilings(lg_bench *bench, int *where, logit_error *err)
{
    lg_backend *backend;
    logit_status status = LOGIT_OK;
    LG_TRY(lg_open_device(&backend, bench->options, 0, NULL, err));
    *where = backend->ops->unified ? LG_BENCH_CPU : LG_BENCH_GPU;
    if (*where == LG_BENCH_GPU && backend->ops->probe)
        status = lg_device_ceiling_measure(bench, backend, &lg_device_sizes_full, err);
    lg_backend_close(backend);
    if (status != LOGIT_OK || *where == LG_BENCH_GPU) return status;
    LG_TRY(lg_ceiling_measure(&bench->ceiling, bench->options->threads, bench->seconds,
                              bench->watch, err));
    report_processor(bench);
    return LOGIT_OK;
}

static logit_status measure_steps(const lg_bench *bench, logit_error *err)
{
    lg_backend *backend;
    LG_TRY(lg_open_device(&backend, bench->options, 1, NULL, err));
    logit_status status = lg_bench_device(bench, backend, err);
    if (status == LOGIT_OK) status = lg_bench_kernels(bench, backend, err);
    if (status == LOGIT_OK) status = lg_bench_maps(bench, backend, err);
    lg_backend_close(backend);
    return status;
}

/* What its reader will say of DATA: now, not after minutes of measuring. */
static logit_status hold_data(const lg_bench *bench, const char *data, logit_error *err)
{
    lg_sources sources;
    const char *part;
    LG_TRY(lg_sources_open_for_eval(&sources, data, NULL, bench->options, NULL, NULL, &part, err));
    lg_sources_close(&sources);
    return LOGIT_OK;
}

logit_status logit_bench(const char *data, const logit_options *options, double seconds,
                         const char *only, const logit_watch *watch, logit_error *err)
{
    logit_options settled = *options;
    int where;
    LG_TRY(lg_options_settle(&settled, err));
    if (strncmp(settled.device, "simt", 4) == 0)
        LG_FAIL(err, LOGIT_E_USAGE, "--device simt: a stand-in is not timed");
    lg_bench bench = {.options = &settled,
                      .seconds = seconds,
                      .only = only,
                      .precision = lg_precision_find(settled.precision),
                      .watch = watch};
    if (data) LG_TRY(hold_data(&bench, data, err));
    LG_TRY(measure_ceilings(&bench, &where, err));
    LG_TRY(measure_steps(&bench, err));
    LG_TRY(lg_bench_epochs(&bench, where, err));
    LG_TRY(lg_bench_loader(&bench, err));
    LG_TRY(lg_bench_packed(&bench, err));
    LG_TRY(lg_bench_augment(&bench, err));
    LG_TRY(lg_bench_checkpoint(&bench, err));
    if (!data) return LOGIT_OK;
    LG_TRY(lg_bench_list(&bench, data, err));
    return lg_bench_decode(&bench, data, err);
}
