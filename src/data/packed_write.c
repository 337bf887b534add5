/* packed_write.c -- FILE.part from its first row to its name: rows; the rest is packed_rest.c. */
/* SPDX-License-Identifier: MIT */
#include "data/packed_write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/status.h"
#include "base/text.h"
#include "data/packed_writer.h"

enum { SHOWN = 400, MODE = 0666 };

/* ---------------------------------------------------------------------------- opening --- */

/* Sizes and places of the rows, which come first in the file. */
static logit_status lay_out_rows(lg_packed_writer *writer, logit_error *err)
{
    uint64_t end = LG_PACKED_HEADER;
    for (int p = 0; p < LG_PART_COUNT; p++) {
        lg_packed_part *part = &writer->header.part[p];
        if (part->count == 0) continue;
        uint64_t bytes;
        if (!lg_packed_measure(part) || part->count > INT32_MAX ||
            __builtin_mul_overflow(part->count, part->stride, &bytes) || bytes > INT64_MAX / 4)
            LG_FAIL(err, LOGIT_E_USAGE, "%llu samples of %d x %d x %d cannot be packed",
                    (unsigned long long)part->count, part->shape.height, part->shape.width,
                    part->shape.channels);
        end = lg_packed_up(end, LG_PACKED_HEADER);
        part->section[LG_PACKED_ROWS] = (lg_packed_section){end, bytes, 0};
        end += bytes;
    }
    writer->rows_end = end;
    return LOGIT_OK;
}

static logit_status allocate(lg_packed_writer *writer, logit_error *err)
{
    int64_t count[LG_PART_COUNT];
    size_t room = LG_PACKED_BLOCK;
    for (int p = 0; p < LG_PART_COUNT; p++) {
        const lg_packed_part *part = &writer->header.part[p];
        count[p] = (int64_t)part->count;
        if (part->count == 0) continue;
        if (part->stride > room) room = part->stride;
        writer->sum[p] = calloc(lg_packed_blocks(part), sizeof *writer->sum[p]);
        writer->summed[p] = calloc(lg_packed_blocks(part), 1);
        if (!writer->sum[p] || !writer->summed[p])
            LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for packing");
    }
    writer->buffer = malloc(room);
    writer->hash = XXH3_createState();
    if (!writer->buffer || !writer->hash) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for packing");
    return lg_packed_progress_init(&writer->progress, count, err);
}

/* Opens FILE.part and locks it.  Whoever renames or removes the file holds the lock, so a lock on
 * a file that has lost its name is tried again. */
static int open_locked(lg_packed_writer *writer)
{
    for (;;) {
        struct stat mine, there;
        struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        writer->fd = open(writer->part_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, MODE);
        if (writer->fd < 0) return errno;
        if (fcntl(writer->fd, F_OFD_SETLK, &whole) != 0) return errno;
        if (fstat(writer->fd, &mine) == 0 && stat(writer->part_path, &there) == 0 &&
            mine.st_ino == there.st_ino && mine.st_dev == there.st_dev)
            return 0;
        close(writer->fd);
    }
}

static logit_status open_part(lg_packed_writer *writer, logit_error *err)
{
    char name[SHOWN];
    const int why = open_locked(writer);
    lg_text_escape(name, sizeof name, writer->part_path);
    if (why == 0) {
        writer->locked = 1;
        return LOGIT_OK;
    }
    if (writer->fd >= 0) close(writer->fd);
    writer->fd = -1;
    if (why == EAGAIN) LG_FAIL(err, LOGIT_E_LOCKED, "%s: another logit is packing into it", name);
    LG_FAIL(err, LOGIT_E_IO, "%s: cannot be written: %s", name, strerror(why));
}

/* Takes over what an earlier writer left, or begins anew.  The lock is ours: nobody else writes the
 * journal. */
static logit_status take_over(lg_packed_writer *writer, const lg_packed_plan *plan,
                              logit_error *err)
{
    struct stat info;
    int found = 0;
    lg_file_sweep(writer->journal_path);
    const int is_long = fstat(writer->fd, &info) == 0 && (uint64_t)info.st_size >= writer->rows_end;
    if (plan->resume && is_long)
        LG_TRY(lg_packed_journal_load(writer->journal_path, writer->key, &writer->progress, &found,
                                      err));
    writer->journaled = found;
    if (found) return LOGIT_OK;
    unlink(writer->journal_path);
    if (ftruncate(writer->fd, 0) == 0) return LOGIT_OK;
    char name[SHOWN];
    LG_FAIL(err, LOGIT_E_IO, "%s: cannot be emptied: %s",
            lg_text_escape(name, sizeof name, writer->part_path), strerror(errno));
}

