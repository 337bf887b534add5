/* compare_bound_loss.c -- bounds of losses and of their gradients, row by row.
 *
 * From RELIABILITY.md section 4, for the formulas of core/loss_NAME.h.  Roundings are counted in
 * units of u to first order; what their products add is far below SLACK, with which every bound is
 * multiplied.  exp and log1p are within one ulp, 2 u (core/fmath.h measures 0.69 and 0.85 ulp).
 *
 *   target   t_j has been rounded at most twice where labels are smoothed, else not at all.
 *   factor   weight * scale: scale, the product, and the product with the gradient: 3 u.
 *
 * softmax, m = max z, gap_j = m - z_j, e_j = exp(-gap_j), h additions on the longest path of a sum:
 *   e_j      (gap_j + 2) u relative: the difference is rounded, which exp turns into gap_j u
 *   r        = sum over j != top of e_j:  R = sum e_j (gap_j + 2 + h) u
 *   loss     = log1p(r) + sum t_j gap_j:  R / (1 + r) + 2 u log1p(r)
 *              + sum (|t_j| (h + 2) u + dt_j) gap_j + u loss
 *   p_j      = e_j / (1 + r):  p_j ((gap_j + 2) u + R / (1 + r) + 2 u)
 *   dz_j     = p_j - t_j:  that of p_j, of t_j, and u |dz_j|;  for the top where t > 1/2
 *            = (1 - t) - q, q = r / (1 + r):  that of t, R / (1 + r)^2 + 2 u q, and u |dz_j|
 *   The reference's targets may sum to T != 1 by their own rounding (soft targets are checked only
 *   to be near it): |T - 1| log1p(r) and |T - 1| p_j beside them, since the float formulas take 1.
 *
 * sigmoid, e = exp(-|z|), w what the target gives to the side z does not lean to:
 *   q        = e / (1 + e): q (2 / (1 + e) + 2) u       w: dt, and u w where it is 1 - t
 *   loss_j   = |z| w + log1p(e):  |z| dw + (2 log1p(e) + 2 q + loss_j + h loss_j) u
 *   dz_j     = +-(w - q):  dw + dq + u |dz_j|
 *
 * mse:  dz_j = z_j - t_j: dt + u |dz_j| =: D;  loss = sum dz_j^2 / 2, each with |dz_j| D + D^2 / 2
 *       and (1 + h) u of its half square.
 *
 * Where a device's logits lie within away_j of z (a step taken by itself), p moves by at most
 * p_j (exp(away_j) / (1 - s) - 1), s = sum p_j (exp(away_j) - 1), q by q (1 - q) (exp(away) - 1), a
 * squared error's gradient by away; and the bounds above, taken at z, grow by exp(2 max away). */
/* SPDX-License-Identifier: MIT */
#include "train/compare_bound.h"

#include <math.h>

static const double u = LG_UNIT;
static const double EXP = 2.0, LOG = 2.0;  /* errors of exp and log1p, in u */
static const double TARGET = 2.0;          /* roundings of a smoothed or a soft target */
static const double SLACK = 1.0 + 0x1p-10; /* products of roundings: a sum of some hundred u */
static const double CLEAR = 0.5;           /* of r: the largest logit leads by log 2 or more */

/* ---------------------------------------------------------------------------------- targets --- */

typedef struct truth {
    double value, away; /* t, and how far its float32 may be from it */
} truth;

/* t of output j as loss.h says. */
static truth target_of(const lg_bound_row *row, int j)
{
    const int binary = row->loss == LG_LOSS_SIGMOID && row->k == 1;
    const int number = row->loss == LG_LOSS_MSE && row->k == 1 && row->target != NULL;
    const double e = number ? 0.0 : row->smoothing, share = e / (binary ? 2 : row->k);
    const double y = row->target ? (double)row->target[j] : (double)(row->label == j + binary);
    const double size = (1.0 - e) * fabs(y) + share;
    return (truth){(1.0 - e) * y + share, e > 0.0 ? TARGET * u * size : 0.0};
}

/* |sum_j t_j - 1|: what the targets of a softmax lack. */
static double lack_of(const lg_bound_row *row)
{
    double sum = 0.0;
    if (!row->target) return 0.0;
    for (int j = 0; j < row->k; j++) sum += target_of(row, j).value;
    return fabs(sum - 1.0);
}

static double away_of(const lg_bound_row *row, int j)
{
    return row->away ? row->away[j] : 0.0;
}

/* What every bound of a gradient is multiplied with: the factor, and the distance of the logits. */
static double growth_of(const lg_bound_row *row)
{
    double most = 0.0;
    for (int j = 0; row->away && j < row->k; j++) most = fmax(most, row->away[j]);
    return SLACK * exp(2.0 * most) * fabs(row->factor);
}

/* From the bound of a gradient g to that of factor * g. */
static double scaled(double growth, double bound, double g)
{
    return growth * (bound + 3.0 * u * fabs(g)) + LG_TINY;
}

/* ---------------------------------------------------------------------------------- softmax --- */

/* What all outputs of a row share. */
typedef struct softmax {
    int top, depth;
    double max, rest, rest_away; /* r and R */
    double moved;                /* s: what the distance of the logits does to the sum of p */
    double lack;
} softmax;

