/* loss.c -- the table of losses (loss.def) and finding a row of it by name.  Layer 1 (core). */
/* SPDX-License-Identifier: MIT */
#include "core/loss.h"

#include <string.h>

#define LOSS(id, name, outputs, link, curvature, formula)                                          \
    static int outputs_##id(int k)                                                                 \
    {                                                                                              \
        return outputs;                                                                            \
    }
#include "core/loss.def"
#undef LOSS

const lg_loss_row lg_losses[LG_LOSS_COUNT] = {
#define LOSS(id, name, outputs, link, curvature, formula)                                          \
    {#name, outputs_##id, link, curvature, formula},
#include "core/loss.def"
#undef LOSS
};

lg_loss lg_loss_find(const char *name)
{
    int i = 0;
    while (i < LG_LOSS_COUNT && strcmp(lg_losses[i].name, name) != 0) i++;
    return (lg_loss)i;
}
