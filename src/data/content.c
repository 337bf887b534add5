/* content.c -- xxHash, of memory and of files. */
/* SPDX-License-Identifier: MIT */
#include "data/content.h"

#include <unistd.h>
#include <xxhash.h>

#include "base/file.h"
#include "base/status.h"

enum { BUFFER = 1 << 16 };

lg_content lg_content_of(const void *bytes, size_t size)
{
    const XXH128_hash_t hash = XXH3_128bits(bytes, size);
    return (lg_content){hash.low64, hash.high64};
}

static logit_status hash_file(XXH3_state_t *state, int fd, const char *path, int64_t size,
                              logit_error *err)
{
    uint8_t buffer[BUFFER];
    for (int64_t at = 0; at < size;) {
        const size_t count = size - at < BUFFER ? (size_t)(size - at) : BUFFER;
        LG_TRY(lg_file_read_at(fd, path, buffer, count, at, err));
        XXH3_128bits_update(state, buffer, count);
        at += (int64_t)count;
    }
    return LOGIT_OK;
}

logit_status lg_content_of_file(int folder, const char *path, lg_content *content, logit_error *err)
{
    int fd;
    int64_t size;
    *content = (lg_content){0, 0};
    LG_TRY(lg_file_open(&fd, folder, path, &size, err));
    XXH3_state_t *state = XXH3_createState();
    logit_status status = LOGIT_OK;
    if (!state || XXH3_128bits_reset(state) != XXH_OK)
        status = lg_fail(err, LOGIT_E_NOMEM, __FILE__, __LINE__, "out of memory for a hash");
    if (status == LOGIT_OK) status = hash_file(state, fd, path, size, err);
    if (status == LOGIT_OK) {
        const XXH128_hash_t hash = XXH3_128bits_digest(state);
        *content = (lg_content){hash.low64, hash.high64};
    }
    XXH3_freeState(state);
    close(fd);
    return status;
}
