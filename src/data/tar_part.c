/* tar_part.c -- one member after the other, sorted into images, classes and the rest. */
/* SPDX-License-Identifier: MIT */
#include "data/tar_part.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "data/folder_list.h"
#include "data/tar_classes.h"
#include "data/tar_walk.h"

enum { SHOWN = 400, PROGRESS_MEMBERS = 4096, MOST_CLS = 64 };

void lg_tar_part_clear(lg_tar_part *part)
{
    for (int i = 0; i < part->shards; i++) free(part->shard[i].path);
    free(part->shard);
    free(part->sample);
    free(part->number);
    lg_name_table_clear(&part->folders);
    lg_name_table_clear(&part->classes);
    lg_tar_keys_clear(&part->keys);
    *part = (lg_tar_part){0};
}

const lg_tar_shard *lg_tar_shard_of(const lg_tar_shard *shard, int shards, int64_t sample)
{
    int low = 0, high = shards; /* shard[low].first <= sample */
    while (high - low > 1) {
        const int middle = low + (high - low) / 2;
        if (shard[middle].first <= sample)
            low = middle;
        else
            high = middle;
    }
    return &shard[low];
}

static int64_t header_of(const lg_tar_sample *sample)
{
    return ((int64_t)sample->block - sample->header_blocks) * LG_TAR_BLOCK;
}

const char *lg_tar_sample_name(const lg_tar_shard *shard, const lg_tar_sample *sample,
                               int64_t number, char *out, size_t size)
{
    enum { LEAST = 64 };
    lg_tar_file file;
    lg_tar_member member = {0};
    lg_text_escape(out, size < LEAST ? size : size - LEAST / 2, shard->path);
    const size_t used = strlen(out);
    const logit_status status = lg_tar_file_open(&file, shard->path, NULL);
    if (status == LOGIT_OK &&
        lg_tar_member_read(&member, &file, header_of(sample), NULL) == LOGIT_OK && size >= LEAST) {
        out[used] = ':';
        out[used + 1] = '\0';
        lg_text_escape(out + used + 1, size - used - 1, member.name);
    } else {
        snprintf(out + used, size - used, "[%lld]", (long long)(number - shard->first));
    }
    lg_tar_member_clear(&member);
    lg_tar_file_close(&file);
    return out;
}

/* ----------------------------------------------------------------------------- one member --- */

static void count_stray(lg_tar_part *part, const lg_tar_file *file, const lg_tar_member *member)
{
    char *path = lg_text_format("%s:%s", file->path, member->name);
    lg_dataset_stray(part->dataset, path ? path : file->path);
    free(path);
}

/* 1: the path or a folder in it begins with a dot; "./a" and "../a" are not meant. */
static int is_hidden(const char *path)
{
    for (const char *at = path; at; at = strchr(at, '/')) {
        at += *at == '/';
        const size_t length = strcspn(at, "/");
        const int dots = length == strspn(at, ".") && length <= 2;
        if (*at == '.' && !dots) return 1;
    }
    return 0;
}

static logit_status reserve(lg_tar_part *part, logit_error *err)
{
    if (part->count < part->room) return LOGIT_OK;
    const int64_t room = part->room + part->room / 4 + 1024;
    lg_tar_sample *sample = realloc(part->sample, (size_t)room * sizeof *sample);
    if (sample) part->sample = sample;
    int32_t *number = realloc(part->number, (size_t)room * sizeof *number);
    if (number) part->number = number;
    if (!sample || !number)
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory to list %lld images", (long long)room);
    part->room = room;
    return LOGIT_OK;
}

/* The whole path must be new in its shard; the key need not be where folders tell the class. */
static logit_status note_keys(lg_tar_part *part, const lg_tar_file *file,
                              const lg_tar_member *member, logit_error *err)
{
    char shown[SHOWN];
    lg_tar_key *key;
    LG_TRY(lg_tar_path_of(&part->keys, member->name, &key, err));
    if (key->sample != LG_TAR_NONE)
        LG_TAR_BAD(err, file, member->header_at, "MISMATCH", "%s is there twice",
                   lg_text_escape(shown, sizeof shown, member->name));
    key->sample = LG_TAR_SEEN;
    LG_TRY(lg_tar_key_of(&part->keys, member->name, &key, err));
    if (key->sample == LG_TAR_NONE) key->sample = (int32_t)part->count;
    return LOGIT_OK;
}

