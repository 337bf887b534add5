/* compare_step.c -- a step as training takes it: fused, folded, from the bytes to the weights.
 *
 * The same start goes to every party, which then runs lg_backend_train_step.  Two questions:
 *   - is it the composition of its own ops?  Bit for bit, but for what the backend folds;
 *   - is it near the reference's step?  Every stage's bound, carried on through the ones behind it.
 *
 * What a logit may be off by, factor * reach, moves the gradient of the logits
 * (compare_bound_loss.c); that of W is then within
 *
 *   sum_i |x_i| (dz's bound + (8 sqrt(n) + 3) u |dz_i|)
 *
 * (more where numbers come again, as in the gradient stage; 3: x, and dz where it carries a
 * learning rate, are rounded, and what products of roundings add), and compare_bound_update.c says
 * what a gradient's bound does to a weight.  Where a device folds the gradient into the weights,
 * all parties' weights are turned back into gradients, (W - W') / lr, and so are the bounds: what
 * is rounded there, u |W|, becomes u |W| / lr.
 *
 * With a feature map every party's x is its own, of its own u, and is judged so.  How far two of
 * them are apart as they have them, E = |x_a - x_b| + |x_b - x|, is carried on, x what the stages
 * were given: a logit is off by |w| E more, the gradient of W by sum_i (|dz_i| + dz's bound) E_i.
 * Such a step, which no device fuses, has the bits of its ops.
 *
 * Where the reference works out some rows only it has taken no such step: what it gave from the
 * others' numbers in the update stage stands in, and reach is |x_i| |w_c| + |b_c| at most (Cauchy
 * and Schwarz). */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "train/compare_lockstep.h"
#include "train/settings.h"

/* How a device takes its step, as far as bounds go. */
typedef struct way {
    lg_precision precision;
    lg_fold fold;
} way;

static int fuses(const lg_party *party)
{
    return lg_backend_fuses(party->backend, &party->problem->step);
}

static way way_of(const lg_party *party)
{
    const lg_backend_ops *ops = party->backend->ops;
    const int folds = fuses(party) && ops->folds;
    return (way){party->precision,
                 folds ? ops->folds(party->backend, &party->problem->step) : LG_FOLD_NONE};
}

/* ---------------------------------------------------------------- is it its own composition? ---
 */

/* Running totals of the losses as numbers. */
static logit_status get_totals(lg_party *party, double *to, logit_error *err)
{
    lg_total total[LG_MAX_SETTINGS];
    LG_TRY(lg_problem_read_totals(party->problem, total, err));
    for (int t = 0; t < party->problem->step.settings; t++) to[t] = total[t].loss;
    return LOGIT_OK;
}

static logit_status get(lg_party *party, lg_array array, double *to, logit_error *err)
{
    return array == LG_ARRAY_COUNT ? get_totals(party, to, err)
                                   : lg_party_get(party, array, to, err);
}

/* What a fused step must have in common with the ops, last what folding changes: of a step that
 * folds into the velocity the first four, into the weights the first two. */
static const lg_array common[] = {LG_ARRAY_ROW_LOSS, LG_ARRAY_COUNT,   LG_ARRAY_B,
                                  LG_ARRAY_STATE_B0, LG_ARRAY_W,       LG_ARRAY_STATE_W0,
                                  LG_ARRAY_STATE_B1, LG_ARRAY_STATE_W1};
enum { COMMON = sizeof common / sizeof *common };

static int in_common(lg_fold fold)
{
    return fold == LG_FOLD_WEIGHTS ? 2 : fold == LG_FOLD_VELOCITY ? 4 : COMMON;
}

static int64_t count_of(const lg_lockstep *ls, lg_array array)
{
    return array == LG_ARRAY_COUNT ? ls->shape.settings : lg_lockstep_count(ls, array);
}

/* The ops of a step, one after the other; their results are kept in ls->own. */
static logit_status compose(lg_lockstep *ls, int i, int arrays, logit_error *err)
{
    lg_party *party = ls->c->party[i];
    LG_TRY(lg_lockstep_put_start_of(ls, i, err));
    LG_TRY(lg_problem_clear_totals(party->problem, err));
    for (lg_stage stage = LG_STAGE_PIXELS; stage < LG_STAGE_STEP; stage++) {
        LG_TRY(lg_party_run(party, stage, err));
        if (stage == LG_STAGE_LOSS)
            LG_TRY(party->backend->ops->sum(party->backend, &party->problem->step, err));
    }
    for (int j = 0; j < arrays; j++)
        if (count_of(ls, common[j]) > 0) LG_TRY(get(party, common[j], ls->own[common[j]], err));
    return LOGIT_OK;
}

