/* cpu_kernels.c -- the table of inner loops for one instruction set.
 *
 * Layer 1 (core).  Compiled once per instruction set with -DLG_ISA=base, avx2 or avx512 and the
 * compiler's flags for it; exports lg_cpu_kernels_base and so on.  Everything else in this object
 * is static, so that no loop compiled for one processor can be linked into another's path. */
/* SPDX-License-Identifier: MIT */
#include "core/cpu_kernels.h"

#include "core/cpu_isa.h"
#include "core/cpu_lift.h"
#include "core/cpu_loss.h"
#include "core/cpu_matmul.h"
#include "core/cpu_sums.h"
#include "core/cpu_update.h"

#define TABLE_NAME_(isa) lg_cpu_kernels_##isa
#define TABLE_NAME(isa) TABLE_NAME_(isa)
#define ISA_TEXT_(isa) #isa
#define ISA_TEXT(isa) ISA_TEXT_(isa)

const lg_cpu_kernels TABLE_NAME(LG_ISA) = {
    .name = ISA_TEXT(LG_ISA),
    .pixels = pixels,
    .logits = logits,
    .gradient = gradient,
    .tile_target = tile_target,
    .row_target = row_target,
    .tile_loss =
        {
#define LOSS(id, name, outputs, link, curvature, formula) [LG_LOSS_##id] = name##_tile,
#include "core/loss.def"
#undef LOSS
        },
    .row_loss =
        {
#define LOSS(id, name, outputs, link, curvature, formula) [LG_LOSS_##id] = name##_row,
#include "core/loss.def"
#undef LOSS
        },
    .tile_column_sums = tile_column_sums,
    .column_sums = column_sums,
    .loss_sums = loss_sums,
    .update =
        {
#define OPTIM(id, name, step, states, whole, formula) [LG_OPTIM_##id] = step##_update,
#include "core/optim.def"
#undef OPTIM
        },
    .products = products,
    .act = act,
    .pack_filter = pack_filter,
    .windows_scratch = windows_scratch,
    .windows = windows,
};
