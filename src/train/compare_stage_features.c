/* compare_stage_features.c -- what a feature map makes of the same u.
 *
 * The map is float32 on every device, whatever the precision of the matmuls.  Where the reference
 * works out some rows only, those of the logits, A's features stand in for the others. */
/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/status.h"
#include "train/compare_lockstep.h"

static const double SLACK = 1.0 + 0x1p-10; /* products of roundings */

/* u of the rows that are looked at. */
static const double *rows_of_u(lg_lockstep *ls)
{
    double *u = ls->own[LG_ARRAY_U];
    if (!ls->sampled) return ls->u;
    memcpy(u, ls->u, (size_t)lg_lockstep_count(ls, LG_ARRAY_U) * sizeof *u);
    lg_sample_keep(&ls->rows, u, ls->shape.lift->in);
    return u;
}

/* Products and sums of two have no order to differ in. */
static int is_exact(const lg_lift *lift)
{
    return lg_lifts[lift->kind].family == LG_LIFT_PRODUCTS;
}

static logit_status work_out(lg_lockstep *ls, const double *u, logit_error *err)
{
    for (int i = 0; i < LG_COMPARE_PARTIES; i++) {
        lg_party *party = ls->c->party[i];
        if (!party || (ls->sampled && i == LG_COMPARE_REF)) continue;
        LG_TRY(lg_party_run(party, LG_STAGE_FEATURES, err));
        LG_TRY(lg_party_get(party, LG_ARRAY_X, ls->got[i], err));
        lg_sample_keep(&ls->rows, ls->got[i], ls->shape.features);
    }
    return ls->sampled ? lg_sample_features(ls, u, err) : LOGIT_OK;
}

logit_status lg_lockstep_own_features(lg_lockstep *ls, lg_pair pair, logit_error *err)
{
    static const double OWN =
        2.0 * LG_UNIT; /* its own u, and ls->u, which were rounded once each */
    const lg_bound_lifted lifted = {.lift = ls->shape.lift,
                                    .u = rows_of_u(ls),
                                    .x = ls->got[lg_pair_sides[pair][1]],
                                    .rows = ls->rows.count,
                                    .own = OWN * SLACK};
    const lg_judged judged = {.stage = LG_STAGE_STEP,
                              .array = LG_ARRAY_X,
                              .count = ls->rows.count * ls->shape.features,
                              .picked = &ls->rows,
                              .bound = ls->bound,
                              .factor = {1.0, 1.0}};
    for (int side = 0; side < 2; side++) {
        const int i = lg_pair_sides[pair][side];
        LG_TRY(lg_party_get(ls->c->party[i], LG_ARRAY_X, ls->got[i], err));
        lg_sample_keep(&ls->rows, ls->got[i], ls->shape.features);
    }
    lg_bound_features(ls->pool, ls->bound, &lifted);
    return lg_found_pair(ls, &judged, pair, err);
}

logit_status lg_lockstep_features(lg_lockstep *ls, logit_error *err)
{
    const lg_lift *lift = ls->shape.lift;
    if (!lift) return LOGIT_OK;
    const double *u = rows_of_u(ls);
    const lg_judged judged = {.stage = LG_STAGE_FEATURES,
                              .array = LG_ARRAY_X,
                              .count = ls->rows.count * ls->shape.features,
                              .picked = &ls->rows,
                              .bound = ls->bound,
                              .factor = {1.0, 1.0},
                              .exact = is_exact(lift)};
    LG_TRY(work_out(ls, u, err));
    const lg_bound_lifted lifted = {
        .lift = lift, .u = u, .x = ls->got[LG_COMPARE_REF], .rows = ls->rows.count};
    lg_bound_features(ls->pool, ls->bound, &lifted);
    LG_TRY(lg_found_array(ls, &judged, err));
    return ls->sampled ? lg_lockstep_give_picked(ls, LG_ARRAY_X, &ls->rows, ls->x, err)
                       : lg_lockstep_give_reference(ls, LG_ARRAY_X, ls->x, err);
}
