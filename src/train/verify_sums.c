/* verify_sums.c -- one sample's loss and derivatives in float64; exact sums; a small solver. */
/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "train/verify.h"

void lg_exact_add(lg_exact *to, double value)
{
    const double sum = to->sum + value, part = sum - to->sum;
    to->rest += (to->sum - (sum - part)) + (value - part);
    to->sum = sum;
}

void lg_verify_target(const lg_verify_rule *rule, int label, const float *soft, double *t)
{
    const int k = rule->outputs, one = rule->loss == LG_LOSS_SIGMOID && k == 1;
    const int number = rule->classes == 0;
    const double e = number ? 0.0 : rule->smoothing;
    for (int j = 0; j < k; j++) {
        const double hard = one ? (double)label : (double)(label == j);
        const double plain = soft ? (double)soft[j] : hard;
        t[j] = (1.0 - e) * plain + e / (one ? 2 : k);
    }
    if (number) t[0] = (double)soft[0];
}

static double softmax(int k, const double *z, const double *t, double *dz)
{
    double most = z[0], sum = 0.0, all = 0.0, said = 0.0;
    for (int j = 1; j < k; j++) most = fmax(most, z[j]);
    for (int j = 0; j < k; j++) {
        sum += dz[j] = exp(z[j] - most);
        all += t[j];
        said += t[j] * (most - z[j]);
    }
    for (int j = 0; j < k; j++) dz[j] = all * dz[j] / sum - t[j];
    return all * log(sum) + said;
}

double lg_verify_loss(const lg_verify_rule *rule, const double *z, const double *t, double *dz)
{
    double loss = 0.0;
    if (rule->loss == LG_LOSS_SOFTMAX) return softmax(rule->outputs, z, t, dz);
    for (int j = 0; j < rule->outputs; j++) {
        const double e = exp(-fabs(z[j])), p = z[j] >= 0.0 ? 1.0 / (1.0 + e) : e / (1.0 + e);
        const int square = rule->loss == LG_LOSS_MSE;
        dz[j] = (square ? z[j] : p) - t[j];
        loss += square ? 0.5 * dz[j] * dz[j] : fmax(z[j], 0.0) - t[j] * z[j] + log1p(e);
    }
    return loss;
}

void lg_verify_curve(const lg_verify_rule *rule, const double *z, const double *t, double weight,
                     double *h)
{
    const int k = rule->outputs;
    double most = z[0], sum = 0.0, all = 0.0;
    for (int j = 0; j < k; j++) most = fmax(most, z[j]);
    for (int j = 0; j < k; j++) sum += exp(z[j] - most);
    for (int j = 0; j < k; j++) all += t[j];
    for (int a = 0; a < k; a++) {
        const double e = exp(-fabs(z[a])), p = exp(z[a] - most) / sum;
        if (rule->loss == LG_LOSS_MSE) h[a * k + a] += weight;
        if (rule->loss == LG_LOSS_SIGMOID) h[a * k + a] += weight * e / ((1.0 + e) * (1.0 + e));
        if (rule->loss != LG_LOSS_SOFTMAX) continue;
        h[a * k + a] += weight * all * p;
        for (int c = 0; c < k; c++) h[a * k + c] -= weight * all * p * exp(z[c] - most) / sum;
    }
}

int lg_verify_solve(double *h, double *s, int n)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j <= i; j++) {
            double sum = h[i * n + j];
            for (int m = 0; m < j; m++) sum -= h[i * n + m] * h[j * n + m];
            if (i == j && !(sum > 0.0)) return 0;
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
    return 1;
}

double lg_verify_reach(const lg_verify_rule *rule, double away, double farthest)
{
    const double two = rule->outputs == 1 ? 1.0 : sqrt(2.0);
    if (rule->loss == LG_LOSS_MSE) return two * away;
    if (rule->loss == LG_LOSS_SIGMOID) return two * (away + farthest);
    return two * (away + (rule->outputs - 1) * farthest);
}

double lg_verify_margin(const double *z, const double *b, int k, int *top)
{
    double best = -INFINITY, second = -INFINITY;
    *top = 0;
    for (int c = 0; c < k; c++) {
        const double at = z[c] + b[c];
        if (at > best) {
            second = best;
            best = at;
            *top = c;
        } else {
            second = fmax(second, at);
        }
    }
    if (k > 1) return best - second;
    *top = best > 0.0;
    return fabs(best);
}
