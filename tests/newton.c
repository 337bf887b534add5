/* newton.c -- see newton.h. */
/* SPDX-License-Identifier: MIT */
#include "tests/newton.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/oracle.h"
#include "tests/small_set.h"

enum { MOST_OUTPUTS = 8, MOST_ROUNDS = 200 };
static const double DIFFERENCE = 1e-5; /* of logits: curvature to 1e-9 */
static const double RIDGE = 1e-12;     /* a shift of all biases of a softmax changes nothing */
static const double FLAT = 1e-12;      /* a gradient that is none */

newton newton_small_set(lg_loss loss, int count, int classes)
{
    newton p = {.loss = loss, .count = count, .features = SMALL_PIXELS};
    p.outputs = lg_losses[loss].outputs(classes);
    p.x = malloc((size_t)(count * SMALL_PIXELS) * sizeof *p.x);
    p.label = malloc((size_t)count * sizeof *p.label);
    p.weight = malloc((size_t)count * sizeof *p.weight);
    for (int i = 0; i < count; i++) {
        uint8_t pixels[SMALL_PIXELS];
        small_set_pixels(i, classes, pixels);
        for (int j = 0; j < SMALL_PIXELS; j++) p.x[i * SMALL_PIXELS + j] = pixels[j] / 255.0;
        p.label[i] = i % classes;
        p.weight[i] = 1.0;
    }
    return p;
}

void newton_close(newton *p)
{
    free(p->x);
    free(p->label);
    free(p->weight);
}

static oracle_sample sample_of(const newton *p, int i)
{
    return (oracle_sample){
        .loss = p->loss, .k = p->outputs, .label = p->label[i], .smoothing = p->smoothing};
}

static void logits(const newton *p, const double *w, const double *b, int i, double *z)
{
    for (int c = 0; c < p->outputs; c++) {
        z[c] = b[c];
        for (int j = 0; j < p->features; j++)
            z[c] += w[c * p->features + j] * p->x[i * p->features + j];
    }
}

static double mass(const newton *p)
{
    double sum = 0.0;
    for (int i = 0; i < p->count; i++) sum += p->weight[i];
    return sum;
}

/* x_j, or 1 for a bias. */
static double input(const newton *p, int i, int j)
{
    return j < p->features ? p->x[i * p->features + j] : 1.0;
}

double newton_objective(const newton *p, const double *w, const double *b, double *g)
{
    const int row = p->features + 1, k = p->outputs;
    const double all = mass(p);
    long double sum = 0.0L;
    if (g) memset(g, 0, (size_t)(k * row) * sizeof *g);
    for (int i = 0; i < p->count; i++) {
        const oracle_sample sample = sample_of(p, i);
        double z[MOST_OUTPUTS];
        long double dz[MOST_OUTPUTS];
        logits(p, w, b, i, z);
        sum += p->weight[i] * oracle_loss(&sample, z);
        oracle_gradient(&sample, z, dz);
        for (int c = 0; g && c < k; c++)
            for (int j = 0; j < row; j++)
                g[c * row + j] += (double)(p->weight[i] / all * dz[c] * input(p, i, j));
    }
    double squares = 0.0;
    for (int c = 0; c < k; c++)
        for (int j = 0; j < p->features; j++) {
            const double v = w[c * p->features + j];
            squares += v * v;
            if (g) g[c * row + j] += p->l2 * v;
        }
    return (double)(sum / all) + 0.5 * p->l2 * squares;
}

/* h[a][c]: how dz_a changes with z_c. */
static void curvature(const newton *p, int i, const double *z, double h[][MOST_OUTPUTS])
{
    const oracle_sample sample = sample_of(p, i);
    for (int c = 0; c < p->outputs; c++) {
        double moved[MOST_OUTPUTS];
        long double up[MOST_OUTPUTS], down[MOST_OUTPUTS];
        memcpy(moved, z, sizeof moved);
        moved[c] = z[c] + DIFFERENCE;
        oracle_gradient(&sample, moved, up);
        moved[c] = z[c] - DIFFERENCE;
        oracle_gradient(&sample, moved, down);
        for (int a = 0; a < p->outputs; a++)
            h[a][c] = (double)((up[a] - down[a]) / (2.0L * DIFFERENCE));
    }
}

/* The Hessian of J, [n][n]. */
static void hessian(const newton *p, const double *w, const double *b, double *h)
{
    const int row = p->features + 1, n = p->outputs * row;
    const double all = mass(p);
    memset(h, 0, (size_t)(n * n) * sizeof *h);
    for (int i = 0; i < p->count; i++) {
        double z[MOST_OUTPUTS] = {0}, of[MOST_OUTPUTS][MOST_OUTPUTS] = {{0}};
        logits(p, w, b, i, z);
        curvature(p, i, z, of);
        for (int u = 0; u < n; u++)
            for (int v = 0; v <= u; v++)
                h[u * n + v] += p->weight[i] / all * of[u / row][v / row] * input(p, i, u % row) *
                                input(p, i, v % row);
    }
    for (int u = 0; u < n; u++) h[u * n + u] += (u % row < p->features ? p->l2 : 0.0) + RIDGE;
}

/* Solves h s = g in place (Cholesky; the lower half of h). */
static void solve(double *h, double *s, int n)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j <= i; j++) {
            double sum = h[i * n + j];
            for (int m = 0; m < j; m++) sum -= h[i * n + m] * h[j * n + m];
            if (i == j) ck_assert_double_gt(sum, 0.0);
            h[i * n + j] = i == j ? sqrt(sum) : sum / h[j * n + j];
        }
    for (int i = 0; i < n; i++) {
        for (int m = 0; m < i; m++) s[i] -= h[i * n + m] * s[m];
        s[i] /= h[i * n + i];
    }
    for (int i = n - 1; i >= 0; i--) {
        for (int m = i + 1; m < n; m++) s[i] -= h[m * n + i] * s[m];
        s[i] /= h[i * n + i];
    }
}

static double largest(const double *g, int n)
{
    double most = 0.0;
    for (int i = 0; i < n; i++) most = fmax(most, fabs(g[i]));
    return most;
}

/* w, b - factor * step */
static void shift(const newton *p, double *w, double *b, const double *step, double factor)
{
    const int row = p->features + 1;
    for (int c = 0; c < p->outputs; c++) {
        for (int j = 0; j < p->features; j++) w[c * p->features + j] -= factor * step[c * row + j];
        b[c] -= factor * step[c * row + p->features];
    }
}

double newton_minimise(const newton *p, double *w, double *b)
{
    const int n = p->outputs * (p->features + 1);
    double *h = malloc((size_t)(n * n) * sizeof *h), *g = malloc((size_t)n * sizeof *g);
    memset(w, 0, (size_t)(p->outputs * p->features) * sizeof *w);
    memset(b, 0, (size_t)p->outputs * sizeof *b);
    double value = newton_objective(p, w, b, g);
    int round = 0;
    for (; largest(g, n) > FLAT && round < MOST_ROUNDS; round++) {
        double factor = 1.0;
        hessian(p, w, b, h);
        solve(h, g, n);
        shift(p, w, b, g, factor);
        while (newton_objective(p, w, b, NULL) > value + 1e-15 && factor > 1e-6) {
            shift(p, w, b, g, -factor / 2.0); /* half the way back */
            factor /= 2.0;
        }
        value = newton_objective(p, w, b, g);
    }
    ck_assert_msg(round < MOST_ROUNDS, "Newton's method did not get there");
    free(h);
    free(g);
    return value;
}
