/* fake_set.c -- samples out of a counter. */
/* SPDX-License-Identifier: MIT */
#include "tests/fake_set.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/philox.h"
#include "base/status.h"

const lg_image_target fake_shape = {.height = 5, .width = 7, .channels = 3};

uint8_t fake_pixel(const fake *f, int64_t sample, size_t j)
{
    /* a weak hash is enough: neighbours in sample and in j differ */
    const uint64_t mixed = ((uint64_t)sample * 1000003u + j + 1) * 0x9E3779B97F4A7C15u;
    return (uint8_t)(mixed >> 40) & f->value_mask;
}

int fake_is_bad(const fake *f, int64_t sample)
{
    return f->bad_every && sample % f->bad_every == f->bad_at;
}

static int32_t label_of(int64_t sample)
{
    return (int32_t)((sample * 7 + 3) % FAKE_CLASSES);
}

static float target_of(int64_t sample, int j)
{
    return (float)(sample % 1000) + 0.25f * (float)j;
}

static float weight_of(int64_t sample)
{
    return 0.5f + (float)(sample % 8);
}

static logit_status fake_read(const lg_set *set, int64_t i, lg_decoder *decoder, uint8_t *out,
                              logit_error *err)
{
    fake *f = set->own;
    atomic_fetch_add(&f->reads, 1);
    if (!decoder) LG_FAIL(err, LOGIT_E_CHECK, "read without a decoder");
    if (f->delay_us) {
        const uint64_t us = lg_random_below(7, LG_STREAM_TEST, (uint64_t)i, f->delay_us);
        if (us > f->delay_us / 2) usleep((useconds_t)us);
    }
    memset(out, 0xEE, f->features); /* what a failure may leave behind */
    if (i == f->no_memory_at) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for an image");
    if (fake_is_bad(f, i))
        LG_FAIL(err, i % 2 ? LOGIT_E_IO : LOGIT_E_DATA, "img%d.png: broken", (int)i);
    for (size_t j = 0; j < f->features; j++) out[j] = fake_pixel(f, i, j);
    return LOGIT_OK;
}

static logit_status fake_read_rows(const lg_set *set, const int32_t *sample, int64_t n,
                                   lg_decoder *decoder, uint8_t *out, int64_t *good,
                                   logit_error *err)
{
    const fake *f = set->own;
    for (*good = 0; *good < n; ++*good) {
        const logit_status status =
            set->ops->read(set, sample[*good], decoder, out + (size_t)*good * f->features, err);
        if (status != LOGIT_OK) return status;
    }
    return LOGIT_OK;
}

static const lg_set_ops fake_ops = {.read = fake_read};

static void *get(size_t bytes)
{
    void *memory = malloc(bytes + 1);
    ck_assert_ptr_nonnull(memory);
    return memory;
}

void fake_open(fake *f, int64_t count, lg_image_target shape)
{
    *f = (fake){.no_memory_at = -1, .value_mask = 0xFF};
    f->set = (lg_set){.ops = &fake_ops, .count = count, .shape = shape, .own = f};
    f->features = (size_t)(shape.height * shape.width * shape.channels);
    ck_assert_uint_le(f->features, FAKE_MOST_BYTES);
    f->set.label = get((size_t)count * sizeof *f->set.label);
    for (int64_t i = 0; i < count; i++) f->set.label[i] = label_of(i);
}

void fake_add_weights(fake *f)
{
    f->set.weight = get((size_t)f->set.count * sizeof *f->set.weight);
    for (int64_t i = 0; i < f->set.count; i++) f->set.weight[i] = weight_of(i);
}

void fake_use_targets(fake *f)
{
    free(f->set.label);
    f->set.label = NULL;
    f->set.target_width = FAKE_TARGETS;
    f->set.target = get((size_t)f->set.count * FAKE_TARGETS * sizeof *f->set.target);
    for (int64_t i = 0; i < f->set.count; i++)
        for (int j = 0; j < FAKE_TARGETS; j++)
            f->set.target[i * FAKE_TARGETS + j] = target_of(i, j);
}

void fake_hold(fake *f)
{
    uint8_t *pixels = get((size_t)f->set.count * f->features);
    for (int64_t i = 0; i < f->set.count; i++)
        for (size_t j = 0; j < f->features; j++)
            pixels[(size_t)i * f->features + j] = fake_pixel(f, i, j);
    f->set.resident = pixels;
}

