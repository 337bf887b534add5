/* bench_set.c -- sets of random bytes, read by copying. */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/philox.h"
#include "base/size.h"
#include "base/status.h"
#include "train/bench.h"

static size_t sample_bytes(const lg_set *set)
{
    return (size_t)set->shape.height * (size_t)set->shape.width * (size_t)set->shape.channels;
}

static logit_status read_sample(const lg_set *set, int64_t i, lg_decoder *decoder, uint8_t *out,
                                logit_error *err)
{
    const size_t bytes = sample_bytes(set);
    (void)decoder, (void)err;
    memcpy(out, lg_bench_set_pixels(set) + (size_t)i * bytes, bytes);
    return LOGIT_OK;
}

static const char *name_sample(const lg_set *set, int64_t i, char *out, size_t size)
{
    (void)set;
    snprintf(out, size, "sample %lld", (long long)i);
    return out;
}

static void close_set(lg_set *set)
{
    free(set->own);
}

const uint8_t *lg_bench_set_pixels(const lg_set *set)
{
    return set->own;
}

/* bytes: rounded up to whole blocks of the generator. */
static void fill(lg_set *set, size_t bytes, int classes)
{
    const uint64_t stream = lg_stream_id(LG_STREAM_TEST, 1);
    uint8_t *pixels = set->own;
    for (size_t i = 0; i < bytes; i += sizeof(lg_random4)) {
        const lg_random4 drawn = lg_philox(0, stream, i);
        memcpy(pixels + i, &drawn, sizeof drawn);
    }
    for (int64_t i = 0; i < set->count; i++)
        set->label[i] = (int32_t)lg_random_below(2, stream, (uint64_t)i, (uint64_t)classes);
}

static logit_status fill_set(lg_set *set, lg_image_target shape, int classes, int lies,
                             logit_error *err)
{
    static const lg_set_ops ops = {.read = read_sample, .name = name_sample, .close = close_set};
    size_t bytes;
    set->ops = &ops;
    set->shape = shape;
    if (!lg_size_mul(sample_bytes(set), (size_t)set->count, &bytes) ||
        !lg_size_add(bytes, sizeof(lg_random4), &bytes))
        LG_FAIL(err, LOGIT_E_NOMEM, "a set of %lld samples is too large", (long long)set->count);
    bytes -= bytes % sizeof(lg_random4);
    set->own = malloc(bytes);
    set->label = calloc((size_t)set->count, sizeof *set->label);
    if (!set->own || !set->label)
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %zu random bytes", bytes);
    fill(set, bytes, classes);
    set->resident = lies ? set->own : NULL;
    return LOGIT_OK;
}

static logit_status name_classes(lg_dataset *data, int classes, logit_error *err)
{
    char name[16];
    data->class_name = calloc((size_t)classes, sizeof *data->class_name);
    for (int i = 0; data->class_name && i < classes; i++) {
        snprintf(name, sizeof name, "%d", i);
        data->class_name[i] = strdup(name);
        data->classes = i + 1;
        if (!data->class_name[i]) break;
    }
    if (!data->class_name || !data->class_name[classes - 1])
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %d classes", classes);
    return LOGIT_OK;
}

logit_status lg_bench_set(lg_dataset **out, int64_t samples, lg_image_target shape, int classes,
                          int lies, logit_error *err)
{
    *out = NULL;
    lg_dataset *data = calloc(1, sizeof *data);
    if (!data) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a set");
    data->format = "random bytes";
    logit_status status = name_classes(data, classes, err);
    if (status == LOGIT_OK)
        status = lg_set_create(&data->part[LG_PART_TRAIN], LG_PART_TRAIN, samples, err);
    if (status == LOGIT_OK) status = fill_set(data->part[LG_PART_TRAIN], shape, classes, lies, err);
    if (status != LOGIT_OK) {
        lg_dataset_close(data);
        return status;
    }
    *out = data;
    return LOGIT_OK;
}
