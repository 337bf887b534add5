/* oracle.c -- see oracle.h.
 *
 * Tests.  Blunt on purpose: each function is the sentence it stands for. */
/* SPDX-License-Identifier: MIT */
#include "tests/oracle.h"

#include <check.h>
#include <float.h>
#include <math.h>

long double oracle_target(const oracle_sample *sample, int j)
{
    const long double e = sample->smoothing;
    const int one_output = sample->loss == LG_LOSS_SIGMOID && sample->k == 1;
    const int number = sample->loss == LG_LOSS_MSE && sample->k == 1 && sample->target;
    long double t;
    if (number) return sample->target[0]; /* to regress on: there is no class to smooth */
    if (sample->target)
        t = sample->target[j];
    else if (one_output)
        t = sample->label; /* the second class is y = 1 */
    else
        t = j == sample->label ? 1.0L : 0.0L;
    return (1.0L - e) * t + e / (one_output ? 2.0L : sample->k);
}

/* sum over i != j of exp(z_i - z_j): the odds against class j. */
static long double odds_against(const double *z, int k, int j)
{
    long double sum = 0.0L;
    for (int i = 0; i < k; i++)
        if (i != j) sum += expl((long double)z[i] - z[j]);
    return sum;
}

/* -log p_j where the odds against j are too long for a long double: the shifted form. */
static long double surprise_shifted(const double *z, int k, int j)
{
    int top = 0;
    for (int i = 1; i < k; i++)
        if (z[i] > z[top]) top = i;
    return ((long double)z[top] - z[j]) + log1pl(odds_against(z, k, top));
}

/* -log p_j. */
static long double surprise(const double *z, int k, int j)
{
    const long double odds = odds_against(z, k, j);
    return isinf(odds) ? surprise_shifted(z, k, j) : log1pl(odds);
}

/* -sum_j t_j log p_j */
static long double softmax_loss(const oracle_sample *sample, const double *z)
{
    long double loss = 0.0L;
    for (int j = 0; j < sample->k; j++) {
        const long double t = oracle_target(sample, j);
        if (t != 0.0L) loss += t * surprise(z, sample->k, j); /* 0 log 0 is 0 */
    }
    return loss;
}

/* The derivative of -sum_i t_i log p_i: sum_i t_i (p_j - [i = j]).  The term i = j is -t_j times
 * the chance that it is another class, which loses no digits when p_j is near 1. */
static long double softmax_slope(const oracle_sample *sample, const double *z, int j)
{
    const long double odds = odds_against(z, sample->k, j);
    const long double p = 1.0L / (1.0L + odds);
    const long double other = isinf(odds) ? 1.0L : odds / (1.0L + odds);
    long double slope = 0.0L;
    for (int i = 0; i < sample->k; i++) slope += oracle_target(sample, i) * (i == j ? -other : p);
    return slope;
}

/* log(1 + e^z); past the range of expl it is z to the last digit. */
static long double softplus(long double z)
{
    const long double e = expl(z);
    return isinf(e) ? z : log1pl(e);
}

/* -sum_j [ t_j log q_j + (1 - t_j) log(1 - q_j) ],  q = 1 / (1 + e^-z) */
static long double sigmoid_loss(const oracle_sample *sample, const double *z)
{
    long double loss = 0.0L;
    for (int j = 0; j < sample->k; j++) {
        const long double t = oracle_target(sample, j);
        if (t != 0.0L) loss += t * softplus(-(long double)z[j]);
        if (t != 1.0L) loss += (1.0L - t) * softplus(z[j]);
    }
    return loss;
}

/* q - t = (1 - t) q - t (1 - q) */
static long double sigmoid_slope(const oracle_sample *sample, const double *z, int j)
{
    const long double t = oracle_target(sample, j);
    const long double q = 1.0L / (1.0L + expl(-(long double)z[j]));
    const long double other = 1.0L / (1.0L + expl(z[j]));
    return (1.0L - t) * q - t * other;
}

static long double mse_loss(const oracle_sample *sample, const double *z)
{
    long double loss = 0.0L;
    for (int j = 0; j < sample->k; j++) {
        const long double miss = z[j] - oracle_target(sample, j);
        loss += 0.5L * miss * miss;
    }
    return loss;
}

long double oracle_loss(const oracle_sample *sample, const double *z)
{
    switch (sample->loss) {
    case LG_LOSS_SOFTMAX:
        return softmax_loss(sample, z);
    case LG_LOSS_SIGMOID:
        return sigmoid_loss(sample, z);
    case LG_LOSS_MSE:
        return mse_loss(sample, z);
    default:
        ck_abort_msg("the oracle has no definition of loss %d: add it", (int)sample->loss);
        return NAN;
    }
}

void oracle_gradient(const oracle_sample *sample, const double *z, long double *dz)
{
    for (int j = 0; j < sample->k; j++) {
        if (sample->loss == LG_LOSS_SOFTMAX)
            dz[j] = softmax_slope(sample, z, j);
        else if (sample->loss == LG_LOSS_SIGMOID)
            dz[j] = sigmoid_slope(sample, z, j);
        else if (sample->loss == LG_LOSS_MSE)
            dz[j] = z[j] - oracle_target(sample, j);
        else
            ck_abort_msg("the oracle has no gradient of loss %d: add it", (int)sample->loss);
    }
}

/* Polyak 1964; Nesterov's form as in Sutskever, Martens, Dahl, Hinton 2013, with the velocity in
 * units of the gradient: v <- mu v + g,  w <- w - lr v, or w - lr (g + mu v). */
static void momentum_step(oracle_weight *weight, long double g, const lg_scalars *s, int nesterov)
{
    const long double mu = s->momentum, lr = s->lr;
    weight->first = mu * weight->first + g;
    weight->w -= lr * (nesterov ? g + mu * weight->first : weight->first);
}

/* Kingma & Ba 2015, arXiv:1412.6980, algorithm 1. */
static void adam_step(oracle_weight *weight, long double g, int t, const lg_scalars *s)
{
    const long double b1 = s->beta1, b2 = s->beta2;
    weight->first = b1 * weight->first + (1.0L - b1) * g;
    weight->second = b2 * weight->second + (1.0L - b2) * g * g;
    const long double m = weight->first / (1.0L - powl(b1, t));
    const long double v = weight->second / (1.0L - powl(b2, t));
    weight->w -= s->lr * m / (sqrtl(v) + s->epsilon);
}

void oracle_update(lg_optim optim, oracle_weight *weight, long double gradient, int t,
                   const lg_scalars *scalars, int nesterov, int is_bias)
{
    long double g = gradient;
    if (!is_bias) {
        g += scalars->l2 * weight->w;
        weight->w -= (long double)scalars->lr * scalars->decay * weight->w;
    }
    switch (optim) {
    case LG_OPTIM_GD:
    case LG_OPTIM_SGD:
        momentum_step(weight, g, scalars, nesterov);
        break;
    case LG_OPTIM_ADAM:
        adam_step(weight, g, t, scalars);
        break;
    default:
        ck_abort_msg("the oracle has no step of optimiser %d: add it", (int)optim);
    }
}
