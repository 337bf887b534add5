/* cache.c -- a name for a set, a file of that name, and the set that the file holds. */
/* SPDX-License-Identifier: MIT */
#include "train/cache.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/status.h"
#include "base/text.h"
#include "data/identity.h"
#include "train/pack.h"
#include "train/trainer.h"

/* Less than this is decoded in a few seconds, and not worth a file that nobody asked for. */
static const int64_t WORTH_IT = (int64_t)64 << 20;

enum { SHOWN = 600 };

/* ------------------------------------------------------------------------------- its name --- */

static int decodes(const lg_dataset *data)
{
    for (int p = 0; p < LG_PART_COUNT; p++)
        if (data->part[p] && data->part[p]->decodes) return 1;
    return 0;
}

/* 1 and the folder in out[PATH_MAX], or 0 where there is none to be had. */
static int find_folder(const logit_options *options, char *out)
{
    const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    int length = -1;
    if (options->cache)
        length = snprintf(out, PATH_MAX, "%s", options->cache);
    else if (base && *base == '/') /* a relative one is to be ignored: XDG base directories, 0.8 */
        length = snprintf(out, PATH_MAX, "%s/logit", base);
    else if (home && *home)
        length = snprintf(out, PATH_MAX, "%s/.cache/logit", home);
    return length >= 0 && length < PATH_MAX;
}

static int is_wanted(const logit_options *options)
{
    return !options->cache || strcmp(options->cache, "off") != 0;
}

/* FOLDER/IDENTITY.packed, once the samples are listed and before their shape is settled. */
static void name_file(lg_cache *cache, const lg_dataset *data)
{
    char folder[PATH_MAX], how[80];
    uint8_t identity[LG_IDENTITY_BYTES];
    if (!find_folder(cache->options, folder)) return;
    snprintf(how, sizeof how, "%s, asked for %dx%dx%d", lg_decoding_name(cache->decoding),
             cache->asked.height, cache->asked.width, cache->asked.channels);
    if (lg_dataset_identity(data, how, identity, NULL) != LOGIT_OK) return;
    size_t used = strlen(folder);
    if (used + 2 * LG_IDENTITY_BYTES + 16 > sizeof cache->path) return;
    memcpy(cache->path, folder, used);
    cache->path[used++] = '/';
    lg_identity_write(cache->path + used, identity);
    used += LG_IDENTITY_TEXT - 1;
    snprintf(cache->path + used, sizeof cache->path - used, ".packed");
}

/* ------------------------------------------------------------------------- the packed set --- */

/* Opens the file as the set that it was made of.  0: it is not there, or damaged and removed. */
static int open_packed(const lg_cache *cache, const lg_dataset *data, lg_dataset **out)
{
    char shown[SHOWN];
    logit_error why;
    const lg_dataset_options how = {.known_class = data->classes ? data->class_name : NULL,
                                    .known_classes = data->classes,
                                    .known_by = "the cache",
                                    .memory = cache->options->memory};
    if (access(cache->path, F_OK) != 0) return 0;
    const logit_status status = lg_dataset_open(out, cache->path, &how, &why);
    if (status == LOGIT_OK) return 1;
    lg_report_message(cache->watch, LOGIT_LEVEL_NOTICE, "the cache %s cannot be used: %s",
                      lg_text_escape(shown, sizeof shown, cache->path), why.message);
    if (status == LOGIT_E_DATA) unlink(cache->path); /* it is made anew */
    return 0;
}

/* lg_dataset_options.known: the shape that the packed file has, {0} where there is none. */
static lg_image_target ask(void *user, const lg_dataset *data)
{
    lg_cache *cache = user;
    lg_dataset *packed;
    lg_image_target shape = {0};
    if (decodes(data)) name_file(cache, data);
    if (!cache->path[0] || !open_packed(cache, data, &packed)) return shape;
    for (int p = 0; p < LG_PART_COUNT; p++)
        if (packed->part[p]) shape = packed->part[p]->shape;
    cache->found = 1;
    lg_dataset_close(packed);
    return shape;
}

