/* compare_found.c -- what was found in lockstep, and where: lines of the table, regimes. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "train/compare_lockstep.h"

static const double LOSS_FLOOR = 1e-3; /* of what a mean loss is relative to */

const int lg_pair_sides[LG_PAIR_COUNT][2] = {
    {LG_COMPARE_A, LG_COMPARE_REF}, {LG_COMPARE_B, LG_COMPARE_REF}, {LG_COMPARE_A, LG_COMPARE_B}};

int lg_found_has(const lg_lockstep *ls, lg_pair pair)
{
    return ls->c->party[lg_pair_sides[pair][0]] && ls->c->party[lg_pair_sides[pair][1]];
}

/* ----------------------------------------------------------------------------------- lines --- */

/* The inner length of a stage's matmul; 0: it has none. */
static int64_t inner_length(const lg_lockstep *ls, lg_stage stage)
{
    return stage == LG_STAGE_FEATURES   ? lg_lift_filter_width(ls->shape.lift)
           : stage == LG_STAGE_LOGITS   ? ls->shape.features
           : stage == LG_STAGE_GRADIENT ? ls->shape.batch
                                        : 0;
}

static const char *features_words(const lg_lift *lift)
{
    static const char *const words[] = {[LG_LIFT_PRODUCTS] = "counted roundings of each product",
                                        [LG_LIFT_LAYER] = "|F u|, through act and scale",
                                        [LG_LIFT_WINDOWS] =
                                            "|F v| / sd, through threshold, mean and scale"};
    return words[lg_lifts[lift->kind].family];
}

static void describe_bound(const lg_lockstep *ls, lg_stage stage, lg_pair pair,
                           logit_difference *out)
{
    const char *const words[LG_STAGE_COUNT] = {
        [LG_STAGE_PIXELS] = ls->shape.lift ? "u |u|: one rounding" : "u |x|: one rounding",
        [LG_STAGE_FEATURES] = ls->shape.lift ? features_words(ls->shape.lift) : "",
        [LG_STAGE_LOGITS] = "|x w|",
        [LG_STAGE_LOSS] = "counted roundings of each row",
        [LG_STAGE_GRADIENT] = "|dz x|, more where dz repeats",
        [LG_STAGE_UPDATE] = "counted roundings of it",
        [LG_STAGE_STEP] = "the stages' bounds, carried through the step"};
    const int64_t n = inner_length(ls, stage);
    const lg_precision precision = stage == LG_STAGE_FEATURES
                                       ? LG_PRECISION_F32
                                       : ls->c->party[lg_pair_sides[pair][0]]->precision;
    const int exact =
        stage == LG_STAGE_PIXELS || stage == LG_STAGE_LOSS || stage == LG_STAGE_UPDATE;
    if (pair == LG_PAIR_A_B)
        snprintf(out->bound, sizeof out->bound, "%s",
                 exact ? "0: the same bits" : "the bounds of both, added");
    else if (n > 0)
        lg_bound_words(out->bound, sizeof out->bound, n, precision, words[stage]);
    else
        snprintf(out->bound, sizeof out->bound, "%s", words[stage]);
    if (n > 0 && pair != LG_PAIR_A_B)
        out->worst_case = lg_bound_worst(n, precision) / lg_bound_factor(n, precision);
}

void lg_found_begin(lg_lockstep *ls)
{
    logit_comparison *out = ls->c->out;
    lg_party *const *party = ls->c->party;
    const lg_stage stages = ls->whole ? LG_STAGE_STEP : LG_STAGE_COUNT;
    out->differences = 0;
    for (lg_stage stage = 0; stage < stages; stage++) {
        if (stage == LG_STAGE_FEATURES && !ls->shape.lift) continue;
        for (lg_pair pair = 0; pair < LG_PAIR_COUNT; pair++) {
            if (!lg_found_has(ls, pair)) continue;
            logit_difference *line = &out->difference[out->differences++];
            lg_tally_begin(&ls->tally[stage][pair], line, lg_stage_name[stage],
                           party[lg_pair_sides[pair][0]]->name,
                           party[lg_pair_sides[pair][1]]->name);
            describe_bound(ls, stage, pair, line);
        }
    }
}

/* ------------------------------------------------------------------------ first divergence --- */

/* 1 if there is none yet, or if this one stands before it in the same step. */
static int is_first(const lg_lockstep *ls, lg_stage stage, lg_pair pair)
{
    if (ls->c->out->first.step < 0) return 1;
    if (ls->c->out->first.step != ls->c->step) return 0;
    if (stage != ls->first_stage) return stage < ls->first_stage;
    return pair < ls->first_pair;
}

static logit_divergence *take_first(lg_lockstep *ls, lg_stage stage, lg_pair pair)
{
    logit_divergence *first = &ls->c->out->first;
    lg_party *const *party = ls->c->party;
    *first = (logit_divergence){.step = ls->c->step, .stage = lg_stage_name[stage]};
    snprintf(first->a, sizeof first->a, "%s", party[lg_pair_sides[pair][0]]->name);
    snprintf(first->b, sizeof first->b, "%s", party[lg_pair_sides[pair][1]]->name);
    ls->first_stage = stage;
    ls->first_pair = pair;
    ls->first_scale = ls->scale;
    return first;
}

static int64_t row_width(const lg_lockstep *ls, lg_array array)
{
    return array == LG_ARRAY_Z          ? (int64_t)ls->shape.settings * ls->shape.outputs
           : array == LG_ARRAY_ROW_LOSS ? ls->shape.settings
           : array == LG_ARRAY_U        ? ls->shape.lift->in
                                        : ls->shape.features;
}

