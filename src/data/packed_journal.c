/* packed_journal.c -- the journal of a packing: bits of rows, bad samples, a checksum.
 *
 *   magic 8 bytes | key 16 | rows of each part 3 x 8 | bits of each part |
 *   bad samples: number 8, each part 4, sample 4, status 4, length 4, text | XXH3-64 of all that */
/* SPDX-License-Identifier: MIT */
#include "data/packed_journal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/file.h"
#include "base/status.h"

static const char magic[8] = {'L', 'G', 'P', 'K', 'J', 'R', 'N', '1'};

enum { BAD_HEAD = 16, CHECK = 8 };

static size_t bits_bytes(int64_t count)
{
    return (size_t)(count + 7) / 8;
}

logit_status lg_packed_progress_init(lg_packed_progress *progress,
                                     const int64_t count[LG_PART_COUNT], logit_error *err)
{
    *progress = (lg_packed_progress){0};
    for (int p = 0; p < LG_PART_COUNT; p++) {
        progress->count[p] = count[p];
        progress->bits[p] = calloc(bits_bytes(count[p]) + 1, 1);
        if (!progress->bits[p])
            LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for packing %lld samples",
                    (long long)count[p]);
    }
    return LOGIT_OK;
}

void lg_packed_progress_clear(lg_packed_progress *progress)
{
    for (int p = 0; p < LG_PART_COUNT; p++) free(progress->bits[p]);
    for (size_t i = 0; i < progress->bads; i++) free(progress->bad[i].reason);
    free(progress->bad);
    *progress = (lg_packed_progress){0};
}

void lg_packed_mark(lg_packed_progress *progress, int part, int64_t row)
{
    if (lg_packed_is_done(progress, part, row)) return;
    progress->bits[part][row / 8] |= (uint8_t)(1u << (row % 8));
    progress->done[part]++;
}

logit_status lg_packed_add_bad(lg_packed_progress *progress, lg_packed_bad bad, logit_error *err)
{
    if (progress->bads == progress->room) {
        const size_t room = progress->room ? 2 * progress->room : 16;
        lg_packed_bad *more = realloc(progress->bad, room * sizeof *more);
        if (!more) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %zu bad samples", room);
        progress->bad = more;
        progress->room = room;
    }
    bad.reason = strdup(bad.reason);
    if (!bad.reason) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a bad sample");
    progress->bad[progress->bads++] = bad;
    return LOGIT_OK;
}

/* --------------------------------------------------------------------------------- saving --- */

static logit_status add(lg_bytes *to, const void *from, size_t size, logit_error *err)
{
    LG_TRY(lg_bytes_reserve(to, to->size + size, err));
    memcpy(to->data + to->size, from, size);
    to->size += size;
    return LOGIT_OK;
}

static logit_status write_all(lg_bytes *to, const uint8_t *key, const lg_packed_progress *progress,
                              logit_error *err)
{
    LG_TRY(add(to, magic, sizeof magic, err));
    LG_TRY(add(to, key, LG_PACKED_IDENTITY, err));
    LG_TRY(add(to, progress->count, sizeof progress->count, err));
    for (int p = 0; p < LG_PART_COUNT; p++)
        LG_TRY(add(to, progress->bits[p], bits_bytes(progress->count[p]), err));
    const uint64_t bads = progress->bads;
    LG_TRY(add(to, &bads, sizeof bads, err));
    for (size_t i = 0; i < progress->bads; i++) {
        const lg_packed_bad *bad = &progress->bad[i];
        const uint32_t head[4] = {bad->part, bad->sample, bad->status,
                                  (uint32_t)strlen(bad->reason)};
        LG_TRY(add(to, head, sizeof head, err));
        LG_TRY(add(to, bad->reason, head[3], err));
    }
    const uint64_t check = XXH3_64bits(to->data, to->size);
    return add(to, &check, sizeof check, err);
}

logit_status lg_packed_journal_save(const char *path, const uint8_t key[LG_PACKED_IDENTITY],
                                    const lg_packed_progress *progress, logit_error *err)
{
    lg_bytes bytes = {0};
    logit_status status = write_all(&bytes, key, progress, err);
    const lg_piece piece = {bytes.data, bytes.size};
    if (status == LOGIT_OK) status = lg_file_replace(path, &piece, 1, err);
    lg_bytes_clear(&bytes);
    return status;
}