/* The step's array beside the ops': a difference counts as outside. */
static logit_status hold_beside_own(lg_lockstep *ls, int i, lg_array array, logit_error *err)
{
    const lg_pair pair = i == LG_COMPARE_A ? LG_PAIR_A_REF : LG_PAIR_B_REF;
    const lg_judged judged = {.stage = LG_STAGE_STEP, .array = array, .count = count_of(ls, array)};
    const char *name = ls->c->party[i]->name;
    logit_difference line;
    lg_tally tally;
    if (judged.count == 0) return LOGIT_OK;
    LG_TRY(get(ls->c->party[i], array, ls->got[i], err));
    const lg_sides sides = {.a = ls->got[i], .b = ls->own[array], .count = judged.count};
    lg_tally_begin(&tally, &line, lg_stage_name[LG_STAGE_STEP], name, name);
    const int64_t index = lg_tally_add(&tally, &sides);
    ls->tally[LG_STAGE_STEP][pair].out->outside += line.outside;
    if (lg_found_first(ls, &judged, pair, index, &sides))
        snprintf(ls->c->out->first.b, sizeof ls->c->out->first.b, "%.12s op by op", name);
    return LOGIT_OK;
}

static logit_status take_step(lg_lockstep *ls, int i, logit_error *err)
{
    lg_party *party = ls->c->party[i];
    const int held = fuses(party) || ls->shape.lift, arrays = in_common(way_of(party).fold);
    if (held) LG_TRY(compose(ls, i, arrays, err));
    LG_TRY(lg_lockstep_put_start_of(ls, i, err));
    LG_TRY(lg_problem_clear_totals(party->problem, err));
    LG_TRY(lg_party_run(party, LG_STAGE_STEP, err));
    for (int j = 0; j < arrays && held; j++) LG_TRY(hold_beside_own(ls, i, common[j], err));
    return LOGIT_OK;
}

/* ------------------------------------------------------------------ how near must it be? --- */

/* |x_i| |scale w_c| + |b_c|, for all rows of x; b NULL: 0. */
static void lengths(lg_lockstep *ls, const double *x, const double *b, double *out)
{
    const int64_t n = ls->c->mini->count, d = ls->shape.features;
    const int64_t columns = lg_lockstep_count(ls, LG_ARRAY_B);
    const double *w = ls->start[LG_ARRAY_W];
    double *length = ls->bias_bound[0];
    for (int64_t c = 0; c < columns; c++) {
        double sum = 0.0;
        for (int64_t j = 0; j < d; j++) sum += w[c * d + j] * w[c * d + j];
        length[c] = ls->scale * sqrt(sum);
    }
    for (int64_t i = 0; i < n; i++) {
        double sum = 0.0;
        for (int64_t j = 0; j < d; j++) sum += x[i * d + j] * x[i * d + j];
        for (int64_t c = 0; c < columns; c++)
            out[i * columns + c] = sqrt(sum) * length[c] + (b ? fabs(b[c]) : 0.0);
    }
}

/* Bounds of the gradients of logits -> what each adds to the bound of a weight's gradient, per |x|,
 * in place; and the bounds of the biases' gradients. */
static void carry_through_sums(const lg_lockstep *ls, double *dz_bound, double *bias, double factor)
{
    const int64_t n = ls->c->mini->count, columns = lg_lockstep_count(ls, LG_ARRAY_B);
    const double sum = (lg_bound_depth(n) + 3) * LG_UNIT;
    const lg_bound_gradient all = {.dz = ls->dz, .rows = n, .columns = columns, .width = columns};
    double *scale = ls->bias_bound[0];
    lg_bound_repeats(ls->pool, scale, &all);
    memset(bias, 0, (size_t)columns * sizeof *bias);
    for (int64_t i = 0; i < n; i++) {
        for (int64_t c = 0; c < columns; c++) {
            double *bound = &dz_bound[i * columns + c];
            const double size = fabs(ls->dz[i * columns + c]) + *bound;
            bias[c] += *bound + sum * size;
            *bound += scale[c] * factor * size;
        }
    }
}

/* How far the features of two parties are apart, with a map -> ls->own[LG_ARRAY_X], and what that
 * does to the logits -> ls->own[LG_ARRAY_Z], by Cauchy and Schwarz where rows are sampled. */
