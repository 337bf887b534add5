/* checkpoint_file.c -- out in one go; in with everything looked at before it is believed. */
/* SPDX-License-Identifier: MIT */
#include "train/checkpoint_file.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/size.h"
#include "base/status.h"
#include "train/json_check.h"

enum {
    VERSION = 1,
    HEAD_AT = 24,
    SUM_BYTES = 16,
    MOST_HEAD = 1 << 24, /* 256 settings take some 50 kB */
    SHOWN = 600
};

static const char MAGIC[8] = {'l', 'o', 'g', 'i', 't', 'c', 'k', 'p'};
static const lg_json_rules rules = {.depth = 4, .values = 1 << 17};

static void put_number(uint8_t *to, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++) to[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t get_number(const uint8_t *from, int bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++) value |= (uint64_t)from[i] << (8 * i);
    return value;
}

/* --------------------------------------------------------------------------------- writing --- */

logit_status lg_checkpoint_file_write(const char *path, const lg_text *head, const void *state,
                                      size_t state_bytes, logit_error *err)
{
    static const char spaces[8] = "       ";
    uint8_t front[HEAD_AT], sum[SUM_BYTES];
    if (head->failed) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a checkpoint");
    const size_t fill = (8 - head->size % 8) % 8;
    memcpy(front, MAGIC, sizeof MAGIC);
    put_number(front + 8, VERSION, 4);
    put_number(front + 12, head->size + fill, 4);
    put_number(front + 16, state_bytes, 8);
    lg_piece piece[] = {{front, sizeof front},
                        {head->data, head->size},
                        {spaces, fill},
                        {state, state_bytes},
                        {sum, sizeof sum}};
    enum { PIECES = sizeof piece / sizeof *piece };
    XXH3_state_t *hash = XXH3_createState();
    if (!hash) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a checkpoint");
    XXH3_128bits_reset(hash);
    for (int i = 0; i + 1 < PIECES; i++) XXH3_128bits_update(hash, piece[i].data, piece[i].size);
    const XXH128_hash_t value = XXH3_128bits_digest(hash);
    XXH3_freeState(hash);
    put_number(sum, value.low64, 8);
    put_number(sum + 8, value.high64, 8);
    return lg_file_replace(path, piece, PIECES, err);
}

/* --------------------------------------------------------------------------------- reading --- */

static logit_status refuse(logit_error *err, const char *path, size_t byte, const char *reason,
                           const char *class_name)
{
    char shown[SHOWN];
    LG_FAIL(err, LOGIT_E_DATA, "%s: checkpoint at byte %zu: %s [%s]",
            lg_text_escape(shown, sizeof shown, path), byte, reason, class_name);
}

/* The size that the front promises, in *whole. */
static logit_status read_front(const char *path, const uint8_t *front, size_t there, size_t *whole,
                               logit_error *err)
{
    if (there < HEAD_AT) return refuse(err, path, there, "the file ends in its front", "TRUNC");
    if (memcmp(front, MAGIC, sizeof MAGIC) != 0)
        return refuse(err, path, 0, "it does not begin with logitckp", "FORMAT");
    if (get_number(front + 8, 4) != VERSION)
        return refuse(err, path, 8, "of a version that this logit does not know", "UNSUP");
    const size_t head = (size_t)get_number(front + 12, 4);
    if (head == 0 || head % 8 != 0 || head > MOST_HEAD)
        return refuse(err, path, 12, "the size of the head makes no sense", "FORMAT");
    if (!lg_size_add((size_t)get_number(front + 16, 8), HEAD_AT + head + SUM_BYTES, whole) ||
        there < *whole)
        return refuse(err, path, there, "the file ends before its state does", "TRUNC");
    if (there > *whole) return refuse(err, path, *whole, "bytes are left over", "TRAIL");
    return LOGIT_OK;
}

static logit_status check_sum(const char *path, const uint8_t *data, size_t size, logit_error *err)
{
    const size_t covered = size - SUM_BYTES;
    const XXH128_hash_t want = XXH3_128bits(data, covered);
    if (get_number(data + covered, 8) == want.low64 &&
        get_number(data + covered + 8, 8) == want.high64)
        return LOGIT_OK;
    return refuse(err, path, covered, "the checksum does not fit", "CORRUPT");
}

/* The head is a text of its own, so that it can end in a NUL. */
static logit_status parse_head(const char *path, lg_checkpoint_file *file, size_t head_bytes,
                               logit_error *err)
{
    lg_json_fault fault;
    char *head = (char *)file->bytes.data + HEAD_AT;
    const char kept = head[head_bytes];
    head[head_bytes] = '\0'; /* the checksum has been looked at: nobody misses it */
    const logit_status status = lg_json_parse(&file->head, head, head_bytes, &rules, &fault);
    head[head_bytes] = kept;
    if (status == LOGIT_E_DATA)
        return refuse(err, path, HEAD_AT + fault.at, fault.reason, "FORMAT");
    if (status != LOGIT_OK) LG_FAIL(err, status, "out of memory for a checkpoint");
    if (!cJSON_IsObject(file->head))
        return refuse(err, path, HEAD_AT, "the head is no object", "FORMAT");
    return LOGIT_OK;
}

static logit_status read_file(const char *path, int fd, int64_t size, lg_checkpoint_file *file,
                              logit_error *err)
{
    uint8_t front[HEAD_AT];
    size_t whole = 0;
    const size_t there = (size_t)size;
    LG_TRY(lg_file_read_at(fd, path, front, there < HEAD_AT ? there : HEAD_AT, 0, err));
    LG_TRY(read_front(path, front, there, &whole, err));
    LG_TRY(lg_bytes_reserve(&file->bytes, whole, err));
    LG_TRY(lg_file_read_at(fd, path, file->bytes.data, whole, 0, err));
    file->bytes.size = whole;
    LG_TRY(check_sum(path, file->bytes.data, whole, err));
    const size_t head = (size_t)get_number(front + 12, 4);
    LG_TRY(parse_head(path, file, head, err));
    file->state = file->bytes.data + HEAD_AT + head;
    file->state_bytes = whole - HEAD_AT - head - SUM_BYTES;
    return LOGIT_OK;
}

logit_status lg_checkpoint_file_read(const char *path, lg_checkpoint_file *out, logit_error *err)
{
    int fd;
    int64_t size;
    *out = (lg_checkpoint_file){0};
    LG_TRY(lg_file_open(&fd, AT_FDCWD, path, &size, err));
    const logit_status status = read_file(path, fd, size, out, err);
    close(fd);
    if (status != LOGIT_OK) lg_checkpoint_file_clear(out);
    return status;
}

void lg_checkpoint_file_clear(lg_checkpoint_file *file)
{
    cJSON_Delete(file->head);
    lg_bytes_clear(&file->bytes);
    *file = (lg_checkpoint_file){0};
}
