/* packed_rest.c -- the sections of a packed file behind its rows: sums, labels, tables, texts. */
/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/status.h"
#include "base/text.h"
#include "data/packed_writer.h"

enum { SHOWN = 400, NAME_ROOM = 4200 };

/* Appends a section to the file through the writer's buffer, and takes its checksum. */
typedef struct appending {
    lg_packed_writer *writer;
    lg_packed_section *section;
    uint64_t end;  /* of the file, with what the buffer holds */
    size_t filled; /* of the buffer */
} appending;

static logit_status flush(appending *a, logit_error *err)
{
    const lg_packed_writer *writer = a->writer;
    const int64_t at = (int64_t)(a->end - a->filled);
    LG_TRY(lg_file_write_at(writer->fd, writer->part_path, writer->buffer, a->filled, at, err));
    a->filled = 0;
    return LOGIT_OK;
}

static logit_status append_raw(appending *a, const void *from, size_t size, logit_error *err)
{
    const uint8_t *bytes = from;
    while (size > 0) {
        const size_t room = LG_PACKED_BLOCK - a->filled, piece = size < room ? size : room;
        memcpy(a->writer->buffer + a->filled, bytes, piece);
        a->filled += piece;
        a->end += piece;
        bytes += piece;
        size -= piece;
        if (a->filled == LG_PACKED_BLOCK) LG_TRY(flush(a, err));
    }
    return LOGIT_OK;
}

static logit_status append(appending *a, const void *from, size_t size, logit_error *err)
{
    XXH3_64bits_update(a->writer->hash, from, size);
    return append_raw(a, from, size, err);
}

static logit_status begin(appending *a, lg_packed_section *section, logit_error *err)
{
    static const uint8_t zeros[LG_PACKED_ALIGNMENT];
    const uint64_t at = lg_packed_up(a->end, LG_PACKED_ALIGNMENT);
    LG_TRY(append_raw(a, zeros, at - a->end, err));
    *section = (lg_packed_section){.offset = at};
    a->section = section;
    XXH3_64bits_reset(a->writer->hash);
    return LOGIT_OK;
}

static void end(appending *a)
{
    a->section->size = a->end - a->section->offset;
    a->section->check = XXH3_64bits_digest(a->writer->hash);
}

/* A section of one array; none where there is no array. */
static logit_status append_array(appending *a, lg_packed_section *section, const void *array,
                                 size_t size, logit_error *err)
{
    if (!array || size == 0) return LOGIT_OK;
    LG_TRY(begin(a, section, err));
    LG_TRY(append(a, array, size, err));
    end(a);
    return LOGIT_OK;
}

/* ------------------------------------------------------------------------ the sections --- */

/* Checksums of the blocks whose rows did not come in order. */
static logit_status complete_sums(lg_packed_writer *writer, int p, logit_error *err)
{
    const lg_packed_part *part = &writer->header.part[p];
    for (uint64_t block = 0; block < lg_packed_blocks(part); block++) {
        const uint64_t first = block * part->block_rows, left = part->count - first;
        const size_t size =
            (size_t)((left < part->block_rows ? left : part->block_rows) * part->stride);
        if (writer->summed[p][block]) continue;
        LG_TRY(lg_file_read_at(
            writer->fd, writer->part_path, writer->buffer, size,
            (int64_t)(part->section[LG_PACKED_ROWS].offset + first * part->stride), err));
        writer->sum[p][block] = XXH3_64bits(writer->buffer, size);
        writer->summed[p][block] = 1;
    }
    return LOGIT_OK;
}

/* Row p holds sample place[p]; sample i lies in row[i]. */
static logit_status append_table(appending *a, lg_packed_part *part, const int32_t *place,
                                 logit_error *err)
{
    const size_t n = part->count;
    if (!place) return LOGIT_OK;
    uint32_t *row = malloc(n * sizeof *row);
    if (!row) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the order of %zu rows", n);
    for (size_t p = 0; p < n; p++) row[place[p]] = (uint32_t)p;
    const logit_status status =
        append_array(a, &part->section[LG_PACKED_TABLE], row, n * sizeof *row, err);
    free(row);
    return status;
}

static int by_sample(const void *a, const void *b)
{
    const lg_packed_bad *const *x = a, *const *y = b;
    return ((*x)->sample > (*y)->sample) - ((*x)->sample < (*y)->sample);
}

/* The bad samples of a part, sorted, each once (one that was met again after a resume is the
 * later), for free(). */
static const lg_packed_bad **sort_bad(const lg_packed_progress *progress, int p, uint32_t *count)
{
    const lg_packed_bad **sorted = calloc(progress->bads + 1, sizeof *sorted);
    size_t found = 0, kept = 0;
    for (size_t i = 0; sorted && i < progress->bads; i++)
        if (progress->bad[i].part == (uint32_t)p) sorted[found++] = &progress->bad[i];
    if (sorted) qsort(sorted, found, sizeof *sorted, by_sample);
    for (size_t i = 0; i < found; i++) {
        if (kept > 0 && sorted[kept - 1]->sample == sorted[i]->sample) kept--;
        sorted[kept++] = sorted[i];
    }
    *count = (uint32_t)kept;
    return sorted;
}

