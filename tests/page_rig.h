/* page_rig.h -- what the tests of pages share: a run's page as a string, and what is in it.
 *
 * Tests.  Names are those of files in small_set.h's folder. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TESTS_PAGE_RIG_H
#define LG_TESTS_PAGE_RIG_H

#include <stddef.h>

/* How often `part` stands in `text`, one behind the other. */
int count_of(const char *text, const char *part);

/* Writes a file anew. */
void page_write(const char *name, const char *text, size_t size);

/* A file as a string; to be freed. */
char *page_text(const char *name);

/* The page of a run, written anew; to be freed. */
char *page_of(const char *run);

#endif