static logit_status features_apart(lg_lockstep *ls, int a, int b, logit_error *err)
{
    double *apart = ls->own[LG_ARRAY_X], *other = ls->got[LG_COMPARE_REF];
    const int64_t count = lg_lockstep_count(ls, LG_ARRAY_X);
    const lg_bound_product product = {.x = apart,
                                      .w = ls->start[LG_ARRAY_W],
                                      .scale = 1.0,
                                      .rows = ls->c->mini->count,
                                      .columns = lg_lockstep_count(ls, LG_ARRAY_B),
                                      .d = ls->shape.features};
    LG_TRY(lg_party_get(ls->c->party[a], LG_ARRAY_X, apart, err));
    LG_TRY(lg_party_get(ls->c->party[b], LG_ARRAY_X, other, err));
    for (int64_t i = 0; i < count; i++)
        apart[i] = fabs(apart[i] - other[i]) + fabs(other[i] - ls->x[i]);
    if (ls->sampled)
        lengths(ls, apart, NULL, ls->own[LG_ARRAY_Z]);
    else
        lg_bound_logits(ls->pool, ls->own[LG_ARRAY_Z], &product);
    return LOGIT_OK;
}

/* Adds what E does to the gradients of W to the bounds in ls->bound; dz: bounds of the gradients of
 * logits, of no use afterwards. */
static void add_features_apart(lg_lockstep *ls, double *dz)
{
    const int64_t n = ls->c->mini->count, d = ls->shape.features;
    const int64_t columns = lg_lockstep_count(ls, LG_ARRAY_B);
    const lg_bound_gradient sizes = {.x = ls->own[LG_ARRAY_X],
                                     .dz = dz,
                                     .column = ls->outputs.index,
                                     .rows = n,
                                     .columns = ls->outputs.count,
                                     .width = columns,
                                     .d = d};
    double *more = ls->apart;
    for (int64_t i = 0; i < n * columns; i++) dz[i] += fabs(ls->dz[i]);
    lg_bound_gradients(ls->pool, more, &sizes);
    for (int64_t r = 0; r < ls->outputs.count; r++) {
        double *to = ls->bound + (ls->sampled ? ls->outputs.index[r] : r) * d;
        for (int64_t j = 0; j < d; j++) to[j] += more[r * d + j];
    }
}

/* Bounds of the step's results, taken in this way, into ls->weight_bound and ls->bias_bound. */
static void carry(lg_lockstep *ls, way how)
{
    const int64_t n = ls->c->mini->count, d = ls->shape.features;
    const int64_t columns = lg_lockstep_count(ls, LG_ARRAY_B);
    const double to_z = lg_bound_factor(d, how.precision) + 3.0 * LG_UNIT;
    const double to_g = lg_bound_factor(n, how.precision) + 3.0 * LG_UNIT;
    double *away_z = ls->apart, *dz = ls->got[LG_COMPARE_A], *picked = ls->got[LG_COMPARE_REF];
    double *away_b = ls->own[LG_ARRAY_GB];
    const double *moved = ls->shape.lift ? ls->own[LG_ARRAY_Z] : NULL;
    for (int64_t i = 0; i < n * columns; i++)
        away_z[i] = to_z * ls->reach[i] + (moved ? (1.0 + to_z) * moved[i] : 0.0);
    lg_lockstep_loss_bounds(ls, away_z, NULL, dz);
    carry_through_sums(ls, dz, away_b, to_g);

    const lg_bound_gradient sizes = {.x = ls->x,
                                     .dz = dz,
                                     .column = ls->outputs.index,
                                     .rows = n,
                                     .columns = ls->outputs.count,
                                     .width = columns,
                                     .d = d};
    lg_bound_gradients(ls->pool, ls->sampled ? picked : ls->bound, &sizes);
    for (int64_t r = 0; r < ls->outputs.count && ls->sampled; r++)
        memcpy(ls->bound + ls->outputs.index[r] * d, picked + r * d, (size_t)d * sizeof *picked);
    if (ls->shape.lift) add_features_apart(ls, dz);
    const lg_bound_rule rule = {
        .optim = ls->shape.optim, .nesterov = ls->shape.nesterov, .fold = how.fold};
    lg_lockstep_update_bounds(ls, rule, ls->bound, away_b);
}

/* ------------------------------------------------------------------------------- judging --- */

static int is_weights(lg_array array)
{
    return array == LG_ARRAY_W || array == LG_ARRAY_B;
}

/* 1 if weights are to be turned back into gradients. */
static int recovers(const lg_lockstep *ls)
{
    int folded = 0;
    for (int i = LG_COMPARE_A; i <= LG_COMPARE_B; i++)
        folded |= ls->c->party[i] && way_of(ls->c->party[i]).fold == LG_FOLD_WEIGHTS;
    for (int t = 0; t < ls->shape.settings && folded; t++)
        folded = fabs(ls->c->scalars[t].lr) > 0.0;
    return folded;
}