int lg_found_first(lg_lockstep *ls, const lg_judged *judged, lg_pair pair, int64_t index,
                   const lg_sides *sides)
{
    if (index < 0 || !is_first(ls, judged->stage, pair)) return 0;
    logit_divergence *first = take_first(ls, judged->stage, pair);
    first->got = sides->a[index];
    first->want = sides->b[index];
    first->bound = sides->bound ? sides->factor * sides->bound[index] : 0.0;
    const int64_t width = row_width(ls, judged->array);
    if (judged->picked && judged->picked->index)
        index = judged->picked->index[index / width] * width + index % width;

    if (judged->array < LG_ARRAY_COUNT)
        lg_compare_place(ls->c, judged->array, index, first);
    else
        snprintf(first->of, sizeof first->of, "sum of the losses, setting %lld", (long long)index);
    const size_t length = strlen(first->of);
    if (ls->scale > 1.0)
        snprintf(first->of + length, sizeof first->of - length, "%sW x %g", length > 0 ? ", " : "",
                 ls->scale);
    return 1;
}

/* ----------------------------------------------------------------------------------- pairs --- */

void lg_found_sides(lg_lockstep *ls, const lg_judged *judged, lg_pair pair, const lg_sides *sides)
{
    const int64_t index = lg_tally_add(&ls->tally[judged->stage][pair], sides);
    lg_found_first(ls, judged, pair, index, sides);
}

/* What the pair may be apart, in bounds. */
static double factor_of(const lg_judged *judged, lg_pair pair)
{
    return pair == LG_PAIR_A_B ? judged->factor[0] + judged->factor[1] : judged->factor[pair];
}

logit_status lg_found_tell(lg_lockstep *ls, const lg_judged *judged, logit_error *err)
{
    lg_compare *c = ls->c;
    const double *bound = judged->exact ? NULL : judged->bound;
    if (!c->seen || ls->scale > 1.0) return LOGIT_OK;
    for (int64_t i = 0; bound && i < judged->count; i++)
        ls->apart[i] = 2.0 * judged->factor[0] * bound[i];
    const lg_seen seen = {judged->stage, judged->array, judged->count, ls->got[LG_COMPARE_A],
                          bound ? ls->apart : NULL};
    return c->seen(c, &seen, err);
}

logit_status lg_found_pair(lg_lockstep *ls, const lg_judged *judged, lg_pair pair, logit_error *err)
{
    const int exact = judged->exact && pair == LG_PAIR_A_B;
    if (!lg_found_has(ls, pair)) return LOGIT_OK;
    const lg_sides sides = {.a = ls->got[lg_pair_sides[pair][0]],
                            .b = ls->got[lg_pair_sides[pair][1]],
                            .bound = exact ? NULL : judged->bound,
                            .factor = factor_of(judged, pair),
                            .count = judged->count};
    lg_found_sides(ls, judged, pair, &sides);
    if (pair != LG_PAIR_A_REF || !ls->probe) return LOGIT_OK;
    return ls->probe(ls, judged->stage, judged->array, &sides, err);
}

logit_status lg_found_array(lg_lockstep *ls, const lg_judged *judged, logit_error *err)
{
    for (lg_pair pair = 0; pair < LG_PAIR_COUNT; pair++)
        LG_TRY(lg_found_pair(ls, judged, pair, err));
    return lg_found_tell(ls, judged, err);
}

/* ------------------------------------------------------------------------ means, regimes --- */

static void judge_mean(lg_lockstep *ls, int setting, lg_pair pair, const double *mean)
{
    logit_comparison *out = ls->c->out;
    const double a = mean[lg_pair_sides[pair][0]], b = mean[lg_pair_sides[pair][1]];
    const double apart = fabs(a - b) / fmax(fabs(b), LOSS_FLOOR);
    if (!(apart <= out->loss_difference) && !isnan(out->loss_difference))
        out->loss_difference = apart; /* a NaN stays */
    if (apart <= ls->c->options->tolerance) return;
    ls->tally[LG_STAGE_LOSS][pair].out->outside++;
    if (!is_first(ls, LG_STAGE_LOSS, pair)) return;
    logit_divergence *first = take_first(ls, LG_STAGE_LOSS, pair);
    first->got = a;
    first->want = b;
    first->bound = ls->c->options->tolerance * fmax(fabs(b), LOSS_FLOOR);
    snprintf(first->of, sizeof first->of, "mean of the batch");
    if (ls->shape.settings > 1)
        snprintf(first->of, sizeof first->of, "mean of the batch, setting %d", setting);
}

void lg_found_means(lg_lockstep *ls)
{
    const double weight = lg_batch_weight(ls->c->mini);
    double mean[LG_COMPARE_PARTIES] = {0};
    if (!(weight > 0.0)) return; /* nothing but bad samples */
    for (int s = 0; s < ls->shape.settings; s++) {
        for (int i = 0; i < LG_COMPARE_PARTIES; i++) {
            if (!ls->c->party[i]) continue;
            mean[i] = lg_compare_mean(ls->c, ls->row_loss[i], s);
            ls->loss[i] += weight * mean[i];
        }
        for (lg_pair pair = 0; pair < LG_PAIR_COUNT; pair++)
            if (lg_found_has(ls, pair)) judge_mean(ls, s, pair, mean);
    }
    ls->weight += weight * ls->shape.settings;
}

void lg_found_regimes(lg_lockstep *ls)
{
    const int k = ls->shape.outputs;
    const lg_link link = lg_losses[ls->shape.loss].link;
    const int64_t rows = ls->c->mini->count * ls->shape.settings;
    for (int64_t i = 0; i < rows; i++) lg_compare_meet(ls->c->out, link, ls->z + i * k, k);
}
