/* precision.c -- the table of precision.def.  Layer 1 (core). */
/* SPDX-License-Identifier: MIT */
#include "core/precision.h"

#include <string.h>

const lg_precision_row lg_precisions[LG_PRECISION_COUNT] = {
#define PRECISION(id, name, unit, about) {name, unit, about},
#include "core/precision.def"
#undef PRECISION
};

lg_precision lg_precision_find(const char *name)
{
    int i = 0;
    while (i < LG_PRECISION_COUNT && strcmp(lg_precisions[i].name, name) != 0) i++;
    return (lg_precision)i;
}
