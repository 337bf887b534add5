/* compare_fault.c -- faults planted in what device A gave: which of them would be found?
 *
 * On one minibatch, after a few steps (before the first one W may be zero, and hides what is
 * planted in it).  In every array of every stage, the sizes falling by halves:
 *   - one number off by a part of its own size (the median over numbers spread over the array);
 *   - all numbers off by the same part: found by a bound, or by the signs alone;
 *   - one row in the place of another;
 * and, in the two matmuls, factors rounded to 10 bits of fraction, as TF32 does it.  What lies
 * below is let through: it cannot be told from rounding. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "core/fmath.h"
#include "train/compare_lockstep.h"

enum {
    WARM_STEPS = 5, /* before faults are planted */
    SPREAD = 31,    /* numbers of an array that are spoiled, one at a time */
    LARGEST = 20,   /* sizes 2^20 .. */
    SMALLEST = -30, /* .. 2^-30 */
    TF32_BITS = 13  /* of a float's 23 that TF32 drops */
};
static const double SIGNS = 6.0; /* of a sign test: one in a billion by chance */

typedef struct faults {
    double *values; /* a spoiled array */
} faults;

/* ----------------------------------------------------------------------------- what is found ---
 */

/* A line as the gate would have it. */
static logit_difference held(const lg_sides *sides)
{
    logit_difference line;
    lg_tally tally;
    lg_tally_begin(&tally, &line, "", "", "");
    lg_tally_add(&tally, sides);
    lg_tally_end(&tally);
    return line;
}

static double spoiled(double value, int exponent)
{
    return (double)(float)(value + ldexp(value, exponent));
}