static logit_status append_bad_list(appending *a, const lg_packed_bad **bad, uint32_t count,
                                    logit_error *err)
{
    const uint32_t head[2] = {count, 0};
    uint32_t at = (uint32_t)sizeof head + count * LG_PACKED_BAD_ENTRY;
    LG_TRY(append(a, head, sizeof head, err));
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t length = (uint32_t)strlen(bad[i]->reason);
        const uint32_t entry[4] = {bad[i]->sample, bad[i]->status, at, length};
        LG_TRY(append(a, entry, sizeof entry, err));
        at += length;
    }
    for (uint32_t i = 0; i < count; i++)
        LG_TRY(append(a, bad[i]->reason, strlen(bad[i]->reason), err));
    return LOGIT_OK;
}

static logit_status append_bad(appending *a, lg_packed_part *part, int p, logit_error *err)
{
    uint32_t count;
    const lg_packed_bad **bad = sort_bad(&a->writer->progress, p, &count);
    logit_status status = LOGIT_OK;
    if (!bad)
        status = lg_fail(err, LOGIT_E_NOMEM, __FILE__, __LINE__, "out of memory for bad samples");
    if (status == LOGIT_OK && count > 0) {
        status = begin(a, &part->section[LG_PACKED_BAD], err);
        if (status == LOGIT_OK) status = append_bad_list(a, bad, count, err);
        if (status == LOGIT_OK) end(a);
    }
    free(bad);
    return status;
}

/* Names are asked for twice, once for where they begin and once for themselves, so that they need
 * not be held. */
static logit_status append_names(appending *a, lg_packed_part *part, const lg_set *set,
                                 logit_error *err)
{
    char name[NAME_ROOM];
    const int64_t n = (int64_t)part->count;
    if (!set) return LOGIT_OK;
    uint64_t at = sizeof at * (uint64_t)(n + 1);
    LG_TRY(begin(a, &part->section[LG_PACKED_NAMES], err));
    for (int64_t i = 0; i < n; i++) {
        LG_TRY(append(a, &at, sizeof at, err));
        at += strlen(set->ops->name(set, i, name, sizeof name));
    }
    LG_TRY(append(a, &at, sizeof at, err));
    for (int64_t i = 0; i < n; i++) {
        set->ops->name(set, i, name, sizeof name);
        LG_TRY(append(a, name, strlen(name), err));
    }
    end(a);
    return LOGIT_OK;
}

static logit_status append_part(appending *a, int p, const lg_packed_rest *rest, logit_error *err)
{
    lg_packed_writer *writer = a->writer;
    lg_packed_part *part = &writer->header.part[p];
    lg_packed_section *section = part->section;
    const size_t n = part->count;
    LG_TRY(
        append_array(a, &section[LG_PACKED_SUMS], writer->sum[p], 8 * lg_packed_blocks(part), err));
    LG_TRY(append_array(a, &section[LG_PACKED_LABELS],
                        part->target_width ? NULL : rest->part[p].label, 4 * n, err));
    LG_TRY(append_array(a, &section[LG_PACKED_TARGET],
                        part->target_width ? rest->part[p].target : NULL,
                        4 * n * part->target_width, err));
    LG_TRY(append_array(a, &section[LG_PACKED_WEIGHT], rest->part[p].weight, 4 * n, err));
    LG_TRY(append_table(a, part, rest->part[p].place, err));
    LG_TRY(append_bad(a, part, p, err));
    return append_names(a, part, rest->part[p].named, err);
}

static logit_status append_texts(appending *a, const lg_packed_rest *rest, logit_error *err)
{
    lg_packed_header *header = &a->writer->header;
    if (header->classes > 0) {
        LG_TRY(begin(a, &header->class_names, err));
        for (uint32_t c = 0; c < header->classes; c++)
            LG_TRY(append(a, rest->class_name[c], strlen(rest->class_name[c]) + 1, err));
        end(a);
    }
    return append_array(a, &header->source, rest->source, strlen(rest->source), err);
}

logit_status lg_packed_write_rest(lg_packed_writer *writer, const lg_packed_rest *rest,
                                  logit_error *err)
{
    char name[SHOWN];
    appending a = {.writer = writer, .end = writer->rows_end};
    for (int p = 0; p < LG_PART_COUNT; p++) LG_TRY(complete_sums(writer, p, err));
    writer->hash_row = -1; /* its state is used for the sections */
    for (int p = 0; p < LG_PART_COUNT; p++)
        if (writer->header.part[p].count) LG_TRY(append_part(&a, p, rest, err));
    LG_TRY(append_texts(&a, rest, err));
    LG_TRY(flush(&a, err));
    writer->header.file_bytes = a.end;
    if (ftruncate(writer->fd, (off_t)a.end) == 0) return LOGIT_OK; /* of an earlier, longer end */
    LG_FAIL(err, LOGIT_E_IO, "%s: cannot be cut to %llu bytes: %s",
            lg_text_escape(name, sizeof name, writer->part_path), (unsigned long long)a.end,
            strerror(errno));
}
