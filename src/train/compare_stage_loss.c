/* compare_stage_loss.c -- the loss of a minibatch: losses of rows, gradients of logits and biases.
 *
 * The gradient of a bias is the sum of a column of dz, taken by the loss op: each party's is held
 * beside the sum of its own dz, so that its bound is that of a sum. */
/* SPDX-License-Identifier: MIT */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/status.h"
#include "train/compare_lockstep.h"

/* ---------------------------------------------------------------------------------- bounds --- */

typedef struct loss_job {
    const lg_lockstep *ls;
    const double *away;
    double *row_loss, *dz;
} loss_job;

/* Bounds of row i in setting t. */
static double loss_row(const loss_job *job, int64_t i, int t)
{
    const lg_lockstep *ls = job->ls;
    const lg_minibatch *mini = ls->c->mini;
    const lg_scalars *scalars = &ls->c->scalars[t];
    const int k = ls->shape.outputs;
    const int64_t row = mini->row ? mini->row[i] : i, at = (i * ls->shape.settings + t) * k;
    const lg_bound_row in = {
        .loss = ls->shape.loss,
        .k = k,
        .z = ls->z + at,
        .away = job->away ? job->away + at : NULL,
        .target = mini->target ? mini->target + row * k : NULL,
        .label = mini->label ? mini->label[row] : 0,
        .smoothing = scalars->smoothing,
        .factor = scalars->scale * (mini->weight ? (double)mini->weight[row] : 1.0),
    };
    return lg_bound_loss(&in, job->dz + at);
}

static void loss_part(void *argument, int part, int parts)
{
    const loss_job *job = argument;
    const int s = job->ls->shape.settings;
    int64_t begin, end;
    lg_pool_cut(job->ls->c->mini->count, 1, part, parts, &begin, &end);
    for (int64_t i = begin; i < end; i++) {
        for (int t = 0; t < s; t++) {
            const double bound = loss_row(job, i, t);
            if (job->row_loss) job->row_loss[i * s + t] = bound;
        }
    }
}

void lg_lockstep_loss_bounds(lg_lockstep *ls, const double *away, double *row_loss, double *dz)
{
    loss_job job = {ls, away, row_loss, dz};
    lg_pool_run(ls->pool, loss_part, &job);
}

/* The reference's losses as float32: beyond that there is nothing to train, nor to compare. */
static int is_finite_loss(const lg_lockstep *ls)
{
    const double *loss = ls->row_loss[LG_COMPARE_REF];
    const int64_t count = lg_lockstep_count(ls, LG_ARRAY_ROW_LOSS);
    for (int64_t i = 0; i < count; i++)
        if (!(loss[i] <= (double)FLT_MAX)) return 0;
    return 1;
}

/* gb of party i: the column sums of its own dz, as it lies in ls->got[i], by core/tree.h. */
static logit_status judge_column_sums(lg_lockstep *ls, int i, logit_error *err)
{
    const int64_t n = ls->c->mini->count, columns = lg_lockstep_count(ls, LG_ARRAY_GB);
    const double *dz = ls->got[i];
    double *want = ls->bias_bound[0], *bound = ls->bias_bound[1];
    for (int64_t c = 0; c < columns; c++) {
        const double from = ls->c->first ? 0.0 : ls->start[LG_ARRAY_GB][c];
        want[c] = from;
        bound[c] = fabs(from);
        for (int64_t r = 0; r < n; r++) {
            want[c] += dz[r * columns + c];
            bound[c] += fabs(dz[r * columns + c]);
        }
    }
    LG_TRY(lg_party_get(ls->c->party[i], LG_ARRAY_GB, ls->own[LG_ARRAY_GB], err));
    const lg_judged judged = {.stage = LG_STAGE_LOSS, .array = LG_ARRAY_GB, .count = columns};
    const lg_sides sides = {.a = ls->own[LG_ARRAY_GB],
                            .b = want,
                            .bound = bound,
                            .factor = (lg_bound_depth(n) + 1) * LG_UNIT * (1.0 + 0x1p-10),
                            .count = columns};
    lg_found_sides(ls, &judged, i == LG_COMPARE_A ? LG_PAIR_A_REF : LG_PAIR_B_REF, &sides);
    if (i == LG_COMPARE_A && ls->probe)
        return ls->probe(ls, LG_STAGE_LOSS, LG_ARRAY_GB, &sides, err);
    return LOGIT_OK;
}