/* Room on the disk for all rows at once: better no packing than one that ends half way.  A file
 * system that cannot promise room is believed. */
static logit_status take_room(const lg_packed_writer *writer, logit_error *err)
{
    char name[SHOWN];
    int failed;
    do failed = fallocate(writer->fd, 0, 0, (off_t)writer->rows_end);
    while (failed && errno == EINTR);
    if (failed && errno == EOPNOTSUPP) failed = ftruncate(writer->fd, (off_t)writer->rows_end);
    if (!failed) return LOGIT_OK;
    LG_FAIL(err, LOGIT_E_IO, "%s: no room for %llu bytes of samples: %s",
            lg_text_escape(name, sizeof name, writer->part_path),
            (unsigned long long)writer->rows_end, strerror(errno));
}

static logit_status open_writer(lg_packed_writer *writer, const lg_packed_plan *plan,
                                logit_error *err)
{
    char name[SHOWN];
    struct stat info;
    writer->path = strdup(plan->path);
    writer->part_path = lg_text_format("%s.part", plan->path);
    writer->journal_path = lg_text_format("%s.part.journal", plan->path);
    if (!writer->path || !writer->part_path || !writer->journal_path)
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a path");
    lg_text_escape(name, sizeof name, plan->path);
    if (lstat(plan->path, &info) == 0 && (!plan->replace || !S_ISREG(info.st_mode)))
        LG_FAIL(err, LOGIT_E_USAGE, "%s: is there already%s", name,
                S_ISREG(info.st_mode) ? "; --force replaces it" : ", and is no file");
    LG_TRY(lay_out_rows(writer, err));
    LG_TRY(allocate(writer, err));
    LG_TRY(open_part(writer, err));
    LG_TRY(take_over(writer, plan, err));
    return take_room(writer, err);
}

logit_status lg_packed_create(lg_packed_writer **out, const lg_packed_plan *plan, logit_error *err)
{
    *out = NULL;
    lg_packed_writer *writer = calloc(1, sizeof *writer);
    if (!writer) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for packing");
    writer->fd = -1;
    writer->header = plan->header;
    memcpy(writer->key, plan->key, sizeof writer->key);
    const logit_status status = open_writer(writer, plan, err);
    if (status != LOGIT_OK) {
        lg_packed_writer_destroy(writer, 1);
        return status;
    }
    *out = writer;
    return LOGIT_OK;
}

/* ------------------------------------------------------------------------------- rows --- */

int64_t lg_packed_done(const lg_packed_writer *writer, int part)
{
    return writer->progress.done[part];
}

int lg_packed_has(const lg_packed_writer *writer, int part, int64_t row)
{
    return lg_packed_is_done(&writer->progress, part, row);
}

/* Checksums of blocks whose rows come one after the other are taken on the way; those of others
 * when the writer finishes, from the file. */
static void sum_rows(lg_packed_writer *writer, int p, int64_t row, int64_t count,
                     const uint8_t *bytes)
{
    const lg_packed_part *part = &writer->header.part[p];
    const int64_t in_block = row % part->block_rows, block = row / part->block_rows;
    writer->summed[p][block] = 0;
    if (in_block == 0) {
        XXH3_64bits_reset(writer->hash);
        writer->hash_part = p;
        writer->hash_row = row;
    }
    if (writer->hash_part != p || writer->hash_row != row) {
        writer->hash_row = -1;
        return;
    }
    XXH3_64bits_update(writer->hash, bytes, (size_t)count * part->stride);
    writer->hash_row = row + count;
    if (in_block + count < part->block_rows && row + count < (int64_t)part->count) return;
    writer->sum[p][block] = XXH3_64bits_digest(writer->hash);
    writer->summed[p][block] = 1;
    writer->hash_row = -1;
}