static int is_found_alone(const lg_sides *sides, int64_t i, int exponent)
{
    const double value = spoiled(sides->a[i], exponent);
    const lg_sides one = {.a = &value,
                          .b = sides->b + i,
                          .bound = sides->bound ? sides->bound + i : NULL,
                          .factor = sides->factor,
                          .count = 1};
    return value != sides->a[i] && held(&one).outside > 0;
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The smallest part of itself that a number may be off by and be found: the median. */
static double smallest_alone(const lg_sides *sides)
{
    double size[SPREAD];
    int count = 0;
    for (int s = 0; s < SPREAD; s++) {
        const int64_t i = (int64_t)s * sides->count / SPREAD;
        int exponent = LARGEST;
        if (sides->a[i] == 0.0 || !isfinite(sides->a[i])) continue;
        while (exponent >= SMALLEST && is_found_alone(sides, i, exponent)) exponent--;
        size[count++] = ldexp(1.0, exponent + 1);
    }
    if (count == 0) return NAN;
    qsort(size, (size_t)count, sizeof *size, compare_doubles);
    return size[count / 2];
}

/* The same of all numbers at once, by a bound and by the sign test. */
static void smallest_of_all(const faults *f, const lg_sides *sides, double *by_bound,
                            double *by_signs)
{
    lg_sides all = *sides;
    int bound = 1, signs = 1;
    all.a = f->values;
    *by_bound = *by_signs = NAN;
    for (int exponent = 0; exponent >= SMALLEST && (bound || signs); exponent--) {
        for (int64_t i = 0; i < sides->count; i++) f->values[i] = spoiled(sides->a[i], exponent);
        const logit_difference line = held(&all);
        bound = bound && line.outside > 0;
        signs = signs && fabs(line.bias) > SIGNS;
        if (bound) *by_bound = ldexp(1.0, exponent);
        if (signs) *by_signs = ldexp(1.0, exponent);
    }
}

/* The first row takes the place of the second. */
static int is_shift_found(const faults *f, const lg_sides *sides, int64_t width)
{
    lg_sides all = *sides;
    if (sides->count < 2 * width) return 0;
    all.a = f->values;
    memcpy(f->values, sides->a, (size_t)sides->count * sizeof *f->values);
    memcpy(f->values + width, sides->a, (size_t)width * sizeof *f->values);
    return held(&all).outside > 0;
}

/* -------------------------------------------------------------------------------- planting --- */

static const char *const array_names[LG_ARRAY_COUNT] = {"x",
                                                        "z",
                                                        "losses",
                                                        "gw",
                                                        "gb",
                                                        "W",
                                                        "b",
                                                        "state 1 of W",
                                                        "state 2 of W",
                                                        "state 1 of b",
                                                        "state 2 of b",
                                                        "u"};

static int64_t width_of(const lg_lockstep *ls, lg_array array)
{
    switch (array) {
    case LG_ARRAY_Z:
        return (int64_t)ls->shape.settings * ls->shape.outputs;
    case LG_ARRAY_U:
        return ls->shape.lift->in;
    case LG_ARRAY_X:
    case LG_ARRAY_W:
    case LG_ARRAY_GW:
    case LG_ARRAY_STATE_W0:
    case LG_ARRAY_STATE_W1:
        return ls->shape.features;
    default:
        return 1;
    }
}

static void keep_smallest(logit_comparison *out, lg_stage stage, double size)
{
    double *smallest = &out->smallest_fault[stage];
    if (isnan(*smallest) || size > *smallest) *smallest = size; /* found in every array */
}

/* "2^-17", or "none". */
static const char *power(char *out, size_t size, double value)
{
    if (isnan(value))
        snprintf(out, size, "none");
    else
        snprintf(out, size, "2^%d", ilogb(value));
    return out;
}

static void plant(lg_lockstep *ls, lg_stage stage, lg_array array, const lg_sides *sides)
{
    const faults *f = ls->probe_user;
    const char *name = stage == LG_STAGE_LOSS && array == LG_ARRAY_Z ? "dz" : array_names[array];
    char one[16], all[16], signs[16];
    double by_bound, by_signs;
    const double alone = smallest_alone(sides);
    if (isnan(alone)) return; /* nothing but zeros, of which no part can be taken */
    smallest_of_all(f, sides, &by_bound, &by_signs);
    keep_smallest(ls->c->out, stage, alone);
    lg_report_message(ls->c->watch, LOGIT_LEVEL_NOTICE,
                      "%s, %s: found are one number off by %s of itself, all off by %s (by their "
                      "signs alone: %s), and a row in the place of another: %s; smaller faults "
                      "pass",
                      lg_stage_name[stage], name, power(one, sizeof one, alone),
                      power(all, sizeof all, by_bound), power(signs, sizeof signs, by_signs),
                      is_shift_found(f, sides, width_of(ls, array)) ? "yes" : "no");
}

/* ------------------------------------------------------------------------------------ TF32 --- */

/* To 10 bits of fraction, to nearest, ties to even. */
static double as_tf32(double value)
{
    const uint32_t bits = lg_float_bits((float)value), half = (1u << (TF32_BITS - 1)) - 1u;
    const uint32_t rounded = bits + half + (bits >> TF32_BITS & 1u);
    return (double)lg_bits_float(rounded >> TF32_BITS << TF32_BITS);
}

/* An array of A with its numbers rounded so. */
static logit_status put_rounded(lg_lockstep *ls, lg_array array, const double *from,
                                logit_error *err)
{
    const faults *f = ls->probe_user;
    const int64_t count = lg_lockstep_count(ls, array);
    for (int64_t i = 0; i < count; i++) f->values[i] = as_tf32(from[i]);
    return lg_party_put(ls->c->party[LG_COMPARE_A], array, f->values, err);
}

/* The matmul of a stage again, on A, with rounded factors; A is left as it was found. */
static logit_status round_factors(lg_lockstep *ls, lg_stage stage, const lg_sides *sides,
                                  logit_error *err)
{
    const faults *f = ls->probe_user;
    lg_party *party = ls->c->party[LG_COMPARE_A];
    const int forward = stage == LG_STAGE_LOGITS;
    const lg_array other = forward ? LG_ARRAY_W : LG_ARRAY_Z,
                   result = forward ? LG_ARRAY_Z : LG_ARRAY_GW;
    const double *factor = forward ? ls->start[LG_ARRAY_W] : ls->dz;
    LG_TRY(put_rounded(ls, LG_ARRAY_X, ls->x, err));
    LG_TRY(put_rounded(ls, other, factor, err));
    LG_TRY(lg_party_run(party, stage, err));
    LG_TRY(lg_party_get(party, result, f->values, err));
    lg_sample_keep(forward ? &ls->rows : &ls->outputs, f->values, width_of(ls, result));
    lg_sides rounded = *sides;
    rounded.a = f->values;
    const logit_difference line = held(&rounded);
    lg_report_message(ls->c->watch, LOGIT_LEVEL_NOTICE,
                      "%s: factors rounded as TF32 does it are %s (%lld of %lld numbers outside, "
                      "%.3g of the bound at most)",
                      lg_stage_name[stage], line.outside > 0 ? "found" : "not found",
                      (long long)line.outside, (long long)line.count, line.share);
    LG_TRY(lg_party_put(party, LG_ARRAY_X, ls->x, err));
    return lg_party_put(party, other, factor, err);
}

static logit_status probe(lg_lockstep *ls, lg_stage stage, lg_array array, const lg_sides *sides,
                          logit_error *err)
{
    plant(ls, stage, array, sides);
    if (stage != LG_STAGE_LOGITS && (stage != LG_STAGE_GRADIENT || !ls->c->first)) return LOGIT_OK;
    return round_factors(ls, stage, sides, err);
}

/* ------------------------------------------------------------------------------------- all --- */

static int64_t largest_array(const lg_problem_shape *shape)
{
    const int64_t n = shape->batch, d = shape->features;
    const int64_t rows = (int64_t)shape->settings * shape->outputs;
    const int64_t sizes[] = {n * d, n * lg_problem_shape_inputs(shape), rows * d, n * rows};
    int64_t most = 0;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (sizes[i] > most) most = sizes[i];
    return most;
}

static logit_status walk(lg_lockstep *ls, logit_error *err)
{
    lg_compare *c = ls->c;
    const int64_t steps =
        c->options->steps < c->trainer.steps ? c->options->steps : c->trainer.steps;
    int planted = 0;
    LG_TRY(lg_compare_begin(c, err));
    while (c->mini && !planted) {
        planted = c->last && (c->step > WARM_STEPS || c->step == steps);
        ls->probe = planted ? probe : NULL;
        LG_TRY(lg_lockstep_batch(ls, err));
        LG_TRY(lg_compare_next(c, NAN, err));
    }
    return LOGIT_OK;
}

logit_status lg_compare_self_test(lg_compare *c, logit_error *err)
{
    const lg_problem_shape shape = lg_lockstep_shape(c);
    faults f = {.values = malloc((size_t)largest_array(&shape) * sizeof(double))};
    lg_lockstep ls = {.probe_user = &f};
    if (!f.values) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for planted faults");
    logit_status status = lg_lockstep_open(&ls, c, &shape, err);
    if (status == LOGIT_OK) status = walk(&ls, err);
    if (status == LOGIT_OK) lg_lockstep_end(&ls);
    lg_lockstep_close(&ls);
    free(f.values);
    return status;
}
