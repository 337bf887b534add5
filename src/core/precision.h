/* precision.h -- the number types of the matmuls by name.  Layer 1 (core). */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CORE_PRECISION_H
#define LG_CORE_PRECISION_H

typedef enum lg_precision {
#define PRECISION(id, name, unit, about) LG_PRECISION_##id,
#include "core/precision.def"
#undef PRECISION
    LG_PRECISION_COUNT
} lg_precision;

typedef struct lg_precision_row {
    const char *name;
    double unit; /* unit roundoff of a factor */
    const char *about;
} lg_precision_row;

extern const lg_precision_row lg_precisions[LG_PRECISION_COUNT];

/* The row with this name, or LG_PRECISION_COUNT. */
lg_precision lg_precision_find(const char *name);

#endif
