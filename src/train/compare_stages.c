/* compare_stages.c -- the stages of a minibatch, one by one, each from the same inputs.
 *
 * A stage: the op runs on every party; each of its arrays is brought to the host and judged; then
 * the reference's, rounded to float32, goes to all, for the stage that comes next.  Where the
 * reference works out some rows only, A's numbers stand in for the others. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "base/status.h"
#include "train/compare_lockstep.h"

/* ------------------------------------------------------------------- what stages are made of ---
 */

logit_status lg_lockstep_give_picked(lg_lockstep *ls, lg_array array, const lg_picked *picked,
                                     double *to, logit_error *err)
{
    const int64_t count = lg_lockstep_count(ls, array);
    const int64_t width =
        array == LG_ARRAY_Z ? (int64_t)ls->shape.settings * ls->shape.outputs : ls->shape.features;
    const double *from = ls->got[LG_COMPARE_REF];
    LG_TRY(lg_party_get(ls->c->party[LG_COMPARE_A], array, to, err));
    for (int64_t i = 0; i < count; i++)
        if (!isfinite(to[i])) to[i] = 0.0;
    for (int64_t r = 0; r < picked->count; r++)
        for (int64_t j = 0; j < width; j++)
            to[picked->index[r] * width + j] = (double)(float)from[r * width + j];
    return lg_lockstep_give(ls, array, to, err);
}

static void set_factors(const lg_lockstep *ls, lg_judged *judged, int64_t n)
{
    for (int i = LG_COMPARE_A; i <= LG_COMPARE_B; i++)
        if (ls->c->party[i]) judged->factor[i] = lg_bound_factor(n, ls->c->party[i]->precision);
}

/* ---------------------------------------------------------------------------------- pixels --- */

logit_status lg_lockstep_pixels(lg_lockstep *ls, logit_error *err)
{
    const lg_array array = ls->shape.lift ? LG_ARRAY_U : LG_ARRAY_X;
    const lg_judged judged = {.stage = LG_STAGE_PIXELS,
                              .array = array,
                              .count = lg_lockstep_count(ls, array),
                              .bound = ls->bound,
                              .factor = {1.0, 1.0},
                              .exact = 1};
    LG_TRY(lg_lockstep_run(ls, LG_STAGE_PIXELS, err));
    LG_TRY(lg_lockstep_get(ls, array, err));
    lg_bound_pixels(ls->bound, ls->got[LG_COMPARE_REF], judged.count, ls->shift);
    LG_TRY(lg_found_array(ls, &judged, err));
    return lg_lockstep_give_reference(ls, array, ls->shape.lift ? ls->u : ls->x, err);
}

/* ---------------------------------------------------------------------------------- logits --- */

/* ls->x and the start weights of the rows that are looked at -> ls->reach. */
static void reach_of(lg_lockstep *ls)
{
    const lg_bound_product product = {.x = ls->sampled ? ls->bound : ls->x,
                                      .w = ls->start[LG_ARRAY_W],
                                      .b = ls->start[LG_ARRAY_B],
                                      .scale = ls->scale,
                                      .rows = ls->rows.count,
                                      .columns = lg_lockstep_count(ls, LG_ARRAY_B),
                                      .d = ls->shape.features};
    if (ls->sampled) {
        memcpy(ls->bound, ls->x, (size_t)lg_lockstep_count(ls, LG_ARRAY_X) * sizeof *ls->x);
        lg_sample_keep(&ls->rows, ls->bound, ls->shape.features);
    }
    lg_bound_logits(ls->pool, ls->reach, &product);
}

static logit_status logits(lg_lockstep *ls, logit_error *err)
{
    const int64_t columns = lg_lockstep_count(ls, LG_ARRAY_B);
    lg_judged judged = {.stage = LG_STAGE_LOGITS,
                        .array = LG_ARRAY_Z,
                        .count = ls->rows.count * columns,
                        .picked = &ls->rows,
                        .bound = ls->reach};
    set_factors(ls, &judged, ls->shape.features);
    reach_of(ls);
    for (int i = 0; i < LG_COMPARE_PARTIES; i++) {
        lg_party *party = ls->c->party[i];
        if (!party || (ls->sampled && i == LG_COMPARE_REF)) continue;
        LG_TRY(lg_party_run(party, LG_STAGE_LOGITS, err));
        LG_TRY(lg_party_get(party, LG_ARRAY_Z, ls->got[i], err));
        lg_sample_keep(&ls->rows, ls->got[i], columns);
    }
    if (ls->sampled) LG_TRY(lg_sample_logits(ls, err));
    LG_TRY(lg_found_array(ls, &judged, err));
    LG_TRY(ls->sampled ? lg_lockstep_give_picked(ls, LG_ARRAY_Z, &ls->rows, ls->z, err)
                       : lg_lockstep_give_reference(ls, LG_ARRAY_Z, ls->z, err));
    lg_found_regimes(ls);
    return LOGIT_OK;
}

/* -------------------------------------------------------------------------------- gradient --- */

/* dz x, and what the sums go on from, of the rows of W that are looked at -> ls->bound. */
static void gradient_sizes(lg_lockstep *ls)
{
    const int64_t d = ls->shape.features;
    const lg_bound_gradient sizes = {.x = ls->x,
                                     .dz = ls->dz,
                                     .g = ls->c->first ? NULL : ls->start[LG_ARRAY_GW],
                                     .rows = ls->c->mini->count,
                                     .columns = ls->outputs.count,
                                     .column = ls->outputs.index,
                                     .width = lg_lockstep_count(ls, LG_ARRAY_B),
                                     .d = d};
    double *scale = ls->bias_bound[0];
    lg_bound_gradients(ls->pool, ls->bound, &sizes);
    lg_bound_repeats(ls->pool, scale, &sizes);
    for (int64_t c = 0; c < ls->outputs.count; c++)
        for (int64_t f = 0; f < d && scale[c] > 1.0; f++) ls->bound[c * d + f] *= scale[c];
}

static logit_status gradient(lg_lockstep *ls, logit_error *err)
{
    lg_judged judged = {.stage = LG_STAGE_GRADIENT,
                        .array = LG_ARRAY_GW,
                        .count = ls->outputs.count * ls->shape.features,
                        .picked = &ls->outputs,
                        .bound = ls->bound};
    set_factors(ls, &judged, ls->c->mini->count);
    gradient_sizes(ls);
    for (int i = 0; i < LG_COMPARE_PARTIES; i++) {
        lg_party *party = ls->c->party[i];
        if (!party || (ls->sampled && i == LG_COMPARE_REF)) continue;
        LG_TRY(lg_party_run(party, LG_STAGE_GRADIENT, err));
        LG_TRY(lg_party_get(party, LG_ARRAY_GW, ls->got[i], err));
        lg_sample_keep(&ls->outputs, ls->got[i], ls->shape.features);
    }
    if (ls->sampled) LG_TRY(lg_sample_gradient(ls, err));
    LG_TRY(lg_found_array(ls, &judged, err));
    return ls->sampled ? lg_lockstep_give_picked(ls, LG_ARRAY_GW, &ls->outputs, ls->gw, err)
                       : lg_lockstep_give_reference(ls, LG_ARRAY_GW, ls->gw, err);
}

logit_status lg_lockstep_stages(lg_lockstep *ls, logit_error *err)
{
    LG_TRY(logits(ls, err));
    LG_TRY(lg_lockstep_loss(ls, err));
    LG_TRY(gradient(ls, err));
    return ls->c->last ? lg_lockstep_update(ls, err) : LOGIT_OK;
}
