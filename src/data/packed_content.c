/* packed_content.c -- the sections of a packed file, looked through once when it is opened. */
/* SPDX-License-Identifier: MIT */
#include "data/packed_content.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "data/formats.h"

#define REFUSE(file, at, class_name, ...)                                                          \
    return lg_place_fail(err, LG_PLACE((file)->path, "packed", (int64_t)(at)), class_name,         \
                         __VA_ARGS__)

/* Where entry i of a section lies in the file. */
static int64_t place_of(const lg_packed_file *file, int p, lg_packed_section_id id, int64_t i,
                        size_t bytes)
{
    return (int64_t)file->header.part[p].section[id].offset + i * (int64_t)bytes;
}

/* Its checksum, and zeros between the section before and this one. */
static logit_status check_section(const lg_packed_file *file, const lg_packed_section *section,
                                  uint64_t end, int is_rows, logit_error *err)
{
    const uint8_t *bytes = file->map.bytes;
    for (uint64_t at = end; at < section->offset; at++)
        if (bytes[at]) REFUSE(file, at, "CORRUPT", "a byte between two sections is not 0");
    if (is_rows) return LOGIT_OK;
    if (XXH3_64bits(bytes + section->offset, section->size) != section->check)
        REFUSE(file, section->offset, "CORRUPT",
               "the section of %llu bytes there does not have its checksum",
               (unsigned long long)section->size);
    return LOGIT_OK;
}

static logit_status check_sums(const lg_packed_file *file, logit_error *err)
{
    lg_packed_header header = file->header;
    uint64_t end = LG_PACKED_HEADER, alignment;
    const lg_packed_section *section;
    for (int i = 0; (section = lg_packed_in_order(&header, i, &alignment)); i++) {
        if (section->size == 0) continue;
        LG_TRY(check_section(file, section, end, i < LG_PART_COUNT, err));
        end = section->offset + section->size;
    }
    return LOGIT_OK;
}

static logit_status check_names_of_classes(const lg_packed_file *file, logit_error *err)
{
    const lg_packed_section *section = &file->header.class_names;
    const char *text = lg_packed_class_names(file);
    uint64_t at = 0;
    for (uint32_t c = 0; c < file->header.classes; c++) {
        const size_t length = strnlen(text + at, section->size - at);
        if (length == 0 || at + length == section->size)
            REFUSE(file, section->offset + at, "FORMAT",
                   "the name of class %u is empty or does not end", c);
        at += length + 1;
    }
    if (at != section->size)
        REFUSE(file, section->offset + at, "MISMATCH", "more class names than the %u classes",
               file->header.classes);
    return LOGIT_OK;
}

static logit_status check_labels(const lg_packed_file *file, int p, logit_error *err)
{
    const lg_packed_part *part = &file->header.part[p];
    const int32_t *label = lg_packed_section_of(file, p, LG_PACKED_LABELS);
    for (int64_t i = 0; label && i < (int64_t)part->count; i++)
        if (label[i] < 0 || (uint32_t)label[i] >= file->header.classes)
            REFUSE(file, place_of(file, p, LG_PACKED_LABELS, i, 4), "RANGE",
                   "the label of sample %lld is %d; there are %u classes", (long long)i,
                   (int)label[i], file->header.classes);
    const float *weight = lg_packed_section_of(file, p, LG_PACKED_WEIGHT);
    for (int64_t i = 0; weight && i < (int64_t)part->count; i++)
        if (!(weight[i] >= 0.0f) || isinf(weight[i]))
            REFUSE(file, place_of(file, p, LG_PACKED_WEIGHT, i, 4), "RANGE",
                   "the weight of sample %lld is %g", (long long)i, (double)weight[i]);
    return LOGIT_OK;
}

static logit_status check_targets(const lg_packed_file *file, int p, logit_error *err)
{
    const lg_packed_part *part = &file->header.part[p];
    const float *target = lg_packed_section_of(file, p, LG_PACKED_TARGET);
    const int64_t numbers = (int64_t)part->count * part->target_width;
    const int is_share = file->header.classes > 0;
    for (int64_t i = 0; target && i < numbers; i++)
        if (!isfinite(target[i]) || (is_share && !(target[i] >= 0.0f && target[i] <= 1.0f)))
            REFUSE(file, place_of(file, p, LG_PACKED_TARGET, i, 4), "RANGE",
                   "a target of sample %lld is %g", (long long)(i / part->target_width),
                   (double)target[i]);
    return LOGIT_OK;
}

