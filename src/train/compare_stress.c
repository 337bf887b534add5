/* compare_stress.c -- the stages of a minibatch again, with W doubled until everything saturates.
 *
 * Powers of two are exact: what comes of them is not the scaling's rounding but the regime that is
 * reached, probabilities that underflow and losses that grow with the logits. */
/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "base/status.h"
#include "train/compare_lockstep.h"

/* 1 if W can be doubled no more: every row is sure of itself to the last digit of float32 (its
 * other classes below exp(-LEAD)), or logits and losses leave float32. */
static int is_saturated(const lg_lockstep *ls)
{
    static const double LEAD = 104.0, MOST = 0x1p120;
    const int k = ls->shape.outputs;
    const lg_link link = lg_losses[ls->shape.loss].link;
    const int64_t rows = ls->c->mini->count * ls->shape.settings;
    int saturated = link != LG_LINK_IDENTITY;
    for (int64_t i = 0; i < rows; i++) {
        const double *z = ls->z + i * k;
        double max = z[0], second = -INFINITY, least = INFINITY;
        for (int j = 0; j < k; j++) {
            if (!(fabs(z[j]) < MOST)) return 1;
            if (link == LG_LINK_IDENTITY && !(fabs(z[j]) < 0x1p60)) return 1; /* its square */
            if (j > 0) second = fmax(second, fmin(z[j], max));
            max = fmax(max, z[j]);
            least = fmin(least, fabs(z[j]));
        }
        saturated &= link == LG_LINK_SIGMOID ? least > LEAD : max - second > LEAD;
    }
    return saturated;
}

static int has_weights(const lg_lockstep *ls)
{
    const int64_t count = lg_lockstep_count(ls, LG_ARRAY_W);
    for (int64_t i = 0; i < count; i++)
        if (ls->start[LG_ARRAY_W][i] != 0.0) return 1;
    return 0;
}

logit_status lg_lockstep_stress(lg_lockstep *ls, logit_error *err)
{
    static const double LARGEST = 0x1p100;
    const int last = ls->c->last;
    logit_status status = LOGIT_OK;
    if (!has_weights(ls)) return LOGIT_OK;
    ls->c->last = 1; /* with an update */
    for (ls->scale = 2.0; ls->scale <= LARGEST && status == LOGIT_OK; ls->scale *= 2.0) {
        status = lg_lockstep_put_start(ls, err);
        if (status == LOGIT_OK) status = lg_lockstep_give(ls, LG_ARRAY_X, ls->x, err);
        if (status == LOGIT_OK) status = lg_lockstep_stages(ls, err);
        if (is_saturated(ls)) break;
    }
    ls->scale = 1.0;
    ls->c->last = last;
    if (status != LOGIT_OK && status != LOGIT_E_DIVERGED) return status;
    return lg_lockstep_put_start(ls, err); /* a loss that overflows is where stress ends */
}
