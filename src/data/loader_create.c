/* loader_create.c -- a loader is measured, laid out and taken down.
 *
 * The order of things: options are checked, it is decided where the images live, the slots are
 * sized from that, everything is allocated.  Threads come later (loader_crew.c). */
/* SPDX-License-Identifier: MIT */
#include "data/loader_parts.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "base/size.h"
#include "base/status.h"

enum {
    MIN_SLOTS = 2, /* one is computed with while the next is filled */
    MAX_SLOTS = LG_LOADER_MAX_SLOTS,
    ALIGNMENT = 64 /* bytes, of every array */
};

/* --- creating: what is asked for --- */

static logit_status check_options(const lg_loader_options *options, int64_t count, logit_error *err)
{
    if (options->batch < 1)
        LG_FAIL(err, LOGIT_E_USAGE, "a batch of %lld samples: at least 1 is needed",
                (long long)options->batch);
    if (options->threads < 1)
        LG_FAIL(err, LOGIT_E_USAGE, "%d decoder threads: at least 1 is needed", options->threads);
    if (options->set->count > INT32_MAX)
        LG_FAIL(err, LOGIT_E_DATA,
                "the set holds %lld samples; at most %d are supported: split it into parts",
                (long long)options->set->count, INT32_MAX);
    for (int64_t i = 0; options->only && i < count; i++)
        if (options->only[i] < 0 || options->only[i] >= options->set->count)
            LG_FAIL(err, LOGIT_E_USAGE, "sample %d was asked for; the set has 0 to %lld",
                    (int)options->only[i], (long long)options->set->count - 1);
    return LOGIT_OK;
}

static logit_status check_augment(const lg_loader_options *options, logit_error *err)
{
    if (lg_augment_is_on(&options->augment) && options->set->element != LG_ELEMENT_U8)
        LG_FAIL(err, LOGIT_E_USAGE, "flips and shifts are for images; these are vectors of floats");
    return LOGIT_OK;
}

static logit_status check_labels(const lg_loader_options *options, int64_t count, logit_error *err)
{
    const int32_t *label = options->set->label;
    for (int64_t i = 0; label && options->classes > 0 && i < count; i++) {
        const int64_t sample = options->only ? options->only[i] : i;
        if (label[sample] >= 0 && label[sample] < options->classes) continue;
        LG_FAIL(err, LOGIT_E_DATA, "sample %lld has class %d; there are classes 0 to %d",
                (long long)sample, (int)label[sample], options->classes - 1);
    }
    return LOGIT_OK;
}

static logit_status check_balance(const lg_loader_options *options, logit_error *err)
{
    if (!options->balanced) return LOGIT_OK;
    if (!options->set->label || options->classes < 1)
        LG_FAIL(err, LOGIT_E_USAGE, "classes can be drawn equally often where there are classes");
    if (options->shuffle != LG_SHUFFLE_FULL)
        LG_FAIL(err, LOGIT_E_USAGE, "classes are drawn equally often from the whole set alone");
    return LOGIT_OK;
}

static logit_status measure(lg_loader *loader, logit_error *err)
{
    const lg_image_target shape = loader->set->shape;
    const size_t element = lg_element_bytes(loader->set->element);
    if (shape.height < 1 || shape.width < 1 || shape.channels < 1 ||
        shape.channels > LG_LOADER_MAX_CHANNELS ||
        !lg_size_mul((size_t)shape.height, (size_t)shape.width, &loader->features) ||
        !lg_size_mul(loader->features, (size_t)shape.channels, &loader->features) ||
        !lg_size_mul(loader->features, element, &loader->features))
        LG_FAIL(err, LOGIT_E_USAGE, "images of %d x %d x %d: 1 to %d channels are supported",
                shape.height, shape.width, shape.channels, LG_LOADER_MAX_CHANNELS);
    return LOGIT_OK;
}

/* --- creating: where the images live --- */

static void choose_place(lg_loader *loader)
{
    const lg_set *set = loader->set;
    if (set->resident) {
        loader->resident = loader->preloaded = 1;
        loader->pixels = set->resident;
        return;
    }
    if (!lg_size_mul((size_t)set->count, loader->features, &loader->map_bytes)) return;
    const size_t bytes = (size_t)loader->count * loader->features;
    loader->resident =
        bytes > 0 && loader->options.memory > 0 && bytes <= (size_t)loader->options.memory;
}