/* Losses of rows, gradients of logits; then gradients of biases, which are sums of those. */
static logit_status judge_loss(lg_lockstep *ls, logit_error *err)
{
    double *const got[LG_COMPARE_PARTIES] = {ls->got[0], ls->got[1], ls->got[2]};
    lg_judged judged = {.stage = LG_STAGE_LOSS,
                        .array = LG_ARRAY_ROW_LOSS,
                        .count = lg_lockstep_count(ls, LG_ARRAY_ROW_LOSS),
                        .bound = ls->row_bound,
                        .factor = {1.0, 1.0},
                        .exact = 1};
    memcpy(ls->got, ls->row_loss, sizeof ls->got);
    const logit_status status = lg_found_array(ls, &judged, err);
    memcpy(ls->got, got, sizeof ls->got);
    LG_TRY(status);

    judged.array = LG_ARRAY_Z;
    judged.count = lg_lockstep_count(ls, LG_ARRAY_Z);
    judged.bound = ls->bound;
    LG_TRY(lg_lockstep_get(ls, LG_ARRAY_Z, err));
    LG_TRY(lg_found_array(ls, &judged, err));
    for (int i = LG_COMPARE_A; i <= LG_COMPARE_B; i++)
        if (ls->c->party[i]) LG_TRY(judge_column_sums(ls, i, err));
    return LOGIT_OK;
}

/* Between A and B, the gradients of the biases too have the same bits. */
static logit_status judge_biases(lg_lockstep *ls, logit_error *err)
{
    const lg_judged judged = {
        .stage = LG_STAGE_LOSS, .array = LG_ARRAY_GB, .count = lg_lockstep_count(ls, LG_ARRAY_GB)};
    LG_TRY(lg_lockstep_get(ls, LG_ARRAY_GB, err));
    if (ls->c->party[LG_COMPARE_B]) {
        const lg_sides sides = {
            .a = ls->got[LG_COMPARE_A], .b = ls->got[LG_COMPARE_B], .count = judged.count};
        lg_found_sides(ls, &judged, LG_PAIR_A_B, &sides);
    }
    return lg_found_tell(ls, &judged, err);
}

logit_status lg_lockstep_loss(lg_lockstep *ls, logit_error *err)
{
    LG_TRY(lg_lockstep_run(ls, LG_STAGE_LOSS, err));
    for (int i = 0; i < LG_COMPARE_PARTIES; i++)
        if (ls->c->party[i])
            LG_TRY(lg_party_get(ls->c->party[i], LG_ARRAY_ROW_LOSS, ls->row_loss[i], err));
    if (!is_finite_loss(ls))
        LG_FAIL(err, LOGIT_E_DIVERGED,
                "the reference's loss is not finite in step %lld: the training diverges, and there "
                "is nothing to compare; use a smaller --lr, or leave --lr out",
                (long long)ls->c->step);
    lg_lockstep_loss_bounds(ls, NULL, ls->row_bound, ls->bound);
    LG_TRY(judge_loss(ls, err));
    if (!(ls->scale > 1.0)) lg_found_means(ls);
    LG_TRY(lg_lockstep_give_reference(ls, LG_ARRAY_Z, ls->dz,
                                      err)); /* of ls->got, as judge_loss left it */
    LG_TRY(judge_biases(ls, err));
    return lg_lockstep_give_reference(ls, LG_ARRAY_GB, ls->gb, err);
}
