/* compare_bound_update.c -- bounds of one weight's step, for the formulas of core/optim_NAME.h.
 *
 * `away` is how far the device's gradient may lie from the one given: 0 where both were given the
 * same, more where a step is taken by itself.  Each scalar is rounded to float32 once: u relative,
 * like every operation.  dX stands for the bound of X.
 *
 * sgd   g' = l2 w + g              dg' = away + u |l2 w| + u |g'|
 *       v' = mu v + g'             dv' = u |mu v| + dg' + u |v'|         (no momentum: v' = g')
 *       n  = mu v' + g' (Nesterov) dn  = |mu| dv' + u |mu v'| + dg' + u |n|      (else n = v')
 *       w0 = w - lr decay w        dw0 = 2 u |lr decay w| + u |w0|
 *       w' = w0 - lr n             dw' = dw0 + u |lr n| + |lr| dn + u |w'|
 *
 * A step that folds the gradient into the weights takes w' = f w - sum (lr dz) x instead, with
 * f = 1 - lr decay - lr l2 rounded to float32, where f w may be rounded before the sum is taken
 * from it: u |w| and u |f w| more, and u lr |g| for lr's own rounding in dz (that of the product is
 * in `away`).  One that folds it into the velocity rounds mu v before: u |mu v|.
 *
 * adam  m' = b1 m + a1 g'          dm' = u |b1 m| + 2 u |a1 g'| + a1 dg' + u |m'|
 *       v' = b2 v + a2 g'^2        dv' = u b2 v + 3 u a2 g'^2 + a2 dg' (2 |g'| + dg') + u v'
 *       N  = m' c1                 dN  = c1 dm' + 2 u |N|
 *       D  = sqrt(v' c2) + eps     from v' - dv' and v' + dv': between `low` and `high`, each
 *                                  with 3 u: product, root, sum (c2's own u counts half)
 *       q  = N / D                 dq  = (dN + |q| max(high - D, D - low)) / low + u |q|
 *       where away is not small beside g', N and D move together, and no q can lie beyond
 *       |q| <= c1 / sqrt(c2) (b1 |m| / sqrt(b2 v) + a1 / sqrt(a2))
 *       (|m'| <= b1 |m| + a1 |g'|, sqrt(v') >= sqrt(b2 v), sqrt(a2) |g'|), so that dq is at most
 *       |q| plus that
 *       w' = w0 - lr q             as above */
/* SPDX-License-Identifier: MIT */
#include "train/compare_bound.h"

#include <math.h>

static const double u = LG_UNIT;
static const double SLACK = 1.0 + 0x1p-18; /* products of roundings: a sum of some ten u */

/* A number of the reference and how far the device's may be from it. */
typedef struct near {
    double value, away;
} near;

/* g + l2 w */
static near penalised(const lg_bound_rule *rule, const lg_bound_weight *in)
{
    const double penalty = rule->bias ? 0.0 : rule->scalars->l2 * in->w;
    const double g = penalty + in->g;
    return (near){g, in->away + u * (fabs(penalty) + fabs(g)) + LG_TINY};
}

/* w - lr decay w - lr step */
static near stepped(const lg_bound_rule *rule, const lg_bound_weight *in, near step)
{
    const double lr = rule->scalars->lr;
    const double shrink = rule->bias ? 0.0 : lr * rule->scalars->decay * in->w;
    const double w0 = in->w - shrink, w = w0 - lr * step.value;
    return (near){w, u * (2.0 * fabs(shrink) + fabs(w0) + fabs(lr * step.value) + fabs(w)) +
                         fabs(lr) * step.away + LG_TINY};
}

static int keeps_sgd(const lg_scalars *scalars)
{
    return scalars->momentum != 0.0;
}

