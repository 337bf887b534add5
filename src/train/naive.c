/* naive.c -- the four textbook forms of one cross entropy.
 *
 *   -log p,           p = exp(z_y) / sum_j exp(z_j)            overflows from z = 89 on
 *   -log p,           p = exp(z_y - m) / sum_j exp(z_j - m)    p is 0 once the label trails by 104,
 *                                                              and 1 once it leads by 17
 *   log sum - z_y,    sum = sum_j exp(z_j)                     overflows from z = 89 on
 *   m + log sum - z_y, sum = sum_j exp(z_j - m)                all digits cancel where it leads */
/* SPDX-License-Identifier: MIT */
#include "train/naive.h"

#include <math.h>

/* sum_j exp(z_j - from) */
static float sum_exp(const float *z, int k, float from)
{
    float sum = 0.0f;
    for (int j = 0; j < k; j++) sum += expf(z[j] - from);
    return sum;
}

void lg_naive_softmax(const float *z, const double *t, int k, float out[LOGIT_NAIVE_WAYS])
{
    float m = z[0];
    for (int j = 1; j < k; j++)
        if (z[j] > m) m = z[j];
    const float plain = sum_exp(z, k, 0.0f), shifted = sum_exp(z, k, m);
    for (int j = 0; j < k; j++) {
        const float share = (float)t[j];
        if (t[j] == 0.0) continue;
        out[LOGIT_NAIVE_P] += share * -logf(expf(z[j]) / plain);
        out[LOGIT_NAIVE_P_SHIFTED] += share * -logf(expf(z[j] - m) / shifted);
        out[LOGIT_NAIVE_LSE] += share * (logf(plain) - z[j]);
        out[LOGIT_NAIVE_LSE_SHIFTED] += share * (m + logf(shifted) - z[j]);
    }
}

void lg_naive_sigmoid(float z, double t, float out[LOGIT_NAIVE_WAYS])
{
    const float pair[2] = {0.0f, z};
    const double target[2] = {1.0 - t, t};
    lg_naive_softmax(pair, target, 2, out);
}