static logit_status add_image(lg_tar_part *part, const lg_tar_file *file,
                              const lg_tar_member *member, logit_error *err)
{
    const int64_t block = member->data_at / LG_TAR_BLOCK;
    const int64_t headers = (member->data_at - member->header_at) / LG_TAR_BLOCK;
    const char *slash = strrchr(member->name, '/');
    if (part->count == INT32_MAX)
        LG_TAR_BAD(err, file, member->header_at, "LIMIT", "more than %d images", INT32_MAX);
    if (block > UINT32_MAX || headers > UINT16_MAX)
        LG_TAR_BAD(err, file, member->header_at, "LIMIT",
                   "a shard of more than 2 TiB, or a header of more than 32 MiB");
    LG_TRY(reserve(part, err));
    LG_TRY(note_keys(part, file, member, err));
    part->sample[part->count] =
        (lg_tar_sample){.block = (uint32_t)block,
                        .size = member->size < UINT32_MAX ? (uint32_t)member->size : UINT32_MAX,
                        .header_blocks = (uint16_t)headers};
    part->number[part->count] = LG_TAR_NONE;
    if (part->layout != LG_TAR_CLS)
        LG_TRY(lg_name_table_add(&part->folders, member->name,
                                 slash ? (size_t)(slash - member->name) : 0, part->count,
                                 &part->number[part->count], err));
    part->count++;
    return LOGIT_OK;
}

/* The class that a .cls holds: digits, with white space behind them. */
static logit_status read_cls(lg_tar_part *part, const lg_tar_file *file,
                             const lg_tar_member *member, int32_t *number, logit_error *err)
{
    char text[MOST_CLS + 1], shown[SHOWN];
    size_t size = member->size < MOST_CLS ? (size_t)member->size : MOST_CLS;
    LG_TRY(lg_file_read_at(file->fd, file->path, text, size, member->data_at, err));
    while (size > 0 && strchr(" \t\r\n", text[size - 1]) && text[size - 1]) size--;
    text[size] = '\0';
    const size_t sign = text[0] == '-', zeros = strspn(text + sign, "0");
    const size_t digits = strspn(text + sign, "0123456789");
    lg_text_escape(shown, sizeof shown, text);
    if (member->size > MOST_CLS || digits == 0 || sign + digits != size)
        LG_TAR_BAD(err, file, member->data_at, "FORMAT", "the class \"%s\" is no whole number",
                   shown);
    if (sign && zeros < digits)
        LG_TAR_BAD(err, file, member->data_at, "RANGE", "the class %s is below 0", shown);
    if (digits - zeros > 9)
        LG_TAR_BAD(err, file, member->data_at, "RANGE", "the class %s is above 999999999", shown);
    const size_t skip = sign + (zeros < digits ? zeros : zeros - 1); /* 007 is 7, 000 is 0 */
    return lg_name_table_add(&part->classes, text + skip, size - skip, part->shards - 1, number,
                             err);
}

static logit_status add_class(lg_tar_part *part, const lg_tar_file *file,
                              const lg_tar_member *member, logit_error *err)
{
    char shown[SHOWN];
    lg_tar_key *key;
    int32_t number;
    LG_TRY(read_cls(part, file, member, &number, err));
    LG_TRY(lg_tar_key_of(&part->keys, member->name, &key, err));
    if (key->number != LG_TAR_NONE)
        LG_TAR_BAD(err, file, member->header_at, "MISMATCH", "%s is there twice",
                   lg_text_escape(shown, sizeof shown, member->name));
    key->number = number;
    return LOGIT_OK;
}

static logit_status visit(void *user, lg_tar_file *file, const lg_tar_member *member,
                          logit_error *err)
{
    lg_tar_part *part = user;
    const char *behind = member->name + lg_tar_key_length(member->name);
    const size_t length = strlen(member->name);
    if (++part->members % PROGRESS_MEMBERS == 0)
        LG_TRY(lg_dataset_progress(part->watch, part->members, 0, err));
    if (member->kind == '5' || (length > 0 && member->name[length - 1] == '/')) return LOGIT_OK;
    if (is_hidden(member->name)) {
        part->dataset->hidden++;
        return LOGIT_OK;
    }
    if (member->plain && !strcasecmp(behind, ".cls")) return add_class(part, file, member, err);
    if (member->plain && lg_folder_list_wants(member->name))
        return add_image(part, file, member, err);
    count_stray(part, file, member);
    return LOGIT_OK;
}

/* ------------------------------------------------------------------------------ the shards --- */

/* Joins images and classes by their keys; returns how many images have one. */
static int64_t join_keys(lg_tar_part *part, int64_t first)
{
    int64_t joined = 0;
    const lg_tar_keys *keys = &part->keys;
    for (size_t i = 0; i < keys->slots; i++) {
        const lg_tar_key *key = &keys->slot[i];
        joined += key->hash && key->sample >= 0 && key->number >= 0;
    }
    for (int64_t i = first; joined > 0 && i < part->count; i++) part->number[i] = LG_TAR_NONE;
    for (size_t i = 0; i < keys->slots; i++) {
        const lg_tar_key *key = &keys->slot[i];
        if (!key->hash || key->number < 0) continue;
        if (key->sample >= 0)
            part->number[key->sample] = key->number;
        else
            lg_dataset_stray(part->dataset, part->shard[part->shards - 1].path);
    }
    return joined;
}

