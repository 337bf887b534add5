/* whiten.c -- see whiten.h. */
/* SPDX-License-Identifier: MIT */
#include "train/whiten.h"

#include <math.h>
#include <stdlib.h>

#include "base/status.h"

enum { SWEEPS = 50 };

/* What is left beside the diagonal is rounding error when it is this share of the whole. */
static const double DONE = 1e-24; /* of the sum of squares */

/* Cosine and sine of the rotation that makes a[p][q] zero. */
static void rotation_of(const double *a, int64_t n, int64_t p, int64_t q, double *c, double *s)
{
    const double theta = (a[q * n + q] - a[p * n + p]) / (2.0 * a[p * n + q]);
    const double t = copysign(1.0, theta) / (fabs(theta) + sqrt(theta * theta + 1.0));
    *c = 1.0 / sqrt(t * t + 1.0);
    *s = t * *c;
}

static void turn(double *x, double *y, double c, double s)
{
    const double was = *x;
    *x = c * was - s * *y;
    *y = s * was + c * *y;
}

/* One rotation: rows and columns p and q of a; rows of e, which holds eigenvectors as rows. */
static void rotate(double *a, double *e, int64_t n, int64_t p, int64_t q)
{
    double c, s;
    if (a[p * n + q] == 0.0) return;
    rotation_of(a, n, p, q, &c, &s);
    for (int64_t i = 0; i < n; i++) turn(&a[p * n + i], &a[q * n + i], c, s);
    for (int64_t i = 0; i < n; i++) turn(&a[i * n + p], &a[i * n + q], c, s);
    for (int64_t i = 0; i < n; i++) turn(&e[p * n + i], &e[q * n + i], c, s);
    a[p * n + q] = a[q * n + p] = 0.0;
}

static double beside_diagonal(const double *a, int64_t n)
{
    double sum = 0.0;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++)
            if (i != j) sum += a[i * n + j] * a[i * n + j];
    return sum;
}

static void diagonalise(double *a, double *e, int64_t n)
{
    double all = beside_diagonal(a, n);
    for (int64_t i = 0; i < n; i++) all += a[i * n + i] * a[i * n + i];
    for (int64_t i = 0; i < n * n; i++) e[i] = i % (n + 1) == 0 ? 1.0 : 0.0;
    for (int sweep = 0; sweep < SWEEPS && beside_diagonal(a, n) > DONE * all; sweep++)
        for (int64_t p = 0; p < n; p++)
            for (int64_t q = p + 1; q < n; q++) rotate(a, e, n, p, q);
}

logit_status lg_whiten(double *p, double *c, int64_t n, double share, logit_error *err)
{
    double mean = 0.0;
    for (int64_t i = 0; i < n; i++) mean += c[i * n + i] / (double)n;
    if (!(mean > 0.0)) LG_FAIL(err, LOGIT_E_DATA, "the windows of the images are all alike");
    double *e = malloc((size_t)(n * n) * sizeof *e);
    if (!e) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for whitening %lld numbers", (long long)n);
    diagonalise(c, e, n);
    for (int64_t i = 0; i < n * n; i++) p[i] = 0.0;
    for (int64_t k = 0; k < n; k++) {
        const double value = c[k * n + k] > 0.0 ? c[k * n + k] : 0.0;
        const double by = 1.0 / sqrt(value + share * mean);
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = 0; j < n; j++) p[i * n + j] += by * e[k * n + i] * e[k * n + j];
    }
    free(e);
    return LOGIT_OK;
}
