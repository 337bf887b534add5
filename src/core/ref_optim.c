/* ref_optim.c -- see ref_optim.h.
 *
 * Layer 1 (core). */
/* SPDX-License-Identifier: MIT */
#include "core/ref_optim.h"

#include <math.h>

/* gd and sgd:   v <- mu v + g;   w <- w - lr v,   with nesterov w <- w - lr (g + mu v).
 * Sources: Polyak 1964; Sutskever, Martens, Dahl & Hinton 2013, with v in units of the gradient,
 * so that a learning rate that changes does not rescale the past. */
double lg_ref_sgd(double g, double *first, double *second, const lg_scalars *scalars, int nesterov)
{
    (void)second;
    const double mu = scalars->momentum;
    double *v = first;
    *v = mu * *v + g;
    return scalars->lr * (nesterov ? g + mu * *v : *v);
}

/* m <- b1 m + (1-b1) g;   v <- b2 v + (1-b2) g^2;   w <- w - lr m^ / (sqrt(v^) + eps),
 * m^ = m / (1 - b1^t), v^ = v / (1 - b2^t).  Source: Kingma & Ba 2015, arXiv:1412.6980. */
double lg_ref_adam(double g, double *first, double *second, const lg_scalars *scalars, int nesterov)
{
    (void)nesterov;
    const double b1 = scalars->beta1, b2 = scalars->beta2;
    double *m = first, *v = second;
    *m = b1 * *m + (1.0 - b1) * g;
    *v = b2 * *v + (1.0 - b2) * g * g;
    const double m_hat = *m * scalars->correct1, v_hat = *v * scalars->correct2;
    return scalars->lr * m_hat / (sqrt(v_hat) + scalars->epsilon);
}
