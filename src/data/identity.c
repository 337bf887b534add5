/* identity.c -- XXH3-128 over everything that tells one data set from another. */
/* SPDX-License-Identifier: MIT */
#include "data/identity.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "base/status.h"
#include "base/text.h"

struct lg_identity {
    XXH3_state_t *state;
};

/* Changes whenever the list of what is added does. */
static const char scheme[] = "logit identity 1";

enum { NAME_ROOM = 4200, SHOWN = 300 };

void lg_identity_add(lg_identity *identity, const void *bytes, size_t size)
{
    XXH3_128bits_update(identity->state, bytes, size);
}

void lg_identity_add_file(lg_identity *identity, const struct stat *info)
{
    const int64_t numbers[3] = {(int64_t)info->st_size, (int64_t)info->st_mtim.tv_sec,
                                (int64_t)info->st_mtim.tv_nsec};
    lg_identity_add(identity, numbers, sizeof numbers);
}

/* With its end, so that "a" "bc" is not "ab" "c". */
static void add_text(lg_identity *identity, const char *text)
{
    lg_identity_add(identity, text, strlen(text) + 1);
}

logit_status lg_identity_add_path(lg_identity *identity, const char *path, logit_error *err)
{
    struct stat info;
    char shown[SHOWN];
    if (stat(path, &info) != 0)
        LG_FAIL(err, LOGIT_E_IO, "%s: cannot be looked at: %s",
                lg_text_escape(shown, sizeof shown, path), strerror(errno));
    lg_identity_add_file(identity, &info);
    return LOGIT_OK;
}

/* The names of samples that are files of their own, without the set's own path in front: a set that
 * was moved, or is called by another path, is the same set. */
static void add_names(lg_identity *identity, const lg_dataset *dataset, const lg_set *set)
{
    char name[NAME_ROOM], root[NAME_ROOM];
    const size_t length = strlen(lg_text_escape(root, sizeof root, dataset->path));
    const int files = set->decodes && !set->as_it_lies;
    for (int64_t i = 0; files && i < set->count; i++) {
        const char *text = set->ops->name(set, i, name, sizeof name);
        add_text(identity, strncmp(text, root, length) == 0 ? text + length : text);
    }
}

static logit_status add_set(lg_identity *identity, const lg_dataset *dataset, const lg_set *set,
                            logit_error *err)
{
    const int64_t numbers[] = {set->count,          set->shape.height, set->shape.width,
                               set->shape.channels, set->element,      set->as_it_lies,
                               set->target_width,   !!set->label,      !!set->weight};
    const size_t n = (size_t)set->count;
    lg_identity_add(identity, numbers, sizeof numbers);
    add_names(identity, dataset, set);
    if (set->label) lg_identity_add(identity, set->label, n * sizeof *set->label);
    if (set->target)
        lg_identity_add(identity, set->target, n * (size_t)set->target_width * sizeof *set->target);
    if (set->weight) lg_identity_add(identity, set->weight, n * sizeof *set->weight);
    return set->ops->identify ? set->ops->identify(set, identity, err) : LOGIT_OK;
}

static logit_status add_dataset(lg_identity *identity, const lg_dataset *dataset,
                                const char *decoder, logit_error *err)
{
    lg_identity_add(identity, scheme, sizeof scheme);
    add_text(identity, dataset->format);
    add_text(identity, decoder);
    add_text(identity, LG_IMAGE_RESIZE_RULE);
    lg_identity_add(identity, &dataset->has_parts, sizeof dataset->has_parts);
    lg_identity_add(identity, &dataset->classes, sizeof dataset->classes);
    for (int c = 0; c < dataset->classes; c++) add_text(identity, dataset->class_name[c]);
    for (int p = 0; p < LG_PART_COUNT; p++) {
        lg_identity_add(identity, &p, sizeof p);
        if (dataset->part[p]) LG_TRY(add_set(identity, dataset, dataset->part[p], err));
    }
    return LOGIT_OK;
}

logit_status lg_dataset_identity(const lg_dataset *dataset, const char *decoder,
                                 uint8_t out[LG_IDENTITY_BYTES], logit_error *err)
{
    lg_identity identity = {XXH3_createState()};
    if (!identity.state) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a checksum");
    XXH3_128bits_reset(identity.state);
    const logit_status status = add_dataset(&identity, dataset, decoder, err);
    XXH128_canonical_t digest;
    XXH128_canonicalFromHash(&digest, XXH3_128bits_digest(identity.state));
    memcpy(out, digest.digest, LG_IDENTITY_BYTES);
    XXH3_freeState(identity.state);
    return status;
}

void lg_identity_write(char text[LG_IDENTITY_TEXT], const uint8_t identity[LG_IDENTITY_BYTES])
{
    for (int i = 0; i < LG_IDENTITY_BYTES; i++) snprintf(text + 2 * i, 3, "%02x", identity[i]);
}