static softmax softmax_of(const lg_bound_row *row)
{
    const int k = row->k;
    const double *z = row->z;
    softmax is = {.depth = lg_bound_depth(k), .lack = lack_of(row)};
    for (int j = 1; j < k; j++)
        if (z[j] > z[is.top]) is.top = j;
    is.max = z[is.top];
    double moved = expm1(away_of(row, is.top));
    for (int j = 0; j < k; j++) {
        if (j == is.top) continue;
        const double gap = is.max - z[j], e = exp(-gap);
        is.rest += e;
        if (e > 0.0) is.rest_away += e * (gap + EXP + is.depth) * u;
        is.rest_away += LG_TINY;
        moved += e * expm1(away_of(row, j));
    }
    is.moved = moved / (1.0 + is.rest);
    return is;
}

static double softmax_loss(const lg_bound_row *row, const softmax *is)
{
    const double log_rest = log1p(is->rest);
    double bound = is->rest_away / (1.0 + is->rest) + (LOG * u + is->lack) * log_rest, gaps = 0.0;
    for (int j = 0; j < row->k; j++) {
        const truth t = target_of(row, j);
        const double gap = is->max - row->z[j];
        if (t.value == 0.0 && t.away == 0.0) continue; /* a class ruled out may have z = -inf */
        gaps += fabs(t.value) * gap;
        bound += (fabs(t.value) * (is->depth + 2) * u + t.away) * gap;
    }
    return SLACK * (bound + u * (log_rest + gaps)) + LG_TINY;
}

/* How far p_j moves with the logits. */
static double softmax_moved(const lg_bound_row *row, const softmax *is, int j, double p)
{
    if (!row->away) return 0.0;
    if (!(is->moved < 1.0)) return 1.0;
    return fmin(1.0, p * (exp(away_of(row, j)) / (1.0 - is->moved) - 1.0));
}

static void softmax_gradient(const lg_bound_row *row, const softmax *is, double *dz)
{
    const double growth = growth_of(row), sum = 1.0 + is->rest, rest_away = is->rest_away / sum;
    for (int j = 0; j < row->k; j++) {
        const truth t = target_of(row, j);
        const double gap = is->max - row->z[j], p = exp(-gap) / sum, others = is->rest / sum;
        const int leads = j == is->top && t.value > 0.5 + 1e-6 && is->rest < CLEAR;
        double bound = is->lack * p + t.away + softmax_moved(row, is, j, p), g;
        if (leads) {
            g = (1.0 - t.value) - others;
            bound += rest_away / sum + 2.0 * u * others;
        } else {
            g = p - t.value;
            if (p > 0.0) bound += p * ((gap + EXP + 2.0) * u + rest_away);
        }
        dz[j] = scaled(growth, bound + u * fabs(g) + LG_TINY, g);
    }
}

static double bound_softmax(const lg_bound_row *row, double *dz)
{
    const softmax is = softmax_of(row);
    softmax_gradient(row, &is, dz);
    return softmax_loss(row, &is);
}

/* ---------------------------------------------------------------------- sigmoid and squares --- */

static double bound_sigmoid(const lg_bound_row *row, double *dz)
{
    const int depth = lg_bound_depth(row->k);
    const double growth = growth_of(row);
    double sum = 0.0;
    for (int j = 0; j < row->k; j++) {
        const truth t = target_of(row, j);
        const double size = fabs(row->z[j]), e = exp(-size), q = e / (1.0 + e);
        const double w = row->z[j] >= 0.0 ? 1.0 - t.value : t.value;
        const double w_away = t.away + (row->z[j] >= 0.0 ? u * fabs(w) : 0.0);
        const double q_away = q * (EXP / (1.0 + e) + 2.0) * u + LG_TINY;
        const double loss = size * fabs(w) + log1p(e);
        sum += size * w_away + (LOG * log1p(e) + EXP * q + (1.0 + depth) * loss) * u + LG_TINY;
        const double moved = q * (1.0 - q) * expm1(away_of(row, j));
        dz[j] = scaled(growth, w_away + q_away + u * fabs(w - q) + moved, w - q);
    }
    return SLACK * sum;
}

static double bound_mse(const lg_bound_row *row, double *dz)
{
    const int depth = lg_bound_depth(row->k);
    const double growth = growth_of(row);
    double sum = 0.0;
    for (int j = 0; j < row->k; j++) {
        const truth t = target_of(row, j);
        const double g = row->z[j] - t.value, size = fabs(g);
        const double away = t.away + u * size;
        sum += size * away + 0.5 * away * away + (1.0 + depth) * u * 0.5 * size * size + LG_TINY;
        dz[j] = scaled(growth, away + away_of(row, j), g);
    }
    return SLACK * sum;
}

double lg_bound_loss(const lg_bound_row *row, double *dz)
{
    static double (*const bounds[LG_LOSS_COUNT])(const lg_bound_row *, double *) = {
#define LOSS(id, name, outputs, link, curvature, formula) [LG_LOSS_##id] = bound_##name,
#include "core/loss.def"
#undef LOSS
    };
    return bounds[row->loss](row, dz);
}