/* -------------------------------------------------------------------------------- loading --- */

/* Takes `size` bytes off; NULL where so many are not left. */
static const uint8_t *take(const uint8_t **at, const uint8_t *end, size_t size)
{
    if ((size_t)(end - *at) < size) return NULL;
    const uint8_t *taken = *at;
    *at += size;
    return taken;
}

/* 1 if the bytes are a whole journal of this key and these counts. */
static int is_right(const lg_bytes *bytes, const uint8_t *key, const lg_packed_progress *progress)
{
    const size_t head = sizeof magic + LG_PACKED_IDENTITY;
    uint64_t check;
    if (bytes->size < head + sizeof progress->count + CHECK) return 0;
    memcpy(&check, bytes->data + bytes->size - CHECK, CHECK);
    return check == XXH3_64bits(bytes->data, bytes->size - CHECK) &&
           memcmp(bytes->data, magic, sizeof magic) == 0 &&
           memcmp(bytes->data + sizeof magic, key, LG_PACKED_IDENTITY) == 0 &&
           memcmp(bytes->data + head, progress->count, sizeof progress->count) == 0;
}

static void take_bits(lg_packed_progress *progress, int part, const uint8_t *bits)
{
    for (int64_t row = 0; row < progress->count[part]; row++)
        if (bits[row / 8] >> (row % 8) & 1) lg_packed_mark(progress, part, row);
}

static logit_status take_bad(lg_packed_progress *progress, const uint8_t **at, const uint8_t *end,
                             int *whole, logit_error *err)
{
    uint32_t head[4];
    const uint8_t *taken = take(at, end, BAD_HEAD);
    if (taken) memcpy(head, taken, BAD_HEAD);
    const uint8_t *text = taken ? take(at, end, head[3]) : NULL;
    *whole = text != NULL;
    if (!*whole) return LOGIT_OK;
    char *reason = strndup((const char *)text, head[3]);
    if (!reason) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a bad sample");
    const lg_packed_bad bad = {head[0], head[1], head[2], reason};
    const logit_status status = lg_packed_add_bad(progress, bad, err);
    free(reason);
    return status;
}

/* A journal whose checksum is right, so that what it says can be taken. */
static logit_status take_all(lg_packed_progress *progress, const lg_bytes *bytes, int *whole,
                             logit_error *err)
{
    const uint8_t *at = bytes->data + sizeof magic + LG_PACKED_IDENTITY + sizeof progress->count;
    const uint8_t *end = bytes->data + bytes->size - CHECK, *taken;
    uint64_t bads = 0;
    *whole = 0;
    for (int p = 0; p < LG_PART_COUNT; p++) {
        taken = take(&at, end, bits_bytes(progress->count[p]));
        if (!taken) return LOGIT_OK;
        take_bits(progress, p, taken);
    }
    taken = take(&at, end, sizeof bads);
    if (!taken) return LOGIT_OK;
    memcpy(&bads, taken, sizeof bads);
    *whole = 1;
    for (uint64_t i = 0; i < bads && *whole; i++) LG_TRY(take_bad(progress, &at, end, whole, err));
    return LOGIT_OK;
}

logit_status lg_packed_journal_load(const char *path, const uint8_t key[LG_PACKED_IDENTITY],
                                    lg_packed_progress *progress, int *found, logit_error *err)
{
    lg_bytes bytes = {0};
    lg_packed_progress read = {0};
    logit_status status = LOGIT_OK;
    *found = 0;
    if (lg_file_read(AT_FDCWD, path, SIZE_MAX / 2, &bytes, NULL) == LOGIT_OK &&
        is_right(&bytes, key, progress)) {
        status = lg_packed_progress_init(&read, progress->count, err);
        if (status == LOGIT_OK) status = take_all(&read, &bytes, found, err);
    }
    lg_bytes_clear(&bytes);
    if (status == LOGIT_OK && *found) {
        lg_packed_progress_clear(progress);
        *progress = read;
    } else
        lg_packed_progress_clear(&read);
    return status;
}
