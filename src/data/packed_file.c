/* packed_file.c -- opening a packed file, and copying its rows.
 *
 * Whatever is read from the mapping may have become zeros by the time it is read (mapping.h), and
 * a file may be written over while it is open.  So a number that leads anywhere is held against
 * its bounds each time, and lg_mapping_failed is asked after each copy. */
/* SPDX-License-Identifier: MIT */
#include "data/packed_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "data/formats.h"
#include "data/packed_content.h"

/* What is known of a block. */
enum { UNKNOWN, ASKED, RIGHT, WRONG }; /* ASKED: unknown, and being read ahead */

/* Of so many samples one also looks whether the file still has its length. */
enum { LOOK_EVERY = 64 };

/* Rows in another order than the file's: of long ones the beginning of the next is fetched while
 * one is copied, and the processor goes on from there by itself.  With rows of 3072 bytes that is
 * 7.4 GB/s in place of 5.3; with 784 it has no effect, since the processor looks as far ahead. */
enum { FETCHED = 1024, LONG = 2048 };

/* ---------------------------------------------------------------------------- opening --- */

int lg_packed_is(const char *path)
{
    uint8_t begin[LG_PACKED_MAGIC];
    int fd;
    int64_t size;
    const size_t length = strlen(path), suffix = sizeof ".packed" - 1;
    if (lg_file_open(&fd, AT_FDCWD, path, &size, NULL) != LOGIT_OK) return 0;
    const int is = size >= LG_PACKED_MAGIC &&
                   lg_file_read_at(fd, path, begin, sizeof begin, 0, NULL) == LOGIT_OK &&
                   memcmp(begin, lg_packed_magic, sizeof begin) == 0;
    close(fd);
    return is || (length > suffix && strcmp(path + length - suffix, ".packed") == 0);
}

static logit_status open_file(lg_packed_file *file, const char *path, logit_error *err)
{
    uint8_t page[LG_PACKED_HEADER] = {0};
    file->path = strdup(path);
    if (!file->path) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a path");
    LG_TRY(lg_mapping_open(&file->map, path, err));
    const size_t size = file->map.size;
    int64_t total, available;
    lg_memory_read(&total, &available);
    file->stays = available > 0 && size < (size_t)available / 2;
    if (size > 0) memcpy(page, file->map.bytes, size < sizeof page ? size : sizeof page);
    logit_status status = lg_packed_decode(&file->header, page, size, path, err);
    if (status == LOGIT_OK) status = lg_packed_check_content(file, err);
    if (lg_mapping_failed(&file->map)) return lg_mapping_fail(path, err);
    if (status != LOGIT_OK) return status;
    for (int p = 0; p < LG_PART_COUNT; p++) {
        const lg_packed_part *part = &file->header.part[p];
        if (part->count == 0) continue;
        file->block[p] = calloc(lg_packed_blocks(part), sizeof *file->block[p]);
        if (!file->block[p]) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a packed set");
        atomic_init(&file->unknown[p], (long long)lg_packed_blocks(part));
    }
    return LOGIT_OK;
}

logit_status lg_packed_open(lg_packed_file **out, const char *path, logit_error *err)
{
    *out = NULL;
    lg_packed_file *file = calloc(1, sizeof *file);
    if (!file) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a packed set");
    file->map.fd = -1;
    const logit_status status = open_file(file, path, err);
    if (status != LOGIT_OK) {
        lg_packed_close(file);
        return status;
    }
    *out = file;
    return LOGIT_OK;
}

void lg_packed_close(lg_packed_file *file)
{
    if (!file) return;
    lg_mapping_close(&file->map);
    for (int p = 0; p < LG_PART_COUNT; p++) free((void *)file->block[p]);
    free(file->path);
    free(file);
}

const void *lg_packed_section_of(const lg_packed_file *file, int part, lg_packed_section_id id)
{
    const lg_packed_section *section = &file->header.part[part].section[id];
    return section->size ? file->map.bytes + section->offset : NULL;
}

const char *lg_packed_class_names(const lg_packed_file *file)
{
    return (const char *)file->map.bytes + file->header.class_names.offset;
}

/* ---------------------------------------------------------------------------- one row --- */

/* The block does not have its checksum; which of its bytes is wrong cannot be told. */
static logit_status refuse_block(const lg_packed_file *file, int p, uint64_t block,
                                 logit_error *err)
{
    const lg_packed_part *part = &file->header.part[p];
    const uint64_t first = block * part->block_rows;
    const uint64_t left = part->count - first;
    const uint64_t rows = left < part->block_rows ? left : part->block_rows;
    return lg_place_fail(
        err,
        LG_PLACE(file->path, "packed",
                 (int64_t)(part->section[LG_PACKED_ROWS].offset + first * part->stride)),
        "CORRUPT", "block %llu of the %s part (rows %llu to %llu) does not have its checksum",
        (unsigned long long)block, lg_part_names[p], (unsigned long long)first,
        (unsigned long long)(first + rows - 1));
}