/* Which layout has the shard, and do all its images keep to it? */
static logit_status finish_shard(lg_tar_part *part, const lg_tar_file *file, int64_t first,
                                 logit_error *err)
{
    char shown[4 * SHOWN];
    const lg_tar_shard *shard = &part->shard[part->shards - 1];
    const int64_t joined = join_keys(part, first);
    lg_tar_keys_empty(&part->keys);
    if (part->count == first) return LOGIT_OK;
    const lg_tar_layout layout = joined > 0 ? LG_TAR_CLS : LG_TAR_FOLDERS;
    for (int64_t i = first; layout == LG_TAR_CLS && i < part->count; i++)
        if (part->number[i] == LG_TAR_NONE) {
            const lg_tar_sample *sample = &part->sample[i];
            const char *name = lg_tar_sample_name(shard, sample, i, shown, sizeof shown);
            return lg_place_fail(err, LG_PLACE(name, "tar", header_of(sample)), "MISMATCH",
                                 "no .cls file has its key, or another image has it too");
        }
    if (part->layout != LG_TAR_UNKNOWN && part->layout != layout)
        LG_TAR_BAD(err, file, 0, "MISMATCH", "images %s .cls files here, %s them in shards before",
                   joined > 0 ? "with" : "without", joined > 0 ? "without" : "with");
    part->layout = layout;
    return LOGIT_OK;
}

static logit_status walk_shard(lg_tar_part *part, lg_tar_file *file, logit_error *err)
{
    char shown[SHOWN], text[2 * SHOWN];
    int unclosed;
    const int64_t first = part->count;
    lg_tar_shard *shard = &part->shard[part->shards - 1];
    shard->first = first;
    if (fstat(file->fd, &shard->info) != 0)
        LG_FAIL(err, LOGIT_E_IO, "%s: cannot be looked at",
                lg_text_escape(shown, sizeof shown, file->path));
    LG_TRY(lg_tar_walk(file, visit, part, &unclosed, err));
    if (unclosed && part->watch && part->watch->message) {
        snprintf(text, sizeof text, "%s: ends without the blocks of zeros that close a tar",
                 lg_text_escape(shown, sizeof shown, file->path));
        part->watch->message(part->watch->user, LOGIT_LEVEL_WARNING, text);
    }
    return finish_shard(part, file, first, err);
}

logit_status lg_tar_part_read(lg_tar_part *part, const lg_tar_shards *shards, lg_dataset *dataset,
                              const logit_watch *watch, logit_error *err)
{
    part->dataset = dataset;
    part->watch = watch;
    part->shard = calloc(shards->count, sizeof *part->shard);
    if (!part->shard) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %zu shards", shards->count);
    for (size_t i = 0; i < shards->count; i++) {
        lg_tar_file file;
        logit_status status = lg_tar_file_open(&file, shards->path[i], err);
        if (status == LOGIT_OK && !(part->shard[i].path = strdup(shards->path[i])))
            status = lg_fail(err, LOGIT_E_NOMEM, __FILE__, __LINE__, "out of memory for a path");
        if (status == LOGIT_OK) {
            part->shards++;
            status = walk_shard(part, &file, err);
        }
        lg_tar_file_close(&file);
        LG_TRY(status);
    }
    lg_tar_keys_clear(&part->keys);
    if (part->layout == LG_TAR_FOLDERS) LG_TRY(lg_tar_classes_find(part, err));
    lg_name_table_clear(&part->folders);
    if (part->count > 0) return LOGIT_OK;
    return lg_place_fail(err, LG_PLACE(shards->path[0], "tar", 0), "RANGE", "no image in %s",
                         shards->count > 1 ? "it and its sister shards" : "it");
}

void lg_tar_part_keep(lg_tar_part *part, const int32_t *label)
{
    int64_t kept = 0, i = 0;
    for (int s = 0; s < part->shards; s++) {
        const int64_t end = s + 1 < part->shards ? part->shard[s + 1].first : part->count;
        part->shard[s].first = kept;
        for (; i < end; i++) {
            const int32_t number = part->number[i];
            if (number < 0 || label[number] < 0) continue;
            part->sample[kept] = part->sample[i];
            part->number[kept++] = label[number];
        }
    }
    part->count = kept;
}
