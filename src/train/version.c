/* version.c -- "1.2.3" to a number. */
/* SPDX-License-Identifier: MIT */
#include "train/version.h"

#include <stdlib.h>
#include <string.h>

/* Takes a number of at most four digits from *text; -1 if there is none. */
static int take_number(const char **text)
{
    const size_t length = strspn(*text, "0123456789");
    if (length == 0 || length > 4) return -1;
    const int number = atoi(*text);
    *text += length;
    return number;
}

int lg_version_epoch(const char *text)
{
    int part[3];
    for (int i = 0; i < 3; i++) {
        part[i] = take_number(&text);
        if (part[i] < 0 || *text != (i < 2 ? '.' : '\0')) return -1;
        text++;
    }
    return part[0] == 0 ? part[1] : part[0] * 10000;
}