/* New weights -> (old - new) / lr; bounds with start NULL -> bounds / lr. */
static void recover(const lg_lockstep *ls, lg_array array, const double *start, double *values)
{
    const int64_t count = lg_lockstep_count(ls, array);
    const int64_t each =
        array == LG_ARRAY_W ? ls->shape.outputs * ls->shape.features : ls->shape.outputs;
    const double scale = array == LG_ARRAY_W ? ls->scale : 1.0;
    for (int64_t i = 0; i < count; i++) {
        const double lr = ls->c->scalars[i / each].lr;
        values[i] = start ? (scale * start[i] - values[i]) / lr : values[i] / fabs(lr);
    }
}

/* One array of a pair. */
static logit_status judge_array(lg_lockstep *ls, lg_pair pair, int updated, logit_error *err)
{
    const lg_array array = lg_lockstep_updated[updated];
    const int64_t d = ls->shape.features, count = lg_lockstep_count(ls, array);
    const int picks = ls->sampled && updated % 2 == 0; /* W and what is as large as W */
    double *bound = (updated % 2 == 0 ? ls->weight_bound : ls->bias_bound)[updated / 2];
    const int back = is_weights(array) && recovers(ls);
    if (!lg_lockstep_keeps(ls, array)) return LOGIT_OK;
    if (back) recover(ls, array, NULL, bound);
    if (picks) lg_sample_keep(&ls->outputs, bound, d);
    for (int side = 0; side < 2; side++) {
        const int i = lg_pair_sides[pair][side];
        LG_TRY(lg_party_get(ls->c->party[i], array, ls->got[i], err));
        lg_lockstep_forget(ls, array, ls->got[i]);
        if (back) recover(ls, array, ls->start[array], ls->got[i]);
        if (picks) lg_sample_keep(&ls->outputs, ls->got[i], d);
    }
    const lg_judged judged = {.stage = LG_STAGE_STEP,
                              .array = array,
                              .count = picks ? ls->outputs.count * d : count,
                              .picked = picks ? &ls->outputs : NULL,
                              .bound = bound,
                              .factor = {1.0, 1.0}};
    LG_TRY(lg_found_pair(ls, &judged, pair, err));
    return pair == LG_PAIR_A_REF ? lg_found_tell(ls, &judged, err) : LOGIT_OK;
}

/* The coarser of two ways, for what two devices may be apart. */
static way coarser(way a, way b)
{
    return (way){lg_precisions[a.precision].unit >= lg_precisions[b.precision].unit ? a.precision
                                                                                    : b.precision,
                 a.fold != LG_FOLD_NONE ? a.fold : b.fold};
}

static logit_status judge_pair(lg_lockstep *ls, lg_pair pair, logit_error *err)
{
    const int a = lg_pair_sides[pair][0], b = lg_pair_sides[pair][1];
    const way first = way_of(ls->c->party[a]);
    if (ls->shape.lift) {
        LG_TRY(lg_lockstep_own_features(ls, pair, err));
        LG_TRY(features_apart(ls, a, b, err));
    }
    carry(ls, b == LG_COMPARE_REF ? first : coarser(first, way_of(ls->c->party[b])));
    for (int i = 0; i < LG_UPDATED; i++) LG_TRY(judge_array(ls, pair, i, err));
    return LOGIT_OK;
}

/* The reference's step, in double from beginning to end; its gradients of logits and of weights
 * take the place of those that the stages were given. */
static logit_status step_of_reference(lg_lockstep *ls, logit_error *err)
{
    lg_party *ref = ls->c->party[LG_COMPARE_REF];
    LG_TRY(lg_lockstep_put_start_of(ls, LG_COMPARE_REF, err));
    LG_TRY(lg_party_run(ref, LG_STAGE_STEP, err));
    LG_TRY(lg_party_get(ref, LG_ARRAY_Z, ls->dz, err));
    LG_TRY(lg_party_get(ref, LG_ARRAY_GW, ls->gw, err));
    return lg_party_get(ref, LG_ARRAY_GB, ls->gb, err);
}

logit_status lg_lockstep_step(lg_lockstep *ls, logit_error *err)
{
    if (ls->sampled)
        lengths(ls, ls->x, ls->start[LG_ARRAY_B], ls->reach);
    else
        LG_TRY(step_of_reference(ls, err));
    for (int i = LG_COMPARE_A; i <= LG_COMPARE_B; i++)
        if (ls->c->party[i]) LG_TRY(take_step(ls, i, err));
    for (lg_pair pair = 0; pair < LG_PAIR_COUNT; pair++)
        if (lg_found_has(ls, pair)) LG_TRY(judge_pair(ls, pair, err));
    return LOGIT_OK;
}
