/* same_run.c -- see same_run.h. */
/* SPDX-License-Identifier: MIT */
#include "tests/same_run.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/small_set.h"
#include "tests/train_rig.h"

/* What the metrics say, without times. */
static char *timeless(const char *run)
{
    static const char *const times[] = {"\"seconds\":", "\"samples_per_second\":", "\"waiting\":"};
    int64_t size;
    char name[64];
    snprintf(name, sizeof name, "%s/metrics.jsonl", run);
    uint8_t *raw = small_set_read(small_set_path(name), &size);
    char *text = calloc((size_t)size + 1, 1);
    memcpy(text, raw, (size_t)size);
    free(raw);
    for (int i = 0; i < 3; i++)
        for (char *at = text; (at = strstr(at, times[i])) != NULL;) {
            const size_t length = strcspn(at, ",}");
            memmove(at, at + length, strlen(at + length) + 1);
        }
    return text;
}

void same_run(const char *a, const char *b, int at)
{
    char x[64], y[64];
    snprintf(x, sizeof x, "%s/model.safetensors", a);
    snprintf(y, sizeof y, "%s/model.safetensors", b);
    ck_assert_msg(same_files(x, y), "stop at %d: the models differ", at);
    char *s = timeless(a), *t = timeless(b);
    size_t same = 0;
    while (s[same] && s[same] == t[same]) same++;
    while (same > 0 && s[same - 1] != '\n') same--; /* the line that differs */
    ck_assert_msg(strcmp(s, t) == 0, "stop at %d: metrics differ:\n%.600s\n%.600s", at, s + same,
                  t + same);
    free(s);
    free(t);
}