/* Rows of one block, padded to their stride. */
static logit_status put_piece(lg_packed_writer *writer, int p, int64_t row, int64_t count,
                              const uint8_t *rows, logit_error *err)
{
    const lg_packed_part *part = &writer->header.part[p];
    const size_t bytes = part->row_bytes, stride = part->stride;
    const uint8_t *from = rows;
    if (stride != bytes) {
        for (int64_t i = 0; i < count; i++) {
            uint8_t *to = writer->buffer + (size_t)i * stride;
            memcpy(to, rows + (size_t)i * bytes, bytes);
            memset(to + bytes, 0, stride - bytes);
        }
        from = writer->buffer;
    }
    const int64_t at = (int64_t)(part->section[LG_PACKED_ROWS].offset + (uint64_t)row * stride);
    LG_TRY(lg_file_write_at(writer->fd, writer->part_path, from, (size_t)count * stride, at, err));
    sum_rows(writer, p, row, count, from);
    for (int64_t i = 0; i < count; i++) lg_packed_mark(&writer->progress, p, row + i);
    return LOGIT_OK;
}

logit_status lg_packed_put(lg_packed_writer *writer, int part, int64_t row, int64_t count,
                           const uint8_t *rows, logit_error *err)
{
    const lg_packed_part *of = &writer->header.part[part];
    while (count > 0) {
        const int64_t left = of->block_rows - row % of->block_rows;
        const int64_t piece = count < left ? count : left;
        LG_TRY(put_piece(writer, part, row, piece, rows, err));
        row += piece;
        count -= piece;
        rows += (size_t)piece * of->row_bytes;
    }
    return LOGIT_OK;
}

logit_status lg_packed_put_bad(lg_packed_writer *writer, int part, int64_t sample,
                               const logit_error *why, logit_error *err)
{
    const lg_packed_bad bad = {(uint32_t)part, (uint32_t)sample, (uint32_t)why->status,
                               (char *)(uintptr_t)why->message};
    return lg_packed_add_bad(&writer->progress, bad, err);
}

int64_t lg_packed_bads(const lg_packed_writer *writer, int part)
{
    int64_t count = 0;
    for (size_t i = 0; i < writer->progress.bads; i++)
        count += writer->progress.bad[i].part == (uint32_t)part;
    return count;
}

/* ---------------------------------------------------------------------------- the end --- */

logit_status lg_packed_keep(lg_packed_writer *writer, logit_error *err)
{
    char name[SHOWN];
    if (fdatasync(writer->fd) != 0)
        LG_FAIL(err, LOGIT_E_IO, "%s: fdatasync: %s",
                lg_text_escape(name, sizeof name, writer->part_path), strerror(errno));
    LG_TRY(lg_packed_journal_save(writer->journal_path, writer->key, &writer->progress, err));
    writer->journaled = 1;
    return LOGIT_OK;
}

logit_status lg_packed_finish(lg_packed_writer *writer, const lg_packed_rest *rest, int64_t *bytes,
                              logit_error *err)
{
    char name[SHOWN];
    uint8_t page[LG_PACKED_HEADER];
    LG_TRY(lg_packed_write_rest(writer, rest, err));
    lg_packed_encode(&writer->header, page);
    LG_TRY(lg_file_write_at(writer->fd, writer->part_path, page, sizeof page, 0, err));
    if (fsync(writer->fd) != 0)
        LG_FAIL(err, LOGIT_E_IO, "%s: fsync: %s",
                lg_text_escape(name, sizeof name, writer->part_path), strerror(errno));
    LG_TRY(lg_file_rename(writer->part_path, writer->path, err));
    unlink(writer->journal_path);
    writer->locked = 0; /* nothing is left to be removed */
    *bytes = (int64_t)writer->header.file_bytes;
    return LOGIT_OK;
}

void lg_packed_writer_destroy(lg_packed_writer *writer, int keep)
{
    if (!writer) return;
    if (writer->locked && (!keep || !writer->journaled)) {
        unlink(writer->part_path);
        unlink(writer->journal_path);
    }
    if (writer->fd >= 0) close(writer->fd);
    for (int p = 0; p < LG_PART_COUNT; p++) {
        free(writer->sum[p]);
        free(writer->summed[p]);
    }
    lg_packed_progress_clear(&writer->progress);
    if (writer->hash) XXH3_freeState(writer->hash);
    free(writer->buffer);
    free(writer->journal_path);
    free(writer->part_path);
    free(writer->path);
    free(writer);
}
