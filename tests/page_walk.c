/* page_walk.c -- see page_walk.h. */
/* SPDX-License-Identifier: MIT */
#include "tests/page_walk.h"

#include <check.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { BUFFERS = 4, LONGEST = 4096 };

static char *next_buffer(void)
{
    static char buffer[BUFFERS][LONGEST];
    static int turn;
    return buffer[turn++ % BUFFERS];
}

int page_next_tag(const char **at, page_tag *tag)
{
    const char *c = strchr(*at, '<');
    if (!c) return 0;
    *tag = (page_tag){.start = c, .closes = c[1] == '/'};
    c += 1 + tag->closes;
    if (*c == '!') c++;
    size_t length = 0;
    while (isalnum((unsigned char)*c) && length + 1 < sizeof tag->name) tag->name[length++] = *c++;
    ck_assert_msg(length > 0, "no tag: %.40s", tag->start);
    for (int quoted = 0; *c != '>' || quoted; c++) {
        ck_assert_msg(*c && (quoted || *c != '<'), "not ended: %.60s", tag->start);
        if (*c == '"') quoted = !quoted;
    }
    tag->size = (size_t)(c + 1 - tag->start);
    *at = c + 1;
    if (strcmp(tag->name, "style") == 0 && !tag->closes) *at = strstr(*at, "</style>");
    ck_assert_ptr_nonnull(*at);
    return 1;
}

int page_is_void(const page_tag *tag)
{
    static const char *const names[] = {"doctype", "meta", "link", "br", "img", "line", "path"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(tag->name, names[i]) == 0) return i < 5 || tag->start[tag->size - 2] == '/';
    return 0;
}

const char *page_attribute(const page_tag *tag, const char *name)
{
    char mark[40], *out = next_buffer();
    snprintf(mark, sizeof mark, " %s=\"", name);
    const char *from = strstr(tag->start, mark);
    if (!from || from >= tag->start + tag->size) return NULL;
    from += strlen(mark);
    snprintf(out, LONGEST, "%.*s", (int)strcspn(from, "\""), from);
    return out;
}

const char *page_words(const page_tag *tag)
{
    char *out = next_buffer();
    const char *at = tag->start + tag->size, *from = at;
    size_t used = 0;
    page_tag inner;
    for (int depth = 1; depth > 0; from = at) {
        ck_assert(page_next_tag(&at, &inner));
        const size_t length = (size_t)(inner.start - from);
        ck_assert_uint_lt(used + length, LONGEST);
        memcpy(out + used, from, length);
        used += length;
        if (!page_is_void(&inner)) depth += inner.closes ? -1 : 1;
    }
    out[used] = '\0';
    return out;
}