static void bound_sgd(const lg_bound_rule *rule, const lg_bound_weight *in, double *bound)
{
    const double mu = rule->scalars->momentum, lr = fabs(rule->scalars->lr);
    const double kept = mu * in->state[0];
    const near g = penalised(rule, in);
    near v = g, n;
    bound[1] = 0.0;
    if (mu != 0.0) {
        const int folded = rule->fold == LG_FOLD_VELOCITY;
        v.value = kept + g.value;
        v.away = g.away + u * ((folded ? 2.0 : 1.0) * fabs(kept) + fabs(v.value));
        bound[1] = SLACK * v.away;
    }
    n = v;
    if (mu != 0.0 && rule->nesterov) {
        n.value = mu * v.value + g.value;
        n.away = fabs(mu) * v.away + u * fabs(mu * v.value) + g.away + u * fabs(n.value);
    }
    near w = stepped(rule, in, n);
    if (rule->fold == LG_FOLD_WEIGHTS)
        w.away += u * (2.0 * fabs(in->w) + lr * fabs(in->g)) + LG_TINY;
    bound[0] = SLACK * w.away;
}

/* N / D of adam. */
static near quotient(const lg_bound_rule *rule, const lg_bound_weight *in, near m, near v)
{
    const lg_scalars *s = rule->scalars;
    const double n = m.value * s->correct1;
    const double n_away = s->correct1 * m.away + 2.0 * u * fabs(n) + LG_TINY;
    const double d = sqrt(v.value * s->correct2) + s->epsilon;
    const double high =
        (sqrt((v.value + v.away) * s->correct2) + s->epsilon) * (1.0 + 3.0 * u) + LG_TINY;
    const double low =
        (sqrt(fmax(v.value - v.away, 0.0) * s->correct2) + s->epsilon) * (1.0 - 3.0 * u);
    const double q = n / d;
    const double wide = (n_away + fabs(q) * fmax(high - d, d - low)) / low;

    const double old = s->beta1 * fabs(in->state[0]) / sqrt(s->beta2 * in->state[1]);
    const double most =
        s->correct1 / sqrt(s->correct2) *
        ((in->state[0] == 0.0 ? 0.0 : old) + (1.0 - s->beta1) / sqrt(1.0 - s->beta2)) *
        (1.0 + 8.0 * u);
    return (near){q, fmin(wide, fabs(q) + most) + u * fabs(q) + LG_TINY};
}

static int keeps_adam(const lg_scalars *scalars)
{
    (void)scalars;
    return 1;
}

static void bound_adam(const lg_bound_rule *rule, const lg_bound_weight *in, double *bound)
{
    const lg_scalars *s = rule->scalars;
    const near g = penalised(rule, in);
    const double a1 = 1.0 - s->beta1, a2 = 1.0 - s->beta2;
    const double kept_m = s->beta1 * in->state[0], kept_v = s->beta2 * in->state[1];
    const double new_m = a1 * g.value, new_v = a2 * g.value * g.value;
    near m = {kept_m + new_m, 0.0}, v = {kept_v + new_v, 0.0};
    m.away = a1 * g.away + u * (fabs(kept_m) + 2.0 * fabs(new_m) + fabs(m.value)) + 2.0 * LG_TINY;
    v.away = a2 * g.away * (2.0 * fabs(g.value) + g.away) + u * (kept_v + 3.0 * new_v + v.value) +
             3.0 * LG_TINY;
    bound[0] = SLACK * stepped(rule, in, quotient(rule, in, m, v)).away;
    bound[1] = SLACK * m.away;
    bound[2] = SLACK * v.away;
}

void lg_bound_update(const lg_bound_rule *rule, const lg_bound_weight *weight,
                     double bound[1 + LG_OPTIM_STATES])
{
    static void (*const bounds[LG_OPTIM_COUNT])(const lg_bound_rule *, const lg_bound_weight *,
                                                double *) = {
#define OPTIM(id, name, step, states, whole, formula) [LG_OPTIM_##id] = bound_##step,
#include "core/optim.def"
#undef OPTIM
    };
    bounds[rule->optim](rule, weight, bound);
}

int lg_bound_keeps(lg_optim optim, const lg_scalars *scalars)
{
    static int (*const keeps[LG_OPTIM_COUNT])(const lg_scalars *) = {
#define OPTIM(id, name, step, states, whole, formula) [LG_OPTIM_##id] = keeps_##step,
#include "core/optim.def"
#undef OPTIM
    };
    return keeps[optim](scalars);
}
