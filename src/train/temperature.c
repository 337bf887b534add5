/* temperature.c -- the loss of scaled logits with two derivatives, and where the first is zero. */
/* SPDX-License-Identifier: MIT */
#include "train/temperature.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"

enum { MOST_ROUNDS = 200 };

/* The share of class or output j in the truth. */
static double share(int outputs, int32_t label, const float *target, int j)
{
    if (target) return (double)target[j];
    return outputs == 1 ? (double)(label == 1) : (double)(label == j);
}

/* log sum_j exp(b z_j) - sum_j y_j b z_j; its derivatives are mean and variance of z under p. */
static double softmax_loss(int k, const double *z, int32_t label, const float *target, double b,
                           double *slope, double *bend)
{
    double top = z[0], sum = 0.0, mean = 0.0, square = 0.0, truth = 0.0;
    for (int j = 1; j < k; j++) top = fmax(top, z[j]);
    for (int j = 0; j < k; j++) {
        const double from = z[j] - top, e = exp(b * from);
        sum += e;
        mean += e * from;
        square += e * from * from;
        truth += share(k, label, target, j) * from;
    }
    mean /= sum;
    *slope = mean - truth;
    *bend = square / sum - mean * mean;
    return log(sum) - b * truth;
}

/* sum_j max(b z_j, 0) - y_j b z_j + log(1 + exp(-|b z_j|)) */
static double sigmoid_loss(int k, const double *z, int32_t label, const float *target, double b,
                           double *slope, double *bend)
{
    double loss = 0.0;
    *slope = *bend = 0.0;
    for (int j = 0; j < k; j++) {
        const double s = b * z[j], e = exp(-fabs(s)), y = share(k, label, target, j);
        const double p = s >= 0.0 ? 1.0 / (1.0 + e) : e / (1.0 + e);
        loss += fmax(s, 0.0) - y * s + log1p(e);
        *slope += (p - y) * z[j];
        *bend += p * (1.0 - p) * z[j] * z[j];
    }
    return loss;
}

double lg_temperature_loss(lg_loss loss, int outputs, const double *z, int32_t label,
                           const float *target, double b, double *slope, double *bend)
{
    double first, second;
    const double value = lg_losses[loss].link == LG_LINK_SOFTMAX
                             ? softmax_loss(outputs, z, label, target, b, &first, &second)
                             : sigmoid_loss(outputs, z, label, target, b, &first, &second);
    if (slope) *slope = first;
    if (bend) *bend = second;
    return value;
}

static int is_usable(const double *z, int k)
{
    for (int j = 0; j < k; j++)
        if (!isfinite(z[j])) return 0;
    return 1;
}

/* Sums of slope and bend over all rows; how many there are. */
static int64_t derive(const lg_temperature_rows *rows, double b, double *slope, double *bend)
{
    const int k = rows->outputs;
    int64_t count = 0;
    *slope = *bend = 0.0;
    for (int64_t i = 0; i < rows->count; i++) {
        double first, second;
        if (!is_usable(rows->z + i * k, k)) continue;
        lg_temperature_loss(rows->loss, k, rows->z + i * k, rows->target ? 0 : rows->label[i],
                            rows->target ? rows->target + i * k : NULL, b, &first, &second);
        *slope += first;
        *bend += second;
        count++;
    }
    return count;
}

double lg_temperature_fit(const lg_temperature_rows *rows)
{
    double least = 1.0 / LG_TEMPERATURE_MOST, most = 1.0 / LG_TEMPERATURE_LEAST, b = 1.0;
    double slope, bend;
    if (derive(rows, most, &slope, &bend) == 0) return 1.0;
    if (slope <= 0.0) return LG_TEMPERATURE_LEAST; /* still falling */
    derive(rows, least, &slope, &bend);
    if (slope >= 0.0) return LG_TEMPERATURE_MOST;
    for (int round = 0; round < MOST_ROUNDS; round++) {
        derive(rows, b, &slope, &bend);
        if (slope == 0.0) break;
        if (slope > 0.0)
            most = b;
        else
            least = b;
        double next = b - slope / bend;
        if (!(next > least && next < most)) next = 0.5 * (least + most);
        if (next == b || next == least || next == most) break;
        const int done = fabs(next - b) <= 1e-15 * b;
        b = next;
        if (done) break;
    }
    return 1.0 / b;
}

logit_status lg_temperature_check(lg_loss loss, double temperature, logit_error *err)
{
    if (!(temperature > 0.0) || !isfinite(temperature))
        LG_FAIL(err, LOGIT_E_USAGE, "--temperature %g: expected a number above 0", temperature);
    if (temperature != 1.0 && lg_losses[loss].link == LG_LINK_IDENTITY)
        LG_FAIL(err, LOGIT_E_USAGE,
                "--temperature: the model's loss is %s, which has no probabilities to soften",
                lg_losses[loss].name);
    return LOGIT_OK;
}

const char *lg_temperature_read(const char *text, double *out)
{
    char *end;
    if (!*text || text[strspn(text, "0123456789.e+-")] != '\0') return "FORMAT";
    if (strchr("+-.e", *text)) return *text == '-' ? "RANGE" : "FORMAT";
    *out = strtod(text, &end);
    if (*end) return "FORMAT";
    return *out >= LG_TEMPERATURE_LEAST && *out <= LG_TEMPERATURE_MOST ? NULL : "RANGE";
}
