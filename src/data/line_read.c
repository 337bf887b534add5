/* line_read.c -- a window of the file, and the line that is put together from it. */
/* SPDX-License-Identifier: MIT */
#include "data/line_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/status.h"
#include "base/text.h"

logit_status lg_lines_open(lg_lines *lines, int fd, const char *name, size_t limit,
                           logit_error *err)
{
    *lines = (lg_lines){.fd = fd, .name = name, .limit = limit};
    lines->window = malloc(LG_LINES_WINDOW);
    if (!lines->window) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for lines of text");
    return LOGIT_OK;
}

void lg_lines_close(lg_lines *lines)
{
    free(lines->window);
    lg_bytes_clear(&lines->line);
    *lines = (lg_lines){.fd = -1};
}

/* Nothing is filled at the end of the file. */
static logit_status fill(lg_lines *lines, logit_error *err)
{
    char shown[600];
    ssize_t got;
    do got = read(lines->fd, lines->window, LG_LINES_WINDOW);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        LG_FAIL(err, LOGIT_E_IO, "%s: reading failed after line %lld: %s",
                lg_text_escape(shown, sizeof shown, lines->name), (long long)lines->number,
                strerror(errno));
    lines->at = 0;
    lines->filled = (size_t)got;
    return LOGIT_OK;
}

/* Adds bytes to the line.  A CR that LF follows counts until then. */
static logit_status keep(lg_lines *lines, const char *from, size_t size, logit_error *err)
{
    if (lines->line.size + size > lines->limit + 1) lines->too_long = 1;
    if (lines->too_long) return LOGIT_OK;
    LG_TRY(lg_bytes_reserve(&lines->line, lines->line.size + size + 1, err));
    memcpy(lines->line.data + lines->line.size, from, size);
    lines->line.size += size;
    return LOGIT_OK;
}

/* Takes the line's end, and what may stand before the first one, off. */
static void trim(lg_lines *lines)
{
    static const char mark[] = "\xEF\xBB\xBF";
    const size_t length = sizeof mark - 1;
    lg_bytes *line = &lines->line;
    if (line->size > 0 && line->data[line->size - 1] == '\r') line->size--;
    if (line->size > lines->limit) lines->too_long = 1;
    if (lines->number == 1 && line->size >= length && memcmp(line->data, mark, length) == 0) {
        line->size -= length;
        memmove(line->data, line->data + length, line->size);
    }
    line->data[line->size] = '\0';
}

logit_status lg_lines_next(lg_lines *lines, logit_error *err)
{
    int some = 0;
    lines->line.size = 0;
    lines->too_long = 0;
    LG_TRY(lg_bytes_reserve(&lines->line, 1, err));
    for (const char *end = NULL; !end;) {
        if (lines->at == lines->filled) LG_TRY(fill(lines, err));
        if (lines->filled == 0) break;
        const char *from = lines->window + lines->at;
        const size_t left = lines->filled - lines->at;
        end = memchr(from, '\n', left);
        LG_TRY(keep(lines, from, end ? (size_t)(end - from) : left, err));
        lines->at += end ? (size_t)(end - from) + 1 : left;
        some = 1;
    }
    lines->ended = !some;
    if (!some) return LOGIT_OK;
    lines->number++;
    trim(lines);
    return LOGIT_OK;
}
