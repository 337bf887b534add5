/* bench_load.c -- how fast images come off the disk and out of the ring. */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "data/sandbox.h"
#include "train/bench.h"
#include "train/sources.h"

#define LOADER_SHAPE "784 bytes, batch 128"
enum { LOADER_SAMPLES = 60000, LOADER_BATCH = 128 };
enum { MOST_FILES = 200 }; /* decoded in a pass */

/* --- decoding: one thread, sample after sample --- */

typedef struct decoding {
    const lg_set *set;
    lg_decoder *decoder;
    uint8_t *out;
    size_t bytes; /* of a sample */
    int64_t files;
} decoding;

/* Index of file number f: the files of a pass are spread over the whole set. */
static int64_t spread(const decoding *d, int64_t f)
{
    return f * d->set->count / d->files;
}

static logit_status decode_pass(void *argument, logit_error *err)
{
    decoding *d = argument;
    for (int64_t f = 0; f < d->files; f++)
        LG_TRY(d->set->ops->read(d->set, spread(d, f), d->decoder, d->out, err));
    return LOGIT_OK;
}

/* by: what the line calls it. */
static logit_status time_decoding(const lg_bench *bench, decoding *d, const char *by,
                                  const char *format, double *files_per_second, logit_error *err)
{
    double rate, bytes = 0.0;
    char shape[64];
    int64_t size;
    lg_image_info info;
    const lg_image_target to = d->set->shape;
    d->files = d->set->count < MOST_FILES ? d->set->count : MOST_FILES;
    for (int64_t i = 0; i < d->files; i++) {
        LG_TRY(d->set->ops->probe(d->set, spread(d, i), &info, &size, err));
        bytes += (double)size;
    }
    LG_TRY(lg_bench_time(bench, decode_pass, d, &rate, err));
    snprintf(shape, sizeof shape, "%s, to %dx%dx%d, 1 thread", format, to.height, to.width,
             to.channels);
    const int floats = lg_element_is_float(d->set->element);
    char name[40];
    if (d->set->decodes)
        snprintf(name, sizeof name, "decode, %s", by);
    else
        snprintf(name, sizeof name, "%s", floats ? "read and check" : "decode and resize");
    *files_per_second = rate * (double)d->files;
    lg_bench_report(bench, name, shape, floats ? "samples/s" : "images/s", *files_per_second, NULL);
    lg_bench_report(bench, name, shape, "MB/s of files", rate * bytes / 1e6, NULL);
    return LOGIT_OK;
}

/* How far another library's pixels are from stb's, after resizing. */
static logit_status compare_pixels(const lg_bench *bench, decoding *d, lg_decoding other,
                                   logit_error *err)
{
    char name[40];
    int largest = 0;
    double sum = 0.0;
    uint8_t *pair = d->out + d->bytes;
    for (int64_t f = 0; f < d->files; f++) {
        lg_decoder_use(d->decoder, LG_DECODING_STB);
        LG_TRY(d->set->ops->read(d->set, spread(d, f), d->decoder, d->out, err));
        lg_decoder_use(d->decoder, other);
        LG_TRY(d->set->ops->read(d->set, spread(d, f), d->decoder, pair, err));
        for (size_t i = 0; i < d->bytes; i++) {
            const int apart = abs(d->out[i] - pair[i]);
            largest = apart > largest ? apart : largest;
            sum += apart;
        }
    }
    snprintf(name, sizeof name, "decode, %s:stb", lg_decoding_name(other));
    lg_bench_report(bench, name, "largest difference of a pixel", "of 255", largest, NULL);
    lg_bench_report(bench, name, "mean difference", "of 255",
                    sum / ((double)d->files * (double)d->bytes), NULL);
    return LOGIT_OK;
}

/* By stb in a process of its own; stb: files per second in this one. */
static logit_status time_confined(const lg_bench *bench, const decoding *d, const char *format,
                                  double stb, logit_error *err)
{
    decoding confined = *d;
    double rate;
    LG_TRY(lg_decoder_create(&confined.decoder, err));
    lg_decoder_confine(confined.decoder);
    const logit_status status = time_decoding(bench, &confined, "untrusted", format, &rate, err);
    lg_decoder_destroy(confined.decoder);
    LG_TRY(status);
    lg_bench_report(bench, "decode, untrusted:stb", "1 thread", "% more time",
                    100.0 * (stb / rate - 1.0), NULL);
    return LOGIT_OK;
}