/* Every row is there, once. */
static logit_status check_table(const lg_packed_file *file, int p, logit_error *err)
{
    const int64_t n = (int64_t)file->header.part[p].count;
    const uint32_t *row = lg_packed_section_of(file, p, LG_PACKED_TABLE);
    if (!row) return LOGIT_OK;
    uint8_t *seen = calloc((size_t)n / 8 + 1, 1);
    if (!seen) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the order of rows");
    int64_t i = 0;
    for (; i < n && row[i] < n && !(seen[row[i] / 8] >> (row[i] % 8) & 1); i++)
        seen[row[i] / 8] |= (uint8_t)(1u << (row[i] % 8));
    free(seen);
    if (i == n) return LOGIT_OK;
    REFUSE(file, place_of(file, p, LG_PACKED_TABLE, i, 4), "RANGE",
           "sample %lld lies in row %u: past the last of %lld, or taken already", (long long)i,
           row[i], (long long)n);
}

static logit_status check_bad(const lg_packed_file *file, int p, logit_error *err)
{
    const uint64_t size = file->header.part[p].section[LG_PACKED_BAD].size;
    const uint32_t *word = lg_packed_section_of(file, p, LG_PACKED_BAD);
    const int64_t begin = (int64_t)file->header.part[p].section[LG_PACKED_BAD].offset;
    if (!word) return LOGIT_OK;
    if (size < 8 || size > UINT32_MAX || word[0] == 0 || word[1] != 0 ||
        word[0] > (size - 8) / LG_PACKED_BAD_ENTRY)
        REFUSE(file, begin, "RANGE", "a table of bad samples of %llu bytes cannot be",
               (unsigned long long)size);
    uint64_t at = 8 + (uint64_t)word[0] * LG_PACKED_BAD_ENTRY;
    for (uint32_t i = 0; i < word[0]; i++) {
        const uint32_t *entry = word + 2 + 4 * i;
        const int is_later = i == 0 || entry[0] > entry[-4];
        if (!is_later || entry[0] >= file->header.part[p].count ||
            (entry[1] != LOGIT_E_DATA && entry[1] != LOGIT_E_IO) || entry[2] != at ||
            entry[3] > size - at)
            REFUSE(file, begin + 8 + (int64_t)i * LG_PACKED_BAD_ENTRY, "RANGE",
                   "entry %u of the bad samples: sample %u, status %u, text of %u bytes at %u", i,
                   entry[0], entry[1], entry[3], entry[2]);
        at += entry[3];
    }
    if (at != size)
        REFUSE(file, begin + (int64_t)at, "MISMATCH", "bytes behind the last bad sample");
    return LOGIT_OK;
}

static logit_status check_names(const lg_packed_file *file, int p, logit_error *err)
{
    const uint64_t n = file->header.part[p].count;
    const uint64_t size = file->header.part[p].section[LG_PACKED_NAMES].size;
    const uint64_t *at = lg_packed_section_of(file, p, LG_PACKED_NAMES);
    for (uint64_t i = 0; at && i <= n; i++) {
        const uint64_t least = i ? at[i - 1] : 8 * (n + 1);
        if (at[i] < least || at[i] > size || (i == 0 && at[i] != least) ||
            (i == n && at[i] != size))
            REFUSE(file, place_of(file, p, LG_PACKED_NAMES, (int64_t)i, 8), "RANGE",
                   "the name of sample %llu begins at %llu", (unsigned long long)i,
                   (unsigned long long)at[i]);
    }
    return LOGIT_OK;
}

logit_status lg_packed_check_content(const lg_packed_file *file, logit_error *err)
{
    LG_TRY(check_sums(file, err));
    LG_TRY(check_names_of_classes(file, err));
    for (int p = 0; p < LG_PART_COUNT; p++) {
        LG_TRY(check_labels(file, p, err));
        LG_TRY(check_targets(file, p, err));
        LG_TRY(check_table(file, p, err));
        LG_TRY(check_bad(file, p, err));
        LG_TRY(check_names(file, p, err));
    }
    return LOGIT_OK;
}