/* Takes size bytes off the block at *at, which stays aligned; NULL for 0 bytes. */
static void *carve(uint8_t *block, size_t *at, size_t size)
{
    if (size == 0) return NULL;
    void *array = block ? block + *at : NULL;
    *at += (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return array;
}

/* Lays a slot's arrays out in block; with NULL it only counts.  Returns the bytes.  Sizes were
 * checked by size_slots. */
static size_t lay_out(const lg_loader *loader, lg_slot *slot, uint8_t *block)
{
    const lg_set *set = loader->set;
    const size_t rows = (size_t)loader->rows, streamed = lg_loader_uses_slots(loader) ? rows : 0;
    size_t at = 0;
    slot->pixels = carve(block, &at, streamed * loader->features);
    slot->target =
        carve(block, &at, set->target ? streamed * (size_t)set->target_width * sizeof(float) : 0);
    slot->weight = carve(block, &at, streamed * sizeof(float));
    slot->label = carve(block, &at, set->label ? streamed * sizeof(int32_t) : 0);
    slot->is_bad = carve(block, &at, loader->options.skip_bad ? rows : 0);
    return at;
}

/* How many samples a slot holds and how many slots there are. */
static logit_status size_slots(lg_loader *loader, logit_error *err)
{
    const lg_loader_options *options = &loader->options;
    const size_t per_sample =
        (loader->set->target ? (size_t)loader->set->target_width : 0) * sizeof(float) + 64;
    loader->rows = lg_loader_uses_slots(loader) ? options->batch : LG_JOB_ROWS;
    if (loader->rows > loader->count) loader->rows = loader->count > 0 ? loader->count : 1;
    size_t most; /* of one slot, alignment included; all slots must fit in a size as well */
    if (!lg_size_add(loader->features, per_sample, &most) ||
        !lg_size_mul(most, (size_t)loader->rows + 1, &most) ||
        !lg_size_mul(most, 2 * MAX_SLOTS, &most))
        LG_FAIL(err, LOGIT_E_NOMEM, "a batch of %lld samples of %zu bytes: lower --batch-size",
                (long long)loader->rows, loader->features);
    lg_slot counted;
    loader->slot_bytes = lay_out(loader, &counted, NULL);
    int64_t slots = MAX_SLOTS, left = options->memory;
    if (loader->resident && !loader->set->resident)
        left -= loader->count * (int64_t)loader->features;
    /* a slot has a weight at least: NOLINTNEXTLINE(clang-analyzer-core.DivideZero) */
    if (lg_loader_uses_slots(loader)) slots = left > 0 ? left / (int64_t)loader->slot_bytes : 0;
    loader->slots = slots < MIN_SLOTS ? MIN_SLOTS : slots > MAX_SLOTS ? MAX_SLOTS : (int)slots;
    return LOGIT_OK;
}

static void free_arrays(lg_loader *loader)
{
    if (loader->arrays && loader->pinned)
        loader->options.free_host(loader->options.alloc_user, loader->arrays);
    else
        free(loader->arrays);
    loader->arrays = NULL;
}

static int allocate_arrays(lg_loader *loader)
{
    const lg_loader_options *options = &loader->options;
    const size_t bytes = (size_t)loader->slots * loader->slot_bytes;
    loader->pinned = options->alloc_host && lg_loader_uses_slots(loader);
    if (bytes > 0)
        loader->arrays = loader->pinned ? options->alloc_host(options->alloc_user, bytes)
                                        : aligned_alloc(ALIGNMENT, bytes);
    return bytes == 0 || loader->arrays;
}

logit_status lg_loader_make_slots(lg_loader *loader, logit_error *err)
{
    LG_TRY(size_slots(loader, err));
    free_arrays(loader);
    while (!allocate_arrays(loader)) {
        if (loader->slots <= MIN_SLOTS)
            LG_FAIL(err, LOGIT_E_NOMEM,
                    "out of memory for %d slots of %lld samples of %zu bytes; lower --memory or "
                    "--batch-size",
                    loader->slots, (long long)loader->rows, loader->features);
        loader->slots = loader->slots / 2 > MIN_SLOTS ? loader->slots / 2 : MIN_SLOTS;
    }
    for (int i = 0; i < loader->slots; i++) {
        uint8_t *block = loader->arrays;
        lay_out(loader, &loader->slot[i], block ? block + (size_t)i * loader->slot_bytes : NULL);
    }
    return LOGIT_OK;
}

static logit_status set_up(lg_loader *loader, logit_error *err)
{
    const lg_loader_options *options = &loader->options;
    LG_TRY(check_options(options, loader->count, err));
    LG_TRY(check_labels(options, loader->count, err));
    LG_TRY(check_augment(options, err));
    LG_TRY(check_balance(options, err));
    LG_TRY(measure(loader, err));
    loader->batches = loader->count / options->batch + (loader->count % options->batch != 0);
    loader->next = loader->batches;
    if (options->shuffle == LG_SHUFFLE_BLOCK)
        LG_TRY(lg_order_places(&loader->places, loader->set->count, loader->set->as_it_lies,
                               options->only, options->only_count, err));
    if (options->balanced)
        LG_TRY(lg_balance_init(&loader->balance, options->set->label, options->only, loader->count,
                               options->classes, err));
    choose_place(loader);
    loader->order = malloc(((size_t)loader->count + 1) * sizeof *loader->order);
    loader->slot = calloc(MAX_SLOTS, sizeof *loader->slot);
    if (!loader->order || !loader->slot)
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the order of %lld samples",
                (long long)loader->count);
    LG_TRY(lg_loader_make_slots(loader, err));
    if (!lg_loader_bad_init(loader))
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a list of bad samples");
    return LOGIT_OK;
}

logit_status lg_loader_create(lg_loader **out, const lg_loader_options *options, logit_error *err)
{
    *out = NULL;
    lg_loader *loader = calloc(1, sizeof *loader);
    if (!loader) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a loader");
    pthread_mutex_init(&loader->mutex, NULL);
    pthread_mutex_init(&loader->told_mutex, NULL);
    loader->options = *options;
    loader->set = options->set;
    loader->count = options->only ? options->only_count : options->set->count;
    const logit_status status = set_up(loader, err);
    if (status != LOGIT_OK) {
        lg_loader_destroy(loader);
        return status;
    }
    *out = loader;
    return LOGIT_OK;
}

void lg_loader_destroy(lg_loader *loader)
{
    if (!loader) return;
    lg_crew_stop(loader);
    if (loader->map) munmap(loader->map, loader->map_bytes);
    free_arrays(loader);
    free(loader->row);
    free(loader->share);
    lg_loader_bad_clear(loader);
    free(loader->weight);
    free(loader->slot);
    free(loader->order);
    lg_balance_clear(&loader->balance);
    free(loader->places);
    pthread_mutex_destroy(&loader->told_mutex);
    pthread_mutex_destroy(&loader->mutex);
    free(loader);
}