/* By every library in this build, where the set holds image files. */
static logit_status time_decoders(const lg_bench *bench, decoding *d, const char *format,
                                  logit_error *err)
{
    double stb, rate;
    char name[40];
    LG_TRY(time_decoding(bench, d, lg_decoding_name(LG_DECODING_STB), format, &stb, err));
    if (d->set->decodes && lg_sandbox_is_on()) LG_TRY(time_confined(bench, d, format, stb, err));
    for (int by = LG_DECODING_STB + 1; by < LG_DECODING_COUNT && d->set->decodes; by++) {
        if (!lg_decoding_is_built((lg_decoding)by)) continue;
        lg_decoder_use(d->decoder, (lg_decoding)by);
        LG_TRY(time_decoding(bench, d, lg_decoding_name((lg_decoding)by), format, &rate, err));
        snprintf(name, sizeof name, "decode, %s:stb", lg_decoding_name((lg_decoding)by));
        lg_bench_report(bench, name, "1 thread", "times the rate", rate / stb, NULL);
        LG_TRY(compare_pixels(bench, d, (lg_decoding)by, err));
    }
    return LOGIT_OK;
}

logit_status lg_bench_decode(const lg_bench *bench, const char *data, logit_error *err)
{
    lg_sources sources;
    const char *part;
    decoding d = {0};
    LG_TRY(lg_sources_open_for_eval(&sources, data, NULL, bench->options, NULL, NULL, &part, err));
    d.set = sources.part[LG_PART_TEST].set;
    const lg_image_target to = d.set->shape;
    logit_status status = lg_decoder_create(&d.decoder, err);
    d.bytes = (size_t)to.height * (size_t)to.width * (size_t)to.channels *
              lg_element_bytes(d.set->element);
    d.out = malloc(2 * d.bytes);
    if (status == LOGIT_OK && !d.out)
        status = lg_fail(err, LOGIT_E_NOMEM, __FILE__, __LINE__, "out of memory for an image");
    if (status == LOGIT_OK) status = time_decoders(bench, &d, sources.data->format, err);
    lg_decoder_destroy(d.decoder);
    free(d.out);
    lg_sources_close(&sources);
    return status;
}

/* --- the loader: samples that cost nothing but a copy of their bytes --- */

typedef struct walk {
    lg_loader *loader;
    uint32_t epoch;
} walk;

static logit_status walk_epoch(void *argument, logit_error *err)
{
    walk *w = argument;
    const lg_minibatch *mini;
    LG_TRY(lg_loader_start(w->loader, w->epoch++, 0, err));
    for (;;) {
        LG_TRY(lg_loader_next(w->loader, &mini, err));
        if (!mini) return LOGIT_OK;
        lg_loader_release(w->loader, mini);
    }
}

static logit_status time_loader(const lg_bench *bench, const lg_set *set, const char *name,
                                int64_t memory, logit_error *err)
{
    const lg_loader_options how = {.set = set,
                                   .batch = LOADER_BATCH,
                                   .shuffle = LG_SHUFFLE_FULL,
                                   .threads = bench->options->threads,
                                   .memory = memory};
    walk w = {0};
    double rate;
    LG_TRY(lg_loader_create(&w.loader, &how, err));
    const logit_status status = lg_bench_time(bench, walk_epoch, &w, &rate, err);
    lg_loader_destroy(w.loader);
    LG_TRY(status);
    lg_bench_report(bench, name, LOADER_SHAPE, "samples/s", rate * LOADER_SAMPLES, NULL);
    return LOGIT_OK;
}

logit_status lg_bench_loader(const lg_bench *bench, logit_error *err)
{
    static const lg_image_target shape = {28, 28, 1};
    static const char *const names[] = {"loader, streamed", "loader, resident"};
    static const int64_t memory[] = {0, (int64_t)1 << 30};
    lg_dataset *data;
    if (!lg_bench_wants(bench, names[0], LOADER_SHAPE) &&
        !lg_bench_wants(bench, names[1], LOADER_SHAPE))
        return LOGIT_OK;
    LG_TRY(lg_bench_set(&data, LOADER_SAMPLES, shape, 10, 0, err));
    logit_status status = LOGIT_OK;
    for (int i = 0; i < 2 && status == LOGIT_OK; i++)
        if (lg_bench_wants(bench, names[i], LOADER_SHAPE))
            status = time_loader(bench, data->part[LG_PART_TRAIN], names[i], memory[i], err);
    lg_dataset_close(data);
    return status;
}
