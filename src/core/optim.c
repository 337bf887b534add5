/* optim.c -- the table of optimisers (optim.def) and finding a row of it by name.
 * Layer 1 (core). */
/* SPDX-License-Identifier: MIT */
#include "core/optim.h"

#include <string.h>

const lg_optim_row lg_optims[LG_OPTIM_COUNT] = {
#define OPTIM(id, name, step, states, whole, formula) {name, states, whole, formula},
#include "core/optim.def"
#undef OPTIM
};

lg_optim lg_optim_find(const char *name)
{
    int i = 0;
    while (i < LG_OPTIM_COUNT && strcmp(lg_optims[i].name, name) != 0) i++;
    return (lg_optim)i;
}
