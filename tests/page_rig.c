/* page_rig.c -- see page_rig.h. */
/* SPDX-License-Identifier: MIT */
#include "tests/page_rig.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "tests/small_set.h"

int count_of(const char *text, const char *part)
{
    int count = 0;
    for (const char *at = text; (at = strstr(at, part)) != NULL; at += strlen(part)) count++;
    return count;
}

void page_write(const char *name, const char *text, size_t size)
{
    const lg_piece piece = {text, size};
    ck_assert_int_eq(lg_file_replace(small_set_path(name), &piece, 1, NULL), LOGIT_OK);
}

char *page_text(const char *name)
{
    int64_t size;
    uint8_t *bytes = small_set_read(small_set_path(name), &size);
    char *text = calloc((size_t)size + 1, 1);
    ck_assert_ptr_nonnull(text);
    memcpy(text, bytes, (size_t)size);
    free(bytes);
    return text;
}

char *page_of(const char *run)
{
    char name[100];
    logit_report_options report;
    logit_error err = {0};
    logit_report_options_default(&report);
    const logit_status status = logit_report(small_set_path(run), &report, &err);
    ck_assert_msg(status == LOGIT_OK, "%s", err.message);
    snprintf(name, sizeof name, "%s/report.html", run);
    return page_text(name);
}
