/* verify_biases.c -- the biases at which J is smallest for the weights that a model has.
 *
 * Newton's method over stored logits, every sum exact to a rounding or two. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "train/verify.h"

enum { NEWTON_STEPS = 100 };
static const double FLAT = 1e-13; /* a gradient that is none */

typedef struct problem {
    const lg_verify_rule *rule;
    const lg_verify_samples *of;
} problem;

typedef struct biases {
    double *b, *g, *z, *dz, *step; /* [k] */
    double *h;                     /* [k][k] */
    lg_exact *sum;                 /* [k] */
} biases;

/* Mean loss at biases b; fills in its gradient g and curvature h. */
static double at_biases(const problem *v, biases *s)
{
    const int k = v->rule->outputs;
    lg_exact loss = {0.0, 0.0};
    memset(s->sum, 0, (size_t)k * sizeof *s->sum);
    memset(s->h, 0, (size_t)(k * k) * sizeof *s->h);
    for (int64_t i = 0; i < v->of->count; i++) {
        const double share = v->of->weight[i] / v->of->mass, *t = v->of->target + i * k;
        if (share == 0.0) continue;
        for (int c = 0; c < k; c++) s->z[c] = v->of->logit[i * k + c] + s->b[c];
        lg_exact_add(&loss, share * lg_verify_loss(v->rule, s->z, t, s->dz));
        for (int c = 0; c < k; c++) lg_exact_add(&s->sum[c], share * s->dz[c]);
        lg_verify_curve(v->rule, s->z, t, share, s->h);
    }
    for (int c = 0; c < k; c++) s->g[c] = s->sum[c].sum + s->sum[c].rest;
    return loss.sum + loss.rest;
}

static double largest(const double *g, int n)
{
    double most = 0.0;
    for (int i = 0; i < n; i++) most = fmax(most, fabs(g[i]));
    return most;
}

/* A softmax does not feel a shift of all biases: the step is to have none. */
static void mend_curvature(const problem *v, biases *s)
{
    const int k = v->rule->outputs;
    double trace = 0.0;
    for (int c = 0; c < k; c++) trace += s->h[c * k + c];
    for (int i = 0; i < k * k && v->rule->loss == LG_LOSS_SOFTMAX; i++) s->h[i] += trace / (k * k);
}

/* Newton's method with halved steps; 0 where it does not get there. */
static int minimise(const problem *v, biases *s)
{
    const int k = v->rule->outputs;
    double value = at_biases(v, s);
    for (int turn = 0; turn < NEWTON_STEPS; turn++) {
        if (largest(s->g, k) <= FLAT) return 1;
        mend_curvature(v, s);
        if (!lg_verify_solve(s->h, s->g, k)) return 0;
        double factor = 1.0;
        memcpy(s->step, s->g, (size_t)k * sizeof *s->step);
        for (int c = 0; c < k; c++) s->b[c] -= s->step[c];
        double next = at_biases(v, s);
        for (; next > value + 1e-15 && factor > 1e-9; next = at_biases(v, s)) {
            factor /= 2.0;
            for (int c = 0; c < k; c++) s->b[c] += factor * s->step[c];
        }
        value = next;
    }
    return largest(s->g, k) <= 100.0 * FLAT;
}

logit_status lg_verify_biases(const lg_verify_rule *rule, const lg_verify_samples *of, double *b,
                              logit_error *err)
{
    const problem p = {rule, of};
    const size_t k = (size_t)rule->outputs;
    double *room = calloc(k * k + 4 * k, sizeof *room);
    lg_exact *sum = calloc(k, sizeof *sum);
    logit_status status = LOGIT_OK;
    if (!room || !sum)
        status = lg_fail(err, LOGIT_E_NOMEM, __FILE__, __LINE__, "out of memory for the biases");
    biases s = {.b = b, .h = room, .sum = sum};
    if (room) {
        s.g = room + k * k;
        s.z = s.g + k;
        s.dz = s.z + k;
        s.step = s.dz + k;
    }
    if (status == LOGIT_OK && !minimise(&p, &s))
        status = lg_fail(err, LOGIT_E_CHECK, __FILE__, __LINE__,
                         "the biases have no optimum: some class has no training sample, so there "
                         "is nothing to certify");
    free(room);
    free(sum);
    return status;
}