void fake_copy(fake *f)
{
    f->ops = *f->set.ops;
    f->ops.read_rows = fake_read_rows;
    f->set.ops = &f->ops;
}

void fake_close(fake *f)
{
    free(f->set.label);
    free(f->set.target);
    free(f->set.weight);
    free((void *)f->set.resident);
}

/* One call of Check for a batch, not for a byte: its assertions cost a microsecond each. */
static void assert_pixels(const fake *f, const uint8_t *pixels, int64_t sample, int is_zero)
{
    for (size_t j = 0; j < f->features; j++) {
        const uint8_t want = is_zero ? 0 : fake_pixel(f, sample, j);
        if (pixels[j] == want) continue;
        ck_abort_msg("sample %d, byte %d: got %d, want %d", (int)sample, (int)j, pixels[j], want);
    }
}

static void assert_number(const char *what, int64_t sample, float got, float want)
{
    if (got == want) return;
    ck_abort_msg("%s of sample %d: got %g, want %g", what, (int)sample, (double)got, (double)want);
}

void fake_assert_batch(const fake *f, const lg_minibatch *batch, const int32_t *want, int64_t count,
                       int skip)
{
    ck_assert_ptr_nonnull(batch);
    ck_assert_int_eq(batch->count, count);
    ck_assert_int_eq(batch->slot < 0, batch->row != NULL);
    ck_assert_int_eq(batch->label != NULL, f->set.label != NULL);
    ck_assert_int_eq(batch->target != NULL, f->set.target != NULL);
    for (int64_t i = 0; i < count; i++) {
        const int64_t sample = want[i], r = batch->row ? batch->row[i] : i;
        const int is_zero = skip && fake_is_bad(f, sample);
        const float weight = f->set.weight ? weight_of(sample) : 1.0f;
        if (batch->sample[i] != sample) ck_abort_msg("place %d: wrong sample", (int)i);
        assert_pixels(f, batch->pixels + (size_t)r * f->features, sample, is_zero);
        assert_number("weight", sample, batch->weight ? batch->weight[r] : 1.0f,
                      is_zero ? 0.0f : weight);
        if (batch->label)
            assert_number("label", sample, (float)batch->label[r], (float)label_of(sample));
        for (int j = 0; batch->target && j < FAKE_TARGETS; j++)
            assert_number("target", sample, batch->target[r * FAKE_TARGETS + j],
                          target_of(sample, j));
    }
}

lg_loader_options fake_options(const fake *f, int64_t batch)
{
    return (lg_loader_options){
        .set = &f->set, .batch = batch, .seed = FAKE_SEED, .threads = 2, .memory = FAKE_PLENTY};
}

lg_loader_options fake_way(fake *f, int64_t batch, int i)
{
    static const int threads[FAKE_THREADS] = {1, 2, 3, 8};
    const int64_t few = 8 * batch * (int64_t)(f->features + 16); /* label, weight and bad flag */
    const int64_t budgets[FAKE_BUDGETS] = {0, few, FAKE_PLENTY};
    lg_loader_options options = fake_options(f, batch);
    if (i >= FAKE_WAYS / 2) fake_copy(f);
    options.threads = threads[i / FAKE_BUDGETS % FAKE_THREADS];
    options.memory = budgets[i % FAKE_BUDGETS];
    return options;
}

void fake_order(const lg_loader_options *options, uint32_t epoch, int32_t *order)
{
    lg_order_fill(order, NULL, options->set->count, options->shuffle, options->seed, epoch);
}

lg_loader *fake_loader(const lg_loader_options *options)
{
    lg_loader *loader;
    logit_error err = {.message = ""};
    const logit_status status = lg_loader_create(&loader, options, &err);
    ck_assert_msg(status == LOGIT_OK, "%s", err.message);
    return loader;
}

void fake_start(lg_loader *loader, uint32_t epoch, int64_t first)
{
    logit_error err = {.message = ""};
    const logit_status status = lg_loader_start(loader, epoch, first, &err);
    ck_assert_msg(status == LOGIT_OK, "%s", err.message);
}

const lg_minibatch *fake_next(lg_loader *loader)
{
    const lg_minibatch *batch;
    logit_error err = {.message = ""};
    const logit_status status = lg_loader_next(loader, &batch, &err);
    ck_assert_msg(status == LOGIT_OK, "%s", err.message);
    return batch;
}
