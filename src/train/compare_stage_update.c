/* compare_stage_update.c -- new weights, biases and states from the same gradients. */
/* SPDX-License-Identifier: MIT */
#include "base/status.h"
#include "train/compare_lockstep.h"

typedef struct update_job {
    const lg_lockstep *ls;
    lg_bound_rule rule;
    const double *g, *away; /* of the weights, or of the biases */
    const double *w, *state[LG_OPTIM_STATES];
    double *const *bound; /* [1 + LG_OPTIM_STATES] */
    double scale;         /* of w */
    int64_t count, per_setting;
} update_job;

static void update_part(void *argument, int part, int parts)
{
    const update_job *job = argument;
    const int states = lg_optims[job->rule.optim].states;
    int64_t begin, end;
    lg_pool_cut(job->count, 1, part, parts, &begin, &end);
    for (int64_t i = begin; i < end; i++) {
        lg_bound_rule rule = job->rule;
        rule.scalars = &job->ls->c->scalars[i / job->per_setting];
        lg_bound_weight in = {
            .w = job->scale * job->w[i], .g = job->g[i], .away = job->away ? job->away[i] : 0.0};
        for (int k = 0; k < states; k++) in.state[k] = job->state[k][i];
        double bound[1 + LG_OPTIM_STATES];
        lg_bound_update(&rule, &in, bound);
        for (int k = 0; k <= states; k++) job->bound[k][i] = bound[k];
    }
}

void lg_lockstep_update_bounds(lg_lockstep *ls, lg_bound_rule rule, const double *away_w,
                               const double *away_b)
{
    double *const *start = ls->start;
    update_job weights = {.ls = ls,
                          .rule = rule,
                          .g = ls->gw,
                          .away = away_w,
                          .w = start[LG_ARRAY_W],
                          .state = {start[LG_ARRAY_STATE_W0], start[LG_ARRAY_STATE_W1]},
                          .bound = ls->weight_bound,
                          .scale = ls->scale,
                          .count = lg_lockstep_count(ls, LG_ARRAY_W),
                          .per_setting = ls->shape.outputs * ls->shape.features};
    update_job biases = {.ls = ls,
                         .rule = rule,
                         .g = ls->gb,
                         .away = away_b,
                         .w = start[LG_ARRAY_B],
                         .state = {start[LG_ARRAY_STATE_B0], start[LG_ARRAY_STATE_B1]},
                         .bound = ls->bias_bound,
                         .scale = 1.0,
                         .count = lg_lockstep_count(ls, LG_ARRAY_B),
                         .per_setting = ls->shape.outputs};
    biases.rule.bias = 1;
    lg_pool_run(ls->pool, update_part, &weights);
    lg_pool_run(ls->pool, update_part, &biases);
}

/* In the order in which they are judged. */
const lg_array lg_lockstep_updated[LG_UPDATED] = {LG_ARRAY_W,        LG_ARRAY_B,
                                                  LG_ARRAY_STATE_W0, LG_ARRAY_STATE_B0,
                                                  LG_ARRAY_STATE_W1, LG_ARRAY_STATE_B1};

const double *lg_lockstep_update_bound(const lg_lockstep *ls, int updated)
{
    return updated % 2 == 0 ? ls->weight_bound[updated / 2] : ls->bias_bound[updated / 2];
}

logit_status lg_lockstep_update(lg_lockstep *ls, logit_error *err)
{
    const lg_bound_rule rule = {.optim = ls->shape.optim, .nesterov = ls->shape.nesterov};
    lg_lockstep_update_bounds(ls, rule, NULL, NULL);
    LG_TRY(lg_lockstep_run(ls, LG_STAGE_UPDATE, err));
    for (int i = 0; i < LG_UPDATED; i++) {
        const lg_array array = lg_lockstep_updated[i];
        const lg_judged judged = {.stage = LG_STAGE_UPDATE,
                                  .array = array,
                                  .count = lg_lockstep_count(ls, array),
                                  .bound = lg_lockstep_update_bound(ls, i),
                                  .factor = {1.0, 1.0},
                                  .exact = 1};
        if (!lg_lockstep_keeps(ls, array)) continue;
        LG_TRY(lg_lockstep_get(ls, array, err));
        LG_TRY(lg_found_array(ls, &judged, err));
    }
    return LOGIT_OK;
}