void lg_cache_prepare(lg_cache *cache, lg_dataset_options *how, const logit_options *options,
                      const logit_watch *watch)
{
    *cache = (lg_cache){
        .options = options, .watch = watch, .asked = how->shape, .decoding = how->decoding};
    if (!is_wanted(options)) return;
    how->known = ask;
    how->known_user = cache;
}

/* Bytes of all images, decoded. */
static int64_t decoded_bytes(const lg_dataset *data)
{
    double bytes = 0.0; /* a product of four counts may pass 2^63 */
    for (int p = 0; p < LG_PART_COUNT; p++) {
        const lg_set *set = data->part[p];
        if (set)
            bytes +=
                (double)set->count * set->shape.height * set->shape.width * set->shape.channels;
    }
    return bytes < 0x1p62 ? (int64_t)bytes : (int64_t)1 << 62;
}

static int is_worth_it(const lg_cache *cache, const lg_dataset *data)
{
    const int64_t bytes = decoded_bytes(data);
    if (!cache->path[0] || !decodes(data) || bytes <= cache->options->memory) return 0;
    return cache->options->cache != NULL || bytes >= WORTH_IT;
}

/* Writes the file.  What is wrong with the cache folder is said and no more. */
static logit_status pack(lg_cache *cache, lg_dataset *data, logit_error *err)
{
    char folder[PATH_MAX], shown[SHOWN], all[LG_TEXT_BYTES], most[LG_TEXT_BYTES];
    logit_error why = {.message = ""};
    logit_pack_options options;
    logit_pack_summary summary;
    logit_pack_options_default(&options);
    options.data = *cache->options;
    options.data.force = 1;
    options.file = cache->path;
    snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(cache->path, '/') - cache->path),
             cache->path);
    lg_report_message(cache->watch, LOGIT_LEVEL_NOTICE,
                      "%s of images do not fit in the %s of --memory: they are decoded once, into "
                      "the cache %s",
                      lg_text_bytes(all, (double)decoded_bytes(data)),
                      lg_text_bytes(most, (double)cache->options->memory),
                      lg_text_escape(shown, sizeof shown, cache->path));
    logit_status status = lg_folder_make(folder, &why);
    if (status == LOGIT_OK) status = lg_pack_dataset(data, &options, cache->watch, &summary, &why);
    cache->found = status == LOGIT_OK;
    if (status == LOGIT_E_IO || status == LOGIT_E_LOCKED) {
        lg_report_message(cache->watch, LOGIT_LEVEL_WARNING,
                          "no cache (%s): images are decoded anew in each epoch; --cache DIR puts "
                          "it elsewhere, --cache off does without",
                          why.message);
        return LOGIT_OK;
    }
    if (status != LOGIT_OK && err) *err = why;
    return status;
}

/* What people are told about a set stays what the files were. */
static void pass_on(const lg_dataset *from, lg_dataset *to)
{
    to->format = from->format;
    to->decoding = from->decoding;
    to->stray = from->stray;
    to->hidden = from->hidden;
    to->empty_classes = from->empty_classes;
    memcpy(to->stray_example, from->stray_example, sizeof to->stray_example);
}

logit_status lg_cache_apply(lg_cache *cache, lg_dataset **data, logit_error *err)
{
    char shown[SHOWN];
    lg_dataset *packed;
    const int was_there = cache->found;
    if (!was_there && is_worth_it(cache, *data)) LG_TRY(pack(cache, *data, err));
    if (!cache->found || !open_packed(cache, *data, &packed)) return LOGIT_OK;
    pass_on(*data, packed);
    if (was_there)
        lg_report_message(cache->watch, LOGIT_LEVEL_NOTICE, "images are taken from the cache %s",
                          lg_text_escape(shown, sizeof shown, cache->path));
    lg_dataset_close(*data);
    *data = packed;
    return LOGIT_OK;
}