/* Two threads that meet in a block both check it, and come to the same. */
static int check_block(lg_packed_file *file, int p, uint64_t block)
{
    const lg_packed_part *part = &file->header.part[p];
    const uint64_t first = block * part->block_rows, left = part->count - first;
    const uint64_t rows = left < part->block_rows ? left : part->block_rows;
    const uint64_t *sum = lg_packed_section_of(file, p, LG_PACKED_SUMS);
    const uint64_t at = part->section[LG_PACKED_ROWS].offset + first * part->stride;
    const int state =
        XXH3_64bits(file->map.bytes + at, rows * part->stride) == sum[block] ? RIGHT : WRONG;
    if (lg_mapping_failed(&file->map)) return state;
    if (atomic_exchange(&file->block[p][block], (unsigned char)state) <= ASKED)
        atomic_fetch_sub(&file->unknown[p], 1);
    return state;
}

/* Row of sample i, or -1 where the file no longer says what it said. */
static int64_t row_of(const lg_packed_file *file, int p, int64_t i)
{
    const uint32_t *row = lg_packed_section_of(file, p, LG_PACKED_TABLE);
    if (!row) return i;
    return row[i] < file->header.part[p].count ? (int64_t)row[i] : -1;
}

/* The entry of a sample that was bad when it was packed, or NULL. */
static const uint32_t *find_bad(const lg_packed_file *file, int p, int64_t i)
{
    const uint32_t *word = lg_packed_section_of(file, p, LG_PACKED_BAD);
    if (!word) return NULL;
    const uint64_t room = file->header.part[p].section[LG_PACKED_BAD].size / LG_PACKED_BAD_ENTRY;
    uint64_t low = 0, high = word[0] < room ? word[0] : room;
    while (low < high) {
        const uint64_t middle = (low + high) / 2;
        const uint32_t *entry = word + 2 + 4 * middle;
        if (entry[0] == (uint64_t)i) return entry;
        if (entry[0] < (uint64_t)i)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static logit_status refuse_bad(const lg_packed_file *file, int p, const uint32_t *entry,
                               logit_error *err)
{
    const uint64_t size = file->header.part[p].section[LG_PACKED_BAD].size;
    const char *text = lg_packed_section_of(file, p, LG_PACKED_BAD);
    const uint64_t at = entry[2] < size ? entry[2] : size;
    const uint64_t length = entry[3] < size - at ? entry[3] : size - at;
    const logit_status status = entry[1] == LOGIT_E_IO ? LOGIT_E_IO : LOGIT_E_DATA;
    if (lg_mapping_failed(&file->map)) return lg_mapping_fail(file->path, err);
    LG_FAIL(err, status, "%.*s", (int)(length < 1199 ? length : 1199), text + at);
}

/* Why a sample could not be copied. */
static logit_status explain(const lg_packed_file *file, int p, int64_t row, logit_error *err)
{
    if (lg_mapping_shrank(&file->map)) return lg_mapping_fail(file->path, err);
    if (row >= 0)
        return refuse_block(file, p, (uint64_t)row / file->header.part[p].block_rows, err);
    return lg_place_fail(err, LG_PLACE(file->path, "packed", 0), "CORRUPT",
                         "the row table was written over while it was read");
}

/* Where sample i lies, its block known to be right. */
static logit_status find_row(lg_packed_file *file, int p, int64_t i, const uint8_t **at,
                             logit_error *err)
{
    const lg_packed_part *part = &file->header.part[p];
    const uint32_t *bad = find_bad(file, p, i);
    if (bad) return refuse_bad(file, p, bad, err);
    const int64_t row = row_of(file, p, i);
    if (row < 0) return explain(file, p, row, err);
    const uint32_t block = (uint32_t)row / part->block_rows; /* rows are below 2^31 */
    int state = atomic_load_explicit(&file->block[p][block], memory_order_acquire);
    if (state <= ASKED) state = check_block(file, p, block);
    if (state != RIGHT) return explain(file, p, row, err);
    *at = file->map.bytes + part->section[LG_PACKED_ROWS].offset + (uint64_t)row * part->stride;
    return LOGIT_OK;
}

logit_status lg_packed_read_rows(lg_packed_file *file, int p, const int32_t *sample, int64_t n,
                                 uint8_t *out, int64_t *good, logit_error *err)
{
    enum { AT_ONCE = 32, LINE = 64 };
    const size_t bytes = file->header.part[p].row_bytes;
    const uint8_t *row[AT_ONCE];
    const size_t fetched = bytes < LONG ? 0 : FETCHED;
    logit_status status = LOGIT_OK;
    int64_t done = 0;
    while (done < n && status == LOGIT_OK) {
        int found = 0;
        while (found < AT_ONCE && done + found < n && status == LOGIT_OK) {
            status = find_row(file, p, sample[done + found], &row[found], err);
            if (status == LOGIT_OK) found++;
        }
        for (int i = 0; i < found; i++) {
            for (size_t j = 0; i + 1 < found && j < fetched; j += LINE)
                __builtin_prefetch(row[i + 1] + j, 0, 2);
            memcpy(out + (size_t)(done + i) * bytes, row[i], bytes);
        }
        done += found;
    }
    *good = done;
    if (lg_mapping_shrank(&file->map)) {
        *good = 0;
        return lg_mapping_fail(file->path, err);
    }
    return status;
}

logit_status lg_packed_read(lg_packed_file *file, int p, int64_t i, uint8_t *out, logit_error *err)
{
    const uint8_t *row;
    LG_TRY(find_row(file, p, i, &row, err));
    memcpy(out, row, file->header.part[p].row_bytes);
    const int shrank =
        i % LOOK_EVERY == 0 ? lg_mapping_shrank(&file->map) : lg_mapping_failed(&file->map);
    return shrank ? lg_mapping_fail(file->path, err) : LOGIT_OK;
}

/* ------------------------------------------------------------------------------- names --- */

const char *lg_packed_name(const lg_packed_file *file, int part, int64_t sample, char *out,
                           size_t size)
{
    enum { NUMBER = 32 };
    const uint64_t *begin = lg_packed_section_of(file, part, LG_PACKED_NAMES);
    const uint64_t all = file->header.part[part].section[LG_PACKED_NAMES].size;
    if (begin && begin[sample] <= begin[sample + 1] && begin[sample + 1] <= all) {
        const uint64_t length = begin[sample + 1] - begin[sample];
        snprintf(out, size, "%.*s", (int)(length < size ? length : size),
                 (const char *)begin + begin[sample]);
        return out;
    }
    if (size <= NUMBER) return lg_text_escape(out, size, file->path);
    lg_text_escape(out, size - NUMBER, file->path);
    const size_t used = strlen(out);
    snprintf(out + used, size - used, "[%lld]", (long long)sample);
    return out;
}

/* ------------------------------------------------------------------------- read-ahead --- */

/* A block that nobody has touched yet will be read whole, to be checked. */
static int ask_for_block(const lg_packed_file *file, int p, uint64_t block)
{
    const lg_packed_part *part = &file->header.part[p];
    const uint64_t bytes = part->block_rows * part->stride;
    unsigned char unknown = UNKNOWN;
    if (!atomic_compare_exchange_strong(&file->block[p][block], &unknown, ASKED))
        return unknown <= ASKED;
    lg_mapping_ahead(&file->map, part->section[LG_PACKED_ROWS].offset + block * bytes, bytes);
    return 1;
}

/* Rows of blocks that were checked: in memory still, where all of the file has room there. */
static void ask_for_rows(const lg_packed_file *file, int p, int64_t first, int64_t last)
{
    const lg_packed_part *part = &file->header.part[p];
    if (last < first) return;
    lg_mapping_ahead(&file->map,
                     part->section[LG_PACKED_ROWS].offset + (uint64_t)first * part->stride,
                     (uint64_t)(last - first + 1) * part->stride);
}

void lg_packed_ahead(const lg_packed_file *file, int p, const int32_t *sample, int64_t count)
{
    const lg_packed_part *part = &file->header.part[p];
    int64_t first = 0, last = -1; /* rows of the stretch at hand */
    if (lg_mapping_shrank(&file->map)) return;
    if (file->stays && atomic_load(&file->unknown[p]) == 0) return;
    for (int64_t i = 0; i < count; i++) {
        const int64_t row = row_of(file, p, sample[i]);
        if (row < 0) break;
        if (ask_for_block(file, p, (uint64_t)row / part->block_rows) || file->stays) continue;
        if (last >= first && row >= first && row <= last + 1) {
            if (row > last) last = row;
            continue;
        }
        ask_for_rows(file, p, first, last);
        first = last = row;
    }
    ask_for_rows(file, p, first, last);
}
