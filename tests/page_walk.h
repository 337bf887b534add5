/* page_walk.h -- a page as its tags, one after the other, and what stands between them.
 *
 * Tests.  It knows no more of HTML than the pages of runs need: quoted attributes, and that the
 * style sheet is no markup. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TESTS_PAGE_WALK_H
#define LG_TESTS_PAGE_WALK_H

#include <stddef.h>

typedef struct page_tag {
    char name[16];
    int closes;        /* </name> */
    const char *start; /* at the < */
    size_t size;       /* up to and with the > */
} page_tag;

/* The next tag at *at or behind it, and *at behind that; 0: no more.  A tag that is not one fails
 * the test. */
int page_next_tag(const char **at, page_tag *tag);

/* 1 if the tag may stand without an end. */
int page_is_void(const page_tag *tag);

/* The value of an attribute in a static buffer that serves four calls in turn; NULL: none. */
const char *page_attribute(const page_tag *tag, const char *name);

/* The words between a tag and the end of its element, without the tags in it, likewise. */
const char *page_words(const page_tag *tag);

#endif
